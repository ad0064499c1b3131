//! The server's response, as the client checks it (§4.1).

use core::{fmt, str};

use super::request::Offered;
use crate::error::HandshakeError;
use crate::handshake::extensions::Extensions;
use crate::handshake::http1::fields::{Headers, Known, elements, is_token};
use crate::handshake::http1::reader::Head;
use crate::handshake::key::{AcceptKey, Key};
use crate::handshake::negotiation::{Negotiated, Negotiation};

/// What a client remembers of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// None of an extended CONNECT, whose response proves nothing by it (RFC 8441 §5).
    accept: Option<AcceptKey>,
    offered: Offered,
    pub(crate) extensions: Negotiated,
}

impl Expected {
    pub(crate) fn new(key: Option<&Key>, offered: Offered, extensions: Negotiated) -> Self {
        Self { accept: key.map(Key::accept), offered, extensions }
    }
}

/// What a final response says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer<'b> {
    /// 101: the connection is open.
    Open(Response<'b>, Negotiated),
    /// Anything else (§4.1).
    Rejected(Response<'b>),
}

/// A server's response. Its texts borrow from the receive buffer.
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

    /// The reason phrase; often empty, and possibly not UTF-8 (RFC 9112 §4).
    #[must_use]
    pub fn reason(&self) -> &'b [u8] {
        self.reason
    }

    /// The subprotocol in use (§4.1), one of those that were offered. Of a refusal, none.
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

    /// RFC 9112 §4: `HTTP-version SP 3DIGIT SP [ reason-phrase ]`; the status and the reason.
    pub(crate) fn start_line(line: &[u8]) -> Result<(u16, &[u8]), HandshakeError> {
        let [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9', b' ', status @ ..] =
            line
        else {
            return Err(HandshakeError::InvalidStatusLine);
        };
        let [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', reason @ ..] = status else {
            return Err(HandshakeError::InvalidStatusLine);
        };
        let status = [a, b, c]
            .into_iter()
            .fold(0u16, |status, digit| status.wrapping_mul(10).wrapping_add(u16::from(digit & 0x0F)));
        match (major, minor) {
            (b'1', b'1') => Ok((status, reason)),
            // RFC 9110 §7.8: HTTP/1.0 knows no upgrade, so only a refusal can come in it
            (b'1', b'0') if status != 101 => Ok((status, reason)),
            _ => Err(HandshakeError::UnsupportedHttpVersion),
        }
    }

    /// RFC 9110 §15.2: whether the answer is still to come.
    pub(crate) fn is_interim(head: Head<'_>) -> Result<bool, HandshakeError> {
        let (status, _) = Self::start_line(head.start_line)?;
        Ok(matches!(status, 100 | 102..=199))
    }

    /// Checks the head of a final response (§4.1).
    pub(crate) fn check(head: Head<'b>, expected: &Expected) -> Result<Answer<'b>, HandshakeError> {
        let (status, reason) = Self::start_line(head.start_line)?;
        let response = Self { status, reason, headers: head.headers };
        match status {
            101 => Ok(Answer::Open(response, UpgradeResponse::of(head.headers.pairs(), expected)?.agreed)),
            _ => Ok(Answer::Rejected(response)),
        }
    }
}

/// A response that accepts what the client asked for, checked (§4.1).
#[derive(Debug, Clone, Copy)]
pub struct UpgradeResponse<'b> {
    subprotocol: Option<&'b [u8]>,
    agreed: Negotiated,
}

impl<'b> UpgradeResponse<'b> {
    /// The subprotocol in use, one of those that were offered.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&'b str> {
        self.subprotocol.and_then(|name| str::from_utf8(name).ok())
    }

    /// What frames depend on, for [`Connection::established`](crate::Connection::established).
    #[must_use]
    pub const fn negotiated(&self) -> Negotiated {
        self.agreed
    }

    /// §4.1, the six rules for a 101; the first three have no place in an extended CONNECT (RFC 8441 §5).
    #[inline]
    pub(crate) fn of(
        fields: impl Iterator<Item = (&'b [u8], &'b [u8])>,
        expected: &Expected,
    ) -> Result<Self, HandshakeError> {
        let mut upgrade = None;
        let mut connection = false;
        let mut accept = None;
        let mut subprotocol = None;
        let mut extensions = Negotiation::NoLine;
        for (name, value) in fields {
            match Known::of(name) {
                Some(Known::Upgrade) => {
                    for protocol in elements(value) {
                        upgrade = Some(upgrade != Some(false) && protocol.eq_ignore_ascii_case(b"websocket"));
                    }
                }
                Some(Known::Connection) => {
                    connection |= elements(value).any(|option| option.eq_ignore_ascii_case(b"upgrade"))
                }
                // §11.3.3, §11.3.4: "MUST NOT appear more than once in an HTTP response"
                Some(Known::Accept) if accept.is_some() => return Err(HandshakeError::RepeatedAccept),
                Some(Known::Accept) => accept = Some(value),
                Some(Known::Protocol) if subprotocol.is_some() => {
                    return Err(HandshakeError::RepeatedSubprotocol);
                }
                Some(Known::Protocol) => subprotocol = Some(value),
                // RFC 9112 §6.1: "A server MUST NOT send a Transfer-Encoding header field in any response
                // with a status code of 1xx"
                Some(Known::TransferEncoding) => return Err(HandshakeError::TransferEncodingNotAllowed),
                Some(Known::Extensions) => extensions.read_response(value, expected.extensions),
                Some(
                    Known::Host
                    | Known::Origin
                    | Known::ContentLength
                    | Known::Key
                    | Known::DraftKey
                    | Known::Version,
                )
                | None => {}
            }
        }
        if let Some(expected) = &expected.accept {
            if upgrade != Some(true) {
                return Err(HandshakeError::InvalidUpgrade);
            }
            if !connection {
                return Err(HandshakeError::InvalidConnection);
            }
            if accept.ok_or(HandshakeError::MissingAccept)? != expected.as_bytes() {
                return Err(HandshakeError::AcceptMismatch);
            }
        }
        match subprotocol {
            None => {}
            Some(name) if !is_token(name) => return Err(HandshakeError::InvalidSubprotocol),
            Some(name) if !expected.offered.contains(name) => {
                return Err(HandshakeError::SubprotocolNotOffered);
            }
            Some(_) => {}
        }
        Ok(Self { subprotocol, agreed: extensions.finish()? })
    }
}

/// Names of the fields alone: values can be secrets (Set-Cookie).
impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
