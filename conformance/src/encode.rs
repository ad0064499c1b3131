//! Encodes the items of a step into the bytes of one write, and tells which replies they demand.

use websocket_proto::wire::{RawFrameHeader, ReservedBits, mask};

use crate::deflate::Compressor;
use crate::judge::Direction;
use crate::random::Random;
use crate::role::Role;
use crate::step::{BINARY, CLOSE, CONTINUATION, Frame, Item, Masking, PING, PONG, RSV1, TEXT};

/// A reply that a written frame demands or forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Demand {
    /// An echo of this message.
    Message { text: bool, payload: Vec<u8> },
    /// A Pong with this payload.
    Pong(Vec<u8>),
    /// No Pong with this payload may arrive: it is that of a Pong, or of a frame after the end.
    NoPong(Vec<u8>),
    /// A Close was written: it demands the Close of the peer, and later frames demand nothing.
    Close,
}

/// The bytes of a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) demands: Vec<Demand>,
    /// The place and the payload of the probe.
    pub(crate) probe: Option<(usize, [u8; 8])>,
}

/// Encodes what one endpoint writes on one connection.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    /// The role of the endpoint under test, which reads the bytes.
    reader: Role,
    random: Random,
    /// Compresses messages, if permessage-deflate was agreed.
    compressor: Option<Compressor>,
    /// The fragments of a legal message that is not complete.
    message: Option<(bool, Vec<u8>)>,
    /// The other bytes of a frame of which only the first were written.
    rest: Vec<u8>,
    /// Whether the bytes written so far end between two frames.
    between_frames: bool,
    closed: bool,
}

impl Encoder {
    pub(crate) fn new(reader: Role, random: Random) -> Self {
        let (compressor, message, rest) = (None, None, Vec::new());
        Self { reader, random, compressor, message, rest, between_frames: true, closed: false }
    }

    /// permessage-deflate was agreed, with these limits of what the suite writes.
    pub(crate) fn deflate(&mut self, direction: Direction) {
        self.compressor = Some(Compressor::new(direction));
    }

    /// Whether a frame can be written that is not part of the steps.
    pub(crate) fn can_insert(&self) -> bool {
        self.between_frames && !self.closed
    }

    /// Whether a message is complete: a Text may follow.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.message.is_none()
    }

    /// Random letters: an endpoint that takes the payload of a Ping for text fails in the cases about that
    /// only.
    pub(crate) fn nonce(&mut self) -> [u8; 8] {
        self.random.bytes().map(|byte| b'a'.saturating_add(byte % 26))
    }

    /// The bytes of one write.
    pub(crate) fn encode(&mut self, items: &[Item]) -> Encoded {
        let mut encoded = Encoded::default();
        for item in items {
            self.encode_item(item, &mut encoded);
        }
        encoded
    }

    fn encode_item(&mut self, item: &Item, encoded: &mut Encoded) {
        match item {
            Item::Frame(frame) => {
                for _ in 0..frame.times {
                    self.put(frame, &mut encoded.bytes);
                    self.demand(frame, &mut encoded.demands);
                }
            }
            Item::Fragments(message, size) => {
                for frame in fragments(message, *size) {
                    self.put(&frame, &mut encoded.bytes);
                    self.demand(&frame, &mut encoded.demands);
                }
            }
            Item::Deflated(message, size) => {
                for n in 0..message.times {
                    self.put_deflated(message, message.payload.nth(n).to_vec(), *size, encoded);
                }
            }
            Item::Compressed { frame, completes } => {
                self.put(frame, &mut encoded.bytes);
                if let Some((text, payload)) = completes {
                    let payload = payload.to_vec();
                    encoded.demands.push(Demand::Message { text: *text, payload });
                }
            }
            Item::Unanswered(frame) => {
                for _ in 0..frame.times {
                    self.put(frame, &mut encoded.bytes);
                }
                if matches!(frame.opcode, PING | PONG) {
                    encoded.demands.push(Demand::NoPong(frame.payload.to_vec()));
                }
            }
            Item::Start(frame, len) => {
                let mut bytes = Vec::new();
                self.put(frame, &mut bytes);
                self.rest = bytes.split_off((*len).min(bytes.len()));
                self.between_frames = false;
                encoded.bytes.append(&mut bytes);
            }
            Item::Rest => {
                encoded.bytes.append(&mut self.rest);
                self.between_frames = true;
            }
            Item::Command(text) => self.put(&Frame::text(text.as_bytes().to_vec()), &mut encoded.bytes),
            Item::Bytes(bytes) => {
                encoded.bytes.extend_from_slice(bytes);
                self.between_frames = false;
            }
            Item::Probe => {
                let nonce = self.nonce();
                encoded.probe = Some((encoded.bytes.len(), nonce));
                self.put(&Frame::ping(nonce.to_vec()), &mut encoded.bytes);
            }
        }
    }

    /// Appends a message, compressed if that was agreed, in fragments.
    fn put_deflated(&mut self, message: &Frame, plain: Vec<u8>, size: usize, encoded: &mut Encoded) {
        let payload = match &mut self.compressor {
            Some(compressor) => compressor.message(&plain),
            None => plain.clone(),
        };
        let whole = Frame { payload: payload.into(), ..message.clone() };
        // RFC 7692 §6.1: the first frame only has the bit.
        let mut reserved = if self.compressor.is_some() { RSV1 } else { 0 };
        for frame in fragments(&whole, size) {
            self.put(&frame.reserved(core::mem::take(&mut reserved)), &mut encoded.bytes);
        }
        encoded.demands.push(Demand::Message { text: message.opcode == TEXT, payload: plain });
    }

    /// Appends the bytes of one frame.
    fn put(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        let is_masked = (self.reader == Role::Server) != (frame.masking == Masking::Wrong);
        let masking_key = match frame.masking {
            _ if !is_masked => None,
            Masking::Key(key) => Some(key),
            Masking::ByRole | Masking::Wrong => Some(self.random.bytes()),
        };
        let mut payload = frame.payload.to_vec();
        let len = payload.len() as u64;
        let header = RawFrameHeader {
            fin: frame.fin,
            reserved: ReservedBits::from_first_byte(frame.reserved << 4),
            opcode: frame.opcode,
            masking_key,
            payload_len: frame.declared.unwrap_or(len),
            length_form: frame.form,
        };
        if let Some(key) = masking_key {
            mask(&mut payload, key, 0);
        }
        out.extend_from_slice(&header.encode());
        out.append(&mut payload);
        self.between_frames = frame.declared.is_none_or(|declared| declared <= len);
    }

    /// The reply that a legal frame demands.
    fn demand(&mut self, frame: &Frame, demands: &mut Vec<Demand>) {
        if self.closed {
            return;
        }
        match frame.opcode {
            PING => demands.push(Demand::Pong(frame.payload.to_vec())),
            PONG => demands.push(Demand::NoPong(frame.payload.to_vec())),
            CLOSE => {
                self.closed = true;
                demands.push(Demand::Close);
            }
            TEXT | BINARY | CONTINUATION => {
                let (text, mut payload) = match self.message.take() {
                    Some(message) => message,
                    None => (frame.opcode == TEXT, Vec::new()),
                };
                payload.extend_from_slice(&frame.payload.to_vec());
                if frame.fin {
                    demands.push(Demand::Message { text, payload });
                } else {
                    self.message = Some((text, payload));
                }
            }
            _ => {}
        }
    }
}

