//! What the tests share: open connections, frames by hand, and feeding the same bytes in every way.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "each test file uses some of it"
)]

mod heads;
mod room;
mod seen;

use core::time::Duration;

use websocket_proto::wire::{FrameHeader, LengthForm, RawFrameHeader, ReservedBits, mask};
use websocket_proto::{
    Accept, Client, ClientRequest, CloseStatus, Config, Connection, Delivery, Entropy, EntropyError, Error,
    Event, HandshakeError, ReadHalf, ReceiveBuffer, Role, SendSlice, Server, Signal, State, Storage,
    TransportAction, Uri, WriteHalf,
};

pub use heads::*;
pub use room::Room;
pub use seen::{Joiner, Seen};

/// Tests a generic function for both roles: `both_roles!(name)` declares the tests `name::server` and
/// `name::client`, so that the name of a failed test says which role failed. The client has `Keys`, or another
/// source of keys that is named.
macro_rules! both_roles {
    ($check:ident) => {
        both_roles!($check, crate::support::Keys);
    };
    ($check:ident, $keys:ty) => {
        mod $check {
            #[test]
            fn server() {
                super::$check::<websocket_proto::Server>();
            }

            #[test]
            fn client() {
                super::$check::<websocket_proto::Client<$keys>>();
            }
        }
    };
}

/// Keys that a test knows: the counter 1, 2, 3 … in each four bytes. Counts the bytes taken.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    pub taken: usize,
}

impl Entropy for Keys {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for word in bytes.chunks_mut(4) {
            self.taken += word.len();
            word.copy_from_slice(&((self.taken / 4) as u32).to_be_bytes()[..word.len()]);
        }
        Ok(())
    }
}

/// §1.3, with the fields that every request needs.
pub const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The response to [`REQUEST`].
pub const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A server after its opening handshake.
pub fn open_server(config: Config) -> Connection<Server> {
    let mut server = Connection::server(config);
    let mut inbound = filled(REQUEST);
    let mut out = Vec::new();
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))));
    server.accept(Accept::new(), &mut out).expect("the request is fine");
    assert_eq!(server.state(), State::Transmission);
    server
}

/// A client after its opening handshake; it has taken 16 bytes of entropy.
pub fn open_client(config: Config) -> Connection<Client<Keys>> {
    let mut server = Connection::server(Config::default());
    let (mut request, mut response) = (Vec::new(), Vec::new());
    let uri = Uri::parse("ws://server.example.com/chat").expect("a URI");
    let mut client = Connection::client(ClientRequest::new(uri), config, Keys::default(), &mut request)
        .expect("a request");
    assert!(matches!(server.receive(&mut filled(&request), &mut response), Ok(Some(Event::Request(_)))));
    server.accept(Accept::new(), &mut response).expect("the request is fine");
    assert!(matches!(client.receive(&mut filled(&response), &mut Vec::new()), Ok(Some(Event::Open(_)))));
    client
}

/// A receive buffer with these bytes in it.
pub fn filled(bytes: &[u8]) -> ReceiveBuffer<Vec<u8>> {
    let mut inbound = ReceiveBuffer::new();
    assert_eq!(inbound.feed(bytes), bytes.len());
    inbound
}

/// Whether a whole message of this many bytes fits in an allocation. On a 32-bit target it ends below 2
/// GiB.
pub fn fits_in_memory(len: u64) -> bool {
    len <= isize::MAX as u64 - 131
}

/// The key that [`frame`] masks with.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame of any first byte as the peer of this role sends it: masked to a server, with the length in its
/// minimal form.
pub fn frame<R: Side>(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_with(first, payload, R::PEER_MASKS.then_some(KEY), LengthForm::Minimal, payload.len() as u64)
}

/// A frame of any content.
pub fn frame_with(
    first: u8,
    payload: &[u8],
    masking_key: Option<[u8; 4]>,
    length_form: LengthForm,
    payload_len: u64,
) -> Vec<u8> {
    let header = RawFrameHeader {
        fin: first & 0x80 != 0,
        reserved: ReservedBits::from_first_byte(first),
        opcode: first & 0x0F,
        masking_key,
        payload_len,
        length_form,
    };
    let mut bytes = header.encode().to_vec();
    let mut payload = payload.to_vec();
    if let Some(key) = masking_key {
        mask(&mut payload, key, 0);
    }
    bytes.extend_from_slice(&payload);
    bytes
}

/// A role to test, for tables that hold for both.
pub trait Side: Role + Clone {
    /// The role of its peer.
    type Peer: Side<Peer = Self>;
    /// Whether its peer's frames are masked.
    const PEER_MASKS: bool;
    fn role() -> Self;
    /// A connection of this role after its opening handshake.
    fn open(config: Config) -> Connection<Self>;
}

