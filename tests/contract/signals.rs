//! The signals from the read half to the write half: late, replaced, not handled, or without room for the
//! reply.

use alloc::collections::VecDeque;

use fastrand::Rng;
use websocket_proto::{
    CloseCode, CloseFrameStatus, CloseStatus, Config, Error, Event, MessageKind, ProtocolError,
    ReceiveBuffer, Role, SendError, SendSlice, Signal, State, TransportAction, WriteHalf,
};

use crate::support::{Reader, Side, filled, frame, frames_of, split};

use super::halves::{SEEDS, wire};

/// Receives all of `wire`; returns the error, if there is one.
pub(super) fn read<R: Role>(
    reader: &mut Reader<R>,
    wire: &[u8],
    mut each: impl FnMut(&mut Reader<R>),
) -> Option<Error> {
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

/// The halves of a connection whose signals are handled late.
struct Exchange<R: Role> {
    reader: Reader<R>,
    writer: WriteHalf<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    /// The signals that are not handled.
    signals: VecDeque<Signal>,
    /// The kind of the message whose fragments are being sent.
    message: Option<MessageKind>,
    out: Vec<u8>,
    /// Output that the transport has taken.
    sent: Vec<u8>,
    pings: Vec<Vec<u8>>,
    /// Whether the read half has received a Close or a violation.
    ended: bool,
}

impl<R: Side> Exchange<R> {
    fn new(config: Config) -> Self {
        let (reader, writer) = split(R::open(config));
        Self {
            reader,
            writer,
            inbound: ReceiveBuffer::new(),
            signals: VecDeque::new(),
            message: None,
            out: vec![],
            sent: vec![],
            pings: vec![],
            ended: false,
        }
    }

    fn step(&mut self, random: &mut Rng, rest: &mut &[u8]) {
        match random.u8(..8) {
            0 | 1 => {
                let (chunk, after) = rest.split_at(rest.len().min(1 << random.u32(..8)));
                *rest = after;
                self.read(random, chunk, after.is_empty());
            }
            2 if self.writer.has_pending_reply() => self.writer.flush_reply(&mut self.out),
            3 => self.handle_signals(2),
            4 => self.handle_signals(1),
            5 => self.send_fragment(random.u8(..4) == 0),
            6 => {
                let mut payload = *b"in place";
                if let Ok(head) = self.writer.mask_and_encode_header(MessageKind::Binary, &mut payload) {
                    self.out.extend(head.iter().chain(&payload));
                }
                if random.u8(..30) == 0 {
                    let _ = self.writer.close(CloseCode::NORMAL_CLOSURE, "enough", &mut self.out);
                }
            }
            _ => {
                let taken = random.usize(..=self.out.len());
                self.sent.extend(self.out.drain(..taken));
            }
        }
    }

    /// Reads a chunk. Takes the signals at random, and always from the last chunk on.
    fn read(&mut self, random: &mut Rng, chunk: &[u8], is_last: bool) {
        assert_eq!(self.inbound.feed(chunk), chunk.len());
        loop {
            let event = self.reader.receive(&mut self.inbound);
            match event {
                Ok(Some(Event::Ping(payload))) => self.pings.push(payload.to_vec()),
                Ok(Some(Event::Close(_))) | Err(_) => self.ended = true,
                _ => {}
            }
            let go_on = matches!(event, Ok(Some(_)));
            if random.bool() || (!go_on && random.bool()) || is_last {
                self.signals.extend(self.reader.signal());
            }
            if !go_on {
                break;
            }
        }
    }

    fn handle_signals(&mut self, count: usize) {
        for signal in self.signals.drain(..count.min(self.signals.len())) {
            self.writer.handle_signal(signal, &mut self.out);
        }
    }

    fn send_fragment(&mut self, last: bool) {
        let kind = self.message.unwrap_or(MessageKind::Text);
        match self.writer.send_fragment(kind, b"part", last, &mut self.out) {
            Ok(()) => self.message = (!last).then_some(kind),
            Err(error) => assert!(matches!(error, SendError::Full | SendError::Closed), "{error}"),
        }
    }

    /// The whole output is legal, and both halves agree on the end.
    fn assert_legal(mut self, seed: u64) {
        assert_eq!(self.reader.signal(), None, "seed {seed}");
        self.sent.append(&mut self.out);
        self.writer.flush_reply(&mut self.out);
        self.sent.append(&mut self.out);
        assert!(!self.writer.has_pending_reply());
        let frames = frames_of::<R>(&self.sent);
        let closes = assert_legal(&frames);
        let mut pings = self.pings.iter();
        for (_, pong) in frames.iter().filter(|(first, _)| *first == 0x8A) {
            assert!(pings.any(|ping| ping == pong), "seed {seed}: Pongs in the order of their Pings");
        }
        let (writer, ended) = (&self.writer, self.ended);
        assert_eq!(
            (writer.state() == State::End, self.reader.state() == State::End),
            (ended, ended),
            "seed {seed}"
        );
        assert!(!ended || closes == 1, "seed {seed}");
        assert_eq!(writer.transport_action() == TransportAction::KeepOpen, !ended);
        assert_eq!(writer.close_status().sent != CloseFrameStatus::None, closes == 1);
    }
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
/// Messages are not interleaved (§5.4), Pongs are in the order of their Pings (§5.5.3), and there is one
/// Close at most (§5.5.1).
fn late_signals_keep_the_output_legal<R: Side>() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let mut config = Config::default();
        config.max_write_buffer = [40, 1024 * 1024][random.usize(..2)];
        let mut exchange = Exchange::<R>::new(config);
        let frames = random.usize(1..60);
        let wire = wire::<R>(&mut random, frames);
        let (mut rest, mut idle) = (&wire[..], 0);
        while idle < 20 {
            idle += usize::from(rest.is_empty() && exchange.signals.is_empty());
            exchange.step(&mut random, &mut rest);
        }
        exchange.assert_legal(seed);
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
    assert!(writer.can_send());
    writer.send_text("last", &mut out).unwrap();
    // Joined and split in between.
    let (_, mut writer) = split(reader.join(writer));
    writer.close(CloseCode::GOING_AWAY, "", &mut out).unwrap();
    assert_eq!(frames_of::<R>(&out), [(0x81, b"last".to_vec()), (0x88, b"\x03\xe9".to_vec())]);
    assert_eq!((writer.state(), writer.can_send(), writer.close_status().clean()), (State::End, false, true));
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
    // §7.1.5: the first Close counts, also if the caller passes a signal of another connection.
    writer.handle_signal(signal(&mut halves().0, &frame::<R>(0x88, b"\x03\xe8")), &mut out);
    assert_eq!(writer.close_status().code(), 1001);
    assert_eq!((out.len(), writer.has_pending_reply()), (0, false));
    let (mut reader, mut writer) = halves();
    let failed = signal(&mut reader, b"\x83");
    writer.receive_eof();
    writer.handle_signal(failed, &mut out);
    let mut ws = reader.join(writer);
    assert_eq!(ws.receive(&mut filled(b""), &mut out).err(), Some(ProtocolError::ReservedOpcode.into()));
    assert_eq!((out.len(), ws.transport_action()), (0, TransportAction::Close));
}
