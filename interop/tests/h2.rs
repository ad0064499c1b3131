//! WebSocket over a stream of HTTP/2 (RFC 8441), with the crate h2 at both ends, in memory.
#![cfg(feature = "alloc")]

#[path = "../../tests/support/mod.rs"]
mod support;

use core::error::Error as StdError;
use core::future::poll_fn;

use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use hyper::body::Bytes;
use hyper::http::{HeaderMap, Request, Response};
use support::Keys;
use websocket_proto::handshake::{RejectResponse, UpgradeOffer, UpgradeRequest};
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Event, HandshakeError, ReceiveBuffer, Role,
    Server, TransportAction, Uri,
};

type AnyResult<T> = Result<T, Box<dyn StdError + Send + Sync>>;

fn request() -> ClientRequest<'static> {
    ClientRequest::new(Uri::parse("wss://server.example.com/chat").unwrap())
        .subprotocols(&["chat", "superchat"])
        .headers(&[("origin", "http://www.example.com")])
}

/// An endpoint on a stream of HTTP/2: calls `on` for each event, and returns whether the end was clean. A
/// clean end is END_STREAM, another RST_STREAM(CANCEL).
async fn run<R: Role>(
    mut connection: Connection<R>,
    mut out: Vec<u8>,
    mut send: SendStream<Bytes>,
    mut receive: RecvStream,
    mut on: impl FnMut(&mut Connection<R>, Event<'_>, &mut Vec<u8>),
) -> AnyResult<bool> {
    let mut inbound = ReceiveBuffer::new();
    loop {
        if !out.is_empty() {
            send.send_data(core::mem::take(&mut out).into(), false)?;
        }
        if connection.transport_action() != TransportAction::KeepOpen {
            break;
        }
        let data = match receive.data().await {
            Some(Ok(data)) => data,
            Some(Err(error)) if error.reason() == Some(Reason::CANCEL) => break,
            Some(Err(error)) => return Err(error.into()),
            None => break,
        };
        receive.flow_control().release_capacity(data.len())?;
        let mut rest = &data[..];
        while !rest.is_empty() {
            rest = &rest[inbound.feed(rest)..];
            while let Some(event) = connection.receive(&mut inbound, &mut out)? {
                on(&mut connection, event, &mut out);
            }
        }
    }
    let clean = connection.receive_eof().clean();
    if clean {
        send.send_data(Bytes::new(), true)?;
        while receive.data().await.is_some() {}
    } else {
        send.send_reset(Reason::CANCEL);
    }
    Ok(clean)
}

/// Accepts a request on this stream and echoes; says whether the end was clean.
async fn serve(
    request: Request<RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
) -> AnyResult<bool> {
    let protocol = request.extensions().get::<Protocol>().map_or("", Protocol::as_str);
    let (response, agreed) =
        match UpgradeRequest::extended_connect(request.method().as_str(), protocol, request.headers()) {
            Ok(checked) => {
                let chat = checked
                    .subprotocols()
                    .find(|subprotocol| subprotocol.name() == "chat")
                    .ok_or("chat was not offered")?;
                let acceptance = checked.accept(Accept::new().subprotocol(chat))?;
                let response = Response::builder().status(acceptance.status());
                (
                    acceptance
                        .fields()
                        .fold(response, |response, (name, value)| response.header(name, value)),
                    Ok(acceptance.negotiated()),
                )
            }
            Err(refusal) => {
                let response = Response::builder().status(refusal.status());
                (
                    refusal.fields().fold(response, |response, (name, value)| response.header(name, value)),
                    Err(refusal),
                )
            }
        };
    let stream = respond.send_response(response.body(())?, agreed.is_err())?;
    let connection = Connection::established(Server::new(), agreed?, Config::default());
    let echo = |connection: &mut Connection<Server>, event: Event<'_>, out: &mut Vec<u8>| match event {
        Event::Text(text) => connection.send_text(text, out).unwrap(),
        Event::Binary(bytes) => connection.send_binary(bytes, out).unwrap(),
        _ => {}
    };
    run(connection, Vec::new(), stream, request.into_body(), echo).await
}

