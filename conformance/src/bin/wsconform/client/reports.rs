//! The reports of the agents that a driver ran.

use core::cell::RefCell;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::desk::Desk;
use super::session::Session;
use crate::args::Options;
use crate::document::VerdictName;
use crate::expectations::Expectations;
use crate::outputs::{INTERRUPTED, UNREACHABLE, finish};
use crate::run::{Start, document};
use crate::runner::Found;
use crate::terminal::Terminal;

/// How the run of a driver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Without COMMAND, the driver asked for it.
    Asked,
    /// COMMAND ended with success.
    Exited,
    /// COMMAND ended without success.
    Died,
    /// COMMAND connected no more.
    Idle,
    Interrupted,
}

/// What the reports have in common.
pub(super) struct Reports<'a> {
    pub(super) start: &'a Start,
    pub(super) options: &'a Options,
    pub(super) expectations: &'a Expectations,
    pub(super) terminal: &'a RefCell<Terminal>,
}

impl Reports<'_> {
    /// Writes the reports of each agent. Returns the exit code.
    pub(super) async fn write(&self, desk: &Desk, ending: Ending) -> Result<u8> {
        let is_interrupted = ending == Ending::Interrupted;
        let mut sessions = desk.sessions();
        if !is_interrupted {
            for session in &sessions {
                session.settle().await;
            }
        }
        sessions.retain(|session| session.results().iter().any(Option::is_some));
        if sessions.is_empty() && !is_interrupted {
            self.terminal.borrow_mut().line("no client connected for a case");
            return Ok(UNREACHABLE);
        }
        let mut code = 0;
        for session in &sessions {
            let missing = missing(desk, session, ending);
            let several = (sessions.len() > 1).then_some(session.agent.as_str());
            let one = self.report(desk, session, missing, several)?;
            // Failures count more than inconclusive cases.
            code = if code == 1 || one == 1 { 1 } else { code.max(one) };
        }
        Ok(if is_interrupted { INTERRUPTED } else { code })
    }

    fn report(
        &self,
        desk: &Desk,
        session: &Session,
        missing: Option<(VerdictName, &str)>,
        several: Option<&str>,
    ) -> Result<u8> {
        let mut start = self.start.clone();
        start.agent.clone_from(&session.agent);
        let mut options = self.options.clone();
        if let Some(agent) = several {
            // Each agent has its own reports.
            options.agent = None;
            for path in [&mut options.json, &mut options.junit, &mut options.html].into_iter().flatten() {
                *path = with_agent(path, agent);
            }
        }
        let (cases, results) = (&desk.shared.cases, session.results());
        let found = Found::learned(cases, &results);
        let document = document(&start, &options, &found, cases, &results, missing, self.expectations);
        finish(&document, cases, &options, self.expectations, &mut self.terminal.borrow_mut())
    }
}

/// Settles the results of an agent. Returns the verdict of the cases without a result, and its reason.
fn missing(desk: &Desk, session: &Session, ending: Ending) -> Option<(VerdictName, &'static str)> {
    session.finish(&desk.shared);
    let ended = (VerdictName::Inconclusive, "the driver ended before the case");
    match ending {
        Ending::Interrupted => None,
        _ if session.is_given_up() => Some((VerdictName::Inconclusive, "the client fell silent")),
        Ending::Asked => Some((VerdictName::Skip, "the driver did not run the case")),
        Ending::Exited => Some(ended),
        Ending::Died | Ending::Idle => {
            if session.results().iter().any(Option::is_none) {
                session.crash(&desk.shared, "the driver did not come back for the next case");
            }
            Some(ended)
        }
    }
}

/// `run.json` of one of several agents is `run-AGENT.json`.
fn with_agent(path: &Path, agent: &str) -> PathBuf {
    if path.as_os_str() == "-" {
        return path.to_owned();
    }
    let safe: String = agent.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{safe}{extension}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::with_agent;

    #[test]
    fn reports_of_several_agents_have_their_names() {
        let name = |path: &str| with_agent(Path::new(path), "a b/1").display().to_string();
        assert_eq!(name("x/run.json"), "x/run-a_b_1.json");
        assert_eq!((name("run").as_str(), name("-").as_str()), ("run-a_b_1", "-"));
    }
}
