//! Deadlines and keep-alive.
//!
//! A connection has no clock. Your program tells it the time with [`tick`], and `tick` returns the next
//! deadline. Use any clock that does not go backwards, and any timer: a read timeout, `epoll_wait`, a timer
//! of an async runtime. Without calls of `tick`, there are no deadlines and no automatic Pings.
//!
//! | field of [`Config`] | default | when the time is over |
//! |---|---|---|
//! | [`handshake_timeout`] | 10 s | `tick` returns [`Timeout::Handshake`]. A server that has received the start of a request writes a 408 response. The time between [`Event::Request`] and your answer does not count. |
//! | [`ping_interval`] | 20 s without input | `tick` writes a Ping. |
//! | [`pong_timeout`] | 20 s without input after that Ping | `tick` writes a Close frame and returns [`Timeout::Pong`]. Any input stops this deadline, not only a Pong. |
//! | [`close_timeout`] | 10 s | `tick` returns [`Timeout::Close`]: the peer has not answered a Close, or the server has not closed the transport. |
//!
//! `None` switches a deadline off.
//!
//! # Rules
//!
//! * Call `tick` before each wait, and when the deadline that it returned has passed. The argument is the
//!   time since a fixed point that you choose, for example [`Instant::elapsed`] of the connection's start.
//!   The deadline counts from the same point; `None` means that there is none.
//! * Write `out` after each call, also after an error: it can hold a Ping, a Close frame or a 408 response.
//! * An error is final: each later call returns it again. Close the transport.
//! * `tick` does not limit how long a write takes. Set a write timeout on the transport for a peer that does
//!   not read.
//!
//! # Example
//!
//! The example supplies the time itself, so it does not wait. Tests of deadlines can do the same.
//!
//! ```
//! use core::time::Duration;
//!
//! use websocket_proto::{Config, Connection, Negotiated, ReceiveBuffer, Server, Timeout};
//!
//! let config = Config::new().ping_interval(Some(Duration::from_secs(30)));
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
//! [`Event::Request`]: crate::Event::Request
//! [`Instant::elapsed`]: std::time::Instant::elapsed
