//! Sends of compressed messages that find no room or no masking key, both roles.

use allocation_counter::measure;
use arrayvec::ArrayVec;
use fastrand::Rng;
use websocket_proto::{
    Client, CloseCode, Config, Connection, DeflateConfig, DeflateParams, Delivery, EntropyError, Event,
    MessageKind, Negotiated, SendBuffer as _, SendError, SendSlice, Server,
};

use crate::support::{Keys, Seen, filled, frame, frames_of};
use crate::support_deflate::{Deflating, Reference, json, open};

use super::outbound::carried;

type Clients = Client<Keys>;

both_roles!(a_send_without_room_leaves_output_and_window_unchanged);
/// ST-06.
fn a_send_without_room_leaves_output_and_window_unchanged<R: Deflating>() {
    let (mut random, mut refused, mut plain) = (Rng::with_seed(6), 0, 0);
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    let (mut wire, mut sent) = (Vec::new(), vec![]);
    let mut memory = [0; 2048];
    for _ in 0..400 {
        let (len, room) = (random.usize(..1500), random.usize(..=2048));
        let text = json(&mut random, len);
        let mut out = SendSlice::new(&mut memory[..room]);
        match connection.send_text(&text, &mut out) {
            Ok(()) => {
                plain += usize::from(out.as_slice()[0] == 0x81);
                sent.push(Seen::Text(text));
            }
            Err(error) => {
                assert_eq!((error, out.len()), (SendError::Full, 0));
                // As without compression, if the message does not fit.
                assert!(len + 14 > room);
                refused += 1;
            }
        }
        wire.extend_from_slice(out.as_slice());
    }
    assert!(refused > 20 && plain > 5 && sent.len() > 100, "{refused} {plain} {}", sent.len());
    assert_eq!(carried::<R>(DeflateParams::new(), &wire, Delivery::Messages), sent);
    // A part of a message that has begun compressed cannot go out plain.
    let (mut wire, mut whole) = (Vec::new(), String::new());
    connection = open::<R>(DeflateParams::new(), Config::default());
    connection.send_fragment(MessageKind::Text, b"begin", false, &mut wire).unwrap();
    for _ in 0..200 {
        let text = json(&mut random, 300);
        let mut out = SendSlice::new(&mut memory[..random.usize(100..700)]);
        match connection.send_fragment(MessageKind::Text, text.as_bytes(), false, &mut out) {
            Ok(()) => whole += &text,
            Err(error) => assert_eq!((error, out.len()), (SendError::Full, 0)),
        }
        wire.extend_from_slice(out.as_slice());
    }
    assert_eq!(
        connection.send_fragment(MessageKind::Text, b"end", true, &mut ArrayVec::<u8, 8>::new()),
        Err(SendError::Full)
    );
    connection.send_fragment(MessageKind::Text, b"end", true, &mut wire).unwrap();
    assert_eq!(
        carried::<R>(DeflateParams::new(), &wire, Delivery::Messages),
        [Seen::Text(format!("begin{whole}end"))]
    );
}

both_roles!(pending_replies_and_limits_come_before_compression);
/// ST-06.
fn pending_replies_and_limits_come_before_compression<R: Deflating>() {
    let text = "compressible ".repeat(50);
    let mut config = Config::default();
    config.max_write_buffer = 10;
    let mut connection = open::<R>(DeflateParams::new(), config);
    let mut out = vec![0; 10];
    assert_eq!(connection.send_text(&text, &mut out), Err(SendError::Full));
    assert_eq!(out.len(), 10);
    out.clear();
    // A pending Pong goes first.
    let ping = frame::<R>(0x89, b"?");
    let mut none = ArrayVec::<u8, 0>::new();
    assert!(matches!(connection.receive(&mut filled(&ping), &mut none), Ok(Some(Event::Ping(b"?")))));
    assert!(connection.has_pending_reply());
    connection.send_text(&text, &mut out).unwrap();
    let frames = frames_of::<R>(&out);
    assert_eq!((frames[0].0, frames[1].0, frames.len()), (0x8A, 0xC1, 2));
    assert_eq!(
        Reference::default().message(&frames[1].1),
        text.as_bytes(),
        "nothing was compressed that was not sent"
    );
    out.clear();
    // And after a Close, nothing.
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    assert_eq!(connection.send_text(&text, &mut out), Err(SendError::Closed));
}

both_roles!(a_clone_has_its_own_compression_window);
/// ST-09.
fn a_clone_has_its_own_compression_window<R: Deflating>() {
    let mut random = Rng::with_seed(9);
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    let (mut wire, mut sent) = (Vec::new(), vec![]);
    for round in 0..20 {
        let text = json(&mut random, 500);
        // Between messages, and between the parts of one.
        connection.send_fragment(MessageKind::Text, &text.as_bytes()[..100], false, &mut wire).unwrap();
        if round % 2 == 0 {
            connection = connection.clone();
        } else {
            connection.shrink_to_fit();
        }
        connection.send_fragment(MessageKind::Text, &text.as_bytes()[100..], true, &mut wire).unwrap();
        sent.push(Seen::Text(text));
    }
    assert_eq!(carried::<R>(DeflateParams::new(), &wire, Delivery::Messages), sent);
}

#[test]
fn a_masking_key_that_is_not_to_be_had_costs_nothing_of_the_window() {
    #[derive(Clone, Default)]
    struct Sometimes(usize);
    impl websocket_proto::Entropy for Sometimes {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            self.0 += 1;
            bytes.fill(7);
            if self.0 % 3 == 0 { Err(EntropyError) } else { Ok(()) }
        }
    }
    let mut config = Config::default();
    config.deflate = Some(DeflateConfig::default());
    let agreed = Negotiated::new().with_deflate(DeflateParams::new());
    let mut client = Connection::established(Client::new(Sometimes::default()), agreed, config);
    let (mut random, mut out, mut sent) = (Rng::with_seed(1), Vec::new(), vec![]);
    for _ in 0..30 {
        let text = json(&mut random, 300);
        match client.send_text(&text, &mut out) {
            Ok(()) => sent.push(Seen::Text(text)),
            Err(error) => assert_eq!(error, SendError::Entropy),
        }
    }
    assert_eq!(sent.len(), 20);
    assert_eq!(carried::<Clients>(DeflateParams::new(), &out, Delivery::Messages), sent);
}

#[test]
fn a_connection_stays_small() {
    println!("Connection<Server>: {}", size_of::<Connection<Server>>());
    assert!(size_of::<Connection<Server>>() <= 320, "{}", size_of::<Connection<Server>>());
    let asked = measure(|| {
        let mut connection = open::<Server>(DeflateParams::new(), Config::default());
        connection.set_compression(true);
        core::hint::black_box(&connection);
    });
    assert_eq!(asked.count_total, 0);
}
