//! Payloads that are no DEFLATE (RFC 7692 §7.2.2), and compressed text that is no UTF-8 (§8.1).

use super::{HELLO, first, whole};
use crate::case::{Case, Inputs};
use crate::catalogue::family::Family;
use crate::clause::Clause;
use crate::deflate::{Blocks, compress, is_refused};
use crate::judge::{Token, Violation};
use crate::role::Role;
use crate::step::{BINARY, Item, Step, TEXT};
use crate::verdict::Breaks;

const DECOMPRESS: Clause = Clause::new(7692, "7.2.2", "Decompress the resulting data using DEFLATE.");
const CONSTRAINTS: Clause =
    Clause::new(7692, "6.1", "decompression is subject to the constraints for the original data");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [corrupt(role), random(role), text(role)].concat()
}

/// Name, title, payload. A reader that never looks beyond a byte finds each fault, without knowing the end.
pub(super) fn payloads() -> [(&'static str, &'static str, Vec<u8>); 8] {
    let far = [Token::Literal(b'H'), Token::Match { length: 4, distance: 5 }];
    // RFC 1951 §3.2.7: the header of a block with dynamic codes: HLIT, HDIST and HCLEN.
    let dynamic = |lengths: u16| Blocks::new().bits(0b100, 3).bits(0, 10).bits(lengths, 4);
    let over = (0..19).fold(dynamic(15), |blocks, _| blocks.bits(1, 3));
    // Codes 00 for 18 and 01 for 0; the bits 11 are no code.
    let gap = [0, 0, 2, 2].into_iter().fold(dynamic(0), |blocks, len| blocks.bits(len, 3));
    let gap = gap.bits(u16::MAX, 16).bits(u16::MAX, 16);
    [
        ("block-type-3", "a block of type 3", [b"\x06", HELLO].concat()),
        (
            "stored-length",
            "a length that its complement contradicts",
            b"\x00\x05\x00\xfa\xfeHello\x00".to_vec(),
        ),
        ("distance-too-far", "a match before the first byte", Blocks::new().fixed(far).message()),
        ("over-subscribed", "more codes than there is room for", over.unfinished()),
        ("incomplete-code", "bits that are no code", gap.unfinished()),
        ("cut-block", "a block without its last bytes", b"\x00\x05\x00\xfa\xffHe".to_vec()),
        (
            "trailing-garbage",
            "bytes that are no block after the last",
            [HELLO, b"\x00\x00\xff\xff\xff\xff"].concat(),
        ),
        ("not-deflate", "text that is not compressed", b"Hello, Hello, Hello".to_vec()),
    ]
}

fn corrupt(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:7.2.2", "corrupt", DECOMPRESS);
    let cases = payloads().map(|(name, title, payload)| {
        let items = vec![Item::Unanswered(first(TEXT, payload))];
        let case = family.fail(name, title, Violation::NotInflatable, items);
        case.codes(&[1007, 1002]).in_content().deflated()
    });
    cases.into()
}

fn random(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:7.2.2", "corrupt-random", DECOMPRESS);
    let cases = (1..=10).map(|number| {
        let title = "a compressed message with a random bit changed";
        let case = family.fail_in_steps(number, title, Breaks::Rule(Violation::NotInflatable), vec![]);
        case.codes(&[1007, 1002]).in_content().derived(changed).deflated()
    });
    cases.collect()
}

/// A message with a bit changed, so that no reader can go on.
fn changed(inputs: &mut Inputs<'_>) -> Vec<Step> {
    let values = b"abcdefghijklmnop";
    let plain: Vec<u8> = (0..200).filter_map(|_| inputs.random.choose(values).copied()).collect();
    let payload = compress(&plain);
    let bits = (payload.len() as u64).saturating_mul(8);
    let mut corrupt = payload.clone();
    // Some of them do nothing, or are found only at the end.
    for _ in 0..10_000 {
        let bit = usize::try_from(inputs.random.below(bits)).unwrap_or_default();
        corrupt.clone_from(&payload);
        if let Some(byte) = corrupt.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        if is_refused(&corrupt) {
            break;
        }
    }
    vec![Step::Write(vec![Item::Unanswered(first(BINARY, corrupt)), Item::Probe])]
}

fn text(role: Role) -> Vec<Case> {
    let family = Family::new(role, "8.1", "deflate", CONSTRAINTS);
    let invalid = |name, title, plain: &[u8]| {
        let items = vec![Item::Unanswered(first(TEXT, compress(plain)))];
        family.fail(name, title, Violation::TextNotUtf8, items).codes(&[1007]).in_content().deflated()
    };
    let literals = |bytes: &[u8]| bytes.iter().map(|byte| Token::Literal(*byte)).collect::<Vec<_>>();
    let (start, end) = "κόσμε".as_bytes().split_at_checked(3).unwrap_or_default();
    let blocks = Blocks::new().fixed(literals(start)).flush().fixed(literals(end));
    vec![
        invalid("invalid", "compressed text that is not UTF-8", b"Hello \xff World"),
        invalid(
            "cut",
            "compressed text that ends inside a character",
            "κόσμ".as_bytes().get(..7).unwrap_or_default(),
        ),
        family.echo_deflated(
            "split-across-blocks",
            "a character of compressed text in two blocks",
            vec![whole(TEXT, blocks.message(), "κόσμε")],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::payloads;
    use crate::deflate::is_refused;

    /// An endpoint that does not look for the end of the last block refuses them as well.
    #[test]
    fn a_stream_that_may_go_on_is_refused() {
        for (name, _, payload) in payloads() {
            assert!(is_refused(&payload), "{name}");
        }
    }
}
