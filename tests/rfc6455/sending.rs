//! What goes out, and when (§5.1–§5.6): reserved bits, masking keys, fragments, Pings and Pongs of this
//! endpoint's.

use alloc::rc::Rc;
use core::cell::RefCell;

use arrayvec::ArrayVec;
use websocket_proto::wire::{FrameHeader, ReservedBits, mask};
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Delivery, Entropy, EntropyError, Event,
    MessageKind, Role, SendBuffer, SendError, Server, Uri,
};

use crate::support::{
    self, Keys, REQUEST, RESPONSE, Seen, Side, filled, frame, frames_of, transmit, with_field,
};

type Clients = Client<Keys>;

/// Takes all events out, without looking at them.
fn drain<R: Role>(connection: &mut Connection<R>, wire: &[u8], out: &mut impl SendBuffer) -> usize {
    let (mut inbound, mut events) = (filled(wire), 0);
    while let Ok(Some(_)) = connection.receive(&mut inbound, out) {
        events += 1;
    }
    events
}

/// Every frame that an endpoint can be brought to write: each sending method, and each answer of the
/// connection's own.
fn everything<R: Side>() -> Vec<(Vec<u8>, &'static [u8])> {
    let mut connection = R::open(Config::default());
    let mut all: Vec<(Vec<u8>, &'static [u8])> = Vec::new();
    let mut step = |payload: &'static [u8], write: &mut dyn FnMut(&mut Connection<R>, &mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut connection, &mut out);
        all.push((out, payload));
    };
    step(b"text", &mut |it, out| it.send_text("text", out).unwrap());
    step(b"", &mut |it, out| it.send_text("", out).unwrap());
    step(b"\xff\x00", &mut |it, out| it.send_binary(b"\xff\x00", out).unwrap());
    step(&[7; 300], &mut |it, out| it.send_binary(&[7; 300], out).unwrap());
    step(&[9; 70_000], &mut |it, out| it.send_binary(&[9; 70_000], out).unwrap());
    step(b"one ", &mut |it, out| it.send_fragment(MessageKind::Text, b"one ", false, out).unwrap());
    step(b"two", &mut |it, out| it.send_fragment(MessageKind::Text, b"two", true, out).unwrap());
    step(b"in place", &mut |it, out| {
        let mut payload = *b"in place";
        let head = it.mask_and_encode_header(MessageKind::Binary, &mut payload).unwrap();
        out.extend(head.iter().chain(&payload));
    });
    step(b"ping", &mut |it, out| it.ping(b"ping", out).unwrap());
    step(b"pong", &mut |it, out| it.pong(b"pong", out).unwrap());
    step(b"asked", &mut |it, out| assert_eq!(drain(it, &frame::<R>(0x89, b"asked"), out), 1));
    for (wire, payload) in [
        (&frame::<R>(0x88, b"")[..], &b""[..]),
        (&frame::<R>(0x88, b"\x03\xe9"), b"\x03\xe9"),
        (b"\x83", b"\x03\xea"),
    ] {
        let mut out = Vec::new();
        drain(&mut connection.clone(), wire, &mut out);
        all.push((out, payload));
    }
    let mut out = Vec::new();
    connection.close(CloseCode::NORMAL_CLOSURE, "bye", &mut out).unwrap();
    all.push((out, b"\x03\xe8bye"));
    all
}

both_roles!(no_reserved_bit_is_sent_and_a_server_never_masks);
/// FR-11 (§5.2), MK-04 (§5.1).
fn no_reserved_bit_is_sent_and_a_server_never_masks<R: Side>() {
    for (wire, payload) in everything::<R>() {
        let (header, len) = FrameHeader::parse(&wire).unwrap().complete().unwrap();
        assert_eq!((header.reserved, wire[0] & 0x70), (ReservedBits::NONE, 0), "{payload:02x?}");
        assert_eq!(wire.len(), len + payload.len(), "one frame");
        let mut sent = wire[len..].to_vec();
        match header.masking_key {
            None => assert!(!R::PEER_MASKS || wire[1] & 0x80 == 0, "§5.1"),
            Some(key) => mask(&mut sent, key, 0),
        }
        assert_eq!(header.masking_key.is_some(), !R::PEER_MASKS, "§5.1");
        assert_eq!(sent, payload);
    }
}

