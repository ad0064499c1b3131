//! Each limit of `Config` at its boundary (§10.4), the earliest byte that can say so, and the defaults.

use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Accept, AcceptError, ClientRequest, CloseCode, Config, Connection, Delivery, Entropy, EntropyError,
    Error, HandshakeError, MessageKind, ProtocolError, Reject, RequestError, SendError, Server, State, Uri,
};

use crate::support::{
    self, KEY, Keys, REQUEST, RESPONSE, Seen, Side, every_way, filled, frame, frame_with, frames_of,
    open_server, transmit, with_field,
};

/// The nonce of §1.3.
#[derive(Clone)]
struct Sample;

impl Entropy for Sample {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.copy_from_slice(b"the sample nonce");
        Ok(())
    }
}

/// The error of a handshake that this head is part of; both roles read in every way.
fn judge(config: Config, head: &[u8]) -> Option<Error> {
    if head.starts_with(b"HTTP") {
        let request = ClientRequest::new(Uri::parse("ws://server.example.com/chat").unwrap());
        let client = Connection::client(request, config, Sample, &mut Vec::new()).unwrap();
        let outcome = every_way(&client, head, |_, _| panic!("a request"));
        assert_eq!(outcome.error.is_none(), matches!(outcome.events[..], [Seen::Open { .. }]));
        outcome.error
    } else {
        let outcome = every_way(&Connection::server(config), head, |server, out| {
            server.accept(Accept::new(), out).unwrap()
        });
        assert_eq!(outcome.error.is_none(), outcome.out == RESPONSE);
        outcome.error
    }
}

/// LIM-13 (§10.4).
#[test]
fn the_defaults_are_finite_and_as_documented() {
    let config = Config::default();
    assert_eq!(
        (config.max_message_size, config.max_frame_size, config.max_fragments),
        (64 * 1024 * 1024, 64 * 1024 * 1024, 65_536)
    );
    assert_eq!(
        (config.max_head_size, config.max_header_line, config.max_headers),
        (16 * 1024, 8 * 1024, 100)
    );
    assert_eq!((config.max_write_buffer, config.delivery), (1024 * 1024, Delivery::Messages));
    assert!(config.auto_pong && config.auto_close && !config.allow_plain_http);
    // They are in force, each to the byte.
    for (head, fields, start) in [(REQUEST, 5, ["GET /", " HTTP/1.1"]), (RESPONSE, 3, ["HTTP/1.1 101 ", ""])]
    {
        let start_len = head.windows(2).position(|bytes| bytes == b"\r\n").unwrap();
        let with_start = |len: usize| {
            let [before, after] = start;
            let line = format!("{before}{}{after}", "x".repeat(len - before.len() - after.len()));
            [line.as_bytes(), &head[start_len..]].concat()
        };
        let line = |len: usize| format!("X:{}\r\n", "y".repeat(len - 2));
        let with_line = |len: usize| with_field(head, "X", line(len));
        let with_fields = |count: usize| with_field(head, "X", "a:\r\n".repeat(count - fields));
        let with_len = |len: usize| with_field(head, "X", line(8190) + &line(len - head.len() - 8192 - 2));
        for (wire, error) in [
            (with_start(8192), None),
            (with_start(8193), Some(HandshakeError::StartLineTooLong)),
            (with_line(8192), None),
            (with_line(8193), Some(HandshakeError::FieldLineTooLong)),
            (with_fields(100), None),
            (with_fields(101), Some(HandshakeError::TooManyFields)),
            (with_len(16 * 1024), None),
            (with_len(16 * 1024 + 1), Some(HandshakeError::HeadTooLong)),
        ] {
            assert_eq!(judge(Config::default(), &wire), error.map(Error::Handshake), "{} bytes", wire.len());
        }
    }
}

