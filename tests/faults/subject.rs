//! The endpoint that an operation acts on: a whole connection or its halves, its receive buffer, its events.

use alloc::collections::BTreeSet;
use core::mem;
use core::time::Duration;

use websocket_proto::{
    AcceptError, Config, Connection, Event, MessageKind, ReadHalf, ReceiveBuffer, RequestError, SendError,
    State, Storage, Timeout, TransportAction, WriteHalf,
};

use crate::endpoint::{Endpoint, Setup, Source};
use crate::support::Room;

/// What a call returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// `out` is full.
    Full,
    /// The entropy source failed.
    Entropy,
    /// A deadline has passed.
    TimedOut(Timeout),
}

impl From<Result<(), SendError>> for Answer {
    fn from(result: Result<(), SendError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(SendError::Full) => Self::Full,
            Err(SendError::Entropy) => Self::Entropy,
            Err(error) => panic!("no row is illegal: {error:?}"),
        }
    }
}

impl From<Result<(), AcceptError>> for Answer {
    fn from(result: Result<(), AcceptError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(AcceptError::Full) => Self::Full,
            Err(error) => panic!("no row is illegal: {error:?}"),
        }
    }
}

impl From<RequestError> for Answer {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Full => Self::Full,
            RequestError::Entropy => Self::Entropy,
            error => panic!("no row is illegal: {error:?}"),
        }
    }
}

pub(crate) enum Machine<R: Endpoint> {
    /// A client that has not written its request.
    Unborn,
    Whole(Connection<R>),
    Halves(ReadHalf<R>, WriteHalf<R>),
}

/// The endpoint of a row.
pub(crate) struct Subject<R: Endpoint> {
    pub(crate) machine: Machine<R>,
    pub(crate) source: Source,
    pub(crate) inbound: ReceiveBuffer<Vec<u8>>,
    /// The events, and the error at their end. The parts of a message are joined.
    pub(crate) events: Vec<String>,
    /// The parts of a message that has not ended.
    pub(crate) unfinished: Vec<u8>,
    /// The bytes that it wrote before the operation.
    pub(crate) before: Vec<u8>,
    /// The bytes that the program sends after those of `out`: a header, and the payload that it describes.
    pub(crate) direct: Vec<u8>,
    /// The methods that were called, such as `WriteHalf::ping`.
    pub(crate) calls: BTreeSet<&'static str>,
}

/// Calls a method of the connection or of its write half, and records the call.
macro_rules! call {
    ($subject:expr, $method:ident($($argument:expr),*)) => {{
        let subject = &mut *$subject;
        match &mut subject.machine {
            $crate::subject::Machine::Unborn => panic!("no connection yet"),
            $crate::subject::Machine::Whole(it) => {
                subject.calls.insert(concat!("Connection::", stringify!($method)));
                it.$method($($argument),*)
            }
            $crate::subject::Machine::Halves(_, it) => {
                subject.calls.insert(concat!("WriteHalf::", stringify!($method)));
                it.$method($($argument),*)
            }
        }
    }};
}
pub(crate) use call;

impl<R: Endpoint> Subject<R> {
    pub(crate) fn new(machine: Machine<R>, source: Source) -> Self {
        Self {
            machine,
            source,
            inbound: ReceiveBuffer::new(),
            events: vec![],
            unfinished: vec![],
            before: vec![],
            direct: vec![],
            calls: BTreeSet::new(),
        }
    }

    /// An open connection, split if the setup says so.
    pub(crate) fn open(setup: Setup, config: Config) -> Self {
        let source = Source::default();
        let connection = setup.open::<R>(&source, config);
        let machine = if setup.is_split {
            let (reader, writer) = connection.split().unwrap_or_else(|_| panic!("it is open"));
            Machine::Halves(reader, writer)
        } else {
            Machine::Whole(connection)
        };
        Self::new(machine, source)
    }

    /// A step before the operation, with room for all its bytes.
    pub(crate) fn prepare(&mut self, step: impl FnOnce(&mut Self, &mut Room) -> Answer) {
        let mut out = Room::large();
        assert_eq!(step(self, &mut out), Answer::Done);
        self.before.append(&mut out.bytes);
    }

    /// Receives all events in these bytes.
    pub(crate) fn receive(&mut self, bytes: &[u8], out: &mut Room) {
        let mut inbound = mem::take(&mut self.inbound);
        assert_eq!(inbound.feed(bytes), bytes.len());
        self.drain(&mut inbound, out);
        self.inbound = inbound;
    }