/// A client and a server of the crate h2's in memory; what both come to.
fn over_h2<T: Send + 'static>(
    client: impl AsyncFnOnce(h2::client::SendRequest<Bytes>) -> AnyResult<T> + 'static,
) -> (AnyResult<T>, Vec<AnyResult<bool>>) {
    let (near, far) = tokio::io::duplex(1024);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let server = tokio::spawn(async move {
            let mut connection =
                h2::server::Builder::new().enable_connect_protocol().handshake(far).await.unwrap();
            let mut streams = Vec::new();
            while let Some(Ok((request, respond))) = connection.accept().await {
                streams.push(tokio::spawn(serve(request, respond)));
            }
            let mut outcomes = Vec::new();
            for stream in streams {
                outcomes.push(stream.await.unwrap());
            }
            outcomes
        });
        let (mut send_request, connection) = h2::client::handshake(near).await.unwrap();
        let connection = tokio::spawn(connection);
        while !send_request.is_extended_connect_protocol_enabled() {
            poll_fn(|context| send_request.poll_ready(context)).await.unwrap();
            tokio::task::yield_now().await;
        }
        let outcome = client(send_request).await;
        connection.await.unwrap().unwrap();
        (outcome, server.await.unwrap())
    })
}

/// The request of this head as h2 takes it.
fn h2_request(uri: Uri<'_>, head: &UpgradeOffer<'_>) -> AnyResult<Request<()>> {
    let scheme = if uri.is_secure() { "https" } else { "http" };
    let mut request = Request::builder()
        .method(head.method())
        .uri(format!("{scheme}://{}{}", uri.authority(), uri.resource()))
        .extension(Protocol::from_static("websocket"));
    for (name, value) in head.fields() {
        request = request.header(name, value.to_string());
    }
    Ok(request.body(())?)
}

#[test]
fn messages_go_over_a_stream_of_http2() {
    let (outcome, served) = over_h2(async |mut send_request| {
        let uri = Uri::parse("wss://server.example.com/chat")?;
        let head = UpgradeOffer::extended_connect(request())?;
        let (response, stream) = send_request.send_request(h2_request(uri, &head)?, false)?;
        drop(send_request);
        let response = response.await?;
        let checked = head.check(response.status().as_u16(), response.headers())?;
        assert_eq!(checked.subprotocol(), Some("chat"));

        let mut connection =
            Connection::established(Client::new(Keys::default()), checked.negotiated(), Config::default());
        let mut out = Vec::new();
        let long = vec![7; 40_000];
        connection.send_text("over HTTP/2", &mut out)?;
        connection.send_binary(&long, &mut out)?;
        let mut events = Vec::new();
        let clean = run(connection, out, stream, response.into_body(), |connection, event, out| {
            match event {
                Event::Text(text) => events.push(text.to_owned()),
                Event::Close(Some(frame)) => events.push(frame.code.get().to_string()),
                _ => {}
            }
            if let Event::Binary(bytes) = event {
                assert!(bytes == long);
                connection.close(CloseCode::NORMAL_CLOSURE, "bye", out).unwrap();
            }
        });
        let clean = clean.await?;
        assert_eq!(events, ["over HTTP/2", "1000"]);
        Ok(clean)
    });
    assert!(outcome.unwrap(), "closed cleanly");
    assert!(served.len() == 1 && *served[0].as_ref().unwrap(), "{served:?}");
}

#[test]
fn a_reset_stream_is_no_clean_end() {
    let (outcome, served) = over_h2(async |mut send_request| {
        let uri = Uri::parse("wss://server.example.com/chat")?;
        let head = UpgradeOffer::extended_connect(request())?;
        let (response, mut stream) = send_request.send_request(h2_request(uri, &head)?, false)?;
        drop(send_request);
        head.check(response.await?.status().as_u16(), &HeaderMap::new())?;
        stream.send_reset(Reason::CANCEL);
        Ok(())
    });
    outcome.unwrap();
    assert!(served.len() == 1 && !*served[0].as_ref().unwrap(), "{served:?}");
}

#[test]
fn a_refusal_goes_over_http2() {
    let (outcome, served) = over_h2(async |mut send_request| {
        let uri = Uri::parse("wss://server.example.com/chat")?;
        let head = UpgradeOffer::extended_connect(request())?;
        let mut request = h2_request(uri, &head)?;
        request.headers_mut().insert("sec-websocket-version", 12.into());
        let (response, _) = send_request.send_request(request, true)?;
        drop(send_request);
        let response = response.await?;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["sec-websocket-version"]),
            (400, &13.into())
        );
        Ok(head.check(response.status().as_u16(), response.headers()).map(|_| ()))
    });
    assert_eq!(outcome.unwrap(), Err(HandshakeError::NotAccepted));
    let error = served[0].as_ref().unwrap_err().downcast_ref::<RejectResponse>().unwrap().error();
    assert_eq!(error, HandshakeError::UnsupportedVersion);
}
