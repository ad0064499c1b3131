//! What the write half learns from the task that reads.

use core::time::Duration;

use websocket_proto::Signal;

/// It holds for the whole connection at the same place of its input: after this number of events, or of
/// reads.
pub(super) enum News {
    Signal(Signal, usize),
    /// The read half was told the time. It returned this signal and deadline.
    Tick {
        now: Duration,
        signal: Option<Signal>,
        deadline: Option<Duration>,
        reads: usize,
    },
    /// The transport has ended.
    Eof {
        reads: usize,
    },
}
