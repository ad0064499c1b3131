//! A program that runs, and the steps of its clients.

use core::hash::BuildHasher as _;
use core::time::Duration;
use std::hash::RandomState;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use std::{env, thread};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use websocket_proto_tokio::{ClientStream, Config, Message, WebSocket, connect};

/// Longer than any step of these tests lasts. A program that hangs fails the test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// A port that the operating system selects.
pub(crate) const ANY: &str = "127.0.0.1:0";

/// A port that no program uses now. A socket that asks for any port gets one from 32768 on, never this one.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = 20_000 + (RandomState::new().hash_one(()) % 10_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(child: &Child, name: &str) {
    // A shell has a built-in `kill`. The program of that name may be missing.
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
}

/// An example that runs.
pub(crate) struct Program {
    child: Child,
    /// The lines that it prints.
    lines: Receiver<String>,
}

impl Program {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let test = env::current_exe().expect("a path");
        let target = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
        let program: PathBuf = target.join("examples").join(name);
        assert!(program.exists(), "run `cargo build --examples` first: no {}", program.display());
        let mut command = Command::new(program);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("a program");
        let (tell, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    /// Starts a server. Returns its URI, too.
    pub(crate) fn serve(name: &str, arguments: &[&str]) -> (Self, String) {
        let server = Self::start(name, arguments);
        let line = server.line();
        let uri = line.strip_prefix("listening on ").expect(&line).to_owned();
        (server, uri)
    }

    /// Waits for the next line.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// Waits for this line, and skips others.
    pub(crate) fn wait_for(&self, line: &str) {
        while self.line() != line {}
    }

    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) {
        signal(&self.child, "INT");
    }

    /// Waits for the end of the program.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                return status;
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

pub(crate) async fn open(uri: &str) -> WebSocket<ClientStream> {
    connect(uri, Config::new()).await.expect("a connection")
}

pub(crate) async fn receive(ws: &mut WebSocket<ClientStream>) -> Option<Message> {
    timeout(PATIENCE, ws.receive()).await.expect("in time").expect("no error")
}

/// Waits for the Close of the server. Returns its code.
pub(crate) async fn receive_close(ws: &mut WebSocket<ClientStream>) -> u16 {
    loop {
        match receive(ws).await {
            Some(Message::Close(Some(frame))) => {
                assert_eq!(receive(ws).await, None, "it is the last message");
                return frame.code.get();
            }
            Some(_) => {}
            None => panic!("no Close"),
        }
    }
}

/// The response to a GET over HTTP.
pub(crate) async fn get(uri: &str, path: &str) -> String {
    let address = uri.strip_prefix("http://").expect("a URI");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("an open connection");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("a response");
    response
}
