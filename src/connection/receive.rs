//! The half of an open connection that reads: frames to events (§5, §6.2). It writes nothing: its owner
//! decides from the event which reply is due.

use super::decompress::Decompressor;
use super::event::{Event, message_event};
use super::message::{FastLimit, Fragment, OpenFrame, OpenMessage, Stop, awaits_code_point};
use super::receive_state::ReceiveState;
use crate::buffer::{ReceiveBuffer, Storage};
use crate::config::{Delivery, Settings};
use crate::deflate::{Inflater, Unmasked};
use crate::error::{Error, ProtocolError};
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::rules::{
    DataFrame, Fragmentation, Limits, MessageCounters, TextEnd, Timer, Utf8Validator, valid_prefix,
};
use crate::wire::{
    CloseFrame, FrameHeader, HeaderError, HeaderStart, MessageKind, Opcode, Parsed, ReservedBits, WholeFrame,
    mask, parse_whole,
};

/// The half that reads.
#[derive(Clone)]
pub(super) struct ReceiveHalf {
    state: ReceiveState,
    pub(super) negotiated: Negotiated,
    fast_limit: FastLimit,
    inflater: Inflater,
}

/// The result of the fast path.
pub(super) enum Fast {
    /// A message in one frame. Its payload, of this many bytes, is unmasked and next in the buffer.
    Message(MessageKind, usize),
    /// More bytes are needed.
    NeedMore,
    /// Anything else.
    Slow,
}

/// The result of one step.
pub(super) enum Step {
    /// An incomplete header or payload.
    NeedMore,
    /// Input was consumed without an event: take the next step.
    Continue,
    /// A whole message. Its payload is in the message bytes of the buffer.
    Message(MessageKind),
    /// A part of a message. Its payload is in the message bytes of the buffer.
    Part { kind: MessageKind, last: bool },
    /// A control frame. Its payload, of `len` bytes, is unmasked and next in the buffer.
    Control { opcode: Opcode, len: usize },
}

impl ReceiveHalf {
    /// `retained` is the check number of the buffer at the end of the opening handshake: see
    /// [`ReceiveBuffer::retain`].
    pub(super) fn new(negotiated: Negotiated, config: &Settings, retained: u16) -> Self {
        Self {
            state: ReceiveState::between(retained),
            negotiated,
            fast_limit: FastLimit::of(config),
            inflater: Inflater::new(),
        }
    }

