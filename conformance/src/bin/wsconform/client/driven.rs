//! A driver for the Autobahn test suite runs the cases, one after another: no COMMAND, or one with
//! `{server}`.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::process::ExitStatus;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::time::{Instant, sleep};
use wsconform::{Case, Context, Parameter, Role};

use super::desk::Desk;
use super::listener::listen;
use super::reports::{Ending, Reports};
use super::selected;
use super::session::Shared;
use crate::args::{ClientArguments, Options};
use crate::interrupt::Interrupt;
use crate::outputs::{UNREACHABLE, expectations};
use crate::run::{Start, state_deflate, watch};
use crate::runner::{Lag, QUEUE, process, size};
use crate::terminal::Terminal;

/// COMMAND ends if no case runs for so many times the timeout.
const IDLE: u32 = 60;

/// Lets a driver run the cases. Returns the exit code.
pub(crate) async fn driven(listener: TcpListener, arguments: &ClientArguments) -> Result<u8> {
    let options = &arguments.options;
    let expectations = expectations(options)?;
    let terminal = Terminal::new(options);
    let (cases, context) = selected(arguments, false);
    let cases = in_order(cases);
    anyhow::ensure!(!cases.is_empty(), "no case is selected");
    let server = format!("ws://{}", listener.local_addr()?);
    let start = Start::now(Role::Client, "client".to_owned(), server.clone());
    let lag = Lag::default();
    let measuring = tokio::task::spawn_local(lag.clone().measure());
    let watch = RefCell::new(watch(&terminal, &expectations));
    let (context, progress) = (context_of_driver(context, options), Cell::new(Instant::now()));
    let desk = Desk::new(Rc::new(Shared { cases, context, lag, watch, progress }));
    terminal.borrow_mut().begin(desk.shared.cases.len());
    let front = Rc::clone(&desk);
    let listening = tokio::task::spawn_local(listen(listener, move |query, arrival| {
        tokio::task::spawn_local(Rc::clone(&front).serve(query, arrival));
    }));

    let mut interrupt = Interrupt::install()?;
    let mut process = match start_driver(arguments, &server) {
        Ok(process) => process,
        Err(error) => {
            terminal.borrow_mut().line(&format!("{error:#}"));
            return Ok(UNREACHABLE);
        }
    };
    if process.is_none() && !options.quiet {
        terminal.borrow_mut().line(&format!("listening on {server}, for a driver"));
    }
    let ending = interrupt.or_output(ending(&desk, &mut process, options)).await;
    let ending = ending.unwrap_or(Ending::Interrupted);
    listening.abort();
    measuring.abort();
    let reports = Reports { start: &start, options, expectations: &expectations, terminal: &terminal };
    reports.write(&desk, ending).await
}

/// A message limit is found out before it matters.
fn in_order(mut cases: Vec<Case>) -> Vec<Case> {
    cases.sort_by_key(|case| size(case).unwrap_or(usize::MAX));
    cases
}

/// There is no connection for a probe: the requests and the first cases show the capabilities. A case that
/// needs an agreement is skipped if the client did not offer it.
fn context_of_driver(mut context: Context, options: &Options) -> Context {
    (context.capabilities.deflate, context.capabilities.parameters) = (true, Parameter::ALL.to_vec());
    state_deflate(&mut context, options);
    context
}

fn start_driver(arguments: &ClientArguments, server: &str) -> Result<Option<Child>> {
    if arguments.command.is_empty() {
        return Ok(None);
    }
    let command: Vec<_> = arguments.command.iter().map(|word| word.replace("{server}", server)).collect();
    process::start(&command, arguments.options.verbose).map(Some)
}

/// Waits for the end of the run. Without COMMAND, only the driver or the user ends it.
async fn ending(desk: &Desk, process: &mut Option<Child>, options: &Options) -> Ending {
    let has_process = process.is_some();
    let limit = Duration::from_millis(options.timeout).saturating_mul(IDLE);
    tokio::select! {
        () = desk.finished.notified(), if !has_process => Ending::Asked,
        status = exit(process), if has_process => {
            if status.is_some_and(|status| status.success()) { Ending::Exited } else { Ending::Died }
        }
        () = desk.idle(limit), if has_process => Ending::Idle,
    }
}

async fn exit(process: &mut Option<Child>) -> Option<ExitStatus> {
    let status = process.as_mut()?.wait().await.ok();
    sleep(QUEUE).await;
    status
}

#[cfg(test)]
mod tests {
    use wsconform::{Role, catalogue};

    use super::in_order;
    use crate::runner::size;

    #[test]
    fn sizes_come_first_and_ascend() {
        let cases = in_order(catalogue(Role::Client));
        let sizes: Vec<_> = cases.iter().map_while(size).collect();
        assert!(sizes.len() == 12 && sizes.is_sorted(), "{sizes:?}");
        assert_eq!(cases.iter().filter_map(size).count(), sizes.len());
        let rest: Vec<_> = cases.iter().skip(sizes.len()).map(|case| &case.id).collect();
        let all = catalogue(Role::Client);
        assert!(all.iter().filter(|case| size(case).is_none()).map(|case| &case.id).eq(rest));
    }
}
