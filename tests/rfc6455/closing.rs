//! The closing handshake to the letter (§5.5.1, §7): codes, reasons, and how many Close frames there are.

use arrayvec::ArrayVec;
use fastrand::Rng;
use websocket_proto::{
    CloseCode, CloseFrameStatus, Config, Connection, Error, Event, MessageKind, ProtocolError, ReceiveBuffer,
    SendError, State,
};

use crate::support::{Seen, Side, filled, frame, frames_of, transmit};

both_roles!(a_second_close_is_never_sent);
/// CL-03 (§5.5.1).
fn a_second_close_is_never_sent<R: Side>() {
    for seed in 0..3000 {
        let mut random = Rng::with_seed(seed);
        let mut config = Config::default();
        config.auto_close = random.bool();
        let (mut connection, mut inbound) = (R::open(config), ReceiveBuffer::new());
        let (mut sent, mut out) = (Vec::new(), Vec::new());
        for _ in 0..12 {
            let wire = match random.u8(..8) {
                0 => frame::<R>(0x88, b"\x03\xe9"),
                1 => frame::<R>(0x88, b""),
                2 => vec![0x83],
                3 | 4 => frame::<R>(0x89, b"?"),
                5 => frame::<R>(0x81, b"text"),
                6 => {
                    let _ = connection.close(CloseCode::NORMAL_CLOSURE, "bye", &mut out);
                    vec![]
                }
                _ => {
                    let _ = connection.send_text("text", &mut out);
                    vec![]
                }
            };
            assert_eq!(inbound.feed(&wire), wire.len());
            if random.bool() {
                // Nothing is written: all replies are pending.
                let mut full = ArrayVec::<u8, 1>::new();
                while let Ok(Some(_)) = connection.receive(&mut inbound, &mut full) {}
                assert!(full.is_empty());
            } else {
                while let Ok(Some(_)) = connection.receive(&mut inbound, &mut out) {}
            }
            sent.append(&mut out);
        }
        let _ = connection.receive(&mut inbound, &mut sent);
        assert!(!connection.has_pending_reply());
        let frames = frames_of::<R>(&sent);
        let close = frames.iter().position(|(first, _)| *first == 0x88);
        assert_eq!(close.is_some(), connection.close_status().sent != CloseFrameStatus::None, "seed {seed}");
        if let Some(at) = close {
            // §5.5.2: a Pong is due even then, until the peer's Close has come.
            let after = &frames[at + 1..];
            assert!(after.iter().all(|(first, _)| *first == 0x8A), "seed {seed}: {after:02x?}");
        }
    }
}

both_roles!(a_reason_is_reported_unchanged);
/// CL-04 (§5.5.1, §7.1.6).
fn a_reason_is_reported_unchanged<R: Side>() {
    let widest = "😀".repeat(30) + "日";
    assert_eq!(widest.len(), 123);
    for reason in [
        "",
        "a",
        "\u{0}",
        "\u{feff}bom",
        "\r\n\u{7f}",
        "\u{ffff}\u{10ffff}",
        "καλημέρα",
        &"x".repeat(123),
        &widest,
    ] {
        let outcome =
            transmit::<R>(Config::default(), &frame::<R>(0x88, &[b"\x0f\xa1", reason.as_bytes()].concat()));
        assert_eq!(outcome.events, [Seen::Close(Some((4001, reason.to_owned())))]);
        // The sent frame has the code and the reason of the call.
        let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
        connection.close(CloseCode::new(4001).unwrap(), reason, &mut out).unwrap();
        assert_eq!(frames_of::<R>(&out), [(0x88, [b"\x0f\xa1", reason.as_bytes()].concat())]);
    }
}

both_roles!(only_legal_codes_can_be_sent);
/// CL-14 (§7.4.1).
fn only_legal_codes_can_be_sent<R: Side>() {
    let open = R::open(Config::default());
    for number in 0..=u16::MAX {
        let legal = matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let code = CloseCode::new(number);
        assert_eq!(code.map(CloseCode::get), legal.then_some(number));
        let Some(code) = code else { continue };
        let (mut connection, mut out) = (open.clone(), Vec::new());
        connection.close(code, "", &mut out).unwrap();
        assert_eq!(frames_of::<R>(&out), [(0x88, number.to_be_bytes().to_vec())]);
        assert_eq!(connection.close_status().sent, CloseFrameStatus::Code(code));
    }
}

