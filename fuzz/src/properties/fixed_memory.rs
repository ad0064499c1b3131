//! Fixed memory of any length.

use arbitrary::Arbitrary;
use websocket_proto::{Client, Error, ProtocolError, ReceiveBuffer, Server};

use super::chunking::cut;
use super::input::Input;
use super::start::{config, start};
use crate::support::{Keys, Outcome, Side, feed, frame};

/// Input for a connection in fixed memory.
#[derive(Debug, Arbitrary)]
pub struct FixedMemory {
    is_client: bool,
    in_parts: bool,
    is_compressed: bool,
    /// How much longer than the least length the memory is.
    len: u16,
    max_message_size: u16,
    reads: Vec<u8>,
    input: Vec<Piece>,
}

#[derive(Debug, Arbitrary)]
enum Piece {
    Any(Input),
    /// A text of the length of the memory, less a few bytes. It ends with the beginning of a code point.
    Full {
        fin: bool,
        less: u8,
        begun: u8,
    },
}

impl Piece {
    fn write<R: Side>(&self, memory: usize, wire: &mut Vec<u8>) {
        match *self {
            Self::Any(ref input) => input.write::<R>(wire),
            Self::Full { fin, less, begun } => {
                let mut text = vec![b'a'; memory.saturating_sub(less.into())];
                text.extend(&"\u{10FFFF}".as_bytes()[..usize::from(begun % 4)]);
                wire.extend(frame::<R>(if fin { 0x81 } else { 1 }, &text));
            }
        }
    }
}

/// Fixed and growing memory give the same events, output and error, as long as the largest message and a
/// control frame fit into the fixed memory together. A message that does not fit is `MessageTooBig`.
pub fn fixed_memory(input: FixedMemory) {
    if input.is_client { run::<Client<Keys>>(&input) } else { run::<Server>(&input) }
}

fn run<R: Side>(input: &FixedMemory) {
    let mut memory = vec![0xA5; ReceiveBuffer::MIN_LEN + usize::from(input.len)];
    let mut wire = vec![];
    input.input.iter().for_each(|piece| piece.write::<R>(memory.len(), &mut wire));
    let reads = cut(&wire, &input.reads);
    // §5.5: a control frame
    let room = memory.len() as u64 - 131;
    let mut config = config(if input.in_parts { 2 } else { 0 }, [0, 0]);
    let options = if input.is_compressed { 8 } else { 0 };
    let mut both = |max_message_size| -> [Outcome; 2] {
        config.max_message_size = max_message_size;
        let connection = || start::<R>(config, options);
        [
            feed(connection(), ReceiveBuffer::with_retained_capacity(64), reads.iter().copied(), |_, _| ()),
            feed(connection(), ReceiveBuffer::fixed(&mut memory), reads.iter().copied(), |_, _| ()),
        ]
    };
    let limit = u64::from(input.max_message_size);
    let [growing, fixed] = both(limit);
    if input.in_parts {
        assert_eq!(fixed, growing);
        return;
    }
    if fixed != growing {
        assert_eq!(fixed.error, Some(Error::Protocol(ProtocolError::MessageTooBig)));
        assert!(growing.events.starts_with(&fixed.events));
        // A compressed message needs room for the bytes of a read, too.
        assert!(limit > room || input.is_compressed, "{limit} of {room}");
    }
    if !input.is_compressed {
        let [growing, fixed] = both(limit.min(room));
        assert_eq!(fixed, growing);
    }
}
