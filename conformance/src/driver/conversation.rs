//! One connection with the endpoint: the opening handshake, the steps, and the end.
//!
//! ```text
//!   Opening ──▶ Script ──▶ Drain ──▶ Over
//!               │    ▲
//!        orders ▼    │ waiting
//!      (writes, FIN, …)
//! ```
//!
//! A step becomes orders to the transport, then something to wait for. A finding ends the script at once; the
//! rest of the connection is courtesy, and is not judged.

use core::time::Duration;

use alloc::collections::VecDeque;

use super::End;
use super::finding::Finding;
use super::opening::Opening;
use super::peer::Peer;
use super::waiting::Waiting;
use crate::capabilities::Needs;
use crate::case::Open;
use crate::context::Context;
use crate::encode::Encoder;
use crate::judge::{Head, Violation};
use crate::log::{Log, Text};
use crate::random::Random;
use crate::role::Role;
use crate::step::{Awaited, Cuts, Frame, Item, Step};
use crate::verdict::{Expect, Note, Outcome};

/// One connection with the endpoint.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) role: Role,
    pub(super) expect: Expect,
    pub(super) timeout: Duration,
    /// Whether the probe waits until the offence had time to cause a reaction (after a reset).
    pub(super) calm: bool,
    pub(super) phase: Phase,
    pub(super) steps: VecDeque<Step>,
    pub(super) orders: VecDeque<Order>,
    pub(super) waiting: Option<Waiting>,
    pub(super) encoder: Encoder,
    pub(super) peer: Peer,
    pub(super) open: Open,
    pub(super) needs: Needs,
    /// Whether a client may get an answer that it has to refuse.
    pub(super) may_refuse: bool,
    /// The reason why the case cannot be judged with the agreed extensions.
    pub(super) skip: Option<String>,
    pub(super) head: Option<Head>,
    /// The rules that the head of the endpoint breaks.
    pub(super) head_violations: Vec<Violation>,
    pub(super) ended: Option<End>,
    pub(super) notes: Vec<Note>,
    pub(super) finding: Option<Finding>,
    /// The driver knows the finding.
    is_found: bool,
    /// A step before the last one had no reaction, so a later reaction is late.
    pub(super) went_past: bool,
    /// The script waits for a Close or for the end itself, so neither interrupts it.
    pub(super) is_patient: bool,
    /// Bytes that are no legal frame were written.
    pub(super) has_offended: bool,
    /// The suite stopped reading.
    pub(super) is_deaf: bool,
    pub(super) is_writable: bool,
    /// The suite reset the connection.
    pub(super) is_reset: bool,
    /// When bytes moved last.
    pub(super) progress: Duration,
    /// When the present wait began.
    pub(super) wait_began: Duration,
    /// The times from the end of a write to the last of its replies.
    pub(super) round_trips: Vec<Duration>,
    /// When the last write of frames ended, if no round trip ended since.
    sent_at: Option<Duration>,
    /// Bytes of the first order that were written.
    written: usize,
    /// When the first order, a write, made progress last.
    write_since: Option<Duration>,
    /// No order is given before this time.
    paused_until: Option<Duration>,
}

/// The phase of a connection.
#[derive(Debug)]
pub(super) enum Phase {
    Opening(Opening),
    Script,
    Drain(Drain),
    Over,
}

/// What is left to do after the finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drain {
    Close,
    HalfClose,
    End,
}

/// An order to the transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// A write, and whether it consists of frames.
    Write(Vec<u8>, Content),
    HalfClose,
    Reset,
    StopReading,
    Read,
    Pause(Duration),
}

/// What a write consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Head,
    Frames,
}

/// What the connection wants from the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Write the bytes of `pending_write`; at `until`, ask again.
    Write {
        until: Duration,
    },
    HalfClose,
    Reset,
    StopReading,
    Read,
    Wait(Duration),
    /// The finding is there.
    Found,
    Over,
}

/// How late a reaction may be, and how long nothing may arrive if no probe can be written: 250 times
/// what an answer over loopback takes.
pub(super) const LATE: Duration = Duration::from_millis(250);

