//! Heads of HTTP/1.1 (RFC 9112 §2 to §5).

use wsconform::Role;

use super::fault::{Fault, Faults};

/// A head.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub start_line: String,
    fields: Vec<(String, String)>,
    is_case_sensitive: bool,
}

/// The head is malformed.
#[derive(Debug, Clone, Copy)]
pub struct Malformed;

const MAX_HEAD: usize = 64 * 1024;

impl Head {
    /// Reads the head at the start of `input`, which an endpoint of this role received. Returns the number of
    /// its bytes as well; `None` if some are missing.
    pub fn read(input: &[u8], role: Role, faults: Faults) -> Result<Option<(Self, usize)>, Malformed> {
        let is_unchecked = is_unchecked(faults);
        let Some(end) = end(input, is_unchecked) else {
            return if input.len() > MAX_HEAD { Err(Malformed) } else { Ok(None) };
        };
        // RFC 9112 §2.2: a server ignores one empty line before the request line.
        let skipped = if role == Role::Server && input.starts_with(b"\r\n") { 2 } else { 0 };
        if end > MAX_HEAD || skipped > end {
            return Err(Malformed);
        }
        let bytes = input[skipped..end].strip_suffix(b"\r\n\r\n").unwrap_or(&input[skipped..end]);
        // Latin-1: a character for each byte.
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let text = if is_unchecked { lenient(&text) } else { text };
        let mut lines = text.split("\r\n");
        let mut head = Self {
            start_line: lines.next().unwrap_or_default().to_owned(),
            is_case_sensitive: faults.has(Fault::NamesCaseSensitive),
            ..Self::default()
        };
        for line in lines {
            head.line(line, role, faults)?;
        }
        Ok(Some((head, end)))
    }

    fn line(&mut self, line: &str, role: Role, faults: Faults) -> Result<(), Malformed> {
        let is_control = |c: char| c.is_ascii_control() && c != '\t';
        if line.contains(is_control) {
            return Err(Malformed);
        }
        if line.starts_with([' ', '\t']) {
            // RFC 9112 §5.2: a user agent replaces a fold by SP; a server may refuse it.
            let may_fold = role == Role::Client && !faults.has(Fault::FoldRefused);
            let is_unchecked = is_unchecked(faults);
            return match self.fields.last_mut().filter(|_| may_fold || is_unchecked) {
                Some((_, value)) => {
                    *value = format!("{value} {}", line.trim_matches([' ', '\t'])).trim().to_owned();
                    Ok(())
                }
                None if is_unchecked => Ok(()),
                None => Err(Malformed),
            };
        }
        let (name, value) = match line.split_once(':') {
            Some(parts) => parts,
            None if is_unchecked(faults) => return Ok(()),
            None => return Err(Malformed),
        };
        let accepts_space = faults.has(Fault::SpaceBeforeColonAccepted);
        let name = if accepts_space { name.trim_end_matches([' ', '\t']) } else { name };
        if !is_token(name) && !is_unchecked(faults) {
            return Err(Malformed);
        }
        self.fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
        Ok(())
    }

    /// The values of the lines with this name.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let is_same = |other: &str| match self.is_case_sensitive {
            true => other == name,
            false => other.eq_ignore_ascii_case(name),
        };
        let same = self.fields.iter().filter(|(other, _)| is_same(other));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of the only line with this name.
    pub fn single(&self, name: &str) -> Option<&str> {
        match self.values(name)[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    /// The elements of a list, in lower case.
    pub fn elements(&self, name: &str) -> Vec<String> {
        let values = self.values(name).join(",");
        let elements = values.split(',').map(|element| element.trim_matches([' ', '\t']).to_lowercase());
        elements.filter(|element| !element.is_empty()).collect()
    }
}

fn is_unchecked(faults: Faults) -> bool {
    faults.has(Fault::HeadUnchecked) || faults.has(Fault::ResponseHeadUnchecked)
}

/// The number of bytes up to the empty line.
fn end(input: &[u8], is_unchecked: bool) -> Option<usize> {
    let find = |end: &[u8]| input.windows(end.len()).position(|part| part == end).map(|at| at + end.len());
    let lf = find(b"\n\n").filter(|_| is_unchecked);
    [find(b"\r\n\r\n"), lf].into_iter().flatten().min()
}

/// What a reader makes of a head that ends lines at LF, and takes control characters for spaces.
fn lenient(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let lines = lines.map(|line| line.replace(|c: char| c.is_ascii_control() || c == '\u{A0}', " "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\r\n")
}

pub fn is_token(text: &str) -> bool {
    let is_tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_tchar)
}
