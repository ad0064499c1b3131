//! What the checks know of one endpoint: a description of its state that no code of the crate computes.

use alloc::collections::VecDeque;

use websocket_proto::MessageKind;

use super::machine::Item;

/// The bytes that a call must write, after the reply that was pending.
#[derive(Debug, Clone)]
pub(crate) enum Intent {
    /// Nothing, except for replies.
    Nothing,
    /// Only a Ping, if one is due.
    PingOfTimer,
    Data {
        kind: MessageKind,
        payload: Vec<u8>,
        last: bool,
    },
    Control(Item),
}

/// A reply that is due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Due {
    /// No reply; an older one is not due any more.
    Nothing,
    Pong(Vec<u8>),
    Close(Vec<u8>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    /// What this endpoint has written and the peer has not received, in order.
    pub(crate) expected: VecDeque<Item>,
    /// The fragmented message that this endpoint sends.
    pub(crate) open: Option<(bool, Vec<u8>)>,
    /// The replies that are due, oldest first. A newer one replaces the older ones.
    pub(crate) dues: Vec<Due>,
    /// The payload of the Close that it has written.
    pub(crate) close_written: Option<Vec<u8>>,
    /// The payload of the Close that it has received, or whose signal its write half has handled.
    pub(crate) close_known: Option<Vec<u8>>,
    /// Whether it decided to close, and did not answer a Close.
    pub(crate) closes_first: bool,
    /// Whether it has ended for another reason than two Close frames.
    pub(crate) is_over: bool,
    /// Whether both Close frames were there before the current call.
    pub(crate) is_answered: bool,
    /// The messages written so far, if the state of a compressor depends on them.
    pub(crate) history: Option<Vec<Item>>,
}

/// A frame as an independent parser sees it: with at most 125 bytes of payload.
struct Frame {
    first: u8,
    payload: Vec<u8>,
}

/// The frames in `bytes`, which holds whole frames only.
fn frames(mut bytes: &[u8], masks: bool) -> Vec<Frame> {
    let mut frames = vec![];
    while let [first, second, rest @ ..] = bytes {
        assert_eq!(second & 0x80 != 0, masks, "§5.1: the mask bit");
        let len = usize::from(second & 0x7f);
        assert!(len < 126, "these models send short frames");
        let (key, rest) = rest.split_at(if masks { 4 } else { 0 });
        let (payload, rest) = rest.split_at_checked(len).expect("a call writes whole frames");
        let mut payload = payload.to_vec();
        // §5.3: octet i is the exclusive or with octet i mod 4 of the key.
        payload.iter_mut().zip(key.iter().cycle()).for_each(|(octet, key)| *octet ^= key);
        frames.push(Frame { first: *first, payload });
        bytes = rest;
    }
    assert!(bytes.is_empty(), "a call writes whole frames");
    frames
}

/// The length of a control frame.
pub(crate) fn frame_len(payload: &[u8], masks: bool) -> usize {
    payload.len() + if masks { 6 } else { 2 }
}

impl Ledger {
    /// The reply that is due.
    pub(crate) fn due_reply(&self) -> Option<&Due> {
        self.dues.last().filter(|due| **due != Due::Nothing)
    }

    /// The payload of the Close that this endpoint has sent, also while it waits for room.
    pub(crate) fn close_sent(&self) -> Option<&Vec<u8>> {
        match self.due_reply() {
            Some(Due::Close(payload)) => Some(payload),
            _ => self.close_written.as_ref(),
        }
    }

    /// Whether a Close was sent and one was received.
    pub(crate) fn has_both(&self) -> bool {
        self.close_sent().is_some() && self.close_known.is_some()
    }

    /// Records that this endpoint has handled an item of its peer.
    pub(crate) fn handled(&mut self, item: &Item, auto_pong: bool, auto_close: bool) {
        let is_end = self.is_over || self.has_both();
        match item {
            Item::Ping(payload) if auto_pong && !is_end => self.dues.push(Due::Pong(payload.clone())),
            Item::Close(payload) => {
                let answers = auto_close && self.close_sent().is_none() && !is_end;
                self.close_known = Some(payload.clone());
                if !is_end {
                    self.dues.push(if answers { Due::Close(payload.clone()) } else { Due::Nothing });
                }
            }
            // §7.4.1: 1002, a protocol error.
            Item::Violation => self.fail(1002),
            _ => {}
        }
    }

    /// §7.1.7: the connection fails, and a Close with this code is due unless one was sent.
    pub(crate) fn fail(&mut self, code: u16) {
        if self.is_over || self.has_both() {
            return;
        }
        let due = match self.close_sent() {
            None => Due::Close(code.to_be_bytes().to_vec()),
            Some(_) => Due::Nothing,
        };
        self.closes_first |= due != Due::Nothing;
        self.dues.push(due);
        self.is_over = true;
    }