/// The frames of a message in fragments of at most `size` bytes.
fn fragments(message: &Frame, size: usize) -> Vec<Frame> {
    let payload = message.payload.to_vec();
    let mut frames: Vec<_> = payload
        .chunks(size.max(1))
        .map(|part| Frame {
            payload: part.to_vec().into(),
            opcode: CONTINUATION,
            fin: false,
            ..message.clone()
        })
        .collect();
    if frames.is_empty() {
        return vec![message.clone()];
    }
    if let Some(first) = frames.first_mut() {
        first.opcode = message.opcode;
    }
    if let Some(last) = frames.last_mut() {
        last.fin = true;
    }
    frames
}

/// The number of bytes that these items have on the wire, written to an endpoint of this role.
pub(crate) fn encoded_len(items: &[Item], reader: Role) -> usize {
    Encoder::new(reader, Random::new(0, "", 0)).encode(items).bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Demand, Encoder, encoded_len};
    use crate::random::Random;
    use crate::role::Role;
    use crate::step::{Frame, Item, Masking};

    fn encoder(reader: Role) -> Encoder {
        Encoder::new(reader, Random::new(1, "encode", 0))
    }

    #[test]
    fn frames_are_masked_for_servers_only() {
        let items = [Item::Frame(Frame::text("Hello"))];
        assert_eq!(encoder(Role::Client).encode(&items).bytes, b"\x81\x05Hello");
        let masked = encoder(Role::Server).encode(&items).bytes;
        assert_eq!((&masked[..2], masked.len()), (&b"\x81\x85"[..], 11));
        let key = Masking::Key([0x37, 0xfa, 0x21, 0x3d]);
        let items = [Item::Frame(Frame::text("Hello").masking(key))];
        assert_eq!(
            encoder(Role::Server).encode(&items).bytes,
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
        );
        assert_eq!(encoder(Role::Client).encode(&items).bytes, b"\x81\x05Hello");
        let items = [Item::Unanswered(Frame::text("Hello").masking(Masking::Wrong))];
        assert_eq!(encoder(Role::Server).encode(&items).bytes, b"\x81\x05Hello");
        assert_eq!(encoded_len(&items, Role::Client), 11);
    }

    #[test]
    fn legal_frames_demand_replies() {
        let items = [
            Item::Frame(Frame::text("He").unfinished()),
            Item::Frame(Frame::ping("p").times(2)),
            Item::Unanswered(Frame::ping("x")),
            Item::Frame(Frame::continuation("llo")),
            Item::Frame(Frame::close(1000, b"")),
            Item::Frame(Frame::text("late")),
        ];
        let expected = [
            Demand::Pong(b"p".to_vec()),
            Demand::Pong(b"p".to_vec()),
            Demand::NoPong(b"x".to_vec()),
            Demand::Message { text: true, payload: b"Hello".to_vec() },
            Demand::Close,
        ];
        assert_eq!(encoder(Role::Server).encode(&items).demands, expected);
    }

    #[test]
    fn a_frame_can_be_written_in_two_steps() {
        let mut whole = encoder(Role::Server);
        let mut parts = whole.clone();
        let frame = Frame::text("Hello");
        let start = parts.encode(&[Item::Start(frame.clone(), 3)]).bytes;
        assert!(!parts.can_insert());
        let rest = parts.encode(&[Item::Rest]).bytes;
        assert!(parts.can_insert());
        assert_eq!(([start.len(), rest.len()]), [3, 8]);
        assert_eq!([start, rest].concat(), whole.encode(&[Item::Unanswered(frame)]).bytes);
    }
}
