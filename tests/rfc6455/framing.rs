//! Framing (§5.2, §5.7), for both roles.

use websocket_proto::wire::{FrameHeader, LengthForm, Opcode, Parsed};
use websocket_proto::{Client, Config, Error, MessageKind, ProtocolError, Server, State};

use crate::support::{
    KEY, Keys, Seen, Side, frame, frame_with, frames_of, open_client, open_server, transmit,
};

type Clients = Client<Keys>;

/// The violation, and the code of the one Close frame that was written.
#[track_caller]
pub(crate) fn assert_fails<R: Side>(wire: &[u8], error: ProtocolError, events: &[Seen]) {
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
pub(crate) fn assert_both_fail(
    make: impl Fn(fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8>,
    error: ProtocolError,
    events: &[Seen],
) {
    assert_fails::<Server>(&make(frame::<Server>), error, events);
    assert_fails::<Clients>(&make(frame::<Clients>), error, events);
}

pub(crate) fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

/// §5.7.
#[test]
fn the_examples_of_section_5_7_are_read() {
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

/// §5.7.
#[test]
fn the_examples_of_section_5_7_are_written() {
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

both_roles!(every_length_form_is_read);
/// FR-01 (§5.2, §6.2), FR-05, FR-06, FR-07 (§5.2).
fn every_length_form_is_read<R: Side>() {
    for len in [0, 1, 5, 124, 125, 126, 127, 128, 1000, 65_535, 65_536, 70_000] {
        let payload: Vec<u8> = (0..len).map(|i| (i * 7) as u8 & 0x7F).collect();
        let wire = [frame::<R>(0x82, &payload), frame::<R>(0x81, &payload)].concat();
        let outcome = transmit::<R>(Config::default(), &wire);
        let text = String::from_utf8(payload.clone()).unwrap();
        assert_eq!(outcome.events, [Seen::Binary(payload), Seen::Text(text)], "{len}");
        assert_eq!((outcome.error, outcome.out, outcome.state), (None, vec![], State::Transmission));
    }
}

/// FR-02 (§5.2).
#[test]
fn reserved_bits_fail() {
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

/// FR-03 (§5.2).
#[test]
fn reserved_opcodes_fail() {
    for opcode in (0x3..0x8).chain(0xB..0x10) {
        for fin in [0, 0x80] {
            assert_both_fail(|frame| frame(fin | opcode, b"x"), ProtocolError::ReservedOpcode, &[]);
            let after =
                |frame: fn(u8, &[u8]) -> Vec<u8>| [frame(0x81, b"ok"), frame(fin | opcode, b"")].concat();
            assert_both_fail(after, ProtocolError::ReservedOpcode, &[text("ok")]);
        }
    }
}

both_roles!(lengths_that_are_not_minimal_or_exceed_63_bits_fail);
/// FR-08, FR-09 (§5.2).
fn lengths_that_are_not_minimal_or_exceed_63_bits_fail<R: Side>() {
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

both_roles!(sending_takes_the_minimal_form);
/// FR-10 (§5.2).
fn sending_takes_the_minimal_form<R: Side>() {
    for (len, head_len) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let mut out = Vec::new();
        let mut connection = R::open(Config::default());
        connection.send_binary(&vec![1; len], &mut out).unwrap();
        let key_len = if R::PEER_MASKS { 0 } else { 4 };
        assert_eq!(out.len(), head_len + key_len + len);
        assert_eq!(frames_of::<R>(&out), [(0x82, vec![1; len])]);
    }
}

both_roles!(errors_come_at_the_earliest_byte);
/// FR-13.
fn errors_come_at_the_earliest_byte<R: Side>() {
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
