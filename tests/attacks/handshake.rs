//! Attacks on the opening handshake of other implementations (`docs/attacks.md`, A11, D, F and G).

use websocket_proto::handshake::Key;
use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, Config, Connection, Entropy, EntropyError, Error, Event,
    HandshakeError, MessageKind, Reject, RequestError, SendError, State, TransportAction, Uri,
};

use crate::support::{Keys, Outcome, REQUEST, RESPONSE, Seen, Side, every_way, filled, frame, with_field};

use super::shared::{assert_refused, request, serve};

type Clients = Client<Keys>;

/// The nonce of §1.3.
#[derive(Debug, Clone)]
struct Sample;

impl Entropy for Sample {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.copy_from_slice(b"the sample nonce");
        Ok(())
    }
}

/// A client that has sent [`REQUEST`] reads this in every way.
fn ask(wire: &[u8]) -> Outcome {
    let uri = Uri::parse("ws://server.example.com/chat").unwrap();
    let mut out = Vec::new();
    let client = Connection::client(ClientRequest::new(uri), Config::default(), Sample, &mut out).unwrap();
    assert_eq!(out, REQUEST);
    every_way(&client, wire, |_, _| panic!("a request"))
}

#[track_caller]
fn assert_fails(response: &[u8], error: HandshakeError) {
    let outcome = ask(&[response, b"\x81\x02hi"].concat());
    assert_eq!(
        (outcome.error, outcome.events),
        (Some(Error::Handshake(error)), vec![]),
        "{}",
        response.escape_ascii()
    );
    // §7.1.7, C-RS-11: no Close, nothing.
    assert_eq!(
        (outcome.out, outcome.state, outcome.transport_action),
        (vec![], State::End, TransportAction::Close)
    );
}

fn response(name: &str, line: &str) -> Vec<u8> {
    with_field(RESPONSE, name, if line.is_empty() { String::new() } else { format!("{line}\r\n") })
}

/// Attacks A11, G6.
#[test]
fn drafts_and_other_versions_are_refused() {
    for (line, error) in [
        ("Sec-WebSocket-Version: 8", HandshakeError::UnsupportedVersion),
        ("Sec-WebSocket-Version: 7", HandshakeError::UnsupportedVersion),
        ("Sec-WebSocket-Version: 0", HandshakeError::UnsupportedVersion),
        ("Sec-WebSocket-Version: 14", HandshakeError::UnsupportedVersion),
        ("Sec-WebSocket-Version: 8, 13", HandshakeError::UnsupportedVersion),
        ("", HandshakeError::UnsupportedVersion), // draft-75
        (
            "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00",
            HandshakeError::Hixie76,
        ),
    ] {
        let head = request("Sec-WebSocket-Version", line);
        assert_refused(&head, error);
        let out = String::from_utf8(serve(&head).out).unwrap();
        assert!(
            out.contains("\r\nSec-WebSocket-Version: 13\r\n") && out.contains("\r\nUpgrade: websocket\r\n"),
            "{out}"
        );
    }
}

/// Attack D2.
#[test]
fn invalid_deflate_parameters_are_declined_without_compression() {
    for offer in [
        "permessage-deflate; server_max_window_bits=1000",
        "permessage-deflate; server_max_window_bits=abc",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=99999999999999999999999",
        "permessage-deflate; client_max_window_bits=-1; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1, permessage-deflate; x=\"\\1\\5\"",
    ] {
        let line = format!("Sec-WebSocket-Extensions: {offer}");
        let outcome = serve(&request("Sec-WebSocket-Extensions", &line));
        assert_eq!((outcome.error, &outcome.out[..]), (None, RESPONSE), "declined by silence: {offer}");
        assert_fails(&response("Sec-WebSocket-Extensions", &line), HandshakeError::ExtensionNotOffered);
    }
}

