//! The parameters of permessage-deflate (RFC 7692 §7.1): what an endpoint is ready for, what is offered, what
//! is agreed.

use super::extensions::{ParamValue, Params, Value};

/// The extension's name (RFC 7692 §7).
pub(super) const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The parameters of permessage-deflate (RFC 7692 §7.1), each for what one endpoint sends: the most that an
/// endpoint is ready for, or what both have agreed on.
///
/// A window has 2^8 to 2^15 bytes; numbers beside 8 to 15 are taken for the nearest of them. Context takeover
/// means that a message can be compressed with the window that the messages before it have filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeflateParams {
    /// The base-2 logarithm of the window that the server compresses with.
    pub server_window_bits: u8,
    /// The base-2 logarithm of the window that the client compresses with.
    pub client_window_bits: u8,
    /// Whether the server takes its window over from message to message.
    pub server_context_takeover: bool,
    /// Whether the client takes its window over from message to message.
    pub client_context_takeover: bool,
}

impl Default for DeflateParams {
    fn default() -> Self {
        Self::new()
    }
}

impl DeflateParams {
    /// What the extension is without parameters: windows of 2^15 bytes, and context takeover, both ways.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            server_window_bits: 15,
            client_window_bits: 15,
            server_context_takeover: true,
            client_context_takeover: true,
        }
    }

    /// With window sizes that there are.
    pub(crate) fn in_range(self) -> Self {
        let (server_window_bits, client_window_bits) =
            (self.server_window_bits.clamp(8, 15), self.client_window_bits.clamp(8, 15));
        Self { server_window_bits, client_window_bits, ..self }
    }

    /// Agrees to an offer, where it can be met by an endpoint that is ready for `self`; `None` declines it
    /// (RFC 7692 §7).
    pub(super) fn accept(self, offer: &Named) -> Option<Self> {
        // §7.1.2.2: a client's window can be limited only if the client says that it can be
        if offer.client_window_bits.is_none() && self.client_window_bits < 15 {
            return None;
        }
        // §7.1.2.2: a value is a hint that the client will use no larger window
        let hint = offer.client_window_bits.flatten().unwrap_or(15);
        Some(Self {
            server_window_bits: self.server_window_bits.min(offer.server_window_bits.unwrap_or(15)),
            client_window_bits: self.client_window_bits.min(hint),
            server_context_takeover: self.server_context_takeover && !offer.server_no_context_takeover,
            // §7.1.1.2: a hint that the client will not use it
            client_context_takeover: self.client_context_takeover && !offer.client_no_context_takeover,
        })
    }

    /// Checks the answer to what [`offer`](Self::offer) has offered; `None` where it is none to that (RFC
    /// 7692 §7).
    pub(super) fn confirm(self, answer: &Named) -> Option<Self> {
        let server_window_bits = answer.server_window_bits.unwrap_or(15);
        let client_window_bits = match answer.client_window_bits {
            None => 15,
            // §7.1.2.2: in an answer it has a value
            Some(value) => value?,
        };
        // §7.1.2.1: "with the same or smaller value as the offer"; §7.1.1.1: a server accepts the parameter
        // by including it
        if server_window_bits > self.server_window_bits
            || !(self.server_context_takeover || answer.server_no_context_takeover)
        {
            return None;
        }
        Some(Self {
            server_window_bits,
            client_window_bits,
            server_context_takeover: !answer.server_no_context_takeover,
            client_context_takeover: !answer.client_no_context_takeover,
        })
    }

    /// The offer of a client that is ready for this: what the server must keep to, and what the client hints
    /// at.
    pub(super) fn offer(self) -> Value {
        let mut value = self.value(self.server_window_bits < 15);
        if self.client_window_bits == 15 {
            push_all(&mut value, ["; ", CLIENT_MAX_WINDOW_BITS]);
        }
        value
    }

    /// This, agreed on, as a server's answer. §7.1.2.1: the server's window is named if the offer did so.
    pub(super) fn answer(self, server_bits_named: bool) -> Value {
        self.value(server_bits_named || self.server_window_bits < 15)
    }

    fn value(self, server_bits: bool) -> Value {
        let mut value = Value::new();
        push_all(&mut value, [NAME]);
        if !self.server_context_takeover {
            push_all(&mut value, ["; ", SERVER_NO_CONTEXT_TAKEOVER]);
        }
        if !self.client_context_takeover {
            push_all(&mut value, ["; ", CLIENT_NO_CONTEXT_TAKEOVER]);
        }
        if server_bits {
            push_all(&mut value, ["; ", SERVER_MAX_WINDOW_BITS, "=", digits(self.server_window_bits)]);
        }
        if self.client_window_bits < 15 {
            push_all(&mut value, ["; ", CLIENT_MAX_WINDOW_BITS, "=", digits(self.client_window_bits)]);
        }
        value
    }
}

/// The parameters that an offer or an answer names.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named {
    pub(super) server_window_bits: Option<u8>,
    /// In an offer it can stand without a value (RFC 7692 §7.1.2.2).
    client_window_bits: Option<Option<u8>>,
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
}

impl Named {
    /// `None` where a parameter is not defined, is named twice, or has a value that it cannot have (RFC 7692
    /// §7).
    pub(super) fn parse(params: Params<'_>) -> Option<Self> {
        let mut named = Self::default();
        for param in params {
            let again = match (param.name(), param.value()) {
                (SERVER_NO_CONTEXT_TAKEOVER, None) => {
                    core::mem::replace(&mut named.server_no_context_takeover, true)
                }
                (CLIENT_NO_CONTEXT_TAKEOVER, None) => {
                    core::mem::replace(&mut named.client_no_context_takeover, true)
                }
                (SERVER_MAX_WINDOW_BITS, Some(value)) => {
                    named.server_window_bits.replace(bits(value)?).is_some()
                }
                (CLIENT_MAX_WINDOW_BITS, None) => named.client_window_bits.replace(None).is_some(),
                (CLIENT_MAX_WINDOW_BITS, Some(value)) => {
                    named.client_window_bits.replace(Some(bits(value)?)).is_some()
                }
                _ => return None,
            };
            if again {
                return None;
            }
        }
        Some(named)
    }
}

/// §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
fn bits(value: ParamValue<'_>) -> Option<u8> {
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

fn push_all<const N: usize>(value: &mut Value, texts: [&str; N]) {
    for text in texts {
        let fits = value.try_push_str(text);
        debug_assert!(fits.is_ok(), "all that can be said is no longer");
    }
}
