//! Compression of messages with the agreed parameters (RFC 7692 §7.2.1).

use alloc::collections::BTreeMap;

use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::Blocks;
use crate::judge::{Direction, Token};

/// Compresses the messages of one direction.
#[derive(Clone)]
pub(crate) struct Compressor {
    direction: Direction,
    /// The stream of `miniz_oxide`, which knows the largest window only.
    stream: Box<CompressorOxide>,
    /// The bytes of earlier messages, for a smaller window.
    window: Vec<u8>,
}

impl core::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Compressor").field("direction", &self.direction).finish_non_exhaustive()
    }
}

/// The largest window of DEFLATE.
const LARGEST: u8 = 15;

/// A match is worth it from this length on.
const SHORTEST: usize = 3;
const LONGEST: usize = 258;

impl Compressor {
    pub(crate) fn new(direction: Direction) -> Self {
        Self { direction, stream: stream(), window: Vec::new() }
    }

    /// The payload of a compressed message.
    pub(crate) fn message(&mut self, plain: &[u8]) -> Vec<u8> {
        if !self.direction.takeover {
            self.window.clear();
            *self.stream = *stream();
        }
        if plain.is_empty() {
            // §7.2.3.6.
            return b"\x00".to_vec();
        }
        if self.direction.window_bits < LARGEST {
            return self.with_small_window(plain);
        }
        // Room for all of it: bytes that cannot be compressed are stored.
        let mut packed = vec![0; plain.len() + plain.len() / 4 + 1024];
        let (_, read, written) =
            miniz_oxide::deflate::core::compress(&mut self.stream, plain, &mut packed, TDEFLFlush::Sync);
        debug_assert_eq!(read, plain.len());
        debug_assert!(packed.get(..written).is_some_and(|all| all.ends_with(b"\x00\x00\xff\xff")));
        // §7.2.1: without the four bytes of the empty block.
        packed.truncate(written.saturating_sub(4));
        packed
    }

    /// `miniz_oxide` cannot be told a smaller window, so the matches are found here.
    fn with_small_window(&mut self, plain: &[u8]) -> Vec<u8> {
        let window = 1_usize << self.direction.window_bits;
        let start = self.window.len();
        let all = [&self.window, plain].concat();
        let mut places: BTreeMap<&[u8], usize> = BTreeMap::new();
        let (mut tokens, mut at) = (Vec::new(), 0);
        let mut literals_until = start;
        while at < all.len() {
            let rest = all.get(at..).unwrap_or_default();
            let place = rest.get(..SHORTEST).and_then(|key| places.insert(key, at));
            if at >= literals_until {
                literals_until = at.saturating_add(1);
                let distance =
                    place.and_then(|place| at.checked_sub(place)).filter(|distance| *distance <= window);
                let source = distance.and_then(|distance| all.get(at.saturating_sub(distance)..));
                let same =
                    |source: &[u8]| source.iter().zip(rest).take(LONGEST).take_while(|(a, b)| a == b).count();
                match (distance, source.map(same)) {
                    (Some(distance), Some(length)) => {
                        literals_until = at.saturating_add(length);
                        tokens.push(Token::Match { length: length as u16, distance: distance as u16 });
                    }
                    _ => tokens.extend(rest.first().map(|byte| Token::Literal(*byte))),
                }
            }
            at = at.saturating_add(1);
        }
        let keep = all.len().saturating_sub(window);
        self.window = all.get(keep..).unwrap_or_default().to_vec();
        Blocks::new().fixed(tokens).message()
    }
}

/// The payload of a message that refers to no other.
pub(crate) fn compress(plain: &[u8]) -> Vec<u8> {
    Compressor::new(Direction { window_bits: LARGEST, takeover: false }).message(plain)
}

/// The same without a match.
pub(crate) fn huffman_only(plain: &[u8]) -> Vec<u8> {
    let direction = Direction { window_bits: LARGEST, takeover: true };
    let flags = create_comp_flags_from_zip_params(6, -15, CompressionStrategy::HuffmanOnly as i32);
    let stream = Box::new(CompressorOxide::new(flags));
    Compressor { stream, ..Compressor::new(direction) }.message(plain)
}

/// Whether a reader refuses this payload, even one that takes a block with BFINAL for the end, and does not
/// miss what a block lacks.
pub(crate) fn is_refused(payload: &[u8]) -> bool {
    let whole = [payload, b"\x00\x00\xff\xff"].concat();
    let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, ..) = decompress(&mut DecompressorOxide::new(), &whole, &mut [0; 4096], 0, flags);
    status == TINFLStatus::Failed
}

/// A raw stream of level 6.
fn stream() -> Box<CompressorOxide> {
    Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(6, -15, 0)))
}

#[cfg(test)]
mod tests {
    use super::{Compressor, Direction};
    use crate::judge::Inflater;
    use crate::random::Random;

    /// The judge inflates the payloads, and finds no distance beyond the window.
    #[test]
    fn messages_are_inflated_with_the_same_window() {
        let mut random = Random::new(1, "compressor", 0);
        for window_bits in 8..=15 {
            for takeover in [false, true] {
                let direction = Direction { window_bits, takeover };
                let (mut compressor, mut inflater) = (Compressor::new(direction), Inflater::new(direction));
                let mut packed = 0;
                for len in [5, 0, 300, 5, 300, 40_000, 1, 2000] {
                    let plain: Vec<u8> =
                        (0..len).map(|n| b"abcdefgh"[(n * n / 7 % 8) ^ random.below(2) as usize]).collect();
                    let payload = compressor.message(&plain);
                    packed += payload.len();
                    assert_eq!(inflater.message(&payload), Ok(plain), "{direction:?}, {len}");
                }
                assert!(packed < 30_000, "{packed}");
            }
        }
    }

    /// More than a window, twice in one stream and twice in one message.
    #[test]
    fn large_messages_are_inflated() {
        let mut random = Random::new(1, "large", 0);
        let direction = Direction { window_bits: 15, takeover: true };
        let once: Vec<u8> = (0..32_968).map(|_| b'0' + random.below(64) as u8).collect();
        let (mut compressor, mut inflater) = (Compressor::new(direction), Inflater::new(direction));
        for plain in [once.clone(), once.clone(), once.repeat(2)] {
            let payload = compressor.message(&plain);
            assert!(inflater.message(&payload) == Ok(plain));
        }
    }

    #[test]
    fn takeover_shortens_a_repetition() {
        for window_bits in [9, 15] {
            let mut compressor = Compressor::new(Direction { window_bits, takeover: true });
            let first = compressor.message(b"the quick brown fox jumps over the lazy dog").len();
            let again = compressor.message(b"the quick brown fox jumps over the lazy dog").len();
            assert!(again < 10 && first > 30, "{first}, {again}");
        }
    }
}
