//! Inflating whole messages from reads into memory that is not initialised
//! ([`ReceiveBuffer::read_with`]), both roles.

use allocation_counter::measure;
use arrayvec::ArrayVec;
use bytes::BufMut;
use fastrand::Rng;
use websocket_proto::{Config, DeflateParams, Event, ReceiveBuffer};

use crate::support::frame;
use crate::support_deflate::{Deflating, Zlib, json, open};

both_roles!(a_long_message_in_short_reads_takes_linear_time);
/// LIM-09. Linear time is shown without a clock: if a read cost as much as the memory is long, the test would
/// take minutes.
fn a_long_message_in_short_reads_takes_linear_time<R: Deflating>() {
    const LEN: usize = 64 << 20;
    let wire = frame::<R>(0xC2, &Zlib::new(9, 15).message(&vec![b'a'; LEN]));
    assert!(wire.len() > 60_000);
    let asked = measure(|| assert_eq!(sizes::<R>(&[wire], 1, |_| {}), [LEN]));
    assert!(asked.bytes_total <= 8 * LEN as u64, "{asked:?}");
}

both_roles!(a_long_message_is_copied_a_few_times_with_all_sizes_of_reads);
/// LIM-09.
fn a_long_message_is_copied_a_few_times_with_all_sizes_of_reads<R: Deflating>() {
    const LEN: usize = 4 << 20;
    let text = json(&mut Rng::with_seed(1), LEN);
    let wire = frame::<R>(0xC1, &Zlib::new(6, 15).message(text.as_bytes()));
    for read in [100, 1000, 16 * 1024, 100_000] {
        let asked = measure(|| assert_eq!(sizes::<R>(&[&wire[..]], read, |_| {}), [LEN]));
        assert!(asked.bytes_total <= 8 * LEN as u64, "{read}: {asked:?}");
    }
}

both_roles!(short_messages_share_the_memory_of_their_reads);
/// LIM-09.
fn short_messages_share_the_memory_of_their_reads<R: Deflating>() {
    let (mut random, mut zlib) = (Rng::with_seed(2), Zlib::new(6, 15));
    let wire: Vec<_> =
        (0..1000).map(|_| frame::<R>(0xC1, &zlib.message(json(&mut random, 300).as_bytes()))).collect();
    let kept = measure(|| assert_eq!(sizes::<R>(&wire, 16 * 1024, |_| {}), [300; 1000]));
    assert!(kept.count_total <= 20, "{kept:?}");
    let taken = measure(|| {
        let sizes =
            sizes::<R>(&wire, 16 * 1024, |inbound| assert_eq!(inbound.take_payload().unwrap().len(), 300));
        assert_eq!(sizes, [300; 1000]);
    });
    assert!(taken.count_total <= 20, "{taken:?}");
}

/// Receives the messages, each in its own reads of at most so many bytes. Returns their lengths.
fn sizes<R: Deflating>(
    messages: &[impl AsRef<[u8]>],
    read: usize,
    mut took: impl FnMut(&mut ReceiveBuffer<bytes::BytesMut>),
) -> Vec<usize> {
    let mut config = Config::default();
    config.max_message_size = u64::MAX;
    let mut connection = open::<R>(DeflateParams::new(), config);
    let (mut inbound, mut out) = (ReceiveBuffer::for_bytes(), ArrayVec::<u8, 0>::new());
    let mut sizes = Vec::with_capacity(messages.len());
    for chunk in messages.iter().flat_map(|message| message.as_ref().chunks(read)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = inbound.read_with(read, |spare| {
                let (now, later) = rest.split_at(spare.remaining_mut().min(rest.len()));
                spare.put_slice(now);
                later
            });
            while let Some(event) = connection.receive(&mut inbound, &mut out).unwrap() {
                sizes.push(match event {
                    Event::Text(text) => text.len(),
                    Event::Binary(bytes) => bytes.len(),
                    event => panic!("{event:?}"),
                });
                took(&mut inbound);
            }
        }
    }
    sizes
}
