//! An example that runs.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::{env, fs, process, thread};

/// Longer than any step of these tests lasts. A program that hangs fails the test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// A port that the operating system selects.
pub(crate) const ANY: &str = "127.0.0.1:0";

pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    /// The lines that it prints.
    lines: Receiver<String>,
    /// The lines that it prints to standard error.
    errors: Receiver<String>,
}

impl Program {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let test = env::current_exe().expect("a path");
        let target = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
        let program = target.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
        assert!(program.exists(), "run `cargo build --examples` first: no {}", program.display());
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program");
        let lines = read_lines(child.stdout.take().expect("it is piped"));
        let errors = read_lines(child.stderr.take().expect("it is piped"));
        Self { input: child.stdin.take(), child, lines, errors }
    }

    /// Starts a server. Returns its address, too.
    pub(crate) fn serve(name: &str, arguments: &[&str]) -> (Self, String) {
        let server = Self::start(name, arguments);
        let line = server.line();
        let address = line.strip_prefix("listening on ").expect(&line).to_owned();
        (server, address)
    }

    /// Writes a line to its standard input.
    pub(crate) fn send(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}").expect("the program reads");
    }

    /// Ends its standard input.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// Waits for the next line.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// Waits for the next line of standard error.
    pub(crate) fn error(&self) -> String {
        self.errors.recv_timeout(PATIENCE).expect("an error")
    }

    /// Waits for the end of the program. Returns whether it was a success, and checks that no line is left.
    pub(crate) fn succeeds(mut self) -> bool {
        // The channel ends when the program has closed its output.
        assert_eq!(self.lines.recv_timeout(PATIENCE).ok(), None);
        self.child.wait().expect("it is a child").success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, lines) = channel();
    let output = BufReader::new(output);
    thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    lines
}

/// A file that is deleted at the end of the test.
pub(crate) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    pub(crate) fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("{name}-{}.pem", process::id())))
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
