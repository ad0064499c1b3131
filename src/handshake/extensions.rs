//! The grammar of Sec-WebSocket-Extensions (§9.1).

use core::{fmt, iter};

use super::http1::fields::{Headers, Known, Values};
use super::http1::grammar::{TOKEN, ascii, is, run_len, trim};

/// The extensions of a head, in order, over all its Sec-WebSocket-Extensions lines (§9.1).
#[derive(Debug, Clone)]
pub struct Extensions<'b> {
    lines: Values<'b>,
    line: Reader<'b>,
}

impl<'b> Extensions<'b> {
    pub(super) fn new(headers: Headers<'b>) -> Self {
        Self { lines: headers.values(Known::Extensions), line: Reader::new(b"") }
    }

    /// The extensions in one line.
    pub(super) fn of_line(line: &'b [u8]) -> Self {
        Self { line: Reader::new(line), ..Self::new(Headers::default()) }
    }
}

impl<'b> Iterator for Extensions<'b> {
    type Item = Extension<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Ok(Some(extension)) = self.line.extension() {
                return Some(extension);
            }
            self.line = Reader::new(self.lines.next()?);
        }
    }
}

/// One extension with its parameters (§9.1).
#[derive(Debug, Clone, Copy)]
pub struct Extension<'b> {
    name: &'b [u8],
    params: &'b [u8],
}

impl<'b> Extension<'b> {
    /// The name, a token.
    #[must_use]
    pub fn name(&self) -> &'b str {
        ascii(self.name)
    }

    /// The parameters, in order.
    #[must_use]
    pub fn params(&self) -> Params<'b> {
        Params { reader: Reader::new(self.params) }
    }
}

/// The parameters of an extension, in order.
#[derive(Debug, Clone)]
pub struct Params<'b> {
    reader: Reader<'b>,
}

impl<'b> Iterator for Params<'b> {
    type Item = Param<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.param().ok().flatten()
    }
}

/// One parameter of an extension.
#[derive(Debug, Clone, Copy)]
pub struct Param<'b> {
    name: &'b [u8],
    value: Option<ParamValue<'b>>,
}

impl<'b> Param<'b> {
    /// The name, a token.
    #[must_use]
    pub fn name(&self) -> &'b str {
        ascii(self.name)
    }

    /// The value, if the parameter has one.
    #[must_use]
    pub fn value(&self) -> Option<ParamValue<'b>> {
        self.value
    }
}

/// The value of a parameter: a token, whether it was quoted or not (§9.1). Compares with `&str`.
#[derive(Clone, Copy)]
pub struct ParamValue<'b> {
    /// Without the quotes, but with the backslashes, which only a quoted value has.
    raw: &'b [u8],
}

impl<'b> ParamValue<'b> {
    /// The characters of the value, without quotes and backslashes.
    pub fn bytes(self) -> impl Iterator<Item = u8> + 'b {
        let mut raw = self.raw.iter().copied();
        // RFC 9110 §5.6.4: a recipient "MUST handle a quoted-pair as if it were replaced by the octet
        // following the backslash"
        iter::from_fn(move || match raw.next() {
            Some(b'\\') => raw.next(),
            byte => byte,
        })
    }
}

impl PartialEq<str> for ParamValue<'_> {
    fn eq(&self, other: &str) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl PartialEq<&str> for ParamValue<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for ParamValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ascii(self.raw).fmt(f)
    }
}

/// Reads the elements of a field value, first to last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

/// The value is outside the grammar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Malformed;

impl<'b> Reader<'b> {
    pub(super) const fn new(value: &'b [u8]) -> Self {
        Self { rest: value }
    }

    /// `1#( token *( ";" extension-param ) )`, the next element; `None` at the end.
    pub(super) fn extension(&mut self) -> Result<Option<Extension<'b>>, Malformed> {
        // RFC 9110 §5.6.1.2: a recipient ignores empty list elements
        while self.eat(b',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.token()?;
        let from_params = self.rest;
        while self.param()?.is_some() {}
        // `rest` is a suffix of `from_params`.
        let params_len = from_params.len().saturating_sub(self.rest.len());
        let params = from_params.get(..params_len).unwrap_or_default();
        if self.rest.is_empty() || self.eat(b',') {
            Ok(Some(Extension { name, params }))
        } else {
            Err(Malformed)
        }
    }

