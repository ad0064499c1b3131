//! The response of a server (§4.2.2): the 101, and every refusal.

use std::collections::HashSet;

use websocket_proto::{
    Accept, AcceptError, Config, Connection, Error, Event, HandshakeError, ReceiveBuffer, Reject, SendSlice,
    Server, State, Subprotocol, TransportAction,
};

use crate::support::{Answer, REQUEST, RESPONSE, Seen, To, every_way, filled, frame, frames_of, with_field};

use super::server::{asked, plain};

/// S-RS-09 (RFC 9110 §7.8).
#[test]
fn a_426_names_upgrade_as_a_connection_option() {
    // RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option in the Connection
    // header field"
    let mut out = Vec::new();
    asked(REQUEST).reject(Reject::new(426), &mut out).unwrap();
    let refused = To::Server
        .judge(Config::default(), &with_field(REQUEST, "Upgrade", ""), Err(HandshakeError::NotAnUpgrade))
        .out;
    for out in [out, refused] {
        let answer = Answer::parse(&out);
        let connection = answer.field("Connection").unwrap().to_ascii_lowercase();
        assert!(connection.split(", ").any(|option| option == "upgrade"), "{connection}");
    }
}

/// S-RS-01, S-RS-02, S-RS-03 (§4.2.2), S-RS-05 (§4.2.2, §11.3.4), S-RS-06 (§4.2.2, §9), S-RS-12 (RFC 9112
/// §6.1, RFC 9110 §8.6).
#[test]
fn the_101_has_exactly_the_required_lines() {
    let offer = "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x\r\n";
    let wire = with_field(REQUEST, "X", offer);
    let subprotocols = ["chat", "superchat"];
    let base = core::str::from_utf8(RESPONSE).unwrap().strip_suffix("\r\n").unwrap();
    for (chosen, headers, lines) in [
        (None, &[][..], ""),
        (Some(0), &[], "Sec-WebSocket-Protocol: chat\r\n"),
        (Some(1), &[], "Sec-WebSocket-Protocol: superchat\r\n"),
        (
            None,
            &[("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("X", "")],
            "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nX: \r\n",
        ),
        (
            Some(1),
            &[("Server", "caf\u{e9}\t1")],
            "Sec-WebSocket-Protocol: superchat\r\nServer: caf\u{e9}\t1\r\n",
        ),
    ] {
        let (mut server, mut inbound, mut out) =
            (Connection::server(Config::default()), filled(&wire), Vec::new());
        let Ok(Some(Event::Request(request))) = server.receive(&mut inbound, &mut out) else { panic!() };
        assert_eq!(out, b"", "nothing before the 101");
        let mut accept = Accept::new().headers(headers);
        if let Some(chosen) = chosen {
            let subprotocol =
                request.subprotocols().find(|name| name.name() == subprotocols[chosen]).unwrap();
            accept = accept.subprotocol(subprotocol);
        }
        server.accept(accept, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{base}{lines}\r\n"));
        assert_eq!(
            (server.state(), server.transport_action()),
            (State::Transmission, TransportAction::KeepOpen)
        );
    }
}

/// A server, its receive buffer with a request that has this key and these lines, and an empty outbound
/// buffer.
fn offering(key: &str, offer: &str) -> (Connection<Server>, ReceiveBuffer<Vec<u8>>, Vec<u8>) {
    let wire = with_field(REQUEST, "Sec-WebSocket-Key", format!("Sec-WebSocket-Key: {key}\r\n{offer}"));
    (Connection::server(Config::default()), filled(&wire), Vec::new())
}

/// S-RS-05 (§4.2.2).
#[test]
fn a_subprotocol_of_another_request_is_refused() {
    let (key, other_key) = ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZA==");
    let (offer, other_offer) =
        ("Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: superchat, chat\r\n");
    for ((key, offer), (other_key, other_offer)) in [
        ((key, ""), (other_key, offer)),
        ((key, ""), (key, offer)),
        ((key, offer), (other_key, offer)),
        ((key, offer), (key, other_offer)),
        ((key, other_offer), (key, offer)),
    ] {
        let (mut other, mut other_inbound, mut out) = offering(other_key, other_offer);
        let Ok(Some(Event::Request(other_request))) = other.receive(&mut other_inbound, &mut out) else {
            panic!()
        };
        let (mut server, mut inbound, mut out) = offering(key, offer);
        let Ok(Some(Event::Request(request))) = server.receive(&mut inbound, &mut out) else { panic!() };
        for foreign in other_request.subprotocols() {
            assert_eq!(
                server.accept(Accept::new().subprotocol(foreign), &mut out),
                Err(AcceptError::SubprotocolNotOffered)
            );
            assert_eq!((&out[..], server.state()), (&b""[..], State::Handshake), "ST-09");
        }
        for own in request.subprotocols() {
            let (mut clone, mut out) = (server.clone(), Vec::new());
            clone.accept(Accept::new().subprotocol(own), &mut out).unwrap();
            assert_eq!(Answer::parse(&out).field("Sec-WebSocket-Protocol"), Some(own.name()));
        }
        server.accept(request.subprotocols().fold(Accept::new(), Accept::subprotocol), &mut out).unwrap();
        assert_eq!(
            Answer::parse(&out).field("Sec-WebSocket-Protocol"),
            request.subprotocols().last().map(Subprotocol::name)
        );
    }
}

/// S-RS-05 (§4.2.2).
#[test]
fn a_subprotocol_of_a_plain_request_is_refused() {
    let wire = with_field(REQUEST, "Upgrade", "Sec-WebSocket-Protocol: chat\r\n");
    let (mut plain, mut inbound, mut out) = (Connection::server(plain()), filled(&wire), Vec::new());
    let Ok(Some(Event::PlainRequest(request))) = plain.receive(&mut inbound, &mut out) else { panic!() };
    let chat = Accept::new().subprotocol(request.subprotocols().next().unwrap());
    assert_eq!(plain.accept(chat, &mut out), Err(AcceptError::NotAnUpgrade));
    assert_eq!(asked(REQUEST).accept(chat, &mut out), Err(AcceptError::SubprotocolNotOffered));
    assert_eq!(out, b"");
}

/// §4.2.2: names are compared with case; the request does not count.
#[test]
fn subprotocols_are_equal_if_their_names_are() {
    let (mut server, mut inbound, mut out) =
        offering("dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: chat, Chat\r\n");
    let (mut other, mut other_inbound, _) =
        offering("dGhlIHNhbXBsZSBub25jZA==", "Sec-WebSocket-Protocol: chat\r\n");
    let Ok(Some(Event::Request(request))) = server.receive(&mut inbound, &mut out) else { panic!() };
    let Ok(Some(Event::Request(other_request))) = other.receive(&mut other_inbound, &mut out) else {
        panic!()
    };
    let names: HashSet<_> = request.subprotocols().chain(other_request.subprotocols()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(request.subprotocols().next(), other_request.subprotocols().next());
    assert_eq!(format!("{:?}", request.subprotocols().next()), r#"Some(Subprotocol("chat"))"#);
}

/// S-RS-07 (§4.2.2, §10.7), S-RS-08 (§4.2.2, §4.4), S-RS-09 (RFC 9110 §7.8), S-RS-13 (RFC 9110 §15.5.6).
#[test]
fn a_rejection_is_one_response_with_its_length() {
    let (close, none) = ("\r\nConnection: close\r\n", "Content-Length: 0\r\n");
    let rows: [(Reject<'_>, &str, &str, &str); 9] = [
        (Reject::new(403), "403 Forbidden", none, ""),
        (Reject::new(404).body(b"no\r\n\r\n\x00"), "404 Not Found", "Content-Length: 7\r\n", "no\r\n\r\n\0"),
        (
            Reject::new(401).headers(&[("A", "b"), ("X", "")]).body(b"?"),
            "401 Unauthorized",
            "A: b\r\nX: \r\nContent-Length: 1\r\n",
            "?",
        ),
        (Reject::new(302).headers(&[("Location", "/")]), "302 Found", &format!("Location: /\r\n{none}"), ""),
        (Reject::new(405), "405 Method Not Allowed", &format!("Allow: GET\r\n{none}"), ""),
        (
            Reject::new(405).headers(&[("allow", "PUT")]),
            "405 Method Not Allowed",
            &format!("allow: PUT\r\n{none}"),
            "",
        ),
        // RFC 9110 §15.3.5, §15.4.5: no content; §8.6: no length of it in a 204
        (Reject::new(204), "204 No Content", "", ""),
        (Reject::new(304), "304 Not Modified", "", ""),
        (Reject::new(599), "599 ", none, ""),
    ];
    let frames = [frame::<Server>(0x89, b"ping"), frame::<Server>(0x83, b"")].concat();
    for (reject, status, fields, body) in rows {
        for after in [&b""[..], REQUEST, &frames] {
            let wire = [REQUEST, after].concat();
            let outcome = every_way(&Connection::server(Config::default()), &wire, |server, out| {
                server.reject(reject, out).unwrap()
            });
            assert_eq!(
                String::from_utf8(outcome.out).unwrap(),
                format!("HTTP/1.1 {status}{close}{fields}\r\n{body}")
            );
            assert_eq!((outcome.events.len(), outcome.error, outcome.state), (1, None, State::End));
            assert_eq!((outcome.transport_action, outcome.closed.clean()), (TransportAction::Close, false));
        }
    }
    for length in [9, 10, 99, 100, 65_535, 1_000_000] {
        let (mut server, mut out) = (asked(REQUEST), Vec::new());
        server.reject(Reject::new(500).body(&vec![b'x'; length]), &mut out).unwrap();
        let answer = Answer::parse(&out);
        assert_eq!((answer.refusal(), answer.body.len()), (500, length));
    }
    let mut out = Vec::new();
    asked(REQUEST).reject(Reject::new(426).headers(&[("X", "y")]).body(b"13"), &mut out).unwrap();
    let answer = Answer::parse(&out);
    assert_eq!((answer.refusal(), answer.field("X"), &answer.body[..]), (426, Some("y"), &b"13"[..]));
}

/// S-RS-10 (§4.2.2).
#[test]
fn frames_after_the_request_wait_for_accept() {
    let frames =
        [frame::<Server>(0x89, b"ping"), frame::<Server>(0x81, b"hello"), frame::<Server>(0x88, b"\x03\xe8")]
            .concat();
    let wire = [REQUEST, &frames].concat();
    let outcome = every_way(&Connection::server(Config::default()), &wire, |server, out| {
        server.accept(Accept::new(), out).unwrap()
    });
    let after = [
        Seen::Ping(b"ping".to_vec()),
        Seen::Text("hello".to_owned()),
        Seen::Close(Some((1000, String::new()))),
    ];
    assert_eq!((&outcome.events[1..], outcome.error), (&after[..], None));
    let answers = outcome.out.strip_prefix(RESPONSE).expect("ST-07: the 101 is first");
    assert_eq!(frames_of::<Server>(answers), [(0x8A, b"ping".to_vec()), (0x88, b"\x03\xe8".to_vec())]);
    // An application that takes its time.
    let (mut server, mut inbound, mut out) =
        (Connection::server(Config::default()), filled(&wire), Vec::new());
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))));
    for _ in 0..3 {
        assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
        assert_eq!((&out[..], inbound.unread(), server.state()), (&b""[..], &frames[..], State::Handshake));
    }
    server.accept(Accept::new(), &mut out).unwrap();
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Ping(b"ping")))));
    // A violation after the request is none before it was answered.
    let bad = [REQUEST, &frame::<Server>(0x83, b"")].concat();
    let outcome = every_way(&Connection::server(Config::default()), &bad, |server, out| {
        server.accept(Accept::new(), out).unwrap()
    });
    assert_eq!(
        (outcome.events.len(), frames_of::<Server>(&outcome.out[RESPONSE.len()..])),
        (1, vec![(0x88, b"\x03\xea".to_vec())])
    );
}

