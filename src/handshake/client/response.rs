//! The server's response, as the client checks it (§4.1).

use core::{fmt, str};

use super::request::OfferedSubprotocols;
use crate::error::HandshakeError;
use crate::handshake::extensions::Extensions;
use crate::handshake::http1::fields::{Headers, Known};
use crate::handshake::http1::grammar::{elements, has_element, is_token};
use crate::handshake::http1::reader::Head;
use crate::handshake::key::{AcceptKey, Key};
use crate::handshake::negotiation::{Negotiated, Negotiation};

/// The values that a client keeps from its request, to check the response against them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectedResponse {
    /// `None` for an extended CONNECT, which has no key (RFC 8441 §5).
    accept: Option<AcceptKey>,
    subprotocols: OfferedSubprotocols,
    /// The extensions that the request offers.
    pub(crate) extensions: Negotiated,
}

impl ExpectedResponse {
    pub(crate) fn new(key: Option<&Key>, subprotocols: OfferedSubprotocols, extensions: Negotiated) -> Self {
        Self { accept: key.map(Key::accept), subprotocols, extensions }
    }
}

/// A final response (RFC 9110 §15.2: one that is not interim).
#[derive(Debug, Clone, Copy)]
pub(crate) enum FinalResponse<'b> {
    /// 101: the connection is open.
    Accepted(Response<'b>, Negotiated),
    /// Any other status (§4.1).
    Rejected(Response<'b>),
}

/// A server's response. Its texts borrow from the receive buffer.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Client, ClientRequest, Config, Connection, Event, ReceiveBuffer, Uri};
///
/// # let entropy = |bytes: &mut [u8]| bytes.fill(0);
/// let request = ClientRequest::new(Uri::parse("ws://example.com/")?);
/// let (mut buffer, mut out) = (ReceiveBuffer::new(), Vec::new());
/// let mut connection = Connection::client(request, Config::default(), entropy, &mut out)?;
///
/// buffer.feed(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n\r\n");
/// let Some(Event::Rejected(response)) = connection.receive(&mut buffer, &mut out)? else { panic!() };
/// assert_eq!((response.status(), response.header("retry-after")), (503, Some(&b"120"[..])));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Response<'b> {
    status: u16,
    reason: &'b [u8],
    headers: Headers<'b>,
}

impl<'b> Response<'b> {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase. It is often empty, and need not be UTF-8 (RFC 9112 §4).
    #[must_use]
    pub fn reason(&self) -> &'b [u8] {
        self.reason
    }

    /// The subprotocol in use, one of the offered ones (§4.1). `None` if the response rejects the request.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&'b str> {
        match self.status {
            101 => self.headers.values(Known::Protocol).next().and_then(|name| str::from_utf8(name).ok()),
            _ => None,
        }
    }

    /// The extensions in the response, in order.
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

    /// Checks a start line.
    pub(crate) fn start_line(line: &[u8]) -> Result<(), HandshakeError> {
        StatusLine::parse(line).map(|_| ())
    }

    /// Whether a final response follows (RFC 9110 §15.2). 101 is final here.
    pub(crate) fn is_interim(head: Head<'_>) -> Result<bool, HandshakeError> {
        let line = StatusLine::parse(head.start_line)?;
        Ok(matches!(line.status, 100 | 102..=199))
    }

    /// Checks the head of a final response (§4.1).
    pub(crate) fn check(
        head: Head<'b>,
        expected: &ExpectedResponse,
    ) -> Result<FinalResponse<'b>, HandshakeError> {
        let StatusLine { status, reason } = StatusLine::parse(head.start_line)?;
        let response = Self { status, reason, headers: head.headers };
        match status {
            101 => {
                let accepted = UpgradeResponse::check(head.headers.pairs(), expected)?;
                Ok(FinalResponse::Accepted(response, accepted.negotiated))
            }
            _ => Ok(FinalResponse::Rejected(response)),
        }
    }
}

/// With the names of the fields only: values can be secrets (Set-Cookie).
impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// RFC 9112 §4: `HTTP-version SP 3DIGIT SP [ reason-phrase ]`.
struct StatusLine<'b> {
    status: u16,
    reason: &'b [u8],
}

