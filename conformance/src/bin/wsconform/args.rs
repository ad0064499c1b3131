//! The command line.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A conformance suite for WebSocket servers and clients.
///
/// Exit codes: 0 no unexpected failure; 1 at least one; 2 usage error; 3 the endpoint could not be reached or
/// did not echo "hello"; 4 inconclusive cases but no failure; 130 on interrupt.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tests the echo server at URI.
    Server(ServerArguments),
    /// Tests a client: listens, and runs COMMAND or waits for a driver.
    Client(ClientArguments),
    /// Lists the cases: id, level, title.
    List(ListArguments),
    /// Shows a case: clause, quotation, bytes, verdicts.
    Show {
        /// The id of the case.
        id: String,
        /// The role of the endpoint under test, if the case exists for both.
        #[arg(long)]
        role: Option<RoleName>,
        /// The seed of keys and random cases.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Tells what changed between two runs. Exits with 1 if anything got worse.
    Diff {
        /// The report of the older run.
        old: PathBuf,
        /// The report of the newer run.
        new: PathBuf,
    },
    /// Writes the matrix of several runs.
    Report {
        /// The reports of the runs (JSON).
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        html: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// The echo resource, such as ws://127.0.0.1:9001/.
    pub(crate) uri: String,
    #[command(flatten)]
    pub(crate) options: Options,
    /// Starts the server, and again if it ends.
    #[arg(last = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ClientArguments {
    /// The address to listen on [default: 127.0.0.1:0; without COMMAND 127.0.0.1:9001].
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Includes the cases in which no connection comes about [default: yes with {uri}, otherwise no].
    #[arg(long, value_name = "YES/NO")]
    pub(crate) handshake_cases: Option<YesNo>,
    #[command(flatten)]
    pub(crate) options: Options,
    /// Runs for each case if it contains {uri}; otherwise once, as a driver that gets {server}.
    #[arg(last = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// The role of the endpoint under test [default: both].
    #[arg(long)]
    pub(crate) role: Option<RoleName>,
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Writes everything about the cases as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SelectionArguments {
    /// The ids to run; `*` matches any characters, and an id prefix that ends in `/` all below it.
    #[arg(long, value_name = "GLOB")]
    pub(crate) cases: Vec<String>,
    /// The ids not to run.
    #[arg(long, value_name = "GLOB")]
    pub(crate) skip: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Lenient verdicts of level MUST and SHOULD fail the run.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Cases in flight.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
    /// How long an expected reaction may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) timeout: u64,
    /// The seed of keys, nonces, random cases and the order.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The limit of a message that the endpoint is configured with.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_message: Option<usize>,
    /// The limit of the fragments of a message that the endpoint is configured with.
    #[arg(long, value_name = "N")]
    pub(crate) max_fragments: Option<u32>,
    /// A field of each opening request, unless the case is about a field of this name.
    #[arg(long, value_name = "N: V", value_parser = field)]
    pub(crate) header: Vec<(String, String)>,
    /// Offers this subprotocol in each opening request.
    #[arg(long, value_name = "P", value_parser = value)]
    pub(crate) subprotocol: Option<String>,
    /// The value of the Origin field of each opening request.
    #[arg(long, value_name = "O", value_parser = value)]
    pub(crate) origin: Option<String>,
    /// Known deviations: lines `GLOB = verdict   # reason`.
    #[arg(long, value_name = "FILE")]
    pub(crate) expect: Option<PathBuf>,
    /// Writes the report as JSON; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Writes the report for CI systems (JUnit XML).
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Writes the report as a page.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// How much the wire log of a case keeps.
    #[arg(long, value_name = "LENGTH", default_value = "short")]
    pub(crate) log: LogLength,
    /// The name of the endpoint in reports.
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Does not ask the endpoint for its capabilities.
    #[arg(long)]
    pub(crate) no_probe: bool,
    /// Whether the endpoint is taken to agree to permessage-deflate [default: found out by a probe,
    /// or else by each case].
    #[arg(long, value_name = "YES/NO")]
    pub(crate) offer_deflate: Option<YesNo>,
    /// Adds lenient and skipped cases with reasons, and shows the output of COMMAND.
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Writes the summary only.
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
}

/// How much the wire log of a case keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLength {
    /// The first 4 KiB and the last 256 bytes of each direction.
    Short,
    /// All bytes.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    Server,
    Client,
}

impl From<RoleName> for wsconform::Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Server => Self::Server,
            RoleName::Client => Self::Client,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, content) = text.split_once(':').ok_or("a field is written as `Name: value`")?;
    // RFC 9110 §5.6.2.
    let is_tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_tchar) {
        return Err(format!("`{name}` is no field name"));
    }
    Ok((name.to_owned(), value(content.trim())?))
}

fn value(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_ascii_control() && c != '\t') {
        return Err("a control character in a field value".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Arguments, field};

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
        for jobs in ["0", "65"] {
            assert!(Arguments::try_parse_from(["wsconform", "server", "ws://h", "--jobs", jobs]).is_err());
        }
    }

    #[test]
    fn fields_are_checked() {
        assert_eq!(field("A: b c"), Ok(("A".to_owned(), "b c".to_owned())));
        for wrong in ["A", ": b", "A b: c", "A: b\r\nC: d"] {
            assert!(field(wrong).is_err(), "{wrong}");
        }
    }
}
