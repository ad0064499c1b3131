//! The halves of a connection: together they behave like the connection, and a late signal breaks nothing.
#![cfg(feature = "alloc")]

use crate::support;

use core::time::Duration;
use std::sync::mpsc;
use std::thread;

use fastrand::Rng;
use support::{
    Keys, Outcome, REQUEST, RESPONSE, Reader, Seen, Side, feed, filled, frame, frames_of, open_client,
    open_server, split,
};
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, CloseFrameStatus, CloseStatus, Config, Connection, Delivery,
    Error, Event, MessageKind, PreparedMessage, ProtocolError, ReceiveBuffer, Reject, Role, SendBuffer,
    SendError, SendSlice, Server, Signal, State, Timeout, TransportAction, Uri, WriteHalf,
};

type Clients = Client<Keys>;

/// A connection and the two halves of its twin, each with its buffers.
struct Twins<R: Role> {
    whole: (Connection<R>, ReceiveBuffer<Vec<u8>>, Vec<u8>),
    halves: (Reader<R>, WriteHalf<R>, ReceiveBuffer<Vec<u8>>, Vec<u8>),
    /// Whether the transport of the write half has ended.
    cut: bool,
}

impl<R: Role + Clone> Twins<R> {
    fn new(connection: &Connection<R>) -> Self {
        let (reader, writer) = split(connection.clone());
        Self {
            whole: (connection.clone(), ReceiveBuffer::new(), vec![]),
            halves: (reader, writer, ReceiveBuffer::new(), vec![]),
            cut: false,
        }
    }

    #[track_caller]
    fn assert_alike(&self) {
        let ((whole, _, out), (_, writer, _, halves_out)) = (&self.whole, &self.halves);
        assert_eq!(halves_out, out);
        assert_eq!((writer.state(), writer.transport_action()), (whole.state(), whole.transport_action()));
        assert_eq!(
            (writer.close_status(), writer.has_pending_reply()),
            (whole.close_status(), whole.has_pending_reply())
        );
    }

    /// Receives these bytes and handles each signal at once. Returns whether the connection has ended.
    #[track_caller]
    fn read(&mut self, chunk: &[u8]) -> bool {
        if self.cut {
            return true;
        }
        let ((whole, whole_in, whole_out), (reader, writer, halves_in, halves_out)) =
            (&mut self.whole, &mut self.halves);
        assert_eq!((whole_in.feed(chunk), halves_in.feed(chunk)), (chunk.len(), chunk.len()));
        loop {
            writer.flush_reply(halves_out);
            let expected =
                whole.receive(whole_in, whole_out).map(|event| event.map(|event| format!("{event:?}")));
            let event = reader.receive(halves_in).map(|event| event.map(|event| format!("{event:?}")));
            assert_eq!(event, expected);
            if let Some(signal) = reader.signal() {
                writer.handle_signal(signal, halves_out);
            }
            if !matches!(event, Ok(Some(_))) {
                break;
            }
        }
        let ended = reader.state() == State::End;
        self.assert_alike();
        ended
    }

    #[track_caller]
    fn send<T: PartialEq + core::fmt::Debug>(
        &mut self,
        whole: impl FnOnce(&mut Connection<R>, &mut Vec<u8>) -> T,
        half: impl FnOnce(&mut WriteHalf<R>, &mut Vec<u8>) -> T,
    ) {
        assert_eq!(half(&mut self.halves.1, &mut self.halves.3), whole(&mut self.whole.0, &mut self.whole.2));
        self.assert_alike();
    }

    fn send_something(&mut self, random: &mut Rng) {
        let len = [0, 1, 3, 125, 126, 300][random.usize(..6)];
        let (payload, last) = (vec![b'x'; len], random.bool());
        let text = "x".repeat(len);
        let kind = if random.bool() { MessageKind::Text } else { MessageKind::Binary };
        match random.u8(..20) {
            0..=3 => self.send(|it, out| it.send_text(&text, out), |it, out| it.send_text(&text, out)),
            4 => {
                let message = PreparedMessage::binary(&payload);
                self.send(
                    |it, out| it.send_prepared(&message, out),
                    |it, out| it.send_prepared(&message, out),
                );
            }
            5..=6 => {
                self.send(|it, out| it.send_binary(&payload, out), |it, out| it.send_binary(&payload, out))
            }
            7..=13 => self.send(
                |it, out| it.send_fragment(kind, &payload, last, out),
                |it, out| it.send_fragment(kind, &payload, last, out),
            ),
            14 => {
                let (mut one, mut two) = (payload.clone(), payload);
                self.send(
                    |it, out| {
                        it.mask_and_encode_header(kind, &mut one)
                            .map(|head| out.extend(head.iter().chain(&one)))
                    },
                    |it, out| {
                        it.mask_and_encode_header(kind, &mut two)
                            .map(|head| out.extend(head.iter().chain(&two)))
                    },
                );
            }
            15..=16 => self.send(|it, out| it.ping(&payload, out), |it, out| it.ping(&payload, out)),
            17 => self.send(|it, out| it.pong(&payload, out), |it, out| it.pong(&payload, out)),
            18 => self.send(
                |it, out| it.close(CloseCode::GOING_AWAY, &text, out),
                |it, out| it.close(CloseCode::GOING_AWAY, &text, out),
            ),
            _ if random.u8(..4) == 0 => {
                self.send(|it, _| it.receive_eof(), |it, _| it.receive_eof());
                self.cut = true;
            }
            _ => {}
        }
    }

