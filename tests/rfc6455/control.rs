//! Control frames (§5.5) and the closing handshake (§7), for both roles.

use arrayvec::ArrayVec;
use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Client, CloseCode, CloseFrameStatus, Config, Error, Event, MessageKind, ProtocolError, SendBuffer as _,
    SendError, SendSlice, Server, State, TransportAction,
};

use crate::support::{
    self, KEY, Keys, Outcome, Seen, Side, filled, frame, frame_with, frames_of, open_client, open_server,
    transmit,
};

type Clients = Client<Keys>;

fn both(test: impl Fn(fn(u8, &[u8]) -> Vec<u8>, fn(&[u8]) -> Outcome, fn(&[u8]) -> Vec<(u8, Vec<u8>)>)) {
    test(frame::<Server>, |wire| transmit::<Server>(Config::default(), wire), frames_of::<Server>);
    test(frame::<Clients>, |wire| transmit::<Clients>(Config::default(), wire), frames_of::<Clients>);
}

#[test]
fn ct_04_ct_05_ct_07_every_ping_of_a_burst_is_answered_in_order() {
    both(|frame, transmit, frames_of| {
        let mut wire = Vec::new();
        for i in 0..100u8 {
            wire.extend(frame(0x89, &vec![i; usize::from(i)]));
            wire.extend(frame(0x8A, b"unasked"));
        }
        let outcome = transmit(&wire);
        assert_eq!(outcome.events.len(), 200);
        assert_eq!(
            frames_of(&outcome.out),
            (0..100).map(|i| (0x8A, vec![i; usize::from(i)])).collect::<Vec<_>>()
        );
        assert_eq!((outcome.error, outcome.state), (None, State::Transmission));
    });
}

