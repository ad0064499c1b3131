//! Attacks on the time and the stack of other implementations (`docs/attacks.md`, B3 and C), for both roles.
//!
//! Linear time is shown without a clock: the inputs are so large that work growing with their square would
//! take minutes.

use allocation_counter::measure;
use fastrand::Rng;
use websocket_proto::{
    Accept, Client, ClientRequest, Config, Connection, Delivery, Error, Event, HandshakeError, ProtocolError,
    ReceiveBuffer, Role, SendError, State, Uri,
};

use crate::support::{
    Keys, REQUEST, Seen, Side, filled, frame, frames_of, open_server, transmit, with_field,
};

use super::shared::{count_events, unlimited};

both_roles!(half_a_million_fragments_take_linear_time);
/// Attack B3.
fn half_a_million_fragments_take_linear_time<R: Side>() {
    const COUNT: usize = 1 << 19;
    let fragments = |first, [even, odd]: [&[u8]; 2]| {
        let two = [frame::<R>(0x00, even), frame::<R>(0x00, odd)].concat();
        [frame::<R>(first, b""), two.repeat(COUNT / 2), frame::<R>(0x80, b"")].concat()
    };
    // Text that is not ASCII, a code point in two fragments: validating it again would be slow, too.
    let (text, binary) = (fragments(0x01, [b"\xc3", b"\xa9"]), fragments(0x02, [b"x", b"x"]));
    for (wire, delivery, read, events) in [
        (&text, Delivery::Messages, 61, 1),
        (&binary, Delivery::Messages, usize::MAX, 1),
        (&text, Delivery::Parts, 64 * 1024, COUNT / 2 + 1),
    ] {
        assert_eq!(count_events(&mut R::open(unlimited(delivery)), wire, read.min(wire.len())), Ok(events));
    }
}

both_roles!(a_message_read_byte_by_byte_takes_linear_time);
/// LIM-09, attack B3.
fn a_message_read_byte_by_byte_takes_linear_time<R: Side>() {
    let text = "aé日😀".repeat(64 * 1024);
    let wire = [frame::<R>(0x01, &text.as_bytes()[..5]), frame::<R>(0x80, &text.as_bytes()[5..])].concat();
    let mut connection = R::open(Config::default());
    let asked = measure(|| assert_eq!(count_events(&mut connection, &wire, 1), Ok(1)));
    // It doubles: the sum of all allocations is a small multiple of the final size.
    assert!(asked.bytes_total <= 4 * wire.len() as u64 && asked.count_total <= 64, "{asked:?}");
    // In parts of whole code points: four a repetition.
    let mut connection = R::open(unlimited(Delivery::Parts));
    let asked = measure(|| assert_eq!(count_events(&mut connection, &wire, 1), Ok(4 * 64 * 1024)));
    assert!(asked.bytes_max <= 1024, "{asked:?}");
}

/// LIM-09, attacks C1, C2.
#[test]
fn a_head_read_byte_by_byte_takes_linear_time() {
    const LEN: usize = 3 << 18;
    let line = |name: &str, value: String| with_field(REQUEST, name, format!("{name}: {value}\r\n"));
    let many = with_field(REQUEST, "X", "X: y\r\n".repeat(LEN / 6));
    for head in [line("Cookie", "a ".repeat(LEN / 2)), line(&"n".repeat(LEN), String::new()), many] {
        let mut server = Connection::server(unlimited(Delivery::Messages));
        let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
        let (last, before) = head.split_last().unwrap();
        for byte in before {
            inbound.spare_mut(1)[0] = *byte;
            inbound.advance(1);
            assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
        }
        assert_eq!(inbound.feed(&[*last]), 1);
        // C2: however small the reads were, a valid request is one.
        assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))));
        server.accept(Accept::new(), &mut out).unwrap();
    }
    let long = format!("HTTP/1.1 503 \r\nX: {}\r\n\r\n", "a".repeat(LEN));
    for response in [long, folded_response(LEN)] {
        assert_eq!(count_events(&mut unlimited_client(), response.as_bytes(), 1), Ok(1));
    }
    // With the limits that are there by default, a line without an end is refused long before.
    let endless = [&REQUEST[..REQUEST.len() - 2], b"X: ", &vec![b'a'; LEN]].concat();
    let asked = measure(|| {
        let refused = count_events(&mut Connection::server(Config::default()), &endless, 100);
        assert_eq!(refused, Err(Error::Handshake(HandshakeError::FieldLineTooLong)));
    });
    assert!(asked.bytes_max <= 64 * 1024, "{asked:?}");
}

