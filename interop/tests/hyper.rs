//! An upgrade with hyper on both ends, in memory; frames over the upgraded transports.
#![cfg(feature = "alloc")]

#[path = "../../tests/support/mod.rs"]
mod support;

use core::convert::Infallible;
use core::error::Error as StdError;

use hyper::body::Incoming;
use hyper::http::response::Builder;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use support::Keys;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use websocket_proto::handshake::{Key, UpgradeOffer, UpgradeRequest};
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Event, HandshakeError, ReceiveBuffer, Role,
    Server, TransportAction, Uri,
};

type AnyResult<T> = Result<T, Box<dyn StdError + Send + Sync>>;

fn head<'a>(status: u16, fields: impl Iterator<Item = (&'a str, &'a str)>) -> Builder {
    fields.fold(Response::builder().status(status), |response, (name, value)| response.header(name, value))
}

/// Compresses if the feature is on and the peer agreed.
fn config() -> Config {
    #[cfg_attr(not(feature = "deflate"), expect(unused_mut, reason = "there is nothing to set"))]
    let mut config = Config::default();
    #[cfg(feature = "deflate")]
    {
        config.deflate = Some(websocket_proto::DeflateConfig::default());
    }
    config
}

/// Answers a request; once the answer was sent, echoes.
async fn answer(mut request: Request<Incoming>) -> AnyResult<Response<String>> {
    let on_upgrade = hyper::upgrade::on(&mut request);
    let checked = match UpgradeRequest::http11(request.method().as_str(), request.headers()) {
        Ok(checked) => checked,
        Err(refusal) => return Ok(head(refusal.status(), refusal.fields()).body(refusal.to_string())?),
    };
    #[cfg(feature = "deflate")]
    let checked = checked.deflate(websocket_proto::DeflateParams::new());
    let mut accept = Accept::new().headers(&[("Server", "hyper")]);
    if let Some(chat) = checked.subprotocols().find(|subprotocol| subprotocol.name() == "chat") {
        accept = accept.subprotocol(chat);
    }
    let acceptance = checked.accept(accept)?;
    let connection = Connection::established(Server::new(), acceptance.negotiated(), config());
    tokio::spawn(async move {
        let stream = TokioIo::new(on_upgrade.await?);
        let echo = |connection: &mut Connection<Server>, event: Event<'_>, out: &mut Vec<u8>| {
            if let Event::Text(text) = event {
                connection.send_text(text, out).unwrap();
            }
        };
        assert!(run(connection, Vec::new(), stream, echo).await?);
        AnyResult::Ok(())
    });
    Ok(head(acceptance.status(), acceptance.fields()).body(String::new())?)
}

/// An endpoint on what hyper hands out; says whether the end was clean.
async fn run<R: Role>(
    mut connection: Connection<R>,
    mut out: Vec<u8>,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut on: impl FnMut(&mut Connection<R>, Event<'_>, &mut Vec<u8>),
) -> AnyResult<bool> {
    let mut inbound = ReceiveBuffer::new();
    loop {
        stream.write_all(&out).await?;
        out.clear();
        if connection.transport_action() == TransportAction::Close {
            return Ok(connection.receive_eof().clean());
        }
        let count = stream.read(inbound.spare_mut(4096)).await?;
        if count == 0 {
            return Ok(connection.receive_eof().clean());
        }
        inbound.advance(count);
        while let Some(event) = connection.receive(&mut inbound, &mut out)? {
            on(&mut connection, event, &mut out);
        }
    }
}

/// What hyper's client gets from hyper's server.
fn exchange<T>(
    request: Request<String>,
    then: impl AsyncFnOnce(Response<Incoming>) -> AnyResult<T>,
) -> AnyResult<T> {
    let (near, far) = tokio::io::duplex(1024);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let service =
            service_fn(|request| async { Ok::<_, Infallible>(answer(request).await.expect("an answer")) });
        let server = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
        tokio::spawn(server.with_upgrades());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near)).await?;
        tokio::spawn(connection.with_upgrades());
        then(sender.send_request(request).await?).await
    })
}

/// The request of this head as hyper takes it.
fn hyper_request(uri: Uri<'_>, head: &UpgradeOffer<'_>) -> AnyResult<Request<String>> {
    let request = Request::builder().method(head.method()).uri(uri.resource().to_string());
    let request =
        head.fields().fold(request, |request, (name, value)| request.header(name, value.to_string()));
    Ok(request.body(String::new())?)
}

#[test]
fn messages_go_over_an_upgrade_of_hypers() -> AnyResult<()> {
    let uri = Uri::parse("ws://server.example.com:8080/chat?room=1")?;
    let head = UpgradeOffer::http11(
        ClientRequest::new(uri).subprotocols(&["superchat", "chat"]),
        Key::new(*b"the sample nonce"),
    )?;
    exchange(hyper_request(uri, &head)?, async |response| {
        let checked = head.check(response.status().as_u16(), response.headers())?;
        assert_eq!((checked.subprotocol(), &response.headers()["server"]), (Some("chat"), &"hyper".parse()?));
        let agreed = checked.negotiated();

        let stream = TokioIo::new(hyper::upgrade::on(response).await?);
        let mut connection = Connection::established(Client::new(Keys::default()), agreed, Config::default());
        let long = "long ".repeat(10_000);
        let (mut out, mut seen) = (Vec::new(), Vec::new());
        connection.send_text("over hyper", &mut out)?;
        connection.send_text(&long, &mut out)?;
        let clean = run(connection, out, stream, |connection, event, out| {
            match event {
                Event::Text(text) => seen.push(text.to_owned()),
                Event::Close(Some(frame)) => seen.push(frame.code.get().to_string()),
                _ => {}
            }
            if seen.len() == 2 {
                connection.close(CloseCode::NORMAL_CLOSURE, "", out).unwrap();
            }
        });
        assert!(clean.await?);
        assert_eq!(seen, ["over hyper", &long, "1000"]);
        Ok(())
    })
}

