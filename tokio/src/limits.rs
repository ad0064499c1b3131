//! The limits of the output and of its stalls.

use core::time::Duration;

use tokio::time::Instant;
use websocket_proto::Config;

use crate::ending::LINGER;
use crate::error::Error;
use crate::output::Output;

/// The limits of a [`Config`] that the transport needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The length of the output from which on nothing is sent or read.
    pub(crate) max_output: usize,
    /// How long the transport may accept no byte of the output, while messages can be sent.
    write_timeout: Option<Duration>,
    /// The same at the end of the connection.
    patience: Duration,
}

/// About 49 days, as the core limits its timeouts: a time that can be added to that of the clock.
const LONGEST: Duration = Duration::from_millis(u32::MAX as u64);

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            max_output: config.max_write_buffer.max(1),
            write_timeout: config.pong_timeout.map(|timeout| timeout.min(LONGEST)),
            // Without a limit, a peer that does not read would keep the connection for ever.
            patience: config.close_timeout.unwrap_or(Duration::from_secs(10)).min(LONGEST),
        }
    }

    /// The time at which the transport has accepted no byte of the output for too long; `None` if it accepts
    /// them, or if there is no limit.
    pub(crate) fn write_deadline(&self, output: &Output, closing_since: Option<Instant>) -> Option<Instant> {
        let stalled_since = output.stalled_since()?;
        match (self.write_timeout, closing_since) {
            (Some(timeout), _) => stalled_since.checked_add(timeout),
            // A stall before the close had no limit, so it uses up no time of the close.
            (None, Some(closing_since)) => stalled_since.max(closing_since).checked_add(self.patience),
            (None, None) => None,
        }
    }

    /// How long the transport may accept no byte of the last output, after this error.
    pub(crate) const fn patience(&self, error: Option<&Error>) -> Duration {
        // A peer that was silent for too long is unlikely to read.
        if let Some(Error::Timeout(_)) = error { LINGER } else { self.patience }
    }
}
