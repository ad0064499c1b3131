//! Responses that do not establish a connection (§4.1).

use super::super::family::Family;
use super::family;
use crate::case::Case;
use crate::clause::Clause;
use crate::judge::accept_value;
use crate::opening::{RawHead, Text};
use crate::role::Role;
use crate::verdict::Pattern;

pub(super) fn cases(role: Role) -> Vec<Case> {
    [
        statuses(role),
        versions(role),
        upgrade(role),
        connection(role),
        accept(role),
        extension(role),
        protocol(role),
    ]
    .concat()
}

/// The query says to which case the next request belongs.
const REDIRECT: &str = "Location: /redirected{query}";

fn statuses(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.1", "If the status code received from the server is not 101, the");
    let family = family(role, "4.1", "status", clause);
    let statuses: [(&str, &str, &str); 16] = [
        ("200", "200 OK", ""),
        ("204", "204 No Content", ""),
        ("301", "301 Moved Permanently", REDIRECT),
        ("302", "302 Found", REDIRECT),
        ("307", "307 Temporary Redirect", REDIRECT),
        ("400", "400 Bad Request", ""),
        ("401", "401 Unauthorized", "WWW-Authenticate: Basic realm=\"wsconform\""),
        ("403", "403 Forbidden", ""),
        ("404", "404 Not Found", ""),
        ("407", "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"wsconform\""),
        ("426", "426 Upgrade Required", "Sec-WebSocket-Version: 13"),
        ("500", "500 Internal Server Error", ""),
        ("503", "503 Service Unavailable", ""),
        ("100-then-404", "100 Continue\r\n\r\nHTTP/1.1 404 Not Found", ""),
        ("101-in-reason", "400 101 Switching Protocols", ""),
        ("1010", "1010 Switching Protocols", ""),
    ];
    let cases = statuses.map(|(suffix, line, field)| {
        let mut head = RawHead::response().start(format!("HTTP/1.1 {line}"));
        if suffix != "204" {
            head = head.add("Content-Length: 0");
        }
        if !field.is_empty() {
            head = head.add(field.to_owned());
        }
        family.rejected(suffix, format!("the status {suffix}"), head).may_keep()
    });
    cases.into()
}

fn versions(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9112, "2.3", "HTTP uses a \"<major>.<minor>\" numbering scheme to indicate versions");
    let status_line = Clause::rfc6455("4.2.2", "A Status-Line with a 101 response code as per RFC 2616");
    let family = family(role, "4.1", "http", clause);
    let versions = [
        ("1.0", "the version HTTP/1.0", "HTTP/1.0 101 Switching Protocols"),
        ("0.9", "the version HTTP/0.9", "HTTP/0.9 101 Switching Protocols"),
        ("2.0", "the version HTTP/2.0", "HTTP/2.0 101 Switching Protocols"),
        ("lower-case", "the version http/1.1", "http/1.1 101 Switching Protocols"),
        ("missing", "no version of HTTP", "101 Switching Protocols"),
    ];
    let case = |(suffix, title, line)| {
        let case = family.rejected(suffix, title, RawHead::response().start(line));
        match suffix {
            // A Status-Line all the same, and §4.1 does not list the version among what a client validates.
            "1.0" | "0.9" | "2.0" => case.lenient(Pattern::WentOn, status_line),
            _ => case,
        }
    };
    versions.map(case).into()
}

/// A case for each value of a field; `None` is the field left out.
fn values<const N: usize>(
    family: &Family,
    name: &'static str,
    values: [(&'static str, Option<&'static str>); N],
) -> Vec<Case> {
    let cases = values.map(|(suffix, value)| match value {
        Some(value) => {
            let line = Text::from(name).then(": ").then(value);
            let head = RawHead::response().replace(name, [line]);
            family.rejected(suffix, format!("{name}: {value}"), head)
        }
        None => family.rejected(suffix, format!("no field {name}"), RawHead::response().without(name)),
    });
    cases.into()
}

fn upgrade(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.1", "If the response lacks an |Upgrade| header field or the |Upgrade|");
    let family = family(role, "4.1", "upgrade", clause);
    let list =
        [("missing", None), ("empty", Some("")), ("websockets", Some("websockets")), ("h2c", Some("h2c"))];
    values(&family, "Upgrade", list)
}

