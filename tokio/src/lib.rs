//! WebSocket servers and clients for tokio.
//!
//! The crate runs the state machine of [websocket-proto](https://docs.rs/websocket-proto) (RFC 6455, RFC 7692)
//! over any transport that implements [`AsyncRead`] and [`AsyncWrite`]: TCP, TLS, or a stream that an HTTP
//! library has upgraded. It has no `unsafe` code.
//!
//! # Quick start
//!
//! An echo server with limits, deadlines and a graceful shutdown:
//!
//! ```no_run
//! use std::{io, pin::pin, time::Duration};
//! use tokio::net::{TcpListener, TcpStream};
//! use tokio::time::{sleep, timeout};
//! use tokio::{signal::ctrl_c, sync::watch};
//! use websocket_proto_tokio::{CloseCode, Config, Error, accept};
//!
//! async fn echo(stream: TcpStream, mut stop: watch::Receiver<()>) -> Result<(), Error> {
//!     stream.set_nodelay(true)?;
//!     let mut ws = accept(stream, Config::new().max_message_size(1 << 20)).await?;
//!     loop {
//!         tokio::select! {
//!             message = ws.receive() => match message? {
//!                 Some(message) if message.is_data() => ws.feed(message).await?,
//!                 Some(_) => {} // `receive` answers Pings and the Close
//!                 None => return Ok(()),
//!             },
//!             _ = stop.changed() => return ws.close(CloseCode::GOING_AWAY, "").await.map(drop),
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:9001").await?;
//!     let (stop, mut ctrl_c) = (watch::Sender::new(()), pin!(ctrl_c()));
//!     loop {
//!         tokio::select! {
//!             Ok((stream, _)) = listener.accept() => drop(tokio::spawn(echo(stream, stop.subscribe()))),
//!             () = sleep(Duration::from_secs(1)) => {} // then tries again after a failed `accept`
//!             _ = &mut ctrl_c => break,
//!         }
//!     }
//!     stop.send_replace(());
//!     let _ = timeout(Duration::from_secs(10), stop.closed()).await; // until all connections have ended
//!     Ok(())
//! }
//! ```
//!
//! A client:
//!
//! ```no_run
//! use websocket_proto_tokio::{CloseCode, Config, Error, connect};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let mut ws = connect("ws://127.0.0.1:9001/", Config::new()).await?;
//! ws.send("Hello").await?;
//! if let Some(message) = ws.receive().await? {
//!     println!("{message:?}");
//! }
//! ws.close(CloseCode::NORMAL_CLOSURE, "").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does for you
//!
//! | task | how |
//! |---|---|
//! | Pings, Pongs, the closing handshake | [`WebSocket::receive`] answers them, and returns them as messages |
//! | deadlines | the four of [`Config`] run in `receive`; a Ping can be late by an eighth of [`Config::ping_interval`]; a peer that reads nothing for [`Config::pong_timeout`] is cut off |
//! | messages | they arrive whole: `Config::delivery` has no effect here |
//! | limits | all of [`Config`], with finite defaults: messages of 64 MiB, heads of 16 KiB, 1 MiB of output |
//! | the end | a Close or an HTTP error reaches the peer before `receive` returns the error: the output is written, the transport shut down, and input discarded for at most two seconds |
//! | few writes | replies and [`feed`](WebSocket::feed)ed messages are written together, before `receive` waits |
//! | few copies | a received message in one frame shares the memory of the receive buffer, except for text that is not ASCII; a server writes payloads of 16 KiB and more from their own memory |
//! | masking keys | random bytes of the operating system |
//!
//! # The types
//!
//! * [`WebSocket`] is a connection of either role: [`receive`](WebSocket::receive),
//!   [`send`](WebSocket::send), [`close`](WebSocket::close). It is a `Stream` and a `Sink`, too.
//! * [`Sender`] and [`Receiver`] are its halves for two tasks, over TCP without a lock between them.
//! * [`Message`] and [`Utf8Bytes`] own their payload, and clone in constant time.
//! * [`Error`] has a variant for each cause.
//! * [`Config`] and [`PreparedMessage`] are those of the core.
//!
//! The [`guide`] has pages on [cancel safety](guide::cancel_safety), [backpressure](guide::backpressure), and
//! for those [coming from tokio-tungstenite](guide::from_tokio_tungstenite).
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `deflate` | permessage-deflate; off until `Config::deflate` is set |
//! | `rustls` | `wss` URIs: rustls, with the root certificates of the operating system or your own configuration |
//! | `tracing` | a span for each connection, with events when it opens, closes or fails |
//!
//! The crate needs the drivers of the runtime for I/O and time, as `#[tokio::main]` starts them. The minimum
//! Rust version is that of tokio, 1.85.
//!
//! [`AsyncRead`]: tokio::io::AsyncRead
//! [`AsyncWrite`]: tokio::io::AsyncWrite

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

extern crate alloc;

mod accept;
mod client;
mod client_request;
mod client_stream;
mod clock;
mod driver;
mod ending;
mod engine;
mod error;
pub mod guide;
mod incoming;
mod limits;
mod masking;
mod message;
mod output;
mod rejection;
mod reply;
mod split;
#[cfg_attr(not(feature = "tracing"), path = "trace_off.rs")]
mod trace;
mod utf8_bytes;
mod waiters;
mod websocket;

pub use accept::{accept, accept_with};
#[cfg(feature = "rustls")]
pub use client::connect_with_tls;
pub use client::{client, connect, connect_with};
pub use client_request::ClientRequest;
pub use client_stream::ClientStream;
pub use error::Error;
pub use message::{CloseFrame, Message};
pub use reply::{Accept, Reject};
pub use split::{Permit, Receiver, Sender};
/// The TLS library of [`connect_with_tls`], in the version that it takes.
#[cfg(feature = "rustls")]
#[doc(no_inline)]
pub use tokio_rustls;
pub use utf8_bytes::Utf8Bytes;
pub use websocket::{Role, WebSocket};
#[doc(no_inline)]
pub use websocket_proto::{
    AcceptError, CloseCode, CloseStatus, Config, HandshakeError, MessageKind, Negotiated, PreparedMessage,
    ProtocolError, Request, RequestError, SendError, Timeout, UriError, handshake,
};
#[cfg(feature = "deflate")]
#[doc(no_inline)]
pub use websocket_proto::{DeflateConfig, DeflateParams};

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
