//! The URI of the server under test (§3).

use anyhow::{Context as _, Result, bail, ensure};

/// The URI of the server under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The host, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The value of the Host field.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) resource: String,
}

impl Target {
    pub(crate) fn parse(uri: &str) -> Result<Self> {
        let Some((scheme, rest)) = uri.split_once("://") else { bail!("{uri}: not a ws:// URI") };
        ensure!(!scheme.eq_ignore_ascii_case("wss"), "{uri}: TLS is not supported yet");
        ensure!(scheme.eq_ignore_ascii_case("ws"), "{uri}: not a ws:// URI");
        ensure!(rest.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}: a character that no URI may have");
        ensure!(!rest.contains('#'), "{uri}: §3: a ws:// URI has no fragment");
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(at);
        ensure!(!authority.contains('@'), "{uri}: a ws:// URI has no user");
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => inner.split_once(']').context("a bracket is not closed")?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        ensure!(!host.is_empty(), "{uri}: no host");
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().with_context(|| format!("{uri}: the port"))?,
            None if port.is_empty() => 80,
            None => bail!("{uri}: the port"),
        };
        let slash = if resource.starts_with('/') { "" } else { "/" };
        Ok(Self {
            host: host.to_owned(),
            port,
            authority: authority.to_owned(),
            resource: format!("{slash}{resource}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn uris_are_parsed() {
        let parse = |uri: &str| Target::parse(uri).ok().map(|t| (t.host, t.port, t.authority, t.resource));
        let target = |host: &str, port, authority: &str, resource: &str| {
            Some((host.to_owned(), port, authority.to_owned(), resource.to_owned()))
        };
        assert_eq!(parse("ws://a"), target("a", 80, "a", "/"));
        assert_eq!(parse("WS://a:90?b"), target("a", 90, "a:90", "/?b"));
        assert_eq!(parse("ws://[::1]:9001/x/y?z"), target("::1", 9001, "[::1]:9001", "/x/y?z"));
        for wrong in
            ["a", "http://a", "wss://a", "ws://", "ws://:1", "ws://a:b", "ws://a#b", "ws://a b", "ws://[::1"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
