//! Echo client on fastwebsockets and hyper for one connection: the loop of its example `autobahn_client`,
//! without the Close that the example writes after each error, because it can be a second one.

use fastwebsockets::{FragmentCollector, OpCode, handshake};
use http_body_util::Empty;
use hyper::{
    Request, Uri,
    body::Bytes,
    header::{CONNECTION, HOST, UPGRADE},
    rt::Executor,
};
use tokio::net::TcpStream;

struct Spawn;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawn {
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let uri: Uri = wsconform_peers::uri().parse()?;
    let authority = uri.authority().ok_or("the URI has no host")?.as_str();
    let request = Request::get(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "upgrade")
        .header("Sec-WebSocket-Key", handshake::generate_key())
        .header("Sec-WebSocket-Version", "13")
        .body(Empty::<Bytes>::new())?;
    let stream = TcpStream::connect(authority).await?;
    let (socket, _) = handshake::client(&Spawn, request, stream).await?;
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}
