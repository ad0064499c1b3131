//! A connection as two halves, for two tasks.
//!
//! ```text
//!               Receiver ◀── transport            transport ◀── Writer (a task)
//!                  │ Notice, at most 16                             ▲   ▲
//!                  └────────────────────────────────────────────────┘   │ Command, at most 16
//!               Sender, its clones ─────────────────────────────────────┘
//! ```

mod command;
mod flushes;
mod halves;
mod receiver;
mod sender;
mod writer;

use command::{HalfEnds, channels};
use halves::split_transport;
pub use receiver::Receiver;
pub use sender::{Permit, Sender};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket_proto::CloseFrameStatus;
use writer::Writer;

use crate::websocket::WebSocket;

impl<S> WebSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Splits the connection into a half that sends and a half that receives, for two tasks. There is no lock
    /// between them over TCP; the directions of other transports share that of [`tokio::io::split`].
    ///
    /// A task of the runtime writes the output, so Pings are answered while no message is sent. It ends with
    /// the connection, or when both halves are dropped. It keeps the limits of a close and of output that the
    /// peer does not read. The other deadlines run while [`Receiver::receive`] is polled: a task must always
    /// receive, even if it ignores the messages.
    ///
    /// Complete a message that was begun with [`send_fragment`](Self::send_fragment) before the split.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as [`tokio::spawn`].
    ///
    /// ```no_run
    /// # use tokio::net::TcpStream;
    /// use websocket_proto_tokio::{Error, WebSocket};
    ///
    /// async fn serve(ws: WebSocket<TcpStream>) -> Result<(), Error> {
    ///     let (sender, mut receiver) = ws.split();
    ///     let ticker = sender.clone();
    ///     tokio::spawn(async move {
    ///         let mut interval = tokio::time::interval(std::time::Duration::from_secs(1));
    ///         while ticker.send("tick").await.is_ok() {
    ///             interval.tick().await;
    ///         }
    ///     });
    ///     while let Some(message) = receiver.receive().await? {
    ///         if message.is_data() {
    ///             sender.send(message).await?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[doc(alias = "into_split")]
    pub fn split(self) -> (Sender, Receiver<S>) {
        let (ends, channels) = channels();
        let driver = self.driver.into_split();
        match driver {
            Ok((parts, engine, write_engine)) => {
                let has_close = write_engine.close_status().received != CloseFrameStatus::None;
                let (read_transport, write_transport) = split_transport(parts.transport);
                let writer = Writer::new(
                    write_engine,
                    write_transport,
                    parts.output,
                    (parts.started, parts.limits, parts.closing_since),
                    channels,
                    parts.trace.clone(),
                );
                tokio::spawn(writer.run());
                let HalfEnds { commands, closing, notices, outcome, inquiry } = ends;
                let receiver = Receiver::new(
                    engine,
                    read_transport,
                    parts.inbound,
                    (parts.started, parts.trace, has_close),
                    (notices, outcome, inquiry),
                );
                (Sender::new(commands, closing), receiver)
            }
            // The connection has ended: there is nothing to send, and the receiver waits for the end.
            Err(driver) => {
                (Sender::new(ends.commands, ends.closing), Receiver::of_ended(Self::new(driver, None)))
            }
        }
    }
}
