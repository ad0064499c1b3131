//! Payloads taken from the receive buffer as `Bytes`: the right bytes, without a copy.

use allocation_counter::measure;
use bytes::{BufMut as _, Bytes, BytesMut};
use websocket_proto::{Config, Connection, Delivery, Error, Event, ProtocolError, ReceiveBuffer, Role};

use crate::support::{REQUEST, RESPONSE, Side, asking, frame, payload};

/// How a chunk gets into the buffer. Returns the rest that had no room.
type Input = for<'a> fn(&mut ReceiveBuffer<BytesMut>, &'a [u8]) -> &'a [u8];

fn fed<'a>(inbound: &mut ReceiveBuffer<BytesMut>, chunk: &'a [u8]) -> &'a [u8] {
    assert_eq!(inbound.feed(chunk), chunk.len());
    &[]
}

fn read<'a>(inbound: &mut ReceiveBuffer<BytesMut>, chunk: &'a [u8]) -> &'a [u8] {
    read_wanting(inbound, chunk, 100)
}

fn read_wanting<'a>(inbound: &mut ReceiveBuffer<BytesMut>, chunk: &'a [u8], wanted: usize) -> &'a [u8] {
    inbound.read_with(wanted, |spare| {
        assert!(spare.has_remaining_mut());
        let (chunk, rest) = chunk.split_at(chunk.len().min(spare.remaining_mut()));
        spare.put_slice(chunk);
        rest
    })
}

/// Puts chunks into the buffer, and takes the payload of an event if `takes` returns true. Each must equal the
/// payload of its event, and no later input may change it.
fn judge<R: Role>(
    mut connection: Connection<R>,
    input: Input,
    chunks: impl IntoIterator<Item: AsRef<[u8]>>,
    mut takes: impl FnMut() -> bool,
) -> Vec<Vec<u8>> {
    let (mut inbound, mut out) = (ReceiveBuffer::for_bytes_with_retained_capacity(1000), Vec::new());
    let (mut expected, mut all, mut taken) = (vec![], vec![], Vec::<Bytes>::new());
    let chunks: Vec<_> = chunks.into_iter().collect();
    let mut chunks = chunks.iter().map(AsRef::as_ref);
    let mut rest: &[u8] = &[];
    while let Some(chunk) = Some(rest).filter(|rest| !rest.is_empty()).or_else(|| chunks.next()) {
        rest = input(&mut inbound, chunk);
        while let Some(event) = connection.receive(&mut inbound, &mut out).unwrap() {
            let payload = payload(&event);
            if takes() {
                taken.push(inbound.take_payload().expect("the payload of an event"));
                assert_eq!(inbound.take_payload(), None, "once");
                expected.push(payload.clone());
            }
            all.push(payload);
        }
        assert_eq!(inbound.take_payload(), None, "no event");
        if taken.len() % 7 == 6 {
            assert_eq!(taken, expected);
            (taken, expected) = (vec![], vec![]);
        }
    }
    assert_eq!(taken, expected);
    all
}

/// In every chunking, takes all payloads, then some of them. Parts depend on the chunks, so they are joined.
fn judge_every_way<R: Role + Clone>(connection: &Connection<R>, wire: &[u8]) {
    let mut random = fastrand::Rng::with_seed(12);
    let whole = judge(connection.clone(), fed, [wire], || true).concat();
    for input in [fed, read] {
        for size in [1, 2, 3, 5, 8, 13, 21, 100, 1000, 1999, 10_000] {
            assert_eq!(
                judge(connection.clone(), input, wire.chunks(size), || true).concat(),
                whole,
                "by {size}"
            );
            assert_eq!(judge(connection.clone(), input, wire.chunks(size), || random.bool()).concat(), whole);
        }
    }
}

