//! A span for each connection, with the feature `tracing`.

use tracing::{Span, debug, debug_span, warn};
use websocket_proto::CloseStatus;

use crate::error::Error;

/// The span of a connection. Its events are children of it, and it is a child of the span in which the
/// connection was made.
#[derive(Debug, Clone)]
pub(crate) struct Trace(Span);

impl Trace {
    pub(crate) fn new(is_server: bool) -> Self {
        Self(debug_span!("websocket", role = if is_server { "server" } else { "client" }))
    }

    pub(crate) fn opened(&self) {
        debug!(parent: &self.0, "open");
    }

    pub(crate) fn ended(&self, error: Option<&Error>, status: CloseStatus) {
        match error {
            None => debug!(parent: &self.0, code = status.code(), "closed"),
            Some(error) => warn!(parent: &self.0, code = status.code(), %error, "failed"),
        }
    }
}
