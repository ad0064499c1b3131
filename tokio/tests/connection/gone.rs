//! A peer that has closed its socket: each write fails, and its last messages wait in the transport.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};
use tokio::time::{Instant, sleep, timeout};
use websocket_proto_tokio::{Config, Error, Message, Negotiated, Receiver, Role, WebSocket};

use crate::support::{ROLES, frame, seconds};

/// The length of a read, so that the messages of [`backlog`] need more reads than a task has budget.
const READ: usize = 100;

pub(crate) struct Gone {
    stream: DuplexStream,
    /// The number of writes until now, and before the first one that fails.
    writes: usize,
    accepted: usize,
}

impl AsyncRead for Gone {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut memory = [0; READ];
        let len = READ.min(space.remaining());
        let mut part = ReadBuf::new(&mut memory[..len]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        space.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gone {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes += 1;
        let has_failed = self.writes > self.accepted;
        Poll::Ready(if has_failed { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(bytes.len()) })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub(crate) fn open(role: Role) -> (WebSocket<Gone>, DuplexStream) {
    open_after(role, 0)
}

/// The transport accepts so many writes.
fn open_after(role: Role, accepted: usize) -> (WebSocket<Gone>, DuplexStream) {
    let (stream, peer) = duplex(1_000_000);
    let stream = Gone { stream, writes: 0, accepted };
    (WebSocket::from_upgraded(stream, role, Negotiated::new(), Config::new()), peer)
}

/// A connection of either kind, after its first write.
enum Endpoint {
    Whole(Box<WebSocket<Gone>>),
    Split(Receiver<Gone>),
}

impl Endpoint {
    async fn after_write(mut ws: WebSocket<Gone>, is_split: bool) -> Self {
        if is_split {
            let (sender, receiver) = ws.split();
            sender.send("to nobody").await.unwrap();
            sender.closed().await;
            Self::Split(receiver)
        } else {
            assert!(matches!(ws.send("to nobody").await, Err(Error::Io(_))));
            Self::Whole(Box::new(ws))
        }
    }

    async fn receive(&mut self) -> Result<Option<Message>, Error> {
        match self {
            Self::Whole(ws) => ws.receive().await,
            Self::Split(receiver) => receiver.receive().await,
        }
    }
}

const BACKLOG: usize = 500;

fn backlog(role: Role) -> Vec<u8> {
    frame(role, 0x82, &[7; READ]).repeat(BACKLOG)
}

#[tokio::test(start_paused = true)]
async fn the_backlog_and_the_close_of_the_peer_are_received_after_a_failed_write() {
    for role in ROLES {
        for is_split in [false, true] {
            for is_open in [false, true] {
                let (ws, mut peer) = open(role);
                peer.write_all(&backlog(role)).await.unwrap();
                peer.write_all(&frame(role, 0x88, b"\x03\xe8")).await.unwrap();
                // A transport that stays open ends at a deadline.
                let _peer = is_open.then_some(peer);
                let mut endpoint = Endpoint::after_write(ws, is_split).await;
                // The time to read does not begin before the application reads.
                sleep(seconds(10)).await;
                for number in 0..BACKLOG {
                    let result = endpoint.receive().await;
                    assert!(matches!(result, Ok(Some(Message::Binary(_)))), "{is_split} {number} {result:?}");
                }
                let result = endpoint.receive().await;
                assert!(matches!(result, Ok(Some(Message::Close(Some(_))))), "{is_split} {result:?}");
                let result = timeout(seconds(20), endpoint.receive()).await;
                assert!(matches!(result, Ok(Ok(None))), "{role:?} {is_split} {is_open} {result:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_failed_write_follows_the_backlog() {
    for role in ROLES {
        for is_split in [false, true] {
            for is_open in [false, true] {
                let (ws, mut peer) = open(role);
                peer.write_all(&backlog(role)).await.unwrap();
                let _peer = is_open.then_some(peer);
                let mut endpoint = Endpoint::after_write(ws, is_split).await;
                let started = Instant::now();
                for number in 0..BACKLOG {
                    let result = endpoint.receive().await;
                    assert!(matches!(result, Ok(Some(Message::Binary(_)))), "{is_split} {number} {result:?}");
                }
                let result = timeout(seconds(20), endpoint.receive()).await.expect("the end");
                assert!(matches!(result, Err(Error::Io(_))), "{role:?} {is_split} {is_open} {result:?}");
                assert_eq!(started.elapsed().as_secs(), if is_open { 2 } else { 0 }, "{role:?} {is_split}");
                assert!(matches!(endpoint.receive().await, Ok(None)));
            }
        }
    }
}

/// The Pongs cannot be written, so a Ping is no reason to read longer.
#[tokio::test(start_paused = true)]
async fn pings_do_not_prolong_the_time_to_read_after_a_failed_write() {
    for role in ROLES {
        for is_split in [false, true] {
            let (ws, mut peer) = open(role);
            let mut endpoint = Endpoint::after_write(ws, is_split).await;
            let pings = tokio::spawn(async move {
                while peer.write_all(&frame(role, 0x89, b"")).await.is_ok() {
                    sleep(seconds(1)).await;
                }
            });
            let started = Instant::now();
            let error = loop {
                match timeout(seconds(20), endpoint.receive()).await.expect("a Ping, or the end") {
                    Ok(message) => assert!(matches!(message, Some(Message::Ping(_)))),
                    Err(error) => break error,
                }
                assert!(started.elapsed() < seconds(20), "{role:?} {is_split}");
            };
            assert!(matches!(error, Error::Io(_)), "{role:?} {is_split} {error:?}");
            assert_eq!(started.elapsed().as_secs(), 2, "{role:?} {is_split}");
            drop(endpoint);
            pings.await.unwrap();
        }
    }
}

/// What a later write brings would follow a gap.
#[tokio::test(start_paused = true)]
async fn nothing_is_written_after_a_failed_write() {
    for role in ROLES {
        for close in [false, true] {
            let (mut ws, mut peer) = open(role);
            let first = if close { 0x88 } else { 0x83 };
            peer.write_all(&frame(role, first, b"")).await.unwrap();
            assert!(matches!(ws.send("to nobody").await, Err(Error::Io(_))));
            if close {
                assert!(matches!(ws.receive().await, Ok(Some(Message::Close(None)))));
                assert!(matches!(ws.receive().await, Ok(None)));
            } else {
                assert!(matches!(ws.receive().await, Err(Error::Protocol(_))));
            }
            assert_eq!(ws.get_ref().writes, 1, "{role:?} {close}");
        }
    }
}

/// The deadline of a Pong passes in the two seconds after the failed write.
#[tokio::test(start_paused = true)]
async fn a_timeout_does_not_replace_the_error_of_a_failed_write() {
    for role in ROLES {
        let (mut ws, _peer) = open_after(role, 1);
        assert!(timeout(seconds(39), ws.receive()).await.is_err());
        assert_eq!(ws.get_ref().writes, 1, "the Ping");
        assert!(matches!(ws.send("to nobody").await, Err(Error::Io(_))));
        let result = timeout(seconds(3), ws.receive()).await.expect("the end");
        assert!(matches!(result, Err(Error::Io(_))), "{role:?} {result:?}");
    }
}
