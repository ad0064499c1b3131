//! Random bytes and random calls, in both roles: nothing panics, and what leaves is what the RFC allows
//! (LIM-12).

use core::cell::Cell;

use fastrand::Rng;
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Delivery, Entropy, EntropyError, Event,
    MessageKind, ReceiveBuffer, Reject, Role, SendBuffer, SendError, Server, State, Storage, TransportAction,
    Uri,
};

use crate::support::{self, REQUEST, RESPONSE, Side, filled, frame, frames_of};

type Clients = Client<support::Keys>;

/// The nonce of §1.3 and counted keys, while it works.
struct Flaky<'a>(&'a Cell<bool>);

impl Entropy for Flaky<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.iter_mut().zip(b"the sample nonce").for_each(|(byte, sample)| *byte = *sample);
        if self.0.get() { Ok(()) } else { Err(EntropyError) }
    }
}

/// An outbound buffer whose room the test decides; it holds the connection to it.
#[derive(Default)]
struct Outbound {
    sent: Vec<u8>,
    pending: usize,
    room: usize,
}

impl SendBuffer for Outbound {
    fn len(&self) -> usize {
        self.pending
    }

    fn remaining_capacity(&self) -> usize {
        self.room
    }

    fn push(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.room, "at most the remaining capacity");
        self.room -= bytes.len();
        self.pending += bytes.len();
        self.sent.extend_from_slice(bytes);
    }
}

fn bytes(random: &mut Rng, most: usize) -> Vec<u8> {
    let ascii = random.bool();
    (0..random.usize(..=most)).map(|_| if ascii { b'a' } else { random.u8(..) }).collect()
}

fn config(random: &mut Rng) -> Config {
    let mut config = Config::default();
    let small = [0, 1, 2, 10, 125, 126, 300, 70_000];
    let mut pick =
        |default: usize| if random.u8(..3) > 0 { default } else { small[random.usize(..small.len())] };
    config.max_message_size = pick(1 << 20) as u64;
    config.max_frame_size = pick(1 << 20) as u64;
    config.max_fragments = pick(100) as u32;
    config.max_write_buffer = pick(1 << 20);
    (config.max_head_size, config.max_header_line, config.max_headers) =
        (pick(16_384), pick(8192), pick(100));
    config.delivery = if random.bool() { Delivery::Messages } else { Delivery::Parts };
    (config.auto_pong, config.auto_close, config.allow_plain_http) =
        (random.u8(..4) > 0, random.bool(), random.bool());
    config
}

/// What a peer of `R` may send: a head, frames that are mostly legal, or anything.
fn input<R: Side>(random: &mut Rng) -> Vec<u8> {
    let mut wire = match random.u8(..10) {
        0 => REQUEST.to_vec(),
        1 => RESPONSE.to_vec(),
        2 => bytes(random, 40),
        _ => {
            let first =
                [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x00, 0x80, 0x89, 0x8A, 0x88][random.usize(..11)];
            let most = [0, 5, 20, 125, 200][random.usize(..5)];
            frame::<R>(first, &if first == 0x88 { b"\x03\xe8".to_vec() } else { bytes(random, most) })
        }
    };
    if random.u8(..20) == 0 && !wire.is_empty() {
        let at = random.usize(..wire.len());
        wire[at] ^= 1 << random.u32(..8);
    }
    wire
}

/// One of the calls that send; a refused call leaves its payload unchanged.
fn send<R: Role>(
    connection: &mut Connection<R>,
    random: &mut Rng,
    out: &mut Outbound,
) -> Result<(), SendError> {
    let kind = if random.bool() { MessageKind::Text } else { MessageKind::Binary };
    let most = [0, 3, 130, 700][random.usize(..4)];
    let mut payload = bytes(random, most);
    match random.u8(..8) {
        0 => connection.send_text(&String::from_utf8_lossy(&payload), out),
        1 => connection.send_binary(&payload, out),
        2..5 => connection.send_fragment(kind, &payload, random.bool(), out),
        5 => connection.ping(&payload, out),
        6 => connection.pong(&payload, out),
        _ if random.u8(..4) == 0 => {
            let code = CloseCode::new(random.u16(3000..5000)).unwrap();
            connection.close(code, &String::from_utf8_lossy(&payload), out)
        }
        _ => {
            let before = payload.clone();
            let head = connection
                .mask_and_encode_header(kind, &mut payload)
                .inspect_err(|_| assert_eq!(payload, before))?;
            out.room = usize::MAX;
            out.push(&head);
            out.push(&payload);
            Ok(())
        }
    }
}