    /// Whether no event can follow.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, ReceiveState::Closed | ReceiveState::Failed(_))
    }

    /// The violation, after the owner has reported it.
    pub(super) fn failure(&self) -> Option<ProtocolError> {
        if let ReceiveState::Failed(error) = self.state { Some(error) } else { None }
    }

    /// §7.1.7: every later call returns this error.
    pub(super) fn fail(&mut self, error: ProtocolError) {
        self.state = ReceiveState::Failed(error);
    }

    /// Finds a message in one frame, or that more input is needed, in as few instructions as possible: nearly
    /// every call ends here. If the result is [`Fast::Slow`], nothing has changed.
    // With `#[inline]` here and on `whole_message`, a message of 8 bytes takes 168 instructions instead of
    // 152.
    #[inline(always)]
    pub(super) fn fast<R: Role, S: Storage>(&self, buffer: &mut ReceiveBuffer<S>) -> Fast {
        match &self.state {
            ReceiveState::Between if buffer.retains(0) => match self.whole_message::<R, S>(buffer) {
                Some((kind, len)) => Fast::Message(kind, len),
                None if buffer.unread_len() == 0 => Fast::NeedMore,
                None => Fast::Slow,
            },
            ReceiveState::Message(message)
                if message.awaits_payload(buffer) && buffer.retains(message.retained) =>
            {
                Fast::NeedMore
            }
            _ => Fast::Slow,
        }
    }

    /// The kind and length of a message in one frame that the buffer holds whole.
    // With `#[inline]`, a message of 8 bytes takes 165 instructions instead of 152.
    #[inline(always)]
    fn whole_message<R: Role, S: Storage>(
        &self,
        buffer: &mut ReceiveBuffer<S>,
    ) -> Option<(MessageKind, usize)> {
        let capacity = buffer.message_capacity();
        let unread = buffer.unread_mut();
        let kind = match unread.first()? {
            0x81 => MessageKind::Text,
            0x82 => MessageKind::Binary,
            _ => return None,
        };
        let WholeFrame { header_len, payload, key } = parse_whole(unread, R::IS_SERVER)?;
        let len = payload.len();
        if !self.fast_limit.allows(len) || len as u64 > capacity {
            return None;
        }
        if let Some(key) = key {
            mask(payload, key, 0);
        }
        buffer.consume(header_len);
        Some((kind, len))
    }

    /// The next event; `None` if more bytes are needed. Reports the input to the timer.
    pub(super) fn next<'b, R: Role, S: Storage>(
        &mut self,
        buffer: &'b mut ReceiveBuffer<S>,
        config: &Settings,
        timer: &mut Timer,
    ) -> Result<Option<Event<'b>>, Error> {
        if self.is_over() {
            buffer.clear();
            return self.failure().map_or(Ok(None), |error| Err(error.into()));
        }
        if !buffer.release(self.state.retained()) {
            return Err(Error::WrongBuffer);
        }
        self.state.set_retained(0);
        timer.saw(buffer.unread_len());
        let step = self.step_to_event::<R, S>(buffer, config)?;
        match step {
            Step::NeedMore | Step::Continue => timer.left(buffer.unread_len()),
            Step::Message(_) | Step::Part { .. } => timer.heard(buffer.unread_len()),
            // Cannot wrap: the unread bytes begin with the payload.
            Step::Control { len, .. } => timer.heard(buffer.unread_len().wrapping_sub(len)),
        }
        match step {
            Step::NeedMore | Step::Continue => {
                self.state.set_retained(buffer.retain());
                buffer.await_payload(self.state.remaining_payload());
                Ok(None)
            }
            Step::Message(kind) => {
                let (bytes, mut delivered) = buffer.message();
                let Ok(event) = message_event(kind, bytes, config.delivery) else {
                    delivered.discard();
                    return Err(ProtocolError::InvalidUtf8.into());
                };
                delivered.all();
                Ok(Some(event))
            }
            Step::Part { kind: MessageKind::Binary, last } => {
                let (bytes, delivered) = buffer.message();
                delivered.all();
                Ok(Some(Event::BinaryPart { bytes, last }))
            }
            Step::Part { kind: MessageKind::Text, last } => Ok(Some(self.text_part(buffer, last)?)),
            Step::Control { opcode, len } => Ok(Some(self.control_event(opcode, len, buffer)?)),
        }
    }

    /// A control frame as an event.
    fn control_event<'b, S: Storage>(
        &mut self,
        opcode: Opcode,
        len: usize,
        buffer: &'b mut ReceiveBuffer<S>,
    ) -> Result<Event<'b>, ProtocolError> {
        let (payload, delivered) = buffer.deliver(len);
        let event = match opcode {
            Opcode::Ping => Event::Ping(payload),
            Opcode::Pong => Event::Pong(payload),
            _ => {
                let close = CloseFrame::parse(payload)?;
                // §5.5.1: nothing follows a Close frame
                self.state = ReceiveState::Closed;
                Event::Close(close)
            }
        };
        delivered.all();
        Ok(event)
    }

    /// Takes steps until there is an event, or more bytes are needed.
    fn step_to_event<R: Role, S: Storage>(
        &mut self,
        buffer: &mut ReceiveBuffer<S>,
        config: &Settings,
    ) -> Result<Step, ProtocolError> {
        let limits = config.limits(buffer.message_capacity());
        loop {
            match self.step::<R, S>(buffer, config.delivery, &limits)? {
                Step::Continue => {}
                step => return Ok(step),
            }
        }
    }

    fn step<R: Role, S: Storage>(
        &mut self,
        buffer: &mut ReceiveBuffer<S>,
        delivery: Delivery,
        limits: &Limits,
    ) -> Result<Step, ProtocolError> {
        match &mut self.state {
            ReceiveState::Closed => Ok(Step::NeedMore),
            ReceiveState::Failing(error) | ReceiveState::Failed(error) => Err(*error),
            ReceiveState::Between | ReceiveState::Torn(_) => self.frame_header::<R, S>(None, buffer, limits),
            ReceiveState::Message(message @ OpenMessage { frame: None, .. }) => {
                let kind = message.kind;
                let fragment = if delivery == Delivery::Messages && message.compressed.is_none() {
                    message.take_fragment::<R, S>(buffer, limits)?
                } else {
                    None
                };
                match fragment {
                    Some(Fragment::Last) => {
                        self.state = ReceiveState::Between;
                        Ok(Step::Message(kind))
                    }
                    Some(Fragment::Other) => Ok(Step::Continue),
                    None => {
                        let message = *message;
                        self.frame_header::<R, S>(Some(message), buffer, limits)
                    }
                }
            }
            ReceiveState::Message(message @ OpenMessage { compressed: Some(_), .. }) => {
                let message = *message;
                self.compressed_payload::<R, S>(message, buffer, delivery, limits)
            }
            ReceiveState::Message(message @ OpenMessage { frame: Some(_), .. }) => {
                let message = *message;
                self.payload(message, buffer, delivery)
            }
        }
    }

    /// Reads the header of a frame, in a message or between messages. Returns [`Step::Continue`] for a data
    /// frame, whose payload is next.
    fn frame_header<R: Role, S: Storage>(
        &mut self,
        message: Option<OpenMessage>,
        buffer: &mut ReceiveBuffer<S>,
        limits: &Limits,
    ) -> Result<Step, ProtocolError> {
        let bytes = buffer.unread();
        let Some(start) = HeaderStart::parse(bytes)? else { return Ok(Step::NeedMore) };
        let piece = self.judge_start::<R>(start, message)?;
        let counters = message.map_or(MessageCounters::default(), |message| message.counters);
        // RFC 7692 §6: RSV1 of the first frame "indicates whether a message is compressed or not"
        let is_compressed = ReservedBits::RSV1.within(start.reserved);
        let compressed = message.map_or(Unmasked::of_message(is_compressed), |message| message.compressed);
        let count = |payload_len| match compressed {
            Some(_) => counters.add_compressed(payload_len, limits),
            None => counters.add(payload_len, limits),
        };
        let (header, header_len) = match start.parse_rest(bytes)? {
            Parsed::Complete { header, len } => (header, len),
            Parsed::Partial { payload_len, .. } => {
                // §10.4: a payload over a limit fails before the masking key has arrived.
                if let (Some(_), Some(len)) = (piece, payload_len) {
                    count(len)?;
                }
                return need_more(buffer);
            }
        };
        let Some(piece) = piece else {
            return control(header, header_len, buffer);
        };
        let counters = count(header.payload_len)?;
        let utf8 = message.map_or(Utf8Validator::default(), |message| message.utf8);
        let frame = OpenFrame { last: piece.last, remaining: header.payload_len, key: header.masking_key };
        self.state = ReceiveState::Message(OpenMessage {
            kind: piece.kind,
            counters,
            utf8,
            frame: Some(frame),
            compressed,
            retained: 0,
        });
        buffer.consume(header_len);
        Ok(Step::Continue)
    }

    /// Checks the first two bytes of a header, as far as they have arrived. Returns the place of a data frame
    /// in its message; `None` for a control frame.
    fn judge_start<R: Role>(
        &self,
        start: HeaderStart,
        message: Option<OpenMessage>,
    ) -> Result<Option<DataFrame>, ProtocolError> {
        let fragmentation = message.map_or(Fragmentation::Idle, |message| Fragmentation::Open(message.kind));
        let piece = fragmentation.data_frame(start.opcode, start.fin)?;
        // §5.2: "MUST be 0 unless an extension is negotiated"; extensions define them for the first frame of
        // a message
        let is_first = piece.is_some_and(|piece| piece.first);
        let allowed = if is_first { self.negotiated.reserved_bits() } else { ReservedBits::NONE };
        if !start.reserved.within(allowed) {
            return Err(ProtocolError::ReservedBits);
        }
        // §5.1: a server closes "upon receiving a frame that is not masked", a client on "a masked frame"
        match start.masked {
            Some(false) if R::IS_SERVER => Err(ProtocolError::UnmaskedFrame),
            Some(true) if !R::IS_SERVER => Err(ProtocolError::MaskedFrame),
            _ => Ok(piece),
        }
    }

    /// Takes the payload of a data frame, as far as it has arrived.
    fn payload<S: Storage>(
        &mut self,
        mut message: OpenMessage,
        buffer: &mut ReceiveBuffer<S>,
        delivery: Delivery,
    ) -> Result<Step, ProtocolError> {
        let Some(mut frame) = message.frame else { return Ok(Step::Continue) };
        let kind = message.kind;
        let before = buffer.message_len();
        let unread = buffer.unread_len();
        let count = usize::try_from(frame.remaining).map_or(unread, |remaining| remaining.min(unread));
        buffer.append_payload(count, frame.key);
        // At most `remaining`.
        frame.remaining = frame.remaining.saturating_sub(count as u64);
        if let Some(key) = &mut frame.key {
            key.rotate_left(count % 4);
        }
        let frame_over = frame.remaining == 0;
        let message_over = frame_over && frame.last;
        message.frame = (!frame_over).then_some(frame);
        let no_event = if frame_over { Step::Continue } else { Step::NeedMore };
        let step = match delivery {
            Delivery::Messages if message_over => Step::Message(kind),
            Delivery::Parts if message_over => Step::Part { kind, last: true },
            Delivery::Messages => {
                // Before the end: `next` validates the last part together with the whole message.
                if kind == MessageKind::Text {
                    message.validate_from(before, buffer)?;
                }
                no_event
            }
            Delivery::Parts if count == 0 || awaits_code_point(kind, buffer) => no_event,
            Delivery::Parts => Step::Part { kind, last: false },
        };
        self.state = if message_over { ReceiveState::Between } else { ReceiveState::Message(message) };
        Ok(step)
    }

    /// A part of a text: up to its last whole code point, or up to the first invalid byte.
    fn text_part<'b, S: Storage>(
        &mut self,
        buffer: &'b mut ReceiveBuffer<S>,
        last: bool,
    ) -> Result<Event<'b>, ProtocolError> {
        let (bytes, mut delivered) = buffer.message();
        match valid_prefix(bytes) {
            (text, Ok(TextEnd::Boundary)) => {
                delivered.all();
                Ok(Event::TextPart { text, last })
            }
            // §5.6: a fragment can end inside a code point; a part that is delivered cannot
            (text, Ok(TextEnd::Inside(_))) if !last => {
                delivered.first(text.len());
                Ok(Event::TextPart { text, last: false })
            }
            _ => {
                delivered.discard();
                let event = self.invalid_text(bytes, Delivery::Parts)?;
                if let Event::TextPart { text, .. } = event {
                    delivered.first(text.len());
                }
                Ok(event)
            }
        }
    }

    /// Handles a text that is not UTF-8 (§8.1). In parts, the valid text before the first invalid byte is
    /// delivered first, and then the error, however the bytes are split into reads.
    pub(super) fn invalid_text<'b>(
        &mut self,
        bytes: &'b [u8],
        delivery: Delivery,
    ) -> Result<Event<'b>, ProtocolError> {
        let error = ProtocolError::InvalidUtf8;
        match (delivery, valid_prefix(bytes).0) {
            (Delivery::Messages, _) | (Delivery::Parts, "") => Err(error),
            (Delivery::Parts, text) => {
                self.state = ReceiveState::Failing(error);
                Ok(Event::TextPart { text, last: false })
            }
        }
    }

    /// Releases the memory that the next message does not need.
    #[cfg(feature = "deflate")]
    pub(super) fn shrink_to_fit(&mut self) {
        if matches!(self.state, ReceiveState::Between | ReceiveState::Torn(_)) {
            self.inflater.shrink_to_fit();
        }
    }

    /// Inflates the payload of a data frame, as far as it has arrived.
    fn compressed_payload<R: Role, S: Storage>(
        &mut self,
        mut message: OpenMessage,
        buffer: &mut ReceiveBuffer<S>,
        delivery: Delivery,
        limits: &Limits,
    ) -> Result<Step, ProtocolError> {
        let kind = message.kind;
        let mut decompressor = Decompressor::new::<R>(&mut self.inflater, self.negotiated, delivery, limits);
        let stop = decompressor.inflate(&mut message, buffer);
        let is_part = delivery == Delivery::Parts && !awaits_code_point(kind, buffer);
        self.state = match stop {
            Ok(Stop::MessageOver) => ReceiveState::Between,
            Ok(Stop::NeedMore | Stop::PartFull | Stop::FrameOver) => ReceiveState::Message(message),
            // The bytes before the error are delivered first, however the input is split into reads.
            Err(error) if is_part => ReceiveState::Failing(error),
            Err(error) => return Err(error),
        };
        Ok(match (stop, delivery) {
            (Ok(Stop::MessageOver), Delivery::Messages) => Step::Message(kind),
            (Ok(Stop::MessageOver), Delivery::Parts) => Step::Part { kind, last: true },
            (Ok(Stop::PartFull) | Err(_), _) => Step::Part { kind, last: false },
            // Deliver now: the peer may send the next frame much later.
            (Ok(Stop::NeedMore | Stop::FrameOver), _) if is_part => Step::Part { kind, last: false },
            (Ok(Stop::NeedMore), _) => Step::NeedMore,
            (Ok(Stop::FrameOver), _) => Step::Continue,
        })
    }
}

/// Takes a control frame when it is whole. Its payload has at most 125 bytes (§5.5).
fn control<S: Storage>(
    header: FrameHeader,
    header_len: usize,
    buffer: &mut ReceiveBuffer<S>,
) -> Result<Step, ProtocolError> {
    let len = usize::try_from(header.payload_len).map_err(|_| HeaderError::ControlTooLong)?;
    let payload = buffer.unread_mut().get_mut(header_len..).and_then(|rest| rest.get_mut(..len));
    let Some(payload) = payload else { return need_more(buffer) };
    if let Some(key) = header.masking_key {
        mask(payload, key, 0);
    }
    buffer.consume(header_len);
    Ok(Step::Control { opcode: header.opcode, len })
}

/// More bytes are needed, unless fixed memory is full and can never hold them.
fn need_more<S: Storage>(buffer: &ReceiveBuffer<S>) -> Result<Step, ProtocolError> {
    if buffer.is_full() { Err(ProtocolError::MessageTooBig) } else { Ok(Step::NeedMore) }
}
