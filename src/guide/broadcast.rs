//! One message to many connections.
//!
//! A [`PreparedMessage`] is encoded once. A server then only copies its bytes for each connection. A client
//! must mask each frame with a fresh key (§5.3), so it still processes the payload for each send.
//!
//! A prepared message never changes: threads can share one in an [`Arc`] without a lock.
//!
//! With the feature `deflate`, `PreparedMessage::with_deflate` also compresses the message once. A connection
//! sends the compressed form if it negotiated compression with a large enough window. Otherwise it sends the
//! uncompressed form.
//!
//! A slow connection must not delay the others. [`send_prepared`] returns [`SendError::Full`] if the `out` of
//! that connection already holds [`Config::max_write_buffer`] bytes. Then skip the message, or close the
//! transport of that connection.
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
//!     is_slow: bool,
//! }
//!
//! /// Sends the message to each member. The caller then writes each `out`, and removes the slow members.
//! fn broadcast(room: &mut [Member], message: &PreparedMessage) {
//!     for Member { ws, out, is_slow } in room {
//!         match ws.send_prepared(message, out) {
//!             Err(SendError::Full) => *is_slow = true,
//!             _ => {} // sent, or `SendError::Closed`: this member leaves
//!         }
//!     }
//! }
//!
//! # let member = || Member { ws: Connection::established(Server::new(), Negotiated::new(), Config::default()), out: Vec::new(), is_slow: false };
//! let mut room = vec![member(), member()];
//! let leaving = &mut room[1];
//! leaving.ws.close(CloseCode::NORMAL_CLOSURE, "", &mut leaving.out)?; // it can send nothing more
//!
//! let news = Arc::new(PreparedMessage::text("The meeting begins.")); // clone the `Arc` for other threads
//! broadcast(&mut room, &news);
//! assert_eq!(room[0].out, b"\x81\x13The meeting begins.");
//! assert_eq!(room[1].out, b"\x88\x02\x03\xe8"); // only the Close
//! # Ok::<(), SendError>(())
//! ```
//!
//! [`PreparedMessage`]: crate::PreparedMessage
//! [`Arc`]: std::sync::Arc
//! [`send_prepared`]: crate::Connection::send_prepared
//! [`SendError::Full`]: crate::SendError::Full
//! [`Config::max_write_buffer`]: crate::Config::max_write_buffer
