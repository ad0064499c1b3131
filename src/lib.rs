#![cfg_attr(feature = "std", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "std"), doc = "The WebSocket protocol as a pure state machine.")]
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

mod buffer;

#[cfg(feature = "deflate")]
mod deflate;

mod connection;

#[cfg(feature = "std")]
pub mod guide;

pub use buffer::{ReceiveBuffer, SendBuffer, SendSlice, Storage};
#[cfg(feature = "deflate")]
pub use connection::DeflateConfig;
#[cfg(feature = "alloc")]
pub use connection::PreparedMessage;
pub use connection::{
    Config, Connection, Delivery, Event, HeaderBytes, ReadHalf, Signal, State, TransportAction, WriteHalf,
};
pub use error::{AcceptError, Error, HandshakeError, ProtocolError, RequestError, SendError, Timeout};
#[cfg(feature = "deflate")]
pub use handshake::DeflateParams;
pub use handshake::{
    Accept, ClientRequest, Negotiated, Reject, Request, Response, Subprotocol, Uri, UriError,
};
#[cfg(feature = "getrandom")]
pub use role::OsEntropy;
pub use role::{Client, Entropy, EntropyError, Role, Server};
pub use rules::{CloseFrameStatus, CloseStatus};
pub use wire::{CloseCode, CloseFrame, MessageKind};