/// S-RS-11 (RFC 9110 §5.5).
#[test]
fn added_response_fields_are_checked() {
    use AcceptError::{ContentNotAllowed, InvalidField, InvalidStatus, ReservedField};
    let (mut server, mut out) = (asked(REQUEST), b"before".to_vec());
    let mut check = |name: &str, value: &str, error| {
        let headers = [("X-Good", "y"), (name, value)];
        assert_eq!(
            server.accept(Accept::new().headers(&headers), &mut out),
            Err(error),
            "{name:?}: {value:?}"
        );
        assert_eq!(
            server.reject(Reject::new(400).headers(&headers), &mut out),
            Err(error),
            "{name:?}: {value:?}"
        );
    };
    for name in [
        "Host",
        "UPGRADE",
        "connection",
        "Content-Length",
        "Transfer-Encoding",
        "Sec-WebSocket-Accept",
        "sec-websocket-X",
    ] {
        check(name, "x", ReservedField);
    }
    for name in ["", " ", "A B", "A:", "A\r\nB", "\u{e9}", "A\0", "(a)"] {
        check(name, "x", InvalidField);
    }
    for byte in (0..0x20).filter(|&byte| byte != b'\t').chain([0x7F]) {
        check("X", &format!("a{}b", char::from(byte)), InvalidField);
    }
    for status in [0, 1, 99, 100, 101, 199, 600, 1000, u16::MAX] {
        assert_eq!(server.reject(Reject::new(status), &mut out), Err(InvalidStatus));
    }
    for status in [204, 304] {
        assert_eq!(server.reject(Reject::new(status).body(b"x"), &mut out), Err(ContentNotAllowed));
    }
    assert_eq!((&out[..], server.state()), (&b"before"[..], State::Handshake), "ST-09");
    server.accept(Accept::new(), &mut out).unwrap();
    assert_eq!(out, [b"before", RESPONSE].concat());
}

