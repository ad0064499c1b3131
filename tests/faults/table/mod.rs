//! The table: a row for each operation, with the way to the state in which the operation is possible.

pub(crate) mod handshake;
mod receiving;
mod sending;
mod time;

use websocket_proto::{Config, Error, Event};

use crate::endpoint::{Endpoint, Setup};
use crate::subject::{Answer, Machine, Subject};
use crate::support::Room;

/// The result of an operation that cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It returns an error, and can be called again.
    Call,
    /// Its reply is pending. Without a masking key the reply is dropped.
    Reply,
    /// The next `tick` writes the Ping.
    Ping,
    /// The connection is out of time: no later call writes the Close or the HTTP response.
    LastWords,
}

type Step<R> = Box<dyn Fn(&mut Subject<R>, &mut Room) -> Answer>;

/// An operation.
pub(crate) struct Row<R: Endpoint> {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Brings an endpoint to the state before the operation.
    pub(crate) start: Box<dyn Fn() -> Subject<R>>,
    pub(crate) act: Step<R>,
    /// The input of the operation.
    pub(crate) script: Vec<Piece>,
    /// Whether it writes to `out`.
    pub(crate) writes: bool,
}

impl<R: Endpoint> Row<R> {
    /// An operation that writes what its caller asks for, and is refused if it cannot.
    pub(crate) fn call(
        name: impl Into<String>,
        start: impl Fn() -> Subject<R> + 'static,
        act: impl Fn(&mut Subject<R>, &mut Room) -> Answer + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Call,
            start: Box::new(start),
            act: Box::new(act),
            script: vec![],
            writes: true,
        }
    }

    /// An operation that reads, and replies.
    fn reading(
        name: impl Into<String>,
        start: impl Fn() -> Subject<R> + 'static,
        script: Vec<Piece>,
    ) -> Self {
        let wire = bytes_of(&script);
        let act = move |subject: &mut Subject<R>, out: &mut Room| {
            subject.receive(&wire, out);
            Answer::Done
        };
        Self { kind: Kind::Reply, script, ..Self::call(name, start, act) }
    }

    /// The row of an operation that writes nothing to `out`.
    fn quiet(self) -> Self {
        Self { writes: false, ..self }
    }

    /// The operation again, after there is room or a masking key.
    pub(crate) fn again(&self, subject: &mut Subject<R>, out: &mut Room) -> Answer {
        if let Machine::Unborn = subject.machine {
            // The refused call has dropped its source of keys.
            *subject = (self.start)();
        }
        match self.kind {
            Kind::Call | Kind::Ping | Kind::LastWords => (self.act)(subject, out),
            Kind::Reply => subject.flush_reply(out),
        }
    }
}

/// Some bytes of the peer, and the event or the error that they complete.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// The beginning of its text.
    pub(crate) event: Option<String>,
    /// The payload of the message that the bytes complete, or its valid part.
    pub(crate) payload: Vec<u8>,
}

impl Piece {
    /// Bytes that complete nothing.
    fn quiet(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), event: None, payload: vec![] }
    }

    /// Bytes that complete an event.
    fn event(bytes: impl Into<Vec<u8>>, event: Event<'_>) -> Self {
        let payload = match event {
            Event::Text(text) => text.as_bytes().to_vec(),
            Event::Binary(bytes) => bytes.to_vec(),
            _ => vec![],
        };
        Self { payload, ..Self::named(bytes, format!("{event:?}")) }
    }

    /// Bytes that complete an event or an error whose text begins so.
    fn named(bytes: impl Into<Vec<u8>>, text: impl Into<String>) -> Self {
        Self { event: Some(text.into()), ..Self::quiet(bytes) }
    }

    /// Bytes that complete an error.
    fn error(bytes: impl Into<Vec<u8>>, error: impl Into<Error>) -> Self {
        Self::named(bytes, format!("{:?}", error.into()))
    }
}

/// The bytes of a script.
pub(crate) fn bytes_of(script: &[Piece]) -> Vec<u8> {
    script.iter().flat_map(|piece| &piece.bytes).copied().collect()
}

/// All rows of a role.
pub(crate) fn rows<R: Endpoint>(setup: Setup) -> Vec<Row<R>> {
    let mut rows = sending::rows(setup);
    rows.extend(receiving::rows(setup));
    rows.extend(time::rows(setup));
    rows.extend(R::own_rows(setup));
    rows
}

/// Opens a connection with this change of the configuration, and takes a step in it.
pub(crate) fn opened<R: Endpoint>(
    setup: Setup,
    config: impl Fn(Config) -> Config + 'static,
    step: impl Fn(&mut Subject<R>, &mut Room) -> Answer + 'static,
) -> impl Fn() -> Subject<R> + 'static {
    move || {
        let mut subject = Subject::open(setup, config(setup.config()));
        subject.prepare(&step);
        subject
    }
}

/// A step that does nothing.
fn nothing<R: Endpoint>(_: &mut Subject<R>, _: &mut Room) -> Answer {
    Answer::Done
}
