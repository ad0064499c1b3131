//! The parameters of permessage-deflate (RFC 7692 §7.1): the limits of an endpoint, the offer, the response.

use core::mem;

use arrayvec::ArrayString;

use super::extensions::{Extension, ParamValue};
use crate::error::HandshakeError;

/// The value of a Sec-WebSocket-Extensions field that this endpoint writes. The longest one is
/// permessage-deflate with all four parameters: 128 bytes.
pub(super) type ExtensionsValue = ArrayString<128>;

/// The extension's name (RFC 7692 §7).
const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The parameters of permessage-deflate (RFC 7692 §7.1): the limits of one endpoint, or the values in use.
/// Each parameter applies to the messages that one of the endpoints sends.
///
/// A window has 2^8 to 2^15 bytes: a number below 8 counts as 8, one above 15 as 15. With context takeover, a
/// message is compressed with the window that earlier messages have filled.
///
/// [`DeflateConfig`](crate::DeflateConfig) has an example.
#[doc(alias = "PerMessageDeflateConfig")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeflateParams {
    /// The base-2 logarithm of the size in bytes of the server's window. Default: 15.
    pub server_window_bits: u8,
    /// The base-2 logarithm of the size in bytes of the client's window. Default: 15.
    pub client_window_bits: u8,
    /// Whether the server keeps its window from message to message. Default: `true`.
    pub server_context_takeover: bool,
    /// Whether the client keeps its window from message to message. Default: `true`.
    pub client_context_takeover: bool,
}

impl Default for DeflateParams {
    fn default() -> Self {
        Self::new()
    }
}

impl DeflateParams {
    /// The extension without parameters: windows of 2^15 bytes and context takeover in both directions.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            server_window_bits: 15,
            client_window_bits: 15,
            server_context_takeover: true,
            client_context_takeover: true,
        }
    }

    /// These parameters, with each window size clamped to 8 to 15.
    pub(crate) fn in_range(self) -> Self {
        let (server_window_bits, client_window_bits) =
            (self.server_window_bits.clamp(8, 15), self.client_window_bits.clamp(8, 15));
        Self { server_window_bits, client_window_bits, ..self }
    }

    /// The extension with these parameters as a field value.
    fn value(self, with_server_bits: bool) -> ExtensionsValue {
        let mut value = ExtensionsValue::new();
        push_all(&mut value, [NAME]);
        if !self.server_context_takeover {
            push_all(&mut value, ["; ", SERVER_NO_CONTEXT_TAKEOVER]);
        }
        if !self.client_context_takeover {
            push_all(&mut value, ["; ", CLIENT_NO_CONTEXT_TAKEOVER]);
        }
        if with_server_bits {
            push_all(&mut value, ["; ", SERVER_MAX_WINDOW_BITS, "=", digits(self.server_window_bits)]);
        }
        if self.client_window_bits < 15 {
            push_all(&mut value, ["; ", CLIENT_MAX_WINDOW_BITS, "=", digits(self.client_window_bits)]);
        }
        value
    }
}

/// permessage-deflate in use.
#[derive(Debug, Clone, Copy, Eq)]
pub(super) struct Deflate {
    params: DeflateParams,
    /// Whether the offer has the parameter server_max_window_bits, so that the response must have it (RFC
    /// 7692 §7.1.2.1).
    server_bits_offered: bool,
}

impl Deflate {
    pub(super) fn new(params: DeflateParams) -> Self {
        Self { params: params.in_range(), server_bits_offered: false }
    }

    pub(super) const fn params(self) -> DeflateParams {
        self.params
    }

    /// Accepts an offer within the limits `self`. `None` declines it (RFC 7692 §7).
    pub(super) fn accept(self, offer: Extension<'_>) -> Option<Self> {
        let offered = ReceivedParams::parse(offer)?;
        let limits = self.params;
        let client_window_bits = match offered.client_window_bits {
            // §7.1.2.2: only a client that sends the parameter lets the server limit its window
            ClientWindowBits::Absent if limits.client_window_bits < 15 => return None,
            ClientWindowBits::Absent | ClientWindowBits::WithoutValue => 15,
            // §7.1.2.2: a value is a hint that the client will use no larger window
            ClientWindowBits::Value(bits) => bits,
        };
        let params = DeflateParams {
            server_window_bits: limits.server_window_bits.min(offered.server_window_bits.unwrap_or(15)),
            client_window_bits: limits.client_window_bits.min(client_window_bits),
            server_context_takeover: limits.server_context_takeover && !offered.server_no_context_takeover,
            // §7.1.1.2: a hint that the client will not use it
            client_context_takeover: limits.client_context_takeover && !offered.client_no_context_takeover,
        };
        Some(Self { params, server_bits_offered: offered.server_window_bits.is_some() })
    }

