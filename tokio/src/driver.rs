//! The loop over a transport, as poll functions over state that survives a dropped future.

use core::mem;
use core::task::{Context, Poll, ready};
use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::coop::has_budget_remaining;
use tokio::time::Instant;
use websocket_proto::{
    CloseStatus, MessageKind, PreparedMessage, ReceiveBuffer, SendBuffer as _, State, TransportAction,
};

use crate::clock::Clock;
use crate::ending::{Ending, LINGER};
use crate::engine::{Engine, ReadEngine, WriteEngine};
use crate::error::Error;
use crate::incoming::{Content, ReadSize, new_inbound, poll_read, poll_read_idle};
use crate::limits::Limits;
use crate::message::{CloseFrame, Message};
use crate::output::Output;
use crate::trace::Trace;
use crate::waiters::Waiters;

/// A connection, its transport, and the bytes between the two.
#[derive(Debug)]
pub(crate) struct Driver<S> {
    pub(crate) transport: S,
    pub(crate) engine: Engine,
    pub(crate) inbound: ReceiveBuffer<BytesMut>,
    pub(crate) output: Output,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) trace: Trace,
    phase: Phase,
    /// Why the connection has ended, until it is reported.
    error: Option<Error>,
    /// Why nothing can be written any more. Input is read until this time, which the first wait for input
    /// sets.
    write_error: Option<(io::Error, Option<Instant>)>,
    /// Whether the engine must be told the time before the next wait.
    tick_is_due: bool,
    /// When the closing handshake has begun, or the application's wait for room for its Close.
    closing_since: Option<Instant>,
    /// Whether there was no message since the last Ping that the engine has sent.
    is_idle: bool,
    read_size: ReadSize,
    pub(crate) waiters: Waiters,
}

#[derive(Debug)]
enum Phase {
    Running,
    Ending(Ending),
    Ended,
}

