//! The client's request, as it is written (§4.1).

use core::fmt;

use arrayvec::ArrayVec;

use crate::error::RequestError;
use crate::handshake::http1::fields::{
    CONNECTION, Known, LOWERCASE_VERSION, UPGRADE, VERSION, is_field, is_reserved, is_token, names,
    write_fields, write_list,
};
use crate::handshake::key::{Key, fingerprint};
use crate::handshake::negotiation::Negotiated;
use crate::handshake::uri::{Pieces, Uri};

/// More than this many subprotocols are not remembered by a client.
const MAX_OFFERED_SUBPROTOCOLS: usize = 16;

/// A client's request to be made (§4.1): where to, and what to offer and to add.
#[derive(Clone, Copy)]
pub struct ClientRequest<'a> {
    uri: Uri<'a>,
    subprotocols: &'a [&'a str],
    headers: &'a [(&'a str, &'a str)],
}

impl<'a> ClientRequest<'a> {
    /// A request for this URI that offers no subprotocol.
    #[must_use]
    pub const fn new(uri: Uri<'a>) -> Self {
        Self { uri, subprotocols: &[], headers: &[] }
    }

    /// Offers these subprotocols, the favourite first: unique tokens, at most 16 (§4.1).
    #[must_use]
    pub const fn subprotocols(self, subprotocols: &'a [&'a str]) -> Self {
        Self { subprotocols, ..self }
    }

    /// Adds these fields, such as Origin (once), Cookie or Authorization. Host, Upgrade, Connection,
    /// Content-Length, Transfer-Encoding and all of Sec-WebSocket-* are the handshake's own.
    #[must_use]
    pub const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// What a connection remembers of the subprotocols.
    pub(crate) fn check(&self) -> Result<Offered, RequestError> {
        let mut origin = false;
        for field in self.headers {
            if is_reserved(field.0) {
                return Err(RequestError::ReservedField);
            }
            if !is_field(field) {
                return Err(RequestError::InvalidField);
            }
            if Known::of(field.0.as_bytes()) == Some(Known::Origin) {
                // RFC 6454 §7.3: "MUST NOT include more than one Origin header field"
                if origin {
                    return Err(RequestError::RepeatedOrigin);
                }
                origin = true;
            }
        }
        let mut offered = Offered::default();
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

    /// The fields that [`write`](Self::write) writes, `extensions` being what is said of them; without a key,
    /// those of an extended CONNECT (RFC 8441 §5).
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
        // RFC 8441 §5: "HTTP/2 requires they be encoded as lowercase"
        let (version, protocol, extensions_name) = match key {
            Some(_) => (VERSION, "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"),
            None => (LOWERCASE_VERSION, "sec-websocket-protocol", "sec-websocket-extensions"),
        };
        let subprotocols =
            (!self.subprotocols.is_empty()).then_some((protocol, FieldValue::List(self.subprotocols)));
        let extensions = extensions.map(|value| text((extensions_name, value)));
        upgrade
            .into_iter()
            .flatten()
            .chain([text(version)])
            .chain(subprotocols)
            .chain(extensions)
            .chain(self.headers.iter().copied().map(text))
    }

    /// Writes the request, with an offer of the extensions in `ready`, piece by piece: few, as all are put
    /// twice.
    pub(crate) fn write(&self, key: &Key, ready: Negotiated, put: &mut dyn FnMut(&[u8])) {
        put(b"GET ");
        self.uri.write_resource(put);
        put(b" HTTP/1.1\r\nHost: ");
        self.uri.write_authority(put);
        put(b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
        put(key.as_bytes());
        put(b"\r\nSec-WebSocket-Version: 13\r\n");
        if !self.subprotocols.is_empty() {
            put(b"Sec-WebSocket-Protocol: ");
            write_list(self.subprotocols, put);
            put(b"\r\n");
        }
        write_fields(
            ready.offer().as_deref().map(|value| ("Sec-WebSocket-Extensions", value)).into_iter(),
            put,
        );
        write_fields(self.headers.iter().copied(), put);
        put(b"\r\n");
    }
}

/// Names of the fields alone: values can be secrets (Cookie, Authorization), and so can the query.
impl fmt::Debug for ClientRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ClientRequest");
        out.field("host", &self.uri.host())
            .field("subprotocols", &self.subprotocols)
            .field("headers", &names(self.headers))
            .finish()
    }
}

/// The value of a field that is to be written.
#[derive(Clone, Copy)]
pub(crate) enum FieldValue<'a> {
    Text(&'a str),
    Authority(Uri<'a>),
    /// Of one element at least.
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

/// The subprotocols that a client offered, as fingerprints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offered(ArrayVec<[u8; 8], MAX_OFFERED_SUBPROTOCOLS>);

impl Offered {
    /// Whether this one was among them.
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        !self.0.is_empty() && self.0.contains(&fingerprint(name))
    }
}
