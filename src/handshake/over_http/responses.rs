//! The server's response, for an HTTP library to send (§4.2.2).

use core::fmt;

use crate::error::HandshakeError;
use crate::handshake::deflate_params::ExtensionsValue;
use crate::handshake::http1::fields::{CONNECTION, VERSION, WEBSOCKET_VERSION};
use crate::handshake::key::AcceptKey;
use crate::handshake::negotiation::Negotiated;
use crate::handshake::server::response::{Accept, required_fields};

/// The response that accepts a request (§4.2.2).
/// [`UpgradeRequest::accept`](crate::handshake::UpgradeRequest::accept) returns it. When the HTTP library has
/// sent it, the connection is open.
#[derive(Debug, Clone, Copy)]
pub struct AcceptResponse<'a> {
    accept: Accept<'a>,
    /// `None` for an extended CONNECT.
    key: Option<AcceptKey>,
    negotiated: Negotiated,
    extensions: Option<ExtensionsValue>,
}

impl<'a> AcceptResponse<'a> {
    pub(super) fn new(accept: Accept<'a>, key: Option<AcceptKey>, negotiated: Negotiated) -> Self {
        Self { accept, key, negotiated, extensions: negotiated.response() }
    }

    /// The status: 101 over HTTP/1.1, 200 to an extended CONNECT.
    #[must_use]
    pub const fn status(&self) -> u16 {
        if self.key.is_some() { 101 } else { 200 }
    }

    /// The names and values of the fields; the fields of the application are last. For an extended CONNECT,
    /// the names are in lower case, as HTTP/2 and HTTP/3 require; the application must do the same.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.accept.fields(self.key.as_ref(), self.extensions.as_deref())
    }

    /// The extensions in use, for [`Connection::established`](crate::Connection::established).
    #[must_use]
    pub const fn negotiated(&self) -> Negotiated {
        self.negotiated
    }
}

/// The response that rejects an invalid request (§4.2.2), and the reason. It needs no content; the
/// application can send the text of the error as content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectResponse {
    over: HttpVersion,
    error: HandshakeError,
}

impl RejectResponse {
    /// The response over HTTP/1.1.
    #[must_use]
    pub const fn http11(error: HandshakeError) -> Self {
        Self { over: HttpVersion::Http11, error }
    }

    /// The response to an extended CONNECT.
    #[must_use]
    pub const fn extended_connect(error: HandshakeError) -> Self {
        Self { over: HttpVersion::Http2Or3, error }
    }

    /// The rule that the request breaks.
    #[must_use]
    pub const fn error(&self) -> HandshakeError {
        self.error
    }

    /// The status: that of [`HandshakeError::http_status`], except that HTTP/2 and HTTP/3 have 400 instead of
    /// 426, and an error that only a response can have is 502.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match (self.over, self.error.http_status()) {
            // RFC 9110 §15.5.22: a 426 "MUST send an Upgrade header field", which only HTTP/1.1 has
            (HttpVersion::Http2Or3, Some(426)) => 400,
            // RFC 9110 §15.6.3: only a response can have this error, so a gateway has received it
            (_, None) => 502,
            (_, Some(status)) => status,
        }
    }

    /// The names and values of the fields: the supported version (§4.4), the method, the protocol to upgrade
    /// to.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let (fields, connection) = match (self.over, self.error) {
            (HttpVersion::Http11, _) => {
                (required_fields(self.status()), (self.status() == 426).then_some(CONNECTION))
            }
            (HttpVersion::Http2Or3, HandshakeError::MethodNotAllowed) => (&[("allow", "CONNECT")][..], None),
            (HttpVersion::Http2Or3, HandshakeError::UnsupportedVersion) => {
                (&[(VERSION.http2, WEBSOCKET_VERSION)][..], None)
            }
            (HttpVersion::Http2Or3, _) => (&[][..], None),
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

/// The version of HTTP that carries the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HttpVersion {
    /// HTTP/1.1, with Upgrade.
    Http11,
    /// HTTP/2 or HTTP/3, with an extended CONNECT.
    Http2Or3,
}
