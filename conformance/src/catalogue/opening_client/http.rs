//! Malformed responses (RFC 9112 §4, §5), content, large responses, and connections that end early.

use super::super::opening::{many, unknown};
use super::family;
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{Ending, RawHead, Text};
use crate::role::Role;
use crate::verdict::Pattern;

pub(super) fn cases(role: Role) -> Vec<Case> {
    [lines(role), fields(role), content(role), limits(role), ends(role)].concat()
}

const CONFORMS: Clause =
    Clause::rfc6455("4.1", "If the server's response does not conform to the requirements for the");
const FAILS: Clause =
    Clause::rfc6455("4.1", "server's handshake as defined in this section and in Section 4.2.2,");

fn lines(role: Role) -> Vec<Case> {
    let status = Clause::new(9112, "4", "The status-code element is a 3-digit integer code describing the");
    let words =
        Clause::new(9112, "4", "instead parse on whitespace-delimited word boundaries and, aside from");
    let lf = Clause::new(9112, "2.2", "sequence CRLF, a recipient MAY recognize a single LF as a line");
    let family = family(role, "9112:4", "line", status);
    let line =
        |suffix, title, line: &'static str| family.rejected(suffix, title, RawHead::response().start(line));
    let garbage: Vec<u8> = (0x80..=0xFF).collect();
    vec![
        line("two-spaces", "two spaces in the status line", "HTTP/1.1  101  Switching Protocols")
            .lenient(Pattern::WentOn, words),
        line("four-digits", "a status of four digits", "HTTP/1.1 0101 Switching Protocols"),
        line("two-digits", "a status of two digits", "HTTP/1.1 10 Switching Protocols"),
        line("letters", "a status of letters", "HTTP/1.1 abc Switching Protocols"),
        // A client that ends lines at CRLF only finds the end of the head as well.
        family
            .clause(lf)
            .rejected(
                "bare-lf",
                "all lines end with LF",
                RawHead::response().line_end("\n").end("\n\r\n\r\n"),
            )
            .lenient(Pattern::WentOn, lf),
        family.clause(CONFORMS).rejected(
            "garbage",
            "bytes that are no text in the place of the status line",
            RawHead::response().start(garbage),
        ),
        line("leading-crlf", "an empty line before the status line", "\r\nHTTP/1.1 101 Switching Protocols")
            .lenient(Pattern::WentOn, words),
        family
            .clause(FAILS)
            .rejected("eof", "the end in the status line", RawHead::nothing().end("HTTP/1.1 101 Swi"))
            .glued_nothing()
            .ending(Ending::HalfClose),
    ]
}

fn fields(role: Role) -> Vec<Case> {
    let binds = Clause::new(9112, "5.1", "any received request message that contains whitespace between a");
    let family = family(role, "9112:5", "field", CONFORMS);
    let head = RawHead::response;
    let cases = [
        ("space-before-colon", "a space before the colon", head().add("X-Wsconform : 1")),
        ("no-colon", "a field line without a colon", head().add("X-Wsconform")),
        ("empty-name", "a field without a name", head().add(": 1")),
        ("nul", "NUL in the value of an unknown field", head().add(unknown("a\0b"))),
        ("bare-cr", "CR in the value of an unknown field", head().add(unknown("a\rb"))),
        (
            "leading-space",
            "a space before the first field",
            head().add_first(Text::from(" ").then(unknown("1"))),
        ),
    ];
    let cases = cases
        .map(|(suffix, title, head)| family.rejected(suffix, title, head).lenient(Pattern::WentOn, binds));
    cases.into()
}

fn content(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9110, "8.6", "A server MUST NOT send a Content-Length header field in any response");
    let empty = Clause::new(9112, "6.3", "code is always terminated by the first empty line after the");
    let family = family(role, "9112:6", "response", clause).policy();
    let fields: [(&str, &str, &[&'static str]); 3] = [
        ("content-length", "Content-Length in the 101", &["Content-Length: 5"]),
        ("transfer-encoding", "Transfer-Encoding in the 101", &["Transfer-Encoding: chunked"]),
        ("both", "both in the 101", &["Content-Length: 5", "Transfer-Encoding: chunked"]),
    ];
    let cases = fields.map(|(suffix, title, lines)| {
        let head = lines.iter().fold(RawHead::response(), |head, line| head.add(*line));
        family.rejected(suffix, title, head).passes(Pattern::WentOn, empty)
    });
    cases.into()
}

const MIB: usize = 1 << 20;

fn limits(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9110, "5.4", "A client MAY discard or truncate received field lines that are larger");
    let family = family(role, "10.4", "response", clause).policy();
    let head = RawHead::response;
    let interim = Text::repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000);
    let endless = Text::from("X-Wsconform: ").then(Text::repeat("aaaaaaaa", MIB / 2));
    let many = many(10_000).fold(head(), RawHead::add);
    vec![
        family.rejected("line-1m", "a field of 1 MiB", head().add(unknown(Text::repeat("a", MIB)))).heavy(),
        family.rejected("fields-10000", "10,000 unknown fields", many).heavy(),
        family
            .rejected("endless", "4 MiB of a field without an end", head().end(endless))
            .glued_nothing()
            .heavy(),
        family
            .rejected(
                "interim-1000",
                "1,000 interim responses",
                head().start(interim.then("HTTP/1.1 101 Switching Protocols")),
            )
            .heavy(),
    ]
}

fn ends(role: Role) -> Vec<Case> {
    let family = family(role, "4.1", "ends", FAILS);
    let half = || RawHead::nothing().end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso");
    vec![
        family
            .rejected("at-once", "the end in the place of a response", RawHead::nothing())
            .glued_nothing()
            .ending(Ending::HalfClose),
        family
            .rejected("half-head", "the end after half a response", half())
            .glued_nothing()
            .ending(Ending::HalfClose),
        family
            .rejected("reset", "a reset after half a response", half())
            .glued(vec![], vec![])
            .ending(Ending::Reset)
            .passes(Pattern::Quiet, FAILS),
    ]
}
