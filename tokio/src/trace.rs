//! A span for each connection, with the feature `tracing`.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use tracing::{Span, debug, debug_span, warn};
use websocket_proto::CloseStatus;

use crate::error::Error;

/// The span of a connection. Its events are children of it, and it is a child of the span in which the
/// connection was made.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    span: Span,
    /// Whether the end was reported: by either half of a connection.
    has_ended: Arc<AtomicBool>,
}

impl Trace {
    pub(crate) fn new(is_server: bool) -> Self {
        let span = debug_span!("websocket", role = if is_server { "server" } else { "client" });
        Self { span, has_ended: Arc::default() }
    }

    pub(crate) fn opened(&self) {
        debug!(parent: &self.span, "open");
    }

    /// The connection has ended. Of several reports, the first one counts.
    pub(crate) fn ended(&self, error: Option<&Error>, status: CloseStatus) {
        if self.has_ended.swap(true, Ordering::Relaxed) {
            return;
        }
        match error {
            None => debug!(parent: &self.span, code = status.code(), "closed"),
            Some(error) => warn!(parent: &self.span, code = status.code(), %error, "failed"),
        }
    }
}
