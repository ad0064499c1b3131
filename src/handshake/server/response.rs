//! The server's answers: the 101 (§4.2.2), a refusal of the application's, and a refusal of what breaks the
//! rules.

use core::fmt;

use arrayvec::ArrayVec;

use super::subprotocol::Subprotocol;
use crate::error::{AcceptError, HandshakeError};
use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::{
    CONNECTION, UPGRADE, VERSION, is_field, is_reserved, names, write_fields,
};
use crate::handshake::key::AcceptKey;
use crate::handshake::negotiation::Negotiated;

/// How to accept a request (§4.2.2).
#[derive(Clone, Copy, Default)]
pub struct Accept<'a> {
    subprotocol: Option<Subprotocol<'a>>,
    headers: &'a [(&'a str, &'a str)],
}

impl<'a> Accept<'a> {
    /// With no subprotocol and no fields of the application's.
    #[must_use]
    pub const fn new() -> Self {
        Self { subprotocol: None, headers: &[] }
    }

    /// Speaks this subprotocol, one that the request to accept offers.
    #[must_use]
    pub const fn subprotocol(self, subprotocol: Subprotocol<'a>) -> Self {
        Self { subprotocol: Some(subprotocol), ..self }
    }

    /// Adds these fields, such as Set-Cookie. Host, Upgrade, Connection, Content-Length, Transfer-Encoding
    /// and all of Sec-WebSocket-* are the handshake's own.
    #[must_use]
    pub const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// Whether it can accept the request of this fingerprint.
    pub(crate) fn check(&self, request: Fingerprint) -> Result<(), AcceptError> {
        // §4.2.2: "by selecting one of the values from the |Sec-WebSocket-Protocol| field"
        if self.subprotocol.is_some_and(|subprotocol| !subprotocol.is_of(request)) {
            return Err(AcceptError::SubprotocolNotOffered);
        }
        check_headers(self.headers)
    }

    /// The fields that [`write`](Self::write) writes, `extensions` being what is said of them; without a key,
    /// those that answer an extended CONNECT (RFC 8441 §5).
    pub(crate) fn fields<'s>(
        &'s self,
        key: Option<&'s AcceptKey>,
        extensions: Option<&'s str>,
    ) -> impl Iterator<Item = (&'s str, &'s str)> {
        let upgrade = key.map(|key| [UPGRADE, CONNECTION, ("Sec-WebSocket-Accept", key.as_str())]);
        // RFC 8441 §5: "HTTP/2 requires they be encoded as lowercase"
        let [protocol_name, extensions_name] = match key {
            Some(_) => ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"],
            None => ["sec-websocket-protocol", "sec-websocket-extensions"],
        };
        let subprotocol = self.subprotocol.map(|subprotocol| (protocol_name, subprotocol.name()));
        let extensions = extensions.map(|value| (extensions_name, value));
        upgrade.into_iter().flatten().chain(subprotocol).chain(extensions).chain(self.headers.iter().copied())
    }

    /// Writes the response, with the extensions in `negotiated`, piece by piece: few, as all are put twice.
    pub(crate) fn write(&self, key: &AcceptKey, agreed: Negotiated, put: &mut dyn FnMut(&[u8])) {
        put(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
        put(key.as_bytes());
        put(b"\r\n");
        if let Some(subprotocol) = self.subprotocol {
            put(b"Sec-WebSocket-Protocol: ");
            put(subprotocol.name().as_bytes());
            put(b"\r\n");
        }
        write_fields(
            agreed.response().as_deref().map(|value| ("Sec-WebSocket-Extensions", value)).into_iter(),
            put,
        );
        write_fields(self.headers.iter().copied(), put);
        put(b"\r\n");
    }
}

impl fmt::Debug for Accept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept")
            .field("subprotocol", &self.subprotocol)
            .field("headers", &names(self.headers))
            .finish()
    }
}

/// How to answer a request without opening a connection: a refusal (§4.2.2), or any response to a request
/// that is no upgrade.
///
/// The response says `Connection: close`, and how long its content is. One of status 426 names the version
/// and the protocol to upgrade to (§4.4, RFC 9110 §15.5.22), one of 405 the method (RFC 9110 §15.5.6).
#[derive(Clone, Copy)]
pub struct Reject<'a> {
    status: u16,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
}

impl<'a> Reject<'a> {
    /// With this status, 200 to 599, and no content.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self { status, headers: &[], body: b"" }
    }

    /// Adds these fields, such as Content-Type, Location or WWW-Authenticate. Host, Upgrade, Connection,
    /// Content-Length, Transfer-Encoding and all of Sec-WebSocket-* are written by the handshake.
    #[must_use]
    pub const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// With this content.
    #[must_use]
    pub const fn body(self, body: &'a [u8]) -> Self {
        Self { body, ..self }
    }

    /// The answer to a request that breaks the rules; `None` for errors that only a response can have.
    pub(crate) fn of(error: HandshakeError) -> Option<Self> {
        let refusal = Self::new(error.http_status()?);
        Some(match refusal.status {
            // RFC 9110 §9.3.2: no content in the answer to HEAD
            405 | 505 => refusal,
            _ => refusal.headers(&[("Content-Type", "text/plain")]).body(error.text().as_bytes()),
        })
    }

    pub(crate) fn check(&self) -> Result<(), AcceptError> {
        if !(200..=599).contains(&self.status) {
            return Err(AcceptError::InvalidStatus);
        }
        // RFC 9110 §15.3.6: none in a 205 either
        if (!self.has_content() || self.status == 205) && !self.body.is_empty() {
            return Err(AcceptError::ContentNotAllowed);
        }
        check_headers(self.headers)
    }

    /// RFC 9110 §15.3.5, §15.4.5: 204 and 304 have none, and so no length of it.
    const fn has_content(&self) -> bool {
        !matches!(self.status, 204 | 304)
    }

    /// Writes the response, piece by piece.
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
        let required = required(self.status).iter().copied().filter(|(name, _)| !self.has_header(name));
        write_fields(required.chain(self.headers.iter().copied()), put);
        if self.has_content() {
            put(b"Content-Length: ");
            put(&decimal(self.body.len()));
            put(b"\r\n");
        }
        put(b"\r\n");
        put(self.body);
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(found, _)| found.eq_ignore_ascii_case(name))
    }
}

impl fmt::Debug for Reject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reject")
            .field("status", &self.status)
            .field("headers", &names(self.headers))
            .finish_non_exhaustive()
    }
}

/// What a refusal of this status has to say.
pub(crate) const fn required(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field"
        405 => &[("Allow", "GET")],
        // RFC 9110 §15.5.22: "MUST send an Upgrade header field"; §4.4: and the versions it supports
        426 => &[UPGRADE, VERSION],
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

fn decimal(mut number: usize) -> ArrayVec<u8, 20> {
    let mut digits = ArrayVec::new();
    loop {
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

/// RFC 9110 §15. A client ignores it; people read it.
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
