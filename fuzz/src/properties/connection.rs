//! A connection under any calls.

use core::cell::Cell;
use core::mem;
use core::time::Duration;

use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, CloseCode, CloseFrameStatus, Config, Connection, Delivery,
    Entropy, EntropyError, Error, Event, Negotiated, ReceiveBuffer, Reject, Role, SendBuffer, SendError,
    SendSlice, Server, State, Storage, Timeout, TransportAction, Uri,
};

use super::naive;
use super::script::Script;
use crate::support::{self, SampleNonce, Seen};

/// A server under [`run`].
pub fn connection_server(input: &[u8]) {
    let start = |config, open| match open {
        true => Connection::established(Server::new(), Negotiated::new(), config),
        false => Connection::server(config),
    };
    let answer: Answer<_> = |server, answer, out| match answer {
        Ok(accept) => server.accept(accept, out),
        Err(reject) => server.reject(reject, out),
    };
    run(input, false, start, answer, &Cell::new(0));
}

/// A client that has sent its request, under [`run`].
pub fn connection_client(input: &[u8]) {
    let left = Cell::new(usize::MAX);
    let keys = Keys { next: support::Keys::default(), left: &left };
    let request = ClientRequest::new(Uri::parse("ws://server.example.com/chat").expect("a URI"));
    let start = |config, open| match open {
        true => Connection::established(Client::new(keys), Negotiated::new(), config),
        false => Connection::client(request, config, keys, &mut Vec::new()).expect("a request"),
    };
    run(input, true, start, |_, _, _| Err(AcceptError::NoRequest), &left);
}

/// The nonce of §1.3, then keys that never repeat, as many as are left.
#[derive(Clone)]
pub(super) struct Keys<'a> {
    pub(super) next: support::Keys,
    pub(super) left: &'a Cell<usize>,
}

impl Entropy for Keys<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if bytes.len() == 16 {
            return SampleNonce.fill(bytes);
        }
        self.left.set(self.left.get().checked_sub(1).ok_or(EntropyError)?);
        self.next.fill(bytes)
    }
}

/// Accepts a request or rejects it.
type Answer<R> =
    fn(&mut Connection<R>, Result<Accept<'_>, Reject<'_>>, &mut SendSlice<'_>) -> Result<(), AcceptError>;

/// Plays the input. Its first byte has options: 1 for an open connection, 2 for parts, 4 for fixed memory, 8
/// for small limits, 16 and 32 leave Pong and Close to the application, 64 for a low limit on `out`, 128 for
/// less fixed memory than a control frame needs. The second byte selects the length of `out`. The rest is
/// operations: a letter for [`Run::operation`] and its arguments. A string has its length in the byte before
/// it.
fn run<R: Role>(
    input: &[u8],
    masks: bool,
    start: impl FnOnce(Config, bool) -> Connection<R>,
    answer: Answer<R>,
    left: &Cell<usize>,
) {
    let mut script = Script(input);
    let options = script.byte();
    let mut config = Config::default();
    (config.auto_pong, config.auto_close, config.allow_plain_http) =
        (options & 16 == 0, options & 32 == 0, true);
    if options & 2 != 0 {
        config.delivery = Delivery::Parts;
    }
    if options & 8 != 0 {
        (config.max_message_size, config.max_frame_size, config.max_fragments, config.max_write_buffer) =
            (100, 70, 4, 300);
    }
    if options & 64 != 0 {
        config.max_write_buffer = 5;
    }
    let connection = start(config, options & 1 != 0);
    let (mut memory, mut fixed, mut last) = (vec![0; script.one_of(ROOMS)], [0xA5; 512], [0xA5; 512]);
    let out = SendSlice::new(&mut memory);
    if options & 4 != 0 {
        let fixed = if options & 128 != 0 { &mut fixed[..60] } else { &mut fixed[..] };
        Run::new(connection, ReceiveBuffer::fixed(fixed), out, config, answer, left, masks)
            .play(script, &mut last);
    } else {
        Run::new(connection, ReceiveBuffer::with_retained_capacity(64), out, config, answer, left, masks)
            .play(script, &mut last);
    }
}

const ROOMS: [usize; 8] = [140_000, 0, 3, 10, 131, 150, 600, 5_000];
const LENGTHS: [usize; 8] = [0, 125, 126, 511, 512, 65_535, 65_536, 70_000];
const FIELDS: [&[(&str, &str)]; 4] = [&[], &[("X", "y")], &[("Host", "x")], &[("X", "a\r\nb: c")]];

/// A connection and its results.
struct Run<'m, R: Role, S: Storage> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<S>,
    out: SendSlice<'m>,
    config: Config,
    answer: Answer<R>,
    left: &'m Cell<usize>,
    masks: bool,
    was_open: bool,
    told: Told,
}

