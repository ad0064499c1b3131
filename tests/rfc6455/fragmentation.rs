//! Fragmentation (§5.4), for both roles.

use websocket_proto::{Config, Delivery, Event, MessageKind, ProtocolError, ReceiveBuffer, State};

use crate::support::{Seen, Side, frame, frames_of, transmit};

use super::framing::{assert_both_fail, text};

both_roles!(fragments_are_joined_in_order);
/// FG-01, FG-03, FG-10 (§5.4).
fn fragments_are_joined_in_order<R: Side>() {
    let wire = [
        frame::<R>(0x01, b""),
        frame::<R>(0x00, b"a"),
        frame::<R>(0x00, b""),
        frame::<R>(0x00, "bé".as_bytes()),
        frame::<R>(0x80, b""),
        frame::<R>(0x81, b"whole"),
        frame::<R>(0x02, &[0xFF; 300]),
        frame::<R>(0x80, &[0xFE; 70_000]),
        frame::<R>(0x02, b""),
        frame::<R>(0x80, b""),
        frame::<R>(0x82, b""),
    ];
    let outcome = transmit::<R>(Config::default(), &wire.concat());
    let mut long = vec![0xFF; 300];
    long.extend([0xFE; 70_000]);
    let binary = Seen::Binary;
    assert_eq!(outcome.events, [text("abé"), text("whole"), binary(long), binary(vec![]), binary(vec![])]);
    assert_eq!((outcome.error, outcome.out.len()), (None, 0));
}

both_roles!(each_read_of_a_payload_brings_a_part);
fn each_read_of_a_payload_brings_a_part<R: Side>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let payload: Vec<u8> = (0..100).collect();
    let wire = frame::<R>(0x82, &payload);
    let (header, masked) = wire.split_at(wire.len() - payload.len());
    let (mut connection, mut inbound, mut out) = (R::open(config), ReceiveBuffer::new(), Vec::new());
    assert_eq!(inbound.feed(header), header.len());
    assert_eq!(connection.receive(&mut inbound, &mut out), Ok(None));
    for (index, byte) in masked.chunks(1).enumerate() {
        assert_eq!(inbound.feed(byte), 1);
        let event = connection.receive(&mut inbound, &mut out).unwrap();
        let part = Event::BinaryPart { bytes: &payload[index..=index], last: index == 99 };
        assert_eq!(event, Some(part));
    }
}

/// FG-02, FG-04, FG-07 (§5.4).
#[test]
fn fragments_out_of_order_fail() {
    use ProtocolError::{ExpectedContinuation, UnexpectedContinuation};
    for payload in [&b""[..], b"x"] {
        for first in [0x00, 0x80] {
            assert_both_fail(|frame| frame(first, payload), UnexpectedContinuation, &[]);
            assert_both_fail(
                |frame| [frame(0x81, b"a"), frame(first, payload)].concat(),
                UnexpectedContinuation,
                &[text("a")],
            );
            let after = |frame: fn(u8, &[u8]) -> Vec<u8>| {
                [frame(0x01, b"a"), frame(0x80, b"b"), frame(first, payload)].concat()
            };
            assert_both_fail(after, UnexpectedContinuation, &[text("ab")]);
        }
        for open in [0x01, 0x02] {
            for first in [0x01, 0x02, 0x81, 0x82] {
                let wire = |frame: fn(u8, &[u8]) -> Vec<u8>| {
                    [frame(open, b"a"), frame(0x00, b""), frame(first, payload)].concat()
                };
                assert_both_fail(wire, ExpectedContinuation, &[]);
            }
        }
    }
}

both_roles!(control_frames_inside_a_message_leave_it_intact);
/// FG-05 (§5.4).
fn control_frames_inside_a_message_leave_it_intact<R: Side>() {
    let wire = [
        frame::<R>(0x01, b"one "),
        frame::<R>(0x89, b"ping"),
        frame::<R>(0x00, b"two "),
        frame::<R>(0x8A, b"pong"),
        frame::<R>(0x8A, b""),
        frame::<R>(0x89, &[0xFF; 125]),
        frame::<R>(0x80, b"three"),
    ];
    let outcome = transmit::<R>(Config::default(), &wire.concat());
    let (ping, pong) = (Seen::Ping(b"ping".to_vec()), Seen::Pong(b"pong".to_vec()));
    assert_eq!(
        outcome.events,
        [ping, pong, Seen::Pong(vec![]), Seen::Ping(vec![0xFF; 125]), text("one two three")]
    );
}

both_roles!(a_close_inside_a_message_drops_it);
/// FG-06 (§5.4, §5.5.1).
fn a_close_inside_a_message_drops_it<R: Side>() {
    let wire =
        [frame::<R>(0x01, b"begun"), frame::<R>(0x88, b"\x03\xe9bye"), frame::<R>(0x80, b"ended")].concat();
    let outcome = transmit::<R>(Config::default(), &wire);
    assert_eq!(outcome.events, [Seen::Close(Some((1001, "bye".to_owned())))]);
    assert_eq!(frames_of::<R>(&outcome.out), [(0x88, b"\x03\xe9bye".to_vec())]);
    assert_eq!((outcome.error, outcome.state, outcome.closed.clean()), (None, State::End, true));
}

both_roles!(sent_fragments_have_the_right_opcodes_and_fin);
/// FG-08 (§5.4, §6.1).
fn sent_fragments_have_the_right_opcodes_and_fin<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut out = Vec::new();
    connection.send_fragment(MessageKind::Binary, b"a", false, &mut out).unwrap();
    connection.ping(b"p", &mut out).unwrap();
    connection.send_fragment(MessageKind::Binary, b"", false, &mut out).unwrap();
    connection.send_fragment(MessageKind::Binary, b"b", true, &mut out).unwrap();
    connection.send_fragment(MessageKind::Text, b"only", true, &mut out).unwrap();
    let frames = [(0x02, &b"a"[..]), (0x89, b"p"), (0x00, b""), (0x80, b"b"), (0x81, b"only")];
    assert_eq!(frames_of::<R>(&out), frames.map(|(first, payload)| (first, payload.to_vec())));
}
