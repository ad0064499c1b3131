//! Text in fragments (§5.6, §8.1).

use core::{mem, str};

use arbitrary::Arbitrary;
use websocket_proto::{Client, Error, Event, ProtocolError, ReceiveBuffer, Server};

use super::chunking::cut;
use super::start::{config, start};
use crate::support::{Keys, Side, frame};

/// A text, its fragments, and the reads in which it arrives.
#[derive(Debug, Arbitrary)]
pub struct Text {
    is_client: bool,
    in_parts: bool,
    /// Whether the last fragment has FIN.
    ends: bool,
    reads: Vec<u8>,
    fragments: Vec<Fragment>,
}

#[derive(Debug, Arbitrary)]
struct Fragment {
    pieces: Vec<Piece>,
    /// Whether a Ping follows, if this is not the last fragment.
    ping: bool,
}

#[derive(Debug, Arbitrary)]
enum Piece {
    Text(String),
    Bytes(Vec<u8>),
    /// The first bytes of a code point.
    Begin(char, u8),
    /// The other bytes of it.
    End(char, u8),
    /// ASCII, long enough for the fast paths of a validator.
    Ascii(u8),
}

impl Piece {
    fn write(&self, text: &mut Vec<u8>) {
        let mut encoded = [0; 4];
        let mut encode = |point: char, at: u8| {
            let len = point.encode_utf8(&mut encoded).len();
            (encoded, usize::from(at) % (len + 1), len)
        };
        match *self {
            Self::Text(ref piece) => text.extend(piece.as_bytes()),
            Self::Bytes(ref piece) => text.extend(piece),
            Self::Begin(point, at) => {
                let (bytes, at, _) = encode(point, at);
                text.extend(&bytes[..at]);
            }
            Self::End(point, at) => {
                let (bytes, at, len) = encode(point, at);
                text.extend(&bytes[at..len]);
            }
            Self::Ascii(count) => text.resize(text.len() + usize::from(count), b'a'),
        }
    }
}

/// A text fails exactly in the read that has its first byte at which `core::str::from_utf8` finds an error,
/// or the end of an incomplete text. In parts, all code points before that byte were delivered.
pub fn utf8(text: Text) {
    if text.is_client { run::<Client<Keys>>(&text) } else { run::<Server>(&text) }
}

fn run<R: Side>(text: &Text) {
    let (wire, payload, fails_at) = encode::<R>(text);
    let mut connection = start::<R>(config(if text.in_parts { 2 } else { 0 }, [0, 0]), 0);
    let (mut inbound, mut out) = (ReceiveBuffer::new(), vec![]);
    let (mut received, mut seen, mut messages, mut failed) = (0, String::new(), vec![], false);
    for read in cut(&wire, &text.reads) {
        received += read.len();
        assert_eq!(inbound.feed(read), read.len());
        loop {
            match connection.receive(&mut inbound, &mut out) {
                Ok(None) => break,
                Ok(Some(Event::Text(text))) => messages.push(text.to_owned()),
                Ok(Some(Event::TextPart { text, last })) => {
                    seen.push_str(text);
                    if last {
                        messages.push(mem::take(&mut seen));
                    }
                }
                Ok(Some(Event::Ping(_))) => {}
                Err(Error::Protocol(ProtocolError::InvalidUtf8)) => {
                    failed = true;
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(failed, fails_at.is_some_and(|at| at < received), "{received} of {wire:x?}, {fails_at:?}");
    }
    let valid = match str::from_utf8(&payload) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&payload[..error.valid_up_to()]).expect("§5.6: valid up to there"),
    };
    let is_whole = text.ends && !failed && !text.fragments.is_empty();
    assert_eq!(messages, if is_whole { vec![valid.to_owned()] } else { vec![] });
    if text.in_parts && !is_whole {
        assert_eq!(seen, valid, "all code points before the error");
    }
}

/// The frames, the text, and the index of the byte that makes it illegal.
fn encode<R: Side>(text: &Text) -> (Vec<u8>, Vec<u8>, Option<usize>) {
    let (mut wire, mut payload, mut fails_at) = (vec![], vec![], None);
    for (at, fragment) in text.fragments.iter().enumerate() {
        let (last, before) = (at + 1 == text.fragments.len(), payload.len());
        fragment.pieces.iter().for_each(|piece| piece.write(&mut payload));
        let fin = if last && text.ends { 0x80 } else { 0 };
        wire.extend(frame::<R>(fin | u8::from(at == 0), &payload[before..]));
        if fails_at.is_none() {
            let from = wire.len() - (payload.len() - before);
            fails_at = match str::from_utf8(&payload) {
                Err(error) if error.error_len().is_some() => {
                    let valid = error.valid_up_to();
                    // The first byte with which the bytes from `valid` on begin no code point.
                    let wrong = (valid..payload.len()).find(|&at| {
                        str::from_utf8(&payload[valid..=at]).is_err_and(|error| error.error_len().is_some())
                    });
                    wrong.map(|wrong| from + wrong - before)
                }
                Err(_) if fin != 0 => Some(wire.len() - 1),
                _ => None,
            };
        }
        if fragment.ping && !last {
            wire.extend(frame::<R>(0x89, b"?"));
        }
    }
    (wire, payload, fails_at)
}
