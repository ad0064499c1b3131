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

/// The whole words of `bytes`. The first byte of a word is its lowest.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|chunk| chunk.try_into().map_or(0, u64::from_le_bytes))
}

/// The offset of the first byte that equals `wanted`.
#[inline]
pub(crate) fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut scanned = 0usize;
    for word in words(bytes) {
        let found = zero_byte(word ^ every(wanted));
        if found != 0 {
            return Some(scanned.saturating_add((found.trailing_zeros() / 8) as usize));
        }
        scanned = scanned.saturating_add(8);
    }
    let rest = bytes.get(scanned..)?.iter().position(|&byte| byte == wanted)?;
    Some(scanned.saturating_add(rest))
}

/// The number of bytes at the front that are SP, visible ASCII or, with `beyond_ascii`, obs-text (RFC 9110
/// §5.5).
#[inline]
pub(crate) fn printable(bytes: &[u8], beyond_ascii: bool) -> usize {
    let mut scanned = 0usize;
    for word in words(bytes) {
        let below_space = word.wrapping_sub(every(b' ')) & !word & HIGH;
        let beyond = if beyond_ascii { 0 } else { word & HIGH };
        let other = below_space | zero_byte(word ^ every(0x7F)) | beyond;
        if other != 0 {
            return scanned.saturating_add((other.trailing_zeros() / 8) as usize);
        }
        scanned = scanned.saturating_add(8);
    }
    let rest = bytes.get(scanned..).unwrap_or_default();
    let is_printable = |byte: &u8| *byte >= b' ' && *byte != 0x7F && (beyond_ascii || byte.is_ascii());
    scanned.saturating_add(rest.iter().take_while(|byte| is_printable(byte)).count())
}

#[cfg(test)]
mod tests {
    use super::{find, printable};

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
        for at in 0..24 {
            for byte in 0..=u8::MAX {
                let mut bytes = [b'a'; 24];
                bytes[at] = byte;
                for beyond_ascii in [false, true] {
                    let fine = (b' '..0x7F).contains(&byte) || (beyond_ascii && byte >= 0x80);
                    for len in [24, at + 1, (at + 3).min(24)] {
                        let passed = printable(&bytes[..len], beyond_ascii);
                        assert_eq!(passed, if fine { len } else { at }, "{byte:#x} at {at} of {len}");
                    }
                }
            }
        }
        assert_eq!((printable(b"", true), printable(b"\x7f\x1f\x7f\x1f\x7f\x1f\x7f\x1f", true)), (0, 0));
    }
}
