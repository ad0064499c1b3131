//! Replaces `deflate.rs` without feature `deflate`: no extension is supported.

use super::Config;
use crate::handshake::Negotiated;

/// Takes no memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedDeflate;

impl PackedDeflate {
    pub(super) const fn of(_: &Config) -> Self {
        Self
    }

    pub(super) const fn supported(self) -> Negotiated {
        Negotiated::new()
    }
}
