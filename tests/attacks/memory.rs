//! Memory attacks on other implementations (`docs/attacks.md`, B), under a counting allocator, for both
//! roles.

use allocation_counter::measure;
use arrayvec::ArrayVec;
use websocket_proto::wire::LengthForm;
use websocket_proto::{
    CloseCode, CloseFrameStatus, Config, Connection, Delivery, Error, HandshakeError, ProtocolError,
    ReceiveBuffer, Reject, SendBuffer as _, SendError, SendSlice, State, TransportAction,
};

use crate::support::{
    KEY, REQUEST, Seen, Side, feed, filled, fits_in_memory, frame, frame_with, frames_of, transmit,
    with_field,
};

use super::shared::{count_events, unlimited};

both_roles!(a_declared_length_takes_no_memory);
/// Attack B1.
fn a_declared_length_takes_no_memory<R: Side>() {
    for (config, len, fails) in [
        (Config::default(), 64 << 20, false),
        (Config::default(), (64 << 20) + 1, true),
        (Config::default(), (1 << 63) - 1, true),
        (unlimited(Delivery::Messages), (1 << 30) + 5, false),
        (unlimited(Delivery::Messages), (1 << 63) - 1, !fits_in_memory((1 << 63) - 1)),
        (unlimited(Delivery::Parts), (1 << 63) - 1, false),
        (unlimited(Delivery::Messages), 1 << 63, true),
    ] {
        let wire = frame_with(0x82, b"Hello", R::PEER_MASKS.then_some(KEY), LengthForm::Bits64, len);
        let mut connection = R::open(config);
        let asked =
            measure(|| assert_eq!(count_events(&mut connection, &wire, 1024).is_err(), fails, "{len:x}"));
        assert!(asked.bytes_max <= 1024, "{len:x}: {asked:?}");
    }
}

both_roles!(fragments_take_memory_only_for_their_payload);
/// Attacks B2, B13.
fn fragments_take_memory_only_for_their_payload<R: Side>() {
    for (payload, fragments, most) in [(&b"x"[..], 65_534, 4 * 65_536), (b"", 65_534, 3 * 4096)] {
        let mut wire = frame::<R>(0x01, payload);
        (0..fragments).for_each(|_| wire.extend(frame::<R>(0x00, payload)));
        let (last, over) = (frame::<R>(0x80, b"z"), frame::<R>(0x00, b""));
        let mut connection = R::open(Config::default());
        let mut refused = connection.clone();
        let whole = [&wire[..], &last].concat();
        let asked =
            measure(|| assert_eq!(count_events(&mut connection, &whole, 4096), Ok(1), "65,536 fragments"));
        assert!(asked.bytes_max <= most, "{asked:?}");
        let whole = [&wire[..], &over, &last].concat();
        let error = Err(Error::Protocol(ProtocolError::TooManyFragments));
        let asked =
            measure(|| assert_eq!(count_events(&mut refused, &whole, 4096), error, "65,537 fragments"));
        assert!(asked.bytes_max <= most, "{asked:?}");
    }
    // B13: what costs the peer nothing is not queued.
    for first in [0x81, 0x82, 0x89, 0x8A] {
        let wire = frame::<R>(first, b"").repeat(100_000);
        let mut connection = R::open(Config::default());
        let asked = measure(|| assert_eq!(count_events(&mut connection, &wire, 4096), Ok(100_000)));
        assert!(asked.bytes_max <= 3 * 4096, "{first:02x}: {asked:?}");
    }
}

both_roles!(long_fragments_take_linear_work);
/// LIM-09, attack B3: memory that grows is allocated again, and the message is copied.
fn long_fragments_take_linear_work<R: Side>() {
    const LEN: usize = 4 << 20;
    for fragment in [50, 1000, 5000, 64_000] {
        let payload = vec![1; fragment];
        let mut wire = frame::<R>(0x02, &payload);
        (0..LEN / fragment).for_each(|_| wire.extend(frame::<R>(0x00, &payload)));
        wire.extend(frame::<R>(0x80, b""));
        for read in [1000, 10_000] {
            let mut connection = R::open(unlimited(Delivery::Messages));
            let asked = measure(|| assert_eq!(count_events(&mut connection, &wire, read), Ok(1)));
            assert!(asked.bytes_total <= 8 * LEN as u64, "{fragment} {read}: {asked:?}");
            #[cfg(feature = "bytes")]
            {
                let mut connection = R::open(unlimited(Delivery::Messages));
                let asked =
                    measure(|| assert_eq!(count_events_of_bytes(&mut connection, &wire, read), Ok(1)));
                assert!(asked.bytes_total <= 8 * LEN as u64, "{fragment} {read}: {asked:?}");
            }
        }
    }
}

