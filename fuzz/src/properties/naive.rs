//! A second implementation of the rules, from the text of the RFCs: slow, plain, and without the parsers of
//! the crate.

use core::str;

use websocket_proto::Config;
use websocket_proto::wire::{FrameHeader, HeaderError, MessageKind, Opcode, ReservedBits};

use crate::support::Seen;

/// §5.2: the header and its length; `None` while it is incomplete.
pub(super) fn frame_header(bytes: &[u8]) -> Result<Option<(FrameHeader, usize)>, HeaderError> {
    let Some((payload_len, key_at)) = payload_len(bytes)? else { return Ok(None) };
    let opcodes = [
        (0, Opcode::Continuation),
        (1, Opcode::Text),
        (2, Opcode::Binary),
        (8, Opcode::Close),
        (9, Opcode::Ping),
        (10, Opcode::Pong),
    ];
    let (_, opcode) = opcodes.into_iter().find(|(bits, _)| bytes[0] % 16 == *bits).expect("judged before");
    let len = if bytes[1] >= 128 { key_at + 4 } else { key_at };
    let Some(key) = bytes.get(key_at..len) else { return Ok(None) };
    let (fin, reserved) = (bytes[0] >= 128, ReservedBits::from_first_byte(bytes[0]));
    Ok(Some((FrameHeader { fin, reserved, opcode, masking_key: key.try_into().ok(), payload_len }, len)))
}

/// The declared payload length, and the end of its field.
fn payload_len(bytes: &[u8]) -> Result<Option<(u64, usize)>, HeaderError> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    if !matches!(first % 16, 0..=2 | 8..=10) {
        return Err(HeaderError::ReservedOpcode);
    }
    let control = first % 16 >= 8;
    if control && first < 128 {
        return Err(HeaderError::ControlFragmented);
    }
    let Some(&second) = bytes.get(1) else { return Ok(None) };
    if control && second % 128 > 125 {
        return Err(HeaderError::ControlTooLong);
    }
    let (end, least) = match second % 128 {
        126 => (4, 126),
        127 => (10, 65_536),
        len => return Ok(Some((len.into(), 2))),
    };
    let Some(extended) = bytes.get(2..end) else { return Ok(None) };
    match extended.iter().fold(0, |len, &byte| len * 256 + u64::from(byte)) {
        len if len < least => Err(HeaderError::LengthNotMinimal),
        len if len >= 1 << 63 => Err(HeaderError::LengthTooLarge),
        len => Ok(Some((len, end))),
    }
}

/// The frames in some bytes, as the reader of an open connection sees them.
#[derive(Debug, Default)]
pub(super) struct Read<'w> {
    pub(super) events: Vec<Seen>,
    pub(super) keys: Vec<[u8; 4]>,
    /// The close code of the first violation (§7.4.1).
    pub(super) fails: Option<u16>,
    /// The bytes from an incomplete or illegal frame on, or after a Close.
    pub(super) rest: &'w [u8],
}

/// Reads frames (§5, §8.1, §10.4), `masked` or not, up to the first Close.
pub(super) fn frames<'w>(wire: &'w [u8], masked: bool, limits: &Config) -> Read<'w> {
    let mut read = Read { rest: wire, ..Read::default() };
    read.fails = read.frames(masked, limits).err();
    read
}

