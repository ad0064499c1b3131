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
    /// The write half was told that the transport has ended, which the read half sees for itself.
    cut: bool,
}

impl<R: Role + Clone> Twins<R> {
    fn new(connection: &Connection<R>) -> Self {
        let (receiver, sender) = split(connection.clone());
        Self {
            whole: (connection.clone(), ReceiveBuffer::new(), vec![]),
            halves: (receiver, sender, ReceiveBuffer::new(), vec![]),
            cut: false,
        }
    }

    #[track_caller]
    fn assert_alike(&self) {
        let ((whole, _, out), (_, sender, _, halves_out)) = (&self.whole, &self.halves);
        assert_eq!(halves_out, out);
        assert_eq!((sender.state(), sender.transport_action()), (whole.state(), whole.transport_action()));
        assert_eq!(
            (sender.close_status(), sender.has_pending_reply()),
            (whole.close_status(), whole.has_pending_reply())
        );
    }

    /// Bytes come; all events, each note taken at once. Whether nothing more will come.
    #[track_caller]
    fn read(&mut self, chunk: &[u8]) -> bool {
        if self.cut {
            return true;
        }
        let ((whole, whole_in, whole_out), (receiver, sender, halves_in, halves_out)) =
            (&mut self.whole, &mut self.halves);
        assert_eq!((whole_in.feed(chunk), halves_in.feed(chunk)), (chunk.len(), chunk.len()));
        loop {
            sender.flush_reply(halves_out);
            let expected =
                whole.receive(whole_in, whole_out).map(|event| event.map(|event| format!("{event:?}")));
            let event = receiver.receive(halves_in).map(|event| event.map(|event| format!("{event:?}")));
            assert_eq!(event, expected);
            if let Some(note) = receiver.signal() {
                sender.handle_signal(note, halves_out);
            }
            if !matches!(event, Ok(Some(_))) {
                break;
            }
        }
        let ended = receiver.state() == State::End;
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

    /// The halves become one and two again.
    fn rejoin(&mut self) {
        let connection = self.halves.0.clone().join(self.halves.1.clone());
        if connection.state() == State::Transmission {
            (self.halves.0, self.halves.1) = split(connection);
        }
    }
}

/// Input that a peer may send, and now and then input that it may not. The payload of each Ping is a counter.
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

fn both(test: fn(u64, bool)) {
    for seed in 0..300 {
        test(seed, true);
        test(seed, false);
    }
}

#[test]
fn the_halves_do_what_the_connection_does_call_by_call() {
    fn check<R: Side>(seed: u64) {
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
    both(|seed, server| if server { check::<Server>(seed) } else { check::<Clients>(seed) });
}

#[test]
fn every_way_to_cut_the_bytes_comes_to_the_same() {
    fn check<R: Side>() {
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
    check::<Server>();
    check::<Clients>();
}

/// The note that has waited longest.
fn first(notes: &mut Vec<Signal>) -> Option<Signal> {
    (!notes.is_empty()).then(|| notes.remove(0))
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

#[test]
fn late_notes_break_nothing() {
    fn check<R: Side>(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let mut config = Config::default();
        config.max_write_buffer = [40, 1024 * 1024][random.usize(..2)];
        let (mut receiver, mut sender) = split(R::open(config));
        let frames = random.usize(1..60);
        let wire = wire::<R>(&mut random, frames);
        let mut inbound = ReceiveBuffer::new();
        let (mut rest, mut out, mut sent) = (&wire[..], vec![], vec![]);
        let mut notes = Vec::new();
        let (mut pings, mut ended, mut message) = (vec![], false, None);
        let mut idle = 0;
        while idle < 20 {
            idle += usize::from(rest.is_empty() && notes.is_empty());
            match random.u8(..8) {
                0 | 1 => {
                    let (chunk, after) = rest.split_at(rest.len().min(1 << random.u32(..8)));
                    assert_eq!(inbound.feed(chunk), chunk.len());
                    rest = after;
                    loop {
                        let event = receiver.receive(&mut inbound);
                        match event {
                            Ok(Some(Event::Ping(payload))) => pings.push(payload.to_vec()),
                            Ok(Some(Event::Close(_))) | Err(_) => ended = true,
                            _ => {}
                        }
                        let go_on = matches!(event, Ok(Some(_)));
                        // Asked for now and then, and at the end of a read.
                        if random.bool() || (!go_on && random.bool()) || rest.is_empty() {
                            notes.extend(receiver.signal());
                        }
                        if !go_on {
                            break;
                        }
                    }
                }
                2 if sender.has_pending_reply() => sender.flush_reply(&mut out),
                3 => {
                    // Two at once.
                    for note in [first(&mut notes), first(&mut notes)].into_iter().flatten() {
                        sender.handle_signal(note, &mut out);
                    }
                }
                4 => {
                    if let Some(note) = first(&mut notes) {
                        sender.handle_signal(note, &mut out);
                    }
                }
                5 => {
                    let (kind, last) = (message.unwrap_or(MessageKind::Text), random.u8(..4) == 0);
                    match sender.send_fragment(kind, b"part", last, &mut out) {
                        Ok(()) => message = (!last).then_some(kind),
                        Err(error) => {
                            assert!(matches!(error, SendError::Full | SendError::Closed), "{error}")
                        }
                    }
                }
                6 => {
                    let mut payload = *b"in place";
                    if let Ok(head) = sender.mask_and_encode_header(MessageKind::Binary, &mut payload) {
                        out.extend(head.iter().chain(&payload));
                    }
                    if random.u8(..30) == 0 {
                        let _ = sender.close(CloseCode::NORMAL_CLOSURE, "enough", &mut out);
                    }
                }
                _ => {
                    let taken = random.usize(..=out.len());
                    sent.extend(out.drain(..taken));
                }
            }
        }
        assert_eq!(receiver.signal(), None, "seed {seed}");
        sent.append(&mut out);
        sender.flush_reply(&mut out);
        sent.append(&mut out);
        assert!(!sender.has_pending_reply());
        let frames = frames_of::<R>(&sent);
        let closes = assert_legal(&frames);
        let mut pings = pings.iter();
        for (_, pong) in frames.iter().filter(|(first, _)| *first == 0x8A) {
            assert!(pings.any(|ping| ping == pong), "seed {seed}: Pongs in the order of their Pings");
        }
        assert_eq!(
            (sender.state() == State::End, receiver.state() == State::End),
            (ended, ended),
            "seed {seed}"
        );
        assert!(!ended || closes == 1, "seed {seed}");
        assert_eq!(sender.transport_action() == TransportAction::KeepOpen, !ended);
        assert_eq!(sender.close_status().sent != CloseFrameStatus::None, closes == 1);
    }
    both(|seed, server| if server { check::<Server>(seed) } else { check::<Clients>(seed) });
}

/// Reads all of it; returns the error, if there is one.
fn read<R: Role>(
    receiver: &mut Reader<R>,
    wire: &[u8],
    mut each: impl FnMut(&mut Reader<R>),
) -> Option<Error> {
    let mut inbound = filled(wire);
    loop {
        let event = receiver.receive(&mut inbound).map(|event| event.is_some());
        each(receiver);
        match event {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(error),
        }
    }
}

#[test]
fn the_newest_signal_stands_for_the_older_ones() {
    fn check<R: Side>() {
        let pings: Vec<u8> = (0..10).flat_map(|i| frame::<R>(0x89, &[i])).collect();
        let pongs = |from| (from..10).map(|i| (0x8A, vec![i])).collect::<Vec<_>>();
        let halves = || split(R::open(Config::default()));
        // Passed on after each event: all are answered, in order, however late.
        let ((mut receiver, mut sender), mut notes, mut out) = (halves(), vec![], vec![]);
        assert_eq!(read(&mut receiver, &pings, |receiver| notes.extend(receiver.signal())), None);
        notes.into_iter().for_each(|note| sender.handle_signal(note, &mut out));
        assert_eq!(frames_of::<R>(&out), pongs(0));
        // Passed on after all: the newest.
        let ((mut receiver, mut sender), mut out) = (halves(), vec![]);
        assert_eq!(read(&mut receiver, &pings, |_| {}), None);
        sender.handle_signal(receiver.signal().unwrap(), &mut out);
        assert_eq!((frames_of::<R>(&out), receiver.signal()), (pongs(9), None));
        // A Close and a violation take the place of a Ping, and are said once.
        for (last, reply, error) in [
            (frame::<R>(0x88, b"\x03\xe9"), b"\x03\xe9", None),
            (b"\x83".to_vec(), b"\x03\xea", Some(Error::Protocol(ProtocolError::ReservedOpcode))),
        ] {
            let ((mut receiver, mut sender), mut out) = (halves(), vec![]);
            assert_eq!(read(&mut receiver, &[&pings[..], &last].concat(), |_| {}), error);
            assert_eq!((receiver.state(), sender.state()), (State::End, State::Transmission));
            sender.handle_signal(receiver.signal().unwrap(), &mut out);
            assert_eq!(frames_of::<R>(&out), [(0x88, reply.to_vec())]);
            assert_eq!(
                (read(&mut receiver, b"more", |_| {}), receiver.signal(), sender.state()),
                (error, None, State::End)
            );
        }
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn a_note_that_finds_no_room_is_owed() {
    fn check<R: Side>() {
        let (mut receiver, mut sender) = split(R::open(Config::default()));
        let mut full = SendSlice::new(&mut []);
        for wire in [frame::<R>(0x89, b"old"), frame::<R>(0x89, b"new")] {
            assert_eq!(read(&mut receiver, &wire, |_| {}), None);
            sender.handle_signal(receiver.signal().unwrap(), &mut full);
            assert!(sender.has_pending_reply());
        }
        sender.flush_reply(&mut full);
        let mut out = vec![];
        // Flushed before the next one is pending.
        assert_eq!(read(&mut receiver, &frame::<R>(0x89, b"newest"), |_| {}), None);
        sender.handle_signal(receiver.signal().unwrap(), &mut out);
        assert_eq!(frames_of::<R>(&out), [(0x8A, b"new".to_vec()), (0x8A, b"newest".to_vec())]);
        assert_eq!(read(&mut receiver, &frame::<R>(0x88, b""), |_| {}), None);
        sender.handle_signal(receiver.signal().unwrap(), &mut full);
        assert_eq!(
            (sender.has_pending_reply(), sender.state(), sender.transport_action()),
            (true, State::End, TransportAction::KeepOpen)
        );
        out.clear();
        sender.flush_reply(&mut out);
        sender.flush_reply(&mut out);
        assert_eq!((frames_of::<R>(&out), sender.has_pending_reply()), (vec![(0x88, vec![])], false));
        assert_ne!(sender.transport_action(), TransportAction::KeepOpen);
        // §5.5.2: after the peer's Close no Pong is due.
        let ((mut receiver, mut sender), mut out) = (split(R::open(Config::default())), vec![]);
        sender.close_empty(&mut out).unwrap();
        for wire in [frame::<R>(0x89, b"p"), frame::<R>(0x88, b"")] {
            assert_eq!(read(&mut receiver, &wire, |_| {}), None);
            sender.handle_signal(receiver.signal().unwrap(), &mut full);
        }
        assert_eq!(
            (sender.has_pending_reply(), sender.state(), sender.close_status().clean()),
            (false, State::End, true)
        );
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn auto_replies_can_be_switched_off() {
    fn check<R: Side>() {
        let mut config = Config::default();
        (config.auto_pong, config.auto_close) = (false, false);
        let (mut receiver, mut sender) = split(R::open(config));
        let mut out = vec![];
        assert_eq!(
            read(&mut receiver, &frame::<R>(0x89, b"p"), |receiver| assert_eq!(receiver.signal(), None)),
            None
        );
        assert_eq!(read(&mut receiver, &frame::<R>(0x88, b"\x03\xe8"), |_| {}), None);
        sender.handle_signal(receiver.signal().unwrap(), &mut out);
        assert_eq!(
            (out.len(), sender.has_pending_reply(), sender.state(), receiver.state()),
            (0, false, State::Transmission, State::End)
        );
        assert_eq!(sender.close_status().received, CloseFrameStatus::Code(CloseCode::NORMAL_CLOSURE));
        sender.send_text("last", &mut out).unwrap();
        // Joined and split in between.
        let (_, mut sender) = split(receiver.join(sender));
        sender.close(CloseCode::GOING_AWAY, "", &mut out).unwrap();
        assert_eq!(frames_of::<R>(&out), [(0x81, b"last".to_vec()), (0x88, b"\x03\xe9".to_vec())]);
        assert_eq!((sender.state(), sender.close_status().clean()), (State::End, true));
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn a_note_untaken_is_not_lost_by_joining() {
    fn check<R: Side>() {
        for (wire, reply, error) in [
            (frame::<R>(0x89, b"p"), (0x8A, b"p".to_vec()), None),
            (frame::<R>(0x88, b"\x03\xe9"), (0x88, b"\x03\xe9".to_vec()), None),
            (
                b"\x83".to_vec(),
                (0x88, b"\x03\xea".to_vec()),
                Some(Error::Protocol(ProtocolError::ReservedOpcode)),
            ),
        ] {
            let (mut receiver, sender) = split(R::open(Config::default()));
            assert_eq!(read(&mut receiver, &wire, |_| {}), error);
            let mut ws = receiver.join(sender);
            assert!(ws.has_pending_reply());
            let (mut inbound, mut out) = (ReceiveBuffer::new(), vec![]);
            assert_eq!(ws.receive(&mut inbound, &mut out).map(|event| event.is_some()).err(), error);
            assert_eq!((frames_of::<R>(&out), ws.has_pending_reply()), (vec![reply], false));
        }
        // A violation whose note was dropped is one still.
        let (mut receiver, sender) = split(R::open(Config::default()));
        assert!(read(&mut receiver, b"\x83", |receiver| drop(receiver.signal())).is_some());
        let (mut ws, mut out) = (receiver.join(sender), vec![]);
        assert_eq!(ws.receive(&mut filled(b""), &mut out).err(), Some(ProtocolError::ReservedOpcode.into()));
        assert_eq!((frames_of::<R>(&out), ws.state()), (vec![(0x88, b"\x03\xea".to_vec())], State::End));
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn a_note_after_the_end_completes_what_is_known() {
    let halves = || split(open_server(Config::default()));
    let note = |receiver: &mut Reader<Server>, wire: &[u8]| {
        read(receiver, wire, |_| {});
        receiver.signal().unwrap()
    };
    let ((mut receiver, mut sender), mut out) = (halves(), vec![]);
    let ping = note(&mut receiver, &frame::<Server>(0x89, b"p"));
    let close = note(&mut receiver, &frame::<Server>(0x88, b"\x03\xe9"));
    assert_eq!(sender.receive_eof(), CloseStatus::default(), "writing failed first");
    sender.handle_signal(ping, &mut out);
    sender.handle_signal(close, &mut out);
    assert_eq!(
        (sender.receive_eof().code(), sender.close_status().clean(), sender.transport_action()),
        (1001, false, TransportAction::Close)
    );
    assert_eq!((out.len(), sender.has_pending_reply()), (0, false));
    let (mut receiver, mut sender) = halves();
    let failed = note(&mut receiver, b"\x83");
    sender.receive_eof();
    sender.handle_signal(failed, &mut out);
    let mut ws = receiver.join(sender);
    assert_eq!(ws.receive(&mut filled(b""), &mut out).err(), Some(ProtocolError::ReservedOpcode.into()));
    assert_eq!((out.len(), ws.transport_action()), (0, TransportAction::Close));
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The halves of an open connection, with their own time.
struct Ticking<R: Role> {
    receiver: Reader<R>,
    sender: WriteHalf<R>,
}

impl<R: Side> Ticking<R> {
    fn new() -> Self {
        let (receiver, sender) = split(R::open(Config::default()));
        Self { receiver, sender }
    }

    /// Both halves tick, the sender after it was told what the receiver noticed.
    fn tick(
        &mut self,
        second: u64,
        out: &mut impl SendBuffer,
    ) -> (Option<Duration>, Result<Option<Duration>, Timeout>) {
        let deadline = self.receiver.tick(secs(second));
        if let Some(note) = self.receiver.signal() {
            self.sender.handle_signal(note, out);
        }
        (deadline, self.sender.tick(secs(second), out))
    }
}

/// §5.5.2, in two halves: the receiver notices the silence, the sender sends the Ping and waits for the Pong.
#[test]
fn silence_is_noticed_by_the_receiver_and_broken_by_the_sender() {
    fn check<R: Side>() {
        let (mut halves, mut out) = (Ticking::<R>::new(), vec![]);
        assert_eq!(halves.tick(0, &mut out), (Some(secs(20)), Ok(None)));
        assert_eq!(read(&mut halves.receiver, &frame::<R>(0x82, b"x"), |_| {}), None);
        assert_eq!(halves.tick(5, &mut out), (Some(secs(25)), Ok(None)));
        assert_eq!(out, b"");
        assert_eq!(halves.tick(25, &mut out), (None, Ok(Some(secs(45)))));
        let [(0x89, ping)] = &frames_of::<R>(&out)[..] else { panic!("{out:02x?}") };
        assert_eq!(halves.tick(29, &mut out), (None, Ok(Some(secs(45)))), "once");
        assert_eq!(read(&mut halves.receiver, &frame::<R>(0x8A, ping), |_| {}), None);
        assert_eq!(halves.tick(30, &mut out), (Some(secs(50)), Ok(None)));
        // Joined, the connection knows since when it waits.
        let mut ws = halves.receiver.clone().join(halves.sender.clone());
        assert_eq!(ws.tick(secs(31), &mut out), Ok(Some(secs(50))));
        out.clear();
        assert_eq!(halves.tick(50, &mut out), (None, Ok(Some(secs(70)))));
        let mut ws = halves.receiver.clone().join(halves.sender.clone());
        assert_eq!(ws.tick(secs(51), &mut out), Ok(Some(secs(70))), "joined, it waits for the Pong");
        let (receiver, sender) = split(ws);
        halves = Ticking { receiver, sender };
        assert_eq!(halves.tick(52, &mut out), (None, Ok(Some(secs(70)))), "and split again, too");
        assert_eq!(halves.tick(70, &mut out), (None, Err(Timeout::Pong)));
        let frames = frames_of::<R>(&out);
        assert!(matches!(&frames[..], [(0x89, _), (0x88, close)] if close == b"\x03\xf3"), "{frames:02x?}");
        assert_eq!(
            (halves.sender.state(), halves.sender.transport_action()),
            (State::End, TransportAction::Close)
        );
        assert_eq!(halves.tick(71, &mut out), (None, Err(Timeout::Pong)));
        assert_eq!(halves.receiver.join(halves.sender).tick(secs(72), &mut out), Err(Timeout::Pong));
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn the_sender_waits_for_the_close() {
    let ((_, mut sender), mut out) = (split(open_client(Config::default())), vec![]);
    sender.close_empty(&mut out).unwrap();
    assert_eq!(sender.tick(secs(3), &mut out), Ok(Some(secs(13))));
    assert_eq!(
        (sender.tick(secs(13), &mut out), sender.transport_action()),
        (Err(Timeout::Close), TransportAction::Close)
    );
}

/// §5.5.2, in two halves: a Ping that finds no room is kept, and the wait for the Pong begins when it is
/// written.
#[test]
fn a_ping_that_finds_no_room_is_written_by_a_later_tick_of_the_sender() {
    fn check<R: Side>() {
        let (mut halves, mut full, mut out) = (Ticking::<R>::new(), SendSlice::new(&mut []), vec![]);
        assert_eq!(halves.tick(0, &mut full), (Some(secs(20)), Ok(None)));
        for second in [20, 40, 60, 1000] {
            assert_eq!(halves.tick(second, &mut full), (None, Ok(Some(secs(second + 20)))));
        }
        let mut spoken = Ticking { receiver: halves.receiver.clone(), sender: halves.sender.clone() };
        assert_eq!(halves.tick(1001, &mut out), (None, Ok(Some(secs(1021)))));
        assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 1])]);
        assert_eq!(halves.tick(1020, &mut out), (None, Ok(Some(secs(1021)))));
        assert_eq!(halves.tick(1021, &mut out), (None, Err(Timeout::Pong)));
        // Any input makes the Ping needless.
        out.clear();
        assert_eq!(read(&mut spoken.receiver, &frame::<R>(0x82, b"x"), |_| {}), None);
        assert_eq!(spoken.tick(1002, &mut out), (Some(secs(1022)), Ok(None)));
        assert_eq!(out, b"");
    }
    check::<Server>();
    check::<Clients>();
}

#[test]
fn deadlines_are_those_of_the_connection() {
    fn check<R: Side>(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let mut twins = Twins::new(&R::open(Config::default()));
        let mut now = secs(0);
        for _ in 0..60 {
            now += secs(random.u64(0..9));
            let expected = twins.whole.0.tick(now, &mut twins.whole.2);
            let (receiver, sender, _, out) = &mut twins.halves;
            let ticked = receiver.tick(now);
            if let Some(note) = receiver.signal() {
                sender.handle_signal(note, out);
            }
            // One of the two waits.
            assert_eq!(sender.tick(now, out).map(|deadline| deadline.or(ticked)), expected, "seed {seed}");
            twins.assert_alike();
            if expected.is_err() {
                return;
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
    both(|seed, server| if server { check::<Server>(seed) } else { check::<Clients>(seed) });
}

/// What a connection does with the rest of a buffer and these bytes, and how it ends.
fn future<R: Role + Clone>(
    connection: &Connection<R>,
    inbound: &ReceiveBuffer<Vec<u8>>,
    next: &[u8],
) -> (Outcome, CloseStatus) {
    let outcome = feed(connection.clone(), inbound.clone(), [next], |_, _| {});
    (outcome, connection.clone().receive_eof())
}

#[test]
fn only_an_open_connection_is_split_and_any_other_comes_back_as_it_was() {
    fn check<R: Role + Clone>(
        name: &str,
        connection: &Connection<R>,
        inbound: &ReceiveBuffer<Vec<u8>>,
        next: &[u8],
    ) {
        let Err(same) = connection.clone().split() else { panic!("{name} is split") };
        let facts = |it: &Connection<R>| {
            (it.state(), it.transport_action(), it.close_status(), it.has_pending_reply())
        };
        assert_eq!(facts(&same), facts(connection), "{name}");
        assert_eq!(future(&same, inbound, next), future(connection, inbound, next), "{name}");
    }
    let (head, rest) = REQUEST.split_at(60);
    let (empty, mut out) = (ReceiveBuffer::new(), vec![]);
    let mut server = Connection::server(Config::default());
    check("a server that waits", &server, &empty, REQUEST);
    let mut inbound = filled(head);
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_none());
    check("a server with half a request", &server, &inbound, rest);
    assert_eq!(inbound.feed(rest), rest.len());
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_some());
    check("a server that must answer", &server, &inbound, b"");
    // It can still be answered.
    let Err(mut same) = server.clone().split() else { panic!("split in the handshake") };
    same.accept(Accept::new(), &mut out).unwrap();
    assert_eq!((&out[..], same.state()), (RESPONSE, State::Transmission));
    server.reject(Reject::new(404), &mut out).unwrap();
    check("a server that has rejected", &server, &empty, REQUEST);
    let (mut failed, mut full) = (Connection::server(Config::default()), SendSlice::new(&mut []));
    assert!(failed.receive(&mut filled(b"GET / HTTP/1.0\r\n"), &mut full).is_err());
    assert!(failed.has_pending_reply());
    check("a server with a pending response", &failed, &empty, REQUEST);

    let asked = ClientRequest::new(Uri::parse("ws://server.example.com/").unwrap());
    let client = Connection::client(asked, Config::default(), Keys::default(), &mut out).unwrap();
    check("a client that waits", &client, &empty, RESPONSE);
    for wire in [&frame::<Clients>(0x88, b"\x03\xe8")[..], b"\xff"] {
        let mut client = open_client(Config::default());
        let _ = client.receive(&mut filled(wire), &mut SendSlice::new(&mut []));
        assert!(client.has_pending_reply());
        check("an ended client with a pending Close", &client, &empty, b"\x81\x00");
    }
}

#[test]
fn halves_of_two_connections_do_no_harm() {
    let mut closing = open_server(Config::default());
    closing.close(CloseCode::GOING_AWAY, "", &mut vec![]).unwrap();
    let ((one, _), (_, closing)) = (split(open_server(Config::default())), split(closing));
    let (mut inbound, mut out) = (filled(&frame::<Server>(0x81, b"x")), vec![]);
    let mut ws = one.join(closing);
    assert!(matches!(ws.receive(&mut inbound, &mut out), Ok(Some(Event::Text("x")))));
    assert_eq!(
        ws.send_text("x", &mut out),
        Err(SendError::Closed),
        "the closing handshake of the write half"
    );
}

#[test]
fn the_receiver_needs_no_masking_keys() {
    let (mut receiver, mut sender) = split(open_client(Config::default()));
    let wire =
        [frame::<Clients>(0x89, b"p"), frame::<Clients>(0x81, b"x"), frame::<Clients>(0x88, b"")].concat();
    let mut notes = vec![];
    read(&mut receiver, &wire, |receiver| notes.extend(receiver.signal()));
    let mut out = vec![];
    for note in notes {
        sender.handle_signal(note, &mut out);
    }
    // Five keys of four bytes: the four of the nonce, then one a frame.
    assert_eq!((&out[2..6], &out[9..13]), (&5u32.to_be_bytes()[..], &6u32.to_be_bytes()[..]));
}

#[test]
fn halves_and_notes_can_go_to_other_threads_and_are_small() {
    fn send<T: Send + 'static>() {}
    send::<Reader<Server>>();
    send::<WriteHalf<Server>>();
    send::<Signal>();
    send::<WriteHalf<Client<fn(&mut [u8])>>>();
    // Its keys need not: they stay with the sender.
    send::<Reader<Client<Box<dyn FnMut(&mut [u8])>>>>();
    assert!(size_of::<Reader<Server>>() <= 320, "{}", size_of::<Reader<Server>>());
    assert!(size_of::<WriteHalf<Server>>() <= size_of::<Connection<Server>>());
    assert!(size_of::<Signal>() <= 136, "{}", size_of::<Signal>());
    let (mut receiver, sender) = split(open_server(Config::default()));
    read(&mut receiver, &frame::<Server>(0x89, b"secret"), |_| {});
    let debug = format!("{receiver:?} {sender:?} {:?}", receiver.signal().unwrap());
    assert!(debug.contains("Pong") && !debug.contains("secret") && !debug.contains("115"), "{debug}");
}

/// A task for the thread that writes.
enum Task {
    Answer(Signal),
    Send(String),
    Ping,
    Close,
}

/// The transport of these threads: bytes in a channel.
type Bytes = mpsc::Receiver<Vec<u8>>;

fn reading<R: Role>(
    mut receiver: Reader<R>,
    from: Bytes,
    tasks: mpsc::Sender<Task>,
    mut on_text: impl FnMut(&str),
) -> (Reader<R>, Vec<Seen>) {
    let (mut inbound, mut seen) = (ReceiveBuffer::new(), vec![]);
    for chunk in from {
        assert_eq!(inbound.feed(&chunk), chunk.len());
        loop {
            let event = receiver.receive(&mut inbound).expect("both ends keep the rules");
            if let Some(note) = receiver.signal() {
                tasks.send(Task::Answer(note)).unwrap();
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
    (receiver, seen)
}

fn writing<R: Role>(
    mut sender: WriteHalf<R>,
    to: mpsc::Sender<Vec<u8>>,
    tasks: mpsc::Receiver<Task>,
) -> WriteHalf<R> {
    for (index, task) in tasks.into_iter().enumerate() {
        let mut out = vec![];
        match task {
            Task::Answer(note) => sender.handle_signal(note, &mut out),
            // In fragments of a few bytes, now and then.
            Task::Send(text) if index % 3 == 0 => {
                for part in text.as_bytes().chunks(5) {
                    sender.send_fragment(MessageKind::Text, part, false, &mut out).unwrap();
                }
                sender.send_fragment(MessageKind::Text, b"", true, &mut out).unwrap();
            }
            Task::Send(text) => sender.send_text(&text, &mut out).unwrap(),
            Task::Ping => sender.ping(&index.to_be_bytes(), &mut out).unwrap(),
            Task::Close => sender.close(CloseCode::NORMAL_CLOSURE, "done", &mut out).unwrap(),
        }
        for chunk in out.chunks(7) {
            to.send(chunk.to_vec()).unwrap();
        }
        if sender.state() == State::End && !sender.has_pending_reply() {
            break;
        }
    }
    sender
}

#[test]
fn two_threads_at_each_end_exchange_messages_and_close() {
    const MESSAGES: usize = 500;
    let (client_out, server_in) = mpsc::channel();
    let (server_out, client_in) = mpsc::channel();
    let (server_tasks, server_queue) = mpsc::channel();
    let (client_tasks, client_queue) = mpsc::channel();
    let (server_receiver, server_sender) = split(open_server(Config::default()));
    let (client_receiver, client_sender) = split(open_client(Config::default()));
    let (echoes, echoed) = mpsc::channel();
    let echo = server_tasks.clone();
    let server_reads = thread::spawn(|| {
        reading(server_receiver, server_in, server_tasks, move |text| {
            echo.send(Task::Send(text.to_owned())).unwrap()
        })
    });
    let server_writes = thread::spawn(|| writing(server_sender, server_out, server_queue));
    let tasks = client_tasks.clone();
    let client_reads =
        thread::spawn(|| reading(client_receiver, client_in, tasks, move |_| echoes.send(()).unwrap()));
    let client_writes = thread::spawn(|| writing(client_sender, client_out, client_queue));
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

    let (client_sender, server_sender) = (client_writes.join().unwrap(), server_writes.join().unwrap());
    let ((client_receiver, client_seen), (server_receiver, server_seen)) =
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
    let (client, server) = (client_receiver.join(client_sender), server_receiver.join(server_sender));
    assert!(client.close_status().clean() && server.close_status().clean());
    assert_eq!(
        (client.transport_action(), server.transport_action()),
        (TransportAction::AwaitPeerClose, TransportAction::Close)
    );
}
