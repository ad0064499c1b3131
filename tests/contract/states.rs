//! Every call in every state: a legal call does one thing, and misuse is a typed error that changes nothing
//! (ST-01, ST-09).

use websocket_proto::handshake::UpgradeRequest;
use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, CloseCode, CloseStatus, Config, Connection, MessageKind,
    Negotiated, PreparedMessage, ReceiveBuffer, Reject, Role, SendError, SendSlice, Server, State,
    Subprotocol, TransportAction, Uri,
};

use crate::support::{
    Keys, Outcome, REQUEST, Side, feed, filled, frame, open_client, open_server, with_field,
};

type Clients = Client<Keys>;

/// A connection at a point of its life.
struct Point<R: Role> {
    name: &'static str,
    connection: Connection<R>,
    /// The receive buffer, and the input that follows.
    inbound: ReceiveBuffer<Vec<u8>>,
    next: Vec<u8>,
    /// The result of sending a message, a part of text, a part of binary, a control frame, a Close.
    says: [Result<(), SendError>; 5],
    /// The result of `accept` and of `reject`.
    answers: [Result<(), AcceptError>; 2],
}

/// A role whose states can be listed.
trait Points: Side {
    /// A connection at each point of its life.
    fn points(config: Config) -> Vec<Point<Self>>;
}

impl Points for Server {
    fn points(config: Config) -> Vec<Point<Self>> {
        server_points(config)
    }
}

impl Points for Clients {
    fn points(config: Config) -> Vec<Point<Self>> {
        client_points(config)
    }
}

/// The kinds of call, as an index into [`Point::says`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Message,
    TextPart,
    BinaryPart,
    Control,
    Close,
}

const OPEN: [Result<(), SendError>; 5] = [Ok(()); 5];
const NOT_OPEN: [Result<(), SendError>; 5] = [Err(SendError::NotOpen); 5];
const CLOSED: [Result<(), SendError>; 5] = [Err(SendError::Closed); 5];
const TEXT_OPEN: [Result<(), SendError>; 5] =
    [Err(SendError::MessageOpen), Ok(()), Err(SendError::KindMismatch), Ok(()), Ok(())];
const BINARY_OPEN: [Result<(), SendError>; 5] =
    [Err(SendError::MessageOpen), Err(SendError::KindMismatch), Ok(()), Ok(()), Ok(())];
const NO_REQUEST: [Result<(), AcceptError>; 2] = [Err(AcceptError::NoRequest); 2];

fn point<R: Role>(
    name: &'static str,
    connection: Connection<R>,
    next: Vec<u8>,
    says: [Result<(), SendError>; 5],
) -> Point<R> {
    Point { name, connection, inbound: ReceiveBuffer::new(), next, says, answers: NO_REQUEST }
}

/// Reads until there is no event or an error. Returns the buffer with the unread bytes.
fn receive<R: Role>(connection: &mut Connection<R>, wire: &[u8]) -> ReceiveBuffer<Vec<u8>> {
    let (mut inbound, mut out) = (filled(wire), Vec::new());
    while let Ok(Some(_)) = connection.receive(&mut inbound, &mut out) {}
    inbound
}

/// Receives one event while `out` has no room.
fn receive_stalled<R: Role>(connection: &mut Connection<R>, wire: &[u8]) {
    assert!(connection.receive(&mut filled(wire), &mut SendSlice::new(&mut [])).unwrap().is_some());
    assert!(connection.has_pending_reply());
}

