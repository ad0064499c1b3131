//! What of a payload the application has been given.

use core::ops::Range;

use super::storage::Storage;

/// Marks the payload of an event as delivered to the application.
pub(crate) struct Delivered<'a, S: Storage> {
    /// `None` for payload that is not part of the message bytes: it was consumed before.
    pub(super) message_start: Option<&'a mut usize>,
    pub(super) payload: Range<usize>,
    pub(super) last_payload: &'a mut S::LastPayload,
}

impl<S: Storage> Delivered<'_, S> {
    /// The event has the whole payload.
    #[inline]
    pub(crate) fn all(mut self) {
        self.discard();
        S::set_payload(self.last_payload, self.payload);
    }

    /// The event has the first `count` bytes. The rest stays in the message, unless it was discarded.
    #[inline]
    pub(crate) fn first(self, count: usize) {
        let Range { start, end } = self.payload;
        let end = start.saturating_add(count).min(end);
        if let Some(message_start) = self.message_start {
            *message_start = end.max(*message_start);
        }
        S::set_payload(self.last_payload, start..end);
    }

    /// No later event has any of the payload.
    #[inline]
    pub(crate) fn discard(&mut self) {
        if let Some(message_start) = &mut self.message_start {
            **message_start = self.payload.end;
        }
    }
}
