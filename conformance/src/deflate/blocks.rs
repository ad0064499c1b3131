//! A writer of DEFLATE blocks (RFC 1951 §3.2), legal or not.

use crate::judge::Token;

/// Blocks, one after another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks {
    bytes: Vec<u8>,
    /// The bits that are used in the last byte; 0 if all are.
    used: u32,
    /// The next block has BFINAL.
    is_final: bool,
}

/// RFC 1951 §3.2.4: "any bits of input up to the next byte boundary are ignored".
const STORED: u16 = 0;
const FIXED: u16 = 1;

impl Blocks {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The next block has BFINAL, and the one after it begins at a byte boundary.
    pub(crate) fn last(self) -> Self {
        Self { is_final: true, ..self }
    }

    /// A block without compression.
    pub(crate) fn stored(mut self, bytes: &[u8]) -> Self {
        self.header(STORED);
        self.align();
        let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&(!len).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// A block with fixed codes (§3.2.6).
    pub(crate) fn fixed(mut self, tokens: impl IntoIterator<Item = Token>) -> Self {
        let is_final = self.is_final;
        self.header(FIXED);
        for token in tokens {
            match token {
                Token::Literal(byte) => self.symbol(u16::from(byte)),
                Token::Match { length, distance } => self.reference(length, distance),
            }
        }
        self.symbol(256);
        if is_final {
            self.align();
        }
        self
    }

    /// These bits, the least significant one first.
    pub(crate) fn bits(mut self, value: u16, count: u32) -> Self {
        self.put(value, count);
        self
    }

    /// Other blocks of whole bytes, such as those that `miniz_oxide` writes.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.align();
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// An empty block without compression: a flush.
    pub(crate) fn flush(self) -> Self {
        self.stored(b"")
    }

    /// The payload of a message: the last block is an empty one of which four bytes are left out (RFC 7692
    /// §7.2.1).
    pub(crate) fn message(mut self) -> Vec<u8> {
        self.put(0, 3);
        self.bytes
    }

    /// The bytes as they are.
    pub(crate) fn unfinished(self) -> Vec<u8> {
        self.bytes
    }

    fn header(&mut self, kind: u16) {
        let is_final = core::mem::take(&mut self.is_final);
        self.put(u16::from(is_final), 1);
        self.put(kind, 2);
    }

    fn put(&mut self, value: u16, count: u32) {
        for place in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let bit = (value >> place & 1).to_le_bytes()[0];
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= bit << self.used;
            }
            self.used = (self.used + 1) % 8;
        }
    }

    fn align(&mut self) {
        self.used = 0;
    }

    /// §3.1.1: a code begins with its most significant bit.
    fn code(&mut self, code: u16, count: u32) {
        self.put(code.reverse_bits() >> (16 - count), count);
    }

    /// §3.2.6.
    fn symbol(&mut self, symbol: u16) {
        match symbol {
            0..=143 => self.code(0b0011_0000 + symbol, 8),
            144..=255 => self.code(0b1_1001_0000 + (symbol - 144), 9),
            256..=279 => self.code(symbol - 256, 7),
            _ => self.code(0b1100_0000 + symbol.saturating_sub(280), 8),
        }
    }

    /// §3.2.5: a length of 3 to 258, and a distance of 1 to 32,768.
    fn reference(&mut self, length: u16, distance: u16) {
        match length.saturating_sub(3) {
            255 => self.symbol(285),
            rest @ 0..8 => self.symbol(257 + rest),
            rest => {
                let extra = rest.ilog2().saturating_sub(2);
                self.symbol(257 + (extra as u16 * 4) + (rest >> extra));
                self.put(rest, extra);
            }
        }
        match distance.saturating_sub(1) {
            rest @ 0..4 => self.code(rest, 5),
            rest => {
                let extra = rest.ilog2().saturating_sub(1);
                self.code(extra as u16 * 2 + (rest >> extra), 5);
                self.put(rest, extra);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blocks, Token};
    use crate::judge::read_blocks;

    const HELLO: [Token; 5] = [
        Token::Literal(b'H'),
        Token::Literal(b'e'),
        Token::Literal(b'l'),
        Token::Literal(b'l'),
        Token::Literal(b'o'),
    ];

    /// RFC 7692 §7.2.3.
    #[test]
    fn the_examples_of_the_rfc_are_written() {
        assert_eq!(Blocks::new().fixed(HELLO).message(), b"\xf2\x48\xcd\xc9\xc9\x07\x00");
        assert_eq!(Blocks::new().stored(b"Hello").message(), b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00");
        assert_eq!(Blocks::new().last().fixed(HELLO).message(), b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00");
        let (he, llo) = HELLO.split_at(2);
        let two = Blocks::new().fixed(he.iter().copied()).flush().fixed(llo.iter().copied()).message();
        assert_eq!(two, b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00");
        let again = [Token::Literal(b'H'), Token::Match { length: 4, distance: 5 }];
        assert_eq!(Blocks::new().fixed(again).message(), b"\xf2\x00\x11\x00\x00");
    }

    /// The reader of the judge reads the same symbols.
    #[test]
    fn each_length_and_each_distance_is_written() {
        let literals = (0..=255).map(Token::Literal);
        let lengths = (3..=258).map(|length| Token::Match { length, distance: 1 });
        let distances = (1..=32_768).step_by(7).chain([32_768]);
        let distances = distances.map(|distance| Token::Match { length: 3, distance });
        let tokens: Vec<_> = literals.chain(lengths).chain(distances).collect();
        let bytes = Blocks::new().fixed(tokens.iter().copied()).flush().unfinished();
        assert_eq!(read_blocks(&bytes), Some(tokens));
    }
}