/// Attack D3.
#[test]
fn more_fields_than_the_limit_fail() {
    let first_line = REQUEST.split_inclusive(|&byte| byte == b'\n').next().unwrap().len();
    let (start, fields) = REQUEST.split_at(first_line);
    for (count, error) in
        [(95, None), (96, Some(HandshakeError::TooManyFields)), (5000, Some(HandshakeError::TooManyFields))]
    {
        // Five fields of the request's own; the flood comes before them, so that Upgrade would be missing.
        let head = [start, &b"a: b\r\n".repeat(count), fields].concat();
        match error {
            None => assert_eq!(serve(&head).out, RESPONSE),
            Some(error) => assert_refused(&head, error),
        }
    }
    // Absent is a case like any other.
    for (name, error) in [
        ("Host", HandshakeError::MissingHost),
        ("Upgrade", HandshakeError::NotAnUpgrade),
        ("Connection", HandshakeError::NotAnUpgrade),
        ("Sec-WebSocket-Key", HandshakeError::MissingKey),
    ] {
        assert_refused(&request(name, ""), error);
    }
    assert_refused(b"GET / HTTP/1.1\r\n\r\n", HandshakeError::MissingHost);
}

/// Attacks D4, D8, D10.
#[test]
fn bytes_and_forms_that_crashed_others_are_typed_errors() {
    let line = |name: &str, value: &[u8]| {
        with_field(REQUEST, name, [name.as_bytes(), b": ", value, b"\r\n"].concat())
    };
    for value in [&b"\xe9"[..], b"chat, \xff\xfe", b"\xc3\xa9chat", b"ch\xe9t, ok"] {
        assert_refused(&line("Sec-WebSocket-Protocol", value), HandshakeError::InvalidSubprotocol);
        assert_refused(&line("Sec-WebSocket-Extensions", value), HandshakeError::InvalidExtensions);
        assert_refused(&line("Sec-WebSocket-Key", value), HandshakeError::InvalidKey);
        // In a field of no meaning they are bytes; Origin is surfaced as it is.
        let outcome = serve(&line("Origin", value));
        let Some(Seen::Request { headers, .. }) = outcome.events.first() else {
            panic!("{:?}", outcome.error)
        };
        assert!(headers.contains(&("Origin".to_owned(), value.to_vec())));
    }
    for (bytes, error) in [
        (&b"GET / HTTP/1.1\r\n: x\r\n\r\n"[..], HandshakeError::InvalidFieldName), // D8: an empty name
        (b"GET / HTTP/1.1\r\nHost\r\n\r\n", HandshakeError::InvalidFieldName),
        (b"GET / HTTP/1.1\r\n\r\n", HandshakeError::MissingHost),
        (b"GET  HTTP/1.1\r\n", HandshakeError::InvalidRequestLine), // D8: an empty target
        (b"GET h HTTP/1.1\r\n", HandshakeError::InvalidTarget),
        (b"GET http: HTTP/1.1\r\n", HandshakeError::InvalidTarget),
        (b"GET :// HTTP/1.1\r\n", HandshakeError::InvalidTarget),
        (b"GET http:// HTTP/1.1\r\n", HandshakeError::InvalidTarget),
    ] {
        assert_refused(bytes, error);
    }
    assert_refused(&line("Host", b""), HandshakeError::InvalidHost);
    // D10: whatever the length of the key, base64 sees 24 bytes or none.
    for len in (0..=64).chain([255, 256, 4000, 8000]) {
        assert_refused(&line("Sec-WebSocket-Key", &vec![b'A'; len]), HandshakeError::InvalidKey);
    }
}

