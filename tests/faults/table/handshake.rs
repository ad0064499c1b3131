//! The operations of the opening handshake, and those that only one role has.

use core::time::Duration;

use websocket_proto::{
    Accept, Client, ClientRequest, Config, Connection, Event, HandshakeError, MessageKind, Reject, Server,
    Uri,
};

use super::{Kind, Piece, Row, nothing, opened};
use crate::endpoint::{Setup, Source};
use crate::subject::{Answer, Machine, Subject, call};
use crate::support::{REQUEST, Room, filled};

/// The request of §1.3 with subprotocols; it offers permessage-deflate.
fn request() -> Vec<u8> {
    let fields =
        b"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    [REQUEST.strip_suffix(b"\r\n").expect("a head"), fields].concat()
}

pub(crate) fn of_server(setup: Setup) -> Vec<Row<Server>> {
    let mut rows = vec![
        Row::call("encode_header", opened(setup, |config| config, nothing), |subject, _| {
            let header = call!(subject, encode_header(MessageKind::Text, b"not copied"));
            subject.direct = [&header.expect("a server takes no key")[..], b"not copied"].concat();
            Answer::Done
        })
        .quiet(),
    ];
    if setup.is_split {
        return rows; // only an open connection can be split
    }
    answers(setup, &mut rows);
    requests(setup, &mut rows);
    rows
}

/// A server that has received these bytes.
fn server(setup: Setup, config: impl Fn(Config) -> Config, bytes: &[u8], out: &mut Room) -> Subject<Server> {
    let connection = Connection::server(config(setup.config()));
    let mut subject = Subject::new(Machine::Whole(connection), Source::default());
    subject.receive(bytes, out);
    subject
}

/// A server that has received these bytes, and had room for the reply.
fn ready(setup: Setup, bytes: Vec<u8>) -> impl Fn() -> Subject<Server> + 'static {
    move || server(setup, |config| config.allow_plain_http(true), &bytes, &mut Room::large())
}

fn accept(subject: &mut Subject<Server>, accept: Accept<'_>, out: &mut Room) -> Answer {
    let Machine::Whole(it) = &mut subject.machine else { panic!("only an open connection can be split") };
    subject.calls.insert("Connection::accept");
    it.accept(accept, out).into()
}

fn reject(subject: &mut Subject<Server>, reject: Reject<'_>, out: &mut Room) -> Answer {
    let Machine::Whole(it) = &mut subject.machine else { panic!("only an open connection can be split") };
    subject.calls.insert("Connection::reject");
    it.reject(reject, out).into()
}

fn answers(setup: Setup, rows: &mut Vec<Row<Server>>) {
    rows.push(Row::call("accept", ready(setup, request()), |subject, out| {
        accept(subject, Accept::new(), out)
    }));
    rows.push(Row::call("accept with options", ready(setup, request()), |subject, out| {
        let (mut twin, mut inbound) = (Connection::server(Config::new()), filled(&request()));
        let Ok(Some(Event::Request(request))) = twin.receive(&mut inbound, &mut Room::large()) else {
            panic!("it is a request")
        };
        let chosen = request.subprotocols().next().expect("it offers two");
        let options = Accept::new().subprotocol(chosen).headers(&[("Set-Cookie", "session=8f2a")]);
        accept(subject, options, out)
    }));
    rows.push(Row::call("reject", ready(setup, request()), |subject, out| {
        reject(subject, Reject::new(403), out)
    }));
    rows.push(Row::call("reject with options", ready(setup, request()), |subject, out| {
        reject(subject, Reject::new(401).headers(&[("WWW-Authenticate", "Bearer")]).body(b"no token"), out)
    }));
    let plain = b"GET /health HTTP/1.1\r\nHost: server.example.com\r\n\r\n".to_vec();
    rows.push(Row::call("reject a plain request", ready(setup, plain), |subject, out| {
        reject(subject, Reject::new(200).body(b"alive"), out)
    }));
}

