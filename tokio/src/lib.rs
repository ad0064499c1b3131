//! WebSocket servers and clients for tokio.

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
mod masking;
mod message;
mod output;
mod reply;
mod split;
#[cfg_attr(not(feature = "tracing"), path = "trace_off.rs")]
mod trace;
mod utf8_bytes;
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
pub use utf8_bytes::Utf8Bytes;
pub use websocket::{Role, WebSocket};
#[doc(no_inline)]
pub use websocket_proto::{
    AcceptError, CloseCode, CloseStatus, Config, HandshakeError, MessageKind, Negotiated, PreparedMessage,
    ProtocolError, Request, RequestError, SendError, Timeout, UriError, handshake,
};
#[doc(no_inline)]
#[cfg(feature = "deflate")]
pub use websocket_proto::{DeflateConfig, DeflateParams};
