//! The opening handshake (§4): the HTTP/1.1 head, the checks of request and response, and what answers them.
//! Knows no frames.
//!
//! [`UpgradeRequest`] and [`UpgradeOffer`] are for those who leave HTTP to a library, and for WebSocket over
//! HTTP/2 and HTTP/3.

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

pub use client::request::ClientRequest;
pub(crate) use client::response::{ExpectedResponse, FinalResponse};
pub use client::response::{Response, UpgradeResponse};
#[cfg(feature = "deflate")]
pub use deflate_params::DeflateParams;
pub use extensions::{Extension, Extensions, Param, ParamValue, Params};
pub use http1::fields::Headers;
pub(crate) use http1::reader::{HeadLimits, HeadReader};
pub use key::{AcceptKey, Key};
pub use negotiation::Negotiated;
pub use over_http::responses::{AcceptResponse, RejectResponse};
pub use over_http::upgrade_offer::UpgradeOffer;
pub use over_http::upgrade_request::UpgradeRequest;
pub use server::request::Request;
pub(crate) use server::request_fields::{RequestFields, RequestKind};
pub use server::response::{Accept, Reject};
pub use server::subprotocol::{Subprotocol, Subprotocols};
pub use uri::{Uri, UriError};
