//! Connections that take turns on one receive buffer.

use core::mem;

use websocket_proto::{BufferSlot, Client, Config, Connection, ReceiveBuffer, Server, SharedBuffer};

use super::script::Script;
use super::start::{config, for_role, start};
use crate::support::{Keys, Side, frame};

/// Connections on shared buffers have the events, output, error and unread bytes of connections that each
/// have their own receive buffer.
///
/// The first byte of the input has options: 1 for clients, 2 for parts, 4 for small limits, 8 for
/// permessage-deflate, 16 for a low limit on `out`, 32 for buffers that retain no memory. The rest is
/// operations: a byte for [`Turns::operation`] and its arguments.
pub fn shared_buffer(input: &[u8]) {
    for_role(input, run::<Server>, run::<Client<Keys>>)
}

/// Four connections are enough for the leftover bytes of three to wait while one reads.
const CONNECTIONS: usize = 4;
/// Around 4 KiB, from which on leftover bytes stay in the memory of the slot.
const LENGTHS: [usize; 8] = [0, 126, 1_000, 4_090, 4_096, 5_000, 9_000, 70_000];

fn run<R: Side>(input: &[u8]) {
    let mut script = Script(input);
    let options = script.byte();
    let mut config = config(options, [6_000, 5_000]);
    if options & 16 != 0 {
        config.max_write_buffer = 20;
    }
    let capacity = if options & 32 != 0 { 0 } else { 64 * 1024 };
    let mut turns = Turns::<R> {
        // Each slot can continue on either of the two.
        shared: [(); 2].map(|()| SharedBuffer::with_retained_capacity(capacity)),
        pairs: [(); CONNECTIONS].map(|()| Pair::new(config, options, capacity)),
    };
    for _ in 0..200 {
        if script.0.is_empty() {
            break;
        }
        turns.operation(&mut script);
    }
    for pair in &mut turns.pairs {
        pair.write(usize::MAX);
        pair.read(&mut turns.shared[0], usize::MAX, usize::MAX, false);
    }
}

struct Turns<R: Side> {
    shared: [SharedBuffer; 2],
    pairs: [Pair<R>; CONNECTIONS],
}

impl<R: Side> Turns<R> {
    /// Bits 0 to 2 are the operation, 3 and 4 the connection, 5 the shared buffer. For a read, bit 6 makes it
    /// 64 times as long, and bit 7 leaks the guard.
    fn operation(&mut self, script: &mut Script<'_>) {
        let byte = script.byte();
        let pair = &mut self.pairs[usize::from(byte >> 3 & 3)];
        let shared = &mut self.shared[usize::from(byte >> 5 & 1)];
        let (scale, leaks) = (if byte & 64 != 0 { 64 } else { 1 }, byte & 128 != 0);
        match byte & 7 {
            0 => pair.sent.extend(script.bytes()),
            1 => pair.sent.extend(frame::<R>(script.byte(), script.bytes())),
            2 => pair.sent.extend(frame::<R>(script.byte(), &vec![b'Z'; script.one_of(LENGTHS)])),
            3 => pair.read(shared, usize::from(script.byte()) * scale, usize::MAX, leaks),
            4 => pair.read(shared, usize::MAX, script.byte().into(), leaks),
            5 => pair.write(script.byte().into()),
            6 => {
                shared.attach(&mut pair.slot).shrink_to_fit();
                pair.inbound.shrink_to_fit();
            }
            _ => match script.byte() & 3 {
                0 => shared.shrink_to_fit(),
                1 => *shared = SharedBuffer::new(),
                _ => {
                    shared.attach(&mut pair.slot).clear();
                    pair.inbound.clear();
                }
            },
        }
    }
}

/// Two equal connections: one reads in a slot of a shared buffer, the other in its own receive buffer.
struct Pair<R: Side> {
    /// Input that neither has read.
    sent: Vec<u8>,
    in_slot: Connection<R>,
    slot: BufferSlot,
    alone: Connection<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    outs: [Vec<u8>; 2],
}

impl<R: Side> Pair<R> {
    fn new(config: Config, options: u8, capacity: usize) -> Self {
        Self {
            sent: vec![],
            in_slot: start(config, options),
            slot: BufferSlot::new(),
            alone: start(config, options),
            inbound: ReceiveBuffer::with_retained_capacity(capacity),
            outs: [vec![], vec![]],
        }
    }

    /// Reads up to `count` bytes and receives up to `events` events. A guard that leaks loses no byte.
    fn read(&mut self, shared: &mut SharedBuffer, count: usize, events: usize, leaks: bool) {
        let read: Vec<u8> = self.sent.drain(..count.min(self.sent.len())).collect();
        let mut attached = shared.attach(&mut self.slot);
        assert_eq!(attached.feed(&read), self.inbound.feed(&read));
        let [out, out_alone] = &mut self.outs;
        for _ in 0..events {
            let event = self.in_slot.receive(&mut attached, out);
            assert_eq!(event, self.alone.receive(&mut self.inbound, out_alone));
            if !matches!(event, Ok(Some(_))) {
                break;
            }
        }
        assert_eq!(attached.unread(), self.inbound.unread());
        if leaks {
            mem::forget(attached);
        } else {
            drop(attached);
        }
        assert_eq!(self.slot.is_empty(), self.inbound.is_empty());
        assert_eq!(self.outs[0], self.outs[1]);
        let look = |it: &Connection<R>| (it.state(), it.close_status(), it.has_pending_reply());
        assert_eq!(look(&self.in_slot), look(&self.alone));
    }

    /// The transport takes up to `count` bytes of the output.
    fn write(&mut self, count: usize) {
        for out in &mut self.outs {
            out.drain(..count.min(out.len()));
        }
    }
}
