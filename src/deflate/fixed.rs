//! Blocks with fixed Huffman codes (RFC 1951 §3.2.6), whose tables need no building.

use super::Corrupt;
use super::blocks::{Output, Stop, first};

/// The shortest length of each length code (RFC 1951 §3.2.5), 257 the first.
const LENGTHS: [u16; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
];

/// The shortest distance of each distance code.
const DISTANCES: [u16; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
    4097, 6145, 8193, 12289, 16385, 24577,
];

/// Bits that were taken from the input and not used, the first of them lowest. Bits above `count` are zero.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bits {
    pub(super) value: u64,
    pub(super) count: u32,
}

/// Inside such a block.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    /// Fewer than the next symbol has, between two calls.
    bits: Bits,
    /// How much is still to be repeated, and of how long ago.
    repeat: (u16, u16),
}

/// A symbol, with its extra bits and its distance.
enum Symbol {
    Literal(u8),
    Repeat(u16, u16),
    End,
}

impl Fixed {
    /// Behind the header.
    pub(super) const fn new(bits: Bits) -> Self {
        Self { bits, repeat: (0, 0) }
    }

    /// Decodes until the block ends: the bits behind it, fewer than eight.
    pub(super) fn decode(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<Bits, Stop> {
        loop {
            let (length, distance) = self.repeat;
            self.repeat.0 = length.saturating_sub(output.repeat(length, distance)?);
            if self.repeat.0 > 0 || output.is_full() {
                return Err(Stop::Full);
            }
            // A byte is taken where the bits do not make a symbol, so none is taken beyond the block.
            match self.bits.symbol()? {
                Some(Symbol::Literal(byte)) => output.put(byte),
                Some(Symbol::Repeat(length, distance)) => self.repeat = (length, distance),
                Some(Symbol::End) => return Ok(self.bits),
                None => self.bits.push(first(input)?),
            }
        }
    }
}

impl Bits {
    pub(super) const fn push(&mut self, byte: u8) {
        self.value |= (byte as u64) << (self.count & 63);
        self.count = self.count.saturating_add(8);
    }

    /// Sixteen at the most.
    pub(super) const fn take(&mut self, count: u32) -> Option<u16> {
        let Some(rest) = self.count.checked_sub(count) else { return None };
        let taken = self.value & !(u64::MAX << (count & 63));
        self.value >>= count & 63;
        self.count = rest;
        Some(taken as u16)
    }

    /// Takes the next symbol, if the bits are all there.
    fn symbol(&mut self) -> Result<Option<Symbol>, Corrupt> {
        let mut bits = *self;
        let symbol = bits.take_symbol().transpose()?;
        if symbol.is_some() {
            *self = bits;
        }
        Ok(symbol)
    }

    fn take_symbol(&mut self) -> Option<Result<Symbol, Corrupt>> {
        // Codes begin with their highest bit. Zeros in place of bits that are not there yet make no code
        // shorter.
        let code = (self.value as u16).reverse_bits() >> 7;
        let (symbol, count) = match code {
            0..0x060 => ((code >> 2).saturating_add(256), 7),
            0x060..0x180 => ((code >> 1).saturating_sub(0x30), 8),
            0x180..0x190 => ((code >> 1).saturating_sub(0xC0).saturating_add(280), 8),
            _ => (code.saturating_sub(0x190).saturating_add(144), 9),
        };
        self.take(count)?;
        match symbol {
            0..256 => return Some(Ok(Symbol::Literal(symbol as u8))),
            256 => return Some(Ok(Symbol::End)),
            _ => {}
        }
        let length = match self.take_extra(&LENGTHS, symbol.saturating_sub(257), 2)? {
            Ok(length) => length,
            Err(corrupt) => return Some(Err(corrupt)),
        };
        let code = self.take(5)?.reverse_bits() >> 11;
        Some(self.take_extra(&DISTANCES, code, 1)?.map(|distance| Symbol::Repeat(length, distance)))
    }

    /// The least value of a code and its extra bits: as many for each 2^`turn` codes in turn, and none for
    /// the first two turns.
    fn take_extra(&mut self, least: &[u16], code: u16, turn: u32) -> Option<Result<u16, Corrupt>> {
        let Some(value) = least.get(usize::from(code)) else { return Some(Err(Corrupt)) };
        // The length 258 has a code of its own.
        let count = if *value == 258 { 0 } else { (code >> turn).saturating_sub(1) };
        Some(Ok(value.saturating_add(self.take(u32::from(count))?)))
    }
}
