//! The transport that `connect` opens: TCP, or TLS over TCP.

#[cfg(feature = "rustls")]
use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(feature = "rustls")]
use tokio_rustls::{TlsConnector, client::TlsStream, rustls};
use websocket_proto::Uri;

use crate::error::Error;

/// The transport of a client that [`connect`](crate::connect) has opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientStream {
    /// TCP, for `ws`.
    Tcp(TcpStream),
    /// TLS over TCP, for `wss`.
    #[cfg(feature = "rustls")]
    Tls(Box<TlsStream<TcpStream>>),
}

impl ClientStream {
    /// The TCP stream, for example to read the address of the server.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Tcp(stream) => stream,
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    pub(crate) async fn connect(uri: Uri<'_>) -> Result<Self, Error> {
        if !uri.is_secure() {
            return Ok(Self::Tcp(connect_tcp(uri).await?));
        }
        #[cfg(feature = "rustls")]
        return Self::connect_with_tls(uri, platform_config()?).await;
        #[cfg(not(feature = "rustls"))]
        Err(Error::TlsNotSupported)
    }

    #[cfg(feature = "rustls")]
    pub(crate) async fn connect_with_tls(
        uri: Uri<'_>,
        config: Arc<rustls::ClientConfig>,
    ) -> Result<Self, Error> {
        if !uri.is_secure() {
            return Ok(Self::Tcp(connect_tcp(uri).await?));
        }
        let name = rustls::pki_types::ServerName::try_from(uri.host().to_owned());
        let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let stream = connect_tcp(uri).await?;
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        Ok(Self::Tls(Box::new(stream)))
    }
}

async fn connect_tcp(uri: Uri<'_>) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((uri.host(), uri.port())).await?;
    // The output is written in as few pieces as possible. With Nagle's algorithm, the last piece would wait
    // for an acknowledgement, for up to 40 ms.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The configuration of TLS that trusts the root certificates of the operating system.
#[cfg(feature = "rustls")]
fn platform_config() -> Result<Arc<rustls::ClientConfig>, Error> {
    use rustls_platform_verifier::BuilderVerifierExt;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder =
        builder.with_safe_default_protocol_versions().and_then(BuilderVerifierExt::with_platform_verifier);
    let mut config = builder.map_err(io::Error::other)?.with_no_client_auth();
    // RFC 7301: the protocol of the opening handshake.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The same expression for the stream of each kind.
macro_rules! each {
    ($stream:expr, $inner:ident => $value:expr) => {
        match $stream {
            ClientStream::Tcp($inner) => $value,
            #[cfg(feature = "rustls")]
            ClientStream::Tls($inner) => $value,
        }
    };
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, space))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}
