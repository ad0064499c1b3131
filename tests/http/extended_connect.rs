//! WebSocket over HTTP/2 and HTTP/3 (RFC 8441, RFC 9220): the handshake over parsed fields.

use websocket_proto::handshake::{RejectResponse, UpgradeOffer, UpgradeRequest};
use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, CloseCode, Config, Connection, Event, HandshakeError,
    Negotiated, ProtocolError, RequestError, Server, State, TransportAction, Uri,
};

use crate::support::{KEY, Keys, Side, filled, frame, frame_with, frames_of};

type Fields<'a> = &'a [(&'a str, &'a str)];

/// RFC 8441 §5.1.
const REQUEST: Fields<'_> = &[
    ("sec-websocket-protocol", "chat, superchat"),
    ("sec-websocket-extensions", "permessage-deflate"),
    ("sec-websocket-version", "13"),
    ("origin", "http://www.example.com"),
];

fn upgrade_request<'a>(
    fields: Fields<'a>,
) -> Result<UpgradeRequest<impl IntoIterator<Item = (&'a str, &'a str)> + Clone>, RejectResponse> {
    UpgradeRequest::extended_connect("CONNECT", "websocket", fields.iter().copied())
}

/// [`REQUEST`] with other fields in the place of this one's.
fn with<'a>(name: &str, fields: Fields<'a>) -> Vec<(&'a str, &'a str)> {
    REQUEST.iter().copied().filter(|(found, _)| *found != name).chain(fields.iter().copied()).collect()
}

fn request() -> ClientRequest<'static> {
    ClientRequest::new(Uri::parse("wss://server.example.com/chat").unwrap())
        .subprotocols(&["chat", "superchat"])
        .headers(&[("origin", "http://www.example.com")])
}

fn sent(head: &UpgradeOffer<'_>) -> Vec<(String, String)> {
    head.fields().map(|(name, value)| (name.to_owned(), value.to_string())).collect()
}

/// H2-01 (RFC 8441 §5).
#[test]
fn a_connection_can_start_in_transmission() {
    let mut server = Connection::established(Server::new(), Negotiated::new(), Config::default());
    let mut client =
        Connection::established(Client::new(Keys::default()), Negotiated::new(), Config::default());
    assert_eq!((server.state(), client.state()), (State::Transmission, State::Transmission));
    let mut wire = Vec::new();
    client.send_text("at once", &mut wire).unwrap();
    let (mut inbound, mut back) = (filled(&wire), Vec::new());
    let Ok(Some(Event::Text(text))) = server.receive(&mut inbound, &mut back) else { panic!("no text") };
    server.send_text(text, &mut back).unwrap();
    assert!(matches!(client.receive(&mut filled(&back), &mut wire), Ok(Some(Event::Text("at once")))));

    // The extensions and the subprotocol are those of the handshake elsewhere.
    let chat = upgrade_request(REQUEST).unwrap().subprotocols().next().unwrap();
    let acceptance = upgrade_request(REQUEST).unwrap().accept(Accept::new().subprotocol(chat)).unwrap();
    assert_eq!(acceptance.negotiated(), Negotiated::new());
    let head = UpgradeOffer::extended_connect(request()).unwrap();
    let response =
        head.check(acceptance.status(), acceptance.fields().collect::<Vec<_>>().iter().copied()).unwrap();
    assert_eq!((response.subprotocol(), response.negotiated()), (Some("chat"), acceptance.negotiated()));
}

