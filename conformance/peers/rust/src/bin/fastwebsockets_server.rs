//! Echo server on fastwebsockets and hyper: the loop of its example `echo_server`. Requests that are no
//! upgrade, or that the library refuses, get 400.

use fastwebsockets::{FragmentCollector, OpCode, WebSocketError, upgrade};
use http_body_util::Empty;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

async fn echo(upgrade: upgrade::UpgradeFut) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(upgrade.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}

async fn answer(mut request: Request<Incoming>) -> hyper::http::Result<Response<Empty<Bytes>>> {
    if upgrade::is_upgrade_request(&request) {
        if let Ok((response, upgrade)) = upgrade::upgrade(&mut request) {
            tokio::spawn(echo(upgrade));
            return Ok(response);
        }
    }
    Response::builder().status(StatusCode::BAD_REQUEST).body(Empty::new())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::bind(wsconform_peers::address()).await.expect("the address is free");
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
            tokio::spawn(connection.with_upgrades());
        }
    }
}
