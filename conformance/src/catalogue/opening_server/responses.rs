//! The responses of a server, judged over the connections of all cases (§4.2.2), and servers with many
//! connections and silent ones.

use super::super::family::{Family, write};
use super::family;
use crate::case::{Case, Open, Script};
use crate::clause::Clause;
use crate::judge::Violation;
use crate::opening::{Ending, RawHead, RawOpening, Text};
use crate::role::Role;
use crate::step::{Frame, Step};
use crate::verdict::Expect;

pub(super) fn cases(role: Role) -> Vec<Case> {
    let mut cases = rules(role);
    let accept = Clause::rfc6455("4.2.2", "header field is constructed by concatenating /key/, defined");
    let mut parallel = family(role, "4.2.2", "parallel-keys", accept).opened(
        "",
        "16 connections at once, each with its own key",
        RawHead::request(),
    );
    parallel.parallel = 16;
    cases.push(parallel);
    cases.extend(silent(role));
    cases
}

fn rules(role: Role) -> Vec<Case> {
    let status = Clause::rfc6455("4.2.2", "A Status-Line with a 101 response code as per RFC 2616");
    let upgrade = Clause::rfc6455("4.2.2", "An |Upgrade| header field with value \"websocket\" as per RFC");
    let connection = Clause::rfc6455("4.2.2", "A |Connection| header field with value \"Upgrade\".");
    let accept = Clause::rfc6455("4.2.2", "concatenated value to obtain a 20-byte value and base64-");
    let framing =
        Clause::new(9110, "8.6", "A server MUST NOT send a Content-Length header field in any response");
    let extension = Clause::rfc6455("4.2.2", "purposes.  Extensions not listed by the client MUST NOT be");
    let protocol = Clause::rfc6455("4.2.2", "is ready to use or null.  The value chosen MUST be derived");
    let before = Clause::rfc6455("4.2.2", "reply with a valid HTTP response indicating the following.");
    type Rule = (&'static str, &'static str, Clause, &'static [Violation]);
    let rules: [Rule; 8] = [
        ("status", "the status line of the 101", status, &[Violation::ResponseStatus]),
        ("upgrade", "Upgrade in the 101", upgrade, &[Violation::ResponseUpgrade]),
        ("connection", "Connection in the 101", connection, &[Violation::ResponseConnection]),
        ("accept", "Sec-WebSocket-Accept in the 101", accept, &[Violation::ResponseAccept]),
        ("no-body-framing", "no length and no coding in the 101", framing, &[Violation::ResponseFraming]),
        (
            "extension-offered",
            "only offered extensions in the 101",
            extension,
            &[Violation::ResponseExtension],
        ),
        (
            "protocol-offered",
            "at most an offered subprotocol in the 101",
            protocol,
            &[Violation::ResponseProtocol],
        ),
        ("nothing-before", "nothing before the 101", before, &[Violation::BytesBeforeResponse]),
    ];
    let cases = rules.map(|(suffix, title, clause, rules)| {
        family(role, "4.2.2", "response", clause).obey(
            suffix,
            title,
            rules,
            vec![write([Frame::text("Hello")])],
        )
    });
    cases.into()
}

fn silent(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9112, "9.5", "Servers will usually have some timeout value beyond which they will");
    let family = family(role, "4.2.2", "silent", clause).policy();
    let half = RawHead::new(RawHead::request().start, [Text::from("Host: {host}"), "Upgrade: webso".into()]);
    vec![
        open(&family, "connect", "a connection without a byte", RawHead::nothing(), Ending::Open),
        open(
            &family,
            "half-head",
            "the end after half a head",
            half.line_end("\r\n").end(""),
            Ending::HalfClose,
        ),
        open(&family, "half-close", "the end after a request", RawHead::request(), Ending::HalfClose),
    ]
}

fn open(family: &Family, suffix: &str, title: &str, head: RawHead, end: Ending) -> Case {
    let mut case = family.case(&suffix, title.to_owned(), Script::Steps(Vec::<Step>::new()), Expect::Alive);
    case.open = Open::Raw(RawOpening { end, ..RawOpening::new(head) });
    case
}
