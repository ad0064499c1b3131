//! Fixed memory of any length.
//!
//! ```text
//!   mod.rs  steps ──▶ peer.rs  bytes ──▶ end.rs  connection and memory
//! ```

mod end;
mod peer;

use core::cell::Cell;
use core::time::Duration;

use arbitrary::Arbitrary;
use end::End;
use peer::{Peer, Piece};
use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, CloseStatus, Config, Connection, Error, HandshakeError,
    ProtocolError, ReceiveBuffer, Reject, Role, Server, State, TransportAction, Uri,
};

use super::keys::Keys;
use super::naive;
use super::start::{config, negotiated};
use crate::support::{self, Side};

/// Input for a connection in fixed memory.
#[derive(Debug, Arbitrary)]
pub struct FixedMemory {
    is_client: bool,
    /// Whether the memory holds the opening handshake, too.
    opens: bool,
    in_parts: bool,
    is_compressed: bool,
    /// How much longer than the least length the memory is.
    len: Len,
    limits: Limits,
    /// The seconds of the four timeouts.
    timeouts: [Option<u8>; 4],
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Len {
    Short(u8),
    Long(u16),
    /// A payload length takes 64 bits.
    VeryLong(u8),
}

/// Limits on sizes: the room in the memory, and this many bytes more.
#[derive(Debug, Arbitrary)]
struct Limits {
    message: Option<i8>,
    frame: Option<i8>,
    head: Option<i8>,
    fragments: Option<u8>,
    fields: Option<u8>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    /// The peer sends this.
    Send(Piece),
    /// Up to so many bytes of it arrive.
    Read(u8),
    ReadAll,
    /// Seconds pass.
    Tick(u8),
    /// Time passes until the next deadline.
    TickDeadline,
    /// The application accepts the request, or rejects it.
    Answer(bool),
    Shrink,
    /// The transport ends.
    Eof,
}

/// A control frame with a masking key (§5.5).
const CONTROL_FRAME: usize = 131;

/// Fixed and growing memory give the same events, output, error, deadlines and end, if the limits on the head
/// and on a message are those of the fixed memory: its length less a code point, and less a control frame. A
/// compressed message needs room for the bytes of a read, too; without it, it is `MessageTooBig`.
pub fn fixed_memory(input: FixedMemory) {
    let negotiated = negotiated(input.is_compressed);
    if input.is_client {
        let left = Cell::new(usize::MAX);
        let start = |config, opens| {
            let keys = Keys { next: support::Keys::default(), left: &left };
            let request = ClientRequest::new(Uri::parse("ws://server.example.com/chat").expect("a URI"));
            match opens {
                true => Connection::client(request, config, keys, &mut vec![]).expect("a request"),
                false => Connection::established(Client::new(keys), negotiated, config),
            }
        };
        run::<Client<support::Keys>, _>(&input, start, |_, _, _| Err(AcceptError::NoRequest));
    } else {
        let start = |config, opens| match opens {
            true => Connection::server(config),
            false => Connection::established(Server::new(), negotiated, config),
        };
        let answer: Answer<_> = |server, accepts, out| match accepts {
            true => server.accept(Accept::new(), out),
            false => server.reject(Reject::new(403), out),
        };
        run::<Server, _>(&input, start, answer);
    }
}

/// Answers a request.
type Answer<R> = fn(&mut Connection<R>, bool, &mut Vec<u8>) -> Result<(), AcceptError>;

/// The limits that the fixed memory makes: its room for a head and for a message.
fn room(len: usize) -> [usize; 2] {
    // The longest code point has 4 bytes.
    [len - 4, len - CONTROL_FRAME]
}

impl FixedMemory {
    fn len(&self) -> usize {
        match self.len {
            Len::Short(more) => ReceiveBuffer::MIN_LEN + usize::from(more),
            Len::Long(more) => ReceiveBuffer::MIN_LEN + usize::from(more % 4096),
            Len::VeryLong(more) => 65_536 + usize::from(more),
        }
    }

    fn config(&self) -> Config {
        let [head, message] = room(self.len());
        let (limits, mut config) = (&self.limits, config(if self.in_parts { 2 } else { 0 }, [0, 0]));
        let limit = |room: usize, more: i8| room.saturating_add_signed(more.into());
        if let Some(more) = limits.message {
            config.max_message_size = limit(message, more) as u64;
        }
        if let Some(more) = limits.frame {
            config.max_frame_size = limit(message, more) as u64;
        }
        if let Some(more) = limits.head {
            config.max_head_size = limit(head, more);
        }
        config.max_fragments = limits.fragments.map_or(config.max_fragments, u32::from);
        config.max_headers = limits.fields.map_or(config.max_headers, usize::from);
        [config.handshake_timeout, config.ping_interval, config.pong_timeout, config.close_timeout] =
            self.timeouts.map(|seconds| seconds.map(|seconds| Duration::from_secs(seconds.into())));
        config
    }

