//! Control frames (§5.5), and sends that find no room, for both roles.

use arrayvec::ArrayVec;
use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Client, CloseCode, Config, Event, MessageKind, ProtocolError, SendBuffer as _, SendError, SendSlice,
    State, TransportAction,
};

use crate::support::{
    self, KEY, Keys, Seen, Side, filled, frame, frame_with, frames_of, open_client, open_server, transmit,
};

type Clients = Client<Keys>;

both_roles!(every_ping_of_a_burst_is_answered_in_order);
/// CT-04 (§5.5.2, §5.5.3), CT-05, CT-07 (§5.5.3).
fn every_ping_of_a_burst_is_answered_in_order<R: Side>() {
    let mut wire = Vec::new();
    for i in 0..100u8 {
        wire.extend(frame::<R>(0x89, &vec![i; usize::from(i)]));
        wire.extend(frame::<R>(0x8A, b"unasked"));
    }
    let outcome = transmit::<R>(Config::default(), &wire);
    assert_eq!(outcome.events.len(), 200);
    assert_eq!(
        frames_of::<R>(&outcome.out),
        (0..100).map(|i| (0x8A, vec![i; usize::from(i)])).collect::<Vec<_>>()
    );
    assert_eq!((outcome.error, outcome.state), (None, State::Transmission));
}

both_roles!(control_frames_that_are_too_long_or_fragmented_fail);
/// CT-01, CT-02 (§5.5).
fn control_frames_that_are_too_long_or_fragmented_fail<R: Side>() {
    let key = R::PEER_MASKS.then_some(KEY);
    for opcode in [0x8, 0x9, 0xA] {
        for (len, form) in [
            (126, LengthForm::Minimal),
            (65_536, LengthForm::Minimal),
            (5, LengthForm::Bits16),
            (5, LengthForm::Bits64),
        ] {
            let outcome =
                transmit::<R>(Config::default(), &frame_with(0x80 | opcode, &[0; 126], key, form, len));
            assert_eq!(outcome.error, Some(ProtocolError::ControlTooLong.into()));
            assert_eq!(frames_of::<R>(&outcome.out), [(0x88, b"\x03\xea".to_vec())]);
        }
        let outcome = transmit::<R>(Config::default(), &frame::<R>(opcode, b""));
        assert_eq!(outcome.error, Some(ProtocolError::ControlFragmented.into()));
    }
}

both_roles!(after_our_close_messages_are_delivered_and_pings_answered);
/// CT-06 (§5.5.2), CL-12 (§5.5.1, §7.1.2).
fn after_our_close_messages_are_delivered_and_pings_answered<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut out = Vec::new();
    connection.close(CloseCode::GOING_AWAY, "bye", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x88, b"\x03\xe9bye".to_vec())]);
    assert_eq!(
        (connection.state(), connection.transport_action()),
        (State::Transmission, TransportAction::KeepOpen)
    );
    out.clear();
    let close = frame::<R>(0x88, b"\x0f\xa0");
    let wire = [frame::<R>(0x81, b"still"), frame::<R>(0x89, b"there?"), close].concat();
    let outcome = support::every_way(&connection, &wire, |_, _| {});
    let events = [
        Seen::Text("still".to_owned()),
        Seen::Ping(b"there?".to_vec()),
        Seen::Close(Some((4000, String::new()))),
    ];
    assert_eq!(outcome.events, events);
    assert_eq!(frames_of::<R>(&outcome.out), [(0x8A, b"there?".to_vec())], "no second Close");
    assert_eq!((outcome.state, outcome.closed.clean(), outcome.closed.code()), (State::End, true, 4000));
    for (result, what) in [
        (connection.send_text("x", &mut out), "text"),
        (connection.send_binary(b"x", &mut out), "binary"),
        (connection.send_fragment(MessageKind::Text, b"x", true, &mut out), "part"),
        (connection.ping(b"", &mut out), "ping"),
        (connection.pong(b"", &mut out), "pong"),
        (connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out), "close"),
        (connection.mask_and_encode_header(MessageKind::Binary, &mut []).map(|_| ()), "in place"),
    ] {
        assert_eq!(result, Err(SendError::Closed), "CL-19 {what}");
    }
    assert_eq!(out, b"");
}

both_roles!(control_payloads_that_are_too_long_are_not_sent);
/// CT-03, CL-06 (§5.5).
fn control_payloads_that_are_too_long_are_not_sent<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut out = Vec::new();
    for payload in [&[0; 126][..], &[0; 70_000]] {
        assert_eq!(connection.ping(payload, &mut out), Err(SendError::ControlTooLong));
        assert_eq!(connection.pong(payload, &mut out), Err(SendError::ControlTooLong));
    }
    assert_eq!(
        connection.close(CloseCode::NORMAL_CLOSURE, &"é".repeat(62), &mut out),
        Err(SendError::ReasonTooLong)
    );
    assert_eq!((out.len(), connection.state()), (0, State::Transmission));
    connection.ping(&[1; 125], &mut out).unwrap();
    let reason = "é".repeat(61) + "!";
    connection.close(CloseCode::NORMAL_CLOSURE, &reason, &mut out).unwrap();
    assert_eq!(
        frames_of::<R>(&out),
        [(0x89, vec![1; 125]), (0x88, [b"\x03\xe8", reason.as_bytes()].concat())]
    );
}

