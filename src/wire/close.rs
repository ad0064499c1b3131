//! Close codes (§7.4) and the body of a Close frame (§5.5.1).

use core::fmt;

use super::{ClosePayload, MAX_CONTROL_PAYLOAD};

/// The most bytes that a close reason can have: a control payload without the two bytes of the code (§5.5,
/// §5.5.1).
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// A status code that a Close frame can carry (§7.4): 1000–1003, 1007–1014 or 3000–4999.
///
/// All other numbers, such as 1005, 1006 and 1015, are not values of this type: no Close frame can carry
/// them. [`CloseStatus::code`](crate::CloseStatus::code) returns 1005 and 1006 as numbers. IANA registered
/// 1012–1014 after the RFC (§11.7).
///
/// ```
/// use websocket_proto::CloseCode;
///
/// assert_eq!(CloseCode::NORMAL_CLOSURE.get(), 1000);
/// assert_eq!(CloseCode::new(4001).map(CloseCode::get), Some(4001));
/// assert_eq!(CloseCode::new(1006), None);
/// ```
#[doc(alias("StatusCode", "status code"))]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    #[doc(alias = "Normal")]
    pub const NORMAL_CLOSURE: Self = Self(1000);
    /// 1001: the endpoint goes away: a server shuts down, or a browser leaves the page.
    #[doc(alias = "Away")]
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer violated the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: the peer sent a type of data that the endpoint cannot accept.
    #[doc(alias = "Unsupported")]
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: a payload that does not match the type of its message, such as text that is not UTF-8.
    #[doc(alias = "Invalid")]
    pub const INVALID_FRAME_PAYLOAD_DATA: Self = Self(1007);
    /// 1008: a message that violates the endpoint's policy.
    #[doc(alias = "Policy")]
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message that is too big to process.
    #[doc(alias = "Size")]
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client needs an extension that the server did not negotiate.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: the endpoint met an unexpected condition.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts.
    #[doc(alias = "Restart")]
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the client should try again later.
    #[doc(alias = "Again")]
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway received an invalid response from its upstream server.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// The code with this number; `None` if no Close frame can carry it (§7.4.1, §7.4.2).
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number of the code.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NORMAL_CLOSURE => "NORMAL_CLOSURE",
            Self::GOING_AWAY => "GOING_AWAY",
            Self::PROTOCOL_ERROR => "PROTOCOL_ERROR",
            Self::UNSUPPORTED_DATA => "UNSUPPORTED_DATA",
            Self::INVALID_FRAME_PAYLOAD_DATA => "INVALID_FRAME_PAYLOAD_DATA",
            Self::POLICY_VIOLATION => "POLICY_VIOLATION",
            Self::MESSAGE_TOO_BIG => "MESSAGE_TOO_BIG",
            Self::MANDATORY_EXTENSION => "MANDATORY_EXTENSION",
            Self::INTERNAL_ERROR => "INTERNAL_ERROR",
            Self::SERVICE_RESTART => "SERVICE_RESTART",
            Self::TRY_AGAIN_LATER => "TRY_AGAIN_LATER",
            Self::BAD_GATEWAY => "BAD_GATEWAY",
            _ => return None,
        })
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "CloseCode({})", self.0),
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u16> for CloseCode {
    type Error = CloseBodyError;

    fn try_from(code: u16) -> Result<Self, Self::Error> {
        Self::new(code).ok_or(CloseBodyError::InvalidCode)
    }
}

/// The payload of a Close frame: a code and a reason (§5.5.1).
///
/// ```
/// use websocket_proto::{CloseCode, CloseFrame};
///
/// let frame = CloseFrame { code: CloseCode::GOING_AWAY, reason: "bye" };
/// let payload = frame.encode().expect("a short reason");
/// assert_eq!(&payload[..], b"\x03\xe9bye");
/// assert_eq!(CloseFrame::parse(&payload)?, Some(frame));
/// # Ok::<(), websocket_proto::wire::CloseBodyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the two parts of §5.5.1")]
pub struct CloseFrame<'b> {
    /// The status code.
    pub code: CloseCode,
    /// The reason as text, at most [`MAX_CLOSE_REASON`] bytes; it can be empty. It is not meant for end
    /// users (§5.5.1).
    pub reason: &'b str,
}

impl<'b> CloseFrame<'b> {
    /// Reads the payload of a Close frame, which must be unmasked; `None` if the payload is empty.
    ///
    /// # Errors
    /// A payload of one byte, a code that no Close frame can carry, or a reason that is not UTF-8.
    pub fn parse(payload: &'b [u8]) -> Result<Option<Self>, CloseBodyError> {
        match payload {
            [] => Ok(None),
            [_] => Err(CloseBodyError::TooShort),
            [upper, lower, reason @ ..] => {
                let code = CloseCode::try_from(u16::from_be_bytes([*upper, *lower]))?;
                let reason = core::str::from_utf8(reason).map_err(|_| CloseBodyError::ReasonNotUtf8)?;
                Ok(Some(Self { code, reason }))
            }
        }
    }

