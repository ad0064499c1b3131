//! Blocks with dynamic Huffman codes (RFC 1951 §3.2.7): the codes come before the data.

use super::alphabets::{
    CODE_LENGTHS, DISTANCE_INDEX_BITS, DISTANCES, LITERAL_INDEX_BITS, LITERALS_AND_LENGTHS, REPEAT_PREVIOUS,
};
use super::bits::Reader;
use super::codes::{Entry, build, look_up};
use super::output::{Corrupt, Stop};

/// The codes of a block.
#[derive(Clone)]
pub(super) struct DynamicCodes {
    position: Position,
    /// The number of code lengths that were read.
    read: usize,
    sizes: Sizes,
    /// First by symbol of the code for code lengths, then those of literals, lengths, and distances.
    lengths: [u8; MAX_LITERALS + MAX_DISTANCES],
    literals: [Entry; LITERALS_LEN],
    /// First the code for code lengths.
    distances: [Entry; DISTANCES_LEN],
}

/// The position in the header.
#[derive(Clone, Copy)]
enum Position {
    Sizes,
    CodeLengthCode,
    CodeLengths,
}

/// How many code lengths the header has.
#[derive(Clone, Copy, Default)]
struct Sizes {
    literals: usize,
    distances: usize,
    code_lengths: usize,
}

/// §3.2.7: "HLIT, # of Literal/Length codes - 257 (257 - 286)"
const MAX_LITERALS: usize = 286;
/// §3.2.6: "distance codes 30-31 will never actually occur"
const MAX_DISTANCES: usize = 30;

/// The most entries of a table for 286 symbols with an index of 9 bits, as zlib's program `enough` counts.
const LITERALS_LEN: usize = 852;
/// The same for 30 symbols with an index of 6 bits.
const DISTANCES_LEN: usize = 592;

/// The index of the code for code lengths: its longest code (§3.2.7).
const CODE_LENGTH_INDEX_BITS: u32 = 7;

/// With seven extra bits.
const MAX_CODE_LENGTH_BITS: u32 = 14;

/// The order in which the lengths of the code for code lengths come (§3.2.7).
const CODE_LENGTH_ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

impl DynamicCodes {
    pub(super) const fn new() -> Self {
        Self {
            position: Position::Sizes,
            read: 0,
            sizes: Sizes { literals: 0, distances: 0, code_lengths: 0 },
            lengths: [0; MAX_LITERALS + MAX_DISTANCES],
            literals: [Entry::INVALID; LITERALS_LEN],
            distances: [Entry::INVALID; DISTANCES_LEN],
        }
    }

    /// The tables, after the header was read.
    pub(super) const fn tables(&self) -> (&[Entry], &[Entry]) {
        (&self.literals, &self.distances)
    }

    /// Reads the header of a block, or the rest of it. The next call reads the header of another block.
    pub(super) fn read_header(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        if let Position::Sizes = self.position {
            self.read_sizes(reader)?;
        }
        if let Position::CodeLengthCode = self.position {
            self.read_code_length_code(reader)?;
        }
        self.read_code_lengths(reader)?;
        let Sizes { literals, distances, .. } = self.sizes;
        let (literals, rest) = self.lengths.split_at_checked(literals).ok_or(Corrupt)?;
        let distances = rest.get(..distances).ok_or(Corrupt)?;
        build::<LITERAL_INDEX_BITS>(&mut self.literals, literals, &LITERALS_AND_LENGTHS, true)?;
        build::<DISTANCE_INDEX_BITS>(&mut self.distances, distances, &DISTANCES, true)?;
        self.position = Position::Sizes;
        Ok(())
    }

    fn read_sizes(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        let sizes = reader.read(14)? as usize;
        self.sizes = Sizes {
            literals: (sizes & 31).wrapping_add(257),
            distances: (sizes >> 5 & 31).wrapping_add(1),
            code_lengths: (sizes >> 10).wrapping_add(4),
        };
        if self.sizes.literals > MAX_LITERALS || self.sizes.distances > MAX_DISTANCES {
            return Err(Stop::Corrupt);
        }
        self.lengths = [0; MAX_LITERALS + MAX_DISTANCES];
        (self.position, self.read) = (Position::CodeLengthCode, 0);
        Ok(())
    }