/// The points after the opening handshake.
fn transmission<R: Side>(config: Config) -> Vec<Point<R>> {
    let next = [frame::<R>(0x89, b"?"), frame::<R>(0x81, b"text"), frame::<R>(0x88, b"\x03\xe8")].concat();
    let at = |name, says, step: &dyn Fn(&mut Connection<R>)| {
        let mut config = config;
        config.auto_close = name != "peer's Close received";
        let mut connection = R::open(config);
        step(&mut connection);
        point(name, connection, next.clone(), says)
    };
    let out = Vec::<u8>::new;
    vec![
        at("open", OPEN, &|_| {}),
        at("text open", TEXT_OPEN, &|it| {
            it.send_fragment(MessageKind::Text, b"begun", false, &mut out()).unwrap()
        }),
        at("binary open", BINARY_OPEN, &|it| {
            it.send_fragment(MessageKind::Binary, b"", false, &mut out()).unwrap()
        }),
        at("our Close sent", CLOSED, &|it| it.close(CloseCode::GOING_AWAY, "bye", &mut out()).unwrap()),
        at("peer's Close received", OPEN, &|it| drop(receive(it, &frame::<R>(0x88, b"\x03\xe9")))),
        at("a pending Pong", OPEN, &|it| receive_stalled(it, &frame::<R>(0x89, b"ping"))),
        at("End, a pending Close", CLOSED, &|it| receive_stalled(it, &frame::<R>(0x88, b"\x03\xe9"))),
        at("message coming", OPEN, &|it| drop(receive(it, &frame::<R>(0x01, b"")))),
        at("End, clean", CLOSED, &|it| drop(receive(it, &frame::<R>(0x88, b"")))),
        at("End, failed", CLOSED, &|it| drop(receive(it, b"\x83"))),
        at("End, cut", CLOSED, &|it| assert!(!it.receive_eof().clean())),
        at("End, failed and cut", CLOSED, &|it| {
            receive(it, b"\x83");
            it.receive_eof();
        }),
    ]
}

fn server_points(config: Config) -> Vec<Point<Server>> {
    let frames = [frame::<Server>(0x89, b"?"), frame::<Server>(0x81, b"text")].concat();
    let plain = with_field(REQUEST, "Upgrade", "");
    let at = |name, head: &[u8]| {
        let mut config = config;
        config.allow_plain_http = true;
        let mut server = Connection::server(config);
        let inbound = receive(&mut server, &[head, &frames].concat());
        Point { inbound, ..point(name, server, frames.clone(), NOT_OPEN) }
    };
    let mut points = transmission::<Server>(config);
    points.push(point("waiting", Connection::server(config), [REQUEST, &frames].concat(), NOT_OPEN));
    let (head, rest) = REQUEST.split_at(50);
    let mut half = point("half a request", Connection::server(config), [rest, &frames].concat(), NOT_OPEN);
    half.inbound = receive(&mut half.connection, head);
    points.push(half);
    points.push(Point { answers: [Ok(()); 2], ..at("asked", REQUEST) });
    points
        .push(Point { answers: [Err(AcceptError::NotAnUpgrade), Ok(())], ..at("asked for a page", &plain) });
    let mut rejected = at("End, rejected", REQUEST);
    rejected.connection.reject(Reject::new(403), &mut Vec::new()).unwrap();
    let mut refused = at("End, refused", b"GET / HTTP/1.0\r\n");
    let mut cut = at("End, cut before the answer", REQUEST);
    cut.connection.receive_eof();
    for end in [&mut rejected, &mut refused, &mut cut] {
        end.says = CLOSED;
    }
    points.extend([rejected, refused, cut]);
    points
}

fn client_points(config: Config) -> Vec<Point<Clients>> {
    let (mut request, mut response) = (Vec::new(), Vec::new());
    let asked = ClientRequest::new(Uri::parse("ws://server.example.com/").unwrap());
    let client = Connection::client(asked, config, Keys::default(), &mut request).unwrap();
    let mut server = Connection::server(Config::default());
    receive(&mut server, &request);
    server.accept(Accept::new(), &mut response).unwrap();
    let next = [&response[..], &frame::<Clients>(0x89, b"?")].concat();
    let mut points = transmission::<Clients>(config);
    let waiting = |name, head: &[u8], says| {
        let mut waiting = point(name, client.clone(), next[head.len()..].to_vec(), says);
        waiting.inbound = receive(&mut waiting.connection, head);
        waiting
    };
    points.push(waiting("waiting", b"", NOT_OPEN));
    points.push(waiting("half a response", &next[..40], NOT_OPEN));
    for (name, head) in
        [("End, rejected", &b"HTTP/1.1 404 \r\n\r\n"[..]), ("End, a broken response", b"HTTP/1.1 404\r\n")]
    {
        let mut end = point(name, client.clone(), next.clone(), CLOSED);
        receive(&mut end.connection, head);
        points.push(end);
    }
    points
}

