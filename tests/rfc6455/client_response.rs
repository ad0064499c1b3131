//! The response to a client (§4.1): what opens the connection, and what fails or rejects it.

use websocket_proto::{Client, Config, Error, Event, HandshakeError, ReceiveBuffer, State, TransportAction};

use crate::support::{
    self, Keys, RESPONSE, Seen, To, asking, every_way, filled, frame, with_field, with_start,
};

type Verdict = Result<(), HandshakeError>;

/// One field of [`RESPONSE`] replaced by these lines.
#[track_caller]
fn judge(name: &str, rows: &[(&str, Verdict)]) {
    for (lines, verdict) in rows {
        To::Client.judge(Config::default(), &with_field(RESPONSE, name, lines), *verdict);
    }
}

/// C-RS-01 (§4.1).
#[test]
fn only_101_in_http_1_1_opens() {
    use HandshakeError::{InvalidStatusLine, UnsupportedHttpVersion};
    for reason in ["", "Switching Protocols", "200 OK", "WebSocket Protocol Handshake", "\t\u{e9}"] {
        To::Client.judge(Config::default(), &with_start(RESPONSE, format!("HTTP/1.1 101 {reason}")), Ok(()));
    }
    for (line, error) in [
        ("HTTP/1.0 101 x", UnsupportedHttpVersion),
        ("HTTP/1.2 101 x", UnsupportedHttpVersion),
        ("HTTP/2.0 101 x", UnsupportedHttpVersion),
        ("HTTP/2.0 200 x", UnsupportedHttpVersion),
        ("HTTP/0.9 200 x", UnsupportedHttpVersion),
        ("HTTP/1.1 1010 x", InvalidStatusLine),
        ("HTTP/1.1 0101 x", InvalidStatusLine),
        ("HTTP/1.1 +101 x", InvalidStatusLine),
        ("HTTP/1.1 101.0 x", InvalidStatusLine),
        ("HTTP/2 101 x", InvalidStatusLine),
    ] {
        To::Client.judge(Config::default(), &with_start(RESPONSE, line), Err(error));
    }
    for line in ["HTTP/1.1 200 101 Switching Protocols", "HTTP/1.1 201 ", "HTTP/1.0 404 101"] {
        let outcome = To::Client.shake(Config::default(), &with_start(RESPONSE, line));
        assert!(
            matches!(outcome.events[..], [Seen::Rejected { .. }]) && outcome.state == State::End,
            "{line}"
        );
    }
}

/// C-RS-02 (§4.1).
#[test]
fn the_response_needs_upgrade_websocket() {
    let no = Err(HandshakeError::InvalidUpgrade);
    judge(
        "Upgrade",
        &[
            ("UPGRADE:WebSocket\r\n", Ok(())),
            ("upgrade: \twebsocket \r\n", Ok(())),
            ("", no),
            ("X-Upgrade: websocket\r\n", no),
        ],
    );
    // §4.1: one "that is not" `websocket` is one too many
    for value in [
        "",
        ",",
        "h2c",
        "websockets",
        "notwebsocket",
        "web socket",
        "websocket/13",
        "websocket, h2c",
        "h2c, websocket",
    ] {
        judge("Upgrade", &[(&format!("Upgrade: {value}\r\n"), no)]);
    }
    judge(
        "Upgrade",
        &[("Upgrade: websocket\r\nUpgrade: h2c\r\n", no), ("Upgrade: web\u{17f}oc\u{212a}et\r\n", no)],
    );
}

/// C-RS-03 (§4.1).
#[test]
fn the_response_needs_connection_upgrade() {
    let no = Err(HandshakeError::InvalidConnection);
    for value in [
        "upgrade",
        "UPGRADE",
        "keep-alive, Upgrade",
        ",, Upgrade\t,",
        "x\r\nConnection: upgrade",
        "Upgrade\r\nConnection: close",
    ] {
        judge("Connection", &[(&format!("CONNECTION:{value}\r\n"), Ok(()))]);
    }
    for value in [
        "",
        ",",
        "close",
        "Upgraded",
        "notupgrade",
        "up grade",
        "x Upgrade",
        "\"Upgrade\"",
        "Upg\r\nConnection: rade",
    ] {
        judge("Connection", &[(&format!("Connection: {value}\r\n"), no)]);
    }
    judge("Connection", &[("", no), ("Proxy-Connection: Upgrade\r\n", no)]);
}

