//! The runner: a loop around the drivers of the library, over TCP, on one thread. The endpoint needs the other
//! core.
//!
//! ```text
//!             mod.rs   the phases of a run
//!    │          │          │
//! probes.rs  batch.rs  rerun.rs      lag.rs
//!    │          │          │
//!    └───── endpoint.rs ───┘         learned.rs ── finished.rs
//!           │         │
//!     process.rs  exchange.rs   one case
//!                     │
//!               connector.rs ── jobs.rs
//!                     │
//!                 offers.rs
//! ```

mod batch;
mod connector;
mod endpoint;
mod exchange;
mod finished;
mod jobs;
mod lag;
mod learned;
mod offers;
mod probes;
pub(crate) mod process;
mod rerun;
mod server;

use alloc::rc::Rc;
use core::cell::RefCell;
use core::time::Duration;

use tokio::time::Instant;
use wsconform::{Case, Context, Outcome, Random, Role, Verdict, Weight};

pub(crate) use batch::Gone;
pub(crate) use connector::{Arrival, Connector, Dialer};
pub(crate) use endpoint::Endpoint;
pub(crate) use exchange::exchange;
pub(crate) use finished::Finished;
pub(crate) use jobs::Jobs;
pub(crate) use lag::Lag;
pub(crate) use learned::{learn, size};
pub(crate) use offers::{Launcher, Offers, QUEUE, Route, Routes};
pub(crate) use probes::Found;
pub(crate) use rerun::FACTOR;
pub(crate) use server::Server;

/// The results of a run, by the index of the case. The caller keeps them when it ends the run early.
pub(crate) type Results = Rc<RefCell<Vec<Option<Finished>>>>;

/// Is called with each final result.
pub(crate) type Watch = Box<dyn FnMut(&Case, &Finished)>;

/// A run.
pub(crate) struct Runner {
    pub(crate) cases: Vec<Case>,
    pub(crate) context: Context,
    pub(crate) endpoint: Endpoint,
    pub(crate) jobs: Rc<Jobs>,
    pub(crate) lag: Lag,
    pub(crate) results: Results,
    pub(crate) watch: Watch,
    /// When the lag of the runner last reduced the number of jobs.
    slowed: Instant,
    /// The cases that were tried twice without a request of the client.
    unopened: u32,
    /// The case that got its result last.
    last: Option<usize>,
}

/// Heavy cases move some 16 MiB each; more of them at a time only wait for the same core.
const HEAVY_JOBS: usize = 2;
/// A lag of a tenth of the default timeout.
const MUCH_LAG: Duration = Duration::from_millis(100);
/// The lag does not reduce the number of jobs below this: another process causes it then.
const MIN_JOBS_BY_LAG: usize = 4;

impl Runner {
    pub(crate) fn new(
        cases: Vec<Case>,
        context: Context,
        endpoint: Endpoint,
        jobs: Rc<Jobs>,
        results: Results,
        watch: Watch,
    ) -> Self {
        results.borrow_mut().resize_with(cases.len(), || None);
        let (lag, slowed) = (Lag::default(), Instant::now());
        Self { cases, context, endpoint, jobs, lag, results, watch, slowed, unopened: 0, last: None }
    }

    /// Runs all cases. Cases that have no result afterwards could not run.
    pub(crate) async fn run(&mut self) {
        let measuring = tokio::task::spawn_local(self.lag.clone().measure());
        // If the endpoint is gone, the cases without a result are reported as inconclusive.
        let _ = self.run_phases().await;
        measuring.abort();
    }

    async fn run_phases(&mut self) -> Result<(), Gone> {
        let context = self.context.clone();
        let (mut light, mut heavy) = (Vec::new(), Vec::new());
        for (index, case) in self.cases.iter().enumerate() {
            if case.weight == Weight::Heavy { heavy.push(index) } else { light.push(index) }
        }
        shuffle(&mut light, context.seed);
        let jobs = Rc::clone(&self.jobs);
        self.run_batch(light.into(), &jobs, &context).await?;
        self.check_alive(&context).await?;
        let jobs = Jobs::new(HEAVY_JOBS.min(self.jobs.limit()));
        self.run_batch(heavy.into(), &jobs, &context).await?;
        self.check_alive(&context).await?;
        self.run_again(&context).await
    }

    async fn check_alive(&mut self, context: &Context) -> Result<(), Gone> {
        if self.endpoint.comes_back(context).await {
            return Ok(());
        }
        if self.endpoint.role() == Role::Server {
            self.blame_last();
        }
        Err(Gone)
    }

    /// The server is gone, and its last case ended well before.
    fn blame_last(&mut self) {
        let Some(index) = self.last else { return };
        let Some(mut finished) = self.results.borrow().get(index).cloned().flatten() else { return };
        if finished.report.verdict == Verdict::Fail {
            return;
        }
        finished.crash(format!("{}; then the endpoint answered no more", finished.report.outcome));
        self.accept(index, finished);
    }

    /// Keeps a result, and shows it unless the case may run again.
    fn accept(&mut self, index: usize, finished: Finished) {
        if finished.lag > MUCH_LAG
            && self.slowed.elapsed() > Duration::from_secs(1)
            && self.jobs.limit() > MIN_JOBS_BY_LAG
        {
            self.slowed = Instant::now();
            self.jobs.halve();
        }
        self.last = Some(index);
        if finished.report.outcome != Outcome::Timeout || finished.tries > 1 {
            self.show(index, &finished);
        }
        if let Some(place) = self.results.borrow_mut().get_mut(index) {
            *place = Some(finished);
        }
    }

    fn show(&mut self, index: usize, finished: &Finished) {
        if let Some(case) = self.cases.get(index) {
            (self.watch)(case, finished);
        }
    }
}

/// The same order for the same seed. An endpoint whose state depends on the order shows it with another seed.
fn shuffle(indices: &mut [usize], seed: u64) {
    let mut random = Random::new(seed, "order", 0);
    for end in (1..indices.len()).rev() {
        let at = usize::try_from(random.below(end as u64 + 1)).unwrap_or_default();
        indices.swap(at, end);
    }
}

#[cfg(test)]
mod tests {
    use super::shuffle;

    #[test]
    fn the_order_depends_on_the_seed_only() {
        let order = |seed| {
            let mut indices: Vec<usize> = (0..50).collect();
            shuffle(&mut indices, seed);
            indices
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let mut sorted = order(1);
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..50));
    }
}
