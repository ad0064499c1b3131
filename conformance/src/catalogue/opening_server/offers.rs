//! Offers of subprotocols (§11.3.4) and of extensions (§9.1).

use super::{TOO_LARGE, family};
use crate::case::Case;
use crate::clause::Clause;
use crate::judge::Violation;
use crate::opening::{RawHead, Text};
use crate::role::Role;
use crate::verdict::Pattern;

pub(super) fn cases(role: Role) -> Vec<Case> {
    [protocols(role), bad_protocols(role), extensions(role), bad_extensions(role)].concat()
}

fn offer(name: &'static str, lines: impl IntoIterator<Item = Text>) -> RawHead {
    let lines = lines.into_iter().map(|line| Text::from(name).then(": ").then(line));
    lines.fold(RawHead::request(), RawHead::add)
}

const PROTOCOL: &str = "Sec-WebSocket-Protocol";
const EXTENSION: &str = "Sec-WebSocket-Extensions";

const SELECTED: Clause =
    Clause::rfc6455("4.2.2", "from the client's handshake, specifically by selecting one of");

fn protocols(role: Role) -> Vec<Case> {
    let family = family(role, "11.3.4", "protocol", SELECTED);
    let opened = |suffix, title, lines: Vec<Text>| {
        family
            .opened(suffix, title, offer(PROTOCOL, lines))
            .acceptance_obeys(&[Violation::ResponseAccept, Violation::ResponseProtocol])
    };
    let many: Vec<_> = (0..64).map(|n| format!("x-wsconform-{n}")).collect();
    vec![
        opened("none", "no subprotocol offered", vec![]),
        opened("one", "a subprotocol offered", vec!["chat".into()]),
        opened("two", "two subprotocols offered", vec!["chat, superchat".into()]),
        opened("case", "a subprotocol of upper and lower case offered", vec!["cHaT".into()]),
        opened("two-lines", "subprotocols offered in two lines", vec!["chat".into(), "superchat".into()]),
        opened("64", "64 subprotocols offered", vec![many.join(", ").into()])
            .lenient(Pattern::ClientError, TOO_LARGE),
    ]
}

fn bad_protocols(role: Role) -> Vec<Case> {
    let grammar = Clause::rfc6455("4.1", "[RFC2616] and MUST all be unique strings.  The ABNF for the");
    let null = Clause::rfc6455("4.2.2", "subprotocols, the only acceptable value is null.  The absence");
    let family = family(role, "11.3.4", "protocol-bad", grammar);
    let bad = |suffix, title, line: &'static str| {
        family
            .malformed(suffix, title, offer(PROTOCOL, [line.into()]))
            .acceptance_obeys(&[Violation::ResponseProtocol])
            .lenient(Pattern::Accepted, null)
    };
    vec![
        bad("empty", "an offer of subprotocols without an element", ""),
        bad("not-token", "an offer of a subprotocol that is no token", "ch(at"),
        bad("duplicate", "the same subprotocol offered twice", "chat, chat"),
    ]
}

fn extensions(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.2.2", "purposes.  Extensions not listed by the client MUST NOT be");
    let family = family(role, "9.1", "extension", clause);
    let opened = |suffix, title, lines: Vec<Text>| {
        family
            .opened(suffix, title, offer(EXTENSION, lines))
            .acceptance_obeys(&[Violation::ResponseAccept, Violation::ResponseExtension])
    };
    let many: Vec<_> = (0..100).map(|n| format!("x-wsconform-{n}; a={n}")).collect();
    vec![
        opened("unknown", "an unknown extension offered", vec!["x-wsconform".into()]),
        opened(
            "unknown-params",
            "an unknown extension with parameters offered",
            vec!["x-wsconform; a; b=1; c=d".into()],
        ),
        opened(
            "quoted",
            "an unknown extension with a quoted parameter offered",
            vec!["x-wsconform; a=\"b\"; c=\"\\d\"".into()],
        ),
        opened(
            "two-lines",
            "unknown extensions offered in two lines",
            vec!["x-wsconform".into(), "x-wsconform-2; a=1".into()],
        ),
        opened("100-offers", "100 unknown extensions offered", vec![many.join(", ").into()])
            .lenient(Pattern::ClientError, TOO_LARGE),
    ]
}

fn bad_extensions(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("9.1", "below, the recipient of such malformed data MUST immediately _Fail");
    let null = Clause::rfc6455("4.2.2", "absence of such a field is equivalent to the null value.  The");
    let family = family(role, "9.1", "extension-bad", clause);
    let backtracking = Text::from("permessage-deflate; a=\"").then(Text::repeat("\\a", 4000));
    let offers: [(&str, &str, Text); 7] = [
        ("empty", "an offer of extensions without an element", "".into()),
        ("semicolon", "an offer with a semicolon at its end", "permessage-deflate;".into()),
        ("no-name", "an offer without a name", "; client_max_window_bits".into()),
        (
            "open-quote",
            "an offer with one quotation mark",
            "permessage-deflate; server_max_window_bits=\"15".into(),
        ),
        (
            "equals",
            "an offer of a parameter with an empty value",
            "permessage-deflate; server_max_window_bits=".into(),
        ),
        (
            "quoted-not-token",
            "an offer of a quoted value that is no token",
            "permessage-deflate; server_max_window_bits=\"1 5\"".into(),
        ),
        ("backtracking", "an offer of 4,000 escaped characters in an open quotation", backtracking),
    ];
    let cases = offers.map(|(suffix, title, line)| {
        family
            .malformed(suffix, title, offer(EXTENSION, [line]))
            .acceptance_obeys(&[Violation::ResponseExtension])
            .lenient(Pattern::Accepted, null)
    });
    cases.into()
}
