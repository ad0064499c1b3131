//! The common parts of the programs that measure memory: a global allocator that counts, and a transport
//! handle of zero size.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use crate::wire;

/// An allocator that counts bytes and calls.
pub struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static ALLOCS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

fn up(n: usize) {
    LIVE.fetch_add(n, Relaxed);
    ALLOCS.fetch_add(1, Relaxed);
    BYTES.fetch_add(n, Relaxed);
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        up(l.size());
        unsafe { System.alloc(l) }
    }
    unsafe fn alloc_zeroed(&self, l: Layout) -> *mut u8 {
        up(l.size());
        unsafe { System.alloc_zeroed(l) }
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        LIVE.fetch_sub(l.size(), Relaxed);
        unsafe { System.dealloc(p, l) }
    }
    unsafe fn realloc(&self, p: *mut u8, l: Layout, n: usize) -> *mut u8 {
        LIVE.fetch_sub(l.size(), Relaxed);
        up(n);
        unsafe { System.realloc(p, l, n) }
    }
}

/// The number of allocated bytes that are not freed.
pub fn live() -> usize {
    LIVE.load(Relaxed)
}

/// The number of allocations so far, and of their bytes.
pub fn allocations() -> (usize, usize) {
    (ALLOCS.load(Relaxed), BYTES.load(Relaxed))
}

thread_local! {
    /// The position in the one frame of input. At its end, a read would block.
    static POS: Cell<usize> = const { Cell::new(0) };
    static FRAME: &'static [u8] = {
        let mut wire = Vec::new();
        wire::frame(&mut wire, 0x82, Some([1, 2, 3, 4]), &[b'x'; 125]);
        wire::leak(wire)
    };
    static SENT: Cell<usize> = const { Cell::new(0) };
}

/// The input: a masked binary message of 125 bytes in one frame.
pub fn frame() -> &'static [u8] {
    FRAME.with(|frame| *frame)
}

/// Makes the frame arrive again.
pub fn arrive() {
    POS.set(0);
    SENT.set(0);
}

/// The number of bytes written since [`arrive`].
pub fn written() -> usize {
    SENT.get()
}

/// A transport handle without state.
#[derive(Clone, Copy, Debug)]
pub struct Nil;

/// One read.
pub fn take(max: usize) -> &'static [u8] {
    let (w, p) = (frame(), POS.get());
    let n = max.min(w.len() - p);
    POS.set(p + n);
    &w[p..p + n]
}

/// One write.
pub fn sent(n: usize) -> usize {
    SENT.set(SENT.get() + n);
    n
}

impl io::Read for Nil {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        let s = take(b.len());
        if s.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        b[..s.len()].copy_from_slice(s);
        Ok(s.len())
    }
}
impl io::Write for Nil {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        Ok(sent(b.len()))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl tokio::io::AsyncRead for Nil {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        b: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let s = take(b.remaining());
        if s.is_empty() {
            return Poll::Pending;
        }
        b.put_slice(s);
        Poll::Ready(Ok(()))
    }
}
impl tokio::io::AsyncWrite for Nil {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, b: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(sent(b.len())))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
impl futures::io::AsyncRead for Nil {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, b: &mut [u8]) -> Poll<io::Result<usize>> {
        let s = take(b.len());
        if s.is_empty() {
            return Poll::Pending;
        }
        b[..s.len()].copy_from_slice(s);
        Poll::Ready(Ok(s.len()))
    }
}
impl futures::io::AsyncWrite for Nil {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, b: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(sent(b.len())))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(feature = "wtx")]
impl wtx::stream::StreamReader for Nil {
    async fn read(&mut self, b: &mut [u8]) -> wtx::Result<usize> {
        let s = take(b.len());
        b[..s.len()].copy_from_slice(s);
        Ok(s.len())
    }
}
#[cfg(feature = "wtx")]
impl wtx::stream::StreamWriter for Nil {
    async fn write_all(&mut self, b: &[u8]) -> wtx::Result<()> {
        sent(b.len());
        Ok(())
    }
    async fn write_all_vectored(&mut self, b: &[&[u8]]) -> wtx::Result<()> {
        sent(b.iter().map(|b| b.len()).sum());
        Ok(())
    }
}

/// The resident memory of this process in bytes.
pub fn rss() -> usize {
    let s = std::fs::read_to_string("/proc/self/statm").unwrap();
    s.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
