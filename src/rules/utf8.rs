//! UTF-8 across fragments and reads (§8.1): validation fails at the first impossible byte.

use core::str;

/// Validates a text piece by piece. Between two pieces it keeps the bytes of an incomplete code point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Utf8Validator {
    /// The incomplete code point is `bytes[..len]`.
    bytes: [u8; 4],
    /// At most 3 between two calls.
    len: u8,
}

/// The bytes are not UTF-8, and no further bytes can make them so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotUtf8;

impl Utf8Validator {
    /// Validates the next bytes of the text.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<(), NotUtf8> {
        while self.len > 0 {
            let [next, rest @ ..] = bytes else { return Ok(()) };
            bytes = rest;
            let Some(slot) = self.bytes.get_mut(usize::from(self.len)) else { return Err(NotUtf8) };
            *slot = *next;
            // `get_mut` succeeded, so `len` is at most 4 now.
            self.len = self.len.saturating_add(1);
            let Some(code_point) = self.bytes.get(..usize::from(self.len)) else { return Err(NotUtf8) };
            match TextEnd::of(code_point)? {
                TextEnd::Boundary => self.len = 0,
                TextEnd::Inside(_) => {}
            }
        }
        if let TextEnd::Inside(valid) = TextEnd::of(bytes)? {
            let incomplete = bytes.get(valid..).unwrap_or_default();
            debug_assert!((1..=3).contains(&incomplete.len()), "{valid} of {}", bytes.len());
            for (slot, byte) in self.bytes.iter_mut().zip(incomplete) {
                *slot = *byte;
            }
            // 1 to 3. The mask keeps `len` within `bytes` even if the validator is wrong.
            self.len = incomplete.len() as u8 & 3;
        }
        Ok(())
    }

    /// Whether the text can end here (§8.1).
    pub(crate) const fn at_boundary(self) -> bool {
        self.len == 0
    }
}

/// How the beginning of a text ends: with a whole code point, or inside one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEnd {
    /// With a whole code point, or the beginning is empty.
    Boundary,
    /// Inside a code point. Its bytes, one to three, begin at this position.
    Inside(usize),
}

impl TextEnd {
    /// Validates the beginning of a text: its last code point may be incomplete.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, NotUtf8> {
        match validate(bytes) {
            Ok(_) => Ok(Self::Boundary),
            Err(InvalidAt { valid_up_to, is_incomplete: true }) => Ok(Self::Inside(valid_up_to)),
            Err(_) => Err(NotUtf8),
        }
    }
}

/// The end of the valid part of a text that is not valid.
struct InvalidAt {
    valid_up_to: usize,
    /// Whether further bytes can complete the code point there.
    is_incomplete: bool,
}

/// Validates a text, and finds the end of its valid part.
fn validate(bytes: &[u8]) -> Result<&str, InvalidAt> {
    #[cfg(feature = "simd")]
    use simdutf8::compat::from_utf8;
    #[cfg(not(feature = "simd"))]
    use str::from_utf8;
    from_utf8(bytes).map_err(|error| InvalidAt {
        valid_up_to: error.valid_up_to(),
        is_incomplete: error.error_len().is_none(),
    })
}

/// The valid part of a text, up to its last whole code point or its first invalid byte, and how the text
/// ends.
pub(crate) fn valid_prefix(bytes: &[u8]) -> (&str, Result<TextEnd, NotUtf8>) {
    let InvalidAt { valid_up_to, is_incomplete } = match validate(bytes) {
        Ok(text) => return (text, Ok(TextEnd::Boundary)),
        Err(error) => error,
    };
    let valid = bytes.get(..valid_up_to).unwrap_or_default();
    (
        text(valid).unwrap_or_default(),
        if is_incomplete { Ok(TextEnd::Inside(valid_up_to)) } else { Err(NotUtf8) },
    )
}

