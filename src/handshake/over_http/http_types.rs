//! The handshake with the types of the crate `http`.

use alloc::format;
use alloc::string::ToString as _;

use ::http::{Error, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version};

use super::responses::{AcceptResponse, RejectResponse};
use super::upgrade_offer::UpgradeOffer;
use super::upgrade_request::UpgradeRequest;
use crate::error::HandshakeError;
use crate::handshake::client::response::UpgradeResponse;

impl<'b> UpgradeRequest<&'b HeaderMap> {
    /// Checks a request over HTTP/1.1, with feature `http`.
    ///
    /// For an extended CONNECT, call [`extended_connect`](Self::extended_connect): the pseudo-header field
    /// `:protocol` is an extension of the request whose type is not in the crate `http`, but in `h2`, `h3` or
    /// `hyper`.
    ///
    /// ```
    /// use websocket_proto::handshake::UpgradeRequest;
    /// use websocket_proto::{Accept, Config, Connection, Server};
    ///
    /// # fn handle(request: http::Request<()>) -> Result<http::Response<()>, http::Error> {
    /// let upgrade = match UpgradeRequest::from_http(&request) {
    ///     Ok(upgrade) => upgrade,
    ///     Err(reject) => return Ok(reject.into_http()),
    /// };
    /// let Ok(accept) = upgrade.accept(Accept::new()) else { unreachable!("no subprotocol and no fields") };
    /// // Once the library has sent the response, this connection has the stream:
    /// let connection = Connection::established(Server::new(), accept.negotiated(), Config::default());
    /// accept.into_http()
    /// # }
    /// # let request = http::Request::get("/chat").header("Host", "example.com");
    /// # let request = request.header("Upgrade", "websocket").header("Connection", "Upgrade");
    /// # let request = request.header("Sec-WebSocket-Version", "13");
    /// # let request = request.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==").body(())?;
    /// # let response = handle(request)?;
    /// assert_eq!(response.status(), 101);
    /// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    /// # Ok::<(), http::Error>(())
    /// ```
    ///
    /// # Errors
    /// The rule that the request breaks. [`HandshakeError::NotAnUpgrade`] if the request asks for no upgrade
    /// to `websocket`; [`HandshakeError::UnsupportedHttpVersion`] if its version is not HTTP/1.1.
    pub fn from_http<B>(request: &'b Request<B>) -> Result<Self, RejectResponse> {
        match request.version() {
            Version::HTTP_11 => Self::http11(request.method().as_str(), request.headers()),
            Version::HTTP_09 | Version::HTTP_10 => {
                Err(RejectResponse::http11(HandshakeError::UnsupportedHttpVersion))
            }
            _ => Err(RejectResponse::extended_connect(HandshakeError::UnsupportedHttpVersion)),
        }
    }
}

impl AcceptResponse<'_> {
    /// The response as a type of the crate `http`, with feature `http`.
    ///
    /// # Errors
    /// A field of the application is longer than the crate `http` supports.
    pub fn into_http(self) -> Result<Response<()>, Error> {
        let response = Response::builder().status(self.status());
        let fields = self.fields().map(|(name, value)| (name, value.as_bytes()));
        fields.fold(response, |response, (name, value)| response.header(name, value)).body(())
    }
}

impl RejectResponse {
    /// The response as a type of the crate `http`, with feature `http`. It needs no content; the application
    /// can send the text of the error as content.
    ///
    /// ```
    /// use websocket_proto::handshake::UpgradeRequest;
    ///
    /// let request = http::Request::get("/").header("Host", "example.com").body(())?;
    /// let Err(reject) = UpgradeRequest::from_http(&request) else { panic!("not an upgrade") };
    /// let response = reject.into_http().map(|()| reject.to_string());
    /// assert_eq!(response.status(), 426);
    /// assert_eq!(response.headers()["upgrade"], "websocket");
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn into_http(self) -> Response<()> {
        let mut response = Response::new(());
        let status = StatusCode::from_u16(self.status());
        debug_assert!(status.is_ok(), "an error has a status from 400 to 599");
        *response.status_mut() = status.unwrap_or(StatusCode::BAD_REQUEST);
        for (name, value) in self.fields() {
            let (name, value) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
            debug_assert!(name.is_ok() && value.is_ok(), "all fields of a rejection are constants");
            if let (Ok(name), Ok(value)) = (name, value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

impl UpgradeOffer<'_> {
    /// The request as a type of the crate `http`, with feature `http`.
    ///
    /// Over HTTP/1.1, its URI is a path and a query, as `hyper::client::conn` expects it. An extended CONNECT
    /// has an absolute URI, from which `h2` and `h3` take `:scheme`, `:authority` and `:path`. Add
    /// `:protocol` to its extensions:
    /// `request.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"))`.
    ///
    /// ```
    /// use websocket_proto::handshake::{Key, UpgradeOffer};
    /// use websocket_proto::{Client, ClientRequest, Config, Connection, Uri};
    ///
    /// # let fill_with_secure_random_bytes = |bytes: &mut [u8]| bytes.copy_from_slice(&b"the sample nonce"[..bytes.len()]);
    /// # let send = |request: http::Request<()>| {
    /// #     assert_eq!(request.uri(), "/chat");
    /// #     let response = http::Response::builder().status(101).header("Upgrade", "websocket");
    /// #     let response = response.header("Connection", "Upgrade");
    /// #     response.header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").body(())
    /// # };
    /// let mut nonce = [0; 16];
    /// fill_with_secure_random_bytes(&mut nonce);
    /// let request = ClientRequest::new(Uri::parse("ws://example.com/chat")?);
    /// let offer = UpgradeOffer::http11(request, Key::new(nonce))?;
    ///
    /// let response = send(offer.to_http()?)?;
    /// let response = offer.check_http(&response)?;
    /// let role = Client::new(fill_with_secure_random_bytes);
    /// let connection = Connection::established(role, response.negotiated(), Config::default());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The URI or a field of the application is longer than the crate `http` supports; or, for extended CONNECT,
    /// the host has percent-encoded characters, which that crate refuses.
    pub fn to_http(&self) -> Result<Request<()>, Error> {
        let uri = self.request.uri;
        let scheme = if uri.is_secure() { "https" } else { "http" };
        let (target, version) = match self.key {
            Some(_) => (uri.resource().to_string(), Version::HTTP_11),
            None => (format!("{scheme}://{}{}", uri.authority(), uri.resource()), Version::HTTP_2),
        };
        let request = Request::builder().method(self.method()).uri(target).version(version);
        let fields = self.fields().map(|(name, value)| (name, value.to_string()));
        fields.fold(request, |request, (name, value)| request.header(name, value)).body(())
    }

    /// Checks the final response, with feature `http`.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_http<'b, B>(
        &self,
        response: &'b Response<B>,
    ) -> Result<UpgradeResponse<'b>, HandshakeError> {
        self.check(response.status().as_u16(), response.headers())
    }
}
