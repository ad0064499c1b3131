//! What the suite writes in an opening handshake (§4), as data: a request to a server, or a response to a
//! client, legal or not.

mod values;

use alloc::borrow::Cow;

use crate::step::{Cuts, Item};
pub(crate) use values::Values;

/// What the suite writes in an opening handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawOpening {
    /// The head.
    pub head: RawHead,
    /// Frames in the same write as the head.
    pub glued: Vec<Item>,
    /// The writes.
    pub parts: Parts,
    /// What follows the writes.
    pub end: Ending,
    /// Whether a refusal decides the case. If not, the bytes after it count.
    pub is_decided_by_refusal: bool,
}

/// The writes of a head and the frames that are glued to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parts {
    /// One write.
    Whole,
    /// One write for each part, a millisecond apart.
    Cut(Cuts),
    /// Two writes, a millisecond apart: one connection for each place of the cut.
    EachPlace,
}

/// What follows an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The connection stays open, and an answer is due.
    Open,
    /// The connection stays open, but the head has no end: no answer is due.
    Endless,
    /// The end of our side (FIN).
    HalfClose,
    /// A reset (RST).
    Reset,
}

impl RawOpening {
    pub(crate) fn new(head: RawHead) -> Self {
        Self { head, glued: Vec::new(), parts: Parts::Whole, end: Ending::Open, is_decided_by_refusal: true }
    }
}

/// A head: lines of text with placeholders.
///
/// A placeholder is a name in braces, such as `{key}`. Text in braces that is no name stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawHead {
    /// The start line.
    pub start: Text,
    /// The field lines.
    pub fields: Vec<Text>,
    /// The end of each line.
    pub line_end: &'static str,
    /// What follows the field lines, as a rule an empty line.
    pub end: Text,
}

impl RawHead {
    /// A head of these lines.
    pub(crate) fn new(start: impl Into<Text>, fields: impl IntoIterator<Item = Text>) -> Self {
        let fields = fields.into_iter().collect();
        Self { start: start.into(), fields, line_end: "\r\n", end: "\r\n".into() }
    }

    /// §4.1: the fields that every request needs.
    pub(crate) fn request() -> Self {
        let fields = [
            "Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ];
        Self::new("GET {resource} HTTP/1.1", fields.map(Text::from))
    }

    /// §4.2.2: a response without an extension and a subprotocol.
    pub(crate) fn response() -> Self {
        let fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: {accept}"];
        Self::new("HTTP/1.1 101 Switching Protocols", fields.map(Text::from))
    }

    /// No bytes at all.
    pub(crate) fn nothing() -> Self {
        Self { start: Text(Vec::new()), fields: Vec::new(), line_end: "\r\n", end: Text(Vec::new()) }
    }

    /// The same with another start line.
    pub(crate) fn start(mut self, start: impl Into<Text>) -> Self {
        self.start = start.into();
        self
    }

    /// The same with one more field line at the end.
    pub(crate) fn add(mut self, line: impl Into<Text>) -> Self {
        self.fields.push(line.into());
        self
    }

    /// The same with one more field line before all others.
    pub(crate) fn add_first(mut self, line: impl Into<Text>) -> Self {
        self.fields.insert(0, line.into());
        self
    }

    /// The same without the field lines that begin with this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|line| !line.has_name(name));
        self
    }

    /// The same with these field lines in place of the one that begins with this name.
    pub(crate) fn replace(mut self, name: &str, lines: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        let at = self.fields.iter().position(|line| line.has_name(name)).unwrap_or(self.fields.len());
        let rest = self.fields.split_off(at);
        self.fields.extend(lines.into_iter().map(Into::into));
        self.fields.extend(rest.into_iter().skip(1));
        self
    }

    /// The same with each field line changed.
    pub(crate) fn map(mut self, change: impl Fn(&str) -> String) -> Self {
        for line in &mut self.fields {
            *line = change(&line.as_str()).into();
        }
        self
    }

    /// The same with other line ends.
    pub(crate) fn line_end(self, line_end: &'static str) -> Self {
        Self { line_end, end: line_end.into(), ..self }
    }

    /// The same with something else after the field lines.
    pub(crate) fn end(self, end: impl Into<Text>) -> Self {
        Self { end: end.into(), ..self }
    }

