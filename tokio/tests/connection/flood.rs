//! A peer that sends without end, in paused time: its input must not postpone the deadlines that it does not
//! lift.

use core::future::Future as _;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, advance};
use websocket_proto_tokio::{
    CloseCode, CloseFrame, Config, Error, Message, Negotiated, Role, Timeout, WebSocket,
};

use crate::support::{ROLES, frame, seconds};

/// A transport that always has input. As those of tokio, it is pending if the task has used up its budget.
struct Flood {
    input: Vec<u8>,
    /// Whether the peer reads.
    is_read: bool,
}

impl AsyncRead for Flood {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(pin!(consume_budget()).poll(cx));
        space.put_slice(&self.input);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_read { Poll::Ready(Ok(bytes.len())) } else { Poll::Pending }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn open(role: Role, input: Vec<u8>, is_read: bool) -> WebSocket<Flood> {
    WebSocket::from_upgraded(Flood { input, is_read }, role, Negotiated::new(), Config::new())
}

/// Sends the message, and receives until the end.
async fn run(mut ws: WebSocket<Flood>, message: Message, is_split: bool) -> Result<(), Error> {
    if is_split {
        let (sender, mut receiver) = ws.split();
        sender.send(message).await?;
        while receiver.receive().await?.is_some() {}
    } else {
        ws.feed(message).await?;
        while ws.receive().await?.is_some() {}
    }
    Ok(())
}

/// The error of a connection, and the number of seconds until then. Paused time advances only while all tasks
/// are idle, which a flood prevents.
async fn end(task: JoinHandle<Result<(), Error>>, case: impl core::fmt::Debug) -> (Error, u64) {
    let started = Instant::now();
    while !task.is_finished() {
        assert!(started.elapsed() < seconds(100), "no end: {case:?}");
        advance(seconds(1)).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    (task.await.unwrap().unwrap_err(), started.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_postpone_the_limit_of_a_close() {
    for role in ROLES {
        for is_split in [false, true] {
            let ws = open(role, frame(role, 0x82, b"data"), true);
            let close = CloseFrame::new(CloseCode::GOING_AWAY, "");
            let (error, after) = end(tokio::spawn(run(ws, close.into(), is_split)), (role, is_split)).await;
            assert!(matches!(error, Error::Timeout(Timeout::Close)), "{role:?} {is_split} {error}");
            assert!((10..=13).contains(&after), "{role:?} {is_split} {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_postpone_the_limit_of_a_write() {
    for role in ROLES {
        for is_split in [false, true] {
            let ws = open(role, frame(role, 0x82, b"data"), false);
            let (error, after) =
                end(tokio::spawn(run(ws, "not read".into(), is_split)), (role, is_split)).await;
            assert!(matches!(error, Error::WriteTimeout), "{role:?} {is_split} {error}");
            assert!((20..=23).contains(&after), "{role:?} {is_split} {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_after_a_violation_ends() {
    for role in ROLES {
        for is_split in [false, true] {
            let ws = open(role, frame(role, 0x83, b""), true);
            let (error, after) =
                end(tokio::spawn(run(ws, "message".into(), is_split)), (role, is_split)).await;
            assert!(matches!(error, Error::Protocol(_)), "{role:?} {is_split} {error}");
            assert!(after <= 3, "{role:?} {is_split} {after}");
        }
    }
}
