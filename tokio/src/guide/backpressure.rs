//! Slow peers and slow applications.
//!
//! # A peer that reads slowly
//!
//! [`send`] and [`flush`] wait until the transport has accepted the output. [`feed`] waits only while the
//! output has [`Config::max_write_buffer`] bytes or more (default 1 MiB), so a connection holds at most that
//! many bytes and one message. [`queued_len`] returns the number of bytes at present.
//!
//! While there is that much output, `receive` does not read either. Otherwise it reads on, and answers Pings:
//! of the Pongs without room in the output, the newest one is kept (§5.5.3).
//!
//! If the transport accepts no byte for [`Config::pong_timeout`] (default 20 s), the peer is cut off with
//! [`Error::WriteTimeout`]. A peer that reads slowly, but reads, has as long as it needs: while output waits, the
//! time for a Pong or a Close does not run. A transport with its own buffer shows no progress while it empties
//! that: over TLS, the peer must read 64 KiB within the timeout.
//!
//! # A broadcast
//!
//! One slow member must not delay the others. Give each member a [`Sender`], and use [`try_send`]: it returns
//! [`SendError::Full`] at once. Then skip the message, or close the connection:
//!
//! ```no_run
//! use websocket_proto_tokio::{CloseCode, Error, Message, SendError, Sender};
//!
//! /// Sends the message to each member, and removes those that are gone or too slow.
//! fn broadcast(room: &mut Vec<Sender>, message: &Message) {
//!     room.retain(|member| match member.try_send(message.clone()) {
//!         Ok(()) => true,
//!         Err(Error::Send(SendError::Full)) => {
//!             let member = member.clone();
//!             tokio::spawn(async move { member.close(CloseCode::POLICY_VIOLATION, "too slow").await });
//!             false
//!         }
//!         Err(_) => false,
//!     });
//! }
//! ```
//!
//! A clone of a [`Message`] shares its payload. A [`PreparedMessage`] in an `Arc` is also encoded and
//! compressed only once: see [`try_send_prepared`].
//!
//! # A slow application
//!
//! While no method is polled, nothing is read: the TCP window fills, and the peer must wait. A Pong that has
//! arrived still counts, because the connection reads the input that is there before it looks at the clock.
//!
//! Two limits also run while no method is polled, because input does not move them:
//!
//! * [`Config::close_timeout`], from the first call of `receive` or `close` after this endpoint's Close.
//! * [`Config::pong_timeout`], while the transport accepts no byte of the output.
//!
//! If one has passed, the next call ends the connection before it reads. It writes first, so output that the
//! transport accepts then is in time.
//!
//! The same holds for a connection that is [`split`], while [`Receiver::receive`] is not polled, except that
//! the task that writes keeps the two limits itself.
//!
//! After a write has failed, `receive` still returns the messages that the transport has. The first call that has
//! to wait for input starts a limit of two seconds. After it, no input is read: an application that works for
//! longer loses the messages that it has not read by then.
//!
//! # Memory of an idle connection
//!
//! A connection that sends a Ping after a silence returns the memory of its buffers and of its compression.
//! It allocates them again with the next message.
//!
//! [`send`]: crate::WebSocket::send
//! [`flush`]: crate::WebSocket::flush
//! [`feed`]: crate::WebSocket::feed
//! [`queued_len`]: crate::WebSocket::queued_len
//! [`split`]: crate::WebSocket::split
//! [`Config::close_timeout`]: crate::Config::close_timeout
//! [`Config::max_write_buffer`]: crate::Config::max_write_buffer
//! [`Config::pong_timeout`]: crate::Config::pong_timeout
//! [`Error::WriteTimeout`]: crate::Error::WriteTimeout
//! [`Sender`]: crate::Sender
//! [`Receiver::receive`]: crate::Receiver::receive
//! [`try_send`]: crate::Sender::try_send
//! [`try_send_prepared`]: crate::Sender::try_send_prepared
//! [`SendError::Full`]: crate::SendError::Full
//! [`Message`]: crate::Message
//! [`PreparedMessage`]: crate::PreparedMessage
