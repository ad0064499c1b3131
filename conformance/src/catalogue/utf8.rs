//! Text that is UTF-8 (§8.1), and how early an endpoint reports text that is not.

use core::time::Duration;

use super::family::{Family, write};
use crate::case::Case;
use crate::clause::Clause;
use crate::encode::encoded_len;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, Cuts, Frame, Item, Payload, Step};
use crate::verdict::{Breaks, Pattern, Verdict};

const TEXT: Clause =
    Clause::rfc6455("5.6", "The \"Payload data\" is text data encoded as UTF-8.  Note that a");
const PARTIAL: Clause =
    Clause::rfc6455("5.6", "particular text frame might include a partial UTF-8 sequence;");
const BINARY: Clause =
    Clause::rfc6455("5.6", "The \"Payload data\" is arbitrary binary data whose interpretation");
pub(super) const INVALID: Clause =
    Clause::rfc6455("8.1", "that the byte stream is not, in fact, a valid UTF-8 stream, that");
const NONCHARACTER: Clause = Clause::new(3629, "3", "characters from the U+0000..U+10FFFF range (the UTF-16");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [valid(role), noncharacters(role), prefixes(role), splits(role), fail_fast(role), others(role)].concat()
}

/// The bytes of a string of hexadecimal digits.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let byte =
        |pair: &[u8]| core::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    pairs.filter_map(byte).collect()
}

fn valid(role: Role) -> Vec<Case> {
    let family = Family::new(role, "8.1", "valid", TEXT);
    let mut cases = vec![
        family.echo("ascii", "a text of ASCII", vec![write([Frame::text(Payload::ascii(94))])]),
        family.echo("nul", "a text with U+0000", vec![write([Frame::text("a\0b")])]),
    ];
    let sequences = [
        "7f", "c280", "dfbf", "e0a080", "ecbfbf", "ed9fbf", "ee8080", "efbfbd", "efbfbe", "efbfbf",
        "f0908080", "f3bfbfbf", "f48fbfbf",
    ];
    for digits in sequences {
        let bytes = hex(digits);
        let code = String::from_utf8_lossy(&bytes).chars().next().map_or(0, u32::from);
        cases.push(family.echo(digits, format!("U+{code:04X} as a text"), vec![write([Frame::text(bytes)])]));
    }
    let others = [
        ("bom", "a text that begins with U+FEFF", "\u{FEFF}Hello"),
        ("fdd0", "the noncharacter U+FDD0 as a text", "\u{FDD0}"),
        ("mixed", "a text of characters of each length", "Hello-µ@ßöäüàá-κόσμε-日本語-😀-UTF-8!!"),
    ];
    cases
        .extend(others.map(|(name, title, text)| family.echo(name, title, vec![write([Frame::text(text)])])));
    cases
}

fn noncharacters(role: Role) -> Vec<Case> {
    let family = Family::new(role, "8.1", "nonchar", NONCHARACTER);
    let cases = (0..=16_u32).flat_map(|plane| {
        [0xFFFE, 0xFFFF].map(move |low| {
            let code = plane << 16 | low;
            let text = char::from_u32(code).map(String::from).unwrap_or_default();
            let steps = vec![write([Frame::text(text)])];
            family.echo(
                format_args!("{plane}-{low:x}"),
                format!("the noncharacter U+{code:04X} as a text"),
                steps,
            )
        })
    });
    cases.collect()
}

/// Some prefixes of a Greek word end inside a character.
fn prefixes(role: Role) -> Vec<Case> {
    const WORD: &str = "κ\u{1F79}σμε";
    let cases = (1..=WORD.len()).map(|len| {
        let bytes = WORD.as_bytes().get(..len).unwrap_or_default().to_vec();
        let title = format!("the first {len} of 11 bytes of \"κόσμε\" as a text");
        let family = Family::new(role, "8.1", "prefix", TEXT);
        if WORD.is_char_boundary(len) {
            return family.echo(len, title, vec![write([Frame::text(bytes)])]);
        }
        let items = vec![Item::Unanswered(Frame::text(bytes))];
        family.clause(INVALID).fail(len, title, Violation::TextNotUtf8, items).codes(&[1007]).in_content()
    });
    cases.collect()
}

