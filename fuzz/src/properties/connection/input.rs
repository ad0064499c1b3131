//! What a connection receives, and the time.

use core::time::Duration;

use websocket_proto::{
    Accept, CloseFrameStatus, Config, Error, Event, Role, SendBuffer, State, Storage, Timeout,
    TransportAction,
};

use super::super::naive;
use super::Run;
use crate::support::Seen;

impl<R: Role, S: Storage> Run<'_, R, S> {
    /// Advances the time. A timeout is permanent, and `tick` sends only a Ping.
    pub(super) fn tick(&mut self, time: Duration) {
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
    pub(super) fn receive(&mut self, accept: bool) -> bool {
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
}
