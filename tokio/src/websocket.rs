//! A connection over a transport.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use websocket_proto::{
    Client, CloseCode, CloseStatus, Config, Connection, Delivery, MessageKind, Negotiated, PreparedMessage,
    Server,
};

use crate::driver::Driver;
use crate::engine::Engine;
use crate::error::Error;
use crate::limits::Limits;
use crate::masking::MaskingKeys;
use crate::message::{CloseFrame, Message};

/// The role of this endpoint in a connection (§1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these two")]
pub enum Role {
    /// The server.
    Server,
    /// The client.
    Client,
}

/// A WebSocket connection over a transport, of either role.
///
/// [`accept`](crate::accept) and [`connect`](crate::connect) open one. It is a [`Stream`] and a [`Sink`] of
/// messages, and has the same operations as methods.
///
/// ```no_run
/// # use tokio::net::TcpStream;
/// use websocket_proto_tokio::{Error, WebSocket};
///
/// async fn echo(mut ws: WebSocket<TcpStream>) -> Result<(), Error> {
///     while let Some(message) = ws.receive().await? {
///         if message.is_data() {
///             ws.feed(message).await?; // the next `receive` sends it before it waits
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// # Receive to stay alive
///
/// A connection works while one of its methods is polled. [`receive`](Self::receive) answers Pings and the
/// peer's Close, sends Pings, and keeps all deadlines. A task that only sends must [`split`](Self::split) the
/// connection, or call `receive` in a `select!`.
///
/// # Cancel safety
///
/// All state is in this struct, so every future can be dropped at any `await`, for example in a `select!`:
/// no received message is lost, and the next call sends the queued messages. See
/// [the guide](crate::guide::cancel_safety).
#[derive(Debug)]
pub struct WebSocket<S> {
    pub(crate) driver: Driver<S>,
    subprotocol: Option<Box<str>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    pub(crate) const fn new(driver: Driver<S>, subprotocol: Option<Box<str>>) -> Self {
        Self { driver, subprotocol }
    }

    /// A connection whose opening handshake was done elsewhere, for example by hyper or axum.
    ///
    /// [`UpgradeRequest::from_http`](crate::handshake::UpgradeRequest::from_http) checks the request and
    /// makes the response and `negotiated`.
    #[doc(alias = "from_raw_socket")]
    #[must_use]
    pub fn from_upgraded(stream: S, role: Role, negotiated: Negotiated, config: Config) -> Self {
        Self::from_partially_read(stream, &[], role, negotiated, config)
    }

    /// The same, if `part` of the input after the handshake was already read.
    #[must_use]
    pub fn from_partially_read(
        stream: S,
        part: &[u8],
        role: Role,
        negotiated: Negotiated,
        config: Config,
    ) -> Self {
        let limits = Limits::of(&config);
        let config = config.delivery(Delivery::Messages);
        let engine = match role {
            Role::Server => Engine::Server(Connection::established(Server::new(), negotiated, config)),
            Role::Client => {
                Engine::Client(Connection::established(Client::new(MaskingKeys), negotiated, config))
            }
        };
        let mut driver = Driver::new(stream, engine, limits);
        let count = driver.inbound.feed(part);
        debug_assert_eq!(count, part.len(), "the buffer grows");
        driver.open();
        Self::new(driver, None)
    }

