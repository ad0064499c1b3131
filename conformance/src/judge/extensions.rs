//! Sec-WebSocket-Extensions (§9.1): a list of extensions with parameters.

/// An extension of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the grammar of §9.1")]
pub struct Extension {
    /// The name.
    pub name: String,
    /// The names and the values of its parameters.
    pub parameters: Vec<(String, Option<String>)>,
}

impl Extension {
    /// Reads the extensions of all fields; `None` if a field does not match the grammar.
    #[must_use]
    pub fn read_all<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        for field in fields {
            for element in split(core::str::from_utf8(field).ok()?, ',')? {
                // RFC 9110 §5.6.1: a recipient ignores empty elements.
                if !element.is_empty() {
                    all.push(Self::read(element)?);
                }
            }
        }
        Some(all)
    }

    fn read(element: &str) -> Option<Self> {
        let mut parts = split(element, ';')?.into_iter();
        let name = token(parts.next()?)?;
        let parameters = parts.map(|part| match part.split_once('=') {
            None => Some((token(part)?, None)),
            Some((name, value)) => Some((token(name.trim())?, Some(value_of(value.trim())?))),
        });
        Some(Self { name, parameters: parameters.collect::<Option<_>>()? })
    }
}

/// The parts between separators that are not in a quoted string, without whitespace around them; `None` if a
/// quoted string does not end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                parts.push(text.get(start..at)?.trim_matches([' ', '\t']));
                start = at.checked_add(1)?;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?.trim_matches([' ', '\t']));
    (!quoted).then_some(parts)
}

/// RFC 9110 §5.6.2.
fn token(text: &str) -> Option<String> {
    let is_tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    (!text.is_empty() && text.chars().all(is_tchar)).then(|| text.to_owned())
}

/// §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
fn value_of(text: &str) -> Option<String> {
    match text.strip_prefix('"').map(|rest| rest.strip_suffix('"')) {
        None => token(text),
        Some(quoted) => {
            let (mut value, mut escaped) = (String::new(), false);
            for c in quoted?.chars() {
                if c == '\\' && !escaped {
                    escaped = true;
                } else {
                    value.push(c);
                    escaped = false;
                }
            }
            token(&value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Extension;

    fn read(fields: &[&str]) -> Option<Vec<String>> {
        let extensions = Extension::read_all(fields.iter().map(|field| field.as_bytes()))?;
        let text = |extension: Extension| {
            let parameters = extension.parameters.iter().map(|(name, value)| match value {
                Some(value) => format!(";{name}={value}"),
                None => format!(";{name}"),
            });
            format!("{}{}", extension.name, parameters.collect::<String>())
        };
        Some(extensions.into_iter().map(text).collect())
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(read(&["a", "b ; x ; y=1\t,, c; z=\"1\\0\""]).unwrap(), ["a", "b;x;y=1", "c;z=10"]);
        assert_eq!(read(&[]).unwrap(), <[String; 0]>::default());
        for field in
            ["a;", ";x", "a b", "a; x=", "a; x=\"", "a; x=\"b,c\"", "a; x=\"\"", "a; x=b\"c\"", "\u{e9}"]
        {
            assert_eq!(read(&[field]), None, "{field}");
        }
    }
}
