//! One task reads, another one writes.
//!
//! [`Connection::split`] divides an open connection into a [`ReadHalf`] and a [`WriteHalf`]. They share
//! nothing, so there is no lock. Complete the opening handshake first: before it, and after the end of the
//! connection, `split` returns the connection as an error.
//!
//! The read half cannot write a Pong or a Close. It returns a [`Signal`] instead, and the write half writes
//! the reply:
//!
//! | reading task | writing task |
//! |---|---|
//! | [`ReadHalf::receive`] returns an optional `Signal` and the event or error. Send the `Signal` to the writing task on any channel that keeps the order. | For each `Signal`, call [`WriteHalf::handle_signal`], then write `out`. |
//! | [`ReadHalf::tick`] returns an optional `Signal` and the next deadline. | [`WriteHalf::tick`] writes Pings and ends the connection, like [`Connection::tick`]. Deadlines need both `tick` methods, with the same clock. |
//! | At the end of the transport, close the channel. | When the channel is closed, call [`WriteHalf::receive_eof`]. |
//! | After an error, continue to read and to call `receive` until the transport ends. `receive` discards the input, and the peer can read the Close frame. | Do what [`WriteHalf::transport_action`] returns. |
//!
//! A `Signal` is small, owns its data, and can be sent to another thread. If a `Signal` is late, the reply is
//! late, but every frame is legal. If a `Signal` is lost, the reply is never sent.
//!
//! [`Connection::join`] makes one connection of the two halves again. Both halves must come from the same
//! connection, and the write half must have handled all signals.
//!
//! # Example
//!
//! The example has two threads and a channel. A program with sockets also closes the connection as the page
//! [`closing`] describes: after the writing task has stopped, it shuts down the write direction, waits a
//! short time for the reading task, and then closes the socket.
//!
//! ```
//! use std::io::{self, Read, Write};
//! use std::sync::mpsc::{self, Receiver, Sender};
//! use std::thread;
//!
//! use websocket_proto::{
//!     CloseStatus, Config, Connection, Event, Negotiated, ReadHalf, ReceiveBuffer, SendError, Server, Signal,
//!     TransportAction, WriteHalf,
//! };
//!
//! enum Task {
//!     Handle(Signal),
//!     Send(String),
//! }
//!
//! fn read(mut half: ReadHalf<Server>, mut transport: impl Read, tasks: Sender<Task>) -> io::Result<()> {
//!     let mut inbound = ReceiveBuffer::new();
//!     let mut result = Ok(());
//!     loop {
//!         let count = transport.read(inbound.spare_mut(16 * 1024))?;
//!         if count == 0 {
//!             return result; // dropping `tasks` closes the channel
//!         }
//!         inbound.advance(count);
//!         loop {
//!             let (signal, received) = half.receive(&mut inbound);
//!             if let Some(signal) = signal {
//!                 let _ = tasks.send(Task::Handle(signal)); // fails if the writing task has stopped
//!             }
//!             match received {
//!                 Ok(Some(Event::Text(text))) => {
//!                     let _ = tasks.send(Task::Send(text.to_uppercase()));
//!                 }
//!                 Ok(Some(_)) => {}
//!                 Ok(None) => break,
//!                 Err(error) => {
//!                     result = Err(error.into());
//!                     break;
//!                 }
//!             }
//!         }
//!     }
//! }
//!
//! fn write(mut half: WriteHalf<Server>, mut transport: impl Write, tasks: Receiver<Task>) -> io::Result<CloseStatus> {
//!     let mut out = Vec::new();
//!     for task in tasks {
//!         let sent = match task {
//!             Task::Handle(signal) => {
//!                 half.handle_signal(signal, &mut out);
//!                 Ok(())
//!             }
//!             Task::Send(text) => half.send_text(&text, &mut out),
//!         };
//!         transport.write_all(&out)?;
//!         out.clear();
//!         match sent {
//!             Ok(()) | Err(SendError::Closed) => {} // after a Close, messages can still arrive
//!             Err(error) => return Err(error.into()),
//!         }
//!         if half.transport_action() == TransportAction::Close {
//!             break;
//!         }
//!     }
//!     Ok(half.receive_eof())
//! }
//!
//! let ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
//! let (read_half, write_half) = ws.split().expect("an open connection");
//! let (tasks, queue) = mpsc::channel();
//! let input: &[u8] = b"\x81\x82\0\0\0\0hi\x89\x81\0\0\0\0?\x88\x82\0\0\0\0\x03\xe8"; // "hi", a Ping, a Close
//! let mut output = Vec::new();
//! let status = thread::scope(|scope| {
//!     scope.spawn(|| read(read_half, input, tasks));
//!     write(write_half, &mut output, queue)
//! })?;
//! assert!(status.clean());
//! assert_eq!(output, b"\x81\x02HI\x8a\x01?\x88\x02\x03\xe8");
//! # Ok::<(), io::Error>(())
//! ```
//!
//! [`Connection::split`]: crate::Connection::split
//! [`Connection::tick`]: crate::Connection::tick
//! [`ReadHalf`]: crate::ReadHalf
//! [`ReadHalf::receive`]: crate::ReadHalf::receive
//! [`ReadHalf::tick`]: crate::ReadHalf::tick
//! [`Connection::join`]: crate::Connection::join
//! [`WriteHalf`]: crate::WriteHalf
//! [`WriteHalf::handle_signal`]: crate::WriteHalf::handle_signal
//! [`WriteHalf::tick`]: crate::WriteHalf::tick
//! [`WriteHalf::receive_eof`]: crate::WriteHalf::receive_eof
//! [`WriteHalf::transport_action`]: crate::WriteHalf::transport_action
//! [`Signal`]: crate::Signal
//! [`closing`]: super::closing
