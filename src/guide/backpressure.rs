//! Slow peers and full buffers.
//!
//! A connection holds no queue. Output goes to `out`, which you own, so its size is under your control.
//!
//! # Sending
//!
//! A send writes a complete frame or nothing. It returns [`SendError::Full`] in two cases:
//!
//! * `out` has a fixed capacity, and the frame does not fit.
//! * `out` already holds [`Config::max_write_buffer`] bytes (default 1 MiB). This is a high-water mark: a
//!   message that is sent below the mark is written completely, whatever its size.
//!
//! After `Full`, nothing has changed. Write `out`, then try again, or drop the message, or close the
//! connection.
//!
//! # Receiving
//!
//! `receive` works even if `out` is full. Replies to Pings, to a Close and to a violation then wait in the
//! connection, which stores one reply: the Close, or the newest Pong (§5.5.3 permits an endpoint to answer
//! only the most recent Ping). A peer that sends Pings and reads nothing therefore uses no additional memory.
//!
//! [`has_pending_reply`] returns `true` if a reply waits. Write `out`; then call [`receive`] again, with or
//! without new input, or `flush_reply`. The reply is written first.
//!
//! If the peer reads slowly, stop reading from it: its TCP window fills, and it must wait. A simple rule is
//! to read only if `out` is empty. The loop on the page [`receive_loop`] does so, because it writes all of
//! `out` before it reads.
//!
//! # Example
//!
//! ```
//! use websocket_proto::{Config, Connection, Event, Negotiated, ReceiveBuffer, SendError, SendSlice, Server};
//!
//! let mut ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
//! let mut inbound = ReceiveBuffer::new();
//! let mut memory = [0; 140];
//! let mut out = SendSlice::new(&mut memory);
//!
//! ws.send_text(&"x".repeat(130), &mut out)?;
//! assert_eq!(ws.send_text("refused", &mut out), Err(SendError::Full));
//!
//! // Two Pings arrive while `out` is full. The Pong for the newer one waits in the connection.
//! assert_eq!(inbound.feed(b"\x89\x86\0\0\0\0beat 1\x89\x86\0\0\0\0beat 2"), 24);
//! while let Some(Event::Ping(_)) = ws.receive(&mut inbound, &mut out)? {}
//! assert!(ws.has_pending_reply());
//!
//! out.consume(usize::MAX); // the transport accepted all of `out.as_slice()`
//! assert!(ws.receive(&mut inbound, &mut out)?.is_none());
//! assert_eq!(out.as_slice(), b"\x8a\x06beat 2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`SendError::Full`]: crate::SendError::Full
//! [`Config::max_write_buffer`]: crate::Config::max_write_buffer
//! [`has_pending_reply`]: crate::Connection::has_pending_reply
//! [`receive`]: crate::Connection::receive
//! [`receive_loop`]: super::receive_loop
