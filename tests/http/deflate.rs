//! The negotiation of permessage-deflate (RFC 7692 §7.1) over parsed fields has the result of the one over
//! bytes.

use alloc::collections::BTreeSet;

use fastrand::Rng;
use websocket_proto::handshake::{Key, UpgradeOffer, UpgradeRequest};
use websocket_proto::{
    Accept, Client, ClientRequest, Config, Connection, DeflateParams, Entropy as _, Error, Event,
    HandshakeError, Negotiated, Server, Uri,
};

use crate::support::{Keys, filled, frames_of};
use crate::support_deflate::{config, deflate};

fn lines<'a>(fields: impl Iterator<Item = (&'a str, impl ToString)>) -> String {
    fields.map(|(name, value)| format!("{name}: {}\r\n", value.to_string())).collect()
}

/// The answer to an offer, and the parameters that both agree on.
type Answer = Result<(Option<String>, Option<DeflateParams>), HandshakeError>;

/// The fields of a request for an upgrade, with these lines of Sec-WebSocket-Extensions.
fn asked<'a>(offers: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("Host", "server.example.com"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "chat"),
    ];
    fields.extend(offers.iter().map(|offer| ("Sec-WebSocket-Extensions", *offer)));
    fields
}

/// What a server that is ready for `most` answers to an offer: over bytes, over fields of HTTP/1.1, over an
/// extended CONNECT; all the same.
fn answer(most: DeflateParams, offers: &[&str]) -> Answer {
    let fields = asked(offers);
    let added = [("Set-Cookie", "a=b")];
    let (mut server, mut out) = (Connection::server(config(Some(most))), Vec::new());
    let head = format!("GET / HTTP/1.1\r\n{}\r\n", lines(fields.iter().copied()));
    let bytes = match server.receive(&mut filled(head.as_bytes()), &mut out) {
        Ok(Some(Event::Request(request))) => {
            let chat = request.subprotocols().next().unwrap();
            server.accept(Accept::new().subprotocol(chat).headers(&added), &mut out).unwrap();
            Ok(server.negotiated().unwrap())
        }
        Err(Error::Handshake(error)) => Err(error),
        other => panic!("{other:?}"),
    };

    let over_fields = UpgradeRequest::http11("GET", fields.iter().copied()).map(|checked| {
        let checked = checked.deflate(most);
        let chat = checked.subprotocols().next().unwrap();
        let acceptance = checked.accept(Accept::new().subprotocol(chat).headers(&added)).unwrap();
        let text = format!(
            "HTTP/1.1 {} Switching Protocols\r\n{}\r\n",
            acceptance.status(),
            lines(acceptance.fields())
        );
        assert_eq!(String::from_utf8(out).unwrap(), text, "{offers:?}");
        acceptance.negotiated()
    });
    assert_eq!(over_fields.map_err(|refusal| refusal.error()), bytes, "{offers:?}");

    let of_connect: Vec<_> = fields[4..].iter().map(|(name, value)| (name.to_lowercase(), *value)).collect();
    let of_connect = of_connect.iter().map(|(name, value)| (name.as_str(), *value));
    let over_connect = UpgradeRequest::extended_connect("CONNECT", "websocket", of_connect).map(|checked| {
        let checked = checked.deflate(most);
        let chat = checked.subprotocols().next().unwrap();
        let acceptance = checked.accept(Accept::new().subprotocol(chat).headers(&added)).unwrap();
        let value = acceptance
            .fields()
            .find(|(name, _)| *name == "sec-websocket-extensions")
            .map(|(_, value)| value.to_owned());
        let count = 2 + usize::from(value.is_some());
        assert_eq!((acceptance.fields().count(), acceptance.fields().last()), (count, Some(added[0])));
        (value, acceptance.negotiated())
    });
    let over_connect = over_connect.map_err(|refusal| refusal.error());
    assert_eq!(
        over_connect.as_ref().map(|(_, agreed)| *agreed),
        bytes.as_ref().map(|agreed| *agreed),
        "{offers:?}"
    );
    over_connect.map(|(value, agreed)| (value, agreed.deflate()))
}