/// Attack F.
#[test]
fn every_masking_key_is_four_fresh_bytes_of_the_entropy() {
    let mut client = Clients::open(Config::default());
    let mut out = Vec::new();
    for _ in 0..2 {
        client.send_binary(b"equal", &mut out).unwrap();
    }
    let (first, second) = out.split_at(out.len() / 2);
    assert_ne!(first, second, "two equal messages");
    client.send_fragment(MessageKind::Binary, &[0; 5000], false, &mut out).unwrap();
    client.ping(b"", &mut out).unwrap();
    client.send_fragment(MessageKind::Binary, b"", true, &mut out).unwrap();
    // The connection's own: two Pongs, and the echo of a Close.
    let wire =
        [frame::<Clients>(0x89, b"a"), frame::<Clients>(0x89, b"a"), frame::<Clients>(0x88, b"\x03\xe8")]
            .concat();
    let mut inbound = filled(&wire);
    while client.receive(&mut inbound, &mut out).unwrap().is_some() {}
    let (mut rest, mut keys) = (&out[..], Vec::new());
    while let Some((header, len)) = websocket_proto::wire::FrameHeader::parse(rest).unwrap().complete() {
        keys.push(header.masking_key.map(u32::from_be_bytes));
        rest = &rest[len + header.payload_len as usize..];
    }
    assert_eq!(
        keys,
        (5..13).map(Some).collect::<Vec<_>>(),
        "the source's words, each once; four went into the nonce"
    );

    #[derive(Clone)]
    struct Broken;
    impl Entropy for Broken {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }
    let (uri, mut out) = (Uri::parse("ws://a/").unwrap(), Vec::new());
    let refused = Connection::client(ClientRequest::new(uri), Config::default(), Broken, &mut out);
    assert!(matches!(refused, Err(RequestError::Entropy)) && out.is_empty());
}

/// Attack G1.
#[test]
fn only_101_with_the_right_accept_opens() {
    let accept = |value: &str| response("Sec-WebSocket-Accept", &format!("Sec-WebSocket-Accept: {value}"));
    let other = Key::new([1; 16]).accept();
    for value in [
        "dGhlIHNhbXBsZSBub25jZQ==", // the key itself
        other.as_str(),
        "S3PPLMBITXAQ9KYGZZHZRBK+XOO=",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xO",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo==",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, x",
        "s3pPLMBiTxaQ9 kYGzzhZRbK+xOo=",
        "\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"",
        "",
    ] {
        assert_fails(&accept(value), HandshakeError::AcceptMismatch);
    }
    assert_fails(&response("Sec-WebSocket-Accept", ""), HandshakeError::MissingAccept);
    let twice = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    assert_fails(
        &response("Sec-WebSocket-Accept", &format!("{twice}\r\n{twice}")),
        HandshakeError::RepeatedAccept,
    );
    // "101" anywhere but in the status.
    let fields = &RESPONSE[RESPONSE.windows(2).position(|bytes| bytes == b"\r\n").unwrap()..];
    for (line, status) in [("HTTP/1.1 200 101", 200), ("HTTP/1.1 401 HTTP/1.1 101 Switching Protocols", 401)]
    {
        let outcome = ask(&[line.as_bytes(), fields, b"HTTP/1.1 101\r\n\r\n\x81\x02hi"].concat());
        assert!(
            matches!(outcome.events[..], [Seen::Rejected { status: found, .. }] if found == status),
            "{:?}",
            outcome.events
        );
        assert_eq!((outcome.error, outcome.state, outcome.out), (None, State::End, vec![]));
    }
    for line in ["HTTP/1.1 1010 x", "HTTP/1.1 0101 x", "HTTP/1.1  101 x", "101", "ICY 101 x", "HTTP/1.1 10 1"]
    {
        assert_fails(&[line.as_bytes(), fields].concat(), HandshakeError::InvalidStatusLine);
    }
    assert_fails(&[b"HTTP/1.0 101 x", fields].concat(), HandshakeError::UnsupportedHttpVersion);
    assert!(matches!(ask(RESPONSE).events[..], [Seen::Open { .. }]));
}

