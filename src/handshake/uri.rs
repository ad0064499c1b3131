//! WebSocket URIs (§3).

use core::{fmt, str};

use arrayvec::ArrayString;

use super::authority::{Authority, AuthorityError};
use super::http1::grammar::{PATH, all, is_percent_encoded};
use crate::error::display;

/// A `ws` or `wss` URI (§3): the address to connect to, and the resource to request.
///
/// ```
/// use websocket_proto::Uri;
///
/// let uri = Uri::parse("wss://[::1]/chat?room=1")?;
/// assert_eq!((uri.is_secure(), uri.host(), uri.port()), (true, "::1", 443));
/// assert!(Uri::parse("ws://user@example.com/").is_err());
/// # Ok::<(), websocket_proto::UriError>(())
/// ```
#[doc(alias = "Url")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    secure: bool,
    /// As written, an IPv6 address in its brackets.
    host: &'a str,
    port: u16,
    /// Path and query, as written: it can be empty, or a query alone.
    resource: &'a str,
}

impl<'a> Uri<'a> {
    /// Reads a URI.
    ///
    /// # Errors
    /// The text is not a `ws` or `wss` URI, or it has a user name, a password or a fragment.
    pub fn parse(uri: &'a str) -> Result<Self, UriError> {
        // By the colon alone: a search for the text `://` takes 300 instructions more.
        let (scheme, rest) = uri.split_once(':').ok_or(UriError::Scheme)?;
        let rest = rest.strip_prefix("//").ok_or(UriError::Scheme)?;
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("ws") => false,
            _ if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(UriError::Scheme),
        };
        // §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on
        // these URIs"
        if rest.contains('#') {
            return Err(UriError::Fragment);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at_checked(end).ok_or(UriError::Host)?;
        if authority.contains('@') {
            return Err(UriError::UserInfo);
        }
        let Authority { host, port } = Authority::parse(authority.as_bytes())?;
        let host = str::from_utf8(host).map_err(|_| UriError::Host)?;
        let port = match port {
            [] => default_port(secure),
            digits => match str::from_utf8(digits).map(str::parse) {
                Ok(Ok(port)) if port != 0 => port,
                _ => return Err(UriError::Port),
            },
        };
        if !all(resource.as_bytes(), PATH) || !is_percent_encoded(resource.as_bytes()) {
            return Err(UriError::Resource);
        }
        Ok(Self { secure, host, port, resource })
    }

    /// Whether the connection must run over TLS (§3: the "secure" flag).
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host to connect to, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(self.host)
    }

    /// The port to connect to. If the URI has none, it is 80 for `ws` and 443 for `wss`.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The resource name (§3): path and query, such as `/chat?room=1`. It is the request-target of HTTP/1.1,
    /// and the `:path` of HTTP/2 and HTTP/3.
    #[must_use]
    pub fn resource(&self) -> impl fmt::Display + use<'a> {
        let uri = *self;
        Pieces(move |put: &mut dyn FnMut(&[u8])| uri.write_resource(put))
    }

    /// The host, and the port if it is not the default of the scheme, such as `example.com:8080`. It is the
    /// Host field of HTTP/1.1, and the `:authority` of HTTP/2 and HTTP/3.
    #[must_use]
    pub fn authority(&self) -> impl fmt::Display + use<'a> {
        let uri = *self;
        Pieces(move |put: &mut dyn FnMut(&[u8])| uri.write_authority(put))
    }

    /// §3: the resource name is the path, or `/` if the path is empty, and the query.
    pub(super) fn write_resource(&self, put: &mut dyn FnMut(&[u8])) {
        if !self.resource.starts_with('/') {
            put(b"/");
        }
        put(self.resource.as_bytes());
    }

    /// §4.1: the host, and the port "when not using the default port".
    pub(super) fn write_authority(&self, put: &mut dyn FnMut(&[u8])) {
        put(self.host.as_bytes());
        if self.port != default_port(self.secure) {
            let mut port = ArrayString::<6>::new();
            let fits = fmt::Write::write_fmt(&mut port, format_args!(":{}", self.port));
            debug_assert!(fits.is_ok(), "a colon and five digits");
            put(port.as_bytes());
        }
    }
}

/// Displays the pieces that a function writes. Each piece is a complete text.
pub(super) struct Pieces<W>(pub(super) W);

impl<W: Fn(&mut dyn FnMut(&[u8]))> fmt::Display for Pieces<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut result = Ok(());
        self.0(&mut |piece| {
            result = result.and_then(|()| f.write_str(str::from_utf8(piece).unwrap_or_default()))
        });
        result
    }
}

