//! The output that waits for the transport.

use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io::{self, IoSlice};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;
use tokio::time::Instant;
use websocket_proto::{HeaderBytes, SendBuffer};

/// The output of a connection: bytes, then at most one payload that is not copied, then bytes.
///
/// ```text
///   | written | head | payload | tail |
/// ```
#[derive(Debug, Default)]
pub(crate) struct Output {
    head: Vec<u8>,
    /// How many bytes of `head` are written.
    written: usize,
    payload: Bytes,
    tail: Vec<u8>,
    /// Whether all payloads are copied.
    is_copying: bool,
    /// Whether bytes were written that the transport may still hold.
    must_flush: bool,
    /// The first time since the last progress at which the transport accepted nothing.
    stalled_since: Option<Instant>,
    /// The time in earlier stalls that [`take_waited`](Self::take_waited) has not returned.
    waited: Duration,
    /// The number of bytes that the transport has accepted.
    accepted: u64,
    /// Whether output was dropped, or the transport has failed.
    has_lost: bool,
}

/// As the receive buffer keeps: 64 KiB.
const RETAINED_CAPACITY: usize = 64 * 1024;

/// From this length on, a payload is written from its own memory. The copy of a shorter one takes less time
/// than a vectored write.
pub(crate) const LARGE: usize = 16 * 1024;

impl Output {
    /// Whether a payload of this length can be written from its own memory.
    pub(crate) const fn shares(&self, len: usize) -> bool {
        len >= LARGE && self.payload.is_empty() && !self.is_copying
    }

    /// Copies all payloads, because the connection compresses them.
    pub(crate) const fn copy_payloads(&mut self) {
        self.is_copying = true;
    }

    /// Appends a frame, whose payload is not copied if there is no other such payload.
    pub(crate) fn push_frame(&mut self, header: &HeaderBytes, payload: Bytes) {
        self.push(header);
        if self.shares(payload.len()) {
            self.payload = payload;
        } else {
            self.push(&payload);
        }
    }

    /// Drops all output, and its memory.
    pub(crate) fn clear(&mut self) {
        let has_lost = self.has_lost || !self.is_empty();
        *self = Self { is_copying: self.is_copying, accepted: self.accepted, has_lost, ..Self::default() };
    }

    /// Whether the transport has accepted all output that there was.
    pub(crate) fn is_written(&self) -> bool {
        self.is_empty() && !self.has_lost
    }

    /// Whether the transport has accepted nothing since the last progress.
    pub(crate) const fn is_stalled(&self) -> bool {
        self.stalled_since.is_some()
    }

    /// The first time since the last progress at which the transport accepted nothing.
    pub(crate) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since
    }

    /// For how long the transport has accepted nothing, in the stalls that have ended since the last call.
    pub(crate) const fn take_waited(&mut self) -> Duration {
        mem::replace(&mut self.waited, Duration::ZERO)
    }

    /// The number of bytes that the transport has accepted, and of those that wait for it.
    pub(crate) fn position(&self) -> u64 {
        self.accepted + self.len() as u64
    }

    /// Whether the transport has accepted all bytes before this [`position`](Self::position).
    pub(crate) const fn has_accepted(&self, position: u64) -> bool {
        self.accepted >= position
    }

    /// Writes all output, and flushes the transport.
    pub(crate) fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_empty() && !self.must_flush {
            return Poll::Ready(Ok(()));
        }
        let result = self.poll_write_all(transport, cx);
        self.has_lost |= matches!(result, Poll::Ready(Err(_)));
        if result.is_ready() {
            self.end_stall();
        } else if self.stalled_since.is_none() {
            self.stalled_since = Some(Instant::now());
        }
        result
    }

    fn end_stall(&mut self) {
        if let Some(since) = self.stalled_since.take() {
            self.waited += since.elapsed();
        }
    }

    fn poll_write_all<T: AsyncWrite + Unpin>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let head = self.head.get(self.written..).unwrap_or_default();
            let transport = Pin::new(&mut *transport);
            let count = if self.payload.is_empty() {
                transport.poll_write(cx, head)
            } else if transport.is_write_vectored() {
                let slices = [IoSlice::new(head), IoSlice::new(&self.payload), IoSlice::new(&self.tail)];
                transport.poll_write_vectored(cx, &slices)
            } else {
                transport.poll_write(cx, if head.is_empty() { &self.payload } else { head })
            };
            match ready!(count) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => self.consume(count),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let result = ready!(Pin::new(transport).poll_flush(cx));
        self.must_flush = false;
        Poll::Ready(result)
    }

    /// Removes bytes that the transport has accepted.
    fn consume(&mut self, count: usize) {
        self.must_flush = true;
        self.end_stall();
        self.accepted += count as u64;
        let of_head = count.min(self.head.len() - self.written);
        self.written += of_head;
        let of_payload = (count - of_head).min(self.payload.len());
        self.payload.advance(of_payload);
        if self.written < self.head.len() || !self.payload.is_empty() {
            // If there is always something left, the memory must not grow. Each byte that moves stands for one that
            // was written, so the moves take linear time.
            if self.written > self.head.len() / 2 {
                self.head.drain(..self.written);
                self.written = 0;
            }
            return;
        }
        self.payload = Bytes::new();
        self.head.clear();
        self.written = 0;
        if !self.tail.is_empty() {
            mem::swap(&mut self.head, &mut self.tail);
            self.written = count - of_head - of_payload;
            if self.written == self.head.len() {
                self.head.clear();
                self.written = 0;
            }
        }
        for bytes in [&mut self.head, &mut self.tail] {
            if bytes.is_empty() && bytes.capacity() > RETAINED_CAPACITY {
                *bytes = Vec::new();
            }
        }
    }

    /// Returns the memory that the output does not need.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.head.shrink_to_fit();
        self.tail.shrink_to_fit();
    }

    /// The bytes that the next ones are appended to.
    #[inline]
    fn end(&mut self) -> &mut Vec<u8> {
        if self.payload.is_empty() { &mut self.head } else { &mut self.tail }
    }
}

