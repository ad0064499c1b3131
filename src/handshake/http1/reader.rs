//! Reads the head of an HTTP/1.1 message (RFC 9112 §2.1) to its end, and checks the grammar of each line.
//!
//! ```text
//!  (CRLF)*  start line CRLF   name ":" value CRLF   …   CRLF
//!           │                 │                │         └ end of the head
//!           │                 └ line           └ scanned
//!           └ start
//! ```
//! Each byte is checked when it is received, before its line ends. The number of times that a byte is read is
//! bounded, however the head is split into reads.

use super::fields::{Headers, Known};
use super::grammar::{TOKEN, VALUE, VISIBLE, is, is_token};
use super::scan::{find, printable};
use crate::error::HandshakeError;

/// The limits of a head. A head of exactly the limit is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadLimits {
    /// Bytes of the head.
    pub(crate) head: usize,
    /// Bytes of a line without its CRLF.
    pub(crate) line: usize,
    /// Field lines.
    pub(crate) fields: usize,
}

/// RFC 9112 §2.2: "a server ... SHOULD ignore at least one empty line (CRLF) received prior to the
/// request-line". Four is more than a client sends after a request, and bounds the bytes that are ignored.
const MAX_EMPTY_LINES: u8 = 4;

/// Of which message the head is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeadKind {
    Request,
    Response,
}

/// The position of the next byte in the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Start,
    EmptyLineCr,
    StartLine,
    StartLineCr,
    FieldStart,
    Name,
    Value,
    ValueCr,
    EndCr,
}

/// The progress in a head. Offsets count from the first byte of the head, and no offset exceeds its limit:
/// sums saturate only because they must not panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadReader {
    kind: HeadKind,
    position: Position,
    empty_lines: u8,
    /// The offset of the first field line.
    first_field: usize,
    /// The offset of the current line.
    line: usize,
    /// The number of bytes that were read.
    scanned: usize,
    /// The number of field lines that have begun.
    fields: usize,
}

/// A whole head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'b> {
    /// The start line, without its CRLF.
    pub(crate) start_line: &'b [u8],
    /// The fields.
    pub(crate) headers: Headers<'b>,
}

impl HeadReader {
    pub(crate) const REQUEST: Self = Self::new(HeadKind::Request);
    pub(crate) const RESPONSE: Self = Self::new(HeadKind::Response);

    const fn new(kind: HeadKind) -> Self {
        Self {
            kind,
            position: Position::Start,
            empty_lines: 0,
            first_field: 0,
            line: 0,
            scanned: 0,
            fields: 0,
        }
    }

    /// Whether at least one byte of the head was read.
    pub(crate) const fn has_begun(&self) -> bool {
        self.scanned > 0
    }

    /// Reads on in a head that begins with `bytes`. Returns the length of the head when it is complete.
    ///
    /// `start_line` checks the start line when it is complete, and `field` checks each known field of a
    /// request: its value can have whitespace around it. In a response, spaces replace a fold, so the end of
    /// a field is known only when the next line begins.
    pub(crate) fn read(
        &mut self,
        bytes: &mut [u8],
        limits: &HeadLimits,
        start_line: impl Fn(&[u8]) -> Result<(), HandshakeError>,
        mut field: impl FnMut(Known, &[u8]) -> Result<(), HandshakeError>,
    ) -> Result<Option<usize>, HandshakeError> {
        loop {
            if self.position == Position::FieldStart {
                self.read_whole_fields(bytes, limits, &mut field)?;
            }
            if matches!(self.position, Position::StartLine | Position::Name | Position::Value) {
                // The byte at a limit is checked below.
                let end = bytes.len().min(limits.head).min(self.line.saturating_add(limits.line));
                let run = self.run_len(bytes.get(self.scanned..end).unwrap_or_default());
                self.scanned = self.scanned.saturating_add(run);
            }
            let Some(&byte) = bytes.get(self.scanned) else { return Ok(None) };
            if self.scanned >= limits.head {
                return Err(HandshakeError::HeadTooLong);
            }
            if self.scanned.saturating_sub(self.line) >= limits.line && !matches!(byte, b'\r' | b'\n') {
                return Err(self.line_too_long());
            }
            let next = self.step(byte, bytes, limits)?;
            self.scanned = self.scanned.saturating_add(1);
            match (self.position, next) {
                (Position::EndCr, Position::FieldStart) => return Ok(Some(self.scanned)),
                (Position::StartLineCr, Position::FieldStart) => {
                    self.first_field = self.scanned;
                    start_line(self.start_line(bytes))?;
                    self.line = self.scanned;
                }
                (Position::ValueCr, Position::FieldStart) => {
                    // The rest of a folded line has no name. Only a response has one, and `field` does
                    // nothing there.
                    let line = Headers::new(bytes.get(self.line..self.scanned).unwrap_or_default());
                    if let Some((name, value)) = line.pairs().next() {
                        if let Some(known) = Known::of(name) {
                            field(known, value)?;
                        }
                    }
                    self.line = self.scanned;
                }
                (Position::EmptyLineCr, Position::Start) => self.line = self.scanned,
                _ => {}
            }
            self.position = next;
        }
    }

