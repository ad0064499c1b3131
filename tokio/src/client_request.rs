//! The request of a client.

use websocket_proto::Uri;

use crate::error::Error;
use crate::reply::borrowed;

/// The request of a client: the URI, the offered subprotocols, and headers of the application. See
/// [`connect_with`](crate::connect_with).
///
/// The URI and the headers are checked when the request is sent.
#[derive(Clone)]
pub struct ClientRequest {
    uri: String,
    subprotocols: Vec<String>,
    headers: Vec<(String, String)>,
}

impl ClientRequest {
    /// A request for this `ws` or `wss` URI.
    #[must_use]
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), subprotocols: Vec::new(), headers: Vec::new() }
    }

    /// Offers a subprotocol. The first one is the preferred one.
    #[must_use]
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocols.push(name.into());
        self
    }

    /// Adds a header, such as Origin, Cookie or Authorization. The handshake writes Host, Upgrade, Connection
    /// and all of Sec-WebSocket-*: they are refused here.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The URI.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Calls `function` with the request as the core needs it.
    pub(crate) fn with_borrowed<T>(
        &self,
        function: impl FnOnce(websocket_proto::ClientRequest<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let subprotocols: Vec<&str> = self.subprotocols.iter().map(String::as_str).collect();
        let request = websocket_proto::ClientRequest::new(Uri::parse(&self.uri)?);
        function(request.subprotocols(&subprotocols).headers(&borrowed(&self.headers)))
    }
}

/// With the names of the headers only: values can be secrets, and so can the query.
impl core::fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("ClientRequest")
            .field("uri", &self.uri.split('?').next().unwrap_or_default())
            .field("subprotocols", &self.subprotocols)
            .field("headers", &headers)
            .finish()
    }
}

impl From<&str> for ClientRequest {
    fn from(uri: &str) -> Self {
        Self::new(uri)
    }
}