both_roles!(auto_replies_can_be_switched_off);
fn auto_replies_can_be_switched_off<R: Side>() {
    let mut config = Config::default();
    config.auto_pong = false;
    config.auto_close = false;
    let mut connection = R::open(config);
    let wire = [frame::<R>(0x89, b"p"), frame::<R>(0x88, b"\x03\xe9"), frame::<R>(0x81, b"late")].concat();
    let outcome = support::every_way(&connection, &wire, |_, _| {});
    assert_eq!(outcome.events, [Seen::Ping(b"p".to_vec()), Seen::Close(Some((1001, String::new())))]);
    assert_eq!(
        (outcome.out, outcome.state, outcome.transport_action),
        (vec![], State::Transmission, TransportAction::KeepOpen)
    );
    // §5.5.1: the message under way may be ended before the answer.
    let (mut out, mut inbound) = (Vec::new(), filled(&wire));
    while connection.receive(&mut inbound, &mut out).unwrap().is_some() {}
    connection.send_text("last", &mut out).unwrap();
    connection.close(CloseCode::GOING_AWAY, "", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x81, b"last".to_vec()), (0x88, b"\x03\xe9".to_vec())]);
    assert_eq!((connection.state(), connection.close_status().clean()), (State::End, true));
}

both_roles!(pongs_without_room_are_coalesced_to_the_newest);
/// CT-08 (§5.5.3), LIM-08.
fn pongs_without_room_are_coalesced_to_the_newest<R: Side>() {
    let mut connection = R::open(Config::default());
    let head = if R::PEER_MASKS { 2 } else { 6 };
    let mut memory = [0; 20];
    let mut out = SendSlice::new(&mut memory[..2 * (head + 1)]);
    let wire: Vec<u8> = (0..100).flat_map(|i| frame::<R>(0x89, &[i])).collect();
    let mut inbound = filled(&wire);
    let mut pings = 0;
    while let Some(event) = connection.receive(&mut inbound, &mut out).unwrap() {
        assert!(matches!(event, Event::Ping([i]) if *i == pings));
        pings += 1;
    }
    assert_eq!((pings, connection.has_pending_reply()), (100, true));
    assert_eq!(frames_of::<R>(out.as_slice()), [(0x8A, vec![0]), (0x8A, vec![1])]);
    assert_eq!(connection.send_text("", &mut out), Err(SendError::Full));
    assert_eq!(connection.ping(b"", &mut out), Err(SendError::Full));
    out.consume(1);
    connection.receive(&mut inbound, &mut out).unwrap();
    assert!(connection.has_pending_reply(), "one byte of room is not enough");
    out.consume(usize::MAX);
    connection.receive(&mut inbound, &mut out).unwrap();
    assert_eq!(
        (frames_of::<R>(out.as_slice()), connection.has_pending_reply()),
        (vec![(0x8A, vec![99])], false)
    );
}

both_roles!(a_send_writes_the_pending_reply_first);
fn a_send_writes_the_pending_reply_first<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut full = ArrayVec::<u8, 3>::new();
    assert!(connection.receive(&mut filled(&frame::<R>(0x89, b"ping")), &mut full).unwrap().is_some());
    assert_eq!((full.len(), connection.has_pending_reply()), (0, true));
    let mut out = Vec::new();
    connection.send_text("after", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x8A, b"ping".to_vec()), (0x81, b"after".to_vec())]);
    assert!(!connection.has_pending_reply());
}

both_roles!(full_buffers_refuse_and_change_nothing);
/// LIM-07.
fn full_buffers_refuse_and_change_nothing<R: Side>() {
    let head = if R::PEER_MASKS { 2 } else { 6 };
    let mut connection = R::open(Config::default());
    let mut memory = [0; 64];
    let mut out = SendSlice::new(&mut memory[..head + 5]);
    assert_eq!(connection.send_text("123456", &mut out), Err(SendError::Full));
    assert_eq!(
        connection.send_fragment(MessageKind::Binary, b"123456", false, &mut out),
        Err(SendError::Full)
    );
    assert_eq!(connection.close(CloseCode::NORMAL_CLOSURE, "1234", &mut out), Err(SendError::Full));
    assert_eq!((out.len(), connection.state()), (0, State::Transmission));
    connection.send_text("12345", &mut out).unwrap();
    assert_eq!(connection.ping(b"", &mut out), Err(SendError::Full));
    assert_eq!(frames_of::<R>(out.as_slice()), [(0x81, b"12345".to_vec())]);

    let mut config = Config::default();
    config.max_write_buffer = 10;
    let mut connection = R::open(config);
    let mut out = vec![0; 9];
    connection.send_binary(&[1; 1000], &mut out).unwrap();
    assert_eq!(out.len(), 9 + 1000 + head + 2, "one frame may pass the mark");
    out.truncate(10);
    assert_eq!(connection.send_binary(b"", &mut out), Err(SendError::Full));
    assert!(connection.receive(&mut filled(&frame::<R>(0x89, b"p")), &mut out).unwrap().is_some());
    assert_eq!((out.len(), connection.has_pending_reply()), (10, true));
}

