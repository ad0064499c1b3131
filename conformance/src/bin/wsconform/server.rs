//! `wsconform server`: tests a server.

use anyhow::{Context as _, Result};
use tokio::net::lookup_host;
use tokio::signal::ctrl_c;
use wsconform::{Outcome, Probe, Role};

use crate::args::ServerArguments;
use crate::document::VerdictName;
use crate::outputs::{INTERRUPTED, UNREACHABLE, expectations, finish};
use crate::run::{Start, context, document, probe, selected, watch};
use crate::runner::{Dialer, Endpoint, Jobs, Results, Runner, Server};
use crate::target::Target;
use crate::terminal::Terminal;

/// Runs the cases against the server. Returns the exit code.
pub(crate) async fn server(target: &Target, arguments: &ServerArguments) -> Result<u8> {
    let options = &arguments.options;
    let expectations = expectations(options)?;
    let terminal = Terminal::new(options);
    let cases = selected(Role::Server, options);
    anyhow::ensure!(!cases.is_empty(), "no case is selected");
    let mut context = context(options);
    (context.host, context.resource) = (target.authority.clone(), target.resource.clone());
    let start = Start::now(Role::Server, target.host.clone(), arguments.uri.clone());

    let jobs = Jobs::new(options.jobs.into());
    let Ok(addresses) = lookup_host((target.host.as_str(), target.port)).await else {
        terminal.borrow_mut().line(&format!("{}: the host is not known", arguments.uri));
        return Ok(UNREACHABLE);
    };
    let dialer = Dialer::new(addresses.collect(), &jobs);
    let server = Server::new(dialer, arguments.command.clone(), options.verbose);
    if let Err(error) = server.start().await {
        terminal.borrow_mut().line(&format!("{error:#}"));
        return Ok(UNREACHABLE);
    }
    let endpoint = Endpoint::Server(server);
    let alive = endpoint.ask(Probe::Alive, &context).await;
    if alive.outcome != Outcome::Echoed {
        let (outcome, reason) = (&alive.outcome, &alive.reason);
        let text = format!("{}: did not echo \"hello\": {outcome}: {reason}", arguments.uri);
        terminal.borrow_mut().line(&text);
        return Ok(UNREACHABLE);
    }
    let found = probe(&endpoint, &mut context, options).await;

    let results = Results::default();
    terminal.borrow_mut().begin(cases.len());
    let watch = watch(&terminal, &expectations);
    let mut runner = Runner::new(cases.clone(), context, endpoint, jobs, results.clone(), watch);
    let is_interrupted = tokio::select! {
        () = runner.run() => false,
        end = ctrl_c() => { end.context("signals")?; true }
    };
    drop(runner);
    let missing = (VerdictName::Inconclusive, "the endpoint answered no more");
    let missing = (!is_interrupted).then_some(missing);
    let results = results.take();
    let document = document(&start, options, &found, &cases, &results, missing, &expectations);
    let code = finish(&document, &cases, options, &expectations, &mut terminal.borrow_mut())?;
    Ok(if is_interrupted { INTERRUPTED } else { code })
}
