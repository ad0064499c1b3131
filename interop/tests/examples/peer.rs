//! The other end: tungstenite.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;

use tungstenite::protocol::CloseFrame;
use tungstenite::{Error, Message, WebSocket};

use crate::program::PATIENCE;

/// A message that is larger than all windows of flow control.
pub(crate) const LARGE: usize = 1024 * 1024;

/// Connects. A read or a write that takes too long fails the test.
pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a server");
    limit(&stream);
    stream
}

pub(crate) fn limit(stream: &TcpStream) {
    let limit: Option<Duration> = Some(PATIENCE);
    stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit)).expect("not zero");
    stream.set_nodelay(true).expect("an open socket");
}

/// Checks that the peer sends all messages back, and that it closes as this end does.
pub(crate) fn check_echo<S: Read + Write>(ws: &mut WebSocket<S>) {
    let large: Vec<u8> = (0..LARGE).map(|index| (index % 251) as u8).collect();
    for message in [
        Message::text("κόσμε"),
        Message::text(""),
        Message::binary(large),
        Message::text("x".repeat(LARGE)),
        Message::binary(vec![]),
    ] {
        ws.send(message.clone()).expect("an open connection");
        assert!(ws.read().expect("a message") == message, "{} bytes", message.len());
    }
    ws.send(Message::Ping("p".into())).expect("an open connection");
    assert_eq!(ws.read().expect("a message"), Message::Pong("p".into()));
    let close = CloseFrame { code: 4000.into(), reason: "bye".into() };
    ws.close(Some(close.clone())).expect("an open connection");
    assert_eq!(ws.read().expect("a message"), Message::Close(Some(close)));
    assert!(matches!(ws.read(), Err(Error::ConnectionClosed)), "the transport ends");
}

/// Checks that the peer answers a violation with a Close, also if more input follows the violation.
pub(crate) fn check_violation<S: Read + Write>(ws: &mut WebSocket<S>) {
    // §5.1: "a server MUST close the connection upon receiving a frame that is not masked"
    let mut input = b"\x81\x01a".to_vec();
    input.resize(64 * 1024, 0);
    ws.get_mut().write_all(&input).and_then(|()| ws.get_mut().flush()).expect("an open connection");
    let Ok(Message::Close(Some(close))) = ws.read() else { panic!("a Close") };
    assert_eq!(u16::from(close.code), 1002);
}

/// Sends messages back until the peer closes. Returns the code of its Close.
pub(crate) fn echo<S: Read + Write>(ws: &mut WebSocket<S>) -> Option<u16> {
    let mut code = None;
    loop {
        match ws.read() {
            Ok(Message::Close(close)) => code = close.map(|close| close.code.into()),
            Ok(message) if message.is_text() || message.is_binary() => {
                ws.send(message).expect("an open connection");
            }
            Ok(_) => {}
            Err(Error::ConnectionClosed) => return code,
            Err(error) => panic!("{error}"),
        }
    }
}
