//! The buffer that a connection must receive from: the one with the rest of its input.

use websocket_proto::{Config, Connection, Error, Event, ReceiveBuffer, Server, State};

use crate::support::{self, REQUEST, Side, filled, frame, open_server};

/// What a connection does with a buffer that is not the one with the rest of its input: an error, and nothing
/// else.
#[track_caller]
fn assert_wrong<R: Side>(connection: &Connection<R>, buffer: &ReceiveBuffer<Vec<u8>>) {
    let (mut connection, mut buffer, mut out) = (connection.clone(), buffer.clone(), Vec::new());
    let unread = buffer.unread().to_vec();
    for _ in 0..2 {
        assert_eq!(connection.receive(&mut buffer, &mut out).err(), Some(Error::WrongBuffer));
        assert_eq!((buffer.unread(), &out[..]), (&unread[..], &b""[..]), "nothing is read or written");
        assert_eq!(connection.state(), State::Transmission);
    }
}

both_roles!(a_buffer_with_the_rest_of_another_connection_is_refused);
/// A message that is not whole in the buffer, or a frame: in the middle of a fragment, between fragments, in
/// a header, in a control frame, compressed or not.
fn a_buffer_with_the_rest_of_another_connection_is_refused<R: Side>() {
    let text = frame::<R>(0x81, b"text");
    let wires = [
        frame::<R>(0x01, b"begun \xce"),
        frame::<R>(0x82, b"binary").split_last_chunk::<3>().expect("a frame").0.to_vec(),
        [&frame::<R>(0x01, b"begun")[..], &frame::<R>(0x89, &[7; 100])[..50]].concat(),
        [&text[..], &text[..1]].concat(),
        [&text[..], &frame::<R>(0x89, &[7; 100])[..50]].concat(),
    ];
    for wire in &wires {
        let (mut one, mut inbound, mut out) = (R::open(Config::default()), filled(wire), Vec::new());
        while one.receive(&mut inbound, &mut out).unwrap().is_some() {}
        // The buffer of this connection, given to another one, with more bytes or without.
        let another = R::open(Config::default());
        assert_wrong(&another, &inbound);
        let mut more = inbound.clone();
        assert_eq!(more.feed(&text), text.len());
        assert_wrong(&another, &more);
        // Another buffer, given to this connection: the message that has begun is lost.
        assert_wrong(&one, &filled(b""));
        assert_wrong(&one, &filled(&text));
        let mut cleared = inbound.clone();
        cleared.clear();
        assert_wrong(&one, &cleared);
        // A buffer with another number of bytes.
        for other in wires.iter().filter(|other| *other != wire) {
            let (mut another, mut other) = (R::open(Config::default()), filled(other));
            while another.receive(&mut other, &mut Vec::new()).unwrap().is_some() {}
            assert_wrong(&one, &other);
        }
        // With its own buffer, the connection goes on.
        assert!(matches!(one.receive(&mut inbound, &mut out), Ok(None)));
        assert!(another.clone().receive(&mut filled(&text), &mut out).unwrap().is_some());
    }
}

both_roles!(a_buffer_without_the_payload_of_a_frame_is_refused);
/// The first read ends with the header, so the buffer is empty before the payload arrives.
fn a_buffer_without_the_payload_of_a_frame_is_refused<R: Side>() {
    let wire = frame::<R>(0x82, &[7; 125]);
    let (header, payload) = wire.split_at(wire.len() - 125);
    for len in [1, 60, 124] {
        let (mut one, mut inbound, mut out) = (R::open(Config::default()), ReceiveBuffer::new(), Vec::new());
        for bytes in [header, &payload[..len]] {
            assert_eq!(inbound.feed(bytes), bytes.len());
            assert!(matches!(one.receive(&mut inbound, &mut out), Ok(None)));
        }
        let mut cleared = inbound.clone();
        cleared.clear();
        assert_wrong(&one, &cleared);
        assert_wrong(&one, &filled(b""));
        assert_wrong(&one, &filled(&frame::<R>(0x82, &[8; 1000])));
        assert_eq!(inbound.feed(&payload[len..]), 125 - len);
        assert!(matches!(one.receive(&mut inbound, &mut out), Ok(Some(Event::Binary([7, ..])))));
    }
}

both_roles!(a_buffer_with_a_few_bytes_more_or_less_is_refused);
/// Two buffers that differ only in the number of message bytes, or of unread bytes.
fn a_buffer_with_a_few_bytes_more_or_less_is_refused<R: Side>() {
    let ping = frame::<R>(0x89, &[7; 125]);
    let held = |message: usize, unread: usize| {
        let (mut connection, mut inbound) = (R::open(Config::default()), ReceiveBuffer::new());
        for bytes in [&frame::<R>(0x02, &vec![7; message]), &ping[..unread]] {
            assert_eq!(inbound.feed(bytes), bytes.len());
            assert_eq!(connection.receive(&mut inbound, &mut Vec::new()), Ok(None));
        }
        (connection, inbound)
    };
    let by_unread: Vec<_> = (1..60).map(|unread| held(5, unread)).collect();
    let by_message: Vec<_> = (1..60).chain([65_536 + 5]).map(|message| held(message, 5)).collect();
    for all in [by_unread, by_message] {
        for (at, (connection, _)) in all.iter().enumerate() {
            for (_, (_, other)) in all.iter().enumerate().filter(|(other_at, _)| *other_at != at) {
                let received = connection.clone().receive(&mut other.clone(), &mut Vec::new()).err();
                assert_eq!(received, Some(Error::WrongBuffer));
            }
        }
    }
}

/// The same in the opening handshake, and for the half that reads.
#[test]
fn the_buffer_of_a_handshake_and_of_a_read_half_is_checked_too() {
    let (head, rest) = REQUEST.split_at(50);
    let (mut server, mut inbound, mut out) =
        (Connection::server(Config::default()), filled(head), Vec::new());
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
    assert_eq!(server.receive(&mut filled(rest), &mut out).err(), Some(Error::WrongBuffer));
    assert_eq!(inbound.feed(&[rest, b"\x81"].concat()), rest.len() + 1);
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))));
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));
    server.accept(websocket_proto::Accept::new(), &mut out).unwrap();
    // A frame followed the request.
    assert_eq!(server.receive(&mut filled(b"\x81"), &mut out).err(), Some(Error::WrongBuffer));
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(None)));

    let (mut reader, _writer) = support::split(open_server(Config::default()));
    let mut inbound = filled(&frame::<Server>(0x01, b"begun"));
    assert!(matches!(reader.receive(&mut inbound), Ok(None)));
    assert_eq!(reader.receive(&mut filled(b"")).err(), Some(Error::WrongBuffer));
    assert_eq!((reader.state(), reader.signal()), (State::Transmission, None));
    assert_eq!(inbound.feed(&frame::<Server>(0x80, b"")), 6);
    assert!(matches!(reader.receive(&mut inbound), Ok(Some(Event::Text("begun")))));
}

/// A buffer that holds nothing can serve any connection, without a last call that returns `None`.
#[test]
fn an_empty_buffer_serves_any_connection() {
    let (mut one, mut two, mut out) =
        (open_server(Config::default()), open_server(Config::default()), Vec::new());
    let (text, mut inbound) = (frame::<Server>(0x81, b"text"), ReceiveBuffer::new());
    for cut in 0..text.len() {
        for connection in [&mut one, &mut two] {
            assert_eq!(inbound.feed(&text[..cut]), cut);
            assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(None)));
            assert_eq!(inbound.feed(&text[cut..]), text.len() - cut);
            assert!(matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Text("text")))));
            assert!(inbound.is_empty());
        }
    }
}
