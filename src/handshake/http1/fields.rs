//! Fields of an HTTP head: characters, tokens, lists, and the names that the handshake is made of (RFC 9110
//! §5, §5.6).

use core::{fmt, iter, str};

use super::scan::find;

/// Characters of a token (RFC 9110 §5.6.2).
pub(crate) const TOKEN: u8 = 1;
/// Visible ASCII.
pub(crate) const VISIBLE: u8 = 2;
/// What may stand in a field's value: visible ASCII, SP, HTAB and obs-text (RFC 9110 §5.5).
pub(crate) const VALUE: u8 = 4;
/// The characters of a host: unreserved, sub-delims and percent (RFC 3986 §3.2.2).
pub(crate) const HOST: u8 = 8;
/// The characters of a path or query: those of a host, `:`, `@`, `/` and `?` (RFC 3986 §3.3, §3.4).
pub(crate) const PATH: u8 = 16;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0u8;
    loop {
        let alphanumeric = byte.is_ascii_alphanumeric();
        let token = alphanumeric
            || matches!(
                byte,
                b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        let host = alphanumeric
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'%' | b'&'..=b',' | b';' | b'=');
        let mut class = 0;
        if token {
            class |= TOKEN;
        }
        if byte.is_ascii_graphic() {
            class |= VISIBLE | VALUE;
        }
        if matches!(byte, b' ' | b'\t') {
            class |= VALUE;
        }
        if byte >= 0x80 {
            class |= VALUE;
        }
        if host {
            class |= HOST | PATH;
        }
        if matches!(byte, b':' | b'@' | b'/' | b'?') {
            class |= PATH;
        }
        #[expect(clippy::indexing_slicing, reason = "256 entries")]
        {
            classes[byte as usize] = class;
        }
        match byte.checked_add(1) {
            Some(next) => byte = next,
            None => break,
        }
    }
    classes
};

/// Whether a byte is in one of these classes.
#[inline]
pub(crate) const fn is(byte: u8, classes: u8) -> bool {
    #[expect(clippy::indexing_slicing, reason = "256 entries")]
    {
        CLASSES[byte as usize] & classes != 0
    }
}

/// Whether all bytes are in one of these classes.
pub(crate) fn all(bytes: &[u8], classes: u8) -> bool {
    bytes.iter().all(|&byte| is(byte, classes))
}

/// Whether this is a token (RFC 9110 §5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all(bytes, TOKEN)
}

/// Whether every percent sign stands before two hexadecimal digits (RFC 3986 §2.1).
pub(crate) fn is_percent_encoded(text: &[u8]) -> bool {
    let mut escapes = text.split(|&byte| byte == b'%').skip(1);
    escapes.all(|escape| matches!(escape, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

/// Without the SP and HTAB around it (RFC 9110 §5.5).
#[inline]
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The elements of a list without quoted strings; empty ones are ignored (RFC 9110 §5.6.1.2).
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    value.split(|&byte| byte == b',').map(trim).filter(|element| !element.is_empty())
}

/// Whether a field that a caller adds is in the grammar (RFC 9110 §5.1, §5.5).
pub(crate) fn is_field((name, value): &(&str, &str)) -> bool {
    is_token(name.as_bytes()) && all(value.as_bytes(), VALUE)
}

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
    /// RFC 9110 §5.1: "Field names are case-insensitive". All names of a length are compared with one or two
    /// texts: most fields of a request are none of these, and their length says so.
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        // Most clients write a name as its RFC does: that is compared by words, any other case by bytes.
        let is = |known: &str, field| {
            let known = known.as_bytes();
            (name == known || name.eq_ignore_ascii_case(known)).then_some(field)
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

/// Whether the handshake keeps a field's name to itself: those of [`Known`] except Origin, and all of
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

/// The fields of a head, in order: names as they were written, values without the whitespace around them.
///
/// Several lines of one name are several items. A value can hold bytes beyond ASCII (RFC 9110 §5.5).
#[derive(Clone, Copy, Default)]
pub struct Headers<'b> {
    /// Whole field lines, each with its CRLF, all checked.
    lines: &'b [u8],
}

impl<'b> Headers<'b> {
    pub(crate) const fn new(lines: &'b [u8]) -> Self {
        Self { lines }
    }

    /// The value of the first field of this name, in any case.
    #[must_use]
    pub fn first(mut self, name: &str) -> Option<&'b [u8]> {
        loop {
            let (found, value) = self.next_field()?;
            if found.eq_ignore_ascii_case(name.as_bytes()) {
                return Some(value);
            }
        }
    }

    /// The values of one field of the handshake, a line each.
    pub(crate) fn values(self, known: Known) -> Values<'b> {
        Values { headers: self, known }
    }

    /// All fields as the checks take them, names as bytes.
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

/// By their names, as they were written, and their values, in order.
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
        Some((str::from_utf8(name).unwrap_or_default(), value))
    }
}

/// Names alone: values can be secrets (Cookie, Authorization).
impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.map(|(name, _)| name)).finish()
    }
}

/// The values of one field of the handshake.
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

/// Writes field lines, checked before.
pub(crate) fn write_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>, put: &mut dyn FnMut(&[u8])) {
    for (name, value) in fields {
        put(name.as_bytes());
        put(b": ");
        put(value.as_bytes());
        put(b"\r\n");
    }
}

/// Names alone of the fields that a caller adds.
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
    use super::{Headers, Known, PATH, TOKEN, VALUE, elements, is, is_reserved, is_token, trim};

    #[test]
    fn classes_are_those_of_the_rfcs() {
        let of = |class| (0..=u8::MAX).filter(|&byte| is(byte, class)).collect::<Vec<u8>>();
        let mut token =
            b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".to_vec();
        token.sort_unstable();
        assert_eq!(of(TOKEN), token);
        let value: Vec<u8> =
            (0..=u8::MAX).filter(|&byte| byte == 9 || (byte >= 0x20 && byte != 0x7F)).collect();
        assert_eq!(of(VALUE), value);
        let mut path =
            b"!$%&'()*+,-./:;=?@_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".to_vec();
        path.sort_unstable();
        assert_eq!(of(PATH), path);
        assert!(is_token(b"chat") && !is_token(b"") && !is_token(b"a b") && !is_token(b"\xc3\xa9"));
    }

    #[test]
    fn http_19_empty_elements_are_ignored() {
        let list = |value| elements(value).collect::<Vec<_>>();
        assert_eq!(list(b"a, b"), [b"a", b"b"]);
        assert_eq!(list(b" ,\t, a ,,b, ,"), [b"a", b"b"]);
        assert!(list(b"").is_empty() && list(b" , ,").is_empty());
        assert_eq!(trim(b"\t a b \t"), b"a b");
    }

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
