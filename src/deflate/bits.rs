//! The bits of a DEFLATE stream (RFC 1951 §3.1.1): the first bit of a byte is its lowest.

use super::output::Stop;

/// The bits of consumed input that are not decoded yet; the first one is the lowest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bits {
    /// Bits above `count` are zeros or the next bits of the input.
    value: u64,
    /// At most 63.
    count: u32,
}

impl Bits {
    /// The number of bits.
    pub(super) const fn count(self) -> u32 {
        self.count
    }

    /// All bits; those above [`count`](Self::count) have no meaning.
    pub(super) const fn peek(self) -> u64 {
        self.value
    }

    /// Removes the first `count` bits. There are as many.
    #[inline(always)]
    pub(super) const fn skip(&mut self, count: u32) {
        debug_assert!(count <= self.count);
        self.value >>= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    /// Removes and returns the first `count` bits, at most 32 of those there are.
    #[inline(always)]
    pub(super) const fn remove(&mut self, count: u32) -> u32 {
        let removed = (self.value & low_bits(count)) as u32;
        self.skip(count);
        removed
    }
}

/// A mask of the first `count` bits, at most 63.
pub(super) const fn low_bits(count: u32) -> u64 {
    !(u64::MAX << (count & 63))
}

/// Reads the bits of one call's input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'i> {
    pub(super) bits: Bits,
    input: &'i [u8],
    /// A suffix of `input`.
    rest: &'i [u8],
}

impl<'i> Reader<'i> {
    /// `bits` precede `input`.
    pub(super) const fn new(bits: Bits, input: &'i [u8]) -> Self {
        Self { bits, input, rest: input }
    }

    /// The input that is not consumed yet.
    pub(super) const fn rest(&self) -> &'i [u8] {
        self.rest
    }

    /// Whether there are bits or input left.
    pub(super) const fn has_input(&self) -> bool {
        self.bits.count > 0 || !self.rest.is_empty()
    }

    /// The number of bytes consumed.
    pub(super) const fn consumed(&self) -> usize {
        // `rest` is a suffix of `input`.
        self.input.len().saturating_sub(self.rest.len())
    }

    /// Fills the bits up to at least 56, or with all input. `false` if fewer than eight bytes of input are
    /// left: then some bits may be missing.
    #[inline(always)]
    pub(super) fn fill_at_once(&mut self) -> bool {
        let Some(next) = self.rest.first_chunk::<8>() else { return false };
        self.bits.value |= u64::from_le_bytes(*next) << (self.bits.count & 63);
        let bytes = (63 ^ self.bits.count) >> 3;
        self.rest = self.rest.get(bytes as usize..).unwrap_or_default();
        // Adds 8 for each byte: 56 to 63 bits.
        self.bits.count |= 56;
        true
    }

    /// Fills the bits up to at least 56, or with all input.
    #[inline]
    pub(super) fn fill(&mut self) {
        if self.fill_at_once() {
            return;
        }
        while let Some((byte, rest)) = self.rest.split_first().filter(|_| self.bits.count < 56) {
            self.bits.value |= u64::from(*byte) << (self.bits.count & 63);
            self.bits.count = self.bits.count.wrapping_add(8);
            self.rest = rest;
        }
    }

    /// Fills the bits if there are fewer than `count`, at most 56.
    #[inline(always)]
    pub(super) fn fill_to(&mut self, count: u32) {
        if self.bits.count < count {
            self.fill();
        }
    }

    /// Removes and returns the next `count` bits, at most 32. If some are missing, all input is consumed and
    /// no bit is removed.
    pub(super) fn read(&mut self, count: u32) -> Result<u32, Stop> {
        self.fill_to(count);
        if self.bits.count < count { Err(Stop::NeedsInput) } else { Ok(self.bits.remove(count)) }
    }

    /// Consumes at most `count` bytes of input, after all whole bytes among the bits were
    /// [returned](Self::unread).
    pub(super) fn take_bytes(&mut self, count: usize) -> &'i [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Removes the bits up to the end of a byte.
    pub(super) const fn align(&mut self) {
        self.bits.skip(self.bits.count & 7);
    }

    /// Returns whole bytes to the input, as far as this reader consumed them.
    pub(super) fn unread(&mut self) {
        let bytes = ((self.bits.count >> 3) as usize).min(self.consumed());
        let start = self.consumed().saturating_sub(bytes);
        self.rest = self.input.get(start..).unwrap_or_default();
        // `bytes` is at most 7.
        self.bits.count = self.bits.count.wrapping_sub((bytes as u32) << 3);
        self.bits.value &= low_bits(self.bits.count);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use fastrand::Rng;

    use super::{Bits, Reader};

    /// The bytes of these binary digits, the first bit of a stream first; other characters are ignored. The last
    /// byte is filled with zeros.
    pub(in crate::deflate) fn bytes_of(digits: &str) -> Vec<u8> {
        let bits: Vec<u8> = digits.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit)).collect()
    }

    /// RFC 1951 §3.1.1: the bits come in their order, however they are read and however the input is split.
    #[test]
    fn bits_are_read_in_order_across_calls() {
        let mut random = Rng::with_seed(1951);
        for _ in 0..500 {
            let input: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
            let mut expected = input.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
            let (mut bits, mut start) = (Bits::default(), 0);
            while start < input.len() {
                let end = random.usize(start..=input.len());
                let mut reader = Reader::new(bits, &input[start..end]);
                loop {
                    let count = random.u32(..=32);
                    let Ok(value) = reader.read(count) else { break };
                    // There is no room for another byte.
                    assert!(reader.bits.count() <= 63);
                    assert!((0..count).all(|bit| Some((value >> bit & 1) as u8) == expected.next()));
                }
                assert_eq!(reader.rest(), b"", "a read fails only if all input is consumed");
                assert!(reader.bits.count() < 32);
                if random.bool() {
                    reader.unread();
                }
                assert_eq!(reader.rest().len(), end - start - reader.consumed());
                (bits, start) = (reader.bits, start + reader.consumed());
            }
            let rest = u64::from(bits.count());
            assert_eq!(expected.clone().count() as u64, rest);
            assert!((0..rest).all(|bit| Some((bits.peek() >> bit & 1) as u8) == expected.next()));
        }
    }

    /// The most bits that a reader fills are seven and seven bytes.
    #[test]
    fn the_bits_have_no_room_for_an_eighth_byte() {
        for left in 0..8 {
            let mut reader = Reader::new(Bits { value: 0, count: left }, &[0xFF; 8]);
            reader.fill();
            assert_eq!((reader.bits.count(), reader.rest()), (56 + left, &[0xFF][..]));
            reader.fill();
            assert_eq!((reader.bits.count(), reader.rest()), (56 + left, &[0xFF][..]));
        }
    }
}
