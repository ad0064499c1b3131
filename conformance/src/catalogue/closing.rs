//! The closing handshake (§5.5.1, §7), close codes and reasons, and the end of the connection.

use core::time::Duration;

use super::family::{Family, write};
use crate::case::{Case, Roles};
use crate::clause::Clause;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, CLOSE, Frame, Item, OFFENCE_CODE, Payload, Step};
use crate::verdict::{Breaks, Pattern, Verdict};

const REPLY: Clause =
    Clause::rfc6455("5.5.1", "Close frame, the endpoint MUST send a Close frame in response.  (When");
const ECHOES: Clause =
    Clause::rfc6455("5.5.1", "sending a Close frame in response, the endpoint typically echos the");
const BODY: Clause =
    Clause::rfc6455("5.5.1", "the body MUST be a 2-byte unsigned integer (in network byte order)");
const REASON: Clause =
    Clause::rfc6455("5.5.1", "Following the 2-byte integer, the body MAY contain UTF-8-encoded data");
const CODES: Clause =
    Clause::rfc6455("7.4.1", "Endpoints MAY use the following pre-defined status codes when sending");
const RESERVED: Clause =
    Clause::rfc6455("7.4.1", "is a reserved value and MUST NOT be set as a status code in a");
const UNUSED: Clause = Clause::rfc6455("7.4.2", "Status codes in the range 0-999 are not used.");
const RANGES: Clause =
    Clause::rfc6455("7.4.2", "Status codes in the range 1000-2999 are reserved for definition by");
const PRIVATE: Clause =
    Clause::rfc6455("7.4.2", "Status codes in the range 4000-4999 are reserved for private use");
const UTF8: Clause =
    Clause::rfc6455("8.1", "that the byte stream is not, in fact, a valid UTF-8 stream, that");
const DISCARD: Clause =
    Clause::rfc6455("5.5.1", "After both sending and receiving a Close message, an endpoint");
const LOST: Clause =
    Clause::rfc6455("7.1.1", "cleanly closes the TCP connection, as well as the TLS session, if");
const FAIL: Clause =
    Clause::rfc6455("7.1.7", "endpoint after being instructed to _Fail the WebSocket Connection_.");
const END: Clause = Clause::rfc6455("7.2.1", "If at any point the underlying transport layer connection is");
const SERVER_FIRST: Clause =
    Clause::rfc6455("7.1.1", "The underlying TCP connection, in most normal cases, SHOULD be closed");
const CLIENT_WAITS: Clause =
    Clause::rfc6455("7.1.1", "same, it SHOULD wait for a TCP Close from the server.");

pub(super) fn cases(role: Role) -> Vec<Case> {
    let groups =
        [legal(role), codes(role), bad_codes(role), bodies(role), after_close(role), before_close(role)];
    [groups.concat(), transport(role), after_offence(role), ends(role)].concat()
}

fn close(code: u16, reason: &[u8]) -> Vec<Step> {
    vec![write([Frame::close(code, reason)])]
}

fn legal(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5.1", "close", REPLY);
    let empty = vec![write([Frame::new(CLOSE, "")])];
    vec![
        family
            .close("empty", "a Close without a body", Some(1000), empty)
            .allow(Pattern::ClosedEmpty, Verdict::Pass, ECHOES)
            .same(),
        family.close("1000", "a Close with the code 1000", Some(1000), close(1000, b"")).same(),
        family.close("1000-reason", "a Close with a reason", Some(1000), close(1000, b"going home")).same(),
        family
            .close(
                "1000-reason-123",
                "a Close with a reason of 123 bytes",
                Some(1000),
                close(1000, &[b'r'; 123]),
            )
            .same(),
    ]
}

