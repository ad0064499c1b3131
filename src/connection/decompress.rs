//! The inbound direction of permessage-deflate (RFC 7692 §6.2): inflates the payload of compressed frames to
//! the message bytes of the buffer.

use super::message::{OpenMessage, Stop, awaits_code_point};
use crate::buffer::{ReceiveBuffer, Storage};
use crate::config::Delivery;
use crate::deflate::{CHUNK_LEN, Corrupt, Inflater, Unmasked, Window};
use crate::error::ProtocolError;
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::rules::Limits;
use crate::wire::{MessageKind, mask};

/// The inflater of a connection, with the limits that it obeys.
pub(super) struct Decompressor<'a> {
    inflater: &'a mut Inflater,
    window: Window,
    delivery: Delivery,
    limits: &'a Limits,
}

impl<'a> Decompressor<'a> {
    pub(super) fn new<R: Role>(
        inflater: &'a mut Inflater,
        negotiated: Negotiated,
        delivery: Delivery,
        limits: &'a Limits,
    ) -> Self {
        Self { inflater, window: peer_window::<R>(negotiated), delivery, limits }
    }

    /// Inflates the payload of a message until a part is full, the frame is over, or more bytes are needed.
    pub(super) fn inflate<S: Storage>(
        &mut self,
        message: &mut OpenMessage,
        buffer: &mut ReceiveBuffer<S>,
    ) -> Result<Stop, ProtocolError> {
        loop {
            if !self.inflater.pending().is_empty() {
                if !self.append_inflated(message, buffer)? {
                    return Ok(Stop::PartFull);
                }
                continue;
            }
            let unmasked = unmask(message, buffer);
            let input = buffer.unread().get(..unmasked as usize).unwrap_or_default();
            let count = self.inflater.inflate(input, self.window)?;
            buffer.consume(count);
            // `count` is at most the length of `input`.
            message.compressed = Some(Unmasked(unmasked.saturating_sub(count as u32)));
            if count > 0 || !self.inflater.pending().is_empty() {
                continue;
            }
            return match message.frame {
                Some(frame) if frame.remaining > 0 => Ok(Stop::NeedMore),
                // RFC 7692 §7.2.2: the tail is appended at the end of the message, not of each frame
                Some(frame) if frame.last => match self.inflater.end()? {
                    true => Ok(Stop::MessageOver),
                    false => continue,
                },
                Some(_) | None => {
                    message.frame = None;
                    Ok(Stop::FrameOver)
                }
            };
        }
    }

    /// Moves inflated bytes to the message bytes. Returns `false` if a part is full and bytes are left.
    fn append_inflated<S: Storage>(
        &mut self,
        message: &mut OpenMessage,
        buffer: &mut ReceiveBuffer<S>,
    ) -> Result<bool, ProtocolError> {
        let (pending, before) = (self.inflater.pending(), buffer.message_len());
        let len = pending.len();
        let limit = match self.delivery {
            Delivery::Messages => self.limits.message,
            Delivery::Parts => CHUNK_LEN as u64,
        };
        // §10.4: the limit counts inflated bytes
        let allowed = len.min(message.counters.left(self.limits));
        let wanted = allowed.min(usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(before));
        let count = buffer.append_inflated(pending.get(..wanted).unwrap_or_default(), limit);
        self.inflater.deliver(count);
        message.counters.add_inflated(count);
        if self.delivery == Delivery::Messages && message.kind == MessageKind::Text {
            // RFC 7692 §6.1: once inflated, text is UTF-8 "again"
            message.validate_from(before, buffer)?;
        }
        if count == len {
            return Ok(true);
        }
        // Deliver the part first. The next call fails if a limit, or a fixed memory, leaves no room for the rest.
        let is_full = self.delivery == Delivery::Parts && !awaits_code_point(message.kind, buffer);
        if is_full { Ok(false) } else { Err(ProtocolError::MessageTooBig) }
    }
}

/// Unmasks the payload in place, because the inflater may not take all of it at once. Returns how many of the
/// unread bytes are unmasked.
fn unmask<S: Storage>(message: &mut OpenMessage, buffer: &mut ReceiveBuffer<S>) -> u32 {
    let (Some(Unmasked(unmasked)), Some(frame)) = (&mut message.compressed, &mut message.frame) else {
        debug_assert!(false, "no compressed frame is being read");
        return 0;
    };
    let masked = buffer.unread_mut().get_mut(*unmasked as usize..).unwrap_or_default();
    // At most 4 GiB are unmasked in advance: the count has 32 bits.
    let count = u32::try_from(masked.len()).unwrap_or(u32::MAX).min(u32::MAX.saturating_sub(*unmasked));
    let count = u32::try_from(frame.remaining).map_or(count, |remaining| remaining.min(count));
    if let Some(key) = &mut frame.key {
        mask(masked.get_mut(..count as usize).unwrap_or_default(), *key, 0);
        key.rotate_left(count as usize % 4);
    }
    // `count` is at most `remaining`, and the sum at most `u32::MAX`.
    *unmasked = unmasked.saturating_add(count);
    frame.remaining = frame.remaining.saturating_sub(count.into());
    *unmasked
}

/// RFC 7692 §7.2.2: the window that the peer compresses with.
fn peer_window<R: Role>(negotiated: Negotiated) -> Window {
    let params = negotiated.deflate().unwrap_or_default();
    if R::IS_SERVER {
        Window { bits: params.client_window_bits, takeover: params.client_context_takeover }
    } else {
        Window { bits: params.server_window_bits, takeover: params.server_context_takeover }
    }
}

impl From<Corrupt> for ProtocolError {
    fn from(_: Corrupt) -> Self {
        Self::InvalidDeflate
    }
}