/// CL-14 (§7.4.1).
#[test]
fn the_named_codes_have_the_numbers_of_iana() {
    let named = [
        (CloseCode::NORMAL_CLOSURE, 1000),
        (CloseCode::GOING_AWAY, 1001),
        (CloseCode::PROTOCOL_ERROR, 1002),
        (CloseCode::UNSUPPORTED_DATA, 1003),
        (CloseCode::INVALID_FRAME_PAYLOAD_DATA, 1007),
        (CloseCode::POLICY_VIOLATION, 1008),
        (CloseCode::MESSAGE_TOO_BIG, 1009),
        (CloseCode::MANDATORY_EXTENSION, 1010),
        (CloseCode::INTERNAL_ERROR, 1011),
        (CloseCode::SERVICE_RESTART, 1012),
        (CloseCode::TRY_AGAIN_LATER, 1013),
        (CloseCode::BAD_GATEWAY, 1014),
    ];
    for (code, number) in named {
        assert_eq!((code.get(), CloseCode::try_from(number)), (number, Ok(code)));
    }
}

/// Violations of each kind, and their codes.
fn violations<R: Side>() -> Vec<(Vec<u8>, ProtocolError, u16)> {
    use ProtocolError as E;
    let wrong_mask =
        if R::PEER_MASKS { (b"\x82\x00", E::UnmaskedFrame) } else { (b"\x82\x80", E::MaskedFrame) };
    let mask = if R::PEER_MASKS { 0x80 } else { 0 };
    let key: &[u8] = if R::PEER_MASKS { &[0; 4] } else { &[] };
    let declared = |len: &[u8]| [&[0x82, mask | 127], len, key].concat();
    vec![
        (vec![0xC1], E::ReservedBits, 1002),
        (vec![0x83], E::ReservedOpcode, 1002),
        (wrong_mask.0.to_vec(), wrong_mask.1, 1002),
        (vec![0x09], E::ControlFragmented, 1002),
        (vec![0x89, mask | 126], E::ControlTooLong, 1002),
        (vec![0x82, mask | 126, 0, 125], E::LengthNotMinimal, 1002),
        (declared(&[0x80, 0, 0, 0, 0, 0, 0, 0]), E::LengthTooLarge, 1002),
        (vec![0x80], E::UnexpectedContinuation, 1002),
        ([frame::<R>(0x01, b""), vec![0x81]].concat(), E::ExpectedContinuation, 1002),
        (frame::<R>(0x81, b"\xff"), E::InvalidUtf8, 1007),
        (frame::<R>(0x88, b"\x03"), E::CloseBodyTooShort, 1002),
        (frame::<R>(0x88, b"\x03\xed"), E::InvalidCloseCode, 1002),
        (frame::<R>(0x88, b"\x03\xe8\xff"), E::CloseReasonNotUtf8, 1007),
        (declared(&[0, 0, 0, 0, 4, 0, 0, 1]), E::FrameTooBig, 1009),
        (
            [frame::<R>(0x02, b"x"), [&[0x80, mask | 127, 0, 0, 0, 0, 4, 0, 0, 0], key].concat()].concat(),
            E::MessageTooBig,
            1009,
        ),
        ([frame::<R>(0x02, b""), frame::<R>(0x00, b"").repeat(65_536)].concat(), E::TooManyFragments, 1008),
    ]
}

both_roles!(a_violation_is_answered_with_a_code_and_no_reason);
/// CL-15.
fn a_violation_is_answered_with_a_code_and_no_reason<R: Side>() {
    let mut text = Vec::new();
    for (wire, error, code) in violations::<R>() {
        let (mut connection, mut inbound, mut out) = (R::open(Config::default()), filled(&wire), Vec::new());
        assert_eq!(connection.receive(&mut inbound, &mut out).err(), Some(Error::Protocol(error)));
        assert_eq!(
            frames_of::<R>(&out),
            [(0x88, code.to_be_bytes().to_vec())],
            "{error:?}: nothing that could be cut wrongly"
        );
        text.push(error.to_string());
    }
    text.sort();
    text.dedup();
    assert_eq!(text.len(), 16, "each error is a sentence of its own");
    // The echo has the peer's reason whole.
    let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
    let mut inbound = filled(&frame::<R>(0x88, &[b"\x03\xe8", "é".repeat(61).as_bytes()].concat()));
    assert!(
        matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Close(Some(close)))) if close.reason.len() == 122)
    );
    assert_eq!(frames_of::<R>(&out), [(0x88, [b"\x03\xe8", "é".repeat(61).as_bytes()].concat())]);
    // The application's is whole or refused, never cut.
    for (reason, result) in [("é".repeat(62), Err(SendError::ReasonTooLong)), ("é".repeat(61) + "x", Ok(()))]
    {
        assert_eq!(R::open(Config::default()).close(CloseCode::NORMAL_CLOSURE, &reason, &mut out), result);
    }
}

