//! Coming from tokio-tungstenite.
//!
//! | tokio-tungstenite 0.30 | this crate |
//! |---|---|
//! | `accept_async(stream)`, `accept_async_with_config` | [`accept(stream, config)`](crate::accept) |
//! | `accept_hdr_async(stream, callback)` | [`accept_with(stream, config, callback)`](crate::accept_with); the callback returns [`Accept`] or [`Reject`] |
//! | `connect_async(uri)`, `connect_async_with_config` | [`connect(uri, config)`](crate::connect), with `TCP_NODELAY` and a deadline |
//! | `connect_async(request)` | [`connect_with(ClientRequest::new(uri).header(..), config)`](crate::connect_with): no key or Host to fill in |
//! | `connect_async_tls_with_config(.., connector)` | `connect_with_tls(request, config, tls)` (feature `rustls`) |
//! | `client_async(request, stream)` | [`client(stream, request, config)`](crate::client) |
//! | `WebSocketStream<S>` | [`WebSocket<S>`](crate::WebSocket) |
//! | `MaybeTlsStream<TcpStream>` | [`ClientStream`](crate::ClientStream) |
//! | `WebSocketStream::from_raw_socket(stream, role, config).await` | [`WebSocket::from_upgraded(stream, role, Negotiated::new(), config)`](crate::WebSocket::from_upgraded) |
//! | `from_partially_read(stream, part, role, config).await` | [`WebSocket::from_partially_read`](crate::WebSocket::from_partially_read) |
//! | `ws.next().await` | [`ws.receive().await?`](crate::WebSocket::receive), or `next` of `StreamExt` |
//! | `ws.send(message).await` | [`ws.send(message).await`](crate::WebSocket::send); also `send("text")` and `send(bytes)` |
//! | `ws.feed(message).await`, `ws.flush().await` | the same, without `SinkExt` |
//! | `ws.split()` of `StreamExt` | [`ws.split()`](crate::WebSocket::split): over TCP without a lock; the [`Sender`](crate::Sender) can be cloned |
//! | `sink.reunite(stream)` | no counterpart |
//! | `ws.close(frame).await` sends a Close | [`ws.close(code, reason).await`](crate::WebSocket::close) also waits for the end; `ws.send(Message::Close(frame))` only sends |
//! | `ws.get_ref()`, `ws.get_mut()` | the same |
//! | `ws.into_inner()` | no counterpart: bytes that were read or wait to be written would be lost |
//! | `ws.get_config()` | no counterpart: keep the [`Config`], which is `Copy` |
//! | `Message::Text`, `Binary`, `Ping`, `Pong`, `Close` | [the same](crate::Message) |
//! | `Message::Frame` | no counterpart |
//! | `message.into_data()`, `to_text()` | [`into_payload()`](crate::Message::into_payload), [`as_text()`](crate::Message::as_text) |
//! | `Utf8Bytes`, `CloseFrame { code, reason }` | [`Utf8Bytes`](crate::Utf8Bytes), [`CloseFrame::new(code, reason)`](crate::CloseFrame::new) |
//! | `CloseCode::Normal`, `Away`, `Library(4000)` | [`CloseCode::NORMAL_CLOSURE`](crate::CloseCode), `GOING_AWAY`, `CloseCode::new(4000)` |
//! | `WebSocketConfig::max_message_size`, `max_frame_size` | [`Config`], the same names |
//! | `WebSocketConfig::max_write_buffer_size` | [`Config::max_write_buffer`]; `send` waits instead of failing |
//! | `Error::ConnectionClosed` | `receive` returns `None` |
//! | `Error::AlreadyClosed` | [`Error::Closed`] |
//! | `Error::Protocol(ResetWithoutClosingHandshake)` | [`Error::Disconnected`] |
//! | `Error::Protocol`, `Capacity`, `Utf8` | [`Error::Protocol`] with the [`ProtocolError`](crate::ProtocolError) |
//! | `Error::Protocol` in the handshake | [`Error::Handshake`] |
//! | `Error::Http(response)` | [`Error::Rejected`] with the response |
//! | `Error::Url`, `HttpFormat` | [`Error::Uri`], [`Error::Request`] |
//! | `Error::Io`, `Tls` | [`Error::Io`] |
//! | no counterpart | deadlines and keep-alive: [`Error::Timeout`], [`Error::WriteTimeout`] |
//! | no counterpart | permessage-deflate: `Config::deflate` (feature `deflate`) |
//!
//! # Differences in behaviour
//!
//! 1. Deadlines and Pings run without code of yours, with the defaults of [`Config`]. Remove your own timers,
//!    or set the times to `None`.
//! 2. Received Pings and Pongs are messages here, too, and are answered without a further call.
//! 3. An error is returned after the peer was told, and after the transport was closed: at most two seconds
//!    later, if the peer reads. tokio-tungstenite returns it at once, and the peer may never get the Close.
//! 4. After [`Message::Close`](crate::Message::Close), call `receive` until it returns `None`: this closes
//!    the transport.
//! 5. `receive` also writes the output of `feed`, so a loop of `receive` and `feed` needs no `flush`.
//! 6. A length that is not in its shortest form is an error (§5.2). tungstenite accepts it.
//!
//! # Example
//!
//! tokio-tungstenite:
//!
//! ```text
//! let mut ws = tokio_tungstenite::accept_async(stream).await?;
//! while let Some(message) = ws.next().await {
//!     let message = message?;
//!     if message.is_text() || message.is_binary() {
//!         ws.send(message).await?;
//!     }
//! }
//! ```
//!
//! This crate:
//!
//! ```
//! use tokio::net::TcpStream;
//! use websocket_proto_tokio::{Config, Error, accept};
//!
//! async fn echo(stream: TcpStream) -> Result<(), Error> {
//!     let mut ws = accept(stream, Config::new()).await?;
//!     while let Some(message) = ws.receive().await? {
//!         if message.is_data() {
//!             ws.feed(message).await?;
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Accept`]: crate::Accept
//! [`Reject`]: crate::Reject
//! [`Config`]: crate::Config
//! [`Config::max_write_buffer`]: crate::Config::max_write_buffer
//! [`Error::Closed`]: crate::Error::Closed
//! [`Error::Disconnected`]: crate::Error::Disconnected
//! [`Error::Protocol`]: crate::Error::Protocol
//! [`Error::Handshake`]: crate::Error::Handshake
//! [`Error::Rejected`]: crate::Error::Rejected
//! [`Error::Uri`]: crate::Error::Uri
//! [`Error::Request`]: crate::Error::Request
//! [`Error::Io`]: crate::Error::Io
//! [`Error::Timeout`]: crate::Error::Timeout
//! [`Error::WriteTimeout`]: crate::Error::WriteTimeout
