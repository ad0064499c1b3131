//! A server and its requests, as the tests of both directions of its opening handshake use them.

use websocket_proto::{Accept, Config, Connection, Event, HandshakeError, Reject, Request, Server};

use crate::support::{REQUEST, To, filled, with_field, with_start};

type Verdict = Result<(), HandshakeError>;

/// One field of [`REQUEST`] replaced by these lines, each accepted or refused.
#[track_caller]
pub(crate) fn judge(name: &str, rows: &[(&str, Verdict)]) {
    for (lines, verdict) in rows {
        To::Server.judge(Config::default(), &with_field(REQUEST, name, lines), *verdict);
    }
}

/// Looks at a request as the application does.
pub(crate) fn seen<T>(wire: &[u8], look: impl FnOnce(Request<'_>) -> T) -> T {
    match Connection::server(Config::default()).receive(&mut filled(wire), &mut Vec::new()) {
        Ok(Some(Event::Request(request))) => look(request),
        other => panic!("{other:?}"),
    }
}

/// A server that has read this request and not answered it.
pub(crate) fn asked(wire: &[u8]) -> Connection<Server> {
    let mut server = Connection::server(Config::default());
    assert!(matches!(server.receive(&mut filled(wire), &mut Vec::new()), Ok(Some(Event::Request(_)))));
    server
}

pub(crate) fn plain() -> Config {
    let mut config = Config::default();
    config.allow_plain_http = true;
    config
}

#[test]
fn a_servers_secrets_do_not_show() {
    let wire = with_field(REQUEST, "X", "Cookie: hidden\r\nAuthorization: Basic hidden\r\nX: hidden\r\n");
    let wire = with_start(&wire, "GET /chat?token=hidden HTTP/1.1");
    let headers = [("Set-Cookie", "hidden")];
    seen(&wire, |request| {
        let shown = format!("{request:?} {:?} {:?}", Event::Request(request), request.headers());
        assert!(shown.contains("/chat") && shown.contains("Authorization"), "{shown}");
        assert!(!shown.contains("hidden") && !shown.contains("dGhl"), "{shown}");
    });
    let shown = format!(
        "{:?} {:?}",
        Accept::new().headers(&headers),
        Reject::new(403).headers(&headers).body(b"hidden")
    );
    assert!(shown.contains("Set-Cookie") && !shown.contains("hidden"), "{shown}");
    let shown = format!("{:?}", asked(&wire));
    assert!(!shown.contains("hidden") && !shown.contains("dGhl") && !shown.contains("100, 71"), "{shown}");
}
