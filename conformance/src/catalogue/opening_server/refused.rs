//! Requests of HTTP that are none of WebSocket (§4.2.1), and versions (§4.4).

use super::{NEED_NOT_DECODE, family};
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{RawHead, Text};
use crate::role::Role;
use crate::verdict::{Pattern, Refusal};

pub(super) fn cases(role: Role) -> Vec<Case> {
    [
        methods(role),
        versions_of_http(role),
        upgrade(role),
        connection(role),
        host(role),
        key(role),
        versions(role),
    ]
    .concat()
}

const GET: Clause =
    Clause::rfc6455("4.2.1", "An HTTP/1.1 or higher GET request, including a \"Request-URI\"");

fn methods(role: Role) -> Vec<Case> {
    let family = family(role, "4.2.1", "method", GET);
    let methods = [
        ("POST", "POST"),
        ("PUT", "PUT"),
        ("HEAD", "HEAD"),
        ("OPTIONS", "OPTIONS"),
        ("get-lower", "get"),
        ("GETX", "GETX"),
    ];
    let cases = methods.map(|(suffix, method)| {
        let head = RawHead::request().start(Text::from(method).then(" {resource} HTTP/1.1"));
        family.refused(Refusal::Method, suffix, format!("the method {method}"), head)
    });
    cases.into()
}

fn versions_of_http(role: Role) -> Vec<Case> {
    let family = family(role, "4.2.1", "http", GET);
    let ignored = Clause::new(9110, "7.8", "field in an HTTP/1.0 request MUST ignore that Upgrade field.");
    let headless =
        Clause::new(9112, "2.3", "HTTP uses a \"<major>.<minor>\" numbering scheme to indicate versions");
    let versions = [
        ("1.0", " HTTP/1.0"),
        ("0.9", " HTTP/0.9"),
        ("2.0", " HTTP/2.0"),
        ("lower-case", " http/1.1"),
        ("1.10", " HTTP/1.10"),
        ("1", " HTTP/1"),
        ("missing", ""),
    ];
    let cases = versions.map(|(suffix, version)| {
        let title = match version {
            "" => "no version of HTTP".to_owned(),
            _ => format!("the version{version}"),
        };
        let head = RawHead::request().start(Text::from("GET {resource}").then(version));
        let case = family.malformed(suffix, title, head);
        match suffix {
            "1.0" => case.passes(Pattern::AnyAnswer, ignored),
            "2.0" => case.lenient(Pattern::Accepted, GET),
            // HTTP/0.9 has responses without a head.
            "0.9" | "missing" => case.lenient(Pattern::Wrong, headless),
            _ => case,
        }
    });
    cases.into()
}

/// A case for each value of a field; `None` is the field left out.
fn values<const N: usize>(
    name: &'static str,
    values: [(&'static str, Option<&'static str>); N],
    build: impl Fn(&'static str, String, RawHead) -> Case,
) -> Vec<Case> {
    let cases = values.map(|(suffix, value)| match value {
        Some(value) => {
            let line = Text::from(name).then(": ").then(value);
            build(suffix, format!("{name}: {value}"), RawHead::request().replace(name, [line]))
        }
        None => build(suffix, format!("no field {name}"), RawHead::request().without(name)),
    });
    cases.into()
}

fn upgrade(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.2.1", "An |Upgrade| header field containing the value \"websocket\",");
    let family = family(role, "4.2.1", "upgrade", clause);
    let mut cases = values(
        "Upgrade",
        [
            ("missing", None),
            ("empty", Some("")),
            ("websockets", Some("websockets")),
            ("notwebsocket", Some("notwebsocket")),
            ("h2c", Some("h2c")),
        ],
        |suffix, title, head| family.refused(Refusal::NoWebSocket, suffix, title, head),
    );
    let version = Clause::new(9110, "7.8", "Upgrade          = #protocol");
    cases.push(
        family
            .policy()
            .refused(
                Refusal::NoWebSocket,
                "with-version",
                "Upgrade: websocket/13",
                RawHead::request().replace("Upgrade", ["Upgrade: websocket/13"]),
            )
            .passes(Pattern::Accepted, version),
    );
    cases
}

fn connection(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.2.1", "A |Connection| header field that includes the token \"Upgrade\",");
    let family = family(role, "4.2.1", "connection", clause);
    values(
        "Connection",
        [
            ("missing", None),
            ("empty", Some("")),
            ("close", Some("close")),
            ("keep-alive", Some("keep-alive")),
            ("notupgrade", Some("notupgrade")),
            ("upgrades", Some("upgrades")),
        ],
        |suffix, title, head| family.refused(Refusal::NoWebSocket, suffix, title, head),
    )
}

