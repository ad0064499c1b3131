//! The negotiation of permessage-deflate (RFC 7692 §5, §7.1).

use super::Extension;
use crate::role::Role;

/// How one endpoint compresses its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the two things that the parameters of §7.1 limit")]
pub struct Direction {
    /// The base-2 logarithm of the largest window.
    pub window_bits: u8,
    /// A message may refer to earlier ones.
    pub takeover: bool,
}

/// The parameters of permessage-deflate that an offer or an answer has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the four parameters of §7.1")]
pub struct Parameters {
    /// `server_no_context_takeover`.
    pub snct: bool,
    /// `client_no_context_takeover`.
    pub cnct: bool,
    /// `server_max_window_bits`.
    pub smwb: Option<u8>,
    /// `client_max_window_bits`. An offer may leave out the value.
    pub cmwb: Option<Option<u8>>,
}

/// The name of the extension (§7).
pub const PERMESSAGE_DEFLATE: &str = "permessage-deflate";

impl Parameters {
    /// Reads an offer; `None` for one that a server MUST decline (§7).
    #[must_use]
    pub fn read(extension: &Extension) -> Option<Self> {
        if extension.name != PERMESSAGE_DEFLATE {
            return None;
        }
        let mut read = Self::default();
        for (name, value) in &extension.parameters {
            let is_first = match (name.as_str(), value) {
                ("server_no_context_takeover", None) => !core::mem::replace(&mut read.snct, true),
                ("client_no_context_takeover", None) => !core::mem::replace(&mut read.cnct, true),
                ("server_max_window_bits", Some(value)) => read.smwb.replace(bits(value)?).is_none(),
                ("client_max_window_bits", None) => read.cmwb.replace(None).is_none(),
                ("client_max_window_bits", Some(value)) => read.cmwb.replace(Some(bits(value)?)).is_none(),
                _ => false,
            };
            if !is_first {
                return None;
            }
        }
        Some(read)
    }

    /// Whether a server that accepts this offer may answer so (§7.1).
    #[must_use]
    pub fn permits(&self, answer: &Self) -> bool {
        let is_window_small = match (self.smwb, answer.smwb) {
            (Some(offered), Some(answered)) => answered <= offered,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let is_client_window_legal = match answer.cmwb {
            None => true,
            Some(value) => value.is_some() && self.cmwb.is_some(),
        };
        (answer.snct || !self.snct) && is_window_small && is_client_window_legal
    }

    /// The element of the field.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = PERMESSAGE_DEFLATE.to_owned();
        for (is_present, name) in
            [(self.snct, "server_no_context_takeover"), (self.cnct, "client_no_context_takeover")]
        {
            if is_present {
                text.push_str(&format!("; {name}"));
            }
        }
        if let Some(bits) = self.smwb {
            text.push_str(&format!("; server_max_window_bits={bits}"));
        }
        match self.cmwb {
            None => {}
            Some(None) => text.push_str("; client_max_window_bits"),
            Some(Some(bits)) => text.push_str(&format!("; client_max_window_bits={bits}")),
        }
        text
    }

    /// How an endpoint of this role compresses if this is the answer.
    #[must_use]
    pub fn direction(&self, from: Role) -> Direction {
        let (bits, no_takeover) = match from {
            Role::Server => (self.smwb, self.snct),
            Role::Client => (self.cmwb.flatten(), self.cnct),
        };
        // §7.1.2: without the parameter, a window has up to 32,768 bytes.
        Direction { window_bits: bits.unwrap_or(15), takeover: !no_takeover }
    }
}

/// §7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
fn bits(value: &str) -> Option<u8> {
    matches!(value, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15").then(|| value.parse().ok())?
}

/// The parameters that an answer agrees on; `None` if the answer has no extension.
///
/// # Errors
///
/// The answer is none to these offers.
pub fn agreed(offers: &[Extension], answer: &[Extension]) -> Result<Option<Parameters>, &'static str> {
    let element = match answer {
        [] => return Ok(None),
        [element] => element,
        _ => return Err("the answer has several extensions"),
    };
    // §5: "accepting a PMCE that the client did not offer".
    if !offers.iter().any(|offer| offer.name == element.name) {
        return Err("the answer has an extension that was not offered");
    }
    if element.name != PERMESSAGE_DEFLATE {
        return Err("the answer accepts an extension that does not exist");
    }
    let Some(answer) = Parameters::read(element).filter(|read| read.cmwb != Some(None)) else {
        return Err("the answer has a parameter that is not legal");
    };
    let is_legal = offers.iter().filter_map(Parameters::read).any(|offer| offer.permits(&answer));
    if is_legal { Ok(Some(answer)) } else { Err("no legal offer permits the parameters of the answer") }
}

#[cfg(test)]
mod tests {
    use super::{Extension, Parameters, agreed};

    fn read(field: &str) -> Vec<Extension> {
        Extension::read_all([field.as_bytes()]).expect("a list")
    }

    #[test]
    fn offers_are_declined_for_the_reasons_of_section_7() {
        let all = "permessage-deflate; client_max_window_bits=15; server_max_window_bits=\"8\"; \
            client_no_context_takeover; server_no_context_takeover";
        let expected = Parameters { snct: true, cnct: true, smwb: Some(8), cmwb: Some(Some(15)) };
        assert_eq!(read(all).first().and_then(Parameters::read), Some(expected));
        assert_eq!(read(&expected.text()).first().and_then(Parameters::read), Some(expected));
        for parameter in [
            "x",
            "server_no_context_takeover=1",
            "client_no_context_takeover=1",
            "server_max_window_bits",
            "server_max_window_bits=7",
            "server_max_window_bits=08",
            "server_max_window_bits=16",
            "server_max_window_bits=+8",
            "client_max_window_bits=7",
            "client_max_window_bits; \
            client_max_window_bits",
            "server_no_context_takeover; server_no_context_takeover",
        ] {
            let extensions = read(&format!("permessage-deflate; {parameter}"));
            assert_eq!(extensions.first().and_then(Parameters::read), None, "{parameter}");
        }
    }

    #[test]
    fn answers_are_compared_with_the_offers() {
        let is_legal = |offer: &str, answer: &str| {
            let full =
                |text: &str| text.replace("pd", "permessage-deflate").replace("mwb", "max_window_bits");
            agreed(&read(&full(offer)), &read(&full(answer))).is_ok()
        };
        for (offer, answer) in [
            ("pd", ""),
            ("pd", "pd"),
            ("pd", "pd; server_mwb=8; server_no_context_takeover; client_no_context_takeover"),
            ("pd; server_mwb=10", "pd; server_mwb=10"),
            ("pd; server_mwb=10", "pd; server_mwb=9"),
            ("pd; client_mwb", "pd; client_mwb=15"),
            ("pd; client_mwb=10", "pd"),
            ("pd; server_mwb=10, pd", "pd"),
        ] {
            assert!(is_legal(offer, answer), "{offer} | {answer}");
        }
        for (offer, answer) in [
            ("", "pd"),
            ("pd", "pd, pd"),
            ("pd", "x"),
            ("x", "x"),
            ("pd", "pd; client_mwb=15"),
            ("pd; client_mwb", "pd; client_mwb"),
            ("pd; server_mwb=10", "pd"),
            ("pd; server_mwb=10", "pd; server_mwb=11"),
            ("pd; server_no_context_takeover", "pd"),
            ("pd; x", "pd"),
        ] {
            assert!(!is_legal(offer, answer), "{offer} | {answer}");
        }
    }
}