/// C-RS-04 (§4.1, §11.3.3).
#[test]
fn the_response_needs_the_matching_accept() {
    use HandshakeError::{AcceptMismatch, MissingAccept, RepeatedAccept};
    let right = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let name = "Sec-WebSocket-Accept";
    judge(name, &[("", Err(MissingAccept)), (&right.repeat(2), Err(RepeatedAccept))]);
    judge(name, &[(&format!("{right}sec-websocket-accept: x\r\n"), Err(RepeatedAccept))]);
    for value in ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", " \t s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t "] {
        judge(name, &[(&format!("sec-WEBSOCKET-accept:{value}\r\n"), Ok(()))]);
    }
    for value in [
        "",
        "S3PPLMBITXAQ9KYGZZHZRBK+XOO=",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo==",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=", // the same bytes, not the same text
        "s3pPLMBiTxaQ9kYGzzhZRbK-xOo=",
        "s3pPLMBiTxaQ9kYGz zhZRbK+xOo=",
        "\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, x",
        "dGhlIHNhbXBsZSBub25jZQ==",     // the key
        "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", // SHA-1 of nothing
        "ICX+Yqv66kxgM0FcWaLWlFLwTAI=", // the answer to another key
    ] {
        judge(name, &[(&format!("Sec-WebSocket-Accept: {value}\r\n"), Err(AcceptMismatch))]);
    }
}

/// C-RS-05 (§4.1), C-RS-11 (§7.1.7, §7.2.1).
#[test]
fn other_statuses_are_rejections() {
    for (status, line) in [
        (200, "HTTP/1.1 200 OK"),
        (204, "HTTP/1.1 204 "),
        (301, "HTTP/1.1 301 Moved"),
        (401, "HTTP/1.0 401 Unauthorized"),
        (404, "HTTP/1.1 404 \u{e9}"),
        (426, "HTTP/1.1 426 Upgrade Required"),
        (503, "HTTP/1.1 503 "),
        (600, "HTTP/1.1 600 x"),
        (999, "HTTP/1.1 999 x"),
    ] {
        let wire = format!(
            "{line}\r\nLocation: ws://other/\r\nTransfer-Encoding: chunked\r\nlocation:\r\n\r\n5\r\nhello\r\n"
        );
        let outcome = To::Client.shake(Config::default(), wire.as_bytes());
        let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        let headers = vec![
            field("Location", b"ws://other/"),
            field("Transfer-Encoding", b"chunked"),
            field("location", b""),
        ];
        assert_eq!(outcome.events, [Seen::Rejected { status, headers }]);
        assert_eq!(
            (outcome.error, &outcome.out[..], outcome.state, outcome.transport_action),
            (None, &b""[..], State::End, TransportAction::Close)
        );
        // The content is there until the next call, then discarded.
        let (mut client, mut inbound) = (asking(Config::default(), &["chat"]), filled(wire.as_bytes()));
        let Ok(Some(Event::Rejected(response))) = client.receive(&mut inbound, &mut Vec::new()) else {
            panic!()
        };
        assert_eq!(
            (response.status(), response.header("LOCATION"), response.subprotocol()),
            (status, Some(&b"ws://other/"[..]), None)
        );
        assert_eq!(response.reason(), &line.as_bytes()[13..]);
        assert_eq!(inbound.unread(), b"5\r\nhello\r\n");
        assert!(matches!(client.receive(&mut inbound, &mut Vec::new()), Ok(None)) && inbound.is_empty());
    }
}

