//! Two connections wired back to back in memory: handshake, any script of sends, and a clean end (ST-10,
//! ST-11).

use fastrand::Rng;
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Delivery, Event, MessageKind,
    ReceiveBuffer, Role, SendError, Server, State, TransportAction, Uri,
};

use crate::support::{Keys, Seen};

/// One end: the connection, its buffers, and the events it has seen.
struct End<R: Role> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    out: Vec<u8>,
    seen: Vec<Seen>,
    text: String,
    bytes: Vec<u8>,
}

impl<R: Role> End<R> {
    fn new(connection: Connection<R>, out: Vec<u8>) -> Self {
        Self {
            connection,
            inbound: ReceiveBuffer::new(),
            out,
            seen: vec![],
            text: String::new(),
            bytes: vec![],
        }
    }

    /// Carries some of the other end's bytes over.
    fn read_from<P: Role>(&mut self, peer: &mut End<P>, most: usize) {
        let count = most.min(peer.out.len());
        assert_eq!(self.inbound.feed(&peer.out[..count]), count);
        peer.out.drain(..count);
    }

    fn receive(&mut self, mut accept: impl FnMut(&mut Connection<R>, &mut Vec<u8>)) {
        while let Some(event) =
            self.connection.receive(&mut self.inbound, &mut self.out).expect("both ends keep the rules")
        {
            match event {
                Event::Request(_) => accept(&mut self.connection, &mut self.out),
                Event::Text(text) => self.seen.push(Seen::Text(text.to_owned())),
                Event::Binary(bytes) => self.seen.push(Seen::Binary(bytes.to_vec())),
                Event::TextPart { text, last } => {
                    self.text.push_str(text);
                    if last {
                        self.seen.push(Seen::Text(core::mem::take(&mut self.text)));
                    }
                }
                Event::BinaryPart { bytes, last } => {
                    self.bytes.extend_from_slice(bytes);
                    if last {
                        self.seen.push(Seen::Binary(core::mem::take(&mut self.bytes)));
                    }
                }
                Event::Ping(payload) => self.seen.push(Seen::Ping(payload.to_vec())),
                Event::Close(frame) => self
                    .seen
                    .push(Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))),
                _ => {}
            }
        }
    }

    /// Sends something at random; what the other end must see of it.
    fn send(&mut self, random: &mut Rng, open: &mut Option<(MessageKind, Vec<u8>)>) -> Option<Seen> {
        let len = [0, 1, 125, 126, 300, 65_535, 65_536, 70_000][random.usize(..8)];
        let (connection, out) = (&mut self.connection, &mut self.out);
        match (random.u8(..5), open.take()) {
            (0, part) => {
                *open = part;
                let payload: Vec<u8> = (0..random.usize(..=125)).map(|_| random.u8(..)).collect();
                connection.ping(&payload, out).unwrap();
                Some(Seen::Ping(payload))
            }
            (_, Some((kind, mut whole))) => {
                let piece: Vec<u8> = "é".bytes().chain(core::iter::repeat_n(b'x', len)).collect();
                let cut = random.usize(..=piece.len().min(3));
                connection.send_fragment(kind, &piece[..cut], false, out).unwrap();
                let last = random.bool();
                connection.send_fragment(kind, &piece[cut..], last, out).unwrap();
                whole.extend(piece);
                if last {
                    return Some(match kind {
                        MessageKind::Text => Seen::Text(String::from_utf8(whole).unwrap()),
                        MessageKind::Binary => Seen::Binary(whole),
                    });
                }
                *open = Some((kind, whole));
                None
            }
            (1, None) => {
                let text = "日".repeat(len / 3);
                connection.send_text(&text, out).unwrap();
                Some(Seen::Text(text))
            }
            (2, None) => {
                let mut payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
                let seen = Seen::Binary(payload.clone());
                let head = connection.mask_and_encode_header(MessageKind::Binary, &mut payload).unwrap();
                out.extend_from_slice(&head);
                out.extend_from_slice(&payload);
                Some(seen)
            }
            (_, None) => {
                let kind = if random.bool() { MessageKind::Text } else { MessageKind::Binary };
                connection.send_fragment(kind, b"", false, out).unwrap();
                *open = Some((kind, vec![]));
                None
            }
        }
    }
}

fn pair(config: Config) -> (End<Client<Keys>>, End<Server>) {
    let mut request = Vec::new();
    let asked = ClientRequest::new(Uri::parse("ws://localhost:1/").unwrap()).subprotocols(&["a", "b"]);
    let client = Connection::client(asked, config, Keys::default(), &mut request).unwrap();
    (End::new(client, request), End::new(Connection::server(config), vec![]))
}

