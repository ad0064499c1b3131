//! A process for each case: COMMAND contains `{uri}`.

use alloc::rc::Rc;
use core::cell::Cell;
use core::time::Duration;

use anyhow::Result;
use tokio::net::TcpListener;
use wsconform::Role;

use super::listener::listen;
use super::query::{Query, REDIRECTED};
use super::selected;
use crate::args::ClientArguments;
use crate::endpoint_run::EndpointRun;
use crate::interrupt::Interrupt;
use crate::outputs::expectations;
use crate::run::Start;
use crate::runner::{Endpoint, Jobs, Launcher, Routes};
use crate::terminal::Terminal;

/// Runs each case with a fresh process. Returns the exit code.
pub(crate) async fn launched(listener: TcpListener, arguments: &ClientArguments) -> Result<u8> {
    let options = &arguments.options;
    let expectations = expectations(options)?;
    let terminal = Terminal::new(options);
    let (cases, context) = selected(arguments, true);
    anyhow::ensure!(!cases.is_empty(), "no case is selected");
    let launcher = launcher(&listener, arguments)?;
    let start = Start::now(Role::Client, launcher.agent.clone(), launcher.server.clone());
    let listening = tokio::task::spawn_local(serve(listener, Rc::clone(&launcher.routes)));
    let endpoint = Endpoint::Client(launcher);
    let run = EndpointRun {
        start: &start,
        options,
        expectations: &expectations,
        terminal: &terminal,
        interrupt: Interrupt::install()?,
        cases,
        context,
        subject: "COMMAND",
        gone: "COMMAND connected no more",
    };
    let code = run.judge(endpoint, Jobs::new(options.jobs.into())).await;
    listening.abort();
    code
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