/// S-RS-11 (RFC 9110 §5.5).
#[test]
fn a_205_has_no_content() {
    // RFC 9110 §15.3.6: "a server MUST NOT generate content in a 205 response"
    assert_eq!(
        asked(REQUEST).reject(Reject::new(205).body(b"x"), &mut Vec::new()),
        Err(AcceptError::ContentNotAllowed)
    );
}

/// S-RS-14 (§4.2.2).
#[test]
fn an_answer_out_of_turn_is_an_error() {
    #[track_caller]
    fn refuses(server: &mut Connection<Server>) {
        let (mut out, state) = (Vec::new(), server.state());
        assert_eq!(server.accept(Accept::new(), &mut out), Err(AcceptError::NoRequest));
        assert_eq!(server.reject(Reject::new(400), &mut out), Err(AcceptError::NoRequest));
        assert_eq!((out, server.state()), (vec![], state));
    }
    let out = &mut Vec::new();
    let mut server = Connection::server(Config::default());
    refuses(&mut server);
    assert!(matches!(server.receive(&mut filled(&REQUEST[..REQUEST.len() - 1]), out), Ok(None)));
    refuses(&mut server);
    let mut accepted = asked(REQUEST);
    accepted.accept(Accept::new(), out).unwrap();
    refuses(&mut accepted);
    let mut rejected = asked(REQUEST);
    rejected.reject(Reject::new(403), out).unwrap();
    refuses(&mut rejected);
    let mut failed = Connection::server(Config::default());
    assert_eq!(
        failed.receive(&mut filled(b"\0"), out).map(|_| ()),
        Err(Error::Handshake(HandshakeError::InvalidByte))
    );
    refuses(&mut failed);
    let mut ended = asked(REQUEST);
    assert!(!ended.receive_eof().clean());
    refuses(&mut ended);
}

