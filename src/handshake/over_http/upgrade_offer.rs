//! The client's request, for an HTTP library to send, and the check of the response (§4.1).

use core::fmt;

use super::field_pairs::{pairs, pairs_of_connect};
use crate::error::{HandshakeError, RequestError};
use crate::handshake::client::request::ClientRequest;
use crate::handshake::client::response::{ExpectedResponse, UpgradeResponse};
use crate::handshake::deflate_params::ExtensionsValue;
use crate::handshake::key::Key;
use crate::handshake::negotiation::Negotiated;

/// The fields of a client's request, for an HTTP library to send, and the check of the response (§4.1, RFC
/// 8441 §5). It offers an extension only with `UpgradeOffer::deflate` (feature `deflate`).
///
/// The request-target, or `:path`, is [`Uri::resource`](crate::Uri::resource); `:authority` is
/// [`Uri::authority`](crate::Uri::authority); `:scheme` is `https` if
/// [`Uri::is_secure`](crate::Uri::is_secure), otherwise `http`; `:protocol` is `websocket`.
///
/// ```
/// use websocket_proto::handshake::{Key, UpgradeOffer};
/// use websocket_proto::{Client, ClientRequest, Config, Connection, Uri};
///
/// # let fill_with_secure_random_bytes = |bytes: &mut [u8]| bytes.copy_from_slice(&b"the sample nonce"[..bytes.len()]);
/// let mut nonce = [0; 16];
/// fill_with_secure_random_bytes(&mut nonce);
/// let request = ClientRequest::new(Uri::parse("ws://example.com/chat")?).subprotocols(&["chat"]);
/// let offer = UpgradeOffer::http11(request, Key::new(nonce))?;
/// let fields: Vec<_> = offer.fields().map(|(name, value)| format!("{name}: {value}")).collect();
/// assert_eq!(fields[0], "Host: example.com");
///
/// // The library sends `offer.method()`, the target and `fields`. The response has these fields:
/// let fields = [
///     ("upgrade", "websocket"),
///     ("connection", "upgrade"),
///     ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
///     ("sec-websocket-protocol", "chat"),
/// ];
/// let response = offer.check(101, fields)?;
/// assert_eq!(response.subprotocol(), Some("chat"));
/// let role = Client::new(fill_with_secure_random_bytes);
/// let connection = Connection::established(role, response.negotiated(), Config::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "IntoClientRequest")]
#[derive(Clone)]
pub struct UpgradeOffer<'a> {
    pub(super) request: ClientRequest<'a>,
    /// An extended CONNECT has none.
    pub(super) key: Option<Key>,
    pub(super) expected: ExpectedResponse,
    pub(super) extensions: Option<ExtensionsValue>,
}

impl<'a> UpgradeOffer<'a> {
    /// A request over HTTP/1.1.
    ///
    /// # Errors
    /// A subprotocol or a field of the application cannot be written.
    pub fn http11(request: ClientRequest<'a>, key: Key) -> Result<Self, RequestError> {
        Self::new(request, Some(key))
    }

    /// An extended CONNECT over HTTP/2 or HTTP/3. The server must have sent SETTINGS_ENABLE_CONNECT_PROTOCOL
    /// (RFC 8441 §3, RFC 9220 §3).
    ///
    /// # Errors
    /// A subprotocol or a field of the application cannot be written.
    pub fn extended_connect(request: ClientRequest<'a>) -> Result<Self, RequestError> {
        Self::new(request, None)
    }

    fn new(request: ClientRequest<'a>, key: Option<Key>) -> Result<Self, RequestError> {
        let expected = ExpectedResponse::new(key.as_ref(), request.check()?, Negotiated::new());
        Ok(Self { request, key, expected, extensions: None })
    }

    /// The method: GET or CONNECT.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        if self.key.is_some() { "GET" } else { "CONNECT" }
    }

    /// The names and values of the fields; the fields of the application are last. For an extended CONNECT,
    /// the names are in lower case, as HTTP/2 and HTTP/3 require; the application must do the same.
    pub fn fields(&self) -> impl Iterator<Item = (&str, impl fmt::Display)> {
        self.request.fields(self.key.as_ref(), self.extensions.as_deref())
    }

    /// Checks the status and the fields of the final response. `fields` has the form that
    /// [`UpgradeRequest`](crate::handshake::UpgradeRequest) describes.
    ///
    /// # Errors
    /// The rule that the response breaks. [`HandshakeError::NotAccepted`] if the status is not 101 or, for an
    /// extended CONNECT, not 2xx.
    pub fn check<'b, F, N, V>(&self, status: u16, fields: F) -> Result<UpgradeResponse<'b>, HandshakeError>
    where
        F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
        N: AsRef<[u8]> + ?Sized + 'b,
        V: AsRef<[u8]> + ?Sized + 'b,
    {
        match (&self.key, status) {
            (Some(_), 101) => UpgradeResponse::check(pairs(&fields), &self.expected),
            // RFC 9110 §9.3.6: "Any 2xx (Successful) response indicates that the sender ... will switch to
            // tunnel mode"
            (None, 200..=299) => UpgradeResponse::check(pairs_of_connect(&fields)?, &self.expected),
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
