//! The steps of a case: data, no code.

use core::time::Duration;

use alloc::borrow::Cow;

use websocket_proto::wire::LengthForm;

use crate::sample::Sample;

/// One step of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// One write of all items. If the last item is [`Item::Probe`], the driver waits for the reaction.
    Write(Vec<Item>),
    /// One write for each part of the items.
    Split {
        /// The items, encoded one after another.
        items: Vec<Item>,
        /// The offsets at which a new write begins.
        cuts: Cuts,
        /// Whether a millisecond passes between the writes.
        paced: bool,
    },
    /// Ends our side of the transport (FIN).
    HalfClose,
    /// Resets the transport (RST).
    Reset,
    /// Stops reading from the transport. If a write makes no progress afterwards, reading begins again.
    StopReading,
    /// Reads again.
    Read,
    /// Adds a reply that the endpoint must send for a command (`cmd/…`).
    Owe(Reply),
    /// Waits for something that the endpoint must do.
    Await(Awaited),
    /// A Ping and a Text with fresh payloads in one write: every earlier reply must precede their replies,
    /// because TCP is ordered. The Text is left out while a message of ours is unfinished.
    Barrier,
    /// Nothing may arrive for this time. Only for the inside of a frame: no probe can be written there.
    Quiet(Duration),
}

/// What [`Step::Await`] waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// Every reply that the endpoint has not sent yet; a timeout fails the case.
    Replies,
    /// The same for at most 250 ms; replies that arrive later make the case lenient.
    RepliesSoon,
    /// The Close frame of the endpoint.
    Close,
    /// A reaction to an offence that no probe can follow: a Close, or the end of the connection.
    Reaction,
    /// The end of the connection; a timeout makes the case lenient.
    End,
    /// That the connection does not end for this time; an end makes the case lenient.
    StaysOpen(Duration),
    /// That a client refuses the response. After 250 ms the suite ends its side, which makes the case lenient
    /// unless the client may leave the connection open.
    Rejection,
}

/// A reply that only a command causes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// A number of equal messages.
    Messages {
        /// Whether they are text messages.
        text: bool,
        /// The payload of each.
        payload: Payload,
        /// How many.
        count: u32,
    },
    /// A Ping with this payload.
    Ping(Payload),
    /// A Pong with this payload.
    Pong(Payload),
}

/// A part of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// A legal frame. The endpoint must reply to it: with an echo, once the message is complete, or with a
    /// Pong or a Close.
    Frame(Frame),
    /// A legal message, in fragments of at most so many bytes.
    Fragments(Frame, usize),
    /// A legal message, compressed with the agreed parameters of permessage-deflate, in fragments of at most
    /// so many bytes. It is written uncompressed if nothing is agreed.
    Deflated(Frame, usize),
    /// A legal frame of a compressed message.
    Compressed {
        /// The frame, with the reserved bits as they are written.
        frame: Frame,
        /// The message that the frame completes: whether it is text, and the inflated payload.
        completes: Option<(bool, Payload)>,
    },
    /// A frame that the endpoint must not reply to: an offence, or a frame after a Close. A data message that
    /// arrives nevertheless shows that the endpoint processed it.
    Unanswered(Frame),
    /// Only the first bytes of an unanswered frame.
    Start(Frame, usize),
    /// The other bytes of the frame of the last [`Item::Start`].
    Rest,
    /// A command to the endpoint (`wsconform:…`), sent as a text message that is not echoed.
    Command(Cow<'static, str>),
    /// Bytes that are no frame.
    Bytes(Cow<'static, [u8]>),
    /// A Ping with a fresh payload after an offence: its Pong shows that the endpoint went on.
    Probe,
}

/// A frame, legal or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The FIN bit.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3 as a number: RSV1 is 4.
    pub reserved: u8,
    /// The opcode.
    pub opcode: u8,
    /// How the payload is masked.
    pub masking: Masking,
    /// The form of the payload length.
    pub form: LengthForm,
    /// The payload length in the header, if it is not the length of `payload`.
    pub declared: Option<u64>,
    /// The payload.
    pub payload: Payload,
    /// How many such frames follow each other.
    pub times: u32,
}

/// Opcode of a continuation frame (§11.8).
pub const CONTINUATION: u8 = 0x0;
/// Opcode of a text frame.
pub const TEXT: u8 = 0x1;
/// Opcode of a binary frame.
pub const BINARY: u8 = 0x2;
/// Opcode of a Close frame.
pub const CLOSE: u8 = 0x8;
/// Opcode of a Ping frame.
pub const PING: u8 = 0x9;
/// Opcode of a Pong frame.
pub const PONG: u8 = 0xA;

/// The reserved bit of compressed messages (RFC 7692 §6).
pub const RSV1: u8 = 0b100;

/// The code of a Close that is an offence, unless the code itself is the offence: a reply with this code
/// shows that the endpoint accepted the Close.
pub const OFFENCE_CODE: u16 = 4321;

impl Frame {
    /// A legal frame with this opcode, if the opcode is legal.
    #[must_use]
    pub fn new(opcode: u8, payload: impl Into<Payload>) -> Self {
        Self {
            fin: true,
            reserved: 0,
            opcode,
            masking: Masking::ByRole,
            form: LengthForm::Minimal,
            declared: None,
            payload: payload.into(),
            times: 1,
        }
    }

    /// An unfragmented text message.
    #[must_use]
    pub fn text(payload: impl Into<Payload>) -> Self {
        Self::new(TEXT, payload)
    }

