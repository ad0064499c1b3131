//! An echo server. The message "bye" ends a connection.

use core::time::Duration;
use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use websocket_proto::{
    Accept, CloseCode, Config, Connection, Event, ReceiveBuffer, SendError, TransportAction,
};

fn main() -> io::Result<()> {
    for stream in TcpListener::bind("127.0.0.1:9001")?.incoming().flatten() {
        thread::spawn(|| serve(stream, Config::default()).unwrap_or_else(|error| eprintln!("{error}")));
    }
    Ok(())
}

/// Serves a connection to its end.
pub fn serve(mut stream: TcpStream, config: Config) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?; // `tick` runs at least once a second
    stream.set_write_timeout(config.pong_timeout)?; // limits the wait for a peer that does not read
    let mut out = Vec::new();
    let result = echo(&mut stream, config, &mut out);
    let _ = stream.write_all(&out).and_then(|()| stream.shutdown(Shutdown::Write));
    // Read until the peer closes, but not for ever: dropping a socket with unread input resets the
    // connection, and the peer may lose the Close.
    let deadline = Instant::now() + Duration::from_secs(2);
    while Instant::now() < deadline && matches!(read(&mut stream, &mut [0; 4096]), Ok(None | Some(1..))) {}
    result
}

/// Every `?` leaves a Close or an HTTP response in `out`, and `serve` writes it.
fn echo(stream: &mut TcpStream, config: Config, out: &mut Vec<u8>) -> io::Result<()> {
    let (mut ws, mut inbound, started) = (Connection::server(config), ReceiveBuffer::new(), Instant::now());
    loop {
        let event = ws.receive(&mut inbound, out)?;
        let more = event.is_some();
        let sent = match event {
            Some(Event::Request(_)) => Ok(ws.accept(Accept::new(), out)?),
            Some(Event::Text("bye")) => ws.close(CloseCode::NORMAL_CLOSURE, "bye", out),
            Some(Event::Text(text)) => ws.send_text(text, out),
            Some(Event::Binary(bytes)) => ws.send_binary(bytes, out),
            _ => Ok(()), // `receive` has replied to a Ping or a Close
        };
        if sent != Err(SendError::Closed) {
            sent?; // `Closed` is no error: after `close`, messages arrive until the peer's Close
        }
        ws.tick(started.elapsed(), out)?;
        let written = stream.write_all(out);
        out.clear(); // also after a failed write: nothing can follow an incomplete frame
        written?;
        if ws.transport_action() == TransportAction::Close {
            return Ok(());
        }
        if more || ws.has_pending_reply() {
            continue;
        }
        match read(stream, inbound.spare_mut(16 * 1024))? {
            Some(0) => return Ok(()), // the peer closed the transport without a Close frame
            Some(count) => inbound.advance(count),
            None => {}
        }
    }
}

/// Reads; `None` after a timeout or an interrupt.
fn read(stream: &mut TcpStream, space: &mut [u8]) -> io::Result<Option<usize>> {
    match stream.read(space) {
        Err(error) if matches!(error.kind(), Interrupted | TimedOut | WouldBlock) => Ok(None),
        result => result.map(Some),
    }
}
