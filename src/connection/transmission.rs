//! The inbound half of an established connection: frames to events (§5, §6.2). Writes nothing; what is to be
//! answered, its owner sees in the event.

use core::str;

use super::config::{Delivery, Settings};
use super::event::Event;
use crate::buffer::{ReceiveBuffer, Storage};
#[cfg(feature = "deflate")]
use crate::deflate::Inflater;
use crate::error::ProtocolError;
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::rules::{Cut, Fragmentation, Limits, Tally, Timer, Utf8, text};
use crate::wire::{CloseFrame, FrameHeader, HeaderError, MessageKind, Opcode, ReservedBits, mask};

/// What the inbound half goes by: the extensions agreed on, and the limit that nearly every frame keeps.
#[derive(Debug, Clone)]
pub(super) struct Extended {
    pub(super) agreed: Negotiated,
    pub(super) fast: FastLimit,
    #[cfg(feature = "deflate")]
    pub(super) inflater: Inflater,
}

impl Extended {
    pub(super) const fn new(agreed: Negotiated, fast: FastLimit) -> Self {
        Self {
            agreed,
            fast,
            #[cfg(feature = "deflate")]
            inflater: Inflater::new(),
        }
    }
}

/// Where in the stream of frames the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inbound {
    /// Between messages, before a frame.
    Between,
    /// In a message.
    Message(Message),
    /// What came before this violation has been given out; the violation has not.
    Failing(ProtocolError),
    /// After the peer's Close (§5.5.1).
    Closed,
    /// With the receiver of a connection that was split.
    Apart,
}

/// A message that has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: MessageKind,
    pub(super) tally: Tally,
    /// Of a text that is put together: how far it is valid.
    pub(super) utf8: Utf8,
    /// The frame whose payload arrives; `None` between fragments.
    pub(super) frame: Option<Frame>,
    /// Of a compressed message: how many of the unread bytes are its payload, unmasked, to be inflated.
    #[cfg(feature = "deflate")]
    pub(super) compressed: Option<u32>,
}

/// What a frame was to its message.
enum Fragment {
    Other,
    Last,
}

/// A data frame whose header has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) last: bool,
    /// Bytes of payload to come.
    pub(super) remaining: u64,
    /// Turned to the next of them.
    pub(super) key: Option<[u8; 4]>,
}

/// The limits on a message in one frame, in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FastLimit(Longest);

/// As small as it must be beside an inflater; else as fast as it can be.
#[cfg(feature = "deflate")]
type Longest = u16;
#[cfg(not(feature = "deflate"))]
type Longest = u32;

impl FastLimit {
    pub(super) fn of(config: &Settings) -> Self {
        let limits = config.limits(u64::MAX);
        let longest = limits.message.min(limits.frame).min(0xFFFE);
        Self(if limits.fragments == 0 { 0 } else { (longest as Longest).saturating_add(1) })
    }

    #[inline]
    const fn passes(self, len: usize) -> bool {
        len < self.0 as usize
    }
}

/// The frame that nearly every frame is: all of it there, masked as it must be, its length in at most 16
/// bits, in the minimal form.
struct WholeFrame<'a> {
    head_len: usize,
    /// As it came.
    payload: &'a mut [u8],
    key: Option<[u8; 4]>,
}

impl<'a> WholeFrame<'a> {
    /// `None` for all other frames, and for what is none.
    #[inline]
    fn parse<R: Role>(bytes: &'a mut [u8]) -> Option<Self> {
        let (&mut [_, second], rest) = bytes.split_first_chunk_mut::<2>()?;
        let (head_len, len, rest) = match if R::IS_SERVER { second ^ 0x80 } else { second } {
            short @ 0..=125 => (2usize, usize::from(short), rest),
            126 => {
                let (extended, rest) = rest.split_first_chunk_mut::<2>()?;
                let len @ 126.. = u16::from_be_bytes(*extended) else { return None };
                (4, usize::from(len), rest)
            }
            _ => return None,
        };
        if R::IS_SERVER {
            let (key, rest) = rest.split_first_chunk_mut::<4>()?;
            Some(Self {
                head_len: head_len.saturating_add(4),
                payload: rest.get_mut(..len)?,
                key: Some(*key),
            })
        } else {
            Some(Self { head_len, payload: rest.get_mut(..len)?, key: None })
        }
    }
}

