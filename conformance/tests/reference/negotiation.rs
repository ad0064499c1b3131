//! The negotiation of permessage-deflate (RFC 7692 §7.1).

use super::fault::{Fault, Faults};
use super::head::Head;

/// The parameters of an offer or an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parameters {
    pub snct: bool,
    pub cnct: bool,
    pub smwb: Option<u8>,
    pub cmwb: Option<u8>,
    /// The offer allows client_max_window_bits.
    pub has_cmwb: bool,
}

/// The field of a request: the client supports all parameters.
pub const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// The answer of a server to the first offer that it can accept: a field, and the agreed
/// parameters.
pub fn answer(head: &Head, faults: Faults) -> Option<(String, Parameters)> {
    let elements = elements(head);
    let offer = elements.iter().find_map(|element| read(element, faults))?;
    let mut text = "Sec-WebSocket-Extensions: permessage-deflate".to_owned();
    let mut agreed = offer;
    if offer.snct {
        text.push_str("; server_no_context_takeover");
    }
    if offer.cnct {
        text.push_str("; client_no_context_takeover");
    }
    match offer.smwb {
        Some(bits) if !faults.has(Fault::SmwbUnanswered) => {
            text.push_str(&format!("; server_max_window_bits={bits}"));
        }
        _ => {}
    }
    if faults.has(Fault::CmwbUnasked) {
        agreed.cmwb = offer.cmwb.or(Some(15));
    }
    match agreed.cmwb {
        Some(_) if faults.has(Fault::CmwbWithoutValue) => text.push_str("; client_max_window_bits"),
        Some(bits) => text.push_str(&format!("; client_max_window_bits={bits}")),
        None => {}
    }
    Some((text + "\r\n", agreed))
}

/// What the answer of a server agrees on; `Err` if a client has to refuse it.
pub fn accept(head: &Head, faults: Faults) -> Result<Option<Parameters>, ()> {
    match elements(head).as_slice() {
        [] => Ok(None),
        [element] => {
            let agreed = read(element, faults).ok_or(())?;
            let is_legal = !agreed.has_cmwb || agreed.cmwb.is_some();
            let has_parameters = agreed != Parameters::default();
            let is_refused = [
                (has_parameters, Fault::ParametersRefused),
                // No fault: §7 allows it to a client that did not offer the parameter.
                (agreed.smwb.is_some(), Fault::SmwbRefused),
                (true, Fault::AnswerRefused),
            ];
            let is_refused = is_refused.iter().any(|(is_seen, fault)| *is_seen && faults.has(*fault));
            if is_legal && !is_refused { Ok(Some(agreed)) } else { Err(()) }
        }
        _ => Err(()),
    }
}

fn elements(head: &Head) -> Vec<String> {
    let values = head.values("Sec-WebSocket-Extensions").into_iter();
    values.flat_map(|value| value.split(',')).map(|element| element.trim().to_owned()).collect()
}

/// §7: an element with an unknown parameter, a parameter twice, or an illegal value is none.
fn read(element: &str, faults: Faults) -> Option<Parameters> {
    let mut parts = element.split(';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return None;
    }
    let (mut read, mut seen) = (Parameters::default(), Vec::new());
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => {
                let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                (name, Some(quoted.unwrap_or(value)))
            }
            None => (part, None),
        };
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value) {
            ("server_no_context_takeover", None) => read.snct = true,
            ("client_no_context_takeover", None) => read.cnct = true,
            ("server_max_window_bits", Some(value)) => read.smwb = Some(bits(value, faults)?),
            ("client_max_window_bits", None) => read.has_cmwb = true,
            ("client_max_window_bits", Some(value)) => {
                (read.has_cmwb, read.cmwb) = (true, Some(bits(value, faults)?));
            }
            _ if faults.has(Fault::UnknownParameterAgreed) => {}
            _ => return None,
        }
    }
    Some(read)
}

/// §7.1.2: 8 to 15, without leading zeros.
fn bits(value: &str, faults: Faults) -> Option<u8> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    match value.parse().ok().filter(|_| is_number)? {
        bits @ 8..=15 => Some(bits),
        16 if faults.has(Fault::Parameter16Agreed) => Some(15),
        _ => None,
    }
}
