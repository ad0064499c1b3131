//! Replaces `inflater.rs` without feature `deflate`: no message is compressed, so the compiler removes the
//! code that handles one.

/// Uses no memory.
#[derive(Clone)]
pub(crate) struct Inflater;

impl Inflater {
    pub(crate) const fn new() -> Self {
        Self
    }
}

/// The unmasked payload of a compressed message; without the feature there is no such message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmasked {}

impl Unmasked {
    /// The value for a new message: always `None`.
    pub(crate) const fn of_message(_is_compressed: bool) -> Option<Self> {
        None
    }
}
