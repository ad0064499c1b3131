//! The outbound transformation (RFC 7692 §7.2.1): payload to DEFLATE, one message or fragment a call.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::c_ulong;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::stream::{TAIL, Window};

/// zlib's memory level: a block has at most 2^11 symbols. zlib's default is 8, 2^14 symbols: that uses 98 KiB
/// more, is slower for messages of up to 16 KiB, and makes larger ones only half a percent smaller.
const MEM_LEVEL: i32 = 5;

/// zlib counts all input and all output of a context in a `c_ulong`, which has 32 bits on 32-bit targets and
/// on Windows. If the sum overflows, zlib panics in builds that check arithmetic.
const MAX_TOTAL: u64 = u64::MAX >> (u64::BITS - c_ulong::BITS);

/// The output grows in steps of at most this many bytes, so that a large message takes memory for its
/// compressed length, not for its bound. A message with a bound of at most 256 KiB takes one call of zlib.
const MAX_GROWTH: usize = 256 * 1024;

/// Compresses the messages of one direction. It uses no memory before the first message.
///
/// A sender may begin with an empty window at any time (§7.2.1: "MAY take over"), also between two fragments,
/// because each ends at the end of a byte. If the context is lost, the output is larger, but still correct. A
/// clone begins without a context.
pub(crate) struct Deflater {
    /// zlib's state, with the window.
    context: Option<Box<Deflate>>,
}

/// The position of a fragment in its message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FragmentPosition {
    pub(crate) first: bool,
    pub(crate) last: bool,
}

impl Deflater {
    pub(crate) const fn new() -> Self {
        Self { context: None }
    }

    /// The largest compressed length of a payload of `len` bytes.
    pub(crate) const fn bound(len: usize) -> usize {
        // zlib's deflateBound for any window and memory level: literals of nine bits, in blocks of 127
        // symbols. The 16 bytes include the header of an empty block, its padding, and TAIL.
        // Saturating: no buffer has room for `usize::MAX` bytes.
        len.saturating_add(len.div_ceil(8)).saturating_add(len.div_ceil(64)).saturating_add(16)
    }

    /// Compresses a message or its next fragment. `window` and `level` never change on a connection, except
    /// that `window.takeover` may be off for a single message.
    pub(crate) fn deflate(
        &mut self,
        payload: &[u8],
        position: FragmentPosition,
        window: Window,
        level: u8,
    ) -> Vec<u8> {
        if position.first && !window.takeover {
            // §7.2.1: "MUST start compressing each new message with an empty LZ77 sliding window"
            if let Some(context) = &mut self.context {
                context.reset();
            }
        }
        if payload.is_empty() {
            // §7.2.3.6: an empty message is the header of an empty block; the rest of the block is TAIL,
            // which is removed. An empty fragment that is not the last one is no bytes at all.
            return Vec::from(if position.last { &[0x00][..] } else { &[] });
        }
        match self.compress_and_flush(payload, window, level) {
            Some(mut bytes) => {
                if position.last {
                    // §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end", once a
                    // message. The bytes end with TAIL, so the subtraction is exact.
                    bytes.truncate(bytes.len().saturating_sub(TAIL.len()));
                }
                bytes
            }
            None => {
                self.shrink_to_fit();
                stored_blocks(payload, position.last)
            }
        }
    }

    /// Releases the memory. The next message or fragment begins with an empty window.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.context = None;
    }

    /// Compresses `payload` and adds an empty block, which ends at the end of a byte. `None` if zlib cannot
    /// count the payload, or if it returns an error.
    fn compress_and_flush(&mut self, mut payload: &[u8], window: Window, level: u8) -> Option<Vec<u8>> {
        let context = self.context.get_or_insert_with(|| Box::new(new_context(window, level)));
        let max_total_before = MAX_TOTAL.checked_sub(Self::bound(payload.len()) as u64)?;
        if context.total_in().max(context.total_out()) > max_total_before {
            context.reset();
        }
        let mut bytes = Vec::new();
        let mut len = 0usize;
        loop {
            if bytes.len() == len {
                // `len` is the length of an allocation, so the sum cannot overflow.
                bytes.resize(len.saturating_add(Self::bound(payload.len()).min(MAX_GROWTH)), 0);
            }
            let (total_in, total_out) = (context.total_in(), context.total_out());
            context.compress(payload, bytes.get_mut(len..)?, DeflateFlush::SyncFlush).ok()?;
            let consumed = usize::try_from(context.total_in().checked_sub(total_in)?).ok()?;
            let produced = usize::try_from(context.total_out().checked_sub(total_out)?).ok()?;
            payload = payload.get(consumed..)?;
            len = len.checked_add(produced)?;
            // If zlib leaves room in the output, it holds no more output.
            if payload.is_empty() && len < bytes.len() {
                bytes.truncate(len);
                return bytes.ends_with(&TAIL).then_some(bytes);
            }
            // There is room, so zlib writes at least one byte.
            if produced == 0 {
                return None;
            }
        }
    }
}

