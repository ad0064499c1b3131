//! Decompression of messages (RFC 7692 §7.2.2), by `miniz_oxide`.

use core::fmt;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::deflate::{Token, read_blocks};
use super::negotiation::Direction;

/// Decompresses the messages of one direction.
#[derive(Debug, Clone)]
pub struct Inflater {
    direction: Direction,
    /// The last bytes of the messages before.
    window: Vec<u8>,
}

/// The reason why a compressed message is not legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two rules of §7.2.1 that a reader sees")]
pub enum Defect {
    /// The payload is no sequence of DEFLATE blocks, or refers to bytes that the window does not have.
    NotDeflate,
    /// A distance is larger than the agreed window.
    Distance {
        /// The distance.
        distance: u16,
        /// The agreed window.
        window: usize,
    },
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDeflate => f.write_str("a compressed message that cannot be inflated"),
            Self::Distance { distance, window } => {
                write!(f, "a distance of {distance} bytes in an agreed window of {window} bytes")
            }
        }
    }
}

/// §7.2.2: appended to each message. The suite appends an empty block with BFINAL as well, because
/// `miniz_oxide` tells the end of blocks only there.
const TAIL: &[u8] = b"\x00\x00\xff\xff\x01\x00\x00\xff\xff";

/// The largest window of DEFLATE.
const LARGEST: usize = 32_768;

/// No case asks for a longer message.
const MAX_LEN: usize = 1 << 27;

impl Inflater {
    /// An inflater with an empty window.
    #[must_use]
    pub const fn new(direction: Direction) -> Self {
        Self { direction, window: Vec::new() }
    }

    /// Decompresses a message.
    ///
    /// # Errors
    ///
    /// The message is not legal.
    pub fn message(&mut self, payload: &[u8]) -> Result<Vec<u8>, Defect> {
        // A message without a byte is no legal one, but leaves nothing to guess.
        if payload.is_empty() {
            return Ok(Vec::new());
        }
        let whole = [payload, TAIL].concat();
        let plain = inflate(&self.window, &whole).ok_or(Defect::NotDeflate)?;
        let window = 1_usize << self.direction.window_bits.min(15);
        if window < LARGEST {
            // Each match is in reach of `miniz_oxide`; the agreed window may be smaller.
            let furthest =
                read_blocks(&whole).ok_or(Defect::NotDeflate)?.into_iter().map(|token| match token {
                    Token::Literal(_) => 0,
                    Token::Match { distance, .. } => distance,
                });
            let distance = furthest.max().unwrap_or_default();
            if usize::from(distance) > window {
                return Err(Defect::Distance { distance, window });
            }
        }
        if self.direction.takeover {
            self.window.extend_from_slice(&plain);
            let surplus = self.window.len().saturating_sub(LARGEST);
            self.window.drain(..surplus);
        }
        Ok(plain)
    }
}

/// Decompresses all blocks of `bytes`, which end with a block with BFINAL. A new stream with the same window
/// follows each such block.
fn inflate(window: &[u8], mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = window.to_vec();
    let mut len = plain.len();
    while !bytes.is_empty() {
        let mut stream = DecompressorOxide::new();
        loop {
            if len == plain.len() {
                plain.resize(len.saturating_mul(2).clamp(4096, MAX_LEN), 0);
            }
            let (status, read, written) =
                decompress(&mut stream, bytes, &mut plain, len, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
            (bytes, len) = (bytes.get(read..)?, len.checked_add(written)?);
            match status {
                TINFLStatus::Done => break,
                TINFLStatus::HasMoreOutput if len < MAX_LEN => {}
                _ => return None,
            }
        }
    }
    plain.truncate(len);
    Some(plain.split_off(window.len()))
}

#[cfg(test)]
mod tests {
    use super::{Defect, Direction, Inflater};

    fn inflater(window_bits: u8, takeover: bool) -> Inflater {
        Inflater::new(Direction { window_bits, takeover })
    }

    /// RFC 7692 §7.2.3.
    #[test]
    fn the_examples_of_the_rfc_are_inflated() {
        let examples: [&[u8]; 4] = [
            b"\xf2\x48\xcd\xc9\xc9\x07\x00",
            b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
            b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ];
        for example in examples {
            assert_eq!(inflater(15, true).message(example).as_deref(), Ok(&b"Hello"[..]), "{example:x?}");
        }
        let (mut with, mut without) = (inflater(15, true), inflater(15, false));
        for inflater in [&mut with, &mut without] {
            assert!(inflater.message(examples[0]).is_ok());
        }
        let second = b"\xf2\x00\x11\x00\x00";
        assert_eq!(with.message(second).as_deref(), Ok(&b"Hello"[..]));
        assert_eq!(without.message(second), Err(Defect::NotDeflate));
        assert_eq!(with.message(b"\x00").as_deref(), Ok(&b""[..]));
    }

    #[test]
    fn a_message_ends_with_its_blocks() {
        let refused: [&[u8]; 5] = [
            b"Hello",
            b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff",
            b"\xf2\x48\xcd",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00\x00",
            b"\x06",
        ];
        for payload in refused {
            assert_eq!(inflater(15, true).message(payload), Err(Defect::NotDeflate), "{payload:x?}");
        }
    }

    #[test]
    fn a_distance_beyond_the_agreed_window_is_found() {
        let mut random = crate::random::Random::new(1, "inflate", 0);
        let mut plain: Vec<u8> = (0..300).map(|_| random.below(64) as u8).collect();
        let start = plain[..20].to_vec();
        plain.extend(start);
        let mut packed = miniz_oxide::deflate::compress_to_vec(&plain, 9);
        packed.push(0);
        assert_eq!(inflater(9, true).message(&packed).as_ref(), Ok(&plain));
        let defect = Defect::Distance { distance: 300, window: 256 };
        assert_eq!(inflater(8, true).message(&packed), Err(defect));
    }
}
