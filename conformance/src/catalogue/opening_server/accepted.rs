//! Legal requests, which a server accepts (§4.2.1).

use super::super::opening::{
    SPACES, cased_names, glued_frames, many, obs_text, space, unknown, upgrade_options,
};
use super::{NEED_NOT_DECODE, TOO_LARGE, family};
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{Parts, RawHead, Text};
use crate::role::Role;
use crate::step::{Awaited, Cuts, Item, Step};
use crate::verdict::{Pattern, Verdict};

pub(super) fn cases(role: Role) -> Vec<Case> {
    [
        fields(role),
        options(role),
        targets(role),
        keys(role),
        http(role),
        lenient(role),
        policies(role),
        glued(role),
        split(role),
    ]
    .concat()
}

const ACCEPTS: Clause = Clause::rfc6455("4.2.1", "fields are ignored, as per [RFC2616].");
const ORDER: Clause =
    Clause::rfc6455("4.2.1", "per [RFC2616], the order of the header fields is not important),");
const CASE: Clause = Clause::rfc6455("4.1", "both HTTP requests and HTTP responses are case-insensitive.");
const UPGRADE: Clause = Clause::rfc6455("4.2.1", "treated as an ASCII case-insensitive value.");
const CONNECTION: Clause =
    Clause::rfc6455("4.2.1", "A |Connection| header field that includes the token \"Upgrade\",");
const ORIGIN: Clause = Clause::rfc6455("10.2", "containing HTTP 403 Forbidden status code.");
const AUTHORITY: Clause =
    Clause::rfc6455("4.2.1", "A |Host| header field containing the server's authority.");
const AUTHENTICATION: Clause =
    Clause::rfc6455("4.2.2", "The server can perform additional client authentication, for");
const RESOURCE: Clause =
    Clause::rfc6455("4.2.2", "appropriate HTTP error code (such as 404 Not Found) and abort");

const REDIRECT: Clause =
    Clause::rfc6455("4.2.2", "The server MAY redirect the client using a 3xx status code");

fn fields(role: Role) -> Vec<Case> {
    let family = family(role, "4.2.1", "accept", ORDER);
    let head = RawHead::request;
    let reversed = {
        let mut head = head();
        head.fields.reverse();
        head
    };
    let shuffled = {
        let mut head = head();
        head.fields.rotate_left(2);
        head.fields.swap(0, 1);
        head
    };
    let [lower, upper] = cased_names(&head(), &family.clause(CASE));
    let unknown_fields = {
        let mut head = head();
        head.fields.extend(many(30));
        head
    };
    vec![
        family.opened("minimal", "only the fields that a request needs", head()),
        family.opened("order-reversed", "the fields in reverse order", reversed),
        family.opened("order-shuffled", "the fields in another order", shuffled),
        lower,
        upper,
        family
            .clause(ACCEPTS)
            .opened("unknown-fields-30", "30 unknown fields", unknown_fields)
            .lenient(Pattern::ClientError, TOO_LARGE),
        family.clause(ACCEPTS).opened(
            "version-last",
            "Sec-WebSocket-Version after unknown fields",
            head().without("Sec-WebSocket-Version").add(unknown("1")).add("Sec-WebSocket-Version: 13"),
        ),
        family
            .clause(ACCEPTS)
            .opened(
                "cookie-authorization",
                "Cookie and Authorization",
                head().add("Cookie: a=b; c=\"d\"").add("Authorization: Basic dXNlcjpwYXNz"),
            )
            .lenient(Pattern::ClientError, AUTHENTICATION),
    ]
}

/// The values of Upgrade and of Connection.
fn options(role: Role) -> Vec<Case> {
    let upgrade = family(role, "4.2.1", "accept", UPGRADE);
    let connection = family(role, "4.2.1", "accept", CONNECTION);
    let lists = [
        (
            "connection-list-first",
            "Upgrade is the first element of Connection",
            "Connection: Upgrade, keep-alive",
        ),
        (
            "connection-list-last",
            "Upgrade is the last element of Connection",
            "Connection: keep-alive, Upgrade",
        ),
    ];
    upgrade_options(&RawHead::request(), &upgrade, &connection, &lists)
}

