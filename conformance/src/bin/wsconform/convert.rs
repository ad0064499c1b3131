//! Turns the reports of the library into the document of a run.

use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use sha1::{Digest as _, Sha1};
use wsconform::{Case, Direction, Expect, Log, Outcome, Report, Role, Verdict, catalogue};

use crate::document::{CaseResult, Observed, VerdictName, WireEntry};
use crate::runner::Finished;
use crate::words::expected;

/// The result of a case, as the document has it.
pub(crate) fn case_result(case: &Case, finished: &Finished) -> CaseResult {
    let report = &finished.report;
    let (outcome, code) = outcome(&report.outcome);
    CaseResult {
        id: report.id.to_string(),
        revision: report.revision,
        level: report.level.to_string(),
        verdict: verdict(report.verdict),
        outcome,
        code,
        expected: expected(&case.expect),
        allowed: report.allowed.map(|clause| clause.to_string()),
        reason: report.reason.clone(),
        millis: millis(finished.time),
        lag: millis(finished.lag),
        tries: finished.tries,
        expected_deviation: false,
        observed: observed(report, finished.time),
        wire: wire(&report.log),
    }
}

/// Whether the verdict of the case is final only at the end of the run.
pub(crate) const fn judges_all_connections(case: &Case) -> bool {
    matches!(case.expect, Expect::Obey(_))
}

/// The result of a case that did not run.
pub(crate) fn not_run(case: &Case, verdict: VerdictName, reason: &str) -> CaseResult {
    CaseResult {
        id: case.id.to_string(),
        revision: case.revision,
        level: case.level.to_string(),
        verdict,
        outcome: "not-opened".to_owned(),
        code: None,
        expected: expected(&case.expect),
        allowed: None,
        reason: reason.to_owned(),
        millis: 0.0,
        lag: 0.0,
        tries: 0,
        expected_deviation: false,
        observed: Observed::default(),
        wire: Vec::new(),
    }
}

/// The amount from which the opening handshake no longer counts in the throughput.
const MUCH: usize = 64 << 10;
/// The median of fewer round trips says little.
const MANY: usize = 10;

fn observed(report: &Report, time: Duration) -> Observed {
    let moved = report.log.totals(Direction::Out).0.saturating_add(report.log.totals(Direction::In).0);
    let is_echoed = report.outcome == Outcome::Echoed;
    let per_second = (moved as u128 * 1_000_000).checked_div(time.as_micros());
    let mut trips = report.round_trips.clone();
    trips.sort_unstable();
    Observed {
        bytes_per_second: per_second
            .filter(|_| is_echoed && moved >= MUCH)
            .and_then(|bytes| u64::try_from(bytes).ok()),
        early_pong: report.early_pong,
        round_trip: trips.get(trips.len() / 2).filter(|_| trips.len() >= MANY).copied().map(millis),
    }
}

const fn verdict(verdict: Verdict) -> VerdictName {
    match verdict {
        Verdict::Pass => VerdictName::Pass,
        Verdict::Lenient => VerdictName::Lenient,
        Verdict::Skip => VerdictName::Skip,
        Verdict::Fail => VerdictName::Fail,
        _ => VerdictName::Inconclusive,
    }
}

fn outcome(outcome: &Outcome) -> (String, Option<u16>) {
    let text = outcome.to_string();
    let Some((name, code)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return (text, None);
    };
    match code.parse() {
        Ok(code) => (name.to_owned(), Some(code)),
        Err(_) => (text, None),
    }
}

/// A hundredth of a millisecond is below what the clock of a busy machine can tell.
pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

fn wire(log: &Log) -> Vec<WireEntry> {
    let mut entries: Vec<_> = log
        .entries()
        .iter()
        .map(|entry| match entry.direction {
            Direction::Out => {
                WireEntry::Bytes("out".to_owned(), millis(entry.at), hex(&entry.bytes), entry.text.clone())
            }
            Direction::In => {
                WireEntry::Bytes("in".to_owned(), millis(entry.at), hex(&entry.bytes), entry.text.clone())
            }
            Direction::Transport => WireEntry::Event("end".to_owned(), millis(entry.at), entry.text.clone()),
        })
        .collect();
    for (direction, name) in [(Direction::Out, "out"), (Direction::In, "in")] {
        let (total, tail) = log.totals(direction);
        if !tail.is_empty() {
            let at = log.entries().last().map_or(0.0, |entry| millis(entry.at));
            let text = format!("the last {} of {total} bytes", tail.len());
            entries.push(WireEntry::Bytes(name.to_owned(), at, hex(&tail), text));
        }
    }
    entries
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    // A whole wire log has some hundred megabytes: no text for each byte.
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]).collect()
}

/// A hash of all ids and revisions, for both roles.
pub(crate) fn catalogue_hash() -> String {
    let mut hash = Sha1::new();
    for role in [Role::Server, Role::Client] {
        for case in catalogue(role) {
            hash.update(format!("{role} {} {}\n", case.id, case.revision));
        }
    }
    format!("sha1:{}", hex(&hash.finalize()))
}

/// The time as RFC 3339 writes it, in UTC.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Eras of 400 years, from the 1st of March of the year 0 on.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::time::UNIX_EPOCH;

    use wsconform::Outcome;

    use super::{outcome, timestamp};

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(at(1_767_225_599), "2025-12-31T23:59:59Z");
    }

    #[test]
    fn the_code_of_an_outcome_is_a_number() {
        assert_eq!(outcome(&Outcome::Closed(1002)), ("closed".to_owned(), Some(1002)));
        assert_eq!(outcome(&Outcome::ClosedEmpty), ("closed(empty)".to_owned(), None));
        assert_eq!(outcome(&Outcome::WentOn), ("went-on".to_owned(), None));
    }
}
