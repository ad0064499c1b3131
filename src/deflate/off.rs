//! Stands in for `inflater.rs` without feature `deflate`: no message is compressed, so the compiler removes
//! the code that would handle one.

/// Takes no memory.
#[derive(Debug, Clone)]
pub(crate) struct Inflater;

impl Inflater {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn taken(&self) -> usize {
        0
    }
}

/// Payload of a compressed message that is unmasked and not inflated; never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmasked {}

impl Unmasked {
    /// That of a message that begins.
    pub(crate) const fn of_message(_is_compressed: bool) -> Option<Self> {
        None
    }
}
