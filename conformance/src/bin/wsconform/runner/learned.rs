//! The capabilities that the requests of a client and its cases show, if there is no connection for a probe.

use wsconform::{Capabilities, Case, Outcome, Parameter, Probe, Role, Verdict};

use super::finished::Finished;
use super::probes::{Found, deflate_parameters, field};

/// The family of the cases that find out the message limit.
const SIZES: &str = "10.4/size";

/// The size of the message, if the case finds out whether a message of this size is accepted.
pub(crate) fn size(case: &Case) -> Option<usize> {
    (case.family == SIZES).then_some(case.needs.message)
}

/// What the result of a case says about the capabilities that later cases need. A refused size is no failure.
pub(crate) fn learn(capabilities: &mut Capabilities, case: &Case, finished: &mut Finished) {
    let report = &mut finished.report;
    if let (Some(size), Outcome::Closed(1009)) = (size(case), &report.outcome) {
        capabilities.message = capabilities.message.min(size.saturating_sub(1));
        report.verdict = Verdict::Lenient;
        report.allowed = Some(case.clause);
        report.reason = format!("the client has a message limit below {size} bytes");
    }
    // The cases about the answers of a server come before those that need a parameter.
    let asks_for = |parameter: &Parameter| Probe::Deflate(*parameter).case(Role::Client).open == case.open;
    // A clause may allow the refusal of the answer.
    let is_refused = report.allowed.is_some() && report.outcome != Outcome::Echoed;
    if report.is_failure() || is_refused {
        capabilities.parameters.retain(|parameter| !asks_for(parameter));
    }
}

impl Found {
    /// What the requests show, and the largest message that was echoed.
    pub(crate) fn learned(cases: &[Case], results: &[Option<Finished>]) -> Self {
        let mut found = Self::default();
        for (case, finished) in cases.iter().zip(results) {
            let Some(report) = finished.as_ref().map(|finished| &finished.report) else { continue };
            if let Some(parameters) = deflate_parameters(report) {
                let known = found.deflate.get_or_insert_default();
                known.extend(parameters);
                known.sort_unstable();
                known.dedup();
            }
            if found.subprotocol.is_none() {
                found.subprotocol = field(report, "Sec-WebSocket-Protocol");
            }
            if report.outcome == Outcome::Echoed {
                found.message = found.message.max(size(case));
            }
        }
        found
    }
}
