//! Waiting for the endpoint: what satisfies a wait, what interrupts it, and what a deadline means.

use core::time::Duration;

use super::conversation::{Conversation, LATE, Order, Phase};
use super::finding::Finding;
use crate::step::{Frame, Item};
use crate::verdict::{Expect, Note, Outcome};

/// The detail of a probe that was answered.
pub(super) const ANSWERED: &str = "the Ping after the offence was answered";

/// Something that the script waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// All replies.
    Replies,
    /// All replies, but only until this time.
    RepliesSoon { until: Duration },
    /// The Close of the endpoint.
    Close,
    /// A Close or an end; there is no probe.
    Reaction,
    /// The end.
    End,
    /// No end before this time.
    StaysOpen { until: Duration },
    /// No reaction before this time.
    Quiet { until: Duration },
    /// The reaction to a probe.
    Probe,
    /// A reaction after the endpoint went on.
    Late { until: Duration },
    /// The reply to our Close, after the endpoint went on. An endpoint that reads in order and has failed the
    /// connection by then replies with another code.
    LastReply,
    /// The end after the closing handshake, and what precedes it.
    FinalEnd,
    /// The end after a response that a client has to refuse; ours comes at this time.
    Rejection { until: Duration },
}

impl Conversation {
    /// Something that ends the script, whatever it waits for.
    pub(super) fn interrupt(&mut self, now: Duration) -> Option<Finding> {
        if let Phase::Opening(opening) = &self.phase {
            return self.opening_finding(opening, now);
        }
        if let Some(detail) = &self.peer.wrong {
            return Some(Finding::new(Outcome::Wrong, detail.clone()));
        }
        if self.peer.echoed {
            return Some(self.echoed_finding());
        }
        if self.peer.went_on && matches!(self.expect, Expect::Reject { .. }) {
            return Some(Finding::new(Outcome::WentOn, "the Ping after the response was answered"));
        }
        if self.peer.has_forbidden_pong {
            if !matches!(self.expect, Expect::Fail { .. }) || self.is_before_offence() {
                return Some(Finding::new(Outcome::Wrong, "a Pong repeats a frame that needs no reply"));
            }
            self.peer.went_on = true;
        }
        let is_closing = self.is_patient || self.waiting == Some(Waiting::FinalEnd);
        if self.peer.close.is_some() && !is_closing {
            if self.is_before_offence() {
                return Some(Finding::new(Outcome::Wrong, "the connection was closed before the offence"));
            }
            if let Expect::Fail { until_end: true, .. } = self.expect {
                self.finish_closing(now);
                return None;
            }
            return self.closed_finding();
        }
        if self.ended.is_some() && !is_closing {
            if self.is_before_offence() {
                return Some(Finding::new(Outcome::Wrong, "the connection ended before the offence"));
            }
            return self.ended_finding();
        }
        if self.ended.is_some() {
            // Nothing can be written any more.
            self.orders.retain(|order| !matches!(order, Order::Write(..)));
        }
        None
    }

    /// Whether nothing but legal frames was written in a case about an offence.
    fn is_before_offence(&self) -> bool {
        matches!(self.expect, Expect::Fail { .. }) && !self.has_offended
    }

    /// Continues to wait. Returns the time until which there is nothing else to do; `None` after progress.
    pub(super) fn wait(&mut self, waiting: Waiting, now: Duration) -> Option<Duration> {
        let until = match waiting {
            Waiting::Replies => self.wait_for_replies(now)?,
            Waiting::RepliesSoon { until } => self.wait_for_replies_soon(now, until)?,
            Waiting::Close => {
                if self.peer.close.is_some() {
                    return None;
                }
                self.ended_or_timeout(now, "no Close in reply")?
            }
            Waiting::Reaction => self.ended_or_timeout(now, "no reaction")?,
            Waiting::End => {
                if self.ended.is_some() {
                    return None;
                }
                if now >= self.deadline() {
                    self.note(Note::KeptOpen);
                    return None;
                }
                self.deadline()
            }
            Waiting::StaysOpen { until } => {
                if self.ended.is_some() {
                    self.note(Note::EndedEarly);
                    return None;
                }
                (now < until).then_some(until)?
            }
            Waiting::Quiet { until } => {
                if now >= until {
                    self.went_past = true;
                    return None;
                }
                until
            }
            Waiting::Probe => self.wait_for_probe(now)?,
            Waiting::Late { until } => {
                if now >= until {
                    self.ask_for_last_reply();
                    return None;
                }
                until
            }
            Waiting::LastReply => {
                if now >= self.deadline() {
                    self.find(Finding::new(Outcome::WentOn, ANSWERED));
                    return None;
                }
                self.deadline()
            }
            Waiting::FinalEnd => self.wait_for_final_end(now)?,
            Waiting::Rejection { until } => self.wait_for_rejection(now, until)?,
        };
        self.waiting = Some(waiting);
        Some(until)
    }

