//! Sent messages (RFC 7692 §6.1, §7.2.1), both roles.

use fastrand::Rng;
use websocket_proto::{
    Config, Connection, DeflateConfig, DeflateParams, Delivery, MessageKind, Negotiated, ReceiveBuffer,
    SendError,
};

use crate::support::{Seen, feed, frames_of};
use crate::support_deflate::{Deflating, HELLO, Reference, json, messages_of, open, own, peer};

/// A connection that compresses all, at this level.
fn at_level<R: Deflating>(deflate: DeflateParams, level: u8) -> Connection<R> {
    let mut config = Config::default();
    let mut all = DeflateConfig::default();
    (all.level, all.min_len) = (level, 0);
    config.deflate = Some(all);
    config.max_write_buffer = usize::MAX;
    open::<R>(deflate, config)
}

/// The payload of the one frame that `send` writes, which is compressed.
pub(crate) fn compressed<R: Deflating>(connection: &mut Connection<R>, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    connection.send_text(text, &mut out).unwrap();
    match &frames_of::<R>(&out)[..] {
        [(0xC1, payload)] => payload.clone(),
        frames => panic!("{frames:?}"),
    }
}

/// Carries what `R` sends over to its peer, cut at random, and returns what that sees.
pub(crate) fn carried<R: Deflating>(deflate: DeflateParams, wire: &[u8], delivery: Delivery) -> Vec<Seen> {
    let mut config = Config::default();
    config.delivery = delivery;
    let mut random = Rng::with_seed(wire.len() as u64);
    let (mut chunks, mut rest) = (vec![], wire);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(random.usize(1..=rest.len().min(5000)));
        chunks.push(chunk);
        rest = after;
    }
    let outcome = feed(open::<R::Peer>(deflate, config), ReceiveBuffer::new(), chunks, |_, _| panic!());
    assert_eq!(outcome.error, None);
    outcome.events
}

both_roles!(the_examples_of_section_7_2_3_are_matched);
/// PMD-14 (RFC 7692 §7.2.2), PMD-21 (RFC 7692 §7.2.1).
fn the_examples_of_section_7_2_3_are_matched<R: Deflating>() {
    let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    assert_eq!(hello, HELLO);
    // §7.2.3.2: with context takeover
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    assert_eq!(compressed(&mut connection, "Hello"), hello);
    assert_eq!(compressed(&mut connection, "Hello"), b"\xf2\x00\x11\x00\x00");
    // Without
    let mut connection = open::<R>(own::<R>(15, false), Config::default());
    assert_eq!(compressed(&mut connection, "Hello"), hello);
    assert_eq!(compressed(&mut connection, "Hello"), hello);
}

both_roles!(parts_are_one_stream_that_ends_once);
/// PMD-13 (RFC 7692 §6.1, RFC 7692 §7.2.1).
fn parts_are_one_stream_that_ends_once<R: Deflating>() {
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    let mut out = Vec::new();
    for (part, last) in [("Hel", false), ("", false), ("lo, hello", false), (" again", true)] {
        connection.send_fragment(MessageKind::Text, part.as_bytes(), last, &mut out).unwrap();
        // Control frames between parts are as they are, and do no harm.
        connection.ping(b"\x00\x00\xff\xff", &mut out).unwrap();
    }
    let frames = frames_of::<R>(&out);
    assert_eq!(
        frames.iter().map(|(first, _)| *first).collect::<Vec<_>>(),
        [0x41, 0x89, 0x00, 0x89, 0x00, 0x89, 0x80, 0x89]
    );
    // 00 00 FF FF is removed at the end of the message alone.
    assert!(frames[0].1.ends_with(&[0, 0, 0xFF, 0xFF]) && frames[4].1.ends_with(&[0, 0, 0xFF, 0xFF]));
    assert!(
        frames[2].1.is_empty() && !frames[6].1.ends_with(&[0, 0, 0xFF, 0xFF]) && frames[6].1.ends_with(&[0])
    );
    assert!(
        frames.iter().all(|(first, payload)| first & 0x0F != 9 || payload == b"\x00\x00\xff\xff"),
        "PMD-11"
    );
    let [(true, payload)] = &messages_of::<R>(&out)[..] else { panic!() };
    assert_eq!(Reference::default().message(payload), b"Hello, hello again");
    for delivery in [Delivery::Messages, Delivery::Parts] {
        let seen = carried::<R>(DeflateParams::new(), &out, delivery);
        assert_eq!(
            seen.iter().filter(|seen| **seen == Seen::Text("Hello, hello again".to_owned())).count(),
            1
        );
        assert_eq!(seen.len(), 5);
    }
    // A code point may lie across two.
    out.clear();
    connection.send_fragment(MessageKind::Text, b"\xce", false, &mut out).unwrap();
    connection.send_fragment(MessageKind::Text, b"\xba", true, &mut out).unwrap();
    assert_eq!(
        connection.send_fragment(MessageKind::Text, b"\xff", true, &mut out),
        Err(SendError::InvalidUtf8)
    );
    connection.send_fragment(MessageKind::Text, b"", true, &mut out).unwrap();
    let mut reference = Reference::default();
    let texts: Vec<_> =
        messages_of::<R>(&out).iter().map(|(_, payload)| reference.message(payload)).collect();
    assert_eq!(texts, ["κ".as_bytes(), b""]);
}

