//! The half of a connection that sends.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_sink::Sink;
use tokio::sync::mpsc::error::{SendError as ChannelClosed, TrySendError};
use tokio::sync::{mpsc, oneshot};
use websocket_proto::{CloseCode, MessageKind, PreparedMessage, SendError};

use super::command::{Closing, Command};
use crate::error::Error;
use crate::message::{CloseFrame, Message};

/// The half of a connection that sends; [`WebSocket::split`](crate::WebSocket::split) makes it.
///
/// Clones send on the same connection. The methods queue messages for a task that writes them; while the
/// queue is full, they wait. At most 16 messages are in the queue, and
/// [`Config::max_write_buffer`](crate::Config::max_write_buffer) bytes and one message in the output.
///
/// What is in the queue when the peer's Close is received is sent before the answer, as far as the output has
/// room for it. The rest is dropped: only [`flush`](Self::flush) tells whether the transport has accepted a
/// message.
///
/// ```no_run
/// # async fn example(ws: websocket_proto_tokio::WebSocket<tokio::net::TcpStream>) -> Result<(), websocket_proto_tokio::Error> {
/// use websocket_proto_tokio::{CloseCode, Error, SendError};
///
/// let (sender, mut receiver) = ws.split();
/// tokio::spawn(async move { while let Ok(Some(_)) = receiver.receive().await {} });
/// sender.send("Hello").await?;
/// if let Err(Error::Send(SendError::Full)) = sender.try_send("news") {
///     sender.close(CloseCode::POLICY_VIOLATION, "too slow").await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Sender {
    commands: mpsc::Sender<Command>,
    closing: Arc<Closing>,
    /// The state of the `Sink`.
    reservation: Reservation,
}

enum Reservation {
    None,
    Waiting(Pin<Box<dyn Future<Output = Result<OwnedPermit, ChannelClosed<()>>> + Send + Sync>>),
    Ready(OwnedPermit),
}

type OwnedPermit = mpsc::OwnedPermit<Command>;

impl Sender {
    pub(super) const fn new(commands: mpsc::Sender<Command>, closing: Arc<Closing>) -> Self {
        Self { commands, closing, reservation: Reservation::None }
    }

    /// Queues a message or a control frame. The task that writes sends it soon: there is nothing to flush.
    ///
    /// # Errors
    /// [`Error::Closed`] after a Close or the end; [`Error::Send`] if a control frame is too long.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is complete, the message is not sent. To keep it, call
    /// [`reserve`](Self::reserve) first.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let message = checked(message.into())?;
        self.closing.announce(&message);
        self.commands.send(Command::Send(message)).await.map_err(|_| Error::Closed)
    }

    /// Queues a message or a control frame, if there is room in the queue now.
    ///
    /// # Errors
    /// As [`send`](Self::send); [`SendError::Full`] if there is no room: the peer reads too slowly.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let message = checked(message.into())?;
        let is_close = message.is_close();
        self.commands.try_send(Command::Send(message)).map_err(try_error)?;
        if is_close {
            self.closing.begin();
        }
        Ok(())
    }

    /// Waits until there is room in the queue, and reserves it.
    ///
    /// # Errors
    /// [`Error::Closed`] after a Close or the end.
    ///
    /// # Cancel safety
    /// The future can be dropped at any time.
    pub async fn reserve(&self) -> Result<Permit<'_>, Error> {
        let permit = self.commands.reserve().await.map_err(|_| Error::Closed)?;
        Ok(Permit { permit, closing: &self.closing })
    }

    /// Queues a message that was encoded before, for messages that are sent to many.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_prepared(&self, message: impl Into<Arc<PreparedMessage>>) -> Result<(), Error> {
        self.commands.send(Command::Prepared(message.into())).await.map_err(|_| Error::Closed)
    }

    /// Queues a message that was encoded before, if there is room in the queue now.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_prepared(&self, message: impl Into<Arc<PreparedMessage>>) -> Result<(), Error> {
        self.commands.try_send(Command::Prepared(message.into())).map_err(try_error)
    }

    /// Queues a message in fragments, one for each item (§5.4). An empty iterator sends an empty message. The
    /// task takes an item when there is room for it. Messages of other senders wait until the last item.
    ///
    /// If the fragments of a text are no UTF-8, the connection fails.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_fragments<I>(&self, kind: MessageKind, fragments: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: Into<Bytes> + 'static,
        I::IntoIter: Send + 'static,
    {
        let fragments: Box<dyn Iterator<Item = Bytes> + Send> =
            Box::new(fragments.into_iter().map(Into::into));
        self.commands.send(Command::Fragments(kind, fragments.peekable())).await.map_err(|_| Error::Closed)
    }

    /// Queues a Ping with at most 125 bytes.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn ping(&self, payload: impl Into<Bytes>) -> Result<(), Error> {
        self.send(Message::Ping(payload.into())).await
    }

    /// Waits until the transport has accepted all messages that were queued before.
    ///
    /// # Errors
    /// [`Error::Closed`]: the connection has ended, and the messages may be lost.
    ///
    /// # Cancel safety
    /// The future can be dropped at any time.
    pub async fn flush(&self) -> Result<(), Error> {
        let (written, is_written) = oneshot::channel();
        self.commands.send(Command::Flush(written)).await.map_err(|_| Error::Closed)?;
        is_written.await.map_err(|_| Error::Closed)
    }

    /// Queues a Close. After it, nothing can be sent. The [`Receiver`](crate::Receiver) returns the messages
    /// until the peer's Close and then `None`, within the deadlines.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// If the future is dropped, call it again. The close has begun: from its first poll on, a peer that does
    /// not read ends the connection with [`Error::WriteTimeout`].
    pub async fn close(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.send(CloseFrame::new(code, reason)).await
    }

    /// Waits until nothing more can be sent: a Close was sent, or the connection has ended.
    pub async fn closed(&self) {
        self.commands.closed().await;
    }

    /// Whether messages can be sent.
    #[must_use]
    pub fn can_send(&self) -> bool {
        !self.commands.is_closed()
    }

    /// Waits until there is room for a message of the `Sink`.
    fn poll_reserve(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match &mut self.reservation {
                Reservation::Ready(_) => return Poll::Ready(Ok(())),
                Reservation::None => match self.commands.clone().try_reserve_owned() {
                    Ok(permit) => self.reservation = Reservation::Ready(permit),
                    Err(TrySendError::Full(commands)) => {
                        self.reservation = Reservation::Waiting(Box::pin(commands.reserve_owned()));
                    }
                    Err(TrySendError::Closed(_)) => return Poll::Ready(Err(Error::Closed)),
                },
                Reservation::Waiting(future) => match ready!(future.as_mut().poll(cx)) {
                    Ok(permit) => self.reservation = Reservation::Ready(permit),
                    Err(_) => {
                        self.reservation = Reservation::None;
                        return Poll::Ready(Err(Error::Closed));
                    }
                },
            }
        }
    }
}

