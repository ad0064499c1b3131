//! The places for cases in flight.

use alloc::rc::Rc;
use core::cell::Cell;

use tokio::sync::Notify;

/// The places for cases in flight. Their number shrinks when the machine or the endpoint cannot keep up.
#[derive(Debug)]
pub(crate) struct Jobs {
    limit: Cell<usize>,
    busy: Cell<usize>,
    freed: Notify,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Job(Rc<Jobs>);

impl Jobs {
    pub(crate) fn new(limit: usize) -> Rc<Self> {
        Rc::new(Self { limit: Cell::new(limit.max(1)), busy: Cell::new(0), freed: Notify::new() })
    }

    /// A free place, if there is one.
    pub(crate) fn take(self: &Rc<Self>) -> Option<Job> {
        (self.busy.get() < self.limit.get()).then(|| {
            self.busy.set(self.busy.get() + 1);
            Job(Rc::clone(self))
        })
    }

    /// Halves the number of places, down to one.
    pub(crate) fn halve(&self) {
        self.limit.set((self.limit.get() / 2).max(1));
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.get()
    }

    /// Waits until a place is free again.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.0.busy.set(self.0.busy.get().saturating_sub(1));
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::Jobs;

    #[test]
    fn places_are_given_back_and_halved() {
        let jobs = Jobs::new(3);
        let taken: Vec<_> = (0..3).filter_map(|_| jobs.take()).collect();
        assert!(taken.len() == 3 && jobs.take().is_none());
        jobs.halve();
        drop(taken);
        let taken = jobs.take();
        assert!(taken.is_some() && jobs.take().is_none());
        jobs.halve();
        assert_eq!(jobs.limit(), 1);
    }
}