impl Side for Server {
    type Peer = Client<Keys>;
    const PEER_MASKS: bool = true;
    fn role() -> Self {
        Self::new()
    }
    fn open(config: Config) -> Connection<Self> {
        open_server(config)
    }
}

impl Side for Client<Keys> {
    type Peer = Server;
    const PEER_MASKS: bool = false;
    fn role() -> Self {
        Self::new(Keys::default())
    }
    fn open(config: Config) -> Connection<Self> {
        open_client(config)
    }
}

/// All that a connection does with some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub events: Vec<Seen>,
    /// The parts of a message that did not end.
    pub unfinished: Vec<u8>,
    /// What it wrote.
    pub out: Vec<u8>,
    pub error: Option<Error>,
    pub state: State,
    pub transport_action: TransportAction,
    pub closed: CloseStatus,
}

impl Outcome {
    /// Without the parts of a message that did not end.
    pub fn of_whole_messages(self) -> Self {
        Self { unfinished: vec![], ..self }
    }
}

/// Feeds chunks into a connection, as a caller does: a read, then all events. Requests are accepted.
pub fn feed<'c, R: Role, S: Storage>(
    mut connection: Connection<R>,
    mut inbound: ReceiveBuffer<S>,
    chunks: impl IntoIterator<Item = &'c [u8]>,
    mut accept: impl FnMut(&mut Connection<R>, &mut Vec<u8>),
) -> Outcome {
    let (mut events, mut out, mut error) = (Vec::new(), Vec::new(), None);
    let mut joiner = Joiner::default();
    for chunk in chunks {
        let mut chunk = chunk;
        loop {
            let taken = inbound.feed(chunk);
            chunk = &chunk[taken..];
            loop {
                let event = match connection.receive(&mut inbound, &mut out) {
                    Ok(Some(event)) => event,
                    Ok(None) => break,
                    Err(failure) => {
                        assert!(error.is_none_or(|before| before == failure), "ST-08: the error is sticky");
                        error = Some(failure);
                        break;
                    }
                };
                assert_eq!(error, None, "ST-08: no event after an error");
                let is_request = matches!(event, Event::Request(_) | Event::PlainRequest(_));
                events.extend(joiner.seen(&event));
                if is_request {
                    accept(&mut connection, &mut out);
                }
            }
            if chunk.is_empty() {
                break;
            }
            assert!(
                taken > 0 || connection.state() == State::End,
                "a full buffer with nothing to come out of it"
            );
            if connection.state() == State::End && taken == 0 {
                break;
            }
        }
    }
    Outcome {
        events,
        unfinished: joiner.unfinished(),
        out,
        error,
        state: connection.state(),
        transport_action: connection.transport_action(),
        closed: connection.close_status(),
    }
}

/// Feeds bytes whole, byte by byte, cut at every place, and at random cuts, into growing buffers and into a
/// fixed one; all must have the same outcome. A long input is cut at some places only.
pub fn every_way<R: Role + Clone>(
    connection: &Connection<R>,
    wire: &[u8],
    mut accept: impl FnMut(&mut Connection<R>, &mut Vec<u8>),
) -> Outcome {
    let mut run = |chunks: &[&[u8]], what: &str, whole: Option<&Outcome>| {
        let outcome = feed(connection.clone(), ReceiveBuffer::new(), chunks.iter().copied(), &mut accept);
        if let Some(whole) = whole {
            assert_eq!(&outcome, whole, "ST-03: {what} of {}", preview(wire));
        }
        outcome
    };
    let whole = run(&[wire], "whole", None);
    run(&wire.chunks(1).collect::<Vec<_>>(), "byte by byte", Some(&whole));
    let step = (wire.len() / 600).max(1);
    for cut in (0..=wire.len()).step_by(step) {
        let (left, right) = wire.split_at(cut);
        run(&[left, &[], right], &format!("cut at {cut}"), Some(&whole));
    }
    let mut random = fastrand::Rng::with_seed(wire.len() as u64);
    for round in 0..20 {
        run(&random_cuts(&mut random, wire), &format!("random cuts {round}"), Some(&whole));
    }
    let mut memory = vec![0xA5; wire.len().max(1024) + 131];
    for chunk in [1, 7, usize::MAX] {
        let chunks = wire.chunks(chunk.min(wire.len().max(1)));
        let outcome = feed(connection.clone(), ReceiveBuffer::fixed(&mut memory), chunks, &mut accept);
        assert_eq!(outcome, whole, "ST-03: fixed buffer, by {chunk}, of {}", preview(wire));
    }
    #[cfg(feature = "bytes")]
    for chunk in [1, 7, usize::MAX] {
        let chunks = wire.chunks(chunk.min(wire.len().max(1)));
        let outcome = feed(connection.clone(), ReceiveBuffer::for_bytes(), chunks, &mut accept);
        assert_eq!(outcome, whole, "ST-03: BytesMut, by {chunk}, of {}", preview(wire));
    }
    whole
}

