//! The server's side of the opening handshake (§4.2). Whatever is not legal is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::fault::{Fault, Faults};
use super::head::{Head, Malformed, is_token};
use super::negotiation::{self, Parameters};

/// The answer to a request.
#[derive(Debug)]
pub enum Answer {
    /// This response, with which the connection is open, and the agreed parameters of permessage-deflate.
    Accept(Vec<u8>, Option<Parameters>),
    /// This response.
    Refuse(Vec<u8>),
}

/// §4.2.2.
pub fn accept_value(key: &str) -> String {
    STANDARD.encode(Sha1::digest(key.to_owned() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
}

/// The answer to a head.
pub fn answer(head: Result<&Head, Malformed>, faults: Faults) -> Answer {
    let status = match head {
        Ok(head) => check(head, faults),
        Err(Malformed) => Err("400 Bad Request"),
    };
    match (status, head) {
        (Ok(()), Ok(head)) => {
            let (extensions, deflate) = negotiation::answer(head, faults).unzip();
            Answer::Accept(accept(head, &extensions.unwrap_or_default(), faults), deflate)
        }
        (Err("426 Upgrade Required"), _) if !faults.has(Fault::NoVersionField) => {
            refuse("426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
        }
        (Err(status @ "405 Method Not Allowed"), _) => refuse(status, "Allow: GET\r\n"),
        (Err(status), _) => refuse(status, ""),
        (Ok(()), Err(_)) => refuse("400 Bad Request", ""),
    }
}

fn refuse(status: &str, fields: &str) -> Answer {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{fields}\r\n");
    Answer::Refuse(head.into_bytes())
}

fn accept(head: &Head, extensions: &str, faults: Faults) -> Vec<u8> {
    let key = head.values("Sec-WebSocket-Key").first().copied().unwrap_or_default();
    let key = if faults.has(Fault::WrongAccept) { "wrong" } else { key };
    let accept = accept_value(key);
    let fault = match faults.0 {
        Some(Fault::ExtensionUnoffered) => "Sec-WebSocket-Extensions: x-other\r\n",
        Some(Fault::ProtocolUnoffered) => "Sec-WebSocket-Protocol: x-other\r\n",
        Some(Fault::AcceptWithLength) => "Content-Length: 0\r\n",
        _ => "",
    };
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: {accept}\r\n{extensions}{fault}\r\n"
    )
    .into_bytes()
}

type Check = Result<(), &'static str>;

fn ensure(is_legal: bool, status: &'static str) -> Check {
    if is_legal { Ok(()) } else { Err(status) }
}

const BAD_REQUEST: &str = "400 Bad Request";
const UPGRADE_REQUIRED: &str = "426 Upgrade Required";

/// §4.2.1.
fn check(head: &Head, faults: Faults) -> Check {
    request_line(head, faults)?;
    host(head, faults)?;
    let has_content = head.values("Content-Length").iter().any(|value| *value != "0")
        || head.values("Content-Length").len() > 1
        || !head.values("Transfer-Encoding").is_empty();
    let may_have_content = faults.has(Fault::BodyAsFrames) || faults.has(Fault::LengthUnchecked);
    ensure(!has_content || may_have_content, BAD_REQUEST)?;
    ensure(is_upgrade(head, faults), UPGRADE_REQUIRED)?;
    let version = head.single("Sec-WebSocket-Version");
    ensure(version == Some("13") || faults.has(Fault::VersionUnchecked), UPGRADE_REQUIRED)?;
    let keys = head.values("Sec-WebSocket-Key");
    let is_key = |key: &str| STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16);
    let has_key = matches!(keys[..], [key] if is_key(key)) || faults.has(Fault::KeyUnchecked);
    ensure(has_key, BAD_REQUEST)?;
    ensure(faults.has(Fault::OffersUnchecked) || are_offers(head), BAD_REQUEST)
}

fn request_line(head: &Head, faults: Faults) -> Check {
    if faults.has(Fault::HeadUnchecked) {
        return ensure(head.start_line.split_whitespace().count() >= 2, BAD_REQUEST);
    }
    let words: Vec<_> = head.start_line.split(' ').collect();
    let [method, target, version] = words[..] else { return Err(BAD_REQUEST) };
    let minor = version.strip_prefix("HTTP/1.").filter(|minor| minor.len() == 1);
    let is_1_1 = minor.is_some_and(|minor| matches!(minor.as_bytes()[0], b'1'..=b'9'));
    ensure(is_1_1 || version == "HTTP/1.0" && faults.has(Fault::Http10Accepted), BAD_REQUEST)?;
    let is_legal_target = target.starts_with('/') || target.starts_with("http://");
    let is_graphic = |c: char| c.is_ascii_graphic() && c != '#';
    ensure(is_legal_target && target.chars().all(is_graphic), BAD_REQUEST)?;
    let is_post = method == "POST" && faults.has(Fault::PostAccepted);
    ensure(method == "GET" || is_post, "405 Method Not Allowed")
}

fn host(head: &Head, faults: Faults) -> Check {
    let hosts = head.values("Host");
    let (name, port) = match hosts.first().map(|host| host.rsplit_once(':')) {
        Some(Some((name, port))) if !port.ends_with(']') => (name, port),
        _ => (hosts.first().copied().unwrap_or_default(), ""),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let is_address = name.starts_with('[') && name.ends_with(']') && name.len() > 2;
    let is_legal = !name.is_empty() && name.chars().all(is_name) || is_address;
    let is_legal = is_legal && port.chars().all(|c| c.is_ascii_digit());
    match hosts.len() {
        0 => ensure(faults.has(Fault::HostOptional), BAD_REQUEST),
        1 => ensure(is_legal, BAD_REQUEST),
        _ => ensure(faults.has(Fault::HostTwice), BAD_REQUEST),
    }
}

fn is_upgrade(head: &Head, faults: Faults) -> bool {
    let has = |name: &str, element: &str, fault: Fault| {
        let elements = head.elements(name);
        elements.iter().any(|other| other == element || faults.has(fault) && other.contains(element))
    };
    let first = head.values("Connection").first().copied().unwrap_or_default().to_lowercase();
    let has_connection = match faults.has(Fault::ConnectionFirstLineOnly) {
        true => first.split(',').any(|element| element.trim() == "upgrade"),
        false => has("Connection", "upgrade", Fault::ConnectionSubstring),
    };
    has_connection && has("Upgrade", "websocket", Fault::UpgradeSubstring)
}

/// §4.1, §9.1: the grammar of the offers.
fn are_offers(head: &Head) -> bool {
    let protocols = head.values("Sec-WebSocket-Protocol").join(",");
    let mut protocols: Vec<_> = protocols.split(',').map(str::trim).collect();
    let count = protocols.len();
    protocols.sort_unstable();
    protocols.dedup();
    let are_protocols = head.values("Sec-WebSocket-Protocol").is_empty()
        || protocols.len() == count && protocols.iter().all(|protocol| is_token(protocol));
    let is_parameter = |parameter: &str| match parameter.trim().split_once('=') {
        None => is_token(parameter.trim()),
        Some((name, value)) => {
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            is_token(name) && is_token(&quoted.map_or(value.to_owned(), |quoted| quoted.replace('\\', "")))
        }
    };
    let is_offer = |offer: &str| {
        let mut parts = offer.split(';');
        is_token(parts.next().unwrap_or_default().trim()) && parts.all(is_parameter)
    };
    // No offer of the suite that is legal has a comma in quotation marks.
    let extensions = head.values("Sec-WebSocket-Extensions").join(",");
    let are_extensions =
        head.values("Sec-WebSocket-Extensions").is_empty() || extensions.split(',').all(is_offer);
    are_protocols && are_extensions
}
