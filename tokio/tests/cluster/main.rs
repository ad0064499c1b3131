//! The example `cluster_chat`: several processes, many clients, and a Redis. Needs `redis-server` in PATH, so
//! `cargo test` does not run it: see the script `run` in this folder.
#![cfg(unix)]
#![allow(clippy::std_instead_of_alloc, reason = "as applications write it")]

mod chat_client;
mod crowd;
mod redis_server;
#[path = "../examples/support.rs"]
#[expect(dead_code, reason = "the tests of the examples use the rest")]
mod support;

use std::collections::VecDeque;

use tokio::net::TcpSocket;
use tokio::time::timeout;
use websocket_proto_tokio::{ClientStream, Config, Error, Message, WebSocket, client, connect};

use self::chat_client::{Id, Line, open, parse_id, receive};
use self::crowd::Crowd;
use self::redis_server::{DURABLE, FORGETFUL, Redis};
use self::support::{ANY, PATIENCE, Program, free_port};

/// Starts a process. Returns its URI, too.
fn serve(redis: &str) -> (Program, String) {
    Program::serve("cluster_chat", &[ANY, "--redis", redis])
}

/// Starts processes that share a Redis.
fn cluster<const N: usize>(redis: &Redis) -> ([Program; N], Vec<String>) {
    let mut uris = Vec::new();
    let programs = core::array::from_fn(|_| {
        let (program, uri) = serve(&redis.url());
        uris.push(uri);
        program
    });
    (programs, uris)
}

/// A connection that has joined a room, and the messages that no test has asked for yet.
struct Member {
    ws: WebSocket<ClientStream>,
    at: Id,
    messages: VecDeque<(Id, String)>,
}

impl Member {
    async fn join(server: &str, room: &str, sender: &str, after: Option<Id>) -> Self {
        let mut ws = open(server, room, sender, after).await.expect("a connection");
        match receive(&mut ws).await.expect("an open connection") {
            Some(Line::At(at)) => Self { ws, at, messages: VecDeque::new() },
            line => panic!("first {line:?}"),
        }
    }

    /// Receives the next message of the room.
    async fn message(&mut self) -> (Id, String) {
        loop {
            if let Some(message) = self.messages.pop_front() {
                return message;
            }
            assert_eq!(self.line().await, None, "each `ok` was received");
        }
    }

    /// Sends a message, and waits for its `ok`.
    async fn send(&mut self, number: u32, text: &str) {
        self.ws.send(format!("{number} {text}")).await.expect("an open connection");
        while self.line().await != Some(number) {}
    }

    /// Receives a line. Returns the number if it is an `ok`.
    async fn line(&mut self) -> Option<u32> {
        match receive(&mut self.ws).await.expect("an open connection") {
            Some(Line::Ok(number)) => Some(number),
            Some(Line::Message(id, text)) => {
                self.messages.push_back((id, text));
                None
            }
            line => panic!("{line:?}"),
        }
    }
}

/// Waits for the Close of the server and for the end. Returns the code.
async fn close(ws: &mut WebSocket<ClientStream>) -> u16 {
    loop {
        match receive(ws).await.expect("no error") {
            Some(Line::Close(code)) => {
                assert_eq!(receive(ws).await.expect("no error"), None, "it is the last message");
                return code;
            }
            Some(_) => {}
            None => panic!("no Close"),
        }
    }
}

