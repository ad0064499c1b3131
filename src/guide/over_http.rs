//! WebSocket over an HTTP library, over HTTP/2 and over HTTP/3.
//!
//! [`Connection::server`] and [`Connection::client`] read and write the opening handshake themselves. If an
//! HTTP library reads and writes it, use the following types of the module [`handshake`] instead. They apply
//! the same checks. [`Connection::established`] then continues with the frames.
//!
//! | | HTTP/1.1 | HTTP/2 (RFC 8441), HTTP/3 (RFC 9220) |
//! |---|---|---|
//! | server checks the request | [`UpgradeRequest::http11`] | [`UpgradeRequest::extended_connect`] |
//! | server accepts | [`AcceptResponse`], status 101 | [`AcceptResponse`], status 200 |
//! | server rejects | [`RejectResponse::http11`] | [`RejectResponse::extended_connect`] |
//! | client makes the request | [`UpgradeOffer::http11`] | [`UpgradeOffer::extended_connect`] |
//! | client checks the response | [`UpgradeOffer::check`] | [`UpgradeOffer::check`] |
//!
//! Pass the header fields as a cloneable iterator over pairs of name and value, for example
//! `&http::HeaderMap` of hyper, h2 and h3. With the feature `http`, HTTP/1.1 needs no conversion at all: a
//! server calls `UpgradeRequest::from_http` and `AcceptResponse::into_http`, a client `UpgradeOffer::to_http`
//! and `UpgradeOffer::check_http`.
//!
//! # The stream
//!
//! * HTTP/1.1: after the 101 response, the library returns the transport. If the library has already read
//!   bytes after the request, feed them to the [`ReceiveBuffer`] first.
//! * HTTP/2 and HTTP/3: the stream of the CONNECT request is the transport. When it ends, call
//!   [`receive_eof`]. To end it after a Close was sent ([`close_status`]), write `out` and end the stream
//!   (HTTP/2: END_STREAM, HTTP/3: FIN): a reset discards data that the library has not sent, and the peer
//!   loses the Close. Without a Close, or if the peer does not end the stream within a few seconds, reset it
//!   (HTTP/2: CANCEL, HTTP/3: H3_REQUEST_CANCELLED).
//! * The library writes the start line (HTTP/1.1) or the pseudo-header fields. For a client, [`UpgradeOffer`]
//!   documents their values.
//!
//! No extension is negotiated unless you call `UpgradeRequest::deflate` or `UpgradeOffer::deflate` (feature
//! `deflate`). To compress the messages that you send, also set `Config::deflate`.
//!
//! # Examples
//!
//! The directory `interop/examples` of the repository has complete programs: `hyper_upgrade` is a server with
//! hyper, `h2_tunnel` and `h3_tunnel` are servers and clients over HTTP/2 and HTTP/3.
//!
//! A handler of hyper or another server library, with the feature `http`:
//!
//! ```
//! # #[cfg(feature = "http")] {
//! use websocket_proto::handshake::UpgradeRequest;
//! use websocket_proto::{Accept, Config, Connection, Server};
//!
//! type Answer = (http::Response<()>, Option<Connection<Server>>);
//!
//! /// The response, and the connection if the response accepts the request.
//! fn upgrade<B>(request: &http::Request<B>) -> Result<Answer, Box<dyn std::error::Error>> {
//!     match UpgradeRequest::from_http(request) {
//!         Ok(request) => {
//!             let response = request.accept(Accept::new())?;
//!             let ws = Connection::established(Server::new(), response.negotiated(), Config::default());
//!             Ok((response.into_http()?, Some(ws)))
//!         }
//!         Err(rejection) => Ok((rejection.into_http(), None)),
//!     }
//! }
//! # }
//! ```
//!
//! A request over HTTP/2 that h2 or hyper has parsed:
//!
//! ```
//! use websocket_proto::handshake::UpgradeRequest;
//! use websocket_proto::{Accept, Config, Connection, Server};
//!
//! let headers = [("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat, superchat")];
//! let (status, fields) = match UpgradeRequest::extended_connect("CONNECT", "websocket", headers) {
//!     Ok(request) => {
//!         let accept = match request.subprotocols().find(|offered| offered.name() == "chat") {
//!             Some(chat) => Accept::new().subprotocol(chat),
//!             None => Accept::new(),
//!         };
//!         let response = request.accept(accept)?;
//!         let ws = Connection::established(Server::new(), response.negotiated(), Config::default());
//!         // Give `ws` and the stream to a task that runs the loop.
//!         # drop(ws);
//!         (response.status(), response.fields().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>())
//!     }
//!     Err(rejection) => (rejection.status(), rejection.fields().map(|(name, value)| format!("{name}: {value}")).collect()),
//! };
//! assert_eq!(status, 200);
//! assert_eq!(fields, ["sec-websocket-protocol: chat"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Connection::server`]: crate::Connection::server
//! [`Connection::client`]: crate::Connection::client
//! [`Connection::established`]: crate::Connection::established
//! [`UpgradeRequest::http11`]: crate::handshake::UpgradeRequest::http11
//! [`UpgradeRequest::extended_connect`]: crate::handshake::UpgradeRequest::extended_connect
//! [`AcceptResponse`]: crate::handshake::AcceptResponse
//! [`RejectResponse::http11`]: crate::handshake::RejectResponse::http11
//! [`RejectResponse::extended_connect`]: crate::handshake::RejectResponse::extended_connect
//! [`UpgradeOffer`]: crate::handshake::UpgradeOffer
//! [`UpgradeOffer::http11`]: crate::handshake::UpgradeOffer::http11
//! [`UpgradeOffer::extended_connect`]: crate::handshake::UpgradeOffer::extended_connect
//! [`UpgradeOffer::check`]: crate::handshake::UpgradeOffer::check
//! [`handshake`]: crate::handshake
//! [`ReceiveBuffer`]: crate::ReceiveBuffer
//! [`receive_eof`]: crate::Connection::receive_eof
//! [`close_status`]: crate::Connection::close_status
