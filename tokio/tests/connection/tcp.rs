//! A server and a client over loopback TCP.

use tokio::net::{TcpListener, TcpStream};
use websocket_proto_tokio::{
    Accept, ClientRequest, CloseCode, Config, Error, Message, Reject, accept_with, connect_with,
};

async fn echo(stream: TcpStream) -> Result<(), Error> {
    let mut ws = accept_with(stream, Config::new(), |request| match request.target() {
        "/echo" => Ok(Accept::new().subprotocol("chat").header("X-Answer", "42")),
        _ => Err(Reject::new(404).header("X-Reason", "path").body("no such room")),
    })
    .await?;
    while let Some(message) = ws.receive().await? {
        if message.is_data() {
            ws.send(message).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn messages_come_back_and_the_connection_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let request = ClientRequest::new(format!("ws://{address}/echo")).subprotocol("chat");
    let (mut ws, response) = connect_with(request, Config::new()).await.unwrap();
    assert_eq!((ws.subprotocol(), &response.headers()["x-answer"]), (Some("chat"), &"42".parse().unwrap()));
    for len in [0, 1, 125, 126, 65_535, 65_536, 1 << 20, 16 << 20] {
        let message = Message::from(vec![7; len]);
        ws.send(message.clone()).await.unwrap();
        assert!(ws.receive().await.unwrap() == Some(message), "{len}");
    }
    ws.send("κόσμε").await.unwrap();
    assert_eq!(ws.receive().await.unwrap(), Some(Message::from("κόσμε")));
    let status = ws.close(CloseCode::NORMAL_CLOSURE, "bye").await.unwrap();
    assert!(status.clean());
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_rejection_has_its_status_headers_and_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let request = ClientRequest::new(format!("ws://{address}/other"));
    let Err(Error::Rejected(response)) = connect_with(request, Config::new()).await else { panic!() };
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["x-reason"], "path");
    assert_eq!(response.body(), "no such room");
    assert!(matches!(server.await.unwrap(), Err(Error::Declined(404))));
}
