//! The half of an open connection that writes messages, control frames and the pending reply (§5, §6.1). Its
//! owner decides from the results when the connection ends.

use core::mem;

use super::compress::Compression;
use super::frame_writer::{ControlPayload, Writer, close_payload, frame_len, header};
use super::pending::PendingReply;
#[cfg(feature = "alloc")]
use super::prepared::{Encoded, PreparedMessage};
use crate::buffer::SendBuffer;
use crate::config::Settings;
use crate::error::{SendError, Timeout};
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::rules::{CloseEvent, CloseStatus, Closing, Utf8Validator, text};
use crate::wire::{
    CloseCode, CloseFrame, FrameHeader, MAX_CLOSE_REASON, MAX_CONTROL_PAYLOAD, MessageKind, Opcode,
};

/// The half that writes.
#[derive(Clone)]
pub(super) struct SendHalf {
    pub(super) closing: Closing,
    pub(super) pending: PendingReply,
    /// The fragmented message that is being sent.
    fragmented: Option<FragmentedMessage>,
    pub(super) compression: Compression,
}

/// A message that this endpoint sends in fragments.
#[derive(Debug, Clone, Copy)]
struct FragmentedMessage {
    kind: MessageKind,
    utf8: Utf8Validator,
    is_compressed: bool,
}

impl SendHalf {
    pub(super) fn new<R: Role>(negotiated: Negotiated, config: &Settings) -> Self {
        Self {
            closing: Closing::Open,
            pending: PendingReply::None,
            fragmented: None,
            compression: Compression::new::<R>(negotiated, config),
        }
    }

    /// §5.5.1: "MUST NOT send any more data frames after sending a Close frame".
    #[inline]
    const fn check_open(&self) -> Result<(), SendError> {
        if self.closing.sent() { Err(SendError::Closed) } else { Ok(()) }
    }

    /// §5.4: messages are not interleaved.
    #[inline]
    const fn check_between_messages(&self) -> Result<(), SendError> {
        if self.fragmented.is_some() { Err(SendError::MessageOpen) } else { Ok(()) }
    }

    /// Writes the pending reply. Without room it stays pending. Without a masking key it is dropped, so that
    /// it does not block every later frame.
    #[inline]
    pub(super) fn flush_reply<R: Role, O: SendBuffer>(&mut self, writer: &mut Writer<'_, R, O>) {
        if self.pending.flush(writer) == Err(SendError::Entropy) {
            self.pending = PendingReply::None;
        }
    }

    /// Prepares `out` for a frame with this much payload: writes the pending reply, if `out` accepts both.
    /// Returns the masking key of the frame. On an error nothing is written.
    #[inline]
    pub(super) fn prepare<R: Role, O: SendBuffer>(
        &mut self,
        payload_len: usize,
        writer: &mut Writer<'_, R, O>,
    ) -> Result<Option<[u8; 4]>, SendError> {
        let reply_len = self.pending.frame_len::<R>();
        // §5.5.3: not every Ping needs a Pong, and `out` can never hold this one.
        let drops_reply = !self.pending.is_none() && writer.is_too_small(reply_len);
        // A payload has at most `isize::MAX` bytes, so the sum cannot overflow.
        let len = frame_len::<R>(payload_len).saturating_add(if drops_reply { 0 } else { reply_len });
        if !writer.accepts(len) {
            return Err(SendError::Full);
        }
        let key = writer.role.masking_key()?;
        if drops_reply {
            self.pending = PendingReply::None;
        }
        self.pending.flush(writer)?;
        Ok(key)
    }

    /// [`prepare`](Self::prepare) for a whole message.
    #[inline]
    pub(super) fn prepare_message<R: Role, O: SendBuffer>(
        &mut self,
        payload_len: usize,
        writer: &mut Writer<'_, R, O>,
    ) -> Result<Option<[u8; 4]>, SendError> {
        self.check_open()?;
        self.check_between_messages()?;
        self.prepare(payload_len, writer)
    }

    /// Writes the pending reply and then a frame, or neither.
    #[inline]
    fn write<R: Role, O: SendBuffer>(
        &mut self,
        opcode: Opcode,
        fin: bool,
        payload: &[u8],
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        let key = self.prepare(payload.len(), writer)?;
        writer.frame(header(opcode, fin, key, payload.len()), payload);
        Ok(())
    }

    /// Sends a whole message in one frame.
    #[inline]
    pub(super) fn message<R: Role, O: SendBuffer>(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        if self.compression.may_compress(payload.len()) {
            return self.compressed_message(kind, payload, writer);
        }
        let key = self.prepare_message(payload.len(), writer)?;
        writer.frame(header(kind.opcode(), true, key, payload.len()), payload);
        Ok(())
    }

