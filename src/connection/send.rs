//! The outbound half of an established connection: messages and control frames to bytes (§5, §6.1), and what
//! is owed to the peer.

use core::mem;

use arrayvec::ArrayVec;

use super::config::Settings;
#[cfg(feature = "deflate")]
use super::deflating::Deflating;
use super::note::{Content, Signal};
use super::{End, TransportAction};
use crate::buffer::SendBuffer;
use crate::error::{Error, HandshakeError, SendError, Timeout};
use crate::handshake::{Negotiated, Reject};
use crate::role::Role;
use crate::rules::{CloseEvent, Closing, Utf8};
use crate::wire::{
    CloseCode, CloseFrame, FrameHeader, MAX_CLOSE_REASON, MAX_CONTROL_PAYLOAD, MAX_HEADER, MessageKind,
    Opcode, ReservedBits,
};

/// The bytes of a frame before its payload (§5.2).
pub type HeaderBytes = ArrayVec<u8, MAX_HEADER>;

/// The payload of a control frame.
pub(super) type Control = ArrayVec<u8, MAX_CONTROL_PAYLOAD>;

/// The outbound half.
#[derive(Debug, Clone)]
pub(super) struct Outbound {
    pub(super) closing: Closing,
    pub(super) owed: Owed,
    /// The fragmented message that is being sent.
    message: Option<Sending>,
    #[cfg(feature = "deflate")]
    pub(super) deflate: Deflating,
}

/// A fragmented message of this endpoint's.
#[derive(Debug, Clone, Copy)]
struct Sending {
    kind: MessageKind,
    utf8: Utf8,
    #[cfg(feature = "deflate")]
    compressed: bool,
}

/// What this endpoint has_pending_reply the peer and could not write: there was no room, or no masking key.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Owed {
    Nothing,
    /// §5.5.3: "MAY elect to send a Pong frame for only the most recently processed Ping frame".
    Pong(Control),
    Close(Control),
    RejectResponse(HandshakeError),
}

impl Owed {
    /// How many bytes it takes. Of a refusal, none: it is owed at the end, and nothing is sent after it.
    #[inline]
    fn len<R: Role>(&self) -> usize {
        match self {
            Self::Nothing | Self::RejectResponse(_) => 0,
            Self::Pong(payload) | Self::Close(payload) => frame_len::<R>(payload.len()),
        }
    }

    /// Writes it, if there is room.
    #[inline]
    pub(super) fn pay<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        match self {
            Self::Nothing => Ok(()),
            _ => self.pay_now(role, config, out),
        }
    }

    #[cold]
    fn pay_now<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        let is_pong = matches!(self, Self::Pong(_));
        match self {
            Self::Nothing => {}
            Self::Pong(payload) | Self::Close(payload) => {
                if !is_pong && out.len() == 0 && out.remaining_capacity() < frame_len::<R>(payload.len()) {
                    // §5.5.1: the reason is optional, and this one finds no room ever.
                    payload.truncate(CODE_LEN);
                }
                let opcode = if is_pong { Opcode::Pong } else { Opcode::Close };
                if out.len() >= config.max_write_buffer
                    || out.remaining_capacity() < frame_len::<R>(payload.len())
                {
                    return Err(SendError::Full);
                }
                write_frame(header(opcode, true, role.masking_key()?, payload.len()), payload, out);
            }
            Self::RejectResponse(error) => {
                if let Some(refusal) = Reject::of(*error) {
                    write_pieces(config, out, |put| refusal.write(put))?;
                }
            }
        }
        *self = Self::Nothing;
        Ok(())
    }
}

/// Without payloads.
impl core::fmt::Debug for Owed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Pong(_) => "Pong",
            Self::Close(_) => "Close",
            Self::RejectResponse(_) => "RejectResponse",
        })
    }
}

impl Outbound {
    pub(super) fn new(agreed: Negotiated, config: &Settings, is_server: bool) -> Self {
        let _ = (agreed, config, is_server);
        Self {
            closing: Closing::Open,
            owed: Owed::Nothing,
            message: None,
            #[cfg(feature = "deflate")]
            deflate: Deflating::new(agreed, config, is_server),
        }
    }

    /// §5.5.1: "MUST NOT send any more data frames after sending a Close frame".
    #[inline]
    const fn open(&self) -> Result<(), SendError> {
        if self.closing.sent() { Err(SendError::Closed) } else { Ok(()) }
    }

    /// §5.4: messages are not interleaved.
    #[inline]
    const fn between_messages(&self) -> Result<(), SendError> {
        if self.message.is_some() { Err(SendError::MessageOpen) } else { Ok(()) }
    }

    /// Writes what is owed. What finds no room waits; a Pong that there is no masking key for is not sent.
    #[inline]
    pub(super) fn pay<R: Role>(&mut self, role: &mut R, config: &Settings, out: &mut impl SendBuffer) {
        if self.owed.pay(role, config, out) == Err(SendError::Entropy) {
            self.owed = Owed::Nothing;
        }
    }

