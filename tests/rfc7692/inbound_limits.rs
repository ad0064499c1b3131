//! Limits on received messages, and UTF-8 in their inflated text (RFC 7692 §8, RFC 6455 §8.1, §10.4), both
//! roles.

use allocation_counter::measure;
use fastrand::Rng;
use websocket_proto::{Config, DeflateParams, Delivery, Error, Event, ProtocolError, ReceiveBuffer};
use zlib_rs::DeflateFlush;

use crate::support::{Seen, feed, filled, frame};
use crate::support_deflate::{Deflating, HELLO, Zlib, every_way, json, open};

use super::inbound::{fails, fragments, ok, text};

both_roles!(the_limit_is_exact_and_counts_inflated_bytes);
/// PMD-18 (§10.4), attack B9.
fn the_limit_is_exact_and_counts_inflated_bytes<R: Deflating>() {
    let mut config = Config::default();
    config.max_message_size = 1000;
    for level in [0, 1, 6] {
        for opcode in [1, 2] {
            for (len, fits) in [(999, true), (1000, true), (1001, false), (1002, false), (50_000, false)] {
                let payload = Zlib::new(level, 15).message(&vec![b'a'; len]);
                for wire in [
                    fragments::<R>(opcode, &payload, &[]).concat(),
                    fragments::<R>(opcode, &payload, &[1, payload.len() / 2, payload.len() - 1]).concat(),
                ] {
                    // A frame is as long as it is on the wire.
                    let mut config = config;
                    config.max_frame_size = 60_000;
                    let outcome = every_way::<R>(DeflateParams::new(), config, &wire, 80_000);
                    let error = (!fits).then_some(Error::Protocol(ProtocolError::MessageTooBig));
                    assert_eq!(
                        (outcome.events.len(), outcome.error),
                        (usize::from(fits), error),
                        "{level} {opcode} {len}"
                    );
                }
            }
        }
    }
    // The limit is one on a message, not on the connection.
    let wire = frame::<R>(0xC2, &Zlib::new(6, 15).message(&[7; 1000])).repeat(5);
    assert_eq!(every_way::<R>(DeflateParams::new(), config, &wire, 8192).events.len(), 5);
    // Zero is a limit.
    config.max_message_size = 0;
    assert_eq!(
        every_way::<R>(DeflateParams::new(), config, &frame::<R>(0xC1, b"\x00"), 8192).events,
        [text("")]
    );
    let outcome = every_way::<R>(DeflateParams::new(), config, &frame::<R>(0xC1, HELLO), 8192);
    assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::MessageTooBig)));
}

both_roles!(a_message_over_the_limit_has_no_event);
/// PMD-18 (§10.4). In parts, the bytes up to the limit come first.
fn a_message_over_the_limit_has_no_event<R: Deflating>() {
    let wire = frame::<R>(0xC2, &Zlib::new(6, 15).message(&[b'a'; 50_000]));
    for (delivery, part) in [(Delivery::Messages, None), (Delivery::Parts, Some(1000))] {
        let mut config = Config::default();
        (config.max_message_size, config.delivery) = (1000, delivery);
        let (mut connection, mut inbound) = (open::<R>(DeflateParams::new(), config), filled(&wire));
        if let Some(len) = part {
            let event = connection.receive(&mut inbound, &mut Vec::new());
            assert_eq!(event, Ok(Some(Event::BinaryPart { bytes: &vec![b'a'; len], last: false })));
        }
        let event = connection.receive(&mut inbound, &mut Vec::new());
        assert_eq!(event, Err(Error::Protocol(ProtocolError::MessageTooBig)), "{delivery:?}");
    }
}

both_roles!(a_part_of_a_long_message_has_16_kib);
fn a_part_of_a_long_message_has_16_kib<R: Deflating>() {
    let wire = frame::<R>(0xC2, &Zlib::new(6, 15).message(&[b'a'; 100_000]));
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let (mut connection, mut inbound) = (open::<R>(DeflateParams::new(), config), filled(&wire));
    let mut lens = vec![];
    while let Some(event) = connection.receive(&mut inbound, &mut Vec::new()).unwrap() {
        let Event::BinaryPart { bytes, .. } = event else { panic!("{event:?}") };
        lens.push(bytes.len());
    }
    assert_eq!(lens, [&[16 * 1024; 6][..], &[100_000 - 6 * 16 * 1024]].concat());
}