    /// Sends a message that was encoded before.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) fn prepared<R: Role, O: SendBuffer>(
        &mut self,
        message: &PreparedMessage,
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        if let Some(compressed) = message.compressed() {
            if self.compression.allows_prepared(message.plain().payload().len(), compressed.window_bits) {
                self.encoded(&compressed.encoded, writer)?;
                self.compression.prepared_sent();
                return Ok(());
            }
        }
        self.encoded(message.plain(), writer)
    }

    #[cfg(feature = "alloc")]
    #[inline]
    fn encoded<R: Role, O: SendBuffer>(
        &mut self,
        message: &Encoded,
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        match self.prepare_message(message.payload().len(), writer)? {
            None => writer.out.push(&message.frame),
            masking_key => writer.frame(FrameHeader { masking_key, ..message.header }, message.payload()),
        }
        Ok(())
    }

    /// Sends a whole message in one frame. Compresses it only if `out` has room for its longest compressed
    /// form.
    fn compressed_message<R: Role, O: SendBuffer>(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        if self.compression.compresses::<R>(payload.len(), true, writer.out) {
            let key = self.prepare_message(Compression::most(payload.len()), writer)?;
            self.compression.write_frame(header(kind.opcode(), true, key, 0), payload, writer);
        } else {
            let key = self.prepare_message(payload.len(), writer)?;
            writer.frame(header(kind.opcode(), true, key, payload.len()), payload);
        }
        Ok(())
    }

    /// Sends the next fragment of a message (§5.4).
    pub(super) fn fragment<R: Role, O: SendBuffer>(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        self.check_open()?;
        let (opcode, mut message) = match self.fragmented {
            None => {
                let message = FragmentedMessage {
                    kind,
                    utf8: Utf8Validator::default(),
                    is_compressed: self.compression.compresses::<R>(payload.len(), last, writer.out),
                };
                (kind.opcode(), message)
            }
            Some(message) if message.kind == kind => (Opcode::Continuation, message),
            Some(_) => return Err(SendError::KindMismatch),
        };
        // §5.6: a fragment can end inside a code point, but the message cannot
        let is_text = kind == MessageKind::Text;
        if is_text && (message.utf8.push(payload).is_err() || (last && !message.utf8.at_boundary())) {
            return Err(SendError::InvalidUtf8);
        }
        if message.is_compressed {
            let key = self.prepare(Compression::most(payload.len()), writer)?;
            self.compression.write_frame(header(opcode, last, key, 0), payload, writer);
            self.fragmented = (!last).then_some(message);
            return Ok(());
        }
        self.write(opcode, last, payload, writer)?;
        self.fragmented = (!last).then_some(message);
        Ok(())
    }

    /// The header of a message in one frame, whose payload the caller sends.
    pub(super) fn message_header<R: Role>(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        role: &mut R,
    ) -> Result<FrameHeader, SendError> {
        self.check_open()?;
        self.check_between_messages()?;
        if kind == MessageKind::Text && text(payload).is_err() {
            return Err(SendError::InvalidUtf8);
        }
        Ok(header(kind.opcode(), true, role.masking_key()?, payload.len()))
    }

    /// Sends a Ping or a Pong (§5.5.2, §5.5.3).
    pub(super) fn control<R: Role, O: SendBuffer>(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        match (opcode, self.closing) {
            // §5.5.2: an endpoint answers a Ping "unless it already received a Close frame". With auto_pong,
            // every Ping is answered by now.
            (Opcode::Pong, Closing::Sent(_)) if !writer.config.auto_pong => {}
            _ => self.check_open()?,
        }
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong);
        }
        self.write(opcode, true, payload, writer)
    }

    /// Sends the application's Close (§7.1.2).
    pub(super) fn close<R: Role, O: SendBuffer>(
        &mut self,
        frame: Option<CloseFrame<'_>>,
        writer: &mut Writer<'_, R, O>,
    ) -> Result<(), SendError> {
        if frame.is_some_and(|frame| frame.reason.len() > MAX_CLOSE_REASON) {
            return Err(SendError::ReasonTooLong);
        }
        let code = frame.map(|frame| frame.code);
        let closing = self.closing.after(CloseEvent::Send(code)).ok_or(SendError::Closed)?;
        self.write(Opcode::Close, true, &close_payload(frame), writer)?;
        self.closing = closing;
        Ok(())
    }

    /// §5.5.2: a Pong is due. It replaces an older pending Pong (§5.5.3). No Close can be pending, because
    /// the connection ends when a Close becomes due.
    pub(super) fn ping_received(&mut self, payload: ControlPayload) {
        self.pending = PendingReply::Pong(payload);
    }

    /// §5.5.1: the peer's Close arrived. With `auto_close`, a Close with this payload answers it.
    pub(super) fn close_received(
        &mut self,
        code: Option<CloseCode>,
        payload: ControlPayload,
        auto_close: bool,
    ) {
        if let Some(closing) = self.closing.after(CloseEvent::Receive(code)) {
            self.closing = closing;
        }
        // §5.5.2: no Pong "if it already received a Close frame"
        self.pending = PendingReply::None;
        if auto_close {
            self.reply_with_close(code, PendingReply::Close(payload));
        }
    }

    /// §7.1.7: the connection fails, and a Close with this code is due, unless one was sent.
    pub(super) fn fail(&mut self, code: CloseCode) {
        self.pending = PendingReply::None;
        self.reply_with_close(Some(code), PendingReply::close(code));
    }

    fn reply_with_close(&mut self, code: Option<CloseCode>, close: PendingReply) {
        if let Some(closing) = self.closing.after(CloseEvent::Send(code)) {
            self.closing = closing;
            self.pending = close;
        }
    }

    /// The timeout of the current wait.
    pub(super) const fn timeout(&self) -> Timeout {
        if self.closing.sent() { Timeout::Close } else { Timeout::Pong }
    }

    /// How the closing handshake stands.
    pub(super) const fn close_status(&self) -> CloseStatus {
        self.closing.status()
    }

    /// Whether both Close frames were exchanged (§7.1.4).
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.closing, Closing::Both(_))
    }

    /// Removes the pending reply, for the end of the connection to write it.
    pub(super) fn take_pending(&mut self) -> PendingReply {
        mem::replace(&mut self.pending, PendingReply::None)
    }
}