    /// What is owed, and then a frame; or nothing of the two.
    #[inline]
    fn write<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        opcode: Opcode,
        fin: bool,
        payload: &[u8],
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        let key = self.make_ready(role, config, payload.len(), out)?;
        write_frame(header(opcode, fin, key, payload.len()), payload, out);
        Ok(())
    }

    /// Writes what is owed, where there is room for a frame of so much payload after it; that frame's masking
    /// key, for a client.
    #[inline]
    pub(super) fn make_ready<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        payload_len: usize,
        out: &mut impl SendBuffer,
    ) -> Result<Option<[u8; 4]>, SendError> {
        if self.owed != Owed::Nothing && out.len() == 0 && out.remaining_capacity() < self.owed.len::<R>() {
            // §5.5.3: a Pong for every Ping is not demanded, and this one finds no room ever.
            self.owed = Owed::Nothing;
        }
        // The reply is compared with the limit as in `pay_now`, without its own length: else it could keep an
        // empty `out` full for ever.
        let room = out.remaining_capacity().saturating_sub(self.owed.len::<R>());
        if out.len() >= config.max_write_buffer || room < frame_len::<R>(payload_len) {
            return Err(SendError::Full);
        }
        let key = role.masking_key()?;
        self.owed.pay(role, config, out)?;
        Ok(key)
    }

    /// [`make_ready`](Self::make_ready) for a whole message.
    #[inline]
    pub(super) fn ready_for_message<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        payload_len: usize,
        out: &mut impl SendBuffer,
    ) -> Result<Option<[u8; 4]>, SendError> {
        self.open()?;
        self.between_messages()?;
        self.make_ready(role, config, payload_len, out)
    }

    /// A whole message in one frame.
    #[inline]
    pub(super) fn message<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        kind: MessageKind,
        payload: &[u8],
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        #[cfg(feature = "deflate")]
        if payload.len() >= self.deflate.from as usize {
            return self.compressed_message(role, config, kind, payload, out);
        }
        let key = self.ready_for_message(role, config, payload.len(), out)?;
        write_frame(header(kind.opcode(), true, key, payload.len()), payload, out);
        Ok(())
    }

    /// The next fragment of a message (§5.4).
    pub(super) fn part<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        self.open()?;
        let (opcode, mut sending) = match self.message {
            None => {
                #[cfg(feature = "deflate")]
                let compressed = self.deflate.begins::<R>(payload.len(), last, out);
                let sending = Sending {
                    kind,
                    utf8: Utf8::default(),
                    #[cfg(feature = "deflate")]
                    compressed,
                };
                (kind.opcode(), sending)
            }
            Some(sending) if sending.kind == kind => (Opcode::Continuation, sending),
            Some(_) => return Err(SendError::KindMismatch),
        };
        // §5.6: a fragment can end inside a code point, the message cannot
        if kind == MessageKind::Text
            && (sending.utf8.push(payload).is_err() || (last && !sending.utf8.at_boundary()))
        {
            return Err(SendError::InvalidUtf8);
        }
        #[cfg(feature = "deflate")]
        if sending.compressed {
            self.write_compressed(role, config, opcode, last, payload, out)?;
            self.message = (!last).then_some(sending);
            return Ok(());
        }
        self.write(role, config, opcode, last, payload, out)?;
        self.message = (!last).then_some(sending);
        Ok(())
    }

    /// The header of a message in one frame, whose payload is apart and not masked yet.
    pub(super) fn apart<R: Role>(
        &mut self,
        role: &mut R,
        kind: MessageKind,
        payload: &[u8],
    ) -> Result<FrameHeader, SendError> {
        self.open()?;
        self.between_messages()?;
        if kind == MessageKind::Text && core::str::from_utf8(payload).is_err() {
            return Err(SendError::InvalidUtf8);
        }
        Ok(header(kind.opcode(), true, role.masking_key()?, payload.len()))
    }

    /// A Ping or a Pong of the application's (§5.5.2, §5.5.3).
    pub(super) fn control<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        opcode: Opcode,
        payload: &[u8],
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        match (opcode, self.closing) {
            // §5.5.2: a Ping is answered "unless it already received a Close frame"; with auto_pong, it was
            (Opcode::Pong, Closing::Sent(_)) if !config.auto_pong => {}
            _ => self.open()?,
        }
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong);
        }
        self.write(role, config, opcode, true, payload, out)
    }

    /// The application's Close (§7.1.2).
    pub(super) fn close<R: Role>(
        &mut self,
        role: &mut R,
        config: &Settings,
        frame: Option<CloseFrame<'_>>,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        if frame.is_some_and(|frame| frame.reason.len() > MAX_CLOSE_REASON) {
            return Err(SendError::ReasonTooLong);
        }
        let closing =
            self.closing.after(CloseEvent::Send(frame.map(|frame| frame.code))).ok_or(SendError::Closed)?;
        let payload = close_payload(frame);
        self.write(role, config, Opcode::Close, true, &payload, out)?;
        self.closing = closing;
        Ok(())
    }

    /// Owes what a note asks for. The end of the connection, where the note brings it.
    pub(super) fn owe<R: Role>(&mut self, note: Signal, config: &Settings) -> Option<End> {
        match note.0 {
            // Nothing but a Pong can be owed: what has_pending_reply a Close is over. §5.5.3: the newest will
            // do
            Content::Pong(payload) => {
                self.owed = Owed::Pong(payload);
                None
            }
            Content::Closed(code, payload) => {
                if let Some(closing) = self.closing.after(CloseEvent::Receive(code)) {
                    self.closing = closing;
                }
                // §5.5.2: no Pong "if it already received a Close frame"
                self.owed = Owed::Nothing;
                if config.auto_close {
                    self.owe_close(code, payload);
                }
                self.end::<R>()
            }
            Content::Failed(error) => Some(self.fail(error.close_code(), Err(error.into()))),
            // Of the timer.
            Content::Silence | Content::Activity => None,
        }
    }

    /// The end, because the peer was silent for too long.
    pub(super) fn time_out(&mut self) -> End {
        let timeout = Some(self.overdue());
        // As others do: to the peer that still reads, it is this endpoint that ends the connection without
        // being asked.
        End { timeout, ..self.fail(CloseCode::INTERNAL_ERROR, Ok(())) }
    }

    /// §7.1.7: the end, and a Close with this code is due, unless one was sent.
    fn fail(&mut self, code: CloseCode, outcome: Result<(), Error>) -> End {
        // Nothing else is answered any more.
        self.owed = Owed::Nothing;
        self.owe_close(Some(code), close_payload(Some(CloseFrame { code, reason: "" })));
        let owed = mem::replace(&mut self.owed, Owed::Nothing);
        End {
            outcome,
            closed: self.closing.facts(),
            owed,
            transport_action: TransportAction::Close,
            timeout: None,
        }
    }

    /// What this endpoint has waited for in vain.
    pub(super) const fn overdue(&self) -> Timeout {
        if self.closing.sent() { Timeout::Close } else { Timeout::Pong }
    }

    /// A Close of this code and payload is due, unless one was sent.
    fn owe_close(&mut self, code: Option<CloseCode>, payload: Control) {
        if let Some(closing) = self.closing.after(CloseEvent::Send(code)) {
            self.closing = closing;
            self.owed = Owed::Close(payload);
        }
    }

    /// The end of the connection, where both Close frames were exchanged (§7.1.4).
    pub(super) fn end<R: Role>(&mut self) -> Option<End> {
        let Closing::Both(closed) = self.closing else { return None };
        // §7.1.1: the server closes the transport at once, the client waits for that
        let transport_action =
            if R::IS_SERVER { TransportAction::Close } else { TransportAction::AwaitPeerClose };
        Some(End {
            outcome: Ok(()),
            closed,
            owed: mem::replace(&mut self.owed, Owed::Nothing),
            transport_action,
            timeout: None,
        })
    }
}