/// The number of bytes is that of the bytes that are not written, so that the limit for the output of a
/// connection counts all of them.
impl SendBuffer for Output {
    #[inline]
    fn len(&self) -> usize {
        self.head.len() - self.written + self.payload.len() + self.tail.len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        // As for `Vec<u8>`.
        (isize::MAX as usize).saturating_sub(self.len())
    }

    #[inline]
    fn reserve(&mut self, count: usize) {
        self.end().reserve(count);
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.end().extend_from_slice(bytes);
    }

    #[inline]
    fn push_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        self.end().push_masked(payload, key);
    }
}

#[cfg(test)]
mod tests {
    use core::pin::Pin;
    use core::task::{Context, Poll, Waker};
    use std::io::{self, IoSlice};

    use bytes::Bytes;
    use tokio::io::AsyncWrite;
    use websocket_proto::{Config, Connection, MessageKind, Negotiated, SendBuffer as _, Server};

    use super::{LARGE, Output, RETAINED_CAPACITY};

    /// Accepts so many bytes at a time, and is not ready before each of them.
    struct Slow {
        accepted: Vec<u8>,
        at_a_time: usize,
        is_vectored: bool,
        is_ready: bool,
    }

    impl AsyncWrite for Slow {
        fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.is_ready = !self.is_ready;
            if !self.is_ready {
                return Poll::Pending;
            }
            let count = self.at_a_time;
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(count).collect();
            self.accepted.extend_from_slice(&bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn is_write_vectored(&self) -> bool {
            self.is_vectored
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn output_is_written_in_order_however_the_transport_accepts_it() {
        let payload = Bytes::from(vec![7; LARGE]);
        for at_a_time in [1000, 16_383, 16_384, 16_385, 16_388, 16_389, 16_390, usize::MAX] {
            for is_vectored in [false, true] {
                let mut server = Connection::established(Server::new(), Negotiated::new(), Config::new());
                let mut output = Output::default();
                output.push(b"head");
                for _ in 0..2 {
                    let header =
                        server.encode_header(MessageKind::Binary, &payload).expect("an open connection");
                    output.push_frame(&header, payload.clone());
                }
                output.push(b"tail");
                let mut expected = b"head".to_vec();
                for _ in 0..2 {
                    expected.extend_from_slice(b"\x82\x7e\x40\0");
                    expected.extend_from_slice(&payload);
                }
                expected.extend_from_slice(b"tail");
                assert_eq!(output.len(), expected.len());
                let mut transport = Slow { accepted: vec![], at_a_time, is_vectored, is_ready: false };
                let mut cx = Context::from_waker(Waker::noop());
                while output.poll_write(&mut transport, &mut cx).is_pending() {
                    let progress = transport.accepted.len();
                    assert_eq!(output.len(), expected.len() - progress);
                    assert!(output.stalled_since.is_some());
                }
                assert!(transport.accepted == expected, "{at_a_time} {is_vectored}");
                assert!(output.is_empty() && output.stalled_since.is_none());
            }
        }
    }

    #[test]
    fn memory_of_large_output_is_returned() {
        let mut output = Output::default();
        output.push(&vec![0; RETAINED_CAPACITY * 4]);
        let mut transport =
            Slow { accepted: vec![], at_a_time: usize::MAX, is_vectored: true, is_ready: true };
        let mut cx = Context::from_waker(Waker::noop());
        while output.poll_write(&mut transport, &mut cx).is_pending() {}
        assert!(output.head.capacity() <= RETAINED_CAPACITY);
    }
}