/// A clone has no reservation.
impl Clone for Sender {
    fn clone(&self) -> Self {
        Self::new(self.commands.clone(), Arc::clone(&self.closing))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("can_send", &self.can_send()).finish_non_exhaustive()
    }
}

/// Room for one message in the queue of a [`Sender`].
///
/// ```no_run
/// # async fn example(sender: websocket_proto_tokio::Sender) -> Result<(), websocket_proto_tokio::Error> {
/// // In a `select!`, only the wait can be cancelled, so the message is never lost.
/// let permit = sender.reserve().await?;
/// permit.send("Hello")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a permit that is dropped sends nothing"]
pub struct Permit<'a> {
    permit: mpsc::Permit<'a, Command>,
    closing: &'a Closing,
}

impl Permit<'_> {
    /// Queues a message or a control frame.
    ///
    /// # Errors
    /// [`Error::Send`] if a control frame is too long.
    pub fn send(self, message: impl Into<Message>) -> Result<(), Error> {
        let message = checked(message.into())?;
        self.closing.announce(&message);
        self.permit.send(Command::Send(message));
        Ok(())
    }
}

/// Checks what depends on the message alone, because the task that writes cannot return an error.
fn checked(message: Message) -> Result<Message, SendError> {
    match &message {
        // §5.5: "All control frames MUST have a payload length of 125 bytes or less"
        Message::Ping(payload) | Message::Pong(payload) if payload.len() > 125 => {
            Err(SendError::ControlTooLong)
        }
        Message::Close(Some(frame)) => frame.check().map(|()| message),
        _ => Ok(message),
    }
}

fn try_error(error: TrySendError<Command>) -> Error {
    match error {
        TrySendError::Full(_) => Error::Send(SendError::Full),
        TrySendError::Closed(_) => Error::Closed,
    }
}

/// `poll_flush` is always ready, because the task that writes needs no request. `poll_close` queues a Close
/// with the code 1000.
impl Sink<Message> for Sender {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_reserve(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let message = checked(message)?;
        match core::mem::replace(&mut self.reservation, Reservation::None) {
            Reservation::Ready(permit) => {
                self.closing.announce(&message);
                permit.send(Command::Send(message));
                Ok(())
            }
            // Without a call of `poll_ready`.
            Reservation::None | Reservation::Waiting(_) => self.try_send(message),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.closing.begin();
        match ready!(self.poll_reserve(cx)) {
            Ok(()) => Poll::Ready(self.start_send(CloseFrame::new(CloseCode::NORMAL_CLOSURE, "").into())),
            Err(_) => Poll::Ready(Ok(())),
        }
    }
}
