//! HTTP smuggling and desynchronisation around an upgrade (`docs/attacks.md`, H): one HTTP message a
//! connection, and no doubt about its end.

use websocket_proto::{
    Accept, AcceptError, Config, Connection, Event, HandshakeError, ProtocolError, Reject, State,
    TransportAction,
};

use crate::support::{REQUEST, RESPONSE, Seen, every_way, filled, with_field};

use super::shared::{assert_refused, request, serve};

/// Attack H.
#[test]
fn a_request_with_a_body_is_refused() {
    use HandshakeError::{
        ContentNotAllowed, InvalidContentLength, SpaceBeforeColon, TransferEncodingNotAllowed,
    };
    for (lines, error) in [
        ("Content-Length: 5", ContentNotAllowed),
        ("Content-Length: 00005", ContentNotAllowed),
        ("Content-Length: 0\r\nContent-Length: 5", ContentNotAllowed),
        ("content-length: 18446744073709551617", ContentNotAllowed),
        ("Content-Length: +5", InvalidContentLength),
        ("Content-Length: +0", InvalidContentLength),
        ("Content-Length: -0", InvalidContentLength),
        ("Content-Length: 0x0", InvalidContentLength),
        ("Content-Length: 5, 5", InvalidContentLength),
        ("Content-Length: 0, 5", InvalidContentLength),
        ("Content-Length: 0 0", InvalidContentLength),
        ("Content-Length:", InvalidContentLength),
        ("Content-Length : 5", SpaceBeforeColon),
        ("Transfer-Encoding: chunked", TransferEncodingNotAllowed),
        ("Transfer-Encoding: identity", TransferEncodingNotAllowed),
        ("Transfer-Encoding: chunked, gzip", TransferEncodingNotAllowed),
        ("Transfer-Encoding:", TransferEncodingNotAllowed),
        ("Transfer-Encoding: x\r\nTransfer-Encoding: chunked", TransferEncodingNotAllowed),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked", TransferEncodingNotAllowed),
        ("Transfer-Encoding : chunked", SpaceBeforeColon),
    ] {
        assert_refused(&request("X", lines), error);
        // The same with another version (0ang3el), and with a request that is no upgrade.
        assert_refused(
            &with_field(&request("X", lines), "Sec-WebSocket-Version", "Sec-WebSocket-Version: 777\r\n"),
            error,
        );
        assert_refused(&with_field(&request("X", lines), "Upgrade", ""), error);
    }
    for lines in ["Content-Length: 0", "Content-Length: 0\r\nContent-Length: 000"] {
        assert_eq!(serve(&request("X", lines)).out, RESPONSE, "no body");
    }
}

/// Attack H.
#[test]
fn lines_with_two_readings_are_refused() {
    use HandshakeError::{
        BareCarriageReturn, BareLineFeed, InvalidByte, InvalidFieldName, InvalidHost, InvalidRequestLine,
        ObsoleteFold, RepeatedHost, SpaceBeforeColon, SpaceBeforeFields,
    };
    let [start, rest] = [&REQUEST[..20], &REQUEST[20..]];
    assert!(start.ends_with(b"HTTP/1.1\r\n"));
    // Between the start line and the fields, and in the place of the empty line.
    for (line, error) in [
        (&b"X: y\n"[..], BareLineFeed),
        (b"X: y\rZ: w\r\n", BareCarriageReturn),
        (b"X: y\r\r\n", BareCarriageReturn),
        (b"X: a\0b\r\n", InvalidByte),
        (b"X: a\x0bb\r\n", InvalidByte),
        (b"X: a\x7fb\r\n", InvalidByte),
        (b"X\0: a\r\n", InvalidByte),
        (b" X: y\r\n", SpaceBeforeFields),
        (b"\tX: y\r\n", SpaceBeforeFields),
        (b"X: y\r\n z\r\n", ObsoleteFold),
        (b"X: y\r\n \r\n", ObsoleteFold),
        (b"X : y\r\n", SpaceBeforeColon),
        (b"X\t: y\r\n", SpaceBeforeColon),
        (b"X Y: z\r\n", SpaceBeforeColon),
        (b"\"X\": y\r\n", InvalidFieldName),
        (b"X(y): z\r\n", InvalidFieldName),
        (b"[X]: z\r\n", InvalidFieldName),
        (b"X\xe9: z\r\n", InvalidFieldName),
        (b": z\r\n", InvalidFieldName),
        (b"X\r\n", InvalidFieldName),
        (b"Host: other.example\r\n", RepeatedHost),
        (b"\n", BareLineFeed),
        (b"\r\r\n", BareCarriageReturn),
    ] {
        assert_refused(&[start, line, rest].concat(), error);
    }
    let head = &REQUEST[..REQUEST.len() - 2];
    for (end, error) in [
        (&b"\n\n"[..], BareLineFeed),
        (b"\r\r\n", BareCarriageReturn),
        (b"\rX", BareCarriageReturn),
        (b"\0", InvalidByte),
    ] {
        assert_refused(&[head, end].concat(), error);
    }
    for (line, error) in [
        (&b"GET /chat HTTP/1.1\n"[..], BareLineFeed),
        (b"GET /chat HTTP/1.1\r\r\n", BareCarriageReturn),
        (b"GET /chat  HTTP/1.1\r\n", InvalidRequestLine),
        (b"GET /chat HTTP/1.1 \r\n", InvalidRequestLine),
        (b" GET /chat HTTP/1.1\r\n", InvalidRequestLine),
        (b"GET\t/chat HTTP/1.1\r\n", InvalidByte),
        (b"GET /chat\x0bHTTP/1.1\r\n", InvalidByte),
        (b"GET /chat HTTP/1.1\0\r\n", InvalidByte),
        (b"G\"T /chat HTTP/1.1\r\n", InvalidRequestLine),
        (b"\x16\x03\x01\x02\x00\x01", InvalidByte), // a TLS hello
    ] {
        assert_refused(&[line, rest].concat(), error);
    }
    assert_refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HandshakeError::UnsupportedHttpVersion);
    for host in
        ["a b", "a/b", "a@b", "a\"b", "a:b", "a:80:80", "[::1", "::1", "a\\b", "a#b", "a?b", "http://a"]
    {
        assert_refused(&request("Host", &format!("Host: {host}")), InvalidHost);
    }
}

