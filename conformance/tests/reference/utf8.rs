//! UTF-8 (RFC 3629 §4), one character at a time.

use super::fault::{Fault, Faults};

/// The state of a text after some of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// So many bytes are whole characters; the others begin one.
    Valid(usize),
    /// The bytes are no UTF-8.
    Invalid,
}

/// Reads the characters of `bytes`.
pub fn read(bytes: &[u8], faults: Faults) -> Text {
    let mut at = 0;
    while at < bytes.len() {
        let Some((len, second)) = character(bytes[at], faults) else { return Text::Invalid };
        let rest = &bytes[at + 1..bytes.len().min(at + len)];
        for (place, byte) in rest.iter().enumerate() {
            let range = if place == 0 { second.clone() } else { 0x80..=0xBF };
            if !range.contains(byte) {
                return Text::Invalid;
            }
        }
        if rest.len() + 1 < len {
            return Text::Valid(at);
        }
        if is_refused(&bytes[at..at + len], faults) {
            return Text::Invalid;
        }
        at += len;
    }
    Text::Valid(at)
}

/// The number of bytes of a character with this first byte, and the range of its second byte.
fn character(first: u8, faults: Faults) -> Option<(usize, core::ops::RangeInclusive<u8>)> {
    let tail = 0x80..=0xBF;
    Some(match first {
        0x00..=0x7F => (1, tail),
        0xC0..=0xC1 if faults.has(Fault::Utf8Overlong2) => (2, tail),
        0xC2..=0xDF => (2, tail),
        0xE0 if faults.has(Fault::Utf8Overlong3) => (3, tail),
        0xE0 => (3, 0xA0..=0xBF),
        0xED if faults.has(Fault::Utf8Surrogates) => (3, tail),
        0xED => (3, 0x80..=0x9F),
        0xE1..=0xEF => (3, tail),
        0xF0 => (4, 0x90..=0xBF),
        0xF4..=0xF7 if faults.has(Fault::Utf8Above10ffff) => (4, tail),
        0xF4 => (4, 0x80..=0x8F),
        0xF1..=0xF3 => (4, tail),
        0xF8..=0xFB if faults.has(Fault::Utf8FiveBytes) => (5, tail),
        0xFC..=0xFD if faults.has(Fault::Utf8FiveBytes) => (6, tail),
        _ => return None,
    })
}

fn is_refused(character: &[u8], faults: Faults) -> bool {
    let is_noncharacter = || {
        let character = core::str::from_utf8(character).ok().and_then(|text| text.chars().next());
        character.is_some_and(|c| u32::from(c) & 0xFFFE == 0xFFFE)
    };
    character == [0] && faults.has(Fault::Utf8NulRefused)
        || faults.has(Fault::Utf8NoncharRefused) && is_noncharacter()
}
