//! Without the feature `tracing`, there is no span.

use websocket_proto::CloseStatus;

use crate::error::Error;

#[derive(Debug, Clone)]
pub(crate) struct Trace;

impl Trace {
    #[inline]
    pub(crate) const fn new(_is_server: bool) -> Self {
        Self
    }

    #[inline]
    pub(crate) const fn opened(&self) {}

    #[inline]
    pub(crate) const fn ended(&self, _error: Option<&Error>, _status: CloseStatus) {}
}