#[derive(Default)]
struct Told {
    /// The bytes removed from `out`.
    gone: Vec<u8>,
    /// The events that the peer must read: those of the sent frames.
    sent: Vec<Seen>,
    /// The message that is sent in fragments, up to now.
    begun: Vec<u8>,
    /// The Pongs that may be written, in order.
    pongs: Vec<Vec<u8>>,
    /// The number of bytes received of the message that is delivered in parts.
    received: usize,
    error: Option<Error>,
    asked: bool,
    /// Whether bytes were dropped from the receive buffer.
    cleared: bool,
    close_received: bool,
    now: Duration,
    /// The time at which `tick` wrote a Ping; `None` after the next event.
    pinged: Option<Duration>,
    timeout: Option<Timeout>,
}

impl<'m, R: Role, S: Storage> Run<'m, R, S> {
    fn new(
        connection: Connection<R>,
        inbound: ReceiveBuffer<S>,
        out: SendSlice<'m>,
        config: Config,
        answer: Answer<R>,
        left: &'m Cell<usize>,
        masks: bool,
    ) -> Self {
        let was_open = connection.state() == State::Transmission;
        Self { connection, inbound, out, config, answer, left, masks, was_open, told: Told::default() }
    }

    /// For any input, any calls and any room in `out`, in any order: nothing panics; the state never goes
    /// back; an error is permanent; a call that fails changes nothing; each event keeps the limits and
    /// consumes input; the output is legal and has the sent messages.
    fn play(mut self, mut script: Script<'_>, last: &'m mut [u8]) {
        for _ in 0..200 {
            if script.0.is_empty() {
                break;
            }
            let state = self.connection.state();
            self.operation(&mut script);
            assert!(self.connection.state() as u8 >= state as u8, "states go forward");
            assert!(
                self.connection.transport_action() == TransportAction::KeepOpen
                    || !self.connection.has_pending_reply()
            );
        }
        self.drain(usize::MAX);
        self.out = SendSlice::new(last);
        self.left.set(usize::MAX);
        self.receive(false);
        // With a low limit on `out`, each call has room for one reply.
        for _ in 0..self.told.pongs.len() + 2 {
            if self.connection.has_pending_reply() {
                self.drain(usize::MAX);
                self.receive(false);
            }
        }
        assert!(!self.connection.has_pending_reply(), "there was room, and a key");
        assert_eq!(
            self.connection.transport_action() != TransportAction::KeepOpen,
            self.connection.state() == State::End
        );
        self.drain(usize::MAX);
        self.judge();
    }

    fn operation(&mut self, script: &mut Script<'_>) {
        match script.byte() & 0x1F | 0x60 {
            b'a' => {
                let (accept, answer) = (Accept::new().headers(script.one_of(FIELDS)), self.answer);
                self.call(|connection, out| answer(connection, Ok(accept), out));
            }
            b'b' => {
                let bytes = script.bytes();
                self.send(Seen::Binary(bytes.to_vec()), |connection, out| connection.send_binary(bytes, out));
            }
            b'c' => {
                let code = CloseCode::new(1000 + u16::from(script.byte())).unwrap_or(CloseCode::GOING_AWAY);
                let reason = script.text();
                self.send(Seen::Close(Some((code.get(), reason.clone()))), |connection, out| {
                    connection.close(code, &reason, out)
                });
            }
            b'h' => self.send(Seen::Close(None), |connection, out| connection.close_empty(out)),
            b'd' => self.drain(usize::from(script.byte())),
            b'e' => {
                assert_eq!(self.connection.receive_eof(), self.connection.close_status());
                assert_eq!(
                    (self.connection.state(), self.connection.transport_action()),
                    (State::End, TransportAction::Close)
                );
            }
            b'f' => {
                let _fixed_memory_may_be_full = self.inbound.feed(script.bytes());
            }
            b'g' => {
                let payload = script.bytes();
                self.send(Seen::Ping(payload.to_vec()), |connection, out| connection.ping(payload, out));
            }
            b'i' => {
                let (kind, payload) = (script.kind(), script.bytes());
                let mut masked = payload.to_vec();
                match self.call(|connection, _| connection.mask_and_encode_header(kind, &mut masked)) {
                    Some(head) => {
                        self.drain(usize::MAX);
                        self.told.gone.extend(head.iter().chain(&masked));
                        self.told.sent.push(naive::message(kind, payload.to_vec()));
                    }
                    None => assert_eq!(masked, payload),
                }
            }
            b'j' => {
                let (status, body, fields) =
                    (u16::from(script.byte()) * 4, script.bytes(), script.one_of(FIELDS));
                let answer = self.answer;
                self.call(|connection, out| {
                    answer(connection, Err(Reject::new(status).headers(fields).body(body)), out)
                });
            }
            b'k' => self.tick(Duration::from_secs(script.byte().into())),
            b'l' => {
                let long = vec![0x5A; script.one_of(LENGTHS)];
                self.send(Seen::Binary(long.clone()), |connection, out| connection.send_binary(&long, out));
            }
            b'n' => self.left.set(script.byte().into()),
            b'o' => {
                let payload = script.bytes();
                if self.call(|connection, out| connection.pong(payload, out)).is_some() {
                    self.told.pongs.push(payload.to_vec());
                }
            }
            b'p' => {
                let (kind, last, payload) = (script.kind(), script.one_of([false, true]), script.bytes());
                if self.call(|connection, out| connection.send_fragment(kind, payload, last, out)).is_some() {
                    self.told.begun.extend(payload);
                    if last {
                        self.told.sent.push(naive::message(kind, mem::take(&mut self.told.begun)));
                    }
                }
            }
            b'q' => self.inbound.shrink_to_fit(),
            b's' => while self.receive(true) {},
            b't' => {
                let text = script.text();
                self.send(Seen::Text(text.clone()), |connection, out| connection.send_text(&text, out));
            }
            b'u' => {
                self.receive(false);
            }
            b'z' => {
                self.inbound.clear();
                self.told.cleared = true;
            }
            _ => while self.receive(false) {},
        }
    }

