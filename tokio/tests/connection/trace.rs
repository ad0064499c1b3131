//! The events of the feature `tracing`.

use alloc::sync::Arc;
use core::fmt;
use std::sync::Mutex;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, duplex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Subscriber, set_default};
use tracing::{Event, Metadata};
use websocket_proto_tokio::{ClientRequest, CloseCode, Config, Error, Role, WebSocket, client};

use crate::gone;
use crate::support::{frame, open, write};

/// Keeps the level and the fields of each event.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("websocket_proto_tokio")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write as _;
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

/// The events of a server that closes or receives this input, and whose peer then leaves.
async fn events_of(closes: bool, input: &[u8], is_split: bool) -> Vec<String> {
    let log = Log::default();
    let _guard = set_default(log.clone());
    let (mut ws, mut peer) = open(Role::Server, Config::new(), 1000);
    write(&mut peer, input).await;
    peer.shutdown().await.unwrap();
    if is_split {
        let (sender, mut receiver) = ws.split();
        if closes {
            sender.close(CloseCode::GOING_AWAY, "").await.unwrap();
        }
        while let Ok(Some(_)) = receiver.receive().await {}
    } else if closes {
        let _ = ws.close(CloseCode::GOING_AWAY, "").await;
    } else {
        while let Ok(Some(_)) = ws.receive().await {}
    }
    drop(peer);
    log.0.lock().unwrap().clone()
}

/// Receives until the end, which may be an error.
async fn receive_all<S>(mut ws: WebSocket<S>, is_split: bool) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if is_split {
        let (_sender, mut receiver) = ws.split();
        while receiver.receive().await?.is_some() {}
    } else {
        while ws.receive().await?.is_some() {}
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_connection_has_an_event_for_its_beginning_and_one_for_its_end() {
    let close = frame(Role::Server, 0x88, b"\x03\xe8");
    let reserved_opcode = frame(Role::Server, 0x83, b"");
    for is_split in [false, true] {
        for (closes, input, expected) in [
            (false, &close, "DEBUG message=closed code=1000"),
            (true, &close, "DEBUG message=closed code=1000"),
            (false, &reserved_opcode, "WARN message=failed code=1006 error=protocol error: "),
            (false, &vec![], "WARN message=failed code=1006 error="),
            (true, &vec![], "WARN message=failed code=1006 error="),
        ] {
            let events = events_of(closes, input, is_split).await;
            assert_eq!(events.len(), 2, "{is_split} {closes} {events:?}");
            assert_eq!(events[0], "DEBUG message=open");
            assert!(events[1].starts_with(expected), "{is_split} {closes} {events:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_answered_after_the_split_is_no_failure() {
    let log = Log::default();
    let _guard = set_default(log.clone());
    let (mut ws, mut peer) = open(Role::Server, Config::new().auto_close(false), 1000);
    write(&mut peer, &frame(Role::Server, 0x88, b"\x03\xe8")).await;
    assert!(ws.receive().await.unwrap().is_some_and(|message| message.is_close()));
    let (sender, mut receiver) = ws.split();
    sender.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    peer.shutdown().await.unwrap();
    assert!(matches!(receiver.receive().await, Ok(None)));
    let events = log.0.lock().unwrap().clone();
    assert_eq!(events, ["DEBUG message=open", "DEBUG message=closed code=1000"]);
}

/// The peer has gone after its Close.
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_written_is_no_failure() {
    for is_split in [false, true] {
        let log = Log::default();
        let _guard = set_default(log.clone());
        let (ws, mut peer) = gone::open(Role::Server);
        write(&mut peer, &frame(Role::Server, 0x88, b"\x03\xe8")).await;
        assert!(receive_all(ws, is_split).await.is_ok(), "{is_split}");
        let events = log.0.lock().unwrap().clone();
        assert_eq!(events, ["DEBUG message=open", "DEBUG message=closed code=1000"], "{is_split}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_without_an_answer_is_a_failure() {
    for is_split in [false, true] {
        let log = Log::default();
        let _guard = set_default(log.clone());
        let (ws, mut peer) = open(Role::Server, Config::new().auto_close(false), 1000);
        write(&mut peer, &frame(Role::Server, 0x88, b"\x03\xe8")).await;
        peer.shutdown().await.unwrap();
        assert!(matches!(receive_all(ws, is_split).await, Err(Error::Disconnected)), "{is_split}");
        let events = log.0.lock().unwrap().clone();
        assert_eq!(events.len(), 2, "{is_split} {events:?}");
        assert!(events[1].starts_with("WARN message=failed"), "{is_split} {events:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_a_failure() {
    let log = Log::default();
    let _guard = set_default(log.clone());
    let (stream, mut peer) = duplex(1000);
    write(&mut peer, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").await;
    let result = client(stream, ClientRequest::new("ws://localhost/"), Config::new()).await;
    assert!(matches!(result, Err(Error::Rejected(_))));
    let events = log.0.lock().unwrap().clone();
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].starts_with("WARN message=failed code=1006 error="), "{events:?}");
}
