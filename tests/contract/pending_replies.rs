//! The pending reply: when it is written, when it is dropped, and that it never blocks other frames.

use core::time::Duration;

use arrayvec::ArrayVec;
use websocket_proto::{
    Client, CloseCode, CloseFrameStatus, Config, Connection, Entropy, EntropyError, Event, Negotiated,
    ProtocolError, ReceiveBuffer, Role, SendError, SendSlice, State, TransportAction,
};

use crate::support::{Side, filled, frame, frames_of};

/// Receives one event while `out` has no room.
fn stalled<R: Role>(connection: &mut Connection<R>, wire: &[u8]) {
    assert!(connection.receive(&mut filled(wire), &mut SendSlice::new(&mut [])).unwrap().is_some());
    assert!(connection.has_pending_reply());
}

both_roles!(a_pong_that_never_fits_does_not_block_messages);
/// CT-08 (§5.5.3).
fn a_pong_that_never_fits_does_not_block_messages<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), ArrayVec::<u8, 64>::new());
    assert!(connection.receive(&mut filled(&frame::<R>(0x89, &[1; 100])), &mut out).unwrap().is_some());
    assert!(connection.has_pending_reply());
    connection.send_text("a", &mut out).unwrap();
    assert_eq!((frames_of::<R>(&out), connection.has_pending_reply()), (vec![(0x81, b"a".to_vec())], false));
}

both_roles!(a_refused_send_keeps_a_pong_that_never_fits);
/// CT-08: a refused call changes nothing.
fn a_refused_send_keeps_a_pong_that_never_fits<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), ArrayVec::<u8, 64>::new());
    assert!(connection.receive(&mut filled(&frame::<R>(0x89, &[1; 100])), &mut out).unwrap().is_some());
    assert_eq!(connection.send_binary(&[2; 64], &mut out), Err(SendError::Full));
    assert_eq!((out.len(), connection.has_pending_reply()), (0, true));
    let mut larger = Vec::new();
    connection.flush_reply(&mut larger);
    assert_eq!(frames_of::<R>(&larger), [(0x8A, vec![1; 100])]);
}

both_roles!(a_write_limit_of_zero_permits_one_frame);
/// LIM-07.
fn a_write_limit_of_zero_permits_one_frame<R: Side>() {
    let mut config = Config::default();
    config.max_write_buffer = 0;
    let (mut connection, mut out) = (R::open(config), Vec::new());
    connection.send_text("a", &mut out).unwrap();
    assert_eq!(connection.send_text("b", &mut out), Err(SendError::Full));
    assert_eq!(frames_of::<R>(&out), [(0x81, b"a".to_vec())]);
}

both_roles!(a_pending_pong_longer_than_the_limit_does_not_block_an_empty_buffer);
/// LIM-07: the limit is on the bytes in `out`, so a pending Pong does not count.
fn a_pending_pong_longer_than_the_limit_does_not_block_an_empty_buffer<R: Side>() {
    for (max_write_buffer, ping) in
        [(0, &[7; 8][..]), (1, &[7; 8]), (2, &[7; 8]), (10, &[7; 8]), (127, &[7; 125])]
    {
        let mut config = Config::default();
        config.max_write_buffer = max_write_buffer;
        let (mut connection, mut out) = (R::open(config), Vec::new());
        stalled(&mut connection, &frame::<R>(0x89, ping));
        out.extend_from_slice(&[0; 200]);
        assert_eq!(connection.send_text("a", &mut out), Err(SendError::Full));
        assert_eq!(
            (out.len(), connection.has_pending_reply()),
            (200, true),
            "a refused send changes nothing"
        );
        out.clear();
        connection.send_text("a", &mut out).unwrap();
        assert_eq!(frames_of::<R>(&out), [(0x8A, ping.to_vec()), (0x81, b"a".to_vec())]);
    }
}

