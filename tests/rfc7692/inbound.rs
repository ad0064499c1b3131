//! Received messages and their frames (RFC 7692 §6.2, §7.2.2), both roles, however the bytes are split into
//! reads.

use fastrand::Rng;
use websocket_proto::{
    Config, Connection, DeflateParams, Delivery, Error, Event, MessageKind, ProtocolError, ReceiveBuffer,
    Role, Server, State,
};
use zlib_rs::DeflateFlush;

use crate::support::{Outcome, Seen, feed, filled, frame, frames_of};
use crate::support_deflate::{Deflating, HELLO, Zlib, every_way, json, open};

pub(crate) fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

/// Frames of a message, its payload cut at these places.
pub(crate) fn fragments<R: Deflating>(opcode: u8, payload: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let ends: Vec<usize> = cuts.iter().copied().chain([payload.len()]).collect();
    let (mut frames, mut from) = (vec![], 0);
    for (at, end) in ends.iter().enumerate() {
        let first = if at == 0 { 0x40 | opcode } else { 0 } | if at + 1 == ends.len() { 0x80 } else { 0 };
        frames.push(frame::<R>(first, &payload[from..*end]));
        from = *end;
    }
    frames
}

/// The outcome of these frames with the default parameters.
pub(crate) fn seen<R: Deflating>(wire: &[u8]) -> Outcome {
    every_way::<R>(DeflateParams::new(), Config::default(), wire, 8192)
}

pub(crate) fn ok<R: Deflating>(wire: &[u8], events: &[Seen]) {
    let outcome = seen::<R>(wire);
    assert_eq!((&outcome.events[..], outcome.error), (events, None));
}

pub(crate) fn fails<R: Deflating>(wire: &[u8], error: ProtocolError) -> Outcome {
    let outcome = seen::<R>(wire);
    assert_eq!((outcome.error, outcome.state), (Some(Error::Protocol(error)), State::End));
    let (first, body) = frames_of::<R>(&outcome.out).pop().unwrap();
    assert_eq!((first, &body[..]), (0x88, &error.close_code().get().to_be_bytes()[..]));
    outcome
}

both_roles!(a_fragment_delivers_all_of_its_inflated_bytes);
/// PMD-13 (RFC 7692 §6.1, RFC 7692 §7.2.1).
fn a_fragment_delivers_all_of_its_inflated_bytes<R: Deflating>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let given = |wire: &[u8], chunk: usize| {
        let (mut connection, mut inbound, mut given) =
            (open::<R>(DeflateParams::new(), config), ReceiveBuffer::new(), vec![]);
        for chunk in wire.chunks(chunk) {
            assert_eq!(inbound.feed(chunk), chunk.len());
            loop {
                match connection.receive(&mut inbound, &mut Vec::new()) {
                    Ok(Some(Event::BinaryPart { bytes, last: false })) => given.extend_from_slice(bytes),
                    Ok(Some(Event::TextPart { text, last: false })) => {
                        given.extend_from_slice(text.as_bytes())
                    }
                    Ok(None) => break,
                    Err(error) => return (given, Some(error)),
                    other => panic!("{other:?}"),
                }
            }
        }
        (given, None)
    };
    // Flushed, and then the peer has no more to say for a while, or breaks the protocol.
    for (first, text) in [(0x41, "κόσμε"), (0x42, "streamed")] {
        let frame_of = frame::<R>(first, &Zlib::new(6, 15).flush(text.as_bytes(), DeflateFlush::SyncFlush));
        let broken = [&frame_of[..], &frame::<R>(0xC0, b"")].concat();
        for chunk in [1, 2, 1000] {
            assert_eq!(given(&frame_of, chunk), (text.as_bytes().to_vec(), None));
            let error = Some(Error::Protocol(ProtocolError::ReservedBits));
            assert_eq!(given(&broken, chunk), (text.as_bytes().to_vec(), error));
        }
    }
    // Without a flush, too: a match reaches over the end of the window, and all of its bits are there.
    for len in 1..2300usize {
        let run = vec![b'a'; len];
        assert_eq!(
            given(&frame::<R>(0x42, &Zlib::new(6, 15).flush(&run, DeflateFlush::Finish)), 1000),
            (run, None)
        );
    }
}

