//! Frames that broke other implementations (`docs/attacks.md`, D and E), for both roles.

use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Accept, Client, CloseCode, CloseFrameStatus, Config, Connection, Error, Event, MessageKind,
    ProtocolError, Server, State, TransportAction,
};

use crate::support::{
    self, KEY, Keys, REQUEST, RESPONSE, Seen, Side, every_way, filled, frame, frame_with, frames_of,
    transmit, with_field,
};

type Clients = Client<Keys>;

/// _Fail the WebSocket Connection_: the error, the events before it, and its code in the one Close that is
/// the last thing written.
#[track_caller]
pub(crate) fn assert_fails<R: Side>(config: Config, wire: &[u8], error: ProtocolError, events: &[Seen]) {
    let outcome = transmit::<R>(config, wire);
    assert_eq!((outcome.error, &outcome.events[..]), (Some(Error::Protocol(error)), events), "{wire:02x?}");
    assert_eq!((outcome.state, outcome.transport_action), (State::End, TransportAction::Close));
    let frames = frames_of::<R>(&outcome.out);
    assert_eq!(frames.last(), Some(&(0x88, error.close_code().get().to_be_bytes().to_vec())), "{wire:02x?}");
    assert_eq!(frames.iter().filter(|(first, _)| *first == 0x88).count(), 1, "CL-03");
}

pub(crate) fn limits(limit: u64) -> Config {
    let mut config = Config::default();
    config.max_message_size = limit;
    config.max_frame_size = limit;
    config
}

both_roles!(ascii_in_place_of_a_continuation_byte_fails);
/// Attack D1.
fn ascii_in_place_of_a_continuation_byte_fails<R: Side>() {
    for text in [&b"\xc3\x41"[..], b"\xe2\x82\x41", b"\xe2\x41\x82", b"\xf0\x9f\x98\x41", b"\xf0\x41"] {
        assert_fails::<R>(Config::default(), &frame::<R>(0x81, text), ProtocolError::InvalidUtf8, &[]);
        let (left, right) = text.split_at(1);
        let fragments = [frame::<R>(0x01, left), frame::<R>(0x80, right)].concat();
        assert_fails::<R>(Config::default(), &fragments, ProtocolError::InvalidUtf8, &[]);
    }
}

both_roles!(an_error_is_a_value_and_the_connection_goes_on_answering);
/// Attack D5.
fn an_error_is_a_value_and_the_connection_goes_on_answering<R: Side>() {
    // The first is the one that killed a process elsewhere: RSV2 and RSV3.
    for wire in [
        &b"\xb1\x80"[..],
        b"\x91",
        b"\xa1",
        b"\xc1",
        b"\x83",
        b"\x09",
        b"\x80",
        b"\x89\xff",
        b"\x81\xfe\x00\x01",
    ] {
        let (mut connection, mut inbound, mut out) = (R::open(Config::default()), filled(wire), Vec::new());
        let error = connection.receive(&mut inbound, &mut out).expect_err("a violation");
        let as_std: &dyn core::error::Error = &error;
        assert!(!as_std.to_string().is_empty());
        let written = out.clone();
        for _ in 0..3 {
            assert_eq!(inbound.feed(b"\x81\x00\x88\x00"), 4);
            assert_eq!(connection.receive(&mut inbound, &mut out).err(), Some(error));
            assert!(connection.ping(b"", &mut out).is_err() && connection.send_text("", &mut out).is_err());
        }
        assert_eq!((out, connection.state()), (written, State::End));
    }
}

both_roles!(every_length_at_every_alignment_is_read_and_sent);
/// MK-03 (§5.3), attack D6.
fn every_length_at_every_alignment_is_read_and_sent<R: Side>() {
    for offset in 0..16 {
        let (mut wire, mut events) = (Vec::new(), Vec::new());
        for len in 0..70 {
            // The Pong before it moves the payload to another alignment; the text has as many multi-byte
            // characters as fit.
            let before: Vec<u8> = vec![0xFF; offset];
            let binary: Vec<u8> = (0..len).map(|i| (i * 37 + offset) as u8).collect();
            let text: String =
                "é😀".chars().cycle().take(len / 3).chain("x".chars().cycle().take(len % 3)).collect();
            wire.extend(
                [frame::<R>(0x8A, &before), frame::<R>(0x82, &binary), frame::<R>(0x81, text.as_bytes())]
                    .concat(),
            );
            events.extend([Seen::Pong(before), Seen::Binary(binary), Seen::Text(text)]);
        }
        let outcome = support::feed(R::open(Config::default()), filled(b""), [&wire[..]], |_, _| {});
        assert_eq!((outcome.events, outcome.error), (events, None));
    }
    for len in 0..70 {
        let text = "é".repeat(len / 2) + &"x".repeat(len % 2);
        let (mut connection, mut twin) = (R::open(Config::default()), R::open(Config::default()));
        let (mut out, mut payload) = (Vec::new(), text.clone().into_bytes());
        connection.send_text(&text, &mut out).unwrap();
        let head = twin.mask_and_encode_header(MessageKind::Text, &mut payload).unwrap();
        assert_eq!(out, [&head[..], &payload].concat());
        assert_eq!(frames_of::<R>(&out), [(0x81, text.into_bytes())]);
    }
    // `get_unchecked(2..)` on a body of one byte, elsewhere.
    assert_fails::<R>(Config::default(), &frame::<R>(0x88, b"\x03"), ProtocolError::CloseBodyTooShort, &[]);
}