fn targets(role: Role) -> Vec<Case> {
    let family = family(role, "4.2.1", "accept", ACCEPTS);
    let head = RawHead::request;
    let origin = |suffix, value: &'static str| {
        let title = format!("the origin {value}");
        let head = head().add(Text::from("Origin: ").then(value));
        family.opened(suffix, title, head).lenient(Pattern::ClientError, ORIGIN)
    };
    let host = |suffix, value: &'static str| {
        let title = format!("the host {value}");
        let head = head().replace("Host", [Text::from("Host: ").then(value)]);
        family.opened(suffix, title, head).lenient(Pattern::ClientError, AUTHORITY)
    };
    let target = |suffix, title, target: Text| {
        let start = Text::from("GET {resource}").then(target).then(" HTTP/1.1");
        family
            .opened(suffix, title, head().start(start))
            .lenient(Pattern::ClientError, RESOURCE)
            .lenient(Pattern::Answered(&[301, 302, 303, 307, 308]), REDIRECT)
    };
    vec![
        origin("origin", "http://example.com"),
        origin("origin-null", "null"),
        host("host-port", "127.0.0.1:8080"),
        host("host-ipv6", "[::1]:8080"),
        target("query", "a target with a query", "?a=b&c=d/e?f".into()),
        target("path-2000", "a target of 2,000 bytes", Text::repeat("a", 2000)),
        target("percent-encoded", "a target with percent-encoded bytes", "%7Ea%2Fb%C3%A9".into()),
    ]
}

fn keys(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.2.1", "Section 4 of [RFC4648]) value that, when decoded, is 16 bytes in");
    let family = family(role, "4.2.1", "accept-key", clause);
    let key = |value: &'static str| {
        let line = Text::from("Sec-WebSocket-Key: ").then(value);
        RawHead::request().replace("Sec-WebSocket-Key", [line])
    };
    let mut cases = vec![
        family.opened("rfc-example", "the key of the example in the RFC", key("dGhlIHNhbXBsZSBub25jZQ==")),
        family.opened("zero", "a key of 16 bytes 00", key("AAAAAAAAAAAAAAAAAAAAAA==")),
        family.opened("ones", "a key of 16 bytes FF", key("/////////////////////w==")),
    ];
    let policy = super::family(role, "4.2.1", "key-non-canonical", NEED_NOT_DECODE).policy();
    let title = "a key with unused bits in its last character";
    cases.push(
        policy.opened("", title, key("dGhlIHNhbXBsZSBub25jZR==")).passes(Pattern::Answered(&[400]), clause),
    );
    cases
}

/// Legal forms of HTTP.
fn http(role: Role) -> Vec<Case> {
    let head = RawHead::request;
    let around = Clause::new(9112, "5.1", "A field line value might be preceded and/or followed by optional");
    let mut cases: Vec<_> = SPACES
        .map(|(suffix, title, before, after)| {
            let head = head().map(|line| match line.starts_with("Host") {
                true => line.to_owned(),
                false => space(line, before, after),
            });
            family(role, "9112:5.1", "ows", around).opened(suffix, title, head)
        })
        .into();
    let empty =
        Clause::new(9110, "5.6.1.2", "recipient MUST parse and ignore a reasonable number of empty list");
    let empty = family(role, "9110:5.6.1", "empty-elements", empty);
    cases.extend([
        empty.opened(
            "connection",
            "empty elements in Connection",
            head().replace("Connection", ["Connection: , ,Upgrade,"]),
        ),
        empty.opened(
            "upgrade",
            "empty elements in Upgrade",
            head().replace("Upgrade", ["Upgrade: , ,websocket,"]),
        ),
    ]);
    let absolute = Clause::rfc6455("4.2.1", "defined in Section 3 (or an absolute HTTP/HTTPS URI containing");
    cases.push(family(role, "9112:3.2.2", "absolute-form", absolute).opened(
        "",
        "a target in absolute form",
        head().start("GET http://{host}{resource} HTTP/1.1"),
    ));
    cases
}