both_roles!(ct_01_ct_02_control_frames_too_long_or_fragmented);
fn ct_01_ct_02_control_frames_too_long_or_fragmented<R: Side>() {
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

/// CL-01, CL-02, CL-05 (§5.5.1): the reason comes back too, and a browser shows it to its page.
#[test]
fn cl_01_cl_02_cl_05_a_close_is_echoed_with_its_code_and_reason() {
    let reason = "x".repeat(123);
    let long = [b"\x03\xe9", reason.as_bytes()].concat();
    for (body, reply, seen, fact) in [
        (&b""[..], &b""[..], None, CloseFrameStatus::Empty),
        (
            b"\x03\xe8",
            b"\x03\xe8",
            Some((1000, String::new())),
            CloseFrameStatus::Code(CloseCode::NORMAL_CLOSURE),
        ),
        (
            b"\x0b\xb8why",
            b"\x0b\xb8why",
            Some((3000, "why".to_owned())),
            CloseFrameStatus::Code(CloseCode::new(3000).unwrap()),
        ),
        (&long, &long, Some((1001, reason.clone())), CloseFrameStatus::Code(CloseCode::GOING_AWAY)),
    ] {
        both(|frame, transmit, frames_of| {
            let outcome = transmit(&frame(0x88, body));
            assert_eq!(outcome.events, [Seen::Close(seen.clone())]);
            assert_eq!(frames_of(&outcome.out), [(0x88, reply.to_vec())]);
            assert_eq!((outcome.error, outcome.state), (None, State::End));
            assert_eq!(
                (outcome.closed.sent, outcome.closed.received, outcome.closed.clean()),
                (fact, fact, true)
            );
            assert_eq!(outcome.closed.code(), seen.as_ref().map_or(1005, |(code, _)| *code));
        });
    }
}

#[test]
fn cl_18_the_server_closes_the_transport_and_the_client_waits() {
    assert_eq!(
        transmit::<Server>(Config::default(), &frame::<Server>(0x88, b"")).transport_action,
        TransportAction::Close
    );
    assert_eq!(
        transmit::<Clients>(Config::default(), &frame::<Clients>(0x88, b"")).transport_action,
        TransportAction::AwaitPeerClose
    );
}

#[test]
fn cl_07_cl_09_cl_10_bodies_that_are_illegal() {
    use ProtocolError::{CloseBodyTooShort, CloseReasonNotUtf8, InvalidCloseCode};
    let mut rows: Vec<(Vec<u8>, ProtocolError)> = vec![
        (b"\x03".to_vec(), CloseBodyTooShort),
        (b"\x03\xe8\xff".to_vec(), CloseReasonNotUtf8),
        (b"\x03\xe8\xce".to_vec(), CloseReasonNotUtf8),
        (b"\x03\xe8\xed\xa0\x80".to_vec(), CloseReasonNotUtf8),
    ];
    for code in [0u16, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        rows.push((code.to_be_bytes().to_vec(), InvalidCloseCode));
    }
    for (body, error) in rows {
        both(|frame, transmit, frames_of| {
            let outcome = transmit(&frame(0x88, &body));
            assert_eq!(
                (outcome.error, outcome.events),
                (Some(Error::Protocol(error)), vec![]),
                "{body:02x?}"
            );
            assert_eq!(frames_of(&outcome.out), [(0x88, error.close_code().get().to_be_bytes().to_vec())]);
            assert_eq!((outcome.closed.code(), outcome.closed.clean()), (1006, false));
            assert_eq!(outcome.transport_action, TransportAction::Close);
        });
    }
}

#[test]
fn cl_08_every_legal_code_is_accepted() {
    for code in (1000..1004).chain(1007..1015).chain([3000, 3999, 4000, 4999]) {
        both(|frame, transmit, _| {
            let outcome = transmit(&frame(0x88, &u16::to_be_bytes(code)));
            assert_eq!(
                (outcome.error, outcome.events),
                (None, vec![Seen::Close(Some((code, String::new())))])
            );
        });
    }
}

#[test]
fn cl_11_what_comes_after_a_close_is_discarded() {
    both(|frame, transmit, frames_of| {
        let after =
            [frame(0x81, b"late"), frame(0x89, b"late"), frame(0x88, b"\x03\xe9"), vec![0xFF; 50]].concat();
        let outcome = transmit(&[frame(0x88, b"\x03\xe8"), after].concat());
        assert_eq!(outcome.events, [Seen::Close(Some((1000, String::new())))]);
        assert_eq!(frames_of(&outcome.out), [(0x88, b"\x03\xe8".to_vec())]);
        assert_eq!(outcome.error, None);
    });
}

both_roles!(ct_06_cl_12_after_our_close_messages_still_come_and_pings_are_answered);
fn ct_06_cl_12_after_our_close_messages_still_come_and_pings_are_answered<R: Side>() {
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

both_roles!(cl_13_the_transport_ends);
fn cl_13_the_transport_ends<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut out = Vec::new();
    assert_eq!(
        connection.receive(&mut filled(&frame::<R>(0x01, b"begun")), &mut out).map(|event| event.is_some()),
        Ok(false)
    );
    let closed = connection.receive_eof();
    assert_eq!((closed.code(), closed.clean()), (1006, false));
    assert_eq!(
        (connection.state(), connection.transport_action(), connection.close_status()),
        (State::End, TransportAction::Close, closed)
    );
    assert!(
        matches!(connection.receive(&mut filled(&frame::<R>(0x80, b"ended")), &mut out), Ok(None)),
        "FG-11"
    );
    assert_eq!(connection.send_text("x", &mut out), Err(SendError::Closed));
    assert_eq!(connection.receive_eof(), closed);

    let mut connection = R::open(Config::default());
    assert!(matches!(
        connection.receive(&mut filled(&frame::<R>(0x88, b"\x03\xe9")), &mut out),
        Ok(Some(Event::Close(_)))
    ));
    let closed = connection.receive_eof();
    assert_eq!((closed.code(), closed.clean()), (1001, true));

    let mut connection = R::open(Config::default());
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    let closed = connection.receive_eof();
    assert_eq!(
        (closed.sent, closed.code(), closed.clean()),
        (CloseFrameStatus::Code(CloseCode::NORMAL_CLOSURE), 1006, false)
    );

    let mut connection = R::open(Config::default());
    let error = Err(Error::Protocol(ProtocolError::ReservedOpcode));
    let event = connection.receive(&mut filled(&[0x83]), &mut out).map(|event| event.is_some());
    assert_eq!(event, error);
    connection.receive_eof();
    assert_eq!(
        connection.receive(&mut filled(&[0x83]), &mut out).map(|event| event.is_some()),
        error,
        "ST-08"
    );
}

both_roles!(cl_16_cl_17_a_violation_after_our_close_sends_no_second_one);
fn cl_16_cl_17_a_violation_after_our_close_sends_no_second_one<R: Side>() {
    let mut connection = R::open(Config::default());
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut Vec::new()).unwrap();
    let outcome =
        support::every_way(&connection, &[&[0x83][..], &frame::<R>(0x88, b"\x03\xe8")].concat(), |_, _| {});
    assert_eq!((outcome.error, outcome.out), (Some(ProtocolError::ReservedOpcode.into()), vec![]));
    assert_eq!(
        (outcome.closed.code(), outcome.closed.clean(), outcome.transport_action),
        (1006, false, TransportAction::Close)
    );
}

