//! Received DEFLATE blocks (RFC 7692 §7.2.2, §7.2.3), both roles: each kind, and streams that are damaged.

use fastrand::Rng;
use websocket_proto::{Config, DeflateParams, Delivery, Error, Event, ProtocolError, ReceiveBuffer};
use zlib_rs::DeflateFlush;

use crate::support::{Seen, feed, filled, frame};
use crate::support_deflate::{self, Deflating, HELLO, Zlib, every_way, json, open, peer};

use super::inbound::{fails, fragments, ok, text};

both_roles!(the_examples_of_section_7_2_3_are_matched);
/// PMD-12, PMD-14 (RFC 7692 §7.2.2).
fn the_examples_of_section_7_2_3_are_matched<R: Deflating>() {
    // §7.2.3.1: one block with fixed codes, whole and in two fragments
    ok::<R>(&frame::<R>(0xC1, HELLO), &[text("Hello")]);
    ok::<R>(&[frame::<R>(0x41, &HELLO[..3]), frame::<R>(0x80, &HELLO[3..])].concat(), &[text("Hello")]);
    // §7.2.3.2: the window of the message before, also after a plain message
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

both_roles!(a_block_with_bfinal_ends_neither_message_nor_connection);
/// PMD-15 (RFC 7692 §7.2.1), attack E10.
fn a_block_with_bfinal_ends_neither_message_nor_connection<R: Deflating>() {
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

both_roles!(a_last_block_ends_the_message_wherever_a_buffer_of_the_inflater_ends);
/// PMD-15 (RFC 7692 §7.2.1).
fn a_last_block_ends_the_message_wherever_a_buffer_of_the_inflater_ends<R: Deflating>() {
    // A run of one byte comes out of the last bytes of the message: they are taken while some of it waits for
    // room.
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

both_roles!(every_kind_of_block_at_every_level_is_read);
/// PMD-12 (RFC 7692 §7.2.2).
fn every_kind_of_block_at_every_level_is_read<R: Deflating>() {
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

both_roles!(invalid_deflate_fails_with_1007);
/// PMD-17.
fn invalid_deflate_fails_with_1007<R: Deflating>() {
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
        b"\xf2\x48\xcd\xc9\xc9\x07\x00\xaa\xbb\xcc", // with more bytes after it
        b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\xde\xad",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x07\xde\xad",
        b"\x04\x00\xfe\xff",
        b"\x01\x09\x00\xf6\xff", // the appended bytes do not end it
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

both_roles!(the_appended_bytes_may_complete_a_block);
/// PMD-12 (RFC 7692 §7.2.2).
fn the_appended_bytes_may_complete_a_block<R: Deflating>() {
    for payload in [b"\x00\x04\x00\xfb\xff", b"\x01\x04\x00\xfb\xff"] {
        ok::<R>(&frame::<R>(0xC2, payload).repeat(2), &vec![Seen::Binary(b"\x00\x00\xff\xff".to_vec()); 2]);
    }
    // A dynamic block: in the last octet begins a copy of 258 bytes, more than the window has room for, and
    // then the block ends.
    let payload = b"\xe4\xcf\xb7\x0d\x00\x00\x0c\xc3\xb0\x5b\xe5\xfc\xff\x43\x0e\x21\x3f\x60\x01";
    let wire = frame::<R>(0xC2, payload).repeat(2);
    let outcome = every_way::<R>(peer::<R>(8, true), Config::default(), &wire, 8192);
    assert_eq!((outcome.events, outcome.error), (vec![Seen::Binary(vec![b'a'; 941]); 2], None));
}

both_roles!(invalid_deflate_fails_at_the_first_wrong_byte);
/// PMD-17.
fn invalid_deflate_fails_at_the_first_wrong_byte<R: Deflating>() {
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

both_roles!(damaged_streams_end_alike_however_they_are_split);
/// PMD-17, LIM-06.
fn damaged_streams_end_alike_however_they_are_split<R: Deflating>() {
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

both_roles!(the_output_of_other_compressors_is_read);
/// PMD-12 (RFC 7692 §7.2.2).
fn the_output_of_other_compressors_is_read<R: Deflating>() {
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
