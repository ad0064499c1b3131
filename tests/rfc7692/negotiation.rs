//! The negotiation of permessage-deflate (RFC 7692 §5, §7.1): offers, and the answer of a server.

use websocket_proto::{
    Accept, Client, ClientRequest, Config, Connection, DeflateParams, Error, Event, HandshakeError,
    Negotiated, ProtocolError, ReceiveBuffer, Server, State, Uri,
};

use crate::support::{self, Keys, REQUEST, RESPONSE, Seen, feed, filled, frame, frames_of, with_field};
use crate::support_deflate::{self, config, deflate};

pub(crate) fn all() -> DeflateParams {
    DeflateParams::new()
}

/// The value of Sec-WebSocket-Extensions in a head.
pub(crate) fn extensions_field(head: &[u8]) -> Option<String> {
    let text = String::from_utf8(head.to_vec()).unwrap();
    let lines: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: ")).collect();
    assert!(lines.len() <= 1);
    lines.first().map(|value| (*value).to_owned())
}

fn with_extensions(head: &[u8], value: &str) -> Vec<u8> {
    let lines = value.split("\r\n").map(|value| format!("Sec-WebSocket-Extensions: {value}\r\n"));
    with_field(head, "X", lines.collect::<String>())
}

/// What a server that is ready for `most` answers to an offer, in every chunking; and the connection.
pub(crate) fn answer(
    most: Option<DeflateParams>,
    offer: &str,
) -> (Option<String>, Option<DeflateParams>, Connection<Server>) {
    let wire = with_extensions(REQUEST, offer);
    let outcome = support::every_way(&Connection::server(config(most)), &wire, |server, out| {
        let before = server.negotiated();
        assert!(before.is_some(), "known before it is accepted");
        server.accept(Accept::new(), out).unwrap();
        assert_eq!(server.negotiated(), before);
        let deflate = before.and_then(|agreed| agreed.deflate());
        assert_eq!(
            before,
            Some(deflate.map_or(Negotiated::new(), |deflate| Negotiated::new().with_deflate(deflate))),
            "whatever was named"
        );
    });
    assert_eq!((outcome.error, outcome.state), (None, State::Transmission), "{offer}");
    let (mut server, mut out) = (Connection::server(config(most)), Vec::new());
    assert_eq!(server.negotiated(), None);
    assert!(matches!(server.receive(&mut filled(&wire), &mut out), Ok(Some(Event::Request(_)))));
    server.accept(Accept::new(), &mut out).unwrap();
    assert_eq!(out, outcome.out);
    (extensions_field(&out), server.negotiated().unwrap().deflate(), server)
}

pub(crate) fn asking(most: Option<DeflateParams>) -> (Connection<Client<Keys>>, Vec<u8>) {
    let mut out = Vec::new();
    let uri = Uri::parse("ws://server.example.com/chat").unwrap();
    let client =
        Connection::client(ClientRequest::new(uri), config(most), Keys::default(), &mut out).unwrap();
    (client, out)
}

/// What a client that has offered `most` makes of an answer, in every chunking.
pub(crate) fn judged(
    most: Option<DeflateParams>,
    value: &str,
) -> Result<Option<DeflateParams>, HandshakeError> {
    let (client, request) = asking(most);
    // The accept value for the key of these Keys comes from a server.
    let (mut server, mut response) = (Connection::server(Config::default()), Vec::new());
    assert!(matches!(server.receive(&mut filled(&request), &mut response), Ok(Some(Event::Request(_)))));
    server.accept(Accept::new(), &mut response).unwrap();
    let wire = if value.is_empty() { response } else { with_extensions(&response, value) };
    let outcome = support::every_way(&client, &wire, |_, _| panic!());
    match outcome.error {
        Some(Error::Handshake(error)) => {
            assert_eq!((outcome.state, outcome.events.len()), (State::End, 0));
            return Err(error);
        }
        Some(error) => panic!("{error}"),
        None => assert!(matches!(outcome.events[..], [Seen::Open { .. }])),
    }
    let mut client = client;
    let mut inbound = filled(&wire);
    let Ok(Some(Event::Open(response))) = client.receive(&mut inbound, &mut Vec::new()) else { panic!() };
    let deflate = client.negotiated().unwrap().deflate();
    let names: Vec<&str> = response.extensions().map(|extension| extension.name()).collect();
    assert_eq!(names, if deflate.is_some() { vec!["permessage-deflate"] } else { vec![] });
    Ok(deflate)
}

