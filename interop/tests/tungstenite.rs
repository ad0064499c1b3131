//! Another implementation as an oracle, in memory: each end against tungstenite's other end, and the same
//! wire to both.
#![cfg(feature = "alloc")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::io::{self, ErrorKind, Read, Write};

use fastrand::Rng;
use support::{KEY, Keys, Seen, Side, frame, frame_with, transmit};
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::handshake::server::{NoCallback, ServerHandshake};
use tungstenite::protocol::{CloseFrame, Role as Theirs};
use tungstenite::{Message, WebSocket};
use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Event, ReceiveBuffer, Role, Server, State,
    TransportAction, Uri,
};

type Clients = Client<Keys>;

/// The transport of tungstenite: its input and its output.
#[derive(Debug, Default)]
struct Wire {
    read: Vec<u8>,
    written: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = buffer.len().min(self.read.len());
        buffer[..count].copy_from_slice(&self.read[..count]);
        self.read.drain(..count);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn seen(message: Message) -> Seen {
    match message {
        Message::Text(text) => Seen::Text(text.as_str().to_owned()),
        Message::Binary(bytes) => Seen::Binary(bytes.to_vec()),
        Message::Ping(payload) => Seen::Ping(payload.to_vec()),
        Message::Pong(payload) => Seen::Pong(payload.to_vec()),
        Message::Close(frame) => {
            Seen::Close(frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())))
        }
        Message::Frame(_) => panic!("never read"),
    }
}

/// Reads all available messages, and returns whether the input broke the rules.
fn read_all(socket: &mut WebSocket<Wire>) -> (Vec<Seen>, bool) {
    let mut messages = vec![];
    loop {
        match socket.read() {
            Ok(message) => messages.push(seen(message)),
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                return (messages, false);
            }
            Err(tungstenite::Error::ConnectionClosed) => return (messages, false),
            Err(_) => return (messages, true),
        }
    }
}

/// Our server after a handshake with tungstenite's client.
fn our_server() -> (Connection<Server>, WebSocket<Wire>) {
    let handshake = ClientHandshake::start(
        Wire::default(),
        tungstenite::client::IntoClientRequest::into_client_request("ws://localhost:9001/chat?a=b").unwrap(),
        None,
    );
    let Err(HandshakeError::Interrupted(mut waiting)) = handshake.unwrap().handshake() else {
        panic!("no response yet")
    };
    let mut server = Connection::server(Config::default());
    let mut inbound = support::filled(&core::mem::take(&mut waiting.get_mut().get_mut().written));
    let mut out = vec![];
    let Ok(Some(Event::Request(request))) = server.receive(&mut inbound, &mut out) else {
        panic!("a request")
    };
    assert_eq!((request.target(), request.header("host")), ("/chat?a=b", Some(&b"localhost:9001"[..])));
    server.accept(Accept::new().headers(&[("X-Server", "ours")]), &mut out).unwrap();
    waiting.get_mut().get_mut().read = out;
    let (socket, response) = waiting.handshake().expect("accepted");
    assert_eq!(response.headers()["x-server"], "ours");
    (server, socket)
}

/// Our client after a handshake with tungstenite's server.
fn our_client() -> (Connection<Clients>, WebSocket<Wire>) {
    let mut request = vec![];
    let uri = Uri::parse("ws://localhost:9001/chat").unwrap();
    let mut client =
        Connection::client(ClientRequest::new(uri), Config::default(), Keys::default(), &mut request)
            .unwrap();
    let wire = Wire { read: request, written: vec![] };
    let mut socket = ServerHandshake::start(wire, NoCallback, None).handshake().expect("a request");
    let mut inbound = support::filled(&core::mem::take(&mut socket.get_mut().written));
    assert!(matches!(client.receive(&mut inbound, &mut vec![]), Ok(Some(Event::Open(_)))));
    (client, socket)
}

