//! The source of the connections of a case.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::pending;
use core::net::SocketAddr;
use core::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::time::{sleep, timeout};

use super::jobs::Jobs;
use super::offers::Offers;

/// The source of the connections of a case.
#[derive(Debug, Clone)]
pub(crate) enum Connector {
    /// The runner connects to a server.
    Dial(Rc<Dialer>),
    /// A client connects to the runner.
    Accept(Rc<Offers>),
}

/// A fresh connection.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    /// Bytes that were read already.
    pub(crate) bytes: Vec<u8>,
}

impl Connector {
    /// The next connection; `None` if there is none.
    pub(crate) async fn connect(&self) -> Option<Arrival> {
        match self {
            Self::Dial(dialer) => dialer.connect().await.map(|stream| Arrival { stream, bytes: Vec::new() }),
            Self::Accept(offers) => offers.next().await,
        }
    }

    /// Whether a process that the runner started for the case crashed.
    pub(crate) async fn has_crashed(&self) -> bool {
        match self {
            Self::Dial(_) => false,
            Self::Accept(offers) => offers.has_crashed().await,
        }
    }

    /// Waits until the client follows a redirect on another connection. A server never does.
    pub(crate) async fn redirected(&self) {
        match self {
            Self::Dial(_) => pending().await,
            Self::Accept(offers) => offers.redirected().await,
        }
    }
}

/// Connects to a server.
#[derive(Debug)]
pub(crate) struct Dialer {
    addresses: Vec<SocketAddr>,
    jobs: Rc<Jobs>,
    /// The process of the server, if the runner started it.
    pub(super) process: RefCell<Option<Child>>,
}

/// The pauses after a refused connection: the queue of a listener is full for some milliseconds at most.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(50), Duration::from_millis(250)];
/// Longer than the first retransmission of a SYN, after one second.
const CONNECT: Duration = Duration::from_secs(3);

impl Dialer {
    pub(crate) fn new(addresses: Vec<SocketAddr>, jobs: &Rc<Jobs>) -> Rc<Self> {
        Rc::new(Self { addresses, jobs: Rc::clone(jobs), process: RefCell::default() })
    }

    pub(crate) async fn connect(&self) -> Option<TcpStream> {
        if let Some(stream) = self.once().await {
            return Some(stream);
        }
        if self.has_ended() {
            return None;
        }
        self.jobs.halve();
        for pause in PAUSES {
            sleep(pause).await;
            if self.has_ended() {
                return None;
            }
            if let Some(stream) = self.once().await {
                return Some(stream);
            }
        }
        None
    }

    /// Whether the process that the runner started has ended, so that its port is closed.
    pub(super) fn has_ended(&self) -> bool {
        let mut process = self.process.borrow_mut();
        process.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// One try with each address.
    pub(crate) async fn once(&self) -> Option<TcpStream> {
        for address in &self.addresses {
            if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(address)).await {
                return Some(stream);
            }
        }
        None
    }
}