    /// Joins the halves and splits them again.
    fn rejoin(&mut self) {
        let connection = self.halves.0.clone().join(self.halves.1.clone());
        if connection.state() == State::Transmission {
            (self.halves.0, self.halves.1) = split(connection);
        }
    }
}

/// Mostly legal input, sometimes illegal. The payload of each Ping is a counter.
fn wire<R: Side>(random: &mut Rng, frames: usize) -> Vec<u8> {
    let (mut wire, mut open) = (vec![], false);
    for index in 0..frames {
        let payload = "é".repeat([0, 1, 20, 62, 63, 200][random.usize(..6)]).into_bytes();
        let fin = random.u8(..2) << 7;
        wire.extend(match random.u8(..64) {
            0..=19 => frame::<R>(0x89, &(index as u32).to_be_bytes()),
            20..=23 => frame::<R>(0x8A, b"pong"),
            24 => frame::<R>(0x88, b"\x03\xe8why"),
            25 => frame::<R>(0x88, b""),
            26 => frame::<R>([0x83, 0xC1, 0x09][random.usize(..3)], b""),
            27 => frame::<R>(0x81, b"\xff"),
            _ if open => {
                open = fin == 0;
                frame::<R>(fin, &payload)
            }
            28..=45 => frame::<R>(0x81 + random.u8(..2), &payload),
            _ => {
                open = fin == 0;
                frame::<R>(fin | (1 + random.u8(..2)), &payload)
            }
        });
    }
    wire
}

fn config(random: &mut Rng) -> Config {
    let mut config = Config::default();
    config.max_write_buffer = [10, 100, 1024 * 1024][random.usize(..3)];
    config.max_message_size = [500, 1024 * 1024][random.usize(..2)];
    config.delivery = if random.bool() { Delivery::Messages } else { Delivery::Parts };
    config.auto_pong = random.u8(..4) > 0;
    config.auto_close = random.u8(..4) > 0;
    config
}

/// How many random inputs a test has.
const SEEDS: u64 = 300;

both_roles!(the_halves_equal_the_connection_call_by_call);
fn the_halves_equal_the_connection_call_by_call<R: Side>() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let mut twins = Twins::new(&R::open(config(&mut random)));
        let frames = random.usize(1..40);
        let wire = wire::<R>(&mut random, frames);
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(rest.len().min(1 << random.u32(..9)));
            rest = after;
            twins.read(chunk);
            for _ in 0..random.u8(..3) {
                twins.send_something(&mut random);
            }
            if random.u8(..4) == 0 {
                twins.rejoin();
                twins.assert_alike();
            }
            if random.bool() {
                let taken = random.usize(..=twins.whole.2.len());
                twins.whole.2.drain(..taken);
                twins.halves.3.drain(..taken);
            }
        }
        twins.rejoin();
        twins.read(b"");
    }
}

both_roles!(the_halves_equal_the_connection_in_every_chunking);
/// ST-03.
fn the_halves_equal_the_connection_in_every_chunking<R: Side>() {
    let mut random = Rng::with_seed(7);
    let long = "日本".repeat(60);
    for last in [&b"\x88"[..], b"\x83", b"\x81", b"\x89"] {
        let mut wire = [
            frame::<R>(0x01, &long.as_bytes()[..100]),
            frame::<R>(0x89, b"first"),
            frame::<R>(0x89, b""),
            frame::<R>(0x80, &long.as_bytes()[100..]),
            frame::<R>(0x82, &[7; 200]),
            frame::<R>(0x89, b"second"),
            frame::<R>(0x8A, b"third"),
            frame::<R>(0x81, b"text"),
        ]
        .concat();
        wire.extend(frame::<R>(last[0], if last == b"\x81" { b"\xff" } else { b"\x03\xe8" }));
        wire.extend(frame::<R>(0x81, b"after"));
        for delivery in [Delivery::Messages, Delivery::Parts] {
            let mut config = Config::default();
            config.delivery = delivery;
            let open = R::open(config);
            let run = |chunks: &[&[u8]]| {
                let mut twins = Twins::new(&open);
                let mut ended = false;
                for chunk in chunks {
                    ended = twins.read(chunk);
                }
                assert_eq!(ended, last != b"\x89");
            };
            run(&[&wire]);
            run(&wire.chunks(1).collect::<Vec<_>>());
            for cut in 0..wire.len() {
                let (left, right) = wire.split_at(cut);
                run(&[left, right]);
            }
            for _ in 0..50 {
                run(&wire.chunks(random.usize(1..60)).collect::<Vec<_>>());
            }
        }
    }
}

/// Removes the oldest signal.
fn first(signals: &mut Vec<Signal>) -> Option<Signal> {
    (!signals.is_empty()).then(|| signals.remove(0))
}

