//! The result of a case, with what only the runner knows.

use core::time::Duration;

use wsconform::Report;

/// The result of a case, with what only the runner knows.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) report: Report,
    /// From the start to the verdict.
    pub(crate) time: Duration,
    /// The largest lag of the runner meanwhile.
    pub(crate) lag: Duration,
    pub(crate) tries: u8,
}
