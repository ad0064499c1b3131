//! Tables that decode a Huffman code (RFC 1951 §3.2.2).

use super::bits::low_bits;
use super::output::Corrupt;

/// The meaning of the next bits: a symbol, or the table with the rest of a longer code.
///
/// ```text
///   bit 31    16 15   12 11        8 7          4 3         0
///       value            kind        extra bits   code bits
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(u32);

/// The longest code (RFC 1951 §3.2.7).
const MAX_CODE_BITS: usize = 15;

impl Entry {
    /// A literal byte; `value` is the byte. Also a symbol of the code for code lengths.
    const LITERAL: u32 = 1 << 8;
    /// A link to a table for longer codes: it begins at `value`, and `extra` further bits are its index.
    const LINK: u32 = 1 << 9;
    const END_OF_BLOCK: u32 = 1 << 10;
    /// A code without a meaning.
    pub(super) const INVALID: Self = Self(1 << 11 | 1);

    pub(super) const fn literal(value: u16) -> Self {
        Self((value as u32) << 16 | Self::LITERAL)
    }

    /// A length or a distance: a value to which `extra` further bits are added.
    pub(super) const fn base(value: u16, extra: u32) -> Self {
        Self((value as u32) << 16 | extra << 4)
    }

    pub(super) const fn end_of_block() -> Self {
        Self(Self::END_OF_BLOCK)
    }

    const fn link(start: usize, index_bits: u32) -> Self {
        Self((start as u32) << 16 | Self::LINK | index_bits << 4)
    }

    /// The same symbol, with a code of this many bits.
    pub(super) const fn with_code_bits(self, code_bits: u32) -> Self {
        Self(self.0 & !15 | code_bits & 15)
    }

    /// The length of the whole code.
    pub(super) const fn code_bits(self) -> u32 {
        self.0 & 15
    }

    pub(super) const fn extra_bits(self) -> u32 {
        self.0 >> 4 & 15
    }

    /// The bits of the code and the extra bits.
    pub(super) const fn all_bits(self) -> u32 {
        self.code_bits().wrapping_add(self.extra_bits())
    }

    pub(super) const fn value(self) -> u16 {
        (self.0 >> 16) as u16
    }

    pub(super) const fn is_literal(self) -> bool {
        self.0 & Self::LITERAL != 0
    }

    /// Whether this is a length or a distance.
    pub(super) const fn is_base(self) -> bool {
        self.0 >> 8 & 15 == 0
    }

    pub(super) const fn is_invalid(self) -> bool {
        self.0 & 1 << 11 != 0
    }
}

/// The entry for the next bits, of a table whose index has `INDEX_BITS` bits.
#[inline(always)]
pub(super) fn look_up<const INDEX_BITS: u32>(table: &[Entry], bits: u64) -> Entry {
    let at = |index: u64| table.get(index as usize).copied().unwrap_or(Entry::INVALID);
    let entry = at(bits & low_bits(INDEX_BITS));
    if entry.0 & Entry::LINK == 0 {
        return entry;
    }
    let index = bits >> INDEX_BITS & low_bits(entry.extra_bits());
    at(u64::from(entry.value()).wrapping_add(index))
}

/// Builds the table of a code from the code lengths of its symbols; `symbols` has at least as many entries.
/// An incomplete code is corrupt, except with `may_be_incomplete` one of at most one bit.
pub(super) fn build<const INDEX_BITS: u32>(
    table: &mut [Entry],
    lengths: &[u8],
    symbols: &[Entry],
    may_be_incomplete: bool,
) -> Result<(), Corrupt> {
    let mut counts = [0u16; MAX_CODE_BITS + 1];
    for length in lengths {
        let count = counts.get_mut(usize::from(*length)).ok_or(Corrupt)?;
        // At most 286 symbols.
        *count = count.wrapping_add(1);
    }
    let (mut unused, mut longest) = (1u32, 0);
    for (length, count) in counts.iter().enumerate().skip(1) {
        // At most 2^15. An error if a code has more symbols than its length has room for.
        unused = (unused << 1).checked_sub(u32::from(*count)).ok_or(Corrupt)?;
        if *count > 0 {
            longest = length;
        }
    }
    if unused == 0 {
        return fill(table, INDEX_BITS, lengths, symbols, counts);
    }
    if !may_be_incomplete || longest > 1 {
        return Err(Corrupt);
    }
    // §3.2.7: "If only one distance code is used, it is encoded using one bit", and the other is unused
    let only = lengths.iter().position(|length| *length == 1).and_then(|symbol| symbols.get(symbol));
    let only = only.map_or(Entry::INVALID, |entry| entry.with_code_bits(1));
    *table.first_chunk_mut().ok_or(Corrupt)? = [only, Entry::INVALID];
    double(table, 1, INDEX_BITS).ok_or(Corrupt)?;
    Ok(())
}

