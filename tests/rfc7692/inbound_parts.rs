//! Inflating with `Delivery::Parts` while the buffer holds many unread bytes, both roles.
//!
//! Linear time is shown without a clock: if the unread bytes moved for each part, a test would take minutes.

use websocket_proto::{Config, DeflateParams, Delivery, Event, ReceiveBuffer, Storage};

use crate::support::frame;
use crate::support_deflate::{Deflating, Zlib, open};

/// The number of code points of three bytes in the text: a chunk of 16 KiB ends inside of one.
const CODE_POINTS: usize = 32 << 20;

both_roles!(parts_do_not_move_the_unread_bytes_each_time);
/// LIM-09.
fn parts_do_not_move_the_unread_bytes_each_time<R: Deflating>() {
    let wire = wire::<R>("日".repeat(CODE_POINTS).as_bytes());
    let mut inbound = ReceiveBuffer::new();
    assert_eq!(inbound.feed(&wire), wire.len());
    assert_eq!(count_parts::<R, _>(&mut inbound, |_| {}), CODE_POINTS * 3);
    // The memory is full of unread bytes, except for a code point. So a part has only the bytes between the
    // message and the unread bytes.
    let mut memory = vec![0; wire.len() + 4];
    let mut inbound = ReceiveBuffer::fixed(&mut memory);
    assert_eq!(inbound.feed(&wire), wire.len());
    assert_eq!(count_parts::<R, _>(&mut inbound, |_| {}), CODE_POINTS * 3);
}

#[cfg(feature = "bytes")]
both_roles!(taken_parts_do_not_copy_the_unread_bytes_each_time);
/// LIM-09.
#[cfg(feature = "bytes")]
fn taken_parts_do_not_copy_the_unread_bytes_each_time<R: Deflating>() {
    let payload = vec![b'a'; 64 << 20];
    let wire = wire::<R>(&payload);
    let asked = allocation_counter::measure(|| {
        let mut inbound = ReceiveBuffer::for_bytes();
        assert_eq!(inbound.feed(&wire), wire.len());
        let len = count_parts::<R, _>(&mut inbound, |inbound| assert!(inbound.take_payload().is_some()));
        assert_eq!(len, payload.len());
    });
    assert!(asked.bytes_total <= 16 * wire.len() as u64, "{asked:?}");
}

/// A compressed text, and 32 MiB that are not read before it.
fn wire<R: Deflating>(text: &[u8]) -> Vec<u8> {
    [frame::<R>(0xC1, &Zlib::new(9, 15).message(text)), vec![0; 32 << 20]].concat()
}

/// Receives the parts of one text. Returns the sum of their lengths.
fn count_parts<R: Deflating, S: Storage>(
    inbound: &mut ReceiveBuffer<S>,
    mut took: impl FnMut(&mut ReceiveBuffer<S>),
) -> usize {
    let mut config = Config::default();
    (config.delivery, config.max_message_size) = (Delivery::Parts, u64::MAX);
    let (mut connection, mut sum) = (open::<R>(DeflateParams::new(), config), 0);
    loop {
        let event = connection.receive(inbound, &mut Vec::new());
        let Ok(Some(Event::TextPart { text, last })) = event else { panic!("{event:?}") };
        sum += text.len();
        if last {
            return sum;
        }
        took(inbound);
    }
}
