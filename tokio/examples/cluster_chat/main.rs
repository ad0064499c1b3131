//! Chat rooms over several server processes that share one Redis.
//!
//! ```text
//! cargo run --release -p websocket-proto-tokio --example cluster_chat -- [ADDR] [--redis URL]
//! ```
//!
//! Start it several times, with any load balancer before it: a client can come back to another process. URL
//! is redis://127.0.0.1:6379 unless you set it. Redis must be 6.2 or newer. All messages are text.
//!
//! ```text
//! ws://ADDR/rooms/ROOM?sender=SENDER&after=ID     names have 1 to 64 of A-Z a-z 0-9 - _; `after` is optional
//!
//! server ──▶ client   at ID            the first line: all messages after this one will be delivered
//! server ──▶ client   ID TEXT          a message of any member, also of this one
//! client ──▶ server   NUMBER TEXT      a message; its sender counts 1, 2, 3, …
//! server ──▶ client   ok NUMBER        the message is stored; can be sent before or after `ID TEXT`
//! ```
//!
//! # The promise
//!
//! 1. A message with an `ok` is delivered to each member of its room, on each process.
//! 2. All members receive the messages of a room in the same order. Each ID is greater than the one before.
//! 3. A client that comes back with the newest ID that it has received gets all later messages, each one
//!    once. If the first line has another ID than `after`, then messages between them can be lost for this
//!    client.
//! 4. A message that is sent again with its number is stored only once.
//!
//! The client must do its part. It keeps the newest ID. It selects SENDER at random, as a secret that other
//! members never see, and has one connection with it at a time. After each `at`, it first sends the messages
//! without an `ok` again, in their order and with their numbers. Before it connects again, it waits for a
//! random time, as in the example `reconnect`: all clients of a process lose it at the same moment.
//!
//! # The limits of the promise
//!
//! * It lasts for the newest 10,000 messages of a room, and for a day after the newest one: see
//!   `backplane.rs`.
//! * It is as durable as Redis. With `appendfsync always`, an `ok` survives a crash of Redis; with
//!   `everysec`, a second of messages can be lost; a failover to a replica can lose those that were not
//!   replicated. Clients that have received lost messages notice it by rule 3.
//! * Redis must not evict keys: set `maxmemory-policy noeviction`. Without memory, messages get no `ok`.
//!
//! # What happens when a part fails
//!
//! | part | effect |
//! |---|---|
//! | a process | its clients come back to other processes |
//! | Redis, for less than 5 s | `ok` and messages are late; no client is disconnected |
//! | Redis, for longer | clients that send, join or catch up get 1013; the others stay, and miss nothing |
//! | a slow client | gets 1013 when 256 messages wait for it; a client that does not read at all is cut off |
//! | Ctrl-C | all clients get 1001 |

#![allow(clippy::std_instead_of_alloc, reason = "as applications write it")]

mod backplane;
mod listener;
mod member;
mod protocol;

use core::pin::pin;
use core::time::Duration;
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, io};

use redis::{Client, IntoConnectionInfo as _, ProtocolVersion, RedisResult};
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::backplane::Backplane;

/// The most connections of a process. Each needs a file descriptor: see `ulimit -n`.
const MAX_CONNECTIONS: usize = 10_000;
/// The longest wait for the clients after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let Some((address, redis)) = arguments() else {
        eprintln!("usage: cluster_chat [ADDR] [--redis URL]");
        return ExitCode::from(2);
    };
    let result = match client(&redis) {
        Ok(client) => run(&address, client).await,
        Err(error) => Err(io::Error::other(error)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The address, and the URL of Redis.
fn arguments() -> Option<(String, String)> {
    let (mut address, mut redis) = ("127.0.0.1:9001".to_owned(), "redis://127.0.0.1:6379".to_owned());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--redis" => redis = arguments.next()?,
            option if option.starts_with("--") => return None,
            _ => address = argument,
        }
    }
    Some((address, redis))
}

/// Opens no connection yet.
fn client(url: &str) -> RedisResult<Client> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
}

/// Serves clients until Ctrl-C. An orchestrator such as Kubernetes sends SIGTERM instead: wait for it, too,
/// with `tokio::signal::unix`.
async fn run(address: &str, redis: Client) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let backplane = Arc::new(Backplane::new(redis));
    let stop = watch::Sender::new(false);
    let (mut members, mut ctrl_c) = (JoinSet::new(), pin!(ctrl_c()));
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept(), if members.len() < MAX_CONNECTIONS => {
                members.spawn(member::serve(stream, backplane.clone(), stop.subscribe()));
            }
            Some(ended) = members.join_next() => if let Ok(Err(error)) = ended { eprintln!("{error}") },
            () = sleep(Duration::from_secs(1)) => {} // then tries again after a failed `accept`
            _ = &mut ctrl_c => break,
        }
    }
    drop(listener); // new clients go to other processes
    // All clients get 1001 now. Each comes back after its own random wait, which spreads the load on the
    // other processes. If you cannot change the clients, close the connections at random times here.
    stop.send_replace(true);
    let _ = timeout(GRACE, async { while members.join_next().await.is_some() {} }).await;
    Ok(())
}