#[cfg(feature = "deflate")]
#[test]
fn compressed_messages_go_over_an_upgrade_of_hypers() -> AnyResult<()> {
    let uri = Uri::parse("ws://server.example.com/")?;
    let mut most = websocket_proto::DeflateParams::new();
    most.server_window_bits = 10;
    let head = UpgradeOffer::http11(ClientRequest::new(uri), Key::new(*b"the sample nonce"))?.deflate(most);
    exchange(hyper_request(uri, &head)?, async |response| {
        assert_eq!(
            response.headers()["sec-websocket-extensions"],
            "permessage-deflate; server_max_window_bits=10"
        );
        let agreed = head.check(response.status().as_u16(), response.headers())?.negotiated();
        assert_eq!(agreed.deflate(), Some(most));
        // An answer without an offer, and one that does not fit the offer.
        let none = UpgradeOffer::http11(ClientRequest::new(uri), Key::new(*b"the sample nonce"))?;
        assert_eq!(none.check(101, response.headers()).map(|_| ()), Err(HandshakeError::ExtensionNotOffered));
        most.server_window_bits = 9;
        assert_eq!(
            none.deflate(most).check(101, response.headers()).map(|_| ()),
            Err(HandshakeError::InvalidDeflate)
        );

        let mut stream = TokioIo::new(hyper::upgrade::on(response).await?);
        let mut connection = Connection::established(Client::new(Keys::default()), agreed, config());
        let long = "long ".repeat(10_000);
        let (mut out, mut inbound) = (Vec::new(), ReceiveBuffer::new());
        for _ in 0..3 {
            connection.send_text(&long, &mut out)?;
            assert!(out[0] == 0xC1 && out.len() < 1000, "{} bytes", out.len());
            stream.write_all(&out).await?;
            out.clear();
            let mut read = Vec::new();
            loop {
                let count = stream.read(inbound.spare_mut(4096)).await?;
                assert!(count > 0);
                read.extend_from_slice(&inbound.spare_mut(4096)[..count]);
                inbound.advance(count);
                if let Some(event) = connection.receive(&mut inbound, &mut out)? {
                    assert!(matches!(event, Event::Text(text) if text == long));
                    break;
                }
            }
            assert!(read[0] == 0xC1 && read.len() < 1000, "{} bytes", read.len());
        }
        connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out)?;
        assert!(run(connection, out, stream, |_, _, _| {}).await?);
        Ok(())
    })
}

#[test]
fn refusals_go_over_hyper() -> AnyResult<()> {
    let uri = Uri::parse("ws://server.example.com/")?;
    let head = UpgradeOffer::http11(ClientRequest::new(uri), Key::new([0; 16]))?;
    let with = |name: &'static str, value: &'static str| -> AnyResult<Request<String>> {
        let mut request = hyper_request(uri, &head)?;
        request.headers_mut().insert(name, value.parse()?);
        Ok(request)
    };
    let mut post = hyper_request(uri, &head)?;
    *post.method_mut() = hyper::Method::POST;
    for (request, status, fields, error) in [
        (
            with("sec-websocket-version", "8")?,
            426,
            &[("upgrade", "websocket"), ("sec-websocket-version", "13")][..],
            "Version",
        ),
        (with("connection", "close")?, 426, &[("upgrade", "websocket")], "does not ask"),
        (with("sec-websocket-key", "short")?, 400, &[], "Key"),
        (post, 405, &[("allow", "GET")], "method"),
    ] {
        exchange(request, async |response| {
            assert_eq!(response.status().as_u16(), status, "{error}");
            for (name, value) in fields {
                assert_eq!(response.headers()[*name], *value, "{error}");
            }
            let checked = head.check(response.status().as_u16(), response.headers()).map(|_| ());
            assert_eq!(checked, Err(HandshakeError::NotAccepted));
            let mut stream = response.into_body();
            let content = core::future::poll_fn(|context| {
                hyper::body::Body::poll_frame(core::pin::Pin::new(&mut stream), context)
            })
            .await;
            let content = content.ok_or("no content")??.into_data().map_err(|_| "no data")?;
            assert!(String::from_utf8(content.to_vec())?.contains(error), "{content:?}");
            Ok(())
        })?;
    }
    Ok(())
}

/// A `HeaderMap` is read in place: no copy, and no iterator that the caller writes.
#[test]
fn a_header_map_is_a_source_of_fields() {
    let map: HeaderMap = [
        ("Host", "a"),
        ("Upgrade", "websocket"),
        ("Connection", "upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ]
    .iter()
    .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
    .collect();
    let request = UpgradeRequest::http11("GET", &map).unwrap();
    let response = request.accept(Accept::new()).unwrap();
    let (_, accept) = response.fields().find(|(name, _)| *name == "Sec-WebSocket-Accept").unwrap();
    assert_eq!(accept, Key::new(*b"the sample nonce").accept().as_str());
}
