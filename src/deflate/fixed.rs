//! Blocks with fixed Huffman codes (RFC 1951 §3.2.6), which need no tables.

use super::output::{Corrupt, Output, Stop};

/// The base length of each length code (RFC 1951 §3.2.5), from code 257 on.
const BASE_LENGTHS: [u16; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
];

/// The base distance of each distance code (RFC 1951 §3.2.5).
const BASE_DISTANCES: [u16; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
    4097, 6145, 8193, 12289, 16385, 24577,
];

/// The longest length has a code without extra bits (RFC 1951 §3.2.5: code 285), unlike its neighbours.
const MAX_LENGTH: u16 = 258;

/// The bits of consumed input that are not decoded yet; the first one is the lowest. Bits above `count` are
/// zero.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bits {
    pub(super) value: u64,
    pub(super) count: u32,
}

/// A block with fixed codes, after its header.
#[derive(Debug, Clone)]
pub(super) struct FixedBlock {
    /// Between two calls: fewer bits than the next symbol has.
    bits: Bits,
    /// The rest of a back-reference for which the output had no room; its length is 0 if there is none.
    copy: BackReference,
}

#[derive(Debug, Clone, Copy, Default)]
struct BackReference {
    length: u16,
    distance: u16,
}

/// A symbol, with its extra bits and its distance.
enum Symbol {
    Literal(u8),
    Copy(BackReference),
    EndOfBlock,
}

impl FixedBlock {
    /// A block whose header was read; `bits` follow it.
    pub(super) fn new(bits: Bits) -> Self {
        Self { bits, copy: BackReference::default() }
    }

    /// Decodes until the block ends. Returns the bits after the block, fewer than eight.
    pub(super) fn decode(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<Bits, Stop> {
        loop {
            let BackReference { length, distance } = self.copy;
            // `copy_back` copies at most `length` bytes.
            self.copy.length = length.saturating_sub(output.copy_back(length, distance)?);
            if self.copy.length > 0 || output.is_full() {
                return Err(Stop::OutputFull);
            }
            // The next byte is read only if the bits are not a whole symbol, so no byte after the block is
            // consumed.
            match self.bits.next_symbol()? {
                Some(Symbol::Literal(byte)) => output.push(byte),
                Some(Symbol::Copy(copy)) => self.copy = copy,
                Some(Symbol::EndOfBlock) => return Ok(self.bits),
                None => self.bits.push(next_byte(input)?),
            }
        }
    }
}

impl Bits {
    /// Appends a byte. The longest symbol has 31 bits (8 + 5 for the length, 5 + 13 for the distance), and a
    /// byte is only appended to less than a symbol: `count` stays below 64.
    pub(super) const fn push(&mut self, byte: u8) {
        self.value |= (byte as u64) << (self.count & 63);
        self.count = self.count.saturating_add(8);
    }

    /// Removes the first `count` bits, at most 16; `None` if there are fewer.
    pub(super) const fn read(&mut self, count: u32) -> Option<u16> {
        let Some(rest) = self.count.checked_sub(count) else { return None };
        let read = self.value & !(u64::MAX << (count & 63));
        self.value >>= count & 63;
        self.count = rest;
        Some(read as u16)
    }

    /// Removes the next symbol; `None`, and no bit is removed, if some of its bits are missing.
    fn next_symbol(&mut self) -> Result<Option<Symbol>, Corrupt> {
        let mut bits = *self;
        let symbol = bits.read_symbol().transpose()?;
        if symbol.is_some() {
            *self = bits;
        }
        Ok(symbol)
    }

    /// Removes the next symbol; `None`, after some bits are removed, if some of its bits are missing.
    fn read_symbol(&mut self) -> Option<Result<Symbol, Corrupt>> {
        // RFC 1951 §3.1.1: Huffman codes are packed starting with their most significant bit. Missing bits
        // are zeros here, and `read` fails if the code reaches them.
        let code = (self.value as u16).reverse_bits() >> 7;
        // §3.2.6: the ranges of the codes, each extended to nine bits. The saturating operations stay in
        // range.
        let (symbol, count) = match code {
            0..0x060 => ((code >> 2).saturating_add(256), 7),
            0x060..0x180 => ((code >> 1).saturating_sub(0x30), 8),
            0x180..0x190 => ((code >> 1).saturating_sub(0xC0).saturating_add(280), 8),
            _ => (code.saturating_sub(0x190).saturating_add(144), 9),
        };
        self.read(count)?;
        match symbol {
            0..256 => return Some(Ok(Symbol::Literal(symbol as u8))),
            256 => return Some(Ok(Symbol::EndOfBlock)),
            _ => {}
        }
        // Symbols from 257 on are lengths.
        let length = match self.read_value(&BASE_LENGTHS, symbol.saturating_sub(257), 2)? {
            Ok(length) => length,
            Err(corrupt) => return Some(Err(corrupt)),
        };
        let code = self.read(5)?.reverse_bits() >> 11;
        let distance = self.read_value(&BASE_DISTANCES, code, 1)?;
        Some(distance.map(|distance| Symbol::Copy(BackReference { length, distance })))
    }

    /// Adds the extra bits of `code` to its base value. RFC 1951 §3.2.5: the first two groups of
    /// 2^`group_bits` codes have no extra bits, and each further group has one more than the group before
    /// it.
    fn read_value(&mut self, bases: &[u16], code: u16, group_bits: u32) -> Option<Result<u16, Corrupt>> {
        let Some(base) = bases.get(usize::from(code)) else { return Some(Err(Corrupt)) };
        // Saturating to 0 for the first group. The sum is at most 258, or 32,768 for a distance.
        let extra = if *base == MAX_LENGTH { 0 } else { (code >> group_bits).saturating_sub(1) };
        Some(Ok(base.saturating_add(self.read(u32::from(extra))?)))
    }
}

/// Consumes a byte of input.
pub(super) fn next_byte(input: &mut &[u8]) -> Result<u8, Stop> {
    let (byte, rest) = input.split_first().ok_or(Stop::NeedsInput)?;
    *input = rest;
    Ok(*byte)
}
