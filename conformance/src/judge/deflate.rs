//! The reader of DEFLATE blocks (RFC 1951 §3.2): bits, codes and lengths, in the words of the RFC. It finds
//! the distances that a sender uses; the bytes come from `miniz_oxide`.

use super::huffman::{Code, Codes, fixed_codes};

/// A symbol of a block, or a byte of one without compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two kinds of §3.2")]
pub enum Token {
    /// A byte.
    Literal(u8),
    /// So many bytes are those that precede by so many.
    Match {
        /// How many bytes: 3 to 258.
        length: u16,
        /// How far back: 1 to 32,768.
        distance: u16,
    },
}

/// Reads all blocks; a block with BFINAL ends at a byte boundary (RFC 7692 §7.2.1), and others may follow.
///
/// `None` if the bytes are no blocks, or end within one.
#[must_use]
pub fn read_blocks(bytes: &[u8]) -> Option<Vec<Token>> {
    let mut bits = Bits { bytes, at: 0 };
    let mut tokens = Vec::new();
    while bits.at < bytes.len().saturating_mul(8) {
        let is_final = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => bits.stored(&mut tokens)?,
            1 => bits.compressed(&mut tokens, &fixed_codes()?)?,
            2 => {
                let codes = bits.dynamic_codes()?;
                bits.compressed(&mut tokens, &codes)?;
            }
            _ => return None,
        }
        if is_final {
            bits.align();
        }
    }
    Some(tokens)
}