impl<'b> StatusLine<'b> {
    fn parse(line: &'b [u8]) -> Result<Self, HandshakeError> {
        let Some([major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9', b' ', rest @ ..]) =
            line.strip_prefix(b"HTTP/")
        else {
            return Err(HandshakeError::InvalidStatusLine);
        };
        let [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', reason @ ..] = rest else {
            return Err(HandshakeError::InvalidStatusLine);
        };
        // Three digits: at most 999.
        let status = [a, b, c]
            .into_iter()
            .fold(0u16, |status, digit| status.wrapping_mul(10).wrapping_add(u16::from(digit & 0x0F)));
        match (major, minor) {
            (b'1', b'1') => Ok(Self { status, reason }),
            // RFC 9110 §7.8: HTTP/1.0 has no upgrade, so the response can only reject the request
            (b'1', b'0') if status != 101 => Ok(Self { status, reason }),
            _ => Err(HandshakeError::UnsupportedHttpVersion),
        }
    }
}

/// A response that accepts the client's request, checked (§4.1).
/// [`UpgradeOffer::check`](crate::handshake::UpgradeOffer::check) returns it.
#[doc(alias = "verify_response")]
#[derive(Debug, Clone, Copy)]
pub struct UpgradeResponse<'b> {
    subprotocol: Option<&'b [u8]>,
    negotiated: Negotiated,
}

impl<'b> UpgradeResponse<'b> {
    /// The subprotocol in use, one of the offered ones.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&'b str> {
        self.subprotocol.and_then(|name| str::from_utf8(name).ok())
    }

    /// The extensions in use, for [`Connection::established`](crate::Connection::established).
    #[must_use]
    pub const fn negotiated(&self) -> Negotiated {
        self.negotiated
    }

    /// Checks the six rules of §4.1 for a 101. The first three do not apply to an extended CONNECT (RFC 8441
    /// §5).
    #[inline]
    pub(crate) fn check(
        fields: impl Iterator<Item = (&'b [u8], &'b [u8])>,
        expected: &ExpectedResponse,
    ) -> Result<Self, HandshakeError> {
        let mut response = ResponseFields::NONE;
        for (name, value) in fields {
            if let Some(known) = Known::of(name) {
                response.read(known, value, expected.extensions)?;
            }
        }
        if let Some(accept) = &expected.accept {
            response.check_upgrade(accept)?;
        }
        match response.subprotocol {
            Some(name) if !is_token(name) => return Err(HandshakeError::InvalidSubprotocol),
            Some(name) if !expected.subprotocols.contains(name) => {
                return Err(HandshakeError::SubprotocolNotOffered);
            }
            Some(_) | None => {}
        }
        Ok(Self { subprotocol: response.subprotocol, negotiated: response.extensions.finish()? })
    }
}

/// The fields of a response, before the check whether they accept the request.
struct ResponseFields<'b> {
    /// Whether Upgrade is `websocket` and nothing else.
    upgrade: Option<bool>,
    /// Whether Connection has the option `Upgrade`.
    connection: bool,
    accept: Option<&'b [u8]>,
    subprotocol: Option<&'b [u8]>,
    extensions: Negotiation,
}

impl<'b> ResponseFields<'b> {
    const NONE: Self = Self {
        upgrade: None,
        connection: false,
        accept: None,
        subprotocol: None,
        extensions: Negotiation::NoLine,
    };

    fn read(&mut self, known: Known, value: &'b [u8], offered: Negotiated) -> Result<(), HandshakeError> {
        match known {
            Known::Upgrade => {
                for protocol in elements(value) {
                    let is_websocket = protocol.eq_ignore_ascii_case(b"websocket");
                    self.upgrade = Some(self.upgrade != Some(false) && is_websocket);
                }
            }
            Known::Connection => {
                self.connection |= has_element(value, b"Upgrade");
            }
            // §11.3.3, §11.3.4: "MUST NOT appear more than once in an HTTP response"
            Known::Accept if self.accept.is_some() => return Err(HandshakeError::RepeatedAccept),
            Known::Accept => self.accept = Some(value),
            Known::Protocol if self.subprotocol.is_some() => return Err(HandshakeError::RepeatedSubprotocol),
            Known::Protocol => self.subprotocol = Some(value),
            // RFC 9112 §6.1: "A server MUST NOT send a Transfer-Encoding header field in any response with a
            // status code of 1xx"
            Known::TransferEncoding => return Err(HandshakeError::TransferEncodingNotAllowed),
            Known::Extensions => self.extensions.read_response(value, offered),
            Known::Host
            | Known::Origin
            | Known::ContentLength
            | Known::Key
            | Known::DraftKey
            | Known::Version => {}
        }
        Ok(())
    }

    fn check_upgrade(&self, expected: &AcceptKey) -> Result<(), HandshakeError> {
        if self.upgrade != Some(true) {
            return Err(HandshakeError::InvalidUpgrade);
        }
        if !self.connection {
            return Err(HandshakeError::InvalidConnection);
        }
        if self.accept.ok_or(HandshakeError::MissingAccept)? != expected.as_bytes() {
            return Err(HandshakeError::AcceptMismatch);
        }
        Ok(())
    }
}
