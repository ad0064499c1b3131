//! The client's request, as the server checks it (§4.2.1).

use core::{fmt, str};

use super::request_fields::{RequestFields, RequestKind};
use super::subprotocol::Subprotocols;
use crate::error::HandshakeError;
use crate::handshake::authority::Authority;
use crate::handshake::extensions::Extensions;
use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::{Headers, Known};
use crate::handshake::http1::grammar::{ascii, is_token};
use crate::handshake::http1::reader::Head;
use crate::handshake::http1::scan::find;

/// A client's request, checked (§4.2.1). Its texts borrow from the receive buffer.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Accept, Config, Connection, Event, ReceiveBuffer, Reject, Server};
///
/// let mut connection = Connection::server(Config::default());
/// let (mut buffer, mut out) = (ReceiveBuffer::new(), Vec::new());
/// buffer.feed(
///     b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///       Origin: https://example.com\r\nSec-WebSocket-Version: 13\r\n\
///       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
/// );
/// let Some(Event::Request(request)) = connection.receive(&mut buffer, &mut out)? else { panic!() };
/// match (request.target(), request.origin()) {
///     ("/chat", Some(b"https://example.com")) => connection.accept(Accept::new(), &mut out)?,
///     ("/chat", _) => connection.reject(Reject::new(403), &mut out)?,
///     _ => connection.reject(Reject::new(404), &mut out)?,
/// }
/// assert!(out.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "process_request")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request<'b> {
    target: Target<'b>,
    headers: Headers<'b>,
    fingerprint: Fingerprint,
}

impl<'b> Request<'b> {
    /// The requested resource: path and query, such as `/chat?room=1`. If the target is an absolute URI, this
    /// is the part after the authority, which can be a query alone.
    #[doc(alias = "uri")]
    #[doc(alias = "path")]
    #[must_use]
    pub fn target(&self) -> &'b str {
        ascii(self.target.resource)
    }

    /// The server's authority: the host, and the port if the client sent one. It is the Host field or, if the
    /// target is an absolute URI, the authority in that URI (RFC 9112 §3.2.2).
    #[must_use]
    pub fn host(&self) -> &'b str {
        ascii(self.target.authority.or_else(|| self.headers.values(Known::Host).next()).unwrap_or_default())
    }

    /// The origin of the page that sends the request, as received (§4.2.2, §10.2). Browsers always send it. A
    /// server that does not check it accepts connections from any page;
    /// [`Reject::new(403)`](crate::Reject::new) rejects the request.
    #[must_use]
    pub fn origin(&self) -> Option<&'b [u8]> {
        self.headers.first("Origin")
    }

    /// The offered subprotocols, the client's preferred one first.
    #[must_use]
    pub fn subprotocols(&self) -> Subprotocols<'b> {
        Subprotocols::new(self.headers, self.fingerprint)
    }

    /// The offered extensions, in order.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'b> {
        Extensions::new(self.headers)
    }

    /// The value of the first field with this name. Upper and lower case in names are equal.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.headers.first(name)
    }

    /// All fields, in order.
    #[must_use]
    pub fn headers(&self) -> Headers<'b> {
        self.headers
    }

    /// Checks a start line (RFC 9112 §3): `method SP request-target SP HTTP-version`.
    pub(crate) fn start_line(line: &[u8]) -> Result<(), HandshakeError> {
        Target::check(line)
    }

    /// The request of a head, whose start line was checked and whose fields were read into `fields`.
    pub(crate) fn of(head: Head<'b>, fields: &RequestFields) -> Result<(Self, RequestKind), HandshakeError> {
        let target = Target::in_line(head.start_line).and_then(Target::split);
        debug_assert!(target.is_some(), "the start line was checked");
        let target = target.ok_or(HandshakeError::InvalidRequestLine)?;
        fields.check_host()?;
        let request = Self { target, headers: head.headers, fingerprint: fields.fingerprint() };
        Ok((request, fields.kind(head.headers.values(Known::Protocol))?))
    }
}

/// Without the query and the values of the fields, which can be secrets.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target().split('?').next().unwrap_or_default();
        f.debug_struct("Request")
            .field("path", &path)
            .field("host", &self.host())
            .field("headers", &self.headers)
            .finish()
    }
}

/// The request-target (RFC 9112 §3.2), visible ASCII.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Target<'b> {
    /// `None` in the origin-form: then the authority is the Host field.
    authority: Option<&'b [u8]>,
    resource: &'b [u8],
}

impl<'b> Target<'b> {
    /// Checks a start line.
    fn check(line: &[u8]) -> Result<(), HandshakeError> {
        match Target::in_line(line) {
            Some(target) if !target.is_empty() && find(target, b' ').is_none() => {
                // §3: "Fragment identifiers ... MUST NOT be used"
                let valid = find(target, b'#').is_none() && Target::split(target).is_some();
                if valid { Ok(()) } else { Err(HandshakeError::InvalidTarget) }
            }
            _ => Err(start_line_error(line)),
        }
    }

    /// The part of a start line between method and version. `None` for another method or version.
    fn in_line(line: &'b [u8]) -> Option<&'b [u8]> {
        let (method, rest) = line.split_first_chunk::<4>()?;
        let (target, version) = rest.split_last_chunk::<9>()?;
        (method == b"GET " && version == b" HTTP/1.1").then_some(target)
    }

    /// `None` if the target has neither the origin-form nor the absolute-form.
    fn split(target: &'b [u8]) -> Option<Self> {
        if target.starts_with(b"/") {
            return Some(Self { authority: None, resource: target });
        }
        // RFC 9112 §3.2.2: "a server MUST accept the absolute-form in requests"
        let (scheme, rest) = str::from_utf8(target).ok()?.split_once("://")?;
        if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.as_bytes().split_at_checked(end)?;
        Authority::parse(authority).ok()?;
        Some(Self { authority: Some(authority), resource: if resource.is_empty() { b"/" } else { resource } })
    }
}

/// The error in a start line that is not a GET over HTTP/1.1.
fn start_line_error(line: &[u8]) -> HandshakeError {
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
