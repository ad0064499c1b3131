//! The endpoint under test as one connection shows it: its frames, compared with the replies that are due.

use alloc::collections::VecDeque;

use super::ledger::{Ledger, WrongMessage, WrongPong};
use crate::judge::{CloseBody, CodeClass, Event, FrameSeen, Stream};
use crate::role::Role;
use crate::verdict::Outcome;

/// The endpoint under test as one connection shows it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) stream: Stream,
    pub(super) ledger: Ledger,
    pub(super) close: Option<CloseSeen>,
    /// The payload of the last probe.
    pub(super) probe: Option<[u8; 8]>,
    /// The endpoint answered the last probe.
    pub(super) went_on: bool,
    /// A Pong arrived that repeats a frame to which no reply may come.
    pub(super) has_forbidden_pong: bool,
    /// A message arrived that nothing demands.
    pub(super) echoed: bool,
    /// The first thing that no case allows.
    pub(super) wrong: Option<String>,
    /// The first thing after the Close that no closing handshake allows.
    pub(super) wrong_after_close: Option<String>,
    /// The newest Pings of the endpoint without a Pong of ours.
    pub(super) pings: VecDeque<Vec<u8>>,
}

/// The first Close of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CloseSeen {
    pub(super) body: CloseBody,
    /// Replies to earlier frames were missing.
    pub(super) dropped_replies: bool,
    /// The endpoint had answered the probe.
    pub(super) late: bool,
}

/// §5.5.3: of several Pings, only the newest need a Pong.
const MAX_PINGS: usize = 64;

impl Peer {
    pub(super) fn new(role: Role) -> Self {
        Self {
            stream: Stream::new(role),
            ledger: Ledger::default(),
            close: None,
            probe: None,
            went_on: false,
            has_forbidden_pong: false,
            echoed: false,
            wrong: None,
            wrong_after_close: None,
            pings: VecDeque::new(),
        }
    }

    /// Interprets received bytes. Passes each frame to `seen`.
    pub(super) fn received(&mut self, bytes: &[u8], mut seen: impl FnMut(&FrameSeen)) {
        self.stream.push(bytes);
        while let Some((frame, event)) = self.stream.next_frame() {
            seen(&frame);
            if let Some(event) = event {
                self.event(event);
            }
        }
        if self.stream.is_lost() {
            self.object("a length without a possible end".to_owned());
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Message { .. } if self.close.is_some() => {
                self.object("a message after the Close".to_owned())
            }
            Event::Message { text, payload } => match self.ledger.message(text, &payload) {
                Ok(()) => {}
                Err(WrongMessage::Unexpected) => self.echoed = true,
                Err(WrongMessage::Differs(detail)) => self.object(detail),
            },
            Event::Defect(defect) => self.object(defect.to_string()),
            Event::Ping(payload) => {
                self.ledger.ping(&payload);
                if self.pings.len() == MAX_PINGS {
                    self.pings.pop_front();
                }
                self.pings.push_back(payload);
            }
            Event::Pong(payload) if self.probe.is_some_and(|probe| payload == probe) => {
                self.went_on = true;
                if self.close.is_some() {
                    self.object("a Pong after the Close, to a Ping after the offence".to_owned());
                }
            }
            Event::Pong(payload) => match self.ledger.pong(&payload) {
                Ok(()) => {}
                Err(WrongPong::OutOfOrder) => {
                    self.object("the Pongs are not in the order of the Pings".to_owned());
                }
                Err(WrongPong::Forbidden) if self.close.is_none() => self.has_forbidden_pong = true,
                Err(WrongPong::Forbidden) => self.object("a Pong to a frame after the end".to_owned()),
            },
            Event::Close(_) if self.close.is_some() => self.object("a second Close".to_owned()),
            Event::Close(body) => {
                let dropped_replies = !self.ledger.is_settled();
                self.close =
                    Some(CloseSeen { body, dropped_replies, late: self.went_on || self.has_forbidden_pong });
            }
        }
    }

    fn object(&mut self, detail: String) {
        let place = if self.close.is_some() { &mut self.wrong_after_close } else { &mut self.wrong };
        place.get_or_insert(detail);
    }
}

impl CloseSeen {
    /// The outcome, with details if the Close is wrong.
    pub(super) fn outcome(&self) -> (Outcome, String) {
        match &self.body {
            CloseBody::Empty => (Outcome::ClosedEmpty, String::new()),
            CloseBody::OneByte => (Outcome::Wrong, "a Close with a body of one byte".to_owned()),
            CloseBody::BadReason(_) => (Outcome::Wrong, "a Close with a reason that is not UTF-8".to_owned()),
            CloseBody::Code(code, _) if CodeClass::of(*code) == CodeClass::Forbidden => {
                (Outcome::Wrong, format!("a Close with the code {code}, which no Close may carry"))
            }
            CloseBody::Code(code, _) => (Outcome::Closed(*code), String::new()),
        }
    }
}
