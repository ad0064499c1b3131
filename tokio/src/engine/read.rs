//! The half of a connection that reads, of either role.

use core::time::Duration;

use bytes::BytesMut;
use websocket_proto::{Client, Error, Event, ReadHalf, ReceiveBuffer, Server, Signal};

use super::each;
use crate::masking::MaskingKeys;

#[derive(Debug)]
pub(crate) enum ReadEngine {
    Server(ReadHalf<Server>),
    Client(ReadHalf<Client<MaskingKeys>>),
}

impl ReadEngine {
    #[inline]
    pub(crate) fn receive<'b>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<BytesMut>,
    ) -> (Option<Signal>, Result<Option<Event<'b>>, Error>) {
        each!(self, half => half.receive(inbound))
    }

    pub(crate) fn tick(&mut self, now: Duration) -> (Option<Signal>, Option<Duration>) {
        each!(self, half => half.tick(now))
    }

    /// Releases the memory that an idle connection does not need.
    pub(crate) fn shrink_to_fit(&mut self) {
        #[cfg(feature = "deflate")]
        each!(self, half => half.shrink_to_fit());
    }
}