/// Fills the table of a complete code. `counts` is the number of symbols of each length.
fn fill(
    table: &mut [Entry],
    index_bits: u32,
    lengths: &[u8],
    symbols: &[Entry],
    counts: [u16; MAX_CODE_BITS + 1],
) -> Result<(), Corrupt> {
    let mut sorted = [0u16; MAX_SYMBOLS];
    let sorted = sort(lengths, &counts, &mut sorted).ok_or(Corrupt)?;
    // The code with its first bit lowest, as it is in the stream, and the bits of which the table holds all
    // values. The table of all values of one more bit is the table twice.
    let (mut code, mut bits) = (0usize, 0u32);
    let mut long = LongCodes { counts, index_bits, prefix: usize::MAX, start: 0, end: 1 << index_bits };
    for symbol in sorted {
        let code_bits = u32::from(lengths.get(usize::from(*symbol)).copied().ok_or(Corrupt)?);
        let entry = symbols.get(usize::from(*symbol)).ok_or(Corrupt)?.with_code_bits(code_bits);
        bits = double(table, bits, code_bits.min(index_bits)).ok_or(Corrupt)?;
        if code_bits <= index_bits {
            *table.get_mut(code).ok_or(Corrupt)? = entry;
        } else {
            long.insert(table, code, code_bits, entry).ok_or(Corrupt)?;
        }
        code = successor(code, code_bits);
    }
    double(table, bits, index_bits).ok_or(Corrupt)?;
    Ok(())
}

/// The largest alphabet (RFC 1951 §3.2.6).
pub(super) const MAX_SYMBOLS: usize = 288;

/// The symbols in the order of their codes (§3.2.2): shorter codes first, then smaller symbols.
fn sort<'s>(
    lengths: &[u8],
    counts: &[u16; MAX_CODE_BITS + 1],
    sorted: &'s mut [u16; MAX_SYMBOLS],
) -> Option<&'s [u16]> {
    let (mut starts, mut end) = ([0u16; MAX_CODE_BITS + 1], 0u16);
    for (start, count) in starts.iter_mut().zip(counts).skip(1) {
        *start = end;
        end = end.wrapping_add(*count);
    }
    for (symbol, length) in (0u16..).zip(lengths).filter(|(_, length)| **length > 0) {
        let start = starts.get_mut(usize::from(*length))?;
        *sorted.get_mut(usize::from(*start))? = symbol;
        *start = start.wrapping_add(1);
    }
    sorted.get(..usize::from(end))
}

/// Doubles the table of all values of `from` bits until it has all values of `to` bits. Returns the bits.
fn double(table: &mut [Entry], from: u32, to: u32) -> Option<u32> {
    for bits in from..to {
        let (done, free) = table.split_at_mut_checked(1 << bits)?;
        free.get_mut(..done.len())?.copy_from_slice(done);
    }
    Some(from.max(to))
}

/// The next code of the same length (§3.2.2), with its first bit lowest; 0 after the last. It is also the
/// first part of the next code of any larger length.
const fn successor(code: usize, code_bits: u32) -> usize {
    let zeros = !code & low_bits(code_bits) as usize;
    match zeros.checked_ilog2() {
        // The last zero becomes a one, and the ones after it become zeros.
        Some(bit) => code & low_bits(bit) as usize | 1 << bit,
        None => 0,
    }
}

/// Writes the tables of the codes that are longer than the index of the first table.
struct LongCodes {
    /// The number of symbols of each length that have no entry yet.
    counts: [u16; MAX_CODE_BITS + 1],
    index_bits: u32,
    /// The index of the first table that the codes in the current table share.
    prefix: usize,
    /// The current table.
    start: usize,
    end: usize,
}

impl LongCodes {
    fn insert(&mut self, table: &mut [Entry], code: usize, code_bits: u32, entry: Entry) -> Option<()> {
        let rest_bits = code_bits.checked_sub(self.index_bits)?;
        let prefix = code & low_bits(self.index_bits) as usize;
        if prefix != self.prefix {
            let bits = self.bits_of_table(rest_bits)?;
            (self.prefix, self.start) = (prefix, self.end);
            self.end = self.start.checked_add(1 << bits)?;
            *table.get_mut(prefix)? = Entry::link(self.start, bits);
        }
        let first = self.start.checked_add(code >> self.index_bits)?;
        for slot in table.get_mut(first..self.end)?.iter_mut().step_by(1 << rest_bits) {
            *slot = entry;
        }
        let count = self.counts.get_mut(code_bits as usize)?;
        *count = count.checked_sub(1)?;
        Some(())
    }

