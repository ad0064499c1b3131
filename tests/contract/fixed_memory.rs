//! A server and a client on fixed buffers alone. Runs without features, too: no std and no alloc in the
//! crate.

use arrayvec::ArrayVec;
use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, Delivery, Error, Event, MessageKind,
    Negotiated, ProtocolError, ReceiveBuffer, SendBuffer as _, SendSlice, Server, State, TransportAction,
    Uri,
};

#[test]
fn a_handshake_and_an_echo_on_fixed_buffers() {
    let (mut server_memory, mut client_memory, mut answers) = ([0xA5; 512], [0xA5; 512], [0xA5; 256]);
    let (mut to_server, mut to_client) = (ArrayVec::<u8, 256>::new(), SendSlice::new(&mut answers));
    let (mut server_in, mut client_in) =
        (ReceiveBuffer::fixed(&mut server_memory), ReceiveBuffer::fixed(&mut client_memory));

    let mut counter = 0u8;
    let keys = move |bytes: &mut [u8]| {
        for byte in bytes {
            counter = counter.wrapping_add(89);
            *byte = counter;
        }
    };
    let request =
        ClientRequest::new(Uri::parse("ws://[::1]:8080/echo?fixed").expect("a URI")).subprotocols(&["echo"]);
    let mut client =
        Connection::client(request, Config::default(), keys, &mut to_server).expect("room for the request");
    let mut server = Connection::server(Config::default());
    let (mut opened, mut echoed, mut ponged) = (false, 0, false);

    for _ in 0..8 {
        assert_eq!(server_in.feed(&to_server), to_server.len());
        to_server.clear();
        while let Some(event) =
            server.receive(&mut server_in, &mut to_client).expect("the client keeps the rules")
        {
            match event {
                Event::Request(request) => {
                    assert_eq!((request.target(), request.host()), ("/echo?fixed", "[::1]:8080"));
                    let echo = request.subprotocols().next().expect("it was offered");
                    server
                        .accept(Accept::new().subprotocol(echo), &mut to_client)
                        .expect("room for the response");
                }
                Event::Text(text) => server.send_text(text, &mut to_client).expect("room for the echo"),
                Event::Binary(bytes) => server.send_binary(bytes, &mut to_client).expect("room for the echo"),
                event => assert!(matches!(event, Event::Ping(b"?") | Event::Close(Some(_)))),
            }
        }
        assert_eq!(client_in.feed(to_client.as_slice()), to_client.len());
        to_client.consume(usize::MAX);
        while let Some(event) =
            client.receive(&mut client_in, &mut to_server).expect("the server keeps the rules")
        {
            match event {
                Event::Open(response) => {
                    assert_eq!(response.subprotocol(), Some("echo"));
                    opened = true;
                    client.send_text("κόσμε", &mut to_server).expect("room");
                    client.ping(b"?", &mut to_server).expect("room");
                    client.send_binary(&[0xFF; 60], &mut to_server).expect("room");
                }
                Event::Text(text) => {
                    assert_eq!(text, "κόσμε");
                    echoed += 1;
                }
                Event::Binary(bytes) => {
                    assert_eq!(bytes, [0xFF; 60]);
                    echoed += 1;
                    client.close(CloseCode::NORMAL_CLOSURE, "", &mut to_server).expect("room");
                }
                Event::Pong(payload) => {
                    assert_eq!(payload, b"?");
                    ponged = true;
                }
                event => assert!(matches!(event, Event::Close(Some(_)))),
            }
        }
    }
    assert!(opened && ponged && echoed == 2);
    assert_eq!((server.state(), client.state()), (State::End, State::End));
    assert_eq!(
        (server.transport_action(), client.transport_action()),
        (TransportAction::Close, TransportAction::AwaitPeerClose)
    );
    assert!(server.close_status().clean() && client.close_status().clean());
}

/// A client that sends a message of 5,000 bytes, 100 at a time, and the server that hears it, in 300 bytes of
/// memory: how many bytes came, and whether the end did.
fn long_message(delivery: Delivery) -> Result<(usize, bool), (Error, [u8; 4])> {
    let mut config = Config::default();
    config.delivery = delivery;
    let mut server = Connection::established(Server::new(), Negotiated::new(), config);
    let mut client =
        Connection::established(Client::new(|key: &mut [u8]| key.fill(0x5A)), Negotiated::new(), config);
    let (mut memory, mut answers) = ([0; 300], [0; 131]);
    let (mut inbound, mut out, mut to_server) =
        (ReceiveBuffer::fixed(&mut memory), SendSlice::new(&mut answers), ArrayVec::<u8, 131>::new());
    let (mut came, mut ended) = (0, false);
    for part in 1..=50 {
        client
            .send_fragment(MessageKind::Binary, &[7; 100], part == 50, &mut to_server)
            .expect("room for a part");
        assert_eq!(inbound.feed(&to_server), to_server.len());
        to_server.clear();
        loop {
            match server.receive(&mut inbound, &mut out) {
                Ok(Some(Event::BinaryPart { bytes, last })) => (came, ended) = (came + bytes.len(), last),
                Ok(Some(event)) => panic!("{event:?}"),
                Ok(None) => break,
                Err(error) => return Err((error, *out.as_slice().first_chunk().expect("a Close"))),
            }
        }
    }
    Ok((came, ended))
}

#[test]
fn a_message_larger_than_the_buffer() {
    assert_eq!(long_message(Delivery::Parts), Ok((5000, true)));
    assert_eq!(
        long_message(Delivery::Messages),
        Err((ProtocolError::MessageTooBig.into(), *b"\x88\x02\x03\xf1"))
    );
}
