//! What one message leaves for the next (RFC 7692 §7.1.1, §7.2.1, §7.2.2).

use super::{HELLO, deflated, whole};
use crate::capabilities::Parameter;
use crate::case::{Case, Inputs};
use crate::catalogue::family::Family;
use crate::clause::Clause;
use crate::deflate::{Blocks, compress};
use crate::judge::{Parameters, Token};
use crate::role::Role;
use crate::step::{Awaited, BINARY, Frame, Item, Payload, Step, TEXT};
use crate::verdict::{Pattern, Verdict};

const SAME_WINDOW: Clause =
    Clause::new(7692, "7.2.2", "each new message using the LZ77 sliding window used to process the");
const UNAFFECTED: Clause =
    Clause::new(7692, "7.2.3.2", "unset) are inserted between the two \"Hello\" messages, they don't");
const EMPTY_WINDOW: Clause =
    Clause::new(7692, "7.2.1", "message with an empty LZ77 sliding window.  Otherwise, the client MAY");
const PLATFORMS: Clause =
    Clause::new(7692, "7.2.3.4", "flush data using DEFLATE blocks with \"BFINAL\" set to 1.");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [takeover(role), own_no_takeover(role), our_no_takeover(role)].concat()
}

/// RFC 7692 §7.2.3.2: "Hello" again.
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

fn takeover(role: Role) -> Vec<Case> {
    let (hello, again) = (|| whole(TEXT, HELLO, "Hello"), || whole(TEXT, AGAIN, "Hello"));
    let bytes = Payload::counting(100).to_vec();
    let literals = Blocks::new().fixed(bytes.iter().map(|byte| Token::Literal(*byte))).message();
    let reference = Blocks::new().fixed([Token::Match { length: 100, distance: 100 }]).message();
    let first = whole(BINARY, literals, bytes.clone());
    let repeated = whole(BINARY, reference, bytes);
    let hundred = [vec![first.clone()], vec![repeated.clone(); 99]].concat();
    let final_hello = whole(TEXT, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello");
    let plain = Item::Frame(Frame::text(Payload::ascii(300)));
    let scripts = [
        ("same-twice", "the example of §7.2.3.2", SAME_WINDOW, vec![hello(), again()]),
        ("back-reference", "a message that is one reference to the last", SAME_WINDOW, vec![first, repeated]),
        ("100-messages", "100 messages, each of which refers to the last", SAME_WINDOW, hundred),
        (
            "across-plain",
            "a reference across an uncompressed message",
            UNAFFECTED,
            vec![hello(), plain, again()],
        ),
        (
            "across-empty",
            "a reference across an empty compressed message",
            SAME_WINDOW,
            vec![hello(), whole(TEXT, b"\x00", ""), again()],
        ),
        ("across-bfinal", "a reference across a block with BFINAL", SAME_WINDOW, vec![final_hello, again()]),
    ];
    let cases = scripts.map(|(name, title, clause, items)| {
        let family = Family::new(role, "7692:7.2.1", "takeover", clause);
        let case = family.echo_deflated(name, title, items).needs_takeover().needs_window(8);
        match name {
            "across-bfinal" => case.allow(Pattern::AnyEnd, Verdict::Lenient, PLATFORMS),
            _ => case,
        }
    });
    cases.into()
}

/// The answer forbids what the endpoint compresses to refer to earlier messages.
fn own_no_takeover(role: Role) -> Vec<Case> {
    let (parameters, parameter) = match role {
        Role::Server => {
            (Parameters { snct: true, ..Parameters::default() }, Parameter::ServerNoContextTakeover)
        }
        Role::Client => {
            (Parameters { cnct: true, ..Parameters::default() }, Parameter::ClientNoContextTakeover)
        }
    };
    let family = Family::new(role, "7692:7.1.1", "own-no-takeover", EMPTY_WINDOW);
    let text = || deflated(Frame::text(Payload::ascii(300)));
    let plain = || Item::Frame(Frame::text(Payload::ascii(300)));
    let random = |inputs: &mut Inputs<'_>| {
        exchange_and_barrier(similar(inputs).map(|text| deflated(Frame::text(text))))
    };
    [
        family.echo_deflated(
            "same-twice",
            "the same message twice: no reply refers to another",
            vec![text(), text()],
        ),
        family.echo("random-10", "ten similar messages: no reply refers to another", vec![]).derived(random),
        family.echo_deflated(
            "after-plain",
            "a message after an uncompressed one: no reply refers to another",
            vec![text(), plain(), text()],
        ),
    ]
    .map(|case| case.deflate(parameters).needs_parameter(parameter))
    .into()
}

/// Nothing that the suite compresses refers to earlier messages.
fn our_no_takeover(role: Role) -> Vec<Case> {
    let parameters = match role {
        Role::Server => Parameters { cnct: true, ..Parameters::default() },
        Role::Client => Parameters { snct: true, ..Parameters::default() },
    };
    let family = Family::new(role, "7692:7.1.1", "our-no-takeover", SAME_WINDOW);
    let alone = |plain: Vec<u8>| whole(TEXT, compress(&plain), plain);
    let text = || alone(Payload::ascii(120).to_vec());
    let plain = || Item::Frame(Frame::text(Payload::ascii(300)));
    let random = |inputs: &mut Inputs<'_>| {
        exchange_and_barrier(similar(inputs).map(|text| whole(TEXT, compress(&text), text)))
    };
    [
        family.echo_deflated(
            "same-twice",
            "the same message twice: none refers to another",
            vec![text(), text()],
        ),
        family.echo("random-10", "ten similar messages: none refers to another", vec![]).derived(random),
        family.echo_deflated(
            "after-plain",
            "a message after an uncompressed one: none refers to another",
            vec![text(), plain(), text()],
        ),
    ]
    .map(|case| case.deflate(parameters).needs_window(8))
    .into()
}

fn exchange_and_barrier(items: impl Iterator<Item = Item>) -> Vec<Step> {
    vec![Step::Write(items.collect()), Step::Await(Awaited::Replies), Step::Barrier]
}

/// Ten random texts of at most 200 bytes that share words.
fn similar<'a>(inputs: &'a mut Inputs<'_>) -> impl Iterator<Item = Vec<u8>> + 'a {
    const WORDS: [&str; 8] =
        ["window ", "takeover ", "message ", "sliding ", "endpoint ", "compress ", "context ", "deflate "];
    (0..10).map(|_| {
        let count = 8 + inputs.random.below(12);
        let words = (0..count).filter_map(|_| inputs.random.choose(&WORDS).copied());
        words.collect::<String>().into_bytes()
    })
}
