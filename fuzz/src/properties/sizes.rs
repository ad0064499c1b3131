//! The sizes of a receive buffer.

use core::fmt::Debug;

/// What the `Debug` output of a `ReceiveBuffer` says.
pub(super) struct Sizes {
    /// The message bytes and the unread bytes. Together they depend only on the bytes received: the payload of
    /// a binary message may wait for more of it, or not.
    pub(super) held: usize,
    pub(super) memory: usize,
}

impl Sizes {
    pub(super) fn of(buffer: &impl Debug) -> Self {
        let shown = format!("{buffer:?}");
        let mut numbers = shown.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<usize>().ok());
        let [message, unread, memory] = [(); 3].map(|()| numbers.next().expect("a size"));
        Self { held: message + unread, memory }
    }
}
