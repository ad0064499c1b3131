//! The response of a server that accepts a request (§4.2.2).

use super::list::{elements, extension_names, has_element, is_token};
use super::{Head, Violation, accept_value};

/// The rules that an acceptance of `request` breaks.
#[must_use]
pub fn judge_response(request: &Head, response: &Head) -> Vec<Violation> {
    let rules: [(Violation, bool); 7] = [
        (Violation::ResponseStatus, has_status_line(response)),
        (Violation::ResponseUpgrade, has_upgrade(response)),
        (Violation::ResponseConnection, has_element(response, "Connection", "upgrade")),
        (Violation::ResponseAccept, has_accept(request, response)),
        (Violation::ResponseFraming, has_no_framing(response)),
        (Violation::ResponseExtension, has_offered_extensions(request, response)),
        (Violation::ResponseProtocol, has_offered_protocol(request, response)),
    ];
    rules.iter().filter(|(_, is_obeyed)| !is_obeyed).map(|(violation, _)| *violation).collect()
}

/// RFC 9112 §4: "A server MUST send the space that separates the status-code from the reason-phrase even when
/// the reason-phrase is absent".
fn has_status_line(response: &Head) -> bool {
    response.start_line.starts_with(b"HTTP/1.1 101 ")
}

/// §4.1: a client compares the whole value.
fn has_upgrade(response: &Head) -> bool {
    let values: Vec<_> = response.values("Upgrade").collect();
    matches!(values.as_slice(), [value] if value.eq_ignore_ascii_case(b"websocket"))
}

fn has_accept(request: &Head, response: &Head) -> bool {
    let values: Vec<_> = response.values("Sec-WebSocket-Accept").collect();
    let expected = accept_value(request.value("Sec-WebSocket-Key").unwrap_or_default());
    matches!(values.as_slice(), [value] if *value == expected.as_bytes())
}

fn has_no_framing(response: &Head) -> bool {
    response.value("Content-Length").is_none() && response.value("Transfer-Encoding").is_none()
}

/// An extension that is agreed on twice is not judged here: its own specification says what that means.
fn has_offered_extensions(request: &Head, response: &Head) -> bool {
    let Some(agreed) = extension_names(response) else { return false };
    // An offer without the grammar offers nothing.
    let offered = extension_names(request).unwrap_or_default();
    agreed.iter().all(|name| offered.contains(name))
}

fn has_offered_protocol(request: &Head, response: &Head) -> bool {
    let offered = elements(request, "Sec-WebSocket-Protocol");
    let values: Vec<_> = response.values("Sec-WebSocket-Protocol").collect();
    match values.as_slice() {
        [] => true,
        [value] => offered.iter().any(|protocol| is_token(protocol) && protocol.as_bytes() == *value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, Violation, judge_response};
    use crate::judge::HeadNext;

    fn head(text: &str) -> Head {
        match Head::read(format!("{text}\r\n\r\n").as_bytes()) {
            HeadNext::Head(head, _) => head,
            other => panic!("{other:?}"),
        }
    }

    fn judge(response: &str) -> Vec<Violation> {
        let request = head(
            "GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            Sec-WebSocket-Protocol: chat, Superchat\r\nSec-WebSocket-Extensions: a; x, b",
        );
        judge_response(&request, &head(response))
    }

    const LEGAL: &str = "HTTP/1.1 101 \r\nupgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: Superchat\r\n\
        Sec-WebSocket-Extensions: b";

    #[test]
    fn a_response_breaks_each_rule() {
        assert_eq!(judge(LEGAL), []);
        let changes = [
            ("101 ", "101", Violation::ResponseStatus),
            ("WebSocket", "websocket, x", Violation::ResponseUpgrade),
            (", upgrade", "", Violation::ResponseConnection),
            ("s3p", "S3p", Violation::ResponseAccept),
            ("upgrade:", "Content-Length: 0\r\nupgrade:", Violation::ResponseFraming),
            ("Extensions: b", "Extensions: c", Violation::ResponseExtension),
            ("Extensions: b", "Extensions:", Violation::ResponseExtension),
            ("Superchat", "superchat", Violation::ResponseProtocol),
            ("Superchat", "", Violation::ResponseProtocol),
            ("Superchat", "chat, Superchat", Violation::ResponseProtocol),
        ];
        for (from, to, violation) in changes {
            assert_eq!(judge(&LEGAL.replacen(from, to, 1)), [violation], "{from} {to}");
        }
    }
}
