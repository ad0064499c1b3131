//! The opening handshake where something else speaks HTTP (§4, RFC 8441, RFC 9220): the same checks, over
//! fields that were parsed.
//!
//! ```text
//!             server                                            client
//!  method, fields ──▶ UpgradeRequest       ClientRequest ──▶ UpgradeOffer ──▶ method, fields
//!                       │ accept(Accept)                       │ check(status, fields)
//!  status, fields ◀── AcceptResponse                               ▼             ◀── status, fields
//!                       │ agreed()                           UpgradeResponse
//!                       ▼                                      ▼ agreed()
//!               Connection::established(Server, …)   Connection::established(Client, …)
//! ```
//! No extension is negotiated unless `deflate` of a [`UpgradeRequest`] or of a [`UpgradeOffer`] says so
//! (feature `deflate`); then as by a [`Connection`](crate::Connection) whose [`Config`](crate::Config) does.
//! The start line, the pseudo-header fields and the stream after the handshake are the HTTP library's.

use core::fmt;

use super::client::request::ClientRequest;
use super::client::response::{Expected, UpgradeResponse};
#[cfg(feature = "deflate")]
use super::deflate_params::DeflateParams;
use super::deflate_params::ExtensionsValue;
use super::extensions::{Extension, Extensions};
use super::fingerprint::Fingerprint;
use super::http1::fields::{CONNECTION, Known, LOWERCASE_VERSION, trim};
use super::key::{AcceptKey, Key};
use super::negotiation::Negotiated;
#[cfg(feature = "deflate")]
use super::negotiation::Negotiation;
use super::server::request_fields::{Asked, Found};
use super::server::response::{Accept, required};
use super::server::subprotocol::{Subprotocol, Subprotocols};
use crate::error::{AcceptError, HandshakeError, RequestError};

/// A valid request that an HTTP library has parsed (§4.2.1, RFC 8441 §5).
///
/// `F` gives the fields as pairs of a name and a value, each a `&str`, a `&[u8]` or a reference to a type of
/// the library's, as often as it is asked to: `&http::HeaderMap` of hyper, h2 and h3 as it is, or a `Clone`
/// iterator. Several lines of one name are several pairs.
///
/// No extension is agreed to, whatever is offered (§9.1: a server may decline them all); with feature
/// `deflate`, unless `UpgradeRequest::deflate` says that the server is ready for it.
///
/// ```
/// use websocket_proto::handshake::UpgradeRequest;
/// use websocket_proto::{Accept, Config, Connection, Server};
///
/// let fields = [
///     ("Host", "example.com"),
///     ("Upgrade", "websocket"),
///     ("Connection", "Upgrade"),
///     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("Sec-WebSocket-Version", "13"),
///     ("Sec-WebSocket-Protocol", "chat, superchat"),
/// ];
/// let request = UpgradeRequest::http11("GET", fields)?;
/// let mut accept = Accept::new();
/// if let Some(superchat) = request.subprotocols().find(|subprotocol| subprotocol.name() == "superchat") {
///     accept = accept.subprotocol(superchat);
/// }
/// let acceptance = request.accept(accept)?;
/// assert_eq!(acceptance.status(), 101);
/// assert!(acceptance.fields().eq([
///     ("Upgrade", "websocket"),
///     ("Connection", "Upgrade"),
///     ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
///     ("Sec-WebSocket-Protocol", "superchat"),
/// ]));
/// let connection = Connection::established(Server::new(), acceptance.negotiated(), Config::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct UpgradeRequest<F> {
    fields: F,
    /// None of an extended CONNECT.
    key: Option<Key>,
    agreed: Negotiated,
    fingerprint: Fingerprint,
}