/// §5.5.1: two bytes of code.
const CODE_LEN: usize = 2;

/// §5.5.1: the code, then the reason, of which at most 123 bytes are given; or nothing.
pub(super) fn close_payload(frame: Option<CloseFrame<'_>>) -> Control {
    let Some(CloseFrame { code, reason }) = frame else { return Control::new() };
    code.get().to_be_bytes().into_iter().chain(reason.bytes().take(MAX_CLOSE_REASON)).collect()
}

/// Writes one frame, for which there is room.
#[inline(always)]
pub(super) fn write_frame(header: FrameHeader, payload: &[u8], out: &mut impl SendBuffer) {
    out.reserve(payload.len().saturating_add(MAX_HEADER));
    header.write(|piece| out.push(piece));
    match header.masking_key {
        None => out.push(payload),
        Some(key) => out.push_masked(payload, key),
    }
}

pub(super) const fn header(
    opcode: Opcode,
    fin: bool,
    masking_key: Option<[u8; 4]>,
    payload_len: usize,
) -> FrameHeader {
    FrameHeader { fin, reserved: ReservedBits::NONE, opcode, masking_key, payload_len: payload_len as u64 }
}

/// §5.2: how many bytes a frame with this much payload takes.
pub(super) const fn frame_len<R: Role>(payload_len: usize) -> usize {
    payload_len.saturating_add(match (payload_len, R::IS_SERVER) {
        (0..=125, true) => 2,
        (0..=125, false) => 6,
        (126..=0xFFFF, true) => 4,
        (126..=0xFFFF, false) => 8,
        (_, true) => 10,
        (_, false) => 14,
    })
}

/// Writes all pieces that `write` puts, or nothing.
pub(super) fn write_pieces<O: SendBuffer>(
    config: &Settings,
    out: &mut O,
    write: impl Fn(&mut dyn FnMut(&[u8])),
) -> Result<(), SendError> {
    let mut len = 0usize;
    write(&mut |piece| len = len.saturating_add(piece.len()));
    if out.len() >= config.max_write_buffer || out.remaining_capacity() < len {
        return Err(SendError::Full);
    }
    out.reserve(len);
    write(&mut |piece| out.push(piece));
    Ok(())
}