/// Whole frames in a legal order: messages not interleaved, one Close at most, and after it nothing but
/// Pongs.
#[track_caller]
fn assert_legal(frames: &[(u8, Vec<u8>)]) -> usize {
    let (mut open, mut closes) = (false, 0);
    for (first, _) in frames {
        assert!(closes == 0 || *first == 0x8A, "after a Close: {first:02x}");
        match first {
            0x81 | 0x82 | 0x01 | 0x02 => {
                assert!(!open, "§5.4");
                open = first & 0x80 == 0;
            }
            0x80 | 0x00 => {
                assert!(open, "§5.4");
                open = first & 0x80 == 0;
            }
            0x88 => closes += 1,
            0x89 | 0x8A => {}
            _ => panic!("{first:02x}"),
        }
    }
    assert!(closes <= 1);
    closes
}

both_roles!(late_signals_keep_the_output_legal);
/// Messages are not interleaved (§5.4), Pongs are in the order of their Pings (§5.5.3), and there is one Close
/// at most (§5.5.1).
fn late_signals_keep_the_output_legal<R: Side>() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let mut config = Config::default();
        config.max_write_buffer = [40, 1024 * 1024][random.usize(..2)];
        let (mut reader, mut writer) = split(R::open(config));
        let frames = random.usize(1..60);
        let wire = wire::<R>(&mut random, frames);
        let mut inbound = ReceiveBuffer::new();
        let (mut rest, mut out, mut sent) = (&wire[..], vec![], vec![]);
        let mut signals = Vec::new();
        let (mut pings, mut ended, mut message) = (vec![], false, None);
        let mut idle = 0;
        while idle < 20 {
            idle += usize::from(rest.is_empty() && signals.is_empty());
            match random.u8(..8) {
                0 | 1 => {
                    let (chunk, after) = rest.split_at(rest.len().min(1 << random.u32(..8)));
                    assert_eq!(inbound.feed(chunk), chunk.len());
                    rest = after;
                    loop {
                        let event = reader.receive(&mut inbound);
                        match event {
                            Ok(Some(Event::Ping(payload))) => pings.push(payload.to_vec()),
                            Ok(Some(Event::Close(_))) | Err(_) => ended = true,
                            _ => {}
                        }
                        let go_on = matches!(event, Ok(Some(_)));
                        // Taken at random, and always after the last read.
                        if random.bool() || (!go_on && random.bool()) || rest.is_empty() {
                            signals.extend(reader.signal());
                        }
                        if !go_on {
                            break;
                        }
                    }
                }
                2 if writer.has_pending_reply() => writer.flush_reply(&mut out),
                3 => {
                    // Two at once.
                    for signal in [first(&mut signals), first(&mut signals)].into_iter().flatten() {
                        writer.handle_signal(signal, &mut out);
                    }
                }
                4 => {
                    if let Some(signal) = first(&mut signals) {
                        writer.handle_signal(signal, &mut out);
                    }
                }
                5 => {
                    let (kind, last) = (message.unwrap_or(MessageKind::Text), random.u8(..4) == 0);
                    match writer.send_fragment(kind, b"part", last, &mut out) {
                        Ok(()) => message = (!last).then_some(kind),
                        Err(error) => {
                            assert!(matches!(error, SendError::Full | SendError::Closed), "{error}")
                        }
                    }
                }
                6 => {
                    let mut payload = *b"in place";
                    if let Ok(head) = writer.mask_and_encode_header(MessageKind::Binary, &mut payload) {
                        out.extend(head.iter().chain(&payload));
                    }
                    if random.u8(..30) == 0 {
                        let _ = writer.close(CloseCode::NORMAL_CLOSURE, "enough", &mut out);
                    }
                }
                _ => {
                    let taken = random.usize(..=out.len());
                    sent.extend(out.drain(..taken));
                }
            }
        }
        assert_eq!(reader.signal(), None, "seed {seed}");
        sent.append(&mut out);
        writer.flush_reply(&mut out);
        sent.append(&mut out);
        assert!(!writer.has_pending_reply());
        let frames = frames_of::<R>(&sent);
        let closes = assert_legal(&frames);
        let mut pings = pings.iter();
        for (_, pong) in frames.iter().filter(|(first, _)| *first == 0x8A) {
            assert!(pings.any(|ping| ping == pong), "seed {seed}: Pongs in the order of their Pings");
        }
        assert_eq!(
            (writer.state() == State::End, reader.state() == State::End),
            (ended, ended),
            "seed {seed}"
        );
        assert!(!ended || closes == 1, "seed {seed}");
        assert_eq!(writer.transport_action() == TransportAction::KeepOpen, !ended);
        assert_eq!(writer.close_status().sent != CloseFrameStatus::None, closes == 1);
    }
}

/// Receives all of `wire`; returns the error, if there is one.
fn read<R: Role>(reader: &mut Reader<R>, wire: &[u8], mut each: impl FnMut(&mut Reader<R>)) -> Option<Error> {
    let mut inbound = filled(wire);
    loop {
        let event = reader.receive(&mut inbound).map(|event| event.is_some());
        each(reader);
        match event {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(error),
        }
    }
}