type Call<R> = (&'static str, What, fn(&mut Connection<R>, &mut Vec<u8>) -> Result<(), SendError>);

/// The payload is unchanged, unless it was sent.
fn in_place<R: Role>(
    connection: &mut Connection<R>,
    out: &mut Vec<u8>,
    kind: MessageKind,
    payload: &[u8],
) -> Result<(), SendError> {
    let mut masked = payload.to_vec();
    let head =
        connection.mask_and_encode_header(kind, &mut masked).inspect_err(|_| assert_eq!(masked, payload))?;
    out.extend(head.iter().chain(&masked));
    Ok(())
}

fn calls<R: Role>() -> [Call<R>; 10] {
    [
        ("send_text", What::Message, |it, out| it.send_text("x", out)),
        ("send_binary", What::Message, |it, out| it.send_binary(b"x", out)),
        ("send_prepared", What::Message, |it, out| it.send_prepared(&PreparedMessage::text("x"), out)),
        ("mask_and_encode_header", What::Message, |it, out| in_place(it, out, MessageKind::Binary, b"xyz")),
        ("send_fragment", What::TextPart, |it, out| it.send_fragment(MessageKind::Text, b"x", true, out)),
        ("send_fragment", What::TextPart, |it, out| it.send_fragment(MessageKind::Text, b"", false, out)),
        ("send_fragment", What::BinaryPart, |it, out| it.send_fragment(MessageKind::Binary, b"x", true, out)),
        ("ping", What::Control, |it, out| it.ping(b"x", out)),
        ("pong", What::Control, |it, out| it.pong(b"x", out)),
        ("close", What::Close, |it, out| it.close(CloseCode::NORMAL_CLOSURE, "x", out)),
    ]
}

/// Calls that are illegal in every state, with their errors.
fn wrong<R: Role>() -> [(Call<R>, SendError); 7] {
    [
        (("ping", What::Control, |it, out| it.ping(&[0; 126], out)), SendError::ControlTooLong),
        (("pong", What::Control, |it, out| it.pong(&[0; 126], out)), SendError::ControlTooLong),
        (
            ("close", What::Close, |it, out| it.close(CloseCode::NORMAL_CLOSURE, &"x".repeat(124), out)),
            SendError::ReasonTooLong,
        ),
        (
            ("send_fragment", What::TextPart, |it, out| {
                it.send_fragment(MessageKind::Text, b"\xff", false, out)
            }),
            SendError::InvalidUtf8,
        ),
        (
            ("send_fragment", What::TextPart, |it, out| {
                it.send_fragment(MessageKind::Text, b"\xe2\x82", true, out)
            }),
            SendError::InvalidUtf8,
        ),
        (
            ("mask_and_encode_header", What::Message, |it, out| {
                in_place(it, out, MessageKind::Text, b"\xff")
            }),
            SendError::InvalidUtf8,
        ),
        (
            ("mask_and_encode_header", What::Message, |it, out| {
                in_place(it, out, MessageKind::Text, b"\xce")
            }),
            SendError::InvalidUtf8,
        ),
    ]
}

/// The state of a connection, as its queries return it.
fn facts<R: Role>(connection: &Connection<R>) -> (State, TransportAction, CloseStatus, bool, String) {
    let look = (
        connection.state(),
        connection.transport_action(),
        connection.close_status(),
        connection.has_pending_reply(),
    );
    (look.0, look.1, look.2, look.3, format!("{connection:?}"))
}

/// The result and the output of a call.
type Made = (Result<(), SendError>, Vec<u8>);

/// The results of further input and of every call.
fn future<R: Role + Clone>(
    point: &Point<R>,
    connection: &Connection<R>,
) -> (Outcome, Vec<Made>, CloseStatus) {
    let outcome = feed(connection.clone(), point.inbound.clone(), [&point.next[..]], |_, _| {});
    let mut connection = connection.clone();
    let made = calls().into_iter().map(|(_, _, call)| {
        let mut out = Vec::new();
        (call(&mut connection, &mut out), out)
    });
    let made = made.collect();
    (outcome, made, connection.receive_eof())
}

/// A refused call has written nothing and changed nothing.
#[track_caller]
fn assert_unchanged<R: Role + Clone>(point: &Point<R>, after: &Connection<R>, out: &[u8], what: &str) {
    assert_eq!(out, b"before", "{}: {what}", point.name);
    assert_eq!(facts(after), facts(&point.connection), "{}: {what}", point.name);
    assert_eq!(future(point, after), future(point, &point.connection), "{}: {what}", point.name);
}

fn every_send<R: Role + Clone>(points: &[Point<R>], full: bool) {
    for point in points {
        // A Close can be sent exactly while messages can, also inside a message.
        let [.., close] = point.says;
        assert_eq!(point.connection.can_send(), close.is_ok(), "{}", point.name);
        for (name, what, call) in calls::<R>() {
            let (mut connection, mut out) = (point.connection.clone(), b"before".to_vec());
            let expected = match point.says[what as usize] {
                Ok(()) if full && name != "mask_and_encode_header" => Err(SendError::Full),
                says => says,
            };
            assert_eq!(call(&mut connection, &mut out), expected, "{}: {name} {what:?}", point.name);
            match expected {
                Ok(()) => assert!(out.starts_with(b"before") && out.len() > 6, "{}: {name}", point.name),
                Err(_) => assert_unchanged(point, &connection, &out, name),
            }
        }
        for ((name, what, call), error) in wrong::<R>() {
            let (mut connection, mut out) = (point.connection.clone(), b"before".to_vec());
            let result = call(&mut connection, &mut out);
            // If both the call and its time are wrong, either error is right.
            let says = point.says[what as usize];
            assert!(
                result == Err(error) || (says.is_err() && result == says),
                "{}: {name}: {result:?}",
                point.name
            );
            assert_unchanged(point, &connection, &out, name);
        }
    }
}

both_roles!(every_send_in_every_state);
/// ST-09.
fn every_send_in_every_state<R: Points>() {
    every_send(&R::points(Config::default()), false);
    // The six bytes in `out` are as many as the limit permits.
    let mut config = Config::default();
    config.max_write_buffer = 6;
    every_send(&R::points(config), true);
}

/// A subprotocol that only a request elsewhere offers.
fn foreign_subprotocol() -> Subprotocol<'static> {
    let fields = [("sec-websocket-version", "13"), ("sec-websocket-protocol", "elsewhere")];
    UpgradeRequest::extended_connect("CONNECT", "websocket", fields).unwrap().subprotocols().next().unwrap()
}

