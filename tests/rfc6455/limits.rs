//! Limits and memory (§10.4): exact at the boundary, nothing allocated for a declared length.

use allocation_counter::measure;
use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Config, Connection, Delivery, Error, Event, ProtocolError, ReceiveBuffer, SendSlice, Server, State,
};

use crate::support::{
    self, KEY, REQUEST, Seen, Side, fits_in_memory, frame, frame_with, frames_of, open_server, transmit,
};

both_roles!(message_and_frame_limits_are_exact);
/// LIM-01, LIM-02 (§10.4).
fn message_and_frame_limits_are_exact<R: Side>() {
    let mut config = Config::default();
    config.max_message_size = 300;
    config.max_frame_size = 200;
    for (wire, error) in [
        (frame::<R>(0x82, &[1; 200]), None),
        (frame::<R>(0x82, &[1; 201]), Some(ProtocolError::FrameTooBig)),
        (frame::<R>(0x82, &[1; 400]), Some(ProtocolError::FrameTooBig)),
        ([frame::<R>(0x02, &[1; 200]), frame::<R>(0x80, &[1; 100])].concat(), None),
        (
            [frame::<R>(0x02, &[1; 200]), frame::<R>(0x80, &[1; 101])].concat(),
            Some(ProtocolError::MessageTooBig),
        ),
        (
            [
                frame::<R>(0x02, &[1; 200]),
                frame::<R>(0x89, &[1; 125]),
                frame::<R>(0x00, &[1; 100]),
                frame::<R>(0x80, b""),
            ]
            .concat(),
            None,
        ),
        ([frame::<R>(0x02, &[1; 200]), frame::<R>(0x80, b""), frame::<R>(0x82, &[1; 200])].concat(), None),
    ] {
        let outcome = transmit::<R>(config, &wire);
        assert_eq!(outcome.error, error.map(Error::Protocol));
        if let Some(error) = error {
            assert_eq!(frames_of::<R>(&outcome.out).last(), Some(&(0x88, b"\x03\xf1".to_vec())));
            assert_eq!((error.close_code().get(), outcome.events), (1009, vec![]));
        }
    }
    for small in [0, 1, 5, 124] {
        let mut config = Config::default();
        config.max_message_size = small;
        let fits = transmit::<R>(config, &frame::<R>(0x81, &vec![b'a'; small as usize]));
        assert_eq!((fits.error, fits.events.len()), (None, 1));
        for more in [1, 2, 1000] {
            let over = transmit::<R>(config, &frame::<R>(0x81, &vec![b'a'; small as usize + more]));
            assert_eq!((over.error, over.events), (Some(ProtocolError::MessageTooBig.into()), vec![]));
        }
    }
}

both_roles!(fragments_are_counted_including_empty_ones);
/// LIM-04 (§10.4).
fn fragments_are_counted_including_empty_ones<R: Side>() {
    let mut config = Config::default();
    config.max_fragments = 5;
    let fragments = |count: usize| {
        let mut wire = frame::<R>(0x01, b"a");
        (0..count - 2).for_each(|_| wire.extend(frame::<R>(0x00, b"")));
        wire.extend(frame::<R>(0x8A, b"not counted"));
        wire.extend(frame::<R>(0x80, b"z"));
        wire
    };
    assert_eq!(transmit::<R>(config, &fragments(5)).events.last(), Some(&Seen::Text("az".to_owned())));
    let outcome = transmit::<R>(config, &fragments(6));
    assert_eq!(outcome.error, Some(ProtocolError::TooManyFragments.into()));
    assert_eq!(frames_of::<R>(&outcome.out), [(0x88, b"\x03\xf0".to_vec())]);
}

both_roles!(huge_lengths_neither_wrap_nor_truncate);
/// LIM-03.
fn huge_lengths_neither_wrap_nor_truncate<R: Side>() {
    let key = R::PEER_MASKS.then_some(KEY);
    let mut open = Config::default();
    open.max_message_size = u64::MAX;
    open.max_frame_size = u64::MAX;
    let run = |config, wire: &[u8], chunk| {
        support::feed(R::open(config), ReceiveBuffer::new(), wire.chunks(chunk), |_, _| {})
    };
    for len in [(1 << 30) + 5, (1 << 32) + 5, (1 << 63) - 1, (1 << 62) + 1] {
        let wire = frame_with(0x82, b"Hello", key, LengthForm::Bits64, len);
        assert_eq!(transmit::<R>(Config::default(), &wire).error, Some(ProtocolError::FrameTooBig.into()));
        let second = frame_with(0x80, b"", key, LengthForm::Bits64, (1 << 63) - 1);
        let two = [frame_with(0x02, b"", key, LengthForm::Bits64, len), second].concat();
        for delivery in [Delivery::Messages, Delivery::Parts] {
            open.delivery = delivery;
            // Without limits, it waits for the rest. A whole message that exceeds the address space fails.
            let waits = delivery == Delivery::Parts || fits_in_memory(len);
            let (error, state) = if waits {
                (None, State::Transmission)
            } else {
                (Some(ProtocolError::MessageTooBig.into()), State::End)
            };
            let outcome = run(open, &wire, 3);
            assert_eq!(
                (outcome.error, outcome.events, outcome.state),
                (error, vec![], state),
                "{delivery:?} {len:x}"
            );
            let outcome = run(open, &two, 1);
            assert_eq!(outcome.error, error, "the second header is payload of the first");
        }
    }
}