/// LIM-13 (§10.4).
#[test]
fn every_limit_of_the_head_is_exact_where_it_is_set() {
    for head in [REQUEST, RESPONSE] {
        let lines: Vec<usize> =
            head.split(|&byte| byte == b'\n').map(|line| line.len().saturating_sub(1)).collect();
        let fields = lines.len() - 3;
        let (start, longest) = (lines[0], *lines[1..].iter().max().unwrap());
        assert!(start < longest);
        let with = |head_len, line, fields| {
            let mut config = Config::default();
            (config.max_head_size, config.max_header_line, config.max_headers) = (head_len, line, fields);
            config
        };
        for (config, error) in [
            (with(head.len(), longest, fields), None),
            (with(head.len() - 1, longest, fields), Some(HandshakeError::HeadTooLong)),
            (with(head.len(), longest - 1, fields), Some(HandshakeError::FieldLineTooLong)),
            (with(head.len(), start, fields), Some(HandshakeError::FieldLineTooLong)),
            (with(head.len(), start - 1, fields), Some(HandshakeError::StartLineTooLong)),
            (with(head.len(), longest, fields - 1), Some(HandshakeError::TooManyFields)),
            (with(head.len(), longest, 0), Some(HandshakeError::TooManyFields)),
            (with(0, longest, fields), Some(HandshakeError::HeadTooLong)),
            (with(head.len(), 0, fields), Some(HandshakeError::StartLineTooLong)),
        ] {
            assert_eq!(judge(config, head), error.map(Error::Handshake), "{config:?}");
        }
        // A start line can be as long as any other.
        let status = format!("HTTP/1.1 101 {}", "x".repeat(longest - 13));
        let request = format!("GET /{} HTTP/1.1", "x".repeat(longest - 14));
        let line = if head == RESPONSE { status } else { request };
        let long = [line.as_bytes(), &head[start..]].concat();
        assert_eq!(judge(with(long.len(), longest, fields), &long), None);
    }
}

/// LIM-11.
#[test]
fn empty_lines_interim_responses_and_list_elements_are_bounded() {
    // RFC 9112 §2.2: empty lines before a request; RFC 9110 §15.2: interim responses. Both numbers are
    // choices.
    for (count, error) in [
        (0, None),
        (1, None),
        (4, None),
        (5, Some(HandshakeError::TooManyEmptyLines)),
        (500, Some(HandshakeError::TooManyEmptyLines)),
    ] {
        let wire = [&b"\r\n".repeat(count)[..], REQUEST].concat();
        assert_eq!(judge(Config::default(), &wire), error.map(Error::Handshake), "{count} empty lines");
    }
    assert_eq!(
        judge(Config::default(), &b"\r\n".repeat(5)),
        Some(HandshakeError::TooManyEmptyLines.into()),
        "without a request"
    );
    for (count, error) in [
        (1, None),
        (8, None),
        (9, Some(HandshakeError::TooManyInterimResponses)),
        (100, Some(HandshakeError::TooManyInterimResponses)),
    ] {
        for interim in [
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 103 \r\nLink: </x>; rel=preload\r\n\r\n",
            "HTTP/1.1 199 x\r\n\r\n",
        ] {
            let wire = [interim.repeat(count).as_bytes(), RESPONSE].concat();
            assert_eq!(judge(Config::default(), &wire), error.map(Error::Handshake), "{count} × {interim:?}");
        }
    }
    // An empty list element takes a byte of its line: the limit of the line is theirs.
    for name in ["Connection", "Upgrade", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"] {
        let value = match name {
            "Connection" => "Upgrade",
            "Upgrade" => "websocket",
            _ => "x",
        };
        let line =
            |len: usize| format!("{name}: {}{value}\r\n", ",".repeat(len - name.len() - 2 - value.len()));
        assert_eq!(judge(Config::default(), &with_field(REQUEST, name, line(8192))), None, "{name}");
        let error = Some(HandshakeError::FieldLineTooLong.into());
        assert_eq!(judge(Config::default(), &with_field(REQUEST, name, line(8193))), error, "{name}");
    }
}

