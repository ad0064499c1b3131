//! One endpoint: its machine, its buffers, its side of the transport, and the checks of each call.

use alloc::collections::VecDeque;
use core::hash::Hash;
use core::mem::discriminant;
use core::time::Duration;
use std::hash::DefaultHasher;

use websocket_proto::{
    Accept, AcceptError, Client, CloseCode, CloseFrameStatus, CloseStatus, Config, Connection, Entropy,
    EntropyError, MessageKind, ReceiveBuffer, Reject, Role, SendError, Server, State, TransportAction,
};

use super::ledger::{Due, Intent, Ledger, frame_len};
use super::machine::{Item, Machine, writer};
use super::room::Room;

/// One masking key for all frames, so that the output of a client does not depend on its history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key;

impl Entropy for Key {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.iter_mut().zip([0x37, 0xfa, 0x21, 0x3d].into_iter().cycle()).for_each(|(to, byte)| *to = byte);
        Ok(())
    }
}

/// A role of the models.
pub(crate) trait Side: Role + Clone {
    const IS_CLIENT: bool;

    /// Answers the request that waits.
    fn answer(
        ws: &mut Connection<Self>,
        accepts: bool,
        out: &mut Room<&mut Vec<u8>>,
    ) -> Result<(), AcceptError>;
}

impl Side for Server {
    const IS_CLIENT: bool = false;

    fn answer(
        ws: &mut Connection<Self>,
        accepts: bool,
        out: &mut Room<&mut Vec<u8>>,
    ) -> Result<(), AcceptError> {
        if accepts { ws.accept(Accept::new(), out) } else { ws.reject(Reject::new(404), out) }
    }
}

impl Side for Client<Key> {
    const IS_CLIENT: bool = true;

    fn answer(_: &mut Connection<Self>, _: bool, _: &mut Room<&mut Vec<u8>>) -> Result<(), AcceptError> {
        Err(AcceptError::NoRequest)
    }
}

/// A call of the application that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Send {
    Text,
    /// An empty message.
    Binary,
    /// A message of eight bytes.
    Long,
    /// The first fragment of a text. It ends inside a code point.
    Begin,
    /// The rest of that code point.
    Middle,
    Last,
    Ping,
    /// A Ping of eight bytes.
    LongPing,
    Pong,
    /// A Close with a code and a reason.
    Close,
    CloseEmpty,
    Accept,
    Reject,
}

#[derive(Clone)]
pub(crate) struct Endpoint<R: Role> {
    pub(crate) machine: Machine<R>,
    pub(crate) ledger: Ledger,
    pub(crate) config: Config,
    pub(crate) inbound: ReceiveBuffer<Vec<u8>>,
    /// The output that the program has not written to the transport.
    pub(crate) out: Vec<u8>,
    /// The most bytes that `out` can hold. `None`: the program writes `out` after each call.
    pub(crate) capacity: Option<usize>,
    /// The bytes in the transport, on their way to the peer.
    pub(crate) wire: Vec<u8>,
    /// The number of bytes that it has read since the last event.
    pub(crate) read_since_event: usize,
    /// How many more times the application sends. Also makes each message differ from the others.
    pub(crate) sends: u8,
    /// A request waits for its answer.
    pub(crate) must_answer: bool,
    /// This endpoint has closed its side of the transport.
    pub(crate) is_shut: bool,
    /// This endpoint has called `receive_eof`.
    pub(crate) has_ended: bool,
    /// Received bytes were discarded without an event.
    pub(crate) has_discarded: bool,
    /// When it called `tick`.
    pub(crate) ticks: Vec<Duration>,
    /// The next deadline that the last `tick` returned.
    pub(crate) deadline: Option<Duration>,
}

/// Every deadline of the models is so long after a `tick`.
pub(crate) const WAIT: Duration = Duration::from_secs(10);

impl<R: Side> Endpoint<R> {
    pub(crate) fn new(connection: Connection<R>, config: Config, sends: u8, capacity: Option<usize>) -> Self {
        Self {
            machine: Machine::Whole(connection),
            ledger: Ledger::default(),
            config,
            inbound: ReceiveBuffer::new(),
            out: vec![],
            capacity,
            wire: vec![],
            read_since_event: 0,
            sends,
            must_answer: false,
            is_shut: false,
            has_ended: false,
            has_discarded: false,
            ticks: vec![],
            deadline: None,
        }
    }

