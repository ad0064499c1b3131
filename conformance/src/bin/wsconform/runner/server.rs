//! A server under test, and the command that starts it.

use alloc::rc::Rc;
use core::time::Duration;

use tokio::time::{Instant, sleep};

use super::connector::Dialer;
use super::process;

/// A server under test.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) dialer: Rc<Dialer>,
    /// Empty if somebody else started the server.
    command: Vec<String>,
    is_verbose: bool,
}

/// How long a server may take to start.
const START: Duration = Duration::from_secs(10);
/// The pause between two looks at a port that is not open.
const PAUSE: Duration = Duration::from_millis(20);

impl Server {
    pub(crate) fn new(dialer: Rc<Dialer>, command: Vec<String>, is_verbose: bool) -> Self {
        Self { dialer, command, is_verbose }
    }

    /// Starts the process, if the runner has a command for it, and waits until its port accepts connections.
    /// Another server at the port is an error: the cases would test it instead.
    pub(crate) async fn start(&self) -> anyhow::Result<()> {
        if self.command.is_empty() {
            return Ok(());
        }
        let is_taken = self.dialer.once().await.is_some();
        anyhow::ensure!(
            !is_taken,
            "another process accepts connections at the port: COMMAND was not started"
        );
        let deadline = Instant::now() + START;
        let process = process::start(&self.command, self.is_verbose)?;
        *self.dialer.process.borrow_mut() = Some(process);
        while self.dialer.once().await.is_none() {
            anyhow::ensure!(!self.dialer.has_ended(), "COMMAND ended (--verbose shows its output)");
            anyhow::ensure!(Instant::now() < deadline, "COMMAND did not open the port within 10 s");
            sleep(PAUSE).await;
        }
        Ok(())
    }
}