    /// `";" token [ "=" (token | quoted-string) ]`; `None` if the next byte is no semicolon.
    fn param(&mut self) -> Result<Option<Param<'b>>, Malformed> {
        if !self.eat(b';') {
            return Ok(None);
        }
        let name = self.token()?;
        let value = if self.eat(b'=') { Some(self.value()?) } else { None };
        Ok(Some(Param { name, value }))
    }

    fn value(&mut self) -> Result<ParamValue<'b>, Malformed> {
        let [b'"', rest @ ..] = self.rest else {
            return Ok(ParamValue { raw: self.token()? });
        };
        self.rest = rest;
        let mut escaped = false;
        for (at, &byte) in self.rest.iter().enumerate() {
            match byte {
                b'\\' if !escaped => escaped = true,
                b'"' if !escaped => {
                    let (raw, rest) = self.rest.split_at_checked(at).ok_or(Malformed)?;
                    self.rest = trim(rest.get(1..).unwrap_or_default());
                    return if raw.is_empty() { Err(Malformed) } else { Ok(ParamValue { raw }) };
                }
                // §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF"
                _ if is(byte, TOKEN) => escaped = false,
                _ => return Err(Malformed),
            }
        }
        Err(Malformed)
    }

    fn token(&mut self) -> Result<&'b [u8], Malformed> {
        let (token, rest) = self.rest.split_at_checked(run_len(self.rest, TOKEN)).ok_or(Malformed)?;
        self.rest = trim(rest);
        if token.is_empty() { Err(Malformed) } else { Ok(token) }
    }

    /// Skips this byte and the whitespace after it. Returns whether it was next.
    fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = trim(rest);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Extensions;
    use crate::handshake::http1::fields::Headers;

    fn lines(values: &[&str]) -> String {
        values.iter().map(|value| format!("Sec-WebSocket-Extensions: {value}\r\nX: y\r\n")).collect()
    }

    /// `name;param;param=value` for each.
    fn list(values: &[&str]) -> Vec<String> {
        let text = lines(values);
        let show = |extension: super::Extension<'_>| {
            let params = extension.params().map(|param| match param.value() {
                Some(value) => {
                    format!(";{}={}", param.name(), String::from_utf8(value.bytes().collect()).unwrap())
                }
                None => format!(";{}", param.name()),
            });
            format!("{}{}", extension.name(), params.collect::<String>())
        };
        Extensions::new(Headers::new(text.as_bytes())).map(show).collect()
    }

    /// EX-01 (§9.1).
    #[test]
    fn a_list_is_read_over_one_or_more_lines() {
        assert_eq!(list(&["foo, bar; baz=2"]), ["foo", "bar;baz=2"]); // §9.1
        assert_eq!(list(&["foo", "bar; baz=2"]), ["foo", "bar;baz=2"]); // §9.1
        assert_eq!(list(&["deflate-stream"]), ["deflate-stream"]); // §9.1
        assert_eq!(
            list(&["mux; max-channels=4; flow-control, deflate-stream"]),
            ["mux;max-channels=4;flow-control", "deflate-stream"]
        );
        assert_eq!(list(&[", ,a ;b\t= c ,,", "", ","]), ["a;b=c"]);
    }

    /// EX-02 (§9.1).
    #[test]
    fn a_quoted_value_equals_its_token() {
        assert_eq!(list(&["private-extension; some=\"va\\l\\ue\""]), ["private-extension;some=value"]);
        let text = lines(&["a; b=\"1\\5\""]);
        let value = Extensions::new(Headers::new(text.as_bytes()))
            .next()
            .unwrap()
            .params()
            .next()
            .unwrap()
            .value()
            .unwrap();
        assert!(value == "15" && value != "1" && value != "155");
    }
}
