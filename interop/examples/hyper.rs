//! An HTTP server by hyper that upgrades to WebSocket and echoes: `hyper::upgrade` gives the transport,
//! `UpgradeRequest` the response, `Connection::established` the frames.
//!
//! `cargo run -p interop --example hyper -- 127.0.0.1:9001`

use core::error::Error as StdError;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use websocket_proto::handshake::UpgradeRequest;
use websocket_proto::{Accept, Config, Connection, Event, ReceiveBuffer, Server, TransportAction};

type AnyResult<T> = Result<T, Box<dyn StdError + Send + Sync>>;

async fn upgrade(mut request: Request<Incoming>) -> AnyResult<Response<String>> {
    let upgraded = hyper::upgrade::on(&mut request);
    let accept = match UpgradeRequest::http11(request.method().as_str(), request.headers()) {
        Ok(request) => request.accept(Accept::new())?,
        Err(reject) => {
            let response = Response::builder().status(reject.status());
            let response =
                reject.fields().fold(response, |response, (name, value)| response.header(name, value));
            return Ok(response.body(reject.to_string())?);
        }
    };
    let connection = Connection::established(Server::new(), accept.negotiated(), Config::default());
    tokio::spawn(async move {
        let stream = TokioIo::new(upgraded.await?);
        echo(connection, stream).await
    });
    let response = Response::builder().status(accept.status());
    let response = accept.fields().fold(response, |response, (name, value)| response.header(name, value));
    Ok(response.body(String::new())?)
}

async fn echo(
    mut connection: Connection<Server>,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
) -> AnyResult<()> {
    let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
    loop {
        let received = respond(&mut connection, &mut inbound, &mut out);
        // `receive` writes a Close before it returns an error, so `out` goes first.
        stream.write_all(&out).await?;
        out.clear();
        received?;
        if connection.transport_action() == TransportAction::Close {
            return Ok(());
        }
        let count = stream.read(inbound.spare_mut(4096)).await?;
        if count == 0 {
            return Ok(());
        }
        inbound.advance(count);
    }
}

fn respond(
    connection: &mut Connection<Server>,
    inbound: &mut ReceiveBuffer<Vec<u8>>,
    out: &mut Vec<u8>,
) -> AnyResult<()> {
    while let Some(event) = connection.receive(inbound, out)? {
        match event {
            Event::Text(text) => connection.send_text(text, out)?,
            Event::Binary(bytes) => connection.send_binary(bytes, out)?,
            _ => {}
        }
    }
    Ok(())
}

fn main() -> AnyResult<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("listening on ws://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(upgrade))
                    .with_upgrades(),
            );
        }
    })
}
