//! Cases in flight, and what happens when the endpoint stops answering.

use alloc::collections::VecDeque;
use alloc::rc::Rc;

use tokio::task::JoinSet;
use tokio::time::Instant;
use wsconform::{Context, Driver, Outcome, Role, Verdict};

use super::Runner;
use super::connector::Connector;
use super::exchange::exchange;
use super::finished::Finished;
use super::jobs::{Job, Jobs};
use super::lag::Lag;

/// Connections whose verdict is there, and which end in the background. A process may have 1,024 files.
const MAX_TASKS: usize = 256;

/// A client that is alive, but leaves so many cases without a request twice, gets no more: each of them may
/// cost twenty seconds.
const MAX_UNOPENED: u32 = 5;

/// The endpoint answers no more.
#[derive(Debug)]
pub(crate) struct Gone;

/// The index of a case, and its result.
type Flight = (usize, Finished);

impl Runner {
    /// Runs the cases of `queue`, at most one for each job at a time.
    pub(crate) async fn run_batch(
        &mut self,
        mut queue: VecDeque<usize>,
        jobs: &Rc<Jobs>,
        context: &Context,
    ) -> Result<(), Gone> {
        let mut tasks = JoinSet::new();
        let mut suspects: Vec<Flight> = Vec::new();
        loop {
            while suspects.is_empty() && tasks.len() < MAX_TASKS && !queue.is_empty() {
                let Some(job) = jobs.take() else { break };
                if let Some(index) = queue.pop_front() {
                    self.launch(&mut tasks, index, job, context);
                }
            }
            tokio::select! {
                biased;
                Some(done) = tasks.join_next() => {
                    // A task cannot panic or be cancelled; if it did, its case has no result.
                    let Ok((index, mut finished)) = done else { continue };
                    self.settle(index, &mut finished, context.timeout);
                    let is_doubtful = is_doubtful(&finished)
                        || (!suspects.is_empty() && !is_harmless(&finished));
                    if is_doubtful {
                        suspects.push((index, finished));
                    } else {
                        self.accept(index, finished);
                    }
                }
                () = jobs.freed(), if suspects.is_empty() && !queue.is_empty() => {}
                else => {
                    if !suspects.is_empty() {
                        self.examine(core::mem::take(&mut suspects), context).await?;
                    } else if queue.is_empty() {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn launch(&self, tasks: &mut JoinSet<Flight>, index: usize, job: Job, context: &Context) {
        let Some(case) = self.cases.get(index) else { return };
        let connector = self.endpoint.connector(case);
        let drivers = (0..case.parallel.max(1)).map(|number| Driver::new(case, context, number)).collect();
        let (lag, job) = (self.lag.clone(), Some(job));
        tasks.spawn_local(async move { (index, run_case(drivers, connector, lag, job).await) });
    }

    /// Runs the cases that were in flight when the endpoint stopped answering one by one.
    async fn examine(&mut self, suspects: Vec<Flight>, context: &Context) -> Result<(), Gone> {
        if !self.endpoint.comes_back(context).await {
            let ids: Vec<_> = suspects.iter().take(4).map(|(_, one)| one.report.id.to_string()).collect();
            let more = if suspects.len() > ids.len() { ", …" } else { "" };
            for (index, mut finished) in suspects {
                finished.crash(format!("the endpoint answers no more after one of {}{more}", ids.join(", ")));
                self.accept(index, finished);
            }
            return Err(Gone);
        }
        self.jobs.halve();
        for (index, first) in suspects {
            let Some(case) = self.cases.get(index) else { continue };
            let connector = self.endpoint.connector(case);
            let drivers =
                (0..case.parallel.max(1)).map(|number| Driver::new(case, context, number)).collect();
            let mut finished = run_case(drivers, connector, self.lag.clone(), None).await;
            // A case that meets its deadline alone runs again with more time.
            let is_final = finished.report.outcome != Outcome::Timeout;
            finished.tries = first.tries.saturating_add(u8::from(is_final));
            self.settle(index, &mut finished, context.timeout);
            let is_dubious = is_doubtful(&finished);
            if is_dubious && self.endpoint.role() == Role::Client && finished.report.heads.is_empty() {
                self.unopened += 1;
            }
            self.accept(index, finished);
            if self.unopened >= MAX_UNOPENED || is_dubious && !self.endpoint.comes_back(context).await {
                return Err(Gone);
            }
        }
        Ok(())
    }
}

/// Runs the parallel connections of a case; the worst verdict counts.
async fn run_case(drivers: Vec<Driver>, connector: Connector, lag: Lag, job: Option<Job>) -> Finished {
    let start = Instant::now();
    let connector = Rc::new(connector);
    // The job is free when each connection has its verdict.
    let job = Rc::new(job);
    let mut tasks = JoinSet::new();
    for driver in drivers {
        let (connector, lag) = (Rc::clone(&connector), lag.clone());
        let mut job = Some(Rc::clone(&job));
        tasks.spawn_local(async move {
            let mut times = None;
            let released = || {
                times = Some((start.elapsed(), lag.since(start)));
                job = None;
            };
            let report = exchange(driver, &connector, released).await;
            drop(job);
            let (time, lag) = times.unwrap_or_else(|| (start.elapsed(), lag.since(start)));
            Finished { report, time, lag, tries: 1 }
        });
    }
    drop(job);
    let mut all = tasks.join_all().await;
    let worst = (0..all.len()).max_by_key(|index| all.get(*index).map(|one| one.report.verdict));
    let mut worst = all.swap_remove(worst.unwrap_or_default());
    if connector.has_crashed().await {
        worst.crash(format!("{}; COMMAND ended by a signal", worst.report.outcome));
    }
    worst
}

/// Whether the endpoint may have been gone during the case.
fn is_doubtful(finished: &Finished) -> bool {
    finished.report.outcome == Outcome::Crash
        || (finished.report.outcome == Outcome::NotOpened && finished.report.verdict == Verdict::Inconclusive)
}

fn is_harmless(finished: &Finished) -> bool {
    matches!(finished.report.verdict, Verdict::Pass | Verdict::Skip)
}