both_roles!(frame_and_fragment_limits_count_compressed_frames);
/// LIM-01, LIM-04 (§10.4).
fn frame_and_fragment_limits_count_compressed_frames<R: Deflating>() {
    let mut config = Config::default();
    (config.max_frame_size, config.max_fragments) = (7, 3);
    let fails_with = |wire: &[u8]| every_way::<R>(DeflateParams::new(), config, wire, 8192).error;
    assert_eq!(fails_with(&frame::<R>(0xC1, HELLO)), None);
    assert_eq!(
        fails_with(&frame::<R>(0xC1, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00")),
        Some(Error::Protocol(ProtocolError::FrameTooBig))
    );
    assert_eq!(fails_with(&fragments::<R>(1, HELLO, &[1, 2]).concat()), None);
    assert_eq!(
        fails_with(&fragments::<R>(1, HELLO, &[1, 2, 3]).concat()),
        Some(Error::Protocol(ProtocolError::TooManyFragments))
    );
}

both_roles!(a_bomb_allocates_at_most_the_limit_and_one_buffer);
/// PMD-18 (§10.4), LIM-06, attack B9.
fn a_bomb_allocates_at_most_the_limit_and_one_buffer<R: Deflating>() {
    // 64 MiB of zeros are 64 KiB.
    let bomb = frame::<R>(0xC2, &Zlib::new(9, 15).message(&vec![0; 64 << 20]));
    assert!(bomb.len() < 70_000);
    for limit in [100_000u64, 1 << 20] {
        let mut config = Config::default();
        config.max_message_size = limit;
        let mut connection = open::<R>(DeflateParams::new(), config);
        let asked = measure(|| {
            let (mut inbound, mut error) = (ReceiveBuffer::new(), None);
            for chunk in bomb.chunks(16 * 1024) {
                inbound.spare_mut(16 * 1024)[..chunk.len()].copy_from_slice(chunk);
                inbound.advance(chunk.len());
                error = connection.receive(&mut inbound, &mut Vec::new()).err();
                if error.is_some() {
                    break;
                }
            }
            assert_eq!(error, Some(Error::Protocol(ProtocolError::MessageTooBig)));
        });
        // The message, the read buffer, the window and the decoder; and, while the message moves, its old
        // storage.
        assert!(asked.bytes_max <= 2 * limit + 100_000, "{limit}: {asked:?}");
    }
    // In parts, memory does not grow at all, however long the message.
    let mut config = Config::default();
    (config.delivery, config.max_message_size) = (Delivery::Parts, u64::MAX);
    let mut connection = open::<R>(DeflateParams::new(), config);
    let mut len = 0;
    let asked = measure(|| {
        let mut inbound = ReceiveBuffer::new();
        for chunk in bomb.chunks(16 * 1024) {
            inbound.spare_mut(16 * 1024)[..chunk.len()].copy_from_slice(chunk);
            inbound.advance(chunk.len());
            while let Some(event) = connection.receive(&mut inbound, &mut Vec::new()).unwrap() {
                let Event::BinaryPart { bytes, .. } = event else { panic!() };
                assert!(bytes.len() <= 16 * 1024, "LIM-06: bounded per call");
                len += bytes.len();
            }
        }
    });
    assert_eq!(len, 64 << 20);
    assert!(asked.bytes_max <= 200_000, "{asked:?}");
}

both_roles!(text_is_utf8_once_it_is_inflated);
/// PMD-19 (§8.1).
fn text_is_utf8_once_it_is_inflated<R: Deflating>() {
    let mut random = Rng::with_seed(19);
    let fine = "κόσμε 😀 ".repeat(20);
    let deflated = |bytes: &[u8]| Zlib::new(6, 15).message(bytes);
    ok::<R>(&fragments::<R>(1, &deflated(fine.as_bytes()), &[5, 10, 20]).concat(), &[text(&fine)]);
    // Compressed bytes need not be UTF-8; inflated text must be.
    for bad in [&b"\xff"[..], b"abc\xce", b"\xed\xa0\x80", b"a\xc0\xaf", b"\xf4\x90\x80\x80"] {
        let whole = [fine.as_bytes(), bad].concat();
        fails::<R>(&frame::<R>(0xC1, &deflated(&whole)), ProtocolError::InvalidUtf8);
        ok::<R>(&frame::<R>(0xC2, &deflated(&whole)), &[Seen::Binary(whole.clone())]);
        let after = [&whole[..], json(&mut random, 300).as_bytes()].concat();
        fails::<R>(&frame::<R>(0xC1, &deflated(&after)), ProtocolError::InvalidUtf8);
    }
    // At once: before the end of the frame, of the message and of the bomb.
    let mut zlib = Zlib::new(6, 15);
    let wire =
        [frame::<R>(0x41, &zlib.flush(b"abc\xff", DeflateFlush::SyncFlush)), frame::<R>(0x00, &[0; 50])]
            .concat();
    let outcome = every_way::<R>(DeflateParams::new(), Config::default(), &wire, 8192);
    assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::InvalidUtf8)));
    // Whichever comes first in the text decides.
    let mut config = Config::default();
    config.max_message_size = 100;
    for (bad_at, error) in [
        (50, ProtocolError::InvalidUtf8),
        (99, ProtocolError::InvalidUtf8),
        (100, ProtocolError::MessageTooBig),
    ] {
        let mut bytes = vec![b'a'; 300];
        bytes[bad_at] = 0xFF;
        let outcome =
            every_way::<R>(DeflateParams::new(), config, &frame::<R>(0xC1, &deflated(&bytes)), 8192);
        assert_eq!(outcome.error, Some(Error::Protocol(error)), "{bad_at}");
    }
}

