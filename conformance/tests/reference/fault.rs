//! The faults that the reference endpoint can have, one at a time.

macro_rules! faults {
    ($($name:ident),* $(,)?) => {
        /// A fault of an endpoint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $($name),*
        }

        impl Fault {
            /// All faults.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

faults! {
    // Framing.
    AcceptRsv1, AcceptRsv2, AcceptRsv3, AcceptOpcode3, AcceptOpcodeB, IgnoreUnknownOpcode,
    AcceptNonMinimal16, AcceptNonMinimal64, AcceptMsb, Length32Bit, LengthLittleEndian, OffByOne126,
    OffByOne65536, SumWraps, HeaderNeedsOneRead, DropsSecondFrameOfARead, WaitsForPayloadBeforeCheck,
    // Masking.
    AcceptUnmasked, AcceptMasked, ServerMasks, KeyRestartsPerRead, ControlNotUnmasked, ClientKeyZero,
    ClientKeyReused, ClientKeyCounts, ClientMasksDataOnly,
    // Control frames.
    Control126Accepted, ControlFin0Accepted, PongCut124, PongEmpty, PongToPong, FirstPongOnly,
    PingEndsMessage, PongAfterMessage, PingCheckedForUtf8, RecursionLimit100,
    // Fragments.
    StrayContinuationAccepted, NewMessageInsideAccepted, EmptyFragmentRefused, TypeOfLast, TypeKept,
    MoreThan99Refused, CloseInsideIgnored, CloseInside1002, PartialEchoedAtEof,
    // UTF-8.
    Utf8Unchecked, Utf8Surrogates, Utf8Overlong2, Utf8Overlong3, Utf8Above10ffff, Utf8FiveBytes,
    Utf8CutAtEndAccepted, Utf8StateCarries, Utf8CheckedPerFrame, Utf8BinaryChecked, Utf8NoncharRefused,
    Utf8NulRefused, Utf8AtMessageEnd,
    // Closing.
    Writes1005, Echoes1004, Echoes1006, Echoes1016, Echoes999, AcceptsOneByte, ReasonUnchecked, SecondClose,
    EchoAfterClose, PongAfterClose, NoReply, Refuses4999, Refuses1012, KeepsTcpOpen, ProcessesAfterFail,
    DropsWithoutClose, ResetOnFail,
    // The opening handshake of a server.
    WrongAccept, KeyUnchecked, VersionUnchecked, NoVersionField, HostOptional, HostTwice, ConnectionSubstring,
    ConnectionFirstLineOnly, UpgradeSubstring, PostAccepted, Http10Accepted, NamesCaseSensitive, GluedLost,
    PongBefore101, PiecesRefused, BodyAsFrames, SpaceBeforeColonAccepted, ExtensionUnoffered,
    ProtocolUnoffered, AcceptWithLength, SilentRefusal, HeadUnchecked, LengthUnchecked, OffersUnchecked,
    FramesAfterRefusal, FramesBefore101,
    // The opening handshake of a client.
    AcceptUnchecked, AcceptIgnoresCase, StatusUnchecked, UpgradeUnchecked, ConnectionUnchecked,
    ExtensionUnchecked, ProtocolUnchecked, InterimFails, GluedLostClient, KeyConstant, FoldRefused,
    HttpVersionUnchecked, EndIgnored, ResponseHeadUnchecked,
    ContentSkipped,
    // Frames that the endpoint writes.
    WritesNonMinimal, WritesRsv, WritesUnknownOpcode, WritesFragmentedPong, WritesLongPong,
    WritesStrayContinuation, WritesBinaryAsText, WritesCloseCode1005, WritesAfterClose,
    // permessage-deflate.
    Rsv1OnControl, Rsv1OnContinuation, PingClearsCompressed, TakeoverIgnored, NoTakeoverIgnored, WindowIgnored,
    PlainInflated, BfinalEnds, GarbageAccepted, InflatedTextUnchecked, Parameter16Agreed,
    UnknownParameterAgreed, CmwbUnasked, LimitOnCompressedSize, SmwbUnanswered, CmwbWithoutValue,
    ParametersRefused, SmwbRefused, AnswerRefused, RsvUncheckedInDeflate, CloseInsideCompressedIgnored,
}

/// The fault of an endpoint, if it has one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults(pub Option<Fault>);

impl Faults {
    /// Whether the endpoint has this fault.
    pub fn has(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}
