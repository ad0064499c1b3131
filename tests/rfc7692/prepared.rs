//! Messages that are compressed once and sent to many (RFC 7692 §6.1, §7.2.1), both roles.

use allocation_counter::measure;
use fastrand::Rng;
use websocket_proto::{
    Client, Config, Connection, DeflateConfig, DeflateParams, Event, MessageKind, Negotiated,
    PreparedMessage, SendBuffer as _, SendError, SendSlice, Server,
};

use crate::support::{self, Keys, filled, frames_of};
use crate::support_deflate::{Deflating, HELLO, Reference, Zlib, json, messages_of, open, own};

type Clients = Client<Keys>;

/// The first byte and the payload of the one frame that this message goes out in.
fn sent<R: Deflating>(connection: &mut Connection<R>, message: &PreparedMessage) -> (u8, Vec<u8>) {
    let mut out = Vec::new();
    connection.send_prepared(message, &mut out).unwrap();
    match &frames_of::<R>(&out)[..] {
        [frame] => frame.clone(),
        frames => panic!("{frames:?}"),
    }
}

/// As [`sent`], of a text of the connection's own.
fn own_text<R: Deflating>(connection: &mut Connection<R>, text: &str) -> (u8, Vec<u8>) {
    let mut out = Vec::new();
    connection.send_text(text, &mut out).unwrap();
    frames_of::<R>(&out)[0].clone()
}

both_roles!(a_prepared_message_is_compressed_with_an_empty_window);
/// PMD-14 (RFC 7692 §7.2.2).
fn a_prepared_message_is_compressed_with_an_empty_window<R: Deflating>() {
    let text = "HelloHelloHelloHello";
    let message = PreparedMessage::text(text).with_deflate(15, 6);
    let payload = Reference::default()
        .message(&sent(&mut open::<R>(DeflateParams::new(), Config::default()), &message).1);
    assert_eq!(payload, text.as_bytes());
    for deflate in [DeflateParams::new(), own::<R>(15, false), own::<R>(8, true)] {
        let mut one = open::<R>(deflate, Config::default());
        let mut other = open::<R>(deflate, Config::default());
        // What was sent before has no part in it.
        own_text(&mut other, text);
        let (first, expected) = sent(&mut one, &message);
        assert!(first == 0xC1 && expected.len() < text.len());
        for _ in 0..3 {
            assert_eq!(
                (sent(&mut one, &message), sent(&mut other, &message)),
                ((0xC1, expected.clone()), (0xC1, expected.clone()))
            );
        }
    }
    let binary = PreparedMessage::binary(text.as_bytes()).with_deflate(15, 6);
    assert_eq!(sent(&mut open::<R>(DeflateParams::new(), Config::default()), &binary).0, 0xC2);
}

both_roles!(the_context_of_the_connection_restarts_after_a_prepared_message);
/// PMD-21 (RFC 7692 §7.2.1).
fn the_context_of_the_connection_restarts_after_a_prepared_message<R: Deflating>() {
    const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";
    let message = PreparedMessage::text(&"Hello".repeat(10)).with_deflate(15, 6);
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    assert_eq!(own_text(&mut connection, "Hello").1, HELLO);
    assert_eq!(own_text(&mut connection, "Hello").1, AGAIN);
    assert_eq!(sent(&mut connection, &message).0, 0xC1);
    assert_eq!(own_text(&mut connection, "Hello").1, HELLO);
    assert_eq!(own_text(&mut connection, "Hello").1, AGAIN);
    // What goes out as it is is in no window, nor is what finds no room.
    assert_eq!(sent(&mut connection, &PreparedMessage::text("Hello")).0, 0x81);
    assert_eq!(connection.send_prepared(&message, &mut SendSlice::new(&mut [0; 8])), Err(SendError::Full));
    assert!(own_text(&mut connection, "Hello").1.len() < HELLO.len());
    // A fragmented message starts with an empty window, and its fragments share one.
    sent(&mut connection, &message);
    let mut out = Vec::new();
    connection.send_fragment(MessageKind::Text, b"Hello", false, &mut out).unwrap();
    assert_eq!(connection.send_prepared(&message, &mut out), Err(SendError::MessageOpen));
    connection.send_fragment(MessageKind::Text, b"Hello", true, &mut out).unwrap();
    let frames = frames_of::<R>(&out);
    assert_eq!((&frames[0].1[..HELLO.len() - 1], &frames[1].1[..]), (&HELLO[..HELLO.len() - 1], AGAIN));
}

