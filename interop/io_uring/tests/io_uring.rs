//! The example `io_uring` as a program, with tungstenite as its clients. If the system has no io_uring,
//! compio uses epoll.
#![cfg(target_os = "linux")]

#[path = "../../tests/program/mod.rs"]
mod program;

use std::io::{Read as _, Write as _};

use program::{Program, REQUEST, open, receive, receive_close, tcp};
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;

const NAME: &str = "io_uring";

#[test]
fn messages_come_back_and_a_close_is_echoed() {
    let (_server, address) = Program::serve(NAME);
    let mut clients = [open(address), open(address)];
    for message in [
        Message::text("κόσμε"),
        Message::text(""),
        Message::binary(vec![0xff; 100]),
        Message::binary(vec![0x5a; 1024 * 1024]),
        Message::text("x".repeat(70_000)),
    ] {
        for client in &mut clients {
            client.send(Message::Ping("p".into())).expect("an open connection");
            client.send(message.clone()).expect("an open connection");
            assert_eq!(receive(client), Message::Pong("p".into()));
            assert_eq!(receive(client), message);
        }
    }
    for mut client in clients {
        let close = CloseFrame { code: 4000.into(), reason: "bye".into() };
        client.close(Some(close)).expect("an open connection");
        assert_eq!(receive_close(&mut client), (4000, "bye".to_owned()));
    }
}

/// The deadline of the Ping passes while a read waits. No input is lost.
#[test]
fn a_ping_breaks_the_silence() {
    let (_server, address) = Program::serve(NAME);
    let mut client = open(address);
    assert!(matches!(client.read(), Ok(Message::Ping(_))));
    for text in ["one", "two"] {
        client.send(Message::text(text)).expect("an open connection");
        assert_eq!(receive(&mut client), Message::text(text));
    }
}

/// `Config::handshake_timeout`: a 408 response.
#[test]
fn half_a_request_and_silence_is_closed() {
    let (_server, address) = Program::serve(NAME);
    let mut half = tcp(address);
    half.write_all(&REQUEST[..REQUEST.len() / 2]).expect("an open connection");
    let mut response = String::new();
    half.read_to_string(&mut response).expect("an end");
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
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
