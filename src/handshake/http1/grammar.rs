//! The grammar of values in a head: characters, tokens, lists (RFC 9110 §5.6) and percent-encoding (RFC 3986
//! §2.1).

use core::str;

use super::scan::{find, word_chunks};

/// The characters of a token (RFC 9110 §5.6.2).
pub(crate) const TOKEN: u8 = 1;
/// Visible ASCII.
pub(crate) const VISIBLE: u8 = 2;
/// The characters of a field value: visible ASCII, SP, HTAB and obs-text (RFC 9110 §5.5).
pub(crate) const VALUE: u8 = 4;
/// The characters of a host: unreserved, sub-delims and percent (RFC 3986 §3.2.2).
pub(crate) const HOST: u8 = 8;
/// The characters of a path or query: those of a host, `:`, `@`, `/` and `?` (RFC 3986 §3.3, §3.4).
pub(crate) const PATH: u8 = 16;
/// The characters of base64 (RFC 4648 §4), without the padding.
pub(crate) const BASE64: u8 = 32;

/// The classes of each byte: one load answers for all of them.
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
        if alphanumeric || matches!(byte, b'+' | b'/') {
            class |= BASE64;
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

/// Whether a byte is in this class.
#[inline]
pub(crate) const fn is(byte: u8, class: u8) -> bool {
    classes(byte) & class != 0
}

#[inline]
const fn classes(byte: u8) -> u8 {
    #[expect(clippy::indexing_slicing, reason = "256 entries")]
    {
        CLASSES[byte as usize]
    }
}

/// Whether all bytes are in this class.
#[inline]
pub(crate) fn all(bytes: &[u8], class: u8) -> bool {
    // Without an exit at the first other byte: half the instructions of `Iterator::all` for a valid text.
    bytes.iter().fold(class, |class, &byte| class & classes(byte)) != 0
}

/// The number of bytes at the front that are in this class, [`TOKEN`] or [`HOST`].
pub(crate) fn run_len(bytes: &[u8], class: u8) -> usize {
    let by_chunks = word_chunks(bytes);
    let rest = bytes.get(by_chunks..).unwrap_or_default();
    by_chunks.saturating_add(rest.iter().position(|&byte| !is(byte, class)).unwrap_or(rest.len()))
}

/// Whether this is a token (RFC 9110 §5.6.2).
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all(bytes, TOKEN)
}

/// Whether two hexadecimal digits follow every percent sign (RFC 3986 §2.1).
pub(crate) fn is_percent_encoded(mut text: &[u8]) -> bool {
    while let Some((_, escape)) = find(text, b'%').and_then(|at| text.split_at_checked(at)) {
        let [_, a, b, rest @ ..] = escape else { return false };
        if !(a.is_ascii_hexdigit() && b.is_ascii_hexdigit()) {
            return false;
        }
        text = rest;
    }
    true
}

/// Removes the SP and HTAB around a value (RFC 9110 §5.5).
#[inline]
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    // Most values have one SP before them and nothing after them: a third of the instructions of the loops.
    if let [b' ', b'!'..=b'~', .., b'!'..=b'~'] = bytes {
        return bytes.get(1..).unwrap_or_default();
    }
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Bytes that were checked, as text.
pub(crate) fn ascii(checked: &[u8]) -> &str {
    let text = str::from_utf8(checked);
    debug_assert!(text.is_ok(), "tokens, targets and hosts are ASCII");
    text.unwrap_or_default()
}

/// The elements of a list without quoted strings. Empty elements are ignored (RFC 9110 §5.6.1.2).
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    value.split(|&byte| byte == b',').map(trim).filter(|element| !element.is_empty())
}

/// Whether the list has this element, in any case. Most lists are `usual`, the element alone as most senders
/// write it.
pub(crate) fn has_element(list: &[u8], usual: &[u8]) -> bool {
    list == usual || elements(list).any(|element| element.eq_ignore_ascii_case(usual))
}

/// Whether a field of the application is in the grammar (RFC 9110 §5.1, §5.5).
pub(crate) fn is_field((name, value): &(&str, &str)) -> bool {
    is_token(name.as_bytes()) && all(value.as_bytes(), VALUE)
}

#[cfg(test)]
mod tests {
    use super::{BASE64, PATH, TOKEN, VALUE, elements, has_element, is, is_token, trim};

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
        let base64 = b"+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        assert_eq!(of(BASE64), base64);
        assert!(is_token(b"chat") && !is_token(b"") && !is_token(b"a b") && !is_token(b"\xc3\xa9"));
    }

    #[test]
    fn http_19_empty_elements_are_ignored() {
        let list = |value| elements(value).collect::<Vec<_>>();
        assert_eq!(list(b"a, b"), [b"a", b"b"]);
        assert_eq!(list(b" ,\t, a ,,b, ,"), [b"a", b"b"]);
        assert!(list(b"").is_empty() && list(b" , ,").is_empty());
        assert_eq!(trim(b"\t a b \t"), b"a b");
        assert!(
            [&b"b"[..], b"B", b"a, b", b"b,", b",\tB ,a"].into_iter().all(|list| has_element(list, b"b"))
        );
        assert!(![&b""[..], b",", b"a", b"a b", b"bb, ab"].into_iter().any(|list| has_element(list, b"b")));
    }
}