    /// The bytes. The lines of `extra` follow the field lines, if there are any. RFC 9110 §5.3: a field has
    /// one line. An extra line replaces that of a usual request, but not one that is special to this head.
    pub(crate) fn render(&self, values: &Values, extra: &[(String, String)]) -> Vec<u8> {
        let usual = Self::request();
        let is_usual = |name: &str| self.lines(name).eq(usual.lines(name));
        let extra: Vec<_> = extra.iter().filter(|(name, _)| is_usual(name)).collect();
        let is_kept = |line: &&Text| !extra.iter().any(|(name, _)| line.has_name(name));
        let fields = self.fields.iter().filter(is_kept);
        let mut bytes = Vec::new();
        for (at, line) in core::iter::once(&self.start).chain(fields).enumerate() {
            // A head may begin with a field line, or have no line at all.
            if at > 0 || !line.0.is_empty() {
                line.render(values, &mut bytes);
                bytes.extend_from_slice(self.line_end.as_bytes());
            }
        }
        let has_fields = !self.fields.is_empty();
        for (name, value) in extra.into_iter().filter(|_| has_fields) {
            bytes.extend_from_slice(format!("{name}: {value}{}", self.line_end).as_bytes());
        }
        self.end.render(values, &mut bytes);
        bytes
    }

    /// The field lines that begin with this name.
    fn lines(&self, name: &str) -> impl Iterator<Item = &Text> {
        self.fields.iter().filter(move |line| line.has_name(name))
    }
}

/// A text with placeholders: pieces, each repeated so many times, because some heads are large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Vec<(Cow<'static, [u8]>, usize)>);

impl Text {
    /// A unit, repeated.
    pub(crate) fn repeat(unit: &'static str, times: usize) -> Self {
        Self(vec![(Cow::Borrowed(unit.as_bytes()), times)])
    }

    /// This text and another.
    pub(crate) fn then(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    fn has_name(&self, name: &str) -> bool {
        let is_name = |(text, _): &(Cow<'static, [u8]>, usize)| {
            let begin = text.get(..name.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name.as_bytes()))
                && text.get(name.len()) == Some(&b':')
        };
        self.0.first().is_some_and(is_name)
    }

    fn as_str(&self) -> String {
        self.0.iter().map(|(text, times)| String::from_utf8_lossy(text).repeat(*times)).collect()
    }

    fn render(&self, values: &Values, out: &mut Vec<u8>) {
        for (text, times) in &self.0 {
            let text = values.fill(text);
            (0..*times).for_each(|_| out.extend_from_slice(&text));
        }
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::repeat(text, 1)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<Vec<u8>> for Text {
    fn from(text: Vec<u8>) -> Self {
        Self(vec![(Cow::Owned(text), 1)])
    }
}

#[cfg(test)]
mod tests {
    use super::{RawHead, Text, Values};

    fn render(head: &RawHead) -> String {
        let mut values = Values::default();
        values.set("key", "K");
        String::from_utf8(head.render(&values, &[("X".to_owned(), "y".to_owned())])).expect("UTF-8")
    }

    #[test]
    fn a_head_has_its_lines_and_values() {
        let head = RawHead::new("GET {key} {other}", [Text::from("A: {key}"), Text::from("B: 2")]);
        assert_eq!(render(&head), "GET K {other}\r\nA: K\r\nB: 2\r\nX: y\r\n\r\n");
        assert_eq!(render(&head.clone().without("a").line_end("\n")), "GET K {other}\nB: 2\nX: y\n\n");
        let twice = head.replace("A", ["A: 1", "A: 2"]).add(Text::from("C: ").then(Text::repeat("{key}", 2)));
        assert_eq!(render(&twice), "GET K {other}\r\nA: 1\r\nA: 2\r\nB: 2\r\nC: KK\r\nX: y\r\n\r\n");
    }

    #[test]
    fn an_extra_line_replaces_the_usual_one_and_no_other() {
        let render = |head: RawHead, name: &str| {
            let extra = [(name.to_owned(), "extra".to_owned())];
            String::from_utf8(head.render(&Values::default(), &extra)).expect("UTF-8")
        };
        let count = |text: &str, line: &str| text.lines().filter(|one| *one == line).count();
        let request = RawHead::request;
        let replaced = render(request(), "host");
        assert_eq!((count(&replaced, "Host: {host}"), count(&replaced, "host: extra")), (0, 1), "{replaced}");
        let two = request().add("Host: other");
        let none = request().without("Host");
        let origin = request().add("Origin: null");
        for (head, name) in [(two, "Host"), (none, "Host"), (origin, "origin")] {
            let alone = head.render(&Values::default(), &[]);
            assert_eq!(render(head, name).into_bytes(), alone, "{name}");
        }
    }

    #[test]
    fn a_head_without_fields_gets_none() {
        assert_eq!(render(&RawHead::new("{", []).end("")), "{\r\n");
        assert_eq!(render(&RawHead::nothing().end("{key}")), "K");
    }
}