/// Legal forms of HTTP that a server may refuse.
fn lenient(role: Role) -> Vec<Case> {
    let head = RawHead::request;
    let ignore =
        Clause::new(9110, "7.8", "sending the final response.  A server MAY ignore a received Upgrade");
    let list = |suffix, title, lines: &[&'static str]| {
        family(role, "9110:7.8", "upgrade-list", ignore)
            .opened(suffix, title, head().replace("Upgrade", lines.iter().copied()))
            .lenient(Pattern::AnyAnswer, ignore)
    };
    let opaque =
        Clause::new(9110, "5.5", "A recipient SHOULD treat other allowed octets in field content (i.e.,");
    let value = |suffix, title, value: Text| {
        family(role, "9110:5.5", "value", opaque)
            .should()
            .opened(suffix, title, head().add(unknown(value)))
            .lenient(Pattern::Answered(&[400]), opaque)
    };
    let crlf =
        Clause::new(9112, "2.2", "and parse a request-line SHOULD ignore at least one empty line (CRLF)");
    let length = Clause::new(9110, "8.6", "Any Content-Length field value greater than or equal to zero is");
    vec![
        list("last", "websocket is the last element of Upgrade", &["Upgrade: h2c, websocket"]),
        list("first", "websocket is the first element of Upgrade", &["Upgrade: websocket, h2c"]),
        list(
            "two-lines",
            "websocket is in the second line of Upgrade",
            &["Upgrade: h2c", "Upgrade: websocket"],
        ),
        value("obs-text", "an unknown field with the bytes 80 to FF", obs_text()),
        value("empty", "an unknown field without a value", "".into()),
        family(role, "9112:2.2", "leading-crlf", crlf)
            .should()
            .opened("", "an empty line before the request", head().start("\r\nGET {resource} HTTP/1.1"))
            .lenient(Pattern::Answered(&[400]), crlf),
        family(role, "9110:8.6", "content-length-0", length)
            .opened("", "Content-Length: 0", head().add("Content-Length: 0"))
            .lenient(Pattern::AnyAnswer, ignore),
    ]
}

/// Requests of which no answer is wrong.
fn policies(role: Role) -> Vec<Case> {
    let head = RawHead::request;
    let expect =
        Clause::new(9110, "10.1.1", "other than 100-continue MAY respond with a 417 (Expectation Failed)");
    let minor =
        Clause::new(9110, "6.2", "minor version, when sent to a recipient that has not yet indicated");
    vec![
        family(role, "9110:10.1.1", "expect-100", expect)
            .policy()
            .opened("", "Expect: 100-continue", head().add("Expect: 100-continue"))
            .passes(Pattern::Answered(&[417]), expect),
        family(role, "9110:2.5", "http-1.2", minor)
            .policy()
            .opened("", "the version HTTP/1.2", head().start("GET {resource} HTTP/1.2"))
            .passes(Pattern::AnyAnswer, minor),
    ]
}

fn glued(role: Role) -> Vec<Case> {
    let wait = Clause::rfc6455("4.1", "wait for a response from the server before sending any further data.");
    let reply = Clause::rfc6455("4.2.2", "reply with a valid HTTP response indicating the following.");
    let family = family(role, "4.2.2", "glued", wait).policy();
    let cases = glued_frames().map(|(suffix, what, frames)| {
        let title = format!("{what} in the same write as the request");
        let items = frames.into_iter().map(Item::Frame).collect();
        let (steps, accepted): (_, &[u16]) = match suffix {
            "close" => (vec![Step::Await(Awaited::Close)], &[1000]),
            _ => (vec![Step::Await(Awaited::Replies), Step::Barrier], &[]),
        };
        family
            .opened(suffix, title, RawHead::request())
            .glued(items, steps)
            .passes(Pattern::Closed(accepted), wait)
            .lenient(Pattern::AnyEnd, wait)
            .lenient(Pattern::AnyAnswer, wait)
            .fails(Pattern::Wrong, reply)
            .allow(Pattern::Timeout, Verdict::Fail, reply)
    });
    cases.into()
}

fn split(role: Role) -> Vec<Case> {
    let clause = Clause::rfc6455("4.2.1", "opening handshake.  The server must parse at least part of this");
    let family = family(role, "4.2.1", "split", clause);
    let opened = |suffix, title| family.opened(suffix, title, RawHead::request());
    vec![
        opened("every-byte", "one byte in each write").cut(Cuts::Every(1)),
        opened("two-way", "two writes, cut at each place").parts(Parts::EachPlace),
        opened("each-line", "one line in each write").cut(Cuts::Lines),
        opened("by-7", "seven bytes in each write").cut(Cuts::Every(7)),
    ]
}