/// Offers: right and wrong, at most one thing wrong in most.
fn random_params(random: &mut Rng, answers: bool) -> String {
    const RIGHT: [&str; 9] = [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "client_max_window_bits",
        "server_max_window_bits=8",
        "server_max_window_bits=\"12\"",
        "server_max_window_bits=15",
        "client_max_window_bits=9",
        "client_max_window_bits=\"1\\4\"",
        "client_max_window_bits=15",
    ];
    const WRONG: [&str; 8] = [
        "server_no_context_takeover=1",
        "client_no_context_takeover=\"x\"",
        "server_max_window_bits",
        "server_max_window_bits=16",
        "client_max_window_bits=08",
        "server_max_window_bits=7",
        "x",
        "x=",
    ];
    let mut params = String::new();
    for _ in 0..random.usize(0..4) {
        params += "; ";
        params += if random.u8(..20) == 0 { random.choice(WRONG) } else { random.choice(RIGHT) }.unwrap();
    }
    match random.u8(..if answers { 40 } else { 10 }) {
        0 => format!("x{params}"),
        1 => format!("permessage-bzip2{params}"),
        _ => format!("permessage-deflate{params}"),
    }
}

fn random_lines(random: &mut Rng, answers: bool) -> Vec<String> {
    let most = if answers && random.u8(..8) > 0 { 1 } else { 2 };
    let line = |random: &mut Rng| {
        let offers: Vec<_> = (0..random.usize(1..=most)).map(|_| random_params(random, answers)).collect();
        offers.join(", ")
    };
    (0..random.usize(0..=most)).map(|_| line(random)).collect()
}

fn random_most(random: &mut Rng) -> DeflateParams {
    // Numbers outside 8 to 15 as well.
    deflate(random.u8(7..=16), random.u8(7..=16), random.bool(), random.bool())
}

/// PMD-01 (RFC 7692 §5.1), PMD-05 (RFC 7692 §5.2).
#[test]
fn offers_are_answered_alike_over_bytes_and_fields() {
    let all = DeflateParams::new();
    let small = deflate(10, 9, false, false);
    for (most, offers, value, agreed) in [
        // §7.1.3
        (all, &["permessage-deflate"][..], "permessage-deflate", all),
        (
            all,
            &["permessage-deflate; client_max_window_bits; server_max_window_bits=10"],
            "permessage-deflate; server_max_window_bits=10",
            deflate(10, 15, true, true),
        ),
        (
            all,
            &[
                "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
            ],
            "permessage-deflate; server_max_window_bits=10",
            deflate(10, 15, true, true),
        ),
        // §7.1.1
        (
            all,
            &["permessage-deflate; server_no_context_takeover"],
            "permessage-deflate; server_no_context_takeover",
            deflate(15, 15, false, true),
        ),
        (
            all,
            &["permessage-deflate; client_no_context_takeover"],
            "permessage-deflate; client_no_context_takeover",
            deflate(15, 15, true, false),
        ),
        // §7.1.2
        (
            all,
            &["permessage-deflate; server_max_window_bits=15"],
            "permessage-deflate; server_max_window_bits=15",
            all,
        ),
        (
            all,
            &["permessage-deflate; client_max_window_bits=\"1\\2\""],
            "permessage-deflate; client_max_window_bits=12",
            deflate(15, 12, true, true),
        ),
        // A server may ask for less; all of the parameters.
        (
            small,
            &["permessage-deflate; client_max_window_bits"],
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9",
            small,
        ),
        (
            deflate(15, 14, false, false),
            &["permessage-deflate; client_max_window_bits; server_max_window_bits=15"],
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15; \
             client_max_window_bits=14",
            deflate(15, 14, false, false),
        ),
        // The first that can be met, on whatever line.
        (
            small,
            &[
                "permessage-deflate, x",
                "permessage-deflate; y; client_max_window_bits",
                "permessage-deflate; client_max_window_bits=8",
            ],
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=8",
            deflate(10, 8, false, false),
        ),
    ] {
        assert_eq!(answer(most, offers), Ok((Some(value.to_owned()), Some(agreed))), "{offers:?}");
    }
}

