//! An input as a series of choices. After its end, it continues with zeros.

use websocket_proto::MessageKind;

/// The rest of the input.
pub(super) struct Script<'a>(pub(super) &'a [u8]);

impl<'a> Script<'a> {
    pub(super) fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, b""));
        self.0 = rest;
        *byte
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }

    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    pub(super) fn kind(&mut self) -> MessageKind {
        self.one_of([MessageKind::Text, MessageKind::Binary])
    }

    pub(super) fn one_of<T: Copy, const N: usize>(&mut self, choice: [T; N]) -> T {
        choice[usize::from(self.byte()) % N]
    }
}
