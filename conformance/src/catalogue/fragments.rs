//! Fragmentation (§5.4).

use super::family::{Family, KINDS, exchange, write};
use super::framing::payload;
use super::random_frames;
use crate::case::Case;
use crate::clause::Clause;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, CONTINUATION, Frame, Item, Payload, Step};
use crate::verdict::Breaks;

const SUPPORT: Clause =
    Clause::rfc6455("5.4", "Clients and servers MUST support receiving both fragmented and");
const SIZES: Clause = Clause::rfc6455("5.4", "A sender MAY create fragments of any size for non-control");
const BETWEEN: Clause =
    Clause::rfc6455("5.4", "An endpoint MUST be capable of handling control frames in the");
const CONTINUED: Clause =
    Clause::rfc6455("5.4", "with the FIN bit clear and the opcode set to 0, and terminated by");
const INTERLEAVED: Clause =
    Clause::rfc6455("5.4", "The fragments of one message MUST NOT be interleaved between the");
const TYPE: Clause = Clause::rfc6455("5.4", "the same type, as set by the first fragment's opcode.  Since");
const FAIL: Clause =
    Clause::rfc6455("10.7", "Incoming data MUST always be validated by both clients and servers.");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [
        counts(role),
        empty(role),
        sizes(role),
        between(role),
        stray(role),
        inside(role),
        types(role),
        random(role),
    ]
    .concat()
}

/// A message whose fragments have these lengths.
fn fragments(opcode: u8, lengths: &[usize]) -> Vec<Frame> {
    let mut rest = payload(opcode, lengths.iter().sum()).to_vec();
    let count = lengths.len();
    let frames = lengths.iter().enumerate().map(|(at, len)| {
        let tail = rest.split_off((*len).min(rest.len()));
        let part = core::mem::replace(&mut rest, tail);
        let frame = Frame::new(if at == 0 { opcode } else { CONTINUATION }, part);
        if at + 1 == count { frame } else { frame.unfinished() }
    });
    frames.collect()
}

fn counts(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.4", "fragments", SUPPORT);
    let mut cases = Vec::new();
    for count in [2, 3, 10, 100, 1000] {
        for (kind, opcode) in KINDS {
            let len = count * 10;
            let message = Frame::new(opcode, payload(opcode, len));
            let steps = vec![Step::Write(vec![Item::Fragments(message, 10)])];
            let title = format!("a {kind} message in {count} fragments");
            let case = family.echo(format!("{count}-{kind}"), title, steps);
            cases.push(case.needs_message(len).needs_fragments(count as u32));
        }
    }
    cases
}

fn empty(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.4", "empty", SIZES);
    let mut hundred = vec![0; 100];
    hundred.splice(..1, [5]);
    let patterns = [
        ("first", "the first of two fragments is empty", vec![0, 5]),
        ("middle", "the second of three fragments is empty", vec![5, 0, 5]),
        ("last", "the last of two fragments is empty", vec![5, 0]),
        ("all", "all three fragments are empty", vec![0, 0, 0]),
        ("100", "99 empty fragments follow the first", hundred),
    ];
    let mut cases = Vec::new();
    for (name, what, lengths) in patterns {
        for (kind, opcode) in KINDS {
            let steps = vec![write(fragments(opcode, &lengths))];
            let case = family.echo(format!("{name}-{kind}"), format!("a {kind} message: {what}"), steps);
            cases.push(case.needs_fragments(lengths.len() as u32));
        }
    }
    cases
}

fn sizes(role: Role) -> Vec<Case> {
    let message =
        |len, size| vec![Step::Write(vec![Item::Fragments(Frame::text(Payload::ascii(len)), size)])];
    let family = Family::new(role, "5.4", "one-byte-fragments", SIZES);
    let mut cases: Vec<_> = [125, 1000]
        .map(|len| {
            let title = format!("a text message of {len} bytes, one in each fragment");
            family.echo(len, title, message(len, 1)).needs_fragments(len as u32)
        })
        .into();
    let family = Family::new(role, "5.4", "fragments-1300-of-65536", SIZES);
    let title = "a text message of 65,536 bytes in fragments of 1,300 bytes";
    let case = family.echo("", title, message(65_536, 1300));
    cases.push(case.needs_message(65_536).needs_fragments(51));
    cases
}

