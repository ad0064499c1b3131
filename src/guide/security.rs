//! Security notes for applications.
//!
//! The crate checks the rules of the protocol. Your application must check the rest.
//!
//! # Origin and authentication
//!
//! A page of any web site can open a WebSocket to your server, and the browser sends the user's cookies with
//! the request. The same-origin policy does not prevent this. If your server identifies users by cookies,
//! compare [`Request::origin`] with the origins that you trust, and reject all others (§10.2). A program that
//! is not a browser can send any Origin, so the check does not replace authentication.
//!
//! Check both before you call [`accept`], because the client can send messages after it.
//!
//! # Limits
//!
//! All limits are fields of [`Config`] and have finite defaults. Input that is exactly at a limit is
//! accepted.
//!
//! | field | default | if the input exceeds it |
//! |---|---|---|
//! | [`max_message_size`] | 64 MiB | close code 1009, at the header of the frame that exceeds it |
//! | [`max_frame_size`] | 64 MiB | close code 1009, at the header |
//! | [`max_fragments`] | 65,536 in a message, including empty fragments | close code 1008 |
//! | [`max_head_size`] | 16 KiB | status 431 |
//! | [`max_header_line`] | 8 KiB | status 414 for the request line, 431 for a header field |
//! | [`max_headers`] | 100 | status 431 |
//!
//! The head limits apply at the first byte over the limit, before the line is complete.
//!
//! The defaults fit general use; a chat server does not need messages of 64 MiB. A receive buffer can exceed
//! [`max_message_size`] by one growth step: it doubles up to 4 MiB, then it grows by a quarter. With many
//! connections, lower the limit, use [`Delivery::Parts`], or both. Your program must limit the number of
//! connections and the rate of messages.
//!
//! # Slow and silent peers
//!
//! Without [`tick`], a peer that sends half a request or nothing at all keeps its connection for ever. With
//! `tick`, the defaults end an incomplete handshake after 10 s and a silent connection after 40 s. Set a
//! write timeout on the transport against a peer that sends but does not read; see [`backpressure`].
//!
//! When many clients return at once, for example after a restart, the kernel refuses or delays those that find
//! the queue of the listener full. The default of many libraries is 128 connections; ask for more with
//! `listen`, and raise `net.core.somaxconn` on Linux.
//!
//! # Masking keys
//!
//! A client takes its masking keys from an [`Entropy`] source that you choose. Use a cryptographically secure
//! generator or `OsEntropy` (feature `getrandom`). If the keys are predictable, an attacker who chooses the
//! payload can produce bytes that an intermediary interprets as an HTTP request (§10.3). Do not clone a
//! client that owns a seeded generator: both copies would use the same keys.
//!
//! # Compression
//!
//! Compression is off by default. If a message contains a secret and also text that an attacker chooses, the
//! compressed length can reveal the secret (RFC 7692 §8). Switch compression off for such messages with
//! `Connection::set_compression`. The inflated bytes count against `max_message_size` while a message is
//! inflated, so a small message cannot expand without limit. Each compressed connection needs memory for its
//! windows: `docs/compression.md` in the repository lists the sizes.
//!
//! # Data from the peer
//!
//! Text is valid UTF-8 and can contain any character, control characters included. Header values from
//! [`Request::header`] are bytes, not necessarily UTF-8. A close reason comes from the peer and is not meant
//! for end users (§5.5.1). The `Debug` output of an event contains its payload; do not log it for production
//! traffic.
//!
//! # Encryption
//!
//! The crate has no TLS. For `wss`, use a TLS stream as the transport. The TLS library of a client checks the
//! server's certificate.
//!
//! # Example
//!
//! ```
//! use websocket_proto::{Accept, AcceptError, Connection, Reject, Request, SendBuffer, Server};
//!
//! const TRUSTED: [&[u8]; 2] = [b"https://example.com", b"https://www.example.com"];
//!
//! fn answer(
//!     request: Request<'_>,
//!     ws: &mut Connection<Server>,
//!     out: &mut impl SendBuffer,
//! ) -> Result<(), AcceptError> {
//!     match request.origin() {
//!         Some(origin) if TRUSTED.contains(&origin) => ws.accept(Accept::new(), out),
//!         _ => ws.reject(Reject::new(403).body(b"origin not allowed\n"), out),
//!     }
//! }
//! # use websocket_proto::{Config, Event, ReceiveBuffer};
//! # for (origin, status) in [("https://example.com", "101"), ("https://evil.example", "403")] {
//! #     let request = format!("GET / HTTP/1.1\r\nHost: example.com\r\nOrigin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
//! #     let (mut ws, mut inbound, mut out) = (Connection::server(Config::default()), ReceiveBuffer::new(), Vec::new());
//! #     assert_eq!(inbound.feed(request.as_bytes()), request.len());
//! #     let Some(Event::Request(request)) = ws.receive(&mut inbound, &mut out)? else { panic!("no request") };
//! #     answer(request, &mut ws, &mut out)?;
//! #     assert!(out.starts_with(format!("HTTP/1.1 {status} ").as_bytes()));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Request::origin`]: crate::Request::origin
//! [`Request::header`]: crate::Request::header
//! [`accept`]: crate::Connection::accept
//! [`Config`]: crate::Config
//! [`max_message_size`]: crate::Config::max_message_size
//! [`max_frame_size`]: crate::Config::max_frame_size
//! [`max_fragments`]: crate::Config::max_fragments
//! [`max_head_size`]: crate::Config::max_head_size
//! [`max_header_line`]: crate::Config::max_header_line
//! [`max_headers`]: crate::Config::max_headers
//! [`Delivery::Parts`]: crate::Delivery::Parts
//! [`tick`]: crate::Connection::tick
//! [`backpressure`]: super::backpressure
//! [`Entropy`]: crate::Entropy