/// C-RS-06 (RFC 9110 §15.2), LIM-11.
#[test]
fn interim_responses_are_skipped() {
    use HandshakeError::{BareLineFeed, InvalidStatusLine, TooManyInterimResponses};
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nUpgrade: h2c\r\n\r\nHTTP/1.1 199 \r\n\r\nHTTP/1.1 102 x\r\n\r\n";
    for count in 0..=2 {
        To::Client.judge(Config::default(), &[&interim.repeat(count), RESPONSE].concat(), Ok(()));
        let outcome = To::Client
            .shake(Config::default(), &[&interim.repeat(count), &b"HTTP/1.1 403 x\r\n\r\n"[..]].concat());
        assert_eq!(
            (outcome.events, outcome.state),
            (vec![Seen::Rejected { status: 403, headers: vec![] }], State::End)
        );
    }
    let nine = [&interim.repeat(2)[..], b"HTTP/1.1 100 \r\n\r\n"].concat();
    To::Client.judge_last_byte(Config::default(), &nine, TooManyInterimResponses);
    To::Client.judge(Config::default(), b"HTTP/1.1 100 x\r\nA: b\n\r\n", Err(BareLineFeed));
    To::Client.judge(
        Config::default(),
        &[b"HTTP/1.1 100 \r\n\r\n\r\n", RESPONSE].concat(),
        Err(InvalidStatusLine),
    );
    // One after another in a buffer for one.
    let mut memory = [0; RESPONSE.len()];
    for chunk in [1, 10, 1000] {
        let wire = [&interim.repeat(2), RESPONSE].concat();
        let outcome = support::feed(
            asking(Config::default(), &[]),
            ReceiveBuffer::fixed(&mut memory),
            wire.chunks(chunk),
            |_, _| {},
        );
        assert_eq!((outcome.error, outcome.state), (None, State::Transmission), "{chunk}");
    }
}

/// C-RS-07 (§4.1, §9).
#[test]
fn an_extension_that_was_not_offered_fails() {
    for value in ["permessage-deflate", "x; y=z", ", x", "\r\nSec-WebSocket-Extensions: x"] {
        let lines = format!("Sec-WebSocket-Extensions: {value}\r\n");
        judge("X", &[(&lines, Err(HandshakeError::ExtensionNotOffered))]);
    }
}

/// C-RS-08 (§4.1, §11.3.4, §4.2.2).
#[test]
fn only_one_offered_subprotocol_is_accepted() {
    use HandshakeError::{InvalidSubprotocol, RepeatedSubprotocol, SubprotocolNotOffered};
    let client = asking(Config::default(), &["superchat", "chat"]);
    let run = |value: &str| {
        let wire = with_field(RESPONSE, "X", format!("Sec-WebSocket-Protocol: {value}\r\n"));
        every_way(&client, &wire, |_, _| panic!("a request"))
    };
    for (value, name) in [("chat", "chat"), (" \tsuperchat\t", "superchat")] {
        let Seen::Open { subprotocol, .. } = &run(value).events[0] else { panic!() };
        assert_eq!(subprotocol.as_deref(), Some(name));
    }
    let none = every_way(&client, RESPONSE, |_, _| panic!("a request"));
    assert!(matches!(&none.events[..], [Seen::Open { subprotocol: None, .. }]));
    for (value, error) in [
        ("", InvalidSubprotocol),
        ("chat, superchat", InvalidSubprotocol),
        ("chat,", InvalidSubprotocol),
        ("\"chat\"", InvalidSubprotocol),
        ("ch\u{e9}t", InvalidSubprotocol),
        ("Chat", SubprotocolNotOffered),
        ("cha", SubprotocolNotOffered),
        ("chatt", SubprotocolNotOffered),
        ("chat\r\nSec-WebSocket-Protocol: chat", RepeatedSubprotocol),
        ("chat\r\nsec-websocket-protocol:", RepeatedSubprotocol),
    ] {
        let outcome = run(value);
        assert_eq!((outcome.error, outcome.events), (Some(Error::Handshake(error)), vec![]), "{value}");
        assert_eq!((outcome.out, outcome.state), (vec![], State::End));
    }
    judge(
        "X",
        &[
            ("Sec-WebSocket-Protocol: chat\r\n", Err(SubprotocolNotOffered)),
            ("Sec-WebSocket-Protocol:\r\n", Err(InvalidSubprotocol)),
        ],
    );
}