/// Messages in one frame and in fragments, short and long, with control frames between all of them.
fn wire<R: Side>() -> Vec<u8> {
    let mut wire = vec![];
    for (at, len) in [0, 1, 5, 125, 126, 700, 3000, 20].into_iter().enumerate() {
        let byte = b'a' + at as u8;
        wire.extend(frame::<R>(0x82, &vec![byte; len]));
        wire.extend(frame::<R>(0x89, &[byte; 3]));
        wire.extend(frame::<R>(0x02, &vec![byte; len]));
        wire.extend(frame::<R>(0x8A, &[byte; 4]));
        wire.extend(frame::<R>(0x00, &vec![byte; len]));
        wire.extend(frame::<R>(0x89, b""));
        wire.extend(frame::<R>(0x80, &[byte; 9]));
        wire.extend(frame::<R>(0x01, &[byte, 0xE2, 0x82]));
        wire.extend(frame::<R>(0x89, &[byte; 5]));
        wire.extend(frame::<R>(0x80, &[0xAC, byte]));
        wire.extend(frame::<R>(0x81, "κόσμε".repeat(len).as_bytes()));
    }
    wire.extend(frame::<R>(0x88, b"\x03\xe8bye"));
    wire
}

both_roles!(the_taken_payload_is_that_of_the_event_in_every_chunking);
fn the_taken_payload_is_that_of_the_event_in_every_chunking<R: Side>() {
    for delivery in [Delivery::Messages, Delivery::Parts] {
        let mut config = Config::default();
        config.delivery = delivery;
        judge_every_way(&R::open(config), &wire::<R>());
    }
}

#[cfg(feature = "deflate")]
both_roles!(the_taken_payload_of_a_compressed_message_is_inflated);
#[cfg(feature = "deflate")]
fn the_taken_payload_of_a_compressed_message_is_inflated<R: crate::support_deflate::Deflating>() {
    use crate::support_deflate::{HELLO, open};
    let (left, right) = HELLO.split_at(3);
    let mut wire = vec![];
    for _ in 0..50 {
        wire.extend(frame::<R>(0xC1, HELLO));
        wire.extend(frame::<R>(0x42, left));
        wire.extend(frame::<R>(0x89, b"?"));
        wire.extend(frame::<R>(0x80, right));
        wire.extend(frame::<R>(0x82, b"not compressed"));
    }
    for delivery in [Delivery::Messages, Delivery::Parts] {
        let mut config = Config::default();
        config.delivery = delivery;
        judge_every_way(&open::<R>(websocket_proto::DeflateParams::new(), config), &wire);
    }
}

both_roles!(a_message_is_not_copied);
fn a_message_is_not_copied<R: Side>() {
    let one_frame = frame::<R>(0x82, &[7; 5000]);
    let fragments = [
        frame::<R>(0x02, &[7; 1000]),
        frame::<R>(0x89, b"?"),
        frame::<R>(0x00, &[7; 3000]),
        frame::<R>(0x80, &[7; 1000]),
    ]
    .concat();
    for wire in [one_frame, fragments] {
        let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::for_bytes());
        // A message before and a header after.
        let wire = [&frame::<R>(0x82, b"before")[..], &wire, b"\x82"].concat();
        assert_eq!(inbound.feed(&wire), wire.len());
        loop {
            let event = connection.receive(&mut inbound, &mut Vec::new()).unwrap().expect("a message");
            let Event::Binary(bytes @ [7, ..]) = event else { continue };
            let (at, len) = (bytes.as_ptr(), bytes.len());
            let taken = inbound.take_payload().unwrap();
            assert_eq!((taken.as_ptr(), taken.len()), (at, 5000));
            assert_eq!(len, 5000);
            break;
        }
        assert_eq!(inbound.unread(), b"\x82");
    }
}

