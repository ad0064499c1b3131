//! The WebSocket protocol as a state machine without I/O.
//!
//! The crate implements RFC 6455 for servers and clients, the opening handshakes over HTTP/2 and HTTP/3
//! (RFC 8441, RFC 9220) and, with the feature `deflate`, permessage-deflate (RFC 7692). It turns input bytes
//! into events, and messages into output bytes. It has no sockets, no runtime, no clock, no random number
//! generator and no `unsafe` code. No input makes it panic, in any order of calls.
//!
//! **In scope:** the opening handshake on both sides, framing, masking, fragmentation, UTF-8 validation,
//! control frames, the closing handshake, limits, deadlines. **Out of scope:** sockets, TLS, DNS, redirects,
//! proxies, authentication, and HTTP apart from the handshake.
//!
//! # Data flow
//!
//! ```text
//!              ReceiveBuffer (yours)                          out (yours): Vec<u8>, BytesMut, SendSlice …
//! transport ──▶ spare_mut/advance ──▶ Connection::receive ──▶ Event<'b>        ▲
//!                                       │      (borrows the buffer,            │ Pong, Close, HTTP error:
//!                                       │       not the connection)            │ written by receive
//!                                       └──────────────────────────────────────┤
//! application ── accept · reject · send_* · ping · close ──────────────────────┤
//! your clock ─── tick(now) ────────────────────────────────────────────────────┘ ──▶ transport
//! ```
//!
//! 1. **You own the buffers.** A [`ReceiveBuffer`] holds the input, which is unmasked in place. Output is
//!    appended to `out`, which can be any [`SendBuffer`]. A [`Connection`] allocates no heap memory (except
//!    for compression), and stores at most one pending reply.
//! 2. **An [`Event`] borrows the receive buffer, not the connection.** You can answer a message while you
//!    hold it. `receive` does not copy a message that arrives in one frame, except to decompress it.
//! 3. **"Not yet" is `Ok(None)`.** Unused input stays in the buffer. How the input is split into reads never
//!    changes the events, the output or the error, except that each read ends a part with
//!    [`Delivery::Parts`].
//!
//! # Call contract
//!
//! **Receive → act on the event → write `out` → wait.**
//!
//! | methods of [`Connection`] | purpose | write to `out` |
//! |---|---|---|
//! | [`receive`] | process input | Pong and Close frames, HTTP error responses |
//! | [`receive_eof`] | report the end of the transport | no |
//! | [`accept`], [`reject`] | answer the request of a client, once | yes |
//! | [`send_text`], [`send_binary`], [`send_fragment`], [`send_prepared`], [`ping`], [`pong`], [`close`] | send | yes |
//! | [`encode_header`], [`mask_and_encode_header`] | send a payload from your own memory | no: you write the header and the payload after `out` |
//! | [`tick`] | report the time, get the next deadline | Ping and Close frames, a 408 response, the pending reply |
//! | [`flush_reply`] | write a reply that had no room in `out` | yes |
//! | [`state`], [`can_send`], [`transport_action`], [`close_status`], [`has_pending_reply`], [`negotiated`] | query | no |
//!
//! Write `out` to the transport, all bytes and in order, before you wait, **also if a method returned an
//! error**. Several calls can share one write. Then ask [`transport_action`] whether to close the transport.
//! Wait for more input only after `receive` has returned `Ok(None)` and while [`has_pending_reply`] is
//! `false`, and not before a request is answered. Call [`receive_eof`] when the transport ends. The result of a
//! query changes only when you call a method that is not a query.
//!
//! # Errors
//!
//! The type of an error says whose fault it is. An [`Error`] is the peer's fault, and final: the connection
//! has failed, and every later `receive` returns the same error. (The exception is `Error::WrongBuffer`: the
//! caller passed the receive buffer of another connection, and nothing was consumed.) A [`SendError`],
//! [`AcceptError`] or [`RequestError`] is the caller's: the call was not allowed, `out` has no room, or the
//! entropy source failed. Nothing was written, and nothing has changed. A [`Timeout`], the error of `tick`,
//! is final, too; `receive` returns `Ok(None)` then.
//!
//! # Example
//!
//! A client and a server exchange bytes in memory. [`guide::receive_loop`] shows the loop over a transport.
//!
//! ```
//! # #[cfg(feature = "alloc")] {
//! use websocket_proto::{Accept, ClientRequest, Config, Connection, Event, ReceiveBuffer, Uri};
//!
//! # let unpredictable = |bytes: &mut [u8]| bytes.fill(0xA5);
//! let (mut to_server, mut to_client) = (ReceiveBuffer::new(), ReceiveBuffer::new());
//! let mut out = Vec::new();
//!
//! // The client writes its request. `unpredictable` is a secure random generator, such as `OsEntropy`.
//! let request = ClientRequest::new(Uri::parse("ws://example.com/chat")?);
//! let mut client = Connection::client(request, Config::default(), unpredictable, &mut out)?;
//! assert_eq!(to_server.feed(&out), out.len());
//! out.clear();
//!
//! // The server accepts, and sends a message.
//! let mut server = Connection::server(Config::default());
//! let Some(Event::Request(request)) = server.receive(&mut to_server, &mut out)? else { panic!() };
//! assert_eq!(request.target(), "/chat");
//! server.accept(Accept::new(), &mut out)?;
//! server.send_text("Hello", &mut out)?;
//! assert_eq!(to_client.feed(&out), out.len());
//! out.clear();
//!
//! // The client receives the response and the message.
//! assert!(matches!(client.receive(&mut to_client, &mut out)?, Some(Event::Open(_))));
//! assert!(matches!(client.receive(&mut to_client, &mut out)?, Some(Event::Text("Hello"))));
//! assert!(client.receive(&mut to_client, &mut out)?.is_none()); // more input needed
//! # }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Guide
//!
//! The module [`guide`] has a page for each task: [the loop](guide::receive_loop),
//! [messages](guide::messages), [closing](guide::closing), [deadlines](guide::deadlines), [two
//! tasks](guide::two_tasks), [one buffer for many connections](guide::shared_buffer),
//! [backpressure](guide::backpressure), [broadcast](guide::broadcast), [fixed memory](guide::fixed_memory),
//! [HTTP libraries, HTTP/2 and HTTP/3](guide::over_http), [testing](guide::testing),
//! [security](guide::security), [coming from tungstenite](guide::from_tungstenite).
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `std` | yes | conversion of the errors to [`std::io::Error`], the guide; implies `alloc` |
//! | `alloc` | yes | [`ReceiveBuffer`] over `Vec<u8>`, [`SendBuffer`] for `Vec<u8>`, [`PreparedMessage`] |
//! | `deflate` | | permessage-deflate, compression by `zlib-rs`; off until [`Config`] enables it; links `std` |
//! | `simd` | yes | UTF-8 validation with the widest instructions of the processor, by `simdutf8`; implies `std` |
//! | `http` | | handshakes with the request and response types of the crate `http`; implies `std` |
//! | `bytes` | | `BytesMut` as a receive and send buffer, messages as `Bytes`; implies `alloc` |
//! | `getrandom` | | `OsEntropy`: masking keys from the operating system |
//! | `rand_core` | | any `CryptoRng` as [`Entropy`] |
//! | `arbitrary` | | `Arbitrary` for the types that a fuzz target needs; implies `std` |
//!
//! No feature changes the events, the output or the errors of existing code. Without features the crate needs
//! neither `std` nor `alloc`. The minimum Rust version is 1.85.
//!
//! [`receive`]: Connection::receive
//! [`receive_eof`]: Connection::receive_eof
//! [`accept`]: Connection::accept
//! [`reject`]: Connection::reject
//! [`send_text`]: Connection::send_text
//! [`send_binary`]: Connection::send_binary
//! [`send_fragment`]: Connection::send_fragment
//! [`send_prepared`]: Connection::send_prepared
//! [`ping`]: Connection::ping
//! [`pong`]: Connection::pong
//! [`close`]: Connection::close
//! [`encode_header`]: Connection::encode_header
//! [`mask_and_encode_header`]: Connection::mask_and_encode_header
//! [`tick`]: Connection::tick
//! [`flush_reply`]: Connection::flush_reply
//! [`state`]: Connection::state
//! [`can_send`]: Connection::can_send
//! [`transport_action`]: Connection::transport_action
//! [`close_status`]: Connection::close_status
//! [`has_pending_reply`]: Connection::has_pending_reply
//! [`negotiated`]: Connection::negotiated

