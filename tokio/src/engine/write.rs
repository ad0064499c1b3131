//! The half of a connection that writes, of either role.

use core::time::Duration;

use bytes::Bytes;
use websocket_proto::{
    Client, CloseStatus, MessageKind, PreparedMessage, SendError, Server, Signal, Timeout, TransportAction,
    WriteHalf,
};

use super::each;
use super::sending::sending_methods;
use crate::masking::MaskingKeys;
use crate::message::Message;
use crate::output::Output;

#[derive(Debug)]
pub(crate) enum WriteEngine {
    Server(WriteHalf<Server>),
    Client(WriteHalf<Client<MaskingKeys>>),
}

impl WriteEngine {
    pub(crate) fn handle_signal(&mut self, signal: Signal, out: &mut Output) {
        each!(self, half => half.handle_signal(signal, out));
    }

    sending_methods!();

    /// Releases the memory that an idle connection does not need.
    pub(crate) fn shrink_to_fit(&mut self) {
        #[cfg(feature = "deflate")]
        each!(self, inner => inner.shrink_to_fit());
    }
}