/// C-RS-09.
#[test]
fn bytes_after_the_response_are_frames() {
    let frames =
        [frame::<Client<Keys>>(0x81, b"hello"), frame::<Client<Keys>>(0x82, b"HTTP/1.1 101 \r\n\r\n")]
            .concat();
    let outcome = To::Client.shake(Config::default(), &[RESPONSE, &frames].concat());
    let after = [Seen::Text("hello".to_owned()), Seen::Binary(b"HTTP/1.1 101 \r\n\r\n".to_vec())];
    assert_eq!((&outcome.events[1..], outcome.error, outcome.out), (&after[..], None, vec![]));
}

/// C-RS-10 (RFC 9112 §6.1, RFC 9112 §6.3).
#[test]
fn a_101_has_no_content() {
    // RFC 9110 §8.6: a Content-Length is as if it were not there
    for lines in [
        "Content-Length: 0\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: x\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
    ] {
        let outcome = To::Client
            .shake(Config::default(), &[&with_field(RESPONSE, "X", lines), &b"\x81\x05hello"[..]].concat());
        assert_eq!((outcome.events.last(), outcome.error), (Some(&Seen::Text("hello".to_owned())), None));
    }
    for value in ["chunked", "identity", "", "gzip, chunked\r\nContent-Length: 0"] {
        judge(
            "X",
            &[(&format!("transfer-encoding: {value}\r\n"), Err(HandshakeError::TransferEncodingNotAllowed))],
        );
    }
}

/// C-RS-12.
#[test]
fn the_limits_of_a_response_are_exact() {
    use HandshakeError::{FieldLineTooLong, HeadTooLong, StartLineTooLong, TooManyFields};
    let (mut line, mut count, mut total) = (Config::default(), Config::default(), Config::default());
    (line.max_header_line, count.max_headers, total.max_head_size) = (100, 8, 600);
    let start = |len: usize| format!("HTTP/1.1 101 {}", "x".repeat(len - 13));
    let base = core::str::from_utf8(RESPONSE).unwrap().strip_suffix("\r\n").unwrap();
    let field = |len: usize| format!("{base}X: {}", "x".repeat(len - 3));
    let fields = |count: usize| format!("{base}{}", "A: b\r\n".repeat(count - 3));
    let head = |len: usize| format!("{base}X:{}\r\n\r\n", "x".repeat(len - base.len() - 6));
    for (config, passes, fails, error) in [
        (line, with_start(RESPONSE, start(100)), start(101), StartLineTooLong),
        (line, (field(100) + "\r\n\r\n").into_bytes(), field(101), FieldLineTooLong),
        (count, (fields(8) + "\r\n").into_bytes(), fields(8) + "A", TooManyFields),
        (total, head(600).into_bytes(), head(601), HeadTooLong),
    ] {
        To::Client.judge(config, &passes, Ok(()));
        To::Client.judge_last_byte(config, fails.as_bytes(), error);
    }
    // A fixed buffer is a limit as well. From the least length on, it leaves room for a code point.
    let (too_long, long) = (Some(Error::Handshake(HeadTooLong)), head(600).into_bytes());
    for (head, len, error) in [
        (RESPONSE, RESPONSE.len(), None),
        (RESPONSE, RESPONSE.len() - 1, too_long),
        (&long, 604, None),
        (&long, 603, too_long),
    ] {
        for chunk in [1, 50, 1000] {
            let mut memory = vec![0; len];
            let inbound = ReceiveBuffer::fixed(&mut memory);
            let outcome =
                support::feed(asking(Config::default(), &[]), inbound, head.chunks(chunk), |_, _| {});
            assert_eq!((outcome.error, outcome.out), (error, vec![]), "{len} by {chunk}");
        }
    }
}
