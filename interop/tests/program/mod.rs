//! The examples as programs. `cargo test` builds them; `cargo test --test NAME` does not.
#![allow(dead_code, unreachable_pub, reason = "each test file uses some of it")]

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use std::{env, thread};

use tungstenite::{Message, WebSocket};

/// Longer than any step of these tests lasts. A program that hangs fails the test.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An opening handshake (§4.1) by hand.
pub const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

pub type Client = WebSocket<TcpStream>;

/// An example that runs.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// The lines that it prints.
    lines: Receiver<String>,
}

impl Program {
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        let test = env::current_exe().expect("a path");
        let target = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
        let program = target.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
        assert!(program.exists(), "run `cargo build --examples` first: no {}", program.display());
        let mut command = Command::new(program);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("a program");
        let (tell, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    /// Starts a server on a port that the operating system selects. Returns its address, too.
    pub fn serve(name: &str) -> (Self, SocketAddr) {
        let server = Self::start(name, &["127.0.0.1:0"]);
        let line = server.lines.recv_timeout(PATIENCE).expect("a line");
        let address = line.strip_prefix("listening on ws://").expect("an address").parse();
        (server, address.expect("an address"))
    }

    /// Sends the signal of Ctrl-C.
    pub fn interrupt(&self) {
        // A shell has a built-in `kill`. The program of that name may be missing.
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    }

    /// The most physical memory that the program has had, in KiB.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> usize {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        peak.expect("a line").trim().parse().expect("a number")
    }

    /// Waits for the end of the program. Returns its status and the rest of its lines.
    pub fn wait(&mut self) -> (ExitStatus, Vec<String>) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                return (status, self.lines.iter().collect());
            }
            assert!(start.elapsed() < PATIENCE, "the program ends");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A TCP connection that does not wait for ever.
pub fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// A client after its opening handshake.
pub fn open(address: SocketAddr) -> Client {
    let (client, _) = tungstenite::client(format!("ws://{address}/"), tcp(address)).expect("accepted");
    client
}

/// The next message, without Pings.
pub fn receive(client: &mut Client) -> Message {
    loop {
        match client.read().expect("an open connection") {
            Message::Ping(_) => {}
            message => return message,
        }
    }
}

/// Reads to the end. Returns the code and the reason of the server's Close.
pub fn receive_close(client: &mut Client) -> (u16, String) {
    let mut close = None;
    loop {
        match client.read() {
            Ok(Message::Close(frame)) => close = frame,
            Ok(_) => {}
            Err(tungstenite::Error::ConnectionClosed) => break,
            Err(error) => panic!("{error}"),
        }
    }
    let close = close.expect("a code");
    (close.code.into(), close.reason.as_str().to_owned())
}
