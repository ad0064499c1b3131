//! The replies that the endpoint must still send.

use alloc::collections::{BTreeSet, VecDeque};

use crate::encode::Demand;
use crate::step::Reply;

/// The replies that the endpoint must still send, and the replies that it must not send.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    messages: VecDeque<(bool, Vec<u8>)>,
    pongs: VecDeque<Vec<u8>>,
    /// Pings that a command demands.
    pings: VecDeque<Vec<u8>>,
    /// Payloads of Pings that a Pong to a later Ping skipped.
    skipped: BTreeSet<Vec<u8>>,
    /// Payloads that no Pong may have.
    no_pongs: BTreeSet<Vec<u8>>,
    /// A Pong arrived that no Ping demands. §5.5.3 allows it.
    unsolicited_pong: bool,
}

/// The reason why a message is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WrongMessage {
    /// No message is due.
    Unexpected,
    /// Another message is due.
    Differs(String),
}

/// The reason why a Pong is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongPong {
    /// It answers a Ping that a Pong to a later Ping skipped.
    OutOfOrder,
    /// It repeats a Pong, an offence, or a frame after the end.
    Forbidden,
}

impl Ledger {
    pub(super) fn demand(&mut self, demand: Demand) {
        match demand {
            Demand::Message { text, payload } => self.messages.push_back((text, payload)),
            Demand::Pong(payload) => self.pongs.push_back(payload),
            Demand::NoPong(payload) => {
                // An endpoint may send an empty Pong at any time, as a heartbeat (§5.5.3).
                if !payload.is_empty() {
                    self.no_pongs.insert(payload);
                }
            }
            Demand::Close => {}
        }
    }

    pub(super) fn owe(&mut self, reply: &Reply) {
        match reply {
            Reply::Messages { text, payload, count } => {
                self.messages.extend((0..*count).map(|_| (*text, payload.to_vec())));
            }
            Reply::Ping(payload) => self.pings.push_back(payload.to_vec()),
            Reply::Pong(payload) => self.pongs.push_back(payload.to_vec()),
        }
    }

    /// Whether every reply has arrived.
    pub(super) fn is_settled(&self) -> bool {
        self.messages.is_empty() && self.pongs.is_empty() && self.pings.is_empty()
    }

    pub(super) fn has_skipped_pongs(&self) -> bool {
        !self.skipped.is_empty()
    }

    /// The first reply that is missing, in words.
    pub(super) fn missing(&self) -> String {
        match (self.pongs.front(), self.messages.front()) {
            (Some(_), _) if self.unsolicited_pong => "a Pong arrived, but with another payload".to_owned(),
            (Some(payload), _) => format!("no Pong to the Ping of {} bytes", payload.len()),
            (_, Some((_, payload))) => format!("no echo of the message of {} bytes", payload.len()),
            _ if !self.pings.is_empty() => "no Ping".to_owned(),
            _ => "no reply".to_owned(),
        }
    }

    /// Whether a Pong with another payload arrived while one was due.
    pub(super) fn has_wrong_pong(&self) -> bool {
        self.unsolicited_pong && !self.pongs.is_empty()
    }

    /// A message of the endpoint.
    pub(super) fn message(&mut self, text: bool, payload: &[u8]) -> Result<(), WrongMessage> {
        let Some((due_text, due)) = self.messages.front() else { return Err(WrongMessage::Unexpected) };
        let kind = |text| if text { "text" } else { "binary" };
        if *due_text != text {
            let detail = format!("a {} message came back as {}", kind(*due_text), kind(text));
            return Err(WrongMessage::Differs(detail));
        }
        if due != payload {
            let at = due.iter().zip(payload).take_while(|(due, seen)| due == seen).count();
            let (due, seen) = (due.len(), payload.len());
            let detail = format!("the echo of {due} bytes has {seen} bytes, and differs from byte {at} on");
            return Err(WrongMessage::Differs(detail));
        }
        self.messages.pop_front();
        Ok(())
    }

    /// A Ping of the endpoint.
    pub(super) fn ping(&mut self, payload: &[u8]) {
        if self.pings.front().is_some_and(|due| due == payload) {
            self.pings.pop_front();
        }
    }

    /// A Pong of the endpoint.
    pub(super) fn pong(&mut self, payload: &[u8]) -> Result<(), WrongPong> {
        if let Some(at) = self.pongs.iter().position(|due| due == payload) {
            // §5.5.3: a Pong may answer only the newest of several Pings.
            let answered = self.pongs.drain(..=at);
            self.skipped.extend(answered.take(at));
            return Ok(());
        }
        if self.skipped.contains(payload) {
            return Err(WrongPong::OutOfOrder);
        }
        if self.no_pongs.contains(payload) {
            return Err(WrongPong::Forbidden);
        }
        self.unsolicited_pong = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Demand, Ledger, WrongMessage};

    fn ledger(pings: &[&str], texts: &[&str]) -> Ledger {
        let mut ledger = Ledger::default();
        for ping in pings {
            ledger.demand(Demand::Pong(ping.as_bytes().to_vec()));
        }
        for text in texts {
            ledger.demand(Demand::Message { text: true, payload: text.as_bytes().to_vec() });
        }
        ledger
    }

    #[test]
    fn echoes_are_compared_in_order() {
        let mut ledger = ledger(&[], &["a", "bc"]);
        assert!(matches!(ledger.message(true, b"bc"), Err(WrongMessage::Differs(_))));
        assert_eq!(ledger.message(true, b"a"), Ok(()));
        assert!(matches!(ledger.message(false, b"bc"), Err(WrongMessage::Differs(_))));
        assert!(!ledger.is_settled());
        assert_eq!(ledger.message(true, b"bc"), Ok(()));
        assert!(ledger.is_settled());
        assert_eq!(ledger.message(true, b""), Err(WrongMessage::Unexpected));
    }

    #[test]
    fn a_pong_may_skip_pings_but_not_go_back() {
        let mut ledger = ledger(&["1", "2", "3"], &[]);
        assert_eq!(ledger.pong(b"2"), Ok(()));
        assert!(ledger.has_skipped_pongs());
        assert!(ledger.pong(b"1").is_err());
        assert_eq!(ledger.pong(b"3"), Ok(()));
        assert!(ledger.is_settled());
    }

    #[test]
    fn unsolicited_pongs_are_ignored_unless_they_repeat_ours() {
        let mut ledger = ledger(&["1"], &[]);
        ledger.demand(Demand::NoPong(b"pong".to_vec()));
        ledger.demand(Demand::NoPong(vec![]));
        assert!(ledger.pong(b"pong").is_err());
        assert_eq!(ledger.pong(b""), Ok(()));
        assert!(ledger.has_wrong_pong());
    }
}
