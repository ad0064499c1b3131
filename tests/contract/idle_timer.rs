//! The idle timer (§5.5.2): a Ping after a silence, and the wait for its Pong.

use core::cell::Cell;
use core::time::Duration;

use arrayvec::ArrayVec;
use fastrand::Rng;
use websocket_proto::{
    Accept, Client, Config, Connection, Delivery, Entropy, EntropyError, Negotiated, ReceiveBuffer,
    SendError, SendSlice, Server, State, Timeout, TransportAction,
};

use crate::support::{
    Keys, REQUEST, RESPONSE, Side, asking, filled, frame, frames_of, open_client, open_server, split,
};

use super::deadlines::{receive, receive_frame, s};

type Clients = Client<Keys>;

both_roles!(each_silence_sends_one_ping_and_its_pong_restarts_the_timer);
/// §5.5.2.
fn each_silence_sends_one_ping_and_its_pong_restarts_the_timer<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), vec![]);
    for round in 0..100u32 {
        let start = u64::from(round) * 25;
        assert_eq!(connection.tick(s(start), &mut out), Ok(Some(s(start + 20))));
        assert_eq!(connection.tick(s(start + 19), &mut out), Ok(Some(s(start + 20))));
        assert_eq!(out, b"", "not yet");
        assert_eq!(connection.tick(s(start + 20), &mut out), Ok(Some(s(start + 40))));
        for _ in 0..3 {
            assert_eq!(connection.tick(s(start + 24), &mut out), Ok(Some(s(start + 40))));
        }
        let pings = frames_of::<R>(&out);
        assert_eq!(pings, [(0x89, (round + 1).to_be_bytes().to_vec())], "once, with a payload of its own");
        out.clear();
        receive_frame(&mut connection, 0x8A, &pings[0].1);
    }
}

both_roles!(a_missing_pong_ends_the_connection);
/// §5.5.2.
fn a_missing_pong_ends_the_connection<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), vec![]);
    assert_eq!(connection.tick(s(0), &mut out), Ok(Some(s(20))));
    assert_eq!(connection.tick(s(20), &mut out), Ok(Some(s(40))));
    assert_eq!(connection.tick(s(39), &mut out), Ok(Some(s(40))));
    assert_eq!(connection.tick(s(40), &mut out), Err(Timeout::Pong));
    assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 1]), (0x88, b"\x03\xf3".to_vec())]);
    assert_eq!(
        (connection.state(), connection.transport_action(), connection.has_pending_reply()),
        (State::End, TransportAction::Close, false)
    );
    assert_eq!((connection.close_status().clean(), connection.close_status().code()), (false, 1006));
    assert_eq!(connection.tick(s(1), &mut out), Err(Timeout::Pong));
    assert!(matches!(connection.receive(&mut filled(&frame::<R>(0x81, b"late")), &mut out), Ok(None)));
    // A writer that stalls after the Ping does not delay the end.
    let (mut connection, mut out) = (R::open(Config::default()), ArrayVec::<u8, 11>::new());
    assert_eq!(connection.tick(s(0), &mut out), Ok(Some(s(20))));
    assert_eq!(connection.tick(s(20), &mut out), Ok(Some(s(40))));
    assert_eq!(connection.ping(b"", &mut out), if R::PEER_MASKS { Ok(()) } else { Err(SendError::Full) });
    assert_eq!(connection.tick(s(40), &mut out), Err(Timeout::Pong));
    assert_eq!(
        (connection.transport_action(), connection.has_pending_reply()),
        (TransportAction::Close, false)
    );
}

both_roles!(no_pong_is_awaited_before_its_ping_is_written);
/// §5.5.2: a busy sender leaves no room for the Ping at any tick.
fn no_pong_is_awaited_before_its_ping_is_written<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), vec![]);
    for second in 0..200 {
        while connection.send_binary(&[0; 50_000], &mut out).is_ok() {}
        assert_eq!(
            connection.tick(s(second), &mut out),
            Ok(Some(s(if second < 20 { 20 } else { second + 20 }))),
            "{second}"
        );
        out.drain(..100_000);
    }
    out.clear();
    // With room, the Ping is written, and the wait for the Pong begins.
    assert_eq!(connection.tick(s(200), &mut out), Ok(Some(s(220))));
    assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 1])]);
    assert_eq!(connection.tick(s(219), &mut out), Ok(Some(s(220))));
    assert_eq!(connection.tick(s(220), &mut out), Err(Timeout::Pong));
}

