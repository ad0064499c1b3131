//! Lengths of frames (§5.2, §5.4), and several frames in one write.

use core::time::Duration;

use websocket_proto::wire::LengthForm;

use super::family::{Family, KINDS, write};
use crate::case::Case;
use crate::clause::Clause;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, CLOSE, Frame, Item, OFFENCE_CODE, PING, PONG, Payload, Step, TEXT};
use crate::verdict::Breaks;

const LENGTH: Clause =
    Clause::rfc6455("5.2", "The length of the \"Payload data\", in bytes: if 0-125, that is the");
const MINIMAL: Clause =
    Clause::rfc6455("5.2", "in all cases, the minimal number of bytes MUST be used to encode");
const MSB: Clause =
    Clause::rfc6455("5.2", "most significant bit MUST be 0) are the payload length.  Multibyte");
const LIMITS: Clause =
    Clause::rfc6455("10.4", "exceeding those limits.  (For example, a malicious endpoint can try");
const FRAMES: Clause = Clause::rfc6455("5.1", "data is transmitted using a sequence of");
const FAIL: Clause = Clause::rfc6455("7.1.7", "An endpoint MUST NOT continue to attempt to");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [lengths(role), non_minimal(role), impossible(role), huge(role), one_write(role)].concat()
}

/// A payload of so many bytes that fits the opcode.
pub(super) fn payload(opcode: u8, len: usize) -> Payload {
    if opcode == TEXT { Payload::ascii(len) } else { Payload::counting(len) }
}

/// The control frames as offences: name, opcode, payload.
pub(super) const CONTROLS: [(&str, u8, &[u8]); 3] =
    [("ping", PING, b"Hello"), ("pong", PONG, b"Hello"), ("close", CLOSE, &OFFENCE_CODE.to_be_bytes())];

fn lengths(role: Role) -> Vec<Case> {
    const LENGTHS: [usize; 15] =
        [0, 1, 2, 124, 125, 126, 127, 128, 129, 65_534, 65_535, 65_536, 65_537, 131_072, 1_048_576];
    let cases = KINDS.into_iter().flat_map(|(kind, opcode)| {
        let family = Family::new(role, "5.2", kind, LENGTH);
        LENGTHS.into_iter().map(move |len| {
            let frame = Frame::new(opcode, payload(opcode, len));
            family
                .echo(len, format!("a {kind} message of {len} bytes"), vec![write([frame])])
                .needs_message(len)
        })
    });
    cases.collect()
}

fn non_minimal(role: Role) -> Vec<Case> {
    let forms: [(u8, LengthForm, &[usize]); 2] =
        [(16, LengthForm::Bits16, &[0, 1, 125]), (64, LengthForm::Bits64, &[0, 1, 125, 126, 65_535])];
    let mut cases = Vec::new();
    for (bits, form, lengths) in forms {
        let family = Family::new(role, "5.2", "non-minimal", MINIMAL);
        for len in lengths {
            for (kind, opcode) in KINDS {
                let title = format!("a {kind} frame of {len} bytes with its length in {bits} bits");
                let frame = Frame::new(opcode, payload(opcode, *len)).form(form);
                let items = vec![Item::Unanswered(frame)];
                cases.push(family.fail(
                    format!("{bits}-{len}-{kind}"),
                    title,
                    Violation::LengthNotMinimal,
                    items,
                ));
            }
        }
        for (kind, opcode, _) in CONTROLS {
            let title = format!("a {kind} frame of 2 bytes with its length in {bits} bits");
            let frame = Frame::new(opcode, OFFENCE_CODE.to_be_bytes().to_vec()).form(form);
            let items = vec![Item::Unanswered(frame)];
            cases.push(family.fail(format!("{bits}-{kind}"), title, Violation::LengthNotMinimal, items));
        }
    }
    cases
}

