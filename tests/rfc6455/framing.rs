//! Framing, masking and fragmentation (§5.1–§5.4, §5.7), for both roles.

use websocket_proto::wire::{FrameHeader, LengthForm, Opcode, Parsed};
use websocket_proto::{Client, Config, Error, MessageKind, ProtocolError, SendError, Server, State};

use crate::support::{
    self, KEY, Keys, Outcome, Seen, Side, frame, frame_with, frames_of, open_client, open_server, transmit,
};

type Clients = Client<Keys>;

fn both(test: impl Fn(fn(u8, &[u8]) -> Vec<u8>, fn(&[u8]) -> Outcome)) {
    test(frame::<Server>, |wire| transmit::<Server>(Config::default(), wire));
    test(frame::<Clients>, |wire| transmit::<Clients>(Config::default(), wire));
}

/// The violation, and the code of the one Close frame that was written.
#[track_caller]
fn assert_fails<R: Side>(wire: &[u8], error: ProtocolError, events: &[Seen]) {
    let outcome = transmit::<R>(Config::default(), wire);
    assert_eq!(outcome.error, Some(Error::Protocol(error)), "{wire:02x?}");
    assert_eq!(outcome.events, events, "{wire:02x?}");
    assert_eq!(outcome.state, State::End);
    let frames = frames_of::<R>(&outcome.out);
    assert_eq!(
        frames.last(),
        Some(&(0x88, error.close_code().get().to_be_bytes().to_vec())),
        "CL-17 {wire:02x?}"
    );
    assert_eq!(frames.iter().filter(|(first, _)| *first == 0x88).count(), 1, "CL-03");
}

