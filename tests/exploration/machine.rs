//! One endpoint's state machine: a whole connection, or its two halves and the signals between them.

use alloc::collections::VecDeque;
use core::time::Duration;

use websocket_proto::{
    CloseStatus, Connection, Error, Event, ReadHalf, ReceiveBuffer, Role, Signal, State, Timeout,
    TransportAction, WriteHalf,
};

use super::room::Room;

/// A message, a control frame or a head on its way from one endpoint to the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Item {
    /// The head of a request or of a response.
    Head,
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// With the payload of the frame: the code and the reason.
    Close(Vec<u8>),
    /// A byte that no frame begins with.
    Violation,
}

impl Item {
    fn of(event: &Event<'_>) -> Self {
        match *event {
            Event::Request(_) | Event::Open(_) | Event::Rejected(_) => Self::Head,
            Event::Text(text) => Self::Text(text.as_bytes().to_vec()),
            Event::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Event::Ping(bytes) => Self::Ping(bytes.to_vec()),
            Event::Pong(bytes) => Self::Pong(bytes.to_vec()),
            Event::Close(None) => Self::Close(vec![]),
            Event::Close(Some(frame)) => {
                Self::Close([&frame.code.get().to_be_bytes()[..], frame.reason.as_bytes()].concat())
            }
            ref event => panic!("no such event in these models: {event:?}"),
        }
    }
}

/// The halves of a split connection.
#[derive(Clone)]
pub(crate) struct Halves<R: Role> {
    pub(crate) reader: ReadHalf<R>,
    pub(crate) writer: WriteHalf<R>,
    /// The signals that the write half has not handled, each with the item that caused it.
    pub(crate) signals: VecDeque<(Signal, Option<Item>)>,
}

#[derive(Clone)]
pub(crate) enum Machine<R: Role> {
    Whole(Connection<R>),
    Halves(Halves<R>),
}

/// Evaluates `$call` for the connection or for the write half, which have the same methods.
macro_rules! writer {
    ($machine:expr, $it:ident => $call:expr) => {
        match $machine {
            crate::machine::Machine::Whole($it) => $call,
            crate::machine::Machine::Halves(crate::machine::Halves { writer: $it, .. }) => $call,
        }
    };
}
pub(crate) use writer;

impl<R: Role + Clone> Machine<R> {
    pub(crate) fn state(&self) -> State {
        writer!(self, it => it.state())
    }

    pub(crate) fn can_send(&self) -> bool {
        writer!(self, it => it.can_send())
    }

    pub(crate) fn close_status(&self) -> CloseStatus {
        writer!(self, it => it.close_status())
    }

    pub(crate) fn transport_action(&self) -> TransportAction {
        writer!(self, it => it.transport_action())
    }

    pub(crate) fn has_pending_reply(&self) -> bool {
        writer!(self, it => it.has_pending_reply())
    }

    pub(crate) fn receive_eof(&mut self) -> CloseStatus {
        writer!(self, it => it.receive_eof())
    }

    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// Whether no event can follow.
    pub(crate) fn has_read_all(&self) -> bool {
        match self {
            Self::Whole(connection) => connection.state() == State::End,
            Self::Halves(halves) => halves.reader.state() == State::End,
        }
    }

    pub(crate) fn waiting_signals(&self) -> usize {
        if let Self::Halves(halves) = self { halves.signals.len() } else { 0 }
    }

    /// The next event.
    pub(crate) fn receive(
        &mut self,
        inbound: &mut ReceiveBuffer<Vec<u8>>,
        out: &mut Room<&mut Vec<u8>>,
    ) -> Result<Option<Item>, Error> {
        match self {
            Self::Whole(connection) => Ok(connection.receive(inbound, out)?.as_ref().map(Item::of)),
            Self::Halves(Halves { reader, signals, .. }) => {
                let (signal, event) = reader.receive(inbound);
                let item = event.map(|event| event.as_ref().map(Item::of));
                if let Some(signal) = signal {
                    let cause = item.clone().unwrap_or(Some(Item::Violation));
                    signals.push_back((signal, cause));
                }
                item
            }
        }
    }

    /// Reports the time. Returns the next deadline.
    pub(crate) fn tick(
        &mut self,
        now: Duration,
        out: &mut Room<&mut Vec<u8>>,
    ) -> Result<Option<Duration>, Timeout> {
        match self {
            Self::Whole(connection) => connection.tick(now, out),
            Self::Halves(Halves { reader, writer, signals }) => {
                let (signal, reading) = reader.tick(now);
                signals.extend(signal.map(|signal| (signal, None)));
                let writing = writer.tick(now, out)?;
                Ok([reading, writing].into_iter().flatten().min())
            }
        }
    }

    /// Splits the connection. Returns whether it was open.
    pub(crate) fn split(&mut self) -> bool {
        let Self::Whole(connection) = self else { return false };
        let Ok((reader, writer)) = connection.clone().split() else { return false };
        *self = Self::Halves(Halves { reader, writer, signals: VecDeque::new() });
        true
    }

    /// Joins the halves, if no signal waits.
    pub(crate) fn join(&mut self) -> bool {
        let Self::Halves(halves) = self else { return false };
        if !halves.signals.is_empty() {
            return false;
        }
        *self = Self::Whole(Connection::join(halves.reader.clone(), halves.writer.clone()));
        true
    }
}