/// Cuts bytes at random, into chunks of mixed sizes; some are empty.
pub fn random_cuts<'w>(random: &mut fastrand::Rng, wire: &'w [u8]) -> Vec<&'w [u8]> {
    let (mut chunks, mut rest) = (Vec::new(), wire);
    while !rest.is_empty() {
        let most = 1 << random.u32(0..12);
        let (chunk, after) = rest.split_at(random.usize(0..=rest.len().min(most)));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// [`every_way`] for an open connection of this role, its messages whole and in parts.
pub fn transmit<R: Side>(mut config: Config, wire: &[u8]) -> Outcome {
    config.delivery = Delivery::Messages;
    let whole = every_way(&R::open(config), wire, |_, _| panic!("a request"));
    config.delivery = Delivery::Parts;
    let parts = every_way(&R::open(config), wire, |_, _| panic!("a request"));
    assert_eq!(parts.clone().of_whole_messages(), whole, "in parts: {}", preview(wire));
    whole
}

fn preview(wire: &[u8]) -> String {
    let head: Vec<String> = wire.iter().take(200).map(|byte| format!("{byte:02x}")).collect();
    format!("{} ({} bytes)", head.join(" "), wire.len())
}

/// The frames that a connection of this role wrote, as first byte and payload. Asserts that they are masked
/// exactly if the role masks.
pub fn frames_of<R: Side>(mut wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while !wire.is_empty() {
        let (header, len) = FrameHeader::parse(wire).expect("legal").complete().expect("whole");
        assert_eq!(header.masking_key.is_some(), !R::PEER_MASKS, "§5.1");
        assert_eq!(header.encode()[..], wire[..len], "§5.2: the minimal form");
        let end = len + header.payload_len as usize;
        let mut payload = wire[len..end].to_vec();
        mask(&mut payload, header.masking_key.unwrap_or_default(), 0);
        frames.push((wire[0], payload));
        wire = &wire[end..];
    }
    frames
}

/// The payload of an event.
pub fn payload(event: &Event<'_>) -> Vec<u8> {
    match event {
        Event::Text(text) | Event::TextPart { text, .. } => text.as_bytes().to_vec(),
        Event::Binary(bytes) | Event::BinaryPart { bytes, .. } | Event::Ping(bytes) | Event::Pong(bytes) => {
            bytes.to_vec()
        }
        Event::Close(None) => vec![],
        Event::Close(Some(frame)) => [&frame.code.get().to_be_bytes()[..], frame.reason.as_bytes()].concat(),
        event => panic!("{event:?}"),
    }
}

/// The read half of a connection, and the signal that its owner must pass on.
#[derive(Clone)]
pub struct Reader<R: Role> {
    half: ReadHalf<R>,
    signal: Option<Signal>,
}

/// Splits an open connection.
#[track_caller]
pub fn split<R: Role>(connection: Connection<R>) -> (Reader<R>, WriteHalf<R>) {
    let (half, writer) = connection.split().unwrap_or_else(|connection| panic!("not open: {connection:?}"));
    (Reader { half, signal: None }, writer)
}

impl<R: Role> Reader<R> {
    pub fn receive<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
    ) -> Result<Option<Event<'b>>, Error> {
        let (signal, event) = self.half.receive(inbound);
        self.signal = signal.or(self.signal.take());
        event
    }

    pub fn tick(&mut self, now: Duration) -> Option<Duration> {
        let (signal, deadline) = self.half.tick(now);
        self.signal = signal.or(self.signal.take());
        deadline
    }

    /// The newest signal since the last call.
    pub fn signal(&mut self) -> Option<Signal> {
        self.signal.take()
    }

    pub fn state(&self) -> State {
        self.half.state()
    }

    pub fn half(&mut self) -> &mut ReadHalf<R> {
        &mut self.half
    }

    /// The connection again; the reply to a signal that was not passed on is pending.
    pub fn join(self, mut writer: WriteHalf<R>) -> Connection<R> {
        if let Some(signal) = self.signal {
            writer.handle_signal(signal, &mut SendSlice::new(&mut []));
        }
        Connection::join(self.half, writer)
    }
}

impl<R: Role> core::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Reader").field(&self.half).field(&self.signal).finish()
    }
}