/// As [`count_events`], with `BytesMut`, whose reads take as much as there is room for.
#[cfg(feature = "bytes")]
fn count_events_of_bytes<R: Side>(
    connection: &mut Connection<R>,
    mut wire: &[u8],
    read: usize,
) -> Result<usize, Error> {
    let (mut inbound, mut out, mut events) = (ReceiveBuffer::for_bytes(), ArrayVec::<u8, 0>::new(), 0);
    while !wire.is_empty() {
        wire = inbound.read_with(read, |spare| {
            let (chunk, rest) = wire.split_at(spare.remaining_mut().min(wire.len()));
            spare.put_slice(chunk);
            rest
        });
        while connection.receive(&mut inbound, &mut out)?.is_some() {
            events += 1;
        }
    }
    Ok(events)
}

both_roles!(memory_of_a_large_message_is_released_while_a_byte_is_unread);
/// LIM-09: memory follows what the buffer holds, also while it is never empty.
fn memory_of_a_large_message_is_released_while_a_byte_is_unread<R: Side>() {
    const LARGE: usize = 32 << 20;
    let small = frame::<R>(0x82, b"x");
    // Each read ends one byte into the next frame.
    let wire = [frame::<R>(0x82, &vec![1; LARGE]), small.repeat(100_000)].concat();
    let mut connection = R::open(unlimited(Delivery::Messages));
    let (mut inbound, mut events) = (ReceiveBuffer::new(), 0);
    let large = wire.len() - 100_000 * small.len();
    let sizes = (0..large / 65_536)
        .map(|_| 65_536)
        .chain([large % 65_536 + 1])
        .chain((1..100_000).map(|_| small.len()));
    let mut rest = &wire[..];
    let (mut kept, mut total) = (0, 0);
    for size in sizes {
        let (chunk, after) = rest.split_at(size);
        rest = after;
        let asked = measure(|| {
            inbound.spare_mut(size)[..size].copy_from_slice(chunk);
            inbound.advance(size);
            while connection.receive(&mut inbound, &mut ArrayVec::<u8, 0>::new()).unwrap().is_some() {
                events += 1;
            }
        });
        (kept, total) = (kept + asked.bytes_current, total + asked.bytes_total);
    }
    assert_eq!((events, inbound.unread().len()), (100_000, 1));
    assert!(kept <= 64 * 1024, "{kept} bytes are kept");
    assert!(total <= 8 * LARGE as u64, "{total} bytes were allocated");
}

both_roles!(a_large_message_takes_at_most_a_quarter_more_memory_than_its_size);
/// LIM-09: a message of 65 MiB in 64 KiB reads, in one frame or in many.
fn a_large_message_takes_at_most_a_quarter_more_memory_than_its_size<R: Side>() {
    const SIZE: usize = 65 << 20;
    let fragments =
        [frame::<R>(0x02, b""), frame::<R>(0x00, &vec![1; 100_000]).repeat(SIZE / 100_000)].concat();
    for wire in [frame::<R>(0x82, &vec![1; SIZE]), fragments] {
        let (mut connection, mut inbound) = (R::open(unlimited(Delivery::Messages)), ReceiveBuffer::new());
        let asked = measure(|| {
            for chunk in wire[..wire.len() - 1].chunks(65_536) {
                assert_eq!(inbound.feed(chunk), chunk.len());
                assert!(connection.receive(&mut inbound, &mut ArrayVec::<u8, 0>::new()).unwrap().is_none());
            }
        });
        assert!(asked.bytes_current <= SIZE as i64 / 4 * 5, "{asked:?}");
    }
}

both_roles!(the_message_limit_counts_all_fragments);
/// Attack B4.
fn the_message_limit_counts_all_fragments<R: Side>() {
    let mut config = Config::default();
    config.max_message_size = 1000;
    let fragments = |last: usize| {
        let mut wire = frame::<R>(0x02, &[1; 100]);
        (0..8).for_each(|_| wire.extend(frame::<R>(0x00, &[1; 100])));
        [wire, frame::<R>(0x80, &vec![1; last])].concat()
    };
    assert_eq!(transmit::<R>(config, &fragments(100)).events, [Seen::Binary(vec![1; 1000])]);
    let outcome = transmit::<R>(config, &fragments(101));
    assert_eq!((outcome.error, outcome.events), (Some(ProtocolError::MessageTooBig.into()), vec![]));
    let twice = [fragments(100), fragments(100)].concat();
    assert_eq!(transmit::<R>(config, &twice).events.len(), 2, "each message for itself");
}

