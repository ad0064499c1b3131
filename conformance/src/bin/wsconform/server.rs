//! `wsconform server`: tests a server.

use anyhow::Result;
use tokio::net::lookup_host;
use wsconform::Role;

use crate::args::ServerArguments;
use crate::endpoint_run::EndpointRun;
use crate::interrupt::Interrupt;
use crate::outputs::{INTERRUPTED, UNREACHABLE, expectations};
use crate::run::{Start, context, selected};
use crate::runner::{Dialer, Endpoint, Jobs, Server};
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
    let mut interrupt = Interrupt::install()?;
    match interrupt.or_output(server.start()).await {
        Some(Ok(())) => {}
        Some(Err(error)) => {
            terminal.borrow_mut().line(&format!("{error:#}"));
            return Ok(UNREACHABLE);
        }
        None => return Ok(INTERRUPTED),
    }
    let endpoint = Endpoint::Server(server);
    let subject = format!("{}:", arguments.uri);
    let run = EndpointRun {
        start: &start,
        options,
        expectations: &expectations,
        terminal: &terminal,
        interrupt,
        cases,
        context,
        subject: &subject,
        gone: "the endpoint answered no more",
    };
    run.judge(endpoint, jobs).await
}
