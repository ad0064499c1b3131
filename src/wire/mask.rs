//! Masking (§5.3).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// Masks or unmasks `bytes` in place. `offset` is the position of the first byte of `bytes` in the payload of
/// its frame.
///
/// §5.3: byte *i* of the masked payload is byte *i* of the payload XOR byte *i* MOD 4 of the key. Masking
/// twice gives the payload again.
///
/// ```
/// let mut payload = *b"\x7f\x9f\x4d\x51\x58"; // §5.7
/// websocket_proto::wire::mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(&payload, b"Hello");
/// ```
#[doc(alias("unmask", "apply_mask"))]
#[inline]
pub fn mask(bytes: &mut [u8], key: [u8; 4], offset: u64) {
    let word = Word::at(key, offset);
    if bytes.len() < LONG { mask_words(bytes, word) } else { mask_long(bytes, word) }
}

/// Masks from the start of a cache line on.
// Not inlined, so that the loop for short payloads is.
#[inline(never)]
fn mask_long(bytes: &mut [u8], word: Word) {
    let (start, aligned) = bytes.split_at_mut(bytes.as_ptr().align_offset(CACHE_LINE).min(LONG));
    mask_words(start, word);
    mask_words(aligned, word.after(start.len()));
}

/// From this length on, it pays to mask from the start of a cache line on. A payload starts at any address, and a
/// vector that spans two cache lines takes twice the time: 2 KiB take 38 ns instead of 47, 16 KiB 245 instead of 385.
const LONG: usize = 2048;
const CACHE_LINE: usize = 64;

/// Masks bytes, the first of them with the first byte of the word.
#[inline]
fn mask_words(bytes: &mut [u8], word: Word) {
    // The last eight bytes are one word, which overlaps the last word of the loop. If the sizes vary, a loop
    // over the last bytes costs mispredicted branches: 10 to 15 ns instead of 4.
    let last = bytes.last_chunk::<8>().map(|last| word.after(bytes.len()).xor(*last));
    let mut words = bytes.chunks_exact_mut(8);
    for chunk in words.by_ref() {
        if let Ok(chunk) = <&mut [u8; 8]>::try_from(chunk) {
            *chunk = word.xor(*chunk);
        }
    }
    match last {
        Some(last) => {
            if let Some(end) = bytes.last_chunk_mut::<8>() {
                *end = last;
            }
        }
        None => mask_short(bytes, word),
    }
}

/// Writes `source`, masked or unmasked, to `target` in one pass. Both have the same length.
#[inline]
pub(crate) fn mask_into(target: &mut [u8], source: &[u8], key: [u8; 4], offset: u64) {
    debug_assert_eq!(target.len(), source.len());
    let word = Word::at(key, offset);
    match (target.last_chunk_mut::<8>(), source.last_chunk::<8>()) {
        (Some(target), Some(last)) => *target = word.after(source.len()).xor(*last),
        _ => {
            target.copy_from_slice(source);
            return mask_short(target, word);
        }
    }
    for (target, source) in target.chunks_exact_mut(8).zip(source.chunks_exact(8)) {
        if let (Ok(target), Ok(source)) = (<&mut [u8; 8]>::try_from(target), <&[u8; 8]>::try_from(source)) {
            *target = word.xor(*source);
        }
    }
}

/// How many bytes [`extend_masked`] takes at once: of 32, 64, 128 and 256, the fastest from 300 bytes on.
#[cfg(feature = "alloc")]
const BLOCK: usize = 128;

/// Appends `payload` to `out`, masked, in one pass. A vector is extended by arrays of a constant length
/// without a check of its capacity for each byte, and no byte is read again after it was written: a client
/// sends 125 bytes in 9 ns instead of 13.
#[cfg(feature = "alloc")]
pub(crate) fn extend_masked(out: &mut Vec<u8>, payload: &[u8], key: [u8; 4]) {
    let word = Word::at(key, 0);
    let mut keys = [0; BLOCK];
    keys.chunks_exact_mut(8).for_each(|chunk| chunk.copy_from_slice(&word.0.to_ne_bytes()));
    let blocks = payload.chunks_exact(BLOCK);
    let words = blocks.remainder().chunks_exact(8);
    let rest = words.remainder();
    let mask_block = |block: &[u8]| {
        let mut masked = <[u8; BLOCK]>::try_from(block).unwrap_or(keys);
        masked.iter_mut().zip(keys).for_each(|(byte, key)| *byte ^= key);
        masked
    };
    out.extend(blocks.flat_map(mask_block));
    out.extend(words.flat_map(|bytes| word.xor(bytes.try_into().unwrap_or_default())));
    if !rest.is_empty() {
        let len = out.len().saturating_add(rest.len());
        out.extend_from_slice(&word.xor(last_bytes(payload, rest.len())));
        out.truncate(len);
    }
}

