//! The request to a server (§4.2.1): requests that are surfaced, and requests that are refused.

use core::hash::{BuildHasher as _, BuildHasherDefault};
use std::hash::DefaultHasher;

use websocket_proto::handshake::{Headers, Key};
use websocket_proto::{
    Accept, AcceptError, Config, Connection, Event, HandshakeError, Reject, Server, State,
};

use crate::support::{Answer, REQUEST, RESPONSE, Seen, To, every_way, filled, with_field, with_start};

use super::server::{judge, plain, seen};

fn owned(headers: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    headers.map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}

/// S-HS-01, S-HS-12 (§4.2.1), S-HS-11 (§4.2.2, §10.2).
#[test]
fn the_whole_request_is_surfaced() {
    let wire = b"GET /chat?room=1&x=%20 HTTP/1.1\r\nHost: server.example.com:8080\r\nOrigin: http://Example.com\r\nUpgrade: websocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: foo; bar=\"b\\az\", baz\r\nCookie: a=b\r\ncookie: c=\xff\xfe\r\nX-Empty:\r\n\r\n";
    seen(wire, |request| {
        assert_eq!((request.target(), request.host()), ("/chat?room=1&x=%20", "server.example.com:8080"));
        assert_eq!(request.origin(), Some(&b"http://Example.com"[..]), "§4.2.2: the caller judges");
        assert_eq!(
            request.subprotocols().map(|subprotocol| subprotocol.name()).collect::<Vec<_>>(),
            ["chat", "superchat"]
        );
        assert_eq!(
            request.extensions().map(|extension| extension.name()).collect::<Vec<_>>(),
            ["foo", "baz"]
        );
        let foo = request.extensions().next().unwrap().params().next().unwrap();
        assert!(foo.name() == "bar" && foo.value().is_some_and(|value| value == "baz"));
        assert_eq!(
            (request.header("COOKIE"), request.header("x-empty"), request.header("X")),
            (Some(&b"a=b"[..]), Some(&b""[..]), None)
        );
    });
    let outcome = To::Server.judge(Config::default(), wire, Ok(()));
    let [Seen::Request { target, headers }] = &outcome.events[..] else { panic!() };
    assert_eq!(
        (target.as_str(), headers),
        ("/chat?room=1&x=%20", &seen(wire, |request| owned(request.headers())))
    );
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names[0], &names[8..]), ("Host", &["Cookie", "cookie", "X-Empty"][..]));
    assert_eq!(headers[9].1, b"c=\xff\xfe", "as it was sent");
}

