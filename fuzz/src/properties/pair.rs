//! A client and a server, connected to each other.

use core::cell::Cell;
use core::mem;
use core::time::Duration;

use websocket_proto::handshake::DeflateParams;
use websocket_proto::{
    Client, CloseCode, Config, Connection, DeflateConfig, Delivery, Event, MessageKind, Negotiated,
    PreparedMessage, ReceiveBuffer, Role, SendError, SendSlice, Server, State,
};

use super::keys::Keys;
use super::naive;
use super::script::Script;
use crate::support::{Joiner, Seen};
use crate::support_deflate::json;

/// Each end receives what the other end sends, in order and without an error, for any negotiated parameters,
/// any calls, and any way to transfer the output.
///
/// The input begins with the negotiated [`parameters`] and the configuration ([`configured`]) of the server
/// and of the client. The rest is operations: a byte for [`End::operation`], whose top bit selects the
/// client, and its arguments.
pub fn pair(input: &[u8]) {
    let mut script = Script(input);
    let left = Cell::new(usize::MAX);
    let agreed = parameters(&mut script);
    let mut server = End::new(Server::new(), false, agreed, configured(&mut script), &left);
    let keys = Keys { next: Default::default(), left: &left };
    let mut client = End::new(Client::new(keys), true, agreed, configured(&mut script), &left);
    for _ in 0..100 {
        if script.0.is_empty() {
            break;
        }
        let operation = script.byte();
        if operation & 0x80 == 0 {
            server.operation(operation, &mut script, &mut client);
        } else {
            client.operation(operation, &mut script, &mut server);
        }
    }
    left.set(usize::MAX);
    while server.flush() | client.flush() {
        client.receive(mem::take(&mut server.out));
        server.receive(mem::take(&mut client.out));
    }
    client.judge(&server);
    server.judge(&client);
}

/// The window bits of the server and of the client, then bits: 1 and 2 for no context takeover, 4 for no
/// permessage-deflate.
fn parameters(script: &mut Script<'_>) -> Negotiated {
    let (bits, options) = (script.byte(), script.byte());
    let agreed = Negotiated::new();
    if options & 4 == 0 { agreed.with_deflate(deflate(bits, options)) } else { agreed }
}

fn deflate(bits: u8, takeover: u8) -> DeflateParams {
    let mut deflate = DeflateParams::new();
    (deflate.server_window_bits, deflate.client_window_bits) = (8 + (bits & 7), 8 + (bits >> 3 & 7));
    (deflate.server_context_takeover, deflate.client_context_takeover) =
        (takeover & 1 == 0, takeover & 2 == 0);
    deflate
}

/// The configuration of an end: a byte with options (1 for parts, 2 for limits on the parameters, 4 for little
/// room in `out`), the level, the least length to compress, and with option 2 the limits.
fn configured(script: &mut Script<'_>) -> Config {
    let options = script.byte();
    let (mut config, mut deflate) = (Config::default(), DeflateConfig::default());
    (deflate.level, deflate.min_len) = (script.byte() % 10, script.byte().into());
    if options & 1 != 0 {
        config.delivery = Delivery::Parts;
    }
    if options & 2 != 0 {
        deflate.limits = self::deflate(script.byte(), script.byte());
    }
    // Nothing bounds `out`, so without the option it always has room.
    config.max_write_buffer = if options & 4 == 0 { usize::MAX } else { 10 };
    config.deflate = Some(deflate);
    config
}

/// One end and its results.
struct End<'k, R: Role + Clone> {
    masks: bool,
    /// How many masking keys are left.
    left: &'k Cell<usize>,
    now: Duration,
    /// Whether `out` always has room.
    has_room: bool,
    /// Whether a newer Pong can replace one that waits for room.
    may_lose_pongs: bool,
    /// Whether a reply had no masking key: a client whose entropy source fails drops it.
    may_lose_replies: bool,
    /// Then it has ended, even if there was no room for a Close.
    has_timed_out: bool,
    connection: Connection<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    out: Vec<u8>,
    /// The events that the other end must read.
    sent: Vec<Seen>,
    /// The message that it sends in fragments, up to now.
    begun: Option<(MessageKind, Vec<u8>)>,
    /// The payload that it sent last.
    last: Vec<u8>,
    seen: Vec<Seen>,
    joiner: Joiner,
}

impl<'k, R: Role + Clone> End<'k, R> {
    fn new(role: R, masks: bool, agreed: Negotiated, config: Config, left: &'k Cell<usize>) -> Self {
        let connection = Connection::established(role, agreed, config);
        let inbound = ReceiveBuffer::with_retained_capacity(64);
        Self {
            masks,
            left,
            now: Duration::ZERO,
            has_room: config.max_write_buffer == usize::MAX,
            may_lose_pongs: config.max_write_buffer < 100,
            may_lose_replies: false,
            has_timed_out: false,
            connection,
            inbound,
            out: vec![],
            sent: vec![],
            begun: None,
            last: vec![],
            seen: vec![],
            joiner: Joiner::default(),
        }
    }