/// S-RS-14 (§4.2.2).
#[test]
fn an_answer_without_room_can_be_tried_again() {
    for room in 0..RESPONSE.len() {
        let (mut server, mut memory) = (asked(REQUEST), [0xA5; 256]);
        let mut short = SendSlice::new(&mut memory[..room]);
        assert_eq!(server.accept(Accept::new(), &mut short), Err(AcceptError::Full));
        assert_eq!((short.as_slice(), server.state()), (&b""[..], State::Handshake));
        let mut out = SendSlice::new(&mut memory[..RESPONSE.len()]);
        server.accept(Accept::new(), &mut out).unwrap();
        assert_eq!(out.as_slice(), RESPONSE);
    }
    let (mut server, mut memory) = (asked(REQUEST), [0; 20]);
    assert_eq!(server.reject(Reject::new(403), &mut SendSlice::new(&mut memory)), Err(AcceptError::Full));
    server.reject(Reject::new(403), &mut Vec::new()).unwrap();
}

/// RFC 9110 §15: the phrases of the registered codes; RFC 9112 §4: others have none.
#[test]
fn a_rejection_has_the_phrase_of_its_status() {
    for (status, phrase) in [
        (200, "OK"),
        (204, "No Content"),
        (299, ""),
        (301, "Moved Permanently"),
        (302, "Found"),
        (303, "See Other"),
        (304, "Not Modified"),
        (307, "Temporary Redirect"),
        (308, "Permanent Redirect"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (408, "Request Timeout"),
        (414, "URI Too Long"),
        (426, "Upgrade Required"),
        (429, "Too Many Requests"),
        (431, "Request Header Fields Too Large"),
        (500, "Internal Server Error"),
        (501, "Not Implemented"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (505, "HTTP Version Not Supported"),
        (599, ""),
    ] {
        let mut out = Vec::new();
        asked(REQUEST).reject(Reject::new(status), &mut out).unwrap();
        assert!(out.starts_with(format!("HTTP/1.1 {status} {phrase}\r\n").as_bytes()), "{status}");
    }
}
