//! The payloads of compressed messages (RFC 7692 §7.2), by zlib-rs.

use wsconform::Role;
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush, Status};

use super::fault::{Fault, Faults};
use super::header::Failure;
use super::negotiation::Parameters;

/// Compresses the messages of the endpoint, and decompresses those of its peer.
pub struct Compression {
    faults: Faults,
    own_takeover: bool,
    peer_takeover: bool,
    deflate: Deflate,
    inflate: Inflate,
    /// The last bytes that were decompressed: the window of a new stream.
    window: Vec<u8>,
}

impl core::fmt::Debug for Compression {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Compression").finish_non_exhaustive()
    }
}

/// §7.2.1, §7.2.2.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

impl Compression {
    pub fn new(role: Role, agreed: Parameters, faults: Faults) -> Self {
        let (own_bits, own_takeover, peer_takeover) = match role {
            Role::Server => (agreed.smwb, !agreed.snct, !agreed.cnct),
            Role::Client => (agreed.cmwb, !agreed.cnct, !agreed.snct),
        };
        // zlib has no window of 2^8 bytes, and refers to at most 250 bytes of one of 2^9.
        let bits = if faults.has(Fault::WindowIgnored) { 15 } else { own_bits.unwrap_or(15).max(9) };
        Self {
            faults,
            own_takeover: own_takeover || faults.has(Fault::NoTakeoverIgnored),
            peer_takeover: peer_takeover && !faults.has(Fault::TakeoverIgnored),
            deflate: Deflate::new(6, false, bits),
            inflate: Inflate::new(false, 15),
            window: Vec::new(),
        }
    }

    /// The payload of a message.
    pub fn compress(&mut self, plain: &[u8]) -> Vec<u8> {
        if !self.own_takeover {
            self.deflate.reset();
        }
        if plain.is_empty() {
            // §7.2.3.6.
            return vec![0];
        }
        let mut packed = vec![0; plain.len() * 9 / 8 + 64];
        let start = self.deflate.total_out();
        self.deflate.compress(plain, &mut packed, DeflateFlush::SyncFlush).expect("room for the output");
        packed.truncate((self.deflate.total_out() - start) as usize);
        assert_eq!(packed.split_off(packed.len() - TAIL.len()), TAIL);
        packed
    }

    /// What a payload inflates to.
    pub fn inflate(&mut self, payload: &[u8], limit: u64) -> Result<Vec<u8>, Failure> {
        if !self.peer_takeover {
            self.window.clear();
            self.restart();
        }
        let whole = [payload, &TAIL].concat();
        let (mut input, mut plain, mut piece) = (&whole[..], Vec::new(), vec![0; 65_536]);
        loop {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, &mut piece, InflateFlush::SyncFlush);
            let read = (self.inflate.total_in() - read) as usize;
            let written = (self.inflate.total_out() - written) as usize;
            input = &input[read..];
            plain.extend_from_slice(&piece[..written]);
            self.window.extend_from_slice(&piece[..written]);
            let surplus = self.window.len().saturating_sub(32_768);
            self.window.drain(..surplus);
            if plain.len() as u64 > limit && !self.faults.has(Fault::LimitOnCompressedSize) {
                return Err(1009);
            }
            match status {
                // §7.2.1: another block may follow.
                Ok(Status::StreamEnd) if self.faults.has(Fault::BfinalEnds) => return Err(1007),
                Ok(Status::StreamEnd) => self.restart(),
                Ok(_) if read + written > 0 => {}
                Ok(_) => return Ok(plain),
                Err(_) if self.faults.has(Fault::GarbageAccepted) => return Ok(plain),
                Err(_) if input.is_empty() && read == 0 => return Ok(plain),
                Err(_) => return Err(1007),
            }
        }
    }

    /// A new stream with the same window.
    fn restart(&mut self) {
        self.inflate = Inflate::new(false, 15);
        if !self.window.is_empty() {
            let _ = self.inflate.set_dictionary(&self.window);
        }
    }
}
