//! The windows of a compressed connection (RFC 7692 §7.2) over the two halves of one that is split and joined
//! again, both roles.
#![cfg(feature = "deflate")]

use crate::support;
use crate::support_deflate;

use fastrand::Rng;
use support::{Seen, feed, filled, frame, frames_of};
use support_deflate::{Deflating, HELLO, json, open};
use websocket_proto::{Config, Connection, DeflateParams, Event, MessageKind, ReceiveBuffer};

/// §7.2.3.2: "Hello", once it is in the window.
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

fn joined<R: Deflating>(connection: Connection<R>) -> Connection<R> {
    let (receiver, sender) = support::split(connection);
    receiver.join(sender)
}

both_roles! {
    #[test]
    fn pmd_14_pmd_21_windows_go_with_their_halves_and_come_back<R, P>() {
        let hello = |payload: &[u8]| frame::<R>(0xC1, payload);
        let mut connection = open::<R>(DeflateParams::new(), Config::default());
        let mut out = vec![];
        assert!(matches!(connection.receive(&mut filled(&hello(HELLO)), &mut out), Ok(Some(Event::Text("Hello")))));
        connection.send_text("Hello", &mut out).unwrap();

        let (mut receiver, mut sender) = support::split(connection);
        assert!(matches!(receiver.receive(&mut filled(&hello(AGAIN))), Ok(Some(Event::Text("Hello")))));
        sender.send_text("Hello", &mut out).unwrap();
        // The inbound half keeps its window when it shrinks; the outbound half does not.
        receiver.half().shrink_to_fit();
        assert!(matches!(receiver.receive(&mut filled(&hello(AGAIN))), Ok(Some(Event::Text("Hello")))));
        sender.shrink_to_fit();
        sender.send_text("Hello", &mut out).unwrap();
        // Half of a message, and another one begun.
        let wire = [frame::<R>(0x41, &AGAIN[..2]), frame::<R>(0x80, &AGAIN[2..])].concat();
        let mut inbound = filled(&wire[..wire.len() - 2]);
        assert!(matches!(receiver.receive(&mut inbound), Ok(None)));
        receiver.half().shrink_to_fit();
        sender.send_fragment(MessageKind::Text, b"Hello", false, &mut out).unwrap();

        let mut connection = receiver.join(sender);
        assert_eq!(inbound.feed(&wire[wire.len() - 2..]), 2);
        assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Text("Hello")))));
        connection.send_fragment(MessageKind::Text, b"", true, &mut out).unwrap();
        connection.send_text("Hello", &mut out).unwrap();
        assert!(matches!(connection.receive(&mut filled(&hello(AGAIN)), &mut out), Ok(Some(Event::Text("Hello")))));

        let frames: Vec<(u8, Vec<u8>)> = frames_of::<R>(&out);
        // How the last ones refer back is the compressor's matter; that they do is not.
        let [(0xC1, first), (0xC1, second), (0xC1, third), (0x41, begin), (0x80, end), (0xC1, last)] = &frames[..] else { panic!() };
        assert_eq!([&first[..], second, third, end], [HELLO, AGAIN, HELLO, b"\x00"]);
        assert!(begin.len() < 10 && last.len() <= AGAIN.len(), "{begin:02x?} {last:02x?}");
        let outcome = feed(open::<P>(DeflateParams::new(), Config::default()), ReceiveBuffer::new(), [&out[..]], |_, _| panic!());
        assert_eq!((outcome.events, outcome.error), (vec![Seen::Text("Hello".to_owned()); 5], None));
    }

    #[test]
    fn pmd_21_a_sender_is_told_what_to_compress<R, P>() {
        let (_, mut sender) = support::split(open::<R>(DeflateParams::new(), Config::default()));
        let mut out = vec![];
        for on in [true, false, true] {
            sender.set_compression(on);
            sender.send_text("Hello", &mut out).unwrap();
        }
        assert_eq!(frames_of::<R>(&out), [(0xC1, HELLO.to_vec()), (0x81, b"Hello".to_vec()), (0xC1, AGAIN.to_vec())]);
    }

    #[test]
    fn pmd_14_pmd_21_split_and_joined_anywhere_it_is_byte_for_byte_the_same<R, P>() {
        let mut random = Rng::with_seed(14);
        for _ in 0..10 {
            // What the peer sends, and what this end does: messages, parts, and how far it reads in between.
            let mut peer = open::<P>(DeflateParams::new(), Config::default());
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
                for ((connection, inbound), out) in [&mut whole, &mut split].into_iter().zip(&mut inbounds).zip(&mut outs) {
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
            let texts: Vec<Seen> = outcome.events.into_iter().filter(|event| matches!(event, Seen::Text(_))).collect();
            assert!(sent.len() > 3 && texts == sent);
        }
    }
}