/// Messages of all lengths go both ways, and either end closes.
fn converse<R: Role>((mut ours, mut theirs): (Connection<R>, WebSocket<Wire>), random: &mut Rng) {
    let (mut inbound, mut out) = (ReceiveBuffer::new(), vec![]);
    let mut receive = |ours: &mut Connection<R>, wire: &mut Wire, out: &mut Vec<u8>| {
        let mut events = vec![];
        assert_eq!(inbound.feed(&wire.written), wire.written.len());
        wire.written.clear();
        while let Some(event) = ours.receive(&mut inbound, out).expect("tungstenite keeps the rules") {
            events.push(match event {
                Event::Text(text) => Seen::Text(text.to_owned()),
                Event::Binary(bytes) => Seen::Binary(bytes.to_vec()),
                Event::Ping(payload) => Seen::Ping(payload.to_vec()),
                Event::Pong(payload) => Seen::Pong(payload.to_vec()),
                Event::Close(frame) => {
                    Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
                }
                event => panic!("{event:?}"),
            });
        }
        events
    };
    for len in [0, 1, 7, 8, 125, 126, 127, 1000, 65_535, 65_536, 70_000] {
        let text: String = (0..len).map(|_| random.char(..)).collect();
        let bytes: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
        let ping: Vec<u8> = bytes.iter().copied().take(125).collect();
        let expected = [Seen::Text(text.clone()), Seen::Binary(bytes.clone()), Seen::Ping(ping.clone())];

        for message in
            [Message::text(text.clone()), Message::binary(bytes.clone()), Message::Ping(ping.clone().into())]
        {
            theirs.send(message).unwrap();
        }
        assert_eq!(receive(&mut ours, theirs.get_mut(), &mut out), expected);
        theirs.get_mut().read.append(&mut out);
        assert_eq!(read_all(&mut theirs), (vec![Seen::Pong(ping.clone())], false));

        ours.send_text(&text, &mut out).unwrap();
        ours.send_binary(&bytes, &mut out).unwrap();
        ours.ping(&ping, &mut out).unwrap();
        theirs.get_mut().read.append(&mut out);
        assert_eq!(read_all(&mut theirs), (expected.to_vec(), false));
        assert_eq!(receive(&mut ours, theirs.get_mut(), &mut out), [Seen::Pong(ping)]);
    }
    let close = Seen::Close(Some((4000, "gone, é".to_owned())));
    if random.bool() {
        ours.close(CloseCode::new(4000).unwrap(), "gone, é", &mut out).unwrap();
        theirs.get_mut().read.append(&mut out);
        assert_eq!(read_all(&mut theirs), (vec![close], false));
        let _ = theirs.flush();
        assert!(matches!(receive(&mut ours, theirs.get_mut(), &mut out)[..], [Seen::Close(Some((4000, _)))]));
    } else {
        theirs.close(Some(CloseFrame { code: 4000.into(), reason: "gone, é".into() })).unwrap();
        assert_eq!(receive(&mut ours, theirs.get_mut(), &mut out), [close]);
        theirs.get_mut().read.append(&mut out);
        assert!(
            matches!(read_all(&mut theirs), (messages, false) if matches!(messages[..], [Seen::Close(Some((4000, _)))]))
        );
    }
    assert_eq!(
        (ours.state(), ours.close_status().clean(), ours.close_status().code()),
        (State::End, true, 4000)
    );
    assert_ne!(ours.transport_action(), TransportAction::KeepOpen);
}

#[test]
fn our_server_and_their_client() {
    let mut random = Rng::with_seed(1);
    (0..6).for_each(|_| converse(our_server(), &mut random));
}

#[test]
fn our_client_and_their_server() {
    let mut random = Rng::with_seed(2);
    (0..6).for_each(|_| converse(our_client(), &mut random));
}

/// Frames that are mostly legal. Left out is where tungstenite is known to differ: lengths that are not
/// minimal, and close codes.
fn frames<R: Side>(random: &mut Rng) -> Vec<u8> {
    let mut wire = vec![];
    let mut open = false;
    for _ in 0..random.usize(1..8) {
        let text: String =
            (0..random.usize(..60)).map(|_| if random.bool() { 'a' } else { random.char(..) }).collect();
        let mut payload = text.into_bytes();
        if random.u8(..12) == 0 && !payload.is_empty() {
            let at = random.usize(..payload.len());
            payload[at] ^= 1 << random.u32(..8);
        }
        let opcode = match random.u8(..8) {
            0 => 0x9,
            1 => 0xA,
            _ if open => 0x0,
            _ => random.u8(1..=2),
        };
        if opcode & 0x8 != 0 {
            payload.truncate(125);
        }
        let fin = opcode & 0x8 != 0 || random.bool();
        let mut first = opcode | if fin { 0x80 } else { 0 };
        match random.u8(..40) {
            0 => first ^= 1 << random.u32(..8),
            1 => payload = vec![b'x'; random.usize(120..140)],
            _ => {}
        }
        if opcode & 0x8 == 0 {
            open = !fin;
        }
        let mask = R::PEER_MASKS ^ (random.u8(..60) == 0);
        wire.extend(frame_with(
            first,
            &payload,
            mask.then_some(KEY),
            LengthForm::Minimal,
            payload.len() as u64,
        ));
    }
    let close: [&[u8]; 5] = [b"", b"\x03\xe8", b"\x03\xe9bye", b"\x03", b"\x03\xe8\xff"];
    if random.bool() {
        wire.extend(frame::<R>(0x88, close[random.usize(..close.len())]));
    }
    wire
}

fn agree<R: Side>(theirs: Theirs, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let (mut kept, mut broken) = (0, 0);
    for _ in 0..500 {
        let wire = frames::<R>(&mut random);
        let mut socket =
            WebSocket::from_raw_socket(Wire { read: wire.clone(), written: vec![] }, theirs, None);
        let (messages, failed) = read_all(&mut socket);
        let ours = transmit::<R>(Config::default(), &wire);
        assert_eq!(
            (&ours.events, ours.error.is_some()),
            (&messages, failed),
            "{:?} of {wire:02x?}",
            ours.error
        );
        *(if failed { &mut broken } else { &mut kept }) += 1;
    }
    assert!(kept > 100 && broken > 100, "both verdicts are tried: {kept} and {broken}");
}

#[test]
fn the_same_wire_comes_to_the_same_on_a_server() {
    agree::<Server>(Theirs::Server, 3);
}

#[test]
fn the_same_wire_comes_to_the_same_on_a_client() {
    agree::<Clients>(Theirs::Client, 4);
}