/// 300 clients and 3 processes: one of them is killed, and one is stopped with Ctrl-C.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_lost_or_duplicated_when_processes_end() {
    let redis = Redis::start(FORGETFUL);
    let ([killed, mut stopped, _remains], servers) = cluster(&redis);
    let crowd = Crowd::start(&servers, &[1, 2, 5, 12, 30, 50, 80, 120], 12);
    crowd.wait_for_part(0.3).await;
    drop(killed); // SIGKILL
    crowd.wait_for_part(0.6).await;
    stopped.interrupt();
    assert!(stopped.wait().success());
    assert!(crowd.check().await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_lost_or_duplicated_when_redis_crashes() {
    let mut redis = Redis::start(DURABLE);
    let (_programs, servers) = cluster::<2>(&redis);
    let crowd = Crowd::start(&servers, &[1, 3, 10, 30], 30);
    for part in [0.2, 0.4, 0.6] {
        crowd.wait_for_part(part).await;
        redis.kill();
        redis.restart();
    }
    crowd.check().await;
}

/// Redis closes the connection of a process that reads its notices too slowly. The notices are lost then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_lost_or_duplicated_when_notices_are_lost() {
    let redis = Redis::start(FORGETFUL);
    let (_programs, servers) = cluster::<2>(&redis);
    let crowd = Crowd::start(&servers, &[1, 3, 10, 30], 100);
    let mut connection = redis.connect().await;
    for part in [0.1, 0.3, 0.5, 0.7] {
        crowd.wait_for_part(part).await;
        let mut kill = redis::cmd("CLIENT");
        kill.arg(&["KILL", "TYPE", "pubsub"]).exec_async(&mut connection).await.expect("an answer");
    }
    crowd.check().await;
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_stored_once() {
    let redis = Redis::start(FORGETFUL);
    let (_programs, servers) = cluster::<2>(&redis);
    let mut member = Member::join(&servers[0], "lobby", "member", None).await;
    let mut first = Member::join(&servers[0], "lobby", "sender", None).await;
    first.send(1, "Hello").await;
    first.send(2, "World").await;
    // As if the `ok` of both had been lost with the process.
    let mut again = Member::join(&servers[1], "lobby", "sender", None).await;
    again.send(1, "Hello").await;
    again.send(2, "World").await;
    again.send(3, "κόσμε").await;
    // The numbers of other senders and in other rooms are independent.
    member.send(1, "!").await;
    let mut other = Member::join(&servers[0], "other", "sender", None).await;
    other.send(1, "elsewhere").await;
    assert_eq!(other.message().await.1, "elsewhere");

    let mut late = Member::join(&servers[1], "lobby", "late", Some(member.at)).await;
    assert_eq!(late.at, member.at);
    let mut last = late.at;
    for text in ["Hello", "World", "κόσμε", "!"] {
        let message = late.message().await;
        assert_eq!(message.1, text);
        assert!(message.0 > last);
        assert_eq!(member.message().await, message);
        last = message.0;
    }
    let new = Member::join(&servers[1], "lobby", "new", None).await;
    assert_eq!(new.at, last, "a client without `after` gets nothing older");
}

#[tokio::test]
async fn a_slow_client_is_closed_and_comes_back_for_the_rest() {
    let redis = Redis::start(FORGETFUL);
    let (_programs, servers) = cluster::<2>(&redis);
    let socket = TcpSocket::new_v4().expect("a socket");
    // The operating system would hold megabytes.
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address = servers[0].strip_prefix("ws://").expect("a URI").parse().expect("an address");
    let stream = socket.connect(address).await.expect("a connection");
    let uri = format!("{}/rooms/lobby?sender=slow", servers[0]);
    let (mut slow, _) = client(stream, uri.as_str().into(), Config::new()).await.expect("a connection");
    let first = timeout(PATIENCE, slow.receive()).await.expect("in time").expect("no error");
    let mut last =
        parse_id(first.expect("a line").as_text().and_then(|text| text.strip_prefix("at ")).unwrap());

    // On another process.
    let mut sender = Member::join(&servers[1], "lobby", "sender", None).await;
    let padding = "x".repeat(4000);
    for number in 1..=1500 {
        sender.send(number, &padding).await;
    }
    let frame = loop {
        match timeout(PATIENCE, slow.receive()).await.expect("in time").expect("no error") {
            Some(Message::Text(text)) => {
                let (id, text) = text.split_once(' ').expect("an ID");
                assert_eq!(text, padding);
                last = parse_id(id);
                assert_eq!(sender.message().await.0, last);
            }
            Some(Message::Close(frame)) => break frame.expect("a code"),
            Some(_) => {}
            None => panic!("no Close"),
        }
    };
    assert_eq!((frame.code.get(), frame.reason.as_str()), (1013, "too slow"));
    let mut fast = Member::join(&servers[1], "lobby", "slow", Some(last)).await;
    assert_eq!(fast.at, last);
    fast.send(1, "all").await;
    loop {
        let message = fast.message().await;
        assert_eq!(sender.message().await, message);
        if message.1 == "all" {
            break;
        }
    }
}

/// §7.4.1: 1001 says that a server goes down.
#[tokio::test]
async fn all_clients_are_closed_after_ctrl_c() {
    let redis = Redis::start(FORGETFUL);
    let ([mut program], servers) = cluster(&redis);
    let mut first = Member::join(&servers[0], "first", "a", None).await;
    let mut second = Member::join(&servers[0], "second", "b", None).await;
    program.interrupt();
    assert_eq!(close(&mut first.ws).await, 1001);
    assert_eq!(close(&mut second.ws).await, 1001);
    assert!(program.wait().success());
}

/// A Redis that does not answer: members that only read stay, and a sender is told to come back.
#[tokio::test]
async fn a_message_without_redis_has_no_ok_and_is_stored_once_later() {
    let redis = Redis::start(FORGETFUL);
    let (_programs, servers) = cluster::<1>(&redis);
    let mut reader = Member::join(&servers[0], "lobby", "reader", None).await;
    let mut sender = Member::join(&servers[0], "lobby", "sender", None).await;
    // For each member: one in the script, and two empty pages.
    redis.wait_for_calls("xrange", 6).await;
    redis.pause();
    sender.ws.send("1 Hello").await.expect("an open connection");
    assert_eq!(receive(&mut sender.ws).await.expect("no error"), Some(Line::Close(1013)), "no `ok`");
    let mut new = open(&servers[0], "lobby", "new", None).await.expect("a connection");
    assert_eq!(close(&mut new).await, 1013);
    redis.resume();
    let mut sender = Member::join(&servers[0], "lobby", "sender", Some(sender.at)).await;
    sender.send(1, "Hello").await;
    sender.send(2, "World").await;
    for member in [&mut sender, &mut reader] {
        assert_eq!(member.message().await.1, "Hello");
        assert_eq!(member.message().await.1, "World");
    }
}

#[tokio::test]
async fn a_client_learns_that_redis_has_lost_messages() {
    let mut redis = Redis::start(FORGETFUL);
    let (_programs, servers) = cluster::<1>(&redis);
    let mut member = Member::join(&servers[0], "lobby", "sender", None).await;
    member.send(1, "Hello").await;
    let last = member.message().await.0;
    redis.kill();
    redis.restart(); // without data
    assert_eq!(close(&mut member.ws).await, 1013);
    let member = Member::join(&servers[0], "lobby", "sender", Some(last)).await;
    assert_ne!(member.at, last);
}

#[tokio::test]
async fn a_client_learns_that_messages_are_no_longer_in_the_history() {
    let redis = Redis::start(FORGETFUL);
    let (_programs, servers) = cluster::<1>(&redis);
    let mut member = Member::join(&servers[0], "lobby", "sender", None).await;
    member.send(1, "Hello").await;
    let last = member.message().await.0;
    // As if the process had missed the notices of more messages than the history has.
    let mut connection = redis.connect().await;
    let mut missed = redis::pipe();
    missed.atomic().cmd("XADD").arg("room:{lobby}").arg(&["*", "text", "missed"]);
    missed.cmd("XTRIM").arg("room:{lobby}").arg(&["MAXLEN", "1"]);
    missed.exec_async(&mut connection).await.expect("an answer");
    let mut kill = redis::cmd("CLIENT");
    kill.arg(&["KILL", "TYPE", "pubsub"]).exec_async(&mut connection).await.expect("an answer");
    assert_eq!(close(&mut member.ws).await, 1013);
    let member = Member::join(&servers[0], "lobby", "sender", Some(last)).await;
    assert_ne!(member.at, last);
}

#[tokio::test]
async fn a_process_can_start_before_its_redis() {
    let mut redis = Redis::start(FORGETFUL);
    redis.kill();
    let (_program, server) = serve(&redis.url());
    redis.restart();
    let mut member = Member::join(&server, "lobby", "sender", None).await;
    member.send(1, "Hello").await;
    assert_eq!(member.message().await.1, "Hello");
}

#[tokio::test]
async fn illegal_requests_are_rejected() {
    let (_program, server) = serve(&format!("redis://127.0.0.1:{}", free_port()));
    let long = "x".repeat(65);
    for (room, sender) in
        [("", "a"), ("a/b", "a"), ("a%20b", "a"), (&long, "a"), ("a", ""), ("a", "a%20b"), ("a", &long)]
    {
        match open(&server, room, sender, None).await {
            Err(Error::Rejected(response)) => assert_eq!(response.status(), 400),
            other => panic!("{room:?} {sender:?}: {other:?}"),
        }
    }
    for target in [
        "/",
        "/rooms/a",
        "/rooms/a?",
        "/rooms/a?after=1-1",
        "/rooms/a?sender=a&after=1",
        "/rooms/a?sender=a&x=1",
    ] {
        match connect(&format!("{server}{target}"), Config::new()).await {
            Err(Error::Rejected(response)) => assert_eq!(response.status(), 400),
            other => panic!("{target}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn illegal_messages_close_the_connection() {
    let redis = Redis::start(FORGETFUL);
    let (_programs, servers) = cluster::<1>(&redis);
    let too_long = format!("1 {}", "x".repeat(4 * 1024));
    let cases = [
        (Message::from(""), 1008),
        (Message::from("Hello"), 1008),
        (Message::from("1"), 1008),
        (Message::from("-1 Hello"), 1008),
        (Message::from("4294967296 Hello"), 1008),
        (Message::binary("1 Hello"), 1003),
        (Message::from(too_long), 1009),
    ];
    let mut member = Member::join(&servers[0], "lobby", "member", None).await;
    for (illegal, code) in cases {
        let mut sender = Member::join(&servers[0], "lobby", "sender", None).await;
        sender.ws.send(illegal.clone()).await.expect("an open connection");
        assert_eq!(close(&mut sender.ws).await, code, "{illegal:?}");
    }
    member.send(1, "the first message").await;
    assert_eq!(member.message().await.1, "the first message");
}