fn codes(role: Role) -> Vec<Case> {
    const LEGAL: [u16; 16] =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
    let family = Family::new(role, "7.4", "code", CODES);
    let cases = LEGAL.map(|code| {
        let title = format!("a Close with the code {code}");
        let clause = if code < 3000 { CODES } else { PRIVATE };
        let case = family.clause(clause).close(code, title, Some(code), close(code, b"")).same();
        // 1002 says that the code is no legal one. IANA registered 1012 to 1014 after the RFC, and the RFC
        // gives servers no use for 1010.
        let is_dubious = matches!(code, 1002 | 1012..=1014) || code == 1010 && role == Role::Client;
        if is_dubious { case } else { case.allow(Pattern::Closed(&[1002]), Verdict::Fail, clause) }
    });
    cases.into()
}

fn bad_codes(role: Role) -> Vec<Case> {
    const BAD: [u16; 11] = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999];
    const UNDEFINED: [u16; 3] = [5000, 10_000, 65_535];
    let offence = |code| vec![Item::Unanswered(Frame::close(code, b""))];
    let bad = BAD.map(|code| {
        let clause = match code {
            0..=999 => UNUSED,
            1005 | 1006 | 1015 => RESERVED,
            _ => RANGES,
        };
        let family = Family::new(role, "7.4", "bad-code", clause);
        let title = format!("a Close with the code {code}, which no Close may carry");
        let case = family.fail(code, title, Violation::CloseCode, offence(code));
        case.allow(Pattern::Closed(&[1000]), Verdict::Fail, clause)
    });
    let undefined = UNDEFINED.map(|code| {
        let family = Family::new(role, "7.4", "undefined-code", PRIVATE).policy();
        let title = format!("a Close with the code {code}, which the RFC does not mention");
        let steps = vec![Step::Write([offence(code), vec![Item::Probe]].concat())];
        let case = family.fail_in_steps(code, title, Breaks::Limit, steps);
        case.allow(Pattern::AnyEnd, Verdict::Pass, PRIVATE)
    });
    bad.into_iter().chain(undefined).collect()
}

fn bodies(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5.1", "one-byte-body", BODY);
    let items = vec![Item::Unanswered(Frame::new(CLOSE, b"\x03"))];
    let mut cases =
        vec![family.fail("", "a Close with a body of one byte", Violation::CloseBodyTooShort, items)];
    let family = Family::new(role, "5.5.1", "reason", REASON);
    let reasons = [
        ("2-byte", "a reason with characters of 2 bytes", "é à"),
        ("4-byte", "a reason with a character of 4 bytes", "bye 😀"),
        ("nul", "a reason with U+0000", "bye\0"),
        ("bom", "a reason that begins with U+FEFF", "\u{FEFF}bye"),
    ];
    for (name, title, reason) in reasons {
        cases.push(family.close(name, title, Some(1000), close(1000, reason.as_bytes())));
    }
    let family = Family::new(role, "5.5.1", "reason-bad", UTF8);
    let reasons: [(&str, &[u8]); 4] =
        [("ff", b"\xff"), ("c080", b"\xc0\x80"), ("e282", b"\xe2\x82"), ("eda080", b"\xed\xa0\x80")];
    for (name, reason) in reasons {
        let items = vec![Item::Unanswered(Frame::close(OFFENCE_CODE, reason))];
        let title = format!("a Close with a reason that is no UTF-8: {name}");
        cases.push(family.fail(name, title, Violation::ReasonNotUtf8, items).codes(&[1007, 1002]));
    }
    cases
}

/// Frames after our Close, in the same write.
fn after_close(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5.1", "after-close", DISCARD);
    let frames = [
        ("text", "a text message", Item::Unanswered(Frame::text("after"))),
        ("binary", "a binary message", Item::Unanswered(Frame::binary("after"))),
        ("ping", "a Ping", Item::Unanswered(Frame::ping("after"))),
        ("pong", "a Pong", Item::Unanswered(Frame::pong("after"))),
        ("close", "a second Close", Item::Unanswered(Frame::close(1000, b""))),
        ("fragment", "a fragment", Item::Unanswered(Frame::text("after").unfinished())),
        ("garbage", "bytes that are no frame", Item::Bytes((&[0xFF; 20]).into())),
        ("1m", "a binary message of 1 MiB", Item::Unanswered(Frame::binary(Payload::counting(1 << 20)))),
    ];
    let cases = frames.map(|(name, what, after)| {
        let steps = vec![Step::Write(vec![Item::Frame(Frame::close(1000, b"")), after])];
        // Unread input makes a kernel reset the connection, which may discard the Close.
        let case = family.close(name, format!("a Close, and {what} in the same write"), Some(1000), steps);
        case.allow(Pattern::Reset, Verdict::Lenient, LOST)
    });
    cases.into()
}