/// §3.2.5: the base length and the number of extra bits of the symbols 257 to 285.
const LENGTHS: [(u16, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// §3.2.7: the order of the lengths of the codes for code lengths.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Bits, from the least significant one of each byte on (§3.1.1).
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u16> {
        let mut number = 0;
        for place in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number |= u16::from(byte >> (self.at % 8) & 1) << place;
            self.at = self.at.checked_add(1)?;
        }
        Some(number)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// §3.2.4.
    fn stored(&mut self, tokens: &mut Vec<Token>) -> Option<()> {
        self.align();
        let (len, complement) = (self.take(16)?, self.take(16)?);
        if len != !complement {
            return None;
        }
        for _ in 0..len {
            tokens.push(Token::Literal(self.take(8)?.to_le_bytes()[0]));
        }
        Some(())
    }

    /// §3.2.2: codes of one length are consecutive numbers, and follow those of the length before.
    fn symbol(&mut self, code: &Code) -> Option<u16> {
        let (mut number, mut first, mut skipped) = (0_u32, 0_u32, 0_u32);
        for count in code.counts.iter().skip(1) {
            number = number << 1 | u32::from(self.take(1)?);
            first <<= 1;
            if number < first.checked_add(*count)? {
                let at = skipped.checked_add(number.checked_sub(first)?)?;
                return code.symbols.get(usize::try_from(at).ok()?).copied();
            }
            first = first.checked_add(*count)?;
            skipped = skipped.checked_add(*count)?;
        }
        None
    }

    /// §3.2.5.
    fn compressed(&mut self, tokens: &mut Vec<Token>, (literals, distances): &Codes) -> Option<()> {
        loop {
            match self.symbol(literals)? {
                256 => return Some(()),
                symbol @ ..=255 => tokens.push(Token::Literal(symbol.to_le_bytes()[0])),
                symbol => {
                    let (base, extra) = LENGTHS.get(usize::from(symbol.checked_sub(257)?))?;
                    let length = base.checked_add(self.take(*extra)?)?;
                    let symbol = self.symbol(distances).filter(|symbol| *symbol < 30)?;
                    // Two symbols for each number of extra bits, and four without any.
                    let extra = u32::from(symbol / 2).saturating_sub(1);
                    let base = if symbol < 4 { symbol } else { (2 | symbol & 1).checked_shl(extra)? };
                    let distance = base.checked_add(self.take(extra)?)?.checked_add(1)?;
                    tokens.push(Token::Match { length, distance });
                }
            }
        }
    }

    /// §3.2.7.
    fn dynamic_codes(&mut self) -> Option<Codes> {
        let (literals, distances) = (self.take(5)?.checked_add(257)?, self.take(5)?.checked_add(1)?);
        let mut of_lengths = [0; 19];
        for symbol in ORDER.iter().take(usize::from(self.take(4)?.checked_add(4)?)) {
            *of_lengths.get_mut(*symbol)? = self.take(3)?.to_le_bytes()[0];
        }
        let (code, count) = (Code::new(&of_lengths)?, usize::from(literals.checked_add(distances)?));
        let mut lengths = Vec::new();
        while lengths.len() < count {
            let (length, times) = match self.symbol(&code)? {
                16 => (*lengths.last()?, self.take(2)?.checked_add(3)?),
                17 => (0, self.take(3)?.checked_add(3)?),
                18 => (0, self.take(7)?.checked_add(11)?),
                length => (length.to_le_bytes()[0], 1),
            };
            lengths.extend((0..times).map(|_| length));
        }
        let (literals, distances) = lengths
            .get(..count)
            .filter(|all| all.len() == lengths.len())?
            .split_at_checked(literals.into())?;
        Some((Code::new(literals)?, Code::new(distances)?))
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, read_blocks};
    use crate::random::Random;
    use miniz_oxide::deflate::compress_to_vec;
    use miniz_oxide::inflate::decompress_to_vec;

    fn expand(tokens: &[Token]) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        for token in tokens {
            match *token {
                Token::Literal(byte) => bytes.push(byte),
                Token::Match { length, distance } => {
                    for _ in 0..length {
                        bytes.push(bytes[bytes.len() - usize::from(distance)]);
                    }
                }
            }
        }
        bytes
    }

    /// The same bytes as miniz_oxide reads, for all kinds of blocks.
    #[test]
    fn the_bytes_are_those_of_miniz() {
        let mut random = Random::new(1, "deflate", 0);
        for round in 0..60 {
            let len = [0, 1, 5, 300, 4000, 70_000][round % 6];
            let values = [1, 2, 30, 256][round / 6 % 4];
            let plain: Vec<u8> = (0..len).map(|_| random.below(values) as u8).collect();
            let packed = compress_to_vec(&plain, [0, 1, 6, 9][round % 4]);
            assert_eq!(decompress_to_vec(&packed).expect("DEFLATE"), plain);
            assert_eq!(expand(&read_blocks(&packed).expect("blocks")), plain, "{round}");
            for cut in [0, packed.len() / 2, packed.len() - 1] {
                assert!(cut == 0 || read_blocks(&packed[..cut]).is_none(), "{round}");
            }
        }
    }

    /// What miniz_oxide refuses is refused, unless it is a distance before the first byte.
    #[test]
    fn flipped_bits_have_the_same_result() {
        let mut random = Random::new(2, "deflate", 0);
        let plain: Vec<u8> = (0..400).map(|_| b"abcdefgh"[random.below(8) as usize]).collect();
        let packed = compress_to_vec(&plain, 9);
        let mut read = 0;
        for bit in 0..packed.len() * 8 {
            let mut flipped = packed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(plain) = decompress_to_vec(&flipped) {
                // Bytes after a block with BFINAL are none of miniz's business.
                if let Some(tokens) = read_blocks(&flipped) {
                    assert_eq!(expand(&tokens), plain, "{bit}");
                    read += 1;
                }
            }
        }
        assert!(read > 100, "{read}");
    }

    #[test]
    fn distances_have_their_value() {
        // §3.2.5, with fixed codes: a literal, then a match of 3 bytes.
        assert_eq!(read_blocks(b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff").unwrap().len(), 5);
        let tokens = read_blocks(b"\xf2\x00\x11\x00\x00\x00\x00\xff\xff").unwrap();
        assert_eq!(tokens, [Token::Literal(b'H'), Token::Match { length: 4, distance: 5 }]);
        assert_eq!(read_blocks(b"\x07"), None);
        assert_eq!(read_blocks(b"\x00\x01\x00\x00\x00a"), None);
    }
}
