//! What comes in compressed (RFC 7692 §6.2, §7.2.2), both roles, in every chunking.

use allocation_counter::measure;
use fastrand::Rng;
use websocket_proto::{
    Config, Connection, DeflateParams, Delivery, Error, Event, MessageKind, ProtocolError, ReceiveBuffer,
    Role, Server, State,
};
use zlib_rs::DeflateFlush;

use crate::support::{Outcome, Seen, feed, filled, frame, frames_of};
use crate::support_deflate::{self, Deflating, HELLO, Zlib, every_way, json, open, own, peer};

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

/// Frames of a message, its payload cut at these places.
fn fragments<R: Deflating>(opcode: u8, payload: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let ends: Vec<usize> = cuts.iter().copied().chain([payload.len()]).collect();
    let (mut frames, mut from) = (vec![], 0);
    for (at, end) in ends.iter().enumerate() {
        let first = if at == 0 { 0x40 | opcode } else { 0 } | if at + 1 == ends.len() { 0x80 } else { 0 };
        frames.push(frame::<R>(first, &payload[from..*end]));
        from = *end;
    }
    frames
}

/// What comes of these frames where all is agreed on.
fn seen<R: Deflating>(wire: &[u8]) -> Outcome {
    every_way::<R>(DeflateParams::new(), Config::default(), wire, 8192)
}

fn ok<R: Deflating>(wire: &[u8], events: &[Seen]) {
    let outcome = seen::<R>(wire);
    assert_eq!((&outcome.events[..], outcome.error), (events, None));
}

fn fails<R: Deflating>(wire: &[u8], error: ProtocolError) -> Outcome {
    let outcome = seen::<R>(wire);
    assert_eq!((outcome.error, outcome.state), (Some(Error::Protocol(error)), State::End));
    let (first, body) = frames_of::<R>(&outcome.out).pop().unwrap();
    assert_eq!((first, &body[..]), (0x88, &error.close_code().get().to_be_bytes()[..]));
    outcome
}

both_roles!(pmd_12_pmd_14_known_answers_of_section_7_2_3);
fn pmd_12_pmd_14_known_answers_of_section_7_2_3<R: Deflating>() {
    // §7.2.3.1: one block with fixed codes, whole and in two fragments
    ok::<R>(&frame::<R>(0xC1, HELLO), &[text("Hello")]);
    ok::<R>(&[frame::<R>(0x41, &HELLO[..3]), frame::<R>(0x80, &HELLO[3..])].concat(), &[text("Hello")]);
    // §7.2.3.2: the window of the message before, also behind a plain message
    let again = frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00");
    ok::<R>(&[frame::<R>(0xC1, HELLO), again.clone()].concat(), &[text("Hello"), text("Hello")]);
    let plain = frame::<R>(0x81, b"plain");
    ok::<R>(
        &[frame::<R>(0xC1, HELLO), plain, again].concat(),
        &[text("Hello"), text("plain"), text("Hello")],
    );
    // §7.2.3.3: without compression
    ok::<R>(&frame::<R>(0xC1, b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), &[text("Hello")]);
    // §7.2.3.5: two blocks
    ok::<R>(&frame::<R>(0xC1, b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), &[text("Hello")]);
}

