//! What the main thread waits for: a thread reads the socket, and another one reads standard input.

use std::io::{self, ErrorKind, Read as _};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What the main thread waits for.
pub(super) enum Input {
    /// Bytes from the server; empty at the end.
    Socket(io::Result<Vec<u8>>),
    /// A line of standard input; `None` at the end.
    Line(Option<String>),
}

/// Reads until the end of the socket or an error.
pub(super) fn read_socket(mut socket: TcpStream, to_main: &Sender<Input>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let bytes = match socket.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result.map(|count| buffer[..count].to_vec()),
        };
        let more = matches!(&bytes, Ok(bytes) if !bytes.is_empty());
        if to_main.send(Input::Socket(bytes)).is_err() || !more {
            return;
        }
    }
}

/// Reads a line, and the next one for each message to the sender that it returns, so that a long input waits
/// in its file and not in memory.
pub(super) fn read_lines(to_main: Sender<Input>) -> Sender<()> {
    let (next, wanted) = channel();
    thread::spawn(move || {
        let mut lines = io::stdin().lines().map_while(Result::ok);
        while to_main.send(Input::Line(lines.next())).is_ok() && wanted.recv().is_ok() {}
    });
    next
}