both_roles!(a_part_before_half_of_a_code_point_is_not_copied);
fn a_part_before_half_of_a_code_point_is_not_copied<R: Side>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let (mut connection, mut inbound) = (R::open(config), ReceiveBuffer::for_bytes());
    let wire = frame::<R>(0x81, "part€".as_bytes());
    let (first, rest) = wire.split_at(wire.len() - 1);
    assert_eq!(inbound.feed(first), first.len());
    let event = connection.receive(&mut inbound, &mut Vec::new()).unwrap();
    let Some(Event::TextPart { text: text @ "part", last: false }) = event else { panic!("{event:?}") };
    let at = text.as_ptr();
    let taken = inbound.take_payload().unwrap();
    assert_eq!((taken.as_ptr(), &taken[..]), (at, &b"part"[..]));
    assert_eq!(inbound.feed(rest), rest.len());
    let event = connection.receive(&mut inbound, &mut Vec::new()).unwrap();
    assert_eq!(event, Some(Event::TextPart { text: "€", last: true }));
    assert_eq!(inbound.take_payload().unwrap(), "€");
}

both_roles!(the_memory_is_used_again_once_the_payloads_are_dropped);
fn the_memory_is_used_again_once_the_payloads_are_dropped<R: Side>() {
    let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::for_bytes());
    let (mut out, wire) = (Vec::new(), frame::<R>(0x82, &[7; 1000]));
    let mut messages = |count: usize| {
        for _ in 0..count {
            inbound.spare_mut(16 * 1024)[..wire.len()].copy_from_slice(&wire);
            inbound.advance(wire.len());
            assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Binary(_)))));
            assert_eq!(inbound.take_payload().unwrap().len(), 1000);
            assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(None)));
        }
    };
    messages(200);
    let info = measure(|| messages(10_000));
    assert_eq!((info.count_total, info.bytes_current), (0, 0));
}

both_roles!(a_read_without_zeros_allocates_for_the_frame_that_arrives);
fn a_read_without_zeros_allocates_for_the_frame_that_arrives<R: Side>() {
    let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::for_bytes());
    let (mut out, wire) = (Vec::new(), frame::<R>(0x82, &vec![7; 100_000]));
    let mut message = |wanted: usize| {
        let mut rest = &wire[..];
        loop {
            inbound.read_with(wanted, |spare| {
                let (chunk, after) = rest.split_at(rest.len().min(spare.remaining_mut()));
                spare.put_slice(chunk);
                rest = after;
            });
            if connection.receive(&mut inbound, &mut out).unwrap().is_some() {
                return inbound.take_payload().unwrap();
            }
        }
    };
    // A message as long as was expected: one allocation, and those of `Bytes` for a shared one.
    let info = measure(|| drop(message(wire.len())));
    assert!(info.count_total <= 2 && info.bytes_max < 100_200, "{info:?}");
    // Longer than was expected: the memory doubles, but not beyond what the frame needs.
    let info = measure(|| drop(message(1000)));
    assert!(info.bytes_max < 2 * 100_200 && info.bytes_total < 3 * 100_200, "{info:?}");
    assert_eq!(info.bytes_current, 0);
}

both_roles!(reads_without_zeros_use_the_memory_again);
fn reads_without_zeros_use_the_memory_again<R: Side>() {
    // The second memory is just as long as the retained capacity, and most of it is payload.
    for (retained, wanted, len) in [(64 * 1024, 100, 1000), (70_000, 70_000, 60_000)] {
        let mut inbound = ReceiveBuffer::for_bytes_with_retained_capacity(retained);
        let (mut connection, wire) = (R::open(Config::default()), frame::<R>(0x82, &vec![7; len]));
        let mut out = Vec::new();
        let mut messages = |count: usize| {
            for _ in 0..count {
                let mut rest = &wire[..];
                while !rest.is_empty() {
                    rest = read_wanting(&mut inbound, rest, wanted);
                }
                assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Binary(_)))));
                assert_eq!(inbound.take_payload().unwrap().len(), len);
                assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(None)));
            }
        };
        messages(10);
        let info = measure(|| messages(1000));
        assert_eq!((info.count_total, info.bytes_current), (0, 0), "{retained}");
    }
}

/// The room that a read has, if it asks for so many bytes.
fn room(inbound: &mut ReceiveBuffer<BytesMut>, wanted: usize) -> usize {
    inbound.read_with(wanted, |spare| spare.remaining_mut())
}

