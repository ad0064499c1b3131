//! The example `mio_server` as a program, with tungstenite as its clients.
#![cfg(all(unix, feature = "std"))]

mod program;

use std::io::{Read as _, Write as _};

use program::{Program, REQUEST, open, receive, receive_close, tcp};
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

const NAME: &str = "mio_server";

#[test]
fn each_message_comes_back() {
    let (_server, address) = Program::serve(NAME);
    let mut client = open(address);
    for message in [
        Message::text("κόσμε"),
        Message::text(""),
        Message::binary(vec![0xff; 100]),
        Message::binary(vec![0x5a; 1024 * 1024]),
        Message::text("x".repeat(70_000)),
    ] {
        client.send(message.clone()).expect("an open connection");
        assert_eq!(receive(&mut client), message);
    }
}

/// §5.4: a control frame can be between two fragments.
#[test]
fn fragments_become_one_message() {
    let (_server, address) = Program::serve(NAME);
    let (mut client, mut other) = (open(address), open(address));
    let first = Frame::message("Hel", OpCode::Data(Data::Text), false);
    client.send(Message::Frame(first)).expect("an open connection");
    client.send(Message::Ping("p".into())).expect("an open connection");
    assert_eq!(receive(&mut client), Message::Pong("p".into()));
    // Meanwhile, another connection uses the shared buffer.
    other.send(Message::text("between")).expect("an open connection");
    assert_eq!(receive(&mut client), Message::text("between"));
    let last = Frame::message("lo", OpCode::Data(Data::Continue), true);
    client.send(Message::Frame(last)).expect("an open connection");
    for message in ["between", "Hello"] {
        assert_eq!(receive(&mut other), Message::text(message));
    }
    assert_eq!(receive(&mut client), Message::text("Hello"));
}

/// §5.5.1, §7.1.1: the server echoes the Close, and closes TCP first.
#[test]
fn close_of_the_client_is_echoed() {
    let (_server, address) = Program::serve(NAME);
    let mut client = open(address);
    let close = CloseFrame { code: 4000.into(), reason: "bye".into() };
    client.close(Some(close)).expect("an open connection");
    assert_eq!(receive_close(&mut client), (4000, "bye".to_owned()));
}

#[test]
fn a_message_goes_to_500_clients() {
    let (mut server, address) = Program::serve(NAME);
    let mut clients: Vec<_> = (0..500).map(|_| open(address)).collect();
    for sender in [0, 250, 499] {
        let message = Message::text(format!("from {sender}"));
        clients[sender].send(message.clone()).expect("an open connection");
        for client in &mut clients {
            assert_eq!(receive(client), message);
        }
    }
    // §7.4.1: 1001 says that a server goes down.
    server.interrupt();
    for client in &mut clients {
        assert_eq!(receive_close(client), (1001, String::new()));
    }
    drop(clients);
    assert!(server.wait().0.success());
}

/// Sends 16 MiB, more than the queue and the buffers of the operating system hold. The sender reads each of
/// its messages, so it is not slow.
fn send_much(sender: &mut program::Client) {
    let message = Message::binary(vec![0; 256 * 1024]);
    for _ in 0..64 {
        sender.send(message.clone()).expect("an open connection");
        assert_eq!(receive(sender), message);
    }
}

#[test]
fn a_slow_reader_is_closed_and_the_others_go_on() {
    let (_server, address) = Program::serve(NAME);
    let (mut slow, mut sender) = (open(address), open(address));
    send_much(&mut sender);
    // It reads its queue, and the Close after it.
    assert_eq!(receive_close(&mut slow), (1008, "too slow".to_owned()));
    sender.send(Message::text("still here")).expect("an open connection");
    assert_eq!(receive(&mut sender), Message::text("still here"));
}

/// The server replies to each Ping (§5.5.2), also after its own Close, until `Config::max_write_buffer`.
#[cfg(target_os = "linux")]
#[test]
fn pings_of_a_client_that_never_reads_take_little_memory() {
    let (server, address) = Program::serve(NAME);
    let (mut flood, mut other) = (tcp(address), open(address));
    flood.write_all(REQUEST).expect("an open connection");
    let ping = [&b"\x89\xfd\0\0\0\0"[..], &[b'p'; 125]].concat();
    let pings = ping.repeat(1000);
    // 128 MB, and all Pongs together would be as many. A slow server drops the client before the end.
    let sent = (0..1000).take_while(|_| flood.write_all(&pings).is_ok()).count();
    assert!(sent >= 100, "{sent} of 1000");
    other.send(Message::text("still here")).expect("an open connection");
    assert_eq!(receive(&mut other), Message::text("still here"));
    assert!(server.peak_memory() < 32 * 1024, "{} KiB", server.peak_memory());
}

/// `Config::close_timeout` limits the wait for a client that reads nothing, not even a Close.
#[test]
fn a_client_that_never_reads_is_dropped() {
    let (mut server, address) = Program::serve(NAME);
    let (_slow, mut sender) = (open(address), open(address));
    send_much(&mut sender);
    server.interrupt();
    assert_eq!(receive_close(&mut sender), (1001, String::new()));
    drop(sender);
    assert!(server.wait().0.success());
}

/// `Config::handshake_timeout`: a 408 response.
#[test]
fn half_a_request_and_silence_is_closed() {
    let (_server, address) = Program::serve(NAME);
    let (mut half, mut silent) = (tcp(address), tcp(address));
    half.write_all(&REQUEST[..REQUEST.len() / 2]).expect("an open connection");
    let mut response = String::new();
    half.read_to_string(&mut response).expect("an end");
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert_eq!(silent.read(&mut [0]).expect("an end"), 0, "it has sent no request that needs a response");
}

#[test]
fn an_invalid_request_gets_its_response() {
    let (_server, address) = Program::serve(NAME);
    let mut client = tcp(address);
    // More than the server reads before its response: without a lingering close, a reset destroys it.
    client.write_all(b"GET / HTTP/1.1\n").expect("an open connection");
    client.write_all(&[b'x'; 200_000]).expect("an open connection");
    let mut response = String::new();
    client.read_to_string(&mut response).expect("an end without a reset");
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
}

/// §7.1.7: a Close with the code of the error, then the end of TCP.
#[test]
fn a_violation_gets_a_close() {
    let (_server, address) = Program::serve(NAME);
    let mut client = tcp(address);
    client.write_all(REQUEST).expect("an open connection");
    client.write_all(b"\xc1\x80\0\0\0\0").expect("an open connection"); // RSV1
    let _ = client.write_all(&[0; 200_000]);
    let mut output = Vec::new();
    client.read_to_end(&mut output).expect("an end without a reset");
    assert!(output.starts_with(b"HTTP/1.1 101 ") && output.ends_with(b"\r\n\r\n\x88\x02\x03\xea"));
}
