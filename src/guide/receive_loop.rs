//! The loop that drives a connection.
//!
//! A connection does no I/O. Your program drives it in four steps:
//!
//! 1. **Receive.** Call [`receive`]. It returns the next event, or `Ok(None)` if it needs more input.
//! 2. **Act on the event.** Accept a request, answer a message, ignore a Ping. The event borrows the receive
//!    buffer and not the connection, so you can call every method of the connection while you hold the event.
//! 3. **Write `out`** to the transport, all bytes and in order. Then ask [`transport_action`] whether to
//!    close the transport.
//! 4. **Wait** for input, for the next deadline, or for a message of your application, but only if `receive`
//!    returned `Ok(None)`. Read into [`spare_mut`], and report the number of bytes with [`advance`].
//!
//! A program that only blocks in a read cannot wait for its own messages: use two tasks ([`two_tasks`]), or wait
//! for several things at once, as `interop/examples/mio_server` in the repository does.
//!
//! You can write `out` after each event or after several. The simplest way is after each event. If you
//! collect the output of several events, write `out` before it holds [`Config::max_write_buffer`] bytes,
//! because a send then returns [`SendError::Full`].
//!
//! # Rules
//!
//! * **Write `out` after an error, too.** Before `receive` returns an error, it writes a Close frame to
//!   `out`, if there was none before, or an HTTP response if a server rejects the request. If a `?` drops
//!   `out`, the peer does not get it. In the example, an outer function therefore owns `out`.
//! * **An error is final.** The connection has failed, and each later call of `receive` returns the same
//!   error. There is nothing to retry. The exception is `Error::WrongBuffer`, which reports a bug of the
//!   caller: see [`shared_buffer`].
//! * **A transport can take a part of `out`.** Remove only the bytes that it has taken, and write the rest before
//!   any other byte: [`SendBuffer`] is also there for types that do so, such as `BytesMut`.
//! * **`Ok(None)` is not the end of the transport.** A read of zero bytes is. Call [`receive_eof`] then; it
//!   returns the state of the closing handshake.
//! * **A pending reply needs one more call.** If `out` has no room for a Pong or a Close, the reply waits in
//!   the connection. [`has_pending_reply`] then returns `true`. Write `out`, and call `receive` again before
//!   you wait for input.
//! * **A request needs an answer.** After [`Event::Request`], `receive` returns `Ok(None)` until you call
//!   [`accept`] or [`reject`]. If your application needs time to decide, do not read from the transport in
//!   the meantime.
//! * **Completion-based I/O owns its buffers.** With io_uring or IOCP, read into a buffer of the runtime and
//!   [`feed`] its bytes. `interop/io_uring` in the repository has a complete server.
//!
//! # Example
//!
//! The example is an echo server over any blocking transport. `examples/echo.rs` also has deadlines (see
//! [`deadlines`]) and closes the TCP connection in the way that [`closing`] describes.
//!
//! ```
//! use std::io::{self, Read, Write};
//!
//! use websocket_proto::{Accept, Config, Connection, Event, ReceiveBuffer, TransportAction};
//!
//! fn serve(transport: &mut (impl Read + Write)) -> io::Result<()> {
//!     let mut out = Vec::new();
//!     let result = echo(transport, &mut out);
//!     transport.write_all(&out)?; // after an error: the Close frame or the HTTP response
//!     result
//! }
//!
//! fn echo(transport: &mut (impl Read + Write), out: &mut Vec<u8>) -> io::Result<()> {
//!     let mut ws = Connection::server(Config::default());
//!     let mut inbound = ReceiveBuffer::new();
//!     loop {
//!         let event = ws.receive(&mut inbound, out)?; // 1. receive
//!         let is_idle = event.is_none();
//!         match event {
//!             // 2. act on the event
//!             Some(Event::Request(_)) => ws.accept(Accept::new(), out)?,
//!             Some(Event::Text(text)) => ws.send_text(text, out)?,
//!             Some(Event::Binary(bytes)) => ws.send_binary(bytes, out)?,
//!             _ => {} // `receive` has replied to a Ping or a Close
//!         }
//!         let written = transport.write_all(out); // 3. write `out`
//!         out.clear(); // also after a failed write: nothing can follow an incomplete frame
//!         written?;
//!         if ws.transport_action() == TransportAction::Close {
//!             return Ok(());
//!         }
//!         if is_idle && !ws.has_pending_reply() {
//!             let count = transport.read(inbound.spare_mut(16 * 1024))?; // 4. wait
//!             if count == 0 {
//!                 return if ws.receive_eof().clean() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
//!             }
//!             inbound.advance(count);
//!         }
//!     }
//! }
//! # struct Memory(&'static [u8], Vec<u8>);
//! # impl Read for Memory {
//! #     fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
//! #         self.0.read(space)
//! #     }
//! # }
//! # impl Write for Memory {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//! #         self.1.write(bytes)
//! #     }
//! #     fn flush(&mut self) -> io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # let request = b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x85\0\0\0\0Hello\x88\x80\0\0\0\0";
//! # let mut transport = Memory(request, Vec::new());
//! # serve(&mut transport)?;
//! # assert!(transport.1.ends_with(b"\r\n\r\n\x81\x05Hello\x88\0"));
//! # let mut transport = Memory(b"GET\n", Vec::new());
//! # assert!(serve(&mut transport).is_err());
//! # assert!(transport.1.starts_with(b"HTTP/1.1 400 "));
//! # Ok::<(), io::Error>(())
//! ```
//!
//! [`receive`]: crate::Connection::receive
//! [`transport_action`]: crate::Connection::transport_action
//! [`spare_mut`]: crate::ReceiveBuffer::spare_mut
//! [`advance`]: crate::ReceiveBuffer::advance
//! [`feed`]: crate::ReceiveBuffer::feed
//! [`Config::max_write_buffer`]: crate::Config::max_write_buffer
//! [`SendBuffer`]: crate::SendBuffer
//! [`SendError::Full`]: crate::SendError::Full
//! [`receive_eof`]: crate::Connection::receive_eof
//! [`has_pending_reply`]: crate::Connection::has_pending_reply
//! [`Event::Request`]: crate::Event::Request
//! [`accept`]: crate::Connection::accept
//! [`reject`]: crate::Connection::reject
//! [`closing`]: super::closing
//! [`deadlines`]: super::deadlines
//! [`shared_buffer`]: super::shared_buffer
//! [`two_tasks`]: super::two_tasks
