//! A server under test: its addresses, and the process that the runner started for it.

use alloc::rc::Rc;
use core::time::Duration;

use tokio::process::Child;
use tokio::time::{Instant, sleep};

use super::connector::Dialer;
use super::process;

/// A server under test, with the process that the runner started for it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) dialer: Rc<Dialer>,
    /// Empty if somebody else started the server.
    command: Vec<String>,
    process: Option<Child>,
    is_verbose: bool,
}

/// How long a server may take to start.
const START: Duration = Duration::from_secs(10);
/// The pause between two looks at a port that is not open.
const PAUSE: Duration = Duration::from_millis(20);

impl Server {
    pub(crate) fn new(dialer: Rc<Dialer>, command: Vec<String>, is_verbose: bool) -> Box<Self> {
        Box::new(Self { dialer, command, process: None, is_verbose })
    }

    /// Starts the process, if the runner has a command for it, and waits until its port accepts connections.
    pub(crate) async fn start(&mut self) -> anyhow::Result<()> {
        if self.command.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + START;
        let child = self.process.insert(process::start(&self.command, self.is_verbose)?);
        while self.dialer.once().await.is_none() {
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("COMMAND ended with {status} (--verbose shows its output)");
            }
            anyhow::ensure!(Instant::now() < deadline, "COMMAND did not open the port within 10 s");
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Whether the process that the runner started has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }
}