both_roles!(pmd_15_attack_e10_a_block_with_bfinal_and_what_comes_after_it);
fn pmd_15_attack_e10_a_block_with_bfinal_and_what_comes_after_it<R: Deflating>() {
    // §7.2.3.4
    let last = b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00";
    ok::<R>(&frame::<R>(0xC1, last), &[text("Hello")]);
    // The same without the empty block, as senders write it that know no flush.
    ok::<R>(&frame::<R>(0xC1, &last[..7]), &[text("Hello")]);
    // The connection goes on, and the window is still there.
    let again = frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00");
    let wire =
        [frame::<R>(0xC1, last), again.clone(), frame::<R>(0xC1, &last[..7]), again, frame::<R>(0xC1, last)]
            .concat();
    ok::<R>(&wire, &vec![text("Hello"); 5]);
    // Blocks with BFINAL, one after the other, in one message; then one that looks back over them.
    let twice = [&last[..7], last].concat();
    ok::<R>(&frame::<R>(0xC1, &twice), &[text("HelloHello")]);
    ok::<R>(&frame::<R>(0xC1, &[&last[..7], &b"\xf2\x00\x11\x00\x00"[..]].concat()), &[text("HelloHello")]);
    // Behind a stored block with BFINAL, in fragments at every byte.
    let stored = b"\x01\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\xf2\x00\x11\x00\x00";
    ok::<R>(
        &fragments::<R>(1, stored, &(1..stored.len()).collect::<Vec<_>>()).concat(),
        &[text("HelloHello")],
    );
    // zlib's way to end a stream, for larger ones.
    let mut random = Rng::with_seed(3);
    for level in [0, 1, 6, 9] {
        let whole = json(&mut random, 3000);
        let payload = Zlib::new(level, 15).flush(whole.as_bytes(), DeflateFlush::Finish);
        ok::<R>(
            &[frame::<R>(0xC1, &[&payload[..], &[0]].concat()), frame::<R>(0xC1, &payload)].concat(),
            &[text(&whole), text(&whole)],
        );
    }
}

both_roles!(pmd_15_a_last_block_ends_the_message_wherever_a_buffer_of_the_inflater_ends);
fn pmd_15_a_last_block_ends_the_message_wherever_a_buffer_of_the_inflater_ends<R: Deflating>() {
    // A run of one byte comes out of the last bytes of the message: they are taken while some of it waits for room.
    for (bits, around) in [(8, 256), (9, 512), (15, 2048), (15, 16_384), (15, 32_768)] {
        for len in around - 150..around + 300 {
            let run = vec![b'a'; len];
            let payload = Zlib::new(6, bits).flush(&run, DeflateFlush::Finish);
            let wire =
                [frame::<R>(0xC2, &payload), frame::<R>(0xC2, &[&payload[..], &[0]].concat())].concat();
            for delivery in [Delivery::Messages, Delivery::Parts] {
                let mut config = Config::default();
                config.delivery = delivery;
                for chunk in [1, usize::MAX] {
                    let connection = open::<R>(peer::<R>(bits, true), config);
                    let outcome = feed(
                        connection,
                        ReceiveBuffer::new(),
                        wire.chunks(chunk.min(wire.len())),
                        |_, _| panic!(),
                    );
                    assert_eq!(outcome.error, None, "{bits} bits, {len} bytes, by {chunk}");
                    assert!(outcome.events == [Seen::Binary(run.clone()), Seen::Binary(run.clone())]);
                }
            }
        }
    }
    // Nothing but zeros for its padding may follow it, nor less than all of it come.
    for len in 2040..2100 {
        let payload = Zlib::new(6, 15).flush(&vec![b'a'; len], DeflateFlush::Finish);
        for wrong in [&payload[..payload.len() - 1], &[&payload[..], &[0xAA]].concat()] {
            let connection = open::<R>(DeflateParams::new(), Config::default());
            let outcome =
                feed(connection, ReceiveBuffer::new(), [&frame::<R>(0xC2, wrong)[..]], |_, _| panic!());
            assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::InvalidDeflate)), "{len}");
        }
    }
}

both_roles!(pmd_13_what_a_fragment_holds_comes_with_it);
fn pmd_13_what_a_fragment_holds_comes_with_it<R: Deflating>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let given = |wire: &[u8], chunk: usize| {
        let (mut connection, mut inbound, mut given) =
            (open::<R>(DeflateParams::new(), config), ReceiveBuffer::new(), vec![]);
        for chunk in wire.chunks(chunk) {
            assert_eq!(inbound.feed(chunk), chunk.len());
            loop {
                match connection.receive(&mut inbound, &mut Vec::new()) {
                    Ok(Some(Event::BinaryPart { bytes, last: false })) => given.extend_from_slice(bytes),
                    Ok(Some(Event::TextPart { text, last: false })) => {
                        given.extend_from_slice(text.as_bytes())
                    }
                    Ok(None) => break,
                    Err(error) => return (given, Some(error)),
                    other => panic!("{other:?}"),
                }
            }
        }
        (given, None)
    };
    // Flushed, and then the peer has no more to say for a while, or breaks the protocol.
    for (first, text) in [(0x41, "κόσμε"), (0x42, "streamed")] {
        let frame_of = frame::<R>(first, &Zlib::new(6, 15).flush(text.as_bytes(), DeflateFlush::SyncFlush));
        let broken = [&frame_of[..], &frame::<R>(0xC0, b"")].concat();
        for chunk in [1, 2, 1000] {
            assert_eq!(given(&frame_of, chunk), (text.as_bytes().to_vec(), None));
            let error = Some(Error::Protocol(ProtocolError::ReservedBits));
            assert_eq!(given(&broken, chunk), (text.as_bytes().to_vec(), error));
        }
    }
    // Without a flush, too: a match reaches over the end of the window, and all of its bits are there.
    for len in 1..2300usize {
        let run = vec![b'a'; len];
        assert_eq!(
            given(&frame::<R>(0x42, &Zlib::new(6, 15).flush(&run, DeflateFlush::Finish)), 1000),
            (run, None)
        );
    }
}