/// One life, and the bytes that left.
fn live<R: Role, P: Side, S: Storage>(
    random: &mut Rng,
    (mut connection, mut inbound): (Connection<R>, ReceiveBuffer<S>),
    works: &Cell<bool>,
    answer: fn(&mut Connection<R>, &mut Rng, &mut Outbound),
) -> Vec<u8> {
    let order =
        |state| [State::Handshake, State::Transmission, State::End].iter().position(|&it| it == state);
    let (mut out, mut error, mut wire) = (Outbound::default(), None, Vec::new());
    for _ in 0..random.usize(..40) {
        let (state, written, has_reply) =
            (connection.state(), out.sent.len(), connection.has_pending_reply());
        works.set(random.u8(..16) > 0);
        match random.u8(..10) {
            0 => (out.pending, out.room) = (0, [0, 1, 2, 6, 20, 131, 500, usize::MAX][random.usize(..8)]),
            1 => answer(&mut connection, random, &mut out),
            2 if random.u8(..30) == 0 => assert_eq!(connection.receive_eof(), connection.close_status()),
            2 => inbound.shrink_to_fit(),
            3 | 4 => {
                let result = send(&mut connection, random, &mut out);
                let wrote = out.sent.len() > written;
                // A send without room may have flushed the pending Pong before.
                assert!(result.is_ok() == wrote || has_reply, "{result:?}");
                assert!(result.is_err() || state == State::Transmission);
            }
            _ => {
                wire.extend(input::<P>(random));
                let read = random.usize(..=wire.len());
                let taken = inbound.feed(&wire[..read]);
                wire.drain(..taken);
                loop {
                    match connection.receive(&mut inbound, &mut out) {
                        Ok(Some(event)) => {
                            assert!(state != State::End && error.is_none(), "{event:?} after the end");
                            if let Event::Ping(payload) | Event::Pong(payload) = event {
                                assert!(payload.len() <= 125);
                            }
                        }
                        Ok(None) => {
                            assert_eq!(error, None);
                            // A connection that needs more input has room for it.
                            assert!(
                                connection.state() == State::Handshake || !inbound.spare_mut(1).is_empty()
                            );
                            break;
                        }
                        Err(now) => {
                            assert!(
                                error.is_none_or(|before| before == now) && connection.state() == State::End
                            );
                            error = Some(now);
                            break;
                        }
                    }
                }
            }
        }
        assert!(order(connection.state()) >= order(state), "ST-01");
        assert!(
            connection.state() == State::End || connection.transport_action() == TransportAction::KeepOpen
        );
    }
    out.sent
}

/// Frames that a peer of this role's accepts: legal, masked as they must be, in an order that §5.4 and §5.5.1
/// allow.
#[track_caller]
fn assert_legal<R: Side>(sent: &[u8]) {
    let (mut open, mut text, mut closed) = (None, Vec::new(), false);
    for (first, payload) in frames_of::<R>(sent) {
        assert!(!closed || first == 0x8A, "after a Close, only the Pongs that are due");
        match first {
            0x88 => {
                closed = true;
                let body = websocket_proto::CloseFrame::parse(&payload);
                assert!(body.is_ok(), "{payload:02x?}");
            }
            0x89 | 0x8A => {}
            _ => {
                let kind = if first & 0x0F == 0 { open.expect("a message is open") } else { first & 0x0F };
                assert!(first & 0x0F == 0 || open.is_none(), "§5.4");
                text.extend(payload);
                open = (first & 0x80 == 0).then_some(kind);
                if open.is_none() {
                    assert!(kind == 2 || core::str::from_utf8(&text).is_ok(), "§8.1");
                    text.clear();
                }
            }
        }
    }
}

fn answers(server: &mut Connection<Server>, random: &mut Rng, out: &mut Outbound) {
    let before = out.sent.len();
    let result = if random.u8(..4) > 0 {
        server.accept(Accept::new(), out)
    } else {
        server.reject(Reject::new(random.u16(..700)), out)
    };
    assert_eq!(result.is_ok(), out.sent.len() > before);
}

