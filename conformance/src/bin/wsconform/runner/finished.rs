//! The result of a case, with what only the runner knows.

use core::time::Duration;

use wsconform::{Outcome, Report, Verdict};

/// The result of a case, with what only the runner knows.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) report: Report,
    /// From the start to the verdict.
    pub(crate) time: Duration,
    /// The largest lag of the runner meanwhile.
    pub(crate) lag: Duration,
    pub(crate) tries: u8,
}

impl Finished {
    /// Whether the case met its deadline in this try.
    pub(crate) fn timed_out(&self, tries: u8) -> bool {
        self.report.outcome == Outcome::Timeout && self.tries == tries
    }

    /// The case crashed the endpoint.
    pub(crate) fn crash(&mut self, reason: String) {
        (self.report.verdict, self.report.outcome) = (Verdict::Fail, Outcome::Crash);
        self.report.reason = reason;
    }

    /// A timeout is not the fault of the endpoint if the runner itself was late by a quarter of it.
    pub(crate) fn excuse_lag(&mut self, timeout: Duration) {
        if self.report.outcome == Outcome::Timeout && self.lag > timeout / 4 {
            self.report.verdict = Verdict::Inconclusive;
            self.report.reason = format!("the runner itself was late by {:.0?}", self.lag);
        }
    }
}
