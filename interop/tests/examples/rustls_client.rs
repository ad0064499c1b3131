//! `rustls_client` with a server by rustls and tungstenite.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{AlertDescription, Error as TlsError, ServerConfig, ServerConnection, StreamOwned};
use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

use crate::peer::{self, LARGE};
use crate::program::{ANY, Program, TemporaryFile};

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// Writes a new certificate to the file. Returns the TLS of a server that has it.
fn make(certificate: &TemporaryFile) -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(certificate.path(), made.cert.pem()).expect("a file");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key);
    Arc::new(config.expect("a certificate"))
}

/// Starts the client, and a server for it.
fn start<T: Send + 'static>(
    name: &str,
    act: impl FnOnce(Tls) -> T + Send + 'static,
) -> (Program, JoinHandle<T>, TemporaryFile) {
    let certificate = TemporaryFile::new(name);
    let tls = make(&certificate);
    let listener = TcpListener::bind(ANY).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        peer::limit(&stream);
        act(StreamOwned::new(ServerConnection::new(tls).expect("a server"), stream))
    });
    let uri = format!("wss://localhost:{port}/chat");
    (Program::start("rustls_client", &[&uri, "--ca", certificate.path()]), server, certificate)
}

fn accept(stream: Tls) -> WebSocket<Tls> {
    tungstenite::accept(stream).map_err(|error| error.to_string()).expect("a handshake")
}

/// Ends TLS as §7.1.1 wants it, and returns how the client ends it.
fn end(ws: &mut WebSocket<Tls>) -> io::Result<usize> {
    let tls = ws.get_mut();
    tls.conn.send_close_notify();
    tls.flush().and_then(|()| tls.sock.shutdown(Shutdown::Write)).expect("an open socket");
    tls.read(&mut [0])
}

#[test]
fn it_sends_lines_and_closes() {
    let (mut client, server, _certificate) = start("rustls-lines", |stream| {
        let mut ws = accept(stream);
        ws.send(Message::Ping("p".into())).expect("open");
        assert_eq!(ws.read().expect("a message"), Message::Pong("p".into()));
        ws.send(Message::text("ready")).expect("open");
        assert_eq!(peer::echo(&mut ws), Some(1000));
        end(&mut ws)
    });
    assert_eq!(client.line(), "ready");
    let large = "x".repeat(LARGE);
    for line in ["Hello", "κόσμε", "", &large] {
        client.send(line);
        assert!(client.line() == line);
    }
    // Both ends send more than all buffers hold, and none waits for the other.
    (0..12).for_each(|_| client.send(&large));
    client.end_input();
    (0..12).for_each(|_| assert!(client.line() == large));
    assert_eq!(client.line(), "closed with 1000");
    assert!(client.succeeds());
    assert_eq!(server.join().expect("no panic").expect("close_notify"), 0);
}

#[test]
fn it_sees_the_close_of_the_server() {
    let (client, server, _certificate) = start("rustls-close", |stream| {
        let mut ws = accept(stream);
        ws.close(Some(CloseFrame { code: 1001.into(), reason: "restart".into() })).expect("open");
        assert_eq!(peer::echo(&mut ws), Some(1001), "the client sends the code back");
        end(&mut ws)
    });
    assert_eq!(client.line(), "closed with 1001");
    assert!(client.succeeds());
    assert_eq!(server.join().expect("no panic").expect("close_notify"), 0);
}

/// After two Close frames, nothing can be missing.
#[test]
fn it_succeeds_without_close_notify_after_the_closing_handshake() {
    let (mut client, server, _certificate) = start("rustls-clean", |stream| {
        let mut ws = accept(stream);
        assert_eq!(peer::echo(&mut ws), Some(1000));
        ws.get_mut().sock.shutdown(Shutdown::Write).expect("an open socket");
        ws.get_mut().read(&mut [0])
    });
    client.end_input();
    assert_eq!(client.line(), "closed with 1000");
    assert!(client.succeeds());
    assert_eq!(server.join().expect("no panic").expect("close_notify"), 0);
}

#[test]
fn an_end_without_a_close_is_an_error() {
    for (name, has_close_notify, error) in [("cut", false, "close_notify"), ("ended", true, "no Close")] {
        let (mut client, server, _certificate) = start(&format!("rustls-{name}"), move |stream| {
            let mut ws = accept(stream);
            assert_eq!(ws.read().expect("a message"), Message::text("Hello"));
            ws.send(Message::text("part")).expect("open");
            if has_close_notify {
                let _ = end(&mut ws);
            }
        });
        client.send("Hello");
        assert_eq!(client.line(), "part");
        let found = client.error();
        assert!(found.contains(error), "{found}");
        assert!(!client.succeeds());
        server.join().expect("no panic");
    }
}

/// §7.4.1: 1002, although the client ends with an error.
#[test]
fn it_closes_after_a_violation() {
    let (client, server, _certificate) = start("rustls-violation", |stream| {
        let mut ws = accept(stream);
        // §5.1: "A server MUST NOT mask any frames that it sends to the client."
        let tls = ws.get_mut();
        tls.write_all(b"\x81\x81\0\0\0\0a").and_then(|()| tls.flush()).expect("open");
        let Ok(Message::Close(Some(close))) = ws.read() else { panic!("a Close") };
        assert_eq!(u16::from(close.code), 1002);
        end(&mut ws)
    });
    assert!(client.error().contains("MaskedFrame"));
    assert!(!client.succeeds());
    assert_eq!(server.join().expect("no panic").expect("close_notify"), 0);
}

#[test]
#[expect(clippy::result_large_err, reason = "tungstenite defines the type")]
fn it_fails_if_the_server_refuses() {
    let (client, server, _certificate) = start("rustls-refused", |stream| {
        let refuse = |request: &Request, _: Response| -> Result<Response, ErrorResponse> {
            assert_eq!(request.uri(), "/chat");
            let mut response = ErrorResponse::new(None);
            *response.status_mut() = http::StatusCode::FORBIDDEN;
            Err(response)
        };
        assert!(tungstenite::accept_hdr(stream, refuse).is_err());
    });
    assert!(client.error().contains("403"));
    assert!(!client.succeeds());
    server.join().expect("no panic");
}

/// The server gets the alert, although the client ends with an error.
#[test]
fn it_trusts_no_other_certificate() {
    let (trusted, shown) = (TemporaryFile::new("rustls-trusted"), TemporaryFile::new("rustls-shown"));
    let (_, tls) = (make(&trusted), make(&shown));
    let listener = TcpListener::bind(ANY).expect("a port");
    let uri = format!("wss://localhost:{}/", listener.local_addr().expect("an address").port());
    let client = Program::start("rustls_client", &[&uri, "--ca", trusted.path()]);
    let (socket, _) = listener.accept().expect("a client");
    peer::limit(&socket);
    let mut stream = StreamOwned::new(ServerConnection::new(tls).expect("a server"), socket);
    let error = stream.read(&mut [0]).expect_err("an alert");
    let error = error.downcast::<TlsError>().expect("an error of TLS");
    assert!(
        matches!(
            error,
            TlsError::AlertReceived(
                AlertDescription::UnknownCA
                    | AlertDescription::BadCertificate
                    | AlertDescription::DecryptError
            )
        ),
        "{error}"
    );
    drop(stream);
    assert!(client.error().contains("InvalidCertificate"));
    assert!(!client.succeeds());
}