/// From this length on, output is written before more is added to it: four reads of the peer.
const WRITE_FROM: usize = 64 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(crate) fn new(transport: S, engine: Engine, limits: Limits) -> Self {
        let trace = Trace::new(matches!(engine, Engine::Server(_)));
        Self {
            transport,
            engine,
            inbound: new_inbound(),
            output: Output::default(),
            clock: Clock::new(),
            limits,
            trace,
            phase: Phase::Running,
            error: None,
            write_error: None,
            tick_is_due: true,
            closing_since: None,
            is_idle: false,
            read_size: ReadSize::default(),
            waiters: Waiters::default(),
        }
    }

    /// The opening handshake is complete.
    pub(crate) fn open(&mut self) {
        self.tick_is_due = true;
        if self.engine.compresses() {
            self.output.copy_payloads();
        }
        self.trace.opened();
    }

    pub(crate) const fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Receives the next message; `None` after the end.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        while self.is_running() {
            let content = match self.engine.receive(&mut self.inbound, &mut self.output) {
                Ok(Some(event)) => Content::of(&event),
                Ok(None) => {
                    ready!(self.poll_more(cx));
                    continue;
                }
                Err(error) => {
                    self.end(Some(error.into()));
                    continue;
                }
            };
            if let Some(message) = content.into_message(&mut self.inbound) {
                self.is_idle = self.is_idle && !message.is_data();
                self.read_size.delivered(&message);
                if message.is_close() {
                    // The application may drop the connection at its last message.
                    let _ = self.poll_write(&mut Context::from_waker(&self.waiters.receiving(cx)));
                    self.tick_is_due = true;
                }
                return Poll::Ready(Some(Ok(message)));
            }
        }
        self.poll_end(cx).map(|error| error.map(Err))
    }

    /// Waits until the engine can receive again, or the connection has ended. Meanwhile it writes the output
    /// and keeps the deadlines.
    pub(crate) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = self.waiters.receiving(cx);
        let cx = &mut Context::from_waker(&waker);
        while self.is_running() {
            let _ = self.poll_write(cx);
            // A wait of an open connection ends with any input, and a head has a limit, so the input is read
            // before the engine learns the time. The peer must not postpone the wait for its Close.
            if (self.is_closing() || !self.has_room()) && self.tick_is_due && self.tick() {
                continue;
            }
            if self.engine.transport_action() == TransportAction::Close {
                self.end(None);
                break;
            }
            if self.engine.has_pending_reply() && self.has_room() {
                self.engine.flush_reply(&mut self.output);
                if !self.output.is_empty() {
                    continue;
                }
            }
            if self.has_limit() && self.poll_deadline(cx).is_ready() {
                continue;
            }
            // A peer that does not read is not read from, so that its memory here is bounded.
            if self.has_room() {
                let poll_read = if self.is_idle { poll_read_idle } else { poll_read };
                if let Poll::Ready(result) =
                    poll_read(&mut self.transport, &mut self.inbound, &mut self.read_size, cx)
                {
                    match result {
                        Ok(0) => self.end_by_peer(None),
                        Ok(_) => self.tick_is_due |= self.clock.hear(),
                        Err(error) => self.end_by_peer(Some(error)),
                    }
                    break;
                }
                if self.tick_is_due && self.tick_after_read(cx) {
                    continue;
                }
            }
            ready!(self.poll_deadline(cx));
        }
        Poll::Ready(())
    }

    /// Whether there can be a deadline that input does not move. It is checked before each read, because the
    /// read of a peer that sends without end is never pending.
    fn has_limit(&self) -> bool {
        self.is_closing() || self.output.is_stalled() || self.write_error.is_some()
    }

    /// Whether the closing handshake has begun.
    fn is_closing(&self) -> bool {
        !self.engine.can_send() && self.engine.state() != State::Handshake
    }

    /// Tells the engine the time, if there is no input. Returns whether there is new output, or the end.
    fn tick_after_read(&mut self, cx: &Context<'_>) -> bool {
        if has_budget_remaining() {
            return self.tick();
        }
        // The transports of tokio are pending to a task that has used up its budget, even if they have input.
        // The next poll of the task has a new budget.
        cx.waker().wake_by_ref();
        false
    }

    /// Waits for the end of the transport. Returns the error that is not reported yet.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Error>> {
        if let Phase::Ending(ending) = &mut self.phase {
            let waker = self.waiters.receiving(cx);
            let cx = &mut Context::from_waker(&waker);
            let pending = (&mut self.engine, &mut self.output);
            ready!(ending.poll(&mut self.transport, pending, &mut self.clock, cx));
            self.phase = Phase::Ended;
            self.waiters.wake();
            self.output.clear();
            self.inbound = new_inbound();
        }
        Poll::Ready(self.error.take())
    }

    /// Waits until a message can be sent.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.output.len() < WRITE_FROM.min(self.limits.max_output) {
            return Poll::Ready(self.check_writable());
        }
        let waker = self.waiters.sending(cx);
        let cx = &mut Context::from_waker(&waker);
        let _ = self.poll_write(cx);
        loop {
            self.check_writable()?;
            if self.has_room() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_deadline(cx));
            self.check_timeout()?;
            let _ = self.poll_write(cx);
        }
    }

    /// Waits until this Close can be sent. From now on, a stall of the output has the limit of the close.
    pub(crate) fn poll_ready_to_close(
        &mut self,
        frame: Option<&CloseFrame>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.check_writable()?;
        // A frame that cannot be sent leaves the connection unchanged.
        frame.map_or(Ok(()), CloseFrame::check)?;
        self.closing_since.get_or_insert_with(Instant::now);
        self.poll_ready(cx)
    }

    /// Adds a message to the output.
    pub(crate) fn start_send(&mut self, message: Message) -> Result<(), Error> {
        self.check_writable()?;
        if message.is_close() {
            // The wait for the peer's Close begins, also in the task that receives.
            self.tick_is_due = true;
            self.waiters.wake();
        }
        Ok(self.engine.send(message, &mut self.output)?)
    }

    /// Adds a message that was encoded before to the output.
    pub(crate) fn start_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.check_writable()?;
        Ok(self.engine.send_prepared(message, &mut self.output)?)
    }

    /// Adds a fragment to the output.
    pub(crate) fn start_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
    ) -> Result<(), Error> {
        self.check_writable()?;
        Ok(self.engine.send_fragment(kind, payload, last, &mut self.output)?)
    }

    /// Waits until the transport has accepted all output.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let waker = self.waiters.sending(cx);
        let cx = &mut Context::from_waker(&waker);
        loop {
            if !self.is_running() {
                return Poll::Ready(if self.output.is_written() { Ok(()) } else { Err(Error::Closed) });
            }
            let written = self.poll_write(cx);
            self.check_writable()?;
            if written.is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_deadline(cx));
            self.check_timeout()?;
        }
    }

    /// Whether a message can be sent at all.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        match &self.write_error {
            Some((error, _)) => Err(Error::Io(error.kind().into())),
            None if self.is_running() => Ok(()),
            None => Err(Error::Closed),
        }
    }

    /// The error, if the connection ended because the peer does not read. The task that receives gets it, too.
    const fn check_timeout(&self) -> Result<(), Error> {
        if let Some(Error::WriteTimeout) = self.error { Err(Error::WriteTimeout) } else { Ok(()) }
    }

    /// Whether more can be added to the output.
    fn has_room(&self) -> bool {
        self.output.len() < self.limits.max_output
    }

    /// Writes as much output as the transport accepts. After an error of the transport, there is no output,
    /// but the peer's last messages can still be read.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.write_error.is_some() {
            // The first error counts, and its deadline. The frames of a later write would follow a gap.
            self.output.clear();
            return Poll::Ready(());
        }
        let written = self.output.poll_write(&mut self.transport, cx);
        let waited = self.output.take_waited();
        // The timeout of the handshake limits its stalls, too.
        if self.engine.state() != State::Handshake {
            self.clock.leave_out(waited);
        }
        if let Err(error) = ready!(written) {
            self.write_error = Some((error, None));
            self.output.clear();
            // The time to read begins, also in the task that receives.
            self.waiters.wake();
        }
        Poll::Ready(())
    }

    /// Tells the engine the time. Returns whether there is new output, or the end.
    fn tick(&mut self) -> bool {
        let is_stalled = self.output.is_stalled() && self.engine.state() != State::Handshake;
        if is_stalled || self.write_error.is_some() {
            // The peer cannot answer a Ping or a Close that it has not read. The write timeout limits the stall,
            // and the time to read what follows an error.
            return false;
        }
        self.tick_is_due = false;
        let (now, len) = (self.clock.now(), self.output.len());
        match self.engine.tick(now, &mut self.output) {
            Ok(deadline) => {
                self.clock.arm(now, deadline);
                let has_output = self.output.len() != len;
                if has_output {
                    // A Ping after a silence. The input buffer returns its memory before the next read.
                    self.is_idle = true;
                    self.engine.shrink_to_fit();
                    self.output.shrink_to_fit();
                }
                has_output
            }
            Err(timeout) => {
                let is_complete = self.engine.close_status().clean();
                // A server that does not close the transport after both Close frames does no harm.
                self.end((!is_complete).then_some(timeout.into()));
                true
            }
        }
    }

    /// Waits until a deadline may have passed, and ends the connection if it is one of the transport.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_closing() {
            self.closing_since.get_or_insert_with(Instant::now);
        }
        let write = self.limits.write_deadline(&self.output, self.closing_since);
        let from_now = || Instant::now() + LINGER;
        let read = self.write_error.as_mut().map(|(_, until)| *until.get_or_insert_with(from_now));
        for deadline in [write, read].into_iter().flatten() {
            self.clock.arm_at(deadline);
        }
        ready!(self.clock.poll(cx));
        self.tick_is_due = true;
        if !has_budget_remaining() {
            // The transport may be pending only for that reason. The next poll of the task has a new budget.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let now = Instant::now();
        if write.is_some_and(|deadline| deadline <= now) {
            self.output.clear();
            self.finish(Some(Error::WriteTimeout));
        } else if read.is_some_and(|deadline| deadline <= now) {
            self.end_by_peer(None);
        }
        Poll::Ready(())
    }

    /// The transport ended.
    fn end_by_peer(&mut self, error: Option<io::Error>) {
        let status = self.engine.receive_eof();
        let has_failed = error.is_some() || self.write_error.is_some();
        let error = self.write_error.take().map(|(error, _)| error).or(error);
        let error = if status.clean() { None } else { Some(error.map_or(Error::Disconnected, Error::Io)) };
        if has_failed {
            return self.finish(error);
        }
        self.begin_end(error, true);
    }

    /// Ends the connection: first the output is written.
    pub(crate) fn end(&mut self, error: Option<Error>) {
        self.begin_end(error, false);
    }

    fn begin_end(&mut self, error: Option<Error>, peer_ended: bool) {
        if self.write_error.take().is_some() {
            // The frames of a later write would follow a gap.
            self.output.clear();
            return self.finish(error);
        }
        let patience = self.limits.patience(error.as_ref());
        self.finish(error);
        self.phase = Phase::Ending(Ending::new(patience, peer_ended));
    }

    /// The connection has ended, and so has the transport.
    fn finish(&mut self, error: Option<Error>) {
        self.trace.ended(error.as_ref(), self.engine.close_status());
        self.error = error;
        self.phase = Phase::Ended;
        self.waiters.wake();
    }

    /// How the closing handshake stands.
    pub(crate) fn close_status(&self) -> CloseStatus {
        self.engine.close_status()
    }

    /// The number of bytes that wait for the transport.
    pub(crate) fn queued_len(&self) -> usize {
        self.output.len()
    }

    /// Takes the input that is not read yet.
    pub(crate) fn replace_inbound(&mut self) -> ReceiveBuffer<BytesMut> {
        mem::replace(&mut self.inbound, new_inbound())
    }

    /// The parts of an open connection, for two tasks.
    #[expect(clippy::result_large_err, reason = "the connection comes back without a heap")]
    pub(crate) fn into_split(self) -> Result<(SplitParts<S>, ReadEngine, WriteEngine), Self> {
        if !self.is_running() || self.write_error.is_some() {
            return Err(self);
        }
        let Self { transport, engine, inbound, output, clock, limits, trace, closing_since, .. } = self;
        let started = clock.started();
        match engine.split() {
            Ok((read, write)) => {
                let parts = SplitParts { transport, inbound, output, started, limits, trace, closing_since };
                Ok((parts, read, write))
            }
            Err(engine) => Err(Self {
                phase: Phase::Running,
                error: None,
                write_error: None,
                tick_is_due: true,
                closing_since,
                is_idle: false,
                read_size: ReadSize::default(),
                waiters: Waiters::default(),
                transport,
                engine,
                inbound,
                output,
                clock,
                limits,
                trace,
            }),
        }
    }
}

/// What the halves of a connection share.
pub(crate) struct SplitParts<S> {
    pub(crate) transport: S,
    pub(crate) inbound: ReceiveBuffer<BytesMut>,
    pub(crate) output: Output,
    pub(crate) started: Instant,
    pub(crate) limits: Limits,
    pub(crate) trace: Trace,
    pub(crate) closing_since: Option<Instant>,
}
