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
    /// RFC 7692 §7.2.1: a compressed message is no DEFLATE, or refers to bytes outside of the agreed window.
    NotInflatable,
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
    /// §4.2.2: the status line of an acceptance is not that of HTTP/1.1 and 101.
    ResponseStatus,
    /// §4.2.2: the field Upgrade of an acceptance.
    ResponseUpgrade,
    /// §4.2.2: the field Connection of an acceptance.
    ResponseConnection,
    /// §4.2.2: the field Sec-WebSocket-Accept.
    ResponseAccept,
    /// RFC 9110 §8.6, RFC 9112 §6.1: an acceptance has no Content-Length and no Transfer-Encoding.
    ResponseFraming,
    /// §4.2.2: an extension that the client did not offer.
    ResponseExtension,
    /// §4.2.2: a subprotocol that the client did not offer, or two.
    ResponseProtocol,
    /// §4.2.2: bytes of another protocol before the response.
    BytesBeforeResponse,
    /// §4.1: the request is no head, or its request line is not that of GET and HTTP/1.1.
    RequestLine,
    /// §4.1: the target of the request.
    RequestTarget,
    /// §4.1: the field Host.
    RequestHost,
    /// §4.1: the field Upgrade of a request.
    RequestUpgrade,
    /// §4.1: the field Connection of a request.
    RequestConnection,
    /// §4.1: the field Sec-WebSocket-Key.
    RequestKey,
    /// §4.1: two requests have the same key.
    RequestKeyRepeated,
    /// §4.1: the field Sec-WebSocket-Version.
    RequestVersion,
    /// RFC 9110 §9.3.1: the request announces content.
    RequestContent,
    /// §11.3.1, §11.3.5: a field that must not appear twice.
    RequestDuplicate,
    /// §4.1: a subprotocol that is offered twice, or that is no token.
    RequestProtocols,
    /// §9.1: the offer of extensions does not have the grammar.
    RequestExtensions,
    /// RFC 9110 §5.5: a control character in the head.
    RequestControl,
    /// §4.1: bytes before the response.
    BytesBeforeAcceptance,
}