/// LIM-09, attack C1.
#[test]
fn a_folded_head_in_one_read_takes_linear_time() {
    let response = folded_response(1 << 22);
    assert_eq!(count_events(&mut unlimited_client(), response.as_bytes(), response.len()), Ok(1));
}

/// The head of a response that refuses the handshake: about `len` bytes of folds, which have no colon, and a
/// field line after them.
fn folded_response(len: usize) -> String {
    format!("HTTP/1.1 503 \r\nX: a\r\n{}Y: z\r\n\r\n", " b\r\n".repeat(len / 4))
}

fn unlimited_client() -> Connection<Client<Keys>> {
    let request = ClientRequest::new(Uri::parse("ws://server.example.com/").unwrap());
    let config = unlimited(Delivery::Messages);
    Connection::client(request, config, Keys::default(), &mut Vec::new()).unwrap()
}

/// Attack C3.
#[test]
fn lists_and_quoted_strings_take_linear_time() {
    const LEN: usize = 1 << 19;
    let spaces = " ".repeat(LEN);
    for (name, value, error) in [
        ("Sec-WebSocket-Protocol", format!("b{spaces}x"), Some(HandshakeError::InvalidSubprotocol)),
        ("Sec-WebSocket-Protocol", format!("b{spaces},{spaces}x"), None),
        ("Sec-WebSocket-Protocol", format!("b{}x", ", ".repeat(LEN / 2)), None),
        (
            "Sec-WebSocket-Protocol",
            format!("b{},", ",x".repeat(LEN / 2)),
            Some(HandshakeError::RepeatedSubprotocol),
        ),
        (
            "Sec-WebSocket-Extensions",
            format!("x; a=\"{}", "\\a".repeat(LEN / 2)),
            Some(HandshakeError::InvalidExtensions),
        ),
        ("Sec-WebSocket-Extensions", format!("x; a=\"{}\"", "\\a".repeat(LEN / 2)), None),
        ("Sec-WebSocket-Extensions", format!("x{spaces};{spaces}a"), None),
        ("Sec-WebSocket-Extensions", format!("x{}", "; a".repeat(LEN / 3)), None),
        ("Sec-WebSocket-Extensions", format!("x{} y", ", ".repeat(LEN / 2)), None),
        ("Connection", format!("{}Upgrade", "x ,".repeat(LEN / 3)), None),
        ("Upgrade", format!("websocket{}", ",\t".repeat(LEN / 2)), None),
    ] {
        let head = with_field(REQUEST, name, format!("{name}: {value}\r\n"));
        let mut server = Connection::server(unlimited(Delivery::Messages));
        match server.receive(&mut filled(&head), &mut Vec::new()) {
            Ok(Some(Event::Request(request))) => {
                assert_eq!(error, None, "{name}");
                assert!(
                    request.subprotocols().count() <= 2
                        && request.extensions().flat_map(|it| it.params()).count() <= LEN
                );
            }
            other => assert_eq!(other.err(), error.map(Error::Handshake), "{name}"),
        }
    }
}

both_roles!(every_call_makes_progress_or_needs_more);
/// LIM-10, attack C4.
fn every_call_makes_progress_or_needs_more<R: Side>() {
    for seed in 0..2000 {
        assert_progress(R::open(Config::default()), seed, |_, _| {});
    }
}

/// LIM-10, attack C4.
#[test]
fn every_call_in_the_handshake_of_a_server_makes_progress_or_needs_more() {
    for seed in 0..2000 {
        assert_progress(Connection::server(Config::default()), seed, |server, out| {
            server.accept(Accept::new(), out).unwrap()
        });
    }
}