/// H2-02 (RFC 8441 §5).
#[test]
fn no_key_and_no_accept_are_sent_or_read() {
    let acceptance = upgrade_request(REQUEST).unwrap().accept(Accept::new()).unwrap();
    assert_eq!(acceptance.fields().count(), 0);
    let head = UpgradeOffer::extended_connect(request()).unwrap();
    assert!(
        sent(&head).iter().all(|(name, _)| name != "sec-websocket-key" && name != "sec-websocket-accept")
    );

    // RFC 8441 §5: they are not processed: not looked at, whatever they hold, and not answered.
    for name in ["sec-websocket-key", "sec-websocket-accept", "sec-websocket-key1", "host"] {
        let twice = [(name, "x"), (name, "\u{e9}")];
        let fields = with("", &twice);
        let acceptance = upgrade_request(&fields).unwrap().accept(Accept::new()).unwrap();
        assert_eq!(acceptance.fields().count(), 0, "{name}");
        assert!(head.check(200, twice).is_ok(), "{name}");
    }
}

/// H2-03 (RFC 8441 §5).
#[test]
fn version_subprotocols_and_extensions_keep_their_rules() {
    use HandshakeError as E;
    for (name, fields, error) in [
        ("sec-websocket-version", &[][..], E::UnsupportedVersion),
        ("sec-websocket-version", &[("sec-websocket-version", "8")], E::UnsupportedVersion),
        (
            "sec-websocket-version",
            &[("sec-websocket-version", "13"), ("Sec-WebSocket-Version", "13")],
            E::RepeatedVersion,
        ),
        ("sec-websocket-protocol", &[("sec-websocket-protocol", "")], E::InvalidSubprotocol),
        ("sec-websocket-protocol", &[("sec-websocket-protocol", "a b")], E::InvalidSubprotocol),
        ("sec-websocket-protocol", &[("sec-websocket-protocol", "a, b, a")], E::RepeatedSubprotocol),
        (
            "sec-websocket-protocol",
            &[("sec-websocket-protocol", "a"), ("sec-websocket-protocol", "b,a")],
            E::RepeatedSubprotocol,
        ),
        ("sec-websocket-extensions", &[("sec-websocket-extensions", "a;")], E::InvalidExtensions),
        (
            "sec-websocket-extensions",
            &[("sec-websocket-extensions", "a"), ("sec-websocket-extensions", "=")],
            E::InvalidExtensions,
        ),
        ("", &[("origin", "http://www.example.com")], E::RepeatedOrigin),
        ("", &[("content-length", "5")], E::ContentNotAllowed),
    ] {
        assert_eq!(
            upgrade_request(&with(name, fields)).map(|_| ()).map_err(|refusal| refusal.error()),
            Err(error),
            "{fields:?}"
        );
    }

    let fields = with(
        "sec-websocket-protocol",
        &[("sec-websocket-protocol", " a ,, b"), ("SEC-WEBSOCKET-PROTOCOL", "c")],
    );
    let request = upgrade_request(&fields).unwrap();
    assert_eq!(
        request.subprotocols().map(|subprotocol| subprotocol.name()).collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    let fields = with(
        "sec-websocket-extensions",
        &[("sec-websocket-extensions", "x; y=1, z"), ("sec-websocket-extensions", "w")],
    );
    let extensions: Vec<_> = upgrade_request(&fields)
        .unwrap()
        .extensions()
        .map(|extension| (extension.name(), extension.params().count()))
        .collect();
    assert_eq!(extensions, [("x", 1), ("z", 0), ("w", 0)]);

    // §4.4: the versions there are. A 426 would need the Upgrade field that HTTP/2 does not have.
    let refusal = upgrade_request(&with("sec-websocket-version", &[])).unwrap_err();
    assert_eq!(
        (refusal.status(), refusal.fields().collect::<Vec<_>>()),
        (400, vec![("sec-websocket-version", "13")])
    );

    let head = UpgradeOffer::extended_connect(self::request()).unwrap();
    for (fields, error) in [
        (&[("sec-websocket-protocol", "other")][..], E::SubprotocolNotOffered),
        (&[("sec-websocket-protocol", "Chat")], E::SubprotocolNotOffered),
        (&[("sec-websocket-protocol", "chat, superchat")], E::InvalidSubprotocol),
        (&[("sec-websocket-protocol", "chat"), ("sec-websocket-protocol", "chat")], E::RepeatedSubprotocol),
        (&[("sec-websocket-extensions", "permessage-deflate")], E::ExtensionNotOffered),
        (&[("sec-websocket-extensions", ";")], E::InvalidExtensions),
    ] {
        assert_eq!(head.check(200, fields.iter().copied()).map(|_| ()), Err(error), "{fields:?}");
    }

    // Origin goes as the application gives it, and what a field cannot hold goes nowhere.
    assert!(sent(&head).contains(&("origin".to_owned(), "http://www.example.com".to_owned())));
    let uri = Uri::parse("wss://server.example.com/").unwrap();
    for (fields, subprotocols, error) in [
        (&[("origin", "a\r\nb")][..], &[][..], RequestError::InvalidField),
        (&[("origin", "a"), ("Origin", "b")], &[], RequestError::RepeatedOrigin),
        (&[("sec-websocket-version", "13")], &[], RequestError::ReservedField),
        (&[], &["a", "a"], RequestError::RepeatedSubprotocol),
    ] {
        let request = ClientRequest::new(uri).headers(fields).subprotocols(subprotocols);
        assert_eq!(UpgradeOffer::extended_connect(request).map(|_| ()), Err(error));
    }
}

/// H2-03 (RFC 8441 §5, RFC 6455 §4.2.2).
#[test]
fn a_subprotocol_of_another_request_is_refused() {
    const NAME: &str = "sec-websocket-protocol";
    let (nothing, other) = (with(NAME, &[]), with(NAME, &[(NAME, "chat")]));
    // RFC 8441 §5: the key is not processed, so it does not make them different requests.
    let key = with("", &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]);
    let [request, nothing, other, key] =
        [REQUEST, &nothing, &other, &key].map(|fields| upgrade_request(fields).unwrap());
    for (of, foreign) in [(&request, &other), (&nothing, &other), (&nothing, &request), (&other, &request)] {
        for foreign in foreign.subprotocols() {
            let refused = of.accept(Accept::new().subprotocol(foreign));
            assert_eq!(refused.map(|_| ()), Err(AcceptError::SubprotocolNotOffered));
        }
    }
    for own in request.subprotocols().chain(key.subprotocols()) {
        let acceptance = request.clone().accept(Accept::new().subprotocol(own)).unwrap();
        assert!(acceptance.fields().eq([(NAME, own.name())]));
    }
}

