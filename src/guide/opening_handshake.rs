//! The opening handshake, of a server and of a client.
//!
//! # Server
//!
//! [`Event::Request`] is a valid upgrade request. Look at it, then answer it once:
//!
//! | your decision | call |
//! |---|---|
//! | This path, user and Origin are welcome. | [`accept`]`(Accept::new(), …)` |
//! | We speak this subprotocol, among those that the client offers. | [`Accept::subprotocol`], with an element of [`Request::subprotocols`] |
//! | The response has more fields, such as Set-Cookie. | [`Accept::headers`] |
//! | Another answer: 401, 403, 404, a redirect. | [`reject`]`(Reject::new(status), …)`, with [`Reject::headers`] and [`Reject::body`] |
//!
//! `receive` itself answers a request that is not valid, for example with 400 or 426, and returns the error.
//! With [`Config::allow_plain_http`], a `GET` that asks for no upgrade is [`Event::PlainRequest`]: answer a health
//! check or a small page with `reject`, whose status can also be 200.
//!
//! After `reject`, write `out` and close the transport. After `accept`, the client may already have sent frames:
//! call `receive` before you read again.
//!
//! # Client
//!
//! [`Connection::client`] writes the request to `out`. It needs an [`Entropy`](crate::Entropy), such as
//! `OsEntropy` of the feature `getrandom`. [`ClientRequest::subprotocols`] and [`ClientRequest::headers`] add the
//! subprotocols, and fields such as Origin or Authorization.
//!
//! [`Event::Open`] says that the server has accepted; [`Response::subprotocol`] is the one that it has chosen.
//! [`Event::Rejected`] has another status, such as 301 or 401. The crate does not follow a redirect: make
//! another connection.
//!
//! permessage-deflate needs no call: if `Config::deflate` is set on both sides, it is offered and accepted.
//!
//! # Example
//!
//! A server with one path, one subprotocol and one Origin, and a client. The transport is `to_server` and
//! `to_client`.
//!
//! ```
//! use websocket_proto::{
//!     Accept, ClientRequest, Config, Connection, Event, ReceiveBuffer, Reject, Server, Uri,
//! };
//!
//! fn answer(server: &mut Connection<Server>, inbound: &mut ReceiveBuffer<Vec<u8>>, out: &mut Vec<u8>) {
//!     match server.receive(inbound, out) {
//!         Ok(Some(Event::Request(request))) => {
//!             let subprotocol = request.subprotocols().find(|offer| offer.name() == "chat.v2");
//!             let is_welcome = request.target() == "/chat" && request.origin() == Some(b"https://example.com");
//!             match subprotocol {
//!                 Some(chat) if is_welcome => {
//!                     let fields = [("Set-Cookie", "session=8f2a")];
//!                     server.accept(Accept::new().subprotocol(chat).headers(&fields), out).expect("valid fields");
//!                 }
//!                 _ => server.reject(Reject::new(403).body(b"not here"), out).expect("a valid status"),
//!             }
//!         }
//!         Ok(_) => {} // the request is not complete
//!         Err(error) => println!("no handshake: {error}"), // the response is in `out`
//!     }
//! }
//!
//! # let random = |bytes: &mut [u8]| bytes.fill(0xA5); // in a program: `OsEntropy`
//! let (mut to_server, mut to_client) = (ReceiveBuffer::new(), ReceiveBuffer::new());
//! let (mut server, mut out) = (Connection::server(Config::new()), Vec::new());
//!
//! let request = ClientRequest::new(Uri::parse("wss://example.com/chat")?)
//!     .subprotocols(&["chat.v2", "chat.v1"])
//!     .headers(&[("Origin", "https://example.com")]);
//! let mut client = Connection::client(request, Config::new(), random, &mut out)?;
//! assert_eq!(to_server.feed(&out), out.len());
//!
//! out.clear();
//! answer(&mut server, &mut to_server, &mut out);
//! assert_eq!(to_client.feed(&out), out.len());
//!
//! out.clear();
//! match client.receive(&mut to_client, &mut out)? {
//!     Some(Event::Open(response)) => assert_eq!(response.subprotocol(), Some("chat.v2")),
//!     Some(Event::Rejected(response)) => panic!("the server answers {}", response.status()),
//!     _ => panic!("the response is complete"),
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! [`accept`]: crate::Connection::accept
//! [`reject`]: crate::Connection::reject
//! [`Accept::subprotocol`]: crate::Accept::subprotocol
//! [`Accept::headers`]: crate::Accept::headers
//! [`Request::subprotocols`]: crate::Request::subprotocols
//! [`Reject::headers`]: crate::Reject::headers
//! [`Reject::body`]: crate::Reject::body
//! [`Response::subprotocol`]: crate::Response::subprotocol
//! [`Config::allow_plain_http`]: crate::Config::allow_plain_http
//! [`Connection::client`]: crate::Connection::client
//! [`ClientRequest::subprotocols`]: crate::ClientRequest::subprotocols
//! [`ClientRequest::headers`]: crate::ClientRequest::headers
//! [`Event::Request`]: crate::Event::Request
//! [`Event::PlainRequest`]: crate::Event::PlainRequest
//! [`Event::Open`]: crate::Event::Open
//! [`Event::Rejected`]: crate::Event::Rejected