    /// The transport has ended, or a deadline has passed: no reply is due any more.
    pub(crate) fn end(&mut self) {
        self.dues.clear();
        self.is_over = true;
    }

    /// Records the bytes that one call has written.
    pub(crate) fn wrote(&mut self, bytes: &[u8], masks: bool, capacity: usize, intent: &Intent) {
        let mut frames = frames(bytes, masks);
        let intended = match intent {
            Intent::Nothing => None,
            Intent::PingOfTimer => match frames.last() {
                Some(Frame { first: 0x89, .. }) => frames.pop(),
                _ => None,
            },
            Intent::Data { .. } | Intent::Control(_) => {
                Some(frames.pop().expect("the call reports success and writes nothing"))
            }
        };
        for frame in frames {
            self.wrote_reply(frame, masks, capacity);
        }
        // Only the newest reply waits.
        self.dues.drain(..self.dues.len().saturating_sub(1));
        if let Some(frame) = intended {
            if matches!(self.due_reply(), Some(Due::Pong(pong)) if frame_len(pong, masks) > capacity) {
                // §5.5.3: not every Ping needs a Pong, and `out` can never hold this one.
                self.dues.clear();
            }
            assert!(self.due_reply().is_none(), "the pending reply precedes the frame");
            self.wrote_intended(frame, intent);
        }
    }

    fn wrote_reply(&mut self, frame: Frame, masks: bool, capacity: usize) {
        let Frame { first, payload } = frame;
        let place = self.dues.iter().position(|due| match due {
            Due::Nothing => false,
            Due::Pong(due) => first == 0x8a && payload == *due,
            Due::Close(due) => {
                // §5.5.1: the reason is optional, and there can be no room for it.
                let cut = if frame_len(due, masks) > capacity { &due[..2] } else { due };
                first == 0x88 && payload == cut
            }
        });
        let place = place.unwrap_or_else(|| panic!("no such reply is due: {first:#x} {payload:?}"));
        self.dues.drain(..=place);
        let item = if first == 0x8a { Item::Pong(payload) } else { Item::Close(payload) };
        self.wrote_item(item);
    }

    fn wrote_intended(&mut self, frame: Frame, intent: &Intent) {
        let Frame { first, payload } = frame;
        match intent {
            Intent::Data { kind, payload: plain, last } => {
                let is_text = *kind == MessageKind::Text;
                let opcode = match (&self.open, is_text) {
                    (Some(_), _) => 0,
                    (None, true) => 1,
                    (None, false) => 2,
                };
                assert_eq!(first & 0xbf, u8::from(*last) << 7 | opcode, "§5.2: FIN and the opcode");
                // RFC 7692: RSV1 marks a compressed message; its receiver checks the content.
                let is_compressed = self.history.is_some();
                assert!(is_compressed || (payload == *plain && first & 0x40 == 0), "the payload");
                let (kind, mut whole) = self.open.take().unwrap_or((is_text, vec![]));
                whole.extend_from_slice(plain);
                if *last {
                    self.wrote_item(if kind { Item::Text(whole) } else { Item::Binary(whole) });
                } else {
                    assert_eq!(self.close_written, None, "§5.5.1: a fragment after a Close");
                    if let Some(history) = &mut self.history {
                        history.push(Item::Binary(plain.clone()));
                    }
                    self.open = Some((kind, whole));
                }
            }
            Intent::PingOfTimer => self.wrote_item(Item::Ping(payload)),
            Intent::Control(item) => {
                let opcode = match item {
                    Item::Ping(_) => 0x89,
                    Item::Pong(_) => 0x8a,
                    _ => 0x88,
                };
                self.closes_first |= opcode == 0x88 && self.close_known.is_none();
                let (Item::Ping(due) | Item::Pong(due) | Item::Close(due)) = item else { return };
                assert_eq!((first, &payload), (opcode, due), "the frame of the call");
                self.wrote_item(item.clone());
            }
            Intent::Nothing => {}
        }
    }

    fn wrote_item(&mut self, item: Item) {
        match &item {
            Item::Close(payload) => {
                assert_eq!(self.close_written, None, "§5.5.1: a second Close");
                self.close_written = Some(payload.clone());
            }
            // §5.5.2: a Ping is answered also after a Close was sent, until one is received.
            Item::Pong(_) => {
                assert!(!self.is_answered, "§5.5.2: a Pong after both Close frames");
            }
            _ => assert_eq!(self.close_written, None, "§5.5.1: {item:?} after a Close"),
        }
        if let (Some(history), Item::Text(_) | Item::Binary(_)) = (&mut self.history, &item) {
            history.push(item.clone());
        }
        self.expected.push_back(item);
    }
}