/// H2-04 (RFC 8441 §5).
#[test]
fn no_connection_upgrade_or_host_is_sent_or_accepted() {
    let head = UpgradeOffer::extended_connect(request()).unwrap();
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let expected = [
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat, superchat"),
        ("origin", "http://www.example.com"),
    ];
    assert_eq!(sent(&head), expected.map(pair));
    let request = upgrade_request(REQUEST).unwrap();
    let superchat = request.subprotocols().nth(1).unwrap();
    let acceptance =
        request.accept(Accept::new().subprotocol(superchat).headers(&[("server", "x")])).unwrap();
    assert!(acceptance.fields().eq([("sec-websocket-protocol", "superchat"), ("server", "x")]));

    // Nor does the application bring them in, and who sends them is refused.
    for name in ["Connection", "upgrade", "Host", "transfer-encoding", "Sec-WebSocket-Accept"] {
        assert_eq!(
            request.accept(Accept::new().headers(&[(name, "x")])).map(|_| ()),
            Err(AcceptError::ReservedField),
            "{name}"
        );
    }
    for name in ["Connection", "upgrade", "Transfer-Encoding"] {
        let fields = [(name, "")];
        let refusal = upgrade_request(&with("", &fields)).unwrap_err();
        assert_eq!(
            (refusal.error(), refusal.status()),
            (HandshakeError::ConnectionSpecificField, 400),
            "{name}"
        );
        assert_eq!(
            head.check(200, fields).map(|_| ()),
            Err(HandshakeError::ConnectionSpecificField),
            "{name}"
        );
    }
}