both_roles!(the_newest_signal_replaces_the_older_ones);
/// CT-08 (§5.5.3).
fn the_newest_signal_replaces_the_older_ones<R: Side>() {
    let pings: Vec<u8> = (0..10).flat_map(|i| frame::<R>(0x89, &[i])).collect();
    let pongs = |from| (from..10).map(|i| (0x8A, vec![i])).collect::<Vec<_>>();
    let halves = || split(R::open(Config::default()));
    // Each signal is handled: every Ping is answered, in order, however late.
    let ((mut reader, mut writer), mut signals, mut out) = (halves(), vec![], vec![]);
    assert_eq!(read(&mut reader, &pings, |reader| signals.extend(reader.signal())), None);
    signals.into_iter().for_each(|signal| writer.handle_signal(signal, &mut out));
    assert_eq!(frames_of::<R>(&out), pongs(0));
    // Only the last signal is handled: the newest Ping is answered.
    let ((mut reader, mut writer), mut out) = (halves(), vec![]);
    assert_eq!(read(&mut reader, &pings, |_| {}), None);
    writer.handle_signal(reader.signal().unwrap(), &mut out);
    assert_eq!((frames_of::<R>(&out), reader.signal()), (pongs(9), None));
    // A Close and a violation replace a Ping, and are signalled once.
    for (last, reply, error) in [
        (frame::<R>(0x88, b"\x03\xe9"), b"\x03\xe9", None),
        (b"\x83".to_vec(), b"\x03\xea", Some(Error::Protocol(ProtocolError::ReservedOpcode))),
    ] {
        let ((mut reader, mut writer), mut out) = (halves(), vec![]);
        assert_eq!(read(&mut reader, &[&pings[..], &last].concat(), |_| {}), error);
        assert_eq!((reader.state(), writer.state()), (State::End, State::Transmission));
        writer.handle_signal(reader.signal().unwrap(), &mut out);
        assert_eq!(frames_of::<R>(&out), [(0x88, reply.to_vec())]);
        assert_eq!(
            (read(&mut reader, b"more", |_| {}), reader.signal(), writer.state()),
            (error, None, State::End)
        );
    }
}

both_roles!(the_reply_to_a_signal_is_pending_while_there_is_no_room);
/// §5.5.2, §5.5.1.
fn the_reply_to_a_signal_is_pending_while_there_is_no_room<R: Side>() {
    let (mut reader, mut writer) = split(R::open(Config::default()));
    let mut full = SendSlice::new(&mut []);
    for wire in [frame::<R>(0x89, b"old"), frame::<R>(0x89, b"new")] {
        assert_eq!(read(&mut reader, &wire, |_| {}), None);
        writer.handle_signal(reader.signal().unwrap(), &mut full);
        assert!(writer.has_pending_reply());
    }
    writer.flush_reply(&mut full);
    let mut out = vec![];
    // The pending reply is written before the next one.
    assert_eq!(read(&mut reader, &frame::<R>(0x89, b"newest"), |_| {}), None);
    writer.handle_signal(reader.signal().unwrap(), &mut out);
    assert_eq!(frames_of::<R>(&out), [(0x8A, b"new".to_vec()), (0x8A, b"newest".to_vec())]);
    assert_eq!(read(&mut reader, &frame::<R>(0x88, b""), |_| {}), None);
    writer.handle_signal(reader.signal().unwrap(), &mut full);
    assert_eq!(
        (writer.has_pending_reply(), writer.state(), writer.transport_action()),
        (true, State::End, TransportAction::KeepOpen)
    );
    out.clear();
    writer.flush_reply(&mut out);
    writer.flush_reply(&mut out);
    assert_eq!((frames_of::<R>(&out), writer.has_pending_reply()), (vec![(0x88, vec![])], false));
    assert_ne!(writer.transport_action(), TransportAction::KeepOpen);
    // §5.5.2: after the peer's Close no Pong is required.
    let ((mut reader, mut writer), mut out) = (split(R::open(Config::default())), vec![]);
    writer.close_empty(&mut out).unwrap();
    for wire in [frame::<R>(0x89, b"p"), frame::<R>(0x88, b"")] {
        assert_eq!(read(&mut reader, &wire, |_| {}), None);
        writer.handle_signal(reader.signal().unwrap(), &mut full);
    }
    assert_eq!(
        (writer.has_pending_reply(), writer.state(), writer.close_status().clean()),
        (false, State::End, true)
    );
}

both_roles!(automatic_replies_can_be_disabled);
fn automatic_replies_can_be_disabled<R: Side>() {
    let mut config = Config::default();
    (config.auto_pong, config.auto_close) = (false, false);
    let (mut reader, mut writer) = split(R::open(config));
    let mut out = vec![];
    assert_eq!(read(&mut reader, &frame::<R>(0x89, b"p"), |reader| assert_eq!(reader.signal(), None)), None);
    assert_eq!(read(&mut reader, &frame::<R>(0x88, b"\x03\xe8"), |_| {}), None);
    writer.handle_signal(reader.signal().unwrap(), &mut out);
    assert_eq!(
        (out.len(), writer.has_pending_reply(), writer.state(), reader.state()),
        (0, false, State::Transmission, State::End)
    );
    assert_eq!(writer.close_status().received, CloseFrameStatus::Code(CloseCode::NORMAL_CLOSURE));
    writer.send_text("last", &mut out).unwrap();
    // Joined and split in between.
    let (_, mut writer) = split(reader.join(writer));
    writer.close(CloseCode::GOING_AWAY, "", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x81, b"last".to_vec()), (0x88, b"\x03\xe9".to_vec())]);
    assert_eq!((writer.state(), writer.close_status().clean()), (State::End, true));
}