    /// Checks the server's response to the offer `self` (RFC 7692 §7).
    pub(super) fn confirm(self, response: Extension<'_>) -> Result<Self, HandshakeError> {
        if response.name() != NAME {
            return Err(HandshakeError::ExtensionNotOffered);
        }
        let response = ReceivedParams::parse(response).ok_or(HandshakeError::InvalidDeflate)?;
        let server_window_bits = response.server_window_bits.unwrap_or(15);
        let client_window_bits = match response.client_window_bits {
            ClientWindowBits::Absent => 15,
            // §7.1.2.2: in a response, the parameter has a value
            ClientWindowBits::WithoutValue => return Err(HandshakeError::InvalidDeflate),
            ClientWindowBits::Value(bits) => bits,
        };
        // §7.1.2.1: "with the same or smaller value as the offer"; §7.1.1.1: a server accepts the parameter
        // by including it
        if server_window_bits > self.params.server_window_bits
            || !(self.params.server_context_takeover || response.server_no_context_takeover)
        {
            return Err(HandshakeError::InvalidDeflate);
        }
        Ok(Self::new(DeflateParams {
            server_window_bits,
            client_window_bits,
            server_context_takeover: !response.server_no_context_takeover,
            client_context_takeover: !response.client_no_context_takeover,
        }))
    }

    /// The offer of a client with the limits `self`: requirements on the server, and hints about the client.
    pub(super) fn offer(self) -> ExtensionsValue {
        let mut value = self.params.value(self.params.server_window_bits < 15);
        if self.params.client_window_bits == 15 {
            push_all(&mut value, ["; ", CLIENT_MAX_WINDOW_BITS]);
        }
        value
    }

    /// The response of a server that has accepted `self`.
    pub(super) fn response(self) -> ExtensionsValue {
        // §7.1.2.1: the response has the server's window if the offer has it
        self.params.value(self.server_bits_offered || self.params.server_window_bits < 15)
    }
}

/// Two are equal if frames follow the same rules, however the offer was written.
impl PartialEq for Deflate {
    fn eq(&self, other: &Self) -> bool {
        self.params == other.params
    }
}

/// The parameters in an offer or in a response.
#[derive(Debug, Clone, Copy, Default)]
struct ReceivedParams {
    server_window_bits: Option<u8>,
    client_window_bits: ClientWindowBits,
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
}

/// The parameter client_max_window_bits. In an offer, it can be without a value (RFC 7692 §7.1.2.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ClientWindowBits {
    #[default]
    Absent,
    WithoutValue,
    Value(u8),
}

impl ReceivedParams {
    /// `None` if this is another extension, or if a parameter is undefined, is repeated, or has an invalid
    /// value (RFC 7692 §7).
    fn parse(extension: Extension<'_>) -> Option<Self> {
        if extension.name() != NAME {
            return None;
        }
        let mut received = Self::default();
        for param in extension.params() {
            let repeated = match (param.name(), param.value()) {
                (SERVER_NO_CONTEXT_TAKEOVER, None) => {
                    mem::replace(&mut received.server_no_context_takeover, true)
                }
                (CLIENT_NO_CONTEXT_TAKEOVER, None) => {
                    mem::replace(&mut received.client_no_context_takeover, true)
                }
                (SERVER_MAX_WINDOW_BITS, Some(value)) => {
                    received.server_window_bits.replace(window_bits(value)?).is_some()
                }
                (CLIENT_MAX_WINDOW_BITS, value) => {
                    let bits = match value {
                        None => ClientWindowBits::WithoutValue,
                        Some(value) => ClientWindowBits::Value(window_bits(value)?),
                    };
                    mem::replace(&mut received.client_window_bits, bits) != ClientWindowBits::Absent
                }
                _ => return None,
            };
            if repeated {
                return None;
            }
        }
        Some(received)
    }
}

/// §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
fn window_bits(value: ParamValue<'_>) -> Option<u8> {
    (8..=15).find(|&bits| value == digits(bits))
}

const fn digits(bits: u8) -> &'static str {
    match bits {
        ..=8 => "8",
        9 => "9",
        10 => "10",
        11 => "11",
        12 => "12",
        13 => "13",
        14 => "14",
        15.. => "15",
    }
}

fn push_all<const N: usize>(value: &mut ExtensionsValue, texts: [&str; N]) {
    for text in texts {
        let fits = value.try_push_str(text);
        debug_assert!(fits.is_ok(), "the value of all parameters fits");
    }
}
