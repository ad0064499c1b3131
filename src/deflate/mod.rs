//! The message payload transformation of permessage-deflate (RFC 7692 §7.2): bytes to DEFLATE and back. Knows
//! no frames.

#[cfg(feature = "deflate")]
mod blocks;
#[cfg(feature = "deflate")]
mod deflater;
#[cfg(feature = "deflate")]
mod fixed;
#[cfg_attr(not(feature = "deflate"), path = "off.rs")]
mod inflater;

#[cfg(feature = "deflate")]
pub(crate) use deflater::{Deflater, Piece};
#[cfg(feature = "deflate")]
pub(crate) use inflater::{Corrupt, PIECE};
pub(crate) use inflater::{Inflater, Unmasked};

/// How one endpoint compresses (RFC 7692 §7.1).
#[cfg(feature = "deflate")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The base-2 logarithm of its size, 8 to 15.
    pub(crate) bits: u8,
    /// Whether it is taken over from message to message.
    pub(crate) takeover: bool,
}

/// What DEFLATE (RFC 1951 §3.2.4) writes for an empty block without compression, after the three bits of its
/// header and padding. A message is sent without it (RFC 7692 §7.2.1) and read with it (§7.2.2).
#[cfg(feature = "deflate")]
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
