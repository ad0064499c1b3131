//! The two halves of a connection against the whole connection.

use core::time::Duration;

use fastrand::Rng;
use websocket_proto::{
    CloseCode, Config, Connection, Delivery, MessageKind, PreparedMessage, ReceiveBuffer, Role, State,
    WriteHalf,
};

use crate::support::{Reader, Side, frame, frames_of, split};

/// How many random inputs a test has.
pub(super) const SEEDS: u64 = 300;

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
pub(super) fn wire<R: Side>(random: &mut Rng, frames: usize) -> Vec<u8> {
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

both_roles!(the_halves_have_the_deadlines_of_the_connection);
/// §5.5.2.
fn the_halves_have_the_deadlines_of_the_connection<R: Side>() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let mut twins = Twins::new(&R::open(Config::default()));
        let mut now = Duration::ZERO;
        for _ in 0..60 {
            now += Duration::from_secs(random.u64(0..9));
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