/// ST-09.
#[test]
fn every_answer_in_every_state() {
    for point in server_points(Config::default()) {
        let [accept, reject] = point.answers;
        type Answer = fn(&mut Connection<Server>, &mut Vec<u8>) -> Result<(), AcceptError>;
        let status = |status| if reject.is_ok() { Err(status) } else { reject };
        let foreign = accept.and(Err(AcceptError::SubprotocolNotOffered));
        let answers: [(&str, Result<(), AcceptError>, Answer); 9] = [
            ("accept", accept, |it, out| it.accept(Accept::new(), out)),
            ("reject", reject, |it, out| it.reject(Reject::new(404), out)),
            ("reject 199", status(AcceptError::InvalidStatus), |it, out| it.reject(Reject::new(199), out)),
            ("reject 600", status(AcceptError::InvalidStatus), |it, out| it.reject(Reject::new(600), out)),
            ("reject 204", status(AcceptError::ContentNotAllowed), |it, out| {
                it.reject(Reject::new(204).body(b"x"), out)
            }),
            ("reject Host", status(AcceptError::ReservedField), |it, out| {
                it.reject(Reject::new(400).headers(&[("Host", "x")]), out)
            }),
            ("accept Host", accept.and(Err(AcceptError::ReservedField)), |it, out| {
                it.accept(Accept::new().headers(&[("Host", "x")]), out)
            }),
            ("accept CR", accept.and(Err(AcceptError::InvalidField)), |it, out| {
                it.accept(Accept::new().headers(&[("X", "\r")]), out)
            }),
            ("accept foreign", foreign, |it, out| {
                it.accept(Accept::new().subprotocol(foreign_subprotocol()), out)
            }),
        ];
        for (name, expected, answer) in answers {
            let (mut server, mut out) = (point.connection.clone(), b"before".to_vec());
            assert_eq!(answer(&mut server, &mut out), expected, "{}: {name}", point.name);
            if expected.is_err() {
                assert_unchanged(&point, &server, &out, name);
                continue;
            }
            let state = if name == "accept" { State::Transmission } else { State::End };
            assert!(server.state() == state && out.starts_with(b"beforeHTTP/1.1 "), "{}: {name}", point.name);
            let written = out.clone();
            assert_eq!(server.accept(Accept::new(), &mut out), Err(AcceptError::NoRequest), "S-RS-14: once");
            assert_eq!(server.reject(Reject::new(404), &mut out), Err(AcceptError::NoRequest));
            assert_eq!((out, server.state()), (written, state));
        }
    }
}

