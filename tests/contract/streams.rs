//! Streams of bytes against events and output (ST-03 to ST-08): chunking, order, prefixes, and errors that
//! stay.

use fastrand::Rng;
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Entropy, EntropyError, Error, Event,
    HandshakeError, ProtocolError, ReceiveBuffer, Role, Server, State, Uri,
};

use crate::support::{
    self, Keys, Outcome, REQUEST, RESPONSE, Seen, Side, every_way, filled, frame, frames_of, transmit,
};

type Clients = Client<Keys>;

/// The nonce of §1.3, and key 0.
#[derive(Clone)]
struct Sample;

impl Entropy for Sample {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.iter_mut().zip(b"the sample nonce").for_each(|(byte, sample)| *byte = *sample);
        Ok(())
    }
}

fn asking() -> Connection<Client<Sample>> {
    let request = ClientRequest::new(Uri::parse("ws://server.example.com/chat").unwrap());
    Connection::client(request, Config::default(), Sample, &mut Vec::new()).unwrap()
}

fn serve(wire: &[u8]) -> Outcome {
    every_way(&Connection::server(Config::default()), wire, |server, out| {
        server.accept(Accept::new(), out).unwrap()
    })
}

/// Frames at random, legal up to the last, which may be anything; with the events that they yield.
fn stream<R: Side>(random: &mut Rng) -> (Vec<u8>, Vec<Seen>) {
    let (mut wire, mut seen) = (Vec::new(), Vec::new());
    let control = |wire: &mut Vec<u8>, seen: &mut Vec<Seen>, random: &mut Rng| {
        let payload: Vec<u8> = (0..random.usize(..20)).map(|_| random.u8(..)).collect();
        let ping = random.bool();
        wire.extend(frame::<R>(if ping { 0x89 } else { 0x8A }, &payload));
        seen.push(if ping { Seen::Ping(payload) } else { Seen::Pong(payload) });
    };
    for _ in 0..random.usize(1..8) {
        let text = random.bool();
        let message: String = (0..random.usize(..60)).map(|_| random.char(..)).collect();
        let (mut rest, mut opcode) = (message.as_bytes(), if text { 0x01 } else { 0x02 });
        while random.u8(..3) > 0 {
            let (piece, after) = rest.split_at(random.usize(..=rest.len()));
            wire.extend(frame::<R>(opcode, piece));
            (rest, opcode) = (after, 0x00);
            if random.bool() {
                control(&mut wire, &mut seen, random);
            }
        }
        wire.extend(frame::<R>(0x80 | opcode, rest));
        seen.push(if text { Seen::Text(message) } else { Seen::Binary(message.into_bytes()) });
    }
    (wire, seen)
}

both_roles!(random_streams_in_every_chunking);
/// ST-03.
fn random_streams_in_every_chunking<R: Side>() {
    for seed in 0..15 {
        let mut random = Rng::with_seed(seed);
        let (mut wire, seen) = stream::<R>(&mut random);
        let outcome = transmit::<R>(Config::default(), &wire);
        assert_eq!((outcome.events, outcome.error), (seen.clone(), None), "seed {seed}");
        // One wrong bit: whatever it comes to, it does so in every chunking; also in the fixed buffer,
        // which holds a message so long.
        let mut config = Config::default();
        config.max_message_size = 1024;
        for _ in 0..4 {
            let (at, bit) = (random.usize(..wire.len()), random.u32(..8));
            wire[at] ^= 1 << bit;
            transmit::<R>(config, &wire);
            wire[at] ^= 1 << bit;
        }
    }
}