both_roles!(an_empty_message_is_one_octet);
/// PMD-16 (RFC 7692 §7.2.3.6).
fn an_empty_message_is_one_octet<R: Deflating>() {
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    for _ in 0..3 {
        assert_eq!(compressed(&mut connection, ""), [0]);
    }
    let before = compressed(&mut connection, "Hello");
    assert_eq!(compressed(&mut connection, ""), [0]);
    assert_eq!(
        (&before[..], &compressed(&mut connection, "Hello")[..]),
        (HELLO, &b"\xf2\x00\x11\x00\x00"[..])
    );
    let mut out = Vec::new();
    // §7.2.3.6: a message of unknown length that turns out to be over
    connection.send_fragment(MessageKind::Binary, b"", false, &mut out).unwrap();
    connection.send_fragment(MessageKind::Binary, b"", true, &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x42, vec![]), (0x80, vec![0])]);
    assert_eq!(carried::<R>(DeflateParams::new(), &out, Delivery::Messages), [Seen::Binary(vec![])]);
    // Unless told otherwise, so short a message is not worth it.
    let mut config = Config::default();
    config.deflate = Some(DeflateConfig::default());
    out.clear();
    open::<R>(DeflateParams::new(), config).send_text("", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x81, vec![])]);
}

both_roles!(no_window_is_larger_than_was_agreed);
/// PMD-20 (RFC 7692 §7.2.1).
fn no_window_is_larger_than_was_agreed<R: Deflating>() {
    let mut random = Rng::with_seed(20);
    for bits in 8..=15u8 {
        // Repetitions just within the window, just beyond it, and far beyond it.
        let size = 1usize << bits;
        let noise: Vec<u8> = (0..size + 300).map(|_| random.u8(..)).collect();
        let mut texts: Vec<Vec<u8>> =
            vec![noise[..60].to_vec(), noise.clone(), noise.clone(), noise[..200].to_vec()];
        texts.extend((0..30).map(|_| {
            let len = random.usize(1..2 * size);
            json(&mut random, len).into_bytes()
        }));
        texts.push(texts[5..9].concat());
        for level in 0..=9u8 {
            let mut connection = at_level::<R>(own::<R>(bits, true), level);
            let (mut reference, mut wire, mut sent) = (Reference::default(), Vec::new(), 0);
            for (at, text) in texts.iter().enumerate() {
                match at % 3 {
                    0 => connection.send_binary(text, &mut wire).unwrap(),
                    _ => {
                        connection
                            .send_fragment(MessageKind::Binary, &text[..text.len() / 3], false, &mut wire)
                            .unwrap();
                        connection
                            .send_fragment(MessageKind::Binary, &text[text.len() / 3..], true, &mut wire)
                            .unwrap();
                    }
                }
                sent += 1;
            }
            let messages = messages_of::<R>(&wire);
            let before: usize = texts.iter().map(Vec::len).sum();
            if level % 3 == 0 {
                for ((compressed, payload), text) in messages.iter().zip(&texts) {
                    assert!(*compressed);
                    assert!(reference.message(payload) == *text, "{bits} {level}");
                }
                assert!(
                    reference.farthest <= size,
                    "{bits} bits at level {level}: {} back",
                    reference.farthest
                );
                assert!(
                    level == 0 || reference.farthest > size / 4,
                    "{bits} bits at level {level}: {}",
                    reference.farthest
                );
                assert!(level == 0 || wire.len() < before, "{} of {before}", wire.len());
            }
            // Its peer, whose window has that size, can read it.
            let seen = carried::<R>(own::<R>(bits, true), &wire, Delivery::Messages);
            assert!(
                seen.iter().zip(&texts).all(|(seen, text)| *seen == Seen::Binary(text.clone())),
                "{bits} {level}"
            );
            assert_eq!((seen.len(), messages.len()), (sent, sent));
        }
    }
}

