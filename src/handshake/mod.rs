//! The opening handshake (§4): the HTTP/1.1 head, and the request and the response of both roles.
//!
//! [`Connection::server`](crate::Connection::server) and [`Connection::client`](crate::Connection::client) do
//! the whole handshake over HTTP/1.1. [`UpgradeRequest`] (server) and [`UpgradeOffer`] (client) are for
//! applications that use an HTTP library, and for WebSocket over HTTP/2 and HTTP/3.

mod authority;
mod client;
#[cfg_attr(not(feature = "deflate"), path = "deflate_params_off.rs")]
mod deflate_params;
mod extensions;
mod fingerprint;
mod http1;
mod key;
mod negotiation;
mod over_http;
mod server;
mod uri;

#[doc(no_inline)]
pub use client::request::ClientRequest;
#[doc(no_inline)]
pub use client::response::Response;
pub use client::response::UpgradeResponse;
pub(crate) use client::response::{ExpectedResponse, FinalResponse};
#[cfg(feature = "deflate")]
#[doc(no_inline)]
pub use deflate_params::DeflateParams;
pub use extensions::{Extension, Extensions, Param, ParamValue, Params};
pub use http1::fields::Headers;
pub(crate) use http1::fields::Known;
pub(crate) use http1::reader::{HeadLimits, HeadReader};
pub use key::{AcceptKey, Key};
#[doc(no_inline)]
pub use negotiation::Negotiated;
pub use over_http::responses::{AcceptResponse, RejectResponse};
pub use over_http::upgrade_offer::UpgradeOffer;
pub use over_http::upgrade_request::UpgradeRequest;
#[doc(no_inline)]
pub use server::request::Request;
pub(crate) use server::request_fields::{RequestFields, RequestKind};
#[doc(no_inline)]
pub use server::response::{Accept, Reject};
#[doc(no_inline)]
pub use server::subprotocol::Subprotocol;
pub use server::subprotocol::Subprotocols;
#[doc(no_inline)]
pub use uri::{Uri, UriError};
