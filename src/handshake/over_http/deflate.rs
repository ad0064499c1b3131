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
    #[must_use]
    pub fn deflate(mut self, limits: DeflateParams) -> Self {
        let supported = Negotiated::new().with_deflate(limits);
        let mut negotiation = Negotiation::NoLine;
        values(&self.fields, Known::Extensions).for_each(|line| negotiation.read_offer(line, supported));
        // The check has found no error in these lines.
        self.negotiated = negotiation.finish().unwrap_or_default();
        self
    }
}

impl UpgradeOffer<'_> {
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
    #[must_use]
    pub fn deflate(mut self, limits: DeflateParams) -> Self {
        let offer = Negotiated::new().with_deflate(limits);
        self.expected.extensions = offer;
        self.extensions = offer.offer();
        self
    }
}
