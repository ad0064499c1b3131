//! Extensions (§9.1): the grammar of Sec-WebSocket-Extensions, and what was agreed.

use core::{fmt, iter, str};

use arrayvec::ArrayString;

#[cfg(feature = "deflate")]
use super::deflate::{DeflateParams, NAME, Named};
use super::http1::fields::{Headers, Known, TOKEN, Values, is, trim};
use crate::error::HandshakeError;
use crate::wire::ReservedBits;

/// What both endpoints agreed on in the opening handshake, as far as frames depend on it: the extensions.
/// There is one, permessage-deflate (feature `deflate`).
#[derive(Debug, Clone, Copy, Default, Eq)]
#[non_exhaustive]
pub struct Negotiated {
    #[cfg(feature = "deflate")]
    deflate: Option<DeflateParams>,
    /// Whether the offer named the server's window, so that the answer must (RFC 7692 §7.1.2.1).
    #[cfg(feature = "deflate")]
    server_bits_named: bool,
}

/// Two are the same where frames are, however that was asked for.
impl PartialEq for Negotiated {
    fn eq(&self, other: &Self) -> bool {
        #[cfg(feature = "deflate")]
        let same = self.deflate == other.deflate;
        #[cfg(not(feature = "deflate"))]
        let same = matches!((self, other), (Self {}, Self {}));
        same
    }
}

impl Negotiated {
    /// No extension.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            #[cfg(feature = "deflate")]
            deflate: None,
            #[cfg(feature = "deflate")]
            server_bits_named: false,
        }
    }

    /// The reserved bits that an agreed extension gives a meaning on the first frame of a message (§5.2).
    pub(crate) const fn reserved_bits(self) -> ReservedBits {
        #[cfg(feature = "deflate")]
        if self.deflate.is_some() {
            // RFC 7692 §6: "allocates the RSV1 bit"
            return ReservedBits::RSV1;
        }
        ReservedBits::NONE
    }

    /// One more extension of an offer, to a server that is ready for `ready`. What it cannot meet is declined
    /// by silence.
    fn accept(self, offer: Extension<'_>, ready: Self) -> Self {
        #[cfg(feature = "deflate")]
        // RFC 7692 §5: offers stand in the order of preference; the first that can be met is taken, and no
        // other that claims RSV1
        if let (None, Some(most), true) = (self.deflate, ready.deflate, offer.name() == NAME) {
            if let Some(named) = Named::parse(offer.params()) {
                return Self {
                    deflate: most.accept(&named),
                    server_bits_named: named.server_window_bits.is_some(),
                };
            }
        }
        let _ = (offer, ready);
        self
    }

    /// §4.1: one more extension of an answer, to a client that has offered `offered`.
    fn confirm(self, answer: Extension<'_>, offered: Self) -> Result<Self, HandshakeError> {
        #[cfg(feature = "deflate")]
        if let (Some(most), true) = (offered.deflate, answer.name() == NAME) {
            // RFC 7692 §5.1: two that use RSV1 cannot both be accepted
            let first = self.deflate.is_none();
            let deflate =
                Named::parse(answer.params()).filter(|_| first).and_then(|named| most.confirm(&named));
            return Ok(Self { deflate: Some(deflate.ok_or(HandshakeError::InvalidDeflate)?), ..self });
        }
        let _ = (answer, offered);
        Err(HandshakeError::ExtensionNotOffered)
    }

    /// What a request says that offers this.
    pub(super) fn offer(self) -> Option<Value> {
        #[cfg(feature = "deflate")]
        return self.deflate.map(DeflateParams::offer);
        #[cfg(not(feature = "deflate"))]
        None
    }

    /// What a response says that agrees to this.
    pub(super) fn answer(self) -> Option<Value> {
        #[cfg(feature = "deflate")]
        return self.deflate.map(|agreed| agreed.answer(self.server_bits_named));
        #[cfg(not(feature = "deflate"))]
        None
    }
}

/// What this endpoint says in Sec-WebSocket-Extensions; room for one extension with all of its parameters.
pub(super) type Value = ArrayString<{ if cfg!(feature = "deflate") { 128 } else { 0 } }>;

#[cfg(feature = "deflate")]
impl Negotiated {
    /// The same, with permessage-deflate of these parameters (RFC 7692 §7.1).
    #[must_use]
    pub fn with_deflate(self, deflate: DeflateParams) -> Self {
        Self { deflate: Some(deflate.in_range()), ..self }
    }

    /// The parameters of permessage-deflate, if that was agreed on.
    #[must_use]
    pub const fn deflate(&self) -> Option<DeflateParams> {
        self.deflate
    }
}

