//! The connections that clients offer for a case.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::time::Duration;
use std::collections::HashMap;

use tokio::process::Child;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, Notify};
use tokio::time::{sleep, timeout};

use super::connector::Arrival;
use super::process;
use wsconform::Case;

/// Who waits for a connection, by the number of the case in the request.
pub(crate) type Routes = Rc<RefCell<HashMap<String, Route>>>;

/// The way of a connection to its case.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    arrivals: UnboundedSender<Arrival>,
    redirected: Rc<Notify>,
}

impl Route {
    /// Passes a connection on. The case may be over.
    pub(crate) fn arrive(&self, arrival: Arrival) {
        let _ = self.arrivals.send(arrival);
    }

    /// The client asks for the resource that a redirect of the case names.
    pub(crate) fn redirect(&self) {
        self.redirected.notify_one();
    }
}

/// The connections that clients offer for a case.
#[derive(Debug)]
pub(crate) struct Offers {
    /// Starts a process for each connection.
    launch: Option<(Rc<Launcher>, String)>,
    arrivals: Mutex<UnboundedReceiver<Arrival>>,
    redirected: Rc<Notify>,
    /// The processes end when the case ends.
    processes: RefCell<Vec<Child>>,
    key: String,
}

/// So many times the timeout may a process take from its start to its request: ten seconds, as a rule.
const START: u32 = 10;
/// After a process has ended, its connection may still be in the queue of the listener.
pub(crate) const QUEUE: Duration = Duration::from_millis(200);
/// A process that crashes may write a core dump first.
const EXIT: Duration = Duration::from_secs(2);
/// How long a driver may take to its next connection.
const NEXT: Duration = Duration::from_secs(10);

impl Offers {
    /// Connections that a driver makes, and their way to the case.
    pub(crate) fn of_driver() -> (Rc<Self>, Route) {
        Self::new(None, String::new())
    }

    fn new(launch: Option<(Rc<Launcher>, String)>, key: String) -> (Rc<Self>, Route) {
        let (sender, receiver) = unbounded_channel();
        let route = Route { arrivals: sender, redirected: Rc::default() };
        let (arrivals, redirected) = (Mutex::new(receiver), Rc::clone(&route.redirected));
        (Rc::new(Self { launch, arrivals, redirected, processes: RefCell::default(), key }), route)
    }

    /// Waits until the client follows a redirect of the case.
    pub(crate) async fn redirected(&self) {
        self.redirected.notified().await;
    }

    /// The next connection; `None` if the client makes no more.
    pub(crate) async fn next(&self) -> Option<Arrival> {
        let Some((launcher, uri)) = &self.launch else {
            return timeout(NEXT, async { self.arrivals.lock().await.recv().await }).await.ok()?;
        };
        let mut child = launcher.start(uri)?;
        let arrival = tokio::select! {
            biased;
            arrival = async { self.arrivals.lock().await.recv().await } => arrival,
            () = ended(&mut child) => None,
            () = sleep(launcher.timeout.saturating_mul(START)) => None,
        };
        self.processes.borrow_mut().push(child);
        arrival
    }

    /// Whether a process of the case ended by a signal. The others end, too.
    pub(crate) async fn has_crashed(&self) -> bool {
        let mut has_crashed = false;
        for mut child in self.processes.take() {
            let status = timeout(EXIT, child.wait()).await;
            // Only a signal leaves no code.
            has_crashed |= matches!(status, Ok(Ok(status)) if status.code().is_none());
        }
        has_crashed
    }
}

impl Drop for Offers {
    fn drop(&mut self) {
        if let Some((launcher, _)) = &self.launch {
            launcher.routes.borrow_mut().remove(&self.key);
        }
    }
}

async fn ended(child: &mut Child) {
    let _ = child.wait().await;
    sleep(QUEUE).await;
}

/// Starts COMMAND for each connection.
#[derive(Debug)]
pub(crate) struct Launcher {
    pub(crate) command: Vec<String>,
    pub(crate) is_verbose: bool,
    /// How long an expected reaction may take.
    pub(crate) timeout: Duration,
    /// `ws://HOST:PORT`.
    pub(crate) server: String,
    pub(crate) agent: String,
    pub(crate) routes: Routes,
    pub(crate) count: core::cell::Cell<u32>,
}

impl Launcher {
    /// The connections of a case: a process each. The number in the URI is fresh for each try of a case.
    pub(crate) fn offers(self: &Rc<Self>, case: &Case) -> Rc<Offers> {
        self.count.set(self.count.get() + 1);
        let key = self.count.get().to_string();
        let (server, agent, id) = (&self.server, encode(&self.agent), encode(case.id.as_str()));
        let uri = format!("{server}/runCase?case={key}&agent={agent}&casetuple={id}");
        let (offers, route) = Offers::new(Some((Rc::clone(self), uri)), key.clone());
        self.routes.borrow_mut().insert(key, route);
        offers
    }

    fn start(&self, uri: &str) -> Option<Child> {
        let command: Vec<_> = self.command.iter().map(|word| word.replace("{uri}", uri)).collect();
        process::start(&command, self.is_verbose).ok()
    }
}

/// The value of a query, as RFC 3986 §2.1 writes it.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_percent_encoded() {
        assert_eq!(super::encode("a b/ä%"), "a%20b/%C3%A4%25");
    }
}