/// S-HS-11 (§4.2.2, §10.2).
#[test]
fn origin_is_verbatim_and_can_be_refused() {
    for (lines, origin) in [
        ("", None),
        ("Origin: null\r\n", Some("null")),
        ("origin:HTTPS://Example.COM:443\r\n", Some("HTTPS://Example.COM:443")),
        ("Origin:\r\n", Some("")),
    ] {
        let wire = with_field(REQUEST, "Origin", lines);
        assert_eq!(
            seen(&wire, |request| request.origin().map(<[u8]>::to_vec)),
            origin.map(|origin| origin.as_bytes().to_vec())
        );
        let refused = every_way(&Connection::server(Config::default()), &wire, |server, out| {
            server.reject(Reject::new(403), out).unwrap()
        });
        assert_eq!(refused.out, b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
}

/// S-HS-11 (RFC 6454 §7.3).
#[test]
fn a_repeated_origin_is_refused() {
    let repeated = Err(HandshakeError::RepeatedOrigin);
    for lines in
        ["Origin: a\r\nOrigin: b\r\n", "Origin: a\r\nX: y\r\noRIGIN: a\r\n", "Origin:\r\norigin:\r\n"]
    {
        judge("Origin", &[(lines, repeated)]);
        let page = with_field(&with_field(REQUEST, "Upgrade", ""), "Origin", lines);
        let outcome = To::Server.judge(plain(), &page, repeated);
        assert!(outcome.out.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    }
    judge("Origin", &[("Origin: a\r\nX-Origin: b\r\nOrigin2: c\r\n", Ok(()))]);
}

/// S-HS-02 (§4.1, §4.2.1, RFC 9112 §3.1), S-HS-03 (§4.2.1, RFC 9110 §7.8, RFC 9110 §1.0), S-RS-13 (RFC 9110
/// §15.5.6).
#[test]
fn other_methods_and_http_versions_are_refused() {
    let methods = [
        "POST /chat",
        "HEAD /chat",
        "get /chat",
        "Get /chat",
        "GETX /chat",
        "G /chat",
        "OPTIONS *",
        "CONNECT a:80",
        "M-SEARCH *",
    ];
    for config in [Config::default(), plain()] {
        for line in methods {
            let outcome = To::Server.judge(
                config,
                &with_start(REQUEST, format!("{line} HTTP/1.1")),
                Err(HandshakeError::MethodNotAllowed),
            );
            assert!(outcome.out.starts_with(b"HTTP/1.1 405 Method Not Allowed\r\n"));
            assert_eq!(Answer::parse(&outcome.out).field("Allow"), Some("GET"));
        }
        for version in ["HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"] {
            let wire = with_start(REQUEST, format!("GET /chat {version}"));
            let outcome = To::Server.judge(config, &wire, Err(HandshakeError::UnsupportedHttpVersion));
            assert!(outcome.out.starts_with(b"HTTP/1.1 505 HTTP Version Not Supported\r\n"));
        }
    }
}

/// S-HS-02 (§4.1, §4.2.1, RFC 9112 §3.1).
#[test]
fn the_refusal_of_a_head_request_has_no_content() {
    // RFC 9110 §9.3.2: "the server MUST NOT send content in the response"
    let wire = with_start(REQUEST, "HEAD /chat HTTP/1.1");
    let outcome = To::Server.shake(Config::default(), &wire);
    assert_eq!(Answer::parse(&outcome.out).body, b"");
}

/// S-HS-04 (§4.2.1, RFC 9112 §3.2).
#[test]
fn targets_are_origin_form_or_absolute_form() {
    for (target, resource, host) in [
        ("/", "/", "server.example.com"),
        ("//a//", "//a//", "server.example.com"),
        ("/?", "/?", "server.example.com"),
        ("/a?b=c?d/e&http://x", "/a?b=c?d/e&http://x", "server.example.com"),
        ("/*;a=b,c:@!$'()%C3%A9", "/*;a=b,c:@!$'()%C3%A9", "server.example.com"),
        // RFC 9112 §3.2.2: "a server MUST accept the absolute-form", and replace the Host field by it
        ("http://other.example/chat?x=1", "/chat?x=1", "other.example"),
        ("HTTPS://other.example:8443", "/", "other.example:8443"),
        ("http://[::1]:80/x", "/x", "[::1]:80"),
        ("https://other.example/?a://b", "/?a://b", "other.example"),
    ] {
        let wire = with_start(REQUEST, format!("GET {target} HTTP/1.1"));
        To::Server.judge(Config::default(), &wire, Ok(()));
        seen(&wire, |request| assert_eq!((request.target(), request.host()), (resource, host), "{target}"));
    }
    use HandshakeError::{InvalidByte, InvalidRequestLine, InvalidTarget};
    let absolute = [
        "http://",
        "http:///x",
        "http:/a",
        "http://user@a/",
        "http://u:p@a/",
        "http://a:x/",
        "http://[::1/",
        "ftp://a/",
        "ws://a/",
    ];
    let others = ["*", "chat", "?a", "server.example.com:80", "/chat#a", "/#", "http://a/#", "://a/"];
    for (targets, error) in [
        (&absolute[..], InvalidTarget),
        (&others, InvalidTarget),
        (&["/a b", "/a /b", " /a"], InvalidRequestLine),
        (&["/a\tb", "/\0", "/\x7f", "/\x1b", "/caf\u{e9}"], InvalidByte),
    ] {
        for target in targets {
            To::Server.judge(
                Config::default(),
                &with_start(REQUEST, format!("GET {target} HTTP/1.1")),
                Err(error),
            );
        }
    }
    To::Server.judge(Config::default(), &with_start(REQUEST, b"GET /caf\xe9 HTTP/1.1"), Err(InvalidByte));
}

/// S-HS-04 (§4.2.1, RFC 9112 §3.2).
#[test]
fn absolute_form_without_a_path_is_accepted() {
    // RFC 9110 §4.2.1: path-abempty can be empty before a query
    let wire = with_start(REQUEST, "GET http://other.example?x=1 HTTP/1.1");
    To::Server.judge(Config::default(), &wire, Ok(()));
}

/// S-HS-05 (§4.2.1, RFC 9112 §3.2).
#[test]
fn the_request_needs_one_valid_host() {
    use HandshakeError::{InvalidHost, MissingHost, RepeatedHost};
    judge("Host", &[("", Err(MissingHost)), ("Hosts: a\r\n", Err(MissingHost))]);
    for lines in ["Host: a\r\nHost: b\r\n", "Host: a\r\nX: y\r\nhOST: a\r\n", "Host:\r\nHost:\r\n"] {
        judge("Host", &[(lines, Err(RepeatedHost))]);
    }
    // RFC 3986 §3.2: a port can be empty, and a name can hold much
    for host in
        ["a", "a:", "a:80", "127.0.0.1:9001", "[::1]", "[2001:db8::1]:65535", "ex%41mple_~!$&'()*+,;="]
    {
        judge("Host", &[(&format!("Host: {host}\r\n"), Ok(()))]);
    }
    // §4.2.1: "the server's authority", so not nothing
    let names = [
        "", ":80", "a:b", "a:80:80", "a:-1", "a b", "a/", "a?b", "a#b", "a\\b", "\"a\"", "<a>", "user@a",
        "http://a", "exämple",
    ];
    let addresses = ["[::1", "::1", "[::g]", "[]", "[::1]80", "[::1]]", "[fe80::1%25eth0]"];
    for host in names.iter().chain(&addresses) {
        judge("Host", &[(&format!("Host: {host}\r\n"), Err(InvalidHost))]);
    }
    // RFC 9112 §3.2.2: even if the target is an absolute URI, which has the host
    let absolute = with_start(REQUEST, "GET http://a/ HTTP/1.1");
    To::Server.judge(Config::default(), &with_field(&absolute, "Host", ""), Err(MissingHost));
    To::Server.judge(Config::default(), &with_field(&absolute, "Host", "Host: a b\r\n"), Err(InvalidHost));
}

/// S-HS-05 (§4.2.1, RFC 9112 §3.2).
#[test]
fn a_host_with_an_invalid_percent_encoding_is_refused() {
    // RFC 3986 §2.1: pct-encoded = "%" HEXDIG HEXDIG
    for host in ["ex%zz", "ex%4", "%"] {
        judge("Host", &[(&format!("Host: {host}\r\n"), Err(HandshakeError::InvalidHost))]);
    }
}

/// S-HS-06 (§4.2.1, RFC 9110 §7.8), S-HS-07 (§4.2.1), S-RS-09 (RFC 9110 §7.8).
#[test]
fn the_request_needs_upgrade_and_connection_tokens() {
    let no = Err(HandshakeError::NotAnUpgrade);
    for (name, token) in [("Upgrade", "websocket"), ("Connection", "Upgrade")] {
        let (upper, lower) = (token.to_ascii_uppercase(), token.to_ascii_lowercase());
        let (first, last) = (format!("{token}\r\nA: b\r\n{name}: x"), format!("x\r\nA: b\r\n{name}:{token}"));
        let yes = [upper, lower, format!("x, {token}, y"), format!(",,\t{token} ,"), first, last];
        let two = format!("{}\r\n{name}: {}", &token[..3], &token[3..]);
        let no_list = ["", ",", "keep-alive, h2c", "T/13", "Ts", "notT", "x T", "T x", "x;T", "\"T\"", &two];
        for value in yes {
            judge(name, &[(&format!("{name}: {value}\r\n"), Ok(()))]);
        }
        for value in no_list {
            judge(name, &[(&format!("{name}: {}\r\n", value.replace('T', token)), no)]);
        }
        judge(name, &[(&format!("X-{name}: {token}\r\n"), no)]);
        judge(name, &[("", no)]);
    }
    judge("Upgrade", &[("Upgrade: web\u{17f}oc\u{212a}et\r\n", no)]); // letters that a Unicode comparison takes for s and K
    let answer =
        Answer::parse(&To::Server.judge(Config::default(), &with_field(REQUEST, "Upgrade", ""), no).out);
    assert_eq!(
        (answer.status, answer.body),
        (426, b"request that does not ask for an upgrade to websocket".to_vec())
    );
}

/// S-HS-06 (§4.2.1, RFC 9110 §7.8).
#[test]
fn plain_requests_are_surfaced_if_they_are_allowed() {
    let page = |server: &mut Connection<Server>, out: &mut Vec<u8>| {
        assert_eq!(server.accept(Accept::new(), out), Err(AcceptError::NotAnUpgrade));
        server
            .reject(Reject::new(200).headers(&[("Content-Type", "text/html")]).body(b"<p>hello"), out)
            .unwrap();
    };
    for wire in [
        b"GET /health?x HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        with_field(&with_start(REQUEST, "GET /health?x HTTP/1.1"), "Upgrade", ""),
        with_field(&with_start(REQUEST, "GET /health?x HTTP/1.1"), "Connection", "Connection: close\r\n"),
    ] {
        let outcome = every_way(&Connection::server(plain()), &[&wire, &wire[..]].concat(), page);
        assert_eq!(
            outcome.events,
            [Seen::PlainRequest { target: "/health?x".to_owned() }],
            "HTTP-21: one request a connection"
        );
        let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 8\r\n\r\n<p>hello";
        assert_eq!((outcome.out, outcome.error, outcome.state), (answer.to_vec(), None, State::End));
    }
    let upgrade = every_way(&Connection::server(plain()), REQUEST, |server, out| {
        server.accept(Accept::new(), out).unwrap()
    });
    assert_eq!(upgrade.out, RESPONSE);
}

/// S-HS-08 (§4.2.1, §11.3.1), S-RS-04 (§4.2.2).
#[test]
fn the_request_needs_one_key_of_sixteen_bytes() {
    for (key, accept) in [
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), // §1.3
        ("AQIDBAUGBwgJCgsMDQ4PEC==", "OfS0wDaT5NoxF2gqm7Zj2YtetzM="), // §4.1, with unused bits that are set
        ("AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
        ("/////////////////////w==", "XXpj4jYzLM2yUE0C7TIgMwTQh2g="),
    ] {
        let wire = with_field(REQUEST, "Sec-WebSocket-Key", format!("sec-websocket-KEY: \t{key} \r\n"));
        let outcome = To::Server.judge(Config::default(), &wire, Ok(()));
        assert_eq!(Answer::parse(&outcome.out).field("Sec-WebSocket-Accept"), Some(accept));
        assert_eq!(Key::parse(key.as_bytes()).unwrap().accept().as_str(), accept);
    }
    use HandshakeError::{InvalidKey, MissingKey, RepeatedKey};
    let valid = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    judge("Sec-WebSocket-Key", &[("", Err(MissingKey)), (&valid.repeat(2), Err(RepeatedKey))]);
    judge("Sec-WebSocket-Key", &[(&format!("{valid}sec-websocket-key:\r\n"), Err(RepeatedKey))]);
    // No padding, too little, too much; 17 bytes, 15 bytes, 19 bytes; padding inside, a space, the other
    // alphabet of RFC 4648.
    let lengths =
        ["", "Q", "Q=", "Q===", "WE=", "WFh", "Q==dGhl"].map(|end| format!("dGhlIHNhbXBsZSBub25jZ{end}"));
    let others = [
        "",
        "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25=ZQ==",
        "dGhlIHNhbXBsZSBub25j Q==",
        "dGhlIHNhbXBsZSBub25-_Q==",
    ];
    let more = [
        "\"dGhlIHNhbXBsZSBub25jZQ==\"",
        "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
        "the sample nonce",
    ];
    for key in lengths.iter().map(String::as_str).chain(others).chain(more) {
        judge("Sec-WebSocket-Key", &[(&format!("Sec-WebSocket-Key: {key}\r\n"), Err(InvalidKey))]);
    }
}

/// S-HS-09 (§4.2.1, §4.2.2, §4.3, §11.3.5), S-RS-08 (§4.2.2, §4.4).
#[test]
fn the_request_needs_version_13() {
    use HandshakeError::{Hixie76, RepeatedVersion, UnsupportedVersion};
    for version in [
        "", "8", "7", "0", "12", "14", "255", "013", "+13", "13.0", "0xd", "13, 8", "8, 13", "13;", "1 3",
        "\"13\"", "１３",
    ] {
        judge(
            "Sec-WebSocket-Version",
            &[(&format!("Sec-WebSocket-Version: {version}\r\n"), Err(UnsupportedVersion))],
        );
    }
    judge(
        "Sec-WebSocket-Version",
        &[("sec-websocket-version:13\t\r\n", Ok(())), ("", Err(UnsupportedVersion))],
    );
    for value in [
        "13\r\nSec-WebSocket-Version: 13",
        "8\r\nX: y\r\nsec-websocket-version: 13",
        "\r\nSec-WebSocket-Version:",
    ] {
        judge(
            "Sec-WebSocket-Version",
            &[(&format!("Sec-WebSocket-Version: {value}\r\n"), Err(RepeatedVersion))],
        );
    }
    let hixie = b"GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\
        Sec-WebSocket-Protocol: sample\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nOrigin: http://example.com\r\n\r\n^n:ds[4U";
    To::Server.judge(Config::default(), hixie, Err(Hixie76));
    judge(
        "Sec-WebSocket-Version",
        &[("Sec-WebSocket-Key1: x\r\n", Err(Hixie76)), ("sec-websocket-key2: x\r\n", Err(Hixie76))],
    );
    judge("X", &[("Sec-WebSocket-Key1: x\r\nSec-WebSocket-Key2: y\r\n", Ok(()))]);
}

/// S-HS-10 (§4.1, §4.3).
#[test]
fn subprotocols_are_unique_tokens_in_order() {
    let names = |wire: &[u8]| {
        seen(wire, |request| request.subprotocols().map(|name| name.name().to_owned()).collect::<Vec<_>>())
    };
    let field = |value: &str| {
        with_field(REQUEST, "Sec-WebSocket-Protocol", format!("Sec-WebSocket-Protocol: {value}\r\n"))
    };
    let many: Vec<String> = (0..65).map(|i| format!("v{i}.example.com")).collect();
    for (value, list) in [
        ("chat", &["chat"][..]),
        ("b, a", &["b", "a"]),
        ("a\r\nX: y\r\nsec-websocket-protocol: c,b", &["a", "c", "b"]),
        (",, a\t,,b , ,", &["a", "b"]),
        ("\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: ,", &["a"]),
        ("Chat, chat, CHAT", &["Chat", "chat", "CHAT"]),
        ("!#$%&'*+-.^_`|~09AZaz", &["!#$%&'*+-.^_`|~09AZaz"]),
        (&many[..64].join(","), &many[..64].iter().map(String::as_str).collect::<Vec<_>>()),
    ] {
        To::Server.judge(Config::default(), &field(value), Ok(()));
        assert_eq!(names(&field(value)), list);
    }
    assert_eq!(names(REQUEST), [""; 0]);
    use HandshakeError::{InvalidSubprotocol, RepeatedSubprotocol, TooManySubprotocols};
    for (values, error) in [
        (&["", " , ,", "a b", "a, b/c", "a;q=1", "\"a\"", "(a)", "caf\u{e9}"][..], InvalidSubprotocol),
        (&["a, b, a", "a\r\nSec-WebSocket-Protocol: b,a"], RepeatedSubprotocol),
        (&[&many.join(", ")], TooManySubprotocols),
    ] {
        values.iter().for_each(|value| drop(To::Server.judge(Config::default(), &field(value), Err(error))));
    }
}

/// S-HS-10 (§4.1, §4.3).
#[test]
fn a_plain_request_lists_only_the_subprotocols_that_are_tokens() {
    let wire = b"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Protocol: not a token \", fine, b@d\r\n\r\n";
    let (mut server, mut inbound) = (Connection::server(plain()), filled(wire));
    let Ok(Some(Event::PlainRequest(request))) = server.receive(&mut inbound, &mut Vec::new()) else {
        panic!("a request")
    };
    assert_eq!(request.subprotocols().map(|name| name.name()).collect::<Vec<_>>(), ["fine"]);
}

/// S-HS-10 (§4.2.2): a subprotocol is the same in each request that offers it.
#[test]
fn subprotocols_are_equal_if_their_names_are() {
    let read = |value: &str| {
        let field = format!("Sec-WebSocket-Protocol: {value}\r\n");
        (Connection::server(Config::default()), filled(&with_field(REQUEST, "Sec-WebSocket-Protocol", field)))
    };
    let ((mut one, mut one_inbound), (mut two, mut two_inbound)) = (read("chat, Chat"), read("other, chat"));
    let (mut out, mut other_out) = (Vec::new(), Vec::new());
    let Ok(Some(Event::Request(one))) = one.receive(&mut one_inbound, &mut out) else { panic!("a request") };
    let Ok(Some(Event::Request(two))) = two.receive(&mut two_inbound, &mut other_out) else {
        panic!("a request")
    };
    let all: Vec<_> = one.subprotocols().chain(two.subprotocols()).collect();
    let hash = |name| BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
    for (name, other) in all.iter().flat_map(|name| all.iter().map(move |other| (name, other))) {
        let are_equal = name.name() == other.name();
        assert_eq!([name == other, hash(name) == hash(other)], [are_equal; 2], "{name:?}, {other:?}");
    }
}

/// S-HS-12 (§4.2.1).
#[test]
fn the_order_of_fields_is_irrelevant() {
    let text = core::str::from_utf8(REQUEST).unwrap();
    let mut lines: Vec<&str> =
        text.trim_end().split("\r\n").skip(1).chain(["X-Unknown: y", "Authorization: Basic Zg=="]).collect();
    let mut random = fastrand::Rng::with_seed(12);
    for _ in 0..60 {
        random.shuffle(&mut lines);
        let wire = format!("GET /chat HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
        assert_eq!(To::Server.judge(Config::default(), wire.as_bytes(), Ok(())).out, RESPONSE);
    }
}

/// S-HS-13 (§4.2.1).
#[test]
fn a_violation_wins_over_what_else_is_wrong() {
    use HandshakeError::*;
    for (wire, error) in [
        ("GET / HTTP/1.1\r\n\r\n", MissingHost),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", InvalidHost),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", NotAnUpgrade),
        ("GET /\r\n\r\n", InvalidRequestLine),
        ("GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n", RepeatedKey),
    ] {
        To::Server.judge(Config::default(), wire.as_bytes(), Err(error));
    }
}