    /// The payload of the Close frame; `None` if the reason is longer than [`MAX_CLOSE_REASON`].
    #[must_use]
    pub fn encode(&self) -> Option<ClosePayload> {
        ClosePayload::new(self.code.get(), self.reason)
    }
}

/// The reason why the payload of a Close frame is illegal (§5.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the rules of §5.5.1, all of them")]
pub enum CloseBodyError {
    /// The payload has one byte, but a code has two.
    TooShort,
    /// A code that no Close frame can carry (§7.4).
    InvalidCode,
    /// A reason that is not UTF-8.
    ReasonNotUtf8,
}

impl fmt::Display for CloseBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "close body of one byte",
            Self::InvalidCode => "close code that no Close frame can carry",
            Self::ReasonNotUtf8 => "close reason that is not UTF-8",
        })
    }
}

impl core::error::Error for CloseBodyError {}

#[cfg(test)]
mod tests {
    use super::{CloseBodyError, CloseCode, CloseFrame};

    /// CL-08, CL-09 (§7.4.1, §7.4.2, §11.7).
    #[test]
    fn exactly_the_defined_codes_exist() {
        for code in 0..=u16::MAX {
            let legal =
                (1000..1004).contains(&code) || (1007..1015).contains(&code) || (3000..5000).contains(&code);
            assert_eq!(CloseCode::new(code).is_some(), legal, "{code}");
            assert_eq!(CloseCode::try_from(code).ok().map(CloseCode::get), legal.then_some(code));
        }
    }

    #[test]
    fn s5_5_1_bodies() {
        let frame = |code, reason| Ok(Some(CloseFrame { code: CloseCode::new(code).unwrap(), reason }));
        for (payload, expected) in [
            (&b""[..], Ok(None)),
            (b"\x03", Err(CloseBodyError::TooShort)),
            (b"\x03\xe8", frame(1000, "")),
            (b"\x03\xe8bye", frame(1000, "bye")),
            (b"\x13\x87\xce\xba", frame(4999, "κ")),
            (b"\x03\xe8\xce", Err(CloseBodyError::ReasonNotUtf8)),
            (b"\x03\xed", Err(CloseBodyError::InvalidCode)),
            (b"\x03\xee\xff", Err(CloseBodyError::InvalidCode)),
            (b"\xff\xff", Err(CloseBodyError::InvalidCode)),
        ] {
            assert_eq!(CloseFrame::parse(payload), expected, "{payload:02x?}");
            if let Ok(Some(frame)) = expected {
                assert_eq!(frame.encode().as_deref(), Some(payload), "{frame:?}");
            }
        }
    }

    #[test]
    fn s5_5_1_a_reason_has_at_most_123_bytes() {
        let reason = "r".repeat(124);
        let frame = |len| CloseFrame { code: CloseCode::NORMAL_CLOSURE, reason: &reason[..len] };
        assert_eq!(frame(123).encode().map(|payload| payload.len()), Some(125));
        assert_eq!(frame(124).encode(), None);
        let payload = frame(1).encode().unwrap();
        assert_eq!(
            (payload.as_ref(), format!("{payload:?}")),
            (&b"\x03\xe8r"[..], "[3, 232, 114]".to_owned())
        );
    }

    #[test]
    fn each_error_names_its_violation() {
        for (payload, text) in [
            (&b"\x03"[..], "close body of one byte"),
            (b"\x03\xed", "close code that no Close frame can carry"),
            (b"\x03\xe8\xff", "close reason that is not UTF-8"),
        ] {
            assert_eq!(CloseFrame::parse(payload).unwrap_err().to_string(), text);
        }
    }

    /// §11.7.
    #[test]
    fn debug_prints_the_iana_name() {
        for (code, name) in [
            (1000, "NORMAL_CLOSURE"),
            (1001, "GOING_AWAY"),
            (1002, "PROTOCOL_ERROR"),
            (1003, "UNSUPPORTED_DATA"),
            (1007, "INVALID_FRAME_PAYLOAD_DATA"),
            (1008, "POLICY_VIOLATION"),
            (1009, "MESSAGE_TOO_BIG"),
            (1010, "MANDATORY_EXTENSION"),
            (1011, "INTERNAL_ERROR"),
            (1012, "SERVICE_RESTART"),
            (1013, "TRY_AGAIN_LATER"),
            (1014, "BAD_GATEWAY"),
        ] {
            assert_eq!(format!("{:?}", CloseCode::new(code).unwrap()), name);
        }
        assert_eq!(format!("{:?}", CloseCode::new(4000).unwrap()), "CloseCode(4000)");
        assert_eq!(CloseCode::new(4000).unwrap().to_string(), "4000");
    }
}