impl Read<'_> {
    fn frames(&mut self, masked: bool, limits: &Config) -> Result<(), u16> {
        // The open message: its kind, the number of its frames, and its bytes.
        let mut message: Option<(MessageKind, u32, Vec<u8>)> = None;
        while let Some(&first) = self.rest.first() {
            let declared = payload_len(self.rest).map_err(|_| 1002u16)?;
            let (fin, control, opcode) = (first >= 128, first % 16 >= 8, first % 16);
            let wrong_mask = self.rest.get(1).is_some_and(|&second| (second >= 128) != masked);
            if first & 0x70 != 0 || wrong_mask || (!control && (opcode == 0) != message.is_some()) {
                return Err(1002);
            }
            if let (Some((len, _)), false) = (declared, control) {
                let (_, count, bytes) = message.get_or_insert((
                    if opcode == 1 { MessageKind::Text } else { MessageKind::Binary },
                    0,
                    Vec::new(),
                ));
                *count += 1;
                if len > limits.max_frame_size || bytes.len() as u64 + len > limits.max_message_size {
                    return Err(1009);
                }
                if *count > limits.max_fragments {
                    return Err(1008);
                }
            }
            let Ok(Some((header, header_len))) = frame_header(self.rest) else { return Ok(()) };
            let there = &self.rest[header_len..];
            let whole = header.payload_len <= there.len() as u64;
            let there = if whole { &there[..header.payload_len as usize] } else { there };
            let key = header.masking_key.unwrap_or_default();
            let payload: Vec<u8> = there.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            if let (Some((kind, _, bytes)), false) = (&mut message, control) {
                bytes.extend(&payload);
                let ends = whole && fin;
                if *kind == MessageKind::Text
                    && str::from_utf8(bytes).is_err_and(|error| ends || error.error_len().is_some())
                {
                    return Err(1007);
                }
            }
            if !whole {
                return Ok(());
            }
            self.rest = &self.rest[header_len + header.payload_len as usize..];
            self.keys.extend(header.masking_key);
            self.events.extend(match (opcode, fin) {
                (8, _) => Some(Seen::Close(close(&payload)?)),
                (9, _) => Some(Seen::Ping(payload)),
                (10, _) => Some(Seen::Pong(payload)),
                (_, false) => None,
                (_, true) => message.take().map(|(kind, _, bytes)| Seen::message(kind, bytes)),
            });
            if opcode == 8 {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// §5.5.1, §7.4: the body of a Close.
fn close(payload: &[u8]) -> Result<Option<(u16, String)>, u16> {
    match payload {
        [] => Ok(None),
        [_] => Err(1002),
        [upper, lower, reason @ ..] => match u16::from(*upper) * 256 + u16::from(*lower) {
            code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => {
                Ok(Some((code, str::from_utf8(reason).map_err(|_| 1007u16)?.to_owned())))
            }
            _ => Err(1002),
        },
    }
}

/// The head of an HTTP/1.1 message (RFC 9112 §2.1), each byte a character.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) start: String,
    /// Names in lower case.
    pub(super) fields: Vec<(String, String)>,
    /// Whether a value has several lines (RFC 9112 §5.2).
    pub(super) folded: bool,
    pub(super) len: usize,
}

impl Head {
    /// The legal head at the start of `bytes`; `None` if it is incomplete.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let text: String = bytes[..end].iter().map(|&byte| char::from(byte)).collect();
        let (start, fields) = text.split_once("\r\n").unwrap_or((&text, ""));
        // RFC 9112 §5.2
        let unfolded = fields.replace("\r\n ", " ").replace("\r\n\t", " ");
        let folded = unfolded != fields;
        let fields = unfolded.split_terminator("\r\n").map(|line| {
            let (name, value) = line.split_once(':').expect("RFC 9112 §5");
            assert!(is_token(name), "{line:?}");
            assert!(value.chars().all(|char| char == '\t' || !char.is_ascii_control()), "{line:?}");
            (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned())
        });
        assert!(!start.chars().any(|char| char.is_ascii_control() && char != '\t'), "{start:?}");
        Some(Self { start: start.to_owned(), fields: fields.collect(), folded, len: end + 4 })
    }

    /// The values of all lines of this name.
    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|field| field.0 == name).map(|field| &field.1[..]).collect()
    }

    /// The elements of all lines of this name (RFC 9110 §5.6.1).
    pub(super) fn elements(&self, name: &str) -> Vec<&str> {
        let all = self.values(name).into_iter().flat_map(|value| value.split(','));
        all.map(|element| element.trim_matches([' ', '\t'])).filter(|element| !element.is_empty()).collect()
    }

    /// Whether this is one of the elements; case is ignored.
    pub(super) fn lists(&self, name: &str, element: &str) -> bool {
        self.elements(name).iter().any(|found| found.eq_ignore_ascii_case(element))
    }
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char))
}
