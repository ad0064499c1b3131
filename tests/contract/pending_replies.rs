//! The pending reply: when it is written, when it is dropped, and that it never blocks other frames.
#![cfg(feature = "alloc")]

use crate::support;

use arrayvec::ArrayVec;
use support::{Keys, Side, filled, frame, frames_of};
use websocket_proto::{
    Client, CloseCode, CloseFrameStatus, Config, Connection, Entropy, EntropyError, Event, ProtocolError,
    ReceiveBuffer, Role, SendBuffer, SendError, SendSlice, Server, State, TransportAction,
};

type Clients = Client<Keys>;

/// Receives one event while `out` has no room.
fn stalled<R: Role>(connection: &mut Connection<R>, wire: &[u8]) {
    assert!(connection.receive(&mut filled(wire), &mut SendSlice::new(&mut [])).unwrap().is_some());
    assert!(connection.has_pending_reply());
}

#[test]
fn ct_08_a_pong_that_never_fits_does_not_silence_the_endpoint() {
    fn check<R: Side>() {
        let (mut connection, mut out) = (R::open(Config::default()), ArrayVec::<u8, 64>::new());
        assert!(connection.receive(&mut filled(&frame::<R>(0x89, &[1; 100])), &mut out).unwrap().is_some());
        assert!(connection.has_pending_reply());
        connection.send_text("a", &mut out).unwrap();
        assert_eq!(
            (frames_of::<R>(&out), connection.has_pending_reply()),
            (vec![(0x81, b"a".to_vec())], false)
        );
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn lim_07_a_mark_of_nothing_still_lets_one_frame_through() {
    let mut config = Config::default();
    config.max_write_buffer = 0;
    let (mut server, mut out) = (support::open_server(config), Vec::new());
    server.send_text("a", &mut out).unwrap();
    assert_eq!(server.send_text("b", &mut out), Err(SendError::Full));
    assert_eq!(out, b"\x81\x01a");
}

/// LIM-07: the limit is on the bytes in `out`; a pending Pong does not count before it is there.
#[test]
fn lim_07_a_pending_pong_longer_than_the_mark_never_keeps_an_empty_buffer_full() {
    fn check<R: Side>(max_write_buffer: usize, ping: &[u8]) {
        let mut config = Config::default();
        config.max_write_buffer = max_write_buffer;
        let (mut connection, mut out) = (R::open(config), Vec::new());
        stalled(&mut connection, &frame::<R>(0x89, ping));
        out.extend_from_slice(&[0; 200]);
        assert_eq!(connection.send_text("a", &mut out), Err(SendError::Full));
        assert_eq!(
            (out.len(), connection.has_pending_reply()),
            (200, true),
            "what is refused leaves all as it was"
        );
        out.clear();
        connection.send_text("a", &mut out).unwrap();
        assert_eq!(frames_of::<R>(&out), [(0x8A, ping.to_vec()), (0x81, b"a".to_vec())]);
    }
    for (max_write_buffer, ping) in
        [(0, &[7; 8][..]), (1, &[7; 8]), (2, &[7; 8]), (10, &[7; 8]), (127, &[7; 125])]
    {
        check::<Server>(max_write_buffer, ping);
        check::<Clients>(max_write_buffer, ping);
    }
}

/// CL-02 (§5.5.1): a reason that finds no room ever is left out, so that the end comes.
#[test]
fn cl_02_an_echo_of_a_long_reason_fits_a_small_buffer_without_it() {
    fn check<R: Side>() {
        let (mut connection, mut out) = (R::open(Config::default()), ArrayVec::<u8, 64>::new());
        out.try_extend_from_slice(&[0; 50]).unwrap();
        let close = [b"\x03\xe9", &[b'x'; 100][..]].concat();
        assert!(connection.receive(&mut filled(&frame::<R>(0x88, &close)), &mut out).unwrap().is_some());
        assert_eq!(
            (out.len(), connection.has_pending_reply(), connection.transport_action()),
            (50, true, TransportAction::KeepOpen)
        );
        out.clear();
        assert!(connection.receive(&mut ReceiveBuffer::new(), &mut out).unwrap().is_none());
        assert_eq!(frames_of::<R>(&out), [(0x88, b"\x03\xe9".to_vec())]);
        assert!(
            connection.close_status().clean() && connection.transport_action() != TransportAction::KeepOpen
        );
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn mk_09_a_key_for_one_of_two_frames_writes_neither() {
    #[derive(Clone)]
    struct Left(usize);
    impl Entropy for Left {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            self.0 = self.0.checked_sub(1).ok_or(EntropyError)?;
            bytes.fill(7);
            Ok(())
        }
    }
    let mut client =
        Connection::established(Client::new(Left(1)), websocket_proto::Negotiated::new(), Config::default());
    stalled(&mut client, b"\x89\x00");
    let mut out = Vec::new();
    assert_eq!(client.send_text("x", &mut out), Err(SendError::Entropy));
    assert_eq!(out, b"");
}

#[test]
fn ct_06_the_application_can_answer_a_ping_after_its_own_close() {
    fn check<R: Side>() {
        let mut config = Config::default();
        config.auto_pong = false;
        let (mut connection, mut out) = (R::open(config), Vec::new());
        connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
        assert!(matches!(
            connection.receive(&mut filled(&frame::<R>(0x89, b"x")), &mut out),
            Ok(Some(Event::Ping(b"x")))
        ));
        connection.pong(b"x", &mut out).unwrap();
        assert_eq!(frames_of::<R>(&out), [(0x88, b"\x03\xe8".to_vec()), (0x8A, b"x".to_vec())]);
        assert_eq!(connection.ping(b"x", &mut out), Err(SendError::Closed));
        // Where Pongs are written by themselves, all have been.
        let mut connection = R::open(Config::default());
        connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
        assert_eq!(connection.pong(b"x", &mut out), Err(SendError::Closed));
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn cl_16_a_failed_connection_answers_no_ping() {
    fn check<R: Side>() {
        let mut connection = R::open(Config::default());
        connection.close(CloseCode::NORMAL_CLOSURE, "", &mut Vec::new()).unwrap();
        stalled(&mut connection, &frame::<R>(0x89, b"hi"));
        let mut out = SendSlice::new(&mut []);
        assert_eq!(
            connection.receive(&mut filled(b"\x83"), &mut out).err(),
            Some(ProtocolError::ReservedOpcode.into())
        );
        assert_eq!(
            (connection.has_pending_reply(), connection.transport_action(), connection.state()),
            (false, TransportAction::Close, State::End)
        );
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn cl_13_a_close_that_was_never_written_is_not_clean() {
    fn check<R: Side>() {
        let mut connection = R::open(Config::default());
        stalled(&mut connection, &frame::<R>(0x88, b"\x03\xe8"));
        assert!(connection.close_status().clean(), "as soon as it is written");
        let closed = connection.receive_eof();
        assert_eq!((closed.clean(), closed.sent, closed.code()), (false, CloseFrameStatus::None, 1000));
        assert_eq!(
            (connection.close_status(), connection.transport_action(), connection.has_pending_reply()),
            (closed, TransportAction::Close, false)
        );
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn cl_05_the_application_can_echo_an_empty_close() {
    fn check<R: Side>() {
        let mut config = Config::default();
        config.auto_close = false;
        let (mut connection, mut out) = (R::open(config), Vec::new());
        assert!(matches!(
            connection.receive(&mut filled(&frame::<R>(0x88, b"")), &mut out),
            Ok(Some(Event::Close(None)))
        ));
        connection.close_empty(&mut out).unwrap();
        assert_eq!((frames_of::<R>(&out), connection.state()), (vec![(0x88, vec![])], State::End));
        assert!(connection.close_status().clean());
        assert_eq!(connection.close_empty(&mut out), Err(SendError::Closed));
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn s_hs_10_only_tokens_are_subprotocols() {
    let mut config = Config::default();
    config.allow_plain_http = true;
    let wire = b"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Protocol: not a token \", fine, b@d\r\n\r\n";
    let (mut server, mut inbound) = (Connection::server(config), filled(wire));
    let Ok(Some(Event::PlainRequest(request))) = server.receive(&mut inbound, &mut Vec::new()) else {
        panic!("a request")
    };
    assert_eq!(request.subprotocols().map(|name| name.name()).collect::<Vec<_>>(), ["fine"]);
}

#[test]
fn lim_12_room_that_no_memory_has_is_not_given() {
    let mut inbound = ReceiveBuffer::new();
    assert_eq!(inbound.spare_mut(usize::MAX), b"");
    assert_eq!(inbound.feed(b"fine"), 4);
    inbound.clear();
    assert!(inbound.is_empty());
    let mut memory = [0; 3];
    let mut out = SendSlice::new(&mut memory);
    out.push(b"abc");
    assert_eq!(out.remaining_capacity(), 0);
}
