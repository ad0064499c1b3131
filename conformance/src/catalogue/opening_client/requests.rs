//! The requests of a client, judged over the connections of all cases (§4.1).

use super::super::family::write;
use super::family;
use crate::case::{Case, Open, Script};
use crate::clause::Clause;
use crate::judge::Violation;
use crate::opening::{Parts, RawHead, RawOpening};
use crate::role::Role;
use crate::step::{Cuts, Frame, Step};

/// Name, title, section, quotation, violation.
type Rule = (&'static str, &'static str, Clause, &'static [Violation]);

pub(super) fn cases(role: Role) -> Vec<Case> {
    let rules = of_line_and_fields().into_iter().chain(of_offers_and_bytes());
    rules.map(|rule| case(role, rule)).collect()
}

const fn clause(quote: &'static str) -> Clause {
    Clause::rfc6455("4.1", quote)
}

fn of_line_and_fields() -> [Rule; 8] {
    [
        (
            "line",
            "the method GET and the version HTTP/1.1",
            clause("The method of the request MUST be GET, and the HTTP version MUST"),
            &[Violation::RequestLine],
        ),
        (
            "target",
            "the target of the request",
            clause("The \"Request-URI\" part of the request MUST match the /resource"),
            &[Violation::RequestTarget],
        ),
        (
            "host",
            "the field Host",
            clause("The request MUST contain a |Host| header field whose value"),
            &[Violation::RequestHost],
        ),
        (
            "upgrade",
            "the field Upgrade",
            clause("The request MUST contain an |Upgrade| header field whose value"),
            &[Violation::RequestUpgrade],
        ),
        (
            "connection",
            "the field Connection",
            clause("The request MUST contain a |Connection| header field whose value"),
            &[Violation::RequestConnection],
        ),
        (
            "key",
            "the field Sec-WebSocket-Key",
            clause("nonce consisting of a randomly selected 16-byte value that has"),
            &[Violation::RequestKey],
        ),
        (
            "key-fresh",
            "another key in each request",
            clause("MUST be selected randomly for each connection."),
            &[Violation::RequestKeyRepeated],
        ),
        (
            "version",
            "the field Sec-WebSocket-Version",
            clause("|Sec-WebSocket-Version|.  The value of this header field MUST be"),
            &[Violation::RequestVersion],
        ),
    ]
}

fn of_offers_and_bytes() -> [Rule; 6] {
    [
        (
            "no-body",
            "no content in the request",
            Clause::new(9110, "9.3.1", "of [HTTP/1.1]).  A client SHOULD NOT generate content in a GET"),
            &[Violation::RequestContent],
        ),
        (
            "no-duplicates",
            "no second Host, key or version",
            Clause::rfc6455("11.3.1", "The |Sec-WebSocket-Key| header field MUST NOT appear more than once"),
            &[Violation::RequestDuplicate],
        ),
        (
            "protocols-unique",
            "each subprotocol is offered once",
            clause("[RFC2616] and MUST all be unique strings.  The ABNF for the"),
            &[Violation::RequestProtocols],
        ),
        (
            "extensions-grammar",
            "the offers of extensions have the grammar",
            Clause::rfc6455("9.1", "extension = extension-token *( \";\" extension-param )"),
            &[Violation::RequestExtensions],
        ),
        (
            "no-control-bytes",
            "no control characters in the request",
            Clause::new(9110, "5.5", "Field values containing CR, LF, or NUL characters are invalid and"),
            &[Violation::RequestControl],
        ),
        (
            "nothing-before-101",
            "nothing between the request and the 101",
            clause("wait for a response from the server before sending any further data."),
            &[Violation::BytesBeforeAcceptance],
        ),
    ]
}

fn case(role: Role, (suffix, title, clause, rules): Rule) -> Case {
    let steps = vec![write([Frame::text("Hello")])];
    let family = family(role, "4.1", "request", clause);
    let family = if suffix == "no-body" { family.should() } else { family };
    let mut case = family.obey(suffix, title, rules, steps);
    match suffix {
        "key-fresh" => {
            let steps = vec![write([Frame::text("Hello")]), Step::Barrier];
            case.script = Script::Sweep(vec![steps.clone(), steps]);
        }
        // The client has time to write. Fewer than 64 parts: some clients take more for an attack.
        "nothing-before-101" => {
            let parts = Parts::Cut(Cuts::Every(4));
            case.open = Open::Raw(RawOpening { parts, ..RawOpening::new(RawHead::response()) });
        }
        _ => {}
    }
    case
}
