//! Payloads taken from the receive buffer as `Bytes`.

use bytes::{BufMut as _, BytesMut};
use websocket_proto::{Client, ReceiveBuffer, Server};

use super::chunking::cut;
use super::script::Script;
use super::start::{config, for_role, start};
use crate::support::{Keys, Side, payload};

/// The taken payload equals the borrowed payload of its event, and no later input changes it. Taking it
/// changes no event, error, output or unread byte.
///
/// The first byte of the input has options: 1 for a client, 2 for parts, 4 for small limits, 8 for
/// permessage-deflate, 16 for a buffer that retains no memory, 32 for reads to memory that is not initialised.
/// Two strings follow, each with its length in the byte before it: the sizes of the reads, and a byte for each
/// event: 1 takes its payload, 2 drops the payloads taken before. The rest is the input from the peer.
pub fn take_payload(input: &[u8]) {
    for_role(input, run::<Server>, run::<Client<Keys>>)
}

fn run<R: Side>(input: &[u8]) {
    let mut script = Script(input);
    let options = script.byte();
    let config = config(options, [100, 70]);
    let capacity = if options & 16 != 0 { 0 } else { 1_000 };
    let (reads, takes) = (script.bytes(), script.bytes());
    // Without choices, the payload of each event is taken.
    let mut takes = (if takes.is_empty() { &[1] } else { takes }).iter().cycle();

    let (mut taking, mut borrowing) = (start::<R>(config, options), start::<R>(config, options));
    let mut inbound = ReceiveBuffer::for_bytes_with_retained_capacity(capacity);
    let mut expected_inbound = ReceiveBuffer::new();
    let (mut out, mut expected_out) = (vec![], vec![]);
    let (mut taken, mut expected) = (vec![], vec![]);
    let mut reads = cut(script.0, reads).into_iter();
    let mut rest: &[u8] = &[];
    while let Some(read) = Some(rest).filter(|rest| !rest.is_empty()).or_else(|| reads.next()) {
        let count = add(&mut inbound, read, options & 32 != 0);
        assert_eq!(expected_inbound.feed(&read[..count]), count);
        rest = &read[count..];
        assert_eq!(inbound.take_payload(), None, "no event");
        loop {
            let event = taking.receive(&mut inbound, &mut out);
            assert_eq!(event, borrowing.receive(&mut expected_inbound, &mut expected_out));
            let Ok(Some(event)) = event else { break };
            let choice = takes.next().copied().unwrap_or(0);
            if choice & 2 != 0 {
                assert_eq!(taken, expected, "later input changes no payload");
                (taken, expected) = (vec![], vec![]);
            }
            if choice & 1 != 0 {
                expected.push(payload(&event));
                taken.push(inbound.take_payload().expect("the payload of an event"));
                assert_eq!(inbound.take_payload(), None, "a payload is taken once");
            }
        }
        assert_eq!(inbound.take_payload(), None, "no event");
        assert_eq!((inbound.unread(), &out), (expected_inbound.unread(), &expected_out));
    }
    assert_eq!(taken, expected, "later input changes no payload");
}

/// Adds bytes of a read to the input. Returns how many.
fn add(inbound: &mut ReceiveBuffer<BytesMut>, read: &[u8], without_zeros: bool) -> usize {
    if !without_zeros {
        return inbound.feed(read);
    }
    inbound.read_with(16, |spare| {
        assert!(spare.has_remaining_mut());
        let count = read.len().min(spare.remaining_mut());
        spare.put_slice(&read[..count]);
        count
    })
}