both_roles!(frame_limits_hold_at_every_length_form);
/// LIM-01, LIM-04 (§10.4).
fn frame_limits_hold_at_every_length_form<R: Side>() {
    for limit in [0, 1, 125, 126, 1000, 65_535, 65_536] {
        let mut config = Config::default();
        config.max_frame_size = limit;
        let (fits, over) = (vec![7; limit as usize], vec![7; limit as usize + 1]);
        let feed = |wire: &[u8]| support::feed(R::open(config), filled(b""), wire.chunks(97), |_, _| {});
        assert_eq!(feed(&frame::<R>(0x82, &fits)).events, [Seen::Binary(fits.clone())], "{limit}");
        let outcome = feed(&frame::<R>(0x82, &over));
        assert_eq!(
            (outcome.error, outcome.events),
            (Some(ProtocolError::FrameTooBig.into()), vec![]),
            "{limit}"
        );
        // Control frames are not data frames.
        assert_eq!(feed(&frame::<R>(0x89, &[1; 125])).events, [Seen::Ping(vec![1; 125])], "{limit}");
    }
    for limit in [0, 1, 2, 3] {
        let mut config = Config::default();
        config.max_fragments = limit;
        for count in 1..6 {
            let mut wire = frame::<R>(if count == 1 { 0x81 } else { 0x01 }, b"");
            (1..count).for_each(|i| wire.extend(frame::<R>(if i + 1 == count { 0x80 } else { 0x00 }, b"")));
            let outcome = transmit::<R>(config, &wire);
            let error = (count > limit).then_some(Error::Protocol(ProtocolError::TooManyFragments));
            assert_eq!(
                (outcome.error, outcome.events.len()),
                (error, usize::from(error.is_none())),
                "{count} of {limit}"
            );
        }
    }
}

both_roles!(a_limit_is_judged_at_the_last_byte_of_the_length);
/// LIM-01 (§10.4), FR-13.
fn a_limit_is_judged_at_the_last_byte_of_the_length<R: Side>() {
    let mut config = Config::default();
    (config.max_frame_size, config.max_message_size) = (70_000, 80_000);
    let mut small = config;
    (small.max_frame_size, small.max_message_size) = (100, 110);
    let head = |first, len, form| {
        let head = frame_with(first, b"", R::PEER_MASKS.then_some(KEY), form, len);
        let key = if R::PEER_MASKS { 4 } else { 0 };
        head[..head.len() - key].to_vec()
    };
    for (config, before, wire, error) in [
        (config, vec![], head(0x82, 70_001, LengthForm::Bits64), ProtocolError::FrameTooBig),
        (config, vec![], head(0x82, (1 << 63) - 1, LengthForm::Bits64), ProtocolError::FrameTooBig),
        (small, vec![], head(0x82, 126, LengthForm::Bits16), ProtocolError::FrameTooBig),
        (small, vec![], head(0x82, 101, LengthForm::Bits7), ProtocolError::FrameTooBig),
        (small, frame::<R>(0x02, &[1; 100]), head(0x80, 11, LengthForm::Bits7), ProtocolError::MessageTooBig),
    ] {
        let all_but_one = transmit::<R>(config, &[&before[..], &wire[..wire.len() - 1]].concat());
        assert_eq!(all_but_one.error, None);
        let outcome = transmit::<R>(config, &[&before[..], &wire].concat());
        assert_eq!(
            outcome.error,
            Some(error.into()),
            "{wire:02x?}: DESIGN 4: at the last length byte, without the masking key"
        );
    }
}

both_roles!(max_write_buffer_is_exact);
/// LIM-07.
fn max_write_buffer_is_exact<R: Side>() {
    let mut config = Config::default();
    config.max_write_buffer = 10;
    type Send<R> = fn(&mut Connection<R>, &mut Vec<u8>) -> Result<(), SendError>;
    let sends: [Send<R>; 5] = [
        |it, out| it.send_text("x", out),
        |it, out| it.send_fragment(MessageKind::Binary, b"x", false, out),
        |it, out| it.ping(b"", out),
        |it, out| it.pong(b"", out),
        |it, out| it.close(CloseCode::NORMAL_CLOSURE, "", out),
    ];
    for send in sends {
        for pending in 0..13 {
            let (mut connection, mut out) = (R::open(config), vec![0; pending]);
            let result = send(&mut connection, &mut out);
            assert_eq!(result, if pending < 10 { Ok(()) } else { Err(SendError::Full) }, "{pending}");
            assert_eq!(out.len() > pending, result.is_ok());
        }
    }
    for wire in [frame::<R>(0x89, b""), frame::<R>(0x88, b""), vec![0x83]] {
        for pending in 0..13 {
            let (mut connection, mut out) = (R::open(config), vec![0; pending]);
            let _ = connection.receive(&mut filled(&wire), &mut out);
            assert_eq!(
                (out.len() > pending, connection.has_pending_reply()),
                (pending < 10, pending >= 10),
                "{pending} {wire:02x?}"
            );
        }
    }
}