both_roles!(a_reserved_opcode_fails_before_its_huge_payload);
/// Attack B5.
fn a_reserved_opcode_fails_before_its_huge_payload<R: Side>() {
    let key = R::PEER_MASKS.then_some(KEY);
    for first in [0x83, 0xFF, 0x8B] {
        let wire = frame_with(first, &[0; 5000], key, LengthForm::Bits64, 1 << 40);
        let mut connection = R::open(unlimited(Delivery::Messages));
        let error = Err(Error::Protocol(ProtocolError::ReservedOpcode));
        let asked =
            measure(|| assert_eq!(count_events(&mut connection, &wire[..1], 16), error, "at its first byte"));
        assert!(asked.bytes_max <= 16, "{asked:?}");
        assert_eq!(transmit::<R>(Config::default(), &wire).error, error.err());
    }
}

both_roles!(a_ping_flood_with_a_stalled_writer_takes_no_memory);
/// Attack B6.
fn a_ping_flood_with_a_stalled_writer_takes_no_memory<R: Side>() {
    let flood = [&frame::<R>(0x89, &[b'p'; 125]).repeat(20_000)[..], &frame::<R>(0x89, b"last")].concat();
    // No room at all: one slot in the connection, no heap, whatever the number of pings.
    let mut connection = R::open(Config::default());
    let asked = measure(|| assert_eq!(count_events(&mut connection, &flood, 4096), Ok(20_001)));
    assert!(asked.bytes_max <= 3 * 4096, "{asked:?}");
    let mut out = Vec::new();
    assert!(
        connection.has_pending_reply() && matches!(connection.receive(&mut filled(b""), &mut out), Ok(None))
    );
    assert_eq!(
        (frames_of::<R>(&out), connection.has_pending_reply()),
        (vec![(0x8A, b"last".to_vec())], false)
    );
    // A vector that is never drained: it holds `max_write_buffer` bytes and one frame.
    let mut config = Config::default();
    config.max_write_buffer = 1000;
    let (mut connection, mut inbound, mut out) = (R::open(config), filled(&flood), Vec::with_capacity(2000));
    let asked = measure(|| while connection.receive(&mut inbound, &mut out).unwrap().is_some() {});
    assert_eq!((asked.bytes_total, connection.has_pending_reply()), (0, true));
    assert!((1000..1000 + 131).contains(&out.len()), "{}", out.len());
    out.clear();
    assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(None)));
    assert_eq!(frames_of::<R>(&out), [(0x8A, b"last".to_vec())]);
}

both_roles!(unsent_output_is_bounded_on_a_slow_connection);
/// Attack B7.
fn unsent_output_is_bounded_on_a_slow_connection<R: Side>() {
    let mut config = Config::default();
    config.max_write_buffer = 10_000;
    let (mut connection, mut out, mut sent) = (R::open(config), Vec::with_capacity(12_000), 0);
    let asked = measure(|| {
        while connection.send_binary(&[7; 100], &mut out).is_ok() {
            sent += 1;
        }
    });
    let frame_len = if R::PEER_MASKS { 102 } else { 106 };
    assert_eq!((asked.bytes_total, sent, out.len()), (0, 10_000_usize.div_ceil(frame_len), sent * frame_len));
    for _ in 0..10_000 {
        assert_eq!(connection.send_text("", &mut out), Err(SendError::Full));
        assert_eq!(connection.ping(b"", &mut out), Err(SendError::Full));
        assert_eq!(connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out), Err(SendError::Full));
    }
    assert_eq!(
        (out.len(), connection.state(), connection.close_status().sent),
        (sent * frame_len, State::Transmission, CloseFrameStatus::None)
    );
    out.drain(..frame_len);
    assert_eq!(
        out.len() < 10_000,
        connection.send_text("", &mut out).is_ok(),
        "it goes on once there is room"
    );
}

both_roles!(the_default_limits_bound_one_frame);
/// Attack B8.
fn the_default_limits_bound_one_frame<R: Side>() {
    for (len, error) in [(64 << 20, None), ((64 << 20) + 1, Some(ProtocolError::FrameTooBig))] {
        let wire = frame_with(0x82, b"", R::PEER_MASKS.then_some(KEY), LengthForm::Bits64, len);
        let outcome = feed(R::open(Config::default()), ReceiveBuffer::new(), [&wire[..]], |_, _| {});
        assert_eq!(outcome.error, error.map(Error::Protocol));
    }
}

