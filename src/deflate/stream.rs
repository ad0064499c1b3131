//! What both directions know of a DEFLATE stream: its window and the tail of each message (RFC 7692 §7.1,
//! §7.2).

/// The LZ77 window with which one endpoint compresses (RFC 7692 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The base-2 logarithm of its size, 8 to 15.
    pub(crate) bits: u8,
    /// Whether the window keeps its content from one message to the next.
    pub(crate) takeover: bool,
}

/// An empty block without compression (RFC 1951 §3.2.4), after the three bits of its header and the padding.
/// The sender removes these bytes from the end of each message (RFC 7692 §7.2.1), and the receiver appends
/// them (§7.2.2).
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