fn new_context(window: Window, level: u8) -> Deflate {
    Deflate::new_with_config(DeflateConfig {
        level: i32::from(level.min(9)),
        // Negative: a raw stream, without zlib's header. zlib has no raw window of 2^8 bytes, but in one of
        // 2^9 its distances are at most 250 (its MAX_DIST), which is below 2^8.
        window_bits: i32::from(window.bits.clamp(9, 15)).saturating_neg(),
        mem_level: MEM_LEVEL,
        ..DeflateConfig::default()
    })
}

/// The payload in blocks without compression (RFC 1951 §3.2.4), which end at the end of a byte.
fn stored_blocks(payload: &[u8], last: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(Deflater::bound(payload.len()));
    for block in payload.chunks(usize::from(u16::MAX)) {
        let len = block.len() as u16;
        bytes.push(0x00);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&(!len).to_le_bytes());
        bytes.extend_from_slice(block);
    }
    if last {
        // The header of the empty block whose rest is TAIL.
        bytes.push(0x00);
    }
    bytes
}

/// A clone has no context: its next message begins with an empty window.
impl Clone for Deflater {
    fn clone(&self) -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::{Deflater, FragmentPosition, MAX_GROWTH, Window, stored_blocks};

    /// RFC 1951 §3.2.4.
    #[test]
    fn blocks_without_compression_hold_any_payload() {
        for len in [1, 65_535, 65_536, 200_000] {
            let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let whole =
                [stored_blocks(&payload, false), stored_blocks(b"end", true), vec![0, 0, 0xFF, 0xFF, 3, 0]]
                    .concat();
            let inflated = miniz_oxide::inflate::decompress_to_vec(&whole).expect("DEFLATE");
            assert_eq!(inflated, [&payload[..], b"end"].concat());
        }
    }

    /// RFC 7692 §7.2.1.
    #[test]
    fn a_context_that_is_taken_over_compresses_more_than_zlib_can_count() {
        let position = FragmentPosition { first: true, last: true };
        let window = Window { bits: 15, takeover: true };
        // Level 0 is the fastest. zlib adds the whole length of a payload in one block at once.
        let payload = [7; 60_000];
        let message = stored_blocks(&payload, true);
        let mut deflater = Deflater::new();
        for count in 0..=u32::MAX / 60_000 {
            assert!(deflater.deflate(&payload, position, window, 0) == message, "{count}");
        }
    }

    /// RFC 7692 §7.2.1. The payload can end while zlib still holds output for which there was no room.
    #[test]
    fn a_long_payload_is_compressed_wherever_the_output_grows() {
        let (mut random, position) = (Rng::with_seed(7692), FragmentPosition { first: true, last: false });
        // Four bits of each byte are random.
        let payload: Vec<u8> = (0..2 * MAX_GROWTH).map(|_| random.u8(..16)).collect();
        for len in (payload.len() - 60_000..payload.len()).step_by(1500) {
            let window = Window { bits: 15, takeover: false };
            let mut bytes = Deflater::new().deflate(&payload[..len], position, window, 6);
            assert!(bytes.len() < len / 5 * 3, "{len}: {}", bytes.len());
            bytes.extend([3, 0]);
            let inflated = miniz_oxide::inflate::decompress_to_vec(&bytes).expect("DEFLATE");
            assert!(inflated == payload[..len], "{len}");
        }
    }
}
