//! UTF-8 in text messages (§5.6, §8.1), for both roles.

use websocket_proto::{Config, Delivery, Error, ProtocolError, State};

use crate::support::{Seen, Side, every_way, frame, frames_of, transmit};

const TEXTS: [&str; 8] = [
    "",
    "Hello",
    "Κόσμε \u{0}\u{7f}",
    "\u{feff}\u{fffe}\u{ffff}\u{fdd0}",
    "\u{d7ff}\u{e000}\u{10ffff}\u{10000}",
    "\u{80}\u{7ff}\u{800}\u{ffff}",
    "日本語テキスト",
    "a😀b👨‍👩‍👧c",
];

const NOT_TEXTS: [&[u8]; 14] = [
    b"\x80",
    b"\xbf\xbf",
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xc3\x41",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf5",
    b"\xfe",
    b"\xff\xff",
];

both_roles!(a_code_point_can_be_split_over_fragments_and_reads);
/// U8-01 (§5.6, §8.1), U8-02 (§5.6).
fn a_code_point_can_be_split_over_fragments_and_reads<R: Side>() {
    for text in TEXTS {
        let seen = [Seen::Text(text.to_owned())];
        assert_eq!(transmit::<R>(Config::default(), &frame::<R>(0x81, text.as_bytes())).events, seen);
        for cut in 0..=text.len() {
            let (left, right) = text.as_bytes().split_at(cut);
            let wire = [frame::<R>(0x01, left), frame::<R>(0x89, b"\xff"), frame::<R>(0x80, right)].concat();
            let outcome = transmit::<R>(Config::default(), &wire);
            assert_eq!((&outcome.events[1..], outcome.error), (&seen[..], None), "{text} cut at {cut}");
        }
        let mut wire = frame::<R>(0x01, b"");
        wire.extend(text.as_bytes().iter().flat_map(|byte| frame::<R>(0x00, &[*byte])));
        wire.extend(frame::<R>(0x80, b""));
        assert_eq!(transmit::<R>(Config::default(), &wire).events, seen, "a fragment a byte");
    }
}

both_roles!(text_that_is_not_utf8_fails_with_1007);
/// U8-03 (§8.1).
fn text_that_is_not_utf8_fails_with_1007<R: Side>() {
    for bad in NOT_TEXTS {
        for (before, after) in [("", ""), ("ok é", ""), ("", "ok"), ("😀", "κ")] {
            let payload = [before.as_bytes(), bad, after.as_bytes()].concat();
            for split in [0, payload.len() / 2, payload.len()] {
                let (left, right) = payload.split_at(split);
                let wire = [
                    frame::<R>(0x82, b"\xff"),
                    frame::<R>(0x01, left),
                    frame::<R>(0x80, right),
                    frame::<R>(0x81, b"late"),
                ]
                .concat();
                let outcome = transmit::<R>(Config::default(), &wire);
                assert_eq!(
                    outcome.error,
                    Some(Error::Protocol(ProtocolError::InvalidUtf8)),
                    "{payload:02x?}"
                );
                assert_eq!((outcome.events, outcome.state), (vec![Seen::Binary(vec![0xFF])], State::End));
                assert_eq!(frames_of::<R>(&outcome.out), [(0x88, b"\x03\xef".to_vec())]);
            }
        }
    }
}

