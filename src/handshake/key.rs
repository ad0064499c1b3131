//! Sec-WebSocket-Key and Sec-WebSocket-Accept (§1.3, §4.2.2); the only user of SHA-1 and base64.

use core::str;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::http1::grammar::{BASE64, all};

/// The value of a Sec-WebSocket-Key field: 16 bytes in base64 (§4.1).
///
/// ```
/// use websocket_proto::handshake::Key;
///
/// let key = Key::new(*b"the sample nonce"); // §1.3
/// assert_eq!(key.as_str(), "dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(key.accept().as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 24]);

impl Key {
    /// The key for this nonce, which must be random for each connection (§4.1).
    #[doc(alias = "generate_key")]
    #[must_use]
    pub fn new(nonce: [u8; 16]) -> Self {
        let mut text = [0; 24];
        let written = STANDARD.encode_slice(nonce, &mut text);
        debug_assert_eq!(written, Ok(24));
        Self(text)
    }

    /// The key in this field value. `None` if the value is not 16 bytes in base64.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = <[u8; 24]>::try_from(value).ok()?;
        // §4.1: 16 bytes are 22 characters and two of padding. The unused bits of the last character can have
        // any value: they are set in the example of §4.1. So nothing has to be decoded.
        let characters = text.strip_suffix(b"==")?;
        all(characters, BASE64).then_some(Self(text))
    }

    /// The field's value.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 24] {
        &self.0
    }

    /// The field's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The server's response to this key (§4.2.2): the SHA-1 of its text and the protocol's GUID, in base64.
    #[doc(alias = "derive_accept_key")]
    #[must_use]
    pub fn accept(&self) -> AcceptKey {
        let mut sha1 = Sha1::new();
        sha1.update(self.0);
        sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let digest: [u8; 20] = sha1.finalize().into();
        let mut text = [0; 28];
        let written = STANDARD.encode_slice(digest, &mut text);
        debug_assert_eq!(written, Ok(28));
        AcceptKey(text)
    }
}

/// The value of a Sec-WebSocket-Accept field (§4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptKey([u8; 28]);

impl AcceptKey {
    /// The field's value.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 28] {
        &self.0
    }

    /// The field's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A hash of a subprotocol's name: a client keeps it instead of the name. Eight bytes of SHA-1: a server
/// cannot find another name with the same hash in less than 2^64 steps.
pub(super) fn fingerprint(name: &[u8]) -> [u8; 8] {
    let digest: [u8; 20] = Sha1::digest(name).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::Key;

    /// S-RS-04 (§4.2.2).
    #[test]
    fn the_accept_value_has_known_answers() {
        for (key, accept) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), // §1.3
            ("zkt8dDQa61WCBACQ0KA+pQ==", "QbHcxHtM1yCmV3UzNEcnEbhx6Ew="),
            ("Omt7iN7CaEUxYdm+wlVEaA==", "ggdcU6xoySObbFCh62I2J3eRxu0="),
        ] {
            let key = Key::parse(key.as_bytes()).unwrap();
            assert_eq!(key.accept().as_str(), accept);
            assert_eq!(key.accept().as_bytes(), accept.as_bytes());
        }
    }

    /// C-HS-06 (§4.1).
    #[test]
    fn the_key_is_the_nonce_in_base64() {
        assert_eq!(Key::new(*b"the sample nonce").as_bytes(), b"dGhlIHNhbXBsZSBub25jZQ==");
    }

    /// S-HS-08 (§4.2.1, §11.3.1).
    #[test]
    fn only_sixteen_bytes_in_base64_are_a_key() {
        for (text, valid) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", true),
            ("AQIDBAUGBwgJCgsMDQ4PEC==", true), // §4.1, whose last character has bits that do not count
            ("AAAAAAAAAAAAAAAAAAAAAA==", true),
            ("", false),
            ("dGhlIHNhbXBsZSBub25jZQ", false),
            ("dGhlIHNhbXBsZSBub25jZQ=", false),
            ("dGhlIHNhbXBsZSBub25jZQ===", false),
            ("dGhlIHNhbXBsZSBub25jZWE=", false),
            ("dGhlIHNhbXBsZSBub25jZWFh", false),
            ("dGhlIHNhbXBsZSBub25=ZQ==", false),
            ("dGhlIHNhbXBsZSBub25jZ===", false),
            ("dGhlIHNhbXBsZSBub25jZ-==", false),
            ("dGhlIHNhbXBsZSBub25j Q==", false),
            ("dGhlIHNhbXBsZSBub25j\u{e9}==", false),
        ] {
            assert_eq!(Key::parse(text.as_bytes()).is_some(), valid, "{text}");
        }
    }
}