/// The frames of a whole conversation up to its Close.
fn conversation<R: Side>() -> (Vec<u8>, [Seen; 4]) {
    let frames = [
        frame::<R>(0x01, b"\xce"),
        frame::<R>(0x89, b"?"),
        frame::<R>(0x80, b"\xba"),
        frame::<R>(0x82, &[7; 200]),
    ];
    let events = [
        Seen::Ping(b"?".to_vec()),
        Seen::Text("κ".to_owned()),
        Seen::Binary(vec![7; 200]),
        Seen::Close(None),
    ];
    ([frames.concat(), frame::<R>(0x88, b"")].concat(), events)
}

/// Attack D9.
#[test]
fn a_whole_connection_reads_the_same_however_it_is_split() {
    let (frames, events) = conversation::<Server>();
    let accept =
        |server: &mut Connection<Server>, out: &mut Vec<u8>| server.accept(Accept::new(), out).unwrap();
    let outcome = every_way(&Connection::server(Config::default()), &[REQUEST, &frames].concat(), accept);
    assert!(matches!(outcome.events[0], Seen::Request { .. }));
    assert_eq!((&outcome.events[1..], outcome.error, outcome.state), (&events[..], None, State::End));
    assert_eq!(outcome.out, [RESPONSE, b"\x8a\x01?\x88\x00"].concat());

    let uri = websocket_proto::Uri::parse("ws://server.example.com/chat").unwrap();
    let (mut request, mut response) = (Vec::new(), Vec::new());
    let client = Connection::client(
        websocket_proto::ClientRequest::new(uri),
        Config::default(),
        Keys::default(),
        &mut request,
    )
    .unwrap();
    let mut server = Connection::server(Config::default());
    assert!(server.receive(&mut filled(&request), &mut response).unwrap().is_some());
    server.accept(Accept::new(), &mut response).unwrap();
    let (frames, events) = conversation::<Clients>();
    let outcome = every_way(&client, &[response, frames].concat(), |_, _| panic!("a request"));
    assert!(matches!(outcome.events[0], Seen::Open { .. }));
    assert_eq!((&outcome.events[1..], outcome.error, outcome.state), (&events[..], None, State::End));
    assert_eq!(frames_of::<Clients>(&outcome.out), [(0x8A, b"?".to_vec()), (0x88, vec![])]);
}