both_roles!(pmd_16_empty_messages);
fn pmd_16_empty_messages<R: Deflating>() {
    for payload in [
        &b""[..],
        b"\x00",
        b"\x02\x00",
        b"\x03\x00",
        b"\x03\x00\x00",
        b"\x00\x00\x00\xff\xff\x00",
        b"\x01\x00\x00\xff\xff",
    ] {
        ok::<R>(&frame::<R>(0xC1, payload), &[text("")]);
        let wire =
            [frame::<R>(0xC1, HELLO), frame::<R>(0xC2, payload), frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00")]
                .concat();
        ok::<R>(&wire, &[text("Hello"), Seen::Binary(vec![]), text("Hello")]);
    }
    // §7.2.1 (2): an empty block without compression that has BFINAL need not be followed by another one.
    let again = frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00");
    let wire = [
        frame::<R>(0xC1, b"\x01"),
        frame::<R>(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x04"),
        again.clone(),
        frame::<R>(0xC2, b"\x01"),
        again,
    ];
    ok::<R>(&wire.concat(), &[text(""), text("Hello"), text("Hello"), Seen::Binary(vec![]), text("Hello")]);
    // Empty fragments, first, between and last.
    let wire = [frame::<R>(0x41, b""), frame::<R>(0x00, HELLO), frame::<R>(0x00, b""), frame::<R>(0x80, b"")]
        .concat();
    ok::<R>(&wire, &[text("Hello")]);
    ok::<R>(&[frame::<R>(0x41, b""), frame::<R>(0x80, b"")].concat(), &[text("")]);
}

both_roles!(pmd_09_attack_e2_rsv1_belongs_to_the_first_frame_of_a_data_message);
fn pmd_09_attack_e2_rsv1_belongs_to_the_first_frame_of_a_data_message<R: Deflating>() {
    for control in [0xC8, 0xC9, 0xCA] {
        let outcome = fails::<R>(&frame::<R>(control, b""), ProtocolError::ReservedBits);
        assert_eq!(outcome.events, []);
        fails::<R>(
            &[frame::<R>(0x41, &HELLO[..3]), frame::<R>(control, b"x")].concat(),
            ProtocolError::ReservedBits,
        );
    }
    for begin in [frame::<R>(0x41, &HELLO[..3]), frame::<R>(0x01, b"He")] {
        for first in [0x40, 0xC0] {
            fails::<R>(
                &[begin.clone(), frame::<R>(first, b"\x48\xcd\xc9\xc9\x07\x00")].concat(),
                ProtocolError::ReservedBits,
            );
        }
    }
    // `c9 81 k x`, and then a plain message, which is not to be taken for a compressed one.
    let outcome = fails::<R>(
        &[frame::<R>(0xC9, b"x"), frame::<R>(0x81, b"plain")].concat(),
        ProtocolError::ReservedBits,
    );
    assert_eq!(outcome.events, []);
    // With the other bits, too.
    for first in [0xE1, 0xD1, 0xF1, 0xA1] {
        fails::<R>(&frame::<R>(first, HELLO), ProtocolError::ReservedBits);
    }
}

both_roles!(pmd_10_a_message_without_rsv1_is_plain);
fn pmd_10_a_message_without_rsv1_is_plain<R: Deflating>() {
    // Even where it would inflate.
    let wire = [
        frame::<R>(0x82, HELLO),
        frame::<R>(0xC2, HELLO),
        frame::<R>(0x02, &HELLO[..2]),
        frame::<R>(0x80, &HELLO[2..]),
    ]
    .concat();
    ok::<R>(
        &wire,
        &[Seen::Binary(HELLO.to_vec()), Seen::Binary(b"Hello".to_vec()), Seen::Binary(HELLO.to_vec())],
    );
    fails::<R>(&frame::<R>(0x81, HELLO), ProtocolError::InvalidUtf8);
}

both_roles!(pmd_11_attack_e3_control_frames_between_compressed_fragments);
fn pmd_11_attack_e3_control_frames_between_compressed_fragments<R: Deflating>() {
    for opcode in [1, 2] {
        let (mut wire, mut events) = (vec![], vec![]);
        for message in 0..3 {
            let payload = [HELLO, b"\xf2\x00\x11\x00\x00", HELLO][message];
            for (at, frame_of) in fragments::<R>(opcode, payload, &(1..payload.len()).collect::<Vec<_>>())
                .into_iter()
                .enumerate()
            {
                if at > 0 {
                    // What looks compressed, what looks like the end of a message, and nothing.
                    for (control, body) in [(0x89, &b"\x00\x00\xff\xff"[..]), (0x8A, HELLO), (0x89, b"")] {
                        wire.extend(frame::<R>(control, body));
                        events.push(if control == 0x89 {
                            Seen::Ping(body.to_vec())
                        } else {
                            Seen::Pong(body.to_vec())
                        });
                    }
                }
                wire.extend(frame_of);
            }
            events.push(if opcode == 1 { text("Hello") } else { Seen::Binary(b"Hello".to_vec()) });
        }
        ok::<R>(&wire, &events);
    }
    // A Close drops what is open.
    let outcome = seen::<R>(&[frame::<R>(0x41, &HELLO[..4]), frame::<R>(0x88, b"\x03\xe8")].concat());
    assert_eq!((outcome.events, outcome.error), (vec![Seen::Close(Some((1000, String::new())))], None));
}

both_roles!(pmd_12_every_kind_of_block_at_every_level);
fn pmd_12_every_kind_of_block_at_every_level<R: Deflating>() {
    let mut random = Rng::with_seed(12);
    for (level, bits) in [(0, 15), (1, 15), (4, 9), (6, 15), (9, 12)] {
        let mut zlib = Zlib::new(level, bits);
        let (mut wire, mut events) = (vec![], vec![]);
        for len in [1, 40, 700, 3000] {
            let whole = json(&mut random, len);
            // In several blocks.
            let (left, right) = whole.as_bytes().split_at(len / 2);
            let flushes = [DeflateFlush::SyncFlush, DeflateFlush::FullFlush, DeflateFlush::PartialFlush];
            let payload = [zlib.flush(left, flushes[random.usize(..3)]), zlib.message(right)].concat();
            wire.extend(frame::<R>(0xC1, &payload));
            events.push(text(&whole));
        }
        ok::<R>(&wire, &events);
    }
}

both_roles!(pmd_13_fragments_are_one_stream);
fn pmd_13_fragments_are_one_stream<R: Deflating>() {
    // Cut where blocks end, the 00 00 FF FF of all but the last still there; and at every other place.
    let mut random = Rng::with_seed(13);
    let whole = json(&mut random, 600);
    let mut zlib = Zlib::new(6, 15);
    let parts: Vec<Vec<u8>> =
        whole.as_bytes().chunks(150).map(|part| zlib.flush(part, DeflateFlush::SyncFlush)).collect();
    let mut payload = parts.concat();
    payload.truncate(payload.len() - 4);
    let ends: Vec<usize> = parts
        .iter()
        .scan(0, |end, part| {
            *end += part.len();
            Some(*end)
        })
        .take(parts.len() - 1)
        .collect();
    ok::<R>(&fragments::<R>(1, &payload, &ends).concat(), &[text(&whole)]);
    for cut in 0..=payload.len() {
        let wire = fragments::<R>(1, &payload, &[cut]).concat();
        let outcome = feed(
            open::<R>(DeflateParams::new(), Config::default()),
            ReceiveBuffer::new(),
            [&wire[..]],
            |_, _| panic!(),
        );
        assert_eq!((outcome.events, outcome.error), (vec![text(&whole)], None), "cut at {cut}");
    }
    ok::<R>(&fragments::<R>(1, &payload, &(1..payload.len()).collect::<Vec<_>>()).concat(), &[text(&whole)]);
}

both_roles!(pmd_14_the_window_is_kept_unless_that_was_agreed_on);
fn pmd_14_the_window_is_kept_unless_that_was_agreed_on<R: Deflating>() {
    let again = frame::<R>(0xC1, b"\xf2\x00\x11\x00\x00");
    let wire = [frame::<R>(0xC1, HELLO), again.clone()].concat();
    // With a window of its own the second message looks back to before it.
    let outcome = every_way::<R>(peer::<R>(15, false), Config::default(), &wire, 8192);
    assert_eq!(
        (&outcome.events[..], outcome.error),
        (&[text("Hello")][..], Some(Error::Protocol(ProtocolError::InvalidDeflate)))
    );
    // The other direction's parameter does not matter.
    let outcome = every_way::<R>(own::<R>(8, false), Config::default(), &wire, 8192);
    assert_eq!((&outcome.events[..], outcome.error), (&[text("Hello"), text("Hello")][..], None));
    // A plain message does not enter it, nor does what is empty.
    let wire = [frame::<R>(0x81, b"Hello"), frame::<R>(0xC1, b"\x00"), again].concat();
    assert_eq!(fails::<R>(&wire, ProtocolError::InvalidDeflate).events, [text("Hello"), text("")]);
}

both_roles!(pmd_14_windows_of_every_size_slide_as_they_must);
fn pmd_14_windows_of_every_size_slide_as_they_must<R: Deflating>() {
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

both_roles!(pmd_14_nothing_can_be_looked_back_at_that_is_not_in_the_window);
fn pmd_14_nothing_can_be_looked_back_at_that_is_not_in_the_window<R: Deflating>() {
    // "a" and then three times what came `distance` ago, with fixed codes: literal, length 3, distance code and its extra bits, end.
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

both_roles!(pmd_17_what_is_not_deflate_fails_with_1007);
fn pmd_17_what_is_not_deflate_fails_with_1007<R: Deflating>() {
    for payload in [
        &b"\x06"[..], // BTYPE 11
        b"\x07\x00\x00",
        b"\x00\x05\x00\xfa\xfe", // LEN and NLEN
        b"\xff\xff\xff\xff",
        b"Hello",
        b"\xf2\x48\xcd\xc9\xc9\x07",     // without the header of the empty block
        b"\xf2\x48\xcd",                 // in the middle of a block
        b"\x00\x05\x00\xfa\xff\x48\x65", // in the middle of a stored one
        b"\x00\x05",
        b"\xf2\x48\xcd\xc9\xc9\x07\x00\xaa\xbb\xcc", // with more behind it
        b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\xde\xad",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x07\xde\xad",
        b"\x04\x00\xfe\xff",
        b"\x01\x09\x00\xf6\xff", // what is appended does not end it, whatever would follow
        b"\x01\x03\x00\xfc\xff", // nor does it end before
        b"\x78\x9c\xf3\x48\xcd\xc9\xc9\x07\x00\x05\x8c\x01\xf5", // zlib's header and check
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xf3\x48\xcd\xc9\xc9\x07\x00", // gzip's
    ] {
        let outcome = fails::<R>(
            &[frame::<R>(0xC1, HELLO), frame::<R>(0x81, b"b"), frame::<R>(0xC2, payload)].concat(),
            ProtocolError::InvalidDeflate,
        )
        .events;
        assert_eq!(outcome, [text("Hello"), text("b")][..], "{payload:02x?}");
        if payload.len() > 2 {
            fails::<R>(
                &[frame::<R>(0x42, &payload[..2]), frame::<R>(0x80, &payload[2..])].concat(),
                ProtocolError::InvalidDeflate,
            );
        }
    }
    assert_eq!(ProtocolError::InvalidDeflate.close_code().get(), 1007);
}

both_roles!(pmd_12_what_is_appended_may_be_what_a_block_waits_for);
fn pmd_12_what_is_appended_may_be_what_a_block_waits_for<R: Deflating>() {
    for payload in [b"\x00\x04\x00\xfb\xff", b"\x01\x04\x00\xfb\xff"] {
        ok::<R>(&frame::<R>(0xC2, payload).repeat(2), &vec![Seen::Binary(b"\x00\x00\xff\xff".to_vec()); 2]);
    }
    // A dynamic block: in the last octet begins a copy of 258 bytes, more than the window has room for, and then the block ends.
    let payload = b"\xe4\xcf\xb7\x0d\x00\x00\x0c\xc3\xb0\x5b\xe5\xfc\xff\x43\x0e\x21\x3f\x60\x01";
    let wire = frame::<R>(0xC2, payload).repeat(2);
    let outcome = every_way::<R>(peer::<R>(8, true), Config::default(), &wire, 8192);
    assert_eq!((outcome.events, outcome.error), (vec![Seen::Binary(vec![b'a'; 941]); 2], None));
}

both_roles!(pmd_17_at_the_byte_that_shows_it);
fn pmd_17_at_the_byte_that_shows_it<R: Deflating>() {
    // The frame says that a thousand bytes follow.
    let wire = frame::<R>(0xC2, &[&b"\x07"[..], &[0; 999]].concat());
    let head = wire.len() - 1000;
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    assert!(matches!(connection.receive(&mut filled(&wire[..head]), &mut Vec::new()), Ok(None)));
    assert_eq!(
        connection.receive(&mut filled(&wire[head..=head]), &mut Vec::new()).unwrap_err(),
        Error::Protocol(ProtocolError::InvalidDeflate)
    );
}

both_roles!(pmd_17_lim_06_damaged_streams_come_to_the_same_in_every_way);
fn pmd_17_lim_06_damaged_streams_come_to_the_same_in_every_way<R: Deflating>() {
    let mut random = Rng::with_seed(17);
    let (mut broken, mut whole) = (0, 0);
    for round in 0..60 {
        let mut zlib = Zlib::new([0, 1, 6, 9][round % 4], [9, 15][round % 2]);
        let first = json(&mut random, 400);
        let second = json(&mut random, 700);
        let mut payload = zlib.message(first.as_bytes());
        // `Rng::usize` draws other numbers on a 32-bit target than on a 64-bit one.
        let damaged = random.u64(..payload.len() as u64) as usize;
        payload[damaged] ^= 1 << random.u32(..8);
        let wire = [
            frame::<R>([0xC1, 0xC2][round / 2 % 2], &payload),
            frame::<R>(0xC2, &zlib.message(second.as_bytes())),
        ]
        .concat();
        let mut config = Config::default();
        config.max_message_size = 5000;
        let outcome = every_way::<R>(DeflateParams::new(), config, &wire, 16_384);
        if outcome.error.is_some() { broken += 1 } else { whole += 1 }
    }
    assert!(broken > 20 && whole > 3, "{broken} {whole}");
}

both_roles!(pmd_18_attack_b9_the_limit_is_exact_and_one_on_inflated_bytes);
fn pmd_18_attack_b9_the_limit_is_exact_and_one_on_inflated_bytes<R: Deflating>() {
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

both_roles!(lim_01_lim_04_frames_and_fragments_count_as_they_are_on_the_wire);
fn lim_01_lim_04_frames_and_fragments_count_as_they_are_on_the_wire<R: Deflating>() {
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

both_roles!(pmd_18_lim_06_attack_b9_a_bomb_takes_the_limit_and_one_buffer);
fn pmd_18_lim_06_attack_b9_a_bomb_takes_the_limit_and_one_buffer<R: Deflating>() {
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
        // The message, what was read, the window and the decoder; and while the message moves, what it was before.
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

both_roles!(pmd_19_text_is_utf8_once_it_is_inflated);
fn pmd_19_text_is_utf8_once_it_is_inflated<R: Deflating>() {
    let mut random = Rng::with_seed(19);
    let fine = "κόσμε 😀 ".repeat(20);
    let deflated = |bytes: &[u8]| Zlib::new(6, 15).message(bytes);
    ok::<R>(&fragments::<R>(1, &deflated(fine.as_bytes()), &[5, 10, 20]).concat(), &[text(&fine)]);
    // What is compressed need not be UTF-8, and what is UTF-8 compressed need not be so inflated.
    for bad in [&b"\xff"[..], b"abc\xce", b"\xed\xa0\x80", b"a\xc0\xaf", b"\xf4\x90\x80\x80"] {
        let whole = [fine.as_bytes(), bad].concat();
        fails::<R>(&frame::<R>(0xC1, &deflated(&whole)), ProtocolError::InvalidUtf8);
        ok::<R>(&frame::<R>(0xC2, &deflated(&whole)), &[Seen::Binary(whole.clone())]);
        let after = [&whole[..], json(&mut random, 300).as_bytes()].concat();
        fails::<R>(&frame::<R>(0xC1, &deflated(&after)), ProtocolError::InvalidUtf8);
    }
    // At once: before the frame, the message and the bomb behind it are over.
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

both_roles!(attack_e10_attack_d7_messages_larger_than_any_buffer_of_the_inflater);
fn attack_e10_attack_d7_messages_larger_than_any_buffer_of_the_inflater<R: Deflating>() {
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
    // Filled to the last byte with what is compressed, in parts.
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

both_roles!(st_09_a_clone_goes_on_alone_from_anywhere);
fn st_09_a_clone_goes_on_alone_from_anywhere<R: Deflating>() {
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

both_roles!(pmd_12_what_other_compressors_write);
fn pmd_12_what_other_compressors_write<R: Deflating>() {
    // miniz's own, which knows no zlib: raw streams that end with BFINAL.
    let mut random = Rng::with_seed(21);
    for level in 0..=10 {
        let whole = json(&mut random, 2500);
        let payload = miniz_oxide::deflate::compress_to_vec(whole.as_bytes(), level);
        ok::<R>(
            &[frame::<R>(0xC1, &payload), frame::<R>(0xC1, &[&payload[..], &[0]].concat())].concat(),
            &[text(&whole), text(&whole)],
        );
    }
    // And both inflaters agree with each other, and with one that is RFC 1951 to the letter.
    let (mut zlib, mut reference) = (Zlib::new(6, 15), support_deflate::Reference::default());
    let mut other = zlib_rs::Inflate::new(false, 15);
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    for _ in 0..50 {
        let len = random.usize(1..3000);
        let whole = json(&mut random, len);
        let payload = zlib.message(whole.as_bytes());
        assert_eq!(reference.message(&payload), whole.as_bytes());
        let mut inflated = vec![0; len + 10];
        let before = other.total_out();
        other
            .decompress(
                &[&payload[..], &[0, 0, 0xFF, 0xFF]].concat(),
                &mut inflated,
                zlib_rs::InflateFlush::SyncFlush,
            )
            .unwrap();
        assert_eq!(&inflated[..(other.total_out() - before) as usize], whole.as_bytes());
        let mut inbound = filled(&frame::<R>(0xC1, &payload));
        assert!(
            matches!(connection.receive(&mut inbound, &mut Vec::new()), Ok(Some(Event::Text(text))) if text == whole)
        );
    }
}

fn receive<R: Role>(connection: &mut Connection<R>, wire: &[u8], events: usize) {
    let mut inbound = filled(wire);
    for _ in 0..events {
        assert!(connection.receive(&mut inbound, &mut Vec::new()).unwrap().is_some());
    }
}

#[test]
fn debug_shows_no_content() {
    let mut connection = open::<Server>(DeflateParams::new(), Config::default());
    receive(&mut connection, &frame::<Server>(0xC1, HELLO), 1);
    connection.send_fragment(MessageKind::Text, b"secret", true, &mut Vec::new()).unwrap();
    let shown = format!("{connection:?}");
    assert!(!shown.contains("72") && !shown.contains("Hello") && !shown.contains("secret"), "{shown}");
}

both_roles!(pmd_19_inflated_text_in_parts_fits_a_fixed_buffer_full_of_other_frames);
/// ST-03, U8-02: however full the rest of a fixed buffer is, there is room for a code point that is inflated.
fn pmd_19_inflated_text_in_parts_fits_a_fixed_buffer_full_of_other_frames<R: Deflating>() {
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
