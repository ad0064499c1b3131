//! The fields of a request, checked one by one when they arrive (§4.2.1).

use arrayvec::ArrayVec;

use crate::error::HandshakeError;
use crate::handshake::authority::Authority;
use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::{Known, WEBSOCKET_VERSION};
use crate::handshake::http1::grammar::{elements, has_element, is_token, trim};
use crate::handshake::key::Key;
use crate::handshake::negotiation::{Negotiated, Negotiation};

/// Each name is compared with all names before it: the limit keeps that below 2,048 comparisons, and the list
/// of them within 1 KiB of stack.
const MAX_REQUESTED_SUBPROTOCOLS: usize = 64;

/// The purpose of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// An upgrade to `websocket`.
    Upgrade { key: Key, negotiated: Negotiated, fingerprint: Fingerprint },
    /// Any other HTTP request.
    Plain,
}

/// The facts that were read from the fields of a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestFields {
    /// [`HandshakeError::MissingHost`] before the field is read.
    host: Result<(), HandshakeError>,
    has_origin: bool,
    /// Whether Upgrade has the protocol `websocket`.
    upgrade: bool,
    /// Whether Connection has the option `Upgrade`.
    connection: bool,
    /// Whether the version is 13.
    version: Option<bool>,
    /// [`HandshakeError::MissingKey`] before the field is read.
    key: Result<Key, HandshakeError>,
    has_draft_key: bool,
    subprotocols: SubprotocolLines,
    /// The fingerprint of the subprotocols alone.
    offer: Fingerprint,
    extensions: Negotiation,
}

/// The lines of Sec-WebSocket-Protocol. Most requests have at most one: its check is kept, because a second
/// search for the line takes 10 % of the handshake.
#[derive(Debug, Clone, Copy)]
enum SubprotocolLines {
    None,
    One(Result<(), HandshakeError>),
    Several,
}

impl RequestFields {
    pub(crate) const NONE: Self = Self {
        host: Err(HandshakeError::MissingHost),
        has_origin: false,
        upgrade: false,
        connection: false,
        version: None,
        key: Err(HandshakeError::MissingKey),
        has_draft_key: false,
        subprotocols: SubprotocolLines::None,
        offer: Fingerprint::EMPTY,
        extensions: Negotiation::NoLine,
    };

