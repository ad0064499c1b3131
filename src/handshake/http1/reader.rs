//! The HTTP/1.1 head, byte by byte (RFC 9112 §2.2): where it ends, and that every line is in the grammar.
//!
//! ```text
//!  (CRLF)*  start line CRLF   name ":" value CRLF   …   CRLF
//!           │                 │                │         └ end of the head
//!           │                 └ line           └ looked
//!           └ start
//! ```
//! Every byte has its verdict when it is there, before the line ends; none is looked at more than three
//! times, in whichever pieces it comes.

use super::fields::{Headers, TOKEN, VALUE, VISIBLE, is};
use super::scan::{find, printable};
use crate::error::HandshakeError;

/// Bounds of a head; each passes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadLimits {
    /// Bytes of the whole.
    pub(crate) head: usize,
    /// Bytes of a line, its CRLF not counted.
    pub(crate) line: usize,
    /// Field lines.
    pub(crate) fields: usize,
}

/// RFC 9112 §2.2: "a server ... SHOULD ignore at least one empty line (CRLF) received prior to the
/// request-line".
const MAX_EMPTY_LINES: u8 = 4;

/// Whose head it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MessageKind {
    Request,
    Response,
}

/// Where in the grammar the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
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

/// How far a head was read. Positions count from the head's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadReader {
    kind: MessageKind,
    at: At,
    empty_lines: u8,
    /// Where the start line begins.
    start: usize,
    /// Where the current line begins.
    line: usize,
    /// Bytes that were looked at.
    looked: usize,
    /// Field lines begun.
    fields: usize,
}

/// A whole head, cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'b> {
    /// The start line, without its CRLF.
    pub(crate) start_line: &'b [u8],
    /// The fields.
    pub(crate) headers: Headers<'b>,
}

impl HeadReader {
    pub(crate) const REQUEST: Self = Self::new(MessageKind::Request);
    pub(crate) const RESPONSE: Self = Self::new(MessageKind::Response);

    const fn new(kind: MessageKind) -> Self {
        Self { kind, at: At::Start, empty_lines: 0, start: 0, line: 0, looked: 0, fields: 0 }
    }

    /// Whether something of the head is there.
    pub(crate) const fn has_begun(&self) -> bool {
        self.looked > 0
    }

    /// Reads on in a head that starts with `bytes`; its length once it is whole.
    ///
    /// `start_line` judges the start line as soon as it is whole, and `field` each field line of a request,
    /// name and value with the whitespace around it. In a response, a fold is replaced by spaces, and
    /// where a field ends is known at the head's end.
    pub(crate) fn read(
        &mut self,
        bytes: &mut [u8],
        limits: &HeadLimits,
        start_line: impl Fn(&[u8]) -> Result<(), HandshakeError>,
        mut field: impl FnMut(&[u8], &[u8]) -> Result<(), HandshakeError>,
    ) -> Result<Option<usize>, HandshakeError> {
        loop {
            if self.at == At::FieldStart {
                self.whole_fields(bytes, limits, &mut field)?;
            }
            if matches!(self.at, At::StartLine | At::Name | At::Value) {
                // Up to where a limit has a say.
                let end = bytes.len().min(limits.head).min(self.line.saturating_add(limits.line));
                self.looked =
                    self.looked.saturating_add(self.run(bytes.get(self.looked..end).unwrap_or_default()));
            }
            let Some(&byte) = bytes.get(self.looked) else { return Ok(None) };
            if self.looked >= limits.head {
                return Err(HandshakeError::HeadTooLong);
            }
            if self.looked.saturating_sub(self.line) >= limits.line && !matches!(byte, b'\r' | b'\n') {
                return Err(self.line_too_long());
            }
            let next = self.step(byte, bytes, limits)?;
            self.looked = self.looked.saturating_add(1);
            match (self.at, next) {
                (At::EndCr, At::FieldStart) => return Ok(Some(self.looked)),
                (At::StartLineCr, At::FieldStart) => {
                    start_line(bytes.get(self.start..self.looked.saturating_sub(2)).unwrap_or_default())?;
                    self.line = self.looked;
                }
                (At::ValueCr, At::FieldStart) => {
                    let line = bytes.get(self.line..self.looked).unwrap_or_default();
                    if let Some((name, value, _)) = field_line(line) {
                        field(name, value)?;
                    }
                    self.line = self.looked;
                }
                (At::EmptyLineCr, At::Start) => self.line = self.looked,
                _ => {}
            }
            self.at = next;
        }
    }