both_roles!(a_read_without_zeros_has_the_documented_room);
fn a_read_without_zeros_has_the_documented_room<R: Side>() {
    let mut inbound = ReceiveBuffer::for_bytes();
    assert_eq!(room(&mut inbound, 1), 4096);
    assert_eq!(room(&mut inbound, 4096), 4096);
    assert_eq!(room(&mut inbound, 70_000), 70_000);
    // An empty buffer keeps its memory up to the retained capacity, and a larger one if it is needed.
    assert_eq!(room(&mut inbound, 35_000), 70_000);
    assert_eq!(room(&mut inbound, 34_999), 34_999);
    let mut retained = ReceiveBuffer::for_bytes_with_retained_capacity(70_000);
    assert_eq!([room(&mut retained, 70_000), room(&mut retained, 1)], [70_000; 2]);
    let (mut connection, mut out) = (R::open(Config::default()), Vec::new());
    for len in [100_000, 1000] {
        let wire = frame::<R>(0x82, &vec![7; len]);
        let (head, rest) = wire.split_at(20);
        inbound.read_with(20, |spare| spare.put_slice(head));
        assert_eq!(connection.receive(&mut inbound, &mut out), Ok(None));
        // The rest of the frame can be shorter than the room that was asked for, or longer.
        assert!(room(&mut inbound, usize::MAX) >= rest.len());
        assert!(room(&mut inbound, 10) >= 10);
        assert_eq!(inbound.feed(rest), rest.len());
        assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Binary(_)))));
        assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(None)));
    }
    // The memory of the long message is not kept.
    assert!(room(&mut inbound, 1000) <= 64 * 1024);
}

both_roles!(a_cleared_buffer_awaits_no_rest_of_a_frame);
fn a_cleared_buffer_awaits_no_rest_of_a_frame<R: Side>() {
    let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::for_bytes());
    let (wire, mut out) = (frame::<R>(0x82, &[7; 10_000]), Vec::new());
    let _ = inbound.feed(&wire[..20]);
    assert_eq!(connection.receive(&mut inbound, &mut out), Ok(None));
    inbound.clear();
    assert_eq!(room(&mut inbound, 70_000), 70_000);
    // A buffer that is empty between a header and its payload can serve another connection.
    let (mut connection, header_len) = (R::open(Config::default()), wire.len() - 10_000);
    let _ = inbound.feed(&wire[..header_len]);
    assert_eq!(connection.receive(&mut inbound, &mut out), Ok(None));
    assert!(inbound.is_empty());
    assert_eq!(room(&mut inbound, 80_000), 80_000);
}

#[test]
fn a_read_for_more_bytes_than_any_memory_has_gets_room() {
    for wanted in [usize::MAX, isize::MAX as usize + 1] {
        let mut inbound = ReceiveBuffer::for_bytes();
        assert_eq!(room(&mut inbound, wanted), 4096);
        inbound.read_with(1, |spare| spare.put_bytes(0x82, 4096));
        assert!(room(&mut inbound, wanted) >= 4096);
        assert_eq!(inbound.unread(), [0x82; 4096]);
    }
}

both_roles!(a_long_payload_takes_its_memory_with_it);
fn a_long_payload_takes_its_memory_with_it<R: Side>() {
    let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::for_bytes());
    let wire = [frame::<R>(0x82, &vec![7; 10 << 20]), frame::<R>(0x82, b"after")].concat();
    let info = measure(|| {
        for chunk in wire.chunks(16 * 1024) {
            assert_eq!(inbound.feed(chunk), chunk.len());
            while connection.receive(&mut inbound, &mut Vec::new()).unwrap().is_some() {
                assert!(inbound.take_payload().is_some());
            }
        }
    });
    assert!(info.bytes_current < 128 * 1024, "{info:?}");
    // The sum of all allocations: the memory doubles.
    assert!(info.bytes_total < 64 << 20, "{info:?}");
}

