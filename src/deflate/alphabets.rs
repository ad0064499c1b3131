//! The alphabets of a block (RFC 1951 §3.2.5), and the tables of the fixed codes (§3.2.6).

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "constants: a number out of range is an error of the compiler"
)]

use super::codes::{Entry, MAX_SYMBOLS};

/// The index bits of the table for literals and lengths: the longest of the fixed codes, so that their table
/// needs no second level. zlib has the same size.
pub(super) const LITERAL_INDEX_BITS: u32 = 9;
/// The index bits of the table for distances: as in zlib, one more than the fixed codes have.
pub(super) const DISTANCE_INDEX_BITS: u32 = 6;

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

/// The literals, the end of a block, and the lengths. §3.2.6: "literal/length values 286-287 will never
/// actually occur"
pub(super) const LITERALS_AND_LENGTHS: [Entry; MAX_SYMBOLS] = {
    let mut entries = [Entry::INVALID; MAX_SYMBOLS];
    let mut symbol = 0;
    while symbol < 257 + BASE_LENGTHS.len() {
        entries[symbol] = match symbol {
            0..256 => Entry::literal(symbol as u16),
            256 => Entry::end_of_block(),
            _ => with_extra_bits(BASE_LENGTHS[symbol - 257], symbol - 257, 2),
        };
        symbol += 1;
    }
    entries
};

/// §3.2.6: "distance codes 30-31 will never actually occur"
pub(super) const DISTANCES: [Entry; 32] = {
    let mut entries = [Entry::INVALID; 32];
    let mut code = 0;
    while code < BASE_DISTANCES.len() {
        entries[code] = with_extra_bits(BASE_DISTANCES[code], code, 1);
        code += 1;
    }
    entries
};

/// The code lengths 0 to 15, and the codes that repeat a length (§3.2.7), with the least number of times.
pub(super) const CODE_LENGTHS: [Entry; 19] = {
    let mut entries = [Entry::INVALID; 19];
    entries[16] = Entry::base(3, REPEAT_PREVIOUS);
    entries[17] = Entry::base(3, 3);
    entries[18] = Entry::base(11, 7);
    let mut length = 0;
    while length < 16 {
        entries[length] = Entry::literal(length as u16);
        length += 1;
    }
    entries
};

/// The number of extra bits of the code that repeats the previous length; other codes repeat zeros (§3.2.7).
pub(super) const REPEAT_PREVIOUS: u32 = 2;

/// The fixed code for literals and lengths (§3.2.6).
pub(super) static FIXED_LITERALS: [Entry; 1 << LITERAL_INDEX_BITS] = {
    let mut entries = [Entry::INVALID; 1 << LITERAL_INDEX_BITS];
    let mut index = 0;
    while index < entries.len() {
        // The first bit of a code is the highest of a number, and the lowest of an index.
        let code = (index as u16).reverse_bits() >> (u16::BITS - LITERAL_INDEX_BITS);
        // The ranges of the codes, each extended to nine bits.
        let (symbol, code_bits) = match code {
            0..0x060 => ((code >> 2) + 256, 7),
            0x060..0x180 => ((code >> 1) - 0x30, 8),
            0x180..0x190 => ((code >> 1) - 0xC0 + 280, 8),
            _ => (code - 0x190 + 144, 9),
        };
        entries[index] = LITERALS_AND_LENGTHS[symbol as usize].with_code_bits(code_bits);
        index += 1;
    }
    entries
};

/// The fixed code for distances (§3.2.6): five bits.
pub(super) static FIXED_DISTANCES: [Entry; 1 << DISTANCE_INDEX_BITS] = {
    let mut entries = [Entry::INVALID; 1 << DISTANCE_INDEX_BITS];
    let mut index = 0;
    while index < entries.len() {
        let code = (index as u16).reverse_bits() >> (u16::BITS - 5);
        entries[index] = DISTANCES[code as usize].with_code_bits(5);
        index += 1;
    }
    entries
};

/// §3.2.5: the first two groups of 2^`group_bits` codes have no extra bits, and each further group has one
/// more than the group before it.
const fn with_extra_bits(base: u16, code: usize, group_bits: u32) -> Entry {
    let extra = if base == MAX_LENGTH { 0 } else { (code >> group_bits).saturating_sub(1) };
    Entry::base(base, extra as u32)
}