both_roles!(a_tick_with_room_writes_the_reply);
/// ST-11: as each call that takes `out` does, also when the close timeout ends.
fn a_tick_with_room_writes_the_reply<R: Side>() {
    let at = Duration::from_secs;
    for (wire, reply) in [
        (frame::<R>(0x89, b"?"), (0x8A, b"?".to_vec())),
        (frame::<R>(0x88, b"\x03\xe8"), (0x88, b"\x03\xe8".to_vec())),
    ] {
        let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
        stalled(&mut connection, &wire);
        assert!(connection.tick(at(0), &mut SendSlice::new(&mut [])).is_ok());
        assert!(connection.has_pending_reply());
        let _ = connection.tick(at(10), &mut out);
        assert_eq!((frames_of::<R>(&out), connection.has_pending_reply()), (vec![reply.clone()], false));
        assert_eq!(connection.close_status().clean(), reply.0 == 0x88);

        let (mut reader, mut writer) = R::open(Config::default()).split().unwrap();
        let (signal, _) = reader.receive(&mut filled(&wire));
        writer.handle_signal(signal.unwrap(), &mut SendSlice::new(&mut []));
        assert!(writer.has_pending_reply());
        out.clear();
        assert!(writer.tick(at(0), &mut out).is_ok());
        assert_eq!((frames_of::<R>(&out), writer.has_pending_reply()), (vec![reply], false));
    }
}

both_roles!(the_echo_omits_a_reason_that_can_never_fit);
/// CL-02 (§5.5.1).
fn the_echo_omits_a_reason_that_can_never_fit<R: Side>() {
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
    assert!(connection.close_status().clean() && connection.transport_action() != TransportAction::KeepOpen);
}

both_roles!(a_reply_that_fits_exactly_is_written_whole);
/// CL-02 (§5.5.1), CT-04 (§5.5.2).
fn a_reply_that_fits_exactly_is_written_whole<R: Side>() {
    let close = [b"\x03\xe9", &[b'x'; 100][..]].concat();
    let mut connection = R::open(Config::default());
    let mut memory = vec![0; frame::<R::Peer>(0x88, &close).len()];
    let mut out = SendSlice::new(&mut memory);
    assert!(connection.receive(&mut filled(&frame::<R>(0x88, &close)), &mut out).unwrap().is_some());
    assert_eq!(frames_of::<R>(out.as_slice()), [(0x88, close)]);

    // A message does not take the place of the Pong.
    let mut connection = R::open(Config::default());
    stalled(&mut connection, &frame::<R>(0x89, b"Ping"));
    let mut memory = vec![0; frame::<R::Peer>(0x8A, b"Ping").len()];
    let mut out = SendSlice::new(&mut memory);
    assert_eq!(connection.send_text("", &mut out), Err(SendError::Full));
    connection.flush_reply(&mut out);
    assert_eq!(frames_of::<R>(out.as_slice()), [(0x8A, b"Ping".to_vec())]);
}

/// MK-09 (§5.3).
#[test]
fn a_send_with_a_key_for_one_of_two_frames_writes_neither() {
    #[derive(Clone)]
    struct Left(usize);
    impl Entropy for Left {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            self.0 = self.0.checked_sub(1).ok_or(EntropyError)?;
            bytes.fill(7);
            Ok(())
        }
    }
    let mut client = Connection::established(Client::new(Left(1)), Negotiated::new(), Config::default());
    stalled(&mut client, b"\x89\x00");
    let mut out = Vec::new();
    assert_eq!(client.send_text("x", &mut out), Err(SendError::Entropy));
    assert_eq!(out, b"");
}

both_roles!(the_application_can_answer_a_ping_after_its_close);
/// CT-06 (§5.5.2).
fn the_application_can_answer_a_ping_after_its_close<R: Side>() {
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
    // With `auto_pong`, each Ping was already answered.
    let mut connection = R::open(Config::default());
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    assert_eq!(connection.pong(b"x", &mut out), Err(SendError::Closed));
}

both_roles!(a_failed_connection_answers_no_ping);
/// CL-16 (§7.1.7).
fn a_failed_connection_answers_no_ping<R: Side>() {
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

both_roles!(a_close_that_was_never_written_is_not_clean);
/// CL-13 (§7.1.4, §7.1.5).
fn a_close_that_was_never_written_is_not_clean<R: Side>() {
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

both_roles!(the_application_can_echo_an_empty_close);
/// CL-05 (§7.4.1).
fn the_application_can_echo_an_empty_close<R: Side>() {
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
