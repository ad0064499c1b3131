//! The program `wsconform`: the runner of the cases over TCP, and the reports.
//!
//! ```text
//!                  main.rs ── args.rs
//!      │              │               │
//!  server.rs      client/      list.rs show.rs diff.rs
//!      │              │               │
//!      └─ endpoint_run.rs             │
//!             │                       │
//!        interrupt.rs                 │
//!             │                       │
//!           run.rs                    │
//!             │                       │
//!          runner/                    │
//!             │                       │
//!  convert.rs, terminal.rs, outputs.rs, junit.rs, html.rs
//!                       │
//!                  document.rs, words.rs
//! ```

extern crate alloc;

mod args;
mod client;
mod convert;
mod diff;
mod document;
mod endpoint_run;
mod expectations;
mod fold;
mod html;
mod interrupt;
mod junit;
mod list;
mod outputs;
mod run;
mod runner;
mod selection;
mod server;
mod show;
mod target;
mod terminal;
mod words;

use core::future::Future;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::args::{Arguments, Command};
use crate::outputs::USAGE;
use crate::target::Target;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

/// Runs the command; an error is one of usage.
fn run(command: Command) -> Result<u8> {
    match command {
        Command::Server(arguments) => {
            let target = Target::parse(&arguments.uri)?;
            block_on(server::server(&target, &arguments))
        }
        Command::Client(arguments) => block_on(client::client(&arguments)),
        Command::List(arguments) => list::list(&arguments),
        Command::Show { id, role, seed } => show::show(&id, role.map(Into::into), seed),
        Command::Diff { old, new } => diff::diff(&old, &new),
        Command::Report { runs, html } => html::report(&runs, &html),
    }
}

/// Runs a future on this thread only: the endpoint under test needs the other core.
fn block_on(future: impl Future<Output = Result<u8>>) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, future)
}
