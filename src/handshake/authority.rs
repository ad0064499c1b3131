//! The authority in a URI and in a Host field (RFC 3986 §3.2): `host [ ":" port ]`.

use core::net::Ipv6Addr;
use core::str;

use super::http1::grammar::{HOST, is_percent_encoded, run_len};

/// A host that is in the grammar, and the digits of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    /// Not empty; an IPv6 address is in brackets.
    pub(super) host: &'a [u8],
    /// Of any value, with any number of digits, maybe none.
    pub(super) port: &'a [u8],
}

/// The part of an authority that is outside the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthorityError {
    Host,
    Port,
}

impl<'a> Authority<'a> {
    /// User information is not part of the grammar (RFC 9110 §4.2.4).
    pub(super) fn parse(authority: &'a [u8]) -> Result<Self, AuthorityError> {
        let host_len = match authority {
            [b'[', address @ ..] => ip_literal_len(address),
            name => reg_name_len(name),
        };
        let (host, rest) = authority.split_at_checked(host_len).unwrap_or_default();
        let port = match rest {
            _ if host.is_empty() => return Err(AuthorityError::Host),
            [] => rest,
            [b':', port @ ..] => port,
            _ => return Err(AuthorityError::Host),
        };
        if port.iter().all(u8::is_ascii_digit) { Ok(Self { host, port }) } else { Err(AuthorityError::Port) }
    }
}

/// RFC 3986 §3.2.2: `"[" IPv6address "]"`, after the first bracket; 0 if it is not that. No IPvFuture is
/// defined.
fn ip_literal_len(bytes: &[u8]) -> usize {
    let Some(end) = bytes.iter().position(|&byte| byte == b']') else { return 0 };
    let address = bytes.get(..end).and_then(|address| str::from_utf8(address).ok()).unwrap_or_default();
    // `end` is an index, so that the sum with both brackets cannot overflow.
    if address.parse::<Ipv6Addr>().is_ok() { end.saturating_add(2) } else { 0 }
}

/// RFC 3986 §3.2.2: `reg-name` or `IPv4address`; 0 if a percent sign in it is no part of an escape.
fn reg_name_len(bytes: &[u8]) -> usize {
    let end = run_len(bytes, HOST);
    if bytes.get(..end).is_some_and(is_percent_encoded) { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use core::str;

    use super::{Authority, AuthorityError};

    fn parse(authority: &str) -> Result<(&str, &str), AuthorityError> {
        let Authority { host, port } = Authority::parse(authority.as_bytes())?;
        Ok((str::from_utf8(host).unwrap(), str::from_utf8(port).unwrap()))
    }

    /// RFC 3986 §3.2.2, §3.2.3.
    #[test]
    fn an_authority_is_a_host_and_a_port() {
        for (authority, parsed) in [
            ("example.com", Ok(("example.com", ""))),
            ("example.com:", Ok(("example.com", ""))),
            ("example.com:99999", Ok(("example.com", "99999"))),
            ("127.0.0.1:80", Ok(("127.0.0.1", "80"))),
            ("[::1]", Ok(("[::1]", ""))),
            ("[2001:db8::1]:443", Ok(("[2001:db8::1]", "443"))),
            ("a%20b", Ok(("a%20b", ""))),
            ("a!$&'()*+,;=~_-.b", Ok(("a!$&'()*+,;=~_-.b", ""))),
            ("", Err(AuthorityError::Host)),
            (":80", Err(AuthorityError::Host)),
            ("user@example.com", Err(AuthorityError::Host)),
            ("a b", Err(AuthorityError::Host)),
            ("a/b", Err(AuthorityError::Host)),
            ("a%2", Err(AuthorityError::Host)),
            ("\u{fc}", Err(AuthorityError::Host)),
            ("[]", Err(AuthorityError::Host)),
            ("[::1", Err(AuthorityError::Host)),
            ("[::g]", Err(AuthorityError::Host)),
            ("[::1]80", Err(AuthorityError::Host)),
            ("[::1%25eth0]", Err(AuthorityError::Host)),
            ("example.com:8o", Err(AuthorityError::Port)),
            ("example.com:80:80", Err(AuthorityError::Port)),
            ("[::1]:+80", Err(AuthorityError::Port)),
        ] {
            assert_eq!(parse(authority), parsed, "{authority}");
        }
    }
}