/// What the next bytes are.
pub(super) enum Found {
    /// Not enough to say.
    Nothing,
    /// A message that has ended, in the buffer.
    Message(MessageKind),
    /// More of a message, in the buffer.
    Part { kind: MessageKind, last: bool },
    /// A control frame, its payload unmasked and next in the buffer.
    Control { opcode: Opcode, len: usize },
}

impl Message {
    #[inline]
    const fn is_compressed(&self) -> bool {
        #[cfg(feature = "deflate")]
        return self.compressed.is_some();
        #[cfg(not(feature = "deflate"))]
        return false;
    }

    /// Whether bytes of a binary frame are there that can wait for more: there is nothing in them to be
    /// judged.
    #[inline]
    fn waits<S: Storage>(&self, buffer: &ReceiveBuffer<S>) -> bool {
        let Self { kind: MessageKind::Binary, frame: Some(Frame { remaining, .. }), .. } = *self else {
            return false;
        };
        (buffer.unread_len() as u64) < remaining.min(AT_ONCE) && !self.is_compressed() && !buffer.is_full()
    }

    /// Takes a fragment after the first that is there whole. Changes nothing where it is `None`;
    /// [`Inbound::frame_header`] does the rest.
    #[inline]
    fn fragment<R: Role, S: Storage>(
        &mut self,
        buffer: &mut ReceiveBuffer<S>,
        limits: &Limits,
    ) -> Result<Option<Fragment>, ProtocolError> {
        let unread = buffer.unread_mut();
        let fragment = match unread.first() {
            Some(0x00) => Fragment::Other,
            Some(0x80) => Fragment::Last,
            _ => return Ok(None),
        };
        let Some(WholeFrame { head_len, payload, key }) = WholeFrame::parse::<R>(unread) else {
            return Ok(None);
        };
        let len = payload.len();
        let Ok(tally) = self.tally.add(len as u64, limits) else { return Ok(None) };
        self.tally = tally;
        buffer.skip(head_len);
        let before = buffer.message_len();
        buffer.append_payload(len, key);
        if self.kind == MessageKind::Text && matches!(fragment, Fragment::Other) {
            // §8.1: fail at the first impossible byte; what ends a message is judged with the whole of it
            let (bytes, _) = buffer.message();
            self.utf8
                .push(bytes.get(before..).unwrap_or_default())
                .map_err(|_| ProtocolError::InvalidUtf8)?;
        }
        Ok(Some(fragment))
    }
}

/// Binary payload is unmasked in pieces of this many bytes, or to the end of its frame.
const AT_ONCE: u64 = 4096;

impl Inbound {
    /// A message in one frame that is there whole. Its payload, unmasked, is next in the buffer. Changes
    /// nothing where it is `None`; [`next`](Self::next) does the rest.
    #[inline]
    pub(super) fn small<R: Role, S: Storage>(
        &self,
        buffer: &mut ReceiveBuffer<S>,
        limit: FastLimit,
    ) -> Option<(MessageKind, usize)> {
        let Self::Between = self else { return None };
        let capacity = buffer.message_capacity();
        let unread = buffer.unread_mut();
        let kind = match unread.first()? {
            0x81 => MessageKind::Text,
            0x82 => MessageKind::Binary,
            _ => return None,
        };
        let WholeFrame { head_len, payload, key } = WholeFrame::parse::<R>(unread)?;
        let len = payload.len();
        if !limit.passes(len) || len as u64 > capacity {
            return None;
        }
        if let Some(key) = key {
            mask(payload, key, 0);
        }
        buffer.skip(head_len);
        Some((kind, len))
    }

    /// Whether [`next`](Self::next) would find nothing to do: most reads come to this at last, and those of a
    /// byte or two at once.
    #[inline]
    pub(super) fn waits<S: Storage>(&self, buffer: &ReceiveBuffer<S>, delivery: Delivery) -> bool {
        match self {
            Self::Message(message) => delivery == Delivery::Messages && message.waits(buffer),
            _ => *self == Self::Between && buffer.unread_len() == 0,
        }
    }

