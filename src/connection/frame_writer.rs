//! Writes frames to `out` (§5.2): the header, the payload, and the check that `out` has room for them.

use arrayvec::ArrayVec;

use crate::buffer::SendBuffer;
use crate::config::Settings;
use crate::error::SendError;
use crate::role::Role;
use crate::wire::{
    CloseFrame, FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER, Opcode, ReservedBits, header_len,
};

/// The payload of a control frame.
pub(super) type ControlPayload = ArrayVec<u8, MAX_CONTROL_PAYLOAD>;

/// Writes frames to `out`. The role masks them, and the settings limit the bytes in `out`.
pub(super) struct Writer<'a, R, O> {
    pub(super) role: &'a mut R,
    pub(super) config: &'a Settings,
    pub(super) out: &'a mut O,
}

impl<R: Role, O: SendBuffer> Writer<'_, R, O> {
    /// Whether `out` accepts `len` more bytes: see [`accepts`].
    #[inline]
    pub(super) fn accepts(&self, len: usize) -> bool {
        accepts(self.config, self.out, len)
    }

    /// Whether `out` can never hold `len` bytes: it is empty, and too small.
    pub(super) fn is_too_small(&self, len: usize) -> bool {
        self.out.is_empty() && self.out.remaining_capacity() < len
    }

    /// Writes one frame that `out` accepts.
    // With `#[inline]`, an echo of 125 bytes takes 316 instructions instead of 275.
    #[inline(always)]
    pub(super) fn frame(&mut self, header: FrameHeader, payload: &[u8]) {
        // `out` has accepted the frame, so the sum cannot overflow.
        self.out.reserve(payload.len().saturating_add(MAX_HEADER));
        header.write(|piece| self.out.push(piece));
        match header.masking_key {
            None => self.out.push(payload),
            Some(key) => self.out.push_masked(payload, key),
        }
    }

    /// Writes a control frame, or returns why it cannot be written.
    pub(super) fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if !self.accepts(frame_len::<R>(payload.len())) {
            return Err(SendError::Full);
        }
        let key = self.role.masking_key()?;
        self.frame(header(opcode, true, key, payload.len()), payload);
        Ok(())
    }
}

/// Whether `out` accepts `len` more bytes: it has room for them, and the bytes in it are below the high-water
/// mark `max_write_buffer`.
#[inline]
fn accepts(config: &Settings, out: &impl SendBuffer, len: usize) -> bool {
    out.len() < config.max_write_buffer && out.remaining_capacity() >= len
}

/// Writes all pieces that `write` puts into `out`, or none.
pub(super) fn write_pieces<O: SendBuffer>(
    config: &Settings,
    out: &mut O,
    write: impl Fn(&mut dyn FnMut(&[u8])),
) -> Result<(), SendError> {
    // Saturating: many fields can share one long text. No buffer has room for that.
    let mut len = 0usize;
    write(&mut |piece| len = len.saturating_add(piece.len()));
    if !accepts(config, out, len) {
        return Err(SendError::Full);
    }
    out.reserve(len);
    write(&mut |piece| out.push(piece));
    Ok(())
}

/// The header of a frame without reserved bits.
pub(super) const fn header(
    opcode: Opcode,
    fin: bool,
    masking_key: Option<[u8; 4]>,
    payload_len: usize,
) -> FrameHeader {
    FrameHeader { fin, reserved: ReservedBits::NONE, opcode, masking_key, payload_len: payload_len as u64 }
}

/// The length of a frame with this much payload (§5.2).
pub(super) const fn frame_len<R: Role>(payload_len: usize) -> usize {
    // A payload has at most `isize::MAX` bytes, so the sum cannot overflow.
    payload_len.saturating_add(header_len(payload_len as u64, !R::IS_SERVER))
}

/// The payload of a Close (§5.5.1). Its reason has at most 123 bytes.
pub(super) fn close_payload(frame: Option<CloseFrame<'_>>) -> ControlPayload {
    let Some(frame) = frame else { return ControlPayload::new() };
    let payload = frame.encode();
    debug_assert!(payload.is_some(), "a reason of {} bytes", frame.reason.len());
    payload.unwrap_or_default().into_inner()
}
