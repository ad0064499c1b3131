//! The values of the placeholders in a head.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::judge::{Head, accept_value, elements};

/// The values of the placeholders.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values(Vec<(&'static str, Vec<u8>)>);

impl Values {
    /// The values for a response to this request: the right ones, and those that are wrong in one way.
    pub(crate) fn of_request(request: &Head) -> Self {
        let key = request.value("Sec-WebSocket-Key").unwrap_or_default();
        let accept = accept_value(key);
        let nonce = STANDARD.decode(key).unwrap_or_default();
        let hash = |parts: [&[u8]; 2]| STANDARD.encode(Sha1::digest(parts.concat()));
        let (start, end) = accept.split_at_checked(accept.len() / 2).unwrap_or_default();
        let protocols = elements(request, "Sec-WebSocket-Protocol");
        let protocol = protocols.first().map_or("chat", String::as_str);
        let other_case = Some(swap_case(protocol)).filter(|other| !protocols.contains(other));
        let offers = elements(request, "Sec-WebSocket-Extensions").concat();
        let extension = if offers.contains("permessage-deflate") {
            "x-webkit-deflate-frame"
        } else {
            "permessage-deflate"
        };
        let mut values = Self::default();
        values.set("key", key);
        values.set("accept", accept.as_str());
        values.set("accept-other-case", swap_case(&accept));
        values.set("accept-truncated", accept.trim_end_matches('='));
        values.set("accept-with-space", format!("{start} {end}"));
        values.set("accept-of-nonce", hash([&nonce, b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]));
        values.set("accept-guid-lower", hash([key, b"258eafa5-e914-47da-95ca-c5ab0dc85b11"]));
        values.set("protocol", protocol);
        values.set("protocol-other-case", other_case.unwrap_or_else(|| format!("{protocol}-unoffered")));
        values.set("extension-unoffered", extension);
        values.set("query", query(request));
        values
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Vec<u8>>) {
        self.0.push((name, value.into()));
    }

    /// The text with the values in the places of the placeholders.
    pub(super) fn fill(&self, text: &[u8]) -> Vec<u8> {
        let (mut filled, mut rest) = (Vec::new(), text);
        while let [first, tail @ ..] = rest {
            let end = if *first == b'{' { tail.iter().position(|byte| *byte == b'}') } else { None };
            let name = end.and_then(|end| tail.get(..end));
            if let Some((name, value)) = name.and_then(|name| self.get(name)) {
                filled.extend_from_slice(value);
                rest = tail.get(name.len().saturating_add(1)..).unwrap_or_default();
            } else {
                filled.push(*first);
                rest = tail;
            }
        }
        filled
    }

    fn get(&self, name: &[u8]) -> Option<(&'static str, &[u8])> {
        let (name, value) = self.0.iter().find(|(other, _)| other.as_bytes() == name)?;
        Some((name, value))
    }
}

/// The query of the request, with its question mark: a redirect with the same query belongs to the same case.
fn query(request: &Head) -> &[u8] {
    let resource = request.start_line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let at = resource.iter().position(|byte| *byte == b'?').unwrap_or(resource.len());
    resource.get(at..).unwrap_or_default()
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(swap).collect()
}