fn host(role: Role) -> Vec<Case> {
    let must = Clause::new(9112, "3.2", "HTTP/1.1 request message that lacks a Host header field and to any");
    let twice =
        Clause::new(9112, "3.2", "request message that contains more than one Host header field line or");
    let invalid = Clause::new(9112, "3.2", "a Host header field with an invalid field value.");
    let family = family(role, "9112:3.2", "host", must);
    let second = |value| RawHead::request().add(Text::from("Host: ").then(value));
    let mut cases = vec![
        family.malformed("missing", "no field Host", RawHead::request().without("Host")),
        family.clause(twice).malformed("twice-same", "two equal fields Host", second("{host}")),
        family.clause(twice).malformed("twice-different", "two different fields Host", second("example.com")),
        family
            .policy()
            .clause(invalid)
            .malformed("empty", "Host without a value", RawHead::request().replace("Host", ["Host:"]))
            .passes(
                Pattern::Accepted,
                Clause::new(9112, "3.2", "a client MUST send a Host header field with an empty field value."),
            ),
    ];
    let wrong = [
        ("space", "a space in Host", "exam ple.com"),
        ("path", "a path in Host", "example.com/chat"),
        ("userinfo", "a user in Host", "user@example.com"),
        ("port-letters", "a port of letters in Host", "example.com:http"),
        ("bad-ipv6", "an IPv6 address without its bracket in Host", "[::1"),
        ("control", "a control character in Host", "exam\u{1}ple.com"),
    ];
    cases.extend(wrong.map(|(suffix, title, value)| {
        let head = RawHead::request().replace("Host", [Text::from("Host: ").then(value)]);
        family.clause(invalid).malformed(suffix, title, head).lenient(Pattern::Accepted, invalid)
    }));
    cases
}

fn key(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.2.1", "A |Sec-WebSocket-Key| header field with a base64-encoded (see");
    let once =
        Clause::rfc6455("11.3.1", "The |Sec-WebSocket-Key| header field MUST NOT appear more than once");
    let family = family(role, "4.2.1", "key", clause);
    let mut cases = values(
        "Sec-WebSocket-Key",
        [
            ("missing", None),
            ("empty", Some("")),
            ("list", Some("dGhlIHNhbXBsZSBub25jZQ==, AAAAAAAAAAAAAAAAAAAAAA==")),
            ("15-bytes", Some("dGhlIHNhbXBsZSBub25j")),
            ("17-bytes", Some("dGhlIHNhbXBsZSBub25jZSE=")),
            ("22-chars", Some("dGhlIHNhbXBsZSBub25j==")),
            ("no-padding", Some("dGhlIHNhbXBsZSBub25jZQ")),
            ("not-base64", Some("{this is not base64 !!}")),
            ("url-alphabet", Some("____-_-_-_-_-_-_-_-_-w==")),
            ("inner-space", Some("dGhlIHNhbXBs ZSBub25jZQ==")),
        ],
        |suffix, title, head| match suffix {
            // Only a server that decodes them can tell.
            "15-bytes" | "17-bytes" => {
                family.malformed(suffix, title, head).lenient(Pattern::Accepted, NEED_NOT_DECODE)
            }
            _ => family.malformed(suffix, title, head),
        },
    );
    let add = |line: &'static str| RawHead::request().add(line);
    let twice = family.clause(once);
    cases.extend([
        twice
            .malformed("twice-same", "two equal fields Sec-WebSocket-Key", add("Sec-WebSocket-Key: {key}"))
            .lenient(Pattern::Accepted, once),
        twice.malformed(
            "twice-different",
            "two different fields Sec-WebSocket-Key",
            add("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
        ),
    ]);
    cases
}

fn versions(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.2.1", "A |Sec-WebSocket-Version| header field, with a value of 13.");
    let names = Clause::rfc6455("4.4", "doesn't support the requested version, it MUST respond with a");
    let understood =
        Clause::rfc6455("4.2.2", "version does not match a version understood by the server, the");
    let once = Clause::rfc6455("11.3.5", "However, the |Sec-WebSocket-Version| header field MUST NOT appear");
    let family = family(role, "4.4", "version", clause);
    let mut cases = values(
        "Sec-WebSocket-Version",
        [
            ("missing", None),
            ("empty", Some("")),
            ("words", Some("thirteen")),
            ("013", Some("013")),
            ("plus-13", Some("+13")),
            ("13.0", Some("13.0")),
            ("12", Some("12")),
            ("14", Some("14")),
            ("255", Some("255")),
            ("256", Some("256")),
            ("list-13-8", Some("13, 8")),
            ("draft-7", Some("7")),
            ("draft-8", Some("8")),
        ],
        |suffix, title, head| match suffix {
            "12" | "14" | "255" => family.clause(names).refused(Refusal::Version, suffix, title, head),
            "draft-7" | "draft-8" => family
                .clause(names)
                .refused(Refusal::Version, suffix, title, head)
                .lenient(Pattern::Accepted, understood),
            _ => family.refused(Refusal::NoWebSocket, suffix, title, head),
        },
    );
    cases.extend([
        family
            .clause(once)
            .refused(
                Refusal::NoWebSocket,
                "twice-13",
                "two fields Sec-WebSocket-Version: 13",
                RawHead::request().add("Sec-WebSocket-Version: 13"),
            )
            .lenient(Pattern::Accepted, once),
        family
            .clause(names)
            .refused(Refusal::NoWebSocket, "draft-0", "a request of the first draft", draft_0())
            .lenient(Pattern::Accepted, understood),
    ]);
    cases
}

/// A request of the first drafts (draft-ietf-hybi-thewebsocketprotocol-00).
fn draft_0() -> RawHead {
    RawHead::request()
        .without("Sec-WebSocket-Version")
        .without("Sec-WebSocket-Key")
        .add("Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5")
        .add("Sec-WebSocket-Key2: 12998 5 Y3 1  .P00")
}
