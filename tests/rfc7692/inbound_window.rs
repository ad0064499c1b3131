//! The window of received messages (RFC 7692 §7.1, §7.2.2), both roles.

use fastrand::Rng;
use websocket_proto::{Config, DeflateParams, Delivery, Error, ProtocolError, ReceiveBuffer};

use crate::support::{Seen, feed, filled, frame};
use crate::support_deflate::{Deflating, HELLO, Zlib, every_way, json, open, own, peer};

use super::inbound::{fails, fragments, ok, text};

both_roles!(the_window_is_kept_unless_no_context_takeover_was_agreed);
/// PMD-14 (RFC 7692 §7.2.2).
fn the_window_is_kept_unless_no_context_takeover_was_agreed<R: Deflating>() {
    let again = frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00");
    let wire = [frame::<R>(0xC1, HELLO), again.clone()].concat();
    // Without context takeover the distance of the second message begins before its window.
    let outcome = every_way::<R>(peer::<R>(15, false), Config::default(), &wire, 8192);
    assert_eq!(
        (&outcome.events[..], outcome.error),
        (&[text("Hello")][..], Some(Error::Protocol(ProtocolError::InvalidDeflate)))
    );
    // The other direction's parameter does not matter.
    let outcome = every_way::<R>(own::<R>(8, false), Config::default(), &wire, 8192);
    assert_eq!((&outcome.events[..], outcome.error), (&[text("Hello"), text("Hello")][..], None));
    // A plain message does not enter the window, nor does an empty one.
    let wire = [frame::<R>(0x81, b"Hello"), frame::<R>(0xC1, b"\x00"), again].concat();
    assert_eq!(fails::<R>(&wire, ProtocolError::InvalidDeflate).events, [text("Hello"), text("")]);
}

both_roles!(windows_of_every_size_slide_as_they_must);
/// PMD-14 (RFC 7692 §7.2.2).
fn windows_of_every_size_slide_as_they_must<R: Deflating>() {
    let mut random = Rng::with_seed(14);
    for bits in 8..=15u8 {
        for takeover in [true, false] {
            let (mut zlib, size) = (Zlib::new(9, bits), 1usize << bits);
            let (mut wire, mut events) = (vec![], vec![]);
            for len in [size / 3, 2 * size, 5, size, size + 77] {
                let whole = json(&mut random, len);
                if !takeover {
                    zlib = Zlib::new(9, bits);
                }
                let payload = zlib.message(whole.as_bytes());
                wire.extend(fragments::<R>(1, &payload, &[payload.len() / 3, payload.len() / 2]).concat());
                events.push(text(&whole));
            }
            for chunk in [1, 100, 4096, usize::MAX] {
                for delivery in [Delivery::Messages, Delivery::Parts] {
                    let mut config = Config::default();
                    config.delivery = delivery;
                    let connection = open::<R>(peer::<R>(bits, takeover), config);
                    let outcome = feed(
                        connection,
                        ReceiveBuffer::new(),
                        wire.chunks(chunk.min(wire.len())),
                        |_, _| panic!(),
                    );
                    assert_eq!(outcome.error, None);
                    assert!(outcome.events == events, "{bits} {takeover} by {chunk}");
                }
            }
        }
    }
}

both_roles!(a_distance_beyond_the_window_fails);
/// PMD-14 (RFC 7692 §7.2.2).
fn a_distance_beyond_the_window_fails<R: Deflating>() {
    // "a" and then three bytes from `distance` before, with fixed codes: literal, length 3, distance code and
    // its extra bits, end.
    let match_at = |distance: usize| {
        let (mut bits, mut count) = (0u64, 0);
        let mut put = |value: u64, len: u32, reversed: bool| {
            let value = if reversed { value.reverse_bits() >> (64 - len) } else { value };
            bits |= value << count;
            count += len;
        };
        put(2, 3, false);
        put(0x30 + u64::from(b'a'), 8, true);
        put(1, 7, true);
        let code = (0..30).rev().find(|&code| base(code) <= distance).unwrap();
        put(code as u64, 5, true);
        put((distance - base(code)) as u64, extra(code), false);
        put(0, 7, true);
        put(0, 3, false);
        bits.to_le_bytes()[..count.div_ceil(8) as usize].to_vec()
    };
    fn extra(code: usize) -> u32 {
        (code.saturating_sub(2) / 2) as u32
    }
    fn base(code: usize) -> usize {
        if code < 4 { code + 1 } else { ((2 + code % 2) << extra(code)) + 1 }
    }
    // Nothing but the "a" is there at first.
    ok::<R>(&frame::<R>(0xC2, &match_at(1)), &[Seen::Binary(b"aaaa".to_vec())]);
    for distance in [2, 3, 100, 2048, 32_768] {
        fails::<R>(&frame::<R>(0xC2, &match_at(distance)), ProtocolError::InvalidDeflate);
    }
    for bits in [8, 9, 11, 15] {
        let size = 1usize << bits;
        let before = vec![b'b'; size];
        let full = frame::<R>(0xC2, &Zlib::new(6, bits).message(&before));
        for (distance, fits) in [(size, true), (size - 1, true), (size + 1, false)] {
            if distance > 32_768 {
                continue;
            }
            let wire = [full.clone(), frame::<R>(0xC2, &match_at(distance))].concat();
            let outcome = every_way::<R>(peer::<R>(bits, true), Config::default(), &wire, 3 * 32_768);
            let error = (!fits).then_some(Error::Protocol(ProtocolError::InvalidDeflate));
            assert_eq!(
                (outcome.events.len(), outcome.error),
                (1 + usize::from(fits), error),
                "{bits} {distance}"
            );
        }
        // Two bytes too few for it.
        let wire =
            [frame::<R>(0xC2, &Zlib::new(6, bits).message(&before[2..])), frame::<R>(0xC2, &match_at(size))]
                .concat();
        let outcome = every_way::<R>(peer::<R>(bits, true), Config::default(), &wire, 3 * 32_768);
        assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::InvalidDeflate)), "{bits}");
    }
}

both_roles!(a_clone_continues_independently_from_any_byte);
/// ST-09.
fn a_clone_continues_independently_from_any_byte<R: Deflating>() {
    let mut random = Rng::with_seed(9);
    let texts: Vec<String> = (0..4).map(|_| json(&mut random, 900)).collect();
    let mut zlib = Zlib::new(6, 15);
    let wire: Vec<u8> = texts
        .iter()
        .flat_map(|text| {
            let payload = zlib.message(text.as_bytes());
            fragments::<R>(1, &payload, &[payload.len() / 2]).concat()
        })
        .collect();
    for cut in 0..wire.len() {
        let mut connection = open::<R>(DeflateParams::new(), Config::default());
        let (mut inbound, mut before) = (filled(&wire[..cut]), 0);
        while connection.receive(&mut inbound, &mut Vec::new()).unwrap().is_some() {
            before += 1;
        }
        for connection in [connection.clone(), connection] {
            let outcome = feed(connection, inbound.clone(), [&wire[cut..]], |_, _| panic!());
            assert_eq!(outcome.error, None);
            assert!(outcome.events.iter().zip(&texts[before..]).all(|(seen, whole)| *seen == text(whole)));
            assert_eq!(outcome.events.len(), 4 - before);
        }
    }
}
