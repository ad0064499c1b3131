//! A connection and the memory of its input.

use core::mem;
use core::time::Duration;

use websocket_proto::{
    CloseStatus, Connection, Error, Event, ReceiveBuffer, Role, State, Storage, Timeout, TransportAction,
};

use crate::support::Seen;

pub(super) struct End<R: Role, S: Storage> {
    pub(super) connection: Connection<R>,
    pub(super) inbound: ReceiveBuffer<S>,
    /// What the memory had no room for.
    pub(super) rest: Vec<u8>,
    pub(super) events: Vec<Seen>,
    pub(super) out: Vec<u8>,
    pub(super) error: Option<Error>,
    /// The parts of a message, up to now.
    text: String,
    bytes: Vec<u8>,
}

/// What both memories must have in common: the error, the state, the Close frames, and the unread bytes.
pub(super) type Look = (Option<Error>, State, TransportAction, CloseStatus, Vec<u8>);

impl<R: Role, S: Storage> End<R, S> {
    pub(super) fn new(connection: Connection<R>, inbound: ReceiveBuffer<S>) -> Self {
        Self {
            connection,
            inbound,
            rest: vec![],
            events: vec![],
            out: vec![],
            error: None,
            text: String::new(),
            bytes: vec![],
        }
    }

    /// These bytes arrive. Those for which the memory has no room wait.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes);
        loop {
            let taken = self.inbound.feed(&self.rest);
            self.rest.drain(..taken);
            while self.receive() {}
            let is_full = self.inbound.spare_mut(1).is_empty() && self.connection.state() != State::End;
            if self.rest.is_empty() || is_full {
                break;
            }
        }
        let waits = self.connection.state() == State::Handshake && self.is_asked();
        assert!(self.rest.is_empty() || waits, "{} bytes without room", self.rest.len());
    }

    /// Whether a request waits for its answer.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.events[..], [Seen::Request { .. }])
    }

    /// Whether there was an event.
    fn receive(&mut self) -> bool {
        let event = match self.connection.receive(&mut self.inbound, &mut self.out) {
            Ok(Some(event)) => event,
            Ok(None) => {
                assert_eq!(self.error, None, "an error stays");
                return false;
            }
            Err(error) => {
                assert!(self.error.is_none_or(|before| before == error), "an error stays");
                self.error = Some(error);
                return false;
            }
        };
        let (text, bytes) = (&mut self.text, &mut self.bytes);
        self.events.push(match event {
            Event::Request(request) => {
                Seen::Request { target: request.target().to_owned(), headers: headers(request.headers()) }
            }
            Event::Open(response) => Seen::Open { subprotocol: None, headers: headers(response.headers()) },
            Event::Text(text) => Seen::Text(text.to_owned()),
            Event::Binary(bytes) => Seen::Binary(bytes.to_vec()),
            Event::TextPart { text: part, last } => {
                text.push_str(part);
                if !last {
                    return true;
                }
                Seen::Text(mem::take(text))
            }
            Event::BinaryPart { bytes: part, last } => {
                bytes.extend(part);
                if !last {
                    return true;
                }
                Seen::Binary(mem::take(bytes))
            }
            Event::Ping(payload) => Seen::Ping(payload.to_vec()),
            Event::Pong(payload) => Seen::Pong(payload.to_vec()),
            Event::Close(frame) => {
                Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
            }
            Event::Rejected(response) => {
                Seen::Rejected { status: response.status(), headers: headers(response.headers()) }
            }
            event => panic!("{event:?}"),
        });
        true
    }

    pub(super) fn tick(&mut self, now: Duration) -> Result<Option<Duration>, Timeout> {
        self.connection.tick(now, &mut self.out)
    }

    pub(super) fn look(&self) -> Look {
        let connection = &self.connection;
        // After the end, `receive` drops all input, and more calls of it are needed for fixed memory.
        let unread = match connection.state() {
            State::End => vec![],
            _ => [self.inbound.unread(), &self.rest].concat(),
        };
        (self.error, connection.state(), connection.transport_action(), connection.close_status(), unread)
    }
}

fn headers(headers: websocket_proto::handshake::Headers<'_>) -> Vec<(String, Vec<u8>)> {
    headers.map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}
