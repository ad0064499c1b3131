//! Masking (§5.1, §5.3), and the headers that a caller writes in front of its payload.

use websocket_proto::wire::{FrameHeader, LengthForm};
use websocket_proto::{Client, Config, MessageKind, ProtocolError, SendError, Server};

use crate::support::{self, KEY, Keys, Seen, Side, frame_with, open_client, transmit};

use super::framing::{assert_fails, text};

type Clients = Client<Keys>;

/// MK-02, MK-05 (§5.1).
#[test]
fn a_frame_masked_in_the_wrong_direction_fails() {
    for first in [0x81, 0x82, 0x89, 0x8A, 0x88] {
        // A payload of four bytes or more is as long as a masking key.
        for payload in [&b""[..], b"\x03\xe8", b"\x03\xe8ab", b"\x03\xe8 and a reason"] {
            let wire = |key| frame_with(first, payload, key, LengthForm::Minimal, payload.len() as u64);
            assert_fails::<Server>(&wire(None), ProtocolError::UnmaskedFrame, &[]);
            for key in [[0; 4], KEY] {
                assert_fails::<Clients>(&wire(Some(key)), ProtocolError::MaskedFrame, &[]);
            }
        }
    }
}

/// MK-06 (§5.3).
#[test]
fn any_key_is_legal_and_belongs_to_one_frame() {
    let keys = [[0; 4], [0xFF; 4], [1, 0, 0, 0], KEY, [0x80, 0x81, 0x82, 0x83]];
    let wire: Vec<u8> = keys
        .iter()
        .flat_map(|&key| frame_with(0x81, b"0123456789abcdef!", Some(key), LengthForm::Minimal, 17))
        .collect();
    let outcome = transmit::<Server>(Config::default(), &wire);
    assert_eq!(outcome.events, vec![text("0123456789abcdef!"); 5]);
    // Fragments of every length modulo four, each with its own key.
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

/// MK-01 (§5.1, §5.3, §6.1), MK-07 (§5.3, §10.3).
#[test]
fn every_frame_of_a_client_has_a_fresh_key() {
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

both_roles!(masking_in_place_yields_the_same_frame);
/// MK-10.
fn masking_in_place_yields_the_same_frame<R: Side>() {
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

/// §5.1.
#[test]
fn encode_header_of_a_server_leaves_the_payload_unchanged() {
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

/// MK-08 (§5.3, §10.3).
#[cfg(feature = "getrandom")]
#[test]
fn the_operating_system_fills_each_key_anew() {
    use websocket_proto::{Entropy as _, OsEntropy};

    let (mut entropy, mut keys) = (OsEntropy::new(), [[0; 16]; 3]);
    for key in &mut keys {
        assert_eq!(entropy.fill(key), Ok(()));
    }
    assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2], "{keys:02x?}");
}

/// §10.3: who knows the state of the source, knows the next keys.
#[test]
fn a_client_does_not_print_its_source_of_keys() {
    assert_eq!(format!("{:?}", Client::new(Keys::default())), "Client { .. }");
}
