//! The server's response: the 101 (§4.2.2), the rejection by the application, and the rejection of an invalid
//! request.

use core::fmt;

use arrayvec::ArrayVec;

use super::subprotocol::Subprotocol;
use crate::error::{AcceptError, HandshakeError};
use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::{
    CONNECTION, EXTENSIONS, FieldName, PROTOCOL, UPGRADE, VERSION, WEBSOCKET_VERSION, is_reserved, names,
    write_fields,
};
use crate::handshake::http1::grammar::is_field;
use crate::handshake::key::AcceptKey;
use crate::handshake::negotiation::Negotiated;

/// The response that accepts a request (§4.2.2).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Accept, Config, Connection, Event, ReceiveBuffer, Server};
///
/// # let mut connection = Connection::server(Config::default());
/// # let (mut buffer, mut out) = (ReceiveBuffer::new(), Vec::new());
/// # buffer.feed(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
/// # buffer.feed(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
/// # buffer.feed(b"Sec-WebSocket-Protocol: chat.v1, chat.v2\r\n\r\n");
/// let Some(Event::Request(request)) = connection.receive(&mut buffer, &mut out)? else { panic!() };
/// let mut accept = Accept::new().headers(&[("Set-Cookie", "session=8f2a")]);
/// if let Some(chat) = request.subprotocols().find(|subprotocol| subprotocol.name() == "chat.v2") {
///     accept = accept.subprotocol(chat);
/// }
/// connection.accept(accept, &mut out)?;
/// assert!(out.ends_with(b"Sec-WebSocket-Protocol: chat.v2\r\nSet-Cookie: session=8f2a\r\n\r\n"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "accept_hdr")]
#[doc(alias = "Callback")]
#[derive(Clone, Copy, Default)]
pub struct Accept<'a> {
    subprotocol: Option<Subprotocol<'a>>,
    headers: &'a [(&'a str, &'a str)],
}

impl<'a> Accept<'a> {
    /// A response without a subprotocol and without fields of the application.
    #[must_use]
    pub const fn new() -> Self {
        Self { subprotocol: None, headers: &[] }
    }

    /// Selects this subprotocol, which must come from
    /// [`Request::subprotocols`](crate::Request::subprotocols) of the accepted request.
    #[must_use]
    pub const fn subprotocol(self, subprotocol: Subprotocol<'a>) -> Self {
        Self { subprotocol: Some(subprotocol), ..self }
    }

    /// Sets the fields of the application, such as Set-Cookie. Host, Upgrade, Connection, Content-Length,
    /// Transfer-Encoding and all Sec-WebSocket-* fields are an
    /// [error](crate::AcceptError::ReservedField): only the handshake can write them.
    #[must_use]
    pub const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// Checks that the response can be written, for the request with this fingerprint.
    pub(crate) fn check(&self, request: Fingerprint) -> Result<(), AcceptError> {
        // §4.2.2: "by selecting one of the values from the |Sec-WebSocket-Protocol| field"
        if self.subprotocol.is_some_and(|subprotocol| !subprotocol.is_of(request)) {
            return Err(AcceptError::SubprotocolNotOffered);
        }
        check_headers(self.headers)
    }

    /// The fields that [`write`](Self::write) writes. `extensions` is the value of Sec-WebSocket-Extensions.
    /// Without a key, the fields are those of a response to an extended CONNECT (RFC 8441 §5).
    pub(crate) fn fields<'s>(
        &'s self,
        key: Option<&'s AcceptKey>,
        extensions: Option<&'s str>,
    ) -> impl Iterator<Item = (&'s str, &'s str)> {
        let upgrade = key.map(|key| [UPGRADE, CONNECTION, ("Sec-WebSocket-Accept", key.as_str())]);
        let name = |name: FieldName| if key.is_some() { name.http1 } else { name.http2 };
        let subprotocol = self.subprotocol.map(|subprotocol| (name(PROTOCOL), subprotocol.name()));
        let extensions = extensions.map(|value| (name(EXTENSIONS), value));
        upgrade.into_iter().flatten().chain(subprotocol).chain(extensions).chain(self.headers.iter().copied())
    }

    /// Writes the response. The fixed fields are one literal, because `put` is called twice for each piece:
    /// once for the length, once for the bytes.
    pub(crate) fn write(&self, key: &AcceptKey, negotiated: Negotiated, put: &mut dyn FnMut(&[u8])) {
        put(b"HTTP/1.1 101 Switching Protocols\r\n\
              Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
        put(key.as_bytes());
        put(b"\r\n");
        let subprotocol = self.subprotocol.map(|subprotocol| (PROTOCOL.http1, subprotocol.name()));
        write_fields(subprotocol.into_iter(), put);
        let extensions = negotiated.response();
        write_fields(extensions.as_deref().map(|value| (EXTENSIONS.http1, value)).into_iter(), put);
        write_fields(self.headers.iter().copied(), put);
        put(b"\r\n");
    }
}

/// With the names of the fields only: values can be secrets (Set-Cookie).
impl fmt::Debug for Accept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept")
            .field("subprotocol", &self.subprotocol)
            .field("headers", &names(self.headers))
            .finish()
    }
}

