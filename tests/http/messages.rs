//! The message around a head: its content (RFC 9112 §6), its end, and the refusal of a server.

use websocket_proto::HandshakeError::*;
use websocket_proto::{Config, Connection, Error, ProtocolError, SendSlice, Server, State, TransportAction};

use crate::support::{Answer, REQUEST, RESPONSE, Seen, To, every_way, filled, frames_of, with_field};

use super::syntax::request;

/// HTTP-14 (RFC 9112 §6.3), HTTP-15 (RFC 9112 §6.1, RFC 9112 §6.3).
#[test]
fn a_request_with_content_is_refused() {
    for (lines, verdict) in [
        ("Content-Length: 0", Ok(())),
        ("Content-Length:\t000 ", Ok(())),
        ("Content-Length: 1", Err(ContentNotAllowed)),
        ("content-length: 99999999999999999999999999", Err(ContentNotAllowed)),
        ("Content-Length: 18446744073709551616", Err(ContentNotAllowed)), // 2^64
        ("Content-Length: 0\r\nContent-Length: 5", Err(ContentNotAllowed)),
        ("Content-Length:", Err(InvalidContentLength)),
        ("Content-Length: +0", Err(InvalidContentLength)),
        ("Content-Length: -1", Err(InvalidContentLength)),
        ("Content-Length: 0x0", Err(InvalidContentLength)),
        ("Content-Length: 0.0", Err(InvalidContentLength)),
        ("Content-Length: 0, 5", Err(InvalidContentLength)),
        ("Content-Length: 0 0", Err(InvalidContentLength)),
        ("Content-Length: \u{661}", Err(InvalidContentLength)),
        ("Transfer-Encoding: chunked", Err(TransferEncodingNotAllowed)),
        ("TRANSFER-ENCODING:identity", Err(TransferEncodingNotAllowed)),
        ("Transfer-Encoding:", Err(TransferEncodingNotAllowed)),
        ("Transfer-Encoding: chunked, gzip", Err(TransferEncodingNotAllowed)),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked", Err(TransferEncodingNotAllowed)),
    ] {
        // The content would be a frame; it is none.
        let wire = with_field(REQUEST, "X", format!("{lines}\r\n"));
        request(&wire, verdict);
        request(with_field(&wire, "Upgrade", ""), verdict.and(Err(NotAnUpgrade)));
        let mut plain = Config::default();
        plain.allow_plain_http = true;
        assert_eq!(To::Server.shake(plain, &wire).error, verdict.err().map(Error::Handshake));
    }
}

/// HTTP-18 (RFC 9112 §2.1).
#[test]
fn nothing_is_accepted_before_the_empty_line() {
    for to in To::BOTH {
        for len in 0..to.head().len() {
            let outcome = to.shake(Config::default(), &to.head()[..len]);
            assert_eq!(
                (outcome.events, outcome.out, outcome.error, outcome.state),
                (vec![], vec![], None, State::Handshake)
            );
            assert_eq!(outcome.transport_action, TransportAction::KeepOpen);
        }
    }
    // What the fields lack is not known before either: a later line can have it.
    To::Server.judge_last_byte(Config::default(), &with_field(REQUEST, "Sec-WebSocket-Key", ""), MissingKey);
    To::Client.judge_last_byte(Config::default(), &with_field(RESPONSE, "Upgrade", ""), InvalidUpgrade);
}

/// HTTP-21 (RFC 9112 §11.2).
#[test]
fn a_connection_reads_one_http_message() {
    // The second is frames: `G` has a reserved opcode, `H` is a fragment of a Close.
    let outcome = To::Server.shake(Config::default(), &REQUEST.repeat(2));
    assert_eq!(
        (outcome.events.len(), outcome.error),
        (1, Some(Error::Protocol(ProtocolError::ReservedOpcode)))
    );
    assert_eq!(
        frames_of::<Server>(outcome.out.strip_prefix(RESPONSE).unwrap()),
        [(0x88, b"\x03\xea".to_vec())]
    );
    let outcome = To::Client.shake(Config::default(), &RESPONSE.repeat(2));
    assert_eq!(
        (outcome.events.len(), outcome.error),
        (1, Some(Error::Protocol(ProtocolError::ControlFragmented)))
    );
    // After a refusal, nothing.
    let two = [b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", REQUEST].concat();
    request(two, Err(ContentNotAllowed));
    let outcome = To::Client.shake(Config::default(), &[b"HTTP/1.1 401 x\r\n\r\n", RESPONSE].concat());
    assert_eq!(
        (outcome.events, outcome.state),
        (vec![Seen::Rejected { status: 401, headers: vec![] }], State::End)
    );
}

/// HTTP-22 (RFC 9110 §10.1.1).
#[test]
fn expect_is_ignored() {
    let wire = with_field(REQUEST, "X", "Expect: 100-continue\r\n");
    assert_eq!(To::Server.judge(Config::default(), &wire, Ok(())).out, RESPONSE);
    assert_eq!(every_way(&Connection::server(Config::default()), &wire, |_, _| {}).out, b"", "no 100 either");
}

/// HTTP-25.
#[test]
fn every_refusal_is_a_response() {
    let bad = [
        BareLineFeed,
        BareCarriageReturn,
        InvalidByte,
        TooManyEmptyLines,
        InvalidFieldName,
        SpaceBeforeColon,
        SpaceBeforeFields,
    ];
    let more = [
        ObsoleteFold,
        InvalidRequestLine,
        InvalidTarget,
        MissingHost,
        RepeatedHost,
        InvalidHost,
        InvalidContentLength,
    ];
    let fields = [
        ContentNotAllowed,
        TransferEncodingNotAllowed,
        RepeatedVersion,
        MissingKey,
        RepeatedKey,
        InvalidKey,
        InvalidSubprotocol,
    ];
    let last = [RepeatedOrigin, RepeatedSubprotocol, TooManySubprotocols, InvalidExtensions];
    assert!(
        bad.iter().chain(&more).chain(&fields).chain(&last).all(|error| error.http_status() == Some(400))
    );
    assert!([NotAnUpgrade, Hixie76, UnsupportedVersion].iter().all(|error| error.http_status() == Some(426)));
    assert_eq!(
        (MethodNotAllowed.http_status(), UnsupportedHttpVersion.http_status()),
        (Some(405), Some(505))
    );
    // Without room it is pending, and the transport must stay open until it is written, once.
    let whole = To::Server.judge(Config::default(), b"\0", Err(InvalidByte)).out;
    assert!(
        whole.starts_with(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
            && !Answer::parse(&whole).body.is_empty()
    );
    for room in 0..=whole.len() {
        let (mut server, mut inbound, mut memory) =
            (Connection::server(Config::default()), filled(b"\0"), [0xA5; 512]);
        let mut out = SendSlice::new(&mut memory[..room]);
        assert!(server.receive(&mut inbound, &mut out).is_err());
        let fits = room == whole.len();
        assert_eq!(
            (out.as_slice(), server.has_pending_reply()),
            if fits { (&whole[..], false) } else { (&b""[..], true) }
        );
        assert_eq!(
            (server.state(), server.transport_action()),
            (State::End, if fits { TransportAction::Close } else { TransportAction::KeepOpen })
        );
        let mut later = Vec::new();
        for _ in 0..2 {
            assert_eq!(
                server.receive(&mut inbound, &mut later).map(|_| ()),
                Err(Error::Handshake(InvalidByte))
            );
            assert_eq!(
                (&later[..], server.transport_action()),
                (if fits { &b""[..] } else { &whole }, TransportAction::Close)
            );
        }
    }
}
