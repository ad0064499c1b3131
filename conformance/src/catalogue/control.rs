//! Control frames (§5.5).

use super::family::{Family, exchange, write};
use super::framing::CONTROLS;
use crate::case::Case;
use crate::clause::Clause;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, CLOSE, Frame, Item, OFFENCE_CODE, Payload, Step};

const LENGTH: Clause =
    Clause::rfc6455("5.5", "All control frames MUST have a payload length of 125 bytes or less");
const FRAGMENTED: Clause = Clause::rfc6455("5.5", "and MUST NOT be fragmented.");
const PING: Clause =
    Clause::rfc6455("5.5.2", "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in");
const SAME: Clause =
    Clause::rfc6455("5.5.3", "A Pong frame sent in response to a Ping frame must have identical");
const PONG: Clause =
    Clause::rfc6455("5.5.3", "unidirectional heartbeat.  A response to an unsolicited Pong frame is");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [too_long(role), fragmented(role), pings(role), many_pings(role), pongs(role)].concat()
}

fn too_long(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5", "length", LENGTH);
    let cases = [126, 127, 65_535, 65_536].into_iter().flat_map(|len: usize| {
        CONTROLS.into_iter().map(move |(name, opcode, _)| {
            let payload = match opcode {
                CLOSE => [&OFFENCE_CODE.to_be_bytes()[..], &Payload::ascii(len.saturating_sub(2)).to_vec()]
                    .concat()
                    .into(),
                _ => Payload::ascii(len),
            };
            let items = vec![Item::Unanswered(Frame::new(opcode, payload))];
            let title = format!("a {name} frame of {len} bytes");
            family.fail(format!("{len}-{name}"), title, Violation::ControlTooLong, items)
        })
    });
    cases.collect()
}

fn fragmented(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5", "fin0", FRAGMENTED);
    let mut cases = Vec::new();
    for (name, opcode, payload) in CONTROLS {
        for (suffix, payload) in [("empty", &b""[..]), ("payload", payload)] {
            let title = format!("a {name} frame of {} bytes without FIN", payload.len());
            let items = vec![Item::Unanswered(Frame::new(opcode, payload).unfinished())];
            cases.push(family.fail(format!("{name}-{suffix}"), title, Violation::ControlFragmented, items));
        }
    }
    let first = Item::Unanswered(Frame::ping("He").unfinished());
    let items = vec![first, Item::Unanswered(Frame::continuation("llo"))];
    let title = "a ping frame without FIN, and a continuation";
    cases.push(family.fail("ping-continued", title, Violation::ControlFragmented, items));
    cases
}

fn pings(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5.2", "ping", SAME);
    let mut cases = Vec::new();
    for len in [1, 2, 8, 124, 125] {
        // From 0x80 on: no byte is ASCII.
        let bytes: Vec<u8> = (0x80..=0xFF).take(len).collect();
        let payloads = [("ascii", Payload::ascii(len)), ("bytes", bytes.into())];
        for (name, payload) in payloads {
            let title = format!("a Ping of {len} bytes ({name})");
            cases.push(family.echo(format!("{len}-{name}"), title, exchange([Frame::ping(payload)]).into()));
        }
    }
    let others: [(&str, &str, &'static [u8]); 3] = [
        ("empty", "a Ping without a payload", b""),
        ("not-utf8", "a Ping of bytes that are no UTF-8", b"\xff\xfe\xc0\x80\xed\xa0\x80"),
        ("zeros", "a Ping of zeros", &[0; 125]),
    ];
    for (name, title, payload) in others {
        cases.push(family.echo(name, title, exchange([Frame::ping(payload)]).into()));
    }
    cases
}

fn many_pings(role: Role) -> Vec<Case> {
    let ping = |number: usize| Frame::ping(format!("ping {number}"));
    let family = Family::new(role, "5.5.2", "pings", PING);
    let at_once = [2, 10, 100, 1000].map(|count| {
        let title = format!("{count} Pings in one write");
        let steps = exchange((0..count).map(ping)).into();
        family.echo(format_args!("{count}-at-once"), title, steps)
    });
    let awaited = [10, 100].map(|count| {
        let title = format!("{count} Pings, each after the Pong to the last one");
        let steps = (0..count).flat_map(|number| exchange([ping(number)])).collect();
        family.echo(format_args!("{count}-awaited"), title, steps)
    });
    at_once.into_iter().chain(awaited).collect()
}

fn pongs(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5.3", "pong", PONG);
    let mut cases: Vec<_> = [("empty", 0), ("5", 5), ("125", 125)]
        .map(|(name, len)| {
            let title = format!("a Pong of {len} bytes that no Ping asked for");
            let steps = vec![write([Frame::pong(Payload::ascii(len))])];
            family.echo(format_args!("{name}-unasked"), title, steps)
        })
        .into();
    let pongs = (0..100).map(|number| Frame::pong(format!("pong {number}")));
    cases.push(family.echo("100-unasked", "100 Pongs that no Ping asked for", vec![write(pongs)]));
    let steps = vec![
        write([Frame::text("before"), Frame::pong("no Ping had this payload"), Frame::text("after")]),
        Step::Await(Awaited::Replies),
    ];
    cases.push(family.echo("wrong-payload", "a Pong between two messages", steps));
    cases
}
