//! The fields of an HTTP head (RFC 9110 §5), and the fields that the handshake reads and writes.

use core::{fmt, iter};

use super::grammar::{ascii, trim};
use super::scan::find;

/// A field name as HTTP/1.1 writes it, and in lower case as HTTP/2 and HTTP/3 require it (RFC 9113 §8.2.1,
/// RFC 9114 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldName {
    pub(crate) http1: &'static str,
    pub(crate) http2: &'static str,
}

pub(crate) const EXTENSIONS: FieldName =
    FieldName { http1: "Sec-WebSocket-Extensions", http2: "sec-websocket-extensions" };
pub(crate) const PROTOCOL: FieldName =
    FieldName { http1: "Sec-WebSocket-Protocol", http2: "sec-websocket-protocol" };
pub(crate) const VERSION: FieldName =
    FieldName { http1: "Sec-WebSocket-Version", http2: "sec-websocket-version" };

/// §4.1: in a request and in a response.
pub(crate) const UPGRADE: (&str, &str) = ("Upgrade", "websocket");
/// RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option".
pub(crate) const CONNECTION: (&str, &str) = ("Connection", "Upgrade");
/// §4.1: the value of [`VERSION`].
pub(crate) const WEBSOCKET_VERSION: &str = "13";

/// The fields that the handshake reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Host,
    Origin,
    Upgrade,
    Connection,
    ContentLength,
    TransferEncoding,
    Accept,
    Extensions,
    Key,
    /// Sec-WebSocket-Key1 and -Key2, of the draft Hixie-76.
    DraftKey,
    Protocol,
    Version,
}

impl Known {
    /// RFC 9110 §5.1: "Field names are case-insensitive". Each name is compared with at most two texts of its
    /// length; the length alone excludes most fields.
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        // Most clients write a name as its RFC does: that is compared by words, any other case by bytes.
        let is = |known: &str, field| {
            let known = known.as_bytes();
            (name == known || is_other_case(name, known)).then_some(field)
        };
        match name.len() {
            4 => is("Host", Self::Host),
            6 => is("Origin", Self::Origin),
            7 => is("Upgrade", Self::Upgrade),
            10 => is("Connection", Self::Connection),
            14 => is("Content-Length", Self::ContentLength),
            17 => {
                is("Sec-WebSocket-Key", Self::Key).or_else(|| is("Transfer-Encoding", Self::TransferEncoding))
            }
            18 => {
                is("Sec-WebSocket-Key1", Self::DraftKey).or_else(|| is("Sec-WebSocket-Key2", Self::DraftKey))
            }
            20 => is("Sec-WebSocket-Accept", Self::Accept),
            21 => is(VERSION.http1, Self::Version),
            22 => is(PROTOCOL.http1, Self::Protocol),
            24 => is(EXTENSIONS.http1, Self::Extensions),
            _ => None,
        }
    }
}

/// Whether two names are equal but for their case. Not inlined: that makes 4 KiB of each place that reads a
/// name.
#[inline(never)]
fn is_other_case(name: &[u8], known: &[u8]) -> bool {
    name.eq_ignore_ascii_case(known)
}

/// Whether only the handshake can write this field: those of [`Known`] except Origin, and all of
/// `Sec-WebSocket-*` (§11.3).
pub(crate) fn is_reserved(name: &str) -> bool {
    let prefix = name.as_bytes().first_chunk::<14>();
    match Known::of(name.as_bytes()) {
        // §4.1: only the application knows the origin
        Some(Known::Origin) => false,
        Some(_) => true,
        None => prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"Sec-WebSocket-")),
    }
}

/// The fields of a head, in order: names in the case of the sender, values without the whitespace around
/// them.
///
/// Several lines with one name are several items. A value can contain bytes beyond ASCII (RFC 9110 §5.5).
#[derive(Clone, Copy, Default)]
pub struct Headers<'b> {
    /// Complete field lines, each with its CRLF. All were checked.
    lines: &'b [u8],
}

impl<'b> Headers<'b> {
    pub(crate) const fn new(lines: &'b [u8]) -> Self {
        Self { lines }
    }

