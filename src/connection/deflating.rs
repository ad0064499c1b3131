//! The outbound half of permessage-deflate: which messages go out compressed, and their frames (RFC 7692
//! §6.1).

use core::mem;

use super::config::{DeflateConfig, Settings};
use super::send::{Outbound, frame_len, header, write_frame};
use crate::buffer::SendBuffer;
use crate::deflate::{Deflater, Piece, Window};
use crate::error::SendError;
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::wire::{FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER, MessageKind, Opcode, ReservedBits};

/// Which messages go out compressed.
#[derive(Debug, Clone)]
pub(super) struct Deflating {
    /// Those of this many bytes and more; or [`OFF`].
    pub(super) from: u32,
    /// Where permessage-deflate was agreed on and the application has it used: how.
    window: Option<Window>,
    /// Whether the peer's window holds what the deflater's does not: a message that was compressed
    /// elsewhere.
    apart: bool,
    deflater: Deflater,
}

/// No message, also none that is as long as this.
const OFF: u32 = u32::MAX;

impl Deflating {
    pub(super) fn new(agreed: Negotiated, config: &Settings, is_server: bool) -> Self {
        let (Some(agreed), Some(deflate)) = (agreed.deflate(), config.deflate()) else {
            return Self { from: OFF, window: None, apart: false, deflater: Deflater::new() };
        };
        // RFC 7692 §7.2.1: a window no longer than was agreed on; and what the application has limited,
        // whatever was
        let most = deflate.limits.in_range();
        let (bits, takeover) = if is_server {
            (
                agreed.server_window_bits.min(most.server_window_bits),
                agreed.server_context_takeover && most.server_context_takeover,
            )
        } else {
            (
                agreed.client_window_bits.min(most.client_window_bits),
                agreed.client_context_takeover && most.client_context_takeover,
            )
        };
        Self {
            from: deflate.min_len.into(),
            window: Some(Window { bits, takeover }),
            apart: false,
            deflater: Deflater::new(),
        }
    }

    /// Whether a message that begins with a part of this many bytes goes out compressed.
    pub(super) fn begins<R: Role>(&self, len: usize, last: bool, out: &impl SendBuffer) -> bool {
        let wanted = self.from != OFF && (!last || len >= self.from as usize);
        wanted && self.window.is_some() && has_room::<R>(len, out)
    }

    /// Whether a message of this many bytes goes out in a form that was compressed elsewhere, with an empty
    /// window of this size.
    pub(super) fn takes(&self, len: usize, window_bits: u8) -> bool {
        self.from != OFF
            && len >= self.from as usize
            && self.window.is_some_and(|window| window_bits <= window.bits)
    }

    /// A message has gone out in such a form.
    pub(super) fn taken(&mut self) {
        self.apart = true;
    }

    /// Compresses and writes one frame, for which there is room.
    fn write_frame(
        &mut self,
        masking_key: Option<[u8; 4]>,
        config: &Settings,
        opcode: Opcode,
        fin: bool,
        payload: &[u8],
        out: &mut impl SendBuffer,
    ) {
        let (Some(window), Some(DeflateConfig { level, .. })) = (self.window, config.deflate()) else {
            return;
        };
        // RFC 7692 §6.1: not on "non-first fragments of a data message"
        let first = opcode != Opcode::Continuation;
        let reserved = if first { ReservedBits::RSV1 } else { ReservedBits::NONE };
        // §7.2.1: to take the window over is allowed, not demanded
        let window = Window { takeover: window.takeover && !mem::take(&mut self.apart), ..window };
        let bytes = self.deflater.deflate(payload, Piece { first, last: fin }, window, level);
        debug_assert!(
            bytes.len() <= Deflater::most(payload.len()),
            "{} bytes of {}",
            bytes.len(),
            payload.len()
        );
        write_frame(FrameHeader { reserved, ..header(opcode, fin, masking_key, bytes.len()) }, &bytes, out);
    }
}

/// Whether `out` has room for the frame of this much payload, however it is compressed, and for a control
/// frame that may be owed. What is compressed has to be sent: the window remembers it.
fn has_room<R: Role>(len: usize, out: &impl SendBuffer) -> bool {
    out.remaining_capacity()
        >= frame_len::<R>(Deflater::most(len)).saturating_add(MAX_HEADER).saturating_add(MAX_CONTROL_PAYLOAD)
}

impl Outbound {
    /// A whole message in one frame; as it is, where there might be no room for it compressed.
    #[inline(never)]
    pub(super) fn compressed_message<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        kind: MessageKind,
        payload: &[u8],
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        if self.deflate.begins::<R>(payload.len(), true, out) {
            let key = self.ready_for_message(role, config, Deflater::most(payload.len()), out)?;
            self.deflate.write_frame(key, config, kind.opcode(), true, payload, out);
        } else {
            let key = self.ready_for_message(role, config, payload.len(), out)?;
            write_frame(header(kind.opcode(), true, key, payload.len()), payload, out);
        }
        Ok(())
    }

    /// What is owed, and then a frame of a compressed message; or nothing of the two.
    pub(super) fn write_compressed<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        opcode: Opcode,
        fin: bool,
        payload: &[u8],
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        let key = self.make_ready(role, config, Deflater::most(payload.len()), out)?;
        self.deflate.write_frame(key, config, opcode, fin, payload, out);
        Ok(())
    }

    /// Compresses the messages that begin from now on, or not.
    pub(super) fn compress(&mut self, on: bool, config: &Settings) {
        self.deflate.from = match config.deflate() {
            Some(deflate) if on && self.deflate.window.is_some() => deflate.min_len.into(),
            _ => OFF,
        };
    }

    /// Gives back the memory of the compression.
    pub(super) fn shrink_to_fit(&mut self) {
        self.deflate.deflater.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::{DeflateConfig, Deflating, Negotiated, OFF, Settings};
    use crate::connection::Config;
    use crate::handshake::DeflateParams;
    use crate::role::Server;

    #[test]
    fn pmd_23_what_is_switched_off_is_off_for_a_message_of_any_length() {
        let config = Config { deflate: Some(DeflateConfig::default()), ..Config::default() };
        let mut deflating = Deflating::new(
            Negotiated::new().with_deflate(DeflateParams::new()),
            &Settings::from(config),
            true,
        );
        assert!(deflating.begins::<Server>(usize::MAX / 4, true, &Vec::new()));
        deflating.from = OFF;
        for last in [true, false] {
            for len in [0, 64, OFF as usize, usize::MAX / 4] {
                assert!(!deflating.begins::<Server>(len, last, &Vec::new()), "{len}");
            }
        }
    }
}