both_roles!(messages_larger_than_the_buffers_of_the_inflater_are_read);
/// Attacks E10, D7.
fn messages_larger_than_the_buffers_of_the_inflater_are_read<R: Deflating>() {
    let mut random = Rng::with_seed(10);
    let mut zlib = Zlib::new(6, 15);
    let (mut wire, mut events) = (vec![], vec![]);
    for len in [20_000, 100_000, 32_768, 16_384, 65_536, 300_000, 1] {
        let whole = json(&mut random, len);
        wire.extend(frame::<R>(0xC1, &zlib.message(whole.as_bytes())));
        events.push(text(&whole));
        // And what does not compress.
        let noise: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
        wire.extend(frame::<R>(0xC2, &zlib.message(&noise)));
        events.push(Seen::Binary(noise));
    }
    for chunk in [999, 4096, usize::MAX] {
        for delivery in [Delivery::Messages, Delivery::Parts] {
            let mut config = Config::default();
            config.delivery = delivery;
            let connection = open::<R>(DeflateParams::new(), config);
            let outcome = feed(
                connection.clone(),
                ReceiveBuffer::new(),
                wire.chunks(chunk.min(wire.len())),
                |_, _| panic!(),
            );
            assert!(outcome.events == events && outcome.error.is_none());
            if chunk < usize::MAX {
                let mut memory = vec![0; if delivery == Delivery::Messages { 310_000 } else { 2000 }];
                let outcome =
                    feed(connection, ReceiveBuffer::fixed(&mut memory), wire.chunks(chunk), |_, _| panic!());
                assert!(outcome.events == events && outcome.error.is_none(), "{:?}", outcome.error);
            }
        }
    }
}

both_roles!(a_fixed_buffer_that_cannot_hold_the_message_says_so);
fn a_fixed_buffer_that_cannot_hold_the_message_says_so<R: Deflating>() {
    let wire = frame::<R>(0xC2, &Zlib::new(6, 15).message(&[7; 3000]));
    let mut memory = [0; 2000];
    let outcome = feed(
        open::<R>(DeflateParams::new(), Config::default()),
        ReceiveBuffer::fixed(&mut memory),
        [&wire[..]],
        |_, _| panic!(),
    );
    assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::MessageTooBig)));
    let outcome = feed(
        open::<R>(DeflateParams::new(), Config::default()),
        ReceiveBuffer::fixed(&mut memory),
        wire.chunks(1),
        |_, _| panic!(),
    );
    assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::MessageTooBig)));
    // The buffer is full of compressed input, and the message is delivered in parts.
    let (mut random, mut zlib) = (Rng::with_seed(5), Zlib::new(6, 15));
    let texts: Vec<String> = (0..50).map(|_| json(&mut random, 3000)).collect();
    let wire: Vec<u8> =
        texts.iter().flat_map(|text| frame::<R>(0xC1, &zlib.message(text.as_bytes()))).collect();
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let mut memory = [0; 140];
    let outcome = feed(
        open::<R>(DeflateParams::new(), config),
        ReceiveBuffer::fixed(&mut memory),
        [&wire[..]],
        |_, _| panic!(),
    );
    assert_eq!(outcome.error, None);
    assert!(outcome.events == texts.iter().map(|whole| text(whole)).collect::<Vec<_>>());
}

both_roles!(inflated_text_in_parts_fits_a_fixed_buffer_full_of_other_frames);
/// PMD-19 (§8.1).
///
/// ST-03, U8-02: however full the rest of a fixed buffer is, there is room for a code point that is inflated.
fn inflated_text_in_parts_fits_a_fixed_buffer_full_of_other_frames<R: Deflating>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let first = frame::<R>(0x41, &[0xFA, 0x30, 0x7F, 0x46, 0xC3, 0x48]);
    let rest = [frame::<R>(0x00, &[0xC7]), frame::<R>(0x80, &[0, 0])].concat();
    let wire = [&first[..], &rest, &frame::<R>(0x8A, b"").repeat(150)].concat();
    let outcome = every_way::<R>(DeflateParams::new(), Config::default(), &wire, 4096);
    let [Seen::Text(text), pongs @ ..] = &outcome.events[..] else { panic!("{:?}", outcome.error) };
    assert_eq!((text.len(), text.chars().all(|char| char.len_utf8() == 4), pongs.len()), (260, true, 150));
    for size in ReceiveBuffer::MIN_LEN..300 {
        let mut memory = vec![0; size];
        let reads = [&first[..], &wire[first.len()..]];
        let fixed = feed(
            open::<R>(DeflateParams::new(), config),
            ReceiveBuffer::fixed(&mut memory),
            reads,
            |_, _| {},
        );
        assert_eq!(fixed, outcome, "{size}");
    }
}