both_roles!(fin_marks_the_last_fragment_and_nothing_else);
/// FR-04 (§5.2).
fn fin_marks_the_last_fragment_and_nothing_else<R: Side>() {
    // First bytes, and how many messages have ended after each.
    for sequence in [
        &[(0x81, 1), (0x82, 2)][..],
        &[(0x01, 0), (0x00, 0), (0x80, 1)],
        &[(0x02, 0), (0x80, 1), (0x01, 1), (0x80, 2)],
        // FIN of a control frame is its own.
        &[(0x01, 0), (0x89, 0), (0x8A, 0), (0x00, 0), (0x89, 0), (0x80, 1), (0x8A, 1)],
    ] {
        let mut wire = Vec::new();
        for &(first, messages) in sequence {
            wire.extend(frame::<R>(first, b"x"));
            let outcome = transmit::<R>(Config::default(), &wire);
            let ended =
                outcome.events.iter().filter(|seen| matches!(seen, Seen::Text(_) | Seen::Binary(_))).count();
            assert_eq!((ended, outcome.error), (messages, None), "{sequence:02x?} up to {first:02x}");
        }
    }
}

/// FR-14 (§5.2).
#[test]
fn the_payload_is_application_data_from_its_first_byte_on() {
    // Extension data would come first; a declined extension has none.
    let offer = "Sec-WebSocket-Extensions: permessage-deflate, x-with-data; bytes=4\r\n";
    let (mut server, mut out) = (Connection::server(Config::default()), Vec::new());
    let head = with_field(REQUEST, "Sec-WebSocket-Extensions", offer);
    assert!(server.receive(&mut filled(&head), &mut out).unwrap().is_some());
    server.accept(Accept::new(), &mut out).unwrap();
    assert_eq!(out, RESPONSE);
    let bytes: Vec<u8> = (0..=255).collect();
    for payload in [&b""[..], b"\x00", b"\x00\x00\xff\xff", b"\xf2\x48\xcd\xc9\xc9\x07\x00", &bytes] {
        let outcome = support::every_way(&server, &frame::<Server>(0x82, payload), |_, _| {});
        assert_eq!(outcome.events, [Seen::Binary(payload.to_vec())]);
        let outcome = transmit::<Clients>(Config::default(), &frame::<Clients>(0x82, payload));
        assert_eq!(outcome.events, [Seen::Binary(payload.to_vec())]);
    }
}

/// Returns the results of its script, in order, and records the calls.
#[derive(Clone, Default)]
struct Scripted {
    words: Rc<RefCell<Vec<[u8; 4]>>>,
    asked: Rc<RefCell<Vec<usize>>>,
}

impl Entropy for Scripted {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.asked.borrow_mut().push(bytes.len());
        for word in bytes.chunks_mut(4) {
            word.copy_from_slice(&self.words.borrow_mut().pop().unwrap_or([0xEE; 4])[..word.len()]);
        }
        Ok(())
    }
}

/// A client whose keys will be these.
fn scripted(config: Config, keys: &[[u8; 4]]) -> (Connection<Client<Scripted>>, Scripted) {
    let source = Scripted::default();
    let (mut request, mut response) = (Vec::new(), Vec::new());
    let asked = ClientRequest::new(Uri::parse("ws://a/").unwrap());
    let mut client = Connection::client(asked, config, source.clone(), &mut request).unwrap();
    let mut server = Connection::server(Config::default());
    assert_eq!(client.send_text("early", &mut request), Err(SendError::NotOpen));
    assert!(server.receive(&mut filled(&request), &mut response).unwrap().is_some());
    server.accept(Accept::new(), &mut response).unwrap();
    assert!(client.receive(&mut filled(&response), &mut request).unwrap().is_some());
    source.words.borrow_mut().extend(keys.iter().rev());
    (client, source)
}