/// MK-09.
#[test]
fn without_entropy_nothing_is_sent() {
    #[derive(Clone)]
    struct Source(usize);
    impl websocket_proto::Entropy for Source {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), websocket_proto::EntropyError> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(websocket_proto::EntropyError)?;
            bytes.fill(9);
            Ok(())
        }
    }
    let uri = websocket_proto::Uri::parse("ws://server.example.com/chat").unwrap();
    let (mut request, mut response, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let request_of = websocket_proto::ClientRequest::new(uri);
    let mut client =
        websocket_proto::Connection::client(request_of, Config::default(), Source(16), &mut request).unwrap();
    let mut server = websocket_proto::Connection::server(Config::default());
    assert!(server.receive(&mut filled(&request), &mut response).unwrap().is_some());
    server.accept(websocket_proto::Accept::new(), &mut response).unwrap();
    assert!(client.receive(&mut filled(&response), &mut out).unwrap().is_some());
    let mut payload = *b"in place";
    assert_eq!(client.send_text("x", &mut out), Err(SendError::Entropy));
    assert_eq!(client.send_fragment(MessageKind::Text, b"x", false, &mut out), Err(SendError::Entropy));
    assert_eq!(client.ping(b"x", &mut out), Err(SendError::Entropy));
    assert_eq!(client.close(CloseCode::NORMAL_CLOSURE, "", &mut out), Err(SendError::Entropy));
    assert_eq!(client.mask_and_encode_header(MessageKind::Text, &mut payload), Err(SendError::Entropy));
    assert_eq!((&payload, out.len(), client.state()), (b"in place", 0, State::Transmission));
    let wire = [frame::<Clients>(0x89, b"p"), frame::<Clients>(0x81, b"still read")].concat();
    let mut inbound = filled(&wire);
    assert!(matches!(client.receive(&mut inbound, &mut out), Ok(Some(Event::Ping(b"p")))));
    assert!(matches!(client.receive(&mut inbound, &mut out), Ok(Some(Event::Text("still read")))));
    assert_eq!(
        (out.len(), client.has_pending_reply()),
        (0, false),
        "a Pong that cannot be masked does not stay pending"
    );
    // A Close that there is no key for does not hold up the end.
    for wire in [frame::<Clients>(0x88, b"\x03\xe8"), b"\xff".to_vec()] {
        let mut client = client.clone();
        let ended = client.receive(&mut filled(&wire), &mut out).is_err();
        assert_eq!((out.len(), client.has_pending_reply(), client.state()), (0, false, State::End));
        assert_eq!(
            client.transport_action(),
            if ended { TransportAction::Close } else { TransportAction::AwaitPeerClose }
        );
        assert!(!client.close_status().clean());
    }
}

both_roles!(the_order_of_sends_is_enforced);
/// FG-09 (§5.4).
fn the_order_of_sends_is_enforced<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut out = Vec::new();
    connection.send_fragment(MessageKind::Text, b"\xe2\x82", false, &mut out).unwrap();
    let before = out.clone();
    assert_eq!(connection.send_text("x", &mut out), Err(SendError::MessageOpen));
    assert_eq!(connection.send_binary(b"x", &mut out), Err(SendError::MessageOpen));
    assert_eq!(connection.mask_and_encode_header(MessageKind::Text, &mut []), Err(SendError::MessageOpen));
    assert_eq!(
        connection.send_fragment(MessageKind::Binary, b"x", true, &mut out),
        Err(SendError::KindMismatch)
    );
    assert_eq!(
        connection.send_fragment(MessageKind::Text, b"", true, &mut out),
        Err(SendError::InvalidUtf8),
        "U8-07: inside a code point"
    );
    assert_eq!(
        connection.send_fragment(MessageKind::Text, b"x", false, &mut out),
        Err(SendError::InvalidUtf8)
    );
    assert_eq!(out, before);
    connection.pong(b"", &mut out).unwrap();
    connection.send_fragment(MessageKind::Text, b"\xac", true, &mut out).unwrap();
    connection.send_text("next", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out).len(), 4);
    assert_eq!(
        connection.mask_and_encode_header(MessageKind::Text, &mut [0xFF]),
        Err(SendError::InvalidUtf8)
    );
}

/// ST-06.
#[test]
fn an_empty_read_changes_nothing() {
    let (mut server, mut client, mut out) =
        (open_server(Config::default()), open_client(Config::default()), Vec::new());
    for _ in 0..3 {
        assert!(matches!(server.receive(&mut filled(b""), &mut out), Ok(None)));
        assert!(matches!(client.receive(&mut filled(b""), &mut out), Ok(None)));
    }
    assert_eq!((out.len(), server.state(), client.state()), (0, State::Transmission, State::Transmission));
}
