//! How a connection ends.
//!
//! A connection closes _cleanly_ if both endpoints have sent a Close frame (§7.1.4). The server then closes
//! the transport first, and the client waits for it (§7.1.1).
//!
//! | event | consequence |
//! |---|---|
//! | You call [`close`]. | Continue to read and to call `receive`: messages can arrive until the peer's Close. A send now returns [`SendError::Closed`]. |
//! | `receive` returns [`Event::Close`]. | It is the last event. If you had not sent a Close, the reply with the same code and reason is already in `out`. A send now returns [`SendError::Closed`]. |
//! | `receive` returns an error. | A Close frame with the code of the error is already in `out`, if you had not sent one. During the opening handshake, a server has written an HTTP response, a client nothing. |
//! | You call [`reject`], or `receive` returns [`Event::Rejected`]. | The opening handshake has failed. There is no Close frame. |
//! | [`tick`] returns an error. | The peer was silent or too slow, see [`deadlines`]. |
//! | The transport ends. | Call [`receive_eof`]. |
//!
//! In all cases, write `out`, then do what [`transport_action`] returns:
//!
//! | [`TransportAction`] | meaning |
//! |---|---|
//! | [`KeepOpen`] | Continue. |
//! | [`AwaitPeerClose`] | Only on a client: the closing handshake is complete. Read until the server closes the transport. If you call `tick`, [`Config::close_timeout`] limits the wait. |
//! | [`Close`] | Close the transport. |
//!
//! # Close a TCP connection in three steps
//!
//! 1. Write `out`.
//! 2. Shut down the write direction.
//! 3. Read and discard input until the peer closes, for at most a few seconds. Then close the socket.
//!
//! Step 3 matters: if a program closes a socket that holds unread input, the operating system resets the
//! connection, and the peer can lose the Close frame that it has not read yet.
//!
//! # The result
//!
//! [`receive_eof`] and [`close_status`] return a [`CloseStatus`]: the Close frame that was sent and the one
//! that was received. [`clean`] says whether there are both. [`code`] is the code received: 1005 if the
//! peer's Close had no code, 1006 if there was no Close (§7.1.5). A [`CloseCode`] holds only codes that a
//! Close frame can carry, so 1005, 1006 and 1015 cannot be sent.
//!
//! To choose the reply to a Close yourself, set [`Config::auto_close`] to `false`, and call [`close`] or
//! [`close_empty`] after `Event::Close`.
//!
//! # Example
//!
//! ```
//! use websocket_proto::{
//!     Client, CloseCode, CloseFrame, Config, Connection, Event, Negotiated, ReceiveBuffer, SendError, Server,
//!     TransportAction,
//! };
//!
//! # let unpredictable = |bytes: &mut [u8]| bytes.fill(0xA5);
//! let mut server = Connection::established(Server::new(), Negotiated::new(), Config::default());
//! let mut client = Connection::established(Client::new(unpredictable), Negotiated::new(), Config::default());
//! let (mut to_server, mut to_client) = (ReceiveBuffer::new(), ReceiveBuffer::new());
//! let mut out = Vec::new();
//!
//! // The server begins the closing handshake. It cannot send after that.
//! server.close(CloseCode::GOING_AWAY, "restart", &mut out)?;
//! assert_eq!(server.send_text("late", &mut out), Err(SendError::Closed));
//! assert_eq!(to_client.feed(&out), out.len());
//! out.clear();
//!
//! // The client receives the Close. `receive` writes the reply to `out`.
//! let frame = CloseFrame { code: CloseCode::GOING_AWAY, reason: "restart" };
//! assert!(matches!(client.receive(&mut to_client, &mut out)?, Some(Event::Close(Some(close))) if close == frame));
//! assert_eq!(client.transport_action(), TransportAction::AwaitPeerClose);
//! assert_eq!(to_server.feed(&out), out.len());
//! out.clear();
//!
//! // The server receives the reply, and closes the transport.
//! assert!(matches!(server.receive(&mut to_server, &mut out)?, Some(Event::Close(Some(_)))));
//! assert_eq!(server.transport_action(), TransportAction::Close);
//! assert!(server.close_status().clean());
//!
//! // The client's next read returns 0 bytes.
//! let status = client.receive_eof();
//! assert!(status.clean());
//! assert_eq!(status.code(), 1001);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`close`]: crate::Connection::close
//! [`close_empty`]: crate::Connection::close_empty
//! [`SendError::Closed`]: crate::SendError::Closed
//! [`Event::Close`]: crate::Event::Close
//! [`Event::Rejected`]: crate::Event::Rejected
//! [`reject`]: crate::Connection::reject
//! [`tick`]: crate::Connection::tick
//! [`deadlines`]: super::deadlines
//! [`receive_eof`]: crate::Connection::receive_eof
//! [`close_status`]: crate::Connection::close_status
//! [`transport_action`]: crate::Connection::transport_action
//! [`TransportAction`]: crate::TransportAction
//! [`KeepOpen`]: crate::TransportAction::KeepOpen
//! [`AwaitPeerClose`]: crate::TransportAction::AwaitPeerClose
//! [`Close`]: crate::TransportAction::Close
//! [`CloseStatus`]: crate::CloseStatus
//! [`clean`]: crate::CloseStatus::clean
//! [`code`]: crate::CloseStatus::code
//! [`CloseCode`]: crate::CloseCode
//! [`Config::auto_close`]: crate::Config::auto_close
//! [`Config::close_timeout`]: crate::Config::close_timeout
