//! Malformed request lines, targets and line ends (RFC 9112 §2.2, §3).

use super::super::opening::unknown;
use super::{GRAMMAR, family};
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{RawHead, Text};
use crate::role::Role;
use crate::verdict::Pattern;

pub(super) fn cases(role: Role) -> Vec<Case> {
    [lines(role), protocols(role), targets(role), line_ends(role)].concat()
}

fn lines(role: Role) -> Vec<Case> {
    let whitespace =
        Clause::new(9112, "3", "instead parse on whitespace-delimited word boundaries and, aside from");
    let family = family(role, "9112:3", "line", GRAMMAR).should();
    let lines = [
        ("two-spaces", "two spaces in the request line", "GET  {resource}  HTTP/1.1"),
        ("tab", "tabs in the request line", "GET\t{resource}\tHTTP/1.1"),
        ("trailing-space", "a space at the end of the request line", "GET {resource} HTTP/1.1 "),
        ("leading-space", "a space before the request line", " GET {resource} HTTP/1.1"),
        ("extra-word", "a fourth word in the request line", "GET {resource} HTTP/1.1 extra"),
        ("no-target", "a request line without a target", "GET HTTP/1.1"),
        ("bare-cr", "CR in the place of a space", "GET\r{resource} HTTP/1.1"),
        ("nul", "NUL in the request line", "GET\0 {resource} HTTP/1.1"),
    ];
    let cases = lines.map(|(suffix, title, line)| {
        let case = family.malformed(suffix, title, RawHead::request().start(line));
        match suffix {
            "two-spaces" | "tab" | "trailing-space" | "leading-space" => {
                case.lenient(Pattern::Accepted, whitespace)
            }
            _ => case,
        }
    });
    cases.into()
}

/// The first record of a handshake of TLS 1.2: a ClientHello of one cipher suite, without extensions.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03\
    0123456789abcdef0123456789abcdef\x00\x00\x02\x13\x01\x01\x00";

/// The preface of HTTP/2, and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn protocols(role: Role) -> Vec<Case> {
    let family = family(role, "9112:3", "line", GRAMMAR).should();
    let garbage: Vec<u8> = (0x80..=0xFF).chain(0x0E..0x20).collect();
    let preface =
        Clause::new(9110, "6.2", "or equal to the one received in the request.  A server MUST NOT send");
    vec![
        family.malformed("garbage", "bytes that are no text, and an empty line", RawHead::new(garbage, [])),
        family.malformed(
            "tls-hello",
            "the first message of TLS, and an empty line",
            RawHead::new(CLIENT_HELLO.to_vec(), []),
        ),
        family
            .malformed("h2-preface", "the preface of HTTP/2", RawHead::nothing().end(PREFACE.to_vec()))
            .passes(Pattern::Http2, preface),
    ]
}

fn targets(role: Role) -> Vec<Case> {
    let form = Clause::rfc6455("4.2.1", "[RFC2616] that should be interpreted as a /resource name/");
    let space =
        Clause::new(9112, "3.2", "Recipients of an invalid request-line SHOULD respond with either a");
    let fragment =
        Clause::rfc6455("3", "Fragment identifiers are meaningless in the context of WebSocket URIs");
    let family = family(role, "3", "target", form);
    let head = |target: Text| RawHead::request().start(Text::from("GET ").then(target).then(" HTTP/1.1"));
    let of_resource = |end: &'static str| head(Text::from("{resource}").then(end));
    let latin = Text::from("{resource}").then(b"\xE9".to_vec());
    vec![
        family.malformed("asterisk", "the target *", head("*".into())),
        family.malformed("authority", "a host and a port as the target", head("example.com:80".into())),
        family
            .clause(space)
            .should()
            .malformed("space", "a space in the target", of_resource("a b"))
            .passes(Pattern::Answered(&[301]), space),
        family.malformed("nul", "NUL in the target", of_resource("\0")),
        family
            .clause(fragment)
            .malformed("fragment", "a fragment in the target", of_resource("#fragment"))
            .lenient(Pattern::Accepted, fragment),
        family
            .malformed("no-slash", "a target without a slash", head("chat".into()))
            .lenient(Pattern::Accepted, form),
        family
            .malformed("del", "the byte 7F in the target", of_resource("\u{7F}"))
            .lenient(Pattern::Accepted, form),
        family
            .malformed("non-ascii", "the byte E9 in the target", head(latin))
            .lenient(Pattern::Accepted, form),
    ]
}

fn line_ends(role: Role) -> Vec<Case> {
    let lf = Clause::new(9112, "2.2", "sequence CRLF, a recipient MAY recognize a single LF as a line");
    let cr =
        Clause::new(9112, "2.2", "invalid or replace each bare CR with SP before processing the element");
    let nul =
        Clause::new(9110, "5.5", "a field value MUST either reject the message or replace each of those");
    let space = Clause::new(9112, "2.2", "first header field MUST either reject the message as invalid or");
    let head = RawHead::request;
    // A server that ends lines at CRLF only finds the end of the head as well.
    let all = head().line_end("\n").end("\n\r\n\r\n");
    let case = |clause, suffix: &'static str, title, head| {
        family(role, "9112:2.2", suffix, clause).malformed("", title, head).lenient(Pattern::Accepted, clause)
    };
    vec![
        case(lf, "bare-lf-all", "all lines end with LF", all),
        case(lf, "bare-lf-one", "one line ends with LF", head().add("X-Wsconform: 1\nX-Wsconform-2: 2")),
        case(cr, "bare-cr-value", "CR in the value of an unknown field", head().add(unknown("a\rb"))),
        case(nul, "nul-value", "NUL in the value of an unknown field", head().add(unknown("a\0b"))),
        case(cr, "cr-cr-lf", "one line ends with CR CR LF", head().add(unknown("1\r"))),
        case(
            space,
            "space-before-first-field",
            "a space before the first field",
            head().add_first(Text::from(" ").then(unknown("1"))),
        ),
    ]
}
