//! A peer that sends without end, in paused time: its input must not postpone the deadlines that it does not
//! lift.

use core::future::Future as _;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, advance, sleep};
use websocket_proto_tokio::{
    CloseCode, CloseFrame, Config, Error, Message, Negotiated, Role, Timeout, WebSocket,
};

use crate::support::{ROLES, frame, seconds};

/// A transport that always has input. As those of tokio, it is pending if the task has used up its budget.
struct Flood {
    input: Vec<u8>,
    writes: Writes,
}

#[derive(Debug, Clone, Copy)]
enum Writes {
    Accepted,
    /// The peer does not read.
    Stalled,
    /// The peer has closed its socket.
    Failing,
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
        match self.writes {
            Writes::Accepted => Poll::Ready(Ok(bytes.len())),
            Writes::Stalled => Poll::Pending,
            Writes::Failing => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn open(role: Role, input: Vec<u8>, writes: Writes) -> WebSocket<Flood> {
    WebSocket::from_upgraded(Flood { input, writes }, role, Negotiated::new(), Config::new())
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
            let ws = open(role, frame(role, 0x82, b"data"), Writes::Accepted);
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
            let ws = open(role, frame(role, 0x82, b"data"), Writes::Stalled);
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
            let ws = open(role, frame(role, 0x83, b""), Writes::Accepted);
            let (error, after) =
                end(tokio::spawn(run(ws, "message".into(), is_split)), (role, is_split)).await;
            assert!(matches!(error, Error::Protocol(_)), "{role:?} {is_split} {error}");
            assert!(after <= 3, "{role:?} {is_split} {after}");
        }
    }
}

/// Paused time advances while the application works, so each call has a new budget, and no read is pending.
async fn run_slowly(mut ws: WebSocket<Flood>, message: Message, is_split: bool) -> Result<(), Error> {
    if is_split {
        let (sender, mut receiver) = ws.split();
        sender.send(message).await?;
        while receiver.receive().await?.is_some() {
            sleep(seconds(1)).await;
        }
    } else {
        ws.feed(message).await?;
        while ws.receive().await?.is_some() {
            sleep(seconds(1)).await;
        }
    }
    Ok(())
}

/// The error of a connection whose application works between messages, and the number of seconds until then.
async fn end_slowly(role: Role, writes: Writes, message: Message, is_split: bool) -> (Error, u64) {
    let ws = open(role, frame(role, 0x82, b"data"), writes);
    end(tokio::spawn(run_slowly(ws, message, is_split)), (role, writes, is_split)).await
}

#[tokio::test(start_paused = true)]
async fn a_flood_to_a_slow_application_does_not_postpone_the_limits() {
    for role in ROLES {
        for is_split in [false, true] {
            let close = || Message::from(CloseFrame::new(CloseCode::GOING_AWAY, ""));
            let (error, after) = end_slowly(role, Writes::Accepted, close(), is_split).await;
            assert!(matches!(error, Error::Timeout(Timeout::Close)), "{role:?} {is_split} {error}");
            assert!((10..=13).contains(&after), "{role:?} {is_split} {after}");

            let (error, after) = end_slowly(role, Writes::Stalled, close(), is_split).await;
            assert!(matches!(error, Error::WriteTimeout), "{role:?} {is_split} {error}");
            assert!((20..=23).contains(&after), "{role:?} {is_split} {after}");

            let (error, after) = end_slowly(role, Writes::Stalled, "not read".into(), is_split).await;
            assert!(matches!(error, Error::WriteTimeout), "{role:?} {is_split} {error}");
            assert!((20..=23).contains(&after), "{role:?} {is_split} {after}");

            let (error, after) = end_slowly(role, Writes::Failing, "lost".into(), is_split).await;
            assert!(matches!(error, Error::Io(_)), "{role:?} {is_split} {error}");
            assert!((2..=4).contains(&after), "{role:?} {is_split} {after}");
        }
    }
}
