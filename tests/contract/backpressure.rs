//! A slow writer: whatever room there is, and however it drains, nothing is lost, repeated or kept from being
//! received.

use arrayvec::ArrayVec;
use websocket_proto::{
    Config, Event, ReceiveBuffer, SendBuffer, SendError, SendSlice, State, TransportAction,
};

use crate::support::{Side, filled, frame, frames_of};

/// What comes: messages whole and in fragments, and Pings everywhere.
fn wire<R: Side>() -> Vec<u8> {
    let mut wire = vec![];
    for round in 0..6u8 {
        wire.extend(frame::<R>(0x89, &[b'p', round]));
        wire.extend(frame::<R>(0x81, &[b'a' + round; 9]));
        wire.extend(frame::<R>(0x02, &[round; 5]));
        wire.extend(frame::<R>(0x89, &[b'q', round]));
        wire.extend(frame::<R>(0x89, &[b'r', round]));
        wire.extend(frame::<R>(0x80, &[round; 4]));
    }
    wire.extend(frame::<R>(0x88, b"\x03\xe8"));
    wire
}

/// An echo through an outbound buffer of `size` bytes, of which `waiting` are in use at first; each step
/// drains the next number of bytes of `drains`.
fn echo<R: Side>(size: usize, waiting: usize, max_write_buffer: usize, drains: &[usize]) {
    let mut config = Config::default();
    config.max_write_buffer = max_write_buffer;
    let (mut connection, mut inbound) = (R::open(config), ReceiveBuffer::new());
    let mut memory = vec![0; size];
    let mut out = SendSlice::new(&mut memory);
    out.push(&vec![0; waiting]);
    let wire = wire::<R>();
    let (mut rest, mut written) = (&wire[..], vec![]);
    let mut reply: Option<(bool, Vec<u8>)> = None;
    for step in 0.. {
        assert!(step < 100_000, "it goes on: {size} {waiting} {max_write_buffer} {drains:?}");
        if let Some((is_text, bytes)) = &reply {
            let before = out.as_slice().to_vec();
            let sent = match is_text {
                true => connection.send_text(core::str::from_utf8(bytes).unwrap(), &mut out),
                false => connection.send_binary(bytes, &mut out),
            };
            match sent {
                Ok(()) => reply = None,
                Err(error) => assert_eq!((error, out.as_slice()), (SendError::Full, &before[..])),
            }
        } else {
            if let [byte, after @ ..] = rest {
                assert_eq!(inbound.feed(&[*byte]), 1);
                rest = after;
            }
            match connection.receive(&mut inbound, &mut out).expect("the peer keeps the rules") {
                Some(Event::Text(text)) => reply = Some((true, text.as_bytes().to_vec())),
                Some(Event::Binary(bytes)) => reply = Some((false, bytes.to_vec())),
                _ => {}
            }
        }
        let drained = drains[step % drains.len()].min(out.len());
        written.extend_from_slice(&out.as_slice()[..drained]);
        out.consume(drained);
        if connection.state() == State::End && !connection.has_pending_reply() && out.len() == 0 {
            break;
        }
    }
    assert_ne!(connection.transport_action(), TransportAction::KeepOpen);
    assert_eq!(written[..waiting], vec![0; waiting]);
    let frames = frames_of::<R>(&written[waiting..]);
    let data: Vec<_> = frames.iter().filter(|(first, _)| first & 0x08 == 0).cloned().collect();
    let expected: Vec<_> =
        (0..6).flat_map(|round| [(0x81, vec![b'a' + round; 9]), (0x82, vec![round; 9])]).collect();
    assert_eq!(data, expected, "each message once, in order");
    let pongs: Vec<_> = frames
        .iter()
        .filter(|(first, _)| *first == 0x8A)
        .map(|(_, payload)| (payload[1], payload[0]))
        .collect();
    assert!(pongs.is_sorted_by(|a, b| a < b), "Pongs in the order of their Pings, none twice: {pongs:?}");
    // What came last before a message of the application's went out with it.
    assert!(
        (0..6).all(|round| pongs.contains(&(round, b'p')) && pongs.contains(&(round, b'r'))),
        "{pongs:?}"
    );
    assert_eq!(frames.last(), Some(&(0x88, b"\x03\xe8".to_vec())));
    assert_eq!(frames.iter().filter(|(first, _)| *first == 0x88).count(), 1);
    assert!(connection.close_status().clean());
}

both_roles!(a_slow_writer_loses_nothing);
/// LIM-07, LIM-08, ST-11.
fn a_slow_writer_loses_nothing<R: Side>() {
    // A Pong and a message of nine bytes, both masked.
    let least = 8 + 15;
    for drains in [
        &[1][..],
        &[0, 0, 0, 1],
        &[7],
        &[0, 5, 0, 0, 30],
        &[usize::MAX],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, usize::MAX],
    ] {
        for waiting in 0..=least {
            echo::<R>(least, waiting, usize::MAX, drains);
        }
        for size in least..3 * least {
            echo::<R>(size, size - least, usize::MAX, drains);
        }
        for max_write_buffer in 9..60 {
            echo::<R>(1000, max_write_buffer, max_write_buffer, drains);
        }
    }
}

/// LIM-12.
#[test]
fn a_buffer_returns_no_room_that_cannot_be_allocated() {
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

both_roles!(each_buffer_has_the_same_output);
/// §5.3: a buffer that copies in blocks masks them with one key.
fn each_buffer_has_the_same_output<R: Side>() {
    fn write<R: Side>(payload: &[u8], out: &mut impl SendBuffer) {
        let mut connection = R::open(Config::default());
        assert!(connection.receive(&mut filled(&frame::<R>(0x89, b"ping")), out).unwrap().is_some());
        connection.send_binary(payload, out).unwrap();
    }
    for len in [0, 1, 125, 1023, 1024, 1025, 2048, 2051, 5000] {
        let payload: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let mut vec = Vec::new();
        write::<R>(&payload, &mut vec);
        assert_eq!(frames_of::<R>(&vec), [(0x8A, b"ping".to_vec()), (0x82, payload.clone())]);

        let mut array = ArrayVec::<u8, 8192>::new();
        write::<R>(&payload, &mut array);
        assert_eq!(array[..], vec, "{len}");

        let mut memory = [0; 8192];
        let mut slice = SendSlice::new(&mut memory);
        write::<R>(&payload, &mut slice);
        assert_eq!(slice.as_slice(), vec, "{len}");

        let mut behind_a_reference = Vec::new();
        let mut reference: &mut dyn SendBuffer = &mut behind_a_reference;
        write::<R>(&payload, &mut reference);
        assert_eq!(behind_a_reference, vec, "{len}");

        #[cfg(feature = "bytes")]
        {
            let mut bytes = bytes::BytesMut::new();
            write::<R>(&payload, &mut bytes);
            assert_eq!(bytes[..], vec, "{len}");
        }
    }
}