/// MK-08 (§5.3, §10.3).
#[test]
fn masking_keys_are_exactly_the_bytes_of_the_entropy() {
    // Even keys that look bad: whether they are is the source's affair.
    let keys = [[0; 4], [0xFF; 4], [1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 0, 1], [9, 8, 7, 6]];
    let (mut client, source) = scripted(Config::default(), &keys);
    let mut out = Vec::new();
    client.send_text("text", &mut out).unwrap();
    client.ping(b"", &mut out).unwrap();
    client.send_fragment(MessageKind::Binary, &[0; 1000], true, &mut out).unwrap();
    assert_eq!(drain(&mut client, &frame::<Clients>(0x89, b"p"), &mut out), 1);
    let mut payload = *b"in place";
    out.extend_from_slice(&client.mask_and_encode_header(MessageKind::Text, &mut payload).unwrap());
    out.extend(payload);
    client.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    let (mut rest, mut found) = (&out[..], Vec::new());
    while let Some((header, len)) = FrameHeader::parse(rest).unwrap().complete() {
        found.push(header.masking_key.unwrap());
        rest = &rest[len + header.payload_len as usize..];
    }
    assert_eq!(found, keys);
    assert_eq!(*source.asked.borrow(), [16, 4, 4, 4, 4, 4, 4], "one request for the nonce, and one a frame");
    assert_eq!(out[6..10], *b"text", "key 0, if the source says so");
}

/// MK-11 (§10.3).
#[test]
fn a_key_is_drawn_only_for_a_frame_that_is_written() {
    let mut config = Config::default();
    config.max_write_buffer = 1000;
    let (mut client, source) = scripted(config, &[]);
    let (asked, out) = (|| source.asked.borrow().len(), &mut Vec::new());
    assert_eq!(asked(), 1, "none ahead of the first frame; the send before the handshake drew none");
    let mut full = ArrayVec::<u8, 5>::new();
    let mut past_the_mark = vec![0; 1000];
    let long = "x".repeat(124);
    assert_eq!(client.ping(&[0; 126], out), Err(SendError::ControlTooLong));
    assert_eq!(client.pong(&[0; 126], out), Err(SendError::ControlTooLong));
    assert_eq!(client.close(CloseCode::NORMAL_CLOSURE, &long, out), Err(SendError::ReasonTooLong));
    assert_eq!(client.send_fragment(MessageKind::Text, b"\xff", false, out), Err(SendError::InvalidUtf8));
    assert_eq!(client.mask_and_encode_header(MessageKind::Text, &mut [0xFF]), Err(SendError::InvalidUtf8));
    assert_eq!(client.send_text("", &mut full), Err(SendError::Full));
    assert_eq!(client.send_fragment(MessageKind::Text, b"", true, &mut full), Err(SendError::Full));
    assert_eq!(client.ping(b"", &mut full), Err(SendError::Full));
    assert_eq!(client.close(CloseCode::NORMAL_CLOSURE, "", &mut full), Err(SendError::Full));
    assert_eq!(client.send_binary(b"", &mut past_the_mark), Err(SendError::Full));
    assert_eq!(drain(&mut client, &frame::<Clients>(0x89, b"p").repeat(10), &mut full), 10);
    assert_eq!((asked(), client.has_pending_reply()), (1, true), "the Pong that waits has no key yet");
    client.send_fragment(MessageKind::Text, b"begun", false, out).unwrap();
    assert_eq!((asked(), client.has_pending_reply()), (3, false), "the Pong's and the fragment's");
    assert_eq!(client.send_text("", out), Err(SendError::MessageOpen));
    assert_eq!(client.mask_and_encode_header(MessageKind::Text, &mut []), Err(SendError::MessageOpen));
    assert_eq!(client.send_fragment(MessageKind::Binary, b"", true, out), Err(SendError::KindMismatch));
    assert_eq!(asked(), 3);
    client.close(CloseCode::NORMAL_CLOSURE, "", out).unwrap();
    assert_eq!(client.send_fragment(MessageKind::Text, b"ended", true, out), Err(SendError::Closed));
    assert_eq!(client.close(CloseCode::NORMAL_CLOSURE, "", out), Err(SendError::Closed));
    assert_eq!(drain(&mut client, &frame::<Clients>(0x88, b""), out), 1);
    assert_eq!(client.ping(b"", out), Err(SendError::Closed));
    assert_eq!(*source.asked.borrow(), [16, 4, 4, 4]);
    assert_eq!(frames_of::<Clients>(out).len(), 3);
}

