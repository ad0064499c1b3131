//! The driver: runs one case against one endpoint, without a socket and without a clock.
//!
//! ```text
//!                mod.rs   Driver: the connections of a case, one after another
//!                  │
//!           conversation.rs   one connection
//!             │      │     │
//!       script.rs waiting.rs finding.rs
//!             │      │
//!           peer.rs   opening.rs
//!             │           │
//!         ledger.rs  extensions.rs
//! ```
//!
//! # The probe
//!
//! It shows within one round trip that an endpoint accepted an offence. The suite writes the offence and a
//! legal Ping of eight random bytes in one write, then reads:
//!
//! * A Close before the Pong: its code decides the verdict.
//! * The Pong, or an echo of the offence: the endpoint went on. A Close or an end within the next 250 ms is
//!   late; none is a failure.
//! * EOF without a Close: lenient (§7.1.7: an endpoint MAY omit the Close).
//! * A reset without a Close: the reset may have discarded the Close, because the endpoint did not read the
//!   Ping. The case runs once more in calm order, which writes the Ping only after the reaction or after 250
//!   ms. The second outcome counts.
//! * No reaction until the deadline: the endpoint may have crashed.
//!
//! After an end, a reset, wrong bytes or a deadline a server must accept a fresh connection and echo `hello`
//! there. Otherwise the outcome is a crash.
//!
//! An offence that is a Close has the code 4321, so a reply with 4321 shows that the endpoint accepted it. An
//! offence whose payload never arrives has no probe, because the Ping would be payload: the verdict waits
//! until the deadline.

mod conversation;
mod extensions;
mod finding;
mod ledger;
mod opening;
mod peer;
mod script;
mod waiting;

use core::time::Duration;

use alloc::collections::VecDeque;

use conversation::{Ask, Conversation};

use crate::capabilities::Needs;
use crate::case::{Case, Inputs, Open, Script, Weight};
use crate::context::Context;
use crate::log::Log;
use crate::random::Random;
use crate::report::Report;
use crate::role::Role;
use crate::step::{Awaited, Frame, Item, Step};
use crate::verdict::{Expect, Outcome, Verdict};

/// Runs one case. It never fails and never panics: whatever the endpoint does is an outcome.
///
/// **Call [`next`](Self::next), fulfil the want, and call it again**, until the want is [`Want::Done`]; then
/// take the [`report`](Self::report). Bytes and the end of a connection can be reported between any two
/// calls.
///
/// A runner reads before it writes: bytes that the endpoint wrote before a reset count. After
/// [`write_failed`](Self::write_failed) it goes on reading until the end of the connection.
#[derive(Debug)]
pub struct Driver {
    case: Case,
    context: Context,
    index: u16,
    state: State,
    /// The connections of the case that have not begun.
    plans: VecDeque<Plan>,
    /// The connection in progress, and its purpose.
    current: Option<(Plan, Conversation)>,
    report: Report,
    is_released: bool,
}

/// The purpose of a connection.
#[derive(Debug, Clone)]
struct Plan {
    purpose: Purpose,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A list of steps of the case, by its number.
    Turn(usize),
    /// The same once more in calm order, after a reset.
    Calm(usize),
    /// To see whether the endpoint is alive.
    Liveness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connect,
    Talk,
    Done,
}

/// The end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two ways in which TCP ends")]
pub enum End {
    /// The endpoint ended its side.
    Eof,
    /// The endpoint reset the connection.
    Reset,
}

