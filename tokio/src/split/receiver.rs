//! The half of a connection that receives.

use alloc::sync::Arc;
use core::fmt;
use core::future::{Future as _, poll_fn};
use core::mem;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use std::io;

use bytes::BytesMut;
use futures_core::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::coop::has_budget_remaining;
use tokio::task::unconstrained;
use tokio::time::Instant;
use websocket_proto::{CloseStatus, ReceiveBuffer};

use super::command::{Inquiry, Notice, Outcome};
use super::halves::ReadTransport;
use crate::clock::Clock;
use crate::ending::LINGER;
use crate::engine::ReadEngine;
use crate::error::Error;
use crate::incoming::{Content, ReadSize, new_inbound, poll_discard, poll_read, poll_read_idle};
use crate::message::Message;
use crate::trace::Trace;
use crate::websocket::WebSocket;

/// The half of a connection that receives; [`WebSocket::split`](crate::WebSocket::split) makes it.
///
/// It is a [`Stream`], too. The deadlines of the connection, except those of a close and of the output, run
/// while it is polled. If it is dropped, the connection reads nothing more, and ends when all
/// [`Sender`](crate::Sender)s are dropped, or have sent a Close.
///
/// ```no_run
/// # async fn example(ws: websocket_proto_tokio::WebSocket<tokio::net::TcpStream>) -> Result<(), websocket_proto_tokio::Error> {
/// let (sender, mut receiver) = ws.split();
/// while let Some(message) = receiver.receive().await? {
///     println!("{message:?}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct Receiver<S>(Inner<S>);

enum Inner<S> {
    Reading(Box<Reading<S>>),
    /// The connection had ended before the split.
    Ended(Box<WebSocket<S>>),
}

struct Reading<S> {
    engine: ReadEngine,
    transport: ReadTransport<S>,
    inbound: ReceiveBuffer<BytesMut>,
    clock: Clock,
    trace: Trace,
    notices: Notices,
    phase: Phase,
    error: Option<Error>,
    tick_is_due: bool,
    /// Whether the peer's Close was received.
    has_close: bool,
    /// The peer's Close, until the task that writes is told of it.
    close: Option<Message>,
    /// Whether there was no message since the last silence.
    is_idle: bool,
    read_size: ReadSize,
    inquiry: Arc<Inquiry>,
}

