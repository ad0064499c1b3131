//! UTF-8 in text messages (§5.6, §8.1), for both roles.

use websocket_proto::{Client, Config, Delivery, Error, ProtocolError, Server, State};

use crate::support::{Keys, Outcome, Seen, Side, every_way, frame, frames_of, transmit};

type Clients = Client<Keys>;

fn both(test: impl Fn(fn(u8, &[u8]) -> Vec<u8>, fn(&[u8]) -> Outcome, fn(&[u8]) -> Vec<(u8, Vec<u8>)>)) {
    test(frame::<Server>, |wire| transmit::<Server>(Config::default(), wire), frames_of::<Server>);
    test(frame::<Clients>, |wire| transmit::<Clients>(Config::default(), wire), frames_of::<Clients>);
}

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

#[test]
fn u8_01_u8_02_a_code_point_can_be_split_over_fragments_and_reads() {
    both(|frame, transmit, _| {
        for text in TEXTS {
            let seen = [Seen::Text(text.to_owned())];
            assert_eq!(transmit(&frame(0x81, text.as_bytes())).events, seen);
            for cut in 0..=text.len() {
                let (left, right) = text.as_bytes().split_at(cut);
                let wire = [frame(0x01, left), frame(0x89, b"\xff"), frame(0x80, right)].concat();
                let outcome = transmit(&wire);
                assert_eq!((&outcome.events[1..], outcome.error), (&seen[..], None), "{text} cut at {cut}");
            }
            let mut wire = frame(0x01, b"");
            wire.extend(text.as_bytes().iter().flat_map(|byte| frame(0x00, &[*byte])));
            wire.extend(frame(0x80, b""));
            assert_eq!(transmit(&wire).events, seen, "a fragment a byte");
        }
    });
}

#[test]
fn u8_03_what_is_not_utf8_fails_with_1007() {
    both(|frame, transmit, frames_of| {
        for bad in NOT_TEXTS {
            for (before, after) in [("", ""), ("ok é", ""), ("", "ok"), ("😀", "κ")] {
                let payload = [before.as_bytes(), bad, after.as_bytes()].concat();
                for split in [0, payload.len() / 2, payload.len()] {
                    let (left, right) = payload.split_at(split);
                    let wire =
                        [frame(0x82, b"\xff"), frame(0x01, left), frame(0x80, right), frame(0x81, b"late")]
                            .concat();
                    let outcome = transmit(&wire);
                    assert_eq!(
                        outcome.error,
                        Some(Error::Protocol(ProtocolError::InvalidUtf8)),
                        "{payload:02x?}"
                    );
                    assert_eq!((outcome.events, outcome.state), (vec![Seen::Binary(vec![0xFF])], State::End));
                    assert_eq!(frames_of(&outcome.out), [(0x88, b"\x03\xef".to_vec())]);
                }
            }
        }
    });
}

#[test]
fn u8_04_it_fails_at_the_first_impossible_byte() {
    both(|frame, transmit, _| {
        for (payload, at) in [
            (&b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80"[..], 13),
            (b"\xed\xa0\x80", 2),
            (b"abc\xff", 4),
            (b"\xf0\x9f\x98\x41", 4),
        ] {
            // The frame declares more than comes; what came suffices to fail.
            for first in [0x81, 0x01] {
                let whole = frame(first, &[payload, &[b'x'; 20]].concat());
                let head = whole.len() - payload.len() - 20;
                assert_eq!(transmit(&whole[..head + at - 1]).error, None, "{payload:02x?}");
                assert_eq!(
                    transmit(&whole[..head + at]).error,
                    Some(ProtocolError::InvalidUtf8.into()),
                    "{payload:02x?}"
                );
            }
            let fragments: Vec<u8> = payload[..at].iter().flat_map(|byte| frame(0x00, &[*byte])).collect();
            assert_eq!(
                transmit(&[frame(0x01, b""), fragments].concat()).error,
                Some(ProtocolError::InvalidUtf8.into())
            );
        }
    });
}

both_roles!(u8_04_in_parts_the_text_before_an_invalid_byte_is_delivered);
/// U8-04 (§8.1): in parts, the valid text before the first invalid byte, and then the error, in one read or
/// in many.
fn u8_04_in_parts_the_text_before_an_invalid_byte_is_delivered<R: Side>() {
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

#[test]
fn u8_05_a_message_cannot_end_inside_a_code_point() {
    both(|frame, transmit, _| {
        for text in ["é", "日", "😀"] {
            for cut in 1..text.len() {
                let begun = &text.as_bytes()[..cut];
                for wire in [
                    frame(0x81, begun),
                    [frame(0x01, begun), frame(0x80, b"")].concat(),
                    [frame(0x01, b"x"), frame(0x80, begun)].concat(),
                    [frame(0x01, begun), frame(0x80, b""), frame(0x81, &text.as_bytes()[cut..])].concat(),
                ] {
                    let outcome = transmit(&wire);
                    assert_eq!(
                        (outcome.error, outcome.events),
                        (Some(ProtocolError::InvalidUtf8.into()), vec![])
                    );
                }
            }
        }
    });
}

#[test]
fn u8_06_other_payloads_are_not_text() {
    both(|frame, transmit, _| {
        for bad in NOT_TEXTS {
            let wire =
                [frame(0x82, bad), frame(0x02, bad), frame(0x80, bad), frame(0x89, bad), frame(0x8A, bad)]
                    .concat();
            let outcome = transmit(&wire);
            let twice = Seen::Binary([bad, bad].concat());
            let events =
                [Seen::Binary(bad.to_vec()), twice, Seen::Ping(bad.to_vec()), Seen::Pong(bad.to_vec())];
            assert_eq!((outcome.events, outcome.error), (events.to_vec(), None));
        }
    });
}

#[test]
fn u8_08_random_texts_and_near_texts_agree_with_core() {
    let mut random = fastrand::Rng::with_seed(88);
    for _ in 0..60 {
        let mut payload: Vec<u8> =
            (0..random.usize(..60)).map(|_| random.char(..)).collect::<String>().into_bytes();
        if random.bool() && !payload.is_empty() {
            let at = random.usize(..payload.len());
            payload[at] ^= 1 << random.u32(..8);
        }
        let expected = core::str::from_utf8(&payload).map(|text| Seen::Text(text.to_owned())).ok();
        both(|frame, transmit, _| {
            let cut = payload.len() / 3;
            for wire in
                [frame(0x81, &payload), [frame(0x01, &payload[..cut]), frame(0x80, &payload[cut..])].concat()]
            {
                let outcome = transmit(&wire);
                assert_eq!(
                    outcome.events,
                    expected.clone().into_iter().collect::<Vec<_>>(),
                    "{payload:02x?}"
                );
                assert_eq!(outcome.error.is_none(), expected.is_some());
            }
        });
    }
}
