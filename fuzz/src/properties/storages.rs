//! The memories of a receive buffer.

use core::fmt::Debug;

use arbitrary::Arbitrary;
use websocket_proto::{BufferSlot, Client, Connection, ReceiveBuffer, Server, SharedBuffer, Storage};

use super::input::Input;
use super::sizes::Sizes;
use super::start::{config, start};
use crate::support::{Keys, Side};

/// Calls of a connection and its receive buffer.
#[derive(Debug, Arbitrary)]
pub struct Storages {
    is_client: bool,
    in_parts: bool,
    is_compressed: bool,
    retained_capacity: u16,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    /// The peer sends this.
    Input(Input),
    /// Up to so many bytes of it arrive.
    Read(u16),
    ReadAll,
    /// The connection receives up to so many events.
    Receive(u8),
    ReceiveAll,
    Shrink,
}

/// The longest message, and the longest read.
const LONGEST: usize = 70_000;

/// Fixed memory, `Vec`, `BytesMut` and a shared buffer hold the same unread bytes and give the same events
/// after the same reads. None has more memory than its retained capacity and twice the most bytes that it had to
/// hold since it was empty.
pub fn storages(input: Storages) {
    if input.is_client { run::<Client<Keys>>(&input) } else { run::<Server>(&input) }
}

fn run<R: Side>(input: &Storages) {
    let mut config = config(if input.in_parts { 2 } else { 0 }, [0, 0]);
    config.max_message_size = LONGEST as u64;
    let connection = start::<R>(config, if input.is_compressed { 8 } else { 0 });
    let capacity = usize::from(input.retained_capacity);
    let mut memory = vec![0xA5; 3 * LONGEST];
    let mut fixed = End::new(&connection, ReceiveBuffer::fixed(&mut memory));
    let mut vec = End::new(&connection, ReceiveBuffer::with_retained_capacity(capacity));
    #[cfg(feature = "bytes")]
    let mut bytes = End::new(&connection, ReceiveBuffer::for_bytes_with_retained_capacity(capacity));
    let mut shared = Shared::new(&connection, capacity);
    // Since the memories were empty.
    let mut most_held = 0;
    let mut wire = vec![];
    for step in &input.steps {
        let count = match *step {
            Step::Input(ref input) => {
                input.write::<R>(&mut wire);
                continue;
            }
            Step::Read(count) => usize::from(count).min(wire.len()),
            Step::ReadAll => wire.len().min(LONGEST),
            Step::Receive(_) | Step::ReceiveAll | Step::Shrink => 0,
        };
        // Only fixed memory can be full.
        let count = fixed.inbound.feed(&wire[..count]);
        let read: Vec<u8> = wire.drain(..count).collect();
        let events = match *step {
            Step::Receive(count) => count.into(),
            Step::ReceiveAll => usize::MAX,
            _ => 0,
        };
        let shrinks = matches!(step, Step::Shrink);
        fixed.step(&[], events, shrinks);
        let expected = (fixed.inbound.unread().to_vec(), fixed.seen());
        vec.step(&read, events, shrinks);
        assert_eq!((vec.inbound.unread().to_vec(), vec.seen()), expected);
        let held = Sizes::of(&vec.inbound).held;
        most_held = if held == 0 { 0 } else { most_held.max(held) };
        // Memory is too long if half of it, rounded down, is more than is needed.
        let longest = capacity.max(2 * most_held + 1);
        assert_within(&vec.inbound, &read, longest);
        #[cfg(feature = "bytes")]
        {
            bytes.step(&read, events, shrinks);
            assert_eq!((bytes.inbound.unread().to_vec(), bytes.seen()), expected);
            assert_within(&bytes.inbound, &read, longest.max(4_096));
        }
        assert_eq!(shared.step(&read, events, shrinks, longest), expected);
    }
}

/// The events, each with the unread bytes after it, and the output.
type Seen = (Vec<String>, Vec<u8>);

struct End<R: Side, S: Storage> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<S>,
    events: Vec<String>,
    out: Vec<u8>,
}

impl<R: Side, S: Storage> End<R, S> {
    fn new(connection: &Connection<R>, inbound: ReceiveBuffer<S>) -> Self {
        Self { connection: connection.clone(), inbound, events: vec![], out: vec![] }
    }

    fn step(&mut self, read: &[u8], events: usize, shrinks: bool) {
        step(&mut self.connection, &mut self.inbound, (&mut self.events, &mut self.out), read, events);
        if shrinks {
            self.inbound.shrink_to_fit();
        }
    }

    fn seen(&mut self) -> Seen {
        (core::mem::take(&mut self.events), core::mem::take(&mut self.out))
    }
}

/// A connection that reads to a shared buffer.
struct Shared<R: Side> {
    connection: Connection<R>,
    shared: SharedBuffer,
    slot: BufferSlot,
}

impl<R: Side> Shared<R> {
    fn new(connection: &Connection<R>, capacity: usize) -> Self {
        let shared = SharedBuffer::with_retained_capacity(capacity);
        Self { connection: connection.clone(), shared, slot: BufferSlot::new() }
    }

    fn step(&mut self, read: &[u8], count: usize, shrinks: bool, longest: usize) -> (Vec<u8>, Seen) {
        let (mut events, mut out) = (vec![], vec![]);
        let mut inbound = self.shared.attach(&mut self.slot);
        step(&mut self.connection, &mut inbound, (&mut events, &mut out), read, count);
        let unread = inbound.unread().to_vec();
        assert_within(&inbound, read, longest);
        drop(inbound);
        if shrinks {
            self.shared.shrink_to_fit();
        }
        (unread, (events, out))
    }
}

fn step<R: Side, S: Storage>(
    connection: &mut Connection<R>,
    inbound: &mut ReceiveBuffer<S>,
    (seen, out): (&mut Vec<String>, &mut Vec<u8>),
    read: &[u8],
    events: usize,
) {
    assert_eq!(inbound.feed(read), read.len());
    for _ in 0..events {
        let event = connection.receive(inbound, out);
        seen.push(format!("{event:?}"));
        if !matches!(event, Ok(Some(_))) {
            break;
        }
    }
}

/// After a step that read these bytes, the memory has at most this length.
fn assert_within<S: Storage>(inbound: &ReceiveBuffer<S>, read: &[u8], longest: usize)
where
    ReceiveBuffer<S>: Debug,
{
    // Without a read, the memory does not change.
    assert!(read.is_empty() || Sizes::of(inbound).memory <= longest, "{inbound:?}, at most {longest}");
}
