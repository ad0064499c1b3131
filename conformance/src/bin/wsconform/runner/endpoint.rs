//! The endpoint under test as the runner sees it: connections, a process, and whether it is alive.

use alloc::rc::Rc;
use core::time::Duration;

use tokio::process::Child;
use tokio::time::{Instant, sleep};
use wsconform::{Case, Context, Driver, Outcome, Probe, Report, Role};

use super::connector::{Connector, Dialer};
use super::exchange::exchange;
use super::offers::Launcher;
use super::process;

/// The endpoint under test.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// A server, and the process that the runner started for it.
    Server { dialer: Rc<Dialer>, command: Vec<String>, process: Option<Child>, is_verbose: bool },
    /// A client that is started for each connection.
    Client(Rc<Launcher>),
}

/// How long a server may take to start, and to come back.
const START: Duration = Duration::from_secs(10);
const COME_BACK: Duration = Duration::from_secs(5);
/// The pause between two looks at a server that does not answer.
const PAUSE: Duration = Duration::from_millis(20);

impl Endpoint {
    pub(crate) const fn role(&self) -> Role {
        match self {
            Self::Server { .. } => Role::Server,
            Self::Client(_) => Role::Client,
        }
    }

    /// The connections of a case.
    pub(crate) fn connector(&self, case: &Case) -> Connector {
        match self {
            Self::Server { dialer, .. } => Connector::Dial(Rc::clone(dialer)),
            Self::Client(launcher) => Connector::Accept(launcher.offers(case)),
        }
    }

    /// Starts the process of a server, and waits until its port accepts connections.
    pub(crate) async fn start(&mut self) -> anyhow::Result<()> {
        let Self::Server { dialer, command, process, is_verbose } = self else { return Ok(()) };
        if command.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + START;
        let child = process.insert(process::start(command, *is_verbose)?);
        while dialer.once().await.is_none() {
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("COMMAND ended with {status} (--verbose shows its output)");
            }
            anyhow::ensure!(Instant::now() < deadline, "COMMAND did not open the port within 10 s");
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Whether the endpoint echoes "hello", after a restart if its process ended. Waits for five seconds.
    pub(crate) async fn comes_back(&mut self, context: &Context) -> bool {
        let deadline = Instant::now() + COME_BACK;
        loop {
            if let Self::Server { process: Some(child), .. } = self {
                let has_ended = child.try_wait().is_ok_and(|status| status.is_some());
                if has_ended && self.start().await.is_err() {
                    return false;
                }
            }
            if self.ask(Probe::Alive, context).await.outcome == Outcome::Echoed {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            sleep(PAUSE).await;
        }
    }

    /// Asks for a capability.
    pub(crate) async fn ask(&self, probe: Probe, context: &Context) -> Report {
        let case = probe.case(self.role());
        let connector = self.connector(&case);
        exchange(Driver::new(&case, context, 0), &connector, || {}).await
    }
}