both_roles!(text_fails_at_the_first_impossible_byte);
/// U8-04.
fn text_fails_at_the_first_impossible_byte<R: Side>() {
    for (payload, at) in [
        (&b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80"[..], 13),
        (b"\xed\xa0\x80", 2),
        (b"abc\xff", 4),
        (b"\xf0\x9f\x98\x41", 4),
    ] {
        // The frame declares more bytes than are received; the received ones suffice to fail.
        for first in [0x81, 0x01] {
            let whole = frame::<R>(first, &[payload, &[b'x'; 20]].concat());
            let head = whole.len() - payload.len() - 20;
            assert_eq!(
                transmit::<R>(Config::default(), &whole[..head + at - 1]).error,
                None,
                "{payload:02x?}"
            );
            assert_eq!(
                transmit::<R>(Config::default(), &whole[..head + at]).error,
                Some(ProtocolError::InvalidUtf8.into()),
                "{payload:02x?}"
            );
        }
        let fragments: Vec<u8> = payload[..at].iter().flat_map(|byte| frame::<R>(0x00, &[*byte])).collect();
        assert_eq!(
            transmit::<R>(Config::default(), &[frame::<R>(0x01, b""), fragments].concat()).error,
            Some(ProtocolError::InvalidUtf8.into())
        );
    }
}

both_roles!(in_parts_the_text_before_an_invalid_byte_is_delivered);
/// U8-04 (§8.1): in parts, the valid text before the first invalid byte, and then the error, in one read or
/// in many.
fn in_parts_the_text_before_an_invalid_byte_is_delivered<R: Side>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let fails = |wire: &[u8], before: &str| {
        let outcome = every_way(&R::open(config), wire, |_, _| {});
        assert_eq!(
            outcome.unfinished.escape_ascii().to_string(),
            before.as_bytes().escape_ascii().to_string()
        );
        assert_eq!((outcome.events, outcome.error), (vec![], Some(ProtocolError::InvalidUtf8.into())));
    };
    for bad in NOT_TEXTS {
        for before in TEXTS {
            let text = [before.as_bytes(), bad].concat();
            fails(&frame::<R>(0x81, &text), before);
            fails(&frame::<R>(0x81, &[&text[..], b"after"].concat()), before);
            fails(&frame::<R>(0x01, &text), before);
            fails(&[frame::<R>(0x01, b"a"), frame::<R>(0x80, &text)].concat(), &["a", before].concat());
        }
    }
    fails(&frame::<R>(0x81, b"cut off \xf0\x9f\x98"), "cut off ");
    fails(&[frame::<R>(0x01, b"cut off \xf0"), frame::<R>(0x80, b"\x9f\x98")].concat(), "cut off ");
}

both_roles!(a_message_cannot_end_inside_a_code_point);
/// U8-05 (§8.1).
fn a_message_cannot_end_inside_a_code_point<R: Side>() {
    for text in ["é", "日", "😀"] {
        for cut in 1..text.len() {
            let begun = &text.as_bytes()[..cut];
            for wire in [
                frame::<R>(0x81, begun),
                [frame::<R>(0x01, begun), frame::<R>(0x80, b"")].concat(),
                [frame::<R>(0x01, b"x"), frame::<R>(0x80, begun)].concat(),
                [frame::<R>(0x01, begun), frame::<R>(0x80, b""), frame::<R>(0x81, &text.as_bytes()[cut..])]
                    .concat(),
            ] {
                let outcome = transmit::<R>(Config::default(), &wire);
                assert_eq!(
                    (outcome.error, outcome.events),
                    (Some(ProtocolError::InvalidUtf8.into()), vec![])
                );
            }
        }
    }
}

both_roles!(payloads_other_than_text_are_not_validated);
/// U8-06 (§5.6).
fn payloads_other_than_text_are_not_validated<R: Side>() {
    for bad in NOT_TEXTS {
        let wire = [
            frame::<R>(0x82, bad),
            frame::<R>(0x02, bad),
            frame::<R>(0x80, bad),
            frame::<R>(0x89, bad),
            frame::<R>(0x8A, bad),
        ]
        .concat();
        let outcome = transmit::<R>(Config::default(), &wire);
        let twice = Seen::Binary([bad, bad].concat());
        let events = [Seen::Binary(bad.to_vec()), twice, Seen::Ping(bad.to_vec()), Seen::Pong(bad.to_vec())];
        assert_eq!((outcome.events, outcome.error), (events.to_vec(), None));
    }
}

both_roles!(random_texts_and_near_texts_agree_with_core);
/// U8-08.
fn random_texts_and_near_texts_agree_with_core<R: Side>() {
    let mut random = fastrand::Rng::with_seed(88);
    for _ in 0..60 {
        let mut payload: Vec<u8> =
            (0..random.usize(..60)).map(|_| random.char(..)).collect::<String>().into_bytes();
        if random.bool() && !payload.is_empty() {
            let at = random.usize(..payload.len());
            payload[at] ^= 1 << random.u32(..8);
        }
        let expected = core::str::from_utf8(&payload).map(|text| Seen::Text(text.to_owned())).ok();
        let cut = payload.len() / 3;
        for wire in [
            frame::<R>(0x81, &payload),
            [frame::<R>(0x01, &payload[..cut]), frame::<R>(0x80, &payload[cut..])].concat(),
        ] {
            let outcome = transmit::<R>(Config::default(), &wire);
            assert_eq!(outcome.events, expected.clone().into_iter().collect::<Vec<_>>(), "{payload:02x?}");
            assert_eq!(outcome.error.is_none(), expected.is_some());
        }
    }
}
