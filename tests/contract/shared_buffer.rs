//! One receive buffer for many connections: each reads its own bytes, and idle connections take no memory.

use core::mem;

use allocation_counter::measure;
use websocket_proto::{BufferSlot, Config, Connection, Delivery, Error, Event, ReceiveBuffer, SharedBuffer};

use crate::support::{Side, frame};

/// A connection, its slot, its input, and the events so far.
struct Peer<R: Side> {
    connection: Connection<R>,
    slot: BufferSlot,
    out: Vec<u8>,
    events: Vec<String>,
}

impl<R: Side> Peer<R> {
    fn new(config: Config) -> Self {
        Self { connection: R::open(config), slot: BufferSlot::new(), out: vec![], events: vec![] }
    }

    /// Reads these bytes and returns the number of events.
    fn read(&mut self, shared: &mut SharedBuffer, bytes: &[u8]) -> usize {
        let mut inbound = shared.attach(&mut self.slot);
        assert_eq!(inbound.feed(bytes), bytes.len());
        assert!(bytes.is_empty() || !inbound.is_empty());
        let before = self.events.len();
        while let Some(event) = self.connection.receive(&mut inbound, &mut self.out).unwrap() {
            self.events.push(format!("{event:?}"));
        }
        self.events.len() - before
    }
}

/// The events of a buffer that belongs to the connection alone.
fn alone<R: Side>(config: Config, wire: &[u8]) -> Vec<String> {
    let (mut connection, mut inbound) = (R::open(config), ReceiveBuffer::new());
    assert_eq!(inbound.feed(wire), wire.len());
    let mut events = vec![];
    while let Some(event) = connection.receive(&mut inbound, &mut Vec::new()).unwrap() {
        events.push(format!("{event:?}"));
    }
    events
}

/// Fragments, control frames between them, text that is split inside a code point, and long messages.
fn wire<R: Side>(name: u8) -> Vec<u8> {
    [
        frame::<R>(0x82, &[name; 3]),
        frame::<R>(0x01, &[name, 0xE2, 0x82]),
        frame::<R>(0x89, &[name; 5]),
        frame::<R>(0x80, &[0xAC, name]),
        frame::<R>(0x02, &[name; 5000]),
        frame::<R>(0x8A, &[name]),
        frame::<R>(0x00, &[name; 9000]),
        frame::<R>(0x80, &[name; 30_000]),
        frame::<R>(0x81, &[name; 125]),
    ]
    .concat()
}

both_roles!(connections_on_one_buffer_read_their_own_bytes);
fn connections_on_one_buffer_read_their_own_bytes<R: Side>() {
    let mut random = fastrand::Rng::with_seed(11);
    for max_read in [1 << 6, 1 << 11, 1 << 16] {
        let mut shared = SharedBuffer::new();
        let wires: Vec<_> = (b'a'..b'g').map(wire::<R>).collect();
        let mut rests: Vec<&[u8]> = wires.iter().map(Vec::as_slice).collect();
        let mut peers: Vec<_> = wires.iter().map(|_| Peer::<R>::new(Config::default())).collect();
        while rests.iter().any(|rest| !rest.is_empty()) {
            let at = random.usize(0..peers.len());
            let (read, rest) = rests[at].split_at(random.usize(0..=rests[at].len().min(max_read)));
            peers[at].read(&mut shared, read);
            rests[at] = rest;
        }
        for (peer, wire) in peers.iter().zip(&wires) {
            assert_eq!(peer.events, alone::<R>(Config::default(), wire), "reads of up to {max_read}");
            assert!(peer.slot.is_empty());
        }
    }
}

both_roles!(leftover_bytes_of_2000_connections_take_less_than_200_kb);
fn leftover_bytes_of_2000_connections_take_less_than_200_kb<R: Side>() {
    let header = frame::<R>(0x00, &[7; 300])[..3].to_vec();
    let mut shared = SharedBuffer::new();
    let mut peers: Vec<_> = (0..2000).map(|_| Peer::<R>::new(Config::default())).collect();
    let info = measure(|| {
        for peer in &mut peers {
            // A part of a message, and the first bytes of a header.
            peer.read(&mut shared, &frame::<R>(0x02, &[7; 7]));
            peer.read(&mut shared, &header);
        }
    });
    assert!(info.bytes_current < 200_000, "{info:?}");
    assert!(peers.iter().all(|peer| !peer.slot.is_empty()));
    drop(shared);
}

both_roles!(an_empty_slot_has_no_memory);
fn an_empty_slot_has_no_memory<R: Side>() {
    assert!(size_of::<BufferSlot>() <= 72);
    let mut shared = SharedBuffer::new();
    let mut peer = Peer::<R>::new(Config::default());
    peer.read(&mut shared, &frame::<R>(0x89, b"")); // `out` and `events` allocate
    (peer.out, peer.events) = (Vec::with_capacity(100), Vec::with_capacity(10));
    for len in [10, 5_000, 100_000, 1_000_000] {
        let wire = frame::<R>(0x82, &vec![7; len]);
        let (left, right) = wire.split_at(wire.len() / 2);
        let info = measure(|| {
            peer.read(&mut shared, left);
            peer.read(&mut shared, right);
            assert!(peer.slot.is_empty());
            peer.events.clear();
            shared.shrink_to_fit();
        });
        assert!(info.bytes_current <= 0, "{len}: {info:?}");
        shared = SharedBuffer::new();
    }
}

