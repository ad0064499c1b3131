//! Code that several examples share.
#![allow(dead_code, reason = "each example uses some of it")]

use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use websocket_proto::{Entropy, EntropyError, SendError};

/// How long the peer may take to close its side after this side is closed. A peer that reads at all closes at
/// once; 2 s are a few round trips and retransmissions.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// Writes `out` and empties it, also after an error: nothing can follow half a frame.
pub(crate) fn write(stream: &mut TcpStream, out: &mut Vec<u8>) -> io::Result<()> {
    let result = stream.write_all(out);
    out.clear();
    result
}

/// Reads; `None` after a timeout or an interrupt.
pub(crate) fn read(stream: &mut TcpStream, space: &mut [u8]) -> io::Result<Option<usize>> {
    match stream.read(space) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
            ) =>
        {
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// Ends a connection for any reason. Writes the rest of `out`: before an error, `receive` and `tick` write a
/// Close or an HTTP response there. Then reads to the end, for [`LINGER`]: dropping a socket with unread
/// input resets the connection, and the peer may never read the Close.
pub(crate) fn end(stream: &mut TcpStream, out: &[u8]) -> io::Result<()> {
    stream.write_all(out)?;
    stream.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + LINGER;
    let mut rest = [0; 16 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // A timeout of zero is an error, and that ends the loop too.
        stream.set_read_timeout(Some(left))?;
        if read(stream, &mut rest)? == Some(0) {
            return Ok(());
        }
    }
}

/// The result of a send. After this endpoint's Close, messages arrive until the peer's Close, and nothing can
/// answer them (§5.5.1): that is no error.
pub(crate) fn unless_closed(sent: Result<(), SendError>) -> Result<(), SendError> {
    match sent {
        Err(SendError::Closed) => Ok(()),
        sent => sent,
    }
}

/// The operating system's random bytes, fetched 4 KiB at a time: a system call for a thousand frames, not for
/// each.
///
/// It is not `Clone`: a copy would hand out the same masking keys again.
pub(crate) struct RandomPool {
    bytes: [u8; 4096],
    used: usize,
}

impl RandomPool {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 4096], used: 4096 }
    }
}

impl Entropy for RandomPool {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            if self.used == self.bytes.len() {
                getrandom::fill(&mut self.bytes).map_err(|_| EntropyError)?;
                self.used = 0;
            }
            *byte = self.bytes[self.used];
            self.used += 1;
        }
        Ok(())
    }
}