/// Attack H.
#[test]
fn a_host_with_a_broken_escape_is_refused() {
    // RFC 9112 §3.2: 400 to "a Host header field with an invalid field value"; RFC 3986 §2.1: "%" HEXDIG
    // HEXDIG.
    for host in ["a%", "a%2", "a%zz", "%", "a%0g:80"] {
        assert_refused(&request("Host", &format!("Host: {host}")), HandshakeError::InvalidHost);
    }
    assert_eq!(serve(&request("Host", "Host: a%2e:80")).out, RESPONSE);
}

/// Attack H.
#[test]
fn a_request_after_a_refused_upgrade_is_discarded() {
    // nginx, kemal, aiohttp: a proxy that treats the refusal as a 101 tunnels already; a server that reads on
    // serves the hidden request.
    let hidden = b"GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let wrong = request("Sec-WebSocket-Version", "Sec-WebSocket-Version: 1337");
    let outcome = serve(&[&wrong[..], hidden, hidden].concat());
    assert_eq!(outcome, serve(&wrong));
    assert_eq!(outcome.error, Some(HandshakeError::UnsupportedVersion.into()));
    // So it is for a refusal of the application's.
    for status in [200, 401, 403, 503] {
        let reject = |server: &mut Connection<_>, out: &mut Vec<u8>| {
            server.reject(Reject::new(status).body(b"no"), out).unwrap()
        };
        let wire = [REQUEST, hidden, REQUEST, b"\x89\x80\0\0\0\0"].concat();
        let outcome = every_way(&Connection::server(Config::default()), &wire, reject);
        assert!(
            matches!(&outcome.events[..], [Seen::Request { target, .. }] if target == "/chat"),
            "{:?}",
            outcome.events
        );
        assert_eq!(
            (outcome.error, outcome.state, outcome.transport_action),
            (None, State::End, TransportAction::Close)
        );
        let text = String::from_utf8(outcome.out).unwrap();
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status} "))
                && text.ends_with("\r\nContent-Length: 2\r\n\r\nno"),
            "{text}"
        );
        assert!(text.contains("\r\nConnection: close\r\n"));
    }
    let mut config = Config::default();
    config.allow_plain_http = true;
    let answer = |server: &mut Connection<_>, out: &mut Vec<u8>| {
        assert_eq!(server.accept(Accept::new(), out), Err(AcceptError::NotAnUpgrade));
        server.reject(Reject::new(200), out).unwrap();
    };
    let plain = [hidden, REQUEST, hidden].concat();
    let outcome = every_way(&Connection::server(config), &plain, answer);
    assert_eq!(
        (outcome.events, outcome.state),
        (vec![Seen::PlainRequest { target: "/admin".to_owned() }], State::End)
    );
    assert_eq!(outcome.out, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

/// Attack H.
#[test]
fn bytes_after_the_101_are_frames() {
    for (hidden, error) in [
        (&b"GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], ProtocolError::ReservedOpcode), // 0x47
        (b"POST / HTTP/1.1\r\n\r\n", ProtocolError::UnexpectedContinuation),                     // 0x50
        (b"\r\n", ProtocolError::ReservedOpcode),                                                // 0x0d
        (b"\n", ProtocolError::ControlFragmented),                                               // 0x0a
        (b"0\r\n\r\n", ProtocolError::UnexpectedContinuation),                                   // 0x30
    ] {
        let outcome = serve(&[REQUEST, hidden].concat());
        assert!(matches!(outcome.events[..], [Seen::Request { .. }]));
        assert_eq!(
            (outcome.error, outcome.out),
            (Some(error.into()), [RESPONSE, b"\x88\x02\x03\xea"].concat())
        );
    }
    // Content-Length: 0 hides nothing: frames follow at once.
    let wire = [&request("X", "Content-Length: 0")[..], b"\x89\x81\0\0\0\0x"].concat();
    assert_eq!(serve(&wire).out, [RESPONSE, b"\x8a\x01x"].concat());
}

/// Attack H.
#[test]
fn nothing_is_read_before_the_answer() {
    let (mut server, mut out) = (Connection::server(Config::default()), Vec::new());
    let mut inbound = filled(&[REQUEST, REQUEST, b"\x89\x80\0\0\0\0"].concat());
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))));
    for _ in 0..3 {
        assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
    }
    assert_eq!((out.len(), inbound.unread().len(), server.state()), (0, REQUEST.len() + 6, State::Handshake));
    server.reject(Reject::new(404), &mut out).unwrap();
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
    assert!(inbound.is_empty() && out.starts_with(b"HTTP/1.1 404 ") && !out.contains(&0x8A));
}