    fn read_code_length_code(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        for symbol in CODE_LENGTH_ORDER.iter().take(self.sizes.code_lengths).skip(self.read) {
            *self.lengths.get_mut(usize::from(*symbol)).ok_or(Corrupt)? = reader.read(3)? as u8;
            self.read = self.read.wrapping_add(1);
        }
        let lengths = self.lengths.get(..CODE_LENGTHS.len()).unwrap_or_default();
        build::<CODE_LENGTH_INDEX_BITS>(&mut self.distances, lengths, &CODE_LENGTHS, false)?;
        (self.position, self.read) = (Position::CodeLengths, 0);
        Ok(())
    }

    /// §3.2.7: "all code lengths form a single sequence of HLIT + HDIST + 258 values"
    fn read_code_lengths(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        let len = self.sizes.literals.wrapping_add(self.sizes.distances);
        while self.read < len {
            reader.fill_to(MAX_CODE_LENGTH_BITS);
            let entry = look_up::<CODE_LENGTH_INDEX_BITS>(&self.distances, reader.bits.peek());
            let (code_bits, extra_bits) = (entry.code_bits(), entry.extra_bits());
            if reader.bits.count() < code_bits.wrapping_add(extra_bits) {
                return Err(Stop::NeedsInput);
            }
            reader.bits.skip(code_bits);
            let count = usize::from(entry.value()).wrapping_add(reader.bits.remove(extra_bits) as usize);
            let (length, count) = if entry.is_literal() {
                (entry.value() as u8, 1)
            } else if extra_bits == REPEAT_PREVIOUS {
                let previous = self.read.checked_sub(1).and_then(|at| self.lengths.get(at));
                (*previous.ok_or(Corrupt)?, count)
            } else {
                (0, count)
            };
            let end = self.read.wrapping_add(count);
            self.lengths.get_mut(self.read..end).filter(|_| end <= len).ok_or(Corrupt)?.fill(length);
            self.read = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{DynamicCodes, Stop};
    use crate::deflate::bits::tests::bytes_of;
    use crate::deflate::bits::{Bits, Reader};

    /// PMD-12 (RFC 1951 §3.2.7). The header has the codes of 256, 257, and two distances, and it ends with a
    /// byte: no more input is needed.
    #[test]
    fn a_header_ends_with_its_last_bit() {
        let sizes = "10000 10000 0111";
        // In their order, the third length is that of symbol 18, and the last that of symbol 1.
        let code_lengths = format!("000 000 100 {:042} 100", 0);
        // Symbol 1 is 0, symbol 18 is 1. §3.2.7: 18 repeats "a code length of 0 for 11 - 138 times": 138, then 118
        let lengths = "1 1111111 1 1101011 0 0 0 0";
        let header = bytes_of(&[sizes, &code_lengths, lengths].concat());
        assert_eq!(header.len(), 11);
        for end in 0..=header.len() {
            let mut codes = DynamicCodes::new();
            let (first, rest) = header.split_at(end);
            let mut reader = Reader::new(Bits::default(), first);
            let needs_input = if rest.is_empty() { Ok(()) } else { Err(Stop::NeedsInput) };
            assert_eq!(codes.read_header(&mut reader), needs_input, "{end}");
            let mut reader = Reader::new(reader.bits, rest);
            if needs_input.is_err() {
                assert_eq!(codes.read_header(&mut reader), Ok(()), "{end}");
            }
            assert_eq!((reader.bits.count(), reader.rest()), (0, &[][..]), "{end}");
        }
    }

    /// PMD-17 (RFC 1951 §3.2.7).
    #[test]
    fn more_codes_than_the_alphabets_have_are_corrupt() {
        let literals = [("286", "10111", true), ("287", "01111", false), ("288", "11111", false)];
        let distances = [("30", "10111", true), ("31", "01111", false), ("32", "11111", false)];
        for (literals, hlit, literals_exist) in literals {
            for (distances, hdist, distances_exist) in distances {
                let sizes = bytes_of(&[hlit, hdist, "0000"].concat());
                let result = DynamicCodes::new().read_header(&mut Reader::new(Bits::default(), &sizes));
                let stop = if literals_exist && distances_exist { Stop::NeedsInput } else { Stop::Corrupt };
                assert_eq!(result, Err(stop), "{literals}, {distances}");
            }
        }
    }
}
