//! Malformed fields (RFC 9112 §5), and content (RFC 9112 §6).

use super::super::opening::unknown;
use super::family;
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{RawHead, Text};
use crate::role::Role;
use crate::step::Step;
use crate::verdict::Pattern;

pub(super) fn cases(role: Role) -> Vec<Case> {
    [names(role), folds(role), controls(role), bodies(role), lengths(role)].concat()
}

fn names(role: Role) -> Vec<Case> {
    let colon = Clause::new(9112, "5.1", "any received request message that contains whitespace between a");
    let name =
        Clause::new(9110, "5.6.2", "Tokens are short textual identifiers that do not include whitespace");
    let family = family(role, "9112:5.1", "name", colon);
    let head = |line: Text| RawHead::request().add(line);
    let mut cases = vec![
        family.malformed("space-before-colon", "a space before the colon", head("X-Wsconform : 1".into())),
        family.malformed("tab-before-colon", "a tab before the colon", head("X-Wsconform\t: 1".into())),
    ];
    let lines: [(&str, &str, Text); 5] = [
        ("no-colon", "a field line without a colon", "X-Wsconform".into()),
        ("empty", "a field without a name", ": 1".into()),
        ("non-token", "a field name that is no token", "X(Wsconform): 1".into()),
        ("non-ascii", "the byte E9 in a field name", b"X-Wsconform\xE9: 1".to_vec().into()),
        ("control", "a control character in a field name", "X-Wsconform\u{1}: 1".into()),
    ];
    cases.extend(lines.map(|(suffix, title, line)| {
        family.clause(name).malformed(suffix, title, head(line)).lenient(Pattern::Accepted, super::GRAMMAR)
    }));
    cases
}

fn folds(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9112, "5.2", "within a \"message/http\" container MUST either reject the message by");
    let replace = Clause::new(9112, "5.2", "each received obs-fold with one or more SP octets prior to");
    let family = family(role, "9112:5.2", "fold", clause);
    let head = RawHead::request;
    let fold =
        |suffix, title, head| family.malformed(suffix, title, head).lenient(Pattern::Accepted, replace);
    vec![
        fold("unrelated", "an unknown field in two lines", head().add(unknown("a\r\n b"))),
        fold(
            "key",
            "the key in a second line",
            head().replace("Sec-WebSocket-Key", ["Sec-WebSocket-Key:\r\n {key}"]),
        ),
        fold(
            "connection",
            "Upgrade in a second line of Connection",
            head().replace("Connection", ["Connection: keep-alive,\r\n Upgrade"]),
        ),
    ]
}

fn controls(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9110, "5.5", "invalid; however, recipients MAY retain such characters for the sake");
    let family = family(role, "9110:5.5", "control", clause).policy();
    let cases = [("01", "\u{1}"), ("07", "\u{7}"), ("0b", "\u{B}"), ("7f", "\u{7F}")].map(|(byte, text)| {
        let head = RawHead::request().add(unknown(Text::from("a").then(text).then("b")));
        let title = format!("the byte {byte} in the value of an unknown field");
        family.malformed(byte, title, head).passes(Pattern::Accepted, clause)
    });
    cases.into()
}

/// A masked text message "Hello" (§5.7).
const HELLO: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

/// The message is the content of the request: a server that reads it as a frame can be made to read what
/// another one along the way did not.
fn bodies(role: Role) -> Vec<Case> {
    let clause = Clause::new(9112, "6", "The presence of a message body in a request is signaled by a");
    let smuggling =
        Clause::new(9112, "11.2", "differences in protocol parsing among various recipients to hide");
    let family = family(role, "9112:6", "body", clause).policy();
    let chunked = [b"b\r\n", HELLO, b"\r\n0\r\n\r\n"].concat();
    let bodies: [(&str, &str, &[&'static str], &[u8]); 4] = [
        ("length-11", "content of 11 bytes that are a frame", &["Content-Length: 11"], HELLO),
        ("te-chunked", "a chunk that is a frame", &["Transfer-Encoding: chunked"], &chunked),
        (
            "te-gzip-chunked",
            "a chunk that is a frame, with gzip",
            &["Transfer-Encoding: gzip, chunked"],
            &chunked,
        ),
        (
            "te-chunked-and-length",
            "a chunk that is a frame, with a length",
            &["Transfer-Encoding: chunked", "Content-Length: 21"],
            &chunked,
        ),
    ];
    let cases = bodies.map(|(suffix, title, lines, body)| {
        let head = lines.iter().fold(RawHead::request(), |head, line| head.add(*line));
        family
            .malformed(suffix, title, head.end(Text::from("\r\n").then(body.to_vec())))
            .then(vec![Step::Barrier])
            .fails(Pattern::WentOn, smuggling)
            .lenient(Pattern::Accepted, clause)
    });
    cases.into()
}

fn lengths(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9112, "6.3", "request message, the server MUST respond with a 400 (Bad Request)");
    let last = Clause::new(9112, "6.3", "MUST respond with the 400 (Bad Request) status code and then");
    let family = family(role, "9112:6.3", "length", clause);
    let lengths: [(&str, &str, &[&'static str]); 6] = [
        ("bad", "a Content-Length of letters", &["Content-Length: abc"]),
        ("plus", "a Content-Length with a plus sign", &["Content-Length: +0"]),
        ("negative", "a negative Content-Length", &["Content-Length: -1"]),
        (
            "twice-different",
            "two different fields Content-Length",
            &["Content-Length: 0", "Content-Length: 5"],
        ),
        ("list-different", "two numbers in Content-Length", &["Content-Length: 0, 5"]),
        ("te-unknown", "an unknown transfer coding", &["Transfer-Encoding: x-wsconform"]),
    ];
    let cases = lengths.map(|(suffix, title, lines)| {
        let head = lines.iter().fold(RawHead::request(), |head, line| head.add(*line));
        let family = if suffix == "te-unknown" { family.clause(last) } else { family };
        family.malformed(suffix, title, head)
    });
    cases.into()
}
