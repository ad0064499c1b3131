//! Messages that are encoded once and sent to many.

use alloc::sync::Arc;
use std::thread;

use allocation_counter::measure;
use arrayvec::ArrayVec;
use websocket_proto::{
    Client, CloseCode, Config, Connection, Entropy, EntropyError, MessageKind, PreparedMessage,
    ReceiveBuffer, SendError, SendSlice,
};

use crate::support::{self, Keys, Side, frame, frames_of};

type Clients = Client<Keys>;

/// Lengths around the changes of the length form and of the masking loop.
const LENGTHS: [usize; 14] = [0, 1, 7, 8, 124, 125, 126, 127, 255, 4096, 65_535, 65_536, 65_537, 1 << 20];

both_roles!(a_prepared_message_is_encoded_as_by_send_text_and_send_binary);
fn a_prepared_message_is_encoded_as_by_send_text_and_send_binary<R: Side>() {
    for len in LENGTHS {
        let text: String = ('a'..='z').cycle().take(len).collect();
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
        let mut config = Config::default();
        config.max_write_buffer = usize::MAX;
        let (mut one, mut other) = (R::open(config), R::open(config));
        let (mut prepared, mut direct) = (Vec::new(), Vec::new());
        let (a, b) = (PreparedMessage::text(&text), PreparedMessage::binary(&bytes));
        for _ in 0..2 {
            one.send_prepared(&a, &mut prepared).unwrap();
            one.send_prepared(&b, &mut prepared).unwrap();
            other.send_text(&text, &mut direct).unwrap();
            other.send_binary(&bytes, &mut direct).unwrap();
        }
        assert!(prepared == direct, "{len}");
        let sent = [(0x81, text.into_bytes()), (0x82, bytes)];
        assert!(frames_of::<R>(&prepared) == [sent.clone(), sent].concat(), "{len}");
    }
}

/// Sends a text both ways, from equal states with equal room: the result, the output and the state are equal.
fn same<R: Side>(connection: &Connection<R>, config: &str, room: usize, text: &str) -> Result<(), SendError> {
    let (mut one, mut other) = (connection.clone(), connection.clone());
    let (mut memory_of_one, mut memory_of_other) = ([0xA5; 400], [0xA5; 400]);
    let mut prepared = SendSlice::new(&mut memory_of_one[..room]);
    let mut direct = SendSlice::new(&mut memory_of_other[..room]);
    let said = one.send_prepared(&PreparedMessage::text(text), &mut prepared);
    assert_eq!(said, other.send_text(text, &mut direct), "{config}, room for {room}");
    assert_eq!(prepared.as_slice(), direct.as_slice(), "{config}, room for {room}");
    assert_eq!(
        (one.has_pending_reply(), one.state()),
        (other.has_pending_reply(), other.state()),
        "{config}, room for {room}"
    );
    said
}

both_roles!(send_prepared_is_refused_whenever_a_send_is_refused);
fn send_prepared_is_refused_whenever_a_send_is_refused<R: Side>() {
    let out = Vec::<u8>::new;
    let open = R::open(Config::default());

    let mut fragmented = open.clone();
    fragmented.send_fragment(MessageKind::Text, b"begun", false, &mut out()).unwrap();
    assert_eq!(same(&fragmented, "fragmented", 400, "x"), Err(SendError::MessageOpen));

    let mut closing = open.clone();
    closing.close(CloseCode::NORMAL_CLOSURE, "", &mut out()).unwrap();
    assert_eq!(same(&closing, "closing", 400, "x"), Err(SendError::Closed));

    let mut cut = open.clone();
    cut.receive_eof();
    assert_eq!(same(&cut, "cut", 400, "x"), Err(SendError::Closed));

    // §5.5.2: the pending Pong is written first, and both or neither
    let mut pending = open.clone();
    pending.receive(&mut support::filled(&frame::<R>(0x89, b"ping")), &mut ArrayVec::<u8, 0>::new()).unwrap();
    assert!(pending.has_pending_reply());
    for (name, connection) in [("open", open), ("pending", pending)] {
        let text = "y".repeat(200);
        let refused =
            (0..400).filter(|&room| same(&connection, name, room, &text) == Err(SendError::Full)).count();
        let mut written = out();
        let mut connection = connection.clone();
        connection.send_prepared(&PreparedMessage::text(&text), &mut written).unwrap();
        assert_eq!(refused, written.len(), "{name}: it is sent if it fits");
    }

    let mut config = Config::default();
    config.max_write_buffer = 3;
    let (mut connection, mut waiting) = (R::open(config), vec![0; 3]);
    assert_eq!(connection.send_prepared(&PreparedMessage::text(""), &mut waiting), Err(SendError::Full));
    waiting.pop();
    assert_eq!(connection.send_prepared(&PreparedMessage::text(""), &mut waiting), Ok(()));
}