both_roles!(any_order_of_messages_is_inflated_within_the_agreed_window);
/// PMD-20 (RFC 7692 §7.2.1).
fn any_order_of_messages_is_inflated_within_the_agreed_window<R: Deflating>() {
    let mut random = Rng::with_seed(7692);
    let mut compressed = 0;
    for round in 0..200 {
        let (bits, takeover) = (random.u8(8..=15), random.bool());
        let deflate = own::<R>(bits, takeover);
        let (mut connection, mut peer) =
            (open::<R>(deflate, Config::default()), open::<R::Peer>(deflate, Config::default()));
        let (mut reference, mut wire, mut texts) = (Reference::default(), Vec::new(), Vec::new());
        let len = 1 << random.u32(3..15);
        for _ in 0..30 {
            let text = if random.u8(..4) == 0 {
                texts.last().cloned().unwrap_or_default()
            } else {
                json(&mut random, len)
            };
            match random.u8(..10) {
                0 => connection.send_prepared(&PreparedMessage::text(&text), &mut wire).unwrap(),
                1..=4 => {
                    let message =
                        PreparedMessage::text(&text).with_deflate(random.u8(..=16), random.u8(1..=9));
                    connection.send_prepared(&message, &mut wire).unwrap();
                }
                5 => {
                    let (left, right) = text.as_bytes().split_at(text.len() / 2);
                    connection.send_fragment(MessageKind::Text, left, false, &mut wire).unwrap();
                    connection.send_fragment(MessageKind::Text, right, true, &mut wire).unwrap();
                }
                _ => connection.send_text(&text, &mut wire).unwrap(),
            }
            match random.u8(..20) {
                0 => connection.shrink_to_fit(),
                1 => connection = connection.clone(),
                _ => {}
            }
            texts.push(text);
        }
        let messages = messages_of::<R>(&wire);
        assert_eq!(messages.len(), texts.len());
        for ((is_compressed, payload), text) in messages.iter().zip(&texts) {
            if !takeover {
                reference.begin = reference.out.len();
            }
            let inflated = if *is_compressed { reference.message(payload) } else { payload.clone() };
            assert!(inflated == text.as_bytes(), "round {round}");
            compressed += usize::from(*is_compressed);
        }
        assert!(reference.farthest <= 1 << bits, "{} of {bits} bits", reference.farthest);

        let (mut inbound, mut texts) = (filled(&wire), texts.iter());
        while let Some(event) = peer.receive(&mut inbound, &mut Vec::new()).unwrap() {
            assert!(matches!(event, Event::Text(got) if got == texts.next().unwrap()), "round {round}");
        }
        assert_eq!(texts.len(), 0);
    }
    assert!(compressed > 4000, "{compressed}");
}

both_roles!(it_goes_out_compressed_where_the_window_is_large_enough);
fn it_goes_out_compressed_where_the_window_is_large_enough<R: Deflating>() {
    for (len, window_bits, agreed, is_compressed) in [
        (5000, 15, 15, true),
        (5000, 12, 12, true),
        (5000, 12, 15, true),
        (5000, 12, 11, false),
        (5000, 8, 8, true),
        (5000, 9, 8, false),
        // Numbers outside 8 to 15.
        (5000, 0, 8, true),
        (5000, 255, 15, true),
        // No window is looked through that is larger than the message.
        (5000, 15, 13, true),
        (5000, 15, 12, false),
        (4096, 15, 12, true),
        (4097, 15, 12, false),
        (256, 15, 8, true),
        (257, 15, 8, false),
    ] {
        let text = json(&mut Rng::with_seed(len as u64), len);
        let message = PreparedMessage::text(&text).with_deflate(window_bits, 6);
        let expected = if is_compressed { 0xC1 } else { 0x81 };
        let case = format!("{len} bytes in a window of {window_bits} bits, {agreed} agreed on");
        let (first, payload) = sent(&mut open::<R>(own::<R>(agreed, true), Config::default()), &message);
        assert_eq!(first, expected, "{case}");
        if is_compressed {
            let mut reference = Reference::default();
            assert!(
                reference.message(&payload) == text.as_bytes() && reference.farthest <= 1 << agreed,
                "{case}"
            );
        } else {
            assert!(payload == text.as_bytes(), "{case}");
        }
        // The same if the application asks for so small a window.
        let mut config = Config::default();
        let mut deflate = DeflateConfig::default();
        deflate.limits = own::<R>(agreed, true);
        config.deflate = Some(deflate);
        assert_eq!(sent(&mut open::<R>(DeflateParams::new(), config), &message).0, expected, "{case}");
    }
}

