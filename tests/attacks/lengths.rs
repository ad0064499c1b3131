//! Lengths that broke other implementations (`docs/attacks.md`, A), for both roles.

use websocket_proto::wire::LengthForm;
use websocket_proto::{Config, ProtocolError};

use crate::support::{self, KEY, Seen, Side, frame, frame_with, transmit};

use super::frames::{assert_fails, limits};

/// A frame that declares this length, whatever its payload.
fn declared<R: Side>(first: u8, form: LengthForm, len: u64, payload: &[u8]) -> Vec<u8> {
    frame_with(first, payload, R::PEER_MASKS.then_some(KEY), form, len)
}

both_roles!(no_length_wraps_or_is_truncated);
/// Attacks A1, A2, A4, A7, A10.
fn no_length_wraps_or_is_truncated<R: Side>() {
    const I64_MAX: u64 = i64::MAX as u64;
    use ProtocolError::{FrameTooBig, LengthTooLarge, MessageTooBig};
    for (row, limit, before, len, error) in [
        ("A1: a cast to i64 is negative", 64 << 20, "", I64_MAX, FrameTooBig),
        ("A1: so is the sum of fragments", I64_MAX, "x", I64_MAX, MessageTooBig),
        ("A2: (upper << 8) + lower", 64 << 20, "", (1 << 32) + 5, FrameTooBig),
        ("A2: the lower half alone would be legal", 64 << 20, "", 7 << 32 | 5, FrameTooBig),
        ("A7: 4 + length is 0", u64::MAX, "", u64::MAX - 3, LengthTooLarge),
        ("A7: length + 1 is 0", u64::MAX, "", u64::MAX, LengthTooLarge),
        ("A10: what is there and what is to come pass i64", I64_MAX, "60 bytes", I64_MAX - 7, MessageTooBig),
        ("A4, A10: one byte over what is left", 100, "8 bytes.", 93, MessageTooBig),
    ] {
        let opcode = if before.is_empty() { 0x82 } else { 0x80 };
        let form = if len < 126 { LengthForm::Minimal } else { LengthForm::Bits64 };
        let mut wire = if before.is_empty() { vec![] } else { frame::<R>(0x02, before.as_bytes()) };
        wire.extend(declared::<R>(opcode, form, len, b"Hello"));
        println!("{row}");
        assert_fails::<R>(limits(limit), &wire, error, &[]);
    }
    let fits = [frame::<R>(0x02, b"8 bytes."), frame::<R>(0x80, &[b'.'; 92])].concat();
    assert_eq!(transmit::<R>(limits(100), &fits).events.len(), 1, "A10: the limit itself passes");
}

both_roles!(a_length_with_its_highest_bit_set_fails);
/// Attacks A3, A8, A9.
fn a_length_with_its_highest_bit_set_fails<R: Side>() {
    for len in [1 << 63, (1 << 63) + 5, (1 << 63) | (1 << 32)] {
        for first in [0x81, 0x82, 0x01, 0x02] {
            let wire = declared::<R>(first, LengthForm::Bits64, len, b"Hello");
            assert_fails::<R>(limits(u64::MAX), &wire, ProtocolError::LengthTooLarge, &[]);
        }
    }
}

both_roles!(bytes_of_fuzzers_and_of_drafts_fail);
/// Attacks A5, A6, A11.
fn bytes_of_fuzzers_and_of_drafts_fail<R: Side>() {
    let run_of_ff: Vec<u8> = vec![0xFF; 40];
    for (row, wire, error) in [
        (
            "A5",
            &b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xeb\x0e\x8f"[..],
            ProtocolError::ControlFragmented,
        ),
        ("A6", &run_of_ff, ProtocolError::ReservedOpcode),
        ("A6: one is enough", b"\xff", ProtocolError::ReservedOpcode),
        (
            "A11: a draft-75 length",
            b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            ProtocolError::UnexpectedContinuation,
        ),
        ("A11: a draft-75 text frame", b"\x00Hello\xff", ProtocolError::UnexpectedContinuation),
        ("A11: a draft-76 closing frame", b"\xff\x00", ProtocolError::ReservedOpcode),
    ] {
        println!("{row}");
        assert_fails::<R>(Config::default(), wire, error, &[]);
    }
}

both_roles!(lengths_are_big_endian_in_both_directions);
/// FR-12 (§5.2), attack A12.
fn lengths_are_big_endian_in_both_directions<R: Side>() {
    let mask = |second: u8, masked: bool| if masked { second | 0x80 } else { second };
    for (len, second, extended) in [
        (0x01_02, 0x7E, &b"\x01\x02"[..]),
        (0xFE_01, 0x7E, b"\xfe\x01"),
        (0x01_02_03, 0x7F, b"\x00\x00\x00\x00\x00\x01\x02\x03"),
    ] {
        let payload = vec![0x5A; len];
        let wire = frame::<R>(0x82, &payload);
        assert_eq!(wire[..2 + extended.len()], [&[0x82, mask(second, R::PEER_MASKS)], extended].concat());
        for chunk in [1, 3, 1460, usize::MAX] {
            let inbound = websocket_proto::ReceiveBuffer::new();
            let outcome = support::feed(
                R::open(Config::default()),
                inbound,
                wire.chunks(chunk.min(wire.len())),
                |_, _| {},
            );
            assert_eq!(outcome.events, [Seen::Binary(payload.clone())]);
        }
        let mut out = Vec::new();
        R::open(Config::default()).send_binary(&payload, &mut out).unwrap();
        assert_eq!(out[..2 + extended.len()], [&[0x82, mask(second, !R::PEER_MASKS)], extended].concat());
    }
}

both_roles!(a_length_that_is_not_minimal_fails_with_its_whole_payload);
/// Attack A13.
fn a_length_that_is_not_minimal_fails_with_its_whole_payload<R: Side>() {
    for (form, len) in [
        (LengthForm::Bits16, 0),
        (LengthForm::Bits16, 125),
        (LengthForm::Bits64, 125),
        (LengthForm::Bits64, 1000),
    ] {
        let wire = declared::<R>(0x81, form, len, &vec![b'x'; len as usize]);
        let wire = [frame::<R>(0x81, b"before"), wire, frame::<R>(0x81, b"after")].concat();
        let before = [Seen::Text("before".to_owned())];
        assert_fails::<R>(Config::default(), &wire, ProtocolError::LengthNotMinimal, &before);
    }
}
