//! The halves of a connection, with signals that arrive late.

use alloc::collections::VecDeque;

use arbitrary::Arbitrary;
use websocket_proto::{
    Client, CloseCode, Connection, MessageKind, ReadHalf, ReceiveBuffer, SendError, Server, Signal, WriteHalf,
};

use super::input::Input;
use super::start::{config, start};
use crate::support::{Keys, Side};

/// Calls of two halves.
#[derive(Debug, Arbitrary)]
pub struct HalvesCalls {
    is_client: bool,
    in_parts: bool,
    is_compressed: bool,
    has_little_room: bool,
    auto_pong: bool,
    auto_close: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    /// Input arrives, and the read half receives its events.
    Read(Input),
    /// A part of a frame arrives.
    ReadPart(Input, u8),
    /// The write half handles the oldest signal.
    Signal,
    Write(Write),
}

/// Calls of the write half.
#[derive(Debug, Clone, Arbitrary)]
enum Write {
    Text(String),
    Fragment(Vec<u8>, bool),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(CloseKind),
    /// The transport takes so many bytes.
    Drain(u8),
}

#[derive(Debug, Clone, Arbitrary)]
enum CloseKind {
    Empty,
    Normal(String),
}

/// The same calls, of a write half and of a connection.
macro_rules! write {
    ($write:expr, $writer:expr, $out:expr, $gone:expr) => {
        match $write {
            Write::Text(text) => $writer.send_text(text, $out),
            Write::Fragment(bytes, last) => $writer.send_fragment(MessageKind::Binary, bytes, *last, $out),
            Write::Ping(payload) => $writer.ping(payload, $out),
            Write::Pong(payload) => $writer.pong(payload, $out),
            Write::Close(CloseKind::Empty) => $writer.close_empty($out),
            Write::Close(CloseKind::Normal(reason)) => $writer.close(CloseCode::NORMAL_CLOSURE, reason, $out),
            Write::Drain(count) => {
                let count = usize::from(*count).min($out.len());
                $gone.extend($out.drain(..count));
                $writer.flush_reply($out);
                Ok(())
            }
        }
    };
}

/// Two halves have the events, the results, the output and the end of a connection that reads the input of
/// each signal when the write half handles it.
pub fn halves(input: HalvesCalls) {
    if input.is_client { run::<Client<Keys>>(&input) } else { run::<Server>(&input) }
}

fn run<R: Side>(input: &HalvesCalls) {
    let mut config = config(if input.in_parts { 2 } else { 0 }, [0, 0]);
    (config.auto_pong, config.auto_close) = (input.auto_pong, input.auto_close);
    if input.has_little_room {
        config.max_write_buffer = 10;
    }
    let whole = start::<R>(config, if input.is_compressed { 8 } else { 0 });
    let (reader, writer) = whole.clone().split().expect("it is open");
    let mut halves = Halves { reader, writer, signals: VecDeque::new(), events: vec![], reads: vec![] };
    let mut whole = Whole { connection: whole, inbound: ReceiveBuffer::new(), events: vec![], reads: 0 };
    let (mut inbound, mut out, mut gone) = (ReceiveBuffer::new(), vec![], vec![]);
    let (mut whole_out, mut whole_gone): (Vec<u8>, Vec<u8>) = (vec![], vec![]);
    for step in &input.steps {
        match step {
            Step::Read(input) => halves.read(input, usize::MAX, &mut inbound),
            Step::ReadPart(input, len) => halves.read(input, usize::from(*len), &mut inbound),
            Step::Signal => halves.signal(&mut out, &mut whole, &mut whole_out),
            Step::Write(write) => {
                let result: Result<(), SendError> = write!(write, halves.writer, &mut out, gone);
                let expected: Result<(), SendError> =
                    write!(write, whole.connection, &mut whole_out, whole_gone);
                assert_eq!(result, expected, "{write:?}");
            }
        }
        assert_eq!((&out, &gone), (&whole_out, &whole_gone));
        assert_eq!(halves.writer.close_status(), whole.connection.close_status());
    }
    while !halves.signals.is_empty() {
        halves.signal(&mut out, &mut whole, &mut whole_out);
    }
    whole.receive(&halves.reads, halves.events.len(), &mut whole_out);
    whole.finish(&halves.reads, &mut whole_out);
    let mut joined = Connection::join(halves.reader, halves.writer);
    assert_eq!(
        format!("{:?}", joined.receive(&mut inbound, &mut out)),
        format!("{:?}", whole.connection.receive(&mut whole.inbound, &mut whole_out))
    );
    assert_eq!((&halves.events, &out, inbound.unread()), (&whole.events, &whole_out, whole.inbound.unread()));
    let look = |connection: &mut Connection<R>| {
        let before = (connection.state(), connection.transport_action(), connection.has_pending_reply());
        let (mut after, status) = (vec![], connection.close_status());
        let sent = connection.send_text("after", &mut after);
        (before, status, sent, after, connection.receive_eof())
    };
    assert_eq!(look(&mut joined), look(&mut whole.connection));
}

