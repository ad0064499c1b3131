//! Opcodes (§5.2, §11.8) and the two kinds of messages (§5.6).

/// The type of a frame (§5.2). The opcodes `0x3`–`0x7` and `0xB`–`0xF` are reserved and have no value here.
///
/// ```
/// use websocket_proto::wire::Opcode;
///
/// assert_eq!(Opcode::from_bits(0x9), Some(Opcode::Ping));
/// assert_eq!(Opcode::from_bits(0x3), None);
/// ```
#[doc(alias = "OpCode")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a closed set: §5.2 reserves all other opcodes")]
pub enum Opcode {
    /// `0x0`: a further fragment of a message.
    Continuation,
    /// `0x1`: a text message, or its first fragment.
    Text,
    /// `0x2`: a binary message, or its first fragment.
    Binary,
    /// `0x8`: begins or answers the closing handshake.
    Close,
    /// `0x9`: asks for a Pong.
    Ping,
    /// `0xA`: answers a Ping, or is an unsolicited heartbeat.
    Pong,
}

impl Opcode {
    /// The opcode with this number; `None` if it is reserved or needs more than four bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xA => Some(Self::Pong),
            _ => None,
        }
    }

    /// The four bits of the opcode in a header.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// Whether this is Close, Ping or Pong (§5.5).
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The type of a message (§5.6).
#[doc(alias("Message", "MessageType", "OpCode"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a closed set: §5.6 has no other kind")]
pub enum MessageKind {
    /// Text in UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl MessageKind {
    /// The opcode of the first frame of a message of this kind.
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Opcode;

    #[test]
    fn s5_2_six_opcodes_are_defined_and_all_other_bits_are_none() {
        let defined: Vec<u8> = (0..=u8::MAX).filter(|&bits| Opcode::from_bits(bits).is_some()).collect();
        assert_eq!(defined, [0x0, 0x1, 0x2, 0x8, 0x9, 0xA]);
        for bits in defined {
            let opcode = Opcode::from_bits(bits).unwrap();
            assert_eq!(opcode.bits(), bits);
            assert_eq!(opcode.is_control(), bits & 0x8 != 0);
        }
    }
}
