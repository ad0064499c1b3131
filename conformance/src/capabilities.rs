//! The capabilities of an endpoint, and those that a case needs.

/// The known capabilities of an endpoint under test. The default has no optional capability and no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The most bytes that a message may have, as far as a probe found out.
    pub message: usize,
    /// The most frames that a message may have, as far as a probe found out.
    pub fragments: u32,
    /// The endpoint executes the commands `wsconform:…`.
    pub commands: bool,
    /// A client goes on with the next connection after a failed opening handshake. Many drivers stop there.
    pub handshake_control: bool,
    /// The endpoint agrees to permessage-deflate.
    pub deflate: bool,
    /// The parameters that the endpoint agrees to: a server accepts them, a client offers or supports them.
    pub parameters: Vec<Parameter>,
    /// The limit of a message that the endpoint is configured with (`--max-message`).
    pub max_message: Option<usize>,
    /// The limit of fragments that the endpoint is configured with (`--max-fragments`).
    pub max_fragments: Option<u32>,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            message: usize::MAX,
            fragments: u32::MAX,
            commands: false,
            handshake_control: true,
            deflate: false,
            parameters: Vec::new(),
            max_message: None,
            max_fragments: None,
        }
    }
}

/// A parameter of permessage-deflate (RFC 7692 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the four parameters of RFC 7692")]
pub enum Parameter {
    /// `server_no_context_takeover`.
    ServerNoContextTakeover,
    /// `client_no_context_takeover`.
    ClientNoContextTakeover,
    /// `server_max_window_bits`.
    ServerMaxWindowBits,
    /// `client_max_window_bits`.
    ClientMaxWindowBits,
}

impl Parameter {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::ServerNoContextTakeover,
        Self::ClientNoContextTakeover,
        Self::ServerMaxWindowBits,
        Self::ClientMaxWindowBits,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerNoContextTakeover => "server_no_context_takeover",
            Self::ClientNoContextTakeover => "client_no_context_takeover",
            Self::ServerMaxWindowBits => "server_max_window_bits",
            Self::ClientMaxWindowBits => "client_max_window_bits",
        }
    }
}

/// The capabilities without which a case is skipped. The default needs nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// The bytes of the longest message.
    pub message: usize,
    /// The frames of the message with the most frames.
    pub fragments: u32,
    /// Commands.
    pub commands: bool,
    /// A client that survives a failed opening handshake.
    pub handshake_control: bool,
    /// permessage-deflate.
    pub deflate: bool,
    /// This parameter of permessage-deflate.
    pub parameter: Option<Parameter>,
    /// The suite may refer to earlier messages.
    pub takeover: bool,
    /// The suite may refer to bytes at a distance of 2 to this power.
    pub window_bits: u8,
    /// A known limit of a message that is below so many bytes.
    pub limit_below: Option<usize>,
    /// A known limit of a message.
    pub max_message: bool,
    /// A known limit of fragments.
    pub max_fragments: bool,
}

impl Needs {
    /// The reason to skip the case; `None` if the endpoint has the capabilities.
    #[must_use]
    pub fn missing_in(&self, capabilities: &Capabilities) -> Option<String> {
        let Capabilities { message, fragments, .. } = *capabilities;
        let agreed = &capabilities.parameters;
        let missing_parameter = self.parameter.filter(|one| !agreed.contains(one)).map(Parameter::name);
        if self.message > message {
            Some(format!("message limit below {} bytes", self.message))
        } else if self.fragments > fragments {
            Some(format!("fragment limit below {}", self.fragments))
        } else if self.commands && !capabilities.commands {
            Some("no commands".to_owned())
        } else if self.handshake_control && !capabilities.handshake_control {
            Some("no cases without a connection (--handshake-cases)".to_owned())
        } else if self.deflate && !capabilities.deflate {
            Some("permessage-deflate not negotiated".to_owned())
        } else if let Some(name) = missing_parameter {
            Some(format!("{name} is never agreed"))
        } else if self
            .limit_below
            .is_some_and(|len| capabilities.max_message.is_none_or(|limit| limit >= len))
        {
            Some("no known message limit below the size of the message (--max-message)".to_owned())
        } else if self.max_message && capabilities.max_message.is_none() {
            Some("the message limit is not known (--max-message)".to_owned())
        } else if self.max_fragments && capabilities.max_fragments.is_none() {
            Some("the fragment limit is not known (--max-fragments)".to_owned())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, Needs, Parameter};

    #[test]
    fn a_missing_capability_is_named() {
        let endpoint = Capabilities { message: 1000, fragments: 10, ..Capabilities::default() };
        let reason = |needs: Needs| needs.missing_in(&endpoint).unwrap_or_default();
        assert_eq!(reason(Needs::default()), "");
        assert_eq!(reason(Needs { message: 1000, fragments: 10, ..Needs::default() }), "");
        assert_eq!(reason(Needs { message: 1001, ..Needs::default() }), "message limit below 1001 bytes");
        assert_eq!(reason(Needs { fragments: 11, ..Needs::default() }), "fragment limit below 11");
        assert_eq!(reason(Needs { commands: true, ..Needs::default() }), "no commands");
        let refuses = Capabilities { handshake_control: false, ..endpoint.clone() };
        let needs = Needs { handshake_control: true, ..Needs::default() };
        assert_eq!(needs.missing_in(&endpoint), None);
        assert!(needs.missing_in(&refuses).is_some_and(|reason| reason.contains("--handshake-cases")));
        let not_agreed = "permessage-deflate not negotiated";
        assert_eq!(reason(Needs { deflate: true, ..Needs::default() }), not_agreed);
        let parameter = Some(Parameter::ServerMaxWindowBits);
        let reason_of_parameter = reason(Needs { parameter, ..Needs::default() });
        assert_eq!(reason_of_parameter, "server_max_window_bits is never agreed");
        assert!(reason(Needs { limit_below: Some(1), ..Needs::default() }).contains("--max-message"));
        assert!(reason(Needs { max_message: true, ..Needs::default() }).contains("--max-message"));
        assert!(reason(Needs { max_fragments: true, ..Needs::default() }).contains("--max-fragments"));
    }
}
