//! Lists in field values (RFC 9110 §5.6.1), and the extensions in them (§9.1).

use super::Head;

/// The elements of all field lines with this name: split at commas outside of quoted strings, without the
/// whitespace around them. Empty elements are left out.
pub(crate) fn elements(head: &Head, name: &str) -> Vec<String> {
    let mut elements = vec![];
    for value in head.values(name) {
        elements.extend(split(&String::from_utf8_lossy(value), ','));
    }
    elements.retain(|element| !element.is_empty());
    elements
}

/// Whether a list has an element, in any case.
pub(crate) fn has_element(head: &Head, name: &str, element: &str) -> bool {
    elements(head, name).iter().any(|other| other.eq_ignore_ascii_case(element))
}

/// The names of the extensions in all field lines; `None` if one of the lines does not have the grammar.
pub(crate) fn extension_names(head: &Head) -> Option<Vec<String>> {
    let mut names = vec![];
    let mut values = head.values("Sec-WebSocket-Extensions");
    let has_empty_line = head.values("Sec-WebSocket-Extensions").any(<[u8]>::is_empty);
    let are_legal = values.all(|value| {
        let value = String::from_utf8_lossy(value);
        split(&value, ',').iter().filter(|offer| !offer.is_empty()).all(|offer| {
            let mut parts = split(offer, ';').into_iter();
            let name = parts.next().unwrap_or_default();
            let is_legal = is_token(&name) && parts.all(|parameter| is_parameter(&parameter));
            names.push(name);
            is_legal
        })
    });
    (are_legal && !has_empty_line).then_some(names)
}

/// §9.1: `token [ "=" (token | quoted-string) ]`, and the string is a token as well.
fn is_parameter(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return is_token(parameter) };
    let value = value.trim_matches([' ', '\t']);
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let value = quoted.map_or(value.to_owned(), |quoted| quoted.replace('\\', ""));
    is_token(name.trim_matches([' ', '\t'])) && is_token(&value)
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    let is_tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_tchar)
}

fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part) = (vec![], String::new());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        if c == separator && !is_quoted {
            parts.push(core::mem::take(&mut part));
            continue;
        }
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        part.push(c);
    }
    parts.push(part);
    parts.iter().map(|part| part.trim_matches([' ', '\t']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Head, elements, extension_names};
    use crate::judge::HeadNext;

    fn head(fields: &str) -> Head {
        match Head::read(format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes()) {
            HeadNext::Head(head, _) => head,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn elements_of_all_lines_are_found() {
        let head = head("A: x, ,y\r\nB: z\r\na: \"p,q\" ,");
        assert_eq!(elements(&head, "A"), ["x", "y", "\"p,q\""]);
    }

    #[test]
    fn extensions_have_the_grammar_of_section_9_1() {
        let names = |value: &str| extension_names(&head(&format!("Sec-WebSocket-Extensions: {value}")));
        assert_eq!(names("a; b; c=1, d;e=\"2\""), Some(vec!["a".to_owned(), "d".to_owned()]));
        assert_eq!(names("a; b = \"\\1\""), Some(vec!["a".to_owned()]));
        for illegal in ["", "a;", "; b", "a; b=", "a; b=\"1", "a; b=\"1 5\"", "a b", "a; =1", "a; b=\"\""] {
            assert_eq!(names(illegal), None, "{illegal}");
        }
        assert_eq!(extension_names(&head("A: b")), Some(vec![]));
    }
}
