//! The idle timer (RFC 6455 §5.5.2) during the receipt of a compressed message, for both roles.

use core::time::Duration;

use fastrand::Rng;
use websocket_proto::{Config, DeflateParams, Delivery, ReceiveBuffer, Timeout};

use crate::support::{self, frame};
use crate::support_deflate::{Deflating, Zlib, json, open};

const fn s(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Feeds one byte at a time, to a connection and to its read half: the deadline counts from the last byte.
fn assert_every_byte_moves_the_deadline<R: Deflating>(delivery: Delivery, wire: &[u8]) {
    let mut config = Config::default();
    config.delivery = delivery;
    (config.ping_interval, config.pong_timeout) = (Some(s(1_000_000)), Some(s(1_000_000)));
    let mut connection = open::<R>(DeflateParams::new(), config);
    let (mut reader, _writer) = support::split(open::<R>(DeflateParams::new(), config));
    let (mut inbounds, mut out) = ([ReceiveBuffer::new(), ReceiveBuffer::new()], vec![]);
    for (at, byte) in wire.iter().enumerate() {
        for inbound in &mut inbounds {
            assert_eq!(inbound.feed(&[*byte]), 1);
        }
        while connection.receive(&mut inbounds[0], &mut out).unwrap().is_some() {}
        while reader.receive(&mut inbounds[1]).unwrap().is_some() {}
        let (now, deadline) = (s(at as u64), s(at as u64 + 1_000_000));
        assert_eq!(connection.tick(now, &mut out), Ok(Some(deadline)), "{delivery:?}, {at} of {wire:02x?}");
        assert_eq!(reader.tick(now), Some(deadline), "{delivery:?}, {at} of {wire:02x?}");
    }
}

both_roles!(every_byte_of_a_message_moves_the_deadline);
/// Compressed messages, and the same messages uncompressed.
fn every_byte_of_a_message_moves_the_deadline<R: Deflating>() {
    let mut random = Rng::with_seed(20);
    for round in 0..40 {
        let (text, mut zlib) = (json(&mut random, 300), Zlib::new([0, 1, 6, 9][round % 4], 15));
        let (mut plain, mut compressed) = (vec![], vec![]);
        for _ in 0..3 {
            for (wire, rsv1, payload) in [
                (&mut plain, 0, text.as_bytes().to_vec()),
                (&mut compressed, 0x40, zlib.message(text.as_bytes())),
            ] {
                let len = [1, 2, 5, 1000][random.usize(..4)].min(payload.len());
                let count = payload.len().div_ceil(len);
                for (at, fragment) in payload.chunks(len).enumerate() {
                    let first = if at == 0 { 1 | rsv1 } else { 0 } | if at + 1 == count { 0x80 } else { 0 };
                    wire.extend(frame::<R>(first, fragment));
                    if random.u8(..8) == 0 {
                        wire.extend(frame::<R>(0x8A, b"heartbeat"));
                    }
                }
            }
        }
        for delivery in [Delivery::Messages, Delivery::Parts] {
            assert_every_byte_moves_the_deadline::<R>(delivery, &plain);
            assert_every_byte_moves_the_deadline::<R>(delivery, &compressed);
        }
    }
}

both_roles!(the_deadline_passes_if_a_compressed_message_stops);
fn the_deadline_passes_if_a_compressed_message_stops<R: Deflating>() {
    let mut random = Rng::with_seed(21);
    let wire = frame::<R>(0xC1, &Zlib::new(6, 15).message(json(&mut random, 2000).as_bytes()));
    for delivery in [Delivery::Messages, Delivery::Parts] {
        for cut in 1..wire.len() {
            let mut config = Config::default();
            config.delivery = delivery;
            let (mut connection, mut inbound, mut out) =
                (open::<R>(DeflateParams::new(), config), ReceiveBuffer::new(), vec![]);
            assert_eq!(connection.tick(s(0), &mut out), Ok(Some(s(20))));
            assert_eq!(inbound.feed(&wire[..cut]), cut);
            while connection.receive(&mut inbound, &mut out).unwrap().is_some() {}
            // A call without new input does not move the deadline.
            for second in 1..20 {
                while connection.receive(&mut inbound, &mut out).unwrap().is_some() {}
                assert_eq!(connection.tick(s(second), &mut out), Ok(Some(s(21))), "{delivery:?} {cut}");
            }
            assert_eq!(connection.tick(s(21), &mut out), Ok(Some(s(41))));
            assert_eq!(connection.tick(s(41), &mut out), Err(Timeout::Pong));
        }
    }
}
