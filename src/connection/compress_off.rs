//! Replaces `compress.rs` without feature `deflate`: no message is compressed, so the compiler removes
//! the code that would do it.

use super::frame_writer::Writer;
use crate::buffer::SendBuffer;
use crate::config::Settings;
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::wire::FrameHeader;

/// Takes no memory.
#[derive(Clone)]
pub(super) struct Compression;

#[expect(clippy::extra_unused_type_parameters, reason = "the signatures are those of the feature")]
impl Compression {
    pub(super) const fn new<R: Role>(_: Negotiated, _: &Settings) -> Self {
        Self
    }

    pub(super) const fn may_compress(&self, _: usize) -> bool {
        false
    }

    pub(super) const fn compresses<R: Role>(&self, _: usize, _: bool, _: &impl SendBuffer) -> bool {
        false
    }

    #[cfg(feature = "alloc")]
    pub(super) const fn allows_prepared(&self, _: usize, _: u8) -> bool {
        false
    }

    #[cfg(feature = "alloc")]
    pub(super) const fn prepared_sent(&mut self) {}

    pub(super) const fn most(len: usize) -> usize {
        len
    }

    /// Writes the frame as it is.
    pub(super) fn write_frame<R: Role, O: SendBuffer>(
        &mut self,
        mut header: FrameHeader,
        payload: &[u8],
        writer: &mut Writer<'_, R, O>,
    ) {
        debug_assert!(false, "nothing is compressed");
        header.payload_len = payload.len() as u64;
        writer.frame(header, payload);
    }
}