/// A response that opens no connection: the rejection of an upgrade request (§4.2.2), or any response to a
/// plain HTTP request.
///
/// The response has `Connection: close` and the length of its content, except that 204 and 304 have no
/// content. With status 426 it also names the version and the protocol to upgrade to (§4.4, RFC 9110
/// §15.5.22), with 405 the method (RFC 9110 §15.5.6).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Config, Connection, Event, ReceiveBuffer, Reject, Server};
///
/// # let mut connection = Connection::server(Config::default());
/// # let (mut buffer, mut out) = (ReceiveBuffer::new(), Vec::new());
/// # buffer.feed(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
/// # buffer.feed(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
/// let Some(Event::Request(_)) = connection.receive(&mut buffer, &mut out)? else { panic!() };
/// let reject = Reject::new(401).headers(&[("WWW-Authenticate", "Bearer")]).body(b"no token");
/// connection.reject(reject, &mut out)?;
/// assert!(out.starts_with(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "ErrorResponse")]
#[derive(Clone, Copy)]
pub struct Reject<'a> {
    status: u16,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
}

impl<'a> Reject<'a> {
    /// A response with this status, from 200 to 599, without content.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self { status, headers: &[], body: b"" }
    }

    /// Sets the fields of the application, such as Content-Type, Location or WWW-Authenticate. Host, Upgrade,
    /// Connection, Content-Length, Transfer-Encoding and all Sec-WebSocket-* fields are an
    /// [error](crate::AcceptError::ReservedField): only the handshake can write them.
    #[must_use]
    pub const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// Sets the content. The handshake writes its Content-Length, but no Content-Type.
    #[must_use]
    pub const fn body(self, body: &'a [u8]) -> Self {
        Self { body, ..self }
    }

    /// The response to an invalid request. `None` for an error that only a response can have.
    pub(crate) fn of(error: HandshakeError) -> Option<Self> {
        let reject = Self::new(error.http_status()?);
        Some(match reject.status {
            // RFC 9110 §9.3.2: the response to a HEAD has no content, and these statuses can answer one
            405 | 505 => reject,
            _ => reject.headers(&[("Content-Type", "text/plain")]).body(error.text().as_bytes()),
        })
    }

    /// Checks that the response can be written.
    pub(crate) fn check(&self) -> Result<(), AcceptError> {
        if !(200..=599).contains(&self.status) {
            return Err(AcceptError::InvalidStatus);
        }
        // RFC 9110 §15.3.6: a 205 has no content either
        if (!self.has_content() || self.status == 205) && !self.body.is_empty() {
            return Err(AcceptError::ContentNotAllowed);
        }
        check_headers(self.headers)
    }

    /// RFC 9110 §15.3.5, §15.4.5: 204 and 304 have no content, so they have no Content-Length.
    const fn has_content(&self) -> bool {
        !matches!(self.status, 204 | 304)
    }

    /// Writes the response.
    pub(crate) fn write(&self, put: &mut dyn FnMut(&[u8])) {
        put(b"HTTP/1.1 ");
        put(&decimal(usize::from(self.status)));
        put(b" ");
        put(reason_phrase(self.status).as_bytes());
        // RFC 9110 §7.8, as in CONNECTION
        put(if self.status == 426 {
            b"\r\nConnection: close, Upgrade\r\n"
        } else {
            b"\r\nConnection: close\r\n"
        });
        let required = required_fields(self.status).iter().copied();
        write_fields(required.filter(|(name, _)| !self.has_header(name)), put);
        write_fields(self.headers.iter().copied(), put);
        if self.has_content() {
            put(b"Content-Length: ");
            put(&decimal(self.body.len()));
            put(b"\r\n");
        }
        put(b"\r\n");
        put(self.body);
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name))
    }
}

/// With the names of the fields only: values can be secrets (Set-Cookie).
impl fmt::Debug for Reject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reject")
            .field("status", &self.status)
            .field("headers", &names(self.headers))
            .finish_non_exhaustive()
    }
}

/// The fields that a rejection with this status must have.
pub(crate) const fn required_fields(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field"
        405 => &[("Allow", "GET")],
        // RFC 9110 §15.5.22: "MUST send an Upgrade header field"; §4.4: and the supported versions
        426 => &[UPGRADE, (VERSION.http1, WEBSOCKET_VERSION)],
        _ => &[],
    }
}

fn check_headers(headers: &[(&str, &str)]) -> Result<(), AcceptError> {
    for field in headers {
        if is_reserved(field.0) {
            return Err(AcceptError::ReservedField);
        }
        if !is_field(field) {
            return Err(AcceptError::InvalidField);
        }
    }
    Ok(())
}

/// The decimal digits of a number.
fn decimal(mut number: usize) -> ArrayVec<u8, 20> {
    let mut digits = ArrayVec::new();
    loop {
        // A remainder below 10 fits.
        let digit = b'0' | (number % 10) as u8;
        let fits = digits.try_push(digit);
        debug_assert!(fits.is_ok(), "2^64 has 20 digits");
        number /= 10;
        if number == 0 {
            digits.reverse();
            return digits;
        }
    }
}

/// RFC 9110 §15. Clients ignore the phrase; it is for people.
const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        414 => "URI Too Long",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
