//! One WebSocket: the loop that drives the connection, and its end.

use std::future::{pending, poll_fn};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, SendStream};
use tokio::select;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout};
use websocket_proto::{
    CloseCode, CloseFrameStatus, Connection, Event, ReceiveBuffer, Role, SendError, TransportAction,
};

use super::AnyResult;

/// The time that the peer has to take a part of the output.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// The time that the peer has to end the stream. It ends it at once if it reads at all.
const LINGER: Duration = Duration::from_secs(2);

/// A WebSocket on a stream of HTTP/2.
pub(super) struct Tunnel<R: Role> {
    pub(super) ws: Connection<R>,
    pub(super) send: SendStream<Bytes>,
    pub(super) receive: RecvStream,
    pub(super) out: BytesMut,
}

impl<R: Role> Tunnel<R> {
    /// Runs to the end. A client sends `lines`, and closes after the last one.
    pub(super) async fn run(
        mut self,
        mut lines: Option<Receiver<String>>,
        act: impl FnMut(&mut Connection<R>, Event<'_>, &mut BytesMut) -> Result<(), SendError>,
    ) -> AnyResult<()> {
        let result = self.exchange(&mut lines, act).await;
        // RFC 8441 §5: END_STREAM is the orderly end, RST_STREAM with CANCEL is the end by an error. A reset
        // discards the data that h2 has not sent, so a Close needs END_STREAM.
        let has_close = self.ws.close_status().sent != CloseFrameStatus::None;
        if !has_close || timeout(LINGER, self.end()).await.is_err() {
            self.send.send_reset(Reason::CANCEL);
        }
        result
    }

    /// Sends the rest of the output and END_STREAM, and waits for that of the peer.
    async fn end(&mut self) -> Result<(), h2::Error> {
        let mut rest = self.out.split();
        self.ws.flush_reply(&mut self.out); // a Close for which `out` had no room
        rest.unsplit(self.out.split());
        self.send.send_data(rest.freeze(), true)?;
        while let Some(data) = self.receive.data().await {
            self.receive.flow_control().release_capacity(data?.len())?;
        }
        Ok(())
    }

    /// Every `?` leaves a Close in `out`, and `end` sends it.
    async fn exchange(
        &mut self,
        lines: &mut Option<Receiver<String>>,
        mut act: impl FnMut(&mut Connection<R>, Event<'_>, &mut BytesMut) -> Result<(), SendError>,
    ) -> AnyResult<()> {
        let Self { ws, send, receive, out } = self;
        let (mut inbound, started) = (ReceiveBuffer::new(), Instant::now());
        loop {
            // A server reads no further message while the peer does not take the answer. A client always
            // reads: a server that waits for it would not read either.
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
                return Ok(()); // `end` sends `out`
            }
            if more || (out.is_empty() && ws.has_pending_reply()) {
                continue;
            }
            let wait = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_sub(started.elapsed()));
            select! {
                count = capacity(send, out.len()), if !out.is_empty() => {
                    send.send_data(out.split_to(count?).freeze(), false)?;
                }
                data = receive.data(), if reads => {
                    let Some(data) = data.transpose()? else {
                        return if ws.receive_eof().clean() { Ok(()) } else { Err("no Close".into()) };
                    };
                    let _all = inbound.feed(&data);
                    // Only now, so that a peer waits while this endpoint does not read.
                    receive.flow_control().release_capacity(data.len())?;
                }
                line = next(lines), if out.is_empty() && ws.can_send() => match line {
                    Some(line) => ws.send_text(&line, out)?,
                    None => ws.close(CloseCode::NORMAL_CLOSURE, "", out)?,
                },
                () = sleep(wait), if reads => {} // `tick` acts on the deadline
                () = sleep(WRITE_TIMEOUT), if !reads => return Err("the peer does not read".into()),
            }
        }
    }
}

/// Waits until flow control permits to send some of `wanted` bytes. Returns how many.
async fn capacity(send: &mut SendStream<Bytes>, wanted: usize) -> AnyResult<usize> {
    send.reserve_capacity(wanted);
    while send.capacity() == 0 {
        poll_fn(|context| send.poll_capacity(context)).await.ok_or("the peer has reset the stream")??;
    }
    Ok(send.capacity().min(wanted))
}

async fn next(lines: &mut Option<Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => pending().await,
    }
}
