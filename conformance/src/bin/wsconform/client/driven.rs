//! A driver for the Autobahn test suite runs the cases, one after another: no COMMAND, or one with
//! `{server}`.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::RefCell;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::signal::ctrl_c;
use tokio::sync::Notify;
use wsconform::{Case, Role, Script};

use super::listener::listen;
use super::query::Query;
use super::reply::reply;
use super::selected;
use super::session::{Session, Shared};
use crate::args::{ClientArguments, Options};
use crate::document::VerdictName;
use crate::expectations::Expectations;
use crate::outputs::{INTERRUPTED, UNREACHABLE, expectations, finish};
use crate::run::{Start, context, document, state_deflate, watch};
use crate::runner::{Arrival, Found, Lag, process};
use crate::terminal::Terminal;

/// What the driver asks for, and the agents that it ran.
struct Desk {
    shared: Rc<Shared>,
    /// The case of each number, from 1 on. A case with several connections has as many numbers.
    numbers: Vec<usize>,
    sessions: RefCell<BTreeMap<String, Rc<Session>>>,
    /// The driver asked for the reports, or for the end.
    finished: Notify,
}

/// Lets a driver run the cases. Returns the exit code.
pub(crate) async fn driven(listener: TcpListener, arguments: &ClientArguments) -> Result<u8> {
    let options = &arguments.options;
    let expectations = expectations(options)?;
    let terminal = Terminal::new(options);
    let cases = selected(arguments, false);
    anyhow::ensure!(!cases.is_empty(), "no case is selected");
    let server = format!("ws://{}", listener.local_addr()?);
    let start = Start::now(Role::Client, "client".to_owned(), server.clone());
    let lag = Lag::default();
    let measuring = tokio::task::spawn_local(lag.clone().measure());
    let watch = RefCell::new(watch(&terminal, &expectations));
    let numbers = numbers(&cases);
    let mut context = context(options);
    // There is no connection for a probe. Each case without an agreement is skipped.
    context.capabilities.deflate = true;
    state_deflate(&mut context, options);
    let shared = Rc::new(Shared { cases, context, lag, watch });
    let desk = Rc::new(Desk { shared, numbers, sessions: RefCell::default(), finished: Notify::new() });
    terminal.borrow_mut().begin(desk.shared.cases.len());
    let front = Rc::clone(&desk);
    let listening = tokio::task::spawn_local(listen(listener, move |query, arrival| {
        tokio::task::spawn_local(Rc::clone(&front).serve(query, arrival));
    }));

    let mut process = start_driver(arguments, &server)?;
    if process.is_none() && !options.quiet {
        terminal.borrow_mut().line(&format!("listening on {server}, for a driver"));
    }
    let is_interrupted = tokio::select! {
        () = desk.finished.notified(), if process.is_none() => false,
        () = wait(&mut process), if process.is_some() => false,
        end = ctrl_c() => { end.context("signals")?; true }
    };
    listening.abort();
    measuring.abort();
    let sessions: Vec<_> = desk.sessions.borrow().values().cloned().collect();
    if sessions.is_empty() && !is_interrupted {
        terminal.borrow_mut().line("no client connected for a case");
        return Ok(UNREACHABLE);
    }
    let mut code = 0;
    for session in &sessions {
        if !is_interrupted {
            session.settle().await;
        }
        let several = (sessions.len() > 1).then_some(session.agent.as_str());
        let end = End { start: &start, options, expectations: &expectations, several };
        let one = end.report(&desk, session, &mut terminal.borrow_mut(), is_interrupted)?;
        // Failures count more than inconclusive cases.
        code = if code == 1 || one == 1 { 1 } else { code.max(one) };
    }
    Ok(if is_interrupted { INTERRUPTED } else { code })
}

/// The end of a run.
struct End<'a> {
    start: &'a Start,
    options: &'a Options,
    expectations: &'a Expectations,
    /// The agent, if there are several: each has its own reports.
    several: Option<&'a str>,
}

impl End<'_> {
    fn report(
        &self,
        desk: &Desk,
        session: &Session,
        terminal: &mut Terminal,
        is_interrupted: bool,
    ) -> Result<u8> {
        let mut start = self.start.clone();
        start.agent.clone_from(&session.agent);
        let mut options = self.options.clone();
        if let Some(agent) = self.several {
            options.agent = None;
            for path in [&mut options.json, &mut options.junit, &mut options.html].into_iter().flatten() {
                *path = with_agent(path, agent);
            }
        }
        let missing = (!is_interrupted).then_some((VerdictName::Skip, "the driver did not run the case"));
        let results = session.results.borrow();
        let (cases, found) = (&desk.shared.cases, Found::default());
        let document = document(&start, &options, &found, cases, &results, missing, self.expectations);
        finish(&document, cases, &options, self.expectations, terminal)
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

/// The case of each number.
fn numbers(cases: &[Case]) -> Vec<usize> {
    let connections = |case: &Case| match &case.script {
        Script::Sweep(turns) => turns.len(),
        _ => 1,
    };
    cases
        .iter()
        .enumerate()
        .flat_map(|(index, case)| core::iter::repeat_n(index, connections(case)))
        .collect()
}

fn start_driver(arguments: &ClientArguments, server: &str) -> Result<Option<Child>> {
    if arguments.command.is_empty() {
        return Ok(None);
    }
    let command: Vec<_> = arguments.command.iter().map(|word| word.replace("{server}", server)).collect();
    process::start(&command, arguments.options.verbose).map(Some)
}

async fn wait(process: &mut Option<Child>) {
    if let Some(process) = process {
        let _ = process.wait().await;
    }
}

impl Desk {
    /// Serves one connection of the driver, by its resource.
    async fn serve(self: Rc<Self>, query: Query, arrival: Arrival) {
        match query.path.as_str() {
            "/getCaseCount" => reply(arrival, Some(&self.numbers.len().to_string())).await,
            "/runCase" => {
                if let Some(index) = self.index(&query) {
                    self.session(&query).run(&self.shared, index, arrival);
                }
            }
            "/getCaseInfo" => {
                let case = self.index(&query).and_then(|index| self.shared.cases.get(index));
                let info = case.map(|case| json!({ "id": case.id.as_str(), "description": case.title }));
                reply(arrival, info.map(|info| info.to_string()).as_deref()).await;
            }
            "/getCaseStatus" => {
                let session = self.session(&query);
                let behavior = self.index(&query).map(|index| session.behavior(index));
                let status = behavior.map(|behavior| json!({ "behavior": behavior }).to_string());
                reply(arrival, status.as_deref()).await;
            }
            "/updateReports" => {
                let session = self.session(&query);
                session.settle().await;
                reply(arrival, None).await;
                self.finished.notify_one();
            }
            "/stopServer" => {
                reply(arrival, None).await;
                self.finished.notify_one();
            }
            // Anything else is not for a driver: the connection ends.
            _ => {}
        }
    }

    fn index(&self, query: &Query) -> Option<usize> {
        let by_number = query.get("case").and_then(|number| number.parse::<usize>().ok());
        match (by_number, query.get("casetuple")) {
            (Some(number), _) => self.numbers.get(number.checked_sub(1)?).copied(),
            (None, Some(id)) => self.shared.cases.iter().position(|case| case.id.as_str() == id),
            (None, None) => None,
        }
    }

    fn session(&self, query: &Query) -> Rc<Session> {
        let agent = query.get("agent").unwrap_or("client");
        let mut sessions = self.sessions.borrow_mut();
        let new = || Session::new(agent, self.shared.cases.len());
        Rc::clone(sessions.entry(agent.to_owned()).or_insert_with(new))
    }
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