both_roles!(a_message_cut_by_the_end_of_the_transport_is_not_delivered);
/// FG-11.
fn a_message_cut_by_the_end_of_the_transport_is_not_delivered<R: Side>() {
    let whole = [frame::<R>(0x01, b"abcdef"), frame::<R>(0x00, b"ghi"), frame::<R>(0x80, b"jkl")].concat();
    for delivery in [Delivery::Messages, Delivery::Parts] {
        let mut config = Config::default();
        config.delivery = delivery;
        for cut in 0..whole.len() {
            let (mut connection, mut inbound, mut out) = (R::open(config), filled(&whole[..cut]), Vec::new());
            while let Some(event) = connection.receive(&mut inbound, &mut out).unwrap() {
                let Event::TextPart { text, last: false } = event else { panic!("{cut}: {event:?}") };
                assert!(delivery == Delivery::Parts && !text.is_empty());
            }
            assert_eq!(connection.receive_eof().code(), 1006);
            assert_eq!(inbound.feed(&whole[cut..]), whole.len() - cut);
            for _ in 0..2 {
                assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(None)), "{cut}");
            }
            assert!(out.is_empty() && inbound.is_empty());
        }
    }
}

both_roles!(a_pong_goes_before_data_queued_later);
/// CT-09 (§5.5.2).
fn a_pong_goes_before_data_queued_later<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
    connection.send_fragment(MessageKind::Text, b"one ", false, &mut out).unwrap();
    assert_eq!(drain(&mut connection, &frame::<R>(0x89, b"?"), &mut out), 1);
    connection.send_fragment(MessageKind::Text, b"two", true, &mut out).unwrap();
    let frames = [(0x01, &b"one "[..]), (0x8A, b"?"), (0x80, b"two")]
        .map(|(first, payload)| (first, payload.to_vec()));
    assert_eq!(frames_of::<R>(&out), frames);
    // One that had to wait goes first, whatever is sent next.
    type Send<R> = fn(&mut Connection<R>, &mut Vec<u8>) -> Result<(), SendError>;
    let sends: [(u8, Send<R>); 5] = [
        (0x81, |it, out| it.send_text("x", out)),
        (0x02, |it, out| it.send_fragment(MessageKind::Binary, b"x", false, out)),
        (0x89, |it, out| it.ping(b"x", out)),
        (0x8A, |it, out| it.pong(b"x", out)),
        (0x88, |it, out| it.close(CloseCode::NORMAL_CLOSURE, "", out)),
    ];
    for (first, send) in sends {
        let mut connection = R::open(Config::default());
        assert_eq!(drain(&mut connection, &frame::<R>(0x89, b"?"), &mut ArrayVec::<u8, 0>::new()), 1);
        let mut out = Vec::new();
        send(&mut connection, &mut out).unwrap();
        let order: Vec<u8> = frames_of::<R>(&out).iter().map(|(first, _)| *first).collect();
        assert_eq!(order, [0x8A, first]);
    }
}