/// PMD-01 (RFC 7692 §5.1).
#[test]
fn a_valid_offer_is_accepted_and_answered() {
    assert_eq!(DeflateParams::default(), deflate(15, 15, true, true), "the extension without parameters");
    let small = deflate(10, 9, false, false);
    for (most, offer, value, agreed) in [
        // §7.1.3: "The simplest"
        (all(), "permessage-deflate", "permessage-deflate", all()),
        (all(), "permessage-deflate; client_max_window_bits", "permessage-deflate", all()),
        (
            all(),
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=10",
            deflate(10, 15, true, true),
        ),
        // §7.1.2.1: accepted "by including" it
        (
            all(),
            "permessage-deflate; server_max_window_bits=15",
            "permessage-deflate; server_max_window_bits=15",
            all(),
        ),
        (
            all(),
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=8",
            deflate(8, 15, true, true),
        ),
        // §5.2: "The value may be quoted."
        (
            all(),
            "permessage-deflate; client_max_window_bits=\"1\\2\"",
            "permessage-deflate; client_max_window_bits=12",
            deflate(15, 12, true, true),
        ),
        (
            all(),
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover",
            deflate(15, 15, false, true),
        ),
        (
            all(),
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate; client_no_context_takeover",
            deflate(15, 15, true, false),
        ),
        (
            all(),
            "permessage-deflate;client_no_context_takeover;server_max_window_bits=9 ; server_no_context_takeover;client_max_window_bits=8",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=8",
            deflate(9, 8, false, false),
        ),
        // A server may ask for less than the offer.
        (
            small,
            "permessage-deflate; client_max_window_bits; server_max_window_bits=12",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9",
            small,
        ),
        (
            deflate(10, 15, true, true),
            "permessage-deflate",
            "permessage-deflate; server_max_window_bits=10",
            deflate(10, 15, true, true),
        ),
    ] {
        let (field, found, _) = answer(Some(most), offer);
        assert_eq!((field.as_deref(), found), (Some(value), Some(agreed)), "{offer}");
        // And a client that has offered the same takes the answer.
        assert_eq!(
            extensions_field(&asking(Some(all())).1).as_deref(),
            Some("permessage-deflate; client_max_window_bits")
        );
        assert_eq!(judged(Some(all()), value), Ok(Some(agreed)), "{value}");
    }
}

/// PMD-02, PMD-04 (RFC 7692 §7), PMD-03 (RFC 7692 §7, RFC 7692 §7.1.2).
#[test]
fn invalid_offers_are_declined() {
    for offer in [
        // PMD-02: not defined
        "permessage-deflate; x",
        "permessage-deflate; max_window_bits=10",
        "permessage-deflate; Server_No_Context_Takeover",
        "permessage-deflate; server_no_context_takeover; x=1",
        // PMD-03: values
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover=10",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=0",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+10",
        "permessage-deflate; server_max_window_bits=-10",
        "permessage-deflate; server_max_window_bits=1e1",
        "permessage-deflate; server_max_window_bits=10.0",
        "permessage-deflate; server_max_window_bits=0xA",
        "permessage-deflate; server_max_window_bits=265",
        "permessage-deflate; server_max_window_bits=4294967306",
        "permessage-deflate; server_max_window_bits=18446744073709551626",
        "permessage-deflate; server_max_window_bits=1000",
        "permessage-deflate; server_max_window_bits=abc",
        "permessage-deflate; server_max_window_bits=\"08\"",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=08",
        "permessage-deflate; client_max_window_bits=15x",
        // PMD-04: twice
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; x; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=10; client_max_window_bits",
    ] {
        let (field, agreed, _) = answer(Some(all()), offer);
        assert_eq!((field, agreed), (None, None), "{offer}");
        // PMD-05: the next one
        let (field, agreed, _) =
            answer(Some(all()), &format!("{offer}, permessage-deflate; server_max_window_bits=9"));
        assert_eq!(
            (field.as_deref(), agreed),
            (Some("permessage-deflate; server_max_window_bits=9"), Some(deflate(9, 15, true, true)))
        );
    }
    for offer in [
        "x-webkit-deflate-frame",
        "Permessage-Deflate",
        "permessage-deflat",
        "permessage-deflate2",
        "deflate",
    ] {
        let (field, agreed, _) = answer(Some(all()), offer);
        assert_eq!((field, agreed), (None, None), "{offer}");
    }
}

