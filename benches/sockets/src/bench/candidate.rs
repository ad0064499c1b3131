//! A server to measure: one of this program, or another program.

use core::net::SocketAddr;
use core::str::FromStr;
use std::env;
use std::process::Command;

use anyhow::{Context as _, Error, Result, ensure};
use clap::ValueEnum as _;

use crate::servers::Server;

#[derive(Clone)]
pub struct Candidate {
    name: String,
    /// The program and its arguments, with `{addr}` or `{port}` in them.
    words: Vec<String>,
}

impl Candidate {
    /// The servers of this program.
    pub fn own() -> Result<Vec<Self>> {
        let program = env::current_exe()?.into_os_string().into_string();
        let program = program.ok().context("the path of this program is not UTF-8")?;
        let candidate = |server: &Server| {
            let words = [&program, "serve", &server.name(), "{addr}"].map(str::to_owned).to_vec();
            Self { name: server.name(), words }
        };
        Ok(Server::value_variants().iter().map(candidate).collect())
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The command that serves this address.
    pub fn command(&self, address: SocketAddr) -> Command {
        let (addr, port) = (address.to_string(), address.port().to_string());
        let mut words = self.words.iter().map(|word| word.replace("{addr}", &addr).replace("{port}", &port));
        // `from_str` and `own` make no candidate without a program.
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

/// `NAME=PROGRAM [ARGUMENT]...`
impl FromStr for Candidate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, command) = text.split_once('=').context("expected NAME=PROGRAM")?;
        let mut words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        ensure!(!words.is_empty(), "{name} has no program");
        if !command.contains("{addr}") && !command.contains("{port}") {
            words.push("{addr}".to_owned());
        }
        Ok(Self { name: name.to_owned(), words })
    }
}