/// Attack G2.
#[test]
fn tokens_are_compared_whole_and_without_ascii_case() {
    for (name, lines, opens) in [
        ("Connection", "Connection: notupgrade", false),
        ("Connection", "Connection: upgrades", false),
        ("Connection", "Connection: keep-alive;upgrade", false),
        ("Connection", "Connection: \"upgrade\"", false),
        ("Connection", "Connection: keep-alive\r\nConnection: x, uPGRADE", true),
        ("Connection", "Connection: ,, Upgrade\t,", true),
        ("Upgrade", "Upgrade: notwebsocket", false),
        ("Upgrade", "Upgrade: websockets", false),
        ("Upgrade", "Upgrade: web socket", false),
        ("Upgrade", "Upgrade: web\u{17f}ocket", false), // folds to s in Unicode
        ("Upgrade", "Upgrade: websoc\u{212a}et", false), // folds to k in Unicode
        ("Upgrade", "Upgrade: WebSocket", true),
    ] {
        if opens {
            assert_eq!(serve(&request(name, lines)).out, RESPONSE, "{lines}");
            assert!(matches!(ask(&response(name, lines)).events[..], [Seen::Open { .. }]), "{lines}");
        } else {
            let error = if name == "Upgrade" {
                HandshakeError::InvalidUpgrade
            } else {
                HandshakeError::InvalidConnection
            };
            assert_refused(&request(name, lines), HandshakeError::NotAnUpgrade);
            assert_fails(&response(name, lines), error);
        }
    }
    let lines = "Upgrade: h2c\r\nUpgrade: foo, websocket";
    assert_eq!(serve(&request("Upgrade", lines)).out, RESPONSE, "a request can offer several");
}

