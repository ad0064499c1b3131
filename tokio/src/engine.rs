//! The state machine of either role.

mod read;
mod sending;
mod write;

use core::time::Duration;

use bytes::{Bytes, BytesMut};
pub(crate) use read::ReadEngine;
use sending::sending_methods;
use websocket_proto::{
    Accept, AcceptError, Client, CloseStatus, Connection, Error, Event, MessageKind, PreparedMessage,
    ReceiveBuffer, Reject, SendError, Server, State, Timeout, TransportAction,
};
pub(crate) use write::WriteEngine;

use crate::masking::MaskingKeys;
use crate::message::Message;
use crate::output::Output;

/// A connection. The role is a value here, so that the types of an application do not name it.
#[derive(Debug)]
pub(crate) enum Engine {
    Server(Connection<Server>),
    Client(Connection<Client<MaskingKeys>>),
}

/// The same expression for either role.
macro_rules! each {
    ($engine:expr, $inner:ident => $value:expr) => {
        match $engine {
            Self::Server($inner) => $value,
            Self::Client($inner) => $value,
        }
    };
}
use each;

impl Engine {
    #[inline]
    pub(crate) fn receive<'b>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<BytesMut>,
        out: &mut Output,
    ) -> Result<Option<Event<'b>>, Error> {
        each!(self, connection => connection.receive(inbound, out))
    }

    pub(crate) fn accept(&mut self, accept: Accept<'_>, out: &mut Output) -> Result<(), AcceptError> {
        match self {
            Self::Server(connection) => connection.accept(accept, out),
            Self::Client(_) => Err(AcceptError::NoRequest),
        }
    }

    pub(crate) fn reject(&mut self, reject: Reject<'_>, out: &mut Output) -> Result<(), AcceptError> {
        match self {
            Self::Server(connection) => connection.reject(reject, out),
            Self::Client(_) => Err(AcceptError::NoRequest),
        }
    }

    sending_methods!();

    pub(crate) fn state(&self) -> State {
        each!(self, connection => connection.state())
    }

    /// Releases the memory that an idle connection does not need.
    pub(crate) fn shrink_to_fit(&mut self) {
        #[cfg(feature = "deflate")]
        each!(self, connection => connection.shrink_to_fit());
    }

    /// Whether messages can be compressed.
    pub(crate) fn compresses(&self) -> bool {
        #[cfg(feature = "deflate")]
        return each!(self, connection => connection.negotiated())
            .is_some_and(|negotiated| negotiated.deflate().is_some());
        #[cfg(not(feature = "deflate"))]
        false
    }

    /// The two halves of an open connection.
    #[expect(clippy::result_large_err, reason = "the connection comes back without a heap")]
    pub(crate) fn split(self) -> Result<(ReadEngine, WriteEngine), Self> {
        match self {
            Self::Server(connection) => match connection.split() {
                Ok((read, write)) => Ok((ReadEngine::Server(read), WriteEngine::Server(write))),
                Err(connection) => Err(Self::Server(connection)),
            },
            Self::Client(connection) => match connection.split() {
                Ok((read, write)) => Ok((ReadEngine::Client(read), WriteEngine::Client(write))),
                Err(connection) => Err(Self::Client(connection)),
            },
        }
    }
}