both_roles!(pings_and_pongs_can_be_sent_until_the_close);
/// CT-10 (§5.5.3), CT-11 (§5.5.2).
fn pings_and_pongs_can_be_sent_until_the_close<R: Side>() {
    let mut config = Config::default();
    config.auto_close = false;
    let (mut connection, mut out) = (R::open(config), Vec::new());
    let mut expected = Vec::new();
    let mut both = |connection: &mut Connection<R>, out: &mut Vec<u8>| {
        let payload = vec![out.len() as u8; out.len().min(125)];
        connection.ping(&payload, out).unwrap();
        connection.pong(&payload, out).unwrap();
        expected.extend([(0x89, payload.clone()), (0x8A, payload)]);
    };
    both(&mut connection, &mut out);
    connection.send_fragment(MessageKind::Text, b"\xce", false, &mut out).unwrap();
    both(&mut connection, &mut out);
    connection.send_fragment(MessageKind::Text, b"\xba", true, &mut out).unwrap();
    // §5.5.2: "before the connection is closed": the peer's Close alone does not close it.
    assert_eq!(drain(&mut connection, &frame::<R>(0x88, b"\x03\xe8"), &mut out), 1);
    both(&mut connection, &mut out);
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    assert_eq!(connection.ping(b"", &mut out), Err(SendError::Closed));
    assert_eq!(connection.pong(b"", &mut out), Err(SendError::Closed));
    let controls = frames_of::<R>(&out).into_iter().filter(|(first, _)| matches!(first, 0x89 | 0x8A));
    assert_eq!(controls.collect::<Vec<_>>(), expected);
}

/// CT-10 (§5.5.3), CT-11 (§5.5.2).
#[test]
fn no_ping_or_pong_is_sent_before_the_opening() {
    let mut out = Vec::new();
    let mut server = Connection::server(Config::default());
    assert_eq!(
        (server.ping(b"", &mut out), server.pong(b"", &mut out)),
        (Err(SendError::NotOpen), Err(SendError::NotOpen))
    );
    assert!(out.is_empty());
}

both_roles!(parts_of_text_may_split_code_points_if_the_whole_is_valid);
/// U8-07 (§5.6).
fn parts_of_text_may_split_code_points_if_the_whole_is_valid<R: Side>() {
    let text = "é日😀\u{0}\u{10ffff}z";
    for cut in 0..=text.len() {
        for second in cut..=text.len() {
            let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
            let bytes = text.as_bytes();
            for (piece, last) in
                [(&bytes[..cut], false), (&bytes[cut..second], false), (&bytes[second..], true)]
            {
                connection.send_fragment(MessageKind::Text, piece, last, &mut out).unwrap();
            }
            let whole: Vec<u8> = frames_of::<R>(&out).into_iter().flat_map(|(_, payload)| payload).collect();
            assert_eq!(whole, bytes, "{cut} {second}");
        }
    }
    // A part that no text can go on with is refused, and a better one still can be sent.
    for (begun, bad, good) in [
        (&b""[..], &b"\x80"[..], &b"x"[..]),
        (b"", b"\xc0", b"\xc2\x80"),
        (b"\xe2\x82", b"\x41", b"\xac"),
        (b"\xed", b"\xa0", b"\x9f\xbf"),
        (b"\xf0\x9f", b"\x98", b"\x98\x80"), // valid so far, but not as the end
        (b"\xf4", b"\x90\x80\x80", b"\x8f\xbf\xbf"),
    ] {
        let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
        connection.send_fragment(MessageKind::Text, begun, false, &mut out).unwrap();
        let before = out.clone();
        for _ in 0..2 {
            assert_eq!(
                connection.send_fragment(MessageKind::Text, bad, true, &mut out),
                Err(SendError::InvalidUtf8),
                "{begun:02x?} {bad:02x?}"
            );
        }
        assert_eq!(out, before);
        connection.send_fragment(MessageKind::Text, good, true, &mut out).unwrap();
        let frames = [(0x01, begun.to_vec()), (0x80, good.to_vec())];
        assert_eq!(frames_of::<R>(&out), frames);
    }
    // Binary is bytes; and the texts of two messages do not touch.
    let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
    connection.send_fragment(MessageKind::Binary, b"\xff", true, &mut out).unwrap();
    assert_eq!(
        connection.send_fragment(MessageKind::Text, b"\xbf", false, &mut out),
        Err(SendError::InvalidUtf8)
    );
    assert_eq!(
        connection.mask_and_encode_header(MessageKind::Text, &mut [0xCE]),
        Err(SendError::InvalidUtf8)
    );
}
