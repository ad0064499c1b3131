//! Runs cases again that met their deadline: a timeout may be the machine's.

use alloc::collections::BTreeMap;
use core::time::Duration;

use wsconform::Context;

use super::Runner;
use super::batch::Gone;
use super::jobs::Jobs;

const JOBS: usize = 4;
/// So many times the timeout is a second try given.
pub(crate) const FACTOR: u32 = 4;

impl Runner {
    /// Runs the cases again that met their deadline, with four times the timeout: first one case of each
    /// family. If that one meets its deadline again, its siblings keep their results: an endpoint that falls
    /// silent at every offence costs a minute, and not an hour.
    pub(crate) async fn run_again(&mut self, context: &Context) -> Result<(), Gone> {
        let mut families: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, case) in self.cases.iter().enumerate() {
            if self.timed_out(index, 1) {
                families.entry(case.family.clone()).or_default().push(index);
            }
        }
        if families.is_empty() {
            return Ok(());
        }
        let mut context = context.clone();
        context.timeout = context.timeout.saturating_mul(FACTOR);
        let first: Vec<_> = families.values().filter_map(|indices| indices.first().copied()).collect();
        self.run_second(first, &context).await?;
        let mut siblings = Vec::new();
        for indices in families.into_values() {
            let Some((first, rest)) = indices.split_first() else { continue };
            if self.timed_out(*first, 2) {
                self.keep(rest);
            } else {
                siblings.extend_from_slice(rest);
            }
        }
        self.run_second(siblings, &context).await
    }

    async fn run_second(&mut self, indices: Vec<usize>, context: &Context) -> Result<(), Gone> {
        self.run_batch(indices.into(), &Jobs::new(JOBS), context).await
    }

    fn timed_out(&self, index: usize, tries: u8) -> bool {
        let results = self.results.borrow();
        let finished = results.get(index).and_then(Option::as_ref);
        finished.is_some_and(|one| one.timed_out(tries))
    }

    /// The results stay, although their cases do not run again.
    fn keep(&mut self, indices: &[usize]) {
        for index in indices {
            let finished = self.results.borrow().get(*index).cloned().flatten();
            if let Some(finished) = finished {
                self.show(*index, &finished);
            }
        }
    }

    /// Whether the case runs for the second time; then the lag of the runner can make a timeout
    /// inconclusive.
    pub(crate) fn settle(&self, index: usize, finished: &mut super::Finished, timeout: Duration) {
        let is_second = self.results.borrow().get(index).is_some_and(Option::is_some);
        if is_second {
            finished.tries = finished.tries.max(2);
            finished.excuse_lag(timeout);
        }
    }
}