/// ST-03.
#[test]
fn random_streams_with_the_handshake_in_every_chunking() {
    for seed in 0..10 {
        let mut random = Rng::with_seed(seed);
        let (frames, seen) = stream::<Server>(&mut random);
        let outcome = serve(&[REQUEST, &frames].concat());
        assert!(
            matches!(outcome.events[0], Seen::Request { .. })
                && outcome.events[1..] == seen
                && outcome.out.starts_with(RESPONSE)
        );
        let (frames, seen) = stream::<Clients>(&mut random);
        let outcome = every_way(&asking(), &[RESPONSE, &frames].concat(), |_, _| panic!("a request"));
        assert!(matches!(outcome.events[0], Seen::Open { .. }) && outcome.events[1..] == seen);
        // A head with one wrong bit.
        let mut head = REQUEST.to_vec();
        head[random.usize(..REQUEST.len())] ^= 1 << random.u32(..8);
        serve(&head);
        let mut head = RESPONSE.to_vec();
        head[random.usize(..RESPONSE.len())] ^= 1 << random.u32(..8);
        every_way(&asking(), &head, |_, _| {});
    }
}

/// Violations that end a stream, as bytes of a peer of either kind, and their codes.
const ENDS: [(&[u8], ProtocolError); 4] = [
    (b"\x83", ProtocolError::ReservedOpcode),
    (b"\xc2", ProtocolError::ReservedBits),
    (b"\x09", ProtocolError::ControlFragmented),
    (b"\x80", ProtocolError::UnexpectedContinuation),
];

both_roles!(events_before_an_error_are_delivered_first);
/// ST-04.
fn events_before_an_error_are_delivered_first<R: Side>() {
    for (end, error) in ENDS {
        let wire = [
            frame::<R>(0x81, b"a"),
            frame::<R>(0x89, b"1"),
            frame::<R>(0x02, b"b"),
            frame::<R>(0x89, b"2"),
            frame::<R>(0x80, b"c"),
        ];
        let wire = [&wire.concat()[..], end, &frame::<R>(0x81, b"late"), &frame::<R>(0x89, b"late")].concat();
        let outcome = transmit::<R>(Config::default(), &wire);
        let ping = |payload: &[u8]| Seen::Ping(payload.to_vec());
        assert_eq!(
            outcome.events,
            [Seen::Text("a".to_owned()), ping(b"1"), ping(b"2"), Seen::Binary(b"bc".to_vec())]
        );
        assert_eq!(outcome.error, Some(error.into()));
        let out = [(0x8A, b"1".to_vec()), (0x8A, b"2".to_vec()), (0x88, b"\x03\xea".to_vec())];
        assert_eq!(frames_of::<R>(&outcome.out), out);
        // Also what another error comes from: a Close that is legal ends it, and the error is none.
        let closed = [&frame::<R>(0x88, b"")[..], end].concat();
        assert_eq!(transmit::<R>(Config::default(), &closed).error, None);
    }
}

/// ST-04.
#[test]
fn the_request_before_an_error_is_delivered_first() {
    let outcome = serve(&[REQUEST, b"\x83"].concat());
    assert!(matches!(outcome.events[..], [Seen::Request { .. }]));
    assert_eq!(outcome.out, [RESPONSE, b"\x88\x02\x03\xea"].concat());
}

/// Each prefix of `wire` yields a prefix of its events and of its output, and no error.
fn assert_prefixes(wire: &[u8], run: impl Fn(&[u8]) -> Outcome) {
    let whole = run(wire);
    assert_eq!(whole.error, None);
    let mut events = 0;
    for cut in 0..wire.len() {
        let part = run(&wire[..cut]);
        assert_eq!(part.error, None, "{cut}");
        assert!(whole.events.starts_with(&part.events) && part.events.len() >= events, "{cut}");
        assert!(whole.out.starts_with(&part.out), "{cut}");
        events = part.events.len();
    }
    assert!(events < whole.events.len(), "the last byte matters");
}

both_roles!(a_prefix_of_a_valid_stream_yields_a_prefix_of_its_events);
/// ST-05.
fn a_prefix_of_a_valid_stream_yields_a_prefix_of_its_events<R: Side>() {
    for seed in 0..10 {
        let (mut wire, _) = stream::<R>(&mut Rng::with_seed(seed));
        wire.extend(frame::<R>(0x88, b"\x03\xe8bye"));
        assert_prefixes(&wire, |part| {
            support::feed(R::open(Config::default()), filled(b""), [part], |_, _| {})
        });
    }
}