both_roles!(the_own_limit_of_the_application_holds_too);
/// PMD-20 (RFC 7692 §7.2.1).
fn the_own_limit_of_the_application_holds_too<R: Deflating>() {
    let mut config = Config::default();
    let mut small = DeflateConfig::default();
    (small.min_len, *R::own(&mut small.limits).0, *R::own(&mut small.limits).1) = (0, 9, false);
    config.deflate = Some(small);
    // Negotiated on elsewhere, with more than that.
    let mut connection =
        Connection::established(R::role(), Negotiated::new().with_deflate(DeflateParams::new()), config);
    let text = json(&mut Rng::with_seed(2), 5000);
    let (first, second) = (compressed(&mut connection, &text), compressed(&mut connection, &text));
    assert_eq!(first, second);
    let mut reference = Reference::default();
    assert_eq!(reference.message(&first), text.as_bytes());
    assert!(reference.farthest <= 512);
}

both_roles!(without_context_takeover_each_message_starts_with_an_empty_window);
/// PMD-21 (RFC 7692 §7.2.1).
fn without_context_takeover_each_message_starts_with_an_empty_window<R: Deflating>() {
    let mut random = Rng::with_seed(21);
    let (text, other) = (json(&mut random, 3000), json(&mut random, 40_000));
    for bits in [8, 12, 15] {
        let mut connection = open::<R>(own::<R>(bits, false), Config::default());
        let first = compressed(&mut connection, &text);
        // A part that is empty, or refused, in between changes nothing.
        let mut out = Vec::new();
        for between in 0..3 {
            match between {
                0 => drop(compressed(&mut connection, &other)),
                1 => connection.send_fragment(MessageKind::Binary, b"", false, &mut out).unwrap(),
                _ => connection.send_fragment(MessageKind::Binary, text.as_bytes(), true, &mut out).unwrap(),
            }
            if between != 1 {
                assert_eq!(compressed(&mut connection, &text), first, "{bits}");
            }
        }
        let [(true, joined)] = &messages_of::<R>(&out)[..] else { panic!() };
        let mut reference = Reference { begin: 0, ..Reference::default() };
        assert_eq!(reference.message(joined), text.as_bytes());
        // Each can be read alone.
        for _ in 0..2 {
            assert_eq!(Reference::default().message(&first), text.as_bytes());
        }
        // With it, the same is not the same.
        let mut connection = open::<R>(own::<R>(15, true), Config::default());
        assert_ne!(compressed(&mut connection, &text), compressed(&mut connection, &text));
        // What the peer does with its window is another matter.
        let mut connection = open::<R>(peer::<R>(8, false), Config::default());
        assert_ne!(compressed(&mut connection, &text), compressed(&mut connection, &text));
    }
}