impl<'b, F, N, V> UpgradeRequest<F>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    /// Checks a request over HTTP/1.1. The version is the library's to judge: HTTP/1.0 has no upgrade, hyper
    /// hands out no stream for it, and [`RejectResponse::http11`] of
    /// [`HandshakeError::UnsupportedHttpVersion`] is the answer.
    ///
    /// # Errors
    /// What breaks the rules; [`HandshakeError::NotAnUpgrade`] of a request that asks for something else.
    pub fn http11(method: &str, fields: F) -> Result<Self, RejectResponse> {
        let check = |fields| {
            if method != "GET" {
                return Err(HandshakeError::MethodNotAllowed);
            }
            let found = Found::of(pairs(fields), Negotiated::new())?;
            found.host()?;
            found.asked(values(fields, Known::Protocol))
        };
        match check(&fields) {
            Ok(Asked::Upgrade { key, agreed, fingerprint }) => {
                Ok(Self { fields, key: Some(key), agreed, fingerprint })
            }
            Ok(Asked::Plain) => Err(RejectResponse::http11(HandshakeError::NotAnUpgrade)),
            Err(error) => Err(RejectResponse::http11(error)),
        }
    }

    /// Checks an extended CONNECT over HTTP/2 or HTTP/3 (RFC 8441 §5, RFC 9220 §3). `protocol` is the
    /// pseudo-header field `:protocol`; without it, a CONNECT is one for a tunnel and none of this
    /// crate's.
    ///
    /// # Errors
    /// What breaks the rules.
    pub fn extended_connect(method: &str, protocol: &str, fields: F) -> Result<Self, RejectResponse> {
        let check = |fields| {
            if method != "CONNECT" {
                return Err(HandshakeError::MethodNotAllowed);
            }
            if protocol != "websocket" {
                return Err(HandshakeError::UnsupportedProtocol);
            }
            let found = Found::of(pairs_of_connect(fields)?, Negotiated::new())?;
            found.check_version()?;
            Ok((found.negotiate(values(fields, Known::Protocol))?, found.fingerprint()))
        };
        match check(&fields) {
            Ok((agreed, fingerprint)) => Ok(Self { fields, key: None, agreed, fingerprint }),
            Err(error) => Err(RejectResponse::extended_connect(error)),
        }
    }

    /// The subprotocols offered, the client's favourite first.
    pub fn subprotocols(&self) -> impl Iterator<Item = Subprotocol<'b>> + use<'b, F, N, V> {
        let fingerprint = self.fingerprint;
        values(&self.fields, Known::Protocol).flat_map(move |line| Subprotocols::of_line(line, fingerprint))
    }

    /// The extensions offered, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'b>> + use<'b, F, N, V> {
        values(&self.fields, Known::Extensions).flat_map(Extensions::of_line)
    }

    /// Agrees to permessage-deflate (RFC 7692), if it was offered so that it can be met within `most`: what a
    /// [`Connection::server`](crate::Connection::server) does that has it as
    /// [`DeflateConfig::most`](crate::DeflateConfig::most).
    ///
    /// The connection compresses what it sends if it is [established](crate::Connection::established) with a
    /// [`Config::deflate`](crate::Config::deflate); what it receives it inflates in any case.
    ///
    /// ```
    /// use websocket_proto::handshake::UpgradeRequest;
    /// use websocket_proto::{Accept, Config, Connection, DeflateConfig, Server};
    ///
    /// let deflate = DeflateConfig::default();
    /// let mut config = Config::default();
    /// config.deflate = Some(deflate);
    ///
    /// let fields = [("sec-websocket-version", "13"), ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")];
    /// let request = UpgradeRequest::extended_connect("CONNECT", "websocket", fields)?.deflate(deflate.limits);
    /// let acceptance = request.accept(Accept::new())?;
    /// assert!(acceptance.fields().eq([("sec-websocket-extensions", "permessage-deflate")]));
    /// let connection = Connection::established(Server::new(), acceptance.negotiated(), config);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(self, most: DeflateParams) -> Self {
        let ready = Negotiated::new().with_deflate(most);
        let mut negotiation = Negotiation::NoLine;
        values(&self.fields, Known::Extensions).for_each(|line| negotiation.read_offer(line, ready));
        // The check has found no error in these lines.
        Self { agreed: negotiation.finish().unwrap_or_default(), ..self }
    }

    /// Accepts the request: what to answer.
    ///
    /// # Errors
    /// If the subprotocol is of another request, or a field of the application's cannot be written.
    pub fn accept<'a>(&self, accept: Accept<'a>) -> Result<AcceptResponse<'a>, AcceptError> {
        accept.check(self.fingerprint)?;
        let (key, agreed) = (self.key.as_ref().map(Key::accept), self.agreed);
        Ok(AcceptResponse { accept, key, agreed, extensions: agreed.response() })
    }
}

/// Without the fields, whose values can be secrets (Cookie, Authorization).
impl<F> fmt::Debug for UpgradeRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeRequest").field("agreed", &self.agreed).finish_non_exhaustive()
    }
}

/// The response that accepts a request (§4.2.2). The connection is open once it was sent.
#[derive(Debug, Clone, Copy)]
pub struct AcceptResponse<'a> {
    accept: Accept<'a>,
    /// None to an extended CONNECT.
    key: Option<AcceptKey>,
    agreed: Negotiated,
    extensions: Option<ExtensionsValue>,
}

impl AcceptResponse<'_> {
    /// The status: 101, or 200 to an extended CONNECT.
    #[must_use]
    pub const fn status(&self) -> u16 {
        if self.key.is_some() { 101 } else { 200 }
    }

    /// The fields, names and values; those of the application's last. Names to an extended CONNECT are in
    /// lower case, as HTTP/2 and HTTP/3 want them, except for the application's.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.accept.fields(self.key.as_ref(), self.extensions.as_deref())
    }

    /// What frames depend on, for [`Connection::established`](crate::Connection::established).
    #[must_use]
    pub const fn negotiated(&self) -> Negotiated {
        self.agreed
    }
}

