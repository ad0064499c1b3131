//! The steps of a script: each one writes, or waits.

use core::time::Duration;

use super::conversation::{Content, Conversation, Drain, LATE, Order, Phase};
use super::finding::Finding;
use super::waiting::Waiting;
use crate::role::Role;
use crate::step::{Awaited, Frame, Item, Step};
use crate::verdict::{Expect, Outcome};

impl Conversation {
    /// Begins a step.
    pub(super) fn begin(&mut self, step: Step, now: Duration) {
        (self.progress, self.wait_began) = (now, now);
        match step {
            Step::Write(items) => self.begin_write(&items),
            Step::Split { items, cuts, paced } => {
                let encoded = self.encoder.encode(&items);
                for demand in encoded.demands {
                    self.peer.ledger.demand(demand);
                }
                self.write_parts(&encoded.bytes, &cuts, paced, Content::Frames);
            }
            Step::HalfClose => self.orders.push_back(Order::HalfClose),
            Step::Reset => self.orders.push_back(Order::Reset),
            Step::StopReading => self.orders.push_back(Order::StopReading),
            Step::Read => self.orders.push_back(Order::Read),
            Step::Owe(reply) => self.peer.ledger.owe(&reply),
            Step::Await(awaited) => {
                self.waiting = Some(waiting_for(awaited, now + LATE.min(self.timeout), now))
            }
            Step::Barrier => self.begin_barrier(),
            Step::Quiet(time) => self.waiting = Some(Waiting::Quiet { until: now + time }),
        }
    }

    fn begin_write(&mut self, items: &[Item]) {
        let orders = self.orders.len();
        let Some(probe) = self.write(items) else { return };
        self.waiting = Some(Waiting::Probe);
        if self.calm && self.steps.is_empty() {
            // In calm order the probe is a separate write, after a pause for the reaction.
            if let Some(Order::Write(bytes, content)) = self.orders.get_mut(orders) {
                let (ping, content) = (bytes.split_off(probe.min(bytes.len())), *content);
                self.orders.push_back(Order::Pause(LATE));
                self.orders.push_back(Order::Write(ping, content));
            }
        }
    }

    fn begin_barrier(&mut self) {
        let ping = self.encoder.nonce().to_vec();
        let mut items = vec![Item::Frame(Frame::ping(ping))];
        if self.encoder.is_between_messages() {
            let text = self.encoder.nonce().to_vec();
            items.push(Item::Frame(Frame::text(text)));
        }
        self.write(&items);
        self.waiting = Some(Waiting::Replies);
    }

    /// The script is complete.
    pub(super) fn conclude(&mut self, now: Duration) {
        let closed = self.closed_finding();
        let finding = match (&self.expect, closed) {
            (Expect::Close { .. }, _) => {
                self.finish_closing(now);
                return;
            }
            (_, Some(finding)) => finding,
            (Expect::Alive, None) if self.ended.is_some() => match self.ended_finding() {
                Some(finding) => finding,
                None => return,
            },
            (Expect::Echo | Expect::Obey(_) | Expect::Opened(_), None) => Finding::new(Outcome::Echoed, ""),
            (Expect::Refuse { .. }, None) => Finding::new(Outcome::Accepted, "the request was accepted"),
            (Expect::Alive | Expect::Fail { .. } | Expect::Reject { .. }, None) => {
                Finding::new(Outcome::Quiet, "no reaction")
            }
        };
        self.find(finding);
    }

    /// Completes the closing handshake, and waits for the end of the connection before the verdict.
    pub(super) fn finish_closing(&mut self, now: Duration) {
        (self.progress, self.wait_began) = (now, now);
        self.steps.clear();
        if self.ended.is_none() {
            let code = self.peer.close.as_ref().and_then(|close| close.body.code()).unwrap_or(1000);
            if self.encoder.can_insert() {
                self.write(&[Item::Frame(Frame::close(code, b""))]);
            }
            // §7.1.1: a server ends the connection first.
            if self.role == Role::Client {
                self.orders.push_back(Order::HalfClose);
            }
        }
        self.waiting = Some(Waiting::FinalEnd);
    }

    /// Ends the connection after the finding. Returns the time until which there is nothing to do.
    pub(super) fn drain(&mut self, drain: Drain, now: Duration) -> Option<Duration> {
        let is_late = now >= self.deadline();
        self.phase = match drain {
            _ if self.ended.is_some() || self.is_reset => Phase::Over,
            Drain::Close if self.peer.close.is_some() || is_late => Phase::Drain(Drain::HalfClose),
            Drain::HalfClose => {
                self.orders.push_back(Order::HalfClose);
                (self.progress, self.wait_began) = (now, now);
                Phase::Drain(Drain::End)
            }
            Drain::End if is_late => Phase::Over,
            Drain::Close | Drain::End => return Some(self.deadline()),
        };
        None
    }
}

fn waiting_for(awaited: Awaited, until: Duration, now: Duration) -> Waiting {
    match awaited {
        Awaited::Replies => Waiting::Replies,
        Awaited::RepliesSoon => Waiting::RepliesSoon { until },
        Awaited::Close => Waiting::Close,
        Awaited::Reaction => Waiting::Reaction,
        Awaited::End => Waiting::End,
        Awaited::Rejection => Waiting::Rejection { until },
        Awaited::StaysOpen(time) => Waiting::StaysOpen { until: now + time },
    }
}
