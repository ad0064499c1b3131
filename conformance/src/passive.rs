//! The cases about the frames that the endpoint writes, judged over the connections of all cases.

use alloc::collections::BTreeSet;

use crate::case::Case;
use crate::judge::{Head, Violation, judge_keys};
use crate::report::Report;
use crate::verdict::{Expect, Outcome, Verdict};

/// Judges the cases about the frames that the endpoint writes (`any/…`, `5.1/server-never-masks`,
/// `5.3/client-…`), and those about its heads (`4.1/request-…`, `4.2.2/response-…`), by the connections of
/// all cases. Call it once, when all cases have run.
///
/// A violation appears there once, with the ids of the first cases that showed it, and not in each case in
/// which the endpoint wrote such a frame.
pub fn judge_all_frames(cases: &[Case], reports: &mut [Report]) {
    let mut found: Vec<(Violation, Vec<String>)> = Vec::new();
    let mut nonces = BTreeSet::new();
    for report in reports.iter() {
        let of_keys = report.keys.iter().filter_map(|keys| judge_keys(keys)).flatten();
        let is_repeated = report.heads.iter().filter_map(nonce).any(|key| !nonces.insert(key));
        let of_nonces = is_repeated.then_some(Violation::RequestKeyRepeated);
        for violation in report.violations.iter().copied().chain(of_keys).chain(of_nonces) {
            let index = found.iter().position(|(other, _)| *other == violation).unwrap_or(found.len());
            if index == found.len() {
                found.push((violation, Vec::new()));
            }
            let id = report.id.to_string();
            if let Some((_, ids)) = found.get_mut(index).filter(|(_, ids)| !ids.contains(&id)) {
                ids.push(id);
            }
        }
    }
    for report in reports.iter_mut().filter(|report| report.outcome != Outcome::Crash) {
        let case = cases.iter().find(|case| case.id == report.id && case.role == report.role);
        let Some((Expect::Obey(rules), level)) = case.map(|case| (&case.expect, case.level)) else {
            continue;
        };
        if let Some((violation, ids)) = found.iter().find(|(violation, _)| rules.contains(violation)) {
            let first: Vec<_> = ids.iter().take(3).map(String::as_str).collect();
            (report.verdict, report.outcome) = (Verdict::of_violation(level), Outcome::Wrong);
            report.reason = format!("{violation:?} in {} cases, such as {}", ids.len(), first.join(", "));
        }
    }
}

fn nonce(head: &Head) -> Option<Vec<u8>> {
    head.value("Sec-WebSocket-Key").map(<[u8]>::to_vec)
}