impl Conversation {
    pub(super) fn new(
        role: Role,
        expect: Expect,
        steps: Vec<Step>,
        (open, needs): (&Open, Needs),
        context: &Context,
        random: Random,
        now: Duration,
    ) -> Self {
        let (opening, request) = Opening::new(role, open, context, &mut random.fork());
        let mut conversation = Self {
            role,
            expect,
            timeout: context.timeout,
            calm: false,
            phase: Phase::Opening(opening),
            is_patient: steps.iter().any(is_patient),
            steps: steps.into(),
            orders: VecDeque::new(),
            waiting: None,
            encoder: Encoder::new(role, random),
            peer: Peer::new(role),
            open: open.clone(),
            needs,
            may_refuse: context.capabilities.handshake_control,
            skip: None,
            head: None,
            head_violations: Vec::new(),
            ended: None,
            notes: Vec::new(),
            finding: None,
            is_found: false,
            went_past: false,
            has_offended: false,
            is_deaf: false,
            is_writable: true,
            is_reset: false,
            progress: now,
            wait_began: now,
            round_trips: Vec::new(),
            sent_at: None,
            written: 0,
            write_since: None,
            paused_until: None,
        };
        if let Some(request) = request {
            conversation.write_opening(request);
        }
        conversation
    }

    /// The next want.
    pub(super) fn next(&mut self, now: Duration) -> Ask {
        loop {
            if self.finding.is_none() {
                if let Some(finding) = self.interrupt(now) {
                    self.find(finding);
                }
            }
            if self.finding.is_some() && !self.is_found {
                self.is_found = true;
                return Ask::Found;
            }
            if let Some(ask) = self.order(now) {
                return ask;
            }
            match self.phase {
                Phase::Opening(_) => return Ask::Wait(self.opening_deadline()),
                Phase::Over => return Ask::Over,
                Phase::Drain(drain) => {
                    if let Some(until) = self.drain(drain, now) {
                        return Ask::Wait(until);
                    }
                }
                Phase::Script => {
                    // A peer that sends Pings without end must not keep the case open.
                    if now < self.last_deadline() && self.answer_pings() {
                        continue;
                    }
                    match self.waiting.take() {
                        Some(waiting) => {
                            if let Some(until) = self.wait(waiting, now) {
                                return Ask::Wait(until);
                            }
                        }
                        None => match self.steps.pop_front() {
                            Some(step) => self.begin(step, now),
                            None => self.conclude(now),
                        },
                    }
                }
            }
        }
    }

    /// The bytes of the first order that are not written yet.
    pub(super) fn pending_write(&self) -> &[u8] {
        match self.orders.front() {
            Some(Order::Write(bytes, _)) => bytes.get(self.written..).unwrap_or_default(),
            _ => &[],
        }
    }

    pub(super) fn wrote(&mut self, now: Duration, count: usize, log: &mut Log) {
        let Some(Order::Write(_, content)) = self.orders.front() else { return };
        let are_frames = *content == Content::Frames;
        let pending = self.pending_write();
        let count = count.min(pending.len());
        log.wrote(now, pending.get(..count).unwrap_or_default(), are_frames);
        let is_complete = count == pending.len();
        self.written = self.written.saturating_add(count);
        (self.progress, self.write_since) = (now, Some(now));
        if is_complete {
            self.sent_at = are_frames.then_some(now);
            self.orders.pop_front();
            (self.written, self.write_since) = (0, None);
        }
    }

    /// A write error never ends a case: the bytes that the endpoint sent before may still arrive.
    pub(super) fn write_failed(&mut self) {
        self.is_writable = false;
        self.orders.retain(|order| !matches!(order, Order::Write(..)));
        (self.written, self.write_since) = (0, None);
    }

    pub(super) fn received(&mut self, now: Duration, bytes: &[u8], log: &mut Log) {
        self.progress = now;
        let Phase::Opening(opening) = &mut self.phase else {
            if self.is_another_request(bytes) {
                log.received(now, bytes, Text::default());
                return;
            }
            let mut text = Text::default();
            let has_waited = !self.peer.ledger.is_settled();
            self.peer.received(bytes, |frame| log.describe(&mut text, frame));
            log.received(now, bytes, text);
            if has_waited && self.peer.ledger.is_settled() {
                let sent_at = self.sent_at.take();
                self.round_trips.extend(sent_at.map(|sent_at| now.saturating_sub(sent_at)));
            }
            return;
        };
        log.received(now, bytes, Text::default());
        let progress = opening.received(bytes);
        self.opened(progress);
    }

    pub(super) fn ended(&mut self, now: Duration, end: End) {
        self.progress = now;
        self.ended.get_or_insert(end);
    }

    /// The time at which a reaction is missing.
    pub(super) fn deadline(&self) -> Duration {
        (self.progress + self.timeout).min(self.last_deadline())
    }

    /// An endpoint that sends a byte now and then must not keep a case open for ever.
    pub(super) fn last_deadline(&self) -> Duration {
        self.wait_began + self.timeout.saturating_mul(30)
    }