both_roles!(each_transition_has_one_cause);
/// ST-01.
fn each_transition_has_one_cause<R: Points>() {
    for point in R::points(Config::default()) {
        let before = point.connection.state();
        // A send never opens a connection; it ends one only by answering the peer's Close.
        for (name, what, call) in calls::<R>() {
            let mut connection = point.connection.clone();
            let _ = call(&mut connection, &mut Vec::new());
            let ends = point.name == "peer's Close received" && what == What::Close;
            assert_eq!(connection.state(), if ends { State::End } else { before }, "{}: {name}", point.name);
        }
        // No bytes, no change; and nothing leads out of the End.
        let mut connection = point.connection.clone();
        let mut inbound = point.inbound.clone();
        while let Ok(Some(_)) = connection.receive(&mut inbound, &mut Vec::new()) {}
        assert_eq!(connection.state(), before, "{}", point.name);
        let closed = connection.close_status();
        assert_eq!(
            (connection.receive_eof(), connection.state(), connection.transport_action()),
            (closed, State::End, TransportAction::Close)
        );
        receive(&mut connection, &point.next);
        assert_eq!((connection.receive_eof(), connection.state()), (closed, State::End), "{}", point.name);
    }
}

/// ST-01.
#[test]
fn the_answer_opens_a_server_and_the_response_opens_a_client() {
    let mut server = Connection::server(Config::default());
    receive(&mut server, REQUEST);
    assert_eq!(server.state(), State::Handshake, "the request alone does not open it");
    server.accept(Accept::new(), &mut Vec::new()).unwrap();
    assert_eq!(
        (server.state(), open_server(Config::default()).state()),
        (State::Transmission, State::Transmission)
    );
    assert_eq!(open_client(Config::default()).state(), State::Transmission);
}

both_roles!(an_empty_read_changes_nothing_in_every_state_without_a_pending_reply);
/// ST-06.
fn an_empty_read_changes_nothing_in_every_state_without_a_pending_reply<R: Points>() {
    let points = R::points(Config::default());
    for point in points.into_iter().filter(|point| !point.connection.has_pending_reply()) {
        let mut connection = point.connection.clone();
        let (mut inbound, mut out) = (point.inbound.clone(), b"before".to_vec());
        let first = connection.receive(&mut inbound, &mut out).map(|event| event.is_some());
        for _ in 0..3 {
            assert_eq!(inbound.feed(b""), 0);
            assert_eq!(connection.receive(&mut inbound, &mut out).map(|event| event.is_some()), first);
        }
        assert_ne!(first, Ok(true));
        assert_unchanged(&point, &connection, &out, "receive");
    }
}

both_roles!(an_ended_connection_has_no_extensions);
/// §9.1: extensions apply to an open connection.
fn an_ended_connection_has_no_extensions<R: Side>() {
    let mut connection = R::open(Config::default());
    assert_eq!(connection.negotiated(), Some(Negotiated::new()));
    connection.receive_eof();
    assert_eq!((connection.state(), connection.negotiated()), (State::End, None));
}
