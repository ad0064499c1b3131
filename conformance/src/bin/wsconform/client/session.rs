//! The results of one agent that a driver runs.

use alloc::rc::Rc;
use core::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;

use tokio::sync::Notify;
use tokio::time::Instant;
use wsconform::{Case, Context, Driver, Outcome, Probe, Role, Verdict};

use super::numbers::Place;
use crate::runner::{Arrival, Connector, FACTOR, Finished, Lag, Offers, Route, exchange, learn, size};

/// The results of one agent. Connections for a case go to its driver, one after another.
pub(super) struct Session {
    pub(super) agent: String,
    context: RefCell<Context>,
    results: RefCell<Vec<Option<Finished>>>,
    open: RefCell<HashMap<usize, Route>>,
    /// The case that runs again.
    again: Cell<Option<usize>>,
    last: Cell<Option<usize>>,
    running: Cell<usize>,
    /// The cases about the message limit that are in progress.
    sizing: Cell<usize>,
    /// So many cases met their deadline, one after another.
    silent: Cell<usize>,
    ended: Notify,
}

/// What the connections of a driver share.
pub(super) struct Shared {
    pub(super) cases: Vec<Case>,
    pub(super) context: Context,
    pub(super) lag: Lag,
    pub(super) watch: RefCell<crate::runner::Watch>,
    /// When a case last got a result.
    pub(super) progress: Cell<Instant>,
}

/// A client that is silent in so many cases, one after another, gets no more: each costs a second. The
/// catalogue has fewer offences in a row, so a client that is silent at offences gets all cases.
const MAX_SILENT: usize = 250;

impl Session {
    pub(super) fn new(agent: &str, shared: &Shared) -> Rc<Self> {
        Rc::new(Self {
            agent: agent.to_owned(),
            context: RefCell::new(shared.context.clone()),
            results: RefCell::new(vec![None; shared.cases.len()]),
            open: RefCell::default(),
            again: Cell::new(None),
            last: Cell::new(None),
            running: Cell::new(0),
            sizing: Cell::new(0),
            silent: Cell::new(0),
            ended: Notify::new(),
        })
    }