fn connection(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.1", "|Connection| header field doesn't contain a token that is an");
    let family = family(role, "4.1", "connection", clause);
    let list = [
        ("missing", None),
        ("close", Some("close")),
        ("keep-alive", Some("keep-alive")),
        ("notupgrade", Some("notupgrade")),
    ];
    values(&family, "Connection", list)
}

fn accept(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.1", "the |Sec-WebSocket-Accept| contains a value other than the");
    let once =
        Clause::rfc6455("11.3.3", "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in");
    let family = family(role, "4.1", "accept-value", clause);
    let name = "Sec-WebSocket-Accept";
    let other = accept_value(b"AAAAAAAAAAAAAAAAAAAAAA==");
    let line = |value: Text| Text::from(name).then(": ").then(value);
    let mut cases = values(
        &family,
        name,
        [
            ("missing", None),
            ("empty", Some("")),
            ("wrong", Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
            ("truncated", Some("{accept-truncated}")),
            ("extended", Some("{accept}A")),
            ("case-changed", Some("{accept-other-case}")),
            ("inner-space", Some("{accept-with-space}")),
            ("of-decoded-key", Some("{accept-of-nonce}")),
            ("guid-lower", Some("{accept-guid-lower}")),
            ("key-itself", Some("{key}")),
        ],
    );
    let add = |value: Text| RawHead::response().add(line(value));
    let replace = |value: Text| RawHead::response().replace(name, [line(value)]);
    cases.extend([
        family.rejected("other-key", "the value for another key", replace(other.into())),
        family.rejected("60-chars", "a value of 60 characters", replace(Text::repeat("AAAA", 15))),
        family
            .clause(once)
            .rejected("twice-same", "two equal fields Sec-WebSocket-Accept", add("{accept}".into()))
            .lenient(Pattern::WentOn, once),
        family.clause(once).rejected(
            "twice-different",
            "two different fields Sec-WebSocket-Accept",
            add("AAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()),
        ),
    ]);
    cases
}

fn extension(role: Role) -> Vec<Case> {
    let unoffered = Clause::rfc6455("4.1", "that was not present in the client's handshake (the server has");
    let grammar =
        Clause::rfc6455("9.1", "below, the recipient of such malformed data MUST immediately _Fail");
    let family = family(role, "4.1", "extension", unoffered);
    let head =
        |value: &'static str| RawHead::response().add(Text::from("Sec-WebSocket-Extensions: ").then(value));
    vec![
        family.rejected("unoffered", "an unknown extension", head("x-wsconform")),
        family.rejected(
            "unoffered-deflate",
            "a compression that was not offered",
            head("{extension-unoffered}"),
        ),
        family.clause(grammar).rejected(
            "malformed",
            "an extension that does not have the grammar",
            head("permessage-deflate; =\"1"),
        ),
        family.rejected(
            "twice",
            "the same extension twice",
            head("{extension-unoffered}, {extension-unoffered}"),
        ),
    ]
}

fn protocol(role: Role) -> Vec<Case> {
    let unoffered =
        Clause::rfc6455("4.1", "and this header field indicates the use of a subprotocol that was");
    let once =
        Clause::rfc6455("11.3.4", "However, the |Sec-WebSocket-Protocol| header field MUST NOT appear");
    let token = Clause::rfc6455("4.2.2", "same as the null value for these purposes and is not a legal");
    let family = family(role, "4.1", "protocol", unoffered);
    let head = |lines: &[&'static str]| {
        let lines = lines.iter().map(|line| Text::from("Sec-WebSocket-Protocol: ").then(*line));
        lines.fold(RawHead::response(), RawHead::add)
    };
    vec![
        family.rejected("unoffered", "a subprotocol that was not offered", head(&["x-wsconform"])),
        family.rejected("case", "an offered subprotocol in another case", head(&["{protocol-other-case}"])),
        family.clause(token).rejected("empty", "a subprotocol without a name", head(&[""])),
        family.clause(once).rejected(
            "two-lines",
            "a subprotocol in two fields",
            head(&["{protocol}", "{protocol}"]),
        ),
        family.clause(token).rejected("list", "a list of subprotocols", head(&["{protocol}, x-wsconform"])),
    ]
}
