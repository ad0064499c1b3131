//! Accepts the connections of clients, and reads the request line of each.

use core::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::query::{FirstLine, Query};
use crate::runner::Arrival;

/// How long a client may take to write its request line.
const LINE: Duration = Duration::from_secs(10);
/// After a failed `accept`, such as one for lack of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts for ever; `route` gets each connection whose request line was read.
pub(crate) async fn listen(listener: TcpListener, route: impl Fn(Query, Arrival) + Clone + 'static) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let route = route.clone();
                tokio::task::spawn_local(async move {
                    if let Ok(Some((query, arrival))) = timeout(LINE, read(stream)).await {
                        route(query, arrival);
                    }
                });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn read(stream: TcpStream) -> Option<(Query, Arrival)> {
    let mut bytes = Vec::new();
    loop {
        match FirstLine::read(&bytes) {
            FirstLine::Asks(query) => return Some((query, Arrival { stream, bytes })),
            FirstLine::Other => return None,
            FirstLine::More => {}
        }
        stream.readable().await.ok()?;
        let mut buffer = [0; 4096];
        match stream.try_read(&mut buffer) {
            Ok(0) => return None,
            Ok(count) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}