both_roles!(a_message_can_be_sent_uncompressed);
/// PMD-10 (RFC 7692 §6), PMD-23 (RFC 7692 §8).
fn a_message_can_be_sent_uncompressed<R: Deflating>() {
    let mut config = Config::default();
    let mut deflate = DeflateConfig::default();
    deflate.min_len = 100;
    config.deflate = Some(deflate);
    let mut connection = open::<R>(DeflateParams::new(), config);
    let (mut out, text) = (Vec::new(), "a".repeat(100));
    // By its length,
    connection.send_text(&text[..99], &mut out).unwrap();
    connection.send_text(&text, &mut out).unwrap();
    // because the application says so,
    connection.set_compression(false);
    connection.send_text(&text, &mut out).unwrap();
    connection.send_fragment(MessageKind::Text, text.as_bytes(), false, &mut out).unwrap();
    connection.set_compression(true);
    connection.send_fragment(MessageKind::Text, text.as_bytes(), true, &mut out).unwrap();
    // in parts, the length of the message not being known,
    connection.send_fragment(MessageKind::Text, b"a", false, &mut out).unwrap();
    connection.set_compression(false);
    connection.send_fragment(MessageKind::Text, b"a", true, &mut out).unwrap();
    connection.set_compression(true);
    connection.send_fragment(MessageKind::Text, b"a", true, &mut out).unwrap();
    connection.send_fragment(MessageKind::Text, text.as_bytes(), true, &mut out).unwrap();
    // and if the payload is not copied.
    let mut payload = text.clone().into_bytes();
    let head = connection.mask_and_encode_header(MessageKind::Text, &mut payload).unwrap();
    out.extend_from_slice(&head);
    out.extend_from_slice(&payload);
    let firsts: Vec<u8> = frames_of::<R>(&out).iter().map(|(first, _)| *first).collect();
    assert_eq!(firsts, [0x81, 0xC1, 0x81, 0x01, 0x80, 0x41, 0x80, 0x81, 0xC1, 0x81]);
    let long = Seen::Text(text.clone());
    let seen = [
        Seen::Text(text[..99].to_owned()),
        long.clone(),
        long.clone(),
        Seen::Text("a".repeat(200)),
        Seen::Text("aa".to_owned()),
        Seen::Text("a".to_owned()),
        long.clone(),
        long,
    ];
    assert_eq!(carried::<R>(DeflateParams::new(), &out, Delivery::Messages), seen);
    // Nothing is compressed that was not agreed on, whatever is switched on.
    let mut connection = Connection::established(R::role(), Negotiated::new(), config);
    connection.set_compression(true);
    out.clear();
    connection.send_text(&text, &mut out).unwrap();
    assert_eq!(out[0], 0x81);
}

both_roles!(a_pair_agrees_for_every_parameter_and_schedule);
/// PMD-12 (RFC 7692 §7.2.2).
fn a_pair_agrees_for_every_parameter_and_schedule<R: Deflating>() {
    let mut random = Rng::with_seed(0xDEF1);
    for round in 0..60 {
        let deflate = own::<R>(random.u8(8..=15), random.bool());
        let mut connection = at_level::<R>(deflate, random.u8(0..=9));
        let (mut wire, mut sent) = (Vec::new(), vec![]);
        for _ in 0..random.usize(1..15) {
            let len = [0, 1, 5, 100, 1000, 20_000, 70_000][random.usize(..7)];
            let text = json(&mut random, len);
            match random.u8(..5) {
                0 => connection.send_binary(text.as_bytes(), &mut wire).unwrap(),
                1 => connection.send_text(&text, &mut wire).unwrap(),
                2 => {
                    connection.set_compression(random.bool());
                    connection.ping(b"x", &mut wire).unwrap();
                    sent.push(Seen::Ping(b"x".to_vec()));
                    continue;
                }
                _ => {
                    let mut rest = text.as_bytes();
                    while random.u8(..4) > 0 {
                        let (part, after) = rest.split_at(random.usize(..=rest.len()));
                        connection.send_fragment(MessageKind::Text, part, false, &mut wire).unwrap();
                        rest = after;
                    }
                    connection.send_fragment(MessageKind::Text, rest, true, &mut wire).unwrap();
                }
            }
            sent.push(if wire.is_empty() { unreachable!() } else { Seen::Text(text) });
        }
        for delivery in [Delivery::Messages, Delivery::Parts] {
            let seen: Vec<Seen> = carried::<R>(deflate, &wire, delivery)
                .into_iter()
                .map(|seen| match seen {
                    Seen::Binary(bytes) => Seen::Text(String::from_utf8(bytes).unwrap()),
                    seen => seen,
                })
                .collect();
            assert!(seen == sent, "{round} {deflate:?} {delivery:?}");
        }
    }
}

both_roles!(a_long_message_that_does_not_shrink_is_sent_whole);
/// RFC 7692 §7.2.1: the compressor fills its output several times, because noise does not shrink.
fn a_long_message_that_does_not_shrink_is_sent_whole<R: Deflating>() {
    let mut random = Rng::with_seed(21);
    let noise: Vec<u8> = (0..700_000).map(|_| random.u8(..)).collect();
    for level in [0, 1, 9] {
        let (mut connection, mut out) = (at_level::<R>(DeflateParams::new(), level), Vec::new());
        connection.send_binary(&noise, &mut out).unwrap();
        connection.send_binary(b"next", &mut out).unwrap();
        let seen = carried::<R>(DeflateParams::new(), &out, Delivery::Messages);
        assert!(
            seen == [Seen::Binary(noise.clone()), Seen::Binary(b"next".to_vec())],
            "level {level}: {}",
            seen.len()
        );
    }
}
