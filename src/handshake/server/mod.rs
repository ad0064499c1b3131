//! The server's half of the opening handshake: the check of the request (§4.2.1), and the response (§4.2.2).

pub(super) mod request;
pub(super) mod request_fields;
pub(super) mod response;
pub(super) mod subprotocol;
