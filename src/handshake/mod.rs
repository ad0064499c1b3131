//! The opening handshake (§4): the HTTP/1.1 head, the checks of request and response, and what answers them.
//! Knows no frames.
//!
//! [`UpgradeRequest`] and [`UpgradeOffer`] are for those who leave HTTP to a library, and for WebSocket over
//! HTTP/2 and HTTP/3.

mod accept;
#[cfg(feature = "deflate")]
mod deflate;
mod extensions;
mod fingerprint;
mod found;
mod http1;
mod key;
mod request;
mod response;
mod upgrade;
mod uri;

pub use accept::{Accept, Reject};
#[cfg(feature = "deflate")]
pub use deflate::DeflateParams;
pub use extensions::{Extension, Extensions, Negotiated, Param, ParamValue, Params};
pub(crate) use found::{Asked, Found};
pub use http1::fields::Headers;
pub(crate) use http1::reader::{HeadLimits, HeadReader};
pub use key::{AcceptKey, Key};
pub use request::{ClientRequest, Request, Subprotocol, Subprotocols};
pub(crate) use response::{Answer, Expected};
pub use response::{Response, UpgradeResponse};
pub use upgrade::{AcceptResponse, RejectResponse, UpgradeOffer, UpgradeRequest};
pub use uri::{Uri, UriError};
