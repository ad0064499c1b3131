//! Scans the bytes of a head eight at a time, as words.
//!
//! All arithmetic on words wraps: a borrow or a carry can only reach bytes above the first match, and only
//! the first match is used.

/// The lowest bit of each byte.
const LOW: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A word of eight such bytes.
const fn every(byte: u8) -> u64 {
    LOW.wrapping_mul(byte as u64)
}

/// Sets the high bit of the first zero byte, and arbitrary bits above it. 0 if no byte is zero.
const fn zero_byte(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// The index of the first byte whose high bit is set in `found`.
const fn first_byte(found: u64) -> usize {
    (found.trailing_zeros() / 8) as usize
}

/// The offset in `bytes` of a position in `rest`, which is the end of `bytes`.
const fn offset(bytes: &[u8], rest: &[u8], in_rest: usize) -> usize {
    bytes.len().wrapping_sub(rest.len()).wrapping_add(in_rest)
}

/// The whole words of `bytes`. The first byte of a word is its lowest.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|chunk| chunk.try_into().map_or(0, u64::from_le_bytes))
}

/// The offset of the first byte that equals `wanted`.
#[inline]
pub(crate) fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let found = zero_byte(u64::from_le_bytes(*chunk) ^ every(wanted));
        if found != 0 {
            return Some(offset(bytes, rest, first_byte(found)));
        }
        rest = after;
    }
    let in_rest = rest.iter().position(|&byte| byte == wanted)?;
    Some(offset(bytes, rest, in_rest))
}

/// Removes chunks of sixteen bytes from the front of `rest` until one has a byte that `is_other`.
#[inline]
fn skip_chunks(rest: &mut &[u8], is_other: impl Fn(u8) -> bool) {
    // A fold over a chunk compiles to vector instructions: 8 for sixteen bytes, where words take 26.
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        if chunk.iter().fold(0, |others, &byte| others | u8::from(is_other(byte))) != 0 {
            break;
        }
        *rest = after;
    }
}

/// The number of bytes at the front that are SP, visible ASCII or, with `BEYOND_ASCII`, obs-text (RFC 9110
/// §5.5).
#[inline]
pub(crate) fn printable<const BEYOND_ASCII: bool>(bytes: &[u8]) -> usize {
    let is_other = |byte: u8| (byte < b' ') | (byte == 0x7F) | (!BEYOND_ASCII & (byte >= 0x80));
    let mut rest = bytes;
    skip_chunks(&mut rest, is_other);
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let below_space = word.wrapping_sub(every(b' ')) & !word & HIGH;
        let beyond = if BEYOND_ASCII { 0 } else { word & HIGH };
        let other = below_space | zero_byte(word ^ every(0x7F)) | beyond;
        if other != 0 {
            return offset(bytes, rest, first_byte(other));
        }
        rest = after;
    }
    let in_rest = rest.iter().position(|&byte| is_other(byte)).unwrap_or(rest.len());
    offset(bytes, rest, in_rest)
}

/// The length of the chunks of sixteen bytes at the front that have only letters, digits, `-`, `.` and `_`,
/// as most tokens and hosts.
#[inline]
pub(crate) fn word_chunks(bytes: &[u8]) -> usize {
    let is_other = |byte: u8| {
        ((byte | 0x20).wrapping_sub(b'a') >= 26)
            & (byte.wrapping_sub(b'0') >= 10)
            & (byte.wrapping_sub(b'-') >= 2)
            & (byte != b'_')
    };
    let mut rest = bytes;
    skip_chunks(&mut rest, is_other);
    offset(bytes, rest, 0)
}

#[cfg(test)]
mod tests {
    use super::{find, printable, word_chunks};

    #[test]
    fn find_is_position() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random.usize(..40))
                .map(|_| random.choice([0, b'\n', b'\n' + 1, b'\n' ^ 0x80, 0x7F, 0xFF]).unwrap())
                .collect();
            for wanted in [0, b'\n', 0x7F, 0xFF, b'x'] {
                assert_eq!(
                    find(&bytes, wanted),
                    bytes.iter().position(|&byte| byte == wanted),
                    "{wanted} in {bytes:?}"
                );
            }
        }
    }

    #[test]
    fn printable_ends_at_the_first_other_byte() {
        for at in 0..40 {
            for byte in 0..=u8::MAX {
                let mut bytes = [b'a'; 40];
                bytes[at] = byte;
                let scan: fn(&[u8]) -> usize = printable::<false>;
                for (scan, beyond_ascii) in [(scan, false), (printable::<true>, true)] {
                    let fine = (b' '..0x7F).contains(&byte) || (beyond_ascii && byte >= 0x80);
                    for len in [40, at + 1, (at + 3).min(40)] {
                        let passed = scan(&bytes[..len]);
                        assert_eq!(passed, if fine { len } else { at }, "{byte:#x} at {at} of {len}");
                    }
                }
            }
        }
        assert_eq!((printable::<true>(b""), printable::<true>(b"\x7f\x1f\x7f\x1f\x7f\x1f\x7f\x1f")), (0, 0));
    }

    #[test]
    fn word_chunks_are_letters_digits_and_three_signs() {
        for at in 0..40 {
            for byte in 0..=u8::MAX {
                let mut bytes = [b'a'; 40];
                bytes[at] = byte;
                let is_word = byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                let chunks = if is_word { 2 } else { (at / 16).min(2) };
                assert_eq!(word_chunks(&bytes), chunks * 16, "{byte:#x} at {at}");
                assert_eq!(word_chunks(&bytes[..15]), 0);
            }
        }
    }
}