/// The lines of Sec-WebSocket-Extensions that were read so far, and what comes of them (§9.1).
#[derive(Debug, Clone, Copy)]
pub(super) enum Negotiation {
    /// None.
    NoLine,
    /// Lines that name no extension.
    Nothing,
    /// Lines that name extensions.
    Named(Negotiated),
    Failed(HandshakeError),
}

impl Negotiation {
    /// One more line of a request, to a server that is ready for `ready`.
    pub(super) fn offer(&mut self, line: &[u8], ready: Negotiated) {
        self.line(line, |agreed, extension| Ok(agreed.accept(extension, ready)));
    }

    /// §4.1: one more line of a response, to a client that has offered `offered`: what was not offered fails
    /// the connection.
    pub(super) fn answer(&mut self, line: &[u8], offered: Negotiated) {
        self.line(line, |agreed, extension| agreed.confirm(extension, offered));
    }

    fn line(
        &mut self,
        line: &[u8],
        judge: impl Fn(Negotiated, Extension<'_>) -> Result<Negotiated, HandshakeError>,
    ) {
        let mut agreed = match self {
            Self::Failed(_) => return,
            Self::NoLine | Self::Nothing => Negotiated::new(),
            Self::Named(agreed) => *agreed,
        };
        if let Self::NoLine = self {
            *self = Self::Nothing;
        }
        let mut reader = Reader { rest: line };
        loop {
            match (reader.extension(), &self) {
                (Ok(None), _) => return,
                (Ok(Some(_)), Self::Failed(_)) => {}
                (Ok(Some(extension)), _) => {
                    *self = match judge(agreed, extension) {
                        Ok(next) => {
                            agreed = next;
                            Self::Named(next)
                        }
                        Err(error) => Self::Failed(error),
                    };
                }
                // §9.1: whoever receives a value outside the grammar "MUST immediately _Fail the WebSocket
                // Connection_"
                (Err(Malformed), _) => {
                    *self = Self::Failed(HandshakeError::InvalidExtensions);
                    return;
                }
            }
        }
    }

    pub(super) const fn end(self) -> Result<Negotiated, HandshakeError> {
        match self {
            Self::NoLine => Ok(Negotiated::new()),
            // §9.1: 1#extension; RFC 9110 §5.6.1.2: empty elements do not count
            Self::Nothing => Err(HandshakeError::InvalidExtensions),
            Self::Named(agreed) => Ok(agreed),
            Self::Failed(error) => Err(error),
        }
    }
}

/// The extensions of a head, in order, over all its Sec-WebSocket-Extensions lines (§9.1).
#[derive(Debug, Clone)]
pub struct Extensions<'b> {
    lines: Values<'b>,
    line: Reader<'b>,
}

impl<'b> Extensions<'b> {
    pub(super) fn new(headers: Headers<'b>) -> Self {
        Self { lines: headers.values(Known::Extensions), line: Reader { rest: b"" } }
    }

    /// Those of one line.
    pub(super) fn of_line(line: &'b [u8]) -> Self {
        Self { line: Reader { rest: line }, ..Self::new(Headers::default()) }
    }
}

impl<'b> Iterator for Extensions<'b> {
    type Item = Extension<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Ok(Some(extension)) = self.line.extension() {
                return Some(extension);
            }
            self.line = Reader { rest: self.lines.next()? };
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
    /// Its name, a token.
    #[must_use]
    pub fn name(&self) -> &'b str {
        ascii(self.name)
    }

    /// Its parameters, in order.
    #[must_use]
    pub fn params(&self) -> Params<'b> {
        Params { reader: Reader { rest: self.params } }
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
    /// Its name, a token.
    #[must_use]
    pub fn name(&self) -> &'b str {
        ascii(self.name)
    }

    /// Its value, where it has one.
    #[must_use]
    pub fn value(&self) -> Option<ParamValue<'b>> {
        self.value
    }
}

/// The value of a parameter: a token, whether it was quoted or not (§9.1). Compares with `&str`.
#[derive(Clone, Copy)]
pub struct ParamValue<'b> {
    /// Without the quotes, backslashes still there.
    raw: &'b [u8],
    quoted: bool,
}