/// Validates a whole text (§8.1).
// Inlined for short texts: each text message passes here.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> Result<&str, NotUtf8> {
    // Below 64 bytes the inlined standard validator is faster than a call into simdutf8.
    #[cfg(feature = "simd")]
    if bytes.len() >= 64 {
        return simdutf8::basic::from_utf8(bytes).map_err(|_| NotUtf8);
    }
    str::from_utf8(bytes).map_err(|_| NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::{NotUtf8, TextEnd, Utf8Validator};

    /// The position of the first byte that is not UTF-8; the length if the last code point is incomplete;
    /// `None` for valid UTF-8.
    fn failure(pieces: &[&[u8]]) -> Option<usize> {
        let mut utf8 = Utf8Validator::default();
        let mut seen = 0;
        for piece in pieces {
            for byte in *piece {
                if utf8.push(&[*byte]).is_err() {
                    return Some(seen);
                }
                seen += 1;
            }
        }
        (!utf8.at_boundary()).then_some(seen)
    }

    fn whole(pieces: &[&[u8]]) -> bool {
        let mut utf8 = Utf8Validator::default();
        pieces.iter().all(|piece| utf8.push(piece).is_ok()) && utf8.at_boundary()
    }

    #[test]
    fn u8_04_fails_at_the_first_impossible_byte() {
        for (bytes, at) in [
            (&b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"[..], None),
            (b"a\x80", Some(1)),
            (b"\xc0", Some(0)),
            (b"\xc1", Some(0)),
            (b"\xc2\x41", Some(1)),
            (b"\xe0\x9f", Some(1)),
            (b"\xed\xa0", Some(1)),
            (b"\xf0\x8f", Some(1)),
            (b"\xf4\x90", Some(1)),
            (b"\xf5", Some(0)),
            (b"\xfe", Some(0)),
            (b"\xff", Some(0)),
            (b"\xf4\x8f\xbf\xbf", None),
            (b"\xef\xbb\xbf\x00", None),
            (b"\xf0\x9f\x98", Some(3)),
            (b"ok\xce", Some(3)),
            (b"\xf0\x9f\x98\x41", Some(3)),
        ] {
            assert_eq!(failure(&[bytes]), at, "{bytes:02x?}");
        }
    }

    #[test]
    fn u8_08_every_cut_of_every_input_agrees_with_core() {
        let mut inputs: Vec<Vec<u8>> = vec![b"".to_vec()];
        for a in 0..=u8::MAX {
            inputs.push(vec![a]);
            for b in 0..=u8::MAX {
                inputs.push(vec![a, b]);
            }
        }
        let edges = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0,
            0xF4, 0xF5, 0xFF,
        ];
        for a in edges {
            for b in edges {
                for c in edges {
                    inputs.push(vec![a, b, c]);
                    for d in edges {
                        inputs.push(vec![a, b, c, d]);
                        inputs.push(vec![0x61, a, b, c, d, 0x62]);
                    }
                }
            }
        }
        let mut random = fastrand::Rng::with_seed(8);
        for _ in 0..2_000 {
            let text: String = (0..random.usize(..20)).map(|_| random.char(..)).collect();
            let mut bytes = text.into_bytes();
            if random.bool() && !bytes.is_empty() {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
            inputs.push(bytes);
        }
        for input in &inputs {
            let valid = core::str::from_utf8(input).is_ok();
            assert_eq!(failure(&[input]).is_none(), valid, "{input:02x?}");
            for cut in 0..=input.len() {
                let (left, right) = input.split_at(cut);
                assert_eq!(whole(&[left, right]), valid, "{input:02x?} cut at {cut}");
            }
        }
    }

    #[test]
    fn u8_08_long_texts_agree_with_core() {
        let mut random = fastrand::Rng::with_seed(64);
        for _ in 0..3_000 {
            let narrow = random.bool();
            let text: String =
                (0..random.usize(..200)).map(|_| if narrow { 'a' } else { random.char(..) }).collect();
            let mut bytes = text.into_bytes();
            match random.u8(..4) {
                0 if !bytes.is_empty() => {
                    let at = random.usize(..bytes.len());
                    bytes[at] ^= 1 << random.u32(..8);
                }
                1 => bytes.truncate(random.usize(..=bytes.len())),
                _ => {}
            }
            let core = core::str::from_utf8(&bytes);
            assert_eq!(super::text(&bytes).ok(), core.ok(), "{bytes:02x?}");
            let cut = match core {
                Ok(_) => Ok(TextEnd::Boundary),
                Err(error) if error.error_len().is_none() => Ok(TextEnd::Inside(error.valid_up_to())),
                Err(_) => Err(NotUtf8),
            };
            assert_eq!(TextEnd::of(&bytes), cut, "{bytes:02x?}");
            let valid = core.map_or_else(|error| &bytes[..error.valid_up_to()], str::as_bytes);
            let (prefix, end) = super::valid_prefix(&bytes);
            assert_eq!((prefix.as_bytes(), end), (valid, cut), "{bytes:02x?}");
        }
    }
}
