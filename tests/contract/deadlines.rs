//! Deadlines under a simulated clock: of both handshakes, and the rules for all deadlines.

use core::time::Duration;

use websocket_proto::{
    ClientRequest, CloseCode, Config, Connection, Error, Event, HandshakeError, Negotiated, ReceiveBuffer,
    Role, SendSlice, Server, State, Timeout, TransportAction, Uri,
};

use crate::support::{Keys, REQUEST, Side, filled, frame, frames_of, open_client, open_server};

pub(super) const fn s(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Receives until there is no event or an error; drops the events.
pub(super) fn receive<R: Role>(
    connection: &mut Connection<R>,
    inbound: &mut ReceiveBuffer<Vec<u8>>,
    out: &mut Vec<u8>,
) {
    while let Ok(Some(_)) = connection.receive(inbound, out) {}
}

/// Receives one frame from the peer.
pub(super) fn receive_frame<R: Side>(connection: &mut Connection<R>, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    receive(connection, &mut filled(&frame::<R>(first, payload)), &mut out);
    out
}

#[test]
fn a_request_at_one_byte_per_second_times_out() {
    let mut server = Connection::server(Config::default());
    let (mut inbound, mut out) = (ReceiveBuffer::new(), vec![]);
    for (second, byte) in REQUEST.iter().enumerate().take(10) {
        assert_eq!(inbound.feed(&[*byte]), 1);
        receive(&mut server, &mut inbound, &mut out);
        assert_eq!(server.tick(s(1000 + second as u64), &mut out), Ok(Some(s(1010))));
    }
    assert_eq!(server.tick(s(1010), &mut out), Err(Timeout::Handshake));
    assert!(out.starts_with(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"));
    assert_eq!((server.state(), server.transport_action()), (State::End, TransportAction::Close));
    let len = out.len();
    for second in [1010, 1011, 0, 9999] {
        assert_eq!(server.tick(s(second), &mut out), Err(Timeout::Handshake), "the error stays");
        assert_eq!(
            server.receive(&mut filled(b"x"), &mut out).err(),
            Some(Error::Handshake(HandshakeError::TimedOut))
        );
    }
    assert_eq!(out.len(), len);
}

#[test]
fn a_handshake_without_input_times_out_without_output() {
    let mut out = vec![];
    let mut server = Connection::server(Config::default());
    let request = ClientRequest::new(Uri::parse("ws://a/").unwrap());
    let mut client = Connection::client(request, Config::default(), Keys::default(), &mut vec![]).unwrap();
    assert_eq!(
        (server.tick(s(0), &mut out), client.tick(s(0), &mut out)),
        (Ok(Some(s(10))), Ok(Some(s(10))))
    );
    assert_eq!(
        (server.tick(s(11), &mut out), client.tick(s(11), &mut out)),
        (Err(Timeout::Handshake), Err(Timeout::Handshake))
    );
    assert_eq!(
        (out.len(), server.transport_action(), client.transport_action()),
        (0, TransportAction::Close, TransportAction::Close)
    );
}

#[test]
fn no_deadline_applies_while_the_application_must_reply() {
    let mut out = vec![];
    let mut server = Connection::server(Config::default());
    assert_eq!(server.tick(s(0), &mut out), Ok(Some(s(10))));
    assert!(server.receive(&mut filled(REQUEST), &mut out).unwrap().is_some());
    assert_eq!(server.tick(s(100), &mut out), Ok(None));
    server.accept(websocket_proto::Accept::new(), &mut out).unwrap();
    assert_eq!(server.tick(s(200), &mut out), Ok(Some(s(220))));

    let mut config = Config::default();
    config.auto_close = false;
    let mut server = open_server(config);
    receive_frame(&mut server, 0x88, b"");
    assert_eq!(server.tick(s(0), &mut out), Ok(None), "the application answers the Close");
}

both_roles!(an_unanswered_close_times_out);
/// CL-18 (§7.1.1).
fn an_unanswered_close_times_out<R: Side>() {
    let (mut connection, mut out) = (R::open(Config::default()), vec![]);
    assert_eq!(connection.tick(s(0), &mut out), Ok(Some(s(20))));
    connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    assert_eq!(connection.tick(s(5), &mut out), Ok(Some(s(15))));
    // A message does not move the deadline.
    receive_frame(&mut connection, 0x81, b"data");
    assert_eq!(connection.tick(s(14), &mut out), Ok(Some(s(15))));
    let len = out.len();
    assert_eq!(connection.tick(s(15), &mut out), Err(Timeout::Close));
    assert_eq!((out.len(), connection.transport_action()), (len, TransportAction::Close));
    assert!(!connection.close_status().clean());
}

/// CL-18 (§7.1.1).
#[test]
fn a_transport_that_stays_open_times_out() {
    let mut out = vec![];
    let mut server = open_server(Config::default());
    receive_frame(&mut server, 0x88, b"");
    assert_eq!((server.tick(s(0), &mut out), server.transport_action()), (Ok(None), TransportAction::Close));
    let mut client = open_client(Config::default());
    receive_frame(&mut client, 0x88, b"\x03\xe8");
    assert_eq!(
        (client.tick(s(0), &mut out), client.transport_action()),
        (Ok(Some(s(10))), TransportAction::AwaitPeerClose)
    );
    assert_eq!(
        (client.tick(s(10), &mut out), client.transport_action()),
        (Err(Timeout::Close), TransportAction::Close)
    );
    assert!(client.close_status().clean(), "the closing handshake was complete");
    // The server has as long again after its Close.
    let mut client = open_client(Config::default());
    client.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    assert_eq!(client.tick(s(0), &mut out), Ok(Some(s(10))));
    receive_frame(&mut client, 0x88, b"\x03\xe8");
    assert_eq!(client.tick(s(9), &mut out), Ok(Some(s(19))));
    assert_eq!(client.tick(s(19), &mut out), Err(Timeout::Close));
    assert!(client.close_status().clean());
    // A reply without room in `out`, and a writer that stalls.
    let mut server = open_server(Config::default());
    let mut full = SendSlice::new(&mut []);
    assert!(server.receive(&mut filled(&frame::<Server>(0x88, b"")), &mut full).unwrap().is_some());
    assert_eq!(
        (server.tick(s(0), &mut full), server.transport_action()),
        (Ok(Some(s(10))), TransportAction::KeepOpen)
    );
    assert_eq!(
        (server.tick(s(10), &mut full), server.transport_action()),
        (Err(Timeout::Close), TransportAction::Close)
    );
    assert!(!server.close_status().clean() && !server.has_pending_reply());
    // The end of the transport ends all waits.
    let mut client = open_client(Config::default());
    assert_eq!(client.tick(s(0), &mut out), Ok(Some(s(20))));
    client.receive_eof();
    assert_eq!(client.tick(s(99), &mut out), Ok(None));
}

#[test]
fn each_timeout_can_be_disabled() {
    let mut config = Config::default();
    (config.handshake_timeout, config.ping_interval, config.close_timeout) = (None, None, None);
    let mut out = vec![];
    let mut server = Connection::server(config);
    assert_eq!((server.tick(s(0), &mut out), server.tick(Duration::MAX, &mut out)), (Ok(None), Ok(None)));
    let mut server = open_server(config);
    assert_eq!((server.tick(s(0), &mut out), server.tick(Duration::MAX, &mut out)), (Ok(None), Ok(None)));
    server.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    assert_eq!((server.tick(s(0), &mut out), server.tick(Duration::MAX, &mut out)), (Ok(None), Ok(None)));
    // Without a timeout for the Pong, each silence sends a Ping and nothing ends.
    config.ping_interval = Some(s(30));
    config.pong_timeout = None;
    let (mut server, mut out) = (Connection::established(Server::new(), Negotiated::new(), config), vec![]);
    for minute in 0..60 {
        assert_eq!(server.tick(s(minute * 30), &mut out), Ok(Some(s(minute * 30 + 30))));
    }
    assert_eq!(frames_of::<Server>(&out).len(), 59);
}

#[test]
fn the_largest_time_times_nothing_out() {
    let mut out = vec![];
    let (mut waiting, mut closing) = (Connection::server(Config::default()), open_server(Config::default()));
    closing.close(CloseCode::NORMAL_CLOSURE, "", &mut out).unwrap();
    for connection in [&mut waiting, &mut closing, &mut open_server(Config::default())] {
        for _ in 0..2 {
            assert_eq!(connection.tick(Duration::MAX, &mut out), Ok(None));
        }
    }
}

#[test]
fn the_first_tick_starts_the_timer() {
    let mut server = open_server(Config::default());
    let mut out = vec![];
    assert!(matches!(
        server.receive(&mut filled(&frame::<Server>(0x81, b"x")), &mut out),
        Ok(Some(Event::Text("x")))
    ));
    assert!(size_of::<Connection<Server>>() <= 320);
    assert_eq!(
        server.tick(s(1_000_000_000), &mut out),
        Ok(Some(s(1_000_000_020))),
        "the first tick begins the wait"
    );
}
