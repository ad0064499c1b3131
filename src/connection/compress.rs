//! The outbound direction of permessage-deflate: which messages are compressed, and their frames (RFC 7692
//! §6.1).

use core::mem;

use super::frame_writer::{Writer, frame_len};
use crate::buffer::SendBuffer;
use crate::config::{DeflateConfig, Settings};
use crate::deflate::{Deflater, FragmentPosition, Window};
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::wire::{FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER, Opcode, ReservedBits};

/// Which messages are compressed, and how.
#[derive(Clone)]
pub(super) struct Compression {
    /// Messages of at least this many bytes are compressed; [`NEVER`] turns compression off.
    min_len: u32,
    /// The window, if permessage-deflate was negotiated and the application uses it.
    window: Option<Window>,
    /// Whether the peer's window holds a message that the deflater's window does not: a prepared message,
    /// which another deflater has compressed.
    is_window_stale: bool,
    deflater: Deflater,
}

/// A length that no compressed message has: longer messages are not compressed either.
const NEVER: u32 = u32::MAX;

impl Compression {
    pub(super) fn new<R: Role>(negotiated: Negotiated, config: &Settings) -> Self {
        let off = Self { min_len: NEVER, window: None, is_window_stale: false, deflater: Deflater::new() };
        let (Some(params), Some(deflate)) = (negotiated.deflate(), config.deflate.get()) else { return off };
        // RFC 7692 §7.2.1: a window no larger than negotiated; and no larger than the application's limit
        let limits = deflate.limits.in_range();
        let (bits, takeover) = if R::IS_SERVER {
            (
                params.server_window_bits.min(limits.server_window_bits),
                params.server_context_takeover && limits.server_context_takeover,
            )
        } else {
            (
                params.client_window_bits.min(limits.client_window_bits),
                params.client_context_takeover && limits.client_context_takeover,
            )
        };
        Self { min_len: deflate.min_len.into(), window: Some(Window { bits, takeover }), ..off }
    }

    /// Whether a message of this many bytes is long enough to be compressed.
    #[inline]
    pub(super) const fn may_compress(&self, len: usize) -> bool {
        len >= self.min_len as usize
    }

    /// Whether to compress a message whose first fragment has `len` bytes. `last` says that it has no other
    /// fragment.
    pub(super) fn compresses<R: Role>(&self, len: usize, last: bool, out: &impl SendBuffer) -> bool {
        let wanted = self.min_len != NEVER && (!last || len >= self.min_len as usize);
        wanted && self.window.is_some() && has_room::<R>(len, out)
    }

    /// Whether the compressed form of a prepared message can be sent. The message has `len` bytes, and its
    /// form was compressed with an empty window of this size.
    pub(super) fn allows_prepared(&self, len: usize, window_bits: u8) -> bool {
        let wanted = self.min_len != NEVER && len >= self.min_len as usize;
        wanted && self.window.is_some_and(|window| window_bits <= window.bits)
    }

    /// The compressed form of a prepared message was sent.
    pub(super) fn prepared_sent(&mut self) {
        self.is_window_stale = true;
    }

    /// Switches compression on or off for the messages that begin after this call.
    pub(super) fn set(&mut self, on: bool, config: &Settings) {
        self.min_len = match config.deflate.get() {
            Some(deflate) if on && self.window.is_some() => deflate.min_len.into(),
            _ => NEVER,
        };
    }

    /// The largest compressed length of a payload of `len` bytes.
    pub(super) const fn most(len: usize) -> usize {
        Deflater::bound(len)
    }

    /// Releases the memory of the deflater.
    pub(super) fn shrink_to_fit(&mut self) {
        self.deflater.shrink_to_fit();
    }

    /// Compresses and writes one frame, for which `out` has room.
    pub(super) fn write_frame<R: Role, O: SendBuffer>(
        &mut self,
        mut header: FrameHeader,
        payload: &[u8],
        writer: &mut Writer<'_, R, O>,
    ) {
        let (Some(window), Some(DeflateConfig { level, .. })) = (self.window, writer.config.deflate.get())
        else {
            debug_assert!(false, "compression is off");
            return;
        };
        // RFC 7692 §6.1: RSV1 is not set on "non-first fragments of a data message"
        let first = header.opcode != Opcode::Continuation;
        header.reserved = if first { ReservedBits::RSV1 } else { ReservedBits::NONE };
        // RFC 7692 §7.2.1: a sender may keep its window, and need not
        let window = Window { takeover: window.takeover && !mem::take(&mut self.is_window_stale), ..window };
        let bytes =
            self.deflater.deflate(payload, FragmentPosition { first, last: header.fin }, window, level);
        debug_assert!(bytes.len() <= Self::most(payload.len()), "{} of {}", bytes.len(), payload.len());
        header.payload_len = bytes.len() as u64;
        writer.frame(header, &bytes);
    }
}

/// Whether `out` has room for the longest compressed frame of `len` bytes and for a pending control frame.
/// This is checked before compression, because a compressed payload is in the window and must be sent.
fn has_room<R: Role>(len: usize, out: &impl SendBuffer) -> bool {
    // A payload has at most `isize::MAX` bytes, and the bound 8/7 of them: the sum cannot overflow.
    let frame = frame_len::<R>(Deflater::bound(len));
    out.remaining_capacity() >= frame.saturating_add(MAX_HEADER).saturating_add(MAX_CONTROL_PAYLOAD)
}

#[cfg(test)]
mod tests {
    use super::{Compression, DeflateConfig, NEVER, Negotiated, Settings};
    use crate::config::Config;
    use crate::handshake::DeflateParams;
    use crate::role::Server;

    /// PMD-23 (RFC 7692 §8).
    #[test]
    fn disabled_compression_is_off_for_a_message_of_any_length() {
        let config = Config { deflate: Some(DeflateConfig::default()), ..Config::default() };
        let negotiated = Negotiated::new().with_deflate(DeflateParams::new());
        let mut compression = Compression::new::<Server>(negotiated, &Settings::from(config));
        assert!(compression.compresses::<Server>(usize::MAX / 4, true, &Vec::new()));
        compression.min_len = NEVER;
        for last in [true, false] {
            for len in [0, 64, NEVER as usize, usize::MAX / 4] {
                assert!(!compression.compresses::<Server>(len, last, &Vec::new()), "{len}");
            }
        }
    }
}
