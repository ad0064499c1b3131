//! The memory that a receive buffer has room for reads in: exact where growth has no reason to round up.

use websocket_proto::{Config, ReceiveBuffer};

use crate::support::{Side, frame};

#[test]
fn an_empty_buffer_keeps_at_most_its_retained_capacity() {
    let mut inbound = ReceiveBuffer::with_retained_capacity(1000);
    assert_eq!(inbound.spare_mut(1000).len(), 1000);
    assert_eq!(inbound.spare_mut(1).len(), 1000);
    assert_eq!(inbound.spare_mut(4000).len(), 4000);
    // Not for a read of half its length, so that reads of that length do not allocate again and again.
    assert_eq!(inbound.spare_mut(2000).len(), 4000);
    assert_eq!(inbound.spare_mut(1999).len(), 1999);
}

both_roles!(a_large_memory_is_not_kept_for_a_few_bytes);
fn a_large_memory_is_not_kept_for_a_few_bytes<R: Side>() {
    let (mut connection, mut inbound) =
        (R::open(Config::default()), ReceiveBuffer::with_retained_capacity(1000));
    inbound.spare_mut(10_000)[0] = 0x82;
    inbound.advance(1);
    assert_eq!(connection.receive(&mut inbound, &mut Vec::new()), Ok(None));
    assert_eq!(inbound.spare_mut(100).len(), 100);
}

both_roles!(a_memory_that_suffices_once_it_is_compacted_does_not_grow);
fn a_memory_that_suffices_once_it_is_compacted_does_not_grow<R: Side>() {
    let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::new());
    let wire = [&frame::<R>(0x82, &[7; 40])[..], &frame::<R>(0x89, &[7; 100])[..10]].concat();
    assert_eq!(inbound.feed(&wire), wire.len());
    assert!(connection.receive(&mut inbound, &mut Vec::new()).unwrap().is_some());
    assert_eq!(connection.receive(&mut inbound, &mut Vec::new()), Ok(None));
    assert_eq!(inbound.spare_mut(wire.len() - 10).len(), wire.len() - 10);
}

#[test]
fn the_least_length_of_a_fixed_memory_is_as_documented() {
    assert_eq!(ReceiveBuffer::MIN_LEN, 131 + 4);
}
