//! Frame headers (§5.2). Each rule is checked when the byte arrives that breaks it.

use wsconform::Role;

use super::fault::{Fault, Faults};

/// A frame header.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub fin: bool,
    pub opcode: u8,
    /// RSV1: the message is compressed.
    pub compressed: bool,
    pub key: Option<[u8; 4]>,
    pub len: u64,
    /// The bytes of the header itself.
    pub size: usize,
}

/// The state of the connection that decides whether a header is legal.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The role of the endpoint that reads.
    pub role: Role,
    /// Whether a message has begun.
    pub in_message: bool,
    /// Whether permessage-deflate was agreed.
    pub deflate: bool,
    pub faults: Faults,
}

/// The close code of a failed connection.
pub type Failure = u16;

const PROTOCOL_ERROR: Failure = 1002;

impl Header {
    /// Reads the header at the start of `bytes`; `None` if some of its bytes are missing.
    pub fn read(bytes: &[u8], place: Place) -> Result<Option<Self>, Failure> {
        let Some(first) = bytes.first() else { return Ok(None) };
        let (fin, opcode) = first_byte(*first, place)?;
        let Some(second) = bytes.get(1) else { return Ok(None) };
        second_byte(*second, opcode, place)?;
        let Some((len, at)) = length(second & 0x7F, &bytes[2..], place.faults)? else { return Ok(None) };
        let size = 2 + at + if second & 0x80 != 0 { 4 } else { 0 };
        if bytes.len() < size {
            return Ok(None);
        }
        let key = bytes[2 + at..size].try_into().ok();
        let compressed = *first & 0x40 != 0 && place.deflate;
        Ok(Some(Self { fin, opcode, compressed, key, len, size }))
    }

    /// §5.5: control frames have the most significant bit of the opcode.
    pub fn is_control(&self) -> bool {
        self.opcode >= 0x8
    }
}

/// §5.2, §5.4: FIN and the opcode. Opcodes that a fault accepts are changed into those they are treated as.
fn first_byte(first: u8, place: Place) -> Result<(bool, u8), Failure> {
    let faults = place.faults;
    let accepted = [(0x40, Fault::AcceptRsv1), (0x20, Fault::AcceptRsv2), (0x10, Fault::AcceptRsv3)];
    // RFC 7692 §6.1: the first frame of a message only.
    let is_compressed = place.deflate
        && match first & 0xF {
            0x0 => faults.has(Fault::Rsv1OnContinuation),
            0x1 | 0x2 => true,
            _ => faults.has(Fault::Rsv1OnControl),
        };
    let mut illegal = if is_compressed { first & !0x40 } else { first };
    if place.deflate && faults.has(Fault::RsvUncheckedInDeflate) {
        illegal &= !0x30;
    }
    if accepted.iter().any(|(bit, fault)| illegal & bit != 0 && !faults.has(*fault)) {
        return Err(PROTOCOL_ERROR);
    }
    let (fin, opcode) = (first & 0x80 != 0, first & 0xF);
    let opcode = match opcode {
        0x0 if !place.in_message && !faults.has(Fault::StrayContinuationAccepted) => {
            return Err(PROTOCOL_ERROR);
        }
        0x1 | 0x2 if place.in_message && !faults.has(Fault::NewMessageInsideAccepted) => {
            return Err(PROTOCOL_ERROR);
        }
        0x0..=0x2 | 0x8..=0xA => opcode,
        0x3 if faults.has(Fault::AcceptOpcode3) => 0x2,
        0xB if faults.has(Fault::AcceptOpcodeB) => 0x9,
        _ if faults.has(Fault::IgnoreUnknownOpcode) => opcode,
        _ => return Err(PROTOCOL_ERROR),
    };
    if opcode >= 0x8 && !fin && !faults.has(Fault::ControlFin0Accepted) {
        return Err(PROTOCOL_ERROR);
    }
    Ok((fin, opcode))
}

/// §5.1, §5.5: the MASK bit, and the length of control frames.
fn second_byte(second: u8, opcode: u8, place: Place) -> Result<(), Failure> {
    let is_masked = second & 0x80 != 0;
    let is_accepted = match place.role {
        Role::Server => is_masked || place.faults.has(Fault::AcceptUnmasked),
        Role::Client => !is_masked || place.faults.has(Fault::AcceptMasked),
    };
    let is_too_long = opcode >= 0x8 && second & 0x7F > 125 && !place.faults.has(Fault::Control126Accepted);
    if is_accepted && !is_too_long { Ok(()) } else { Err(PROTOCOL_ERROR) }
}

/// §5.2: the length, and the number of bytes of its extended form.
fn length(short: u8, bytes: &[u8], faults: Faults) -> Result<Option<(u64, usize)>, Failure> {
    let size = match short {
        126 => 2,
        127 => 8,
        _ => return Ok(Some((u64::from(short), 0))),
    };
    if size == 8 && bytes.first().is_some_and(|byte| byte & 0x80 != 0) && !faults.has(Fault::AcceptMsb) {
        return Err(PROTOCOL_ERROR);
    }
    let Some(bytes) = bytes.get(..size) else { return Ok(None) };
    let number =
        |bytes: &mut dyn Iterator<Item = &u8>| bytes.fold(0, |len, byte| len << 8 | u64::from(*byte));
    let mut len: u64 = match faults.has(Fault::LengthLittleEndian) {
        true => number(&mut bytes.iter().rev()),
        false => number(&mut bytes.iter()),
    };
    if faults.has(Fault::AcceptMsb) {
        len &= u64::MAX >> 1;
    }
    let (least, accepts) = match size {
        2 => (126, Fault::AcceptNonMinimal16),
        _ => (0x1_0000, Fault::AcceptNonMinimal64),
    };
    let is_off_by_one =
        faults.has(Fault::OffByOne126) && len == 126 || faults.has(Fault::OffByOne65536) && len == 0x1_0000;
    let has_msb = bytes.len() == 8 && bytes[0] & 0x80 != 0;
    if is_off_by_one || len < least && !faults.has(accepts) && !has_msb {
        return Err(PROTOCOL_ERROR);
    }
    if faults.has(Fault::Length32Bit) {
        len &= 0xFFFF_FFFF;
    }
    Ok(Some((len, size)))
}
