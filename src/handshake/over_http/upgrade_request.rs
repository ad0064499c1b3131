//! The client's request, which an HTTP library has parsed (§4.2.1).

use core::fmt;

use super::field_pairs::{pairs, pairs_of_connect, values};
use super::responses::{AcceptResponse, RejectResponse};
use crate::error::{AcceptError, HandshakeError};
use crate::handshake::extensions::{Extension, Extensions};
use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::Known;
use crate::handshake::key::Key;
use crate::handshake::negotiation::Negotiated;
use crate::handshake::server::request_fields::{RequestFields, RequestKind};
use crate::handshake::server::response::Accept;
use crate::handshake::server::subprotocol::{Subprotocol, Subprotocols};

/// A client's request that an HTTP library has parsed, checked (§4.2.1, RFC 8441 §5).
///
/// `F` yields the fields as pairs of a name and a value. It is `Clone`, because the checks read it several
/// times: `&http::HeaderMap` (hyper, h2, h3), or an iterator that is `Clone`. Names and values are `&str`,
/// `&[u8]`, or references to other types that are `AsRef<[u8]>`. Several lines with one name are several
/// pairs.
///
/// The server declines all offered extensions (§9.1), except with `UpgradeRequest::deflate` (feature
/// `deflate`).
///
/// ```
/// use websocket_proto::handshake::UpgradeRequest;
/// use websocket_proto::{Accept, Config, Connection, Server};
///
/// let fields = [
///     ("Host", "example.com"),
///     ("Upgrade", "websocket"),
///     ("Connection", "Upgrade"),
///     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("Sec-WebSocket-Version", "13"),
///     ("Sec-WebSocket-Protocol", "chat, superchat"),
/// ];
/// let request = UpgradeRequest::http11("GET", fields)?;
/// let mut accept = Accept::new();
/// if let Some(superchat) = request.subprotocols().find(|subprotocol| subprotocol.name() == "superchat") {
///     accept = accept.subprotocol(superchat);
/// }
/// let response = request.accept(accept)?;
/// assert_eq!(response.status(), 101);
/// assert!(response.fields().eq([
///     ("Upgrade", "websocket"),
///     ("Connection", "Upgrade"),
///     ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
///     ("Sec-WebSocket-Protocol", "superchat"),
/// ]));
/// let connection = Connection::established(Server::new(), response.negotiated(), Config::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "WebSocketUpgrade")]
#[doc(alias("create_response", "is_upgrade_request"))]
#[derive(Clone, Copy)]
pub struct UpgradeRequest<F> {
    pub(super) fields: F,
    /// `None` for an extended CONNECT.
    key: Option<Key>,
    pub(super) negotiated: Negotiated,
    fingerprint: Fingerprint,
}

impl<'b, F, N, V> UpgradeRequest<F>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    /// Checks a request over HTTP/1.1. The caller checks the version. HTTP/1.0 has no upgrade: answer it with
    /// [`RejectResponse::http11`] and [`HandshakeError::UnsupportedHttpVersion`].
    ///
    /// # Errors
    /// The rule that the request breaks. [`HandshakeError::NotAnUpgrade`] if the request asks for no upgrade
    /// to `websocket`.
    pub fn http11(method: &str, fields: F) -> Result<Self, RejectResponse> {
        let check = |fields| {
            if method != "GET" {
                return Err(HandshakeError::MethodNotAllowed);
            }
            let request_fields = RequestFields::of(pairs(fields), Negotiated::new())?;
            request_fields.check_host()?;
            request_fields.kind(values(fields, Known::Protocol))
        };
        match check(&fields) {
            Ok(RequestKind::Upgrade { key, negotiated, fingerprint }) => {
                Ok(Self { fields, key: Some(key), negotiated, fingerprint })
            }
            Ok(RequestKind::Plain) => Err(RejectResponse::http11(HandshakeError::NotAnUpgrade)),
            Err(error) => Err(RejectResponse::http11(error)),
        }
    }

    /// Checks an extended CONNECT over HTTP/2 or HTTP/3 (RFC 8441 §5, RFC 9220 §3). `protocol` is the
    /// pseudo-header field `:protocol`. A CONNECT without that field asks for a tunnel, not for a WebSocket.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn extended_connect(method: &str, protocol: &str, fields: F) -> Result<Self, RejectResponse> {
        let check = |fields| {
            if method != "CONNECT" {
                return Err(HandshakeError::MethodNotAllowed);
            }
            if protocol != "websocket" {
                return Err(HandshakeError::UnsupportedProtocol);
            }
            let request_fields = RequestFields::of(pairs_of_connect(fields)?, Negotiated::new())?;
            request_fields.check_version()?;
            Ok((request_fields.negotiate(values(fields, Known::Protocol))?, request_fields.fingerprint()))
        };
        match check(&fields) {
            Ok((negotiated, fingerprint)) => Ok(Self { fields, key: None, negotiated, fingerprint }),
            Err(error) => Err(RejectResponse::extended_connect(error)),
        }
    }

    /// The origin of the page that sends the request, as received (§4.2.2, §10.2). Browsers always send it. A
    /// server that does not check it accepts connections from any page.
    pub fn origin(&self) -> Option<&'b [u8]> {
        values(&self.fields, Known::Origin).next()
    }

    /// The offered subprotocols, the client's preferred one first.
    pub fn subprotocols(&self) -> impl Iterator<Item = Subprotocol<'b>> + use<'b, F, N, V> {
        let fingerprint = self.fingerprint;
        values(&self.fields, Known::Protocol).flat_map(move |line| Subprotocols::of_line(line, fingerprint))
    }

    /// The offered extensions, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> + use<'b, F, N, V> {
        values(&self.fields, Known::Extensions).flat_map(Extensions::of_line)
    }

    /// Accepts the request. Returns the response to send.
    ///
    /// # Errors
    /// The subprotocol is of another request, or a field of the application cannot be written.
    pub fn accept<'a>(&self, accept: Accept<'a>) -> Result<AcceptResponse<'a>, AcceptError> {
        accept.check(self.fingerprint)?;
        Ok(AcceptResponse::new(accept, self.key.as_ref().map(Key::accept), self.negotiated))
    }
}

/// Without the fields, whose values can be secrets (Cookie, Authorization).
impl<F> fmt::Debug for UpgradeRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeRequest").field("negotiated", &self.negotiated).finish_non_exhaustive()
    }
}
