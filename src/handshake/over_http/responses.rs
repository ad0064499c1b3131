//! The server's response where an HTTP library sends it (§4.2.2).

use core::fmt;

use crate::error::HandshakeError;
use crate::handshake::deflate_params::ExtensionsValue;
use crate::handshake::http1::fields::{CONNECTION, VERSION, WEBSOCKET_VERSION};
use crate::handshake::key::AcceptKey;
use crate::handshake::negotiation::Negotiated;
use crate::handshake::server::response::{Accept, required_fields};

/// The response that accepts a request (§4.2.2). The connection is open once it was sent.
#[derive(Debug, Clone, Copy)]
pub struct AcceptResponse<'a> {
    accept: Accept<'a>,
    /// None to an extended CONNECT.
    key: Option<AcceptKey>,
    negotiated: Negotiated,
    extensions: Option<ExtensionsValue>,
}

impl<'a> AcceptResponse<'a> {
    pub(super) fn new(accept: Accept<'a>, key: Option<AcceptKey>, negotiated: Negotiated) -> Self {
        Self { accept, key, negotiated, extensions: negotiated.response() }
    }

    /// The status: 101, or 200 to an extended CONNECT.
    #[must_use]
    pub const fn status(&self) -> u16 {
        if self.key.is_some() { 101 } else { 200 }
    }

    /// The fields, names and values; those of the application's last. Names to an extended CONNECT are in
    /// lower case, as HTTP/2 and HTTP/3 want them, except for the application's.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.accept.fields(self.key.as_ref(), self.extensions.as_deref())
    }

    /// What frames depend on, for [`Connection::established`](crate::Connection::established).
    #[must_use]
    pub const fn negotiated(&self) -> Negotiated {
        self.negotiated
    }
}

/// The response to a request that breaks the rules (§4.2.2), and why. It needs no content; the error's text
/// can be it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectResponse {
    over: Http,
    error: HandshakeError,
}

impl RejectResponse {
    /// The answer over HTTP/1.1.
    #[must_use]
    pub const fn http11(error: HandshakeError) -> Self {
        Self { over: Http::One, error }
    }

    /// The answer to an extended CONNECT.
    #[must_use]
    pub const fn extended_connect(error: HandshakeError) -> Self {
        Self { over: Http::Later, error }
    }

    /// What was wrong.
    #[must_use]
    pub const fn error(&self) -> HandshakeError {
        self.error
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match (self.over, self.error.http_status()) {
            // RFC 9110 §15.5.22: a 426 "MUST send an Upgrade header field", which only HTTP/1.1 has
            (Http::Later, Some(426)) => 400,
            // RFC 9110 §15.6.3: a response was wrong, so that whoever asks for another has a 502 to give
            (_, None) => 502,
            (_, Some(status)) => status,
        }
    }

    /// The fields, names and values: the versions there are (§4.4), the method, the protocol to upgrade to.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let (fields, connection) = match (self.over, self.error) {
            (Http::One, _) => (required_fields(self.status()), (self.status() == 426).then_some(CONNECTION)),
            (Http::Later, HandshakeError::MethodNotAllowed) => (&[("allow", "CONNECT")][..], None),
            (Http::Later, HandshakeError::UnsupportedVersion) => {
                (&[(VERSION.http2, WEBSOCKET_VERSION)][..], None)
            }
            (Http::Later, _) => (&[][..], None),
        };
        fields.iter().copied().chain(connection)
    }
}

impl fmt::Display for RejectResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for RejectResponse {}

/// What carries the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Http {
    /// HTTP/1.1, with Upgrade.
    One,
    /// HTTP/2 or HTTP/3, with an extended CONNECT.
    Later,
}