    pub(super) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Records the finding, and ends the script.
    pub(super) fn find(&mut self, finding: Finding) {
        if self.finding.is_some() {
            return;
        }
        let finding = self.skip.take().map_or(finding, Finding::skip);
        let is_between_frames =
            self.encoder.can_insert() && !self.orders.iter().any(|order| matches!(order, Order::Write(..)));
        self.orders.clear();
        (self.written, self.write_since, self.paused_until) = (0, None, None);
        self.waiting = None;
        let is_unopened = finding.outcome == Outcome::NotOpened && self.head.is_none();
        let has_missed_deadline = finding.outcome == Outcome::Timeout || is_unopened;
        self.finding = Some(finding);
        if has_missed_deadline {
            // The endpoint would only miss the deadlines of the end, too.
            self.phase = Phase::Over;
            return;
        }
        let is_open = self.head.is_some() && self.is_writable && !self.is_reset && self.ended.is_none();
        if is_open && is_between_frames {
            let code = self.peer.close.as_ref().and_then(|close| close.body.code()).unwrap_or(1000);
            self.write(&[Item::Frame(Frame::close(code, b""))]);
        }
        if self.is_deaf {
            self.orders.push_back(Order::Read);
        }
        self.phase = Phase::Drain(if is_open { Drain::Close } else { Drain::HalfClose });
    }

    /// Encodes items into one write. Returns the place of the probe.
    pub(super) fn write(&mut self, items: &[Item]) -> Option<usize> {
        let is_illegal =
            |item: &Item| matches!(item, Item::Unanswered(_) | Item::Start(..) | Item::Rest | Item::Bytes(_));
        self.has_offended |= items.iter().any(is_illegal);
        let encoded = self.encoder.encode(items);
        for demand in encoded.demands {
            self.peer.ledger.demand(demand);
        }
        if let Some((_, nonce)) = encoded.probe {
            self.peer.probe = Some(nonce);
            self.peer.went_on = false;
        }
        if self.is_writable && !encoded.bytes.is_empty() {
            self.orders.push_back(Order::Write(encoded.bytes, Content::Frames));
        }
        encoded.probe.map(|(at, _)| at)
    }

    pub(super) fn write_parts(&mut self, bytes: &[u8], cuts: &Cuts, paced: bool, content: Content) {
        for part in cuts.parts(bytes) {
            if self.is_writable {
                self.orders.push_back(Order::Write(part.to_vec(), content));
            }
            if paced {
                self.orders.push_back(Order::Pause(Duration::from_millis(1)));
            }
        }
    }

    /// The next order to the transport.
    fn order(&mut self, now: Duration) -> Option<Ask> {
        if let Some(until) = self.paused_until.filter(|until| now < *until) {
            return Some(Ask::Wait(until));
        }
        self.paused_until = None;
        let ask = match self.orders.front()? {
            Order::Write(..) => return Some(self.ask_write(now)),
            Order::HalfClose => Ask::HalfClose,
            Order::Reset => Ask::Reset,
            Order::StopReading => Ask::StopReading,
            Order::Read => Ask::Read,
            Order::Pause(time) => {
                let until = now + *time;
                self.paused_until = Some(until);
                Ask::Wait(until)
            }
        };
        self.is_reset |= ask == Ask::Reset;
        self.is_deaf = (self.is_deaf || ask == Ask::StopReading) && ask != Ask::Read;
        self.orders.pop_front();
        Some(ask)
    }

    fn ask_write(&mut self, now: Duration) -> Ask {
        let since = *self.write_since.get_or_insert(now);
        let until = since + if self.is_deaf { LATE } else { self.timeout };
        if now < until {
            return Ask::Write { until };
        }
        if self.is_deaf {
            // The endpoint waits until the suite reads.
            self.is_deaf = false;
            self.write_since = None;
            return Ask::Read;
        }
        let finding = Finding::new(Outcome::Timeout, "the endpoint stopped reading");
        if self.finding.is_none() {
            self.find(finding);
        } else {
            self.write_failed();
        }
        Ask::Wait(now)
    }

    /// Orders the Pongs that are due. An unfinished frame or a Close of ours makes a Pong impossible.
    fn answer_pings(&mut self) -> bool {
        if self.peer.pings.is_empty() || !self.encoder.can_insert() || self.ended.is_some() {
            return false;
        }
        let pings = core::mem::take(&mut self.peer.pings);
        let pongs: Vec<_> = pings.into_iter().map(|payload| Item::Unanswered(Frame::pong(payload))).collect();
        let pongs = self.encoder.encode(&pongs).bytes;
        if self.is_writable {
            self.orders.push_back(Order::Write(pongs, Content::Frames));
        }
        self.is_writable
    }
}

/// Whether a Close or the end does not interrupt a script with this step.
fn is_patient(step: &Step) -> bool {
    matches!(
        step,
        Step::Await(Awaited::Close | Awaited::End | Awaited::StaysOpen(_)) | Step::HalfClose | Step::Reset
    )
}