/// §5.3: without a masking key there is no Ping, and no wait for a Pong.
#[test]
fn a_ping_waits_for_a_masking_key() {
    struct Failing<'a>(&'a Cell<bool>);

    impl Entropy for Failing<'_> {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
            if self.0.get() { Err(EntropyError) } else { Ok(()) }
        }
    }

    let (fails, mut out) = (Cell::new(true), vec![]);
    let mut client =
        Connection::established(Client::new(Failing(&fails)), Negotiated::new(), Config::default());
    assert_eq!(client.tick(s(0), &mut out), Ok(Some(s(20))));
    for second in [20, 40, 60, 1000] {
        assert_eq!(client.tick(s(second), &mut out), Ok(Some(s(second + 20))));
    }
    assert_eq!(out, b"");
    fails.set(false);
    assert_eq!(client.tick(s(1001), &mut out), Ok(Some(s(1021))));
    assert_eq!(frames_of::<Clients>(&out), [(0x89, vec![0, 0, 0, 1])]);
    assert_eq!(client.tick(s(1021), &mut out), Err(Timeout::Pong));
}

both_roles!(a_ping_waits_for_room_in_out);
/// §5.5.2.
fn a_ping_waits_for_room_in_out<R: Side>() {
    let mut connection = R::open(Config::default());
    let mut full = SendSlice::new(&mut []);
    let mut out = vec![];
    assert_eq!(connection.tick(s(0), &mut full), Ok(Some(s(20))));
    assert_eq!(connection.tick(s(20), &mut full), Ok(Some(s(40))));
    assert_eq!(connection.tick(s(21), &mut out), Ok(Some(s(41))));
    assert_eq!(connection.tick(s(22), &mut out), Ok(Some(s(41))));
    assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 1])]);
}

both_roles!(the_pong_for_a_newer_ping_restarts_the_timer);
/// §5.5.3: the peer may answer only the most recent Ping, here the application's.
fn the_pong_for_a_newer_ping_restarts_the_timer<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), vec![]);
    assert_eq!(connection.tick(s(0), &mut out), Ok(Some(s(20))));
    assert_eq!(connection.tick(s(20), &mut out), Ok(Some(s(40))));
    connection.ping(b"mine", &mut out).unwrap();
    receive_frame(&mut connection, 0x8A, b"mine");
    for step in 3..363 {
        assert_eq!(connection.tick(s(step * 10), &mut out), Ok(Some(s(step * 10 + 20))));
        receive_frame(&mut connection, 0x81, b"data");
    }
    assert_eq!(connection.tick(s(3630), &mut out), Ok(Some(s(3650))));
    out.clear();
    assert_eq!(connection.tick(s(3650), &mut out), Ok(Some(s(3670))), "the next silence sends a new Ping");
    assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 2])]);
    assert_eq!(connection.tick(s(3670), &mut out), Err(Timeout::Pong));
}

/// §5.5.3: one end has an `out` with room for one Pong, so it answers only the newest Ping.
#[test]
fn a_coalesced_pong_keeps_both_ends_alive() {
    let (mut server, mut client) = (open_server(Config::default()), open_client(Config::default()));
    let (mut out, mut narrow) = (vec![], ArrayVec::<u8, 12>::new());
    client.send_binary(b"123456", &mut narrow).unwrap();
    assert_eq!(server.tick(s(0), &mut out), Ok(Some(s(20))));
    assert_eq!(server.tick(s(20), &mut out), Ok(Some(s(40))));
    server.ping(b"mine", &mut out).unwrap();
    let mut inbound = filled(&out);
    while client.receive(&mut inbound, &mut narrow).unwrap().is_some() {}
    narrow.clear();
    assert!(client.receive(&mut inbound, &mut narrow).unwrap().is_none());
    assert_eq!(frames_of::<Clients>(&narrow), [(0x8A, b"mine".to_vec())]);
    receive(&mut server, &mut filled(&narrow), &mut out);
    for second in 40..60 {
        assert_eq!(server.tick(s(second), &mut out), Ok(Some(s(60))));
    }
    out.clear();
    assert_eq!(server.tick(s(60), &mut out), Ok(Some(s(80))));
    assert_eq!(frames_of::<Server>(&out), [(0x89, vec![0, 0, 0, 2])]);
}

