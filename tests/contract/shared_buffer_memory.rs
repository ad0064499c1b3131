//! What a shared buffer keeps: the memory of the large messages that arrive at a time, within its retained
//! capacity.

use allocation_counter::measure;
use websocket_proto::{BufferSlot, Config, Connection, Event, SharedBuffer};

use crate::support::{Side, frame};

const READ: usize = 64 * 1024;

/// Lets each connection read one piece of `wire` after the other, in turns, and counts the messages.
fn in_turns<R: Side>(
    peers: &mut [(Connection<R>, BufferSlot)],
    shared: &mut SharedBuffer,
    wire: &[u8],
) -> usize {
    let mut messages = 0;
    for read in wire.chunks(READ) {
        for (connection, slot) in &mut *peers {
            let mut inbound = shared.attach(slot);
            inbound.spare_mut(READ)[..read.len()].copy_from_slice(read);
            inbound.advance(read.len());
            while let Some(event) = connection.receive(&mut inbound, &mut Vec::new()).unwrap() {
                assert!(matches!(event, Event::Binary(_)), "{event:?}");
                messages += 1;
            }
        }
    }
    messages
}

fn peers<R: Side>(count: usize) -> Vec<(Connection<R>, BufferSlot)> {
    (0..count).map(|_| (R::open(Config::default()), BufferSlot::new())).collect()
}

both_roles!(large_messages_that_arrive_at_a_time_reuse_their_memory);
fn large_messages_that_arrive_at_a_time_reuse_their_memory<R: Side>() {
    let wire = frame::<R>(0x82, &vec![7; 1 << 20]);
    let (mut peers, mut shared) = (peers::<R>(3), SharedBuffer::new());
    assert_eq!(in_turns(&mut peers, &mut shared, &wire), 3);
    let allocated = measure(|| assert_eq!(in_turns(&mut peers, &mut shared, &wire), 3));
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    assert!(peers.iter().all(|(_, slot)| slot.is_empty()));
}

both_roles!(memory_beyond_the_retained_capacity_is_returned);
fn memory_beyond_the_retained_capacity_is_returned<R: Side>() {
    let wire = frame::<R>(0x82, &vec![7; 1 << 20]);
    let mut peers = peers::<R>(3);
    let kept = measure(|| {
        let mut shared = SharedBuffer::with_retained_capacity(READ);
        assert_eq!(in_turns(&mut peers, &mut shared, &wire), 3);
        assert_eq!(in_turns(&mut peers, &mut shared, &frame::<R>(0x82, &[7; 100])), 3);
        core::mem::forget(shared);
    });
    assert!(kept.bytes_current <= 2 * READ as i64, "{kept:?}");
}

both_roles!(a_message_grows_the_memory_no_further_than_its_frame_and_a_read);
fn a_message_grows_the_memory_no_further_than_its_frame_and_a_read<R: Side>() {
    let wire = frame::<R>(0x82, &vec![7; 1 << 20]);
    let (mut peers, mut shared) = (peers::<R>(1), SharedBuffer::new());
    let allocated = measure(|| assert_eq!(in_turns(&mut peers, &mut shared, &wire), 1));
    let most = (1 << 20) + 2 * READ;
    assert!((allocated.bytes_current as usize) < most, "{allocated:?}");
}

both_roles!(a_slot_with_few_leftover_bytes_does_not_keep_a_large_memory);
fn a_slot_with_few_leftover_bytes_does_not_keep_a_large_memory<R: Side>() {
    let large = frame::<R>(0x82, &vec![7; 1 << 20]);
    // Ends with the beginning of a message of 16 KiB.
    let wire = [&large[..], &frame::<R>(0x82, &[7; 16 * 1024])[..8 * 1024]].concat();
    let mut peers = peers::<R>(20);
    let held = measure(|| {
        let mut shared = SharedBuffer::with_retained_capacity(READ);
        assert_eq!(in_turns(&mut peers, &mut shared, &wire), 20);
        core::mem::forget(shared);
    });
    assert!(peers.iter().all(|(_, slot)| !slot.is_empty()));
    assert!(held.bytes_current < 20 * 4 * READ as i64, "{held:?}");
}

both_roles!(fewer_than_4_kib_leave_the_memory_to_the_next_connection);
fn fewer_than_4_kib_leave_the_memory_to_the_next_connection<R: Side>() {
    for (payload_len, allocates) in [(4096 - 1, false), (4096, true)] {
        let (mut peers, mut shared) = (peers::<R>(2), SharedBuffer::new());
        let [(connection, slot), (_, other)] = &mut peers[..] else { unreachable!("two") };
        let wire = frame::<R>(0x82, &[7; 5000]);
        let mut inbound = shared.attach(slot);
        let read = &wire[..wire.len() - 5000 + payload_len];
        inbound.spare_mut(5120)[..read.len()].copy_from_slice(read);
        inbound.advance(read.len());
        assert_eq!(connection.receive(&mut inbound, &mut Vec::new()), Ok(None));
        drop(inbound);
        let info = measure(|| assert_eq!(shared.attach(other).spare_mut(5120).len(), 5120));
        assert_eq!(info.count_total > 0, allocates, "{payload_len}: {info:?}");
    }
}

both_roles!(a_large_message_in_small_fragments_is_not_copied_at_each_read);
fn a_large_message_in_small_fragments_is_not_copied_at_each_read<R: Side>() {
    let (mut peers, mut shared) = (peers::<R>(1), SharedBuffer::new());
    let (first, next) = (frame::<R>(0x02, &[7; 40_000]), frame::<R>(0x00, &[7; 1000]));
    assert_eq!(in_turns(&mut peers, &mut shared, &first), 0);
    assert_eq!(in_turns(&mut peers, &mut shared, &next), 0);
    let info = measure(|| {
        for _ in 0..10 {
            assert_eq!(in_turns(&mut peers, &mut shared, &next), 0);
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
}

both_roles!(the_memories_that_are_kept_fit_the_retained_capacity_together);
fn the_memories_that_are_kept_fit_the_retained_capacity_together<R: Side>() {
    let wire = frame::<R>(0x82, &vec![7; 1 << 20]);
    let mut peers = peers::<R>(3);
    let kept = measure(|| {
        let mut shared = SharedBuffer::with_retained_capacity(5 << 19);
        assert_eq!(in_turns(&mut peers, &mut shared, &wire), 3);
        core::mem::forget(shared);
    });
    assert!((2 << 20..5 << 19).contains(&kept.bytes_current), "{kept:?}");
}
