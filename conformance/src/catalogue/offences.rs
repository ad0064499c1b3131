//! Reserved bits and opcodes (§5.2), and offences of which only the first bytes arrive.

use core::time::Duration;

use websocket_proto::wire::LengthForm;

use super::family::{Family, KINDS};
use super::framing::CONTROLS;
use crate::case::Case;
use crate::clause::Clause;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, CONTINUATION, Frame, Item, Masking, Payload, Step};
use crate::verdict::Breaks;

const RESERVED: Clause =
    Clause::rfc6455("5.2", "MUST be 0 unless an extension is negotiated that defines meanings");
const OPCODE: Clause = Clause::rfc6455("5.2", "opcode is received, the receiving endpoint MUST _Fail the");
const EARLY: Clause = Clause::rfc6455("7.1.7", "An endpoint MUST NOT continue to attempt to");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [reserved_bits(role), opcodes(role), early(role)].concat()
}

fn reserved_bits(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.2", "rsv", RESERVED);
    let data = KINDS.map(|(kind, opcode)| (kind, opcode, &b"Hello"[..]));
    let targets = [&data[..], &[("continuation", CONTINUATION, b"lo")], &CONTROLS].concat();
    let mut cases = Vec::new();
    for bits in 1..8 {
        for (name, opcode, payload) in &targets {
            let mut items = Vec::new();
            if *opcode == CONTINUATION {
                items.push(Item::Frame(Frame::text("Hel").unfinished()));
            }
            items.push(Item::Unanswered(Frame::new(*opcode, *payload).reserved(bits)));
            let title = format!("a {name} frame with the reserved bits {bits:03b}");
            cases.push(family.fail(format!("{bits}-{name}"), title, Violation::ReservedBits, items));
        }
    }
    cases
}

fn opcodes(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.2", "opcode", OPCODE);
    let mut cases = Vec::new();
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        let frames = [
            ("empty", "without a payload", Frame::new(opcode, "")),
            ("payload", "with a payload", Frame::new(opcode, "Hello")),
            ("fin0", "without FIN", Frame::new(opcode, "Hello").unfinished()),
        ];
        for (name, how, frame) in frames {
            let title = format!("a frame of the reserved opcode {opcode:x} {how}");
            let items = vec![Item::Unanswered(frame)];
            cases.push(family.fail(format!("{opcode:x}-{name}"), title, Violation::UnknownOpcode, items));
        }
    }
    for opcode in [0x3, 0x7, 0xB, 0xF] {
        let title = format!("a frame of the reserved opcode {opcode:x} between two fragments");
        let items = vec![
            Item::Frame(Frame::text("Hel").unfinished()),
            Item::Unanswered(Frame::new(opcode, "x")),
            Item::Unanswered(Frame::continuation("lo")),
        ];
        cases.push(family.fail(format!("{opcode:x}-inside-message"), title, Violation::UnknownOpcode, items));
    }
    cases
}

/// Only the bytes that show the offence, then a pause, then the rest and a probe.
fn early(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.2", "early", EARLY).policy();
    let msb = Frame::text(Payload::ascii(64)).declaring(1 << 63);
    let offences = [
        ("opcode", 1, Frame::new(0x3, "Hello"), Violation::UnknownOpcode),
        ("rsv", 1, Frame::text("Hello").reserved(2), Violation::ReservedBits),
        ("mask", 2, Frame::text("Hello").masking(Masking::Wrong), wrong_mask(role)),
        ("control-length", 2, Frame::ping(Payload::ascii(126)), Violation::ControlTooLong),
        ("control-fin", 1, Frame::ping("Hello").unfinished(), Violation::ControlFragmented),
        ("non-minimal", 4, Frame::text("Hello").form(LengthForm::Bits16), Violation::LengthNotMinimal),
        ("msb", 3, msb, Violation::LengthTooLarge),
    ];
    let cases = offences.map(|(name, len, frame, breaks)| {
        let title = format!("the first {len} bytes of a frame, which show an offence: {name}");
        let quiet = Step::Quiet(Duration::from_millis(250));
        let mut steps = vec![Step::Write(vec![Item::Start(frame, len)]), quiet];
        if name == "msb" {
            steps.extend([Step::Write(vec![Item::Rest]), Step::Await(Awaited::Reaction)]);
        } else {
            steps.push(Step::Write(vec![Item::Rest, Item::Probe]));
        }
        family.fail_in_steps(name, title, Breaks::Rule(breaks), steps)
    });
    cases.into()
}

/// The rule that a frame with the wrong masking breaks, sent to an endpoint of this role.
pub(super) const fn wrong_mask(role: Role) -> Violation {
    match role {
        Role::Server => Violation::Unmasked,
        Role::Client => Violation::Masked,
    }
}