/// Attacks G3, G4.
#[test]
fn callers_cannot_inject_lines_or_fields() {
    let bad = ["\r", "\n", "\0", "a\r\nX: y", "\r\n\r\nGET / HTTP/1.1", "\u{7f}", "\u{1}", "x\r\n y"];
    let reserved = [
        ("Host", "evil"),
        ("upgrade", "h2c"),
        ("CONNECTION", "close"),
        ("Content-Length", "5"),
        ("transfer-encoding", "chunked"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-accept", "x"),
        ("Sec-WebSocket-Version", "8"),
        ("Sec-WebSocket-Protocol", "x"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Sec-WebSocket-Anything", ""),
    ];
    let fields = bad.iter().flat_map(|&bad| [("X", bad), (bad, "x")]).chain([
        ("", "x"),
        ("a b", "x"),
        ("a:", "x"),
        ("\u{e9}", "x"),
    ]);
    let fields = fields.map(|field| (field, false)).chain(reserved.map(|field| (field, true)));
    let uri = Uri::parse("ws://a/").unwrap();
    let mut out = Vec::new();
    let mut server = Connection::server(Config::default());
    assert!(server.receive(&mut filled(REQUEST), &mut out).unwrap().is_some());
    for (field, is_reserved) in fields {
        // The bad field is the last of several.
        let fields = [("Fine", "yes"), field];
        let made = Connection::client(
            ClientRequest::new(uri).headers(&fields),
            Config::default(),
            Keys::default(),
            &mut out,
        );
        assert_eq!(
            made.err(),
            Some(if is_reserved { RequestError::ReservedField } else { RequestError::InvalidField }),
            "{field:?}"
        );
        let error = if is_reserved { AcceptError::ReservedField } else { AcceptError::InvalidField };
        assert_eq!(server.accept(Accept::new().headers(&fields), &mut out), Err(error), "{field:?}");
        assert_eq!(server.reject(Reject::new(403).headers(&fields), &mut out), Err(error), "{field:?}");
    }
    for name in bad.into_iter().chain(["", "a b", "a,b", "\u{e9}", "a\"", "a;b"]) {
        let made = Connection::client(
            ClientRequest::new(uri).subprotocols(&["fine", name]),
            Config::default(),
            Keys::default(),
            &mut out,
        );
        assert_eq!(made.err(), Some(RequestError::InvalidSubprotocol), "{name:?}");
    }
    for bad in bad {
        for uri in [
            format!("ws://a{bad}/"),
            format!("ws://a/{bad}"),
            format!("ws://a/?{bad}"),
            format!("ws://a:{bad}/"),
        ] {
            assert!(Uri::parse(&uri).is_err(), "{uri:?}");
        }
    }
    assert_eq!((out.len(), server.state()), (0, State::Handshake), "nothing was written");
    server.accept(Accept::new().headers(&[("Set-Cookie", "a=b\u{e9}")]), &mut out).unwrap();
    assert!(out.ends_with("\r\nSet-Cookie: a=b\u{e9}\r\n\r\n".as_bytes()), "obs-text is legal");
}

/// Attack G5.
#[test]
fn the_origin_is_surfaced_and_can_be_rejected_with_403() {
    let (mut server, mut out) = (Connection::server(Config::default()), Vec::new());
    let mut inbound = filled(&request("Origin", "Origin: https://evil.example"));
    match server.receive(&mut inbound, &mut out) {
        Ok(Some(Event::Request(request))) => assert_eq!(request.origin(), Some(&b"https://evil.example"[..])),
        other => panic!("{other:?}"),
    }
    server.reject(Reject::new(403), &mut out).unwrap();
    assert_eq!(out, b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((server.state(), server.transport_action()), (State::End, TransportAction::Close));
    assert_eq!(server.send_text("hi", &mut out), Err(SendError::Closed));
}

/// Attack G6.
#[test]
fn requests_that_others_accept_are_refused() {
    let start = |line: &str| {
        [line.as_bytes(), &REQUEST[REQUEST.windows(2).position(|bytes| bytes == b"\r\n").unwrap()..]].concat()
    };
    let twice = |line: &str| request(line.split(':').next().unwrap(), &format!("{line}\r\n{line}"));
    for (head, error) in [
        (start("GET /chat HTTP/2.0"), HandshakeError::UnsupportedHttpVersion),
        (start("GET /chat HTTP/0.9"), HandshakeError::UnsupportedHttpVersion),
        (start("GET /chat HTTP/1.0"), HandshakeError::UnsupportedHttpVersion),
        (start("GET /chat HTTP/1.10"), HandshakeError::InvalidRequestLine),
        (start("GET /chat http/1.1"), HandshakeError::InvalidRequestLine),
        (start("GET /chat"), HandshakeError::InvalidRequestLine),
        (start("get /chat HTTP/1.1"), HandshakeError::MethodNotAllowed),
        (start("POST /chat HTTP/1.1"), HandshakeError::MethodNotAllowed),
        (request("Sec-WebSocket-Key", "Sec-WebSocket-Key: any"), HandshakeError::InvalidKey),
        (twice("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), HandshakeError::RepeatedKey),
        (twice("Sec-WebSocket-Version: 13"), HandshakeError::RepeatedVersion),
        (twice("Host: server.example.com"), HandshakeError::RepeatedHost),
        (
            request("Origin", "Origin: https://app.example\r\nOrigin: https://evil.example"),
            HandshakeError::RepeatedOrigin,
        ),
    ] {
        assert_refused(&head, error);
    }
    for line in ["permessage-deflate", "x-webkit-deflate-frame", "mux; a=b"] {
        let line = format!("Sec-WebSocket-Extensions: {line}");
        assert_fails(&response("Sec-WebSocket-Extensions", &line), HandshakeError::ExtensionNotOffered);
    }
    assert_fails(&response("X", "Transfer-Encoding: chunked"), HandshakeError::TransferEncodingNotAllowed);
    assert_fails(
        &response("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: chat"),
        HandshakeError::SubprotocolNotOffered,
    );
}

/// Attack G7.
#[test]
fn redirects_and_challenges_are_surfaced_and_not_followed() {
    for (status, field) in [
        (301, "Location: ws://evil.example/"),
        (307, "Location: /x"),
        (401, "WWW-Authenticate: Basic"),
        (426, "A: b"),
    ] {
        let head = format!("HTTP/1.1 {status} x\r\n{field}\r\nContent-Length: 2\r\n\r\nno");
        let outcome = ask(head.as_bytes());
        let Some(Seen::Rejected { status: found, headers }) = outcome.events.first() else {
            panic!("{:?}", outcome.error)
        };
        let (name, value) = field.split_once(": ").unwrap();
        assert_eq!((*found, &headers[0]), (status, &(name.to_owned(), value.as_bytes().to_vec())));
        assert_eq!(
            (outcome.events.len(), outcome.out, outcome.state),
            (1, vec![], State::End),
            "nothing is sent again"
        );
    }
}
