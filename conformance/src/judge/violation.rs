//! The rules of an open connection that a frame can break.

/// A rule that a frame breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// §5.2: the length is not in its shortest form.
    LengthNotMinimal,
    /// §5.2: the most significant bit of a length is set.
    LengthTooLarge,
    /// §5.2: a reserved bit is set without an extension.
    ReservedBits,
    /// §5.2: an opcode without a meaning.
    UnknownOpcode,
    /// §5.1: a frame of a server is masked.
    Masked,
    /// §5.1: a frame of a client is not masked.
    Unmasked,
    /// §5.3: a masking key is used again and again.
    KeyNotFresh,
    /// §5.3: masking keys are zero.
    KeyZero,
    /// §5.3: masking keys follow from each other.
    KeyCounts,
    /// §5.5: a control frame is fragmented.
    ControlFragmented,
    /// §5.5: a control frame has more than 125 bytes.
    ControlTooLong,
    /// §5.4: a continuation without a message.
    StrayContinuation,
    /// §5.4: a new message before the end of the last.
    MessageInside,
    /// §8.1: a text message is not UTF-8.
    TextNotUtf8,
    /// §8.1: a close reason is not UTF-8.
    ReasonNotUtf8,
    /// §5.5.1: the body of a Close has one byte.
    CloseBodyTooShort,
    /// §7.4: a code that no Close frame may carry.
    CloseCode,
    /// §5.5.1: a second Close.
    CloseTwice,
    /// §5.5.1: a data frame after a Close.
    DataAfterClose,
}