#[test]
fn a_prepared_message_is_refused_before_the_opening() {
    let mut early = Connection::server(Config::default());
    assert_eq!(early.send_prepared(&PreparedMessage::text("x"), &mut Vec::new()), Err(SendError::NotOpen));
}

#[test]
fn without_a_masking_key_a_client_sends_nothing() {
    #[derive(Debug)]
    struct Dry;

    impl Entropy for Dry {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }
    let mut client =
        Connection::established(Client::new(Dry), websocket_proto::Negotiated::new(), Config::default());
    let mut out = Vec::new();
    assert_eq!(client.send_prepared(&PreparedMessage::binary(b"x"), &mut out), Err(SendError::Entropy));
    assert!(out.is_empty());
}

#[test]
fn a_client_takes_a_fresh_key_each_time() {
    let mut client = support::open_client(Config::default());
    let message = PreparedMessage::text("again");
    let (mut first, mut second) = (Vec::new(), Vec::new());
    client.send_prepared(&message, &mut first).unwrap();
    client.send_prepared(&message, &mut second).unwrap();
    assert_ne!(first[2..6], second[2..6], "§5.3");
    assert_eq!(frames_of::<Clients>(&first), frames_of::<Clients>(&second));
}

#[test]
fn threads_share_a_prepared_message_without_a_lock() {
    let message = Arc::new(PreparedMessage::text("to all"));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let message = Arc::clone(&message);
            thread::spawn(move || {
                let mut out = Vec::new();
                for _ in 0..250 {
                    let mut server = support::open_server(Config::default());
                    server.send_prepared(&message, &mut out).unwrap();
                    assert_eq!(out, b"\x81\x06to all");
                    let mut client = support::open_client(Config::default());
                    let mut inbound = support::filled(&out);
                    assert!(matches!(
                        client.receive(&mut inbound, &mut Vec::new()),
                        Ok(Some(websocket_proto::Event::Text("to all")))
                    ));
                    out.clear();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

both_roles!(sending_allocates_nothing);
fn sending_allocates_nothing<R: Side>() {
    let mut room: Vec<_> =
        (0..1000).map(|_| (R::open(Config::default()), Vec::<u8>::with_capacity(8 * 1024))).collect();
    let message = PreparedMessage::binary(&[7; 8000]);
    let asked = measure(|| {
        for (connection, out) in &mut room {
            connection.send_prepared(&message, out).unwrap();
        }
    });
    assert_eq!(asked.count_total, 0, "{asked:?}");
    assert!(room.iter().all(|(_, out)| out.len() > 8000));
}

#[test]
fn preparing_allocates_once_and_debug_shows_no_content() {
    let mut prepared = None;
    let asked = measure(|| prepared = Some(PreparedMessage::binary(&[7; 8000])));
    assert_eq!((asked.count_total, asked.bytes_total), (1, 8004), "one allocation of the encoded length");
    assert_eq!(
        format!("{prepared:?}"),
        r#"Some(PreparedMessage { kind: Binary, payload_len: 8000 })"#,
        "without the content"
    );
}

both_roles!(each_prepared_message_arrives_whole);
fn each_prepared_message_arrives_whole<R: Side>() {
    let mut sender = R::open(Config::default());
    let mut receiver = R::Peer::open(Config::default());
    for len in LENGTHS {
        let mut wire = Vec::new();
        sender.send_prepared(&PreparedMessage::binary(&vec![3; len]), &mut wire).unwrap();
        let mut inbound = ReceiveBuffer::new();
        assert_eq!(inbound.feed(&wire), wire.len());
        let event = receiver.receive(&mut inbound, &mut wire).unwrap();
        assert!(
            matches!(event, Some(websocket_proto::Event::Binary(bytes)) if bytes == vec![3; len]),
            "{len}"
        );
    }
}