/// Attack E1.
#[test]
fn a_compressed_frame_fails_after_compression_was_declined() {
    let offers =
        with_field(REQUEST, "Sec-WebSocket-Extensions", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    let mut server = Connection::server(Config::default());
    let mut out = Vec::new();
    match server.receive(&mut filled(&offers), &mut out) {
        Ok(Some(Event::Request(request))) => {
            assert!(request.extensions().map(|offer| offer.name()).eq(["permessage-deflate"]))
        }
        other => panic!("{other:?}"),
    }
    server.accept(Accept::new(), &mut out).unwrap();
    assert_eq!(out, RESPONSE, "declined by silence");
    // RFC 7692 §7.2.3.1: "Hello", compressed.
    let wire = frame::<Server>(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let outcome = every_way(&server, &wire, |_, _| {});
    assert_eq!((outcome.error, outcome.events), (Some(ProtocolError::ReservedBits.into()), vec![]));
    assert_eq!(frames_of::<Server>(&outcome.out), [(0x88, b"\x03\xea".to_vec())]);
    let wire = frame::<Clients>(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    assert_fails::<Clients>(Config::default(), &wire, ProtocolError::ReservedBits, &[]);
}

both_roles!(of_all_first_bytes_only_the_defined_ones_pass);
/// Attacks E2, E5.
fn of_all_first_bytes_only_the_defined_ones_pass<R: Side>() {
    for first in 0..=u8::MAX {
        for (before, legal) in [
            (&[][..], &[0x01, 0x02, 0x81, 0x82, 0x88, 0x89, 0x8A][..]),
            (&[0x01], &[0x00, 0x80, 0x88, 0x89, 0x8A]),
        ] {
            let mut wire: Vec<u8> = before.iter().flat_map(|&first| frame::<R>(first, b"")).collect();
            // E2: RSV1 on a Ping or a continuation says nothing about the next message, which is never
            // read.
            wire.extend([frame::<R>(first, b""), frame::<R>(0x8A, b"next")].concat());
            let outcome = support::feed(R::open(Config::default()), filled(b""), [&wire[..]], |_, _| {});
            assert_eq!(outcome.error.is_none(), legal.contains(&first), "{first:02x} after {before:02x?}");
            if let Some(error) = outcome.error {
                assert_eq!(outcome.events, []);
                let Error::Protocol(error) = error else { panic!("{error:?}") };
                assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
            }
        }
    }
    for wire in [frame::<R>(0xC9, b"x"), [frame::<R>(0x01, b"a"), frame::<R>(0xC0, b"b")].concat()] {
        assert_fails::<R>(Config::default(), &wire, ProtocolError::ReservedBits, &[]);
    }
}

both_roles!(control_frames_leave_the_message_alone);
/// Attack E3.
fn control_frames_leave_the_message_alone<R: Side>() {
    let text = "aé日😀";
    let control = [frame::<R>(0x89, b"\xff"), frame::<R>(0x8A, b""), frame::<R>(0x8A, &[0x80; 125])].concat();
    for (first, seen) in [(0x01, Seen::Text(text.to_owned())), (0x02, Seen::Binary(text.as_bytes().to_vec()))]
    {
        let mut wire = [control.clone(), frame::<R>(first, b"")].concat();
        for byte in text.bytes() {
            wire.extend([control.clone(), frame::<R>(0x00, &[byte])].concat());
        }
        wire.extend([control.clone(), frame::<R>(0x80, b"")].concat());
        let outcome = transmit::<R>(Config::default(), &wire);
        assert_eq!((outcome.events.last(), outcome.events.len()), (Some(&seen), 1 + 3 * (text.len() + 2)));
        assert_eq!(outcome.error, None);
    }
}

/// Attack E4.
#[test]
fn the_payload_of_a_control_frame_is_unmasked_and_the_wrong_direction_fails() {
    for key in [KEY, [0xFF; 4], [0, 0, 0, 1]] {
        let masked = |first, payload: &[u8]| {
            frame_with(first, payload, Some(key), LengthForm::Minimal, payload.len() as u64)
        };
        let wire = [masked(0x89, b"ping!"), masked(0x8A, b"pong!"), masked(0x88, b"\x03\xe9why")].concat();
        let outcome = transmit::<Server>(Config::default(), &wire);
        let close = Seen::Close(Some((1001, "why".to_owned())));
        assert_eq!(outcome.events, [Seen::Ping(b"ping!".to_vec()), Seen::Pong(b"pong!".to_vec()), close]);
        assert_eq!(outcome.out, b"\x8a\x05ping!\x88\x05\x03\xe9why");
        for first in [0x89, 0x8A, 0x88, 0x82] {
            let unmasked = frame_with(first, b"\x03\xe8", None, LengthForm::Minimal, 2);
            let wire = [masked(0x82, b"ok"), unmasked].concat();
            assert_fails::<Server>(
                Config::default(),
                &wire,
                ProtocolError::UnmaskedFrame,
                &[Seen::Binary(b"ok".to_vec())],
            );
            let wire = [frame::<Clients>(0x82, b"ok"), masked(first, b"\x03\xe8")].concat();
            assert_fails::<Clients>(
                Config::default(),
                &wire,
                ProtocolError::MaskedFrame,
                &[Seen::Binary(b"ok".to_vec())],
            );
        }
    }
}

both_roles!(of_all_close_codes_only_the_legal_ones_pass);
/// Attack E6.
fn of_all_close_codes_only_the_legal_ones_pass<R: Side>() {
    let open = R::open(Config::default());
    for code in 0..=u16::MAX {
        let legal = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let (mut connection, mut out) = (open.clone(), Vec::new());
        let mut inbound = filled(&frame::<R>(0x88, &code.to_be_bytes()));
        match connection.receive(&mut inbound, &mut out) {
            Ok(Some(Event::Close(Some(frame)))) => assert!(legal && frame.code.get() == code, "{code}"),
            Err(Error::Protocol(ProtocolError::InvalidCloseCode)) => assert!(!legal, "{code}"),
            other => panic!("{code}: {other:?}"),
        }
        let answer = if legal { code } else { 1002 };
        assert_eq!(frames_of::<R>(&out), [(0x88, answer.to_be_bytes().to_vec())], "{code}");
    }
}

both_roles!(each_direction_has_one_close);
/// Attack E7.
fn each_direction_has_one_close<R: Side>() {
    let closes =
        [frame::<R>(0x88, b"\x03\xe8"), frame::<R>(0x88, b"\x03\xe9"), frame::<R>(0x88, b"\x03\xed")]
            .concat();
    let outcome = transmit::<R>(Config::default(), &closes);
    assert_eq!((outcome.events.len(), outcome.error), (1, None));
    assert_eq!(frames_of::<R>(&outcome.out), [(0x88, b"\x03\xe8".to_vec())]);
    // Two Closes that cross.
    let mut connection = R::open(Config::default());
    connection.close(CloseCode::GOING_AWAY, "", &mut Vec::new()).unwrap();
    let outcome = every_way(&connection, &closes, |_, _| {});
    assert_eq!((outcome.events.len(), outcome.error, outcome.out), (1, None, vec![]));
    assert!(outcome.closed.clean());
}

both_roles!(a_close_counts_from_its_last_byte_on);
/// Attack E8.
fn a_close_counts_from_its_last_byte_on<R: Side>() {
    let close = frame::<R>(0x88, b"\x03\xe9going");
    for len in 0..close.len() {
        let outcome = transmit::<R>(Config::default(), &close[..len]);
        assert_eq!((outcome.events, outcome.out, outcome.error), (vec![], vec![], None), "{len}");
        assert_eq!(
            (outcome.state, outcome.transport_action),
            (State::Transmission, TransportAction::KeepOpen)
        );
        assert_eq!(outcome.closed.received, CloseFrameStatus::None);
    }
    let outcome = transmit::<R>(Config::default(), &close);
    assert_eq!(
        (outcome.events, outcome.state),
        (vec![Seen::Close(Some((1001, "going".to_owned())))], State::End)
    );
}

both_roles!(empty_fragments_and_pings_inside_a_message_are_legal);
/// Attacks E9, E11, E12.
fn empty_fragments_and_pings_inside_a_message_are_legal<R: Side>() {
    let message = |len: usize| {
        let pieces = [
            frame::<R>(0x01, &[b'a'; 90]),
            frame::<R>(0x89, &[b'p'; 20]),
            frame::<R>(0x80, &vec![b'b'; len]),
        ];
        transmit::<R>(limits(100), &pieces.concat())
    };
    let whole = Seen::Text("a".repeat(90) + &"b".repeat(10));
    assert_eq!(
        message(10).events,
        [Seen::Ping(vec![b'p'; 20]), whole],
        "E11: a Ping is no part of the message"
    );
    assert_eq!(message(11).error, Some(ProtocolError::MessageTooBig.into()));
    let empty =
        [frame::<R>(0x02, b""), frame::<R>(0x00, b""), frame::<R>(0x00, b""), frame::<R>(0x80, b"")].concat();
    let outcome = transmit::<R>(Config::default(), &empty);
    assert_eq!((outcome.events, outcome.error), (vec![Seen::Binary(vec![])], None), "E9");
    let wire = [frame::<R>(0x01, b"begun"), frame::<R>(0x00, b""), frame::<R>(0x88, b"")].concat();
    let outcome = transmit::<R>(Config::default(), &wire);
    assert_eq!((outcome.events, outcome.error), (vec![Seen::Close(None)], None), "E12");
    assert_eq!(frames_of::<R>(&outcome.out), [(0x88, vec![])]);
}

both_roles!(a_reason_is_echoed_unchanged_or_fails);
/// Attack E13.
fn a_reason_is_echoed_unchanged_or_fails<R: Side>() {
    for bad in
        [vec![0xFF; 123], [&[b'a'; 122][..], b"\xc3"].concat(), [&[b'a'; 120][..], b"\xed\xa0\x80"].concat()]
    {
        let wire = frame::<R>(0x88, &[b"\x03\xe8", &bad[..]].concat());
        assert_fails::<R>(Config::default(), &wire, ProtocolError::CloseReasonNotUtf8, &[]);
    }
    let reason = "é".repeat(60) + "日";
    let outcome =
        transmit::<R>(Config::default(), &frame::<R>(0x88, &[b"\x03\xe8", reason.as_bytes()].concat()));
    assert_eq!(frames_of::<R>(&outcome.out), [(0x88, [b"\x03\xe8", reason.as_bytes()].concat())]);
    assert_eq!((reason.len(), outcome.events), (123, vec![Seen::Close(Some((1000, reason)))]));
}