struct Halves<R: Side> {
    reader: ReadHalf<R>,
    writer: WriteHalf<R>,
    /// Signals that the write half has not handled, each with the number of events up to it.
    signals: VecDeque<(Signal, usize)>,
    events: Vec<String>,
    reads: Vec<Vec<u8>>,
}

impl<R: Side> Halves<R> {
    fn read(&mut self, input: &Input, len: usize, inbound: &mut ReceiveBuffer<Vec<u8>>) {
        let mut read = vec![];
        input.write::<R>(&mut read);
        read.truncate(len);
        assert_eq!(inbound.feed(&read), read.len());
        self.reads.push(read);
        loop {
            let (signal, event) = self.reader.receive(inbound);
            let (ends, is_none) = (event.is_err(), matches!(event, Ok(None)));
            if !is_none {
                push(&mut self.events, format!("{event:?}"), ends);
            }
            self.signals.extend(signal.map(|signal| (signal, self.events.len())));
            if ends || is_none {
                return;
            }
        }
    }

    /// The write half handles the oldest signal, and the whole connection reads its input.
    fn signal(&mut self, out: &mut Vec<u8>, whole: &mut Whole<R>, whole_out: &mut Vec<u8>) {
        let Some((signal, events)) = self.signals.pop_front() else { return };
        self.writer.handle_signal(signal, out);
        whole.receive(&self.reads, events, whole_out);
    }
}

struct Whole<R: Side> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    events: Vec<String>,
    /// How many reads it has made.
    reads: usize,
}

impl<R: Side> Whole<R> {
    /// Receives events of these reads, until there are so many.
    fn receive(&mut self, reads: &[Vec<u8>], events: usize, out: &mut Vec<u8>) {
        while self.events.len() < events {
            let event = self.connection.receive(&mut self.inbound, out);
            if let Ok(None) = event {
                let read = reads.get(self.reads).expect("the read half has received no more");
                assert_eq!(self.inbound.feed(read), read.len());
                self.reads += 1;
            } else {
                push(&mut self.events, format!("{event:?}"), event.is_err());
            }
        }
    }

    /// Receives the rest of the events.
    fn finish(&mut self, reads: &[Vec<u8>], out: &mut Vec<u8>) {
        loop {
            let event = self.connection.receive(&mut self.inbound, out);
            match &event {
                Ok(Some(_)) => push(&mut self.events, format!("{event:?}"), false),
                Ok(None) | Err(_) => {
                    let Some(read) = reads.get(self.reads) else { return };
                    assert_eq!(self.inbound.feed(read), read.len());
                    self.reads += 1;
                }
            }
        }
    }
}

/// An error is reported again by each call.
fn push(events: &mut Vec<String>, event: String, ends: bool) {
    if !ends || events.last() != Some(&event) {
        events.push(event);
    }
}