    fn operation<P: Role + Clone>(&mut self, operation: u8, script: &mut Script<'_>, peer: &mut End<'_, P>) {
        match operation & 0x7F {
            b'a' => {
                let (is_text, window_bits) = (script.one_of([false, true]), script.byte());
                let payload = self.payload(script);
                let (message, seen) = if is_text {
                    let text = String::from_utf8_lossy(&payload).into_owned();
                    (PreparedMessage::text(&text), Seen::Text(text))
                } else {
                    (PreparedMessage::binary(&payload), Seen::Binary(payload))
                };
                let message = if window_bits < 16 { message.with_deflate(window_bits, 6) } else { message };
                self.send(seen, |connection, out| connection.send_prepared(&message, out));
            }
            b'b' => {
                let payload = self.payload(script);
                self.send(Seen::Binary(payload.clone()), |connection, out| {
                    connection.send_binary(&payload, out)
                });
            }
            b'c' => self.send(Seen::Close(Some((1000, String::new()))), |connection, out| {
                connection.close(CloseCode::NORMAL_CLOSURE, "", out)
            }),
            b'd' => {
                let code = CloseCode::new(1000 + u16::from(script.byte())).unwrap_or(CloseCode::GOING_AWAY);
                let reason = script.text();
                self.send(Seen::Close(Some((code.get(), reason.clone()))), |connection, out| {
                    connection.close(code, &reason, out)
                });
            }
            b'e' => self.send(Seen::Close(None), |connection, out| connection.close_empty(out)),
            b'g' => {
                let payload = script.bytes();
                self.send(Seen::Ping(payload.to_vec()), |connection, out| connection.ping(payload, out));
            }
            b'h' => self.connection = self.connection.clone(),
            b'j' => {
                self.connection = match self.connection.clone().split() {
                    Ok((reader, writer)) => Connection::join(reader, writer),
                    Err(connection) => connection,
                };
            }
            b'k' => self.tick(Duration::from_secs(script.byte().into())),
            b'l' => {
                let payload = script.bytes();
                self.send(Seen::Pong(payload.to_vec()), |connection, out| connection.pong(payload, out));
            }
            b'n' => {
                self.left.set(script.byte().into());
                (self.may_lose_replies, peer.may_lose_replies) = (self.masks, peer.masks);
            }
            b'f' => self.left.set(usize::MAX),
            b'o' => self.connection.set_compression(script.one_of([true, false])),
            b'p' => {
                let (last, kind) = (script.one_of([false, true]), script.kind());
                let payload = self.payload(script);
                let kind = self.begun.as_ref().map_or(kind, |(kind, _)| *kind);
                self.part(kind, &payload, last);
            }
            b'q' => self.connection.shrink_to_fit(),
            b'r' => self.inbound.shrink_to_fit(),
            b's' => {
                // To an `out` that may be too short.
                let (payload, mut memory) = (self.payload(script), vec![0; usize::from(script.byte()) * 8]);
                let mut out = SendSlice::new(&mut memory);
                self.may_lose_pongs = true;
                let result = self.connection.send_binary(&payload, &mut out);
                self.out.extend(out.as_slice());
                if result != Err(SendError::Full) {
                    self.told(Seen::Binary(payload), result);
                }
            }
            b't' => {
                let text = String::from_utf8_lossy(&self.payload(script)).into_owned();
                self.send(Seen::Text(text.clone()), |connection, out| connection.send_text(&text, out));
            }
            b'w' => {
                // A part of the output.
                let count = usize::from(script.byte()).min(self.out.len());
                peer.receive(self.out.drain(..count).collect());
            }
            b'x' => {
                // The output, byte by byte.
                for byte in mem::take(&mut self.out) {
                    peer.receive(vec![byte]);
                }
            }
            _ => peer.receive(mem::take(&mut self.out)),
        }
    }

    /// A payload: the next string of the input or, if it is empty, the end of the last payload or generated
    /// bytes.
    fn payload(&mut self, script: &mut Script<'_>) -> Vec<u8> {
        let bytes = script.bytes();
        if !bytes.is_empty() {
            self.last = bytes.to_vec();
            return self.last.clone();
        }
        let (choice, len) = (script.byte(), LENGTHS[usize::from(script.byte()) % LENGTHS.len()]);
        let mut random = fastrand::Rng::with_seed(choice.into());
        match choice {
            0 => return vec![],
            1..64 => self.last.drain(..self.last.len().saturating_sub(len)).for_each(drop),
            64..128 => self.last = vec![choice; len],
            128..192 => self.last = json(&mut random, len.min(4_000)).into_bytes(),
            192.. => self.last = (0..len).map(|_| random.u8(..)).collect(),
        }
        self.last.clone()
    }

    fn send(
        &mut self,
        seen: Seen,
        send: impl FnOnce(&mut Connection<R>, &mut Vec<u8>) -> Result<(), SendError>,
    ) {
        let result = send(&mut self.connection, &mut self.out);
        self.told(seen, result);
    }

