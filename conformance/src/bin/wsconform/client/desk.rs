//! What a driver asks for, by the resource of each request.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::RefCell;
use core::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::numbers::{Numbers, Place};
use super::query::{Query, REDIRECTED};
use super::reply::reply;
use super::session::{Session, Shared};
use crate::runner::Arrival;

/// What a driver asks for, and the agents that it ran.
pub(super) struct Desk {
    pub(super) shared: Rc<Shared>,
    numbers: Numbers,
    sessions: RefCell<BTreeMap<String, Rc<Session>>>,
    /// The driver asked for the reports, or for the end.
    pub(super) finished: Notify,
}

impl Desk {
    pub(super) fn new(shared: Rc<Shared>) -> Rc<Self> {
        let numbers = Numbers::new(&shared.cases, &shared.context);
        Rc::new(Self { shared, numbers, sessions: RefCell::default(), finished: Notify::new() })
    }

    /// The agents, in the order of their names.
    pub(super) fn sessions(&self) -> Vec<Rc<Session>> {
        self.sessions.borrow().values().cloned().collect()
    }

    /// Serves one connection of the driver, by its resource.
    pub(super) async fn serve(self: Rc<Self>, query: Query, arrival: Arrival) {
        let place = self.numbers.place(&query);
        match (query.path.as_str(), place) {
            ("/getCaseCount", _) => reply(arrival, Some(&self.numbers.count().to_string())).await,
            ("/runCase", Some(place)) => {
                self.session(&query).run(Rc::clone(&self.shared), place, arrival).await;
            }
            (REDIRECTED, Some(place)) => self.session(&query).redirect(place),
            ("/getCaseInfo", Some(place)) => reply(arrival, Some(&self.info(place))).await,
            ("/getCaseStatus", Some(place)) => {
                let status = json!({ "behavior": self.session(&query).behavior(place) }).to_string();
                reply(arrival, Some(&status)).await;
            }
            ("/getCaseInfo" | "/getCaseStatus" | "/runCase", None) => reply(arrival, None).await,
            ("/updateReports", _) => {
                self.session(&query).settle().await;
                reply(arrival, None).await;
                self.finished.notify_one();
            }
            ("/stopServer", _) => {
                reply(arrival, None).await;
                self.finished.notify_one();
            }
            // Anything else is not for a driver: the connection ends.
            _ => {}
        }
    }

    /// Waits until no case has run for so long.
    pub(super) async fn idle(&self, limit: Duration) {
        loop {
            let due = self.shared.progress.get() + limit;
            sleep_until(due).await;
            let is_busy = self.sessions.borrow().values().any(|session| session.is_busy());
            if self.shared.progress.get() + limit == due && !is_busy {
                return;
            }
            if is_busy {
                self.shared.progress.set(tokio::time::Instant::now());
            }
        }
    }

    fn info(&self, place: Place) -> String {
        let case = place.case().and_then(|index| self.shared.cases.get(index));
        let (id, text) = match case {
            Some(case) => (case.id.as_str(), case.title.as_str()),
            None => ("again", "a case that met its deadline, once more"),
        };
        json!({ "id": id, "description": text }).to_string()
    }

    fn session(&self, query: &Query) -> Rc<Session> {
        let agent = query.get("agent").unwrap_or("client");
        let mut sessions = self.sessions.borrow_mut();
        let session = sessions.entry(agent.to_owned()).or_insert_with(|| Session::new(agent, &self.shared));
        Rc::clone(session)
    }
}
