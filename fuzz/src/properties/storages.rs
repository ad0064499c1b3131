//! The memories of a receive buffer.

use core::fmt::Debug;

use arbitrary::Arbitrary;
use websocket_proto::{BufferSlot, Client, Connection, Event, ReceiveBuffer, Server, SharedBuffer, Storage};

use super::input::{Input, compressed};
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
    /// The peer sends a compressed message of so many equal bytes.
    Compressed(u16),
    /// Up to so many bytes of it arrive.
    Read(u16),
    ReadAll,
    /// The connection receives up to so many events.
    Receive(u8),
    ReceiveAll,
    Shrink,
}

/// The longest message, and the most unread bytes.
const LONGEST: usize = 70_000;

/// The longest part of an inflated message.
const LONGEST_PART: usize = 16 * 1024;

/// Fixed memory, `Vec`, `BytesMut` and a shared buffer hold the same unread bytes and give the same events
/// after the same reads. None grows beyond its retained capacity and twice the most bytes that it had to hold since
/// it was empty.
pub fn storages(input: Storages) {
    if input.is_client { run::<Client<Keys>>(&input) } else { run::<Server>(&input) }
}

fn run<R: Side>(input: &Storages) {
    let mut config = config(if input.in_parts { 2 } else { 0 }, [0, 0]);
    config.max_message_size = LONGEST as u64;
    let connection = start::<R>(config, if input.is_compressed { 8 } else { 0 });
    let capacity = usize::from(input.retained_capacity);
    let mut memory = vec![0xA5; 3 * LONGEST];
    let mut fixed = End::new(&connection, ReceiveBuffer::fixed(&mut memory), usize::MAX);
    let mut vec = End::new(&connection, ReceiveBuffer::with_retained_capacity(capacity), capacity);
    #[cfg(feature = "bytes")]
    // A memory of `BytesMut` has this length at least.
    let mut bytes =
        End::new(&connection, ReceiveBuffer::for_bytes_with_retained_capacity(capacity), capacity.max(4_096));
    let mut shared = Shared::new(&connection, capacity);
    let mut wire = vec![];
    for step in &input.steps {
        // Without this bound, fixed memory has too little room for a whole message, or gives shorter parts.
        let room = LONGEST - fixed.inbound.unread().len();
        let count = match *step {
            Step::Input(ref input) => {
                input.write::<R>(&mut wire);
                continue;
            }
            Step::Compressed(len) => {
                compressed::<R>(&vec![b'c'; usize::from(len)]).write::<R>(&mut wire);
                continue;
            }
            Step::Read(count) => usize::from(count).min(wire.len()).min(room),
            Step::ReadAll => wire.len().min(room),
            Step::Receive(_) | Step::ReceiveAll | Step::Shrink => 0,
        };
        let read: Vec<u8> = wire.drain(..count).collect();
        let events = match *step {
            Step::Receive(count) => count.into(),
            Step::ReceiveAll => usize::MAX,
            _ => 0,
        };
        let shrinks = matches!(step, Step::Shrink);
        fixed.step(&read, events, shrinks);
        let expected = (fixed.inbound.unread().to_vec(), fixed.seen());
        vec.step(&read, events, shrinks);
        assert_eq!((vec.inbound.unread().to_vec(), vec.seen()), expected);
        #[cfg(feature = "bytes")]
        {
            bytes.step(&read, events, shrinks);
            assert_eq!((bytes.inbound.unread().to_vec(), bytes.seen()), expected);
        }
        assert_eq!(shared.step(&read, events, shrinks), expected);
    }
}

/// The events, each with the unread bytes after it, and the output.
type Seen = (Vec<String>, Vec<u8>);

struct End<R: Side, S: Storage> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<S>,
    events: Vec<String>,
    out: Vec<u8>,
    bound: Bound,
}

impl<R: Side, S: Storage> End<R, S>
where
    ReceiveBuffer<S>: Debug,
{
    fn new(connection: &Connection<R>, inbound: ReceiveBuffer<S>, least: usize) -> Self {
        let bound = Bound { least, most_held: 0 };
        Self { connection: connection.clone(), inbound, events: vec![], out: vec![], bound }
    }

    fn step(&mut self, read: &[u8], events: usize, shrinks: bool) {
        let Self { connection, inbound, events: seen, out, bound } = self;
        step(connection, inbound, (seen, out), bound, read, events);
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
    bound: Bound,
}

impl<R: Side> Shared<R> {
    fn new(connection: &Connection<R>, capacity: usize) -> Self {
        let shared = SharedBuffer::with_retained_capacity(capacity);
        let bound = Bound { least: capacity, most_held: 0 };
        Self { connection: connection.clone(), shared, slot: BufferSlot::new(), bound }
    }

    fn step(&mut self, read: &[u8], count: usize, shrinks: bool) -> (Vec<u8>, Seen) {
        let (mut events, mut out) = (vec![], vec![]);
        let mut inbound = self.shared.attach(&mut self.slot);
        step(&mut self.connection, &mut *inbound, (&mut events, &mut out), &mut self.bound, read, count);
        let unread = inbound.unread().to_vec();
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
    bound: &mut Bound,
    read: &[u8],
    events: usize,
) where
    ReceiveBuffer<S>: Debug,
{
    // Before a read, memory that is too long is released.
    let mut before = if read.is_empty() { Sizes::of(inbound).memory } else { 0 };
    assert_eq!(inbound.feed(read), read.len());
    bound.check(inbound, 0, &mut before);
    for _ in 0..events {
        let held = Sizes::of(inbound).held;
        let event = connection.receive(inbound, out);
        seen.push(format!("{event:?}"));
        let is_last = !matches!(event, Ok(Some(_)));
        // What is inflated during the call and gone after it. Without valid text at its end, a part is shorter
        // than it was, and a message is gone.
        let inflated = match event {
            Ok(Some(Event::Text(text))) => text.len(),
            Ok(Some(Event::Binary(bytes) | Event::BinaryPart { bytes, .. })) => bytes.len(),
            Ok(Some(Event::TextPart { .. })) => LONGEST_PART,
            Ok(_) => 0,
            Err(_) => LONGEST,
        };
        bound.check(inbound, held + inflated, &mut before);
        if is_last {
            break;
        }
    }
    bound.end(inbound);
}

/// How long a memory may be.
struct Bound {
    /// The length that it may have at any time.
    least: usize,
    /// The most bytes that it had to hold since it was empty.
    most_held: usize,
}

impl Bound {
    /// Checks a memory that may have grown, and that had to hold so many bytes in between.
    fn check(&mut self, inbound: &impl Debug, passing: usize, before: &mut usize) {
        let Sizes { held, memory } = Sizes::of(inbound);
        self.most_held = self.most_held.max(held).max(passing);
        // Memory is too long if half of it, rounded down, is more than is needed.
        let longest = self.least.max(2 * self.most_held + 1);
        assert!(memory <= longest.max(*before), "{inbound:?}, at most {longest}");
        *before = memory;
    }

    fn end(&mut self, inbound: &impl Debug) {
        if Sizes::of(inbound).held == 0 {
            self.most_held = 0;
        }
    }
}