/// LIM-07.
#[test]
fn max_write_buffer_limits_the_handshake_too() {
    let mut config = Config::default();
    config.max_write_buffer = 10;
    for (pending, error) in [(9, None), (10, Some(AcceptError::Full)), (11, Some(AcceptError::Full))] {
        let (mut server, mut out) = (Connection::server(config), vec![0; pending]);
        assert!(server.receive(&mut filled(REQUEST), &mut out).unwrap().is_some());
        let mut twin = server.clone();
        assert_eq!(server.accept(Accept::new(), &mut out.clone()).err(), error);
        assert_eq!(twin.reject(Reject::new(403), &mut out).err(), error);
        let uri = Uri::parse("ws://a/").unwrap();
        let mut out = vec![0; pending];
        let made = Connection::client(ClientRequest::new(uri), config, Keys::default(), &mut out).err();
        assert_eq!(made, error.map(|_| RequestError::Full));
        let (mut refused, mut out) = (Connection::server(config), vec![0; pending]);
        assert!(refused.receive(&mut filled(b"\0"), &mut out).is_err());
        assert_eq!(
            (refused.has_pending_reply(), out.len() > pending, refused.state()),
            (error.is_some(), error.is_none(), State::End)
        );
    }
}

both_roles!(a_send_without_room_leaves_the_buffer_unchanged);
/// LIM-07.
fn a_send_without_room_leaves_the_buffer_unchanged<R: Side>() {
    // "Why nothing was sent. The connection and the outbound buffer are as before": also if a pending
    // Pong would fit.
    let mut connection = R::open(Config::default());
    assert!(
        connection
            .receive(&mut filled(&frame::<R>(0x89, b"p")), &mut arrayvec::ArrayVec::<u8, 0>::new())
            .unwrap()
            .is_some()
    );
    type Send<R> = fn(&mut Connection<R>, &mut arrayvec::ArrayVec<u8, 20>) -> Result<(), SendError>;
    let sends: [Send<R>; 5] = [
        |it, out| it.send_text("0123456789abcdef", out),
        |it, out| it.send_fragment(MessageKind::Binary, b"0123456789abcdef", false, out),
        |it, out| it.ping(b"0123456789abcdef", out),
        |it, out| it.pong(b"0123456789abcdef", out),
        |it, out| it.close(CloseCode::NORMAL_CLOSURE, "0123456789abcdef", out),
    ];
    for send in sends {
        let (mut connection, mut out) = (connection.clone(), arrayvec::ArrayVec::new());
        assert_eq!(send(&mut connection, &mut out), Err(SendError::Full));
        assert_eq!((frames_of::<R>(&out), connection.has_pending_reply()), (vec![], true));
    }
}

/// LIM-02 (§10.4).
#[test]
fn a_limit_that_is_the_whole_range_never_overflows() {
    let mut config = Config::default();
    (config.max_message_size, config.max_frame_size, config.max_fragments) = (u64::MAX, u64::MAX, u32::MAX);
    (config.max_head_size, config.max_header_line, config.max_headers, config.max_write_buffer) =
        (usize::MAX, usize::MAX, usize::MAX, usize::MAX);
    assert_eq!(judge(config, REQUEST), None);
    assert_eq!(judge(config, RESPONSE), None);
    let mut server = open_server(config);
    let wire = [frame::<Server>(0x01, b"a"), frame::<Server>(0x80, b"b")].concat();
    let outcome = every_way(&server, &wire, |_, _| {});
    assert_eq!(outcome.events, [Seen::Text("ab".to_owned())]);
    server.send_text("x", &mut Vec::new()).unwrap();
}
