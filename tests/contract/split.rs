//! Splitting a connection into its halves, and joining them.

use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, CloseStatus, Config, Connection, Event, ReceiveBuffer, Reject,
    Role, SendError, SendSlice, Server, Signal, State, Uri, WriteHalf,
};

use crate::support::{
    Keys, Outcome, REQUEST, RESPONSE, Reader, Side, feed, filled, frame, open_client, open_server, split,
};

use super::signals::read;

type Clients = Client<Keys>;

/// The results of further input, and the close status at the end.
fn future<R: Role + Clone>(
    connection: &Connection<R>,
    inbound: &ReceiveBuffer<Vec<u8>>,
    next: &[u8],
) -> (Outcome, CloseStatus) {
    let outcome = feed(connection.clone(), inbound.clone(), [next], |_, _| {});
    (outcome, connection.clone().receive_eof())
}

/// `split` returns the connection as an error, and unchanged.
fn assert_not_split<R: Role + Clone>(
    name: &str,
    connection: &Connection<R>,
    inbound: &ReceiveBuffer<Vec<u8>>,
    next: &[u8],
) {
    let Err(same) = connection.clone().split() else { panic!("{name} is split") };
    let facts =
        |it: &Connection<R>| (it.state(), it.transport_action(), it.close_status(), it.has_pending_reply());
    assert_eq!(facts(&same), facts(connection), "{name}");
    assert_eq!(future(&same, inbound, next), future(connection, inbound, next), "{name}");
}

#[test]
fn a_server_is_split_only_after_its_answer() {
    let (head, rest) = REQUEST.split_at(60);
    let (empty, mut out) = (ReceiveBuffer::new(), vec![]);
    let mut server = Connection::server(Config::default());
    assert_not_split("a server that waits", &server, &empty, REQUEST);
    let mut inbound = filled(head);
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_none());
    assert_not_split("a server with half a request", &server, &inbound, rest);
    assert_eq!(inbound.feed(rest), rest.len());
    assert!(server.receive(&mut inbound, &mut out).unwrap().is_some());
    assert_not_split("a server that must answer", &server, &inbound, b"");
    // It can still be answered.
    let Err(mut same) = server.clone().split() else { panic!("split in the handshake") };
    same.accept(Accept::new(), &mut out).unwrap();
    assert_eq!((&out[..], same.state()), (RESPONSE, State::Transmission));
    server.reject(Reject::new(404), &mut out).unwrap();
    assert_not_split("a server that has rejected", &server, &empty, REQUEST);
    let (mut failed, mut full) = (Connection::server(Config::default()), SendSlice::new(&mut []));
    assert!(failed.receive(&mut filled(b"GET / HTTP/1.0\r\n"), &mut full).is_err());
    assert!(failed.has_pending_reply());
    assert_not_split("a server with a pending response", &failed, &empty, REQUEST);
}

#[test]
fn a_client_is_not_split_before_the_response() {
    let asked = ClientRequest::new(Uri::parse("ws://server.example.com/").unwrap());
    let client = Connection::client(asked, Config::default(), Keys::default(), &mut vec![]).unwrap();
    assert_not_split("a client that waits", &client, &ReceiveBuffer::new(), RESPONSE);
}

both_roles!(a_connection_that_has_ended_is_not_split);
fn a_connection_that_has_ended_is_not_split<R: Side>() {
    for wire in [&frame::<R>(0x88, b"\x03\xe8")[..], b"\xff"] {
        let mut connection = R::open(Config::default());
        let _ = connection.receive(&mut filled(wire), &mut SendSlice::new(&mut []));
        assert!(connection.has_pending_reply());
        assert_not_split("with a pending Close", &connection, &ReceiveBuffer::new(), b"\x81\x00");
    }
}

both_roles!(halves_of_two_connections_can_be_joined);
fn halves_of_two_connections_can_be_joined<R: Side>() {
    let mut closing = R::open(Config::default());
    closing.close(CloseCode::GOING_AWAY, "", &mut vec![]).unwrap();
    let ((one, _), (_, closing)) = (split(R::open(Config::default())), split(closing));
    let (mut inbound, mut out) = (filled(&frame::<R>(0x81, b"x")), vec![]);
    let mut ws = one.join(closing);
    assert!(matches!(ws.receive(&mut inbound, &mut out), Ok(Some(Event::Text("x")))));
    assert_eq!(
        ws.send_text("x", &mut out),
        Err(SendError::Closed),
        "the closing handshake of the write half"
    );
}

/// §5.3.
#[test]
fn the_read_half_takes_no_masking_keys() {
    let (mut reader, mut writer) = split(open_client(Config::default()));
    let wire =
        [frame::<Clients>(0x89, b"p"), frame::<Clients>(0x81, b"x"), frame::<Clients>(0x88, b"")].concat();
    let mut signals = vec![];
    read(&mut reader, &wire, |reader| signals.extend(reader.signal()));
    let mut out = vec![];
    for signal in signals {
        writer.handle_signal(signal, &mut out);
    }
    // The nonce takes four keys, each frame one.
    assert_eq!((&out[2..6], &out[9..13]), (&5u32.to_be_bytes()[..], &6u32.to_be_bytes()[..]));
}

#[test]
fn halves_and_signals_are_send_and_small() {
    fn send<T: Send + 'static>() {}
    send::<Reader<Server>>();
    send::<WriteHalf<Server>>();
    send::<Signal>();
    send::<WriteHalf<Client<fn(&mut [u8])>>>();
    // The keys need not be `Send`, because the write half keeps them.
    send::<Reader<Client<Box<dyn FnMut(&mut [u8])>>>>();
    assert!(size_of::<Reader<Server>>() <= 320, "{}", size_of::<Reader<Server>>());
    assert!(size_of::<WriteHalf<Server>>() <= size_of::<Connection<Server>>());
    assert!(size_of::<Signal>() <= 136, "{}", size_of::<Signal>());
    let (mut reader, writer) = split(open_server(Config::default()));
    read(&mut reader, &frame::<Server>(0x89, b"secret"), |_| {});
    let debug = format!("{reader:?} {writer:?} {:?}", reader.signal().unwrap());
    assert!(debug.contains("Pong") && !debug.contains("secret") && !debug.contains("115"), "{debug}");
}
