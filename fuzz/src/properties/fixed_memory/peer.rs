//! The bytes that the peer sends: near the room of the memory.

use arbitrary::Arbitrary;

use super::super::input::Input;
use crate::support::{REQUEST, RESPONSE, Side, frame, with_field};

#[derive(Debug, Arbitrary)]
pub(super) enum Piece {
    Any(Input),
    /// A head that is so many bytes longer than the memory has room for, with so many fields more than it
    /// needs.
    Head(i8, u8),
    /// A response before the final one.
    Interim,
    /// A data frame that makes the message this many bytes longer than the memory has room for. A text ends
    /// with the beginning of a code point.
    Full {
        is_text: bool,
        fin: bool,
        more: i8,
        begun: u8,
    },
    /// A data frame of any length.
    Fragment {
        is_text: bool,
        fin: bool,
        len: u8,
    },
    /// A control frame, legal or too long.
    Control(u8, u8),
    /// A compressed message: a block of one byte and of so many matches, or a stored block.
    Matches(u8),
    Stored(u8),
}

/// The peer.
#[derive(Default)]
pub(super) struct Peer {
    /// What has not arrived.
    pub(super) wire: Vec<u8>,
    /// The bytes of the message that it sends in fragments.
    message: Option<usize>,
}

impl Peer {
    /// Sends a piece. A head of `room[0]` bytes and a message of `room[1]` bytes fit into the memory.
    pub(super) fn send<S: Side>(&mut self, piece: &Piece, room: [usize; 2]) {
        let bytes = match *piece {
            Piece::Any(ref input) => {
                input.write::<S>(&mut self.wire);
                return;
            }
            Piece::Head(more, fields) => head::<S>(room[0].saturating_add_signed(more.into()), fields),
            Piece::Interim => b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec(),
            Piece::Full { is_text, fin, more, begun } => {
                let len = room[1].saturating_add_signed(more.into());
                let code_point = &"\u{10FFFF}".as_bytes()[..usize::from(begun % 4)];
                let mut payload = vec![b'a'; len.saturating_sub(self.message.unwrap_or_default())];
                let at = payload.len().saturating_sub(code_point.len());
                for (byte, begun) in payload[at..].iter_mut().zip(code_point) {
                    *byte = *begun;
                }
                self.data::<S>(is_text, fin, &payload)
            }
            Piece::Fragment { is_text, fin, len } => self.data::<S>(is_text, fin, &vec![b'b'; len.into()]),
            Piece::Control(opcode, len) => frame::<S>(
                0x88 | (opcode % 3),
                &[&[3, 0xE8], &vec![b'c'; len.into()][..]].concat()[..len.into()],
            ),
            Piece::Matches(count) => frame::<S>(0xC1, &matches(count.into())),
            Piece::Stored(len) => {
                let len = u16::from(len);
                let [lengths, complement] = [len, !len].map(u16::to_le_bytes);
                frame::<S>(0xC2, &[&[0][..], &lengths, &complement, &vec![b'd'; len.into()], &[0]].concat())
            }
        };
        self.wire.extend(bytes);
    }

    /// A frame of a message, with FIN or without.
    fn data<S: Side>(&mut self, is_text: bool, fin: bool, payload: &[u8]) -> Vec<u8> {
        let opcode = match (self.message, is_text) {
            (Some(_), _) => 0,
            (None, true) => 1,
            (None, false) => 2,
        };
        let len = self.message.unwrap_or_default() + payload.len();
        self.message = if fin { None } else { Some(len) };
        frame::<S>(opcode | if fin { 0x80 } else { 0 }, payload)
    }
}

/// A request or a response of this length, if it can be that short.
fn head<S: Side>(len: usize, fields: u8) -> Vec<u8> {
    let head = if S::PEER_MASKS { REQUEST } else { RESPONSE };
    let fields = "A: b\r\n".repeat(fields.into());
    let missing = len.saturating_sub(head.len() + fields.len() + "B: \r\n".len());
    with_field(head, "A", format!("{fields}B: {}\r\n", "b".repeat(missing)))
}

/// RFC 1951 §3.2.6: a block with fixed codes, of `a` and of matches of 258 bytes. RFC 7692 §7.2.1: then an
/// empty stored block without its last four bytes.
fn matches(count: usize) -> Vec<u8> {
    let codes = ["010", "10010001"].into_iter().chain(["11000101", "00000"].repeat(count));
    let bits: Vec<u8> = codes.chain(["0000000", "000"]).flat_map(str::bytes).collect();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| (byte << 1) | (bit - b'0'));
    bits.chunks(8).map(byte).collect()
}