    /// The bits of the index of the next table, whose first code has `bits` of them: as many as the longest
    /// code with the same prefix. The codes are complete, so a table is full of codes.
    fn bits_of_table(&self, mut bits: u32) -> Option<u32> {
        let count =
            |bits: u32| Some(usize::from(*self.counts.get(self.index_bits.checked_add(bits)? as usize)?));
        let mut used = count(bits)?;
        while used < 1 << bits {
            bits = bits.checked_add(1)?;
            used = (used << 1).checked_add(count(bits)?)?;
        }
        Some(bits)
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::{Entry, MAX_CODE_BITS, build, look_up};

    /// The code lengths of a random complete code, in random order.
    fn complete(random: &mut Rng, symbols: usize) -> Vec<u8> {
        let mut lengths = vec![1, 1];
        // The deeper a code is split, the more entries the tables have.
        let deep = random.bool();
        while lengths.len() < symbols {
            let at =
                if deep && random.u8(..4) > 0 { lengths.len() - 1 } else { random.usize(..lengths.len()) };
            if usize::from(lengths[at]) < MAX_CODE_BITS {
                lengths[at] += 1;
                lengths.push(lengths[at]);
            } else if lengths.iter().all(|length| usize::from(*length) == MAX_CODE_BITS) {
                break;
            }
        }
        random.shuffle(&mut lengths);
        lengths
    }

    /// RFC 1951 §3.2.2: each code, followed by any bits, is found with its symbol and its length.
    fn check<const INDEX_BITS: u32>(random: &mut Rng, lengths: &[u8], table: &mut [Entry]) {
        let symbols: Vec<Entry> = (0..lengths.len() as u16).map(Entry::literal).collect();
        build::<INDEX_BITS>(table, lengths, &symbols, false).expect("a complete code");
        let mut code = 0u64;
        for bits in 1..=MAX_CODE_BITS as u8 {
            for symbol in (0..lengths.len()).filter(|symbol| lengths[*symbol] == bits) {
                let stream = code.reverse_bits() >> (64 - bits) | random.u64(..) << bits;
                let entry = look_up::<INDEX_BITS>(table, stream);
                assert_eq!((usize::from(entry.value()), entry.code_bits()), (symbol, bits.into()));
                code += 1;
            }
            code <<= 1;
        }
    }

    /// PMD-12 (RFC 7692 §7.2.2).
    #[test]
    fn any_complete_code_fits_in_its_table_and_is_decoded() {
        let mut random = Rng::with_seed(6);
        for _ in 0..500 {
            let (literals, distances) = (random.usize(2..=286), random.usize(2..=30));
            check::<9>(&mut random.fork(), &complete(&mut random, literals), &mut [Entry::INVALID; 852]);
            check::<6>(&mut random.fork(), &complete(&mut random, distances), &mut [Entry::INVALID; 592]);
        }
    }

    /// PMD-17: over-subscribed codes, and incomplete ones of more than one bit.
    #[test]
    fn a_code_that_is_not_complete_is_corrupt() {
        let symbols = [Entry::literal(7); 4];
        let is_code = |lengths: &[u8], may_be_incomplete| {
            build::<6>(&mut [Entry::INVALID; 592], lengths, &symbols, may_be_incomplete).is_ok()
        };
        for lengths in [&[1, 1, 1][..], &[1, 2, 2, 2], &[2, 2, 2], &[2], &[1, 2], &[1, 3, 3], &[16], &[255]] {
            assert!(!is_code(lengths, true) && !is_code(lengths, false), "{lengths:?}");
        }
        for lengths in [&[0, 0][..], &[0, 1]] {
            assert!(is_code(lengths, true) && !is_code(lengths, false), "{lengths:?}");
        }
    }

    /// RFC 1951 §3.2.7: "If only one distance code is used, it is encoded using one bit". The other code has no
    /// meaning.
    #[test]
    fn an_only_code_has_one_bit() {
        let symbols: Vec<Entry> = (0..4).map(Entry::literal).collect();
        for only in 0..4 {
            let (mut lengths, mut table) = ([0; 4], [Entry::INVALID; 592]);
            lengths[only] = 1;
            build::<6>(&mut table, &lengths, &symbols, true).expect("an only code");
            for bits in 0..64 {
                let entry = look_up::<6>(&table, bits);
                assert_eq!((entry.code_bits(), entry.is_invalid()), (1, bits & 1 == 1), "{bits:b}");
                assert!(entry.is_invalid() || usize::from(entry.value()) == only, "{bits:b}");
            }
        }
    }
}
