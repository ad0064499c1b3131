//! The signals that end a run: SIGINT, and on Unix also SIGTERM.

use core::future::Future;

use anyhow::{Context as _, Result};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC, ctrl_c};

/// The handlers of the signals that end a run. Without them a signal ends only this program, and COMMAND keeps
/// running, so they are installed before COMMAND is started.
#[derive(Debug)]
pub(crate) struct Interrupt {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(windows)]
    interrupt: CtrlC,
}

impl Interrupt {
    /// Installs the handlers.
    #[cfg(unix)]
    pub(crate) fn install() -> Result<Self> {
        let handler = |kind| signal(kind).context("signals");
        Ok(Self {
            interrupt: handler(SignalKind::interrupt())?,
            terminate: handler(SignalKind::terminate())?,
        })
    }

    /// Installs the handler.
    #[cfg(windows)]
    pub(crate) fn install() -> Result<Self> {
        Ok(Self { interrupt: ctrl_c().context("signals")? })
    }

    /// Runs a future until a signal arrives: the output, or `None` after a signal.
    pub(crate) async fn or_output<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            output = future => Some(output),
            () = self.received() => None,
        }
    }

    #[cfg(unix)]
    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(windows)]
    async fn received(&mut self) {
        self.interrupt.recv().await;
    }
}