both_roles!(a_long_message_is_not_copied_at_each_read);
fn a_long_message_is_not_copied_at_each_read<R: Side>() {
    for delivery in [Delivery::Messages, Delivery::Parts] {
        let mut config = Config::default();
        config.delivery = delivery;
        let wire = frame::<R>(0x82, &vec![7; 10 << 20]);
        let mut shared = SharedBuffer::new();
        let (mut long, mut other) = (R::open(config), Peer::<R>::new(config));
        let (mut slot, mut len) = (BufferSlot::new(), 0);
        let between = frame::<R>(0x82, &[7; 1000]);
        let allocated = measure(|| {
            for read in wire.chunks(16 * 1024) {
                let mut inbound = shared.attach(&mut slot);
                assert_eq!(inbound.feed(read), read.len());
                while let Some(event) = long.receive(&mut inbound, &mut Vec::new()).unwrap() {
                    match event {
                        Event::Binary(bytes) => len += bytes.len(),
                        Event::BinaryPart { bytes, .. } => len += bytes.len(),
                        event => panic!("{event:?}"),
                    }
                }
                drop(inbound);
                other.events.clear();
                assert_eq!(other.read(&mut shared, &between), 1);
            }
        });
        assert_eq!(len, 10 << 20);
        // Text of the events of `other` is the smaller part.
        assert!(allocated.bytes_total < 60 << 20, "{allocated:?}");
    }
}

both_roles!(a_leaked_guard_loses_no_byte_and_mixes_none);
fn a_leaked_guard_loses_no_byte_and_mixes_none<R: Side>() {
    let mut shared = SharedBuffer::new();
    let (mut one, mut two) = (Peer::<R>::new(Config::default()), Peer::<R>::new(Config::default()));
    let wires = [b'a', b'b'].map(wire::<R>);
    // The slot of `one` has leftover bytes before, and input after.
    let ((first, rest), second) = (wires[0].split_at(7), &wires[1]);
    one.read(&mut shared, first);
    let (between, rest) = rest.split_at(17);
    let mut inbound = shared.attach(&mut one.slot);
    assert_eq!(inbound.feed(between), between.len());
    mem::forget(inbound);
    assert!(!one.slot.is_empty());

    let (half, half_after) = second.split_at(6000);
    two.read(&mut shared, half);
    one.read(&mut shared, rest);
    two.read(&mut shared, half_after);
    assert_eq!(one.events, alone::<R>(Config::default(), &wires[0]));
    assert_eq!(two.events, alone::<R>(Config::default(), second));
    assert!(one.slot.is_empty() && two.slot.is_empty());
}

both_roles!(the_slot_of_another_connection_is_an_error_and_harms_neither);
fn the_slot_of_another_connection_is_an_error_and_harms_neither<R: Side>() {
    let mut shared = SharedBuffer::new();
    let wires = [b'a', b'b'].map(wire::<R>);
    // In a header, in a short frame, and after so much of a message that its bytes stay in the slot.
    for cut in [1, 8, 5035] {
        let mut peers = [(); 2].map(|()| Peer::<R>::new(Config::default()));
        peers[0].read(&mut shared, &wires[0][..cut]);
        let [one, two] = &mut peers;
        let mut inbound = shared.attach(&mut one.slot);
        let mut out = Vec::new();
        assert_eq!(two.connection.receive(&mut inbound, &mut out).unwrap_err(), Error::WrongBuffer);
        drop(inbound);
        let mut inbound = shared.attach(&mut two.slot);
        assert_eq!(inbound.feed(&wires[1]), wires[1].len());
        assert_eq!(one.connection.receive(&mut inbound, &mut out).unwrap_err(), Error::WrongBuffer);
        drop(inbound);
        peers[0].read(&mut shared, &wires[0][cut..]);
        peers[1].read(&mut shared, b"");
        for (peer, wire) in peers.iter().zip(&wires) {
            assert_eq!(peer.events, alone::<R>(Config::default(), wire), "cut at {cut}");
        }
    }
}

both_roles!(a_slot_goes_on_with_another_shared_buffer);
fn a_slot_goes_on_with_another_shared_buffer<R: Side>() {
    let mut peer = Peer::<R>::new(Config::default());
    let wire = wire::<R>(b'a');
    for read in wire.chunks(1500) {
        peer.read(&mut SharedBuffer::with_retained_capacity(0), read);
    }
    assert_eq!(peer.events, alone::<R>(Config::default(), &wire));
}
