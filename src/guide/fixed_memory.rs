//! Fixed memory, without an allocator.
//!
//! Without default features the crate needs neither `std` nor `alloc`. A connection then works on two arrays:
//! [`ReceiveBuffer::fixed`] for input and [`SendSlice`] (or an `ArrayVec` of the crate `arrayvec`) for
//! output.
//!
//! | buffer | must have room for |
//! |---|---|
//! | input, [`Delivery::Messages`] | the largest message plus a control frame of 131 bytes; for compressed messages, plus all bytes of one read |
//! | input, [`Delivery::Parts`] | [`MIN_LEN`] bytes (135), for messages of any size |
//! | input, during the opening handshake | the whole head of the request or the response, and 4 bytes |
//! | output | each frame that you send, and a control frame of 131 bytes |
//! | output, during the opening handshake | on a client, the request; on a server, the 101 response or a rejection of about 210 bytes |
//!
//! If a message does not fit into the receive buffer, `receive` returns [`ProtocolError::MessageTooBig`], and
//! the peer receives the code 1009. If a frame does not fit into the output, the send returns
//! [`SendError::Full`] and writes nothing. A fragment of a compressed message needs room for its longest
//! compressed form, about 15 % more than its length.
//!
//! # Example
//!
//! `interop/embedded` in the repository is the firmware of a complete server; its script `sizes` prints how
//! much memory it needs.
//!
//! A message of 1,000 bytes passes through a buffer of 256 bytes.
//!
//! ```
//! use websocket_proto::{
//!     Config, Connection, Delivery, Event, Negotiated, ReceiveBuffer, SendSlice, Server,
//! };
//!
//! let (mut input, mut output) = ([0; 256], [0; 256]);
//! let (mut inbound, mut out) = (ReceiveBuffer::fixed(&mut input), SendSlice::new(&mut output));
//! let config = Config::new().delivery(Delivery::Parts);
//! let mut ws = Connection::established(Server::new(), Negotiated::new(), config);
//!
//! // The transport delivers the frame header (1,000 bytes of payload, key 0), then 100 bytes in each read.
//! assert_eq!(inbound.feed(b"\x82\xfe\x03\xe8\0\0\0\0"), 8);
//! let mut received = 0;
//! for _ in 0..10 {
//!     let space = inbound.spare_mut(100);
//!     space[..100].fill(b'x'); // read from the transport
//!     inbound.advance(100);
//!     while let Some(event) = ws.receive(&mut inbound, &mut out)? {
//!         if let Event::BinaryPart { bytes, .. } = event {
//!             received += bytes.len();
//!         }
//!     }
//! }
//! assert_eq!(received, 1000);
//!
//! ws.send_text("done", &mut out)?;
//! assert_eq!(out.as_slice(), b"\x81\x04done"); // write these bytes
//! out.consume(6); // the transport accepted 6 bytes
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`ReceiveBuffer::fixed`]: crate::ReceiveBuffer::fixed
//! [`SendSlice`]: crate::SendSlice
//! [`Delivery::Messages`]: crate::Delivery::Messages
//! [`Delivery::Parts`]: crate::Delivery::Parts
//! [`MIN_LEN`]: crate::ReceiveBuffer::MIN_LEN
//! [`ProtocolError::MessageTooBig`]: crate::ProtocolError::MessageTooBig
//! [`SendError::Full`]: crate::SendError::Full