/// ST-10, ST-11.
#[test]
fn any_script_reaches_a_clean_end() {
    for seed in 0..60 {
        let mut random = Rng::with_seed(seed);
        let mut config = Config::default();
        config.max_write_buffer = usize::MAX;
        config.delivery = if seed % 2 == 0 { Delivery::Messages } else { Delivery::Parts };
        let (mut client, mut server) = pair(config);
        let (mut to_server, mut to_client) = (vec![], vec![]);
        let (mut client_part, mut server_part) = (None, None);
        let mut sends = random.usize(..30);
        loop {
            match random.u8(..4) {
                0 => server.read_from(&mut client, 1 << random.u32(..18)),
                1 => client.read_from(&mut server, 1 << random.u32(..18)),
                2 if sends > 0 && client.connection.state() == State::Transmission => {
                    to_server.extend(client.send(&mut random, &mut client_part));
                    sends -= 1;
                }
                3 if sends > 0 && server.connection.state() == State::Transmission => {
                    to_client.extend(server.send(&mut random, &mut server_part));
                    sends -= 1;
                }
                _ if sends == 0 && client.connection.state() == State::Transmission => {
                    // One end closes, or both at once.
                    if seed % 3 != 0 {
                        let closed =
                            client.connection.close(CloseCode::NORMAL_CLOSURE, "done", &mut client.out);
                        assert!(matches!(closed, Ok(()) | Err(SendError::Closed)));
                    }
                    if seed % 3 != 1 && server.connection.state() == State::Transmission {
                        let closed = server.connection.close(CloseCode::GOING_AWAY, "down", &mut server.out);
                        assert!(matches!(closed, Ok(()) | Err(SendError::Closed)));
                    }
                }
                _ => {}
            }
            client.receive(|_, _| panic!("a request to a client"));
            server.receive(|connection, out| connection.accept(Accept::new(), out).unwrap());
            if client.connection.state() == State::End && server.connection.state() == State::End {
                break;
            }
        }
        assert_eq!(
            (client.connection.transport_action(), server.connection.transport_action()),
            (TransportAction::AwaitPeerClose, TransportAction::Close)
        );
        let (here, there) = (client.connection.close_status(), server.connection.close_status());
        assert!(here.clean() && there.clean());
        assert_eq!((here.sent, here.received), (there.received, there.sent));
        for (seen, sent) in [(&server.seen, &to_server), (&client.seen, &to_client)] {
            let (closes, seen): (Vec<_>, Vec<_>) =
                seen.iter().partition(|seen| matches!(seen, Seen::Close(_)));
            assert_eq!(closes.len(), 1, "seed {seed}");
            assert_eq!(seen, sent.iter().collect::<Vec<_>>(), "seed {seed}");
        }
    }
}

#[test]
fn the_subprotocol_is_agreed() {
    let (mut client, mut server) = pair(Config::default());
    server.read_from(&mut client, usize::MAX);
    match server.connection.receive(&mut server.inbound, &mut server.out) {
        Ok(Some(Event::Request(request))) => {
            let chosen = request.subprotocols().find(|subprotocol| subprotocol.name() == "b").unwrap();
            server.connection.accept(Accept::new().subprotocol(chosen), &mut server.out).unwrap();
        }
        other => panic!("{other:?}"),
    }
    client.read_from(&mut server, usize::MAX);
    let opened = client.connection.receive(&mut client.inbound, &mut client.out);
    assert!(matches!(opened, Ok(Some(Event::Open(response))) if response.subprotocol() == Some("b")));
}

/// ST-02.
#[test]
fn equal_calls_and_input_yield_equal_output() {
    let run = || {
        let (mut client, _) = pair(Config::default());
        let (mut twin, mut out) = (client.connection.clone(), client.out.clone());
        let mut twin_in = ReceiveBuffer::new();
        let mut server = End::new(Connection::server(Config::default()), vec![]);
        server.read_from(&mut client, usize::MAX);
        server.receive(|connection, out| connection.accept(Accept::new(), out).unwrap());
        assert_eq!(twin_in.feed(&server.out), server.out.len());
        client.read_from(&mut server, usize::MAX);
        client.receive(|_, _| {});
        assert!(twin.receive(&mut twin_in, &mut out).unwrap().is_some());
        out.clear();
        client.connection.send_text("x", &mut client.out).unwrap();
        twin.send_text("x", &mut out).unwrap();
        assert_eq!(client.out, out, "a clone goes on as the original");
        out
    };
    assert_eq!(run(), run());
}
