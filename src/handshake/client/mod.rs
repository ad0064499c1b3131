//! The client's half of the opening handshake: the request, and the check of the response (§4.1).

pub(super) mod request;
pub(super) mod response;
