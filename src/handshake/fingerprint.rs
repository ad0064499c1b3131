//! A hash that stands for a request, to tell its subprotocols from those of another (§4.2.2).

use super::http1::scan::words;
use super::key::Key;

/// A hash of a request's key and of the subprotocols that it offers.
///
/// It depends on both because some clients send the same key in every request, and because an extended
/// CONNECT has no key (RFC 8441 §5). Requests with the same key and the same offer share a fingerprint: each
/// offers what the other offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a request that has no key and offers nothing.
    pub(super) const EMPTY: Self = Self(OFFSET_BASIS);

    /// Adds a line of Sec-WebSocket-Protocol.
    pub(super) fn add_offer(&mut self, line: &[u8]) {
        // The comma separates the line from the next one.
        let bytes = line.iter().chain(b",");
        *self = bytes.fold(*self, |hash, &byte| hash.with(u64::from(byte)));
    }

    /// This fingerprint, if the request has this key.
    pub(super) fn with_key(self, key: &Key) -> Self {
        // Eight bytes a step: byte by byte, a server's handshake takes 60 instructions more.
        words(key.as_bytes()).fold(self, Self::with)
    }

    // Wrapping: FNV-1a multiplies modulo 2^64.
    const fn with(self, unit: u64) -> Self {
        Self((self.0 ^ unit).wrapping_mul(PRIME))
    }
}

/// The constants of FNV-1a with 64 bits: no table, and an XOR and a multiplication a byte. A peer that
/// searches can make two requests collide, but only its own: it does not know the keys of others.
const OFFSET_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0100_0000_01B3;

#[cfg(test)]
mod tests {
    use super::{Fingerprint, Key};

    fn of(key: Option<&Key>, lines: &[&str]) -> Fingerprint {
        let mut offer = Fingerprint::EMPTY;
        lines.iter().for_each(|line| offer.add_offer(line.as_bytes()));
        key.map_or(offer, |key| offer.with_key(key))
    }

    #[test]
    fn every_byte_of_the_nonce_and_of_the_offer_counts() {
        let key = Key::new(*b"the sample nonce");
        let mut seen = vec![];
        for lines in
            [&[][..], &["chat"], &["Chat"], &["chat", "a"], &["cha", "ta"], &["chata"], &["a", "chat"]]
        {
            seen.extend([of(None, lines), of(Some(&key), lines)]);
        }
        for at in 0..16 {
            let mut nonce = *b"the sample nonce";
            nonce[at] ^= 1;
            seen.push(of(Some(&Key::new(nonce)), &["chat"]));
        }
        for (at, fingerprint) in seen.iter().enumerate() {
            assert!(!seen[..at].contains(fingerprint), "{at}");
        }
    }

    #[test]
    fn lines_are_the_list_that_they_make() {
        assert_eq!(of(None, &["a", "chat"]), of(None, &["a,chat"]));
    }

    #[test]
    fn offers_are_hashed_with_fnv_1a() {
        assert_eq!(of(None, &["a"]), Fingerprint(0x089B_F607_B545_13E0));
    }
}
