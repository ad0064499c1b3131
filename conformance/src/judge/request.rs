//! The request of a client (§4.1).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::list::{elements, extension_names, has_element, is_token};
use super::{Head, Violation};

/// The rules that a request breaks, but for those over several requests.
#[must_use]
pub fn judge_request(request: &Head) -> Vec<Violation> {
    let rules: [(Violation, bool); 11] = [
        (Violation::RequestLine, target(request).is_some()),
        (Violation::RequestTarget, target(request).is_none_or(is_target)),
        (Violation::RequestHost, request.value("Host").is_some_and(is_host)),
        (Violation::RequestUpgrade, has_element(request, "Upgrade", "websocket")),
        (Violation::RequestConnection, has_element(request, "Connection", "upgrade")),
        (Violation::RequestKey, request.value("Sec-WebSocket-Key").is_some_and(is_key)),
        (Violation::RequestVersion, request.value("Sec-WebSocket-Version") == Some(b"13")),
        (Violation::RequestContent, has_no_content(request)),
        (Violation::RequestDuplicate, SINGLE.iter().all(|name| request.values(name).count() < 2)),
        (Violation::RequestProtocols, has_legal_protocols(request)),
        (Violation::RequestExtensions, extension_names(request).is_some()),
    ];
    let mut broken: Vec<_> =
        rules.iter().filter(|(_, is_obeyed)| !is_obeyed).map(|(violation, _)| *violation).collect();
    let values = request.fields.iter().map(|(_, value)| value);
    // RFC 9110 §5.5: a tab is the only control character that a value may have.
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    if values.chain([&request.start_line]).any(|line| line.iter().any(is_control)) {
        broken.push(Violation::RequestControl);
    }
    broken
}

/// §11.3.1, §11.3.5, RFC 9112 §3.2.
const SINGLE: [&str; 3] = ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];

/// §4.1: "The method of the request MUST be GET, and the HTTP version MUST be at least 1.1."
fn target(request: &Head) -> Option<&[u8]> {
    request.start_line.strip_prefix(b"GET ")?.strip_suffix(b" HTTP/1.1")
}

/// §4.1: "a relative URI or an absolute http/https URI". §3: without a fragment.
fn is_target(target: &[u8]) -> bool {
    let begins = [&b"/"[..], b"http://", b"https://"].iter().any(|begin| target.starts_with(begin));
    // A few more characters than those of RFC 3986 are usual in queries.
    begins && target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#')
}

/// RFC 9110 §7.2: `uri-host [ ":" port ]`. A name that only a resolver can judge is not judged.
fn is_host(host: &[u8]) -> bool {
    let is_legal = |byte: &u8| byte.is_ascii_graphic() && !b"/?#@\"<>\\^`{|}".contains(byte);
    !host.is_empty() && host.iter().all(is_legal)
}

/// §4.1: "a nonce consisting of a randomly selected 16-byte value that has been base64-encoded". The unused
/// bits of the last character can have any value.
fn is_key(key: &[u8]) -> bool {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config).decode(key).is_ok_and(|nonce| nonce.len() == 16)
}

fn has_no_content(request: &Head) -> bool {
    let length = request.value("Content-Length");
    length.is_none_or(|length| length == b"0") && request.value("Transfer-Encoding").is_none()
}

/// §4.1: "MUST be non-empty strings", tokens, and "all be unique strings".
fn has_legal_protocols(request: &Head) -> bool {
    let offered = elements(request, "Sec-WebSocket-Protocol");
    let is_offered = request.value("Sec-WebSocket-Protocol").is_some();
    let mut sorted = offered.clone();
    sorted.sort_unstable();
    sorted.dedup();
    offered.iter().all(|protocol| is_token(protocol))
        && sorted.len() == offered.len()
        && is_offered != offered.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Head, Violation, judge_request};
    use crate::judge::HeadNext;

    const LEGAL: &str = "GET /a?b=%20 HTTP/1.1\r\nHost: [::1]:80\r\nUpgrade: h2c, WebSocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n\
        Sec-WebSocket-Extensions: d; e=1\r\nContent-Length: 0\r\nX: \t\r\n\r\n";

    fn judge(request: &str) -> Vec<Violation> {
        let HeadNext::Head(head, _) = Head::read(request.as_bytes()) else { panic!("{request}") };
        judge_request(&head)
    }

    #[test]
    fn a_request_breaks_each_rule() {
        assert_eq!(judge(LEGAL), []);
        let changes = [
            ("GET ", "POST ", Violation::RequestLine),
            ("HTTP/1.1", "HTTP/1.0", Violation::RequestLine),
            ("/a?b", "a?b", Violation::RequestTarget),
            ("/a?b", "/a#b", Violation::RequestTarget),
            ("/a?b", "/a b", Violation::RequestTarget),
            ("[::1]:80", "", Violation::RequestHost),
            ("[::1]:80", "a/b", Violation::RequestHost),
            ("WebSocket", "WebSockets", Violation::RequestUpgrade),
            (", Upgrade", "", Violation::RequestConnection),
            ("dGhl", "dGh", Violation::RequestKey),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", Violation::RequestKey),
            (": 13", ": 8", Violation::RequestVersion),
            ("Length: 0", "Length: 1", Violation::RequestContent),
            ("X: ", "Transfer-Encoding: ", Violation::RequestContent),
            ("X: ", "Host: a", Violation::RequestDuplicate),
            ("a, b", "a, c", Violation::RequestProtocols),
            ("a, b", "a b", Violation::RequestProtocols),
            ("e=1", "e=", Violation::RequestExtensions),
            ("X: \t", "X: \u{1}", Violation::RequestControl),
            ("X: \t", "X: a\rb", Violation::RequestControl),
        ];
        for (from, to, violation) in changes {
            assert_eq!(judge(&LEGAL.replacen(from, to, 1)), [violation], "{from} {to:?}");
        }
    }
}
