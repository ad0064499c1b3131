//! Futures that are dropped before they are complete.
//!
//! `tokio::select!`, `tokio::time::timeout` and the end of a task drop futures. A connection has all of its
//! state in the [`WebSocket`] (or in the halves), never in a future, so no future can lose input, cut a frame
//! in two, or stop a deadline. The tests drop every future at every await point.
//!
//! | future | if it is dropped |
//! |---|---|
//! | [`receive`] | No message is lost. The next call continues, also at the end of the connection. |
//! | [`flush`], [`ready`] | The next call of any method continues. |
//! | [`feed`] | The message is not sent. After [`ready`], the future is complete at its first poll. |
//! | [`send`], [`ping`], [`send_prepared`], [`send_fragment`] | The message is queued whole, or it is not sent at all. |
//! | [`send_fragments`] | The message can be incomplete: continue with [`send_fragment`]. |
//! | [`close`], [`Sender::close`] | Call it again: at most one Close is sent. The time for which the transport has accepted nothing goes on. |
//! | [`accept`], [`connect`] and their siblings | The transport is dropped, and there is no connection. |
//! | [`Sender::send`] | The message is not sent. [`Sender::reserve`] separates the wait from the message. |
//!
//! A close begins at the first poll, also with `send` or `feed` of a Close. From then on, a peer that does
//! not read ends the connection, also if the future is dropped before there is room for the Close: after
//! [`Config::pong_timeout`], or if there is none, after [`Config::close_timeout`].
//!
//! # Wait first, then send
//!
//! Inside a `select!`, only wait. Send after it, when no other branch can win:
//!
//! ```no_run
//! use tokio::net::TcpStream;
//! use tokio::sync::mpsc;
//! use websocket_proto_tokio::{Error, Message, WebSocket};
//!
//! async fn relay(mut ws: WebSocket<TcpStream>, mut news: mpsc::Receiver<Message>) -> Result<(), Error> {
//!     loop {
//!         tokio::select! {
//!             message = ws.receive() => {
//!                 let Some(message) = message? else { return Ok(()) };
//!                 println!("{message:?}");
//!             }
//!             // Not `ws.send(..)` as a branch: the other branch could drop it.
//!             Some(message) = news.recv() => ws.feed(message).await?,
//!         }
//!     }
//! }
//! ```
//!
//! The next `receive` writes the fed message before it waits.
//!
//! # A dropped connection
//!
//! A `WebSocket` that is dropped drops its transport: the peer gets no Close, and reports 1006. Call
//! [`close`] first. When both halves of a [`split`] are dropped, their task writes the queued messages and
//! ends.
//!
//! [`WebSocket`]: crate::WebSocket
//! [`receive`]: crate::WebSocket::receive
//! [`flush`]: crate::WebSocket::flush
//! [`ready`]: crate::WebSocket::ready
//! [`feed`]: crate::WebSocket::feed
//! [`send`]: crate::WebSocket::send
//! [`ping`]: crate::WebSocket::ping
//! [`send_prepared`]: crate::WebSocket::send_prepared
//! [`send_fragment`]: crate::WebSocket::send_fragment
//! [`send_fragments`]: crate::WebSocket::send_fragments
//! [`close`]: crate::WebSocket::close
//! [`split`]: crate::WebSocket::split
//! [`accept`]: crate::accept
//! [`connect`]: crate::connect
//! [`Config::close_timeout`]: crate::Config::close_timeout
//! [`Config::pong_timeout`]: crate::Config::pong_timeout
//! [`Sender::close`]: crate::Sender::close
//! [`Sender::send`]: crate::Sender::send
//! [`Sender::reserve`]: crate::Sender::reserve
