//! Messages of all kinds of DEFLATE blocks (RFC 7692 §7.2.1, RFC 1951 §3.2).

use super::whole;
use crate::case::Case;
use crate::catalogue::family::{Family, KINDS};
use crate::catalogue::framing::payload;
use crate::clause::Clause;
use crate::deflate::{Blocks, compress, huffman_only};
use crate::judge::Token;
use crate::role::Role;
use crate::step::TEXT;
use crate::verdict::{Pattern, Verdict};

const ANY_TYPE: Clause = Clause::new(7692, "7.2.1", "An endpoint MAY use DEFLATE blocks of any type.");
const SEVERAL: Clause =
    Clause::new(7692, "7.2.1", "An endpoint MAY use multiple DEFLATE blocks to compress one");
const FINAL: Clause =
    Clause::new(7692, "7.2.1", "An endpoint MAY use both DEFLATE blocks with the \"BFINAL\" bit set");
const EMPTY: Clause =
    Clause::new(7692, "7.2.3.6", "1 and the payload set to the DEFLATE block(s), which contains 0 bytes");
const WINDOW: Clause =
    Clause::new(7692, "7.2.2", "32,768-byte LZ77 sliding window to decompress received messages.");
const PLATFORMS: Clause =
    Clause::new(7692, "7.2.3.4", "flush data using DEFLATE blocks with \"BFINAL\" set to 1.");

/// A payload, and the inflated message.
type Message = (Vec<u8>, Vec<u8>);

/// Name, title, clause, the least window, and the message of an opcode.
type Shape = (&'static str, &'static str, Clause, u8, fn(u8) -> Message);

const SHAPES: [Shape; 15] = [
    ("stored", "a block without compression", ANY_TYPE, 8, |opcode| {
        let plain = plain(opcode, 100);
        (Blocks::new().stored(&plain).message(), plain)
    }),
    ("fixed", "a block with fixed codes", ANY_TYPE, 8, |opcode| {
        let plain = plain(opcode, 100);
        (Blocks::new().fixed(literals(&plain)).message(), plain)
    }),
    ("dynamic", "a block with dynamic codes", ANY_TYPE, 15, |opcode| {
        let plain = uneven(opcode);
        (compress(&plain), plain)
    }),
    ("multi-block", "two blocks, the second of which refers to the first", SEVERAL, 8, |opcode| {
        let plain = plain(opcode, 50);
        let again = Token::Match { length: 50, distance: 50 };
        (Blocks::new().fixed(literals(&plain)).fixed([again]).message(), plain.repeat(2))
    }),
    ("mixed-blocks", "blocks of all three types", SEVERAL, 15, |opcode| {
        let (plain, uneven) = (plain(opcode, 50), uneven(opcode));
        let blocks = Blocks::new().stored(&plain).fixed(literals(&plain)).flush();
        let blocks = blocks.bytes(&compress(&uneven)).bytes(b"\x00\x00\xff\xff").fixed(literals(&plain));
        (blocks.message(), [&plain, &plain, &uneven, &plain[..]].concat())
    }),
    ("sync-flush", "a flush, and a reference to the bytes before it", SEVERAL, 8, |opcode| {
        let plain = plain(opcode, 50);
        let again = Token::Match { length: 50, distance: 50 };
        (Blocks::new().fixed(literals(&plain)).flush().fixed([again]).message(), plain.repeat(2))
    }),
    ("full-flush", "a flush, and no reference to the bytes before it", SEVERAL, 8, |opcode| {
        let plain = plain(opcode, 50);
        (Blocks::new().fixed(literals(&plain)).flush().fixed(literals(&plain)).message(), plain.repeat(2))
    }),
    ("bfinal", "a block with BFINAL", FINAL, 8, |opcode| {
        let plain = plain(opcode, 100);
        (Blocks::new().last().fixed(literals(&plain)).message(), plain)
    }),
    ("bfinal-then-block", "a block with BFINAL, and another block", FINAL, 8, |opcode| {
        let plain = plain(opcode, 50);
        let blocks = Blocks::new().last().fixed(literals(&plain)).fixed(literals(&plain));
        (blocks.message(), plain.repeat(2))
    }),
    ("empty-00", "an empty message: the byte 00", EMPTY, 8, |_| (b"\x00".to_vec(), Vec::new())),
    ("no-bytes", "an empty message without a byte", EMPTY, 8, |_| (Vec::new(), Vec::new())),
    ("match-258", "a match of 258 bytes", ANY_TYPE, 8, |opcode| {
        let byte = plain(opcode, 1);
        let again = [Token::Match { length: 258, distance: 1 }];
        (Blocks::new().fixed(literals(&byte).chain(again)).message(), byte.repeat(259))
    }),
    ("distance-32768", "a match at a distance of 32,768 bytes", WINDOW, 15, |opcode| {
        let plain = plain(opcode, 32_768);
        let again = Token::Match { length: 258, distance: 32_768 };
        let whole = plain.iter().chain(plain.iter().take(258)).copied().collect();
        (Blocks::new().stored(&plain).fixed([again]).message(), whole)
    }),
    ("huffman-only", "dynamic codes without a match", ANY_TYPE, 8, |opcode| {
        let plain = uneven(opcode);
        (huffman_only(&plain), plain)
    }),
    ("one-byte", "a message of one byte", ANY_TYPE, 8, |opcode| {
        let plain = plain(opcode, 1);
        (Blocks::new().fixed(literals(&plain)).message(), plain)
    }),
];

