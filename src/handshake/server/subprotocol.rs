//! The subprotocols that a request offers (§1.9, §4.2.1).

use core::hash::{Hash, Hasher};
use core::{fmt, str};

use crate::handshake::fingerprint::Fingerprint;
use crate::handshake::http1::fields::{Headers, Known, Values};
use crate::handshake::http1::grammar::{is_token, trim};

/// A subprotocol that a client offers (§1.9), a token.
///
/// Only [`Request::subprotocols`](crate::Request::subprotocols) and
/// [`UpgradeRequest::subprotocols`](crate::handshake::UpgradeRequest::subprotocols)
/// make one. [`Accept::subprotocol`](crate::Accept::subprotocol) takes it for that request, or for one with
/// the same key and the same offer. For any other request, the result is
/// [`AcceptError::SubprotocolNotOffered`](crate::AcceptError::SubprotocolNotOffered).
///
/// Two subprotocols are equal if their names are equal, even if different requests offer them.
#[derive(Clone, Copy)]
pub struct Subprotocol<'b> {
    name: &'b str,
    request: Fingerprint,
}

impl<'b> Subprotocol<'b> {
    /// The name, as the client wrote it. Upper and lower case differ.
    #[must_use]
    pub fn name(self) -> &'b str {
        self.name
    }

    /// Whether the request with this fingerprint offers it.
    pub(crate) fn is_of(self, request: Fingerprint) -> bool {
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

/// The subprotocols that a client offers, the preferred one first.
#[doc(alias = "select_subprotocol")]
#[derive(Debug, Clone)]
pub struct Subprotocols<'b> {
    lines: Values<'b>,
    line: &'b [u8],
    fingerprint: Fingerprint,
}

impl<'b> Subprotocols<'b> {
    /// The subprotocols in the request with these fields and this fingerprint.
    pub(crate) fn new(headers: Headers<'b>, fingerprint: Fingerprint) -> Self {
        Self { lines: headers.values(Known::Protocol), line: b"", fingerprint }
    }

    /// The subprotocols in one line of the request with this fingerprint.
    pub(crate) fn of_line(line: &'b [u8], fingerprint: Fingerprint) -> Self {
        Self { line, ..Self::new(Headers::default(), fingerprint) }
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
            // The names in a plain request were not checked.
            if is_token(name) {
                return str::from_utf8(name).ok().map(|name| Subprotocol { name, request: self.fingerprint });
            }
        }
    }
}
