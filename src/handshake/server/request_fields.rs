//! What the fields of a request come to (§4.2.1), one after the other.

use arrayvec::ArrayVec;

use crate::error::HandshakeError;
use crate::handshake::authority::Authority;
use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::{Known, elements, is_token, trim};
use crate::handshake::key::Key;
use crate::handshake::negotiation::{Negotiated, Negotiation};

/// More than this many subprotocols are not compared with each other.
const MAX_REQUESTED_SUBPROTOCOLS: usize = 64;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// An upgrade to `websocket`.
    Upgrade { key: Key, agreed: Negotiated, fingerprint: Fingerprint },
    /// HTTP and nothing else.
    Plain,
}

/// What the fields of a request hold, before it is judged whether they are enough.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Whether it is valid.
    host: Option<bool>,
    origin: bool,
    upgrade: bool,
    connection: bool,
    /// Whether it is 13.
    version: Option<bool>,
    /// `Some(None)` is none of 16 bytes.
    key: Option<Option<Key>>,
    draft_key: bool,
    subprotocols: Lines,
    /// The fingerprint of the subprotocols alone.
    offer: Fingerprint,
    extensions: Negotiation,
}

/// The lines of Sec-WebSocket-Protocol. There is seldom more than one; then it need not be looked for again.
#[derive(Debug, Clone, Copy)]
enum Lines {
    None,
    One(Result<(), HandshakeError>),
    Several,
}

impl Found {
    pub(crate) const NOTHING: Self = Self {
        host: None,
        origin: false,
        upgrade: false,
        connection: false,
        version: None,
        key: None,
        draft_key: false,
        subprotocols: Lines::None,
        offer: Fingerprint::EMPTY,
        extensions: Negotiation::NoLine,
    };

    /// What all of these fields hold, to a server that is ready for the extensions in `ready`.
    pub(crate) fn of<'b>(
        fields: impl Iterator<Item = (&'b [u8], &'b [u8])>,
        ready: Negotiated,
    ) -> Result<Self, HandshakeError> {
        let mut found = Self::NOTHING;
        for (name, value) in fields {
            found.add(name, value, ready)?;
        }
        Ok(found)
    }

    /// One more field.
    #[inline]
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8], ready: Negotiated) -> Result<(), HandshakeError> {
        match Known::of(name) {
            Some(known) => self.add_known(known, trim(value), ready),
            None => Ok(()),
        }
    }

    fn add_known(&mut self, known: Known, value: &[u8], ready: Negotiated) -> Result<(), HandshakeError> {
        let has = |word: &[u8]| elements(value).any(|element| element.eq_ignore_ascii_case(word));
        match known {
            // RFC 9112 §3.2: 400 to a request "that contains more than one Host header field line"
            Known::Host if self.host.is_some() => return Err(HandshakeError::RepeatedHost),
            Known::Host => self.host = Some(Authority::parse(value).is_ok()),
            // RFC 6454 §7.3: "MUST NOT include more than one Origin header field in any HTTP request"
            Known::Origin if self.origin => return Err(HandshakeError::RepeatedOrigin),
            Known::Origin => self.origin = true,
            Known::Upgrade => self.upgrade |= has(b"websocket"),
            Known::Connection => self.connection |= has(b"upgrade"),
            Known::ContentLength => check_content_length(value)?,
            Known::TransferEncoding => return Err(HandshakeError::TransferEncodingNotAllowed),
            // §11.3.1, §11.3.5: "MUST NOT appear more than once in an HTTP request"
            Known::Key if self.key.is_some() => return Err(HandshakeError::RepeatedKey),
            Known::Key => self.key = Some(Key::parse(value)),
            Known::Version if self.version.is_some() => return Err(HandshakeError::RepeatedVersion),
            Known::Version => self.version = Some(value == b"13"),
            Known::DraftKey => self.draft_key = true,
            Known::Protocol => {
                self.offer.add_offer(value);
                self.subprotocols = match self.subprotocols {
                    Lines::None => Lines::One(check_subprotocols([value])),
                    Lines::One(_) | Lines::Several => Lines::Several,
                };
            }
            Known::Extensions => self.extensions.read_offer(value, ready),
            Known::Accept => {}
        }
        Ok(())
    }

    /// RFC 9112 §3.2: 400 to a request "that lacks a Host header field" or "with an invalid field value".
    pub(crate) fn host(&self) -> Result<(), HandshakeError> {
        match self.host {
            Some(true) => Ok(()),
            Some(false) => Err(HandshakeError::InvalidHost),
            None => Err(HandshakeError::MissingHost),
        }
    }

    /// What they ask for over HTTP/1.1. `subprotocols` are the lines of Sec-WebSocket-Protocol.
    pub(crate) fn asked<'b>(
        &self,
        subprotocols: impl Iterator<Item = &'b [u8]>,
    ) -> Result<Asked, HandshakeError> {
        // §4.2.1: Upgrade has the value "websocket", Connection the token "Upgrade"
        if !(self.upgrade && self.connection) {
            return Ok(Asked::Plain);
        }
        if self.draft_key && self.version != Some(true) {
            return Err(HandshakeError::Hixie76);
        }
        self.check_version()?;
        let key = self.key.ok_or(HandshakeError::MissingKey)?.ok_or(HandshakeError::InvalidKey)?;
        Ok(Asked::Upgrade { key, agreed: self.negotiate(subprotocols)?, fingerprint: self.fingerprint() })
    }

    /// The fingerprint of the request.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        match &self.key {
            Some(Some(key)) => self.offer.with_key(key),
            Some(None) | None => self.offer,
        }
    }

    /// §4.2.1: "with a value of 13".
    pub(crate) fn check_version(&self) -> Result<(), HandshakeError> {
        if self.version == Some(true) { Ok(()) } else { Err(HandshakeError::UnsupportedVersion) }
    }

    /// What comes of the subprotocols and extensions offered. `subprotocols` are the lines of
    /// Sec-WebSocket-Protocol.
    pub(crate) fn negotiate<'b>(
        &self,
        subprotocols: impl Iterator<Item = &'b [u8]>,
    ) -> Result<Negotiated, HandshakeError> {
        match self.subprotocols {
            Lines::None => {}
            Lines::One(checked) => checked?,
            Lines::Several => check_subprotocols(subprotocols)?,
        }
        self.extensions.finish()
    }
}

/// RFC 9112 §6.3: content would follow the head. Several equal numbers in a list would be one; they are
/// refused like any other list.
fn check_content_length(value: &[u8]) -> Result<(), HandshakeError> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(HandshakeError::InvalidContentLength);
    }
    if value.iter().any(|&digit| digit != b'0') { Err(HandshakeError::ContentNotAllowed) } else { Ok(()) }
}

/// §4.1: tokens, and "MUST all be unique strings".
#[cold]
fn check_subprotocols<'b>(lines: impl IntoIterator<Item = &'b [u8]>) -> Result<(), HandshakeError> {
    let mut seen = ArrayVec::<&[u8], MAX_REQUESTED_SUBPROTOCOLS>::new();
    for line in lines {
        for name in elements(line) {
            if !is_token(name) {
                return Err(HandshakeError::InvalidSubprotocol);
            }
            if seen.contains(&name) {
                return Err(HandshakeError::RepeatedSubprotocol);
            }
            seen.try_push(name).map_err(|_| HandshakeError::TooManySubprotocols)?;
        }
    }
    // RFC 9110 §5.6.1.2: 1#token has at least one element
    if seen.is_empty() { Err(HandshakeError::InvalidSubprotocol) } else { Ok(()) }
}
