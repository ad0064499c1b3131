//! Close frames (§5.5.1, §7), for both roles.

use arrayvec::ArrayVec;
use websocket_proto::{
    Client, CloseCode, CloseFrameStatus, Config, Error, Event, ProtocolError, SendError, Server, State,
    TransportAction,
};

use crate::support::{self, Keys, Seen, Side, filled, frame, frames_of, transmit};

type Clients = Client<Keys>;

both_roles!(a_close_is_echoed_with_its_code_and_reason);
/// CL-01, CL-02, CL-05 (§5.5.1): the reason comes back too, and a browser shows it to its page.
fn a_close_is_echoed_with_its_code_and_reason<R: Side>() {
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
        let outcome = transmit::<R>(Config::default(), &frame::<R>(0x88, body));
        assert_eq!(outcome.events, [Seen::Close(seen.clone())]);
        assert_eq!(frames_of::<R>(&outcome.out), [(0x88, reply.to_vec())]);
        assert_eq!((outcome.error, outcome.state), (None, State::End));
        assert_eq!(
            (outcome.closed.sent, outcome.closed.received, outcome.closed.clean()),
            (fact, fact, true)
        );
        assert_eq!(outcome.closed.code(), seen.as_ref().map_or(1005, |(code, _)| *code));
    }
}

/// CL-18 (§5.5.1, §7.1.1).
#[test]
fn the_server_closes_the_transport_and_the_client_waits() {
    assert_eq!(
        transmit::<Server>(Config::default(), &frame::<Server>(0x88, b"")).transport_action,
        TransportAction::Close
    );
    assert_eq!(
        transmit::<Clients>(Config::default(), &frame::<Clients>(0x88, b"")).transport_action,
        TransportAction::AwaitPeerClose
    );
}

both_roles!(illegal_close_bodies_fail);
/// CL-07 (§5.5.1), CL-09 (§7.4.1, §7.4.2), CL-10 (§5.5.1, §8.1).
fn illegal_close_bodies_fail<R: Side>() {
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
        let outcome = transmit::<R>(Config::default(), &frame::<R>(0x88, &body));
        assert_eq!((outcome.error, outcome.events), (Some(Error::Protocol(error)), vec![]), "{body:02x?}");
        assert_eq!(frames_of::<R>(&outcome.out), [(0x88, error.close_code().get().to_be_bytes().to_vec())]);
        assert_eq!((outcome.closed.code(), outcome.closed.clean()), (1006, false));
        assert_eq!(outcome.transport_action, TransportAction::Close);
    }
}

both_roles!(every_legal_code_is_accepted);
/// CL-08 (§7.4.1, §7.4.2, §11.7).
fn every_legal_code_is_accepted<R: Side>() {
    for code in (1000..1004).chain(1007..1015).chain([3000, 3999, 4000, 4999]) {
        let outcome = transmit::<R>(Config::default(), &frame::<R>(0x88, &u16::to_be_bytes(code)));
        assert_eq!((outcome.error, outcome.events), (None, vec![Seen::Close(Some((code, String::new())))]));
    }
}

both_roles!(input_after_a_close_is_discarded);
/// CL-11 (§1.4).
fn input_after_a_close_is_discarded<R: Side>() {
    let after =
        [frame::<R>(0x81, b"late"), frame::<R>(0x89, b"late"), frame::<R>(0x88, b"\x03\xe9"), vec![0xFF; 50]]
            .concat();
    let outcome = transmit::<R>(Config::default(), &[frame::<R>(0x88, b"\x03\xe8"), after].concat());
    assert_eq!(outcome.events, [Seen::Close(Some((1000, String::new())))]);
    assert_eq!(frames_of::<R>(&outcome.out), [(0x88, b"\x03\xe8".to_vec())]);
    assert_eq!(outcome.error, None);
}

both_roles!(the_end_of_the_transport_keeps_the_close_status);
/// CL-13 (§7.1.5).
fn the_end_of_the_transport_keeps_the_close_status<R: Side>() {
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

both_roles!(a_violation_after_our_close_sends_no_second_one);
/// CL-16, CL-17 (§7.1.7).
fn a_violation_after_our_close_sends_no_second_one<R: Side>() {
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
