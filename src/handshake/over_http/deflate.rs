//! permessage-deflate offered and accepted through an HTTP library (RFC 7692 §5).

use super::field_pairs::values;
use super::upgrade_offer::UpgradeOffer;
use super::upgrade_request::UpgradeRequest;
use crate::handshake::deflate_params::DeflateParams;
use crate::handshake::http1::fields::Known;
use crate::handshake::negotiation::{Negotiated, Negotiation};

impl<'b, F, N, V> UpgradeRequest<F>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    /// Accepts the first offer of permessage-deflate (RFC 7692) that is possible within `limits`, as a
    /// [`Connection::server`](crate::Connection::server) with these
    /// [`DeflateConfig::limits`](crate::DeflateConfig::limits) does.
    ///
    /// The connection inflates received messages in any case. It compresses sent ones if it is
    /// [established](crate::Connection::established) with a [`Config::deflate`](crate::Config::deflate).
    ///
    /// ```
    /// use websocket_proto::handshake::UpgradeRequest;
    /// use websocket_proto::{Accept, Config, Connection, DeflateConfig, Server};
    ///
    /// let deflate = DeflateConfig::default();
    /// let config = Config::new().deflate(Some(deflate));
    ///
    /// let fields = [
    ///     ("sec-websocket-version", "13"),
    ///     ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
    /// ];
    /// let request = UpgradeRequest::extended_connect("CONNECT", "websocket", fields)?.deflate(deflate.limits);
    /// let response = request.accept(Accept::new())?;
    /// assert!(response.fields().eq([("sec-websocket-extensions", "permessage-deflate")]));
    /// let connection = Connection::established(Server::new(), response.negotiated(), config);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn deflate(mut self, limits: DeflateParams) -> Self {
        let supported = Negotiated::new().with_deflate(limits);
        let mut negotiation = Negotiation::NoLine;
        values(&self.fields, Known::Extensions).for_each(|line| negotiation.read_offer(line, supported));
        let negotiated = negotiation.finish();
        debug_assert!(negotiated.is_ok(), "the check of the request has read these lines");
        self.negotiated = negotiated.unwrap_or_default();
        self
    }
}

impl UpgradeOffer<'_> {
    /// Offers permessage-deflate (RFC 7692) with these parameters, as a
    /// [`Connection::client`](crate::Connection::client) with these
    /// [`DeflateConfig::limits`](crate::DeflateConfig::limits) does.
    ///
    /// The connection compresses sent messages if it is [established](crate::Connection::established) with a
    /// [`Config::deflate`](crate::Config::deflate). Give it the same limits: the server can leave out what
    /// the offer says about the client, and relies on it nevertheless (RFC 7692 §7.1.1.2, §7.1.2.2).
    ///
    /// ```
    /// use websocket_proto::handshake::UpgradeOffer;
    /// use websocket_proto::{ClientRequest, DeflateConfig, Uri};
    ///
    /// let request = ClientRequest::new(Uri::parse("wss://example.com/")?);
    /// let offer = UpgradeOffer::extended_connect(request)?.deflate(DeflateConfig::default().limits);
    /// let fields: Vec<_> = offer.fields().map(|(name, value)| format!("{name}: {value}")).collect();
    /// assert_eq!(fields[1], "sec-websocket-extensions: permessage-deflate; client_max_window_bits");
    ///
    /// let fields = [("sec-websocket-extensions", "permessage-deflate; server_max_window_bits=12")];
    /// let response = offer.check(200, fields)?;
    /// assert_eq!(response.negotiated().deflate().map(|deflate| deflate.server_window_bits), Some(12));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn deflate(mut self, limits: DeflateParams) -> Self {
        let offer = Negotiated::new().with_deflate(limits);
        self.expected.extensions = offer;
        self.extensions = offer.offer();
        self
    }
}
