//! The flushes of the senders that the task has not answered.

use alloc::collections::VecDeque;

use tokio::sync::oneshot;

use crate::output::Output;

/// Who waits until the transport has accepted the output up to a position, in the order of the positions.
#[derive(Debug, Default)]
pub(super) struct Flushes(VecDeque<(u64, oneshot::Sender<()>)>);

impl Flushes {
    /// The output up to this position is awaited.
    pub(super) fn push(&mut self, position: u64, flush: oneshot::Sender<()>) {
        // Futures of `flush` can be dropped during a stall. The search for them runs only when the memory is
        // full, and leaves half of it free, so a flush takes constant time on average.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|(_, flush)| !flush.is_closed());
            if self.0.len() > self.0.capacity() / 2 {
                self.0.reserve(self.0.capacity());
            }
        }
        self.0.push_back((position, flush));
    }

    /// Answers those whose output the transport has accepted.
    pub(super) fn answer(&mut self, output: &Output) {
        while self.0.front().is_some_and(|(position, _)| output.has_accepted(*position)) {
            if let Some((_, flush)) = self.0.pop_front() {
                // Its future may be dropped.
                let _ = flush.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::Flushes;

    #[test]
    fn dropped_flushes_are_searched_only_after_as_many_others() {
        let (mut flushes, mut alive) = (Flushes::default(), Vec::new());
        while alive.len() < 1000 || flushes.0.len() + 1 < flushes.0.capacity() {
            let (flush, is_written) = oneshot::channel();
            alive.push(is_written);
            flushes.push(0, flush);
        }
        let mut searches = 0;
        for _ in 0..10_000 {
            let (flush, _) = oneshot::channel();
            searches += usize::from(flushes.0.len() == flushes.0.capacity());
            flushes.push(0, flush);
        }
        assert!(searches <= 10, "{searches}");
        assert!(flushes.0.capacity() <= 4 * alive.len());
    }

    #[test]
    fn dropped_flushes_take_no_memory() {
        let mut flushes = Flushes::default();
        for _ in 0..10_000 {
            let (flush, _) = oneshot::channel();
            flushes.push(0, flush);
        }
        assert!(flushes.0.capacity() < 100);
    }
}
