//! The in-memory transport that every peer uses.
//!
//! Input: a wire (`&'static [u8]`, a whole number of messages) that is built in advance and read again and
//! again, at most `cap` bytes in one read (64 KiB unless the workload says otherwise). Each read is one
//! memcpy from the wire, which stands for the kernel's copy in `recv(2)`. Sans-IO peers copy, too (with
//! `pull` or `peek`), because they unmask in place and the wire is used again.
//!
//! Output: each write is one memcpy into a ring of 64 KiB, which stands for the kernel's copy in `send(2)`. A
//! peer that collects its output in a contiguous buffer makes one more copy; a peer that uses vectored writes
//! does not. The same is true of sockets.
//!
//! Calls are counted (`reads()`, `writes()`), because a call takes nanoseconds here and a system call takes
//! longer.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

pub const READ_CAP: usize = 64 * 1024;
const SCRATCH: usize = 64 * 1024;

thread_local! {
    static READS: Cell<u64> = const { Cell::new(0) };
    static WRITES: Cell<u64> = const { Cell::new(0) };
    static CAPTURE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub fn reset_counts() {
    READS.set(0);
    WRITES.set(0);
}
pub fn reads() -> u64 {
    READS.get()
}
pub fn writes() -> u64 {
    WRITES.get()
}
/// Takes the output of each `MemIo` that captures, since the last call.
pub fn take_captured() -> Vec<u8> {
    CAPTURE.with(|c| std::mem::take(&mut *c.borrow_mut()))
}

pub struct MemIo {
    src: &'static [u8],
    pos: usize,
    cap: usize,
    /// After each read, report `WouldBlock` or `Pending` once.
    pend: bool,
    pend_now: bool,
    /// Keep the output for a check instead of copying it into the ring.
    capture: bool,
    scratch: Box<[u8]>,
    wpos: usize,
}

impl MemIo {
    pub fn new(src: &'static [u8], cap: usize, pend: bool, capture: bool) -> Self {
        MemIo {
            src,
            pos: 0,
            cap,
            pend,
            pend_now: false,
            capture,
            scratch: vec![0; SCRATCH].into_boxed_slice(),
            wpos: 0,
        }
    }

    /// One read: copies the next bytes into `dst` and returns their number.
    #[inline]
    pub fn pull(&mut self, dst: &mut [u8]) -> usize {
        let s = self.peek(dst.len());
        dst[..s.len()].copy_from_slice(s);
        s.len()
    }

    /// One read: returns the bytes as a slice, which the caller must copy exactly once.
    #[inline]
    pub fn peek(&mut self, max: usize) -> &'static [u8] {
        READS.set(READS.get() + 1);
        let n = max.min(self.cap).min(self.src.len() - self.pos);
        let s = &self.src[self.pos..self.pos + n];
        self.pos += n;
        if self.pos == self.src.len() {
            self.pos = 0;
        }
        s
    }

    /// One write.
    #[inline]
    pub fn push(&mut self, buf: &[u8]) {
        WRITES.set(WRITES.get() + 1);
        self.push_more(buf);
    }

    #[inline]
    fn push_more(&mut self, mut buf: &[u8]) {
        if self.capture {
            CAPTURE.with(|c| c.borrow_mut().extend_from_slice(buf));
            return;
        }
        while !buf.is_empty() {
            let n = buf.len().min(SCRATCH - self.wpos);
            self.scratch[self.wpos..self.wpos + n].copy_from_slice(&buf[..n]);
            self.wpos = (self.wpos + n) & (SCRATCH - 1);
            buf = &buf[n..];
        }
    }

    #[inline]
    fn blocked(&mut self) -> bool {
        if self.pend {
            self.pend_now = !self.pend_now;
            return !self.pend_now;
        }
        false
    }
}

impl io::Read for MemIo {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.blocked() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(self.pull(buf))
    }
}

