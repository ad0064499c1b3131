//! Fragmentation of messages (§5.4).

use crate::error::ProtocolError;
use crate::wire::{MessageKind, Opcode};

/// Whether a message is open: begun by a frame without FIN, and not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fragmentation {
    /// Between messages.
    #[default]
    Idle,
    /// Inside one of this kind.
    Open(MessageKind),
}

/// What a data frame is to its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The kind of the message.
    pub(crate) kind: MessageKind,
    /// Whether the frame begins it.
    pub(crate) first: bool,
    /// Whether the frame ends it.
    pub(crate) last: bool,
}

impl Fragmentation {
    /// What a frame would be; `None` for a control frame, which §5.4 allows anywhere.
    #[inline]
    pub(crate) const fn piece(self, opcode: Opcode, fin: bool) -> Result<Option<Piece>, ProtocolError> {
        match (self, opcode) {
            (Self::Idle, Opcode::Text) => Ok(Some(Piece { kind: MessageKind::Text, first: true, last: fin })),
            (Self::Idle, Opcode::Binary) => {
                Ok(Some(Piece { kind: MessageKind::Binary, first: true, last: fin }))
            }
            (Self::Open(kind), Opcode::Continuation) => Ok(Some(Piece { kind, first: false, last: fin })),
            // §5.4: a fragmented message begins with "an opcode other than 0"
            (Self::Idle, Opcode::Continuation) => Err(ProtocolError::UnexpectedContinuation),
            // §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another
            // message"
            (Self::Open(_), Opcode::Text | Opcode::Binary) => Err(ProtocolError::ExpectedContinuation),
            (_, Opcode::Close | Opcode::Ping | Opcode::Pong) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fragmentation, Piece};
    use crate::error::ProtocolError;
    use crate::wire::{MessageKind, Opcode};

    #[test]
    fn s5_4_the_whole_grid() {
        let piece = |kind, first, last| Ok(Some(Piece { kind, first, last }));
        for fin in [false, true] {
            for (state, opcode, expected) in [
                (Fragmentation::Idle, Opcode::Text, piece(MessageKind::Text, true, fin)),
                (Fragmentation::Idle, Opcode::Binary, piece(MessageKind::Binary, true, fin)),
                (Fragmentation::Idle, Opcode::Continuation, Err(ProtocolError::UnexpectedContinuation)),
                (
                    Fragmentation::Open(MessageKind::Text),
                    Opcode::Continuation,
                    piece(MessageKind::Text, false, fin),
                ),
                (
                    Fragmentation::Open(MessageKind::Binary),
                    Opcode::Continuation,
                    piece(MessageKind::Binary, false, fin),
                ),
                (
                    Fragmentation::Open(MessageKind::Text),
                    Opcode::Text,
                    Err(ProtocolError::ExpectedContinuation),
                ),
                (
                    Fragmentation::Open(MessageKind::Text),
                    Opcode::Binary,
                    Err(ProtocolError::ExpectedContinuation),
                ),
                (
                    Fragmentation::Open(MessageKind::Binary),
                    Opcode::Text,
                    Err(ProtocolError::ExpectedContinuation),
                ),
                (
                    Fragmentation::Open(MessageKind::Binary),
                    Opcode::Binary,
                    Err(ProtocolError::ExpectedContinuation),
                ),
            ] {
                assert_eq!(state.piece(opcode, fin), expected, "{state:?} {opcode:?} {fin}");
            }
            for state in [
                Fragmentation::Idle,
                Fragmentation::Open(MessageKind::Text),
                Fragmentation::Open(MessageKind::Binary),
            ] {
                for control in [Opcode::Close, Opcode::Ping, Opcode::Pong] {
                    assert_eq!(state.piece(control, fin), Ok(None), "{state:?} {control:?}");
                }
            }
        }
    }
}