/// H2-05 (RFC 8441 §5).
#[test]
fn success_is_a_2xx() {
    let head = UpgradeOffer::extended_connect(request()).unwrap();
    for status in 0..=999 {
        let checked = head.check(status, REQUEST[..1].iter().copied().filter(|_| false)).map(|_| ());
        let expected = if (200..300).contains(&status) { Ok(()) } else { Err(HandshakeError::NotAccepted) };
        assert_eq!(checked, expected, "{status}");
    }
    assert_eq!(upgrade_request(REQUEST).unwrap().accept(Accept::new()).unwrap().status(), 200);
}

both_roles!(masking_and_framing_are_those_of_rfc_6455);
/// H2-06 (RFC 8441 §5).
fn masking_and_framing_are_those_of_rfc_6455<R: Side>() {
    let mut connection = Connection::established(R::role(), Negotiated::new(), Config::default());
    let mut out = Vec::new();
    connection.send_binary(&[7; 300], &mut out).unwrap();
    connection.ping(b"ping", &mut out).unwrap();
    assert_eq!(
        frames_of::<R>(&out),
        [(0x82, vec![7; 300]), (0x89, b"ping".to_vec())],
        "masked if the role masks"
    );
    let (wrong, error) = if R::PEER_MASKS {
        (None, ProtocolError::UnmaskedFrame)
    } else {
        (Some(KEY), ProtocolError::MaskedFrame)
    };
    let wire = [
        frame::<R>(0x01, b"a"),
        frame::<R>(0x80, b"b"),
        frame_with(0x81, b"c", wrong, LengthForm::Minimal, 1),
    ]
    .concat();
    let mut inbound = filled(&wire);
    assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Text("ab")))));
    assert_eq!(connection.receive(&mut inbound, &mut out).map(|_| ()), Err(error.into()));
}

/// H2-07 (RFC 8441 §5).
#[test]
fn a_clean_end_maps_to_end_stream_and_another_to_rst_stream() {
    let mut server = Connection::established(Server::new(), Negotiated::new(), Config::default());
    let mut out = Vec::new();
    server.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    assert_eq!(server.transport_action(), TransportAction::KeepOpen);
    let mut cut = server.clone();
    server.receive(&mut filled(&frame::<Server>(0x88, b"\x03\xe8")), &mut out).unwrap();
    assert_eq!(server.transport_action(), TransportAction::Close, "END_STREAM");
    assert!(server.receive_eof().clean());
    assert!(!cut.receive_eof().clean(), "RST_STREAM");
    assert_eq!(cut.transport_action(), TransportAction::Close);
}

/// H2-08 (RFC 8441 §4).
#[test]
fn the_pseudo_header_fields_are_checked_and_offered() {
    for (method, protocol, error, status, fields) in [
        ("CONNECT", "connect-udp", HandshakeError::UnsupportedProtocol, 501, vec![]), // RFC 9220 §3
        ("CONNECT", "", HandshakeError::UnsupportedProtocol, 501, vec![]),
        ("GET", "websocket", HandshakeError::MethodNotAllowed, 405, vec![("allow", "CONNECT")]),
    ] {
        let refusal =
            UpgradeRequest::extended_connect(method, protocol, REQUEST.iter().copied()).unwrap_err();
        assert_eq!((refusal.error(), refusal.status(), refusal.fields().collect()), (error, status, fields));
    }
    assert_eq!(UpgradeOffer::extended_connect(request()).unwrap().method(), "CONNECT");
    for (uri, secure, authority, path) in [
        ("wss://server.example.com/chat", true, "server.example.com", "/chat"),
        ("ws://[::1]:8080?room=1", false, "[::1]:8080", "/?room=1"),
        ("wss://a:443", true, "a", "/"),
    ] {
        let uri = Uri::parse(uri).unwrap();
        assert_eq!(
            (uri.is_secure(), uri.authority().to_string(), uri.resource().to_string()),
            (secure, authority.into(), path.into())
        );
    }
}