/// LIM-12.
#[test]
fn no_bytes_and_no_calls_make_it_panic() {
    let works = Cell::new(true);
    let mut opened = [0; 2];
    for seed in 0..6000 {
        let mut random = Rng::with_seed(seed);
        let mut config = config(&mut random);
        works.set(true);
        let mut memory = vec![0xA5; [1, 5, 130, 140, 400, 5000][random.usize(..6)]];
        // Half of them begin open, half with a request or a response to come.
        let begun = random.bool();
        if begun {
            (config.max_head_size, config.max_header_line, config.max_headers) = (16_384, 8192, 100);
            config.max_write_buffer = config.max_write_buffer.max(1);
        }
        if random.bool() {
            let server = if begun { support::open_server(config) } else { Connection::server(config) };
            let sent = if random.bool() {
                live::<_, Server, _>(&mut random, (server, ReceiveBuffer::new()), &works, answers)
            } else {
                live::<_, Server, _>(
                    &mut random,
                    (server, ReceiveBuffer::fixed(&mut memory)),
                    &works,
                    answers,
                )
            };
            let end = sent.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| at + 4);
            match end {
                Some(end) if sent.starts_with(b"HTTP/1.1 101 ") => assert_legal::<Server>(&sent[end..]),
                Some(end) if sent.starts_with(b"HTTP/1.1 ") => {
                    assert!(sent.len() - end < 100, "one response, and its text")
                }
                _ => assert_legal::<Server>(&sent),
            }
            opened[0] += usize::from(begun || sent.starts_with(b"HTTP/1.1 101 "));
        } else {
            let request = ClientRequest::new(Uri::parse("ws://a/").unwrap());
            let mut client = Connection::client(request, config, Flaky(&works), &mut Vec::new()).unwrap();
            if begun {
                assert!(matches!(
                    client.receive(&mut filled(RESPONSE), &mut Vec::new()),
                    Ok(Some(Event::Open(_)))
                ));
                opened[1] += 1;
            }
            let nothing = |_: &mut Connection<_>, _: &mut Rng, _: &mut Outbound| {};
            let sent = if random.bool() {
                live::<_, Clients, _>(&mut random, (client, ReceiveBuffer::new()), &works, nothing)
            } else {
                live::<_, Clients, _>(
                    &mut random,
                    (client, ReceiveBuffer::fixed(&mut memory)),
                    &works,
                    nothing,
                )
            };
            assert_legal::<Clients>(&sent);
        }
    }
    assert!(opened.iter().all(|&opened| opened > 500), "{opened:?}: most lives get somewhere");
}

/// LIM-12.
#[test]
fn random_heads_never_panic() {
    let (mut random, works) = (Rng::with_seed(12), Cell::new(true));
    for _ in 0..6000 {
        let mut head = if random.bool() { REQUEST.to_vec() } else { RESPONSE.to_vec() };
        for _ in 0..random.usize(..4) {
            let (from, to) = (random.usize(..head.len()), random.usize(..head.len()));
            match random.u8(..4) {
                0 => head[from] = b"\r\n: \t,;=\"\\\0\x7f\xff"[random.usize(..13)],
                1 => head.insert(from, random.u8(..)),
                2 => drop(head.drain(from.min(to)..from.max(to).min(from.min(to) + 20))),
                _ => head = [&head[..from], &head[from.min(to)..]].concat(),
            }
            if head.is_empty() {
                head.push(b'G');
            }
        }
        let mut inbound = filled(&head);
        let (mut server, mut out) = (Connection::server(Config::default()), Vec::new());
        match server.receive(&mut inbound, &mut out) {
            Ok(Some(Event::Request(request))) => {
                // Everything that borrows from it can be walked to its end.
                let walked =
                    (request.headers().count(), request.subprotocols().count(), format!("{request:?}"));
                let params = request
                    .extensions()
                    .flat_map(|it| it.params())
                    .filter_map(|it| it.value())
                    .flat_map(|it| it.bytes())
                    .count();
                assert!(
                    walked.0 + walked.1 + params <= head.len()
                        && request.target().len() + request.host().len() <= head.len()
                );
                server.accept(Accept::new(), &mut out).unwrap();
            }
            Ok(Some(event)) => panic!("{event:?}"),
            Ok(None) => assert!(out.is_empty()),
            Err(_) => assert!(out.starts_with(b"HTTP/1.1 4") || out.starts_with(b"HTTP/1.1 505 ")),
        }
        let request = ClientRequest::new(Uri::parse("ws://a/").unwrap());
        let mut client =
            Connection::client(request, Config::default(), Flaky(&works), &mut Vec::new()).unwrap();
        let (mut inbound, mut out) = (filled(&head), Vec::new());
        if let Ok(Some(Event::Open(response) | Event::Rejected(response))) =
            client.receive(&mut inbound, &mut out)
        {
            assert!(response.headers().count() <= head.len() && !format!("{response:?}").is_empty());
        }
        assert!(out.is_empty());
    }
}