both_roles!(the_application_sends_no_frame_after_its_close);
/// CL-19 (§5.5.1).
fn the_application_sends_no_frame_after_its_close<R: Side>() {
    // The Close of the application, of the echo, and of a failure, also while it is pending.
    type Way<R> = fn(&mut Connection<R>, &mut ArrayVec<u8, 100>);
    let by_application: Way<R> = |it, out| it.close(CloseCode::NORMAL_CLOSURE, "", out).unwrap();
    let by_echo: Way<R> =
        |it, out| assert!(it.receive(&mut filled(&frame::<R>(0x88, b"")), out).unwrap().is_some());
    let by_failure: Way<R> = |it, out| assert!(it.receive(&mut filled(b"\x83"), out).is_err());
    for (way, room) in
        [(by_application, true), (by_echo, true), (by_failure, true), (by_echo, false), (by_failure, false)]
    {
        let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
        connection.send_fragment(MessageKind::Text, b"begun", false, &mut out).unwrap();
        let mut closing = ArrayVec::new();
        if !room {
            closing.try_extend_from_slice(&[0; 99]).unwrap();
        }
        way(&mut connection, &mut closing);
        assert_eq!(connection.has_pending_reply(), !room);
        let (before, mut payload) = (out.clone(), *b"in place");
        for result in [
            connection.send_fragment(MessageKind::Text, b"ended", true, &mut out),
            connection.send_fragment(MessageKind::Binary, b"", false, &mut out),
            connection.send_text("", &mut out),
            connection.send_binary(b"", &mut out),
            connection.mask_and_encode_header(MessageKind::Binary, &mut payload).map(|_| ()),
            connection.ping(b"", &mut out),
            connection.pong(b"", &mut out),
            connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out),
        ] {
            assert_eq!(result, Err(SendError::Closed));
        }
        assert_eq!((out, payload), (before, *b"in place"));
    }
}

both_roles!(the_end_is_terminal);
/// CL-20.
fn the_end_is_terminal<R: Side>() {
    let open = || (R::open(Config::default()), Vec::new());
    let (mut by_peer, mut out) = open();
    assert!(by_peer.receive(&mut filled(&frame::<R>(0x88, b"\x03\xe8")), &mut out).unwrap().is_some());
    assert_terminal("closed by the peer", by_peer, None);
    let (mut by_us, mut out) = open();
    by_us.close(CloseCode::GOING_AWAY, "", &mut out).unwrap();
    assert!(by_us.receive(&mut filled(&frame::<R>(0x88, b"")), &mut out).unwrap().is_some());
    assert_terminal("closed by us", by_us, None);
    let (mut cut, _) = open();
    cut.receive_eof();
    assert_terminal("cut", cut, None);
    for (wire, error, _) in violations::<R>() {
        let (mut failed, mut out) = open();
        assert!(failed.receive(&mut filled(&wire), &mut out).is_err());
        assert_terminal("failed", failed, Some(error));
    }
}

/// No input and no call changes a connection that has ended.
fn assert_terminal<R: Side>(name: &str, mut connection: Connection<R>, error: Option<ProtocolError>) {
    let (closed, transport_action, mut out) =
        (connection.close_status(), connection.transport_action(), Vec::new());
    let mut inbound = ReceiveBuffer::new();
    let input =
        [frame::<R>(0x81, b"late"), frame::<R>(0x89, b""), frame::<R>(0x88, b"\x03\xe8"), vec![0xFF; 300]];
    for wire in input.iter().cycle().take(20) {
        assert_eq!(inbound.feed(wire), wire.len());
        for _ in 0..2 {
            match connection.receive(&mut inbound, &mut out) {
                Ok(None) => assert_eq!(error, None, "{name}"),
                other => assert_eq!(other.err(), error.map(Error::Protocol), "{name}"),
            }
        }
        assert!(inbound.is_empty(), "{name}: input is discarded");
        assert_eq!(connection.ping(b"", &mut out), Err(SendError::Closed));
        let now = (
            connection.state(),
            connection.close_status(),
            connection.transport_action(),
            connection.has_pending_reply(),
        );
        assert_eq!(now, (State::End, closed, transport_action, false), "{name}");
    }
    assert_eq!((connection.receive_eof(), connection.receive_eof()), (closed, closed));
    assert_eq!((connection.state(), out.len()), (State::End, 0), "{name}");
    let after = connection.receive(&mut filled(&input.concat()), &mut out).err();
    assert_eq!(after, error.map(Error::Protocol), "{name}: the error stays after the transport's end");
}
