//! A connection and the memory of its input.

use core::time::Duration;

use websocket_proto::{
    CloseStatus, Connection, Error, ReceiveBuffer, Role, State, Storage, Timeout, TransportAction,
};

use super::super::sizes::Sizes;
use crate::support::{Joiner, Seen};

pub(super) struct End<R: Role, S: Storage> {
    pub(super) connection: Connection<R>,
    pub(super) inbound: ReceiveBuffer<S>,
    /// What the memory had no room for.
    pub(super) rest: Vec<u8>,
    pub(super) events: Vec<Seen>,
    pub(super) out: Vec<u8>,
    pub(super) error: Option<Error>,
    joiner: Joiner,
}

/// What both memories must have in common: the error, the state, the Close frames, and how many bytes wait.
pub(super) type Look = (Option<Error>, State, TransportAction, CloseStatus, usize);

impl<R: Role, S: Storage> End<R, S> {
    pub(super) fn new(connection: Connection<R>, inbound: ReceiveBuffer<S>) -> Self {
        Self {
            connection,
            inbound,
            rest: vec![],
            events: vec![],
            out: vec![],
            error: None,
            joiner: Joiner::default(),
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
        self.events.extend(self.joiner.seen(&event));
        true
    }

    pub(super) fn tick(&mut self, now: Duration) -> Result<Option<Duration>, Timeout> {
        self.connection.tick(now, &mut self.out)
    }

    pub(super) fn look(&self, in_parts: bool) -> Look {
        let connection = &self.connection;
        // After the end, `receive` drops all input, and more calls of it are needed for fixed memory.
        let waiting = match connection.state() {
            State::End => 0,
            // A short memory delivers shorter parts, so it holds another part of the message.
            _ if in_parts => self.inbound.unread().len() + self.rest.len(),
            _ => Sizes::of(&self.inbound).held + self.rest.len(),
        };
        (self.error, connection.state(), connection.transport_action(), connection.close_status(), waiting)
    }
}
