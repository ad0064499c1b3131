//! Deadlines and keep-alive.
//!
//! A connection has no clock. Your program tells it the time with [`tick`], and `tick` returns the next
//! deadline. Any clock that does not go backwards and any timer will do: a read timeout, `epoll_wait`, a
//! timer of an async runtime. A program that never calls `tick` has no deadlines and sends no Pings.
//!
//! | field of [`Config`] | default | at the deadline |
//! |---|---|---|
//! | [`handshake_timeout`] | 10 s | The opening handshake is aborted with [`Timeout::Handshake`]. A server that has received the start of a request writes a 408 response. |
//! | [`ping_interval`] | 20 s without input | `tick` writes a Ping. |
//! | [`pong_timeout`] | 20 s without input after that Ping | The connection ends with [`Timeout::Pong`]. Any input stops this deadline, not only a Pong. |
//! | [`close_timeout`] | 10 s | The peer has not sent its Close, or has not closed the transport: [`Timeout::Close`]. |
//!
//! `None` switches a deadline off.
//!
//! # Rules
//!
//! * Call `tick` before each wait, and when the deadline that it returned has passed. The argument is the
//!   time since a fixed point that you choose, for example [`Instant::elapsed`] of the connection's start.
//! * Write `out` after each call, also after an error: a Ping, a Close frame or a 408 response can be in it.
//! * An error is final: each later call returns it again. Close the transport.
//! * `tick` does not limit how long a write takes. Set a write timeout on the transport for a peer that does
//!   not read.
//!
//! # Example
//!
//! The example supplies the time itself, so it needs no waiting. The same method makes tests of deadlines
//! fast.
//!
//! ```
//! use core::time::Duration;
//!
//! use websocket_proto::{Config, Connection, Negotiated, ReceiveBuffer, Server, Timeout};
//!
//! let mut config = Config::default();
//! config.ping_interval = Some(Duration::from_secs(30));
//! let mut ws = Connection::established(Server::new(), Negotiated::new(), config);
//! let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
//! let seconds = Duration::from_secs;
//!
//! // In a real loop: `ws.tick(started.elapsed(), &mut out)`.
//! assert_eq!(ws.tick(seconds(5), &mut out), Ok(Some(seconds(35)))); // the silence begins with the first call
//! assert_eq!(ws.tick(seconds(35), &mut out), Ok(Some(seconds(55)))); // a Ping is in `out`
//! assert_eq!(out[0], 0x89);
//!
//! // Input arrives: the wait for the Pong ends, and a new silence begins.
//! assert_eq!(inbound.feed(b"\x82\x80\0\0\0\0"), 6);
//! while ws.receive(&mut inbound, &mut out)?.is_some() {}
//! assert_eq!(ws.tick(seconds(40), &mut out), Ok(Some(seconds(70))));
//!
//! assert_eq!(ws.tick(seconds(70), &mut out), Ok(Some(seconds(90)))); // the second Ping
//! assert_eq!(ws.tick(seconds(90), &mut out), Err(Timeout::Pong)); // no input for 20 s
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`tick`]: crate::Connection::tick
//! [`Config`]: crate::Config
//! [`handshake_timeout`]: crate::Config::handshake_timeout
//! [`ping_interval`]: crate::Config::ping_interval
//! [`pong_timeout`]: crate::Config::pong_timeout
//! [`close_timeout`]: crate::Config::close_timeout
//! [`Timeout::Handshake`]: crate::Timeout::Handshake
//! [`Timeout::Pong`]: crate::Timeout::Pong
//! [`Timeout::Close`]: crate::Timeout::Close
//! [`Instant::elapsed`]: std::time::Instant::elapsed
