//! Close codes (§7.4) and the body of a Close frame (§5.5.1).

/// Whether a Close frame may carry a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the RFC allows a code, forbids it, or does not mention it")]
pub enum CodeClass {
    /// Defined by the RFC, registered with IANA, or of the ranges of §7.4.2 that anyone may use.
    Legal,
    /// Not used (0–999), reserved, or not defined yet (1000–2999).
    Forbidden,
    /// 5000 and above: the RFC says nothing about them.
    Undefined,
}

impl CodeClass {
    /// The class of a code.
    #[must_use]
    pub const fn of(code: u16) -> Self {
        match code {
            // §7.4.2: not used.
            0..=999 => Self::Forbidden,
            // §7.4.1.
            1000..=1003 => Self::Legal,
            // §7.4.1: 1004 is reserved; 1005 and 1006 MUST NOT be set as a status code in a Close frame.
            1004..=1006 => Self::Forbidden,
            // §7.4.1, and 1012–1014 of the IANA registry (§11.7).
            1007..=1014 => Self::Legal,
            // §7.4.1: 1015 MUST NOT be set as a status code in a Close frame.
            1015 => Self::Forbidden,
            // §7.4.2: reserved for definition by this protocol.
            1016..=2999 => Self::Forbidden,
            // §7.4.2: registered by libraries, or in private use.
            3000..=4999 => Self::Legal,
            5000..=u16::MAX => Self::Undefined,
        }
    }
}

/// The body of a Close frame (§5.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the forms of §5.5.1, and the two ways to break them")]
pub enum CloseBody {
    /// No body.
    Empty,
    /// A code and a reason.
    Code(u16, String),
    /// A code, and a reason that is not UTF-8.
    BadReason(u16),
    /// One byte: half a code.
    OneByte,
}

impl CloseBody {
    /// Reads a body.
    #[must_use]
    pub fn read(payload: &[u8]) -> Self {
        match payload {
            [] => Self::Empty,
            [_] => Self::OneByte,
            [upper, lower, reason @ ..] => {
                let code = u16::from_be_bytes([*upper, *lower]);
                match core::str::from_utf8(reason) {
                    Ok(reason) => Self::Code(code, reason.to_owned()),
                    Err(_) => Self::BadReason(code),
                }
            }
        }
    }

    /// The code, if there is one.
    #[must_use]
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Code(code, _) | Self::BadReason(code) => Some(*code),
            Self::Empty | Self::OneByte => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseBody, CodeClass};

    #[test]
    fn codes_are_those_of_the_rfc_and_the_registry() {
        for code in 0..=u16::MAX {
            let legal = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            assert_eq!(CodeClass::of(code) == CodeClass::Legal, legal, "{code}");
            assert_eq!(CodeClass::of(code) == CodeClass::Undefined, code >= 5000, "{code}");
        }
    }

    #[test]
    fn bodies_are_read() {
        assert_eq!(CloseBody::read(b""), CloseBody::Empty);
        assert_eq!(CloseBody::read(b"\x03"), CloseBody::OneByte);
        assert_eq!(CloseBody::read(b"\x03\xe8"), CloseBody::Code(1000, String::new()));
        assert_eq!(CloseBody::read(b"\x03\xe8bye"), CloseBody::Code(1000, "bye".to_owned()));
        assert_eq!(CloseBody::read(b"\x03\xe8\xff"), CloseBody::BadReason(1000));
    }
}