/// The response to a request that breaks the rules (§4.2.2), and why. It needs no content; the error's text
/// can be it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectResponse {
    over: Http,
    error: HandshakeError,
}

impl RejectResponse {
    /// The answer over HTTP/1.1.
    #[must_use]
    pub const fn http11(error: HandshakeError) -> Self {
        Self { over: Http::One, error }
    }

    /// The answer to an extended CONNECT.
    #[must_use]
    pub const fn extended_connect(error: HandshakeError) -> Self {
        Self { over: Http::Later, error }
    }

    /// What was wrong.
    #[must_use]
    pub const fn error(&self) -> HandshakeError {
        self.error
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match (self.over, self.error.http_status()) {
            // RFC 9110 §15.5.22: a 426 "MUST send an Upgrade header field", which only HTTP/1.1 has
            (Http::Later, Some(426)) => 400,
            // RFC 9110 §15.6.3: a response was wrong, so that whoever asks for another has a 502 to give
            (_, None) => 502,
            (_, Some(status)) => status,
        }
    }

    /// The fields, names and values: the versions there are (§4.4), the method, the protocol to upgrade to.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let (fields, connection) = match (self.over, self.error) {
            (Http::One, _) => (required(self.status()), (self.status() == 426).then_some(CONNECTION)),
            (Http::Later, HandshakeError::MethodNotAllowed) => (&[("allow", "CONNECT")][..], None),
            (Http::Later, HandshakeError::UnsupportedVersion) => (&[LOWERCASE_VERSION][..], None),
            (Http::Later, _) => (&[][..], None),
        };
        fields.iter().copied().chain(connection)
    }
}

impl fmt::Display for RejectResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for RejectResponse {}

/// A client's request that an HTTP library is to send, and what its response is checked against (§4.1, RFC
/// 8441 §5). It offers no extension; with feature `deflate`, unless `UpgradeOffer::deflate` says so.
///
/// The request-target, or `:path`, is [`Uri::resource`](super::Uri::resource); `:authority` is
/// [`Uri::authority`](super::Uri::authority); `:scheme` is `https` where
/// [`Uri::is_secure`](super::Uri::is_secure), else `http`; `:protocol` is `websocket`.
///
/// ```
/// use websocket_proto::handshake::{Key, UpgradeOffer};
/// use websocket_proto::{Client, ClientRequest, Config, Connection, Uri};
///
/// # let fill_with_secure_random_bytes = |bytes: &mut [u8]| bytes.copy_from_slice(&b"the sample nonce"[..bytes.len()]);
/// let mut nonce = [0; 16];
/// fill_with_secure_random_bytes(&mut nonce);
/// let request = ClientRequest::new(Uri::parse("ws://example.com/chat")?).subprotocols(&["chat"]);
/// let head = UpgradeOffer::http11(request, Key::new(nonce))?;
/// let fields: Vec<_> = head.fields().map(|(name, value)| format!("{name}: {value}")).collect();
/// assert_eq!(fields[0], "Host: example.com");
///
/// // send it with `head.method()` and `fields`; what comes back:
/// let fields = [
///     ("upgrade", "websocket"),
///     ("connection", "upgrade"),
///     ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
///     ("sec-websocket-protocol", "chat"),
/// ];
/// let response = head.check(101, fields)?;
/// assert_eq!(response.subprotocol(), Some("chat"));
/// let role = Client::new(fill_with_secure_random_bytes);
/// let connection = Connection::established(role, response.negotiated(), Config::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct UpgradeOffer<'a> {
    request: ClientRequest<'a>,
    /// None of an extended CONNECT.
    key: Option<Key>,
    expected: Expected,
    extensions: Option<ExtensionsValue>,
}

impl<'a> UpgradeOffer<'a> {
    /// A request over HTTP/1.1.
    ///
    /// # Errors
    /// Where a subprotocol or a field of the application's cannot be written.
    pub fn http11(request: ClientRequest<'a>, key: Key) -> Result<Self, RequestError> {
        Self::new(request, Some(key))
    }

    /// An extended CONNECT over HTTP/2 or HTTP/3, to a server that has sent SETTINGS_ENABLE_CONNECT_PROTOCOL
    /// (RFC 8441 §3, RFC 9220 §3).
    ///
    /// # Errors
    /// Where a subprotocol or a field of the application's cannot be written.
    pub fn extended_connect(request: ClientRequest<'a>) -> Result<Self, RequestError> {
        Self::new(request, None)
    }

    fn new(request: ClientRequest<'a>, key: Option<Key>) -> Result<Self, RequestError> {
        let expected = Expected::new(key.as_ref(), request.check()?, Negotiated::new());
        Ok(Self { request, key, expected, extensions: None })
    }

