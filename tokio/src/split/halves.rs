//! The two directions of a transport.

use core::any::Any;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::client_stream::ClientStream;

/// The direction that reads. That of TCP has no lock.
#[derive(Debug)]
pub(crate) enum ReadTransport<S> {
    Tcp(OwnedReadHalf),
    Other(ReadHalf<S>),
}

/// The direction that writes. That of TCP has no lock.
#[derive(Debug)]
pub(crate) enum WriteTransport<S> {
    Tcp(OwnedWriteHalf),
    Other(WriteHalf<S>),
}

/// Splits a TCP stream into halves that share no lock, and any other stream with the lock of
/// [`tokio::io::split`].
pub(crate) fn split_transport<S>(stream: S) -> (ReadTransport<S>, WriteTransport<S>)
where
    S: AsyncRead + AsyncWrite + 'static,
{
    match into_tcp(stream) {
        Ok(tcp) => {
            let (read, write) = tcp.into_split();
            (ReadTransport::Tcp(read), WriteTransport::Tcp(write))
        }
        Err(other) => {
            let (read, write) = tokio::io::split(other);
            (ReadTransport::Other(read), WriteTransport::Other(write))
        }
    }
}

fn into_tcp<S: 'static>(stream: S) -> Result<TcpStream, S> {
    let mut stream = [Some(stream)];
    let any: &mut dyn Any = &mut stream;
    let tcp = if let Some([tcp]) = any.downcast_mut::<[Option<TcpStream>; 1]>() {
        tcp.take()
    } else if let Some([client]) = any.downcast_mut::<[Option<ClientStream>; 1]>() {
        match client.take() {
            Some(ClientStream::Tcp(tcp)) => Some(tcp),
            other => {
                *client = other;
                None
            }
        }
    } else {
        None
    };
    let [stream] = stream;
    match (tcp, stream) {
        (_, Some(stream)) => Err(stream),
        (Some(tcp), None) => Ok(tcp),
        (None, None) => unreachable!("a stream is taken only as TCP"),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadTransport<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_read(cx, space),
            Self::Other(half) => Pin::new(half).poll_read(cx, space),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTransport<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_write(cx, bytes),
            Self::Other(half) => Pin::new(half).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_write_vectored(cx, slices),
            Self::Other(half) => Pin::new(half).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(half) => half.is_write_vectored(),
            Self::Other(half) => half.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_flush(cx),
            Self::Other(half) => Pin::new(half).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_shutdown(cx),
            Self::Other(half) => Pin::new(half).poll_shutdown(cx),
        }
    }
}