both_roles!(a_join_keeps_the_reply_to_an_unhandled_signal);
fn a_join_keeps_the_reply_to_an_unhandled_signal<R: Side>() {
    for (wire, reply, error) in [
        (frame::<R>(0x89, b"p"), (0x8A, b"p".to_vec()), None),
        (frame::<R>(0x88, b"\x03\xe9"), (0x88, b"\x03\xe9".to_vec()), None),
        (
            b"\x83".to_vec(),
            (0x88, b"\x03\xea".to_vec()),
            Some(Error::Protocol(ProtocolError::ReservedOpcode)),
        ),
    ] {
        let (mut reader, writer) = split(R::open(Config::default()));
        assert_eq!(read(&mut reader, &wire, |_| {}), error);
        let mut ws = reader.join(writer);
        assert!(ws.has_pending_reply());
        let (mut inbound, mut out) = (ReceiveBuffer::new(), vec![]);
        assert_eq!(ws.receive(&mut inbound, &mut out).map(|event| event.is_some()).err(), error);
        assert_eq!((frames_of::<R>(&out), ws.has_pending_reply()), (vec![reply], false));
    }
    // A violation stays one if its signal is dropped.
    let (mut reader, writer) = split(R::open(Config::default()));
    assert!(read(&mut reader, b"\x83", |reader| drop(reader.signal())).is_some());
    let (mut ws, mut out) = (reader.join(writer), vec![]);
    assert_eq!(ws.receive(&mut filled(b""), &mut out).err(), Some(ProtocolError::ReservedOpcode.into()));
    assert_eq!((frames_of::<R>(&out), ws.state()), (vec![(0x88, b"\x03\xea".to_vec())], State::End));
}

both_roles!(a_signal_after_the_end_completes_the_close_status);
/// CL-13 (§7.1.5).
fn a_signal_after_the_end_completes_the_close_status<R: Side>() {
    let halves = || split(R::open(Config::default()));
    let signal = |reader: &mut Reader<R>, wire: &[u8]| {
        read(reader, wire, |_| {});
        reader.signal().unwrap()
    };
    let ((mut reader, mut writer), mut out) = (halves(), vec![]);
    let ping = signal(&mut reader, &frame::<R>(0x89, b"p"));
    let close = signal(&mut reader, &frame::<R>(0x88, b"\x03\xe9"));
    assert_eq!(writer.receive_eof(), CloseStatus::default(), "writing failed first");
    writer.handle_signal(ping, &mut out);
    writer.handle_signal(close, &mut out);
    assert_eq!(
        (writer.receive_eof().code(), writer.close_status().clean(), writer.transport_action()),
        (1001, false, TransportAction::Close)
    );
    assert_eq!((out.len(), writer.has_pending_reply()), (0, false));
    let (mut reader, mut writer) = halves();
    let failed = signal(&mut reader, b"\x83");
    writer.receive_eof();
    writer.handle_signal(failed, &mut out);
    let mut ws = reader.join(writer);
    assert_eq!(ws.receive(&mut filled(b""), &mut out).err(), Some(ProtocolError::ReservedOpcode.into()));
    assert_eq!((out.len(), ws.transport_action()), (0, TransportAction::Close));
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The halves of an open connection, each with its timer.
struct Ticking<R: Role> {
    reader: Reader<R>,
    writer: WriteHalf<R>,
}

impl<R: Side> Ticking<R> {
    fn new() -> Self {
        let (reader, writer) = split(R::open(Config::default()));
        Self { reader, writer }
    }

    /// Both halves tick, the write half after it has handled the signal of the read half.
    fn tick(
        &mut self,
        second: u64,
        out: &mut impl SendBuffer,
    ) -> (Option<Duration>, Result<Option<Duration>, Timeout>) {
        let deadline = self.reader.tick(secs(second));
        if let Some(signal) = self.reader.signal() {
            self.writer.handle_signal(signal, out);
        }
        (deadline, self.writer.tick(secs(second), out))
    }
}

both_roles!(the_read_half_notices_silence_and_the_write_half_sends_the_ping);
/// §5.5.2: the write half waits for the Pong, too.
fn the_read_half_notices_silence_and_the_write_half_sends_the_ping<R: Side>() {
    let (mut halves, mut out) = (Ticking::<R>::new(), vec![]);
    assert_eq!(halves.tick(0, &mut out), (Some(secs(20)), Ok(None)));
    assert_eq!(read(&mut halves.reader, &frame::<R>(0x82, b"x"), |_| {}), None);
    assert_eq!(halves.tick(5, &mut out), (Some(secs(25)), Ok(None)));
    assert_eq!(out, b"");
    assert_eq!(halves.tick(25, &mut out), (None, Ok(Some(secs(45)))));
    let [(0x89, ping)] = &frames_of::<R>(&out)[..] else { panic!("{out:02x?}") };
    assert_eq!(halves.tick(29, &mut out), (None, Ok(Some(secs(45)))), "once");
    assert_eq!(read(&mut halves.reader, &frame::<R>(0x8A, ping), |_| {}), None);
    assert_eq!(halves.tick(30, &mut out), (Some(secs(50)), Ok(None)));
    // The joined connection has the same deadline.
    let mut ws = halves.reader.clone().join(halves.writer.clone());
    assert_eq!(ws.tick(secs(31), &mut out), Ok(Some(secs(50))));
    out.clear();
    assert_eq!(halves.tick(50, &mut out), (None, Ok(Some(secs(70)))));
    let mut ws = halves.reader.clone().join(halves.writer.clone());
    assert_eq!(ws.tick(secs(51), &mut out), Ok(Some(secs(70))), "the joined connection waits for the Pong");
    let (reader, writer) = split(ws);
    halves = Ticking { reader, writer };
    assert_eq!(halves.tick(52, &mut out), (None, Ok(Some(secs(70)))), "and the halves again");
    assert_eq!(halves.tick(70, &mut out), (None, Err(Timeout::Pong)));
    let frames = frames_of::<R>(&out);
    assert!(matches!(&frames[..], [(0x89, _), (0x88, close)] if close == b"\x03\xf3"), "{frames:02x?}");
    assert_eq!(
        (halves.writer.state(), halves.writer.transport_action()),
        (State::End, TransportAction::Close)
    );
    assert_eq!(halves.tick(71, &mut out), (None, Err(Timeout::Pong)));
    assert_eq!(halves.reader.join(halves.writer).tick(secs(72), &mut out), Err(Timeout::Pong));
}

both_roles!(the_write_half_waits_for_the_close);
/// CL-18 (§7.1.1).
fn the_write_half_waits_for_the_close<R: Side>() {
    let ((_, mut writer), mut out) = (split(R::open(Config::default())), vec![]);
    writer.close_empty(&mut out).unwrap();
    assert_eq!(writer.tick(secs(3), &mut out), Ok(Some(secs(13))));
    assert_eq!(
        (writer.tick(secs(13), &mut out), writer.transport_action()),
        (Err(Timeout::Close), TransportAction::Close)
    );
}

both_roles!(a_later_tick_of_the_write_half_writes_a_ping_that_found_no_room);
/// §5.5.2: the wait for the Pong begins when the Ping is written.
fn a_later_tick_of_the_write_half_writes_a_ping_that_found_no_room<R: Side>() {
    let (mut halves, mut full, mut out) = (Ticking::<R>::new(), SendSlice::new(&mut []), vec![]);
    assert_eq!(halves.tick(0, &mut full), (Some(secs(20)), Ok(None)));
    for second in [20, 40, 60, 1000] {
        assert_eq!(halves.tick(second, &mut full), (None, Ok(Some(secs(second + 20)))));
    }
    let mut spoken = Ticking { reader: halves.reader.clone(), writer: halves.writer.clone() };
    assert_eq!(halves.tick(1001, &mut out), (None, Ok(Some(secs(1021)))));
    assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 1])]);
    assert_eq!(halves.tick(1020, &mut out), (None, Ok(Some(secs(1021)))));
    assert_eq!(halves.tick(1021, &mut out), (None, Err(Timeout::Pong)));
    // Any input makes the Ping needless.
    out.clear();
    assert_eq!(read(&mut spoken.reader, &frame::<R>(0x82, b"x"), |_| {}), None);
    assert_eq!(spoken.tick(1002, &mut out), (Some(secs(1022)), Ok(None)));
    assert_eq!(out, b"");
}