impl io::Write for MemIo {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.push(buf);
        Ok(buf.len())
    }
    #[inline]
    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        WRITES.set(WRITES.get() + 1);
        let mut n = 0;
        for b in bufs {
            self.push_more(b);
            n += b.len();
        }
        Ok(n)
    }
    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tokio::io::AsyncRead for MemIo {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.blocked() {
            return Poll::Pending;
        }
        let s = self.peek(buf.remaining());
        buf.put_slice(s);
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncWrite for MemIo {
    #[inline]
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.push(buf);
        Poll::Ready(Ok(buf.len()))
    }
    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(io::Write::write_vectored(&mut *self, bufs))
    }
    #[inline]
    fn is_write_vectored(&self) -> bool {
        true
    }
    #[inline]
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    #[inline]
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures::io::AsyncRead for MemIo {
    #[inline]
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.blocked() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(self.pull(buf)))
    }
}

impl futures::io::AsyncWrite for MemIo {
    #[inline]
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.push(buf);
        Poll::Ready(Ok(buf.len()))
    }
    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(io::Write::write_vectored(&mut *self, bufs))
    }
    #[inline]
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    #[inline]
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The executor of all async peers: it polls with a waker that does nothing until the future is ready. The
/// whole message loop of a job is one future, so the executor costs nothing for each message.
#[inline]
pub fn block_on<F: Future>(f: F) -> F::Output {
    let mut f = std::pin::pin!(f);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    loop {
        if let Poll::Ready(v) = f.as_mut().poll(&mut cx) {
            return v;
        }
    }
}

/// The server of a client handshake (W6): it reads the request and responds 101 with the right
/// `Sec-WebSocket-Accept`. The row `=mock` of W6 shows its cost.
pub struct MockServer {
    inbox: Vec<u8>,
    reply: Vec<u8>,
    pos: usize,
}

impl Default for MockServer {
    fn default() -> Self {
        Self::new()
    }
}

impl MockServer {
    pub fn new() -> Self {
        MockServer { inbox: Vec::with_capacity(1024), reply: Vec::with_capacity(256), pos: 0 }
    }

    pub fn feed(&mut self, b: &[u8]) {
        self.inbox.extend_from_slice(b);
        if self.inbox.ends_with(b"\r\n\r\n") {
            self.answer();
        }
    }

    fn answer(&mut self) {
        use base64::Engine;
        use sha1::Digest;
        let key = find_header(&self.inbox, b"sec-websocket-key").expect("no key");
        let mut h = sha1::Sha1::new();
        h.update(key);
        h.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let mut acc = [0u8; 28];
        base64::engine::general_purpose::STANDARD.encode_slice(h.finalize(), &mut acc).unwrap();
        self.reply.clear();
        self.reply
            .extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
        self.reply.extend_from_slice(&acc);
        self.reply.extend_from_slice(b"\r\n\r\n");
        self.pos = 0;
        self.inbox.clear();
    }

    pub fn read_into(&mut self, dst: &mut [u8]) -> usize {
        let n = dst.len().min(self.reply.len() - self.pos);
        dst[..n].copy_from_slice(&self.reply[self.pos..self.pos + n]);
        self.pos += n;
        n
    }
}

fn find_header<'a>(req: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    for line in req.split(|&c| c == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > name.len()
            && line[name.len()] == b':'
            && line[..name.len()].eq_ignore_ascii_case(name)
        {
            return Some(line[name.len() + 1..].trim_ascii());
        }
    }
    None
}

impl io::Read for MockServer {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_into(buf))
    }
}
impl io::Write for MockServer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.feed(buf);
        Ok(buf.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl tokio::io::AsyncRead for MockServer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.pos == self.reply.len() {
            return Poll::Pending;
        }
        let n = buf.remaining().min(self.reply.len() - self.pos);
        let p = self.pos;
        buf.put_slice(&self.reply[p..p + n]);
        self.pos += n;
        Poll::Ready(Ok(()))
    }
}
impl tokio::io::AsyncWrite for MockServer {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.feed(buf);
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
impl futures::io::AsyncRead for MockServer {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.read_into(buf)))
    }
}
impl futures::io::AsyncWrite for MockServer {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.feed(buf);
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
