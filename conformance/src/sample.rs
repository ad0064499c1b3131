//! Generated data that compresses as real data does.

use crate::random::Random;

/// A kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sample {
    /// Records with the same names and different values.
    Json,
    /// Sentences of frequent words.
    Prose,
    /// Nested tags with text.
    Html,
    /// Pixels of an image: neighbours have similar colours.
    Pixels,
    /// Random bytes, which cannot be compressed.
    Random,
}

const WORDS: [&str; 32] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "is",
    "that",
    "for",
    "it",
    "was",
    "on",
    "with",
    "as",
    "be",
    "are",
    "frame",
    "message",
    "server",
    "client",
    "window",
    "payload",
    "fragment",
    "handshake",
    "connection",
    "extension",
    "parameter",
    "protocol",
    "endpoint",
    "mask",
    "opcode",
    "length",
];

impl Sample {
    /// So many bytes; each number gives others.
    #[must_use]
    pub fn bytes(self, number: u32, len: usize) -> Vec<u8> {
        let mut random = Random::new(u64::from(number), "sample", 0);
        let mut bytes = Vec::new();
        let mut colour = 128;
        while bytes.len() < len {
            match self {
                Self::Json => bytes.extend(record(&mut random).bytes()),
                Self::Prose => bytes.extend(sentence(&mut random).bytes()),
                Self::Html => {
                    let (class, text) = (random.below(9), sentence(&mut random));
                    bytes.extend(format!("<div class=\"row-{class}\"><p>{text}</p></div>\n").bytes());
                }
                Self::Pixels => {
                    let step = random.below(5).to_le_bytes()[0];
                    colour = u8::wrapping_add(colour, step).wrapping_sub(2);
                    bytes.extend([colour, colour / 2, 255 - colour]);
                }
                Self::Random => bytes.extend(random.bytes::<8>()),
            }
        }
        bytes.truncate(len);
        bytes
    }
}

fn sentence(random: &mut Random) -> String {
    let count = 5 + random.below(10);
    let words: Vec<_> = (0..count).filter_map(|_| random.choose(&WORDS).copied()).collect();
    format!("{}. ", words.join(" "))
}

fn record(random: &mut Random) -> String {
    let (id, size, ratio) = (random.below(100_000), random.below(4096), random.below(1000));
    let name = random.choose(&WORDS).copied().unwrap_or_default();
    let is_open = random.below(2) == 0;
    format!(
        "{{\"id\":{id},\"name\":\"{name}\",\"size\":{size},\"open\":{is_open},\"ratio\":0.{ratio:03}}},\n"
    )
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn samples_have_their_length_and_differ() {
        for sample in [Sample::Json, Sample::Prose, Sample::Html, Sample::Pixels, Sample::Random] {
            for len in [0, 16, 1000] {
                assert_eq!(sample.bytes(0, len).len(), len);
            }
            assert_eq!(sample.bytes(1, 300), sample.bytes(1, 300));
            assert_ne!(sample.bytes(1, 300), sample.bytes(2, 300));
            let is_text = core::str::from_utf8(&sample.bytes(3, 3000)).is_ok();
            assert_eq!(is_text, matches!(sample, Sample::Json | Sample::Prose | Sample::Html));
        }
    }
}