fn requests(setup: Setup, rows: &mut Vec<Row<Server>>) {
    let (line, rest) = (&b"GET /chat HTTP/1.1\r\n"[..], &b"Host: server.example.com\r\n"[..]);
    let long = format!("GET /{}", "a".repeat(60)).into_bytes();
    let many = [line, b"X: ", &[b'x'; 62]].concat();
    let forms = [
        ("receive a request", vec![Piece::named(request(), "Request(")]),
        (
            "receive a request of another method",
            vec![Piece::error(b"POST / HTTP/1.1\r\n", HandshakeError::MethodNotAllowed), Piece::quiet(rest)],
        ),
        (
            "receive a request that is no upgrade",
            vec![Piece::error([line, rest, b"\r\n"].concat(), HandshakeError::NotAnUpgrade)],
        ),
        ("receive a request line over the limit", vec![Piece::error(long, HandshakeError::StartLineTooLong)]),
        ("receive a field over the limit", vec![Piece::error(many, HandshakeError::FieldLineTooLong)]),
    ];
    for (name, script) in forms {
        let config =
            move |config: Config| if name.ends_with("limit") { config.max_header_line(64) } else { config };
        let start = move || server(setup, config, b"", &mut Room::large());
        let row = Row::reading(name, start, script);
        rows.push(if name == "receive a request" { row.quiet() } else { row });
    }
    let start = move || server(setup, |config| config, b"POST / HTTP/1.1\r\n", &mut Room::new(1, 0));
    let flush = Row::call("flush_reply, the response to an invalid request", start, Subject::flush_reply);
    rows.push(Row { kind: Kind::Reply, ..flush });
    let start = move || {
        let mut subject = server(setup, |config| config, b"GET /ch", &mut Room::large());
        subject.prepare(|subject, out| subject.tick(Duration::from_secs(1), out));
        subject
    };
    let late = Row::call("tick, the rest of the request is late", start, |subject, out| {
        subject.tick(Duration::from_secs(3600), out)
    });
    rows.push(Row { kind: Kind::LastWords, ..late });
}

pub(crate) fn of_client(setup: Setup) -> Vec<Row<Client<Source>>> {
    if setup.is_split {
        return vec![];
    }
    let unborn = || Subject::new(Machine::Unborn, Source::default());
    let mut rows = vec![
        Row::call("client", unborn, move |subject, out| begin(subject, setup, false, out)),
        Row::call("client with options", unborn, move |subject, out| begin(subject, setup, true, out)),
    ];
    responses(setup, &mut rows);
    rows
}

/// Writes the request of a client.
fn begin(subject: &mut Subject<Client<Source>>, setup: Setup, has_options: bool, out: &mut Room) -> Answer {
    let mut request = ClientRequest::new(Uri::parse("ws://server.example.com/chat").expect("a URI"));
    if has_options {
        request = request.subprotocols(&["chat", "superchat"]).headers(&[("Origin", "http://example.com")]);
    }
    subject.calls.insert("Connection::client");
    match Connection::client(request, setup.config(), subject.source.clone(), out) {
        Ok(connection) => {
            subject.machine = Machine::Whole(connection);
            Answer::Done
        }
        Err(error) => error.into(),
    }
}

fn responses(setup: Setup, rows: &mut Vec<Row<Client<Source>>>) {
    let start = move || {
        let mut subject = Subject::new(Machine::Unborn, Source::default());
        subject.prepare(|subject, out| begin(subject, setup, true, out));
        subject
    };
    let mut peer = server(setup, |config| config, &start().before, &mut Room::large());
    let mut out = Room::large();
    assert_eq!(accept(&mut peer, Accept::new(), &mut out), Answer::Done);
    let rejection = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n";
    let forms = [
        (
            "receive a response and a frame",
            vec![Piece::named(out.bytes, "Open("), Piece::event(*b"\x81\x02hi", Event::Text("hi"))],
        ),
        ("receive a rejection", vec![Piece::named(*rejection, "Rejected("), Piece::quiet(*b"no")]),
        (
            "receive an invalid response",
            vec![
                Piece::error(*b"HTTP/1.1 101 x\r\n\r\n", HandshakeError::InvalidUpgrade),
                Piece::quiet(*b"\x81\x02hi"),
            ],
        ),
    ];
    for (name, script) in forms {
        rows.push(Row::reading(name, start, script).quiet());
    }
}
