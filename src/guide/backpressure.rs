//! Slow peers and full buffers.
//!
//! A connection has no queue. It appends its output to `out`, which you own, so you control its size.
//!
//! # Sending
//!
//! A send writes a complete frame or nothing. It returns [`SendError::Full`] in two cases:
//!
//! * `out` has a fixed capacity, and the frame does not fit. If the message is larger than the capacity, send
//!   it in fragments with [`send_fragment`].
//! * `out` already holds [`Config::max_write_buffer`] bytes (default 1 MiB). This is a high-water mark: a
//!   message that is sent below the mark is written completely, whatever its size. Replies wait at the same
//!   mark: without it, each Ping of a peer that reads nothing would add a Pong to `out`.
//!
//! After `Full`, nothing has changed. Write `out` and try again, drop the message, or close the transport.
//!
//! # Receiving
//!
//! `receive` works even if `out` is full. A reply to a Ping, a Close or a violation then waits in the
//! connection. The connection stores only one reply: the Close, or the newest Pong (§5.5.3 permits an
//! endpoint to answer only the most recent Ping). A peer that sends Pings and reads nothing therefore uses no
//! additional memory.
//!
//! [`has_pending_reply`] returns `true` if a reply waits. Write `out`, then call [`flush_reply`], or
//! [`receive`] with or without new input. Both write the reply first.
//!
//! If the peer reads slowly, stop reading from it: the TCP receive window fills, and the peer must wait. Use
//! a simple rule: read only if `out` is empty. The loop on the page [`receive_loop`] follows it, because it
//! writes all of `out` before it reads.
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
//! [`flush_reply`]: crate::Connection::flush_reply
//! [`send_fragment`]: crate::Connection::send_fragment
//! [`receive_loop`]: super::receive_loop
