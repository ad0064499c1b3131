//! COMMAND: a process of the endpoint under test.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

/// Starts COMMAND without a shell. The process ends when the result is dropped.
pub(crate) fn start(command: &[String], is_verbose: bool) -> Result<Child> {
    let (program, arguments) = command.split_first().context("no COMMAND")?;
    // Stdout belongs to reports.
    let output = || if is_verbose { Stdio::from(std::io::stderr()) } else { Stdio::null() };
    let mut process = Command::new(program);
    process.args(arguments).stdin(Stdio::null()).stdout(output()).stderr(output()).kill_on_drop(true);
    process.spawn().with_context(|| format!("{program} cannot be started"))
}
