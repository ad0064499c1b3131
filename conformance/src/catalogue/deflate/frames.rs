//! The frames of compressed messages (RFC 7692 §6).

use super::{HELLO, deflated, first, in_frames, whole};
use crate::case::Case;
use crate::catalogue::family::{Family, KINDS, exchange, write};
use crate::catalogue::framing::payload;
use crate::clause::Clause;
use crate::deflate::compress;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, BINARY, Frame, Item, OFFENCE_CODE, Payload, RSV1, Step, TEXT};

const CONCATENATE: Clause =
    Clause::new(7692, "6.2", "Concatenate the payload data portion of the received frames of");
const EMPTY: Clause =
    Clause::new(7692, "7.2.3.6", "endpoint just needs to send the last fragment with the FIN bit set to");
const BETWEEN: Clause =
    Clause::rfc6455("5.4", "An endpoint MUST be capable of handling control frames in the");
const FIRST_ONLY: Clause =
    Clause::new(7692, "6.1", "An endpoint MUST NOT set the \"Per-Message Compressed\" bit of control");
const RESERVED: Clause =
    Clause::rfc6455("5.2", "MUST be 0 unless an extension is negotiated that defines meanings");
const PLAIN: Clause =
    Clause::new(7692, "6", "message uses the concatenation of the application data portion of the");

/// The first bytes of [`HELLO`], and the others.
const HEL: &[u8] = b"\xf2\x48\xcd";
const LO: &[u8] = b"\xc9\xc9\x07\x00";

pub(super) fn cases(role: Role) -> Vec<Case> {
    [fragments(role), final_fragments(role), inside(role), offences(role), reserved_bits(role), plain(role)]
        .concat()
}

fn fragments(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:6.1", "fragments", CONCATENATE);
    let shapes = [
        ("2", "two fragments"),
        ("3", "three fragments"),
        ("10", "ten fragments"),
        ("one-byte", "fragments of one byte"),
        ("empty-middle", "three fragments, the second without a byte"),
        ("empty-last", "three fragments, the last without a byte"),
    ];
    let mut cases = Vec::new();
    for (name, what) in shapes {
        for (kind, opcode) in KINDS {
            let plain = payload(opcode, 200).to_vec();
            let packed = compress(&plain);
            let size = |count: usize| packed.len().div_ceil(count).max(1);
            let mut parts: Vec<&[u8]> = match name {
                "3" => packed.chunks(size(3)).collect(),
                "10" => packed.chunks(size(10)).collect(),
                "one-byte" => packed.chunks(1).collect(),
                _ => packed.chunks(size(2)).collect(),
            };
            match name {
                "empty-middle" => parts.insert(1, &[]),
                "empty-last" => parts.push(&[]),
                _ => {}
            }
            let items = in_frames(opcode, &parts, plain.clone());
            let title = format!("a compressed {kind} message in {what}");
            let case = family.echo_deflated(format!("{name}-{kind}"), title, items).needs_window(8);
            cases.push(case.needs_fragments(parts.len() as u32));
        }
    }
    cases
}

/// The messages of <https://github.com/crossbario/autobahn-testsuite/issues/59>, with RSV1 as §6.1 demands.
fn final_fragments(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:7.2.3.6", "final-fragment", EMPTY);
    let hello = [HELLO, b"\x00\x00\xff\xff"].concat();
    let world = b"\x0a\xcf\x2f\xca\x49\x01\x00\x00\x00\xff\xff";
    let one = in_frames(TEXT, &[&hello, b"\x00"], "Hello");
    let two = [one.clone(), in_frames(TEXT, &[world, b"\x00"], "World")].concat();
    vec![
        family.echo_deflated("00", "a message that ends with a fragment of the byte 00", one),
        family.echo_deflated("0100", "two messages that end with a fragment of the byte 00", two),
    ]
}

