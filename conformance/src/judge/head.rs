//! The reader of an HTTP/1.1 head (RFC 9112 §2.1): a start line, field lines, and an empty line.

/// A head that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The start line, without its line end.
    pub start_line: Vec<u8>,
    /// The field lines: name and value, without whitespace around the value.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// The result of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a head, a part of one, or something else")]
pub enum HeadNext {
    /// A head, and the number of its bytes.
    Head(Head, usize),
    /// Bytes are missing.
    More,
    /// The bytes are no head.
    Malformed(&'static str),
}

/// A head that is longer is no head.
const MAX_HEAD: usize = 64 * 1024;

impl Head {
    /// Reads the head at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> HeadNext {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else {
            return if bytes.len() > MAX_HEAD {
                HeadNext::Malformed("no end of the head")
            } else {
                HeadNext::More
            };
        };
        let mut lines = split_lines(bytes.get(..end).unwrap_or_default()).into_iter();
        let start_line = lines.next().unwrap_or_default().to_vec();
        let mut fields = Vec::new();
        for line in lines {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                return HeadNext::Malformed("a field line without a colon");
            };
            let (name, value) = line.split_at_checked(colon).unwrap_or_default();
            // RFC 9110 §5.6.2.
            let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
            if name.is_empty() || !name.iter().all(is_tchar) {
                return HeadNext::Malformed("a field name that is no token");
            }
            let value = trim(value.get(1..).unwrap_or_default());
            fields.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
        }
        HeadNext::Head(Self { start_line, fields }, end.saturating_add(4))
    }

    /// The status code, if the start line is the status line of HTTP/1.1 (RFC 9112 §4).
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let rest = self.start_line.strip_prefix(b"HTTP/1.1 ")?;
        let [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', tail @ ..] = rest else { return None };
        let digit = |byte: u8| u16::from(byte - b'0');
        matches!(tail, [] | [b' ', ..]).then(|| digit(*a) * 100 + digit(*b) * 10 + digit(*c))
    }

    /// The status code of a refusal, which may be one of HTTP/1.0: a server need not understand the version
    /// of a request to refuse it.
    #[must_use]
    pub fn refusal(&self) -> Option<u16> {
        let rest = self.start_line.strip_prefix(b"HTTP/1.0 ");
        let start_line = rest.map_or(self.start_line.clone(), |rest| [b"HTTP/1.1 ", rest].concat());
        let status = Self { start_line, fields: Vec::new() }.status();
        status.filter(|status| *status != 101 || rest.is_none())
    }

    /// The values of the field lines with this name, in their order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let same = self.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_slice())
    }

    /// The value of the first field line with this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }
}

fn split_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut lines, mut rest) = (Vec::new(), bytes);
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let (line, tail) = rest.split_at_checked(at).unwrap_or_default();
        lines.push(line);
        rest = tail.get(2..).unwrap_or_default();
    }
    lines.push(rest);
    lines
}

fn trim(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_space(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last.saturating_add(1));
    value.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Head, HeadNext};

    fn head(bytes: &[u8]) -> Head {
        match Head::read(bytes) {
            HeadNext::Head(head, len) if len == bytes.len() => head,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_head_is_read() {
        let bytes =
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade:  websocket\t\r\nA: 1\r\na:2\r\nEmpty:\r\n\r\n";
        let read = head(bytes);
        assert_eq!(read.status(), Some(101));
        assert_eq!(read.value("upgrade"), Some(&b"websocket"[..]));
        assert_eq!(read.values("A").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(read.value("empty"), Some(&b""[..]));
        for end in 0..bytes.len() {
            assert_eq!(Head::read(&bytes[..end]), HeadNext::More);
        }
    }

    #[test]
    fn status_lines_are_strict() {
        let status = |line: &str| head(format!("{line}\r\n\r\n").as_bytes()).status();
        assert_eq!(status("HTTP/1.1 200"), Some(200));
        assert_eq!(status("HTTP/1.1 404 "), Some(404));
        for line in
            ["HTTP/1.0 101 x", "HTTP/1.1 1010 x", "HTTP/1.1 10", "HTTP/1.1  101", "http/1.1 101 x", ""]
        {
            assert_eq!(status(line), None, "{line}");
        }
    }

    #[test]
    fn something_else_is_malformed() {
        let no_colon = b"HTTP/1.1 101 x\r\nUpgrade\r\n\r\n";
        assert_eq!(Head::read(no_colon), HeadNext::Malformed("a field line without a colon"));
        let no_token = b"HTTP/1.1 101 x\r\nA b: c\r\n\r\n";
        assert_eq!(Head::read(no_token), HeadNext::Malformed("a field name that is no token"));
        assert!(matches!(Head::read(&[b'x'; 65 * 1024]), HeadNext::Malformed(_)));
    }
}
