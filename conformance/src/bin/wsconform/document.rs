//! The document of a run: what `--json` writes, and what every other report is made from.

use serde::{Deserialize, Serialize};

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) format: String,
    pub(crate) version: String,
    /// A hash of all ids and revisions.
    pub(crate) catalogue: String,
    pub(crate) seed: u64,
    pub(crate) agent: String,
    pub(crate) role: String,
    pub(crate) transport: String,
    #[serde(default)]
    pub(crate) target: String,
    #[serde(default)]
    pub(crate) started: String,
    #[serde(default)]
    pub(crate) millis: u64,
    pub(crate) options: RunOptions,
    pub(crate) capabilities: CapabilitiesFound,
    pub(crate) totals: Totals,
    pub(crate) cases: Vec<CaseResult>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunOptions {
    pub(crate) jobs: usize,
    pub(crate) timeout: u64,
    #[serde(default)]
    pub(crate) strict: bool,
}

/// The capabilities of the endpoint; `None` if they are not known.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct CapabilitiesFound {
    /// The parameters of permessage-deflate; `None` if it is not agreed.
    pub(crate) deflate: Option<Vec<String>>,
    pub(crate) message: Option<usize>,
    pub(crate) fragments: Option<u32>,
    pub(crate) head: Option<usize>,
    pub(crate) commands: Option<bool>,
    #[serde(default)]
    pub(crate) subprotocol: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) pass: usize,
    pub(crate) lenient: usize,
    pub(crate) fail: usize,
    pub(crate) skip: usize,
    pub(crate) inconclusive: usize,
}

/// The result of a case. A stored report may omit empty values, and values that vary from run to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CaseResult {
    pub(crate) id: String,
    pub(crate) revision: u16,
    pub(crate) level: String,
    pub(crate) verdict: VerdictName,
    /// The class of what happened, without its code.
    pub(crate) outcome: String,
    /// The code of a Close, or the status of a response.
    pub(crate) code: Option<u16>,
    pub(crate) expected: String,
    /// The clause that allows a lenient outcome.
    pub(crate) allowed: Option<String>,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) millis: f64,
    #[serde(default)]
    pub(crate) lag: f64,
    #[serde(default)]
    pub(crate) tries: u8,
    #[serde(default)]
    pub(crate) expected_deviation: bool,
    #[serde(default)]
    pub(crate) observed: Observed,
    #[serde(default)]
    pub(crate) wire: Vec<WireEntry>,
}

/// Facts that are recorded and never judged.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// The bytes of both directions, over the time to the verdict; of cases that move much data.
    pub(crate) bytes_per_second: Option<u64>,
    /// Whether the endpoint answered the Ping after an offence; of cases with such a Ping.
    pub(crate) early_pong: Option<bool>,
    /// The median time from a write to the last of its replies, in milliseconds; of cases with many of them.
    #[serde(default)]
    pub(crate) round_trip: Option<f64>,
}

/// Bytes or an event of the transport, with the time in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum WireEntry {
    /// `out` or `in`, the bytes in hex, and the frames that they complete.
    Bytes(String, f64, String, String),
    /// `end`, and what happened.
    Event(String, f64, String),
}

/// A verdict, from the best to the worst: `diff` reports a case as worse if its verdict moved down this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerdictName {
    Pass,
    Lenient,
    Skip,
    Inconclusive,
    Fail,
}

impl VerdictName {
    pub(crate) const ALL: [Self; 5] = [Self::Pass, Self::Lenient, Self::Skip, Self::Inconclusive, Self::Fail];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Lenient => "lenient",
            Self::Skip => "skip",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }
}

impl CaseResult {
    /// Whether the result fails the run.
    pub(crate) fn fails(&self, is_strict: bool) -> bool {
        let is_bad = match self.verdict {
            VerdictName::Fail => true,
            // Advice never fails a run.
            VerdictName::Lenient => is_strict && self.level != "policy",
            VerdictName::Pass | VerdictName::Skip | VerdictName::Inconclusive => false,
        };
        is_bad && !self.expected_deviation
    }

    /// What happened, in the notation of the catalogue.
    pub(crate) fn outcome_with_code(&self) -> String {
        match self.code {
            Some(code) => format!("{}({code})", self.outcome),
            None => self.outcome.clone(),
        }
    }
}

impl Totals {
    pub(crate) fn of(cases: &[CaseResult]) -> Self {
        let count = |verdict| cases.iter().filter(|case| case.verdict == verdict).count();
        Self {
            pass: count(VerdictName::Pass),
            lenient: count(VerdictName::Lenient),
            fail: count(VerdictName::Fail),
            skip: count(VerdictName::Skip),
            inconclusive: count(VerdictName::Inconclusive),
        }
    }
}