/// ST-05.
#[test]
fn a_prefix_of_a_handshake_yields_a_prefix_of_its_events() {
    let from_server = |part: &[u8]| support::feed(asking(), filled(b""), [part], |_, _| {});
    assert_prefixes(RESPONSE, from_server);
    assert_prefixes(&[b"HTTP/1.1 100 \r\n\r\n", RESPONSE, b"\x81\x01a"].concat(), from_server);
    assert_prefixes(b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n", from_server);
    let to_server = |part: &[u8]| {
        let server = Connection::server(Config::default());
        support::feed(server, filled(b""), [part], |server, out| server.accept(Accept::new(), out).unwrap())
    };
    assert_prefixes(&[b"\r\n", REQUEST].concat(), to_server);
    assert_prefixes(&[REQUEST, &frame::<Server>(0x89, b"x")].concat(), to_server);
}

/// ST-07.
#[test]
fn the_101_is_written_first() {
    // S-RS-10: frames came with the request; whatever answers them follows the 101.
    let frames =
        [frame::<Server>(0x89, b"1"), frame::<Server>(0x89, b"2"), frame::<Server>(0x88, b"\x03\xe8")]
            .concat();
    let outcome = serve(&[REQUEST, &frames, &frame::<Server>(0x89, b"3")].concat());
    assert_eq!(outcome.out, [RESPONSE, b"\x8a\x011\x8a\x012\x88\x02\x03\xe8"].concat());
    let (mut server, mut inbound, mut out) =
        (Connection::server(Config::default()), filled(&[REQUEST, &frames].concat()), Vec::new());
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_some());
    for _ in 0..3 {
        assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
        assert!(server.send_text("early", &mut out).is_err() && server.ping(b"", &mut out).is_err());
    }
    assert_eq!(out, b"", "nothing before the 101");
}

both_roles!(pongs_are_in_order_and_nothing_follows_a_close);
/// ST-07.
fn pongs_are_in_order_and_nothing_follows_a_close<R: Side>() {
    // Pongs in the order of the Pings, and nothing after the Close that answers one.
    let pings: Vec<u8> = (0..50).flat_map(|i| frame::<R>(0x89, &[i])).collect();
    let late = [frame::<R>(0x89, b"late"), frame::<R>(0x88, b""), vec![0xFF]].concat();
    for (close, code) in [(frame::<R>(0x88, b"\x0f\xa0"), 4000u16), (vec![0x83], 1002)] {
        let outcome = transmit::<R>(Config::default(), &[&pings[..], &close, &late].concat());
        let pongs = (0..50).map(|i| (0x8A, vec![i])).chain([(0x88, code.to_be_bytes().to_vec())]);
        assert_eq!(frames_of::<R>(&outcome.out), pongs.collect::<Vec<_>>());
    }
    // CT-06 above all: after a Close of ours alone, a Pong is still due, and only that.
    let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    let mut inbound =
        filled(&[frame::<R>(0x89, b"1"), frame::<R>(0x81, b"x"), frame::<R>(0x88, b"")].concat());
    while connection.receive(&mut inbound, &mut out).unwrap().is_some() {}
    assert_eq!(frames_of::<R>(&out), [(0x88, b"\x03\xe8".to_vec()), (0x8A, b"1".to_vec())]);
}