    /// An unfragmented binary message.
    #[must_use]
    pub fn binary(payload: impl Into<Payload>) -> Self {
        Self::new(BINARY, payload)
    }

    /// A last fragment.
    #[must_use]
    pub fn continuation(payload: impl Into<Payload>) -> Self {
        Self::new(CONTINUATION, payload)
    }

    /// A Ping.
    #[must_use]
    pub fn ping(payload: impl Into<Payload>) -> Self {
        Self::new(PING, payload)
    }

    /// A Pong.
    #[must_use]
    pub fn pong(payload: impl Into<Payload>) -> Self {
        Self::new(PONG, payload)
    }

    /// A Close with any code and any reason.
    #[must_use]
    pub fn close(code: u16, reason: &[u8]) -> Self {
        Self::new(CLOSE, [&code.to_be_bytes(), reason].concat())
    }

    /// The same frame without FIN.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { fin: false, ..self }
    }

    /// The same frame with these reserved bits.
    #[must_use]
    pub fn reserved(self, reserved: u8) -> Self {
        Self { reserved, ..self }
    }

    /// The same frame with this masking.
    #[must_use]
    pub fn masking(self, masking: Masking) -> Self {
        Self { masking, ..self }
    }

    /// The same frame with this form of its length.
    #[must_use]
    pub fn form(self, form: LengthForm) -> Self {
        Self { form, ..self }
    }

    /// The same frame with another length in its header.
    #[must_use]
    pub fn declaring(self, len: u64) -> Self {
        Self { declared: Some(len), ..self }
    }

    /// The same frame several times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

/// How a frame is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Masking {
    /// As §5.1 demands: with a key of the seed to a server, not at all to a client.
    ByRole,
    /// With this key to a server, not at all to a client.
    Key([u8; 4]),
    /// The opposite of what §5.1 demands.
    Wrong,
}

/// The payload of a frame: a description, because the payloads of all cases together are large.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// These bytes.
    Bytes(Cow<'static, [u8]>),
    /// A unit, repeated as often as it fits, then its first bytes.
    Repeat(&'static [u8], usize),
    /// So many bytes 0, 1, … 250, 0, 1, …: a piece in a wrong place shows.
    Counting(usize),
    /// Generated data: its kind, the number of the sample, and its length.
    Sample(Sample, u32, usize),
}

impl Payload {
    /// As many ASCII characters: `len` bytes of text.
    #[must_use]
    pub const fn ascii(len: usize) -> Self {
        Self::Repeat(ASCII, len)
    }

    /// As many bytes of any value.
    #[must_use]
    pub const fn counting(len: usize) -> Self {
        Self::Counting(len)
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Repeat(_, len) | Self::Counting(len) | Self::Sample(_, _, len) => *len,
        }
    }

    /// The payload of the n-th of several frames: samples are numbered, and others are the same each time.
    #[must_use]
    pub fn nth(&self, n: u32) -> Self {
        match self {
            Self::Sample(sample, number, len) => Self::Sample(*sample, number.wrapping_add(n), *len),
            other => other.clone(),
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Repeat(unit, len) => unit.iter().copied().cycle().take(*len).collect(),
            Self::Counting(len) => (0..251).cycle().take(*len).collect(),
            Self::Sample(sample, number, len) => sample.bytes(*number, *len),
        }
    }
}

/// All printable ASCII characters but the space. 94 of them are no multiple of a power of two above 2: a
/// piece in a wrong place shows.
const ASCII: &[u8] =
    b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

impl From<&'static [u8]> for Payload {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<const N: usize> From<&'static [u8; N]> for Payload {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl From<&'static str> for Payload {
    fn from(text: &'static str) -> Self {
        Self::Bytes(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(bytes))
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// The offsets at which a new write begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cuts {
    /// After each so many bytes.
    Every(usize),
    /// Before these offsets, in ascending order.
    At(Vec<usize>),
    /// After each line.
    Lines,
}

impl Cuts {
    /// The parts of `bytes`. No part is empty.
    #[must_use]
    pub fn parts<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match self {
            Self::Every(size) => bytes.chunks((*size).max(1)).collect(),
            Self::Lines => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
            Self::At(offsets) => {
                let (mut parts, mut rest, mut start) = (Vec::new(), bytes, 0);
                for offset in offsets {
                    let Some((part, tail)) = rest.split_at_checked(offset.saturating_sub(start)) else {
                        break;
                    };
                    parts.push(part);
                    (rest, start) = (tail, *offset);
                }
                parts.push(rest);
                parts.retain(|part| !part.is_empty());
                parts
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cuts, Payload};

    #[test]
    fn parts_of_a_write_are_the_whole() {
        let bytes = b"0123456789";
        for cuts in [Cuts::Every(1), Cuts::Every(3), Cuts::At(vec![]), Cuts::At(vec![0, 4, 4, 9, 10, 11])] {
            assert_eq!(cuts.parts(bytes).concat(), bytes, "{cuts:?}");
        }
        assert_eq!(Cuts::At(vec![4]).parts(bytes), [&b"0123"[..], b"456789"]);
    }

    #[test]
    fn payloads_have_their_length() {
        for len in [0, 1, 94, 95, 251, 252, 1000] {
            assert_eq!(Payload::ascii(len).to_vec().len(), len);
            assert_eq!(Payload::counting(len).to_vec().len(), len);
        }
    }
}
