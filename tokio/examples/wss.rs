//! A server and a client over TLS (`wss`), with a self-signed certificate.
//!
//! ```text
//! cargo run -p websocket-proto-tokio --features rustls --example wss -- server 127.0.0.1:9443 cert.pem
//! cargo run -p websocket-proto-tokio --features rustls --example wss -- client wss://localhost:9443/ cert.pem
//! ```
//!
//! The server makes a certificate and writes it to the file, and the client trusts that certificate only. A
//! client of a public server needs none of this: `connect("wss://…", config)` trusts the certificates of the
//! operating system.

#![allow(clippy::std_instead_of_alloc, reason = "as applications write it")]

use core::error::Error as StdError;
use core::time::Duration;
use std::sync::Arc;
use std::{env, fs};

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use websocket_proto_tokio::{ClientRequest, CloseCode, Config, Error, accept, connect_with_tls};

type AnyResult<T> = Result<T, Box<dyn StdError + Send + Sync>>;

#[tokio::main]
async fn main() -> AnyResult<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["server", address, certificate] => server(address, certificate).await,
        ["client", uri, certificate] => client(uri, certificate).await,
        _ => Err("usage: wss server ADDR CERTIFICATE | wss client URI CERTIFICATE".into()),
    }
}

async fn server(address: &str, certificate: &str) -> AnyResult<()> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    fs::write(certificate, made.cert.pem())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let listener = TcpListener::bind(address).await?;
    println!("listening on wss://{}", listener.local_addr()?);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await; // too many open files
            continue;
        };
        let acceptor = acceptor.clone();
        tokio::spawn(
            async move { echo(stream, acceptor).await.unwrap_or_else(|error| eprintln!("{error}")) },
        );
    }
}

/// Serves a connection to its end.
async fn echo(stream: TcpStream, acceptor: TlsAcceptor) -> AnyResult<()> {
    stream.set_nodelay(true)?;
    // `accept` limits the time of the WebSocket handshake only.
    let stream = timeout(Duration::from_secs(10), acceptor.accept(stream)).await??;
    let mut ws = accept(stream, Config::new()).await?;
    while let Some(message) = ws.receive().await? {
        if message.is_data() {
            ws.feed(message).await?; // the next `receive` sends it
        }
    }
    Ok(())
}

async fn client(uri: &str, certificate: &str) -> AnyResult<()> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (mut ws, _) = connect_with_tls(ClientRequest::new(uri), Config::new(), Arc::new(tls)).await?;
    ws.send("Hello").await?;
    let Some(message) = ws.receive().await? else { return Err(Error::Disconnected.into()) };
    println!("received {message:?}");
    let status = ws.close(CloseCode::NORMAL_CLOSURE, "").await?;
    println!("closed with {}", status.code());
    Ok(())
}
