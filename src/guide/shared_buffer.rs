//! One receive buffer for many connections.
//!
//! Most connections of a server are idle most of the time. If each has its own [`ReceiveBuffer`], each keeps
//! the memory of one read. A [`SharedBuffer`] lends its memory to one connection at a time; the other
//! connections keep only their leftover bytes, such as an incomplete frame, and usually have none.
//!
//! 1. Create one [`SharedBuffer`] for each thread, and one [`BufferSlot`] for each connection. The slot holds
//!    the leftover bytes.
//! 2. When a connection has input, call [`attach`] with its slot. The guard that it returns is the receive
//!    buffer of this connection.
//! 3. Read, call `receive` until it returns `Ok(None)`, and drop the guard. Leftover bytes move to the slot.
//!
//! A large unfinished message keeps its memory in the slot, so its bytes are not copied again at each read.
//!
//! Without a `SharedBuffer`, one `ReceiveBuffer` can still serve many connections, if it is empty
//! ([`is_empty`]) each time that you pass it to another connection. `receive` compares the number of bytes in the
//! buffer with the number that the connection left there, and returns `Error::WrongBuffer` if they differ. If they
//! are equal by chance, it does not notice the mistake. With the error nothing is consumed, and the connection has
//! not failed: call `receive` again with the right buffer.
//!
//! # Example
//!
//! `interop/examples/mio_server.rs` in the repository is a complete server on mio, with deadlines and slow
//! readers.
//!
//! ```
//! use std::io::{self, Read};
//!
//! use websocket_proto::{BufferSlot, Config, Connection, Event, Negotiated, Server, SharedBuffer};
//!
//! struct Session<T> {
//!     transport: T,
//!     ws: Connection<Server>,
//!     slot: BufferSlot,
//!     out: Vec<u8>,
//! }
//!
//! impl<T: Read> Session<T> {
//!     fn new(transport: T) -> Self {
//!         let ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
//!         Self { transport, ws, slot: BufferSlot::new(), out: Vec::new() }
//!     }
//!
//!     /// The event loop calls this if the transport has input. It writes `out` afterwards, also after an error.
//!     fn on_readable(&mut self, shared: &mut SharedBuffer) -> io::Result<()> {
//!         let mut inbound = shared.attach(&mut self.slot);
//!         let count = self.transport.read(inbound.spare_mut(16 * 1024))?;
//!         inbound.advance(count); // a count of 0 is the end of the transport: see the page `closing`
//!         while let Some(event) = self.ws.receive(&mut inbound, &mut self.out)? {
//!             if let Event::Text(text) = event {
//!                 self.ws.send_text(text, &mut self.out)?;
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! // The first read of each connection ends inside a frame.
//! let mut one = Session::new(b"\x81\x83\0\0\0\0o".chain(&b"ne"[..]));
//! let mut two = Session::new(b"\x81".chain(&b"\x83\0\0\0\0two"[..]));
//! let mut shared = SharedBuffer::new();
//! for _ in 0..2 {
//!     one.on_readable(&mut shared)?;
//!     two.on_readable(&mut shared)?;
//! }
//! assert_eq!(one.out, b"\x81\x03one");
//! assert_eq!(two.out, b"\x81\x03two");
//! # Ok::<(), io::Error>(())
//! ```
//!
//! [`ReceiveBuffer`]: crate::ReceiveBuffer
//! [`SharedBuffer`]: crate::SharedBuffer
//! [`BufferSlot`]: crate::BufferSlot
//! [`attach`]: crate::SharedBuffer::attach
//! [`is_empty`]: crate::ReceiveBuffer::is_empty