/// LIM-05.
#[test]
fn nothing_is_allocated_for_a_declared_length() {
    let wire = frame_with(0x82, b"Hello", Some(KEY), LengthForm::Bits64, 64 * 1024 * 1024);
    let mut server = open_server(Config::default());
    let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
    let asked = measure(|| {
        for byte in &wire {
            inbound.spare_mut(1024)[0] = *byte;
            inbound.advance(1);
            assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
        }
    });
    assert!(asked.bytes_total <= 4096, "{asked:?}");
}

#[test]
fn an_echo_allocates_nothing() {
    let mut server = open_server(Config::default());
    let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::with_capacity(16 * 1024));
    let wire =
        [frame::<Server>(0x81, b"text"), frame::<Server>(0x82, &[1; 1000]), frame::<Server>(0x89, b"ping")]
            .concat();
    let mut echo = |times: usize| {
        for _ in 0..times {
            let space = inbound.spare_mut(4096);
            space[..wire.len()].copy_from_slice(&wire);
            inbound.advance(wire.len());
            while let Some(event) = server.receive(&mut inbound, &mut out).unwrap() {
                match event {
                    Event::Text(text) => server.send_text(text, &mut out).unwrap(),
                    Event::Binary(bytes) => server.send_binary(bytes, &mut out).unwrap(),
                    _ => {}
                }
            }
            out.clear();
        }
    };
    echo(1);
    let asked = measure(|| echo(100));
    assert_eq!((asked.count_total, asked.bytes_total), (0, 0));
}

#[test]
fn a_connection_has_no_heap_and_is_small() {
    let asked = measure(|| {
        let mut memory = [0; 1024];
        let mut server = Connection::server(Config::default());
        let (mut inbound, mut answer) = (ReceiveBuffer::fixed(&mut memory), [0; 512]);
        let mut out = SendSlice::new(&mut answer);
        assert_eq!(inbound.feed(REQUEST), REQUEST.len());
        assert!(server.receive(&mut inbound, &mut out).unwrap().is_some());
        server.accept(websocket_proto::Accept::new(), &mut out).unwrap();
        assert_eq!(inbound.feed(b"\x89\x84\0\0\0\0ping"), 10);
        assert!(server.receive(&mut inbound, &mut out).unwrap().is_some());
        assert!(out.as_slice().ends_with(b"\x8a\x04ping"));
    });
    assert_eq!(asked.count_total, 0);
    assert!(size_of::<Connection<Server>>() <= 320, "{}", size_of::<Connection<Server>>());
}

#[test]
fn the_buffer_gives_back_what_a_large_message_took() {
    let mut server = open_server(Config::default());
    let (mut inbound, mut out) = (ReceiveBuffer::with_retained_capacity(8 * 1024), Vec::new());
    let message = frame::<Server>(0x82, &vec![1; 1024 * 1024]);
    let asked = measure(|| {
        for read in message.chunks(4096) {
            inbound.spare_mut(4096)[..read.len()].copy_from_slice(read);
            inbound.advance(read.len());
            while let Some(event) = server.receive(&mut inbound, &mut out).unwrap() {
                assert!(matches!(event, Event::Binary(bytes) if bytes.len() == 1024 * 1024));
            }
        }
        assert!(inbound.is_empty());
        assert!(!inbound.spare_mut(4096).is_empty());
    });
    assert!(asked.bytes_current <= 8 * 1024, "{asked:?}");
    // Copied a constant number of times: it doubles.
    assert!(asked.bytes_total <= 5 * 1024 * 1024, "{asked:?}");
    let released = measure(|| inbound.shrink_to_fit());
    assert!(released.bytes_current < 0);
    assert_eq!(inbound.unread(), b"");
}