#[track_caller]
fn assert_both_fail(
    make: impl Fn(fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8>,
    error: ProtocolError,
    events: &[Seen],
) {
    assert_fails::<Server>(&make(frame::<Server>), error, events);
    assert_fails::<Clients>(&make(frame::<Clients>), error, events);
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

#[test]
fn s5_7_examples_are_read() {
    let to_client = |wire: &[u8]| transmit::<Clients>(Config::default(), wire);
    let to_server = |wire: &[u8]| transmit::<Server>(Config::default(), wire);
    let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(to_client(b"\x81\x05Hello").events, [text("Hello")]);
    assert_eq!(to_server(masked).events, [text("Hello")]);
    assert_eq!(to_client(b"\x01\x03Hel\x80\x02lo").events, [text("Hello")]);
    let ping = to_client(b"\x89\x05Hello");
    assert_eq!(ping.events, [Seen::Ping(b"Hello".to_vec())]);
    assert_eq!(frames_of::<Clients>(&ping.out), [(0x8A, b"Hello".to_vec())]);
    let pong = to_server(b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!((pong.events, pong.out), (vec![Seen::Pong(b"Hello".to_vec())], vec![]));
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(to_client(&[b"\x82\x7e\x01\x00", &bytes[..]].concat()).events, [Seen::Binary(bytes)]);
    let bytes = vec![0x5A; 65_536];
    assert_eq!(
        to_client(&[b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", &bytes[..]].concat()).events,
        [Seen::Binary(bytes)]
    );
}

#[test]
fn s5_7_examples_are_written() {
    let mut server = open_server(Config::default());
    let mut out = Vec::new();
    server.send_text("Hello", &mut out).unwrap();
    server.send_fragment(MessageKind::Text, b"Hel", false, &mut out).unwrap();
    server.send_fragment(MessageKind::Text, b"lo", true, &mut out).unwrap();
    server.ping(b"Hello", &mut out).unwrap();
    assert_eq!(out, b"\x81\x05Hello\x01\x03Hel\x80\x02lo\x89\x05Hello");
    for (len, head) in
        [(256, &b"\x82\x7e\x01\x00"[..]), (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00")]
    {
        out.clear();
        server.send_binary(&vec![7; len], &mut out).unwrap();
        assert_eq!(out, [head, &vec![7; len]].concat());
    }
    let mut client = open_client(Config::default());
    out.clear();
    client.send_text("Hello", &mut out).unwrap();
    client.pong(b"Hello", &mut out).unwrap();
    // The keys are the fifth and sixth words of the source: four went into the handshake.
    let masked = |key: u8| {
        b"Hello"
            .iter()
            .zip([0, 0, 0, key].into_iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect::<Vec<u8>>()
    };
    assert_eq!(out, [b"\x81\x85\0\0\0\x05", &masked(5)[..], b"\x8a\x85\0\0\0\x06", &masked(6)[..]].concat());
}

#[test]
fn fr_01_fr_05_fr_06_fr_07_every_length_form() {
    both(|frame, transmit| {
        for len in [0, 1, 5, 124, 125, 126, 127, 128, 1000, 65_535, 65_536, 70_000] {
            let payload: Vec<u8> = (0..len).map(|i| (i * 7) as u8 & 0x7F).collect();
            let wire = [frame(0x82, &payload), frame(0x81, &payload)].concat();
            let outcome = transmit(&wire);
            let text = String::from_utf8(payload.clone()).unwrap();
            assert_eq!(outcome.events, [Seen::Binary(payload), Seen::Text(text)], "{len}");
            assert_eq!((outcome.error, outcome.out, outcome.state), (None, vec![], State::Transmission));
        }
    });
}

#[test]
fn fr_02_reserved_bits() {
    for reserved in 1..8u8 {
        for opcode in [0x0, 0x1, 0x2, 0x8, 0x9, 0xA] {
            let first = 0x80 | reserved << 4 | opcode;
            if opcode == 0 {
                assert_both_fail(
                    |frame| [frame(0x01, b"a"), frame(first, b"b")].concat(),
                    ProtocolError::ReservedBits,
                    &[],
                );
            } else {
                assert_both_fail(|frame| frame(first, b"\x03\xe8"), ProtocolError::ReservedBits, &[]);
            }
        }
    }
}

#[test]
fn fr_03_reserved_opcodes() {
    for opcode in (0x3..0x8).chain(0xB..0x10) {
        for fin in [0, 0x80] {
            assert_both_fail(|frame| frame(fin | opcode, b"x"), ProtocolError::ReservedOpcode, &[]);
            let after =
                |frame: fn(u8, &[u8]) -> Vec<u8>| [frame(0x81, b"ok"), frame(fin | opcode, b"")].concat();
            assert_both_fail(after, ProtocolError::ReservedOpcode, &[text("ok")]);
        }
    }
}

both_roles!(fr_08_fr_09_lengths_that_are_not_minimal_or_of_64_bits);
fn fr_08_fr_09_lengths_that_are_not_minimal_or_of_64_bits<R: Side>() {
    let key = R::PEER_MASKS.then_some(KEY);
    for (form, len, error) in [
        (LengthForm::Bits16, 0, ProtocolError::LengthNotMinimal),
        (LengthForm::Bits16, 125, ProtocolError::LengthNotMinimal),
        (LengthForm::Bits64, 0, ProtocolError::LengthNotMinimal),
        (LengthForm::Bits64, 125, ProtocolError::LengthNotMinimal),
        (LengthForm::Bits64, 126, ProtocolError::LengthNotMinimal),
        (LengthForm::Bits64, 65_535, ProtocolError::LengthNotMinimal),
        (LengthForm::Bits64, 1 << 63, ProtocolError::LengthTooLarge),
        (LengthForm::Bits64, (1 << 63) + 5, ProtocolError::LengthTooLarge),
        (LengthForm::Bits64, u64::MAX, ProtocolError::LengthTooLarge),
        (LengthForm::Bits64, (1 << 63) - 1, ProtocolError::FrameTooBig),
        (LengthForm::Bits64, (1 << 32) + 5, ProtocolError::FrameTooBig),
    ] {
        for first in [0x81, 0x82, 0x01] {
            assert_fails::<R>(&frame_with(first, b"Hello", key, form, len), error, &[]);
        }
    }
}

both_roles!(fr_10_sending_takes_the_minimal_form);
fn fr_10_sending_takes_the_minimal_form<R: Side>() {
    for (len, head_len) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let mut out = Vec::new();
        let mut connection = R::open(Config::default());
        connection.send_binary(&vec![1; len], &mut out).unwrap();
        let key_len = if R::PEER_MASKS { 0 } else { 4 };
        assert_eq!(out.len(), head_len + key_len + len);
        assert_eq!(frames_of::<R>(&out), [(0x82, vec![1; len])]);
    }
}

both_roles!(fr_13_errors_come_at_the_earliest_byte);
fn fr_13_errors_come_at_the_earliest_byte<R: Side>() {
    let key = R::PEER_MASKS.then_some(KEY);
    let mask = if R::PEER_MASKS { 0x80 } else { 0 };
    let declared = |first, form, len| frame_with(first, b"", key, form, len);
    for (wire, at, error) in [
        (vec![0x83], 1, ProtocolError::ReservedOpcode),
        (vec![0xC1], 1, ProtocolError::ReservedBits),
        (vec![0x09], 1, ProtocolError::ControlFragmented),
        (vec![0x80], 1, ProtocolError::UnexpectedContinuation),
        (
            vec![0x82, mask ^ 0x80],
            2,
            if R::PEER_MASKS { ProtocolError::UnmaskedFrame } else { ProtocolError::MaskedFrame },
        ),
        (vec![0x89, mask | 126], 2, ProtocolError::ControlTooLong),
        (vec![0x88, mask | 127], 2, ProtocolError::ControlTooLong),
        (declared(0x82, LengthForm::Bits16, 125), 4, ProtocolError::LengthNotMinimal),
        (declared(0x82, LengthForm::Bits64, 65_535), 10, ProtocolError::LengthNotMinimal),
        (declared(0x82, LengthForm::Bits64, 1 << 63), 10, ProtocolError::LengthTooLarge),
    ] {
        let before = transmit::<R>(Config::default(), &wire[..at - 1]);
        assert_eq!((before.error, before.events, before.out), (None, vec![], vec![]), "{wire:02x?}");
        assert_fails::<R>(&wire[..at], error, &[]);
    }
}

#[test]
fn mk_02_mk_05_the_direction_of_masking() {
    for first in [0x81, 0x82, 0x89, 0x8A, 0x88] {
        assert_fails::<Server>(
            &frame_with(first, b"\x03\xe8", None, LengthForm::Minimal, 2),
            ProtocolError::UnmaskedFrame,
            &[],
        );
        assert_fails::<Server>(
            &frame_with(first, b"", None, LengthForm::Minimal, 0),
            ProtocolError::UnmaskedFrame,
            &[],
        );
        assert_fails::<Clients>(
            &frame_with(first, b"\x03\xe8", Some(KEY), LengthForm::Minimal, 2),
            ProtocolError::MaskedFrame,
            &[],
        );
        assert_fails::<Clients>(
            &frame_with(first, b"", Some([0; 4]), LengthForm::Minimal, 0),
            ProtocolError::MaskedFrame,
            &[],
        );
    }
}

#[test]
fn mk_06_any_key_is_legal_and_belongs_to_one_frame() {
    let keys = [[0; 4], [0xFF; 4], [1, 0, 0, 0], KEY, [0x80, 0x81, 0x82, 0x83]];
    let wire: Vec<u8> = keys
        .iter()
        .flat_map(|&key| frame_with(0x81, b"0123456789abcdef!", Some(key), LengthForm::Minimal, 17))
        .collect();
    let outcome = transmit::<Server>(Config::default(), &wire);
    assert_eq!(outcome.events, vec![text("0123456789abcdef!"); 5]);
    // Fragments, each with a key of its own and of every length modulo four.
    let mut wire = Vec::new();
    let mut whole = Vec::new();
    for len in 0..40u8 {
        let payload: Vec<u8> = (0..len).collect();
        let first = if len == 0 { 0x02 } else { 0x00 };
        wire.extend(frame_with(
            first,
            &payload,
            Some([len, 3, 5, !len]),
            LengthForm::Minimal,
            u64::from(len),
        ));
        whole.extend(payload);
    }
    wire.extend(frame_with(0x80, b"", Some(KEY), LengthForm::Minimal, 0));
    assert_eq!(transmit::<Server>(Config::default(), &wire).events, [Seen::Binary(whole)]);
}

#[test]
fn fg_01_fg_03_fg_10_fragments_are_joined_in_order() {
    both(|frame, transmit| {
        let wire = [
            frame(0x01, b""),
            frame(0x00, b"a"),
            frame(0x00, b""),
            frame(0x00, "bé".as_bytes()),
            frame(0x80, b""),
            frame(0x81, b"whole"),
            frame(0x02, &[0xFF; 300]),
            frame(0x80, &[0xFE; 70_000]),
            frame(0x02, b""),
            frame(0x80, b""),
            frame(0x82, b""),
        ];
        let outcome = transmit(&wire.concat());
        let mut long = vec![0xFF; 300];
        long.extend([0xFE; 70_000]);
        let binary = Seen::Binary;
        assert_eq!(
            outcome.events,
            [text("abé"), text("whole"), binary(long), binary(vec![]), binary(vec![])]
        );
        assert_eq!((outcome.error, outcome.out.len()), (None, 0));
    });
}

#[test]
fn fg_02_fg_04_fg_07_violations_of_the_order() {
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

#[test]
fn fg_05_control_frames_inside_a_message() {
    both(|frame, transmit| {
        let wire = [
            frame(0x01, b"one "),
            frame(0x89, b"ping"),
            frame(0x00, b"two "),
            frame(0x8A, b"pong"),
            frame(0x8A, b""),
            frame(0x89, &[0xFF; 125]),
            frame(0x80, b"three"),
        ];
        let outcome = transmit(&wire.concat());
        let (ping, pong) = (Seen::Ping(b"ping".to_vec()), Seen::Pong(b"pong".to_vec()));
        assert_eq!(
            outcome.events,
            [ping, pong, Seen::Pong(vec![]), Seen::Ping(vec![0xFF; 125]), text("one two three")]
        );
    });
}

both_roles!(fg_06_a_close_inside_a_message_drops_it);
fn fg_06_a_close_inside_a_message_drops_it<R: Side>() {
    let wire =
        [frame::<R>(0x01, b"begun"), frame::<R>(0x88, b"\x03\xe9bye"), frame::<R>(0x80, b"ended")].concat();
    let outcome = transmit::<R>(Config::default(), &wire);
    assert_eq!(outcome.events, [Seen::Close(Some((1001, "bye".to_owned())))]);
    assert_eq!(frames_of::<R>(&outcome.out), [(0x88, b"\x03\xe9bye".to_vec())]);
    assert_eq!((outcome.error, outcome.state, outcome.closed.clean()), (None, State::End, true));
}

both_roles!(fg_08_sent_fragments);
fn fg_08_sent_fragments<R: Side>() {
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

#[test]
fn mk_01_mk_07_every_frame_of_a_client_has_a_key_of_its_own() {
    let mut client = open_client(Config::default());
    let mut out = Vec::new();
    let mut payload = *b"in place";
    for _ in 0..2 {
        client.send_text("same", &mut out).unwrap();
        client.ping(b"", &mut out).unwrap();
        client.send_fragment(MessageKind::Text, b"a", false, &mut out).unwrap();
        client.send_fragment(MessageKind::Text, b"b", true, &mut out).unwrap();
    }
    let head = client.mask_and_encode_header(MessageKind::Text, &mut payload).unwrap();
    out.extend_from_slice(&head);
    out.extend_from_slice(&payload);
    let mut keys = Vec::new();
    let mut rest = &out[..];
    while let Some((header, len)) = FrameHeader::parse(rest).unwrap().complete() {
        keys.push(header.masking_key.unwrap());
        rest = &rest[len + header.payload_len as usize..];
    }
    // The source counts words; the first four were the handshake's nonce.
    assert_eq!(keys, (5..14u32).map(u32::to_be_bytes).collect::<Vec<_>>());
}

/// The frame that a fresh connection writes of this payload.
fn copied<R: Side>(kind: MessageKind, payload: &[u8]) -> Vec<u8> {
    let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
    match kind {
        MessageKind::Text => connection.send_text(core::str::from_utf8(payload).unwrap(), &mut out).unwrap(),
        MessageKind::Binary => connection.send_binary(payload, &mut out).unwrap(),
    }
    out
}

both_roles!(mk_10_frame_in_place_is_the_same_frame);
fn mk_10_frame_in_place_is_the_same_frame<R: Side>() {
    for len in [0, 1, 125, 126, 65_536] {
        let payload = vec![b'x'; len];
        for kind in [MessageKind::Text, MessageKind::Binary] {
            let (out, mut in_place) = (copied::<R>(kind, &payload), R::open(Config::default()));
            let mut payload = payload.clone();
            let head = in_place.mask_and_encode_header(kind, &mut payload).unwrap();
            assert_eq!(out, [&head[..], &payload].concat());
        }
    }
}

#[test]
fn s5_1_the_head_of_a_server_s_frame_leaves_the_payload_alone() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let payload = vec![b'x'; len];
        for kind in [MessageKind::Text, MessageKind::Binary] {
            let (out, mut apart) = (copied::<Server>(kind, &payload), Server::open(Config::default()));
            let head = apart.encode_header(kind, &payload).unwrap();
            assert_eq!(out, [&head[..], &payload].concat());
            assert_eq!(support::split(apart).1.encode_header(kind, &payload), Ok(head));
        }
    }
    let (mut server, mut out) = (Server::open(Config::default()), Vec::new());
    assert_eq!(server.encode_header(MessageKind::Text, b"\xCE"), Err(SendError::InvalidUtf8));
    server.send_fragment(MessageKind::Binary, b"", false, &mut out).unwrap();
    assert_eq!(server.encode_header(MessageKind::Binary, b""), Err(SendError::MessageOpen));
    server.send_fragment(MessageKind::Binary, b"", true, &mut out).unwrap();
    assert!(server.encode_header(MessageKind::Binary, b"").is_ok());
    server.close_empty(&mut out).unwrap();
    assert_eq!(server.encode_header(MessageKind::Binary, b""), Err(SendError::Closed));
}

#[test]
fn wire_headers_parse_and_encode_are_twins() {
    for opcode in
        [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong]
    {
        for reserved in 0..8u8 {
            for masking_key in [None, Some([0; 4]), Some(KEY)] {
                for payload_len in [0, 1, 125, 126, 65_535, 65_536, u64::from(u32::MAX), (1 << 63) - 1] {
                    for fin in [false, true] {
                        let legal = !opcode.is_control() || (fin && payload_len <= 125);
                        let first = if fin { 0x80 } else { 0 } | reserved << 4 | opcode.bits();
                        let wire = frame_with(first, b"", masking_key, LengthForm::Minimal, payload_len);
                        let parsed = FrameHeader::parse(&wire).map(Parsed::complete);
                        assert_eq!(parsed.is_ok(), legal, "{wire:02x?}");
                        let Ok(parsed) = parsed else { continue };
                        let (header, len) = parsed.unwrap();
                        assert_eq!(len, wire.len());
                        assert_eq!(
                            (header.fin, header.opcode, header.payload_len),
                            (fin, opcode, payload_len)
                        );
                        assert_eq!(header.masking_key, masking_key);
                        assert_eq!(header.encode()[..], wire);
                        for cut in 0..wire.len() {
                            let cut = FrameHeader::parse(&wire[..cut]).map(Parsed::complete);
                            assert_eq!(cut, Ok(None), "H5: not yet is no error");
                        }
                        let longer = [&wire[..], b"\xA5\xA5\xA5\xA5\xA5\xA5\xA5\xA5"].concat();
                        assert_eq!(FrameHeader::parse(&longer), Ok(Parsed::Complete { header, len }));
                    }
                }
            }
        }
    }
}