both_roles!(the_halves_have_the_deadlines_of_the_connection);
/// §5.5.2.
fn the_halves_have_the_deadlines_of_the_connection<R: Side>() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let mut twins = Twins::new(&R::open(Config::default()));
        let mut now = secs(0);
        for _ in 0..60 {
            now += secs(random.u64(0..9));
            let expected = twins.whole.0.tick(now, &mut twins.whole.2);
            let (reader, writer, _, out) = &mut twins.halves;
            let ticked = reader.tick(now);
            if let Some(signal) = reader.signal() {
                writer.handle_signal(signal, out);
            }
            // One of the two halves waits.
            assert_eq!(writer.tick(now, out).map(|deadline| deadline.or(ticked)), expected, "seed {seed}");
            twins.assert_alike();
            if expected.is_err() {
                break;
            }
            let ping = frames_of::<R>(&twins.whole.2).into_iter().rfind(|(first, _)| *first == 0x89);
            match (random.u8(..16), ping) {
                (0, _) => drop(twins.read(&frame::<R>(0x81, b"text"))),
                (1, _) => drop(twins.read(&frame::<R>(0x02, b"part")[..3])),
                (2 | 3, Some((_, payload))) => drop(twins.read(&frame::<R>(0x8A, &payload))),
                (4, _) => drop(twins.read(&frame::<R>(0x8A, b"unasked"))),
                (5, _) => drop(twins.read(&frame::<R>(0x89, b"?"))),
                (6 | 7, _) => twins.rejoin(),
                _ => {}
            }
        }
    }
}

/// The results of further input, and the close status at the end.
fn future<R: Role + Clone>(
    connection: &Connection<R>,
    inbound: &ReceiveBuffer<Vec<u8>>,
    next: &[u8],
) -> (Outcome, CloseStatus) {
    let outcome = feed(connection.clone(), inbound.clone(), [next], |_, _| {});
    (outcome, connection.clone().receive_eof())
}

/// `split` returns the connection as an error, and unchanged.
fn assert_not_split<R: Role + Clone>(
    name: &str,
    connection: &Connection<R>,
    inbound: &ReceiveBuffer<Vec<u8>>,
    next: &[u8],
) {
    let Err(same) = connection.clone().split() else { panic!("{name} is split") };
    let facts =
        |it: &Connection<R>| (it.state(), it.transport_action(), it.close_status(), it.has_pending_reply());
    assert_eq!(facts(&same), facts(connection), "{name}");
    assert_eq!(future(&same, inbound, next), future(connection, inbound, next), "{name}");
}