both_roles!(empty_messages_inflate_to_nothing);
/// PMD-16 (RFC 7692 §7.2.3.6).
fn empty_messages_inflate_to_nothing<R: Deflating>() {
    for payload in [
        &b""[..],
        b"\x00",
        b"\x02\x00",
        b"\x03\x00",
        b"\x03\x00\x00",
        b"\x00\x00\x00\xff\xff\x00",
        b"\x01\x00\x00\xff\xff",
    ] {
        ok::<R>(&frame::<R>(0xC1, payload), &[text("")]);
        let wire =
            [frame::<R>(0xC1, HELLO), frame::<R>(0xC2, payload), frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00")]
                .concat();
        ok::<R>(&wire, &[text("Hello"), Seen::Binary(vec![]), text("Hello")]);
    }
    // §7.2.1 (2): an empty block without compression that has BFINAL need not be followed by another one.
    let again = frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00");
    let wire = [
        frame::<R>(0xC1, b"\x01"),
        frame::<R>(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x04"),
        again.clone(),
        frame::<R>(0xC2, b"\x01"),
        again,
    ];
    ok::<R>(&wire.concat(), &[text(""), text("Hello"), text("Hello"), Seen::Binary(vec![]), text("Hello")]);
    // Empty fragments, first, between and last.
    let wire = [frame::<R>(0x41, b""), frame::<R>(0x00, HELLO), frame::<R>(0x00, b""), frame::<R>(0x80, b"")]
        .concat();
    ok::<R>(&wire, &[text("Hello")]);
    ok::<R>(&[frame::<R>(0x41, b""), frame::<R>(0x80, b"")].concat(), &[text("")]);
}

both_roles!(rsv1_belongs_to_the_first_frame_of_a_data_message);
/// PMD-09 (RFC 7692 §6.1), attack E2.
fn rsv1_belongs_to_the_first_frame_of_a_data_message<R: Deflating>() {
    for control in [0xC8, 0xC9, 0xCA] {
        let outcome = fails::<R>(&frame::<R>(control, b""), ProtocolError::ReservedBits);
        assert_eq!(outcome.events, []);
        fails::<R>(
            &[frame::<R>(0x41, &HELLO[..3]), frame::<R>(control, b"x")].concat(),
            ProtocolError::ReservedBits,
        );
    }
    for begin in [frame::<R>(0x41, &HELLO[..3]), frame::<R>(0x01, b"He")] {
        for first in [0x40, 0xC0] {
            fails::<R>(
                &[begin.clone(), frame::<R>(first, b"\x48\xcd\xc9\xc9\x07\x00")].concat(),
                ProtocolError::ReservedBits,
            );
        }
    }
    // `c9 81 k x`, and then a plain message, which is not compressed.
    let outcome = fails::<R>(
        &[frame::<R>(0xC9, b"x"), frame::<R>(0x81, b"plain")].concat(),
        ProtocolError::ReservedBits,
    );
    assert_eq!(outcome.events, []);
    // With the other bits, too.
    for first in [0xE1, 0xD1, 0xF1, 0xA1] {
        fails::<R>(&frame::<R>(first, HELLO), ProtocolError::ReservedBits);
    }
}

both_roles!(a_message_without_rsv1_is_plain);
/// PMD-10 (RFC 7692 §6).
fn a_message_without_rsv1_is_plain<R: Deflating>() {
    // Even if it would inflate.
    let wire = [
        frame::<R>(0x82, HELLO),
        frame::<R>(0xC2, HELLO),
        frame::<R>(0x02, &HELLO[..2]),
        frame::<R>(0x80, &HELLO[2..]),
    ]
    .concat();
    ok::<R>(
        &wire,
        &[Seen::Binary(HELLO.to_vec()), Seen::Binary(b"Hello".to_vec()), Seen::Binary(HELLO.to_vec())],
    );
    fails::<R>(&frame::<R>(0x81, HELLO), ProtocolError::InvalidUtf8);
}

both_roles!(control_frames_leave_compressed_fragments_alone);
/// PMD-11 (RFC 7692 §6.1, §5.4), attack E3.
fn control_frames_leave_compressed_fragments_alone<R: Deflating>() {
    for opcode in [1, 2] {
        let (mut wire, mut events) = (vec![], vec![]);
        for message in 0..3 {
            let payload = [HELLO, b"\xf2\x00\x11\x00\x00", HELLO][message];
            for (at, frame_of) in fragments::<R>(opcode, payload, &(1..payload.len()).collect::<Vec<_>>())
                .into_iter()
                .enumerate()
            {
                if at > 0 {
                    // What looks compressed, what looks like the end of a message, and nothing.
                    for (control, body) in [(0x89, &b"\x00\x00\xff\xff"[..]), (0x8A, HELLO), (0x89, b"")] {
                        wire.extend(frame::<R>(control, body));
                        events.push(if control == 0x89 {
                            Seen::Ping(body.to_vec())
                        } else {
                            Seen::Pong(body.to_vec())
                        });
                    }
                }
                wire.extend(frame_of);
            }
            events.push(if opcode == 1 { text("Hello") } else { Seen::Binary(b"Hello".to_vec()) });
        }
        ok::<R>(&wire, &events);
    }
    // A Close drops the open message.
    let outcome = seen::<R>(&[frame::<R>(0x41, &HELLO[..4]), frame::<R>(0x88, b"\x03\xe8")].concat());
    assert_eq!((outcome.events, outcome.error), (vec![Seen::Close(Some((1000, String::new())))], None));
}

both_roles!(fragments_are_one_stream);
/// PMD-13 (RFC 7692 §6.1, RFC 7692 §7.2.1).
fn fragments_are_one_stream<R: Deflating>() {
    // Cut where blocks end, the 00 00 FF FF of all but the last still there; and at every other place.
    let mut random = Rng::with_seed(13);
    let whole = json(&mut random, 600);
    let mut zlib = Zlib::new(6, 15);
    let parts: Vec<Vec<u8>> =
        whole.as_bytes().chunks(150).map(|part| zlib.flush(part, DeflateFlush::SyncFlush)).collect();
    let mut payload = parts.concat();
    payload.truncate(payload.len() - 4);
    let ends: Vec<usize> = parts
        .iter()
        .scan(0, |end, part| {
            *end += part.len();
            Some(*end)
        })
        .take(parts.len() - 1)
        .collect();
    ok::<R>(&fragments::<R>(1, &payload, &ends).concat(), &[text(&whole)]);
    for cut in 0..=payload.len() {
        let wire = fragments::<R>(1, &payload, &[cut]).concat();
        let outcome = feed(
            open::<R>(DeflateParams::new(), Config::default()),
            ReceiveBuffer::new(),
            [&wire[..]],
            |_, _| panic!(),
        );
        assert_eq!((outcome.events, outcome.error), (vec![text(&whole)], None), "cut at {cut}");
    }
    ok::<R>(&fragments::<R>(1, &payload, &(1..payload.len()).collect::<Vec<_>>()).concat(), &[text(&whole)]);
}

pub(crate) fn receive<R: Role>(connection: &mut Connection<R>, wire: &[u8], events: usize) {
    let mut inbound = filled(wire);
    for _ in 0..events {
        assert!(connection.receive(&mut inbound, &mut Vec::new()).unwrap().is_some());
    }
}

#[test]
fn debug_shows_no_content() {
    let mut connection = open::<Server>(DeflateParams::new(), Config::default());
    receive(&mut connection, &frame::<Server>(0xC1, HELLO), 1);
    connection.send_fragment(MessageKind::Text, b"secret", true, &mut Vec::new()).unwrap();
    let shown = format!("{connection:?}");
    assert!(!shown.contains("72") && !shown.contains("Hello") && !shown.contains("secret"), "{shown}");
}