enum Phase {
    Running(oneshot::Receiver<Outcome>),
    /// Nothing can be written any more, because of this error. Input is read until this time.
    Draining(Error, Instant),
    /// The transport has ended: waits for the outcome.
    Eof(oneshot::Receiver<Outcome>),
    /// The task that writes has ended: input is discarded until this time.
    Lingering(Instant),
    Ended,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receiver<S> {
    pub(super) fn new(
        engine: ReadEngine,
        transport: ReadTransport<S>,
        inbound: ReceiveBuffer<BytesMut>,
        (started, trace, has_close): (Instant, Trace, bool),
        (notices, outcome, inquiry): (mpsc::Sender<Notice>, oneshot::Receiver<Outcome>, Arc<Inquiry>),
    ) -> Self {
        Self(Inner::Reading(Box::new(Reading {
            engine,
            transport,
            inbound,
            clock: Clock::since(started),
            trace,
            notices: Notices { channel: Some(notices), waiting: None },
            phase: Phase::Running(outcome),
            error: None,
            tick_is_due: true,
            has_close,
            close: None,
            is_idle: false,
            read_size: ReadSize::default(),
            inquiry,
        })))
    }

    pub(super) fn of_ended(ws: WebSocket<S>) -> Self {
        Self(Inner::Ended(Box::new(ws)))
    }

    /// Receives the next message; `None` after the end of the connection. As
    /// [`WebSocket::receive`](crate::WebSocket::receive).
    ///
    /// # Errors
    /// The connection has failed: see [`Error`].
    ///
    /// # Cancel safety
    /// If the future is dropped, no message is lost.
    #[doc(alias = "next")]
    pub async fn receive(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.poll_message(cx)).await.transpose()
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        match &mut self.0 {
            Inner::Reading(reading) => reading.poll_message(cx),
            Inner::Ended(ws) => ws.driver.poll_message(cx),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Reading<S> {
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        while let Phase::Running(_) | Phase::Draining(..) = self.phase {
            // Without it, a peer could cause any number of replies.
            ready!(self.notices.poll_ready(cx));
            if let Some(close) = self.close.take() {
                return Poll::Ready(Some(Ok(close)));
            }
            let (signal, received) = self.engine.receive(&mut self.inbound);
            if let Some(signal) = signal {
                self.notices.send(Notice::Signal(signal));
            }
            match received {
                Ok(Some(event)) => {
                    let content = Content::of(&event);
                    if let Some(message) = content.into_message(&mut self.inbound) {
                        self.is_idle = self.is_idle && !message.is_data();
                        self.read_size.delivered(&message);
                        if message.is_close() {
                            self.has_close = true;
                            self.end_draining();
                            if self.notices.poll_ready(cx).is_pending() {
                                // The application may drop the receiver at its last message.
                                self.close = Some(message);
                                return Poll::Pending;
                            }
                        }
                        return Poll::Ready(Some(Ok(message)));
                    }
                }
                Ok(None) => ready!(self.poll_more(cx)),
                Err(error) => {
                    // The task that writes sends the Close. Until it has ended, input is discarded.
                    let error = error.into();
                    self.trace.ended(Some(&error), CloseStatus::default());
                    self.error = self.error.take().or(Some(error));
                    self.end_draining();
                    // The end of the transport must not replace the signal.
                    ready!(self.notices.poll_ready(cx));
                    ready!(self.poll_more(cx));
                }
            }
        }
        ready!(self.poll_end(cx));
        Poll::Ready(self.error.take().map(Err))
    }

    /// Waits for input, or for the end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Phase::Running(_) | Phase::Draining(..) = self.phase {
            if self.tick_is_due {
                ready!(self.poll_tick(cx));
            }
            // If the peer sends without end, and the application waits between messages, no read is pending.
            if self.has_writer_ended() {
                continue;
            }
            if self.is_drained() {
                self.end_by_peer(None);
                break;
            }
            // Without room, the task is woken when there is.
            let has_room = self.notices.poll_ready(cx).is_ready();
            let poll_read = if self.is_idle { poll_read_idle } else { poll_read };
            if let Poll::Ready(result) =
                poll_read(&mut self.transport, &mut self.inbound, &mut self.read_size, cx)
            {
                match result {
                    Ok(1..) => self.tick_is_due |= self.clock.hear(),
                    result => self.end_by_peer(result.err()),
                }
                break;
            }
            if self.poll_writer(cx).is_ready() {
                continue;
            }
            if !has_budget_remaining() {
                // The transports of tokio are pending to a task that has used up its budget, even if they have
                // input. The next poll of the task has a new budget.
                cx.waker().wake_by_ref();
            } else if let Phase::Draining(_, until) = self.phase {
                self.clock.arm_at(until);
            } else if has_room && self.inquiry.poll(cx) {
                self.notices.send(Notice::InputRead);
                let _ = self.notices.poll_ready(cx);
            }
            ready!(self.clock.poll(cx));
            self.tick_is_due = true;
        }
        Poll::Ready(())
    }