fn assert_progress<R: Role>(
    mut connection: Connection<R>,
    seed: u64,
    accept: fn(&mut Connection<R>, &mut Vec<u8>),
) {
    let mut random = Rng::with_seed(seed);
    let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
    for _ in 0..20 {
        // Half noise, half frames.
        let mut bytes: Vec<u8> = (0..random.usize(..60)).map(|_| random.u8(..)).collect();
        if random.bool() {
            let (first, len) = ([0x81, 0x02, 0x80, 0x89, 0x8A, 0x88][random.usize(..6)], random.u8(..9));
            bytes = [&[first, len | 0x80, 0, 0, 0, 0][..], &vec![b'a'; usize::from(len)]].concat();
            let unmasked = random.bool();
            if unmasked {
                (bytes[1], _) = (len, bytes.drain(2..6));
            }
        }
        assert_eq!(inbound.feed(&bytes), bytes.len());
        let mut calls = 0;
        while let Ok(Some(event)) = connection.receive(&mut inbound, &mut out) {
            let request = matches!(event, Event::Request(_));
            if request {
                accept(&mut connection, &mut out);
            }
            calls += 1;
            assert!(calls <= 2000, "seed {seed}: no event without a byte");
        }
        // Asked again without new bytes, it has nothing more to say, and nothing to do.
        let (unread, written) = (inbound.unread().to_vec(), out.clone());
        assert!(!matches!(connection.receive(&mut inbound, &mut out), Ok(Some(_))));
        let left = if connection.state() == State::End { &[] } else { &unread[..] };
        assert_eq!((inbound.unread(), &out), (left, &written), "seed {seed}");
    }
}

both_roles!(many_thousand_frames_in_one_buffer_need_no_stack);
/// Attack C5.
fn many_thousand_frames_in_one_buffer_need_no_stack<R: Side + Send + 'static>() {
    const COUNT: usize = 100_000;
    for first in [0x82, 0x81, 0x89, 0x8A, 0x00] {
        let mut wire = if first == 0 { frame::<R>(0x02, b"") } else { vec![] };
        wire.extend(frame::<R>(first, b"").repeat(COUNT));
        wire.extend(frame::<R>(0x88, b"").repeat(COUNT));
        let (mut connection, mut inbound, mut out) =
            (R::open(unlimited(Delivery::Messages)), filled(&wire), Vec::new());
        // Less than two bytes for a frame. The counting allocator overflows 32 KiB if it is not optimized.
        let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(move || {
            let mut events = 0;
            while connection.receive(&mut inbound, &mut out).unwrap().is_some() {
                events += 1;
            }
            (events, connection.state())
        });
        let events = if first == 0 { 1 } else { COUNT + 1 };
        assert_eq!(thread.unwrap().join().unwrap(), (events, State::End));
    }
}

both_roles!(a_frame_that_is_too_large_is_not_skipped);
/// Attack C6.
fn a_frame_that_is_too_large_is_not_skipped<R: Side>() {
    let mut config = Config::default();
    (config.max_frame_size, config.max_message_size) = (10, 15);
    let fine = frame::<R>(0x82, b"fine");
    for (large, error) in [
        (frame::<R>(0x82, &[0x81; 11]), ProtocolError::FrameTooBig),
        ([frame::<R>(0x02, &[0x81; 9]), frame::<R>(0x80, &[0x81; 7])].concat(), ProtocolError::MessageTooBig),
    ] {
        let outcome = transmit::<R>(config, &[&fine[..], &large, &fine, &fine].concat());
        assert_eq!(
            (outcome.error, outcome.events),
            (Some(error.into()), vec![Seen::Binary(b"fine".to_vec())])
        );
        assert_eq!(
            (frames_of::<R>(&outcome.out), outcome.state),
            (vec![(0x88, b"\x03\xf1".to_vec())], State::End)
        );
    }
}

/// Attack C6.
#[test]
fn a_failed_connection_sends_nothing() {
    let mut server = open_server(Config::default());
    assert!(server.receive(&mut filled(b"\x82\xff\0\0\0\x01\0\0\0\0\0\0\0\0"), &mut Vec::new()).is_err());
    assert_eq!(server.send_text("", &mut Vec::new()), Err(SendError::Closed));
}