/// Without the query, which can hold a secret.
impl fmt::Debug for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.resource.split('?').next().unwrap_or_default();
        write!(f, "{}://{}:{}{path}", if self.secure { "wss" } else { "ws" }, self.host, self.port)
    }
}

/// Why a text is not a WebSocket URI (§3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriError {
    /// A scheme other than `ws` and `wss`.
    Scheme,
    /// A user name or password.
    UserInfo,
    /// No host, or one outside the grammar of RFC 3986 §3.2.2.
    Host,
    /// A port that is not a number from 1 to 65535.
    Port,
    /// A character that has to be percent-encoded, or a percent sign without two hexadecimal digits.
    Resource,
    /// A fragment.
    Fragment,
}

display! {
    UriError {
        Scheme => "scheme other than ws and wss",
        UserInfo => "user information in the URI",
        Host => "malformed host",
        Port => "port that is not a number from 1 to 65535",
        Resource => "character that has to be percent-encoded",
        Fragment => "fragment in the URI",
    }
}

impl From<AuthorityError> for UriError {
    fn from(error: AuthorityError) -> Self {
        match error {
            AuthorityError::Host => Self::Host,
            AuthorityError::Port => Self::Port,
        }
    }
}

/// §3: the ports of `ws` and of `wss`.
const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::{Uri, UriError};

    fn written(uri: &str) -> (String, String) {
        let uri = Uri::parse(uri).unwrap();
        (uri.authority().to_string(), uri.resource().to_string())
    }

    /// C-HS-02 (§4.1, §3), C-HS-03 (§4.1, RFC 9112 §3.2).
    #[test]
    fn a_uri_has_its_resource_and_host() {
        for (uri, host, resource) in [
            ("ws://example.com", "example.com", "/"),
            ("ws://example.com/chat", "example.com", "/chat"),
            ("ws://example.com/chat?a=b&c=%20?", "example.com", "/chat?a=b&c=%20?"),
            ("ws://example.com?a=b", "example.com", "/?a=b"),
            ("WS://Example.com:80/", "Example.com", "/"),
            ("ws://example.com:443/", "example.com:443", "/"),
            ("wss://example.com:443/", "example.com", "/"),
            ("wss://example.com:80/", "example.com:80", "/"),
            ("wss://example.com:/", "example.com", "/"),
            ("ws://127.0.0.1:9001/", "127.0.0.1:9001", "/"),
            ("ws://[::1]", "[::1]", "/"),
            ("ws://[2001:db8::1]:65535/x", "[2001:db8::1]:65535", "/x"),
        ] {
            assert_eq!(written(uri), (host.to_owned(), resource.to_owned()), "{uri}");
        }
        let uri = Uri::parse("wss://[::1]:9/x?secret").unwrap();
        assert_eq!((uri.is_secure(), uri.host(), uri.port()), (true, "::1", 9));
        assert_eq!(format!("{uri:?}"), "wss://[::1]:9/x");
    }

    #[test]
    fn s3_what_is_not_a_websocket_uri() {
        for (uri, error) in [
            ("", UriError::Scheme),
            ("example.com", UriError::Scheme),
            ("http://example.com/", UriError::Scheme),
            ("wss:/example.com/", UriError::Scheme),
            (" ws://example.com/", UriError::Scheme),
            ("ws://user@example.com/", UriError::UserInfo),
            ("ws://user:password@example.com/", UriError::UserInfo),
            ("ws://", UriError::Host),
            ("ws:///x", UriError::Host),
            ("ws://:80/", UriError::Host),
            ("ws://a b/", UriError::Host),
            ("ws://a\r\nb/", UriError::Host),
            ("ws://ex%zz/", UriError::Host),
            ("ws://\u{fc}/", UriError::Host),
            ("ws://[::1/", UriError::Host),
            ("ws://[::g]/", UriError::Host),
            ("ws://[::1]80/", UriError::Host),
            ("ws://[fe80::1%25eth0]/", UriError::Host),
            ("ws://a:b/", UriError::Port),
            ("ws://a:0/", UriError::Port),
            ("ws://a:65536/", UriError::Port),
            ("ws://a:+80/", UriError::Port),
            ("ws://a:80:80/", UriError::Port),
            ("ws://a/#", UriError::Fragment),
            ("ws://a#b", UriError::Fragment),
            ("ws://a/b c", UriError::Resource),
            ("ws://a/b\r\nX: y", UriError::Resource),
            ("ws://a/\0", UriError::Resource),
            ("ws://a/%", UriError::Resource),
            ("ws://a/%2", UriError::Resource),
            ("ws://a/%2g", UriError::Resource),
            ("ws://a/\u{e9}", UriError::Resource),
            ("ws://a/\"", UriError::Resource),
        ] {
            assert_eq!(Uri::parse(uri), Err(error), "{uri:?}");
        }
    }
}
