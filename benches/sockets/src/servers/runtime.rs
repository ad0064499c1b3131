//! What all servers on tokio share: the runtime, the accept loop, and the echo over `Stream` and `Sink`.

use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::task::{Poll, ready};

use anyhow::Result;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections, with a task for each, on one thread.
pub fn serve<S, F>(address: SocketAddr, session: S) -> Result<()>
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = Result<()>> + Send + 'static,
{
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let session = session(stream);
            // The load generator reports a connection that fails too early.
            tokio::spawn(async move { drop(session.await) });
        }
    })
}

/// Sends each message back for which `is_data` holds. The replies to all messages that have arrived are
/// flushed together, before the task waits: as `StreamExt::forward` does, but without its lock around the two
/// halves.
pub async fn echo<W, M, E>(mut ws: W, is_data: fn(&M) -> bool) -> Result<(), E>
where
    W: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    poll_fn(|cx| {
        loop {
            ready!(ws.poll_ready_unpin(cx))?;
            match ws.poll_next_unpin(cx)? {
                Poll::Ready(Some(message)) if is_data(&message) => ws.start_send_unpin(message)?,
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(ws.poll_flush_unpin(cx))?;
                    return Poll::Pending;
                }
            }
        }
    })
    .await
}
