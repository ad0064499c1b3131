//! The output of a connection on mio.

use std::io::{ErrorKind, IoSlice, Result as IoResult, Write as _};

use anyhow::{Result, bail};
use mio::net::TcpStream;

/// From this length on, a reply is written from the receive buffer instead of copied to the output.
const LARGE: usize = 16 * 1024;

/// Output that the socket has not accepted.
#[derive(Default)]
pub struct Backlog {
    bytes: Vec<u8>,
    written: usize,
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// The socket is writable. Returns whether nothing is left.
    pub fn write(&mut self, stream: &mut TcpStream) -> Result<bool> {
        while let Some(rest @ [_, ..]) = self.bytes.get(self.written..) {
            match stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        // Without memory, so that an idle connection has none.
        *self = Self::default();
        Ok(true)
    }

    /// Sends a message: a short one to `out`, for one write after all events of a read; a long one from the
    /// receive buffer, together with `out`.
    pub fn reply(
        &mut self,
        stream: &mut TcpStream,
        header: &[u8],
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if payload.len() < LARGE {
            out.extend_from_slice(header);
            out.extend_from_slice(payload);
        } else {
            self.send(stream, &[out, header, payload])?;
            out.clear();
        }
        Ok(())
    }

    /// Writes the pieces in one system call, and keeps a copy of what the socket does not accept.
    pub fn send(&mut self, stream: &mut TcpStream, pieces: &[&[u8]]) -> Result<()> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        if len == 0 {
            return Ok(());
        }
        let mut accepted = 0;
        if self.is_empty() {
            accepted = match write_pieces(stream, pieces) {
                Ok(0) => bail!("a write of no bytes"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error.into()),
            };
        }
        if accepted < len {
            self.bytes.reserve(len - accepted);
        }
        for piece in pieces {
            let skipped = accepted.min(piece.len());
            accepted -= skipped;
            self.bytes.extend_from_slice(&piece[skipped..]);
        }
        Ok(())
    }
}

fn write_pieces(stream: &mut TcpStream, pieces: &[&[u8]]) -> IoResult<usize> {
    match pieces {
        [piece] => stream.write(piece),
        pieces => {
            let mut slices = [IoSlice::new(&[]); 3];
            for (slice, piece) in slices.iter_mut().zip(pieces) {
                *slice = IoSlice::new(piece);
            }
            stream.write_vectored(&slices[..pieces.len()])
        }
    }
}
