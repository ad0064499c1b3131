//! The opening handshake where something else speaks HTTP (§4, RFC 8441, RFC 9220): the same checks, over
//! fields that were parsed.
//!
//! ```text
//!             server                                            client
//!  method, fields ──▶ UpgradeRequest       ClientRequest ──▶ UpgradeOffer ──▶ method, fields
//!                       │ accept(Accept)                       │ check(status, fields)
//!  status, fields ◀── AcceptResponse                               ▼             ◀── status, fields
//!                       │ agreed()                           UpgradeResponse
//!                       ▼                                      ▼ agreed()
//!               Connection::established(Server, …)   Connection::established(Client, …)
//! ```
//! No extension is negotiated unless `deflate` of a [`UpgradeRequest`] or of a [`UpgradeOffer`] says so
//! (feature `deflate`); then as by a [`Connection`](crate::Connection) whose [`Config`](crate::Config) does.
//! The start line, the pseudo-header fields and the stream after the handshake are the HTTP library's.

#[cfg(feature = "deflate")]
mod deflate;
mod field_pairs;
#[cfg(feature = "http")]
mod http_types;
pub(super) mod responses;
pub(super) mod upgrade_offer;
pub(super) mod upgrade_request;
