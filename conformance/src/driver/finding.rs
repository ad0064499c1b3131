//! The finding of one connection.

use super::End;
use super::conversation::Conversation;
use super::waiting::{ANSWERED, Waiting};
use crate::step::OFFENCE_CODE;
use crate::verdict::{Breaks, Expect, Note, Outcome};

/// The finding of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    /// What happened, in words; empty if the outcome says it all.
    pub(super) detail: String,
    /// The case cannot be judged, and the detail says why.
    pub(super) is_skip: bool,
}

impl Finding {
    pub(super) fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into(), is_skip: false }
    }

    pub(super) fn skip(reason: String) -> Self {
        Self { outcome: Outcome::Quiet, detail: reason, is_skip: true }
    }
}

impl Conversation {
    /// The finding after a Close of the endpoint.
    pub(super) fn closed_finding(&mut self) -> Option<Finding> {
        let close = self.peer.close.clone()?;
        // An endpoint that only has to survive may close whenever it likes.
        if close.dropped_replies && self.expect != Expect::Alive {
            self.note(Note::DroppedReplies);
        }
        let (mut outcome, mut detail) = close.outcome();
        if let Expect::Fail { .. } = self.expect {
            let is_last_reply = self.waiting == Some(Waiting::LastReply);
            outcome = match outcome {
                Outcome::Closed(1000) | Outcome::ClosedEmpty if is_last_reply => {
                    ANSWERED.clone_into(&mut detail);
                    Outcome::WentOn
                }
                Outcome::Closed(OFFENCE_CODE) => {
                    "the Close was answered, so it was accepted".clone_into(&mut detail);
                    Outcome::WentOn
                }
                Outcome::Closed(code) if close.late || self.went_past => Outcome::Late(Some(code)),
                Outcome::ClosedEmpty if close.late || self.went_past => Outcome::Late(None),
                outcome => outcome,
            };
        }
        if let (Expect::Close { reason: Some(expected), .. }, Outcome::Closed(_)) = (&self.expect, &outcome) {
            if !matches!(&close.body, crate::judge::CloseBody::Code(_, reason) if reason == expected) {
                return Some(Finding::new(Outcome::Wrong, format!("the reason is not {expected:?}")));
            }
        }
        Some(Finding::new(outcome, detail))
    }

    /// The finding after the end of the connection, with or without a Close.
    pub(super) fn ended_finding(&mut self) -> Option<Finding> {
        let end = self.ended?;
        if let Some(finding) = self.closed_finding() {
            return Some(finding);
        }
        if self.waiting == Some(Waiting::LastReply) {
            return Some(Finding::new(Outcome::WentOn, ANSWERED));
        }
        if matches!(self.expect, Expect::Fail { .. }) && (self.peer.went_on || self.went_past) {
            return Some(Finding::new(
                Outcome::Late(None),
                "the connection ended after the endpoint had gone on",
            ));
        }
        Some(match end {
            End::Eof => Finding::new(Outcome::Eof, "the connection ended without a Close"),
            End::Reset => Finding::new(Outcome::Reset, "the connection was reset without a Close"),
        })
    }

    /// The finding of a message that nothing demands.
    pub(super) fn echoed_finding(&self) -> Finding {
        match self.expect {
            Expect::Fail { breaks: Breaks::Limit, .. } => {
                Finding::new(Outcome::WentOn, "the bytes that arrived were treated as the whole message")
            }
            Expect::Fail { .. } => {
                Finding::new(Outcome::WentOn, "the offence was processed: a message came back")
            }
            Expect::Refuse { .. } | Expect::Reject { .. } => {
                Finding::new(Outcome::WentOn, "a message came back")
            }
            _ => Finding::new(Outcome::Wrong, "a message that nothing demands"),
        }
    }
}