    /// Cuts a head that was read to its end.
    pub(crate) fn cut<'b>(&self, head: &'b [u8]) -> Head<'b> {
        let from_start = head.get(self.start..).unwrap_or_default();
        let end = find(from_start, b'\r').unwrap_or(from_start.len());
        let (start_line, rest) = from_start.split_at_checked(end).unwrap_or_default();
        Head { start_line, headers: Headers::new(rest.strip_prefix(b"\r\n").unwrap_or_default()) }
    }

    /// Passes over the field lines that are there whole and break no rule; all others go byte by byte.
    #[inline]
    fn whole_fields(
        &mut self,
        bytes: &[u8],
        limits: &HeadLimits,
        mut field: impl FnMut(&[u8], &[u8]) -> Result<(), HandshakeError>,
    ) -> Result<(), HandshakeError> {
        let mut rest = bytes.get(self.looked..bytes.len().min(limits.head)).unwrap_or_default();
        while let Some((name, value, after)) = field_line(rest) {
            let line_len = name.len().saturating_add(1).saturating_add(value.len());
            if line_len > limits.line || self.fields >= limits.fields {
                break;
            }
            field(name, value)?;
            self.fields = self.fields.saturating_add(1);
            self.looked = self.looked.saturating_add(line_len).saturating_add(2);
            self.line = self.looked;
            rest = after;
        }
        Ok(())
    }

    /// How many bytes come next that change nothing.
    #[inline]
    fn run(&self, bytes: &[u8]) -> usize {
        let many = match self.at {
            At::StartLine => printable(bytes, self.kind == MessageKind::Response),
            At::Value => printable(bytes, true),
            _ => 0,
        };
        let rest = bytes.get(many..).unwrap_or_default();
        let few = match self.at {
            At::Name => rest.iter().position(|&byte| !is(byte, TOKEN)),
            At::Value => rest.iter().position(|&byte| !is(byte, VALUE)),
            _ => rest.iter().position(|&byte| !self.is_start_line(byte)),
        };
        many.saturating_add(few.unwrap_or(rest.len()))
    }

    #[inline]
    fn step(&mut self, byte: u8, bytes: &mut [u8], limits: &HeadLimits) -> Result<At, HandshakeError> {
        match (self.at, byte) {
            // A choice that RFC 9112 §2.2 leaves: LF alone ends no line.
            (At::Start | At::StartLine | At::FieldStart | At::Name | At::Value, b'\n') => {
                Err(HandshakeError::BareLineFeed)
            }
            (At::Start, b'\r') if self.kind == MessageKind::Request => Ok(At::EmptyLineCr),
            (At::Start, _) if self.is_start_line(byte) => {
                self.start = self.looked;
                Ok(At::StartLine)
            }
            (At::Start, b'\r') => Err(HandshakeError::InvalidStatusLine),
            (At::StartLine, _) if self.is_start_line(byte) => Ok(At::StartLine),
            (At::StartLine, b'\r') => Ok(At::StartLineCr),
            (At::Start | At::StartLine, _) => Err(HandshakeError::InvalidByte),
            (At::EmptyLineCr, b'\n') => {
                self.empty_lines = self.empty_lines.saturating_add(1);
                if self.empty_lines > MAX_EMPTY_LINES {
                    Err(HandshakeError::TooManyEmptyLines)
                } else {
                    Ok(At::Start)
                }
            }
            (At::StartLineCr | At::ValueCr | At::EndCr, b'\n') => Ok(At::FieldStart),
            // RFC 9112 §2.2: "A recipient of such a bare CR MUST consider that element to be invalid"
            (At::EmptyLineCr | At::StartLineCr | At::ValueCr | At::EndCr, _) => {
                Err(HandshakeError::BareCarriageReturn)
            }
            (At::FieldStart, b'\r') => Ok(At::EndCr),
            (At::FieldStart, b' ' | b'\t') => self.fold(bytes),
            (At::FieldStart, _) if is(byte, TOKEN) => {
                self.fields = self.fields.saturating_add(1);
                if self.fields > limits.fields { Err(HandshakeError::TooManyFields) } else { Ok(At::Name) }
            }
            (At::Name, _) if is(byte, TOKEN) => Ok(At::Name),
            (At::Name, b':') => Ok(At::Value),
            // RFC 9112 §5.1: "No whitespace is allowed between the field name and colon"
            (At::Name, b' ' | b'\t') => Err(HandshakeError::SpaceBeforeColon),
            (At::FieldStart | At::Name, _) if is(byte, VALUE) || byte == b'\r' => {
                Err(HandshakeError::InvalidFieldName)
            }
            (At::Value, _) if is(byte, VALUE) => Ok(At::Value),
            (At::Value, b'\r') => Ok(At::ValueCr),
            (At::FieldStart | At::Name | At::Value, _) => Err(HandshakeError::InvalidByte),
        }
    }

    fn is_start_line(&self, byte: u8) -> bool {
        match self.kind {
            MessageKind::Request => is(byte, VISIBLE) || byte == b' ',
            // RFC 9112 §4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )
            MessageKind::Response => is(byte, VALUE),
        }
    }

    /// A line that begins with whitespace goes on with the value of the line before.
    fn fold(&self, bytes: &mut [u8]) -> Result<At, HandshakeError> {
        if self.fields == 0 {
            return Err(HandshakeError::SpaceBeforeFields);
        }
        match self.kind {
            // RFC 9112 §5.2: a server "MUST either reject the message ... or replace"; this is the first
            MessageKind::Request => Err(HandshakeError::ObsoleteFold),
            // RFC 9112 §5.2: a user agent "MUST replace each received obs-fold with one or more SP octets"
            MessageKind::Response => {
                if let Some(line_end) = bytes.get_mut(self.looked.saturating_sub(2)..self.looked) {
                    line_end.fill(b' ');
                }
                Ok(At::Value)
            }
        }
    }

    const fn line_too_long(&self) -> HandshakeError {
        match self.at {
            At::Start | At::EmptyLineCr | At::StartLine | At::StartLineCr => HandshakeError::StartLineTooLong,
            At::FieldStart | At::Name | At::Value | At::ValueCr | At::EndCr => {
                HandshakeError::FieldLineTooLong
            }
        }
    }
}

/// The field line that `bytes` begin with, where it is there whole and in the grammar: name, value, and what
/// follows its CRLF.
#[inline]
fn field_line(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name, rest) = bytes.split_at_checked(bytes.iter().position(|&byte| !is(byte, TOKEN))?)?;
    let rest = rest.strip_prefix(b":").filter(|_| !name.is_empty())?;
    let many = printable(rest, true);
    let few = rest.get(many..)?.iter().position(|&byte| !is(byte, VALUE))?;
    let (value, rest) = rest.split_at_checked(many.saturating_add(few))?;
    Some((name, value, rest.strip_prefix(b"\r\n")?))
}
