//! Slow, large and many messages (§10.4): each is legal, and only the amount is unusual.

use super::family::{Family, KINDS, exchange, write};
use super::framing::payload;
use crate::case::{Case, Inputs, Open, Roles};
use crate::clause::Clause;
use crate::encode::encoded_len;
use crate::role::Role;
use crate::step::{Cuts, Frame, Item, Payload, Step};
use crate::verdict::{Pattern, Verdict};

const LENGTH: Clause =
    Clause::rfc6455("5.2", "following 8 bytes interpreted as a 64-bit unsigned integer (the");
const LIMITS: Clause =
    Clause::rfc6455("10.4", "limitations regarding the frame size or total message size after");
const SIZES: Clause = Clause::rfc6455("5.4", "A sender MAY create fragments of any size for non-control");
const FRAMES: Clause = Clause::rfc6455("5.1", "data is transmitted using a sequence of");
const ANY_TIME: Clause =
    Clause::rfc6455("5.1", "A data frame MAY be transmitted by either the client or the server at");

pub(super) fn cases(role: Role) -> Vec<Case> {
    let groups = [slow(role), many(role), sizes(role), fragmented(role), written(role), round_trips(role)];
    [groups.concat(), isolation(role)].concat()
}

/// One byte a millisecond, at most 200.
fn slow(role: Role) -> Vec<Case> {
    const LARGE: usize = 65_536;
    let family = Family::new(role, "10.4", "slow", FRAMES);
    let split = |frame: Frame, cuts| vec![Step::Split { items: vec![Item::Frame(frame)], cuts, paced: true }];
    let large = Frame::binary(Payload::counting(LARGE));
    let header = encoded_len(&[Item::Frame(large.clone())], role).saturating_sub(LARGE);
    let text = Frame::text("κόσμε 日本語 😀 Hello");
    let mut handshake = family.echo("handshake", "an opening handshake of four bytes a millisecond", vec![]);
    // Fewer than 64 parts: some endpoints take more for an attack, and other cases have a part for each byte.
    handshake.open = Open::InParts { cuts: Cuts::Every(4), paced: true };
    vec![
        family
            .echo(
                "header",
                "the header of a frame of 65,536 bytes, one byte a millisecond",
                split(large, Cuts::At((1..=header).collect())),
            )
            .needs_message(LARGE),
        family.echo(
            "payload",
            "a binary message of 150 bytes, one byte a millisecond",
            split(Frame::binary(Payload::counting(150)), Cuts::Every(1)),
        ),
        family.echo("text", "a text message, one byte a millisecond", split(text, Cuts::Every(1))),
        handshake,
    ]
}

fn many(role: Role) -> Vec<Case> {
    let family = Family::new(role, "10.4", "messages-10000", FRAMES);
    let kinds = [("empty", Frame::text("")), ("small", Frame::binary(Payload::counting(8)))];
    let cases = kinds.map(|(name, frame)| {
        let steps = exchange([frame.times(10_000)]).into();
        family.echo(name, format!("10,000 {name} messages in one write"), steps).heavy()
    });
    cases.into()
}

/// A number of bytes, and its name in ids.
type Size = (&'static str, usize);

fn sizes(role: Role) -> Vec<Case> {
    const SIZES: [Size; 6] = [
        ("64k", 1 << 16),
        ("256k", 1 << 18),
        ("1m", 1 << 20),
        ("4m", 1 << 22),
        ("8m", 1 << 23),
        ("16m", 1 << 24),
    ];
    let family = Family::new(role, "10.4", "size", LENGTH);
    let cases = SIZES.into_iter().flat_map(|(size, len)| {
        KINDS.map(|(kind, opcode)| {
            let steps = exchange([Frame::new(opcode, payload(opcode, len))]).into();
            let title = format!("a {kind} message of {len} bytes in one frame");
            family.echo(format_args!("{size}-{kind}"), title, steps).needs_message(len)
        })
    });
    cases.collect()
}

fn fragmented(role: Role) -> Vec<Case> {
    const TOTAL: usize = 1 << 22;
    const FRAGMENTS: [Size; 9] = [
        ("64", 64),
        ("256", 256),
        ("1k", 1 << 10),
        ("4k", 1 << 12),
        ("16k", 1 << 14),
        ("64k", 1 << 16),
        ("256k", 1 << 18),
        ("1m", 1 << 20),
        ("4m", 1 << 22),
    ];
    let family = Family::new(role, "10.4", "fragmented-4m", SIZES);
    let cases = FRAGMENTS.into_iter().flat_map(|(size, len)| {
        KINDS.map(|(kind, opcode)| {
            let message = Frame::new(opcode, payload(opcode, TOTAL));
            let steps = vec![Step::Write(vec![Item::Fragments(message, len)])];
            let title = format!("a {kind} message of 4 MiB in fragments of {len} bytes");
            let case = family.echo(format_args!("{size}-{kind}"), title, steps).needs_message(TOTAL);
            let fragments = u32::try_from(TOTAL / len).unwrap_or(u32::MAX);
            case.needs_fragments(fragments).heavy().allow(
                Pattern::Closed(&[1008, 1009]),
                Verdict::Lenient,
                LIMITS,
            )
        })
    });
    cases.collect()
}

fn written(role: Role) -> Vec<Case> {
    const LEN: usize = 1 << 20;
    const WRITES: [Size; 6] =
        [("64", 64), ("128", 128), ("256", 256), ("512", 512), ("1k", 1 << 10), ("2k", 1 << 11)];
    let family = Family::new(role, "10.4", "written-1m-in", LENGTH);
    let cases = WRITES.into_iter().flat_map(|(size, len)| {
        KINDS.map(|(kind, opcode)| {
            let items = vec![Item::Frame(Frame::new(opcode, payload(opcode, LEN)))];
            let steps = vec![Step::Split { items, cuts: Cuts::Every(len), paced: false }];
            let title = format!("a {kind} message of 1 MiB in writes of {len} bytes");
            family.echo(format_args!("{size}-{kind}"), title, steps).needs_message(LEN)
        })
    });
    cases.collect()
}

fn round_trips(role: Role) -> Vec<Case> {
    const SIZES: [Size; 6] =
        [("0", 0), ("16", 16), ("64", 64), ("256", 256), ("1k", 1 << 10), ("4k", 1 << 12)];
    let family = Family::new(role, "10.4", "round-trips", ANY_TIME);
    let cases = SIZES.into_iter().flat_map(|(size, len)| {
        KINDS.map(|(kind, opcode)| {
            let steps = (0..100).flat_map(|_| exchange([Frame::new(opcode, payload(opcode, len))])).collect();
            let title = format!("100 {kind} messages of {len} bytes, each after the echo of the last one");
            family.echo(format_args!("{size}-{kind}"), title, steps).needs_message(len)
        })
    });
    cases.collect()
}

/// Connections at once, of which each must get its own echoes.
fn isolation(role: Role) -> Vec<Case> {
    fn steps(inputs: &mut Inputs<'_>) -> Vec<Step> {
        let index = inputs.index;
        let message = |number| Frame::text(format!("message {number} of connection {index}"));
        let mut steps: Vec<_> = (0..20).flat_map(|number| exchange([message(number)])).collect();
        steps.extend([write((20..40).map(message)), Step::Barrier]);
        steps
    }
    let family = Family::new(role, "10.4", "isolation-64", ANY_TIME).roles(Roles::Server);
    let title = "64 connections at once: each gets its own echoes";
    let mut case = family.echo("", title, vec![]).derived(steps);
    case.parallel = 64;
    vec![case]
}
