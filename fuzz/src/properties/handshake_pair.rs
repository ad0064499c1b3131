//! The opening handshake (§4) between a client and a server.

use core::time::Duration;

use arbitrary::Arbitrary;
use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, Config, Connection, Error, Event, HandshakeError,
    ReceiveBuffer, Reject, RequestError, Server, State, Uri,
};

use super::chunking::cut;
use super::naive::is_token;
use crate::support::Keys;

/// What both applications ask for.
#[derive(Debug, Arbitrary)]
pub struct Handshake {
    client: Settings,
    server: Settings,
    offered: Vec<Name>,
    request_fields: Vec<(Name, Value)>,
    response_fields: Vec<(Name, Value)>,
    /// The index of the subprotocol that the server selects.
    selected: Option<u8>,
    rejects: Option<(u16, Vec<u8>)>,
    reads: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
struct Settings {
    /// Limits on the head, a line and the number of fields; without them, the defaults.
    limits: Option<(u16, u16, u8)>,
    /// permessage-deflate: window bits and context takeover.
    #[cfg_attr(not(feature = "deflate"), expect(dead_code, reason = "an input is the same without it"))]
    deflate: Option<Deflate>,
}

#[derive(Debug, Arbitrary)]
#[cfg_attr(not(feature = "deflate"), expect(dead_code, reason = "an input is the same without it"))]
struct Deflate {
    window_bits: [u8; 2],
    takeover: [bool; 2],
}

/// A name of a subprotocol or a field.
#[derive(Debug, Arbitrary)]
enum Name {
    Known(u8),
    Any(String),
}

#[derive(Debug, Arbitrary)]
enum Value {
    Long(u16),
    Any(String),
}

const NAMES: [&str; 8] = ["chat", "superchat", "X-Trace", "Cookie", "Origin", "Date", "Server", "Upgrade"];

impl Name {
    fn get(&self) -> &str {
        match self {
            Self::Known(at) => NAMES[usize::from(*at) % NAMES.len()],
            Self::Any(name) => name,
        }
    }
}

impl Value {
    fn get(&self) -> String {
        match self {
            Self::Long(len) => "v".repeat(usize::from(*len) % 10_000),
            Self::Any(value) => value.clone(),
        }
    }
}

impl Settings {
    fn config(&self) -> Config {
        let mut config = Config::default();
        if let Some((head, line, fields)) = self.limits {
            (config.max_head_size, config.max_header_line, config.max_headers) =
                (head.into(), line.into(), fields.into());
        }
        #[cfg(feature = "deflate")]
        {
            config.deflate = self.deflate.as_ref().map(|wanted| {
                let mut deflate = websocket_proto::DeflateConfig::default();
                let [server, client] = wanted.window_bits.map(|bits| 8 + bits % 8);
                (deflate.limits.server_window_bits, deflate.limits.client_window_bits) = (server, client);
                [deflate.limits.server_context_takeover, deflate.limits.client_context_takeover] =
                    wanted.takeover;
                deflate
            });
        }
        config
    }
}

/// A client and a server agree on the subprotocol, the parameters and the fields, and then understand each
/// other; or both fail: with the limit that a head exceeds, or with the status that the server sends.
pub fn handshake_pair(input: Handshake) {
    let request_fields = owned(&input.request_fields);
    let request_fields = borrowed(&request_fields);
    let offered: Vec<&str> = input.offered.iter().map(Name::get).collect();
    let uri = Uri::parse("ws://server.example.com/chat").expect("a URI");
    let request = ClientRequest::new(uri).subprotocols(&offered).headers(&request_fields);
    let mut wire = vec![];
    let mut client = match Connection::client(request, input.client.config(), Keys::default(), &mut wire) {
        Ok(client) => client,
        Err(error) => {
            assert!(wire.is_empty());
            return assert_fits(error, &offered, &request_fields);
        }
    };
    let config = input.server.config();
    let mut server = Connection::server(config);
    let (mut inbound, mut response) = (ReceiveBuffer::new(), vec![]);
    let mut answered = None;
    for read in cut(&wire, &input.reads) {
        assert_eq!(inbound.feed(read), read.len());
        match server.receive(&mut inbound, &mut response) {
            Ok(None) => continue,
            Ok(Some(Event::Request(request))) => {
                assert!(request.subprotocols().map(|offer| offer.name()).eq(offered.iter().copied()));
                let fields = request.headers().filter(|(name, _)| is_extra(name));
                assert_fields(fields.collect(), &request_fields);
                assert_eq!(answered, None, "one request");
                answered = Some(answer(&input, &mut server, request.subprotocols().collect(), &mut response));
            }
            Err(Error::Handshake(error)) => {
                assert_exceeds(error, &wire, &config);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    finish(&input, &mut client, &mut server, &response, answered == Some(true));
}

/// The server accepts or rejects the request. Returns whether the response has the fields of the application.
fn answer(
    input: &Handshake,
    server: &mut Connection<Server>,
    offers: Vec<websocket_proto::Subprotocol<'_>>,
    out: &mut Vec<u8>,
) -> bool {
    let fields = owned(&input.response_fields);
    let fields = borrowed(&fields);
    if let Some((status, body)) = &input.rejects {
        match server.reject(Reject::new(*status).headers(&fields).body(body), out) {
            Ok(()) => return true,
            Err(_) => assert!(out.is_empty() && server.state() == State::Handshake),
        }
    }
    let mut accept = Accept::new();
    if let Some(offer) = input.selected.and_then(|at| offers.get(usize::from(at))) {
        accept = accept.subprotocol(*offer);
    }
    match server.accept(accept.headers(&fields), out) {
        Ok(()) => true,
        Err(error) => {
            assert!(matches!(error, AcceptError::ReservedField | AcceptError::InvalidField), "{error:?}");
            assert!(!fields.iter().all(is_plain), "{fields:?}");
            server.accept(accept, out).expect("a valid request can be accepted");
            false
        }
    }
}

/// The client reads the response.
fn finish(
    input: &Handshake,
    client: &mut Connection<Client<Keys>>,
    server: &mut Connection<Server>,
    response: &[u8],
    has_fields: bool,
) {
    let expected = owned(if has_fields { &input.response_fields } else { &[] });
    let config = input.client.config();
    let mut inbound = ReceiveBuffer::new();
    for read in cut(response, &input.reads) {
        assert_eq!(inbound.feed(read), read.len());
        match client.receive(&mut inbound, &mut vec![]) {
            Ok(None) => {}
            Ok(Some(Event::Open(answer))) => {
                let selected = input.selected.and_then(|at| input.offered.get(usize::from(at)));
                assert_eq!(answer.subprotocol(), selected.map(Name::get));
                let fields: Vec<_> = answer.headers().filter(|(name, _)| is_extra(name)).collect();
                assert_fields(fields, &borrowed(&expected));
                assert_eq!(client.negotiated(), server.negotiated());
                #[cfg(feature = "deflate")]
                assert_eq!(
                    client.negotiated().is_some_and(|agreed| agreed.deflate().is_some()),
                    config.deflate.is_some() && input.server.config().deflate.is_some()
                );
                return assert_understand(client, server);
            }
            Ok(Some(Event::Rejected(answer))) => {
                assert_eq!(server.state(), State::End);
                let status = response.split(|&byte| byte == b' ').nth(1).expect("a status line");
                assert_eq!(answer.status().to_string().as_bytes(), status);
                // In their order, with those that the crate adds.
                let mut fields = answer.headers();
                for (name, value) in &expected {
                    let value = value.trim_matches([' ', '\t']).as_bytes();
                    assert!(fields.any(|field| field == (*name, value)), "{name}: {value:?}");
                }
                return;
            }
            Err(Error::Handshake(error)) => return assert_exceeds(error, response, &config),
            other => panic!("{other:?}"),
        }
    }
    panic!("the response is whole: {}", response.escape_ascii());
}

/// A message in each direction.
fn assert_understand(client: &mut Connection<Client<Keys>>, server: &mut Connection<Server>) {
    let text = "all work and no play ".repeat(9);
    let (mut to_server, mut to_client) = (vec![], vec![]);
    client.send_text(&text, &mut to_server).expect("open");
    server.send_text(&text, &mut to_client).expect("open");
    let (mut at_server, mut at_client) = (ReceiveBuffer::new(), ReceiveBuffer::new());
    assert_eq!((at_server.feed(&to_server), at_client.feed(&to_client)), (to_server.len(), to_client.len()));
    assert_eq!(server.receive(&mut at_server, &mut vec![]), Ok(Some(Event::Text(&text))));
    assert_eq!(client.receive(&mut at_client, &mut vec![]), Ok(Some(Event::Text(&text))));
    assert!(
        client.tick(Duration::ZERO, &mut vec![]).is_ok() && server.tick(Duration::ZERO, &mut vec![]).is_ok()
    );
}

/// The head exceeds the limit that the error names.
fn assert_exceeds(error: HandshakeError, head: &[u8], config: &Config) {
    let end = head.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let text: Vec<&[u8]> = head[..end]
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let is_long = |line: &&[u8]| line.len() > config.max_header_line;
    assert!(
        match error {
            HandshakeError::HeadTooLong => end + 4 > config.max_head_size,
            HandshakeError::StartLineTooLong => is_long(&text[0]),
            HandshakeError::FieldLineTooLong => text[1..].iter().any(is_long),
            HandshakeError::TooManyFields => text.len() - 1 > config.max_headers,
            _ => false,
        },
        "{error:?}: {}",
        head.escape_ascii()
    );
}

/// The request has the fault that the error names.
fn assert_fits(error: RequestError, offered: &[&str], fields: &[(&str, &str)]) {
    let mut unique = offered.to_vec();
    unique.sort_unstable();
    unique.dedup();
    assert!(
        match error {
            RequestError::InvalidSubprotocol => !offered.iter().all(|name| is_token(name)),
            RequestError::RepeatedSubprotocol => unique.len() < offered.len(),
            RequestError::TooManySubprotocols => offered.len() > 16,
            RequestError::RepeatedOrigin =>
                fields.iter().filter(|field| field.0.eq_ignore_ascii_case("origin")).count() > 1,
            RequestError::ReservedField | RequestError::InvalidField => !fields.iter().all(is_plain),
            _ => false,
        },
        "{error:?}: {offered:?}, {fields:?}"
    );
}

/// Any handshake can have this field.
fn is_plain((name, value): &(&str, &str)) -> bool {
    is_token(name)
        && is_extra(name)
        && !["content-length", "transfer-encoding"].contains(&&name.to_ascii_lowercase()[..])
        && value.chars().all(|char| char == '\t' || !char.is_ascii_control())
}

/// A field that the handshake does not write itself.
fn is_extra(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !["host", "upgrade", "connection"].contains(&&name[..]) && !name.starts_with("sec-websocket-")
}

fn assert_fields(seen: Vec<(&str, &[u8])>, sent: &[(&str, &str)]) {
    let sent = sent.iter().map(|(name, value)| (*name, value.trim_matches([' ', '\t']).as_bytes()));
    assert_eq!(seen, sent.collect::<Vec<_>>());
}

fn owned(fields: &[(Name, Value)]) -> Vec<(&str, String)> {
    fields.iter().map(|(name, value)| (name.get(), value.get())).collect()
}

fn borrowed<'a>(fields: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, &value[..])).collect()
}