/// The last `count` bytes of `payload`, fewer than eight, and zeros after them.
#[cfg(feature = "alloc")]
#[inline]
fn last_bytes(payload: &[u8], count: usize) -> [u8; 8] {
    let word = match payload.last_chunk() {
        // Cannot wrap: 8 to 56 bits.
        Some(last) => u64::from_le_bytes(*last).wrapping_shr(64_u32.wrapping_sub((count as u32) << 3)),
        None => payload.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    word.to_le_bytes()
}

/// Masks fewer than eight bytes.
#[inline]
fn mask_short(bytes: &mut [u8], word: Word) {
    for (byte, key) in bytes.iter_mut().zip(word.0.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// The key twice, rotated so that its first byte in memory masks the next byte.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    #[inline]
    fn at(key: [u8; 4], offset: u64) -> Self {
        let key = u64::from(u32::from_ne_bytes(key));
        Self(key | key << 32).after((offset & 3) as usize)
    }

    #[inline]
    fn after(self, bytes: usize) -> Self {
        // The key repeats every four bytes, so the upper bits of the count do not matter.
        let bits = (bytes as u32 & 3) << 3;
        Self(if cfg!(target_endian = "little") {
            self.0.rotate_right(bits)
        } else {
            self.0.rotate_left(bits)
        })
    }

    #[inline]
    fn xor(self, bytes: [u8; 8]) -> [u8; 8] {
        (u64::from_ne_bytes(bytes) ^ self.0).to_ne_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::{CACHE_LINE, LONG, mask, mask_into};

    /// §5.3 to the letter.
    fn naive(bytes: &[u8], key: [u8; 4], offset: usize) -> Vec<u8> {
        bytes.iter().enumerate().map(|(i, byte)| byte ^ key[(offset + i) % 4]).collect()
    }

    /// MK-03 (§5.3).
    #[test]
    fn every_length_alignment_and_phase_equals_the_naive_loop() {
        let mut random = fastrand::Rng::with_seed(1);
        for len in (0..200).chain([1023, LONG - 1, LONG, LONG + 9, 4097]) {
            // All places in a cache line, for the lengths to which they matter.
            for alignment in 0..if len < 1000 { 16 } else { CACHE_LINE } {
                for offset in 0..9 {
                    let key = random.u32(..).to_ne_bytes();
                    let mut whole: Vec<u8> = (0..alignment + len + 9).map(|_| random.u8(..)).collect();
                    let before = whole.clone();
                    let expected = naive(&before[alignment..alignment + len], key, offset);
                    mask(&mut whole[alignment..alignment + len], key, offset as u64);
                    assert_eq!(whole[alignment..alignment + len], expected);
                    assert_eq!(whole[..alignment], before[..alignment], "bytes before are not touched");
                    assert_eq!(
                        whole[alignment + len..],
                        before[alignment + len..],
                        "bytes after are not touched"
                    );
                    let mut target = vec![0xA5; len];
                    mask_into(&mut target, &before[alignment..alignment + len], key, offset as u64);
                    assert_eq!(target, expected);
                }
            }
        }
    }

    /// MK-03 (§5.3).
    #[cfg(feature = "alloc")]
    #[test]
    fn a_payload_that_extends_a_vector_equals_the_naive_loop() {
        let mut random = fastrand::Rng::with_seed(2);
        for len in (0..400).chain([1023, 4097]) {
            let key = random.u32(..).to_ne_bytes();
            let source: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
            let mut target = b"before".to_vec();
            super::extend_masked(&mut target, &source, key);
            assert_eq!(target.strip_prefix(b"before"), Some(&naive(&source, key, 0)[..]), "{len} bytes");
        }
    }

    /// MK-03 (§5.3).
    #[test]
    fn the_phase_is_kept_at_the_end_of_the_longest_payload() {
        for offset in [u64::MAX, u64::MAX - 1, (1 << 63) - 1, 1 << 32, (1 << 32) + 3] {
            let mut bytes = [0; 5];
            mask(&mut bytes, [1, 2, 3, 4], offset);
            assert_eq!(bytes.to_vec(), naive(&[0; 5], [1, 2, 3, 4], (offset % 4) as usize));
        }
    }
}