#[test]
fn a_server_is_split_only_after_its_answer() {
    let (head, rest) = REQUEST.split_at(60);
    let (empty, mut out) = (ReceiveBuffer::new(), vec![]);
    let mut server = Connection::server(Config::default());
    assert_not_split("a server that waits", &server, &empty, REQUEST);
    let mut inbound = filled(head);
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_none());
    assert_not_split("a server with half a request", &server, &inbound, rest);
    assert_eq!(inbound.feed(rest), rest.len());
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_some());
    assert_not_split("a server that must answer", &server, &inbound, b"");
    // It can still be answered.
    let Err(mut same) = server.clone().split() else { panic!("split in the handshake") };
    same.accept(Accept::new(), &mut out).unwrap();
    assert_eq!((&out[..], same.state()), (RESPONSE, State::Transmission));
    server.reject(Reject::new(404), &mut out).unwrap();
    assert_not_split("a server that has rejected", &server, &empty, REQUEST);
    let (mut failed, mut full) = (Connection::server(Config::default()), SendSlice::new(&mut []));
    assert!(failed.receive(&mut filled(b"GET / HTTP/1.0\r\n"), &mut full).is_err());
    assert!(failed.has_pending_reply());
    assert_not_split("a server with a pending response", &failed, &empty, REQUEST);
}

#[test]
fn a_client_is_not_split_before_the_response() {
    let asked = ClientRequest::new(Uri::parse("ws://server.example.com/").unwrap());
    let client = Connection::client(asked, Config::default(), Keys::default(), &mut vec![]).unwrap();
    assert_not_split("a client that waits", &client, &ReceiveBuffer::new(), RESPONSE);
}

both_roles!(a_connection_that_has_ended_is_not_split);
fn a_connection_that_has_ended_is_not_split<R: Side>() {
    for wire in [&frame::<R>(0x88, b"\x03\xe8")[..], b"\xff"] {
        let mut connection = R::open(Config::default());
        let _ = connection.receive(&mut filled(wire), &mut SendSlice::new(&mut []));
        assert!(connection.has_pending_reply());
        assert_not_split("with a pending Close", &connection, &ReceiveBuffer::new(), b"\x81\x00");
    }
}

both_roles!(halves_of_two_connections_can_be_joined);
fn halves_of_two_connections_can_be_joined<R: Side>() {
    let mut closing = R::open(Config::default());
    closing.close(CloseCode::GOING_AWAY, "", &mut vec![]).unwrap();
    let ((one, _), (_, closing)) = (split(R::open(Config::default())), split(closing));
    let (mut inbound, mut out) = (filled(&frame::<R>(0x81, b"x")), vec![]);
    let mut ws = one.join(closing);
    assert!(matches!(ws.receive(&mut inbound, &mut out), Ok(Some(Event::Text("x")))));
    assert_eq!(
        ws.send_text("x", &mut out),
        Err(SendError::Closed),
        "the closing handshake of the write half"
    );
}

/// §5.3.
#[test]
fn the_read_half_takes_no_masking_keys() {
    let (mut reader, mut writer) = split(open_client(Config::default()));
    let wire =
        [frame::<Clients>(0x89, b"p"), frame::<Clients>(0x81, b"x"), frame::<Clients>(0x88, b"")].concat();
    let mut signals = vec![];
    read(&mut reader, &wire, |reader| signals.extend(reader.signal()));
    let mut out = vec![];
    for signal in signals {
        writer.handle_signal(signal, &mut out);
    }
    // The nonce takes four keys, each frame one.
    assert_eq!((&out[2..6], &out[9..13]), (&5u32.to_be_bytes()[..], &6u32.to_be_bytes()[..]));
}

#[test]
fn halves_and_signals_are_send_and_small() {
    fn send<T: Send + 'static>() {}
    send::<Reader<Server>>();
    send::<WriteHalf<Server>>();
    send::<Signal>();
    send::<WriteHalf<Client<fn(&mut [u8])>>>();
    // The keys need not be `Send`, because the write half keeps them.
    send::<Reader<Client<Box<dyn FnMut(&mut [u8])>>>>();
    assert!(size_of::<Reader<Server>>() <= 320, "{}", size_of::<Reader<Server>>());
    assert!(size_of::<WriteHalf<Server>>() <= size_of::<Connection<Server>>());
    assert!(size_of::<Signal>() <= 136, "{}", size_of::<Signal>());
    let (mut reader, writer) = split(open_server(Config::default()));
    read(&mut reader, &frame::<Server>(0x89, b"secret"), |_| {});
    let debug = format!("{reader:?} {writer:?} {:?}", reader.signal().unwrap());
    assert!(debug.contains("Pong") && !debug.contains("secret") && !debug.contains("115"), "{debug}");
}

/// A task of the writing thread.
enum Task {
    Answer(Signal),
    Send(String),
    Ping,
    Close,
}

/// The transport of these threads: bytes in a channel.
type Bytes = mpsc::Receiver<Vec<u8>>;