    /// Splits a complete head.
    pub(crate) fn cut<'b>(&self, head: &'b [u8]) -> Head<'b> {
        let lines = head.get(self.first_field..).unwrap_or_default();
        debug_assert!(lines.ends_with(b"\r\n"), "the head was read to its end");
        Head { start_line: self.start_line(head), headers: Headers::new(lines) }
    }

    /// The start line of a head that was read beyond it, without its CRLF.
    fn start_line<'b>(&self, head: &'b [u8]) -> &'b [u8] {
        // Before it are only empty lines.
        let start = usize::from(self.empty_lines).saturating_mul(2);
        head.get(start..self.first_field.saturating_sub(2)).unwrap_or_default()
    }

    /// Reads the complete and valid field lines at the front. [`step`](Self::step) reads all others, byte by
    /// byte: a server's handshake takes 7,000 instructions less so.
    #[inline]
    fn read_whole_fields(
        &mut self,
        bytes: &[u8],
        limits: &HeadLimits,
        mut field: impl FnMut(Known, &[u8]) -> Result<(), HandshakeError>,
    ) -> Result<(), HandshakeError> {
        let lines = bytes.get(self.scanned..bytes.len().min(limits.head)).unwrap_or_default();
        let (mut rest, mut fields) = (lines, self.fields);
        while let Some(line) = FieldLine::parse(rest) {
            let line_len = rest.len().saturating_sub(line.rest.len());
            if line_len > limits.line.saturating_add(2) || fields >= limits.fields {
                break;
            }
            if let Some(known) = line.known {
                field(known, line.value)?;
            }
            fields = fields.saturating_add(1);
            rest = line.rest;
        }
        self.fields = fields;
        self.scanned = self.scanned.saturating_add(lines.len().saturating_sub(rest.len()));
        self.line = self.scanned;
        Ok(())
    }

    /// The number of bytes at the front that leave the position as it is.
    #[inline]
    fn run_len(&self, bytes: &[u8]) -> usize {
        let by_chunks = match (self.position, self.kind) {
            (Position::StartLine, HeadKind::Request) => printable::<false>(bytes),
            (Position::StartLine, HeadKind::Response) | (Position::Value, _) => printable::<true>(bytes),
            _ => 0,
        };
        // HTAB ends the run of `printable`, and has a place in a value.
        let rest = bytes.get(by_chunks..).unwrap_or_default();
        let by_bytes = match self.position {
            Position::Name => rest.iter().position(|&byte| !is(byte, TOKEN)),
            Position::Value => rest.iter().position(|&byte| !is(byte, VALUE)),
            _ => rest.iter().position(|&byte| !self.is_start_line(byte)),
        };
        by_chunks.saturating_add(by_bytes.unwrap_or(rest.len()))
    }

    /// The position after the next byte. In a start line, a name or a value, this byte has ended the run.
    #[inline]
    fn step(&mut self, byte: u8, bytes: &mut [u8], limits: &HeadLimits) -> Result<Position, HandshakeError> {
        match (self.position, byte) {
            // RFC 9112 §2.2 lets a recipient accept LF alone as a line end. This one refuses it.
            (
                Position::Start
                | Position::StartLine
                | Position::FieldStart
                | Position::Name
                | Position::Value,
                b'\n',
            ) => Err(HandshakeError::BareLineFeed),
            (Position::Start, b'\r') if self.kind == HeadKind::Request => Ok(Position::EmptyLineCr),
            (Position::Start, _) if self.is_start_line(byte) => Ok(Position::StartLine),
            (Position::Start, b'\r') => Err(HandshakeError::InvalidStatusLine),
            (Position::StartLine, b'\r') => Ok(Position::StartLineCr),
            (Position::Start | Position::StartLine, _) => Err(HandshakeError::InvalidByte),
            (Position::EmptyLineCr, b'\n') => self.empty_line(),
            (Position::StartLineCr | Position::ValueCr | Position::EndCr, b'\n') => Ok(Position::FieldStart),
            // RFC 9112 §2.2: "A recipient of such a bare CR MUST consider that element to be invalid"
            (Position::EmptyLineCr | Position::StartLineCr | Position::ValueCr | Position::EndCr, _) => {
                Err(HandshakeError::BareCarriageReturn)
            }
            (Position::FieldStart, b'\r') => Ok(Position::EndCr),
            (Position::FieldStart, b' ' | b'\t') => self.fold(bytes),
            (Position::FieldStart, _) if is(byte, TOKEN) => {
                self.fields = self.fields.saturating_add(1);
                if self.fields > limits.fields {
                    Err(HandshakeError::TooManyFields)
                } else {
                    Ok(Position::Name)
                }
            }
            (Position::Name, b':') => Ok(Position::Value),
            // RFC 9112 §5.1: "No whitespace is allowed between the field name and colon"
            (Position::Name, b' ' | b'\t') => Err(HandshakeError::SpaceBeforeColon),
            (Position::FieldStart | Position::Name, _) if is(byte, VALUE) || byte == b'\r' => {
                Err(HandshakeError::InvalidFieldName)
            }
            (Position::Value, b'\r') => Ok(Position::ValueCr),
            (Position::FieldStart | Position::Name | Position::Value, _) => Err(HandshakeError::InvalidByte),
        }
    }

    fn empty_line(&mut self) -> Result<Position, HandshakeError> {
        self.empty_lines = self.empty_lines.saturating_add(1);
        if self.empty_lines > MAX_EMPTY_LINES {
            Err(HandshakeError::TooManyEmptyLines)
        } else {
            Ok(Position::Start)
        }
    }

    fn is_start_line(&self, byte: u8) -> bool {
        match self.kind {
            HeadKind::Request => is(byte, VISIBLE) || byte == b' ',
            // RFC 9112 §4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )
            HeadKind::Response => is(byte, VALUE),
        }
    }

    /// A line that begins with whitespace continues the value of the previous line.
    fn fold(&self, bytes: &mut [u8]) -> Result<Position, HandshakeError> {
        if self.fields == 0 {
            return Err(HandshakeError::SpaceBeforeFields);
        }
        match self.kind {
            // RFC 9112 §5.2: a server "MUST either reject the message ... or replace"; this one rejects it
            HeadKind::Request => Err(HandshakeError::ObsoleteFold),
            // RFC 9112 §5.2: a user agent "MUST replace each received obs-fold with one or more SP octets"
            HeadKind::Response => {
                if let Some(line_end) = bytes.get_mut(self.scanned.saturating_sub(2)..self.scanned) {
                    line_end.fill(b' ');
                }
                Ok(Position::Value)
            }
        }
    }

    const fn line_too_long(&self) -> HandshakeError {
        match self.position {
            Position::Start | Position::EmptyLineCr | Position::StartLine | Position::StartLineCr => {
                HandshakeError::StartLineTooLong
            }
            Position::FieldStart | Position::Name | Position::Value | Position::ValueCr | Position::EndCr => {
                HandshakeError::FieldLineTooLong
            }
        }
    }
}

