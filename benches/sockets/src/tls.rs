//! What TLS adds to a connection of a server: the CPU time of a full handshake, and memory.
//!
//! The handshakes are those of rustls in memory, without sockets: TLS 1.3, a certificate with a P-256 key,
//! and no resumption. The clients are in the same process, so only the calls of the servers are measured.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// Prints the figures of so many connections.
pub fn measure(connections: usize) -> Result<()> {
    let (server, client) = configs()?;
    handshakes(&server, &client, 1)?; // makes the one-time allocations
    let before = memory()?;
    let (servers, cpu_us) = handshakes(&server, &client, connections)?;
    let bytes = memory()?.saturating_sub(before) as f64 / servers.len() as f64;
    println!("{cpu_us:.0} CPU µs a handshake, {bytes:.0} B/connection");
    Ok(())
}

fn configs() -> Result<(Arc<ServerConfig>, Arc<ClientConfig>)> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = certified.cert.der().clone();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    let provider = Arc::new(default_provider());
    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((Arc::new(server), Arc::new(client)))
}

/// Opens connections. Returns their servers, and the time that a server takes in microseconds.
fn handshakes(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
    count: usize,
) -> Result<(Vec<ServerConnection>, f64)> {
    let name = ServerName::try_from("localhost")?;
    let mut servers = Vec::with_capacity(count);
    let mut microseconds = Vec::with_capacity(count);
    for _ in 0..count {
        let mut client = ClientConnection::new(client.clone(), name.clone())?;
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        client.write_tls(&mut to_server)?;
        let start = Instant::now();
        let mut connection = ServerConnection::new(server.clone())?;
        receive(&mut connection, &to_server)?;
        while connection.wants_write() {
            connection.write_tls(&mut to_client)?;
        }
        let first = start.elapsed();
        let mut rest = &to_client[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest)?;
            client.process_new_packets()?;
        }
        to_server.clear();
        while client.wants_write() {
            client.write_tls(&mut to_server)?;
        }
        let start = Instant::now();
        receive(&mut connection, &to_server)?;
        microseconds.push((first + start.elapsed()).as_secs_f64() * 1e6);
        ensure!(!connection.is_handshaking() && !client.is_handshaking(), "no end of the handshake");
        servers.push(connection);
    }
    // The median, because other processes can interrupt a handshake.
    let (_, median, _) = microseconds.select_nth_unstable_by(count / 2, f64::total_cmp);
    Ok((servers, *median))
}

fn receive(connection: &mut ServerConnection, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        connection.read_tls(&mut bytes)?;
        connection.process_new_packets()?;
    }
    Ok(())
}

/// Bytes of memory in use.
fn memory() -> Result<u64> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).context("no line Rss")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes << 10)
}
