//! Structured input from the peer.

use arbitrary::Arbitrary;

use crate::support::{Side, frame};

/// A frame of the peer, or any bytes.
#[derive(Debug, Clone, Arbitrary)]
pub(super) enum Input {
    Frame {
        opcode: Opcode,
        fin: bool,
        payload: Vec<u8>,
    },
    Text(String),
    /// A binary frame of this length.
    Long {
        fin: bool,
        len: u16,
    },
    Ping(u8),
    Close {
        code: u16,
        reason: String,
    },
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Ping,
    Pong,
    Close,
}

impl Input {
    pub(super) fn write<R: Side>(&self, wire: &mut Vec<u8>) {
        wire.extend(match self {
            Self::Frame { opcode, fin, payload } => {
                let opcode = [0, 1, 2, 9, 10, 8][*opcode as usize];
                // §5.5: a control frame has FIN.
                frame::<R>(opcode | if *fin || opcode >= 8 { 0x80 } else { 0 }, payload)
            }
            Self::Text(text) => frame::<R>(0x81, text.as_bytes()),
            Self::Long { fin, len } => {
                frame::<R>(2 | if *fin { 0x80 } else { 0 }, &vec![b'Z'; usize::from(*len)])
            }
            Self::Ping(id) => frame::<R>(0x89, &[*id]),
            Self::Close { code, reason } => {
                let reason = &reason.as_bytes()[..reason.len().min(123)];
                frame::<R>(0x88, &[&code.to_be_bytes()[..], reason].concat())
            }
            Self::Bytes(bytes) => bytes.clone(),
        });
    }
}

/// A compressed binary message. Without the feature `deflate`, its block is not compressed.
pub(super) fn compressed<R: Side>(payload: &[u8]) -> Input {
    #[cfg(feature = "deflate")]
    let payload = crate::support_deflate::Zlib::new(1, 15).message(payload);
    #[cfg(not(feature = "deflate"))]
    let payload = [&[1, 0, 0, 0xFF, 0xFF], payload].concat();
    Input::Bytes(frame::<R>(0xC2, &payload))
}
