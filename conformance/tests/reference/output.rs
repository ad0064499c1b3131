//! Frames that the endpoint writes (§5.1, §5.3).

use websocket_proto::wire::{LengthForm, RawFrameHeader, ReservedBits, mask};
use wsconform::Role;

use super::fault::{Fault, Faults};

/// Writes frames.
#[derive(Debug)]
pub struct Output {
    role: Role,
    faults: Faults,
    /// The state of a generator of masking keys.
    state: u64,
    frames: u32,
}

impl Output {
    pub fn new(role: Role, faults: Faults) -> Self {
        Self { role, faults, state: 0x0123_4567_89AB_CDEF, frames: 0 }
    }

    /// Appends one frame.
    pub fn frame(&mut self, opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
        self.frame_with(opcode, ReservedBits::NONE, payload, out);
    }

    /// Appends one compressed message.
    pub fn compressed(&mut self, opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
        self.frame_with(opcode, ReservedBits::RSV1, payload, out);
    }

    fn frame_with(&mut self, opcode: u8, reserved: ReservedBits, payload: &[u8], out: &mut Vec<u8>) {
        let is_masked = match self.role {
            Role::Server => self.faults.has(Fault::ServerMasks),
            Role::Client => opcode < 0x8 || !self.faults.has(Fault::ClientMasksDataOnly),
        };
        let masking_key = is_masked.then(|| self.key());
        let plain = RawFrameHeader::new(opcode, payload.len() as u64);
        let mut header = RawFrameHeader { masking_key, reserved, ..plain };
        match (self.faults.0, opcode) {
            (Some(Fault::WritesNonMinimal), _) => header.length_form = LengthForm::Bits64,
            (Some(Fault::WritesRsv), _) => header.reserved = ReservedBits::RSV3,
            (Some(Fault::WritesFragmentedPong), 0xA) => header.fin = false,
            _ => {}
        }
        out.extend_from_slice(&header.encode());
        let start = out.len();
        out.extend_from_slice(payload);
        if let Some(key) = masking_key {
            mask(&mut out[start..], key, 0);
        }
        match (self.faults.0, opcode) {
            (Some(Fault::WritesUnknownOpcode), 0x1) => self.frame(0xB, b"x", out),
            (Some(Fault::WritesLongPong), 0x1) => self.frame(0xA, &[b'x'; 126], out),
            (Some(Fault::WritesStrayContinuation), 0x1) => self.frame(0x0, b"x", out),
            (Some(Fault::WritesAfterClose), 0x8) => self.frame(0x1, b"x", out),
            _ => {}
        }
    }

    /// §5.3: a fresh key. An endpoint of the real world takes it from a strong source of entropy.
    fn key(&mut self) -> [u8; 4] {
        self.frames += 1;
        for _ in 0..8 {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
        }
        match self.faults.0 {
            Some(Fault::ClientKeyZero) => [0; 4],
            Some(Fault::ClientKeyReused) => [1, 2, 3, 4],
            Some(Fault::ClientKeyCounts) => self.frames.to_be_bytes(),
            _ => ((self.state >> 16) as u32).to_be_bytes(),
        }
    }
}
