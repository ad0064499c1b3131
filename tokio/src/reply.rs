//! The answer of a server to a request.

use websocket_proto::{AcceptError, Request};

use crate::engine::Engine;
use crate::error::Error;
use crate::output::Output;

/// The decision to accept a request, with a subprotocol and headers. See [`accept_with`](crate::accept_with).
#[derive(Debug, Clone, Default)]
pub struct Accept {
    subprotocol: Option<String>,
    headers: Vec<(String, String)>,
}

impl Accept {
    /// Without a subprotocol and without headers of the application.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects this subprotocol, one that the request offers.
    #[must_use]
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocol = Some(name.into());
        self
    }

    /// Adds a header, such as Set-Cookie.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Writes the response. Returns the subprotocol.
    fn write(
        self,
        request: &Request<'_>,
        engine: &mut Engine,
        out: &mut Output,
    ) -> Result<Option<Box<str>>, AcceptError> {
        let headers = borrowed(&self.headers);
        let mut accept = websocket_proto::Accept::new().headers(&headers);
        if let Some(name) = &self.subprotocol {
            let offered = request.subprotocols().find(|offered| offered.name() == name);
            accept = accept.subprotocol(offered.ok_or(AcceptError::SubprotocolNotOffered)?);
        }
        engine.accept(accept, out)?;
        Ok(self.subprotocol.map(String::into_boxed_str))
    }
}

/// The decision to reject a request: a status, headers and a body. See [`accept_with`](crate::accept_with).
#[derive(Debug, Clone)]
pub struct Reject {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reject {
    /// With this status, 200 to 599, and without a body.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header, such as Content-Type, Location or WWW-Authenticate.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn write(&self, engine: &mut Engine, out: &mut Output) -> Result<(), AcceptError> {
        let headers = borrowed(&self.headers);
        engine.reject(websocket_proto::Reject::new(self.status).headers(&headers).body(&self.body), out)
    }
}

/// Writes the answer to a request. Returns the subprotocol, or the reason why there is no connection.
pub(crate) fn answer(
    request: &Request<'_>,
    decision: Result<Accept, Reject>,
    engine: &mut Engine,
    out: &mut Output,
) -> Result<Option<Box<str>>, Error> {
    let written = match decision {
        Ok(accept) => accept.write(request, engine, out),
        Err(reject) => match reject.write(engine, out) {
            Ok(()) => return Err(Error::Declined(reject.status)),
            Err(error) => Err(error),
        },
    };
    written.map_err(|error| {
        // The application cannot answer, so the peer gets an Internal Server Error.
        let written = Reject::new(500).write(engine, out);
        debug_assert!(written.is_ok(), "a status without fields and content");
        Error::Accept(error)
    })
}

pub(crate) fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (&**name, &**value)).collect()
}
