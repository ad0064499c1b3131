//! The negotiation of extensions (§9.1): which of the offered ones both endpoints use.

use super::deflate_params::{Deflate, ExtensionsValue};
use super::extensions::{Extension, Reader};
use crate::error::HandshakeError;
use crate::wire::ReservedBits;

/// The extensions that an opening handshake has negotiated. The crate has one extension, permessage-deflate
/// (feature `deflate`).
///
/// Pass it to [`Connection::established`](crate::Connection::established): [`Negotiated::new`] if the
/// handshake negotiated no extension, otherwise the value that
/// [`AcceptResponse::negotiated`](crate::handshake::AcceptResponse::negotiated) or
/// [`UpgradeResponse::negotiated`](crate::handshake::UpgradeResponse::negotiated) returns.
///
/// Two values are equal if the frames of their connections follow the same rules.
///
/// ```
/// use websocket_proto::{Config, Connection, Negotiated, Server};
///
/// let connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// assert_eq!(connection.negotiated(), Some(Negotiated::new()));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Negotiated {
    deflate: Option<Deflate>,
}

impl Negotiated {
    /// No extension.
    #[must_use]
    pub const fn new() -> Self {
        Self { deflate: None }
    }

    /// The reserved bits that the extensions in use define on the first frame of a message (§5.2).
    pub(crate) const fn reserved_bits(self) -> ReservedBits {
        match self.deflate {
            // RFC 7692 §6: "allocates the RSV1 bit"
            Some(_) => ReservedBits::RSV1,
            None => ReservedBits::NONE,
        }
    }

    /// Adds the server's response to one offered extension. `supported` are the extensions that the server
    /// supports. It declines any other extension: the response does not name it.
    fn accept(self, offer: Extension<'_>, supported: Self) -> Self {
        match (self.deflate, supported.deflate) {
            // RFC 7692 §5: offers are in the order of preference. The server accepts the first one that it
            // can, and no second one that uses RSV1.
            (None, Some(limits)) => Self { deflate: limits.accept(offer) },
            _ => self,
        }
    }

    /// Adds one extension of a response to a client that has offered `offered` (§4.1).
    fn confirm(self, response: Extension<'_>, offered: Self) -> Result<Self, HandshakeError> {
        let Some(offer) = offered.deflate else { return Err(HandshakeError::ExtensionNotOffered) };
        let confirmed = offer.confirm(response)?;
        match self.deflate {
            None => Ok(Self { deflate: Some(confirmed) }),
            // RFC 7692 §5.1: a server cannot accept two extensions that use RSV1
            Some(_) => Err(HandshakeError::InvalidDeflate),
        }
    }

    /// The field value of a request that offers these extensions.
    pub(super) fn offer(self) -> Option<ExtensionsValue> {
        self.deflate.map(Deflate::offer)
    }

    /// The field value of a response that accepts these extensions.
    pub(super) fn response(self) -> Option<ExtensionsValue> {
        self.deflate.map(Deflate::response)
    }
}

#[cfg(feature = "deflate")]
impl Negotiated {
    /// These extensions and permessage-deflate with these parameters (RFC 7692 §7.1).
    #[must_use]
    pub fn with_deflate(self, params: super::deflate_params::DeflateParams) -> Self {
        Self { deflate: Some(Deflate::new(params)) }
    }

    /// The parameters of permessage-deflate, if it is in use.
    #[must_use]
    pub const fn deflate(&self) -> Option<super::deflate_params::DeflateParams> {
        match self.deflate {
            Some(deflate) => Some(deflate.params()),
            None => None,
        }
    }
}

/// The result of the Sec-WebSocket-Extensions lines that were read so far (§9.1).
#[derive(Debug, Clone, Copy)]
pub(super) enum Negotiation {
    /// No line was read.
    NoLine,
    /// No line names an extension.
    Empty,
    /// At least one line names an extension.
    Extensions(Negotiated),
    Failed(HandshakeError),
}

