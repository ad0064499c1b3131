//! An echo server on completion-based I/O with compio: io_uring on Linux, IOCP on Windows.
//!
//! `cargo run --manifest-path interop/io_uring/Cargo.toml --example io_uring -- 127.0.0.1:9001`
//!
//! The operating system owns a buffer until the read or the write is complete. A `ReceiveBuffer` only lends
//! its memory, so each read has its own vector, and `feed` copies the input. `out` itself goes to the write
//! and comes back.

use core::mem;
use core::pin::pin;
use core::time::Duration;
use std::io::{self, ErrorKind};
use std::time::Instant;

use compio::BufResult;
use compio::io::{AsyncRead as _, AsyncWrite as _, AsyncWriteExt as _};
use compio::net::{TcpListener, TcpStream};
use compio::runtime::{Runtime, spawn};
use compio::time::{sleep, timeout};
use websocket_proto::{Accept, Config, Connection, Event, ReceiveBuffer, TransportAction};

/// The length of a read.
const READ: usize = 16 * 1024;
/// `out` is written at this length, so that it stays below `Config::max_write_buffer`.
const FLUSH: usize = 64 * 1024;
/// How long the peer may take to accept `out`.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the peer may take to close TCP after this side is closed.
const LINGER: Duration = Duration::from_secs(2);

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("listening on ws://{}", listener.local_addr()?);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => spawn(serve(stream)).detach(),
                Err(_) => sleep(Duration::from_secs(1)).await, // such as too many open files
            }
        }
    })
}

/// Serves a connection to its end.
async fn serve(stream: TcpStream) {
    let mut out = Vec::new();
    if let Err(error) = echo(&stream, &mut out).await {
        eprintln!("{error}"); // `out` has a Close or an HTTP response
    }
    let _ = timeout(LINGER, finish(&stream, &mut out)).await;
}

/// Echoes messages until the connection ends.
async fn echo(stream: &TcpStream, out: &mut Vec<u8>) -> io::Result<()> {
    let (mut ws, mut inbound) = (Connection::server(Config::default()), ReceiveBuffer::new());
    let started = Instant::now();
    let mut reading = pin!(read(stream, Vec::with_capacity(READ)));
    loop {
        while let Some(event) = ws.receive(&mut inbound, out)? {
            match event {
                Event::Request(_) => ws.accept(Accept::new(), out)?,
                Event::Text(text) => ws.send_text(text, out)?,
                Event::Binary(bytes) => ws.send_binary(bytes, out)?,
                _ => {} // `receive` has replied to a Ping or a Close
            }
            if out.len() >= FLUSH {
                write(stream, out).await?;
            }
        }
        let deadline = ws.tick(started.elapsed(), out)?.unwrap_or(Duration::MAX);
        write(stream, out).await?;
        if ws.has_pending_reply() {
            continue;
        }
        if ws.transport_action() == TransportAction::Close {
            return Ok(());
        }
        let wait = deadline.saturating_sub(started.elapsed()).min(Duration::from_secs(60));
        // At the deadline, `timeout` drops only the reference: to drop the read itself could lose input.
        let Ok((count, buffer)) = timeout(wait, reading.as_mut()).await else { continue };
        match count? {
            0 => return Ok(()), // the peer closed the transport without a Close frame
            count => _ = inbound.feed(&buffer[..count]),
        }
        reading.set(read(stream, buffer));
    }
}

/// Writes the rest of `out`, and reads until the peer closes: dropping a socket with unread input resets the
/// connection, and the peer may lose the Close.
async fn finish(mut stream: &TcpStream, out: &mut Vec<u8>) -> io::Result<()> {
    write(stream, out).await?;
    stream.shutdown().await?;
    let mut buffer = Vec::with_capacity(READ);
    loop {
        let (count, read) = read(stream, buffer).await;
        if count? == 0 {
            return Ok(());
        }
        buffer = read;
    }
}

async fn read(mut stream: &TcpStream, mut buffer: Vec<u8>) -> (io::Result<usize>, Vec<u8>) {
    buffer.clear();
    let BufResult(count, buffer) = stream.read(buffer).await;
    (count, buffer)
}

/// Writes `out` and empties it, also after an error: nothing can follow an incomplete frame.
async fn write(mut stream: &TcpStream, out: &mut Vec<u8>) -> io::Result<()> {
    if out.is_empty() {
        return Ok(());
    }
    let written = timeout(WRITE_TIMEOUT, stream.write_all(mem::take(out))).await;
    let BufResult(result, memory) = written.map_err(|_| ErrorKind::TimedOut)?;
    *out = memory;
    out.clear();
    result
}
