//! A connection under any calls.
//!
//! ```text
//!   mod.rs  options, script ──▶ calls.rs ──▶ input.rs
//!                          ──▶ output.rs
//! ```

mod calls;
mod input;
mod output;

use core::cell::Cell;
use core::time::Duration;

use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, Config, Connection, Delivery, Error, Negotiated,
    ReceiveBuffer, Reject, Role, SendBuffer, SendSlice, Server, State, Storage, Timeout, TransportAction,
    Uri,
};

use super::keys::Keys;
use super::script::Script;
use crate::support::{self, Seen};

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
        // With a low limit on `out`, each call has room for one reply, and the unread bytes can be Pings.
        for _ in 0..self.told.pongs.len() + self.inbound.unread().len() + 2 {
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
}