    /// Reads all of these fields. `supported` are the extensions that the server supports.
    pub(crate) fn of<'b>(
        fields: impl Iterator<Item = (&'b [u8], &'b [u8])>,
        supported: Negotiated,
    ) -> Result<Self, HandshakeError> {
        let mut read = Self::NONE;
        for (name, value) in fields {
            if let Some(known) = Known::of(name) {
                read.read(known, value, supported)?;
            }
        }
        Ok(read)
    }

    /// Reads one more field. `value` can have whitespace around it.
    pub(crate) fn read(
        &mut self,
        known: Known,
        value: &[u8],
        supported: Negotiated,
    ) -> Result<(), HandshakeError> {
        let value = trim(value);
        match known {
            Known::Host if self.host == Err(HandshakeError::MissingHost) => {
                self.host = Authority::parse(value).map(|_| ()).map_err(|_| HandshakeError::InvalidHost);
            }
            // RFC 9112 §3.2: 400 to a request "that contains more than one Host header field line"
            Known::Host => return Err(HandshakeError::RepeatedHost),
            // RFC 6454 §7.3: "MUST NOT include more than one Origin header field in any HTTP request"
            Known::Origin if self.has_origin => return Err(HandshakeError::RepeatedOrigin),
            Known::Origin => self.has_origin = true,
            Known::Upgrade => self.upgrade |= has_element(value, b"websocket"),
            Known::Connection => self.connection |= has_element(value, b"Upgrade"),
            Known::ContentLength => check_content_length(value)?,
            Known::TransferEncoding => return Err(HandshakeError::TransferEncodingNotAllowed),
            Known::Key if self.key == Err(HandshakeError::MissingKey) => {
                self.key = Key::parse(value).ok_or(HandshakeError::InvalidKey);
            }
            // §11.3.1, §11.3.5: "MUST NOT appear more than once in an HTTP request"
            Known::Key => return Err(HandshakeError::RepeatedKey),
            Known::Version if self.version.is_some() => return Err(HandshakeError::RepeatedVersion),
            Known::Version => self.version = Some(value == WEBSOCKET_VERSION.as_bytes()),
            Known::DraftKey => self.has_draft_key = true,
            Known::Protocol => {
                self.offer.add_offer(value);
                self.subprotocols = match self.subprotocols {
                    SubprotocolLines::None => SubprotocolLines::One(check_subprotocols([value])),
                    SubprotocolLines::One(_) | SubprotocolLines::Several => SubprotocolLines::Several,
                };
            }
            Known::Extensions => self.extensions.read_offer(value, supported),
            Known::Accept => {}
        }
        Ok(())
    }

    /// RFC 9112 §3.2: 400 to a request "that lacks a Host header field" or "with an invalid field value".
    pub(crate) const fn check_host(&self) -> Result<(), HandshakeError> {
        self.host
    }

    /// The purpose of a request over HTTP/1.1. `subprotocols` are the lines of Sec-WebSocket-Protocol.
    pub(crate) fn kind<'b>(
        &self,
        subprotocols: impl Iterator<Item = &'b [u8]>,
    ) -> Result<RequestKind, HandshakeError> {
        // §4.2.1: Upgrade has the value "websocket", Connection the token "Upgrade"
        if !(self.upgrade && self.connection) {
            return Ok(RequestKind::Plain);
        }
        if self.has_draft_key && self.version != Some(true) {
            return Err(HandshakeError::Hixie76);
        }
        self.check_version()?;
        let key = self.key?;
        let negotiated = self.negotiate(subprotocols)?;
        Ok(RequestKind::Upgrade { key, negotiated, fingerprint: self.fingerprint() })
    }

    /// The fingerprint of the request.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        match &self.key {
            Ok(key) => self.offer.with_key(key),
            Err(_) => self.offer,
        }
    }

    /// §4.2.1: "with a value of 13".
    pub(crate) fn check_version(&self) -> Result<(), HandshakeError> {
        if self.version == Some(true) { Ok(()) } else { Err(HandshakeError::UnsupportedVersion) }
    }

    /// Checks the offered subprotocols and negotiates the offered extensions. `subprotocols` are the lines of
    /// Sec-WebSocket-Protocol.
    pub(crate) fn negotiate<'b>(
        &self,
        subprotocols: impl Iterator<Item = &'b [u8]>,
    ) -> Result<Negotiated, HandshakeError> {
        match self.subprotocols {
            SubprotocolLines::None => {}
            SubprotocolLines::One(result) => result?,
            SubprotocolLines::Several => check_subprotocols(subprotocols)?,
        }
        self.extensions.finish()
    }
}

/// RFC 9112 §6.3: a Content-Length announces content. A list of equal numbers would be valid; it is refused
/// like any other list.
fn check_content_length(value: &[u8]) -> Result<(), HandshakeError> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(HandshakeError::InvalidContentLength);
    }
    if value.iter().any(|&digit| digit != b'0') { Err(HandshakeError::ContentNotAllowed) } else { Ok(()) }
}

/// §4.1: tokens, and "MUST all be unique strings".
// Not inlined, so that the 1 KiB of the list is on the stack only during this call.
#[inline(never)]
fn check_subprotocols<'b>(lines: impl IntoIterator<Item = &'b [u8]>) -> Result<(), HandshakeError> {
    let mut names = ArrayVec::<&[u8], MAX_REQUESTED_SUBPROTOCOLS>::new();
    for name in lines.into_iter().flat_map(elements) {
        if !is_token(name) {
            return Err(HandshakeError::InvalidSubprotocol);
        }
        if names.contains(&name) {
            return Err(HandshakeError::RepeatedSubprotocol);
        }
        names.try_push(name).map_err(|_| HandshakeError::TooManySubprotocols)?;
    }
    // RFC 9110 §5.6.1.2: 1#token has at least one element
    if names.is_empty() { Err(HandshakeError::InvalidSubprotocol) } else { Ok(()) }
}