both_roles!(a_prepared_message_is_sent_plain_if_the_connection_does_not_compress);
/// PMD-23 (RFC 7692 §8).
fn a_prepared_message_is_sent_plain_if_the_connection_does_not_compress<R: Deflating>() {
    let text = "compressible ".repeat(100);
    let message = PreparedMessage::text(&text).with_deflate(15, 6);
    let plain = (0x81, text.clone().into_bytes());
    let mut config = Config::default();
    assert_eq!(sent(&mut R::open(config), &message), plain, "not agreed on");
    let agreed = Negotiated::new().with_deflate(DeflateParams::new());
    assert_eq!(sent(&mut Connection::established(R::role(), agreed, config), &message), plain, "not enabled");
    config.deflate = Some(DeflateConfig::default());
    let mut connection = Connection::established(R::role(), agreed, config);
    assert_eq!(sent(&mut connection, &message).0, 0xC1);
    connection.set_compression(false);
    assert_eq!(sent(&mut connection, &message), plain, "switched off");
    connection.set_compression(true);
    assert_eq!(sent(&mut connection, &message).0, 0xC1);
    let short = |len: usize| PreparedMessage::text(&"x".repeat(len)).with_deflate(15, 6);
    assert_eq!(sent(&mut connection, &short(63)), (0x81, "x".repeat(63).into_bytes()), "too short");
    assert_eq!(sent(&mut connection, &short(64)).0, 0xC1);
    // What does not get shorter.
    let mut noise = vec![0; 1000];
    Rng::with_seed(1).fill(&mut noise);
    let mut all = open::<R>(DeflateParams::new(), Config::default());
    assert_eq!(sent(&mut all, &PreparedMessage::binary(&noise).with_deflate(15, 9)), (0x82, noise));
    assert_eq!(sent(&mut all, &PreparedMessage::text(&text).with_deflate(15, 0)), plain, "level 0");
    assert_eq!(sent(&mut all, &PreparedMessage::text("").with_deflate(15, 6)), (0x81, vec![]));
}

both_roles!(it_is_sent_where_it_fits_and_takes_no_memory);
fn it_is_sent_where_it_fits_and_takes_no_memory<R: Deflating>() {
    let message = PreparedMessage::text(&"compressible ".repeat(1000)).with_deflate(15, 6);
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    let mut out = Vec::new();
    connection.send_prepared(&message, &mut out).unwrap();
    let mut memory = [0xA5; 400];
    for room in 0..400 {
        let mut connection = open::<R>(DeflateParams::new(), Config::default());
        let mut slice = SendSlice::new(&mut memory[..room]);
        let said = connection.send_prepared(&message, &mut slice);
        assert_eq!(said, if room < out.len() { Err(SendError::Full) } else { Ok(()) });
        assert_eq!(slice.len(), if said.is_ok() { out.len() } else { 0 });
    }
    let mut room: Vec<_> = (0..100).map(|_| (connection.clone(), Vec::<u8>::with_capacity(400))).collect();
    let asked = measure(|| {
        room.iter_mut().for_each(|(connection, out)| connection.send_prepared(&message, out).unwrap())
    });
    assert_eq!(asked.count_total, 0, "{asked:?}");
}

#[test]
fn a_client_takes_a_fresh_key_each_time() {
    let message = PreparedMessage::text(&"Hello".repeat(20)).with_deflate(15, 6);
    let mut client = open::<Clients>(DeflateParams::new(), Config::default());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    client.send_prepared(&message, &mut first).unwrap();
    client.send_prepared(&message, &mut second).unwrap();
    assert_ne!(first[2..6], second[2..6], "§5.3");
    assert_eq!(frames_of::<Clients>(&first), frames_of::<Clients>(&second));
    assert_eq!(
        format!("{message:?}"),
        "PreparedMessage { kind: Text, payload_len: 100 }",
        "not what is in it"
    );
}

#[test]
fn the_sender_of_a_connection_that_was_split_sends_it() {
    let text = "compressible ".repeat(100);
    let message = PreparedMessage::text(&text).with_deflate(15, 6);
    let (_, mut sender) = support::split(open::<Server>(DeflateParams::new(), Config::default()));
    let mut client = open::<Clients>(DeflateParams::new(), Config::default());
    let mut wire = Vec::new();
    for _ in 0..3 {
        sender.send_prepared(&message, &mut wire).unwrap();
        sender.send_text(&text, &mut wire).unwrap();
    }
    assert!(messages_of::<Server>(&wire).iter().all(|(compressed, _)| *compressed));
    let (mut inbound, mut count) = (filled(&wire), 0);
    while let Some(event) = client.receive(&mut inbound, &mut Vec::new()).unwrap() {
        assert!(matches!(event, Event::Text(got) if got == text));
        count += 1;
    }
    assert_eq!(count, 6);
}

/// RFC 7692 §6.1: an endpoint chooses which messages to compress.
#[test]
fn a_message_is_prepared_with_compression_only_if_that_makes_it_shorter() {
    let (mut random, mut seen) = (Rng::with_seed(3), [0; 3]);
    for _ in 0..3000 {
        let payload: Vec<u8> = (0..random.usize(1..20)).map(|_| random.u8(b'a'..b'c')).collect();
        let compressed = Zlib::new(6, 15).message(&payload).len();
        let message = PreparedMessage::binary(&payload).with_deflate(15, 6);
        let (first, _) = sent(&mut open::<Server>(DeflateParams::new(), Config::default()), &message);
        assert_eq!(first == 0xC2, compressed < payload.len(), "{payload:?}");
        seen[(compressed.cmp(&payload.len()) as i8 + 1) as usize] += 1;
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
}