impl Negotiation {
    /// Reads a line of a request. `supported` are the extensions that the server supports.
    pub(super) fn read_offer(&mut self, line: &[u8], supported: Negotiated) {
        self.read_line(line, |negotiated, extension| Ok(negotiated.accept(extension, supported)));
    }

    /// Reads a line of a response to a client that has offered `offered`. §4.1: an extension that was not
    /// offered fails the connection.
    pub(super) fn read_response(&mut self, line: &[u8], offered: Negotiated) {
        self.read_line(line, |negotiated, extension| negotiated.confirm(extension, offered));
    }

    fn read_line(
        &mut self,
        line: &[u8],
        add: impl Fn(Negotiated, Extension<'_>) -> Result<Negotiated, HandshakeError>,
    ) {
        let mut negotiated = match self {
            Self::Failed(_) => return,
            Self::NoLine | Self::Empty => Negotiated::new(),
            Self::Extensions(negotiated) => *negotiated,
        };
        if let Self::NoLine = self {
            *self = Self::Empty;
        }
        let mut reader = Reader::new(line);
        loop {
            match (reader.extension(), &self) {
                (Ok(None), _) => return,
                // The rest of the line is still read, because a syntax error in it has precedence.
                (Ok(Some(_)), Self::Failed(_)) => {}
                (Ok(Some(extension)), _) => {
                    *self = match add(negotiated, extension) {
                        Ok(next) => {
                            negotiated = next;
                            Self::Extensions(next)
                        }
                        Err(error) => Self::Failed(error),
                    };
                }
                // §9.1: if the value is outside the grammar, the recipient "MUST immediately _Fail the
                // WebSocket Connection_"
                (Err(_), _) => {
                    *self = Self::Failed(HandshakeError::InvalidExtensions);
                    return;
                }
            }
        }
    }

    /// The result, after the last line.
    pub(super) const fn finish(self) -> Result<Negotiated, HandshakeError> {
        match self {
            Self::NoLine => Ok(Negotiated::new()),
            // §9.1: 1#extension; RFC 9110 §5.6.1.2: empty elements do not count
            Self::Empty => Err(HandshakeError::InvalidExtensions),
            Self::Extensions(negotiated) => Ok(negotiated),
            Self::Failed(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Negotiated, Negotiation};
    use crate::error::HandshakeError;

    fn negotiate(
        line: &str,
        take: fn(&mut Negotiation, &[u8], Negotiated),
    ) -> Result<Negotiated, HandshakeError> {
        let mut negotiation = Negotiation::NoLine;
        take(&mut negotiation, line.as_bytes(), Negotiated::new());
        negotiation.finish()
    }

    /// EX-03 (§9.1).
    #[test]
    fn values_outside_the_grammar_are_refused() {
        for value in [
            ";",
            "a;",
            "a; ;b",
            "a;b=",
            "a;b=,",
            "a b",
            "a;b c",
            "a;=c",
            "=",
            "a=b",
            "a;b=\"",
            "a;b=\"x",
            "a;b=\"\"",
            "a;b=\"x y\"",
            "a;b=\"x\\",
            "a;b=\"x\"y",
            "a;b=\"x,y\"",
            "a;b='x y'",
            "\"a\"",
            "a;\"b\"",
            "a/b",
            "\u{e9}",
            "a;b=\"\\\\\"",
            "a, b;",
        ] {
            assert_eq!(
                negotiate(value, Negotiation::read_offer),
                Err(HandshakeError::InvalidExtensions),
                "{value}"
            );
        }
    }

    /// EX-01 (§9.1), C-RS-07 (§4.1).
    #[test]
    fn an_unknown_offer_is_declined_and_an_extension_that_was_not_offered_fails() {
        let line = "permessage-deflate; client_max_window_bits, foo";
        assert_eq!(negotiate(line, Negotiation::read_offer), Ok(Negotiated::new()));
        assert_eq!(negotiate(line, Negotiation::read_response), Err(HandshakeError::ExtensionNotOffered));
        assert_eq!(Negotiation::NoLine.finish(), Ok(Negotiated::new()));
    }
}
