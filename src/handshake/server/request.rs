//! The client's request, as the server checks it (§4.2.1).

use core::{fmt, str};

use super::request_fields::{Asked, Found};
use super::subprotocol::Subprotocols;
use crate::error::HandshakeError;
use crate::handshake::authority::Authority;
use crate::handshake::extensions::Extensions;
use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::{Headers, Known, is_token};
use crate::handshake::http1::reader::Head;
use crate::handshake::http1::scan::find;

/// A valid request (§4.2.1). Its texts borrow from the receive buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request<'b> {
    target: &'b str,
    host: &'b str,
    headers: Headers<'b>,
    fingerprint: Fingerprint,
}

impl<'b> Request<'b> {
    /// The resource asked for: path and query, such as `/chat?room=1`. Of an absolute URI, the part after the
    /// authority, which can be a query alone.
    #[must_use]
    pub fn target(&self) -> &'b str {
        self.target
    }

    /// The server's authority, host and perhaps port: the Host field, or where the target is an absolute URI,
    /// its authority (RFC 9112 §3.2.2).
    #[must_use]
    pub fn host(&self) -> &'b str {
        self.host
    }

    /// The origin of the page that the request comes from, as it was sent (§4.2.2, §10.2). Browsers always
    /// send it, and a request with two of them is refused. Whoever does not check it accepts connections
    /// from anywhere; [`Reject::new(403)`](crate::Reject::new) refuses.
    #[must_use]
    pub fn origin(&self) -> Option<&'b [u8]> {
        self.headers.first("Origin")
    }

    /// The subprotocols offered, the client's favourite first.
    #[must_use]
    pub fn subprotocols(&self) -> Subprotocols<'b> {
        Subprotocols::new(self.headers, self.fingerprint)
    }

    /// The extensions offered, in order.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'b> {
        Extensions::new(self.headers)
    }

    /// The value of the first field of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.headers.first(name)
    }

    /// All fields, in order.
    #[must_use]
    pub fn headers(&self) -> Headers<'b> {
        self.headers
    }

    /// RFC 9112 §3: `method SP request-target SP HTTP-version`; judges a start line.
    pub(crate) fn start_line(line: &[u8]) -> Result<(), HandshakeError> {
        Target::of(line).map(|_| ())
    }

    /// What a head asks for (§4.2.1): `found` in its fields, its start line judged.
    pub(crate) fn of(head: Head<'b>, found: &Found) -> Result<(Self, Asked), HandshakeError> {
        let target = Target::of(head.start_line)?;
        found.host()?;
        let host = match target.authority {
            Some(authority) => authority,
            None => head
                .headers
                .values(Known::Host)
                .next()
                .and_then(|host| str::from_utf8(host).ok())
                .unwrap_or_default(),
        };
        let request =
            Self { target: target.resource, host, headers: head.headers, fingerprint: found.fingerprint() };
        Ok((request, found.asked(head.headers.values(Known::Protocol))?))
    }
}

/// Without the query and the values of the fields, which can be secrets.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        f.debug_struct("Request")
            .field("path", &path)
            .field("host", &self.host)
            .field("headers", &self.headers)
            .finish()
    }
}

/// The request-target (RFC 9112 §3.2).
struct Target<'b> {
    authority: Option<&'b str>,
    resource: &'b str,
}

impl<'b> Target<'b> {
    /// That of a start line.
    fn of(line: &'b [u8]) -> Result<Self, HandshakeError> {
        match line.strip_prefix(b"GET ").and_then(|rest| rest.strip_suffix(b" HTTP/1.1")) {
            Some(target) if !target.is_empty() && find(target, b' ').is_none() => Self::parse(target),
            _ => Err(refused_start_line(line)),
        }
    }

    fn parse(target: &'b [u8]) -> Result<Self, HandshakeError> {
        // §3: "Fragment identifiers ... MUST NOT be used"
        if find(target, b'#').is_some() {
            return Err(HandshakeError::InvalidTarget);
        }
        // A start line is of visible ASCII and SP.
        let target = str::from_utf8(target).map_err(|_| HandshakeError::InvalidTarget)?;
        if target.starts_with('/') {
            return Ok(Self { authority: None, resource: target });
        }
        // RFC 9112 §3.2.2: "a server MUST accept the absolute-form in requests"
        let (scheme, rest) = target.split_once("://").ok_or(HandshakeError::InvalidTarget)?;
        if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) {
            return Err(HandshakeError::InvalidTarget);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at_checked(end).ok_or(HandshakeError::InvalidTarget)?;
        if Authority::parse(authority.as_bytes()).is_err() {
            return Err(HandshakeError::InvalidTarget);
        }
        Ok(Self { authority: Some(authority), resource: if resource.is_empty() { "/" } else { resource } })
    }
}

/// What is wrong with a start line that is not that of a GET over HTTP/1.1.
#[cold]
fn refused_start_line(line: &[u8]) -> HandshakeError {
    let mut parts = line.split(|&byte| byte == b' ');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(method), Some([_, ..]), Some(version), None) if is_token(method) => match version {
            b"HTTP/1.1" => HandshakeError::MethodNotAllowed,
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                HandshakeError::UnsupportedHttpVersion
            }
            _ => HandshakeError::InvalidRequestLine,
        },
        _ => HandshakeError::InvalidRequestLine,
    }
}
