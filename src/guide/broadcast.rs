//! One message to many connections.
//!
//! [`PreparedMessage`] holds a message that is encoded once. A server then only copies its bytes for each
//! connection. A client must mask each frame with a fresh key (§5.3), so a client still processes the payload
//! for each send.
//!
//! A prepared message never changes: threads can share one in an [`Arc`] without a lock.
//!
//! With the feature `deflate`, `PreparedMessage::with_deflate` also compresses the message once. A connection
//! sends the compressed form if its peer agreed to compression with a large enough window, and the plain form
//! otherwise.
//!
//! A slow connection must not delay the others. [`send_prepared`] returns [`SendError::Full`] if too many
//! bytes already wait in the `out` of that connection.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use websocket_proto::{CloseCode, Config, Connection, Negotiated, PreparedMessage, SendError, Server};
//!
//! struct Member {
//!     ws: Connection<Server>,
//!     out: Vec<u8>,
//! }
//!
//! /// Keeps the members that can still receive messages.
//! fn broadcast(room: &mut Vec<Member>, message: &PreparedMessage) {
//!     room.retain_mut(|Member { ws, out }| ws.send_prepared(message, out).is_ok());
//! }
//!
//! # let member = || Member { ws: Connection::established(Server::new(), Negotiated::new(), Config::default()), out: Vec::new() };
//! let mut room = vec![member(), member()];
//! let leaving = &mut room[1];
//! leaving.ws.close(CloseCode::NORMAL_CLOSURE, "", &mut leaving.out)?; // it can send nothing more
//!
//! let news = Arc::new(PreparedMessage::text("The meeting begins.")); // clone the `Arc` for other threads
//! broadcast(&mut room, &news);
//! assert_eq!(room.len(), 1);
//! assert_eq!(room[0].out, b"\x81\x13The meeting begins.");
//! # Ok::<(), SendError>(())
//! ```
//!
//! [`PreparedMessage`]: crate::PreparedMessage
//! [`Arc`]: std::sync::Arc
//! [`send_prepared`]: crate::Connection::send_prepared
//! [`SendError::Full`]: crate::SendError::Full