/// PMD-05 (RFC 7692 §5.2).
#[test]
fn offers_are_tried_in_order() {
    for (offer, value) in [
        // §7.1.3
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=10",
        ),
        ("permessage-deflate, permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
        (
            "x, permessage-foo; x=10, permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover",
        ),
        (
            "permessage-deflate; y\r\npermessage-deflate; server_max_window_bits=7\r\n,permessage-deflate",
            "permessage-deflate",
        ),
    ] {
        assert_eq!(answer(Some(all()), offer).0.as_deref(), Some(value), "{offer}");
    }
    // A later line outside the grammar fails all the same.
    let wire = with_extensions(REQUEST, "permessage-deflate\r\n;");
    let outcome = support::every_way(&Connection::server(config(Some(all()))), &wire, |_, _| panic!());
    assert_eq!(outcome.error, Some(Error::Handshake(HandshakeError::InvalidExtensions)));
}

/// PMD-22 (RFC 7692 §7.1.2.2).
#[test]
fn the_window_of_a_client_is_limited_only_if_it_offers_that() {
    let small = deflate(15, 10, true, true);
    for (offer, value) in [
        ("permessage-deflate; client_max_window_bits", Some("permessage-deflate; client_max_window_bits=10")),
        (
            "permessage-deflate; client_max_window_bits=15",
            Some("permessage-deflate; client_max_window_bits=10"),
        ),
        (
            "permessage-deflate; client_max_window_bits=9",
            Some("permessage-deflate; client_max_window_bits=9"),
        ),
        // The limit holds; the offer cannot be met.
        ("permessage-deflate", None),
        ("permessage-deflate; server_max_window_bits=10", None),
        (
            "permessage-deflate, permessage-deflate; client_max_window_bits",
            Some("permessage-deflate; client_max_window_bits=10"),
        ),
    ] {
        assert_eq!(answer(Some(small), offer).0.as_deref(), value, "{offer}");
    }
    for offer in ["permessage-deflate", "permessage-deflate; server_max_window_bits=9"] {
        assert!(!answer(Some(all()), offer).0.unwrap().contains("client_max_window_bits"), "{offer}");
    }
}

/// PMD-23 (RFC 7692 §8).
#[test]
fn nothing_is_negotiated_unless_the_caller_enables_it() {
    assert_eq!(Config::default().deflate, None);
    let (field, agreed, mut server) = answer(None, "permessage-deflate; client_max_window_bits");
    assert_eq!((field, agreed), (None, None));
    let mut out = Vec::new();
    server.send_text(&"compressible ".repeat(100), &mut out).unwrap();
    assert_eq!(out[0], 0x81);
    assert_eq!(extensions_field(&asking(None).1), None);
    assert_eq!(judged(None, ""), Ok(None));
    assert_eq!(Negotiated::new().deflate(), None);
    // Negotiated on elsewhere, but not enabled here: input is inflated, output is not compressed.
    let mut server =
        Connection::established(Server::new(), Negotiated::new().with_deflate(all()), Config::default());
    out.clear();
    server.send_text(&"compressible ".repeat(100), &mut out).unwrap();
    assert_eq!(out[0], 0x81);
    let wire = frame::<Server>(0xC1, support_deflate::HELLO);
    assert!(matches!(server.receive(&mut filled(&wire), &mut out), Ok(Some(Event::Text("Hello")))));
}

