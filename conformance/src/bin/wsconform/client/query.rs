//! The request line of a client: which case it asks for.

/// The resource of a request: the path, and the keys of the query in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) path: String,
    pairs: Vec<(String, String)>,
}

/// The path that the redirects of the catalogue name.
pub(crate) const REDIRECTED: &str = "/redirected";

/// A request line that is longer asks for no case.
const MAX_LINE: usize = 8 * 1024;

/// What the first bytes of a request are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// Bytes are missing.
    More,
    Asks(Query),
    /// No request line.
    Other,
}

impl FirstLine {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return if bytes.len() > MAX_LINE { Self::Other } else { Self::More };
        };
        let line = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
        match line.split_ascii_whitespace().nth(1) {
            Some(resource) => Self::Asks(Query::parse(resource)),
            None => Self::Other,
        }
    }
}

impl Query {
    fn parse(resource: &str) -> Self {
        let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self { path: decode(path), pairs: pairs.collect() }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == key).map(|(_, value)| value.as_str())
    }
}

/// RFC 3986 §2.1; a `%` without two hex digits stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| core::str::from_utf8(digits).ok());
        match (first, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::FirstLine;

    #[test]
    fn keys_come_in_any_order_and_percent_encoded() {
        for line in [
            "GET /runCase?case=3&agent=a%20b%2F HTTP/1.1\r\n",
            "GET /runCase?agent=a+b/&x&case=3 HTTP/1.1\r\nHost: a\r\n",
            "GET /%72unCase?%63ase=3&agent=a%20b/\n",
        ] {
            let FirstLine::Asks(query) = FirstLine::read(line.as_bytes()) else { panic!("{line}") };
            assert_eq!((query.path.as_str(), query.get("case")), ("/runCase", Some("3")), "{line}");
            assert_eq!((query.get("agent"), query.get("other")), (Some("a b/"), None), "{line}");
        }
        assert_eq!(FirstLine::read(b"GET /"), FirstLine::More);
        assert_eq!(FirstLine::read(b"GET\r\n"), FirstLine::Other);
        assert_eq!(FirstLine::read(&[b'a'; 9000]), FirstLine::Other);
    }
}
