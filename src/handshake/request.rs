//! The client's request: checking it (§4.2.1), and making it (§4.1).

use core::hash::{Hash, Hasher};
use core::{fmt, str};

use arrayvec::ArrayVec;

use super::extensions::{Extensions, Negotiated};
use super::fingerprint::Fingerprint;
use super::found::{Asked, Found, is_authority};
use super::http1::fields::{
    CONNECTION, Headers, Known, LOWERCASE_VERSION, UPGRADE, VERSION, Values, is_field, is_reserved, is_token,
    names, trim, write_fields, write_list,
};
use super::http1::reader::Head;
use super::http1::scan::find;
use super::key::{Key, fingerprint};
use super::uri::{Pieces, Uri};
use crate::error::{HandshakeError, RequestError};

/// More than this many subprotocols are not remembered by a client.
const MAX_OFFERED_SUBPROTOCOLS: usize = 16;

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
    /// from anywhere; [`Reject::new(403)`](super::Reject::new) refuses.
    #[must_use]
    pub fn origin(&self) -> Option<&'b [u8]> {
        self.headers.first("Origin")
    }

    /// The subprotocols offered, the client's favourite first.
    #[must_use]
    pub fn subprotocols(&self) -> Subprotocols<'b> {
        Subprotocols { lines: self.headers.values(Known::Protocol), line: b"", fingerprint: self.fingerprint }
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
        if !is_authority(authority.as_bytes()) {
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

/// A subprotocol that a client offered (§1.9), a token.
///
/// Only [`Request::subprotocols`] and [`UpgradeRequest::subprotocols`](super::UpgradeRequest::subprotocols)
/// make one. It answers only their request, or one with the same key and the same offer; for any other,
/// [`AcceptError::SubprotocolNotOffered`](crate::AcceptError::SubprotocolNotOffered) is the result.
///
/// Two subprotocols are equal if their names are equal, even if different requests offer them.
#[derive(Clone, Copy)]
pub struct Subprotocol<'b> {
    name: &'b str,
    request: Fingerprint,
}

impl<'b> Subprotocol<'b> {
    /// Its name. Subprotocols are compared with case (§4.2.2).
    #[must_use]
    pub fn name(self) -> &'b str {
        self.name
    }

    /// Whether the request of this fingerprint offered it.
    pub(super) fn is_of(self, request: Fingerprint) -> bool {
        self.request == request
    }
}

impl PartialEq for Subprotocol<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Subprotocol<'_> {}

impl Hash for Subprotocol<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Subprotocol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subprotocol").field(&self.name).finish()
    }
}

/// The subprotocols that a client offered, in its order of preference.
#[derive(Debug, Clone)]
pub struct Subprotocols<'b> {
    lines: Values<'b>,
    line: &'b [u8],
    fingerprint: Fingerprint,
}

impl<'b> Subprotocols<'b> {
    /// Those of one line of the request with this fingerprint.
    pub(super) fn of_line(line: &'b [u8], fingerprint: Fingerprint) -> Self {
        Self { lines: Headers::default().values(Known::Protocol), line, fingerprint }
    }
}

impl<'b> Iterator for Subprotocols<'b> {
    type Item = Subprotocol<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut parts = self.line.splitn(2, |&byte| byte == b',');
            let name = trim(parts.next().unwrap_or_default());
            self.line = match parts.next() {
                Some(rest) => rest,
                None if name.is_empty() => self.lines.next()?,
                None => b"",
            };
            // Of a request that is no upgrade, nothing was checked.
            if is_token(name) {
                return str::from_utf8(name).ok().map(|name| Subprotocol { name, request: self.fingerprint });
            }
        }
    }
}

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
    pub(super) fn fields<'s>(
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
pub(super) enum FieldValue<'a> {
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
    pub(super) fn contains(&self, name: &[u8]) -> bool {
        !self.0.is_empty() && self.0.contains(&fingerprint(name))
    }
}
