//! Text that is no UTF-8 (§8.1): each sequence as a whole message, and as the last fragment of one.

use super::family::Family;
use super::utf8::{INVALID, hex};
use crate::case::Case;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Frame, Item};

pub(super) fn cases(role: Role) -> Vec<Case> {
    let invalid = SEQUENCES.into_iter().flat_map(|(what, list)| {
        list.split(' ').flat_map(move |name| both(role, "invalid", name, what, sequence(name)))
    });
    let cut = CUT.split(' ').flat_map(|name| {
        let bytes =
            if name == "all-joined" { CUT.split(' ').flat_map(hex_of_cut).collect() } else { hex(name) };
        both(role, "cut", name, "a text that ends inside a character", bytes)
    });
    invalid.chain(cut).collect()
}

/// What is wrong, and the sequences.
const SEQUENCES: [(&str, &str); 7] = [
    ("continuation bytes without a lead byte", "80 bf 80bf 80bf80 all-continuations"),
    (
        "an overlong form",
        "c0af e080af f08080af f8808080af fc80808080af c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf c080 e08080 \
        f0808080 f880808080 fc8080808080",
    ),
    ("a surrogate", "eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf"),
    (
        "a pair of surrogates",
        "eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf edae80edb080 edae80edbfbf edafbfedb080 \
        edafbfedbfbf",
    ),
    (
        "a code point above U+10FFFF",
        "f4908080 f5808080 f7bfbfbf f888808080 fbbfbfbfbf fc8480808080 fdbfbfbfbfbf",
    ),
    ("bytes that no character has, or lead bytes alone", "fe ff fefeffff lead-2 lead-3 lead-4 lead-5 lead-6"),
    ("a character without all its bytes", "c241 e18041 e141 f1808041 f18041 f141"),
];

/// Sequences that end inside a character.
const CUT: &str = "c2 df e0a0 e1 e180 ed9f efbf f090 f09080 f1 f180 f18080 f48f f48fbf f7bfbf fbbfbfbf fdbfbfbfbf all-joined";

fn hex_of_cut(name: &str) -> Vec<u8> {
    if name == "all-joined" { Vec::new() } else { hex(name) }
}

/// The bytes of a sequence: hexadecimal digits, or a set of bytes.
fn sequence(name: &str) -> Vec<u8> {
    let leads = |bytes: core::ops::RangeInclusive<u8>| bytes.flat_map(|byte| [byte, b' ']).collect();
    match name {
        "all-continuations" => (0x80..=0xBF).collect(),
        "lead-2" => leads(0xC0..=0xDF),
        "lead-3" => leads(0xE0..=0xEF),
        "lead-4" => leads(0xF0..=0xF7),
        "lead-5" => leads(0xF8..=0xFB),
        "lead-6" => leads(0xFC..=0xFD),
        digits => hex(digits),
    }
}

fn both(role: Role, family: &'static str, name: &str, what: &str, bytes: Vec<u8>) -> [Case; 2] {
    let family = Family::new(role, "8.1", family, INVALID);
    let breaks = Violation::TextNotUtf8;
    let whole = vec![Item::Unanswered(Frame::text(bytes.clone()))];
    let fragments =
        vec![Item::Frame(Frame::text("Hello ").unfinished()), Item::Unanswered(Frame::continuation(bytes))];
    let cases = [
        family.fail(format_args!("{name}-whole"), format!("{what}: {name}"), breaks, whole),
        family.fail(
            format_args!("{name}-fragment"),
            format!("{what}, in the last fragment: {name}"),
            breaks,
            fragments,
        ),
    ];
    cases.map(|case| case.codes(&[1007]).in_content())
}
