//! The payload of compressed messages (RFC 7692 §6.2), on its way from the frames to the message that is put
//! together.

use super::config::Delivery;
use super::transmission::{Extended, Found, Inbound, Message};
use crate::buffer::{ReceiveBuffer, Storage};
use crate::deflate::{Corrupt, Inflater, PIECE, Window};
use crate::error::ProtocolError;
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::rules::{Cut, Limits};
use crate::wire::{MessageKind, mask};

/// How it goes on.
enum Next {
    /// More bytes are needed.
    Wait,
    /// A part is to be given out.
    Part,
    /// The message is whole.
    Over,
    /// The next frame is to be read.
    Frame,
}

impl Inbound {
    /// Inflates what is there of a data frame's payload. `None` where the next frame is to be read.
    pub(super) fn compressed<R: Role, S: Storage>(
        &mut self,
        mut message: Message,
        buffer: &mut ReceiveBuffer<S>,
        delivery: Delivery,
        limits: &Limits,
        extended: &mut Extended,
    ) -> Result<Option<Found>, ProtocolError> {
        let kind = message.kind;
        let window = peers_window::<R>(extended.agreed);
        let next = message.inflate(buffer, delivery, limits, &mut extended.inflater, window);
        *self = match next {
            Ok(Next::Over) => Self::Between,
            Ok(Next::Wait | Next::Part | Next::Frame) => Self::Message(message),
            // What came before it is given out first, in whichever reads it came.
            Err(error) if delivery == Delivery::Parts && !begun(kind, buffer) => Self::Failing(error),
            Err(error) => return Err(error),
        };
        Ok(match (next, delivery) {
            (Ok(Next::Over), Delivery::Messages) => Some(Found::Message(kind)),
            (Ok(Next::Over), Delivery::Parts) => Some(Found::Part { kind, last: true }),
            (Ok(Next::Part), _) | (Err(_), _) => Some(Found::Part { kind, last: false }),
            // A peer that ends a frame may let the next one wait.
            (Ok(Next::Wait | Next::Frame), Delivery::Parts) if !begun(kind, buffer) => {
                Some(Found::Part { kind, last: false })
            }
            (Ok(Next::Wait), _) => Some(Found::Nothing),
            (Ok(Next::Frame), _) => None,
        })
    }
}

/// RFC 7692 §7.2.2: the window that the peer compresses with.
fn peers_window<R: Role>(agreed: Negotiated) -> Window {
    let deflate = agreed.deflate().unwrap_or_default();
    if R::IS_SERVER {
        Window { bits: deflate.client_window_bits, takeover: deflate.client_context_takeover }
    } else {
        Window { bits: deflate.server_window_bits, takeover: deflate.server_context_takeover }
    }
}

/// Whether there is nothing to be given out as a part: nothing at all, or of a text the beginning of a code
/// point.
fn begun<S: Storage>(kind: MessageKind, buffer: &mut ReceiveBuffer<S>) -> bool {
    let (bytes, _) = buffer.message();
    bytes.is_empty() || (kind == MessageKind::Text && bytes.len() < 4 && Cut::of(bytes) == Ok(Cut::At(0)))
}

impl Message {
    /// Unmasks the payload that has come, in its place: the inflater may not take all of it at once. How much
    /// is unmasked.
    fn unmask<S: Storage>(&mut self, buffer: &mut ReceiveBuffer<S>) -> u32 {
        let (Some(ready), Some(frame)) = (&mut self.compressed, &mut self.frame) else { return 0 };
        let masked = buffer.unread_mut().get_mut(*ready as usize..).unwrap_or_default();
        let count = u32::try_from(masked.len()).unwrap_or(u32::MAX).min(u32::MAX.saturating_sub(*ready));
        let count = u32::try_from(frame.remaining).map_or(count, |remaining| remaining.min(count));
        if let Some(key) = &mut frame.key {
            mask(masked.get_mut(..count as usize).unwrap_or_default(), *key, 0);
            key.rotate_left(count as usize % 4);
        }
        *ready = ready.saturating_add(count);
        frame.remaining = frame.remaining.saturating_sub(count.into());
        *ready
    }

    /// Inflates until a part is there, the frame is over, or more bytes are needed.
    fn inflate<S: Storage>(
        &mut self,
        buffer: &mut ReceiveBuffer<S>,
        delivery: Delivery,
        limits: &Limits,
        inflater: &mut Inflater,
        window: Window,
    ) -> Result<Next, ProtocolError> {
        loop {
            if !inflater.pending().is_empty() {
                if !self.put_together(buffer, delivery, limits, inflater)? {
                    return Ok(Next::Part);
                }
                continue;
            }
            let ready = self.unmask(buffer);
            let taken =
                inflater.inflate(buffer.unread().get(..ready as usize).unwrap_or_default(), window)?;
            buffer.skip(taken);
            self.compressed = Some(ready.saturating_sub(taken as u32));
            if taken > 0 || !inflater.pending().is_empty() {
                continue;
            }
            return match self.frame {
                Some(frame) if frame.remaining > 0 => Ok(Next::Wait),
                // RFC 7692 §7.2.2: the end of the payload, not of a frame, is appended to
                Some(frame) if frame.last => match inflater.end()? {
                    true => Ok(Next::Over),
                    false => continue,
                },
                Some(_) | None => {
                    self.frame = None;
                    Ok(Next::Frame)
                }
            };
        }
    }

    /// Moves what was inflated to the message; whether it was all. It is not where a part is full.
    fn put_together<S: Storage>(
        &mut self,
        buffer: &mut ReceiveBuffer<S>,
        delivery: Delivery,
        limits: &Limits,
        inflater: &mut Inflater,
    ) -> Result<bool, ProtocolError> {
        let (pending, before) = (inflater.pending(), buffer.message_len());
        let len = pending.len();
        let most = match delivery {
            Delivery::Messages => limits.message,
            Delivery::Parts => PIECE as u64,
        };
        // §10.4: the limit is one on what is inflated
        let within = len.min(self.tally.left(limits));
        let wanted = within.min(usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(before));
        let count = buffer.append(pending.get(..wanted).unwrap_or_default(), most);
        inflater.given(count);
        self.tally.add_inflated(count);
        if delivery == Delivery::Messages && self.kind == MessageKind::Text {
            // §8.1, RFC 7692 §6.1: once inflated, text is UTF-8 "again"; fail at the first impossible byte
            let (bytes, _) = buffer.message();
            self.utf8
                .push(bytes.get(before..).unwrap_or_default())
                .map_err(|_| ProtocolError::InvalidUtf8)?;
        }
        if count == len {
            return Ok(true);
        }
        // A fixed buffer may have no room for what the limit allows.
        let full = delivery == Delivery::Parts && count < within && !begun(self.kind, buffer);
        if full { Ok(false) } else { Err(ProtocolError::MessageTooBig) }
    }
}

impl From<Corrupt> for ProtocolError {
    fn from(_: Corrupt) -> Self {
        Self::InvalidDeflate
    }
}