    /// Receives the next message; `None` after the end of the connection.
    ///
    /// The last message is [`Message::Close`], unless the connection fails. The next call after it waits
    /// until the transport is closed, with a deadline, and returns `None`. An error is returned once, after
    /// the transport was closed. A transport that has failed, or accepts no output, stays open until the
    /// connection is dropped.
    ///
    /// # Errors
    /// The connection has failed: see [`Error`].
    ///
    /// # Cancel safety
    /// If the future is dropped, no message is lost.
    #[doc(alias = "next")]
    #[doc(alias = "read")]
    pub async fn receive(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.driver.poll_message(cx)).await.transpose()
    }

    /// Sends a message or a control frame, and waits until the transport has accepted it.
    ///
    /// For many small messages, [`feed`](Self::feed) is faster.
    ///
    /// # Errors
    /// [`Error::Closed`] after a Close or the end; [`Error::WriteTimeout`] if the peer does not read.
    ///
    /// # Cancel safety
    /// If the future is dropped, the message is either queued whole, and the next call of any method sends
    /// it, or it is not sent at all. To know which, call [`ready`](Self::ready) and then `feed`.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues a message or a control frame. The next [`flush`](Self::flush) or [`receive`](Self::receive)
    /// sends it, together with others.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// If the future is dropped before it is complete, the message is not sent. After
    /// [`ready`](Self::ready), the future is complete at the first poll. With a Close, the close has begun,
    /// as with [`close`](Self::close).
    #[doc(alias = "write")]
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        if let Message::Close(frame) = &message {
            poll_fn(|cx| self.driver.poll_ready_to_close(frame.as_ref(), cx)).await?;
        } else {
            self.ready().await?;
        }
        self.driver.start_send(message)
    }

    /// Waits until a message can be queued: until the output that waits is below
    /// [`Config::max_write_buffer`].
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// The future can be dropped at any time.
    pub async fn ready(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.driver.poll_ready(cx)).await
    }

    /// Waits until the transport has accepted all queued messages.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// The future can be dropped at any time. The next call of any method continues.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.driver.poll_flush(cx)).await
    }

    /// Sends a message that was encoded before, for messages that are sent to many.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.ready().await?;
        self.driver.start_prepared(message)?;
        self.flush().await
    }

    /// Sends a message in fragments, one for each item (§5.4). An empty iterator sends an empty message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// If the future is dropped, the message can be incomplete. Send the rest with
    /// [`send_fragment`](Self::send_fragment): until then, no other message can be sent.
    pub async fn send_fragments<I>(&mut self, kind: MessageKind, fragments: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let mut fragments = fragments.into_iter().peekable();
        loop {
            let fragment = fragments.next();
            let last = fragments.peek().is_none();
            self.ready().await?;
            let payload = fragment.as_ref().map_or(&[][..], AsRef::as_ref);
            self.driver.start_fragment(kind, payload, last)?;
            if last {
                return self.flush().await;
            }
        }
    }

    /// Sends the next fragment of a message (§5.4). The first one begins the message, and `last` ends it.
    ///
    /// # Errors
    /// As [`send`](Self::send); [`Error::Send`] if the fragment does not continue the message.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
    ) -> Result<(), Error> {
        self.ready().await?;
        self.driver.start_fragment(kind, payload, last)?;
        self.flush().await
    }

    /// Sends a Ping with at most 125 bytes. [`receive`](Self::receive) returns the Pong.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), Error> {
        self.send(Message::Ping(payload.into())).await
    }

    /// Closes the connection: sends a Close, waits for the peer's Close and for the end of the transport,
    /// each with its deadline. Messages that are received meanwhile are discarded.
    ///
    /// If a Close was sent or received before, it only waits.
    ///
    /// # Errors
    /// The connection failed before both Close frames were exchanged. An error that
    /// [`receive`](Self::receive) has returned is not returned again.
    ///
    /// # Cancel safety
    /// If the future is dropped, call it again. The close has begun: from its first poll on, a peer that does
    /// not read ends the connection with [`Error::WriteTimeout`].
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<CloseStatus, Error> {
        let mut frame = Some(CloseFrame::new(code, reason));
        poll_fn(|cx| {
            ready!(self.poll_start_close(&mut frame, cx))?;
            self.poll_discard(cx)
        })
        .await?;
        Ok(self.driver.close_status())
    }

    /// Sends the Close, unless one was sent before.
    fn poll_start_close(
        &mut self,
        frame: &mut Option<CloseFrame>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        if frame.is_some() && self.driver.engine.can_send() && self.driver.is_running() {
            match ready!(self.driver.poll_ready_to_close(frame.as_ref(), cx)) {
                Ok(()) => self.driver.start_send(Message::Close(frame.take()))?,
                // `poll_discard` returns the reason why the connection has ended.
                Err(Error::Io(_) | Error::WriteTimeout | Error::Closed) => *frame = None,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Receives and discards messages until the end.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(message) = ready!(self.driver.poll_message(cx)) {
            message?;
        }
        Poll::Ready(Ok(()))
    }

    /// The subprotocol in use.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Whether messages can be sent: no Close was sent, and the connection has not ended.
    #[must_use]
    pub fn can_send(&self) -> bool {
        self.driver.engine.can_send() && self.driver.check_writable().is_ok()
    }

    /// The Close frames that were sent and received.
    #[must_use]
    pub fn close_status(&self) -> CloseStatus {
        self.driver.close_status()
    }

    /// The number of bytes that wait for the transport.
    #[must_use]
    pub fn queued_len(&self) -> usize {
        self.driver.queued_len()
    }

    /// The transport.
    pub const fn get_ref(&self) -> &S {
        &self.driver.transport
    }

    /// The transport. To read from it or to write to it breaks the connection.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.driver.transport
    }
}

/// Messages, then at most one error.
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.driver.poll_message(cx)
    }
}

/// `poll_close` sends a Close with the code 1000, and waits as [`WebSocket::close`] does.
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.driver.start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let waker = self.driver.waiters.closing(cx);
        let cx = &mut Context::from_waker(&waker);
        let mut frame = Some(CloseFrame::new(CloseCode::NORMAL_CLOSURE, ""));
        ready!(self.poll_start_close(&mut frame, cx))?;
        self.poll_discard(cx)
    }
}