fn between(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.4", "between", BETWEEN);
    let mut cases = Vec::new();
    for (kind, opcode) in KINDS {
        let two = fragments(opcode, &[3, 2]);
        let five = fragments(opcode, &[1, 2, 0, 3, 1]);
        let one = |frame: fn(String) -> Frame| move |gap: usize| vec![frame(format!("gap {gap}"))];
        let both = |gap| vec![Frame::ping(format!("first {gap}")), Frame::ping(format!("second {gap}"))];
        let (ping, pong) = (one(Frame::ping), one(Frame::pong));
        cases.extend([
            family.echo(
                format!("ping-{kind}"),
                format!("a Ping between two {kind} fragments"),
                gaps(&two, ping),
            ),
            family.echo(
                format!("pong-{kind}"),
                format!("a Pong between two {kind} fragments"),
                gaps(&two, pong),
            ),
            family.echo(
                format!("ping-each-gap-{kind}"),
                format!("a Ping in each gap between five {kind} fragments"),
                gaps(&five, ping),
            ),
            family.echo(
                format!("pong-each-gap-{kind}"),
                format!("a Pong in each gap between five {kind} fragments"),
                gaps(&five, pong),
            ),
            family.echo(
                format!("two-pings-{kind}"),
                format!("two Pings between two {kind} fragments"),
                gaps(&two, both),
            ),
        ]);
    }
    let family = Family::new(role, "5.4", "close-between", BETWEEN);
    for (kind, opcode) in KINDS {
        let frames = [Frame::new(opcode, "Hel").unfinished(), Frame::close(1000, b"")];
        let title = format!("a Close between two {kind} fragments");
        cases.push(family.close(kind, title, Some(1000), vec![write(frames)]));
    }
    cases
}

/// Fragments with control frames in the gaps. The suite sends the next fragment after the Pong.
fn gaps(frames: &[Frame], control: impl Fn(usize) -> Vec<Frame>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (gap, frame) in frames.iter().enumerate() {
        if gap > 0 {
            steps.push(write(control(gap)));
            steps.push(Step::Await(Awaited::RepliesSoon));
        }
        steps.push(write([frame.clone()]));
    }
    steps.push(Step::Await(Awaited::Replies));
    steps
}

fn stray(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.4", "stray", CONTINUED);
    let places: [(&str, &str, Vec<Frame>); 4] = [
        ("at-start", "at the start", vec![]),
        ("after-message", "after a message", vec![Frame::text("before")]),
        (
            "after-fragments",
            "after the last fragment",
            vec![Frame::text("be").unfinished(), Frame::continuation("fore")],
        ),
        ("after-ping", "after a Ping", vec![Frame::ping("before")]),
    ];
    let mut cases = Vec::new();
    for fin in ["fin", "fin0"] {
        for (size, payload) in [("empty", ""), ("payload", "Hello")] {
            for (place, where_, before) in &places {
                let frame = Frame { fin: fin == "fin", ..Frame::continuation(payload) };
                let title = format!("a continuation ({fin}, {size}) without a message, {where_}");
                let steps = if before.is_empty() { vec![] } else { exchange(before.iter().cloned()).into() };
                let items = vec![Item::Unanswered(frame)];
                let id = format!("{fin}-{size}-{place}");
                cases.push(family.fail_after(id, title, Violation::StrayContinuation, steps, items));
            }
        }
    }
    cases
}

fn inside(role: Role) -> Vec<Case> {
    let mut cases = Vec::new();
    for (outer, outer_opcode) in KINDS {
        for (inner, inner_opcode) in KINDS {
            for fin in ["fin", "fin0"] {
                for (size, payload) in [("empty", ""), ("payload", "Hello")] {
                    let family = Family::new(role, "5.4", "inside", INTERLEAVED);
                    let new = Frame { fin: fin == "fin", ..Frame::new(inner_opcode, payload) };
                    let title = format!("a new {inner} message ({fin}, {size}) inside a {outer} message");
                    let first = Item::Frame(Frame::new(outer_opcode, "Hel").unfinished());
                    let items = vec![first, Item::Unanswered(new)];
                    let id = format!("{outer}-new-{inner}-{fin}-{size}");
                    cases.push(family.fail(id, title, Violation::MessageInside, items));
                }
            }
        }
    }
    cases
}

fn types(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.4", "type-reset", TYPE);
    let text = [Frame::text("Hel").unfinished(), Frame::continuation("lo")];
    let binary = [Frame::binary(b"\xff\xfe").unfinished(), Frame::continuation(b"\x80\xc0")];
    let (first, second) =
        (vec![write(text.clone()), write(binary.clone())], vec![write(binary), write(text)]);
    vec![
        family.echo(
            "text-then-binary",
            "text in fragments, then bytes that are no UTF-8 in fragments",
            first,
        ),
        family.echo(
            "binary-then-text",
            "bytes that are no UTF-8 in fragments, then text in fragments",
            second,
        ),
    ]
}

fn random(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.4", "random-legal", SUPPORT);
    let legal = (1..=20).map(|number| {
        let title = "30 frames: random messages, fragments, control frames and cuts";
        family.echo(number, title, vec![]).derived(random_frames::legal)
    });
    let family = Family::new(role, "5.4", "random-offence", FAIL);
    let offences = (1..=20).map(|number| {
        let title = "random legal frames, then a random offence";
        let case = family.fail_in_steps(number, title, Breaks::AnyRule, vec![]);
        case.codes(&[1002, 1007]).in_content().derived(random_frames::offence)
    });
    legal.chain(offences).collect()
}