/// Lengths with the most significant bit. Their payload never ends, so no probe can follow.
fn impossible(role: Role) -> Vec<Case> {
    const LENGTHS: [u64; 4] = [1 << 63, 1 << 63 | 5, 0xFFFF_FFFF_FFFF_FFFC, u64::MAX];
    let family = Family::new(role, "5.2", "msb", MSB);
    let cases = LENGTHS.into_iter().flat_map(|len| {
        KINDS.into_iter().map(move |(kind, opcode)| {
            let title = format!("a {kind} frame of 0x{len:016x} bytes: the first bit of the length is set");
            let frame = Frame::new(opcode, payload(opcode, 64)).declaring(len);
            let steps = vec![Step::Write(vec![Item::Unanswered(frame)]), Step::Await(Awaited::Reaction)];
            let breaks = Breaks::Rule(Violation::LengthTooLarge);
            family.fail_in_steps(format!("{len:016x}-{kind}"), title, breaks, steps).codes(&[1002, 1009])
        })
    });
    cases.collect()
}

/// Legal lengths that an endpoint must not confuse with the short length that is left of them in 32 bits.
fn huge(role: Role) -> Vec<Case> {
    const LENGTHS: [u64; 3] = [0x1_0000_0005, 1 << 40, i64::MAX as u64];
    const SUMS: [(&str, u64); 2] = [("32bit", u32::MAX as u64), ("63bit", i64::MAX as u64)];
    let quiet = Step::Quiet(Duration::from_millis(250));
    let family = Family::new(role, "5.2", "huge", LIMITS);
    let mut cases = Vec::new();
    for len in LENGTHS {
        for (kind, opcode) in KINDS {
            let title = format!("a {kind} frame of 0x{len:x} bytes, of which 5 arrive");
            let frame = Frame::new(opcode, "Hello").declaring(len);
            let steps = vec![Step::Write(vec![Item::Unanswered(frame)]), quiet.clone()];
            let case = family.fail_in_steps(format!("{len:x}-{kind}"), title, Breaks::Limit, steps);
            cases.push(case.codes(&[1009]));
        }
    }
    let family = Family::new(role, "5.4", "sum-overflow", LIMITS);
    for (name, len) in SUMS {
        let title = format!("a fragment of 5 bytes, then one of 0x{len:x} bytes, of which 5 arrive");
        let first = Item::Frame(Frame::text("Hello").unfinished());
        let second = Item::Unanswered(Frame::continuation("Hello").declaring(len));
        let steps = vec![Step::Write(vec![first, second]), quiet.clone()];
        cases.push(family.fail_in_steps(name, title, Breaks::Limit, steps).codes(&[1009]));
    }
    cases
}

fn one_write(role: Role) -> Vec<Case> {
    const LONGEST: usize = 70_000;
    let family = Family::new(role, "5.2", "one-write", FRAMES);
    let mut cases = Vec::new();
    for count in [2, 10, 100, 1000] {
        let frames = (0..count).map(|number| Frame::text(format!("message {number}")));
        cases.push(family.echo(count, format!("{count} text messages in one write"), vec![write(frames)]));
    }
    let mixed = [
        Frame::text("one"),
        Frame::ping("two"),
        Frame::binary(b"\xff\x00"),
        Frame::text("fo").unfinished(),
        Frame::pong("unasked"),
        Frame::continuation("ur"),
        Frame::text(""),
        Frame::binary(Payload::counting(LONGEST)),
    ];
    let title = "messages, fragments, a Ping and a Pong in one write";
    cases.push(family.echo("mixed", title, vec![write(mixed)]).needs_message(LONGEST));
    let family = Family::new(role, "5.2", "one-write-then-offence", FAIL);
    let offences = [
        ("rsv", "a reserved bit", Frame::text("second").reserved(2), Violation::ReservedBits),
        ("opcode", "a reserved opcode", Frame::new(0x3, "second"), Violation::UnknownOpcode),
        ("utf8", "invalid UTF-8", Frame::text(b"second \xff"), Violation::TextNotUtf8),
    ];
    for (name, what, offence, breaks) in offences {
        let title = format!("a text message, and in the same write a frame with {what}");
        let items = vec![Item::Frame(Frame::text("first")), Item::Unanswered(offence)];
        let case = family.fail(name, title, breaks, items).codes(&[1002, 1007]);
        cases.push(if name == "utf8" { case.in_content() } else { case });
    }
    cases
}