    /// Receives all events in a buffer. Returns whether there was an error.
    pub(crate) fn drain<S: Storage>(&mut self, inbound: &mut ReceiveBuffer<S>, out: &mut Room) -> bool {
        let unfinished = &mut self.unfinished;
        let mut own = |event: Option<Event<'_>>| event.map(|event| joined(event, unfinished));
        loop {
            let event = match &mut self.machine {
                Machine::Unborn => panic!("no connection yet"),
                Machine::Whole(it) => {
                    self.calls.insert("Connection::receive");
                    it.receive(inbound, out).map(&mut own)
                }
                Machine::Halves(reader, writer) => {
                    self.calls.insert("ReadHalf::receive");
                    let (signal, event) = reader.receive(inbound);
                    let event = event.map(&mut own);
                    if let Some(signal) = signal {
                        self.calls.insert("WriteHalf::handle_signal");
                        writer.handle_signal(signal, out);
                    }
                    event
                }
            };
            match event {
                Ok(Some(event)) => self.events.extend(event),
                Ok(None) => return false,
                Err(error) => {
                    self.events.push(format!("{error:?}"));
                    return true;
                }
            }
        }
    }

    /// Reports the time; in a split connection to the read half, and to the write half if there is no signal.
    pub(crate) fn tick(&mut self, now: Duration, out: &mut Room) -> Answer {
        if let Machine::Halves(reader, writer) = &mut self.machine {
            self.calls.insert("ReadHalf::tick");
            if let (Some(signal), _) = reader.tick(now) {
                self.calls.insert("WriteHalf::handle_signal");
                writer.handle_signal(signal, out);
                return Answer::Done;
            }
        }
        call!(self, tick(now, out)).map_or_else(Answer::TimedOut, |_| Answer::Done)
    }

    pub(crate) fn flush_reply(&mut self, out: &mut Room) -> Answer {
        call!(self, flush_reply(out));
        Answer::Done
    }

    /// The results of all queries.
    pub(crate) fn state(&mut self) -> String {
        if let Machine::Unborn = self.machine {
            return "unborn".to_owned();
        }
        let read = if let Machine::Halves(reader, _) = &self.machine { Some(reader.state()) } else { None };
        let (state, can_send) = (call!(self, state()), call!(self, can_send()));
        let (action, status) = (call!(self, transport_action()), call!(self, close_status()));
        format!("{read:?} {state:?} {can_send} {action:?} {status:?} {}", self.has_pending_reply())
    }

    pub(crate) fn has_pending_reply(&mut self) -> bool {
        call!(self, has_pending_reply())
    }

    pub(crate) fn action(&mut self) -> TransportAction {
        call!(self, transport_action())
    }

    pub(crate) fn is_open(&mut self) -> bool {
        call!(self, state()) == State::Transmission
    }

    pub(crate) fn is_over(&mut self) -> bool {
        call!(self, state()) == State::End
    }

    /// Goes on as an application can after each operation. Returns the results of the calls, and
    /// their bytes.
    pub(crate) fn go_on(&mut self) -> (Vec<String>, Vec<u8>) {
        let (mut log, mut wire) = (vec![self.state()], mem::take(&mut self.direct));
        if let Machine::Unborn = self.machine {
            return (log, wire);
        }
        let text = "as before, as before, as before. ".repeat(4);
        let mut note = |subject: &mut Self, call: &dyn Fn(&mut Self, &mut Room) -> Result<(), SendError>| {
            let mut out = Room::large();
            let result = call(subject, &mut out);
            log.push(format!("{result:?} {}", subject.state()));
            wire.append(&mut out.bytes);
        };
        note(self, &|subject, out| {
            call!(subject, flush_reply(out));
            Ok(())
        });
        note(self, &|subject, out| call!(subject, send_fragment(MessageKind::Text, b"", true, out)));
        note(self, &|subject, out| call!(subject, send_text(&text, out)));
        note(self, &|subject, out| call!(subject, ping(b"?", out)));
        note(self, &|subject, out| call!(subject, close_empty(out)));
        log.push(format!("{:?}", call!(self, receive_eof())));
        (log, wire)
    }
}

/// The text of an event; `None` for a part of a message that has not ended.
fn joined(event: Event<'_>, unfinished: &mut Vec<u8>) -> Option<String> {
    let (part, last) = match event {
        Event::TextPart { text, last } => (text.as_bytes(), last),
        Event::BinaryPart { bytes, last } => (bytes, last),
        event => return Some(format!("{event:?}")),
    };
    unfinished.extend_from_slice(part);
    if !last {
        return None;
    }
    let message = mem::take(unfinished);
    Some(match event {
        Event::TextPart { .. } => {
            format!("{:?}", Event::Text(core::str::from_utf8(&message).expect("parts are UTF-8")))
        }
        _ => format!("{:?}", Event::Binary(&message)),
    })
}
