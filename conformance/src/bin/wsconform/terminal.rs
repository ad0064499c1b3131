//! What the program prints during a run, and at its end.

use alloc::rc::Rc;
use core::cell::RefCell;
use std::io::{self, IsTerminal as _, Write};

use tokio::time::Instant;
use wsconform::Case;

use crate::args::{Options, When};
use crate::document::{CaseResult, Document, VerdictName};
use crate::fold::fold;
use crate::words::in_words;

/// What the program prints during a run.
pub(crate) struct Terminal {
    out: Box<dyn Write>,
    is_verbose: bool,
    is_quiet: bool,
    has_colour: bool,
    /// The number of cases, if there is a progress line.
    total: Option<usize>,
    done: usize,
    failed: usize,
    lenient: usize,
    start: Instant,
    drawn: Option<Instant>,
}

/// A progress line that changes more often is not readable.
const REDRAW: core::time::Duration = core::time::Duration::from_millis(50);

impl Terminal {
    /// Prints to stdout, or to stderr if a report goes to stdout.
    pub(crate) fn new(options: &Options) -> Rc<RefCell<Self>> {
        let is_dash =
            |path: &Option<std::path::PathBuf>| path.as_deref().is_some_and(|path| path.as_os_str() == "-");
        let stdout_is_taken = is_dash(&options.json) || is_dash(&options.junit) || is_dash(&options.html);
        let is_terminal =
            if stdout_is_taken { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
        let out: Box<dyn Write> =
            if stdout_is_taken { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
        Rc::new(RefCell::new(Self {
            out,
            is_verbose: options.verbose,
            is_quiet: options.quiet,
            has_colour: match options.color {
                When::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none(),
                When::Always => true,
                When::Never => false,
            },
            total: (is_terminal && !options.quiet).then_some(0),
            done: 0,
            failed: 0,
            lenient: 0,
            start: Instant::now(),
            drawn: None,
        }))
    }

    pub(crate) fn begin(&mut self, total: usize) {
        self.total = self.total.map(|_| total);
        self.start = Instant::now();
    }

    /// A final result of a case.
    pub(crate) fn result(&mut self, case: &Case, result: &CaseResult) {
        self.done += 1;
        match result.verdict {
            VerdictName::Fail => self.failed += 1,
            VerdictName::Lenient => self.lenient += 1,
            _ => {}
        }
        let is_shown = match result.verdict {
            VerdictName::Fail => !self.is_quiet && (!result.expected_deviation || self.is_verbose),
            VerdictName::Pass => false,
            VerdictName::Inconclusive => !self.is_quiet,
            VerdictName::Lenient | VerdictName::Skip => self.is_verbose,
        };
        if is_shown {
            self.erase();
            self.print_result(case, result);
        }
        self.progress(&result.id);
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.erase();
        self.write(&format!("{text}\n"));
    }

    /// The summary of a run.
    pub(crate) fn summary(&mut self, document: &Document, cases: &[Case]) {
        self.erase();
        let totals = document.totals;
        let seconds = document.millis as f64 / 1000.0;
        let lines = [
            format!("{}  {}  {}", document.role, document.target, capabilities(document)),
            format!(
                "{} cases  {} passed  {} lenient  {} failed  {} skipped  {} inconclusive   {seconds:.1} s   seed {}",
                document.cases.len(),
                totals.pass,
                totals.lenient,
                totals.fail,
                totals.skip,
                totals.inconclusive,
                document.seed
            ),
        ];
        self.write(&format!("{}\n", lines.join("\n")));
        for (title, verdict) in [("failed", VerdictName::Fail), ("inconclusive", VerdictName::Inconclusive)] {
            let ids: Vec<_> = cases
                .iter()
                .filter_map(|case| {
                    let mut results = document.cases.iter();
                    let result = results.find(|result| result.id == case.id.as_str())?;
                    let is_listed = result.verdict == verdict && !result.expected_deviation;
                    is_listed.then(|| (case.family.as_str(), case.id.as_str()))
                })
                .collect();
            for line in fold(&ids) {
                self.write(&format!("  {title}  {line}\n"));
            }
        }
    }

    fn print_result(&mut self, case: &Case, result: &CaseResult) {
        let (word, colour) = match result.verdict {
            VerdictName::Fail => ("FAIL", "31"),
            VerdictName::Lenient => ("LENIENT", "33"),
            VerdictName::Skip => ("SKIP", "36"),
            VerdictName::Inconclusive => ("INCONCLUSIVE", "35"),
            VerdictName::Pass => ("PASS", "32"),
        };
        let word = if self.has_colour { format!("\x1b[{colour}m{word}\x1b[0m") } else { word.to_owned() };
        let known = if result.expected_deviation { " (expected)" } else { "" };
        let mut text = format!("{word}{known} {}  {}\n", result.id, case.clause);
        let reason = if result.reason.is_empty() { String::new() } else { format!(": {}", result.reason) };
        text.push_str(&match result.verdict {
            VerdictName::Skip => format!("     {}\n", result.reason),
            _ => format!(
                "     expected {}; got {}{reason}\n",
                in_words(&result.expected),
                in_words(&result.outcome_with_code())
            ),
        });
        if let Some(clause) = &result.allowed {
            text.push_str(&format!("     allowed: {clause}\n"));
        }
        self.write(&text);
    }

    fn progress(&mut self, id: &str) {
        let Some(total) = self.total else { return };
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW) {
            return;
        }
        self.drawn = Some(Instant::now());
        let (done, failed, lenient) = (self.done, self.failed, self.lenient);
        let seconds = self.start.elapsed().as_secs_f64();
        let line = format!("{done:>5}/{total}  {failed} failed  {lenient} lenient  {seconds:.1} s  {id}");
        // A line that wraps cannot be redrawn.
        let line: String = line.chars().take(79).collect();
        self.write(&format!("\r\x1b[K{line}"));
    }

    fn erase(&mut self) {
        if self.drawn.take().is_some() {
            self.write("\r\x1b[K");
        }
    }

    fn write(&mut self, text: &str) {
        // A reader that went away does not end the run: the reports are still to be written.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

fn capabilities(document: &Document) -> String {
    let found = &document.capabilities;
    let deflate = if found.deflate.is_some() { "permessage-deflate" } else { "no permessage-deflate" };
    let mut words = vec![deflate.to_owned()];
    if let Some(message) = found.message {
        let sign = if message >= 16 << 20 { "≥ " } else { "" };
        words.push(format!("max message {sign}{}", size(message)));
    }
    match found.commands {
        Some(true) => words.push("commands".to_owned()),
        Some(false) => words.push("no commands".to_owned()),
        None => {}
    }
    words.join(", ")
}

fn size(bytes: usize) -> String {
    match bytes {
        0x10_0000.. => format!("{} MiB", bytes >> 20),
        0x400.. => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}