impl<'b> ParamValue<'b> {
    /// Its characters, unquoted.
    pub fn bytes(self) -> impl Iterator<Item = u8> + 'b {
        let mut raw = self.raw.iter().copied();
        // RFC 9110 §5.6.4: a recipient "MUST handle a quoted-pair as if it were replaced by the octet
        // following the backslash"
        iter::from_fn(move || match raw.next() {
            Some(b'\\') if self.quoted => raw.next(),
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

/// Reads a value from its front, once.
#[derive(Debug, Clone, Copy)]
struct Reader<'b> {
    rest: &'b [u8],
}

/// Outside the grammar.
#[derive(Debug, Clone, Copy)]
struct Malformed;

impl<'b> Reader<'b> {
    /// `1#( token *( ";" extension-param ) )`, the next element; `None` at the end.
    fn extension(&mut self) -> Result<Option<Extension<'b>>, Malformed> {
        // RFC 9110 §5.6.1.2: a recipient ignores empty list elements
        while self.eat(b',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.token()?;
        let from_params = self.rest;
        while self.param()?.is_some() {}
        let params_len = from_params.len().saturating_sub(self.rest.len());
        let params = from_params.get(..params_len).unwrap_or_default();
        if self.rest.is_empty() || self.eat(b',') {
            Ok(Some(Extension { name, params }))
        } else {
            Err(Malformed)
        }
    }

    /// `";" token [ "=" (token | quoted-string) ]`; `None` where no semicolon is next.
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
            return Ok(ParamValue { raw: self.token()?, quoted: false });
        };
        self.rest = rest;
        let mut escaped = false;
        for (at, &byte) in self.rest.iter().enumerate() {
            match byte {
                b'\\' if !escaped => escaped = true,
                b'"' if !escaped => {
                    let (raw, rest) = self.rest.split_at_checked(at).ok_or(Malformed)?;
                    self.rest = trim(rest.get(1..).unwrap_or_default());
                    return if raw.is_empty() {
                        Err(Malformed)
                    } else {
                        Ok(ParamValue { raw, quoted: true })
                    };
                }
                // §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF"
                _ if is(byte, TOKEN) => escaped = false,
                _ => return Err(Malformed),
            }
        }
        Err(Malformed)
    }

    fn token(&mut self) -> Result<&'b [u8], Malformed> {
        let end = self.rest.iter().position(|&byte| !is(byte, TOKEN)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).ok_or(Malformed)?;
        self.rest = trim(rest);
        if token.is_empty() { Err(Malformed) } else { Ok(token) }
    }

    /// Takes this byte and the whitespace after it, if it is next.
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

/// Tokens are ASCII.
fn ascii(token: &[u8]) -> &str {
    str::from_utf8(token).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Extensions, Negotiated, Negotiation};
    use crate::error::HandshakeError;
    use crate::handshake::http1::fields::Headers;

    fn lines(values: &[&str]) -> String {
        values.iter().map(|value| format!("Sec-WebSocket-Extensions: {value}\r\nX: y\r\n")).collect()
    }

    fn end(line: &str, take: fn(&mut Negotiation, &[u8], Negotiated)) -> Result<Negotiated, HandshakeError> {
        let mut negotiation = Negotiation::NoLine;
        take(&mut negotiation, line.as_bytes(), Negotiated::new());
        negotiation.end()
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

    #[test]
    fn ex_01_lists_over_one_or_more_lines() {
        assert_eq!(list(&["foo, bar; baz=2"]), ["foo", "bar;baz=2"]); // §9.1
        assert_eq!(list(&["foo", "bar; baz=2"]), ["foo", "bar;baz=2"]); // §9.1
        assert_eq!(list(&["deflate-stream"]), ["deflate-stream"]); // §9.1
        assert_eq!(
            list(&["mux; max-channels=4; flow-control, deflate-stream"]),
            ["mux;max-channels=4;flow-control", "deflate-stream"]
        );
        assert_eq!(list(&[", ,a ;b\t= c ,,", "", ","]), ["a;b=c"]);
    }

    #[test]
    fn ex_02_a_quoted_value_equals_its_token() {
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

    #[test]
    fn ex_03_values_outside_the_grammar() {
        for value in [
            ";",
            "a;",
            "a; ;b",
            "a;b=",
            "a;b=,",
            "a b",
            "a;b c",
            "a;=c",
            "=",
            "a=b",
            "a;b=\"",
            "a;b=\"x",
            "a;b=\"\"",
            "a;b=\"x y\"",
            "a;b=\"x\\",
            "a;b=\"x\"y",
            "a;b=\"x,y\"",
            "a;b='x y'",
            "\"a\"",
            "a;\"b\"",
            "a/b",
            "\u{e9}",
            "a;b=\"\\\\\"",
            "a, b;",
        ] {
            assert_eq!(end(value, Negotiation::offer), Err(HandshakeError::InvalidExtensions), "{value}");
        }
    }

    #[test]
    fn ex_01_c_rs_07_what_is_offered_is_declined_and_what_is_answered_unasked_fails() {
        let line = "permessage-deflate; client_max_window_bits, foo";
        assert_eq!(end(line, Negotiation::offer), Ok(Negotiated::new()));
        assert_eq!(end(line, Negotiation::answer), Err(HandshakeError::ExtensionNotOffered));
        assert_eq!(Negotiation::NoLine.end(), Ok(Negotiated::new()));
    }
}
