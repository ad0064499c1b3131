//! Fragmentation of messages (§5.4).

use crate::error::ProtocolError;
use crate::wire::{MessageKind, Opcode};

/// Whether a fragmented message is open: a frame without FIN has begun it, and no frame with FIN has ended
/// it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fragmentation {
    /// Between messages.
    #[default]
    Idle,
    /// Inside a message of this kind.
    Open(MessageKind),
}

/// The place of a data frame in its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DataFrame {
    /// The kind of the message.
    pub(crate) kind: MessageKind,
    /// Whether the frame begins it.
    pub(crate) first: bool,
    /// Whether the frame ends it.
    pub(crate) last: bool,
}

impl Fragmentation {
    /// The place of the next frame in its message; `None` for a control frame, which §5.4 allows anywhere.
    // Each frame that the fast path does not read passes here.
    #[inline]
    pub(crate) const fn data_frame(
        self,
        opcode: Opcode,
        fin: bool,
    ) -> Result<Option<DataFrame>, ProtocolError> {
        match (self, opcode) {
            (Self::Idle, Opcode::Text) => {
                Ok(Some(DataFrame { kind: MessageKind::Text, first: true, last: fin }))
            }
            (Self::Idle, Opcode::Binary) => {
                Ok(Some(DataFrame { kind: MessageKind::Binary, first: true, last: fin }))
            }
            (Self::Open(kind), Opcode::Continuation) => Ok(Some(DataFrame { kind, first: false, last: fin })),
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
    use super::{DataFrame, Fragmentation};
    use crate::error::ProtocolError;
    use crate::wire::{MessageKind, Opcode};

    #[test]
    fn s5_4_the_whole_grid() {
        let data_frame = |kind, first, last| Ok(Some(DataFrame { kind, first, last }));
        for fin in [false, true] {
            for (state, opcode, expected) in [
                (Fragmentation::Idle, Opcode::Text, data_frame(MessageKind::Text, true, fin)),
                (Fragmentation::Idle, Opcode::Binary, data_frame(MessageKind::Binary, true, fin)),
                (Fragmentation::Idle, Opcode::Continuation, Err(ProtocolError::UnexpectedContinuation)),
                (
                    Fragmentation::Open(MessageKind::Text),
                    Opcode::Continuation,
                    data_frame(MessageKind::Text, false, fin),
                ),
                (
                    Fragmentation::Open(MessageKind::Binary),
                    Opcode::Continuation,
                    data_frame(MessageKind::Binary, false, fin),
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
                assert_eq!(state.data_frame(opcode, fin), expected, "{state:?} {opcode:?} {fin}");
            }
            for state in [
                Fragmentation::Idle,
                Fragmentation::Open(MessageKind::Text),
                Fragmentation::Open(MessageKind::Binary),
            ] {
                for control in [Opcode::Close, Opcode::Ping, Opcode::Pong] {
                    assert_eq!(state.data_frame(control, fin), Ok(None), "{state:?} {control:?}");
                }
            }
        }
    }
}