    /// A message that came whole, as an event; or its payload, if it is a text and not UTF-8.
    #[inline]
    pub(super) fn whole(kind: MessageKind, payload: &[u8], delivery: Delivery) -> Result<Event<'_>, &[u8]> {
        match (kind, delivery) {
            (MessageKind::Binary, Delivery::Messages) => Ok(Event::Binary(payload)),
            (MessageKind::Binary, Delivery::Parts) => Ok(Event::BinaryPart { bytes: payload, last: true }),
            // §8.1: validated once, when it came whole
            (MessageKind::Text, _) => match (text(payload), delivery) {
                (Ok(text), Delivery::Messages) => Ok(Event::Text(text)),
                (Ok(text), Delivery::Parts) => Ok(Event::TextPart { text, last: true }),
                (Err(_), _) => Err(payload),
            },
        }
    }

    /// §8.1: text that is not UTF-8. In parts, the valid text before the first invalid byte is delivered, and
    /// then the error, however the bytes were split into reads.
    #[cold]
    pub(super) fn invalid_text<'b>(
        &mut self,
        bytes: &'b [u8],
        delivery: Delivery,
    ) -> Result<Event<'b>, ProtocolError> {
        let error = ProtocolError::InvalidUtf8;
        let valid = str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        match (delivery, bytes.get(..valid).map(str::from_utf8)) {
            (Delivery::Parts, Some(Ok(text))) if !text.is_empty() => {
                *self = Self::Failing(error);
                Ok(Event::TextPart { text, last: false })
            }
            _ => Err(error),
        }
    }

    /// A number that changes with the bytes that come and make no event.
    fn came<S: Storage>(&self, buffer: &ReceiveBuffer<S>, extended: &Extended) -> usize {
        #[cfg(feature = "deflate")]
        if let Self::Message(Message { compressed: Some(_), .. }) = self {
            // Bytes that are inflated are not kept, so they are counted.
            return buffer.unread_len().wrapping_add(extended.inflater.taken());
        }
        let _ = extended;
        buffer.kept()
    }

    /// The next event; `None` where more bytes are needed. Tells the timer what has come.
    pub(super) fn next<'b, R: Role, S: Storage>(
        &mut self,
        buffer: &'b mut ReceiveBuffer<S>,
        config: &Settings,
        extended: &mut Extended,
        timer: &mut Timer,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        timer.saw(self.came(buffer, extended));
        match self.find::<R, S>(buffer, config, extended)? {
            Found::Nothing => {
                timer.left(self.came(buffer, extended));
                Ok(None)
            }
            Found::Message(kind) => {
                let (bytes, given) = buffer.message();
                given.all();
                Self::whole(kind, bytes, config.delivery).map(Some).map_err(|_| ProtocolError::InvalidUtf8)
            }
            Found::Part { kind: MessageKind::Binary, last } => {
                let (bytes, given) = buffer.message();
                given.all();
                Ok(Some(Event::BinaryPart { bytes, last }))
            }
            Found::Part { kind: MessageKind::Text, last } => self.text_part(buffer, last).map(Some),
            Found::Control { opcode: Opcode::Ping, len } => Ok(Some(Event::Ping(buffer.take(len)))),
            Found::Control { opcode: Opcode::Pong, len } => Ok(Some(Event::Pong(buffer.take(len)))),
            Found::Control { opcode: _, len } => {
                let close = CloseFrame::parse(buffer.take(len))?;
                // §5.5.1: nothing follows a Close frame
                *self = Self::Closed;
                Ok(Some(Event::Close(close)))
            }
        }
    }

    fn find<R: Role, S: Storage>(
        &mut self,
        buffer: &mut ReceiveBuffer<S>,
        config: &Settings,
        extended: &mut Extended,
    ) -> Result<Found, ProtocolError> {
        let limits = config.limits(buffer.message_capacity());
        loop {
            let found = match self {
                Self::Closed => {
                    buffer.clear();
                    return Ok(Found::Nothing);
                }
                Self::Failing(error) => return Err(*error),
                Self::Apart => return Ok(Found::Nothing),
                Self::Between => {
                    self.frame_header::<R, S>(None, buffer, &limits, extended.agreed.reserved_bits())?
                }
                Self::Message(message @ Message { frame: None, .. }) => {
                    let kind = message.kind;
                    let next = if config.delivery == Delivery::Messages && !message.is_compressed() {
                        message.fragment::<R, S>(buffer, &limits)?
                    } else {
                        None
                    };
                    match next {
                        Some(Fragment::Last) => {
                            *self = Self::Between;
                            Some(Found::Message(kind))
                        }
                        Some(Fragment::Other) => None,
                        None => {
                            let message = *message;
                            self.frame_header::<R, S>(
                                Some(message),
                                buffer,
                                &limits,
                                extended.agreed.reserved_bits(),
                            )?
                        }
                    }
                }
                #[cfg(feature = "deflate")]
                Self::Message(message @ Message { compressed: Some(_), frame: Some(_), .. }) => {
                    let message = *message;
                    self.compressed::<R, S>(message, buffer, config.delivery, &limits, extended)?
                }
                Self::Message(Message { frame: Some(_), .. }) => self.payload(buffer, config.delivery)?,
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// Reads a frame's header, in a message or between messages. `None` after that of a data frame: its
    /// payload is next.
    fn frame_header<R: Role, S: Storage>(
        &mut self,
        message: Option<Message>,
        buffer: &mut ReceiveBuffer<S>,
        limits: &Limits,
        reserved: ReservedBits,
    ) -> Result<Option<Found>, ProtocolError> {
        let bytes = buffer.unread();
        let [first, rest @ ..] = bytes else { return Ok(Some(Found::Nothing)) };
        let (fin, opcode) = FrameHeader::parse_first_byte(*first)?;
        let fragmentation = message.map_or(Fragmentation::Idle, |message| Fragmentation::Open(message.kind));
        let piece = fragmentation.piece(opcode, fin)?;
        // §5.2: "MUST be 0 unless an extension is negotiated"; extensions define them for the first frame of
        // a message
        let allowed = if piece.is_some_and(|piece| piece.first) { reserved } else { ReservedBits::NONE };
        if !ReservedBits::of_first_byte(*first).within(allowed) {
            return Err(ProtocolError::ReservedBits);
        }
        // §5.1: a server closes "upon receiving a frame that is not masked", a client on "a masked frame"
        match rest.first().map(|second| second & 0x80 != 0) {
            Some(false) if R::IS_SERVER => return Err(ProtocolError::UnmaskedFrame),
            Some(true) if !R::IS_SERVER => return Err(ProtocolError::MaskedFrame),
            _ => {}
        }
        let tally = message.map_or(Tally::default(), |message| message.tally);
        // RFC 7692 §6: RSV1 of the first frame "indicates whether a message is compressed or not"
        #[cfg(feature = "deflate")]
        let compressed = message.map_or((*first & 0x40 != 0).then_some(0), |message| message.compressed);
        let count = |payload_len| {
            #[cfg(feature = "deflate")]
            if compressed.is_some() {
                return tally.add_compressed(payload_len, limits);
            }
            tally.add(payload_len, limits)
        };
        let Some((header, header_len)) = FrameHeader::parse(bytes)? else {
            // Before the masking key is there.
            if let (Some(_), Some(len)) = (piece, FrameHeader::declared_len(bytes)) {
                count(len)?;
            }
            return Self::wait(buffer);
        };
        let Some(piece) = piece else {
            return Self::control(header, header_len, buffer);
        };
        let tally = count(header.payload_len)?;
        let utf8 = message.map_or(Utf8::default(), |message| message.utf8);
        let frame = Frame { last: piece.last, remaining: header.payload_len, key: header.masking_key };
        *self = Self::Message(Message {
            kind: piece.kind,
            tally,
            utf8,
            frame: Some(frame),
            #[cfg(feature = "deflate")]
            compressed,
        });
        buffer.skip(header_len);
        Ok(None)
    }

    /// §5.5: a control frame, taken whole; at most 125 bytes.
    fn control<S: Storage>(
        header: FrameHeader,
        header_len: usize,
        buffer: &mut ReceiveBuffer<S>,
    ) -> Result<Option<Found>, ProtocolError> {
        let len = usize::try_from(header.payload_len).map_err(|_| HeaderError::ControlTooLong)?;
        let payload = buffer.unread_mut().get_mut(header_len..).and_then(|rest| rest.get_mut(..len));
        let Some(payload) = payload else { return Self::wait(buffer) };
        if let Some(key) = header.masking_key {
            mask(payload, key, 0);
        }
        buffer.skip(header_len);
        Ok(Some(Found::Control { opcode: header.opcode, len }))
    }

    /// More bytes are needed, unless a fixed buffer is full and can never hold them.
    fn wait<S: Storage>(buffer: &ReceiveBuffer<S>) -> Result<Option<Found>, ProtocolError> {
        if buffer.is_full() { Err(ProtocolError::MessageTooBig) } else { Ok(Some(Found::Nothing)) }
    }

    /// Takes what is there of a data frame's payload. `None` where the next frame is to be read.
    fn payload<S: Storage>(
        &mut self,
        buffer: &mut ReceiveBuffer<S>,
        delivery: Delivery,
    ) -> Result<Option<Found>, ProtocolError> {
        let Self::Message(mut message @ Message { frame: Some(mut frame), .. }) = *self else {
            return Ok(None);
        };
        let kind = message.kind;
        let before = buffer.message_len();
        let there = buffer.unread_len();
        let count = usize::try_from(frame.remaining).map_or(there, |remaining| remaining.min(there));
        buffer.append_payload(count, frame.key);
        frame.remaining = frame.remaining.saturating_sub(count as u64);
        if let Some(key) = &mut frame.key {
            key.rotate_left(count % 4);
        }
        let frame_over = frame.remaining == 0;
        let message_over = frame_over && frame.last;
        message.frame = (!frame_over).then_some(frame);
        let nothing_yet = if frame_over { None } else { Some(Found::Nothing) };
        let found = match delivery {
            Delivery::Messages if message_over => Some(Found::Message(kind)),
            Delivery::Parts if message_over => Some(Found::Part { kind, last: true }),
            Delivery::Messages => {
                // §8.1: fail at the first impossible byte; what ends a message is judged with the whole of it
                let (bytes, _) = buffer.message();
                if kind == MessageKind::Text
                    && message.utf8.push(bytes.get(before..).unwrap_or_default()).is_err()
                {
                    return Err(ProtocolError::InvalidUtf8);
                }
                nothing_yet
            }
            Delivery::Parts if count == 0 => nothing_yet,
            Delivery::Parts => {
                let (bytes, _) = buffer.message();
                // §5.6: a piece of text can end inside a code point; a part given out cannot
                let begun = kind == MessageKind::Text && bytes.len() < 4 && Cut::of(bytes) == Ok(Cut::At(0));
                if begun { nothing_yet } else { Some(Found::Part { kind, last: false }) }
            }
        };
        *self = if message_over { Self::Between } else { Self::Message(message) };
        Ok(found)
    }

    /// A piece of text up to its last whole code point, or up to what is not UTF-8.
    fn text_part<'b, S: Storage>(
        &mut self,
        buffer: &'b mut ReceiveBuffer<S>,
        last: bool,
    ) -> Result<Event<'b>, ProtocolError> {
        let (bytes, given) = buffer.message();
        let error = match str::from_utf8(bytes) {
            Ok(text) => {
                given.all();
                return Ok(Event::TextPart { text, last });
            }
            Err(error) => error,
        };
        if error.error_len().is_some() || last {
            given.all();
            return self.invalid_text(bytes, Delivery::Parts);
        }
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let text = str::from_utf8(valid).unwrap_or_default();
        given.first(text.len());
        Ok(Event::TextPart { text, last: false })
    }
}