/// PMD-02, PMD-04 (RFC 7692 §7), PMD-03 (RFC 7692 §7, RFC 7692 §7.1.2), PMD-22 (RFC 7692 §7.1.2.2).
#[test]
fn invalid_offers_are_declined() {
    for offer in [
        "x",
        "Permessage-Deflate",
        "permessage-deflate; x",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=+9",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
    ] {
        assert_eq!(answer(DeflateParams::new(), &[offer]), Ok((None, None)), "{offer}");
    }
    assert_eq!(answer(deflate(15, 10, true, true), &["permessage-deflate"]), Ok((None, None)));
    assert_eq!(answer(DeflateParams::new(), &[]), Ok((None, None)));
    for offers in [&["permessage-deflate;"][..], &["permessage-deflate", "="], &["", ","]] {
        assert_eq!(
            answer(DeflateParams::new(), offers),
            Err(HandshakeError::InvalidExtensions),
            "{offers:?}"
        );
    }
}

#[test]
fn any_offer_is_answered_as_over_bytes() {
    let mut random = Rng::with_seed(7692);
    let (mut agreed, mut declined, mut failed) = (BTreeSet::new(), 0, 0);
    for _ in 0..20_000 {
        let offers = random_lines(&mut random, false);
        let offers: Vec<&str> = offers.iter().map(String::as_str).collect();
        match answer(random_most(&mut random), &offers) {
            Ok((Some(value), Some(_))) => drop(agreed.insert(value)),
            Ok((None, None)) => declined += 1,
            Err(HandshakeError::InvalidExtensions) => failed += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(agreed.len() > 200 && declined > 1000 && failed > 100, "{} {declined} {failed}", agreed.len());
}

/// PMD-23 (RFC 7692 §8).
#[test]
fn nothing_is_negotiated_unless_the_caller_asks() {
    let fields = asked(&["permessage-deflate"]);
    let acceptance =
        UpgradeRequest::http11("GET", fields.iter().copied()).unwrap().accept(Accept::new()).unwrap();
    assert_eq!((acceptance.negotiated(), acceptance.fields().count()), (Negotiated::new(), 3));
    let head = UpgradeOffer::extended_connect(ClientRequest::new(Uri::parse("wss://a/").unwrap())).unwrap();
    assert_eq!(head.fields().count(), 1);
    let answer = head.check(200, [("sec-websocket-extensions", "permessage-deflate")]);
    assert_eq!(answer.map(|_| ()), Err(HandshakeError::ExtensionNotOffered));
}

/// PMD-06 (RFC 7692 §7.1), PMD-07 (RFC 7692 §7), attack D2.
#[test]
fn offers_and_answers_are_judged_alike_over_bytes_and_fields() {
    let uri = Uri::parse("wss://server.example.com/chat").unwrap();
    let mut nonce = [0; 16];
    Keys::default().fill(&mut nonce).unwrap();
    let key = Key::new(nonce);
    let accept = key.accept();
    let mut random = Rng::with_seed(7692);
    let (mut offers, mut outcomes) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..20_000 {
        let most = random_most(&mut random);
        let request = ClientRequest::new(uri).subprotocols(&["chat"]).headers(&[("Origin", "null")]);
        let mut written = Vec::new();
        let mut client =
            Connection::client(request, config(Some(most)), Keys::default(), &mut written).unwrap();
        let head = UpgradeOffer::http11(request, key).unwrap().deflate(most);
        let of_connect = UpgradeOffer::extended_connect(request).unwrap().deflate(most);
        let text = format!("GET /chat HTTP/1.1\r\n{}\r\n", lines(head.fields()));
        assert_eq!(String::from_utf8(written).unwrap(), text);
        let values = |head: &UpgradeOffer<'_>, name: &str| -> Vec<String> {
            head.fields().filter(|(found, _)| *found == name).map(|(_, value)| value.to_string()).collect()
        };
        let [offer] = &values(&head, "Sec-WebSocket-Extensions")[..] else { panic!("{text}") };
        assert_eq!(values(&of_connect, "sec-websocket-extensions"), [offer.as_str()]);
        offers.insert(offer.clone());

        let answers = random_lines(&mut random, true);
        let answers: Vec<(&str, &str)> =
            answers.iter().map(|value| ("sec-websocket-extensions", value.as_str())).collect();
        let upgrade =
            [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", accept.as_str())];
        let fields = upgrade.iter().copied().chain(answers.iter().copied());
        let response = format!("HTTP/1.1 101 \r\n{}\r\n", lines(fields.clone()));
        let over_bytes = match client.receive(&mut filled(response.as_bytes()), &mut Vec::new()) {
            Ok(Some(Event::Open(_))) => Ok(client.negotiated().unwrap()),
            Err(Error::Handshake(error)) => Err(error),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            head.check(101, fields).map(|checked| checked.negotiated()),
            over_bytes,
            "{text}{response}"
        );
        let over_connect = of_connect.check(200, answers.iter().copied()).map(|checked| checked.negotiated());
        assert_eq!(over_connect, over_bytes, "{text}{response}");
        outcomes.insert(format!("{over_bytes:?}"));
    }
    // An offer for each server window, client window and takeover; all answers that fit, and each error.
    assert_eq!(offers.len(), 8 * 8 * 4);
    assert!(outcomes.len() > 30, "{}", outcomes.len());
    for error in [
        HandshakeError::InvalidDeflate,
        HandshakeError::InvalidExtensions,
        HandshakeError::ExtensionNotOffered,
    ] {
        assert!(outcomes.contains(&format!("Err({error:?})")), "{error:?}");
    }
}

#[test]
fn what_was_agreed_on_over_fields_is_kept_by_the_connections() {
    let uri = Uri::parse("wss://server.example.com/chat").unwrap();
    let text = "compressible ".repeat(100);
    for most in [DeflateParams::new(), deflate(9, 10, false, false)] {
        let head =
            UpgradeOffer::extended_connect(ClientRequest::new(uri)).unwrap().deflate(DeflateParams::new());
        let fields: Vec<_> =
            head.fields().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
        let checked = UpgradeRequest::extended_connect(
            "CONNECT",
            "websocket",
            fields.iter().map(|(name, value)| (name, value)),
        )
        .unwrap();
        let acceptance = checked.deflate(most).accept(Accept::new()).unwrap();
        let answer: Vec<_> = acceptance.fields().collect();
        let response = head.check(acceptance.status(), answer.iter().copied()).unwrap();
        assert_eq!(
            (response.negotiated().deflate(), acceptance.negotiated().deflate()),
            (Some(most), Some(most))
        );

        // Each compresses where its configuration has it so; the other reads it in any case.
        for (server_config, client_config) in
            [(config(Some(most)), Config::default()), (Config::default(), config(Some(DeflateParams::new())))]
        {
            let mut server = Connection::established(Server::new(), acceptance.negotiated(), server_config);
            let mut client =
                Connection::established(Client::new(Keys::default()), response.negotiated(), client_config);
            let (mut there, mut back) = (Vec::new(), Vec::new());
            client.send_text(&text, &mut there).unwrap();
            server.send_text(&text, &mut back).unwrap();
            let first = |compressed: bool| if compressed { 0xC1 } else { 0x81 };
            assert_eq!(frames_of::<Client<Keys>>(&there)[0].0, first(client_config.deflate.is_some()));
            assert_eq!(frames_of::<Server>(&back)[0].0, first(server_config.deflate.is_some()));
            assert!(
                matches!(server.receive(&mut filled(&there), &mut Vec::new()), Ok(Some(Event::Text(got))) if got == text)
            );
            assert!(
                matches!(client.receive(&mut filled(&back), &mut Vec::new()), Ok(Some(Event::Text(got))) if got == text)
            );
        }
    }
}
