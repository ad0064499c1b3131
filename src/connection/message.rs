//! The message that is being received (§5.4).

use crate::buffer::{ReceiveBuffer, Storage};
use crate::config::Settings;
use crate::deflate::Unmasked;
use crate::error::ProtocolError;
use crate::role::Role;
use crate::rules::{Limits, MessageCounters, TextEnd, Utf8Validator};
use crate::wire::{MessageKind, WholeFrame, parse_whole};

/// A message that has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenMessage {
    pub(super) kind: MessageKind,
    pub(super) counters: MessageCounters,
    /// The validator of a text whose frames are reassembled.
    pub(super) utf8: Utf8Validator,
    /// The frame whose payload is being received; `None` between fragments.
    pub(super) frame: Option<OpenFrame>,
    /// The unmasked payload that waits for the inflater; `None` if the message is not compressed.
    pub(super) compressed: Option<Unmasked>,
    /// The check number of the buffer when more bytes were needed: see [`ReceiveBuffer::retain`].
    pub(super) retained: u16,
}

/// A data frame whose header was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenFrame {
    /// Whether it ends its message.
    pub(super) last: bool,
    /// The number of bytes of payload that were not taken yet.
    pub(super) remaining: u64,
    /// The masking key, rotated so that its first byte masks the next byte.
    pub(super) key: Option<[u8; 4]>,
}

/// Why inflating stops.
#[cfg_attr(not(feature = "deflate"), expect(dead_code, reason = "nothing is inflated"))]
pub(super) enum Stop {
    /// More bytes are needed.
    NeedMore,
    /// A part is full, and must be delivered.
    PartFull,
    /// The payload of the frame is inflated.
    FrameOver,
    /// The message is whole.
    MessageOver,
}

/// Whether a fragment ends its message.
pub(super) enum Fragment {
    Last,
    Other,
}

/// The binary payload of a large frame is taken in blocks of at least this many bytes, or to the end of its
/// frame. Otherwise the slow path would run for each read of a few bytes: with one byte a read, a byte took
/// 440 instructions instead of 115.
const UNMASK_BLOCK: u64 = 4096;

impl OpenMessage {
    /// Whether the unread bytes are binary payload, too short to take now. It can wait, because nothing in it
    /// is checked, and because the buffer has room for the whole message and a control frame. If messages are
    /// delivered in parts, no payload is left unread.
    #[inline]
    pub(super) fn awaits_payload<S: Storage>(&self, buffer: &ReceiveBuffer<S>) -> bool {
        let Self { kind: MessageKind::Binary, frame: Some(OpenFrame { remaining, .. }), .. } = *self else {
            return false;
        };
        let unread = buffer.unread_len() as u64;
        // The number 0 means that the buffer was empty: it has no check number for the payload yet.
        unread < remaining.min(UNMASK_BLOCK) && self.compressed.is_none() && self.retained != 0
    }

    /// Takes a continuation frame that the buffer holds whole. If it returns `None`, nothing has changed, and
    /// `frame_header` reads the frame.
    #[inline]
    pub(super) fn take_fragment<R: Role, S: Storage>(
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
        let Some(WholeFrame { header_len, payload, key }) = parse_whole(unread, R::IS_SERVER) else {
            return Ok(None);
        };
        let len = payload.len();
        let Ok(counters) = self.counters.add(len as u64, limits) else { return Ok(None) };
        self.counters = counters;
        buffer.consume(header_len);
        let before = buffer.message_len();
        buffer.append_payload(len, key);
        if self.kind == MessageKind::Text && matches!(fragment, Fragment::Other) {
            self.validate_from(before, buffer)?;
        }
        Ok(Some(fragment))
    }

    /// Validates the message bytes from the position `start` on (§8.1). Fails at the first impossible byte.
    pub(super) fn validate_from<S: Storage>(
        &mut self,
        start: usize,
        buffer: &mut ReceiveBuffer<S>,
    ) -> Result<(), ProtocolError> {
        let (bytes, _) = buffer.message();
        let new = bytes.get(start..);
        debug_assert!(new.is_some(), "{start} of {}", bytes.len());
        self.utf8.push(new.unwrap_or_default()).map_err(|_| ProtocolError::InvalidUtf8)
    }
}

/// Whether there is nothing to deliver as a part: no bytes, or the beginning of one code point.
pub(super) fn awaits_code_point<S: Storage>(kind: MessageKind, buffer: &mut ReceiveBuffer<S>) -> bool {
    let (bytes, _) = buffer.message();
    bytes.is_empty()
        || (kind == MessageKind::Text && bytes.len() <= 3 && TextEnd::of(bytes) == Ok(TextEnd::Inside(0)))
}

/// The limits on a message in one frame, as one number: the first length that exceeds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FastLimit(Len);

/// `u16` with `deflate`, to keep `Connection` within 320 bytes; otherwise `u32`, which compares faster.
#[cfg(feature = "deflate")]
type Len = u16;
#[cfg(not(feature = "deflate"))]
type Len = u32;

impl FastLimit {
    pub(super) fn of(config: &Settings) -> Self {
        let limits = config.limits(u64::MAX);
        // A longer frame has another length form, and takes the slow path anyway.
        let longest = limits.message.min(limits.frame).min(0xFFFE);
        Self(if limits.fragments == 0 { 0 } else { (longest as Len).saturating_add(1) })
    }

    #[inline]
    pub(super) const fn allows(self, len: usize) -> bool {
        len < self.0 as usize
    }
}
