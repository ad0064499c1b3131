//! Coming from tungstenite.
//!
//! tungstenite's `WebSocket` owns the stream and does the I/O. A [`Connection`] has no stream: your program
//! reads and writes the bytes, in the loop that the page [`receive_loop`] shows.
//!
//! | tungstenite 0.30 | this crate |
//! |---|---|
//! | `accept(stream)` | [`Connection::server`]; on [`Event::Request`] call [`Connection::accept`] |
//! | `accept_hdr(stream, callback)` | the same; inspect the [`Request`], then call `accept` or [`Connection::reject`] |
//! | `client(request, stream)` | [`Connection::client`] writes the request to `out`; [`Event::Open`] or [`Event::Rejected`] follows |
//! | `connect(request)` | open the TCP or TLS stream yourself, then call [`Connection::client`]; redirects are not followed |
//! | `WebSocket::from_raw_socket(stream, role, config)` | [`Connection::established`] |
//! | `WebSocket::from_partially_read(stream, part, …)` | `established`, then [`ReceiveBuffer::feed`] with the part |
//! | `read()` | read into [`ReceiveBuffer::spare_mut`], [`advance`], then [`receive`] until `Ok(None)` |
//! | `Message::Text`, `Message::Binary` | [`Event::Text`] and [`Event::Binary`]: borrowed `&str` and `&[u8]` |
//! | `Message::Ping`, `Message::Pong`, `Message::Close` | [`Event::Ping`], [`Event::Pong`], [`Event::Close`]; replies are automatic in both crates |
//! | `send(message)` | [`send_text`] or [`send_binary`], then write `out` |
//! | `write(message)` without `flush()` | several sends, then write `out` once |
//! | `flush()` | write `out`; there is nothing else to flush |
//! | `close(frame)` | [`close`], write `out`, and continue the loop until [`transport_action`] returns `Close` |
//! | `can_read()` | [`state`] is not [`State::End`] |
//! | `can_write()` | `can_send()` |
//! | `get_ref()`, `get_mut()`, `into_inner()` | not needed: you own the stream |
//! | `WebSocketConfig::max_message_size`, `max_frame_size` | [`Config`], the same names; the defaults are 64 MiB each |
//! | `WebSocketConfig::max_write_buffer_size` | [`Config::max_write_buffer`]; the default is 1 MiB, and the message itself does not count |
//! | `WebSocketConfig::read_buffer_size` | the argument of `spare_mut` |
//! | `WebSocketConfig::write_buffer_size` | your own rule for when to write `out` |
//! | `WebSocketConfig::accept_unmasked_frames` | none: a server must fail the connection (§5.1) |
//! | `Error::ConnectionClosed` | not an error: `transport_action()` returns [`Close`] |
//! | `Error::AlreadyClosed` | [`SendError::Closed`] for a send; `Ok(None)` from `receive` |
//! | `Error::Protocol`, `Error::Utf8`, `Error::Capacity` | [`Error::Protocol`] with a [`ProtocolError`]; its Close frame is already in `out` |
//! | `Error::WriteBufferFull(message)` | [`SendError::Full`]; you still own the message |
//! | `Error::Http(response)` on a client | [`Event::Rejected`] with the [`Response`]; not an error |
//! | `Error::Io` | errors of your own reads and writes |
//! | no counterpart | deadlines and keep-alive pings: [`tick`] |
//! | no counterpart | two tasks without a lock: [`two_tasks`] |
//!
//! # Five differences in behaviour
//!
//! 1. A message borrows the receive buffer. Copy it (`to_owned`) if you need it after the next `receive` or
//!    read.
//! 2. The reply to a Close is in `out` when `receive` returns [`Event::Close`]. Write it before you stop.
//! 3. An error does not close the transport. Write `out`, then close the transport (see [`closing`]).
//! 4. A client needs a source of random bytes. tungstenite has a built-in source; this crate has `OsEntropy`
//!    with the feature `getrandom`.
//! 5. A length that is not in its shortest form is an error (§5.2). tungstenite accepts it.
//!
//! # Example
//!
//! tungstenite:
//!
//! ```text
//! let mut ws = tungstenite::accept(stream)?;
//! loop {
//!     let message = ws.read()?;
//!     if message.is_text() || message.is_binary() {
//!         ws.send(message)?;
//!     }
//! }
//! ```
//!
//! This crate:
//!
//! ```
//! use std::io::{self, Read, Write};
//!
//! use websocket_proto::{Accept, Config, Connection, Event, ReceiveBuffer, TransportAction};
//!
//! fn echo(mut stream: impl Read + Write) -> io::Result<()> {
//!     let mut ws = Connection::server(Config::default());
//!     let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
//!     while ws.transport_action() != TransportAction::Close {
//!         let result = match ws.receive(&mut inbound, &mut out) {
//!             Ok(Some(Event::Request(_))) => ws.accept(Accept::new(), &mut out).map_err(io::Error::from),
//!             Ok(Some(Event::Text(text))) => ws.send_text(text, &mut out).map_err(io::Error::from),
//!             Ok(Some(Event::Binary(bytes))) => ws.send_binary(bytes, &mut out).map_err(io::Error::from),
//!             Ok(Some(_)) => Ok(()),
//!             Ok(None) => match stream.read(inbound.spare_mut(16 * 1024))? {
//!                 0 => return Ok(()),
//!                 count => Ok(inbound.advance(count)),
//!             },
//!             Err(error) => Err(error.into()), // a Close frame or an HTTP response is in `out`
//!         };
//!         stream.write_all(&out)?;
//!         out.clear();
//!         result?;
//!     }
//!     Ok(())
//! }
//! # struct Memory<'a>(&'static [u8], &'a mut Vec<u8>);
//! # impl Read for Memory<'_> {
//! #     fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
//! #         self.0.read(space)
//! #     }
//! # }
//! # impl Write for Memory<'_> {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//! #         self.1.write(bytes)
//! #     }
//! #     fn flush(&mut self) -> io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # let request = b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x85\0\0\0\0Hello\x88\x80\0\0\0\0";
//! # let mut output = Vec::new();
//! # echo(Memory(request, &mut output))?;
//! # assert!(output.ends_with(b"\r\n\r\n\x81\x05Hello\x88\0"));
//! # output.clear();
//! # assert!(echo(Memory(b"GET\n", &mut output)).is_err());
//! # assert!(output.starts_with(b"HTTP/1.1 400 "));
//! # Ok::<(), io::Error>(())
//! ```
//!
//! [`Connection`]: crate::Connection
//! [`receive_loop`]: super::receive_loop
//! [`closing`]: super::closing
//! [`two_tasks`]: super::two_tasks
//! [`Connection::server`]: crate::Connection::server
//! [`Connection::client`]: crate::Connection::client
//! [`Connection::established`]: crate::Connection::established
//! [`Connection::accept`]: crate::Connection::accept
//! [`Connection::reject`]: crate::Connection::reject
//! [`Request`]: crate::Request
//! [`Response`]: crate::Response
//! [`Event::Request`]: crate::Event::Request
//! [`Event::Open`]: crate::Event::Open
//! [`Event::Rejected`]: crate::Event::Rejected
//! [`Event::Text`]: crate::Event::Text
//! [`Event::Binary`]: crate::Event::Binary
//! [`Event::Ping`]: crate::Event::Ping
//! [`Event::Pong`]: crate::Event::Pong
//! [`Event::Close`]: crate::Event::Close
//! [`ReceiveBuffer::feed`]: crate::ReceiveBuffer::feed
//! [`ReceiveBuffer::spare_mut`]: crate::ReceiveBuffer::spare_mut
//! [`advance`]: crate::ReceiveBuffer::advance
//! [`receive`]: crate::Connection::receive
//! [`send_text`]: crate::Connection::send_text
//! [`send_binary`]: crate::Connection::send_binary
//! [`close`]: crate::Connection::close
//! [`state`]: crate::Connection::state
//! [`State::End`]: crate::State::End
//! [`transport_action`]: crate::Connection::transport_action
//! [`Close`]: crate::TransportAction::Close
//! [`tick`]: crate::Connection::tick
//! [`Config`]: crate::Config
//! [`Config::max_write_buffer`]: crate::Config::max_write_buffer
//! [`SendError::Closed`]: crate::SendError::Closed
//! [`SendError::Full`]: crate::SendError::Full
//! [`Error::Protocol`]: crate::Error::Protocol
//! [`ProtocolError`]: crate::ProtocolError
