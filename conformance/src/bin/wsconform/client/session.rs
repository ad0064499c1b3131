//! The results of one agent that a driver runs.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use std::collections::HashMap;

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use wsconform::{Case, Context, Driver, Probe, Role, Verdict};

use crate::runner::{Arrival, Connector, Finished, Lag, Offers, exchange};

/// The results of one agent. Connections for a case go to its driver, one after another.
pub(crate) struct Session {
    pub(crate) agent: String,
    pub(crate) results: RefCell<Vec<Option<Finished>>>,
    open: RefCell<HashMap<usize, UnboundedSender<Arrival>>>,
    running: Cell<usize>,
    ended: Notify,
}

/// What the connections of a driver share.
pub(crate) struct Shared {
    pub(crate) cases: Vec<Case>,
    pub(crate) context: Context,
    pub(crate) lag: Lag,
    pub(crate) watch: RefCell<crate::runner::Watch>,
}

impl Session {
    pub(crate) fn new(agent: &str, count: usize) -> Rc<Self> {
        Rc::new(Self {
            agent: agent.to_owned(),
            results: RefCell::new(vec![None; count]),
            open: RefCell::default(),
            running: Cell::new(0),
            ended: Notify::new(),
        })
    }

    /// A connection for this case.
    pub(crate) fn run(self: &Rc<Self>, shared: &Rc<Shared>, index: usize, arrival: Arrival) {
        if let Some(sender) = self.open.borrow().get(&index) {
            // The next connection of a case with several.
            let _ = sender.send(arrival);
            return;
        }
        let Some(case) = shared.cases.get(index) else { return };
        let has_result = self.results.borrow().get(index).is_some_and(Option::is_some);
        let is_missing = case.needs.missing_in(&shared.context.capabilities).is_some();
        let (session, shared) = (Rc::clone(self), Rc::clone(shared));
        if has_result || is_missing {
            // A driver counts on a connection for each number.
            tokio::task::spawn_local(async move { session.greet(&shared, index, arrival).await });
            return;
        }
        let (offers, sender) = Offers::of_driver();
        let _ = sender.send(arrival);
        self.open.borrow_mut().insert(index, sender);
        self.running.set(self.running.get() + 1);
        tokio::task::spawn_local(async move { session.judge(&shared, index, offers).await });
    }

    /// Waits for the end of the cases in progress; they get no further connection.
    pub(crate) async fn settle(&self) {
        self.open.borrow_mut().clear();
        while self.running.get() > 0 {
            self.ended.notified().await;
        }
    }

    /// The verdict in the words of Autobahn.
    pub(crate) fn behavior(&self, index: usize) -> &'static str {
        let results = self.results.borrow();
        match results.get(index).and_then(Option::as_ref).map(|finished| finished.report.verdict) {
            Some(Verdict::Pass) => "OK",
            Some(Verdict::Lenient) => "NON-STRICT",
            Some(Verdict::Fail) => "FAILED",
            Some(Verdict::Skip) | None => "UNIMPLEMENTED",
            Some(_) => "INFORMATIONAL",
        }
    }

    async fn judge(self: Rc<Self>, shared: &Shared, index: usize, offers: Rc<Offers>) {
        if let Some(case) = shared.cases.get(index) {
            let start = Instant::now();
            let driver = Driver::new(case, &shared.context, 0);
            let mut verdict_at = None;
            let report =
                exchange(driver, &Connector::Accept(offers), || verdict_at = Some(start.elapsed())).await;
            let time = verdict_at.unwrap_or_else(|| start.elapsed());
            let finished = Finished { report, time, lag: shared.lag.since(start), tries: 1 };
            self.keep(shared, index, case, finished);
        }
        self.open.borrow_mut().remove(&index);
        self.running.set(self.running.get().saturating_sub(1));
        self.ended.notify_waiters();
    }

    /// A plain echo, for a case that is skipped or that needs no further connection.
    async fn greet(self: Rc<Self>, shared: &Shared, index: usize, arrival: Arrival) {
        let (offers, sender) = Offers::of_driver();
        let _ = sender.send(arrival);
        drop(sender);
        if let Some(case) = shared.cases.get(index) {
            let skipped = Driver::new(case, &shared.context, 0).report();
            let is_new = self.results.borrow().get(index).is_some_and(Option::is_none);
            if is_new && skipped.verdict == Verdict::Skip {
                let zero = core::time::Duration::ZERO;
                self.keep(shared, index, case, Finished { report: skipped, time: zero, lag: zero, tries: 1 });
            }
        }
        let driver = Driver::new(&Probe::Alive.case(Role::Client), &shared.context, 0);
        exchange(driver, &Connector::Accept(offers), || {}).await;
    }

    fn keep(&self, shared: &Shared, index: usize, case: &Case, finished: Finished) {
        (shared.watch.borrow_mut())(case, &finished);
        if let Some(place) = self.results.borrow_mut().get_mut(index) {
            *place = Some(finished);
        }
    }
}