fn reading<R: Role>(
    mut reader: Reader<R>,
    from: Bytes,
    tasks: mpsc::Sender<Task>,
    mut on_text: impl FnMut(&str),
) -> (Reader<R>, Vec<Seen>) {
    let (mut inbound, mut seen) = (ReceiveBuffer::new(), vec![]);
    for chunk in from {
        assert_eq!(inbound.feed(&chunk), chunk.len());
        loop {
            let event = reader.receive(&mut inbound).expect("both ends keep the rules");
            if let Some(signal) = reader.signal() {
                tasks.send(Task::Answer(signal)).unwrap();
            }
            match event {
                Some(Event::Text(text)) => {
                    on_text(text);
                    seen.push(Seen::Text(text.to_owned()));
                }
                Some(Event::Pong(payload)) => seen.push(Seen::Pong(payload.to_vec())),
                Some(Event::Ping(payload)) => seen.push(Seen::Ping(payload.to_vec())),
                Some(Event::Close(frame)) => {
                    seen.push(Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned()))))
                }
                Some(other) => panic!("{other:?}"),
                None => break,
            }
        }
    }
    (reader, seen)
}

fn writing<R: Role>(
    mut writer: WriteHalf<R>,
    to: mpsc::Sender<Vec<u8>>,
    tasks: mpsc::Receiver<Task>,
) -> WriteHalf<R> {
    for (index, task) in tasks.into_iter().enumerate() {
        let mut out = vec![];
        match task {
            Task::Answer(signal) => writer.handle_signal(signal, &mut out),
            // Each third message in fragments.
            Task::Send(text) if index % 3 == 0 => {
                for part in text.as_bytes().chunks(5) {
                    writer.send_fragment(MessageKind::Text, part, false, &mut out).unwrap();
                }
                writer.send_fragment(MessageKind::Text, b"", true, &mut out).unwrap();
            }
            Task::Send(text) => writer.send_text(&text, &mut out).unwrap(),
            Task::Ping => writer.ping(&index.to_be_bytes(), &mut out).unwrap(),
            Task::Close => writer.close(CloseCode::NORMAL_CLOSURE, "done", &mut out).unwrap(),
        }
        for chunk in out.chunks(7) {
            to.send(chunk.to_vec()).unwrap();
        }
        if writer.state() == State::End && !writer.has_pending_reply() {
            break;
        }
    }
    writer
}

#[test]
fn two_threads_at_each_end_exchange_messages_and_close() {
    const MESSAGES: usize = 500;
    let (client_out, server_in) = mpsc::channel();
    let (server_out, client_in) = mpsc::channel();
    let (server_tasks, server_queue) = mpsc::channel();
    let (client_tasks, client_queue) = mpsc::channel();
    let (server_reader, server_writer) = split(open_server(Config::default()));
    let (client_reader, client_writer) = split(open_client(Config::default()));
    let (echoes, echoed) = mpsc::channel();
    let echo = server_tasks.clone();
    let server_reads = thread::spawn(|| {
        reading(server_reader, server_in, server_tasks, move |text| {
            echo.send(Task::Send(text.to_owned())).unwrap()
        })
    });
    let server_writes = thread::spawn(|| writing(server_writer, server_out, server_queue));
    let tasks = client_tasks.clone();
    let client_reads =
        thread::spawn(|| reading(client_reader, client_in, tasks, move |_| echoes.send(()).unwrap()));
    let client_writes = thread::spawn(|| writing(client_writer, client_out, client_queue));
    let text = |index: usize| "naïve ".repeat(index % 50) + &index.to_string();
    for index in 0..MESSAGES {
        client_tasks.send(Task::Send(text(index))).unwrap();
        if index % 5 == 0 {
            client_tasks.send(Task::Ping).unwrap();
        }
    }
    assert_eq!(echoed.iter().take(MESSAGES).count(), MESSAGES);
    client_tasks.send(Task::Close).unwrap();
    drop(client_tasks);

    let (client_writer, server_writer) = (client_writes.join().unwrap(), server_writes.join().unwrap());
    let ((client_reader, client_seen), (server_reader, server_seen)) =
        (client_reads.join().unwrap(), server_reads.join().unwrap());
    let texts: Vec<Seen> = (0..MESSAGES).map(|index| Seen::Text(text(index))).collect();
    for seen in [&server_seen, &client_seen] {
        let seen: Vec<_> = seen.iter().filter(|seen| matches!(seen, Seen::Text(_))).collect();
        assert_eq!(seen, texts.iter().collect::<Vec<_>>());
    }
    let count = |seen: &[Seen], what: fn(&Seen) -> bool| seen.iter().filter(|seen| what(seen)).count();
    assert_eq!(count(&server_seen, |seen| matches!(seen, Seen::Ping(_))), MESSAGES / 5);
    assert_eq!(count(&client_seen, |seen| matches!(seen, Seen::Pong(_))), MESSAGES / 5);
    assert_eq!(server_seen.last(), Some(&Seen::Close(Some((1000, "done".to_owned())))));
    assert_eq!(client_seen.last(), Some(&Seen::Close(Some((1000, "done".to_owned())))));
    let (client, server) = (client_reader.join(client_writer), server_reader.join(server_writer));
    assert!(client.close_status().clean() && server.close_status().clean());
    assert_eq!(
        (client.transport_action(), server.transport_action()),
        (TransportAction::AwaitPeerClose, TransportAction::Close)
    );
}
