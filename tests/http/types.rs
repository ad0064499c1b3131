//! The opening handshake with the types of the crate `http`, between this crate's two ends.

use http::{HeaderMap, Method, Request, Response, Version};
use websocket_proto::handshake::{Key, RejectResponse, UpgradeOffer, UpgradeRequest};
use websocket_proto::{Accept, ClientRequest, HandshakeError, Negotiated, RequestError, Uri};

const SAMPLE: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A valid request, with the changes of `change`.
fn request(change: impl FnOnce(&mut Request<()>)) -> Request<()> {
    let request = Request::get("/chat")
        .header("Host", "example.com")
        .header("Upgrade", "websocket")
        .header("Connection", "keep-alive, Upgrade")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", SAMPLE);
    let mut request = request.body(()).unwrap();
    change(&mut request);
    request
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    headers.keys().map(|name| name.as_str()).collect()
}

fn offer<'a>(request: ClientRequest<'a>) -> Result<UpgradeOffer<'a>, RequestError> {
    UpgradeOffer::http11(request, Key::new(*b"the sample nonce"))
}

fn client_request(uri: &str) -> ClientRequest<'_> {
    ClientRequest::new(Uri::parse(uri).unwrap())
}

/// RFC 6455 §4.1, §4.2.
#[test]
fn a_request_and_its_response_pass_both_checks() {
    let headers = [("Origin", "https://a.example"), ("Cookie", "caf\u{e9}=1")];
    let offer =
        offer(client_request("ws://example.com:81/chat?a=b").subprotocols(&["v2", "v1"]).headers(&headers));
    let offer = offer.unwrap();
    let request = offer.to_http().unwrap();
    assert_eq!((request.method(), request.version()), (&Method::GET, Version::HTTP_11));
    assert_eq!(
        (request.uri().to_string(), &request.headers()["host"]),
        ("/chat?a=b".into(), &"example.com:81".parse().unwrap())
    );
    assert_eq!(request.headers()["cookie"].as_bytes(), "caf\u{e9}=1".as_bytes());

    let upgrade = UpgradeRequest::from_http(&request).unwrap();
    assert_eq!(upgrade.origin(), Some(&b"https://a.example"[..]));
    let v1 = upgrade.subprotocols().find(|subprotocol| subprotocol.name() == "v1").unwrap();
    let own = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")];
    let response = upgrade.accept(Accept::new().subprotocol(v1).headers(&own)).unwrap().into_http().unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(response.headers().get_all("set-cookie").iter().eq(["a=1", "b=2"]));

    let checked = offer.check_http(&response).unwrap();
    assert_eq!((checked.subprotocol(), checked.negotiated()), (Some("v1"), Negotiated::new()));
}

/// RFC 8441 §5.
#[test]
fn an_extended_connect_has_an_absolute_uri_and_no_key() {
    for (uri, absolute) in [
        ("ws://example.com/chat", "http://example.com/chat"),
        ("wss://[::1]:8443?a", "https://[::1]:8443/?a"),
    ] {
        let offer = UpgradeOffer::extended_connect(client_request(uri)).unwrap();
        let request = offer.to_http().unwrap();
        assert_eq!((request.method(), request.version()), (&Method::CONNECT, Version::HTTP_2));
        assert_eq!(request.uri(), absolute);
        assert_eq!(names(request.headers()), ["sec-websocket-version"]);

        let upgrade =
            UpgradeRequest::extended_connect(request.method().as_str(), "websocket", request.headers())
                .unwrap();
        let response = upgrade.accept(Accept::new()).unwrap().into_http().unwrap();
        assert_eq!((response.status().as_u16(), response.headers().len()), (200, 0));
        assert!(offer.check_http(&response).is_ok());
    }
}

/// RFC 6455 §4.2.2, §4.4.
#[test]
fn an_invalid_request_is_rejected_with_the_fields_of_its_status() {
    let remove = |name: &'static str| request(|request| drop(request.headers_mut().remove(name)));
    for (request, error, status, fields) in [
        (
            remove("upgrade"),
            HandshakeError::NotAnUpgrade,
            426,
            &["upgrade", "sec-websocket-version", "connection"][..],
        ),
        (
            remove("sec-websocket-version"),
            HandshakeError::UnsupportedVersion,
            426,
            &["upgrade", "sec-websocket-version", "connection"],
        ),
        (remove("host"), HandshakeError::MissingHost, 400, &[]),
        (
            request(|request| *request.method_mut() = Method::POST),
            HandshakeError::MethodNotAllowed,
            405,
            &["allow"],
        ),
        (
            request(|request| *request.version_mut() = Version::HTTP_10),
            HandshakeError::UnsupportedHttpVersion,
            505,
            &[],
        ),
        (
            request(|request| *request.version_mut() = Version::HTTP_2),
            HandshakeError::UnsupportedHttpVersion,
            505,
            &[],
        ),
    ] {
        let reject = UpgradeRequest::from_http(&request).unwrap_err();
        let is_http1 = request.version() <= Version::HTTP_11;
        assert_eq!(
            reject,
            if is_http1 { RejectResponse::http11(error) } else { RejectResponse::extended_connect(error) }
        );
        let response = reject.into_http();
        assert_eq!(
            (response.status().as_u16(), names(response.headers())),
            (status, fields.to_vec()),
            "{error}"
        );
    }
}

/// RFC 6455 §4.1.
#[test]
fn the_client_refuses_a_response_that_does_not_accept_its_request() {
    let offer = offer(client_request("ws://example.com/")).unwrap();
    let response = |status: u16| Response::builder().status(status).header("Upgrade", "websocket");
    for (response, error) in [
        (response(200), HandshakeError::NotAccepted),
        (response(101), HandshakeError::InvalidConnection),
        (response(101).header("Connection", "upgrade"), HandshakeError::MissingAccept),
        (
            response(101).header("Connection", "upgrade").header("Sec-WebSocket-Accept", SAMPLE),
            HandshakeError::AcceptMismatch,
        ),
    ] {
        assert_eq!(offer.check_http(&response.body(()).unwrap()).unwrap_err(), error);
    }
}

#[test]
fn what_the_crate_http_does_not_support_is_an_error() {
    let name = "a".repeat(70_000);
    let fields = [(name.as_str(), "")];
    assert!(offer(client_request("ws://a/").headers(&fields)).unwrap().to_http().is_err());
    let resource = format!("ws://a/{name}");
    assert!(offer(client_request(&resource)).unwrap().to_http().is_err());
    let many: Vec<String> = (0..40_000).map(|number| format!("a{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "")).collect();
    assert!(offer(client_request("ws://a/").headers(&many)).unwrap().to_http().is_err());
    let request = request(|_| ());
    let upgrade = UpgradeRequest::from_http(&request).unwrap();
    assert!(upgrade.accept(Accept::new().headers(&fields)).unwrap().into_http().is_err());
    assert!(upgrade.accept(Accept::new().headers(&many)).unwrap().into_http().is_err());
}
