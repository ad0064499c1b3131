//! Test and fuzz your own endpoint.
//!
//! A test needs no sockets, threads or sleeps: two connections exchange bytes in memory, and `tick` receives
//! the time from the test. The page [`closing`] shows such a pair.
//!
//! # Send what the protocol forbids
//!
//! A [`Connection`] never writes an illegal frame, but the module [`wire`] can: [`RawFrameHeader`] encodes
//! any combination of fields, and [`LengthForm`] selects the form of the length. [`FrameHeader::parse`] and
//! [`CloseFrame::parse`] read the answer. The module can test any WebSocket endpoint, also one that does not
//! use this crate. `interop/examples/test_an_endpoint.rs` in the repository does this with tungstenite.
//!
//! # Two properties worth a fuzz target
//!
//! * **Any input is safe.** Feed arbitrary bytes. The endpoint must not panic, and must stop after an error.
//! * **How the bytes are split into reads changes nothing.** Feed the same bytes in one read and in many
//!   reads. The events, the output and the error must be equal. (With `Delivery::Parts`, join the parts of
//!   each message first.)
//!
//! The function `received` below runs the endpoint for such a target: call it from
//! `libfuzzer_sys::fuzz_target!(|bytes: &[u8]| …)`. The directory `fuzz/` of the repository contains targets
//! that you can copy.
//!
//! # Example
//!
//! ```
//! use websocket_proto::wire::{LengthForm, RawFrameHeader, ReservedBits, mask};
//! use websocket_proto::{Config, Connection, Error, Negotiated, ProtocolError, ReceiveBuffer, Server};
//!
//! /// The events, the error and the output of a server that reads `bytes` in pieces of at most `size` bytes.
//! fn received(bytes: &[u8], size: usize) -> (Vec<String>, Option<Error>, Vec<u8>) {
//!     let mut ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
//!     let (mut inbound, mut out, mut events) = (ReceiveBuffer::new(), Vec::new(), Vec::new());
//!     for read in bytes.chunks(size) {
//!         assert_eq!(inbound.feed(read), read.len());
//!         loop {
//!             match ws.receive(&mut inbound, &mut out) {
//!                 Ok(Some(event)) => events.push(format!("{event:?}")),
//!                 Ok(None) => break,
//!                 Err(error) => return (events, Some(error), out),
//!             }
//!         }
//!     }
//!     (events, None, out)
//! }
//!
//! /// A client's frame. `reserved` and `length_form` can make it illegal.
//! fn frame(reserved: ReservedBits, length_form: LengthForm, payload: &[u8]) -> Vec<u8> {
//!     let key = [1, 2, 3, 4];
//!     let header = RawFrameHeader {
//!         fin: true,
//!         reserved,
//!         opcode: 0x1,
//!         masking_key: Some(key),
//!         payload_len: payload.len() as u64,
//!         length_form,
//!     };
//!     let mut frame = [&header.encode()[..], payload].concat();
//!     let masked = frame.len() - payload.len();
//!     mask(&mut frame[masked..], key, 0);
//!     frame
//! }
//!
//! for (frame, expected) in [
//!     (frame(ReservedBits::NONE, LengthForm::Minimal, b"Hello"), None),
//!     (frame(ReservedBits::RSV1, LengthForm::Minimal, b"Hello"), Some(ProtocolError::ReservedBits)),
//!     (frame(ReservedBits::NONE, LengthForm::Bits64, b"Hello"), Some(ProtocolError::LengthNotMinimal)),
//!     (frame(ReservedBits::NONE, LengthForm::Minimal, b"\xff"), Some(ProtocolError::InvalidUtf8)),
//! ] {
//!     let whole = received(&frame, frame.len());
//!     assert_eq!(whole.1, expected.map(Error::from));
//!     assert_eq!(received(&frame, 1), whole); // byte by byte
//! }
//! ```
//!
//! [`closing`]: super::closing
//! [`Connection`]: crate::Connection
//! [`wire`]: crate::wire
//! [`RawFrameHeader`]: crate::wire::RawFrameHeader
//! [`LengthForm`]: crate::wire::LengthForm
//! [`FrameHeader::parse`]: crate::wire::FrameHeader::parse
//! [`CloseFrame::parse`]: crate::CloseFrame::parse
