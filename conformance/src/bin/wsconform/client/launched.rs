//! A process for each case: COMMAND contains `{uri}`.

use alloc::rc::Rc;
use core::cell::Cell;
use core::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use wsconform::{Outcome, Probe, Role};

use super::listener::listen;
use super::query::{Query, REDIRECTED};
use super::selected;
use crate::args::ClientArguments;
use crate::document::VerdictName;
use crate::outputs::{INTERRUPTED, UNREACHABLE, expectations, finish};
use crate::run::{Start, context, document, probe, watch};
use crate::runner::{Endpoint, Jobs, Launcher, Results, Routes, Runner};
use crate::terminal::Terminal;

/// Runs each case with a fresh process. Returns the exit code.
pub(crate) async fn launched(listener: TcpListener, arguments: &ClientArguments) -> Result<u8> {
    let options = &arguments.options;
    let expectations = expectations(options)?;
    let terminal = Terminal::new(options);
    let cases = selected(arguments, true);
    anyhow::ensure!(!cases.is_empty(), "no case is selected");
    let mut context = context(options);
    let launcher = launcher(&listener, arguments)?;
    let start = Start::now(Role::Client, launcher.agent.clone(), launcher.server.clone());
    let listening = tokio::task::spawn_local(serve(listener, Rc::clone(&launcher.routes)));
    let endpoint = Endpoint::Client(launcher);
    let alive = endpoint.ask(Probe::Alive, &context).await;
    if alive.outcome != Outcome::Echoed {
        let text = format!("COMMAND did not echo \"hello\": {}: {}", alive.outcome, alive.reason);
        terminal.borrow_mut().line(&text);
        return Ok(UNREACHABLE);
    }
    let found = probe(&endpoint, &mut context, options).await;

    let results = Results::default();
    terminal.borrow_mut().begin(cases.len());
    let watch = watch(&terminal, &expectations);
    let jobs = Jobs::new(options.jobs.into());
    let mut runner = Runner::new(cases.clone(), context, endpoint, jobs, results.clone(), watch);
    let is_interrupted = tokio::select! {
        () = runner.run() => false,
        end = ctrl_c() => { end.context("signals")?; true }
    };
    drop(runner);
    listening.abort();
    let missing = (VerdictName::Inconclusive, "COMMAND connected no more");
    let missing = (!is_interrupted).then_some(missing);
    let results = results.take();
    let document = document(&start, options, &found, &cases, &results, missing, &expectations);
    let code = finish(&document, &cases, options, &expectations, &mut terminal.borrow_mut())?;
    Ok(if is_interrupted { INTERRUPTED } else { code })
}

fn launcher(listener: &TcpListener, arguments: &ClientArguments) -> Result<Rc<Launcher>> {
    Ok(Rc::new(Launcher {
        command: arguments.command.clone(),
        is_verbose: arguments.options.verbose,
        timeout: Duration::from_millis(arguments.options.timeout),
        server: format!("ws://{}", listener.local_addr()?),
        agent: arguments.options.agent.clone().unwrap_or_else(|| "client".to_owned()),
        routes: Routes::default(),
        count: Cell::new(0),
    }))
}

/// Passes each connection on to its case.
async fn serve(listener: TcpListener, routes: Routes) {
    let route = move |query: Query, arrival| match routes.borrow().get(query.get("case").unwrap_or_default())
    {
        Some(route) if query.path == REDIRECTED => route.redirect(),
        Some(route) => route.arrive(arrival),
        // The case is over.
        None => {}
    };
    listen(listener, route).await;
}