    fn wait_for_replies_soon(&mut self, now: Duration, until: Duration) -> Option<Duration> {
        if self.peer.ledger.is_settled() || self.ended.is_some() {
            return None;
        }
        if now >= until {
            self.note(Note::LateReplies);
            return None;
        }
        Some(until)
    }

    fn wait_for_final_end(&mut self, now: Duration) -> Option<Duration> {
        if let Some(detail) = self.peer.wrong_after_close.clone() {
            self.find(Finding::new(Outcome::Wrong, detail));
            return None;
        }
        if self.ended.is_some() || now >= self.deadline() {
            let finding = self.closed_finding().or_else(|| self.ended_finding());
            self.find(finding.unwrap_or_else(|| Finding::new(Outcome::Timeout, "no Close")));
            return None;
        }
        Some(self.deadline())
    }

    /// A client that takes the response for one of HTTP may read its content up to the end of the connection.
    fn wait_for_rejection(&mut self, now: Duration, until: Duration) -> Option<Duration> {
        if self.is_writable && now >= until {
            if !matches!(self.expect, Expect::Reject { may_keep: true }) {
                self.note(Note::KeptOpen);
            }
            self.end_writing();
            (self.progress, self.wait_began) = (now, now);
            self.waiting = Some(Waiting::Rejection { until });
            return None;
        }
        let deadline = self.ended_or_timeout(now, "no reaction to the response")?;
        Some(if self.is_writable { until } else { deadline })
    }

    fn wait_for_replies(&mut self, now: Duration) -> Option<Duration> {
        if self.peer.ledger.is_settled() {
            if self.peer.ledger.has_skipped_pongs() {
                self.note(Note::SkippedPongs);
            }
            return None;
        }
        // Only a patient script gets here after a Close.
        if let Some(finding) = self.closed_finding() {
            self.find(finding);
            return None;
        }
        if now >= self.deadline() && self.peer.ledger.has_wrong_pong() {
            self.find(Finding::new(Outcome::Wrong, self.peer.ledger.missing()));
            return None;
        }
        let missing = self.peer.ledger.missing();
        self.ended_or_timeout(now, &missing)
    }

    fn wait_for_probe(&mut self, now: Duration) -> Option<Duration> {
        if self.peer.went_on {
            if self.steps.is_empty() {
                let until = now + LATE.min(self.timeout);
                self.waiting = Some(Waiting::Late { until });
            } else {
                self.went_past = true;
            }
            return None;
        }
        self.ended_or_timeout(now, "no reaction to the offence, and no Pong to the Ping after it")
    }

    /// A time alone does not show that the endpoint goes on: a busy endpoint may decode a message later than that.
    fn ask_for_last_reply(&mut self) {
        if self.is_writable && self.encoder.can_insert() {
            self.write(&[Item::Frame(Frame::close(1000, b""))]);
            self.waiting = Some(Waiting::LastReply);
        } else {
            self.find(Finding::new(Outcome::WentOn, ANSWERED));
        }
    }

    fn ended_or_timeout(&mut self, now: Duration, missing: &str) -> Option<Duration> {
        if let Some(finding) = self.ended_finding() {
            self.find(finding);
            return None;
        }
        if now >= self.deadline() {
            self.find(Finding::new(Outcome::Timeout, missing));
            return None;
        }
        Some(self.deadline())
    }
}