#![cfg_attr(not(test), no_std)]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod role;

pub mod wire;

mod error;

mod rules;

pub mod handshake;

mod config;

mod buffer;

mod deflate;

mod connection;

#[cfg(feature = "std")]
pub mod guide;

#[cfg(feature = "alloc")]
pub use buffer::{AttachedBuffer, BufferSlot, SharedBuffer};
pub use buffer::{ReceiveBuffer, SendBuffer, SendSlice, Storage};
#[cfg(feature = "deflate")]
pub use config::DeflateConfig;
pub use config::{Config, Delivery};
#[cfg(feature = "alloc")]
pub use connection::PreparedMessage;
pub use connection::{Connection, Event, ReadHalf, Signal, State, TransportAction, WriteHalf};
pub use error::{AcceptError, Error, HandshakeError, ProtocolError, RequestError, SendError, Timeout};
#[cfg(feature = "deflate")]
#[doc(inline)]
pub use handshake::DeflateParams;
#[doc(inline)]
pub use handshake::{
    Accept, ClientRequest, Negotiated, Reject, Request, Response, Subprotocol, Uri, UriError,
};
#[cfg(feature = "getrandom")]
pub use role::OsEntropy;
#[cfg(feature = "rand_core")]
pub use role::RngEntropy;
pub use role::{Client, Entropy, EntropyError, Role, Server};
pub use rules::{CloseFrameStatus, CloseStatus};
pub use wire::{CloseCode, CloseFrame, HeaderBytes, MessageKind};
