//! One WebSocket: the loop that drives the connection, and its end.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use h3::error::{Code, StreamError};
use h3::quic;
use tokio::select;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep, timeout};
use websocket_proto::{
    CloseCode, CloseFrameStatus, Connection, Event, ReceiveBuffer, Role, SendError, TransportAction,
};

use super::AnyResult;

/// The time that the peer has to take a part of the output.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// The time that the peer has to end the stream. It ends it at once if it reads at all.
const LINGER: Duration = Duration::from_secs(2);

/// A WebSocket on a stream of HTTP/3.
pub(super) struct Tunnel<R: Role, S, T> {
    pub(super) ws: Connection<R>,
    pub(super) send: S,
    pub(super) receive: T,
}

impl<R: Role, S: SendHalf, T: ReceiveHalf> Tunnel<R, S, T> {
    /// Runs to the end. A client sends `lines`, and closes after the last one.
    pub(super) async fn run(
        mut self,
        lines: Option<Receiver<String>>,
        act: impl FnMut(&mut Connection<R>, Event<'_>, &mut BytesMut) -> Result<(), SendError>,
    ) -> AnyResult<()> {
        let Self { ws, send, receive } = &mut self;
        let mut out = BytesMut::new();
        let (output, chunks) = channel(1);
        let (result, is_ended) = {
            // Not in the `select!` of `exchange`: the future of a send must not be dropped before its end.
            let mut write = pin!(write(send, chunks));
            let result = select! {
                result = exchange(ws, receive, &mut out, (&output, lines), act) => result,
                Err(error) = &mut write => return Err(error.into()), // the stream has no sending side now
            };
            // RFC 9220 §3: FIN is the orderly end, H3_REQUEST_CANCELLED is the end by an error. A reset
            // discards the data that QUIC has not sent, so a Close needs FIN.
            let has_close = ws.close_status().sent != CloseFrameStatus::None;
            let end = async {
                let mut rest = out.split();
                ws.flush_reply(&mut out); // a Close for which `out` had no room
                rest.unsplit(out);
                let _ = output.send(rest.freeze()).await;
                drop(output);
                while receive.receive().await?.is_some() {}
                Ok(())
            };
            let end = async { tokio::try_join!(write, end) };
            (result, has_close && matches!(timeout(LINGER, end).await, Ok(Ok(_))))
        };
        if !is_ended {
            self.send.reset();
            self.receive.stop();
        }
        result
    }
}

/// Sends the chunks, and FIN after the last one.
async fn write(send: &mut impl SendHalf, mut chunks: Receiver<Bytes>) -> Result<(), StreamError> {
    while let Some(chunk) = chunks.recv().await {
        // h3 takes an empty DATA frame for the end of the stream.
        if !chunk.is_empty() {
            send.send(chunk).await?;
        }
    }
    send.end().await
}

/// Every `?` leaves a Close in `out`, and `run` sends it.
async fn exchange<R: Role>(
    ws: &mut Connection<R>,
    receive: &mut impl ReceiveHalf,
    out: &mut BytesMut,
    (output, mut lines): (&Sender<Bytes>, Option<Receiver<String>>),
    mut act: impl FnMut(&mut Connection<R>, Event<'_>, &mut BytesMut) -> Result<(), SendError>,
) -> AnyResult<()> {
    let (mut inbound, started) = (ReceiveBuffer::new(), Instant::now());
    loop {
        // A server reads no further message while the peer does not take the answer: then the window of QUIC
        // stops the peer. A client always reads: a server that waits for it would not read either.
        let reads = lines.is_some() || out.is_empty();
        let event = if reads { ws.receive(&mut inbound, out)? } else { None };
        let more = event.is_some();
        match event.map_or(Ok(()), |event| act(ws, event, out)) {
            Ok(()) | Err(SendError::Closed) => {} // messages arrive until the peer's Close
            Err(error) => return Err(error.into()),
        }
        // Without reads, no Pong can arrive, so `tick` would end the connection of a slow peer.
        let deadline = if reads { ws.tick(started.elapsed(), out)? } else { None };
        if ws.transport_action() == TransportAction::Close {
            return Ok(()); // `run` sends `out`
        }
        if more || (out.is_empty() && ws.has_pending_reply()) {
            continue;
        }
        let wait = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_sub(started.elapsed()));
        select! {
            Ok(room) = output.reserve(), if !out.is_empty() => {
                room.send(out.split_to(out.len().min(16 * 1024)).freeze());
            }
            data = receive.receive(), if reads => {
                let Some(data) = data? else {
                    return if ws.receive_eof().clean() { Ok(()) } else { Err("no Close".into()) };
                };
                let _all = inbound.feed(&data);
            }
            line = next(&mut lines), if out.is_empty() && ws.can_send() => match line {
                Some(line) => ws.send_text(&line, out)?,
                None => ws.close(CloseCode::NORMAL_CLOSURE, "", out)?,
            },
            () = sleep(wait), if reads => {} // `tick` acts on the deadline
            () = sleep(WRITE_TIMEOUT), if !reads => return Err("the peer does not read".into()),
        }
    }
}

async fn next(lines: &mut Option<Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => pending().await,
    }
}

/// The sending half of a request stream.
pub(super) trait SendHalf {
    async fn send(&mut self, data: Bytes) -> Result<(), StreamError>;
    async fn end(&mut self) -> Result<(), StreamError>;
    fn reset(&mut self);
}

/// The receiving half of a request stream.
pub(super) trait ReceiveHalf {
    async fn receive(&mut self) -> Result<Option<Bytes>, StreamError>;
    fn stop(&mut self);
}

/// h3 has a type for each side, with the same methods.
macro_rules! halves {
    ($side:ident) => {
        impl<S: quic::SendStream<Bytes>> SendHalf for h3::$side::RequestStream<S, Bytes> {
            async fn send(&mut self, data: Bytes) -> Result<(), StreamError> {
                self.send_data(data).await
            }

            async fn end(&mut self) -> Result<(), StreamError> {
                self.finish().await
            }

            fn reset(&mut self) {
                self.stop_stream(Code::H3_REQUEST_CANCELLED);
            }
        }

        impl<S: quic::RecvStream> ReceiveHalf for h3::$side::RequestStream<S, Bytes> {
            async fn receive(&mut self) -> Result<Option<Bytes>, StreamError> {
                let data = self.recv_data().await?;
                Ok(data.map(|mut data| data.copy_to_bytes(data.remaining())))
            }

            fn stop(&mut self) {
                self.stop_sending(Code::H3_REQUEST_CANCELLED);
            }
        }
    };
}

halves!(client);
halves!(server);
