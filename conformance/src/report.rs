//! The result of a case.

use core::fmt;
use core::time::Duration;

use crate::case::{Case, Id, Open};
use crate::clause::{Clause, Level};
use crate::judge::{Head, Violation, judge_keys};
use crate::log::Log;
use crate::role::Role;
use crate::verdict::{Expect, Note, Outcome, Verdict, judge};

/// The result of a case.
#[derive(Clone)]
#[non_exhaustive]
pub struct Report {
    /// The id of the case.
    pub id: Id,
    /// The revision of the case.
    pub revision: u16,
    /// The role of the endpoint under test.
    pub role: Role,
    /// The level of the case.
    pub level: Level,
    /// The clause of the case.
    pub clause: Clause,
    /// The verdict.
    pub verdict: Verdict,
    /// What happened.
    pub outcome: Outcome,
    /// The expected outcome, in the notation of the catalogue.
    pub expected: String,
    /// The clause that allows an outcome other than the expected one.
    pub allowed: Option<Clause>,
    /// What happened, in words, or the reason of a skip.
    pub reason: String,
    /// Further facts, which make a pass lenient.
    pub notes: Vec<Note>,
    /// The connection of a sweep to which the outcome belongs, from 0 on.
    pub turn: usize,
    /// When the case began and ended.
    pub time: (Duration, Duration),
    /// The first heads that the endpoint wrote.
    pub heads: Vec<Head>,
    /// The rules that the endpoint broke in any connection of the case, for the cases over all connections.
    pub violations: Vec<Violation>,
    /// The number of frames that the endpoint wrote.
    pub frames: u64,
    /// The first masking keys of a client, of one connection each.
    pub keys: Vec<Vec<[u8; 4]>>,
    /// Whether the endpoint answered the Ping after an offence, before it closed or not; `None` without such a
    /// Ping.
    pub early_pong: Option<bool>,
    /// The times from the end of a write to the last of its replies.
    pub round_trips: Vec<Duration>,
    /// What both sides wrote.
    pub log: Log,
}

impl Report {
    /// Whether the case failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.verdict == Verdict::Fail
    }

    /// A report without a connection.
    pub(crate) fn empty(case: &Case, now: Duration) -> Self {
        Self {
            id: case.id.clone(),
            revision: case.revision,
            role: case.role,
            level: case.level,
            clause: case.clause,
            verdict: Verdict::Inconclusive,
            outcome: Outcome::NotOpened,
            expected: case.expect.to_string(),
            allowed: None,
            reason: String::new(),
            notes: Vec::new(),
            turn: 0,
            time: (now, now),
            heads: Vec::new(),
            violations: Vec::new(),
            frames: 0,
            keys: Vec::new(),
            early_pong: None,
            round_trips: Vec::new(),
            log: Log::default(),
        }
    }

    /// Judges an outcome of one connection; the worst one counts.
    pub(crate) fn judge(
        &mut self,
        case: &Case,
        turn: usize,
        outcome: Outcome,
        detail: String,
        notes: &[Note],
    ) {
        let is_standard = match case.open {
            Open::Standard => true,
            Open::Deflate(_) => !matches!(case.expect, Expect::Opened(_)),
            Open::InParts { .. } | Open::Extensions(_) | Open::Raw(_) => false,
        };
        let judgement = judge(is_standard, &case.expect, case.level, &case.alternatives, &outcome, notes);
        if turn > 0 && judgement.verdict <= self.verdict {
            return;
        }
        (self.verdict, self.allowed, self.turn) = (judgement.verdict, judgement.allowed, turn);
        self.reason = match (detail.is_empty(), notes.first()) {
            (true, Some(note)) => note.text().to_owned(),
            _ => detail,
        };
        (self.outcome, self.notes) = (outcome, notes.to_vec());
    }

    /// Judges a case about the frames that the endpoint wrote. A crash fails it, whatever these frames are.
    pub(crate) fn judge_frames(&mut self, case: &Case) {
        let Expect::Obey(rules) = &case.expect else { return };
        if self.outcome == Outcome::Crash {
            return;
        }
        let judged: Vec<_> = self.keys.iter().filter_map(|keys| judge_keys(keys)).collect();
        let is_about_keys = rules
            .iter()
            .any(|rule| matches!(rule, Violation::KeyNotFresh | Violation::KeyZero | Violation::KeyCounts));
        let nonces: Vec<_> = self.heads.iter().filter_map(|head| head.value("Sec-WebSocket-Key")).collect();
        let is_about_nonces = rules.contains(&Violation::RequestKeyRepeated);
        let is_repeated =
            nonces.iter().enumerate().any(|(at, key)| nonces.iter().skip(at + 1).any(|b| b == key));
        let of_nonces = is_repeated.then_some(&Violation::RequestKeyRepeated);
        let seen = self.violations.iter().chain(judged.iter().flatten()).chain(of_nonces);
        let broken: Vec<_> = seen.filter(|violation| rules.contains(violation)).collect();
        if let Some(violation) = broken.first() {
            (self.verdict, self.outcome) = (Verdict::of_violation(case.level), Outcome::Wrong);
            self.reason = format!("the endpoint broke a rule: {violation:?}");
        } else if self.frames == 0
            || (is_about_keys && judged.is_empty())
            || (is_about_nonces && nonces.len() < 2)
        {
            self.verdict = Verdict::Inconclusive;
            "the endpoint wrote too few frames or heads".clone_into(&mut self.reason);
        } else {
            self.verdict = Verdict::Pass;
            // The report shows how the connection ended.
            if !matches!(self.outcome, Outcome::Eof | Outcome::Reset) {
                self.outcome = Outcome::Echoed;
            }
        }
    }
}

impl fmt::Debug for Report {
    /// One line for the verdict, and the wire log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} ({}, {}): {}", self.verdict, self.id, self.role, self.level, self.clause)?;
        write!(
            f,
            "  expected {}, got {} in connection {}: {}",
            self.expected, self.outcome, self.turn, self.reason
        )?;
        if let Some(clause) = self.allowed {
            write!(f, "; {clause}")?;
        }
        for entry in self.log.entries().iter().take(40) {
            let bytes: String = entry.bytes.iter().take(40).map(|byte| format!("{byte:02x}")).collect();
            write!(f, "\n  {:>8.1?} {:?} {bytes} {}", entry.at, entry.direction, entry.text)?;
        }
        Ok(())
    }
}