pub(super) fn cases(role: Role) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, title, clause, window_bits, message) in SHAPES {
        for (kind, opcode) in KINDS {
            let family = Family::new(role, "7692:7.2.2", "inflate", clause);
            let (payload, plain) = message(opcode);
            let len = plain.len();
            let items = vec![whole(opcode, payload, plain)];
            let case = family.echo_deflated(format!("{name}-{kind}"), format!("{kind}: {title}"), items);
            let case = case.needs_window(window_bits).needs_message(len);
            cases.push(match name {
                "no-bytes" => case.allow(Pattern::AnyEnd, Verdict::Lenient, EMPTY),
                "bfinal" | "bfinal-then-block" => case.allow(Pattern::AnyEnd, Verdict::Lenient, PLATFORMS),
                _ => case,
            });
        }
    }
    cases
}

/// Text, or bytes that are none.
fn plain(opcode: u8, len: usize) -> Vec<u8> {
    let mut plain = payload(opcode, len).to_vec();
    if opcode != TEXT {
        // No byte of it begins a character.
        plain.iter_mut().for_each(|byte| *byte |= 0x80);
    }
    plain
}

/// Bytes of which some are more frequent: dynamic codes are worth it.
fn uneven(opcode: u8) -> Vec<u8> {
    let values = plain(opcode, 64);
    let places = (0_usize..3000).map(|n| n.wrapping_mul(n).wrapping_mul(n) / 11 % 64 * (n % 7) / 6);
    places.filter_map(|place| values.get(place).copied()).collect()
}

fn literals(bytes: &[u8]) -> impl Iterator<Item = Token> {
    bytes.iter().map(|byte| Token::Literal(*byte))
}

#[cfg(test)]
mod tests {
    use super::SHAPES;
    use crate::judge::{Direction, Inflater, Token, read_blocks};

    fn block_type(name: &str, opcode: u8) -> u8 {
        let message = SHAPES.iter().find(|shape| shape.0 == name).expect("a shape").4;
        message(opcode).0[0] >> 1 & 3
    }

    #[test]
    fn shapes_are_what_their_names_say() {
        for opcode in [1, 2] {
            assert_eq!(
                ["stored", "fixed", "dynamic", "huffman-only"].map(|name| block_type(name, opcode)),
                [0, 1, 2, 2]
            );
            for (name, _, _, window_bits, message) in SHAPES {
                let (payload, plain) = message(opcode);
                let mut inflater = Inflater::new(Direction { window_bits, takeover: true });
                assert_eq!(inflater.message(&payload).as_ref(), Ok(&plain), "{name}");
                assert_eq!(core::str::from_utf8(&plain).is_ok(), opcode == 1 || plain.is_empty(), "{name}");
                let tokens = read_blocks(&[&payload[..], b"\x00\x00\xff\xff"].concat()).unwrap_or_default();
                let has_match = tokens.iter().any(|token| matches!(token, Token::Match { .. }));
                assert!(!(name == "huffman-only" && has_match), "{name}");
            }
        }
    }
}