    /// A call that fails changes nothing, except for a Pong that is too long for an empty `out`.
    fn call<T, E>(
        &mut self,
        call: impl FnOnce(&mut Connection<R>, &mut SendSlice<'m>) -> Result<T, E>,
    ) -> Option<T> {
        let look = |run: &Self| {
            let (connection, pending) = (&run.connection, run.out.len());
            (
                connection.state(),
                connection.close_status(),
                pending,
                pending > 0 && connection.has_pending_reply(),
            )
        };
        let before = look(self);
        let result = call(&mut self.connection, &mut self.out);
        assert!(result.is_ok() || look(self) == before, "{before:?} and {:?}", look(self));
        result.ok()
    }

    fn send(
        &mut self,
        seen: Seen,
        call: impl FnOnce(&mut Connection<R>, &mut SendSlice<'m>) -> Result<(), SendError>,
    ) {
        let mut is_full = false;
        let sent = self.call(|connection, out| {
            let result = call(connection, out);
            is_full = result == Err(SendError::Full);
            result
        });
        // The largest memory has room for two of the longest messages.
        assert!(
            !is_full || self.out.len() > 0 || self.out.remaining_capacity() < ROOMS[0],
            "an empty buffer with room is not full"
        );
        if sent.is_some() {
            self.told.sent.push(seen);
        }
    }

    fn drain(&mut self, count: usize) {
        let count = count.min(self.out.len());
        self.told.gone.extend(&self.out.as_slice()[..count]);
        self.out.consume(count);
    }

    /// Advances the time. A timeout is permanent, and `tick` sends only a Ping.
    fn tick(&mut self, time: Duration) {
        self.told.now += time;
        let before = self.out.len();
        match self.connection.tick(self.told.now, &mut self.out) {
            Ok(deadline) => {
                assert!(
                    self.told.timeout.is_none() && deadline.is_none_or(|deadline| deadline > self.told.now)
                );
                let written = naive::frames(&self.out.as_slice()[before..], self.masks, &Config::default());
                for ping in written.events.into_iter().filter(|event| matches!(event, Seen::Ping(_))) {
                    self.told.pinged = Some(self.told.now);
                    self.told.sent.push(ping);
                }
            }
            Err(timeout) => {
                assert!(self.told.timeout.is_none_or(|before| before == timeout));
                if timeout == Timeout::Pong && self.told.timeout.is_none() {
                    let waited = self.told.pinged.map(|at| self.told.now - at);
                    assert!(
                        waited >= self.config.pong_timeout,
                        "§5.5.2: no wait for a Pong but after a Ping, to the end: {waited:?}"
                    );
                }
                assert_eq!(
                    (self.connection.state(), self.connection.transport_action()),
                    (State::End, TransportAction::Close)
                );
                self.told.timeout = Some(timeout);
            }
        }
    }

    /// Whether there was an event.
    fn receive(&mut self, accept: bool) -> bool {
        let (state, unread, closing) =
            (self.connection.state(), self.inbound.unread().len(), self.connection.close_status());
        let event = match self.connection.receive(&mut self.inbound, &mut self.out) {
            Ok(event) => event,
            Err(Error::WrongBuffer) => {
                assert!(self.told.cleared, "the buffer is the same, and nothing was dropped from it");
                assert_eq!(
                    (self.connection.state(), self.inbound.unread().len()),
                    (state, unread),
                    "nothing is read"
                );
                return false;
            }
            Err(error) => {
                assert!(
                    self.told.error.is_none_or(|before| before == error)
                        && self.connection.state() == State::End
                );
                assert!(
                    closing.sent == CloseFrameStatus::None
                        || !self.connection.has_pending_reply()
                        || self.told.error.is_some(),
                    "§7.1.7: no answer but a Close"
                );
                self.told.error = Some(error);
                return false;
            }
        };
        assert_eq!(self.told.error, None, "an error stays");
        let Some(event) = event else {
            let before = (self.inbound.unread().len(), self.out.len());
            assert!(matches!(self.connection.receive(&mut self.inbound, &mut self.out), Ok(None)));
            assert_eq!((self.inbound.unread().len(), self.out.len()), before, "nothing stays nothing");
            if self.told.asked && state == State::Handshake {
                assert_eq!(before.0, unread, "what follows the head waits for the answer");
            } else {
                assert!(!self.inbound.spare_mut(1).is_empty(), "more is needed, so there is room for it");
            }
            return false;
        };
        assert!(state != State::End && !self.told.close_received, "{event:?} after the end");
        self.told.pinged = None;
        self.told.asked |= matches!(event, Event::Request(_) | Event::PlainRequest(_));
        self.told.close_received |= matches!(event, Event::Close(_));
        let (len, last) = match event {
            Event::Text(text) => (text.len(), true),
            Event::Binary(bytes) => (bytes.len(), true),
            Event::TextPart { text, last } => (text.len(), last),
            Event::BinaryPart { bytes, last } => (bytes.len(), last),
            Event::Request(request) if accept => {
                let accept = request
                    .subprotocols()
                    .next()
                    .map_or(Accept::new(), |first| Accept::new().subprotocol(first));
                let _there_may_be_no_room = (self.answer)(&mut self.connection, Ok(accept), &mut self.out);
                (0, false)
            }
            Event::Ping(payload) if self.config.auto_pong => {
                self.told.pongs.push(payload.to_vec());
                (0, false)
            }
            _ => (0, false),
        };
        self.told.received += len;
        assert!(self.told.received as u64 <= self.config.max_message_size);
        if last {
            self.told.received = 0;
        }
        assert!(self.inbound.unread().len() < unread, "an event has consumed something");
        assert!(
            !self.told.close_received || self.config.auto_close || !self.connection.has_pending_reply(),
            "§5.5.2: no Pong after a Close"
        );
        true
    }

    /// Checks the output as the peer reads it.
    fn judge(&self) {
        let mut wire = &self.told.gone[..];
        if !self.masks && !self.was_open && !wire.is_empty() {
            let answer = support::Answer::parse(wire);
            if answer.status != 101 {
                answer.refusal();
                return;
            }
            wire = &wire[wire.len() - answer.body.len()..];
        }
        let read = naive::frames(wire, self.masks, &Config::default());
        let pongs_of_closing = naive::frames(read.rest, self.masks, &Config::default());
        assert!(
            read.fails.is_none() && pongs_of_closing.fails.is_none() && pongs_of_closing.rest.is_empty(),
            "legal and whole"
        );
        // §5.5.2: each Ping has a reply, unless a Close was received
        assert!(
            pongs_of_closing.events.iter().all(|event| matches!(event, Seen::Pong(_))),
            "nothing else after a Close"
        );
        let mut keys = [read.keys, pongs_of_closing.keys].concat();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|two| two[0] != two[1]), "§5.3: fresh for each frame");

        let (mut sent, mut may_pong, mut close) =
            (self.told.sent.iter(), self.told.pongs.iter(), CloseFrameStatus::None);
        for event in read.events.iter().chain(&pongs_of_closing.events) {
            match event {
                Seen::Pong(payload) => {
                    assert!(may_pong.any(|pong| pong == payload), "a Pong for a Ping, in order")
                }
                Seen::Close(frame) => {
                    close = frame.as_ref().and_then(|(code, _)| CloseCode::new(*code)).into();
                    assert!(sent.len() == 0 || Some(event) == sent.next(), "an answer, or what was sent");
                }
                event => assert_eq!(Some(event), sent.next()),
            }
        }
        assert_eq!(sent.next(), None, "all that was sent");
        assert_eq!(close, self.connection.close_status().sent);
    }
}
