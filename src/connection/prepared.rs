//! A message that is encoded once and sent to many (§6.1).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::config::Settings;
use super::send::{Outbound, header, write_frame};
use crate::buffer::SendBuffer;
use crate::error::SendError;
use crate::role::Role;
use crate::wire::Kind;

/// A message, encoded once, for [`Connection::send_prepared`](super::Connection::send_prepared) on any number of connections.
///
/// To a server it is ready bytes: each send copies them and does nothing else. A client masks every frame with a key of its own (§5.3), so
/// each send of a client's masks the payload while copying it, as [`send_text`](super::Connection::send_text) does.
///
/// It goes out as it is, also where permessage-deflate was agreed on: that lets a sender leave out what it wants (RFC 7692 §6).
///
/// Nothing in it changes. Threads share one, in an `Arc`, without a lock.
///
/// ```
/// use std::sync::Arc;
/// use websocket_proto::{Config, Connection, Prepared, Server};
/// # use websocket_proto::Agreed;
///
/// # let open = || Connection::established(Server::new(), Agreed::new(), Config::default());
/// let mut room = vec![(open(), Vec::new()), (open(), Vec::new())]; // connections, each with its outbound buffer
/// let message = Arc::new(Prepared::text("The meeting begins."));
/// for (connection, outbound) in &mut room {
///     connection.send_prepared(&message, outbound)?;
/// }
/// assert!(room.iter().all(|(_, outbound)| outbound == b"\x81\x13The meeting begins."));
/// # Ok::<(), websocket_proto::SendError>(())
/// ```
#[derive(Clone)]
pub struct Prepared {
    kind: Kind,
    /// How long the head of `frame` is.
    head: usize,
    /// The message in one frame, not masked.
    frame: Box<[u8]>,
}

impl Prepared {
    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(Kind::Text, text.as_bytes())
    }

    /// A binary message.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        Self::new(Kind::Binary, bytes)
    }

    fn new(kind: Kind, payload: &[u8]) -> Self {
        let head = header(kind.opcode(), true, None, payload.len()).encode();
        let mut frame = Vec::with_capacity(head.len().saturating_add(payload.len()));
        frame.extend_from_slice(&head);
        frame.extend_from_slice(payload);
        Self { kind, head: head.len(), frame: frame.into_boxed_slice() }
    }

    fn payload(&self) -> &[u8] {
        self.frame.get(self.head..).unwrap_or_default()
    }
}

/// Without the payload.
impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("kind", &self.kind).field("payload_len", &self.payload().len()).finish()
    }
}

impl Outbound {
    /// A whole message that was encoded before.
    #[inline]
    pub(super) fn prepared<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        message: &Prepared,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        match self.ready_for_message(role, config, message.payload().len(), out)? {
            None => out.push(&message.frame),
            key => write_frame(header(message.kind.opcode(), true, key, message.payload().len()), message.payload(), out),
        }
        Ok(())
    }
}
