//! websocket-proto on tokio: the loop of its guide, with a receive buffer for each connection.

use anyhow::Result;
use bytes::Buf;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use websocket_proto::{
    Accept, Config, Connection, Event, MessageKind, ReceiveBuffer, Server, TransportAction,
};

use super::{LARGE, RETAINED_CAPACITY};

/// What a read takes at least, and what an idle connection keeps. A longer message makes the buffer grow.
const READ: usize = 4 * 1024;

pub async fn session(mut stream: TcpStream) -> Result<()> {
    let mut out = Vec::new();
    let result = echo(&mut stream, &mut out).await;
    // After an error: the Close, or the HTTP response.
    stream.write_all(&out).await?;
    result
}

async fn echo(stream: &mut TcpStream, out: &mut Vec<u8>) -> Result<()> {
    let mut ws = Connection::server(Config::default());
    let mut inbound = ReceiveBuffer::with_retained_capacity(RETAINED_CAPACITY);
    loop {
        let count = stream.read(inbound.spare_mut(READ)).await?;
        if count == 0 {
            return Ok(());
        }
        inbound.advance(count);
        while let Some(event) = ws.receive(&mut inbound, out)? {
            match event {
                Event::Request(_) => ws.accept(Accept::new(), out)?,
                Event::Text(text) => reply(stream, &mut ws, MessageKind::Text, text.as_bytes(), out).await?,
                Event::Binary(bytes) => reply(stream, &mut ws, MessageKind::Binary, bytes, out).await?,
                _ => {}
            }
        }
        stream.write_all(out).await?;
        out.clear();
        if ws.transport_action() == TransportAction::Close {
            return Ok(());
        }
    }
}

/// Sends a message: a short one to `out`, for one write after all events of a read; a long one from the
/// receive buffer, together with `out`.
async fn reply(
    stream: &mut TcpStream,
    ws: &mut Connection<Server>,
    kind: MessageKind,
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let header = ws.encode_header(kind, payload)?;
    if payload.len() < LARGE {
        out.extend_from_slice(&header);
        out.extend_from_slice(payload);
    } else {
        stream.write_all_buf(&mut Buf::chain(&out[..], &header[..]).chain(payload)).await?;
        out.clear();
    }
    Ok(())
}