both_roles!(any_input_restarts_the_timer);
/// §5.5.2.
fn any_input_restarts_the_timer<R: Side>() {
    // Data, a heartbeat of unsolicited Pongs, Pings, and a long frame byte by byte.
    let long = frame::<R>(0x82, &[7; 4000]);
    for kind in 0..4 {
        let (mut connection, mut inbound, mut out) =
            (R::open(Config::default()), ReceiveBuffer::new(), vec![]);
        for step in 0..400u64 {
            let wire = match kind {
                0 => frame::<R>(0x81, b"data"),
                1 => frame::<R>(0x8A, b"heartbeat"),
                2 => frame::<R>(0x89, b""),
                _ => vec![long[step as usize]],
            };
            assert_eq!(inbound.feed(&wire), wire.len());
            receive(&mut connection, &mut inbound, &mut out);
            assert_eq!(connection.tick(s(step * 19), &mut out), Ok(Some(s(step * 19 + 20))));
        }
        assert!(frames_of::<R>(&out).iter().all(|(first, _)| *first == 0x8A), "no Ping was sent");
        // A call without new input does not restart it.
        receive(&mut connection, &mut inbound, &mut out);
        assert_eq!(connection.tick(s(400 * 19), &mut out), Ok(Some(s(399 * 19 + 20))));
    }
    // After the Ping, too: while there is input, no second Ping is sent, and its Pong may be late.
    let (mut connection, mut out) = (R::open(Config::default()), vec![]);
    assert_eq!(connection.tick(s(0), &mut out), Ok(Some(s(20))));
    for step in 0..10 {
        assert_eq!(connection.tick(s(20 + step * 15), &mut out), Ok(Some(s(40 + step * 15))));
        receive_frame(&mut connection, 0x8A, b"\0\0\0\x02");
    }
    assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 1])]);
}

both_roles!(one_call_for_each_read_is_enough);
/// §5.5.2: the timer sees a read of as many bytes as the one before, and sees none in a later call.
fn one_call_for_each_read_is_enough<R: Side>() {
    for wire in [
        frame::<R>(0x89, b"ping"),
        frame::<R>(0x8A, b"pong"),
        frame::<R>(0x81, b"text"),
        [frame::<R>(0x01, b"te"), frame::<R>(0x80, b"xt")].concat(),
        [frame::<R>(0x02, b"begun"), frame::<R>(0x89, b""), frame::<R>(0x80, b"")].concat(),
    ] {
        for delivery in [Delivery::Messages, Delivery::Parts] {
            let mut config = Config::default();
            config.delivery = delivery;
            let (mut connection, mut inbound, mut out) = (R::open(config), ReceiveBuffer::new(), vec![]);
            for step in 0..100 {
                assert_eq!(inbound.feed(&wire), wire.len());
                assert!(connection.receive(&mut inbound, &mut out).unwrap().is_some());
                assert_eq!(connection.tick(s(step * 19), &mut out), Ok(Some(s(step * 19 + 20))));
            }
            receive(&mut connection, &mut inbound, &mut out);
            let deadline = connection.tick(s(2000), &mut out);
            receive(&mut connection, &mut inbound, &mut out);
            assert_eq!(connection.tick(s(2001), &mut out), deadline, "{wire:02x?}");
        }
    }
    let (mut connection, mut inbound, mut out) = (R::open(Config::default()), ReceiveBuffer::new(), vec![]);
    for wire in [frame::<R>(0x89, b"ping"), frame::<R>(0x81, b"text")] {
        assert_eq!(inbound.feed(&wire), wire.len());
        assert!(connection.receive(&mut inbound, &mut out).unwrap().is_some());
        assert_eq!(connection.tick(s(0), &mut out), Ok(Some(s(20))));
        receive(&mut connection, &mut inbound, &mut out);
        assert_eq!(connection.tick(s(19), &mut out), Ok(Some(s(20))), "{wire:02x?}");
    }
}

/// §5.5.2: the bytes after the head were read with it.
#[test]
fn bytes_that_came_with_the_head_are_input_once() {
    let mut out = vec![];
    let (mut server, mut inbound) =
        (Connection::server(Config::default()), filled(&[REQUEST, b"\x81"].concat()));
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_some());
    server.accept(Accept::new(), &mut out).unwrap();
    assert_eq!(server.tick(s(0), &mut out), Ok(Some(s(20))));
    assert_eq!(server.receive(&mut inbound, &mut out), Ok(None));
    assert_eq!(server.tick(s(19), &mut out), Ok(Some(s(20))));

    let (mut client, mut inbound) = (asking(Config::default(), &[]), filled(&[RESPONSE, b"\x81"].concat()));
    assert!(client.receive(&mut inbound, &mut out).unwrap().is_some());
    assert_eq!(client.tick(s(0), &mut out), Ok(Some(s(20))));
    assert_eq!(client.receive(&mut inbound, &mut out), Ok(None));
    assert_eq!(client.tick(s(19), &mut out), Ok(Some(s(20))));
}

