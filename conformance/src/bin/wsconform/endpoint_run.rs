//! A run with an endpoint to which the runner itself gets its connections: a server, or a client that it starts
//! for each case.

use alloc::rc::Rc;
use core::cell::RefCell;

use anyhow::Result;
use wsconform::{Case, Context, Outcome, Probe};

use crate::args::Options;
use crate::document::VerdictName;
use crate::expectations::Expectations;
use crate::interrupt::Interrupt;
use crate::outputs::{INTERRUPTED, UNREACHABLE, finish};
use crate::run::{Start, document, probe, watch};
use crate::runner::{Endpoint, Jobs, Results, Runner};
use crate::terminal::Terminal;

/// The settings and the texts of a run.
pub(crate) struct EndpointRun<'a> {
    pub(crate) start: &'a Start,
    pub(crate) options: &'a Options,
    pub(crate) expectations: &'a Expectations,
    pub(crate) terminal: &'a Rc<RefCell<Terminal>>,
    /// Is installed before any COMMAND is started.
    pub(crate) interrupt: Interrupt,
    pub(crate) cases: Vec<Case>,
    pub(crate) context: Context,
    /// The subject of the message that the endpoint does not echo.
    pub(crate) subject: &'a str,
    /// The reason of a case that has no result.
    pub(crate) gone: &'a str,
}

impl EndpointRun<'_> {
    /// Asks the endpoint for its capabilities, runs the cases, and writes the reports. Returns the exit code.
    pub(crate) async fn judge(self, endpoint: Endpoint, jobs: Rc<Jobs>) -> Result<u8> {
        let Self { start, options, expectations, terminal, mut interrupt, cases, .. } = self;
        let (mut context, subject, gone) = (self.context, self.subject, self.gone);
        let alive = interrupt.or_output(endpoint.ask(Probe::Alive, &context)).await;
        let Some(alive) = alive else { return Ok(INTERRUPTED) };
        if alive.outcome != Outcome::Echoed {
            let text = format!("{subject} did not echo \"hello\": {}: {}", alive.outcome, alive.reason);
            terminal.borrow_mut().line(&text);
            return Ok(UNREACHABLE);
        }
        let found = interrupt.or_output(probe(&endpoint, &mut context, options)).await;
        let Some(found) = found else { return Ok(INTERRUPTED) };

        let results = Results::default();
        terminal.borrow_mut().begin(cases.len());
        let watch = watch(terminal, expectations);
        let mut runner = Runner::new(cases.clone(), context, endpoint, jobs, results.clone(), watch);
        let is_interrupted = interrupt.or_output(runner.run()).await.is_none();
        drop(runner);
        let missing = (!is_interrupted).then_some((VerdictName::Inconclusive, gone));
        let results = results.take();
        let document = document(start, options, &found, &cases, &results, missing, expectations);
        let code = finish(&document, &cases, options, expectations, &mut terminal.borrow_mut())?;
        Ok(if is_interrupted { INTERRUPTED } else { code })
    }
}