#[test]
fn release_keeps_what_is_unread() {
    let mut server = open_server(Config::default());
    let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
    let wire = [frame::<Server>(0x01, b"first "), frame::<Server>(0x80, b"second")].concat();
    for byte in wire {
        inbound.spare_mut(4096)[0] = byte;
        inbound.advance(1);
        inbound.shrink_to_fit();
        if let Some(event) = server.receive(&mut inbound, &mut out).unwrap() {
            assert!(matches!(event, Event::Text("first second")));
            return;
        }
    }
    panic!("no message");
}

both_roles!(parts_need_no_more_memory_than_the_reads);
fn parts_need_no_more_memory_than_the_reads<R: Side>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let text = "aé日😀".repeat(2_000);
    let mut memory = [0; 140];
    let mut inbound = ReceiveBuffer::fixed(&mut memory);
    let (mut connection, mut out) = (R::open(config), Vec::new());
    let (left, right) = text.as_bytes().split_at(text.len() / 2 + 1);
    let wire = [frame::<R>(0x01, left), frame::<R>(0x89, &[7; 125]), frame::<R>(0x80, right)].concat();
    let (mut seen, mut ends, mut rest) = (String::new(), 0, &wire[..]);
    while !rest.is_empty() {
        let taken = inbound.feed(rest);
        assert!(taken > 0);
        rest = &rest[taken..];
        while let Some(event) = connection.receive(&mut inbound, &mut out).unwrap() {
            match event {
                Event::TextPart { text, last } => {
                    seen.push_str(text);
                    ends += usize::from(last);
                }
                event => assert!(matches!(event, Event::Ping(payload) if payload == [7; 125])),
            }
        }
    }
    assert_eq!((seen, ends), (text, 1));
    assert_eq!(frames_of::<R>(&out), [(0x8A, vec![7; 125])]);
}

both_roles!(a_fixed_buffer_holds_messages_up_to_its_size_less_a_control_frame);
fn a_fixed_buffer_holds_messages_up_to_its_size_less_a_control_frame<R: Side>() {
    for (len, fits) in [(1000 - 131, true), (1000 - 130, false), (5000, false)] {
        for wire in [
            frame::<R>(0x82, &vec![1; len]),
            [frame::<R>(0x02, &vec![1; 500]), frame::<R>(0x80, &vec![1; len - 500])].concat(),
        ] {
            for chunk in [1, 100, 10_000] {
                let mut memory = [0; 1000];
                let outcome = support::feed(
                    R::open(Config::default()),
                    ReceiveBuffer::fixed(&mut memory),
                    wire.chunks(chunk),
                    |_, _| {},
                );
                let error = (!fits).then_some(Error::Protocol(ProtocolError::MessageTooBig));
                assert_eq!(
                    (outcome.error, outcome.events.len()),
                    (error, usize::from(fits)),
                    "{len} by {chunk}"
                );
            }
        }
    }
    // A buffer too small even for a frame fails; it does not wait for ever.
    for size in 1..140 {
        let mut memory = vec![0; size];
        let wire = [frame::<R>(0x89, &[1; 125]), frame::<R>(0x82, b"")].concat();
        let outcome = support::feed(
            R::open(Config::default()),
            ReceiveBuffer::fixed(&mut memory),
            wire.chunks(50),
            |_, _| {},
        );
        let fits = size >= frame::<R>(0x89, &[1; 125]).len();
        assert_eq!(outcome.error, (!fits).then_some(Error::Protocol(ProtocolError::MessageTooBig)), "{size}");
    }
}

both_roles!(a_split_code_point_and_a_control_frame_fit_the_smallest_fixed_buffer);
/// U8-02: three bytes of a code point stay in the buffer while a whole control frame is read.
fn a_split_code_point_and_a_control_frame_fit_the_smallest_fixed_buffer<R: Side>() {
    let mut config = Config::default();
    config.delivery = Delivery::Parts;
    let reads = [frame::<R>(0x01, b"ok\xf0\x9f\x98"), frame::<R>(0x89, &[7; 125]), frame::<R>(0x80, b"\x80")];
    for size in [ReceiveBuffer::MIN_LEN, 136, 200] {
        let mut memory = vec![0; size];
        let chunks = reads.iter().map(Vec::as_slice);
        let outcome = support::feed(R::open(config), ReceiveBuffer::fixed(&mut memory), chunks, |_, _| {});
        assert_eq!(
            (outcome.error, outcome.events),
            (None, vec![Seen::Ping(vec![7; 125]), Seen::Text("ok😀".to_owned())]),
            "{size}"
        );
    }
}
