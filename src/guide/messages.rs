//! Whole messages and parts, with and without a copy.
//!
//! # Receiving
//!
//! [`Config::delivery`] selects how messages are delivered.
//!
//! | `delivery` | events | memory |
//! |---|---|---|
//! | [`Delivery::Messages`] (default) | [`Event::Text`], [`Event::Binary`] | The receive buffer grows to the largest message. |
//! | [`Delivery::Parts`] | [`Event::TextPart`], [`Event::BinaryPart`] | The receive buffer does not grow with the message. |
//!
//! A payload is unmasked in place, in the receive buffer. `receive` does not copy a message that arrives in
//! one frame, except to decompress it. A buffer that grows during a long message moves its bytes. The
//! fragments of a message are joined in the same buffer.
//!
//! Text is always valid UTF-8. `receive` fails at the first byte that makes the text invalid, even if the
//! message is not complete. With `Delivery::Parts`, each part ends between two code points, and the valid
//! text before the first invalid byte is delivered before the error. The field `last` is `true` for the final
//! part of a message; only that part can be empty.
//!
//! Control frames can arrive between the fragments of a message (§5.4). Their events are delivered as they
//! arrive.
//!
//! [`Config::max_message_size`], [`Config::max_frame_size`] and [`Config::max_fragments`] limit each message.
//! A frame header that declares a large payload does not allocate memory: the buffer grows with the bytes
//! received.
//!
//! # Sending
//!
//! | method | output |
//! |---|---|
//! | [`send_text`], [`send_binary`] | one message in one frame, copied to `out` |
//! | [`send_fragment`] | the next fragment of a message, copied to `out`; control frames can be sent between fragments, other messages cannot |
//! | [`encode_header`] (server) | only the frame header, which the method returns; you write the payload from your own memory |
//! | [`mask_and_encode_header`] (client, server) | the same; on a client, the method masks your payload in place |
//! | [`send_prepared`] | a message that was encoded once, see [`broadcast`] |
//!
//! [`encode_header`] and [`mask_and_encode_header`] avoid the copy to `out`, and never compress. Write `out`
//! first, then the header, then the payload, all before the next call. One vectored write can do all three.
//!
//! # Example
//!
//! ```
//! use websocket_proto::{Config, Connection, Delivery, Event, MessageKind, Negotiated, ReceiveBuffer, Server};
//!
//! let config = Config::new().delivery(Delivery::Parts);
//! let mut ws = Connection::established(Server::new(), Negotiated::new(), config);
//! let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
//!
//! // "Grüße" in two fragments. The first one ends inside the code point "ü".
//! let mut parts = Vec::new();
//! for read in [&b"\x01\x83\0\0\0\0Gr\xc3"[..], b"\x80\x84\0\0\0\0\xbc\xc3\x9fe"] {
//!     assert_eq!(inbound.feed(read), read.len());
//!     while let Some(event) = ws.receive(&mut inbound, &mut out)? {
//!         if let Event::TextPart { text, last } = event {
//!             parts.push((text.to_owned(), last));
//!         }
//!     }
//! }
//! assert_eq!(parts, [("Gr".to_owned(), false), ("üße".to_owned(), true)]);
//!
//! // Two fragments of one message, with a Ping between them.
//! ws.send_fragment(MessageKind::Text, b"Hel", false, &mut out)?;
//! ws.ping(b"?", &mut out)?;
//! ws.send_fragment(MessageKind::Text, b"lo", true, &mut out)?;
//! assert_eq!(out, b"\x01\x03Hel\x89\x01?\x80\x02lo");
//!
//! // A message without a copy: write `out`, `header` and `payload`, in this order.
//! let payload = b"a large payload";
//! let header = ws.encode_header(MessageKind::Binary, payload)?;
//! assert_eq!(&header[..], b"\x82\x0f");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Config::delivery`]: crate::Config::delivery
//! [`Delivery::Messages`]: crate::Delivery::Messages
//! [`Delivery::Parts`]: crate::Delivery::Parts
//! [`Event::Text`]: crate::Event::Text
//! [`Event::Binary`]: crate::Event::Binary
//! [`Event::TextPart`]: crate::Event::TextPart
//! [`Event::BinaryPart`]: crate::Event::BinaryPart
//! [`Config::max_message_size`]: crate::Config::max_message_size
//! [`Config::max_frame_size`]: crate::Config::max_frame_size
//! [`Config::max_fragments`]: crate::Config::max_fragments
//! [`send_text`]: crate::Connection::send_text
//! [`send_binary`]: crate::Connection::send_binary
//! [`send_fragment`]: crate::Connection::send_fragment
//! [`encode_header`]: crate::Connection::encode_header
//! [`mask_and_encode_header`]: crate::Connection::mask_and_encode_header
//! [`send_prepared`]: crate::Connection::send_prepared
//! [`broadcast`]: super::broadcast