    /// Offers permessage-deflate (RFC 7692) with these parameters, as a
    /// [`Connection::client`](crate::Connection::client) that has them as
    /// [`DeflateConfig::most`](crate::DeflateConfig::most). The connection compresses if it is
    /// [established](crate::Connection::established) with a [`Config::deflate`](crate::Config::deflate).
    ///
    /// ```
    /// use websocket_proto::handshake::UpgradeOffer;
    /// use websocket_proto::{ClientRequest, DeflateConfig, Uri};
    ///
    /// let request = ClientRequest::new(Uri::parse("wss://example.com/")?);
    /// let head = UpgradeOffer::extended_connect(request)?.deflate(DeflateConfig::default().limits);
    /// let fields: Vec<_> = head.fields().map(|(name, value)| format!("{name}: {value}")).collect();
    /// assert_eq!(fields[1], "sec-websocket-extensions: permessage-deflate; client_max_window_bits");
    ///
    /// let response = head.check(200, [("sec-websocket-extensions", "permessage-deflate; server_max_window_bits=12")])?;
    /// assert_eq!(response.negotiated().deflate().map(|deflate| deflate.server_window_bits), Some(12));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(self, most: DeflateParams) -> Self {
        let offer = Negotiated::new().with_deflate(most);
        Self { expected: self.expected.offering(offer), extensions: offer.offer(), ..self }
    }

    /// The method: GET or CONNECT.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        if self.key.is_some() { "GET" } else { "CONNECT" }
    }

    /// The fields, names and values; those of the application's last. Names of an extended CONNECT are in
    /// lower case, as HTTP/2 and HTTP/3 want them, except for the application's.
    pub fn fields(&self) -> impl Iterator<Item = (&str, impl fmt::Display)> {
        self.request.fields(self.key.as_ref(), self.extensions.as_deref())
    }

    /// Checks the status and the fields of the final response. They are given as to [`UpgradeRequest`].
    ///
    /// # Errors
    /// What breaks the rules; [`HandshakeError::NotAccepted`] of any other status than 101, or than 2xx to an
    /// extended CONNECT.
    pub fn check<'b, F, N, V>(&self, status: u16, fields: F) -> Result<UpgradeResponse<'b>, HandshakeError>
    where
        F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
        N: AsRef<[u8]> + ?Sized + 'b,
        V: AsRef<[u8]> + ?Sized + 'b,
    {
        match (&self.key, status) {
            (Some(_), 101) => UpgradeResponse::of(pairs(&fields), &self.expected),
            // RFC 9110 §9.3.6: "Any 2xx (Successful) response indicates that the sender ... will switch to
            // tunnel mode"
            (None, 200..=299) => UpgradeResponse::of(pairs_of_connect(&fields)?, &self.expected),
            _ => Err(HandshakeError::NotAccepted),
        }
    }
}

/// Without the key and the values of fields.
impl fmt::Debug for UpgradeOffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeOffer")
            .field("method", &self.method())
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// What carries the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Http {
    /// HTTP/1.1, with Upgrade.
    One,
    /// HTTP/2 or HTTP/3, with an extended CONNECT.
    Later,
}

/// All fields as the checks take them.
fn pairs<'b, F, N, V>(fields: &F) -> impl Iterator<Item = (&'b [u8], &'b [u8])> + use<'b, F, N, V>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    fields.clone().into_iter().map(|(name, value)| (name.as_ref(), trim(value.as_ref())))
}

/// Those that count in an extended CONNECT.
fn pairs_of_connect<'b, F, N, V>(
    fields: &F,
) -> Result<impl Iterator<Item = (&'b [u8], &'b [u8])> + use<'b, F, N, V>, HandshakeError>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    // RFC 8441 §5: Connection and Upgrade "MUST NOT be included"; RFC 9113 §8.2.2, RFC 9114 §4.2: nor what
    // else is of one connection
    if pairs(fields).any(|(name, _)| {
        matches!(Known::of(name), Some(Known::Connection | Known::Upgrade | Known::TransferEncoding))
    }) {
        return Err(HandshakeError::ConnectionSpecificField);
    }
    // RFC 8441 §5: "do not do the processing of the Sec-WebSocket-Key and Sec-WebSocket-Accept header
    // fields"; Host is in :authority
    let counts =
        |name| !matches!(Known::of(name), Some(Known::Host | Known::Key | Known::DraftKey | Known::Accept));
    Ok(pairs(fields).filter(move |(name, _)| counts(name)))
}

/// The values of one field, a line each.
fn values<'b, F, N, V>(fields: &F, known: Known) -> impl Iterator<Item = &'b [u8]> + use<'b, F, N, V>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    pairs(fields).filter(move |(name, _)| Known::of(name) == Some(known)).map(|(_, value)| value)
}
