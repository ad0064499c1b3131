//! The endpoint under test as the runner sees it: connections, a process, and whether it is alive.

use alloc::rc::Rc;
use core::time::Duration;

use tokio::time::{Instant, sleep};
use wsconform::{Case, Context, Driver, Outcome, Probe, Report, Role};

use super::connector::Connector;
use super::exchange::exchange;
use super::offers::Launcher;
use super::server::Server;

/// The endpoint under test.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// A server, which is connected to.
    Server(Server),
    /// A client that is started for each connection.
    Client(Rc<Launcher>),
}

/// How long a server may take to come back.
const COME_BACK: Duration = Duration::from_secs(5);
/// The pause between two looks at a server that does not answer.
const PAUSE: Duration = Duration::from_millis(20);

impl Endpoint {
    pub(crate) const fn role(&self) -> Role {
        match self {
            Self::Server(_) => Role::Server,
            Self::Client(_) => Role::Client,
        }
    }

    /// The connections of a case.
    pub(crate) fn connector(&self, case: &Case) -> Connector {
        match self {
            Self::Server(server) => Connector::Dial(Rc::clone(&server.dialer)),
            Self::Client(launcher) => Connector::Accept(launcher.offers(case)),
        }
    }

    /// Whether the endpoint echoes "hello", after a restart if its process ended. Waits for five seconds.
    pub(crate) async fn comes_back(&mut self, context: &Context) -> bool {
        let deadline = Instant::now() + COME_BACK;
        loop {
            if let Self::Server(server) = self {
                if server.dialer.has_ended() && server.start().await.is_err() {
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
        let mut report = exchange(Driver::new(&case, context, 0), &connector, || {}).await;
        if matches!(report.outcome, Outcome::Eof | Outcome::Reset) && connector.has_crashed().await {
            report.outcome = Outcome::Crash;
        }
        report
    }
}