/// RFC 7692 §7: the extension and each of its parameters change the rules for frames.
#[test]
fn what_was_negotiated_is_equal_only_with_equal_parameters() {
    let mut params = [DeflateParams::new(); 5];
    params[1].server_window_bits = 9;
    params[2].client_window_bits = 9;
    params[3].server_context_takeover = false;
    params[4].client_context_takeover = false;
    let negotiated = params.map(|params| Negotiated::new().with_deflate(params));
    for (at, one) in negotiated.iter().enumerate() {
        assert_ne!(*one, Negotiated::new());
        for (other_at, other) in negotiated.iter().enumerate() {
            assert_eq!(one == other, at == other_at, "{one:?}, {other:?}");
        }
    }
    // However the parameters were offered.
    let (.., server) = answer(Some(all()), "permessage-deflate; server_max_window_bits=15");
    assert_eq!(server.negotiated(), Some(Negotiated::new().with_deflate(all())));
}

/// PMD-08 (RFC 7692 §5, §5.2), EX-05 (§9, §9.1), attack E1.
#[test]
fn rsv1_without_agreement_is_an_error() {
    // Offered and declined, and never offered.
    for (most, offer) in
        [(None, "permessage-deflate"), (Some(all()), "permessage-deflate; x"), (Some(all()), "x")]
    {
        let (_, agreed, server) = answer(most, offer);
        assert_eq!(agreed, None);
        for (first, payload) in [(0xC1, support_deflate::HELLO), (0xC2, b""), (0xA1, b"x"), (0x91, b"x")] {
            let outcome = support::every_way(&server, &frame::<Server>(first, payload), |_, _| panic!());
            assert_eq!(
                (outcome.events.len(), outcome.error),
                (0, Some(Error::Protocol(ProtocolError::ReservedBits)))
            );
            assert_eq!(frames_of::<Server>(&outcome.out), [(0x88, b"\x03\xea".to_vec())]);
        }
    }
    let (mut client, request) = asking(Some(all()));
    let (mut server, mut response) = (Connection::server(Config::default()), Vec::new());
    assert!(matches!(server.receive(&mut filled(&request), &mut response), Ok(Some(Event::Request(_)))));
    server.accept(Accept::new(), &mut response).unwrap();
    assert!(matches!(client.receive(&mut filled(&response), &mut Vec::new()), Ok(Some(Event::Open(_)))));
    let wire = frame::<Client<Keys>>(0xC1, support_deflate::HELLO);
    let outcome = feed(client, ReceiveBuffer::new(), [&wire[..]], |_, _| panic!());
    assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::ReservedBits)));
}

/// EX-04 (§9.1), EX-06 (RFC 7692 §5.1).
#[test]
fn one_extension_is_accepted_among_many_offers() {
    for offer in [
        "permessage-deflate, x-webkit-deflate-frame, permessage-bzip2",
        "permessage-bzip2, permessage-deflate, permessage-deflate",
        "permessage-deflate\r\nmux; max-channels=4, permessage-deflate; server_max_window_bits=9",
    ] {
        assert_eq!(answer(Some(all()), offer).0.as_deref(), Some("permessage-deflate"), "{offer}");
    }
    // RSV2 and RSV3 stay reserved.
    for first in [0xA1, 0x91, 0xE1, 0xD1, 0xF1] {
        let (_, _, server) = answer(Some(all()), "permessage-deflate");
        let outcome =
            support::every_way(&server, &frame::<Server>(first, support_deflate::HELLO), |_, _| panic!());
        assert_eq!(outcome.error, Some(Error::Protocol(ProtocolError::ReservedBits)));
    }
    // Frames after the handshake are read with the agreed parameters.
    let wire =
        [with_extensions(REQUEST, "permessage-deflate"), frame::<Server>(0xC1, support_deflate::HELLO)]
            .concat();
    let outcome = support::every_way(&Connection::server(config(Some(all()))), &wire, |server, out| {
        server.accept(Accept::new(), out).unwrap()
    });
    assert_eq!(outcome.events[1..], [Seen::Text("Hello".to_owned())]);
    assert!(outcome.out.starts_with(&RESPONSE[..RESPONSE.len() - 2]));
}
