//! Replaces `deflate_params.rs` without feature `deflate`: no value of [`Deflate`] exists, so the
//! compiler removes the code that would handle one.

use arrayvec::ArrayString;

use super::extensions::Extension;
use crate::error::HandshakeError;

/// The value of a Sec-WebSocket-Extensions field that this endpoint writes; none exists.
pub(super) type ExtensionsValue = ArrayString<0>;

/// permessage-deflate in use; never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deflate {}

impl Deflate {
    pub(super) const fn accept(self, _: Extension<'_>) -> Option<Self> {
        match self {}
    }

    pub(super) const fn confirm(self, _: Extension<'_>) -> Result<Self, HandshakeError> {
        match self {}
    }

    pub(super) const fn offer(self) -> ExtensionsValue {
        match self {}
    }

    pub(super) const fn response(self) -> ExtensionsValue {
        match self {}
    }
}