fn splits(role: Role) -> Vec<Case> {
    let family = Family::new(role, "8.1", "split", PARTIAL);
    let mut cases = Vec::new();
    for (len, text) in [(2, "aéb"), (3, "a€b"), (4, "a😀b")] {
        // The character begins after one byte.
        let cuts = 2..=len;
        let two = |cut: usize| {
            let (first, second) = text.as_bytes().split_at_checked(cut).unwrap_or_default();
            (Frame::text(first).unfinished(), Frame::continuation(second))
        };
        let fragments = cuts.clone().map(|cut| {
            let (first, second) = two(cut);
            vec![write([first, second])]
        });
        let title = format!("a character of {len} bytes, cut by the end of a fragment at each place");
        cases.push(family.echo_sweep(format!("{len}-byte-fragment"), title, fragments));
        let items = vec![Item::Frame(Frame::text(text))];
        let header = encoded_len(&items, role).saturating_sub(text.len());
        let writes = cuts.clone().map(|cut| {
            let cuts = Cuts::At(vec![header.saturating_add(cut)]);
            vec![Step::Split { items: items.clone(), cuts, paced: false }]
        });
        let title = format!("a character of {len} bytes, cut by the end of a write at each place");
        cases.push(family.echo_sweep(format!("{len}-byte-write"), title, writes));
        let pings = cuts.map(|cut| {
            let (first, second) = two(cut);
            vec![write([first, Frame::ping("inside"), second]), Step::Await(Awaited::Replies)]
        });
        let title = format!("a character of {len} bytes, cut by a Ping between fragments at each place");
        cases.push(family.echo_sweep(format!("{len}-byte-with-ping"), title, pings));
    }
    cases
}

/// The shortest sequences that no valid text contains.
const IMPOSSIBLE: [&str; 9] = ["c0", "c1", "f5", "ff", "80", "e09f", "eda0", "f08f", "f490"];

fn fail_fast(role: Role) -> Vec<Case> {
    let family = Family::new(role, "8.1", "fail-fast", INVALID);
    let breaks = Breaks::Rule(Violation::TextNotUtf8);
    let fragments = IMPOSSIBLE.map(|digits| {
        let first = Frame::text([b"Hello ", &hex(digits)[..]].concat()).unfinished();
        let steps = vec![
            Step::Write(vec![Item::Unanswered(first), Item::Probe]),
            Step::Write(vec![Item::Unanswered(Frame::continuation("")), Item::Probe]),
        ];
        let title = format!("a first fragment that ends in {digits}, which no UTF-8 contains");
        let case = family.should().fail_in_steps(format_args!("{digits}-fragment"), title, breaks, steps);
        case.codes(&[1007]).allow(Pattern::WentOn, Verdict::Fail, INVALID)
    });
    let frames = IMPOSSIBLE.map(|digits| {
        let bad = hex(digits);
        let middle = [&Payload::ascii(500).to_vec()[..], &bad[..]].concat();
        let rest = Payload::ascii(1000_usize.saturating_sub(middle.len())).to_vec();
        let frame = Frame::text([&middle[..], &rest[..]].concat());
        let all = encoded_len(&[Item::Unanswered(frame.clone())], role);
        let steps = vec![
            Step::Write(vec![Item::Start(frame, all.saturating_sub(rest.len()))]),
            Step::Quiet(Duration::from_millis(250)),
            Step::Write(vec![Item::Rest, Item::Probe]),
        ];
        let title = format!("the first half of a text frame of 1,000 bytes, which ends in {digits}");
        let case = family.policy().fail_in_steps(format_args!("{digits}-frame"), title, breaks, steps);
        case.codes(&[1007])
    });
    fragments.into_iter().chain(frames).collect()
}

fn others(role: Role) -> Vec<Case> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let binary = Family::new(role, "8.1", "not-for-binary", BINARY);
    let carry = Family::new(role, "8.1", "no-carry", BINARY);
    let family = Family::new(role, "8.1", "large", TEXT);
    let mut cases = vec![
        binary.echo("", "a binary message of each byte value", vec![write([Frame::binary(every_byte)])]),
        carry.echo(
            "",
            "a binary message that ends in c2, then a text message",
            vec![write([Frame::binary(b"a\xc2"), Frame::text("Hello")])],
        ),
    ];
    let texts: [(&str, &str, &'static str); 3] =
        [("ascii", "ASCII", "Hello"), ("cjk", "CJK", "日本語"), ("emoji", "emoji", "😀")];
    for (name, what, unit) in texts {
        // Whole characters, at most 1 MiB.
        let len = (1_usize << 20) / unit.len() * unit.len();
        let steps = vec![write([Frame::text(Payload::Repeat(unit.as_bytes(), len))])];
        cases.push(family.echo(name, format!("a text of 1 MiB of {what}"), steps).needs_message(len));
    }
    cases
}
