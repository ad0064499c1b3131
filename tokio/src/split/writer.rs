//! The task that writes.

use core::future::{Future as _, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use core::time::Duration;

use tokio::io::AsyncWrite;
use tokio::task::coop::has_budget_remaining;
use tokio::task::unconstrained;
use tokio::time::{Instant, timeout};
use websocket_proto::{CloseCode, MessageKind, SendBuffer as _, TransportAction};

use super::command::{Command, Fragments, Notice, Outcome, TaskEnds};
use super::flushes::Flushes;
use super::halves::WriteTransport;
use crate::clock::Clock;
use crate::ending::LINGER;
use crate::engine::WriteEngine;
use crate::error::Error;
use crate::limits::Limits;
use crate::message::{CloseFrame, Message};
use crate::output::Output;
use crate::trace::Trace;

/// It writes the replies that the receiver asks for, and the messages of the senders.
pub(super) struct Writer<S> {
    engine: WriteEngine,
    transport: WriteTransport<S>,
    output: Output,
    clock: Clock,
    limits: Limits,
    channels: TaskEnds,
    trace: Trace,
    /// The rest of the message that is sent in fragments.
    fragments: Option<(MessageKind, Fragments)>,
    flushes: Flushes,
    /// Whether a message was not sent, because it was queued before a Close and executed after it.
    has_discarded: bool,
    receiver: ReceiverState,
    /// The next deadline of the engine.
    deadline: Option<Duration>,
    answer: Answer,
    /// When the connection has begun to [close](Self::is_closing).
    closing_since: Option<Instant>,
    has_senders: bool,
    tick_is_due: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReceiverState {
    Reading,
    /// The transport has ended.
    Ended,
    /// The application has dropped the receiver.
    Dropped,
}

/// Of the receiver to the [`Inquiry`](super::command::Inquiry).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    None,
    Awaited,
    Given,
}

impl<S: AsyncWrite + Unpin> Writer<S> {
    pub(super) fn new(
        engine: WriteEngine,
        transport: WriteTransport<S>,
        output: Output,
        (started, limits, closing_since): (Instant, Limits, Option<Instant>),
        channels: TaskEnds,
        trace: Trace,
    ) -> Self {
        Self {
            engine,
            transport,
            output,
            clock: Clock::since(started),
            limits,
            channels,
            trace,
            fragments: None,
            flushes: Flushes::default(),
            has_discarded: false,
            receiver: ReceiverState::Reading,
            // A Ping or a Close that was sent before the split may have a deadline.
            deadline: Some(Duration::ZERO),
            answer: Answer::None,
            closing_since,
            has_senders: true,
            tick_is_due: true,
        }
    }

    /// Writes until the connection ends, and shuts the transport down.
    pub(super) async fn run(mut self) {
        let error = poll_fn(|cx| self.poll(cx)).await;
        self.channels.commands.close();
        // The receiver must not wait for room: a peer that writes before it reads must not block.
        self.channels.notices.close();
        self.flush_to_end(error.as_ref()).await;
        let status = self.engine.close_status();
        let failure = match &error {
            // As the receiver reports them.
            Some(Error::Io(_)) if status.clean() => None,
            None if self.receiver == ReceiverState::Ended && !status.clean() => Some(&Error::Disconnected),
            error => error.as_ref(),
        };
        self.trace.ended(failure, status);
        // It fails if the receiver was dropped.
        let _ = self.channels.outcome.send(Outcome { error, status });
    }

    /// Works until the connection has ended. Returns the reason if it failed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Error>> {
        loop {
            let collected = match self.collect(cx) {
                Ok(collected) => collected,
                Err(error) => {
                    let close = Message::Close(Some(CloseFrame::new(CloseCode::INTERNAL_ERROR, "")));
                    // It fails only if a Close was sent before.
                    let _ = self.engine.send(close, &mut self.output);
                    return Poll::Ready(Some(error));
                }
            };
            let len = self.output.len();
            let written = self.output.poll_write(&mut self.transport, cx);
            self.clock.leave_out(self.output.take_waited());
            match written {
                Poll::Ready(Ok(())) => self.flushes.answer(&self.output),
                Poll::Ready(Err(_)) if self.receiver == ReceiverState::Ended => {
                    // The receiver reports the end.
                    self.output.clear();
                    return Poll::Ready(None);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Error::Io(error))),
                // Without output, the transport is being flushed.
                Poll::Pending if self.output.is_empty() => {}
                Poll::Pending => self.flushes.answer(&self.output),
            }
            let has_ticked = match self.tick() {
                Ok(has_ticked) => has_ticked,
                Err(error) => return Poll::Ready(error),
            };
            if self.is_over() {
                return Poll::Ready(None);
            }
            // Once there is room in the output, the channels can have more for it.
            if collected || has_ticked || self.output.len() != len {
                continue;
            }
            if let Some(error) = ready!(self.poll_deadline(cx)) {
                return Poll::Ready(Some(error));
            }
        }
    }

    /// Adds the replies and the messages to the output, while there is room. Returns whether there were any.
    fn collect(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        let mut collected = false;
        while self.receiver == ReceiverState::Reading {
            let Poll::Ready(notice) = self.channels.notices.poll_recv(cx) else { break };
            // After the peer's Close, and after the end of its transport, no message can be added.
            self.collect_messages(Some(self.channels.commands.len()), cx)?;
            match notice {
                Some(Notice::Signal(signal)) => self.engine.handle_signal(signal, &mut self.output),
                Some(Notice::Silence(signal)) => {
                    let len = self.output.len();
                    self.engine.handle_signal(signal, &mut self.output);
                    if self.output.len() != len {
                        // A Ping after a silence.
                        self.engine.shrink_to_fit();
                        self.output.shrink_to_fit();
                    }
                }
                // A late answer to a question that is of no use any more says nothing about a later deadline.
                Some(Notice::InputRead) if self.answer != Answer::Awaited => {}
                Some(Notice::InputRead) => self.answer = Answer::Given,
                Some(Notice::End) => {
                    self.receiver = ReceiverState::Ended;
                    // The peer may have closed only its direction. A Close that waits for room is still written.
                    if self.engine.can_send() || !self.engine.has_pending_reply() {
                        self.engine.receive_eof();
                    }
                }
                None => self.receiver = ReceiverState::Dropped,
            }
            (collected, self.tick_is_due) = (true, true);
        }
        Ok(self.collect_messages(None, cx)? || collected)
    }

    /// Adds the pending reply and the messages to the output, while there is room: those of so many commands,
    /// which were queued before, or of all. Returns whether there were any messages.
    fn collect_messages(&mut self, mut queued: Option<usize>, cx: &mut Context<'_>) -> Result<bool, Error> {
        let mut collected = false;
        if self.engine.has_pending_reply() && self.has_room() {
            self.engine.flush_reply(&mut self.output);
        }
        while self.has_senders {
            if !self.engine.can_send() {
                // The messages in the queue cannot be sent any more, whether the output has room or not.
                self.channels.commands.close();
                self.has_discarded |= self.fragments.take().is_some();
            }
            if !self.has_room() {
                break;
            }
            if self.send_next_fragment()? {
                collected = true;
                continue;
            }
            let commands = &mut self.channels.commands;
            let command = match &mut queued {
                None => commands.poll_recv(cx),
                Some(0) => break,
                Some(left) => {
                    *left -= 1;
                    // To a task that has used up its budget, the queue shows no command.
                    pin!(unconstrained(commands.recv())).poll(cx)
                }
            };
            match command {
                Poll::Ready(Some(command)) => self.execute(command)?,
                Poll::Ready(None) => self.has_senders = false,
                Poll::Pending => break,
            }
            collected = true;
        }
        Ok(collected)
    }

    fn execute(&mut self, command: Command) -> Result<(), Error> {
        match command {
            // Without an answer, the sender learns that the connection has ended.
            Command::Flush(_) if self.has_discarded => {}
            Command::Flush(flush) => self.flushes.push(self.output.position(), flush),
            _ if !self.engine.can_send() => self.has_discarded = true,
            Command::Send(message) => {
                self.tick_is_due = self.tick_is_due || message.is_close();
                self.engine.send(message, &mut self.output)?;
            }
            Command::Prepared(message) => self.engine.send_prepared(&message, &mut self.output)?,
            Command::Fragments(kind, fragments) => self.fragments = Some((kind, fragments)),
        }
        Ok(())
    }

    /// Sends the next fragment of the message that is open, if there is one.
    fn send_next_fragment(&mut self) -> Result<bool, Error> {
        let Some((kind, fragments)) = &mut self.fragments else { return Ok(false) };
        let payload = fragments.next().unwrap_or_default();
        let last = fragments.peek().is_none();
        self.engine.send_fragment(*kind, &payload, last, &mut self.output)?;
        if last {
            self.fragments = None;
        }
        Ok(true)
    }

    /// Tells the engine the time, if it is due. Returns whether there is new output; or the end, and the
    /// reason if the connection failed.
    fn tick(&mut self) -> Result<bool, Option<Error>> {
        // The peer cannot answer a Ping or a Close that it has not read. The write timeout limits the stall.
        if !self.tick_is_due || self.output.is_stalled() {
            return Ok(false);
        }
        if self.engine.can_send() && !self.may_time_out() {
            return Ok(false);
        }
        self.tick_is_due = false;
        let (now, len) = (self.clock.now(), self.output.len());
        match self.engine.tick(now, &mut self.output) {
            Ok(deadline) => {
                self.deadline = deadline;
                self.clock.arm(now, deadline);
                Ok(self.output.len() != len)
            }
            Err(_) if self.engine.close_status().clean() => Err(None),
            Err(timeout) => Err(Some(timeout.into())),
        }
    }

    /// Whether the engine may learn that the time for the Pong has passed. If the application is busy, the Pong
    /// may wait in the transport.
    fn may_time_out(&mut self) -> bool {
        if self.deadline.is_none_or(|deadline| self.clock.now() < deadline) {
            self.answer = Answer::None;
            return true;
        }
        let answer = self.answer;
        self.answer = match answer {
            Answer::None if self.receiver == ReceiverState::Reading => {
                self.channels.inquiry.ask();
                Answer::Awaited
            }
            Answer::None | Answer::Given => Answer::None,
            Answer::Awaited => Answer::Awaited,
        };
        answer == Answer::Given
    }

    /// Waits until a deadline may have passed. Returns the error if it is that of the transport.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Option<Error>> {
        if self.closing_since.is_none() && self.is_closing(cx) {
            self.closing_since = Some(Instant::now());
        }
        let deadline = self.limits.write_deadline(&self.output, self.closing_since);
        if let Some(deadline) = deadline {
            self.clock.arm_at(deadline);
        }
        ready!(self.clock.poll(cx));
        self.tick_is_due = true;
        if !has_budget_remaining() {
            // The transport may be pending only for that reason. The next poll of the task has a new budget.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let is_stalled = deadline.is_some_and(|deadline| deadline <= Instant::now());
        Poll::Ready(is_stalled.then_some(Error::WriteTimeout))
    }

    /// Whether the closing handshake has begun, a Close waits for room in the output, or the application has
    /// dropped the receiver.
    fn is_closing(&self, cx: &Context<'_>) -> bool {
        !self.engine.can_send() || self.receiver == ReceiverState::Dropped || self.channels.closing.poll(cx)
    }

    /// Whether there is nothing more to write.
    fn is_over(&self) -> bool {
        let is_closed = self.engine.transport_action() == TransportAction::Close;
        let is_idle = match self.receiver {
            ReceiverState::Reading => false,
            ReceiverState::Ended => true,
            ReceiverState::Dropped => !self.has_senders || !self.engine.can_send(),
        };
        is_closed || (is_idle && self.fragments.is_none())
    }

    fn has_room(&self) -> bool {
        self.output.len() < self.limits.max_output
    }

    /// Writes the rest of the output, while the transport accepts it, and shuts the transport down.
    async fn flush_to_end(&mut self, error: Option<&Error>) {
        if let Some(Error::Io(_) | Error::WriteTimeout) = error {
            return;
        }
        let patience = self.limits.patience(error);
        let Self { engine, output, transport, flushes, .. } = self;
        loop {
            let len = output.len();
            let progress = poll_fn(|cx| match output.poll_write(transport, cx) {
                Poll::Pending if output.len() == len => Poll::Pending,
                Poll::Pending => Poll::Ready(Ok(false)),
                Poll::Ready(result) => Poll::Ready(result.map(|()| true)),
            });
            let Ok(Ok(is_written)) = timeout(patience, progress).await else { return };
            flushes.answer(output);
            if is_written {
                // The Close, if the output had no room for it before.
                engine.flush_reply(output);
                if output.is_empty() {
                    break;
                }
            }
        }
        let _ = timeout(LINGER, poll_fn(|cx| Pin::new(&mut *transport).poll_shutdown(cx))).await;
    }
}
