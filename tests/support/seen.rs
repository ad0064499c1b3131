//! The events of a connection, owned.

use websocket_proto::{Event, MessageKind};

/// An event, owned. Parts of a message are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Request { target: String, headers: Vec<(String, Vec<u8>)> },
    PlainRequest { target: String },
    Open { subprotocol: Option<String>, headers: Vec<(String, Vec<u8>)> },
    Rejected { status: u16, headers: Vec<(String, Vec<u8>)> },
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl Seen {
    /// A message whose text is UTF-8 (§5.6).
    pub fn message(kind: MessageKind, bytes: Vec<u8>) -> Self {
        match kind {
            MessageKind::Text => Self::Text(String::from_utf8(bytes).expect("§5.6")),
            MessageKind::Binary => Self::Binary(bytes),
        }
    }
}

/// Joins the parts of a message.
#[derive(Debug, Default)]
pub struct Joiner {
    /// The kind and the parts of the message that has not ended.
    open: Option<(MessageKind, Vec<u8>)>,
}

impl Joiner {
    /// The event; `None` for a part that is not the last.
    pub fn seen(&mut self, event: &Event<'_>) -> Option<Seen> {
        let own = |headers: websocket_proto::handshake::Headers<'_>| {
            headers.map(|(n, v)| (n.to_owned(), v.to_vec())).collect()
        };
        Some(match event {
            Event::Request(request) => {
                Seen::Request { target: request.target().to_owned(), headers: own(request.headers()) }
            }
            Event::PlainRequest(request) => Seen::PlainRequest { target: request.target().to_owned() },
            Event::Open(response) => Seen::Open {
                subprotocol: response.subprotocol().map(str::to_owned),
                headers: own(response.headers()),
            },
            Event::Rejected(response) => {
                Seen::Rejected { status: response.status(), headers: own(response.headers()) }
            }
            Event::Text(text) => Seen::Text((*text).to_owned()),
            Event::Binary(bytes) => Seen::Binary(bytes.to_vec()),
            Event::TextPart { text, last } => return self.join(MessageKind::Text, text.as_bytes(), *last),
            Event::BinaryPart { bytes, last } => return self.join(MessageKind::Binary, bytes, *last),
            Event::Ping(payload) => Seen::Ping(payload.to_vec()),
            Event::Pong(payload) => Seen::Pong(payload.to_vec()),
            Event::Close(frame) => {
                Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
            }
            event => panic!("an event that this helper does not know: {event:?}"),
        })
    }

    /// The message, if this is its last part.
    fn join(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Option<Seen> {
        assert!(last || !part.is_empty(), "an empty part is the last");
        let (first, mut bytes) = self.open.take().unwrap_or((kind, vec![]));
        assert_eq!(first, kind, "§5.4: the parts of a message have one kind");
        bytes.extend(part);
        if !last {
            self.open = Some((kind, bytes));
            return None;
        }
        Some(Seen::message(kind, bytes))
    }

    /// The parts of the message that has not ended.
    pub fn unfinished(self) -> Vec<u8> {
        self.open.map_or(vec![], |(_, bytes)| bytes)
    }
}