fn assert_sticky<R: Role>(mut connection: Connection<R>, wire: &[u8], error: Error) {
    let (mut inbound, mut out) = (filled(wire), Vec::new());
    let found = loop {
        match connection.receive(&mut inbound, &mut out) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error of {wire:02x?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(found, error);
    let (written, look) = (
        out.clone(),
        format!("{connection:?} {:?} {}", connection.transport_action(), connection.has_pending_reply()),
    );
    let other = [REQUEST, RESPONSE, b"\x81\x80\0\0\0\0", b"\x88\x00", b"", b"\x83", b"\xff\xff"];
    for wire in other {
        assert_eq!(inbound.feed(wire), wire.len());
        assert_eq!(connection.receive(&mut inbound, &mut out).err(), Some(error), "with what was left");
        assert_eq!(
            connection.receive(&mut ReceiveBuffer::<Vec<u8>>::new(), &mut out).err(),
            Some(error),
            "with nothing"
        );
    }
    assert_eq!(
        (
            out,
            format!("{connection:?} {:?} {}", connection.transport_action(), connection.has_pending_reply())
        ),
        (written, look)
    );
    connection.receive_eof();
    assert_eq!(
        connection.receive(&mut inbound, &mut Vec::new()).err(),
        Some(error),
        "after the transport's end"
    );
}

both_roles!(an_error_is_sticky);
/// ST-08.
fn an_error_is_sticky<R: Side>() {
    for (end, error) in ENDS {
        assert_sticky(R::open(Config::default()), end, error.into());
        assert_sticky(R::open(Config::default()), &[&frame::<R>(0x81, b"a")[..], end].concat(), error.into());
    }
    assert_sticky(R::open(Config::default()), &frame::<R>(0x81, b"\xff"), ProtocolError::InvalidUtf8.into());
    assert_sticky(
        R::open(Config::default()),
        &frame::<R>(0x88, b"\x03"),
        ProtocolError::CloseBodyTooShort.into(),
    );
}

/// ST-08.
#[test]
fn an_error_of_the_handshake_is_sticky() {
    for (head, error) in [
        (&b"\n"[..], HandshakeError::BareLineFeed),
        (b"GET / HTTP/1.0\r\n", HandshakeError::UnsupportedHttpVersion),
        (b"GET / HTTP/1.1\r\n\r\n", HandshakeError::MissingHost),
    ] {
        assert_sticky(Connection::server(Config::default()), head, error.into());
    }
    for (head, error) in [
        (&b"\n"[..], HandshakeError::BareLineFeed),
        (b"HTTP/1.1 101\r\n", HandshakeError::InvalidStatusLine),
        (b"HTTP/1.1 101 \r\n\r\n", HandshakeError::InvalidUpgrade),
    ] {
        assert_sticky(asking(), head, error.into());
    }
    // §7.1.7: a client whose handshake failed reads nothing more, however fine.
    let (mut client, mut inbound) = (asking(), filled(b"\n"));
    assert!(client.receive(&mut inbound, &mut Vec::new()).is_err());
    assert_eq!(inbound.feed(RESPONSE), RESPONSE.len());
    assert!(!matches!(client.receive(&mut inbound, &mut Vec::new()), Ok(Some(Event::Open(_)))));
    assert_eq!(client.state(), State::End);
}

both_roles!(events_are_equal_if_their_contents_are);
/// The buffers that the events borrow from do not matter.
fn events_are_equal_if_their_contents_are<R: Side>() {
    for (first, event) in [(0x81, Event::Text("a")), (0x82, Event::Binary(b"a")), (0x89, Event::Ping(b"a"))] {
        let mut inbound = filled(&frame::<R>(first, b"a"));
        assert_eq!(R::open(Config::default()).receive(&mut inbound, &mut Vec::new()), Ok(Some(event)));
    }
}

/// The buffers that the events borrow from do not matter.
#[test]
fn requests_and_responses_are_equal_if_their_heads_are() {
    let other_path = [b"GET /other", REQUEST.strip_prefix(b"GET /chat").unwrap()].concat();
    let [mut one, mut same, mut other] = [filled(REQUEST), filled(REQUEST), filled(&other_path)];
    let [one, same, other] = [&mut one, &mut same, &mut other]
        .map(|inbound| Connection::server(Config::default()).receive(inbound, &mut Vec::new()).unwrap());
    assert!(matches!(one, Some(Event::Request(_))));
    assert_eq!(one, same);
    assert_ne!(one, other);

    let other_header = [RESPONSE.strip_suffix(b"\r\n").unwrap(), b"Server: x\r\n\r\n"].concat();
    let [mut one, mut same, mut other] = [filled(RESPONSE), filled(RESPONSE), filled(&other_header)];
    let [one, same, other] =
        [&mut one, &mut same, &mut other].map(|inbound| asking().receive(inbound, &mut Vec::new()).unwrap());
    assert!(matches!(one, Some(Event::Open(_))));
    assert_eq!(one, same);
    assert_ne!(one, other);
}