/// A complete and valid field line without HTAB.
struct FieldLine<'b> {
    /// The field, if the handshake reads it.
    known: Option<Known>,
    /// With the whitespace around it.
    value: &'b [u8],
    /// The bytes after the CRLF.
    rest: &'b [u8],
}

impl<'b> FieldLine<'b> {
    /// The field line at the front of `bytes`. `None` if it is incomplete, has an HTAB, or is outside the
    /// grammar.
    // `always`: a call for each line takes 250 instructions of a handshake.
    #[inline(always)]
    fn parse(bytes: &'b [u8]) -> Option<Self> {
        // The end of the head, or a fold: the bytes after it are not searched for a colon. Each other line
        // without a colon ends the search for fields with an error.
        if let [b'\r' | b' ' | b'\t', ..] = bytes {
            return None;
        }
        let (name, rest) = bytes.split_at_checked(find(bytes, b':')?)?;
        let known = Known::of(name);
        // A known name is a token: its bytes are not read again.
        if known.is_none() && !is_token(name) {
            return None;
        }
        let rest = rest.get(1..)?;
        match rest.split_at_checked(printable::<true>(rest))? {
            (value, [b'\r', b'\n', rest @ ..]) => Some(Self { known, value, rest }),
            _ => None,
        }
    }
}
