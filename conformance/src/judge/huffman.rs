//! Huffman codes (RFC 1951 §3.2.2).

/// The codes for literals and lengths, and for distances.
pub(super) type Codes = (Code, Code);

/// §3.2.6.
pub(super) fn fixed_codes() -> Option<Codes> {
    let lengths = [[8; 144].as_slice(), &[9; 112], &[7; 24], &[8; 8]].concat();
    Some((Code::new(&lengths)?, Code::new(&[5; 30])?))
}

/// A Huffman code (§3.2.2): the symbols in the order of their codes, and how many have each length.
pub(super) struct Code {
    pub(super) counts: [u32; 16],
    pub(super) symbols: Vec<u16>,
}

impl Code {
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let (mut counts, mut symbols) = ([0_u32; 16], Vec::new());
        let mut free = 1_u32;
        for length in 1..16_u8 {
            let of_length = (0_u16..).zip(lengths).filter(|(_, other)| **other == length);
            symbols.extend(of_length.map(|(symbol, _)| symbol));
            let count = lengths.iter().filter(|other| **other == length).count();
            *counts.get_mut(usize::from(length))? = u32::try_from(count).ok()?;
            // More codes than the length has room for.
            free = (free << 1).checked_sub(u32::try_from(count).ok()?)?;
        }
        Some(Self { counts, symbols })
    }
}