/// Each read moves the deadline, of a connection and of its read half.
fn assert_each_read_restarts_the_timer<R: Side>(delivery: Delivery, reads: &[&[u8]]) {
    let mut config = Config::default();
    config.delivery = delivery;
    let (mut whole, (mut reader, _writer)) = (R::open(config), split(R::open(config)));
    let (mut inbound, mut out) = ([ReceiveBuffer::new(), ReceiveBuffer::new()], vec![]);
    for (step, read) in reads.iter().enumerate() {
        inbound.iter_mut().for_each(|inbound| assert_eq!(inbound.feed(read), read.len()));
        receive(&mut whole, &mut inbound[0], &mut out);
        while reader.receive(&mut inbound[1]).unwrap().is_some() {}
        let (now, deadline) = (s(step as u64 * 19), s(step as u64 * 19 + 20));
        assert_eq!(whole.tick(now, &mut out), Ok(Some(deadline)), "{delivery:?}, {step} of {reads:02x?}");
        assert_eq!(reader.tick(now), Some(deadline), "{delivery:?}, {step} of {reads:02x?}");
    }
}

both_roles!(each_part_of_a_message_restarts_the_timer_in_every_chunking);
/// ST-03.
fn each_part_of_a_message_restarts_the_timer_in_every_chunking<R: Side>() {
    for delivery in [Delivery::Messages, Delivery::Parts] {
        for first in [1, 2] {
            let fragments = [&[b'a'; 30][..], b"", b"", b"six by", b"", &[b'b'; 300], b"", b"", b"end"];
            let frames: Vec<Vec<u8>> = fragments
                .iter()
                .enumerate()
                .map(|(at, payload)| {
                    frame::<R>(if at == 0 { first } else { 0 } | if at == 8 { 0x80 } else { 0 }, payload)
                })
                .collect();
            assert_each_read_restarts_the_timer::<R>(
                delivery,
                &frames.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            );
            let wire = frames.concat();
            for len in 1..=20 {
                assert_each_read_restarts_the_timer::<R>(delivery, &wire.chunks(len).collect::<Vec<_>>());
            }
        }
    }
}

/// §5.5.2.
#[test]
fn a_silent_peer_times_out_under_any_clock() {
    // One of two ends falls silent at some step, and the other end notices.
    let mut random = Rng::with_seed(7);
    for _ in 0..300 {
        let (mut server, mut client) = (open_server(Config::default()), open_client(Config::default()));
        let mut buffers = [ReceiveBuffer::new(), ReceiveBuffer::new()];
        let mut outs = [vec![], vec![]];
        let (mut now, silent_from) = (Duration::from_millis(random.u64(..1 << 40)), random.usize(..200));
        let mut cut = None;
        for step in 0..5000 {
            let silent = step >= silent_from;
            if !silent {
                assert_eq!(buffers[0].feed(&outs[1]), outs[1].len());
                outs[1].clear();
                receive(&mut server, &mut buffers[0], &mut outs[0]);
                assert_eq!(buffers[1].feed(&outs[0]), outs[0].len());
                outs[0].clear();
                receive(&mut client, &mut buffers[1], &mut outs[1]);
                let deadline = client.tick(now, &mut outs[1]).expect("the server answers");
                assert!(deadline.is_some_and(|deadline| deadline > now));
            }
            match server.tick(now, &mut outs[0]) {
                Ok(deadline) => {
                    let deadline = deadline.expect("a connection always waits");
                    assert!(deadline > now, "never in the past");
                    now = match random.u8(..6) {
                        0 => now,
                        1 => now.saturating_sub(Duration::from_millis(random.u64(..500))),
                        2 => now + Duration::from_millis(random.u64(..500)),
                        _ => deadline,
                    };
                }
                Err(timeout) => {
                    assert_eq!(timeout, Timeout::Pong);
                    cut = Some(step);
                    break;
                }
            }
        }
        assert!(cut.is_some_and(|step| step >= silent_from), "{cut:?} {silent_from}");
        let frames = frames_of::<Server>(&outs[0]);
        assert!(frames.iter().filter(|(first, _)| *first == 0x89).count() <= 1, "one Ping for one silence");
        assert_eq!(frames.last(), Some(&(0x88, b"\x03\xf3".to_vec())));
    }
}
