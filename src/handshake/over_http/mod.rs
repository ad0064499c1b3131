//! The opening handshake with an HTTP library (§4, RFC 8441, RFC 9220): the same checks as those of a
//! connection, over fields that the library has parsed.
//!
//! ```text
//!             server                                            client
//!  method, fields ──▶ UpgradeRequest       ClientRequest ──▶ UpgradeOffer ──▶ method, fields
//!                       │ accept(Accept)                       │ check(status, fields)
//!  status, fields ◀── AcceptResponse                               ▼             ◀── status, fields
//!                       │ negotiated()                       UpgradeResponse
//!                       ▼                                      ▼ negotiated()
//!               Connection::established(Server, …)   Connection::established(Client, …)
//! ```
//! Extensions are negotiated only with `UpgradeRequest::deflate` and `UpgradeOffer::deflate` (feature
//! `deflate`). The HTTP library has the start line, the pseudo-header fields, and the stream after the
//! handshake.

#[cfg(feature = "deflate")]
mod deflate;
mod field_pairs;
#[cfg(feature = "http")]
mod http_types;
pub(super) mod responses;
pub(super) mod upgrade_offer;
pub(super) mod upgrade_request;
