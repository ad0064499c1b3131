//! An echo server in fixed memory. It needs neither std nor an allocator, and it never waits.
#![forbid(unsafe_code)]

use core::time::Duration;

use websocket_proto::{
    Accept, Config, Connection, Delivery, Event, MessageKind, ReceiveBuffer, SendBuffer as _, SendSlice,
    Server, TransportAction,
};

/// Room for the head of a request. Messages are delivered in parts, so they can be longer: for them, 135
/// bytes are enough.
pub(crate) const INPUT: usize = 1024;
/// Room for the longest part and its header. The 101 response needs 129 bytes, and a rejection about 210.
pub(crate) const OUTPUT: usize = INPUT + 4;
/// How long the peer may take to close the transport after this side is closed.
const LINGER: Duration = Duration::from_secs(2);

/// A transport that never waits, such as a TCP socket of smoltcp, or a serial line.
pub(crate) trait Transport {
    /// Reads to the front of `space`. Returns the number of bytes; 0 if there is no input.
    fn read(&mut self, space: &mut [u8]) -> Result<usize, Ended>;
    /// Writes the first bytes. Returns their number; 0 if there is no room.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Ended>;
    /// Closes the writing side. `Echo` calls it more than once.
    fn shutdown(&mut self);
}

/// The transport has ended, or the connection and the wait for the peer to close the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended;

/// A connection to one client.
#[derive(Debug)]
pub(crate) struct Echo<'m> {
    ws: Connection<Server>,
    inbound: ReceiveBuffer<&'m mut [u8]>,
    out: SendSlice<'m>,
    /// The end of the wait for the peer to close the transport.
    deadline: Option<Duration>,
}

impl<'m> Echo<'m> {
    /// A server that waits for a request. The content of the memory does not matter.
    pub(crate) fn new(input: &'m mut [u8; INPUT], output: &'m mut [u8; OUTPUT]) -> Self {
        let ws = Connection::server(Config::new().delivery(Delivery::Parts));
        Self { ws, inbound: ReceiveBuffer::fixed(input), out: SendSlice::new(output), deadline: None }
    }

    /// Does everything that is possible without a wait. Call it when the transport is ready, and once a
    /// second. `now` is the time since any fixed point.
    ///
    /// # Errors
    /// At the end: close the transport, and create another `Echo` for the next client.
    pub(crate) fn poll(&mut self, transport: &mut impl Transport, now: Duration) -> Result<(), Ended> {
        let Self { ws, inbound, out, deadline } = self;
        // After an error of `tick` or `receive`, `out` has a Close or a response, the transport action is
        // `Close`, and `receive` discards later input.
        let _ = ws.tick(now, out);
        loop {
            // Reads nothing before all output is written. So a peer that does not read must wait.
            while !out.is_empty() {
                match transport.write(out.as_slice())? {
                    0 => return Ok(()),
                    count => out.consume(count),
                }
            }
            if ws.transport_action() == TransportAction::Close {
                // Unread input could make TCP reset the connection, and the peer would lose the Close.
                transport.shutdown();
                if now >= *deadline.get_or_insert(now.saturating_add(LINGER)) {
                    return Err(Ended);
                }
            }
            match ws.receive(inbound, out) {
                Ok(Some(event)) => answer(event, ws, out),
                _ if !out.is_empty() || ws.has_pending_reply() => {}
                _ => match transport.read(inbound.spare_mut(1))? {
                    0 => return Ok(()),
                    count => inbound.advance(count),
                },
            }
        }
    }
}

/// Appends the answer to `out`, which is empty if the event needs one.
fn answer(event: Event<'_>, ws: &mut Connection<Server>, out: &mut SendSlice<'_>) {
    let is_sent = match event {
        Event::Request(_) => ws.accept(Accept::new(), out).is_ok(),
        Event::TextPart { text, last } => {
            ws.send_fragment(MessageKind::Text, text.as_bytes(), last, out).is_ok()
        }
        Event::BinaryPart { bytes, last } => ws.send_fragment(MessageKind::Binary, bytes, last, out).is_ok(),
        _ => true, // `receive` has replied to a Ping or a Close
    };
    debug_assert!(is_sent, "`OUTPUT` is long enough for each answer");
}