fn inside(role: Role) -> Vec<Case> {
    let mut cases = Vec::new();
    for (control, frame) in [("ping", Frame::ping("inside")), ("pong", Frame::pong("inside"))] {
        for (kind, opcode) in KINDS {
            let family = Family::new(role, "7692:6.1", control, BETWEEN);
            let plain = payload(opcode, 100).to_vec();
            let packed = compress(&plain);
            let (start, end) = packed.split_at_checked(packed.len() / 2).unwrap_or_default();
            let mut frames = in_frames(opcode, &[start, end], plain);
            let end = frames.split_off(1);
            let steps = vec![
                Step::Write(frames),
                write([frame.clone()]),
                Step::Await(Awaited::RepliesSoon),
                Step::Write(end),
                Step::Await(Awaited::Replies),
            ];
            let title = format!("a {control} between two fragments of a compressed {kind} message");
            cases.push(family.echo(format!("inside-{kind}"), title, steps).deflated().needs_window(8));
        }
    }
    let family = Family::new(role, "7692:6.1", "close-inside", BETWEEN);
    let mut items = in_frames(TEXT, &[HEL, LO], "Hello");
    items.truncate(1);
    items.push(Item::Frame(Frame::close(1000, b"")));
    let title = "a Close between two fragments of a compressed message";
    cases.push(family.close("", title, Some(1000), vec![Step::Write(items)]).deflated());
    cases
}

fn offences(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:6.1", "rsv1-on", FIRST_ONLY);
    let begin = || Item::Compressed { frame: first(TEXT, HEL).unfinished(), completes: None };
    let rest = || Frame::continuation(LO).reserved(RSV1);
    let offences = [
        (
            "continuation",
            "a fragment that is not the first",
            vec![begin(), Item::Unanswered(rest().unfinished())],
        ),
        ("last-continuation", "the last fragment", vec![begin(), Item::Unanswered(rest())]),
        ("ping", "a Ping", vec![Item::Unanswered(Frame::ping("Hello").reserved(RSV1))]),
        ("pong", "a Pong", vec![Item::Unanswered(Frame::pong("Hello").reserved(RSV1))]),
        ("close", "a Close", vec![Item::Unanswered(Frame::close(OFFENCE_CODE, b"").reserved(RSV1))]),
    ];
    let case = |(name, what, items)| {
        family.fail(name, format!("RSV1 on {what}"), Violation::ReservedBits, items).deflated()
    };
    offences.map(case).into()
}

fn reserved_bits(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:6", "rsv", RESERVED);
    let case = |bits: u8| {
        let payload = if bits & RSV1 == 0 { Payload::from("Hello") } else { HELLO.into() };
        let items = vec![Item::Unanswered(Frame::text(payload).reserved(bits))];
        let title = format!("a text frame with the reserved bits {bits:03b}, RSV1 agreed");
        family.fail(bits, title, Violation::ReservedBits, items).deflated()
    };
    [1, 2, 5, 6].map(case).into()
}

fn plain(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:6", "plain", PLAIN);
    let steps = |frames: &[Frame]| exchange(frames.iter().cloned()).to_vec();
    // Bytes that look like a compressed message.
    let text = [Frame::text("Hello"), Frame::text("\u{0}\u{5}\u{0}")];
    let binary = [Frame::binary(HELLO), Frame::binary(Payload::counting(1000))];
    let fragments = [Frame::binary(HEL).unfinished(), Frame::continuation(LO)];
    let mut alternating = Vec::new();
    for round in 0..5 {
        alternating.push(Item::Frame(Frame::text(format!("plain {round}"))));
        alternating.push(deflated(Frame::text(Payload::ascii(100 + round))));
        alternating.push(whole(BINARY, b"\x00", ""));
    }
    vec![
        family.echo("text", "uncompressed text messages", steps(&text)).deflated(),
        family
            .echo("binary", "an uncompressed binary message that could be inflated", steps(&binary))
            .deflated(),
        family.echo("empty", "an uncompressed empty message", steps(&[Frame::text("")])).deflated(),
        family.echo("fragmented", "an uncompressed message in two fragments", steps(&fragments)).deflated(),
        family.echo_deflated("alternating", "compressed and uncompressed messages in turn", alternating),
    ]
}