    /// Tells the engine the time.
    fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.notices.poll_ready(cx));
        self.tick_is_due = false;
        let now = self.clock.now();
        let (signal, deadline) = self.engine.tick(now);
        if let Some(signal) = signal {
            // A silence has begun, or it has ended with a Pong or a message.
            self.is_idle = true;
            self.engine.shrink_to_fit();
            self.notices.send(Notice::Silence(signal));
        }
        self.clock.arm(now, deadline);
        Poll::Ready(())
    }

    /// Whether the task that writes has just ended. It takes one atomic load to see that it has not.
    fn has_writer_ended(&mut self) -> bool {
        let Phase::Running(outcome) = &mut self.phase else { return false };
        let outcome = match outcome.try_recv() {
            Err(TryRecvError::Empty) => return false,
            outcome => outcome.ok(),
        };
        self.end_writing(outcome);
        true
    }

    /// Waits until the task that writes has ended.
    fn poll_writer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::Running(outcome) = &mut self.phase else { return Poll::Pending };
        // The read may be pending because the task has used up its budget.
        let outcome = ready!(pin!(unconstrained(outcome)).poll(cx));
        self.end_writing(outcome.ok());
        Poll::Ready(())
    }

    /// The task that writes has ended: `None` if its runtime has.
    fn end_writing(&mut self, outcome: Option<Outcome>) {
        let until = Instant::now() + LINGER;
        self.phase = match outcome {
            // The transport of the task has failed. It may still have the peer's last messages.
            Some(Outcome { error: Some(error @ Error::Io(_)), status })
                if self.error.is_none() && !self.has_close && !status.clean() =>
            {
                self.notices.channel = None;
                Phase::Draining(error, until)
            }
            outcome => {
                self.finish(outcome);
                Phase::Lingering(until)
            }
        };
    }

    /// Whether the time to read after an error of the transport has passed.
    fn is_drained(&self) -> bool {
        matches!(self.phase, Phase::Draining(_, until) if Instant::now() >= until && has_budget_remaining())
    }

    /// No further message can follow in the input that is read after an error of the transport.
    fn end_draining(&mut self) {
        if let Phase::Draining(_, until) = self.phase {
            self.phase = Phase::Lingering(until);
            self.inbound = new_inbound();
        }
    }

    /// The transport has ended, or is not read any more.
    fn end_by_peer(&mut self, error: Option<io::Error>) {
        self.error = self.error.take().or(error.map(Error::Io));
        if !self.has_close {
            let error = self.error.as_ref().unwrap_or(&Error::Disconnected);
            self.trace.ended(Some(error), CloseStatus::default());
        }
        self.notices.send(Notice::End);
        self.phase = match mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Running(outcome) => Phase::Eof(outcome),
            Phase::Draining(error, _) => {
                self.error = Some(error);
                self.inbound = new_inbound();
                Phase::Ended
            }
            other => other,
        };
    }

    /// Waits for the end of the transport and of the task that writes.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.phase {
                Phase::Running(_) | Phase::Draining(..) | Phase::Ended => return Poll::Ready(()),
                Phase::Eof(outcome) => {
                    let _ = self.notices.poll_ready(cx);
                    let outcome = ready!(Pin::new(outcome).poll(cx)).ok();
                    self.phase = Phase::Ended;
                    let is_clean = outcome.as_ref().is_some_and(|outcome| self.is_clean(outcome));
                    self.finish(outcome);
                    if is_clean {
                        self.error = None;
                    } else if self.error.is_none() {
                        self.error = Some(Error::Disconnected);
                    }
                }
                Phase::Lingering(deadline) => {
                    if poll_discard(&mut self.transport, cx).is_pending() && Instant::now() < *deadline {
                        self.clock.arm_at(*deadline);
                        ready!(self.clock.poll(cx));
                        continue;
                    }
                    self.phase = Phase::Ended;
                }
            }
        }
    }

    /// Whether both Close frames were exchanged, except that a task whose transport has failed cannot answer.
    fn is_clean(&self, outcome: &Outcome) -> bool {
        outcome.status.clean() || (self.has_close && matches!(outcome.error, Some(Error::Io(_))))
    }

    /// The task that writes has ended: `None` if its runtime has.
    fn finish(&mut self, outcome: Option<Outcome>) {
        let error = match outcome {
            // A transport that fails after both Close frames does no harm.
            Some(outcome) if matches!(outcome.error, Some(Error::Io(_))) && self.is_clean(&outcome) => None,
            Some(outcome) => outcome.error,
            None => Some(Error::Disconnected),
        };
        self.error = self.error.take().or(error);
        self.notices.channel = None;
        self.inbound = new_inbound();
    }
}

/// The channel to the task that writes, and a notice that waits for room in it.
struct Notices {
    channel: Option<mpsc::Sender<Notice>>,
    waiting: Option<(Notice, Reservation)>,
}

type Reservation = Pin<
    Box<dyn Future<Output = Result<mpsc::OwnedPermit<Notice>, mpsc::error::SendError<()>>> + Send + Sync>,
>;

impl Notices {
    /// Sends a notice, or keeps it until there is room. At most one may wait. Only the end may replace it.
    fn send(&mut self, notice: Notice) {
        let Some(channel) = &self.channel else { return };
        let notice = match (&self.waiting, notice) {
            (None, notice) => match channel.try_send(notice) {
                Ok(()) | Err(TrySendError::Closed(_)) => return,
                Err(TrySendError::Full(notice)) => notice,
            },
            // The end of the transport: a Ping after a silence is of no use.
            (Some(_), notice) => notice,
        };
        let reservation = Box::pin(channel.clone().reserve_owned());
        self.waiting = Some((notice, reservation));
    }

    /// Waits until no notice waits.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some((_, reservation)) = &mut self.waiting {
            let permit = ready!(reservation.as_mut().poll(cx));
            if let (Ok(permit), Some((notice, _))) = (permit, self.waiting.take()) {
                permit.send(notice);
            }
        }
        Poll::Ready(())
    }
}

impl<S> fmt::Debug for Receiver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// Messages, then at most one error.
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Receiver<S> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(cx)
    }
}
