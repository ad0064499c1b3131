//! The file of known deviations (`--expect`): lines `GLOB = verdict   # reason`.

use anyhow::{Context as _, Result, bail};

use crate::document::{CaseResult, VerdictName};
use crate::selection::matches;

/// The known deviations of an endpoint.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expectations(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    line: usize,
    glob: String,
    verdict: VerdictName,
    reason: String,
}

impl Expectations {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let (rule, reason) = line.split_once('#').unwrap_or((line, ""));
            if rule.trim().is_empty() {
                continue;
            }
            let line = number + 1;
            let (glob, name) = rule.split_once('=').with_context(|| format!("line {line}: no `=`"))?;
            let (glob, name) = (glob.trim().to_owned(), name.trim());
            let Some(verdict) = VerdictName::ALL.into_iter().find(|verdict| verdict.name() == name) else {
                bail!("line {line}: `{name}` is no verdict");
            };
            entries.push(Entry { line, glob, verdict, reason: reason.trim().to_owned() });
        }
        Ok(Self(entries))
    }

    /// The reason of the first entry that expects this result.
    pub(crate) fn expect(&self, case: &CaseResult) -> Option<&str> {
        let fits = |entry: &&Entry| entry.verdict == case.verdict && matches(&entry.glob, &case.id);
        self.0.iter().find(fits).map(|entry| entry.reason.as_str())
    }

    /// The entries that expect no result of the run.
    pub(crate) fn stale(&self, cases: &[CaseResult]) -> Vec<String> {
        let is_stale = |entry: &&Entry| {
            !cases.iter().any(|case| entry.verdict == case.verdict && matches(&entry.glob, &case.id))
        };
        let lines = self.0.iter().filter(is_stale);
        lines.map(|entry| format!("line {}: {} = {}", entry.line, entry.glob, entry.verdict.name())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Expectations;

    #[test]
    fn entries_have_a_glob_and_a_verdict() {
        assert!(Expectations::parse("# only a comment\n\n5.2/* = fail  # known\n7.4/x=lenient").is_ok());
        for (wrong, message) in
            [("5.2/*", "line 1: no `=`"), ("\n5.2/* = bad", "line 2: `bad` is no verdict")]
        {
            let error = Expectations::parse(wrong).expect_err("a wrong line");
            assert_eq!(error.to_string(), message);
        }
    }
}