    /// The value of the first field with this name. Upper and lower case in names are equal.
    #[must_use]
    pub fn first(mut self, name: &str) -> Option<&'b [u8]> {
        loop {
            let (field, value) = self.next_field()?;
            if field.eq_ignore_ascii_case(name.as_bytes()) {
                return Some(value);
            }
        }
    }

    /// The values of one field, one for each line.
    pub(crate) fn values(self, known: Known) -> Values<'b> {
        Values { headers: self, known }
    }

    /// All fields, with the names as bytes.
    #[inline]
    pub(crate) fn pairs(mut self) -> impl Iterator<Item = (&'b [u8], &'b [u8])> {
        iter::from_fn(move || self.next_field())
    }

    #[inline]
    fn next_field(&mut self) -> Option<(&'b [u8], &'b [u8])> {
        let (name, rest) = self.lines.split_at_checked(find(self.lines, b':')?)?;
        let (value, rest) = rest.split_at_checked(find(rest, b'\r')?)?;
        self.lines = rest.get(2..)?;
        Some((name, trim(value.get(1..)?)))
    }
}

/// Equal if names and values are equal, in order. Upper and lower case in names are different here.
impl PartialEq for Headers<'_> {
    fn eq(&self, other: &Self) -> bool {
        Iterator::eq(*self, *other)
    }
}

impl Eq for Headers<'_> {}

impl<'b> Iterator for Headers<'b> {
    type Item = (&'b str, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_field()?;
        Some((ascii(name), value))
    }
}

/// With the names only: values can be secrets (Cookie, Authorization).
impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.map(|(name, _)| name)).finish()
    }
}

/// The values of one field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'b> {
    headers: Headers<'b>,
    known: Known,
}

impl<'b> Iterator for Values<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, value) = self.headers.next_field()?;
            if Known::of(name) == Some(self.known) {
                return Some(value);
            }
        }
    }
}

/// Writes the elements of a list.
pub(crate) fn write_list(elements: &[&str], put: &mut dyn FnMut(&[u8])) {
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            put(b", ");
        }
        put(element.as_bytes());
    }
}

/// Writes field lines, which were checked.
pub(crate) fn write_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>, put: &mut dyn FnMut(&[u8])) {
    for (name, value) in fields {
        put(name.as_bytes());
        put(b": ");
        put(value.as_bytes());
        put(b"\r\n");
    }
}

/// The names of the application's fields, for `Debug`.
pub(crate) fn names<'a>(headers: &'a [(&'a str, &'a str)]) -> impl fmt::Debug + 'a {
    struct Names<'a>(&'a [(&'a str, &'a str)]);
    impl fmt::Debug for Names<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
        }
    }
    Names(headers)
}

#[cfg(test)]
mod tests {
    use super::{Headers, Known, is_reserved};

    #[test]
    fn http_05_names_are_case_insensitive() {
        assert_eq!(Known::of(b"sec-websocket-KEY"), Some(Known::Key));
        assert_eq!(Known::of(b"TRANSFER-ENCODING"), Some(Known::TransferEncoding));
        assert_eq!(Known::of(b"oRIGIN"), Some(Known::Origin));
        assert_eq!(Known::of(b"Hosts"), None);
        assert!(["sec-websocket-foo", "HOST"].into_iter().all(is_reserved));
        assert!(!["Cookie", "Origin", "Sec-WebSocket"].into_iter().any(is_reserved));
    }

    #[test]
    fn headers_keep_order_and_repetition() {
        let headers = Headers::new(b"A: 1\r\nb:\r\nA:\t2 \r\nC: x:y\r\n");
        let all: Vec<_> = headers.collect();
        assert_eq!(all, [("A", &b"1"[..]), ("b", b""), ("A", b"2"), ("C", b"x:y")]);
        assert_eq!(headers.first("a"), Some(&b"1"[..]));
        assert_eq!(headers.first("d"), None);
        assert_eq!(format!("{headers:?}"), r#"["A", "b", "A", "C"]"#);
    }

    #[test]
    fn headers_are_equal_by_names_and_values() {
        let headers = Headers::new(b"A: 1\r\nb: 2\r\n");
        assert_eq!(headers, Headers::new(b"A:1 \r\nb:\t2\r\n"), "whitespace around a value is no content");
        for other in [&b"A: 1\r\n"[..], b"b: 2\r\nA: 1\r\n", b"A: 1\r\nb: 3\r\n", b"a: 1\r\nb: 2\r\n"] {
            assert_ne!(headers, Headers::new(other));
        }
    }
}