    /// The limits of the growing memory: those of the fixed memory, too.
    fn expected(&self) -> Config {
        let [head, message] = room(self.len());
        let mut config = self.config();
        config.max_head_size = config.max_head_size.min(head);
        if !self.in_parts && !self.is_compressed {
            config.max_message_size = config.max_message_size.min(message as u64);
        }
        config
    }
}

fn run<S: Side, R: Role>(
    input: &FixedMemory,
    start: impl Fn(Config, bool) -> Connection<R>,
    answer: Answer<R>,
) {
    let mut memory = vec![0xA5; input.len()];
    let mut both = Both {
        growing: End::new(start(input.expected(), input.opens), ReceiveBuffer::with_retained_capacity(64)),
        fixed: End::new(start(input.config(), input.opens), ReceiveBuffer::fixed(&mut memory)),
        now: Duration::ZERO,
        deadline: None,
        received: vec![],
        longest_read: 0,
    };
    let mut peer = Peer::default();
    for step in input.steps.iter().take(100) {
        match *step {
            Step::Send(ref piece) => peer.send::<S>(piece, room(input.len())),
            Step::Read(len) => both.read(&mut peer.wire, len.into()),
            Step::ReadAll => both.read(&mut peer.wire, usize::MAX),
            Step::Tick(seconds) => both.tick(both.now + Duration::from_secs(seconds.into())),
            Step::TickDeadline => both.tick(both.deadline.unwrap_or(both.now)),
            Step::Answer(accepts) => both.answer(accepts, answer),
            Step::Shrink => {
                both.growing.inbound.shrink_to_fit();
                both.fixed.inbound.shrink_to_fit();
            }
            Step::Eof => both.end(),
        }
        if both.lacks_room(input) {
            return;
        }
        both.assert_same::<S>(input);
    }
    if !input.opens && !input.is_compressed {
        both.assert_as_told::<S>(&input.expected());
    }
}

/// The same connection in growing and in fixed memory.
struct Both<'m, R: Role> {
    growing: End<R, Vec<u8>>,
    fixed: End<R, &'m mut [u8]>,
    now: Duration,
    deadline: Option<Duration>,
    /// The bytes received until the end.
    received: Vec<u8>,
    longest_read: usize,
}

impl<R: Role> Both<'_, R> {
    fn read(&mut self, wire: &mut Vec<u8>, len: usize) {
        let read: Vec<u8> = wire.drain(..len.min(wire.len())).collect();
        if self.growing.connection.state() != State::End {
            self.received.extend(&read);
        }
        self.longest_read = self.longest_read.max(read.len());
        self.growing.read(&read);
        self.fixed.read(&read);
        let head_too_long = Some(Error::Handshake(HandshakeError::HeadTooLong));
        if self.fixed.error == head_too_long && self.growing.error.is_none() {
            // Full memory can never hold the rest of the head, and growing memory has only seen as much.
            self.growing.read(b"x");
        }
    }

    fn tick(&mut self, now: Duration) {
        self.now = now.max(self.now);
        let [growing, fixed] = [self.growing.tick(self.now), self.fixed.tick(self.now)];
        assert_eq!(fixed, growing);
        self.deadline = growing.unwrap_or_default();
    }

    fn answer(&mut self, accepts: bool, answer: Answer<R>) {
        let growing = answer(&mut self.growing.connection, accepts, &mut self.growing.out);
        let fixed = answer(&mut self.fixed.connection, accepts, &mut self.fixed.out);
        assert_eq!(fixed, growing);
        self.growing.read(&[]);
        self.fixed.read(&[]);
    }

    /// The transport ends. A connection that was open has not sent or received a Close, and is not clean.
    fn end(&mut self) {
        let (before, status) = (self.growing.connection.state(), self.growing.connection.close_status());
        assert!(before == State::End || status == CloseStatus::default(), "§5.5.1: a Close has an answer");
        let after = [self.growing.connection.receive_eof(), self.fixed.connection.receive_eof()];
        assert_eq!(after, [status; 2]);
        assert_eq!(self.fixed.connection.state(), State::End);
        assert_eq!(self.fixed.connection.transport_action(), TransportAction::Close);
    }

    /// Whether a compressed message has too little room in the fixed memory.
    fn lacks_room(&self, input: &FixedMemory) -> bool {
        let too_big = Some(Error::Protocol(ProtocolError::MessageTooBig));
        // The growing memory may fail alike, but at a later message.
        let is_same = self.fixed.error == self.growing.error && self.fixed.events == self.growing.events;
        if !input.is_compressed || self.fixed.error != too_big || is_same {
            return false;
        }
        assert!(self.growing.events.starts_with(&self.fixed.events));
        let limit = usize::try_from(input.config().max_message_size).unwrap_or(usize::MAX);
        let needed = limit.saturating_add(CONTROL_FRAME + self.longest_read);
        assert!(!input.in_parts && needed > input.len(), "{needed} of {}", input.len());
        true
    }

    fn assert_same<S: Side>(&self, input: &FixedMemory) {
        assert_eq!(self.fixed.events, self.growing.events);
        assert_eq!(self.fixed.out, self.growing.out);
        assert_eq!(self.fixed.look(input.in_parts), self.growing.look(input.in_parts));
        if let Some(Error::Handshake(HandshakeError::HeadTooLong | HandshakeError::TooManyFields)) =
            self.fixed.error
        {
            let answer = if S::PEER_MASKS { &b"HTTP/1.1 431 "[..] } else { b"" };
            assert!(self.fixed.out.starts_with(answer), "RFC 6585 §5");
        }
    }

    /// The events and the error are those of the RFC.
    fn assert_as_told<S: Side>(&self, config: &Config) {
        let read = naive::frames(&self.received, S::PEER_MASKS, config);
        assert_eq!(self.fixed.events, read.events);
        let code = self.fixed.error.map(|error| match error {
            Error::Protocol(error) => error.close_code().get(),
            error => panic!("{error:?}"),
        });
        assert_eq!(code, read.fails);
    }
}