both_roles!(ct_03_cl_06_what_is_too_long_to_send);
fn ct_03_cl_06_what_is_too_long_to_send<R: Side>() {
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

both_roles!(ct_08_lim_08_pongs_that_find_no_room_are_coalesced_to_the_newest);
fn ct_08_lim_08_pongs_that_find_no_room_are_coalesced_to_the_newest<R: Side>() {
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

both_roles!(a_send_pays_what_is_owed_first);
fn a_send_pays_what_is_owed_first<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut full = ArrayVec::<u8, 3>::new();
    assert!(connection.receive(&mut filled(&frame::<R>(0x89, b"ping")), &mut full).unwrap().is_some());
    assert_eq!((full.len(), connection.has_pending_reply()), (0, true));
    let mut out = Vec::new();
    connection.send_text("after", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x8A, b"ping".to_vec()), (0x81, b"after".to_vec())]);
    assert!(!connection.has_pending_reply());
}

both_roles!(a_close_that_finds_no_room_goes_out_later);
fn a_close_that_finds_no_room_goes_out_later<R: Side>() {
    let close = frame::<R>(0x88, b"\x03\xe9");
    for (wire, reply, error) in [
        (&close[..], b"\x03\xe9", None),
        (&[0x83][..], b"\x03\xea", Some(Error::Protocol(ProtocolError::ReservedOpcode))),
    ] {
        let mut connection = R::open(Config::default());
        let mut full = ArrayVec::<u8, 2>::new();
        let mut inbound = filled(&[&frame::<R>(0x89, b"ping")[..], wire].concat());
        assert!(connection.receive(&mut inbound, &mut full).unwrap().is_some());
        assert_eq!(connection.receive(&mut inbound, &mut full).err(), error);
        assert_eq!(
            (connection.state(), connection.has_pending_reply(), connection.transport_action()),
            (State::End, true, TransportAction::KeepOpen)
        );
        assert_eq!(connection.send_text("x", &mut full), Err(SendError::Closed));
        let mut out = Vec::new();
        assert_eq!(connection.receive(&mut inbound, &mut out).err(), error);
        assert_eq!(frames_of::<R>(&out), [(0x88, reply.to_vec())], "the Pong gives way to the Close");
        assert!(
            !connection.has_pending_reply() && connection.transport_action() != TransportAction::KeepOpen
        );
        assert_eq!(connection.receive(&mut inbound, &mut out).err(), error);
        assert_eq!(frames_of::<R>(&out).len(), 1, "CL-03");
    }
}

both_roles!(lim_07_full_buffers_refuse_and_change_nothing);
fn lim_07_full_buffers_refuse_and_change_nothing<R: Side>() {
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

#[test]
fn mk_09_without_entropy_nothing_is_sent() {
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
        "a Pong that cannot be masked is not owed for ever"
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

both_roles!(fg_09_the_order_of_sends_is_enforced);
fn fg_09_the_order_of_sends_is_enforced<R: Side>() {
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

#[test]
fn st_06_an_empty_read_is_nothing() {
    let (mut server, mut client, mut out) =
        (open_server(Config::default()), open_client(Config::default()), Vec::new());
    for _ in 0..3 {
        assert!(matches!(server.receive(&mut filled(b""), &mut out), Ok(None)));
        assert!(matches!(client.receive(&mut filled(b""), &mut out), Ok(None)));
    }
    assert_eq!((out.len(), server.state(), client.state()), (0, State::Transmission, State::Transmission));
}