/// What the driver wants.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Want<'a> {
    /// A fresh connection, instead of the present one if there is one. Answer with
    /// [`Driver::connected`] or [`Driver::not_connected`]. If a client is tested: its next connection.
    Connect,
    /// Write bytes, as many as possible, and report them with [`Driver::wrote`]. If none can be written until
    /// this time, call [`Driver::next`] again.
    Write {
        /// The bytes.
        bytes: &'a [u8],
        /// When to ask again at the latest.
        until: Duration,
    },
    /// End our side of the connection.
    HalfClose,
    /// Reset the connection.
    Reset,
    /// Stop reading from the connection.
    StopReading,
    /// Read from the connection again.
    Read,
    /// Wait for bytes or the end, but only until this time.
    Wait {
        /// When to ask again at the latest.
        until: Duration,
    },
    /// The verdict is there. The driver goes on to end the connection, which may happen in the background.
    Release,
    /// The driver wants nothing more.
    Done,
}

impl Driver {
    /// A driver for a case; `index` says which of its parallel connections this is.
    #[must_use]
    pub fn new(case: &Case, context: &Context, index: u16) -> Self {
        let mut report = Report::empty(case, Duration::ZERO);
        report.log = Log::new(context.keeps_whole_log);
        let mut plans = VecDeque::new();
        match case.needs.missing_in(&context.capabilities) {
            Some(reason) => {
                (report.verdict, report.outcome, report.reason) = (Verdict::Skip, Outcome::Quiet, reason);
            }
            None => {
                let random = Random::for_script(context.seed, case.id.as_str(), index);
                let mut inputs = Inputs { random, capabilities: &context.capabilities, index };
                let mut turns = case.turns(&mut inputs);
                opening::for_each_place(case, context, &mut turns);
                let turns = turns.into_iter().enumerate();
                plans.extend(turns.map(|(turn, steps)| Plan { purpose: Purpose::Turn(turn), steps }));
            }
        }
        // The steps are in the plans: the copy of the case needs none.
        let case = Case { script: Script::Steps(Vec::new()), ..case.clone() };
        let state = if plans.is_empty() { State::Done } else { State::Connect };
        Self {
            case,
            context: context.clone(),
            index,
            state,
            plans,
            current: None,
            report,
            is_released: false,
        }
    }