/// Attack B10.
#[test]
fn an_upgrade_request_with_a_body_is_refused_at_once() {
    for len in ["1", "1000000000000", "18446744073709551616"] {
        let head = with_field(REQUEST, "Content-Length", format!("Content-Length: {len}\r\n"));
        let mut server = Connection::server(Config::default());
        let asked = measure(|| {
            assert_eq!(
                count_events(&mut server, &head, 2048),
                Err(Error::Handshake(HandshakeError::ContentNotAllowed))
            );
        });
        assert!(asked.bytes_max <= 2048, "{asked:?}");
        // Megabytes of it later, nothing is kept.
        let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
        let asked = measure(|| {
            for _ in 0..1000 {
                let _ = inbound.spare_mut(4096);
                inbound.advance(4096);
                assert!(server.receive(&mut inbound, &mut out).is_err());
            }
        });
        assert!(asked.bytes_max <= 8192 && inbound.is_empty(), "{asked:?}");
    }
}

both_roles!(a_closing_handshake_that_never_ends_is_visible);
/// Attack B11.
fn a_closing_handshake_that_never_ends_is_visible<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut out = Vec::new();
    connection.close(CloseCode::GOING_AWAY, "", &mut out).unwrap();
    // The peer goes on as if nothing had been said; it holds nothing here, and the owner sees that its
    // Close is missing.
    let chatter = [frame::<R>(0x82, &[1; 1000]), frame::<R>(0x8A, b"")].concat().repeat(1000);
    let asked = measure(|| assert_eq!(count_events(&mut connection, &chatter, 4096), Ok(2000)));
    assert!(asked.bytes_max <= 3 * 8192, "{asked:?}");
    let closed = connection.close_status();
    assert_eq!(
        (connection.state(), closed.received, closed.clean()),
        (State::Transmission, CloseFrameStatus::None, false)
    );
    assert_eq!(closed.sent, CloseFrameStatus::Code(CloseCode::GOING_AWAY));
    assert_eq!(connection.receive_eof(), closed);
    assert_eq!((connection.state(), connection.transport_action()), (State::End, TransportAction::Close));
}

both_roles!(no_uninitialized_byte_is_sent_or_delivered);
/// Attack B12.
fn no_uninitialized_byte_is_sent_or_delivered<R: Side>() {
    // A short pending payload replaces a long one: nothing of the long one follows it.
    let mut connection = R::open(Config::default());
    let pings = [frame::<R>(0x89, &[0x5E; 125]), frame::<R>(0x89, b"!")].concat();
    assert_eq!(count_events(&mut connection, &pings, 300), Ok(2));
    let mut memory = [0xA5; 100];
    let mut out = SendSlice::new(&mut memory);
    connection.send_text("text", &mut out).unwrap();
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    let frames = [(0x8A, b"!".to_vec()), (0x81, b"text".to_vec()), (0x88, b"\x03\xe8".to_vec())];
    assert_eq!(frames_of::<R>(out.as_slice()), frames);
    let pending = out.len();
    assert!(memory[pending..].iter().all(|&byte| byte == 0xA5), "nothing is written past the end");
    // Nor does old content of the receive buffer come up.
    let mut memory = [0xA5; 300];
    let wire =
        [frame::<R>(0x82, b""), frame::<R>(0x02, b""), frame::<R>(0x80, &[1; 9]), frame::<R>(0x89, b"")]
            .concat();
    let outcome =
        feed(R::open(Config::default()), ReceiveBuffer::fixed(&mut memory), wire.chunks(3), |_, _| {});
    assert_eq!(outcome.events, [Seen::Binary(vec![]), Seen::Binary(vec![1; 9]), Seen::Ping(vec![])]);
    assert_eq!(frames_of::<R>(&outcome.out), [(0x8A, vec![])]);
}

/// Attack B12.
#[test]
fn a_response_has_no_uninitialized_byte() {
    // Every byte of a response is the handshake's or the caller's.
    let (mut server, mut memory) = (Connection::server(Config::default()), [0xA5; 400]);
    let mut out = SendSlice::new(&mut memory);
    assert!(server.receive(&mut filled(REQUEST), &mut out).unwrap().is_some());
    server.reject(Reject::new(403).body(b"no"), &mut out).unwrap();
    assert_eq!(out.as_slice(), b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
}
