//! Two endpoints back to back: the steps that can follow, and the checks of every state.

use core::hash::Hasher;
use core::time::Duration;
use std::hash::DefaultHasher;

use websocket_proto::{Client, Server, State, TransportAction};

use super::endpoint::{Endpoint, Key, Send, Side};
use super::machine::Item;

/// The endpoint that acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Client,
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// The application makes a call.
    Send(Send),
    /// The program writes `out` to the transport.
    Write,
    /// The program calls `flush_reply`.
    Flush,
    /// The program reads one byte, and receives all events.
    Byte,
    /// The program reads a piece of a head, and receives all events.
    Piece,
    /// The program reads all bytes, and receives all events.
    All,
    /// The writing task handles a signal.
    Handle,
    Tick,
    /// The program waits until its next deadline.
    Pass,
    Split,
    Join,
    /// The program closes its side of the transport, as `transport_action` says.
    Shut,
    /// The program reads the end of the transport.
    Eof,
    /// The program ends, and its side of the transport with it.
    Crash,
    /// The transport loses all bytes, and ends.
    Reset,
    /// The endpoint breaks the protocol.
    Violate,
}

/// A head has about ten pieces. Every step that reads more than one byte is compared with one that reads byte
/// by byte.
const PIECE: usize = 17;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) client: Endpoint<Client<Key>>,
    pub(crate) server: Endpoint<Server>,
    pub(crate) now: Duration,
    /// How many more times the time passes.
    pub(crate) passes: u8,
    /// How many more times something breaks.
    pub(crate) faults: u8,
    /// Bytes were lost with a transport or a program.
    pub(crate) is_lost: bool,
    /// The steps since the start.
    pub(crate) trail: Vec<(Name, Act)>,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The endpoint refused the call, or had ended.
    Refused,
}

/// Evaluates `$call` with the endpoint of this name, and its peer.
macro_rules! by_name {
    ($world:expr, $name:expr, ($me:ident, $peer:ident) => $call:expr) => {
        match $name {
            Name::Client => {
                let ($me, $peer) = (&mut $world.client, &mut $world.server);
                $call
            }
            Name::Server => {
                let ($me, $peer) = (&mut $world.server, &mut $world.client);
                $call
            }
        }
    };
}

impl World {
    pub(crate) fn is_enabled(&mut self, name: Name, act: Act) -> bool {
        let Self { passes, faults, .. } = *self;
        by_name!(self, name, (me, peer) => match act {
            Act::Send(Send::Accept | Send::Reject) => me.must_answer && !me.has_ended,
            Act::Send(_) => me.sends > 0 && !me.is_shut,
            Act::Write => !me.out.is_empty(),
            Act::Flush => me.machine.has_pending_reply(),
            Act::Byte | Act::Piece => !peer.wire.is_empty() && !me.has_ended && !me.must_answer,
            Act::All => peer.wire.len() > 1 && !me.has_ended && !me.must_answer,
            Act::Handle => me.machine.waiting_signals() > 0,
            // After the end, a read half may still signal a silence or its end.
            Act::Tick => !me.has_ended || me.machine.is_whole(),
            Act::Pass => passes > 0 && !me.has_ended,
            Act::Split | Act::Join => me.machine.state() == State::Transmission,
            Act::Shut => {
                me.machine.transport_action() == TransportAction::Close && me.out.is_empty() && !me.is_shut
            }
            Act::Eof => {
                // A write that fails ends the writing task before it has handled all signals.
                let has_handled = me.machine.waiting_signals() == 0 || me.is_shut;
                peer.is_shut && peer.wire.is_empty() && !me.has_ended && has_handled
            }
            Act::Crash => faults > 0 && !me.has_ended && !me.is_shut,
            Act::Reset => faults > 0 && !(me.is_shut && peer.is_shut),
            Act::Violate => {
                let is_open = me.machine.state() == State::Transmission;
                faults > 0 && is_open && !me.is_shut && me.out.is_empty()
            }
        })
    }