both_roles!(a_read_without_zeros_releases_the_memory_of_a_long_message_while_a_byte_is_unread);
fn a_read_without_zeros_releases_the_memory_of_a_long_message_while_a_byte_is_unread<R: Side>() {
    let (mut connection, mut inbound) = (R::open(Config::default()), None);
    let wire = [frame::<R>(0x82, &vec![7; 8 << 20]), frame::<R>(0x82, b"x").repeat(2)].concat();
    let end = wire.len() - frame::<R>(0x82, b"x").len();
    let info = measure(|| {
        let inbound = inbound.insert(ReceiveBuffer::for_bytes());
        let mut events = 0;
        // The second read ends one byte into the last frame.
        for mut chunk in [&wire[..=end], &wire[end + 1..]] {
            while !chunk.is_empty() {
                chunk = read(inbound, chunk);
                while connection.receive(inbound, &mut Vec::new()).unwrap().is_some() {
                    events += 1;
                }
            }
        }
        assert_eq!(events, 3);
    });
    assert!(info.bytes_current < 8192, "{info:?}");
    drop(inbound);
}

both_roles!(short_payloads_of_long_reads_share_their_memory);
fn short_payloads_of_long_reads_share_their_memory<R: Side>() {
    const READ: usize = 64 * 1024;
    let wire = frame::<R>(0x82, b"x");
    let inputs: [Input; 2] = [
        |inbound, chunk| {
            inbound.spare_mut(READ)[..chunk.len()].copy_from_slice(chunk);
            inbound.advance(chunk.len());
            &[]
        },
        |inbound, chunk| {
            inbound.read_with(READ, |spare| spare.put_slice(chunk));
            &[]
        },
    ];
    for input in inputs {
        let (mut connection, mut taken) = (R::open(Config::default()), Vec::with_capacity(1000));
        let info = measure(|| {
            let mut inbound = ReceiveBuffer::for_bytes();
            for _ in 0..1000 {
                assert_eq!(input(&mut inbound, &wire), b"");
                assert!(matches!(connection.receive(&mut inbound, &mut Vec::new()), Ok(Some(_))));
                taken.push(inbound.take_payload().unwrap());
                assert!(matches!(connection.receive(&mut inbound, &mut Vec::new()), Ok(None)));
            }
        });
        assert!(info.bytes_total < 6 * READ as u64, "{info:?}");
        assert_eq!(taken, vec!["x"; 1000]);
    }
}

both_roles!(the_memory_of_a_long_message_is_not_kept_for_short_ones);
fn the_memory_of_a_long_message_is_not_kept_for_short_ones<R: Side>() {
    let mut connection = R::open(Config::default());
    let wires = [frame::<R>(0x82, &[7; 10_000]), frame::<R>(0x82, &[7; 500])];
    let mut kept = None;
    let info = measure(|| {
        let mut inbound = ReceiveBuffer::for_bytes();
        for wire in [&wires[..1], &vec![wires[1].clone(); 1000]].concat() {
            inbound.spare_mut(wire.len())[..wire.len()].copy_from_slice(&wire);
            inbound.advance(wire.len());
            assert!(matches!(connection.receive(&mut inbound, &mut Vec::new()), Ok(Some(_))));
            drop(inbound.take_payload().unwrap());
            assert!(matches!(connection.receive(&mut inbound, &mut Vec::new()), Ok(None)));
        }
        kept = Some(inbound);
    });
    assert!(info.bytes_current < 10_000, "{info:?}");
    // Nor is one that was made for a long read, in which little arrived.
    let mut inbound = ReceiveBuffer::for_bytes_with_retained_capacity(1000);
    assert!(inbound.spare_mut(10_000).len() >= 10_000);
    assert!(inbound.spare_mut(100).len() <= 1000);
    drop(kept);
}