/// Frames before our Close, in the same write.
fn before_close(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5.1", "close-after", REPLY);
    let texts = (0..100).map(|number| Frame::text(format!("message {number}"))).collect();
    let frames = [
        ("text", "a text message", vec![Frame::text("before")]),
        ("ping", "a Ping", vec![Frame::ping("before")]),
        ("100-texts", "100 text messages", texts),
    ];
    let cases = frames.map(|(name, what, before)| {
        let steps = vec![write(before.into_iter().chain([Frame::close(1000, b"")]))];
        family.close(name, format!("{what}, and a Close in the same write"), Some(1000), steps)
    });
    cases.into()
}

/// The end of the transport after the closing handshake.
fn transport(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.5.1", "close-then", REPLY);
    let [fin, reset] = [Step::HalfClose, Step::Reset].map(|end| [close(1000, b""), vec![end]].concat());
    let server = Family::new(role, "7.1.1", "server-closes-tcp", SERVER_FIRST).should().roles(Roles::Server);
    let client = Family::new(role, "7.1.1", "client-waits", CLIENT_WAITS).should().roles(Roles::Client);
    let after =
        |awaited| [close(1000, b""), vec![Step::Await(Awaited::Close), Step::Await(awaited)]].concat();
    let stays = Awaited::StaysOpen(Duration::from_millis(250));
    vec![
        family.survive(
            "fin",
            "a Close, and the end of our side",
            [fin, vec![Step::Await(Awaited::End)]].concat(),
        ),
        family.survive("reset", "a Close, and a reset", reset),
        server.close(
            "",
            "the server ends the connection after the closing handshake",
            Some(1000),
            after(Awaited::End),
        ),
        client.close("", "the client waits until the server ends the connection", Some(1000), after(stays)),
    ]
}

/// Frames after an offence, in the same write.
fn after_offence(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7.1.7", "after-offence", FAIL);
    let frames = [
        ("text", "a text message", Frame::text("after")),
        ("ping", "a Ping", Frame::ping("after")),
        ("close", "a Close", Frame::close(OFFENCE_CODE, b"")),
    ];
    let cases = frames.map(|(name, what, after)| {
        let items = vec![Item::Unanswered(Frame::new(0x3, "offence")), Item::Unanswered(after)];
        let title = format!("a frame of a reserved opcode, and {what} in the same write");
        family.fail(name, title, Violation::UnknownOpcode, items).until_end()
    });
    cases.into()
}

/// The connection ends without a closing handshake.
fn ends(role: Role) -> Vec<Case> {
    let end = |mut steps: Vec<Step>| {
        steps.extend([Step::HalfClose, Step::Await(Awaited::End)]);
        steps
    };
    let start = |len| vec![Step::Write(vec![Item::Start(Frame::text("Hello"), len)])];
    // 2 bytes of header, 4 of a masking key.
    let in_payload = if role == Role::Server { 8 } else { 4 };
    let in_message = || vec![write([Frame::text("Hello").unfinished()])];
    let reset = |steps| [vec![Step::Barrier], steps, vec![Step::Reset]].concat();
    let family = Family::new(role, "7.2.1", "eof", END);
    let resets = Family::new(role, "7.2.1", "reset", END);
    vec![
        family.survive("idle", "our side ends", end(vec![])),
        family.survive("in-header", "our side ends inside a header", end(start(1))),
        family.survive("in-payload", "our side ends inside a payload", end(start(in_payload))),
        family.survive("in-message", "our side ends inside a message", end(in_message())),
        resets.survive("idle", "a reset", reset(vec![])),
        resets.survive("in-message", "a reset inside a message", reset(in_message())),
    ]
}