    /// The next want.
    pub fn next(&mut self, now: Duration) -> Want<'_> {
        self.report.time.1 = now;
        loop {
            match self.state {
                State::Connect => return Want::Connect,
                State::Done => return Want::Done,
                State::Talk => {}
            }
            let Some((_, conversation)) = &mut self.current else {
                self.state = State::Done;
                continue;
            };
            match conversation.next(now) {
                Ask::Write { until } => break self.want_write(until),
                Ask::HalfClose => break Want::HalfClose,
                Ask::Reset => break Want::Reset,
                Ask::StopReading => break Want::StopReading,
                Ask::Read => break Want::Read,
                Ask::Wait(until) => break Want::Wait { until },
                Ask::Found => {
                    if self.found() {
                        break Want::Release;
                    }
                }
                Ask::Over => self.over(),
            }
        }
    }

    /// The answer to [`Want::Connect`]: there is a fresh connection.
    pub fn connected(&mut self, now: Duration) {
        let Some(plan) = self.plans.pop_front() else { return };
        let number = match plan.purpose {
            // In calm order the same bytes are written again.
            Purpose::Turn(turn) | Purpose::Calm(turn) => turn,
            Purpose::Liveness => 1 << 20,
        };
        let random = Random::for_connection(self.context.seed, self.case.id.as_str(), self.index, number);
        let (expect, open, needs) = match plan.purpose {
            Purpose::Liveness => (Expect::Echo, Open::Standard, Needs::default()),
            _ => {
                let open = opening::at_place(&self.case.open, number);
                (self.case.expect.clone(), open, self.case.needs)
            }
        };
        let steps = plan.steps.clone();
        let mut conversation =
            Conversation::new(self.case.role, expect, steps, (&open, needs), &self.context, random, now);
        if self.case.weight == Weight::Heavy {
            // A slow endpoint is no wrong one: it may need a while for 16 MiB before it writes the first
            // byte.
            conversation.timeout = conversation.timeout.saturating_mul(4);
        }
        conversation.calm = matches!(plan.purpose, Purpose::Calm(_));
        self.report.log.transport(now, "connected");
        self.current = Some((plan, conversation));
        self.state = State::Talk;
    }

    /// The answer to [`Want::Connect`]: there is no connection, because the endpoint refuses it, or because a
    /// client connects no more.
    pub fn not_connected(&mut self, now: Duration) {
        self.report.time.1 = now;
        self.report.log.transport(now, "no connection");
        match self.plans.pop_front().map(|plan| plan.purpose) {
            Some(Purpose::Turn(0)) => "no connection".clone_into(&mut self.report.reason),
            Some(_) if self.case.role == Role::Server => self.crashed("accepted no further connection"),
            // The other connections of the case show nothing about this one.
            Some(Purpose::Turn(turn)) => {
                (self.report.verdict, self.report.outcome) = (Verdict::Inconclusive, Outcome::NotOpened);
                self.report.reason = format!("no connection after {turn} of the case");
            }
            // A client comes again when it likes.
            _ => {}
        }
        self.finish();
    }

    /// So many bytes of [`Want::Write`] were written.
    pub fn wrote(&mut self, now: Duration, count: usize) {
        if let Some((_, conversation)) = &mut self.current {
            conversation.wrote(now, count, &mut self.report.log);
        }
    }

    /// Nothing can be written any more.
    pub fn write_failed(&mut self) {
        if let Some((_, conversation)) = &mut self.current {
            conversation.write_failed();
        }
    }

    /// The endpoint wrote bytes.
    pub fn received(&mut self, now: Duration, bytes: &[u8]) {
        if let Some((_, conversation)) = &mut self.current {
            conversation.received(now, bytes, &mut self.report.log);
        }
    }

    /// The connection ended.
    pub fn ended(&mut self, now: Duration, end: End) {
        if let Some((_, conversation)) = &mut self.current {
            self.report.log.transport(now, if end == End::Eof { "eof" } else { "reset" });
            conversation.ended(now, end);
        }
    }

    /// A client asks on another connection for the resource that a redirect of this case names. It gets no
    /// answer: end that connection.
    pub fn redirected(&mut self) {
        if let Some((_, conversation)) = &mut self.current {
            conversation.redirected();
        }
    }

    /// The report, after [`Want::Done`].
    #[must_use]
    pub fn report(mut self) -> Report {
        self.report.judge_frames(&self.case);
        self.report
    }

    fn want_write(&self, until: Duration) -> Want<'_> {
        let bytes = self.current.as_ref().map_or(&[][..], |(_, conversation)| conversation.pending_write());
        Want::Write { bytes, until }
    }

    /// Judges the finding of the current connection. Returns whether the verdict of the case is there.
    fn found(&mut self) -> bool {
        let Some((plan, conversation)) = &mut self.current else { return false };
        let Some(finding) = conversation.finding.clone() else { return false };
        let notes = core::mem::take(&mut conversation.notes);
        if conversation.peer.probe.is_some() {
            let is_earlier = self.report.early_pong == Some(true);
            self.report.early_pong = Some(is_earlier || conversation.peer.went_on);
        }
        let (purpose, steps) = (plan.purpose, plan.steps.clone());
        apply_answer(&mut self.case, conversation, &finding.outcome);
        self.report.expected = self.case.expect.to_string();
        match purpose {
            Purpose::Liveness => {
                if finding.outcome != Outcome::Echoed {
                    self.crashed("did not echo \"hello\" on a fresh connection");
                }
            }
            _ if finding.is_skip => {
                (self.report.verdict, self.report.outcome) = (Verdict::Skip, finding.outcome);
                self.report.reason = finding.detail;
                self.plans.clear();
            }
            Purpose::Turn(turn) if self.is_worth_calm(&finding.outcome, &steps) => {
                self.report.judge(&self.case, turn, finding.outcome, finding.detail, &notes);
                self.plans.push_front(Plan { purpose: Purpose::Calm(turn), steps });
            }
            Purpose::Turn(turn) | Purpose::Calm(turn) => {
                if let Purpose::Calm(_) = purpose {
                    // The second outcome counts.
                    self.report.verdict = Verdict::Pass;
                }
                let is_dubious = self.leaves_doubt(&finding.outcome);
                self.report.judge(&self.case, turn, finding.outcome, finding.detail, &notes);
                if self.report.verdict == Verdict::Fail {
                    self.plans.clear();
                }
                if is_dubious {
                    self.plans.push_front(liveness());
                }
            }
        }
        let is_final = self.plans.is_empty() && !self.is_released;
        self.is_released |= is_final;
        is_final
    }

    /// A Close may be lost in a reset, because the probe was not read yet.
    fn is_worth_calm(&self, outcome: &Outcome, steps: &[Step]) -> bool {
        let has_probe =
            steps.iter().any(|step| matches!(step, Step::Write(items) if items.contains(&Item::Probe)));
        *outcome == Outcome::Reset && has_probe && matches!(self.case.expect, Expect::Fail { .. })
    }

    /// Whether the outcome can be that of an endpoint that crashed. Clients connect when they like, so there
    /// is no test for them.
    fn leaves_doubt(&self, outcome: &Outcome) -> bool {
        let is_dubious = match outcome {
            // The end may come after the wrong bytes.
            Outcome::Timeout | Outcome::Eof | Outcome::Reset | Outcome::Late(None) | Outcome::Wrong => true,
            // An earlier connection of the case was opened.
            Outcome::NotOpened if self.report.outcome != Outcome::NotOpened => true,
            Outcome::Echoed => false,
            _ => self.case.expect == Expect::Alive,
        };
        is_dubious && self.case.role == Role::Server
    }

    fn crashed(&mut self, sign: &str) {
        let reason = format!("{}; then the endpoint {sign}", self.report.outcome);
        self.report.verdict = Verdict::Fail;
        self.report.outcome = Outcome::Crash;
        self.report.reason = reason;
        self.plans.clear();
    }

    /// The current connection is over.
    fn over(&mut self) {
        if let Some((plan, conversation)) = self.current.take() {
            let report = &mut self.report;
            if plan.purpose != Purpose::Liveness {
                report.round_trips.extend(conversation.round_trips);
            }
            let of_frames = conversation.peer.stream.violations();
            for violation in of_frames.iter().chain(&conversation.head_violations) {
                if !report.violations.contains(violation) {
                    report.violations.push(*violation);
                }
            }
            report.frames = report.frames.saturating_add(conversation.peer.stream.frames());
            if report.keys.len() < MAX_CONNECTIONS_OBSERVED {
                report.keys.push(conversation.peer.stream.keys().to_vec());
                report.heads.extend(conversation.head);
            }
        }
        if self.plans.is_empty() { self.finish() } else { self.state = State::Connect }
    }

    fn finish(&mut self) {
        self.plans.clear();
        self.current = None;
        self.state = State::Done;
    }
}

/// Enough connections of a sweep for the cases over all connections.
const MAX_CONNECTIONS_OBSERVED: usize = 8;

/// Changes what the case expects and allows, if the answer that the client got is none to its offers.
fn apply_answer(case: &mut Case, conversation: &Conversation, outcome: &Outcome) {
    if let (Expect::Reject { .. }, Expect::Opened(_)) = (&conversation.expect, &case.expect) {
        case.expect = conversation.expect.clone();
        // The alternatives of the case are to an opening handshake that succeeds.
        case.alternatives.clear();
    }
    let is_refusal = |parameter| conversation.is_refusal_of(parameter, outcome);
    case.alternatives.retain(|row| row.refusal_of.is_none_or(is_refusal));
}

fn liveness() -> Plan {
    let hello = vec![Item::Frame(Frame::text("hello"))];
    Plan { purpose: Purpose::Liveness, steps: vec![Step::Write(hello), Step::Await(Awaited::Replies)] }
}