    fn told(&mut self, seen: Seen, result: Result<(), SendError>) {
        let is_message = matches!(seen, Seen::Text(_) | Seen::Binary(_));
        match result {
            Ok(()) => self.sent.push(seen),
            Err(SendError::Closed) => assert!(self.is_closed() || self.has_timed_out),
            Err(SendError::MessageOpen) => assert!(is_message && self.begun.is_some()),
            Err(SendError::ControlTooLong) => {
                assert!(matches!(seen, Seen::Ping(payload) | Seen::Pong(payload) if payload.len() > 125))
            }
            Err(SendError::ReasonTooLong) => {
                assert!(matches!(seen, Seen::Close(Some((_, reason))) if reason.len() > 123))
            }
            Err(SendError::Entropy) => assert!(self.masks && self.left.get() == 0),
            Err(SendError::Full) => assert!(!self.has_room),
            Err(error) => panic!("{error:?}"),
        }
    }

    fn part(&mut self, kind: MessageKind, payload: &[u8], last: bool) {
        match self.connection.send_fragment(kind, payload, last, &mut self.out) {
            Ok(()) => {
                let (kind, mut bytes) = self.begun.take().unwrap_or((kind, vec![]));
                bytes.extend(payload);
                if last {
                    self.sent.push(Seen::message(kind, bytes));
                } else {
                    self.begun = Some((kind, bytes));
                }
            }
            Err(SendError::Closed) => assert!(self.is_closed() || self.has_timed_out),
            Err(SendError::InvalidUtf8) => {
                let bytes = [self.begun.as_ref().map_or(&[][..], |(_, begun)| begun), payload].concat();
                // An incomplete code point may be completed by a later fragment.
                let is_text = core::str::from_utf8(&bytes)
                    .map_or_else(|error| error.error_len().is_none() && !last, |_| true);
                assert!(kind == MessageKind::Text && !is_text);
            }
            Err(SendError::Full) => assert!(!self.has_room),
            Err(SendError::Entropy) => assert!(self.masks && self.left.get() == 0),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Advances the time. What `tick` writes goes to the peer, too.
    fn tick(&mut self, time: Duration) {
        self.now += time;
        let before = self.out.len();
        let result = self.connection.tick(self.now, &mut self.out);
        self.has_timed_out |= result.is_err();
        let written = naive::frames(&self.out[before..], self.masks, &Config::default());
        self.sent.extend(written.events.into_iter().filter(|event| match event {
            Seen::Ping(_) => true,
            Seen::Close(_) => result.is_err(),
            _ => false,
        }));
    }

    /// Whether there was output or a pending reply.
    fn flush(&mut self) -> bool {
        self.connection.flush_reply(&mut self.out);
        !self.out.is_empty()
    }

    fn is_closed(&self) -> bool {
        self.sent.iter().any(|seen| matches!(seen, Seen::Close(_)))
    }

    fn receive(&mut self, bytes: Vec<u8>) {
        assert_eq!(self.inbound.feed(&bytes), bytes.len());
        loop {
            let event = match self.connection.receive(&mut self.inbound, &mut self.out) {
                Ok(Some(event)) => event,
                Ok(None) => return,
                Err(error) => panic!("the peer breaks no rule: {error:?}"),
            };
            let seen = self.joiner.seen(&event);
            match &seen {
                Some(Seen::Ping(payload)) => self.sent.push(Seen::Pong(payload.clone())),
                Some(close @ Seen::Close(_)) if !self.is_closed() => self.sent.push(close.clone()),
                _ => {}
            }
            self.seen.extend(seen);
        }
    }

    /// Its events are the frames that the other end sent, up to a Close. After a timeout, it reads no more.
    fn judge<P: Role + Clone>(&self, peer: &End<'_, P>) {
        let close = peer.sent.iter().position(|seen| matches!(seen, Seen::Close(_)));
        let end = close.map_or(peer.sent.len(), |at| at + 1);
        let mut sent = peer.sent[..end].iter();
        for seen in &self.seen {
            let found = sent.by_ref().find(|sent| {
                assert!(*sent == seen || peer.may_lose(sent), "{sent:?} was sent, {seen:?} was received");
                *sent == seen
            });
            assert!(found.is_some(), "{seen:?} was not sent");
        }
        assert!(self.has_timed_out || sent.all(|sent| peer.may_lose(sent)), "all that was sent");
        if !(self.has_timed_out || peer.has_timed_out) {
            let has_read_close = self.seen.iter().any(|seen| matches!(seen, Seen::Close(_)));
            assert_eq!(self.connection.state() == State::End, self.is_closed() && has_read_close);
        }
    }

    fn may_lose(&self, sent: &Seen) -> bool {
        match sent {
            Seen::Pong(_) => self.may_lose_pongs || self.may_lose_replies,
            Seen::Close(_) => self.may_lose_replies || self.has_timed_out,
            _ => false,
        }
    }
}

const LENGTHS: [usize; 8] = [1, 20, 200, 255, 700, 3_000, 20_000, 70_000];