    fn capacity(&self) -> usize {
        self.capacity.unwrap_or(usize::MAX)
    }

    /// Makes a call that can write, and records its output. `note` records its result before that.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut Machine<R>, &mut ReceiveBuffer<Vec<u8>>, &mut Room<&mut Vec<u8>>) -> T,
        note: impl FnOnce(&mut Self, &T) -> Intent,
    ) -> T {
        let (is_http, before) = (self.machine.state() == State::Handshake, self.out.len());
        let capacity = self.capacity();
        // A call can write a pending Pong and then receive a Close.
        self.ledger.is_answered = self.ledger.close_written.is_some() && self.ledger.close_known.is_some();
        let mut room = Room { bytes: &mut self.out, capacity };
        let result = call(&mut self.machine, &mut self.inbound, &mut room);
        let intent = note(self, &result);
        let written = self.out.split_off(before);
        if !is_http {
            self.ledger.wrote(&written, R::IS_CLIENT, capacity, &intent);
        } else if !written.is_empty() {
            self.ledger.expected.push_back(Item::Head);
        }
        self.ledger.is_answered = false;
        self.out.extend_from_slice(&written);
        if self.capacity.is_none() {
            self.write();
        }
        result
    }

    /// Whether no event can follow.
    pub(crate) fn has_read_all(&self) -> bool {
        match self.machine {
            Machine::Whole(_) => self.machine.has_read_all() || self.ledger.close_known.is_some(),
            Machine::Halves(_) => self.machine.has_read_all(),
        }
    }

    /// Writes `out` to the transport.
    pub(crate) fn write(&mut self) {
        if self.is_shut {
            self.out.clear();
        }
        self.wire.append(&mut self.out);
    }

    pub(crate) fn flush_reply(&mut self) {
        self.call(|machine, _, out| writer!(machine, it => it.flush_reply(out)), |_, ()| Intent::Nothing);
        self.check_has_replied();
    }

    /// After a call that writes the reply that is due: it waits only if `out` has no room for it.
    fn check_has_replied(&self) {
        let Some(Due::Pong(payload) | Due::Close(payload)) = self.ledger.due_reply() else { return };
        let room = self.capacity() - self.out.len();
        let len = frame_len(payload, R::IS_CLIENT);
        assert!(len > room, "a reply of {len} bytes waits, although `out` has room for {room}");
    }

    /// Reads bytes and receives all events. They are what the peer expects.
    pub(crate) fn read(&mut self, bytes: &[u8], expected: &mut VecDeque<Item>) {
        assert_eq!(self.inbound.feed(bytes), bytes.len());
        self.read_since_event += bytes.len();
        loop {
            let has_read_all = self.has_read_all();
            let received = self.call(
                |machine, inbound, out| machine.receive(inbound, out),
                |this, received| {
                    let item = match received {
                        Ok(Some(item)) => item,
                        Err(_) if !has_read_all => &Item::Violation,
                        _ => return Intent::Nothing,
                    };
                    assert!(!has_read_all, "§5.5.1, §7.1.7: an event after the last one: {item:?}");
                    assert_eq!(expected.pop_front().as_ref(), Some(item), "the next event");
                    this.received(item);
                    Intent::Nothing
                },
            );
            if self.machine.is_whole() {
                self.check_has_replied();
            }
            // After an error, one more call discards the rest.
            let is_last = received.is_err() && has_read_all;
            if is_last || matches!(received, Ok(None)) {
                break;
            }
        }
        if self.has_read_all() {
            assert!(self.inbound.is_empty(), "input after the end is discarded");
            self.read_since_event = 0;
            self.has_discarded |= expected.iter().any(|item| matches!(item, Item::Close(_)));
        }
    }

    fn received(&mut self, item: &Item) {
        self.read_since_event = self.inbound.unread().len();
        if *item == Item::Head {
            self.must_answer = !R::IS_CLIENT;
            if self.machine.state() == State::End {
                self.ledger.end();
            }
        } else if let Machine::Whole(_) = self.machine {
            self.ledger.handled(item, self.config.auto_pong, self.config.auto_close);
        }
    }

    /// Handles the oldest signal.
    pub(crate) fn handle_signal(&mut self) {
        let Machine::Halves(halves) = &mut self.machine else { return };
        let Some((signal, cause)) = halves.signals.pop_front() else { return };
        self.call(
            |machine, _, out| {
                if let Machine::Halves(halves) = machine {
                    halves.writer.handle_signal(signal, out);
                }
            },
            |this, ()| match &cause {
                None => Intent::PingOfTimer,
                Some(item) => {
                    this.ledger.handled(item, this.config.auto_pong, this.config.auto_close);
                    Intent::Nothing
                }
            },
        );
        self.check_has_replied();
    }

    /// Reports the time. Returns the next deadline.
    pub(crate) fn tick(&mut self, now: Duration) -> Option<Duration> {
        let is_open = self.machine.state() == State::Transmission;
        let (is_due, items) = (self.deadline.is_some_and(|due| now >= due), self.ledger.expected.len());
        self.ticks.push(now);
        let deadline = self.call(
            |machine, _, out| machine.tick(now, out),
            |this, result| {
                if result.is_err() && is_open {
                    // The code of a timeout.
                    this.ledger.fail(1011);
                }
                if result.is_ok() { Intent::PingOfTimer } else { Intent::Nothing }
            },
        );
        let has_pinged = self.ledger.expected.range(items..).any(|item| matches!(item, Item::Ping(_)));
        // A Ping that had no room is written later.
        let is_early = !is_due && (deadline.is_err() || (has_pinged && self.capacity.is_none()));
        assert!(!is_early, "a timer acts before its deadline");
        self.check_has_replied();
        let Ok(deadline) = deadline else {
            self.ledger.end();
            return None;
        };
        assert!(deadline.is_none_or(|deadline| deadline > now), "the next deadline is in the future");
        let is_whole = |deadline| self.ticks.iter().any(|tick| *tick + WAIT == deadline);
        assert!(deadline.is_none_or(is_whole), "a deadline of another length: {deadline:?}");
        self.deadline = deadline;
        deadline
    }

    /// Reports the end of the transport.
    pub(crate) fn receive_eof(&mut self) {
        let status = self.machine.receive_eof();
        assert_eq!(status, self.machine.close_status());
        self.ledger.end();
        self.must_answer = false;
        self.has_ended = true;
    }

    /// Makes a call of the application. The error is that of a refused call.
    pub(crate) fn send(&mut self, send: Send) -> Result<(), SendError> {
        let tag = [b'0' + self.sends];
        let (code, reason) = if R::IS_CLIENT { (1000u16, "c") } else { (1001, "s") };
        let data = |kind, payload: &[u8], last| Intent::Data { kind, payload: payload.to_vec(), last };
        let (text, binary) = (MessageKind::Text, MessageKind::Binary);
        let intent = match send {
            Send::Text => data(text, &tag, true),
            Send::Binary => data(binary, &[], true),
            Send::Long => data(binary, &[tag[0]; 8], true),
            Send::LongPing => Intent::Control(Item::Ping(vec![tag[0]; 8])),
            Send::Begin => data(text, b"\xc3", false),
            Send::Middle => data(text, b"\xa9", false),
            Send::Last => data(text, &tag, true),
            Send::Ping => Intent::Control(Item::Ping(tag.to_vec())),
            Send::Pong => Intent::Control(Item::Pong(tag.to_vec())),
            Send::Close => {
                Intent::Control(Item::Close([&code.to_be_bytes()[..], reason.as_bytes()].concat()))
            }
            Send::CloseEmpty => Intent::Control(Item::Close(vec![])),
            Send::Accept | Send::Reject => return self.answer(send == Send::Accept),
        };
        let sent = self.call(
            |machine, _, out| {
                let tag_text = core::str::from_utf8(&tag).expect("ASCII");
                writer!(machine, it => match send {
                    Send::Text => it.send_text(tag_text, out),
                    Send::Binary => it.send_binary(b"", out),
                    Send::Long => it.send_binary(&[tag[0]; 8], out),
                    Send::LongPing => it.ping(&[tag[0]; 8], out),
                    Send::Begin => it.send_fragment(text, b"\xc3", false, out),
                    Send::Middle => it.send_fragment(text, b"\xa9", false, out),
                    Send::Last => it.send_fragment(text, &tag, true, out),
                    Send::Ping => it.ping(&tag, out),
                    Send::Pong => it.pong(&tag, out),
                    Send::Close => it.close(CloseCode::new(code).expect("a legal code"), reason, out),
                    Send::CloseEmpty => it.close_empty(out),
                    Send::Accept | Send::Reject => Ok(()),
                })
            },
            |_, sent| if sent.is_ok() { intent } else { Intent::Nothing },
        );
        if sent.is_ok() {
            self.sends -= 1;
        }
        sent
    }

    fn answer(&mut self, accepts: bool) -> Result<(), SendError> {
        let answered = self.call(
            |machine, _, out| match machine {
                Machine::Whole(connection) => R::answer(connection, accepts, out),
                Machine::Halves(_) => Err(AcceptError::NoRequest),
            },
            |_, _| Intent::Nothing,
        );
        let Ok(()) = answered else { return Err(SendError::Full) };
        self.must_answer = false;
        if !accepts {
            self.ledger.end();
        }
        Ok(())
    }

    /// Compares the answers of the machine with the ledger.
    pub(crate) fn check(&self) {
        let Self { machine, ledger, .. } = self;
        let is_pending = machine.has_pending_reply();
        assert_eq!(is_pending, ledger.due_reply().is_some(), "a reply is pending exactly while one is due");
        let status = machine.close_status();
        let of = |payload: Option<&Vec<u8>>| match payload.map(|payload| &payload[..]) {
            None => CloseFrameStatus::None,
            Some([high, low, ..]) => CloseFrameStatus::Code(
                CloseCode::new(u16::from_be_bytes([*high, *low])).expect("a legal code"),
            ),
            Some(_) => CloseFrameStatus::Empty,
        };
        assert_eq!(status.sent, of(ledger.close_sent()), "§7.1.5: the Close that was sent");
        assert_eq!(status.received, of(ledger.close_known.as_ref()), "§7.1.5: the Close that was received");
        let action = match ledger {
            ledger if ledger.due_reply().is_some() => TransportAction::KeepOpen,
            Ledger { is_over: true, .. } => TransportAction::Close,
            ledger if !ledger.has_both() => TransportAction::KeepOpen,
            // §7.1.1: the server closes first.
            _ if R::IS_CLIENT => TransportAction::AwaitPeerClose,
            _ => TransportAction::Close,
        };
        assert_eq!(machine.transport_action(), action, "§7.1.1: what to do with the transport");
        let is_end = ledger.is_over || ledger.has_both();
        assert_eq!(machine.state() == State::End, is_end, "the state");
        let can_send = machine.state() == State::Transmission && ledger.close_sent().is_none();
        assert_eq!(machine.can_send(), can_send, "§5.5.1: no message after a Close");
        assert!(
            !matches!(ledger.due_reply(), Some(Due::Pong(_))) || !is_end,
            "§5.5.2: no Pong after the end"
        );
    }

    /// Describes the state without its history: the ledger and the buffers, the answers to all queries, and
    /// the results of calls that copies of the machine get.
    pub(crate) fn digest(&self, now: Duration, into: &mut DefaultHasher) {
        let Self { machine, ledger, .. } = self;
        (ledger, self.inbound.unread(), self.read_since_event, &self.out, &self.wire, self.sends).hash(into);
        (self.must_answer, self.is_shut, self.has_ended, self.has_discarded).hash(into);
        (machine.is_whole(), self.has_read_all()).hash(into);
        let CloseStatus { sent, received, .. } = machine.close_status();
        (machine.state(), sent, received, machine.transport_action(), machine.has_pending_reply()).hash(into);
        if let Machine::Halves(halves) = machine {
            for (signal, cause) in &halves.signals {
                (format!("{signal:?}"), cause).hash(into);
            }
        }
        let mut out = vec![];
        let mut room = Room { bytes: &mut out, capacity: usize::MAX };
        let mut late = machine.clone();
        // The silence, the Ping, the Pong and the Close are of 10 seconds each.
        for seconds in [0, 5, 10, 20] {
            let now = now + Duration::from_secs(seconds);
            let ticked = late.tick(now, &mut room);
            ticked
                .map(|deadline| deadline.map(|deadline| deadline - now))
                .map_err(|it| discriminant(&it))
                .hash(into);
        }
        (room.bytes.len(), late.waiting_signals()).hash(into);
        let mut sender = machine.clone();
        let sent = writer!(&mut sender, it => [
            it.send_fragment(MessageKind::Text, b"", true, &mut room),
            it.send_fragment(MessageKind::Text, b"\xa9", true, &mut room),
            it.send_fragment(MessageKind::Binary, b"", true, &mut room),
            it.close_empty(&mut room),
        ]);
        sent.map(|sent| sent.map_err(|error| discriminant(&error))).hash(into);
        out.hash(into);
    }
}
