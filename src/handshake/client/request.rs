//! The client's request, as it is written (§4.1).

use core::fmt;

use arrayvec::ArrayVec;

use crate::error::RequestError;
use crate::handshake::http1::fields::{
    CONNECTION, EXTENSIONS, FieldName, Known, PROTOCOL, UPGRADE, VERSION, WEBSOCKET_VERSION, is_reserved,
    names, write_fields, write_list,
};
use crate::handshake::http1::grammar::{is_field, is_token};
use crate::handshake::key::{Key, fingerprint};
use crate::handshake::negotiation::Negotiated;
use crate::handshake::uri::{Pieces, Uri};

/// While a client waits for the response, it keeps eight bytes of each subprotocol that it offers: 128 bytes
/// for this many.
const MAX_OFFERED_SUBPROTOCOLS: usize = 16;

/// The request of a client (§4.1): the URI, the offered subprotocols, and the application's own fields.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Client, ClientRequest, Config, Connection, Uri};
///
/// # let entropy = |bytes: &mut [u8]| bytes.fill(0);
/// let request = ClientRequest::new(Uri::parse("wss://example.com/chat")?)
///     .subprotocols(&["chat.v2", "chat.v1"])
///     .headers(&[("Origin", "https://example.com"), ("Authorization", "Bearer 4Xo")]);
/// let mut out = Vec::new();
/// let connection = Connection::client(request, Config::default(), entropy, &mut out)?;
/// assert!(out.starts_with(b"GET /chat HTTP/1.1\r\nHost: example.com\r\n"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "IntoClientRequest")]
#[doc(alias = "ClientRequestBuilder")]
#[derive(Clone, Copy)]
pub struct ClientRequest<'a> {
    pub(crate) uri: Uri<'a>,
    subprotocols: &'a [&'a str],
    headers: &'a [(&'a str, &'a str)],
}

impl<'a> ClientRequest<'a> {
    /// A request for this URI that offers no subprotocol.
    #[must_use]
    pub const fn new(uri: Uri<'a>) -> Self {
        Self { uri, subprotocols: &[], headers: &[] }
    }

    /// Sets the offered subprotocols, the preferred one first: unique tokens, at most 16 (§4.1).
    #[doc(alias = "with_sub_protocol")]
    #[must_use]
    pub const fn subprotocols(self, subprotocols: &'a [&'a str]) -> Self {
        Self { subprotocols, ..self }
    }

    /// Sets the fields of the application, such as Origin (once), Cookie or Authorization. Host, Upgrade,
    /// Connection, Content-Length, Transfer-Encoding and all Sec-WebSocket-* fields are an
    /// [error](RequestError::ReservedField): only the handshake can write them.
    #[doc(alias = "with_header")]
    #[must_use]
    pub const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// Checks that the request can be written.
    pub(crate) fn check(&self) -> Result<OfferedSubprotocols, RequestError> {
        let mut has_origin = false;
        for field in self.headers {
            if is_reserved(field.0) {
                return Err(RequestError::ReservedField);
            }
            if !is_field(field) {
                return Err(RequestError::InvalidField);
            }
            if Known::of(field.0.as_bytes()) == Some(Known::Origin) {
                // RFC 6454 §7.3: "MUST NOT include more than one Origin header field"
                if has_origin {
                    return Err(RequestError::RepeatedOrigin);
                }
                has_origin = true;
            }
        }
        let mut offered = OfferedSubprotocols::default();
        for name in self.subprotocols {
            if !is_token(name.as_bytes()) {
                return Err(RequestError::InvalidSubprotocol);
            }
            if offered.contains(name.as_bytes()) {
                return Err(RequestError::RepeatedSubprotocol);
            }
            offered
                .0
                .try_push(fingerprint(name.as_bytes()))
                .map_err(|_| RequestError::TooManySubprotocols)?;
        }
        Ok(offered)
    }

    /// The fields that [`write`](Self::write) writes. `extensions` is the value of Sec-WebSocket-Extensions.
    /// Without a key, the fields are those of an extended CONNECT (RFC 8441 §5).
    pub(crate) fn fields<'s>(
        &'s self,
        key: Option<&'s Key>,
        extensions: Option<&'s str>,
    ) -> impl Iterator<Item = (&'s str, FieldValue<'s>)> {
        let text = |(name, value)| (name, FieldValue::Text(value));
        let upgrade = key.map(|key| {
            let host = ("Host", FieldValue::Authority(self.uri));
            [host, text(UPGRADE), text(CONNECTION), ("Sec-WebSocket-Key", FieldValue::Text(key.as_str()))]
        });
        let name = |name: FieldName| if key.is_some() { name.http1 } else { name.http2 };
        let version = (name(VERSION), FieldValue::Text(WEBSOCKET_VERSION));
        let subprotocols =
            (!self.subprotocols.is_empty()).then_some((name(PROTOCOL), FieldValue::List(self.subprotocols)));
        let extensions = extensions.map(|value| text((name(EXTENSIONS), value)));
        upgrade
            .into_iter()
            .flatten()
            .chain([version])
            .chain(subprotocols)
            .chain(extensions)
            .chain(self.headers.iter().copied().map(text))
    }

    /// Writes the request, which offers the extensions `offered`. The fixed fields are one literal, because
    /// `put` is called twice for each piece: once for the length, once for the bytes.
    pub(crate) fn write(&self, key: &Key, offered: Negotiated, put: &mut dyn FnMut(&[u8])) {
        put(b"GET ");
        self.uri.write_resource(put);
        put(b" HTTP/1.1\r\nHost: ");
        self.uri.write_authority(put);
        put(b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
        put(key.as_bytes());
        put(b"\r\nSec-WebSocket-Version: 13\r\n");
        if !self.subprotocols.is_empty() {
            put(PROTOCOL.http1.as_bytes());
            put(b": ");
            write_list(self.subprotocols, put);
            put(b"\r\n");
        }
        let extensions = offered.offer();
        write_fields(extensions.as_deref().map(|value| (EXTENSIONS.http1, value)).into_iter(), put);
        write_fields(self.headers.iter().copied(), put);
        put(b"\r\n");
    }
}

/// With the names of the fields only: values can be secrets (Cookie, Authorization), and so can the query.
impl fmt::Debug for ClientRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest")
            .field("host", &self.uri.host())
            .field("subprotocols", &self.subprotocols)
            .field("headers", &names(self.headers))
            .finish()
    }
}

/// The value of a field of the request.
#[derive(Clone, Copy)]
pub(crate) enum FieldValue<'a> {
    Text(&'a str),
    Authority(Uri<'a>),
    /// A list of at least one element.
    List(&'a [&'a str]),
}

impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Authority(uri) => uri.authority().fmt(f),
            Self::List(elements) => Pieces(|put: &mut dyn FnMut(&[u8])| write_list(elements, put)).fmt(f),
        }
    }
}

/// The subprotocols that a client offers, as fingerprints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OfferedSubprotocols(ArrayVec<[u8; 8], MAX_OFFERED_SUBPROTOCOLS>);

impl OfferedSubprotocols {
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        // Without an offer, the name is not hashed.
        !self.0.is_empty() && self.0.contains(&fingerprint(name))
    }
}
