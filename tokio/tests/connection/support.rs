//! Peers, and the bytes that they write and read.

use core::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use websocket_proto::{Client, Connection, ReceiveBuffer, Server};
use websocket_proto_tokio::{Config, Negotiated, Role, WebSocket};

pub(crate) const ROLES: [Role; 2] = [Role::Server, Role::Client];

/// A connection of this role, and the transport of its peer.
pub(crate) fn open(role: Role, config: Config, capacity: usize) -> (WebSocket<DuplexStream>, DuplexStream) {
    let (stream, peer) = duplex(capacity);
    (WebSocket::from_upgraded(stream, role, Negotiated::new(), config), peer)
}

/// Two connections with each other: a server and a client.
pub(crate) fn pair(config: Config, capacity: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (server, stream) = open(Role::Server, config, capacity);
    (server, WebSocket::from_upgraded(stream, Role::Client, Negotiated::new(), config))
}

/// A frame that the peer of an endpoint of this role sends: short, and masked with zeros if it is a client's.
pub(crate) fn frame(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).expect("a short payload");
    assert!(len < 126);
    let mut frame = match role {
        Role::Server => vec![first, 0x80 | len, 0, 0, 0, 0],
        Role::Client => vec![first, len],
    };
    frame.extend_from_slice(payload);
    frame
}

/// The events in the bytes that an endpoint of this role has written, and the error after them.
pub(crate) fn events(role: Role, bytes: &[u8]) -> Vec<String> {
    let config = Config::new();
    match role {
        Role::Server => {
            let client = Client::new(|key: &mut [u8]| key.fill(1));
            read_events(Connection::established(client, Negotiated::new(), config), bytes)
        }
        Role::Client => read_events(Connection::established(Server::new(), Negotiated::new(), config), bytes),
    }
}

fn read_events<R: websocket_proto::Role>(mut peer: Connection<R>, bytes: &[u8]) -> Vec<String> {
    let (mut inbound, mut out, mut events) = (ReceiveBuffer::new(), Vec::new(), Vec::new());
    assert_eq!(inbound.feed(bytes), bytes.len());
    loop {
        match peer.receive(&mut inbound, &mut out) {
            Ok(Some(event)) => events.push(format!("{event:?}")),
            Ok(None) => break,
            Err(error) => {
                events.push(format!("{error:?}"));
                break;
            }
        }
    }
    if !inbound.is_empty() {
        events.push(format!("{} more bytes", inbound.unread().len()));
    }
    events
}

/// Reads the output of the endpoint, until it shuts its direction down.
pub(crate) async fn read_to_end(peer: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).await.expect("memory");
    bytes
}

/// Writes to the endpoint, which may have closed its direction.
pub(crate) async fn write(peer: &mut DuplexStream, bytes: &[u8]) {
    let _ = peer.write_all(bytes).await;
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