    pub(super) fn results(&self) -> Ref<'_, Vec<Option<Finished>>> {
        self.results.borrow()
    }

    /// Whether a case is in progress.
    pub(super) fn is_busy(&self) -> bool {
        self.running.get() > 0
    }

    /// Whether the client fell silent.
    pub(super) fn is_given_up(&self) -> bool {
        self.silent.get() >= MAX_SILENT
    }

    /// A connection for the case of a number.
    pub(super) async fn run(self: Rc<Self>, shared: Rc<Shared>, place: Place, arrival: Arrival) {
        if self.is_given_up() {
            return;
        }
        let case = |index: usize| shared.cases.get(index);
        // The limit of messages is known when the cases about it are over.
        while self.sizing.get() > 0 && place.case().and_then(case).is_some_and(|case| case.needs.message > 0)
        {
            self.ended.notified().await;
        }
        let again =
            self.again.get().filter(|index| place == Place::Spare && self.has_several(&shared, *index));
        if let Some(route) = place.case().or(again).and_then(|index| self.open.borrow().get(&index).cloned())
        {
            // The next connection of a case with several.
            return route.arrive(arrival);
        }
        let (index, timeout) = match place {
            Place::Case(index) if self.result(index, |_| ()).is_none() => (Some(index), 1),
            // A driver may repeat a number as well.
            Place::Case(index) => (Some(index).filter(|index| self.timed_out(*index, 1)), FACTOR),
            Place::Spare => (self.next_again(&shared.cases), FACTOR),
        };
        let is_missing = |case: &Case| case.needs.missing_in(&self.context.borrow().capabilities).is_some();
        match index.and_then(|index| Some((index, case(index)?))) {
            Some((index, case)) if is_missing(case) => {
                self.skip(&shared, index, case);
                self.greet(arrival).await;
            }
            Some((index, case)) => self.judge(&shared, index, case, timeout, arrival).await,
            None => self.greet(arrival).await,
        }
    }

    /// The client asks for the resource that a redirect of the case names.
    pub(super) fn redirect(&self, place: Place) {
        let open = self.open.borrow();
        if let Some(route) = place.case().or(self.again.get()).and_then(|index| open.get(&index)) {
            route.redirect();
        }
    }

    /// Waits for the end of the cases in progress; they get no further connection.
    pub(super) async fn settle(&self) {
        self.open.borrow_mut().clear();
        while self.is_busy() {
            self.ended.notified().await;
        }
    }

    /// The results of the cases that met their deadline, and did not run again, are final.
    pub(super) fn finish(&self, shared: &Shared) {
        let timeout = shared.context.timeout;
        let kept: Vec<bool> = shared.cases.iter().map(|case| self.is_kept(&shared.cases, case)).collect();
        let mut results = self.results.borrow_mut();
        for ((case, is_kept), finished) in shared.cases.iter().zip(kept).zip(results.iter_mut()) {
            if let Some(finished) = finished.as_mut().filter(|finished| finished.timed_out(1)) {
                if !is_kept {
                    finished.excuse_lag(timeout);
                }
                (shared.watch.borrow_mut())(case, finished);
            }
        }
    }

    /// The driver did not come back: its last case crashed it, unless that case failed anyway.
    pub(super) fn crash(&self, shared: &Shared, reason: &str) {
        let Some(index) = self.last.get() else { return };
        let (Some(case), mut results) = (shared.cases.get(index), self.results.borrow_mut()) else { return };
        let Some(finished) = results.get_mut(index).and_then(Option::as_mut) else { return };
        if finished.report.verdict != Verdict::Fail {
            finished.crash(reason.to_owned());
            (shared.watch.borrow_mut())(case, finished);
        }
    }

    /// The verdict in the words of Autobahn.
    pub(super) fn behavior(&self, place: Place) -> &'static str {
        let Some(index) = place.case() else { return "INFORMATIONAL" };
        match self.result(index, |finished| finished.report.verdict) {
            Some(Verdict::Pass) => "OK",
            Some(Verdict::Lenient) => "NON-STRICT",
            Some(Verdict::Fail) => "FAILED",
            Some(Verdict::Skip) | None => "UNIMPLEMENTED",
            Some(_) => "INFORMATIONAL",
        }
    }

    fn result<T>(&self, index: usize, read: impl FnOnce(&Finished) -> T) -> Option<T> {
        self.results.borrow().get(index).and_then(Option::as_ref).map(read)
    }

    fn timed_out(&self, index: usize, tries: u8) -> bool {
        self.result(index, |finished| finished.timed_out(tries)).unwrap_or(false)
    }

    fn has_several(&self, shared: &Shared, index: usize) -> bool {
        shared.cases.get(index).is_some_and(|case| case.connections(&shared.context) > 1)
    }

    /// The next case to run again.
    fn next_again(&self, cases: &[Case]) -> Option<usize> {
        (0..cases.len()).find(|index| {
            self.timed_out(*index, 1) && cases.get(*index).is_some_and(|case| !self.is_kept(cases, case))
        })
    }

    /// Whether a case keeps its result, because one of its family met its deadline twice.
    fn is_kept(&self, cases: &[Case], case: &Case) -> bool {
        let mut twice = cases.iter().enumerate().filter(|(index, _)| self.timed_out(*index, 2));
        twice.any(|(_, sibling)| sibling.family == case.family)
    }

    async fn judge(&self, shared: &Shared, index: usize, case: &Case, factor: u32, arrival: Arrival) {
        let (offers, route) = Offers::of_driver();
        route.arrive(arrival);
        self.open.borrow_mut().insert(index, route);
        self.last.set(Some(index));
        self.again.set(Some(index).filter(|_| factor > 1));
        let is_size = size(case).is_some();
        self.running.set(self.running.get() + 1);
        self.sizing.set(self.sizing.get() + usize::from(is_size));

        let mut context = self.context.borrow().clone();
        context.timeout = context.timeout.saturating_mul(factor);
        let (start, mut verdict_at) = (Instant::now(), None);
        let (driver, connector) = (Driver::new(case, &context, 0), Connector::Accept(offers));
        let report = exchange(driver, &connector, || verdict_at = Some(start.elapsed())).await;
        let time = verdict_at.unwrap_or_else(|| start.elapsed());
        let tries = if factor > 1 { 2 } else { 1 };
        let mut finished = Finished { report, time, lag: shared.lag.since(start), tries };
        if tries > 1 {
            finished.excuse_lag(context.timeout);
        }
        learn(&mut self.context.borrow_mut().capabilities, case, &mut finished);
        let is_silent = finished.report.outcome == Outcome::Timeout;
        self.silent.set(if is_silent { self.silent.get() + 1 } else { 0 });
        self.keep(shared, index, case, finished);

        self.open.borrow_mut().remove(&index);
        self.running.set(self.running.get().saturating_sub(1));
        self.sizing.set(self.sizing.get().saturating_sub(usize::from(is_size)));
        self.ended.notify_waiters();
    }

    fn skip(&self, shared: &Shared, index: usize, case: &Case) {
        let (report, zero) =
            (Driver::new(case, &self.context.borrow(), 0).report(), core::time::Duration::ZERO);
        self.keep(shared, index, case, Finished { report, time: zero, lag: zero, tries: 1 });
    }

    /// A plain echo: a driver counts on a connection for each number.
    async fn greet(&self, arrival: Arrival) {
        let (offers, route) = Offers::of_driver();
        route.arrive(arrival);
        drop(route);
        let driver = Driver::new(&Probe::Alive.case(Role::Client), &self.context.borrow().clone(), 0);
        exchange(driver, &Connector::Accept(offers), || {}).await;
    }

    /// Keeps a result, and shows it unless the case may run again.
    fn keep(&self, shared: &Shared, index: usize, case: &Case, finished: Finished) {
        shared.progress.set(Instant::now());
        if !finished.timed_out(1) {
            (shared.watch.borrow_mut())(case, &finished);
        }
        if let Some(place) = self.results.borrow_mut().get_mut(index) {
            *place = Some(finished);
        }
    }
}

#[cfg(test)]
mod tests {
    use wsconform::{Expect, Role, catalogue};

    use super::MAX_SILENT;

    #[test]
    fn the_catalogue_has_fewer_offences_in_a_row() {
        let cases = catalogue(Role::Client);
        let is_legal = |expect: &Expect| matches!(expect, Expect::Echo | Expect::Opened(_) | Expect::Alive);
        let longest = cases.split(|case| is_legal(&case.expect)).map(<[_]>::len).max();
        assert!(longest.is_some_and(|longest| longest < MAX_SILENT), "{longest:?}");
    }
}
