//! The outbound transformation (RFC 7692 §7.2.1): bytes to DEFLATE, a message or a part of one at a time.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::c_ulong;
use core::fmt;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::{TAIL, Window};

/// How many symbols a block is made of, as zlib counts it: 2^11 of them. Its default is 2^14, which takes 98
/// KiB more, is slower for messages of that size and below, and makes large ones smaller by half a percent.
const MEM_LEVEL: i32 = 5;

/// zlib counts the bytes of a context, in and out, in `c_ulong`, which has 32 bits on 32-bit targets and on
/// Windows. If a sum overflows, zlib panics wherever arithmetic is checked.
const MOST_COUNTED: u64 = u64::MAX >> (u64::BITS - c_ulong::BITS);

/// Compresses the messages of one direction. Without memory until the first of them.
///
/// A sender may always begin with an empty window (§7.2.1: "MAY take over"), also between two parts, whose
/// ends are ends of bytes. So whatever becomes of the context, its loss costs no more than bytes; a clone
/// begins without one.
pub(crate) struct Deflater {
    /// zlib's state; behind a message whose window is not taken over, to be reset.
    context: Option<Box<Deflate>>,
}

/// Where in its message a part is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) first: bool,
    pub(crate) last: bool,
}

impl Deflater {
    pub(crate) const fn new() -> Self {
        Self { context: None }
    }

    /// How many bytes come of this many, at the most.
    pub(crate) const fn most(len: usize) -> usize {
        // zlib's deflateBound for any window and memory: literals of nine bits, in blocks of 127. And the
        // header of an empty block, its padding, and TAIL.
        len.saturating_add(len.div_ceil(8)).saturating_add(len.div_ceil(64)).saturating_add(16)
    }

    /// The compressed form of a message, or of its next part. The window and the level are those of the
    /// connection.
    pub(crate) fn deflate(&mut self, payload: &[u8], piece: Piece, window: Window, level: u8) -> Vec<u8> {
        if piece.first && !window.takeover {
            // §7.2.1: "MUST start compressing each new message with an empty LZ77 sliding window"
            if let Some(context) = &mut self.context {
                context.reset();
            }
        }
        if payload.is_empty() {
            // §7.2.3.6: the header of an empty block, all of its content being removed. A part in between is
            // nothing at all.
            return Vec::from(if piece.last { &[0x00][..] } else { &[] });
        }
        match self.flushed(payload, window, level) {
            Some(mut bytes) => {
                if piece.last {
                    // §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end", of the
                    // message alone
                    bytes.truncate(bytes.len().saturating_sub(TAIL.len()));
                }
                bytes
            }
            None => {
                self.shrink_to_fit();
                stored(payload, piece.last)
            }
        }
    }

    /// Gives back the memory. The next message, or part, begins with an empty window.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.context = None;
    }

    /// Compresses, up to and with an empty block that ends at the end of a byte. `None` if zlib cannot count
    /// the payload, or fails, although it never does.
    fn flushed(&mut self, mut payload: &[u8], window: Window, level: u8) -> Option<Vec<u8>> {
        let context = self.context.get_or_insert_with(|| Box::new(context(window, level)));
        let most_before = MOST_COUNTED.checked_sub(Self::most(payload.len()) as u64)?;
        if context.total_in().max(context.total_out()) > most_before {
            context.reset();
        }
        let mut bytes = Vec::new();
        let mut len = 0usize;
        loop {
            if bytes.len() == len {
                bytes.resize(len.saturating_add(Self::most(payload.len()).min(MOST_AT_ONCE)), 0);
            }
            let (from_in, from_out) = (context.total_in(), context.total_out());
            let status = context.compress(payload, bytes.get_mut(len..)?, DeflateFlush::SyncFlush).ok()?;
            let taken = usize::try_from(context.total_in().checked_sub(from_in)?).ok()?;
            let made = usize::try_from(context.total_out().checked_sub(from_out)?).ok()?;
            payload = payload.get(taken..)?;
            len = len.checked_add(made)?;
            // Room that is left says that nothing waits in zlib.
            if payload.is_empty() && len < bytes.len() {
                bytes.truncate(len);
                return bytes.ends_with(&TAIL).then_some(bytes);
            }
            if status != Status::Ok || (taken == 0 && made == 0) {
                return None;
            }
        }
    }
}

/// The output grows by this much, so that a large message takes memory for what it is compressed to.
const MOST_AT_ONCE: usize = 256 * 1024;

fn context(window: Window, level: u8) -> Deflate {
    Deflate::new_with_config(DeflateConfig {
        level: i32::from(level.min(9)),
        // Negative for a stream without zlib's own header. zlib has no raw window of 2^8 bytes; with one of
        // 2^9 it looks back by 250 at the most (its MAX_DIST), which is within 2^8.
        window_bits: i32::from(window.bits.clamp(9, 15)).saturating_neg(),
        mem_level: MEM_LEVEL,
        ..DeflateConfig::default()
    })
}

/// Blocks without compression (RFC 1951 §3.2.4), which end at the ends of bytes.
fn stored(payload: &[u8], last: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(Deflater::most(payload.len()));
    for block in payload.chunks(usize::from(u16::MAX)) {
        let len = block.len() as u16;
        bytes.push(0x00);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&(!len).to_le_bytes());
        bytes.extend_from_slice(block);
    }
    if last {
        bytes.push(0x00);
    }
    bytes
}

/// Without the context: the clone's next message begins with an empty window.
impl Clone for Deflater {
    fn clone(&self) -> Self {
        Self::new()
    }
}

/// Without the content, which is the application's.
impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater").field("context", &self.context.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Deflater, Piece, Window, stored};

    #[test]
    fn blocks_without_compression_hold_any_payload() {
        for len in [1, 65_535, 65_536, 200_000] {
            let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let whole =
                [stored(&payload, false), stored(b"end", true), vec![0, 0, 0xFF, 0xFF, 3, 0]].concat();
            let inflated = miniz_oxide::inflate::decompress_to_vec(&whole).expect("DEFLATE");
            assert_eq!(inflated, [&payload[..], b"end"].concat());
        }
    }

    /// RFC 7692 §7.2.1.
    #[test]
    fn a_context_that_is_taken_over_compresses_more_than_zlib_can_count() {
        let (piece, window) = (Piece { first: true, last: true }, Window { bits: 15, takeover: true });
        // Level 0 is the fastest. Of a payload in one block, zlib adds the whole length at once.
        let payload = [7; 60_000];
        let message = stored(&payload, true);
        let mut deflater = Deflater::new();
        for count in 0..=u32::MAX / 60_000 {
            assert!(deflater.deflate(&payload, piece, window, 0) == message, "{count}");
        }
    }
}
