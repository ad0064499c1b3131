//! The windows of a compressed connection (RFC 7692 §7.2) while it is split and joined again, for both roles.

use allocation_counter::measure;
use fastrand::Rng;
use websocket_proto::{Config, Connection, DeflateParams, Event, MessageKind, ReceiveBuffer};

use crate::support::{self, Seen, feed, filled, frame, frames_of};
use crate::support_deflate::{Deflating, HELLO, json, open};

/// §7.2.3.2: "Hello", once it is in the window.
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

fn joined<R: Deflating>(connection: Connection<R>) -> Connection<R> {
    let (reader, writer) = support::split(connection);
    reader.join(writer)
}

both_roles!(each_half_keeps_its_window_until_the_join);
/// PMD-14 (RFC 7692 §7.2.2), PMD-21 (RFC 7692 §7.2.1).
fn each_half_keeps_its_window_until_the_join<R: Deflating>() {
    let hello = |payload: &[u8]| frame::<R>(0xC1, payload);
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    let mut out = vec![];
    assert!(matches!(
        connection.receive(&mut filled(&hello(HELLO)), &mut out),
        Ok(Some(Event::Text("Hello")))
    ));
    connection.send_text("Hello", &mut out).unwrap();

    let (mut reader, mut writer) = support::split(connection);
    assert!(matches!(reader.receive(&mut filled(&hello(AGAIN))), Ok(Some(Event::Text("Hello")))));
    writer.send_text("Hello", &mut out).unwrap();
    // The inbound half keeps its window when it shrinks; the outbound half does not.
    let released = measure(|| reader.half().shrink_to_fit()).bytes_current;
    assert!(released < 0, "the decoder is released, not the window");
    assert!(matches!(reader.receive(&mut filled(&hello(AGAIN))), Ok(Some(Event::Text("Hello")))));
    writer.shrink_to_fit();
    writer.send_text("Hello", &mut out).unwrap();
    // The first half of a received message, and the first fragment of a sent one.
    let wire = [frame::<R>(0x41, &AGAIN[..2]), frame::<R>(0x80, &AGAIN[2..])].concat();
    let mut inbound = filled(&wire[..wire.len() - 2]);
    assert!(matches!(reader.receive(&mut inbound), Ok(None)));
    reader.half().shrink_to_fit();
    writer.send_fragment(MessageKind::Text, b"Hello", false, &mut out).unwrap();

    let mut connection = reader.join(writer);
    assert_eq!(inbound.feed(&wire[wire.len() - 2..]), 2);
    assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Text("Hello")))));
    connection.send_fragment(MessageKind::Text, b"", true, &mut out).unwrap();
    connection.send_text("Hello", &mut out).unwrap();
    assert!(matches!(
        connection.receive(&mut filled(&hello(AGAIN)), &mut out),
        Ok(Some(Event::Text("Hello")))
    ));

    let frames: Vec<(u8, Vec<u8>)> = frames_of::<R>(&out);
    // The compressor chooses the encoding of the last two frames, but they must refer to the window.
    let [(0xC1, first), (0xC1, second), (0xC1, third), (0x41, begin), (0x80, end), (0xC1, last)] =
        &frames[..]
    else {
        panic!()
    };
    assert_eq!([&first[..], second, third, end], [HELLO, AGAIN, HELLO, b"\x00"]);
    assert!(begin.len() < 10 && last.len() <= AGAIN.len(), "{begin:02x?} {last:02x?}");
    let outcome = feed(
        open::<R::Peer>(DeflateParams::new(), Config::default()),
        ReceiveBuffer::new(),
        [&out[..]],
        |_, _| panic!(),
    );
    assert_eq!((outcome.events, outcome.error), (vec![Seen::Text("Hello".to_owned()); 5], None));
}

both_roles!(the_write_half_compresses_while_compression_is_on);
/// PMD-21 (RFC 7692 §7.2.1), PMD-23.
fn the_write_half_compresses_while_compression_is_on<R: Deflating>() {
    let (_, mut writer) = support::split(open::<R>(DeflateParams::new(), Config::default()));
    let mut out = vec![];
    for on in [true, false, true] {
        writer.set_compression(on);
        writer.send_text("Hello", &mut out).unwrap();
    }
    assert_eq!(
        frames_of::<R>(&out),
        [(0xC1, HELLO.to_vec()), (0x81, b"Hello".to_vec()), (0xC1, AGAIN.to_vec())]
    );
}

both_roles!(the_output_is_equal_wherever_the_connection_is_split_and_joined);
/// PMD-14 (RFC 7692 §7.2.2), PMD-21 (RFC 7692 §7.2.1).
fn the_output_is_equal_wherever_the_connection_is_split_and_joined<R: Deflating>() {
    let mut random = Rng::with_seed(14);
    for _ in 0..10 {
        // What the peer sends, and what this end does: messages, parts, and how far it reads in between.
        let mut peer = open::<R::Peer>(DeflateParams::new(), Config::default());
        let (mut wire, mut texts) = (vec![], vec![]);
        for _ in 0..12 {
            let len = random.usize(..900);
            let text = json(&mut random, len);
            let (left, right) = text.as_bytes().split_at(text.len() / 3);
            peer.send_fragment(MessageKind::Text, left, false, &mut wire).unwrap();
            peer.ping(b"?", &mut wire).unwrap();
            peer.send_fragment(MessageKind::Text, right, true, &mut wire).unwrap();
            texts.push(text);
        }
        let mut whole = open::<R>(DeflateParams::new(), Config::default());
        let mut split = open::<R>(DeflateParams::new(), Config::default());
        let (mut inbounds, mut outs) = ([ReceiveBuffer::new(), ReceiveBuffer::new()], [vec![], vec![]]);
        let (mut sent, mut seen, mut begun) = (vec![], vec![], None::<String>);
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let (bytes, after) = rest.split_at(random.usize(1..80).min(rest.len()));
            rest = after;
            for ((connection, inbound), out) in
                [&mut whole, &mut split].into_iter().zip(&mut inbounds).zip(&mut outs)
            {
                assert_eq!(inbound.feed(bytes), bytes.len());
                let mut texts = vec![];
                while let Some(event) = connection.receive(inbound, out).unwrap() {
                    if let Event::Text(text) = event {
                        texts.push(text.to_owned());
                    }
                }
                seen.extend(texts);
            }
            split = joined(split);
            let len = random.usize(..200);
            let text = json(&mut random, len);
            let last = random.bool();
            for (connection, out) in [&mut whole, &mut split].into_iter().zip(&mut outs) {
                connection.send_fragment(MessageKind::Text, text.as_bytes(), last, out).unwrap();
            }
            begun = Some(begun.unwrap_or_default() + &text);
            if last {
                sent.extend(begun.take().map(Seen::Text));
            }
            split = joined(split);
        }
        assert!(outs[0] == outs[1], "the same output");
        assert_eq!(seen.len(), 2 * texts.len());
        assert!(texts.iter().all(|text| seen.iter().filter(|seen| *seen == text).count() >= 2));
        let outcome = feed(peer, ReceiveBuffer::new(), [&outs[1][..]], |_, _| panic!());
        assert_eq!(outcome.error, None);
        let texts: Vec<Seen> =
            outcome.events.into_iter().filter(|event| matches!(event, Seen::Text(_))).collect();
        assert!(sent.len() > 3 && texts == sent);
    }
}