    /// Takes an enabled step.
    pub(crate) fn step(&mut self, name: Name, act: Act) -> Outcome {
        self.trail.push((name, act));
        let mut outcome = Outcome::Done;
        by_name!(self, name, (me, peer) => match act {
            Act::Send(send) => {
                if let Err(error) = me.send(send) {
                    assert!(!must_succeed(me, send), "{send:?} is refused: {error}");
                    outcome = Outcome::Refused;
                }
            }
            Act::Write => me.write(),
            Act::Flush => me.flush_reply(),
            Act::Byte | Act::Piece | Act::All => {
                let len = match act {
                    Act::Byte => 1,
                    Act::Piece => PIECE.min(peer.wire.len()),
                    _ => peer.wire.len(),
                };
                let bytes: Vec<u8> = peer.wire.drain(..len).collect();
                me.read(&bytes, &mut peer.ledger.expected);
            }
            Act::Handle => me.handle_signal(),
            Act::Tick => {
                me.tick(self.now);
                if me.has_ended {
                    outcome = Outcome::Refused;
                }
            }
            Act::Pass => {
                self.passes = self.passes.saturating_sub(1);
                if let Some(deadline) = me.tick(self.now) {
                    self.now = deadline;
                    me.tick(deadline);
                }
            }
            Act::Split => if !me.machine.split() { outcome = Outcome::Refused },
            Act::Join => if !me.machine.join() { outcome = Outcome::Refused },
            Act::Shut => me.is_shut = true,
            Act::Eof => {
                // §7.1.1: every message arrives before the end of the transport.
                let all = peer.ledger.expected.is_empty() || me.has_read_all();
                assert!(all || self.is_lost, "lost: {:?}", peer.ledger.expected);
                me.receive_eof();
            }
            Act::Crash | Act::Reset | Act::Violate => self.fail(name, act),
        });
        outcome
    }

    /// Something breaks.
    fn fail(&mut self, name: Name, act: Act) {
        self.faults -= 1;
        self.is_lost |= act != Act::Violate;
        by_name!(self, name, (me, peer) => match act {
            Act::Crash => {
                me.out.clear();
                me.receive_eof();
                me.is_shut = true;
            }
            Act::Reset => {
                for bytes in [&mut me.wire, &mut peer.wire, &mut me.out, &mut peer.out] {
                    bytes.clear();
                }
                (me.is_shut, peer.is_shut) = (true, true);
            }
            _ => {
                me.wire.push(0xff);
                me.ledger.expected.push_back(Item::Violation);
            }
        });
    }

    /// Checks what holds in every state.
    pub(crate) fn check(&self) {
        self.client.check();
        self.server.check();
        let (here, there) = (&self.client.ledger, &self.server.ledger);
        for (me, peer) in [(here, there), (there, here)] {
            if me.close_known.is_some() {
                assert_eq!(me.close_known, peer.close_written, "§7.1.5: the Close that the peer has sent");
            }
        }
        if self.client.has_ended && self.server.has_ended {
            self.check_agreement();
        }
    }

    /// Both endpoints report the same end, with the exceptions of the RFC.
    fn check_agreement(&self) {
        let (here, there) = (self.client.machine.close_status(), self.server.machine.close_status());
        // The transport has lost a Close, or §7.1.7: an endpoint that failed reads no Close.
        if self.is_lost || self.client.has_discarded || self.server.has_discarded {
            return;
        }
        assert_eq!(here.clean(), there.clean(), "§7.1.4: both ends or none are clean");
        assert_eq!((here.sent, here.received), (there.received, there.sent), "§7.1.5: the Close frames");
        // §7.1.5: the codes can differ if both endpoints decided to close; §5.5.1: an application that
        // answers a Close chooses the code.
        let is_answer = !(self.client.ledger.closes_first && self.server.ledger.closes_first);
        if is_answer && here.clean() && self.client.config.auto_close {
            assert_eq!(here.code(), there.code(), "§5.5.1: the answer has the same code");
        }
    }

    /// The number of bytes in the transport to this endpoint.
    fn unread(&self, name: Name) -> usize {
        match name {
            Name::Client => self.server.wire.len(),
            Name::Server => self.client.wire.len(),
        }
    }

    /// Checks that reads of one byte lead to the same state as one read of the same bytes.
    pub(crate) fn check_reads(&self, name: Name, whole: &Self) {
        let mut slow = self.clone();
        while slow.unread(name) > whole.unread(name) {
            slow.step(name, Act::Byte);
        }
        assert_eq!(slow.digest(), whole.digest(), "the events do not depend on the reads");
    }

    /// The digest of the state, without its history.
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.client.digest(self.now, &mut hasher);
        self.server.digest(self.now, &mut hasher);
        hasher.write(&[self.passes, self.faults, u8::from(self.is_lost)]);
        hasher.finish()
    }
}

/// Whether no call of this kind can be refused: the connection is open, and `out` has room for everything.
fn must_succeed<R: Side>(me: &Endpoint<R>, send: Send) -> bool {
    let is_between = me.ledger.open.is_none();
    let is_free = me.machine.can_send() && me.capacity.is_none();
    match send {
        Send::Text | Send::Binary | Send::Long | Send::Begin => is_free && is_between,
        Send::Ping | Send::LongPing | Send::Close | Send::CloseEmpty => is_free,
        Send::Accept | Send::Reject => me.capacity.is_none(),
        Send::Middle | Send::Last | Send::Pong => false,
    }
}