both_roles!(the_payload_can_be_taken_only_right_after_its_event);
fn the_payload_can_be_taken_only_right_after_its_event<R: Side>() {
    let wire = [frame::<R>(0x82, b"message"), frame::<R>(0x82, b"m")[..1].to_vec()].concat();
    type Call<R> = fn(&mut Connection<R>, &mut ReceiveBuffer<BytesMut>);
    let calls: [(&str, Call<R>); 6] = [
        ("receive", |connection, inbound| {
            assert!(matches!(connection.receive(inbound, &mut Vec::new()), Ok(None)));
        }),
        ("spare_mut", |_, inbound| {
            let _ = inbound.spare_mut(1);
        }),
        ("feed", |_, inbound| assert_eq!(inbound.feed(b""), 0)),
        ("clear", |_, inbound| inbound.clear()),
        ("shrink_to_fit", |_, inbound| inbound.shrink_to_fit()),
        ("take_payload", |_, inbound| assert_eq!(inbound.take_payload().unwrap(), "message")),
    ];
    for (name, call) in calls {
        let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::for_bytes());
        assert_eq!(inbound.take_payload(), None, "new");
        assert_eq!(inbound.feed(&wire), wire.len());
        assert_eq!(inbound.take_payload(), None, "before the event");
        assert!(matches!(connection.receive(&mut inbound, &mut Vec::new()), Ok(Some(Event::Binary(_)))));
        call(&mut connection, &mut inbound);
        assert_eq!(inbound.take_payload(), None, "after {name}");
    }
}

fn assert_no_payload<R: Role>(mut connection: Connection<R>, head: &[u8]) {
    let mut inbound = ReceiveBuffer::for_bytes();
    assert_eq!(inbound.feed(head), head.len());
    assert!(matches!(connection.receive(&mut inbound, &mut Vec::new()), Ok(Some(_))));
    assert_eq!(inbound.take_payload(), None);
}

#[test]
fn a_request_has_no_payload() {
    assert_no_payload(Connection::server(Config::default()), REQUEST);
}

#[test]
fn a_response_has_no_payload() {
    assert_no_payload(asking(Config::default(), &[]), RESPONSE);
}

both_roles!(an_error_has_no_payload_and_the_valid_text_before_it_has);
fn an_error_has_no_payload_and_the_valid_text_before_it_has<R: Side>() {
    let invalid = b"valid\xFFinvalid";
    let frames = [
        frame::<R>(0x81, invalid),
        [frame::<R>(0x01, &invalid[..3]), frame::<R>(0x80, &invalid[3..])].concat(),
    ];
    for (wire, delivery) in
        frames.iter().flat_map(|wire| [(wire, Delivery::Messages), (wire, Delivery::Parts)])
    {
        for size in [1, 7, 100] {
            let mut config = Config::default();
            config.delivery = delivery;
            let (mut connection, mut inbound) = (R::open(config), ReceiveBuffer::for_bytes());
            let (mut text, mut error) = (vec![], None);
            for chunk in wire.chunks(size) {
                assert_eq!(inbound.feed(chunk), chunk.len());
                loop {
                    match connection.receive(&mut inbound, &mut Vec::new()) {
                        Ok(Some(Event::TextPart { last: false, .. })) => {
                            text.extend(inbound.take_payload().expect("of the part"));
                        }
                        Ok(Some(event)) => panic!("{event:?}"),
                        Ok(None) => break,
                        Err(failure) => {
                            error = Some(failure);
                            break;
                        }
                    }
                }
                assert_eq!(inbound.take_payload(), None);
            }
            let expected: &[u8] = if delivery == Delivery::Parts { b"valid" } else { b"" };
            assert_eq!((&text[..], error), (expected, Some(Error::Protocol(ProtocolError::InvalidUtf8))));
        }
    }
    // A Close whose body is wrong has no payload either.
    let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::for_bytes());
    let wire = frame::<R>(0x88, b"\x03\xe8\xFF");
    assert_eq!(inbound.feed(&wire), wire.len());
    assert!(connection.receive(&mut inbound, &mut Vec::new()).is_err());
    assert_eq!(inbound.take_payload(), None);
}
