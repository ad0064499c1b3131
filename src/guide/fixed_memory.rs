//! Fixed memory, without an allocator.
//!
//! Without default features the crate needs neither `std` nor `alloc`. A connection then works on two arrays:
//! [`ReceiveBuffer::fixed`] for input and [`SendSlice`] (or an `ArrayVec` of the crate `arrayvec`) for
//! output.
//!
//! | buffer | must have room for |
//! |---|---|
//! | input, [`Delivery::Messages`] | the largest message and a control frame of 131 bytes; the head of the opening handshake |
//! | input, [`Delivery::Parts`] | [`MIN_LEN`] bytes (135), whatever the size of the messages; the head of the opening handshake |
//! | output | a control frame of 131 bytes; on a server also the 101 response, or a rejection of about 260 bytes |
//!
//! A message that does not fit the receive buffer is an error, [`ProtocolError::MessageTooBig`], and the peer
//! receives the code 1009. A send that does not fit the output returns [`SendError::Full`] and writes
//! nothing.
//!
//! # Example
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
//! let mut config = Config::default();
//! config.delivery = Delivery::Parts;
//! let mut ws = Connection::established(Server::new(), Negotiated::new(), config);
//!
//! // The transport delivers the frame header (1,000 bytes of payload, key 0), then 100 bytes a read.
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
