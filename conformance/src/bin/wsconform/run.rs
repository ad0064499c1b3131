//! What both modes share: the settings of a run, its watcher, and its document.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::time::Duration;
use std::time::SystemTime;

use tokio::time::Instant;
use wsconform::{Case, Context, Parameter, Report, Role, catalogue, judge_all_frames};

use crate::args::{LogLength, Options, YesNo};
use crate::convert::{case_result, catalogue_hash, judges_all_connections, not_run, timestamp};
use crate::document::{CapabilitiesFound, CaseResult, Document, RunOptions, Totals, VerdictName};
use crate::expectations::Expectations;
use crate::runner::{Endpoint, Finished, Found, Watch};
use crate::selection::Selection;
use crate::terminal::Terminal;

/// The beginning of a run.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) role: Role,
    pub(crate) agent: String,
    pub(crate) target: String,
    pub(crate) time: SystemTime,
    pub(crate) instant: Instant,
}

impl Start {
    pub(crate) fn now(role: Role, agent: String, target: String) -> Self {
        Self { role, agent, target, time: SystemTime::now(), instant: Instant::now() }
    }
}

/// The selected cases, in the order of the catalogue.
pub(crate) fn selected(role: Role, options: &Options) -> Vec<Case> {
    let selection = Selection::new(&options.selection.cases, &options.selection.skip);
    let cases = catalogue(role).into_iter();
    cases.filter(|case| selection.contains(case.id.as_str())).collect()
}

/// The context of the options, without host and resource.
pub(crate) fn context(options: &Options) -> Context {
    let mut context = Context::default();
    context.seed = options.seed;
    context.timeout = Duration::from_millis(options.timeout);
    context.keeps_whole_log = options.log == LogLength::Full;
    context.capabilities.max_message = options.max_message;
    context.capabilities.max_fragments = options.max_fragments;
    let fields = &mut context.extra_fields;
    fields.extend(options.header.iter().cloned());
    let named = [("Sec-WebSocket-Protocol", &options.subprotocol), ("Origin", &options.origin)];
    for (name, value) in named {
        fields.extend(value.clone().map(|value| (name.to_owned(), value)));
    }
    context
}

/// Asks the endpoint for its capabilities, unless the options state them.
pub(crate) async fn probe(endpoint: &Endpoint, context: &mut Context, options: &Options) -> Found {
    let found = if options.no_probe {
        // Each case for which nothing is agreed is skipped.
        assume_deflate(context);
        Found::default()
    } else {
        Found::ask(endpoint, context).await
    };
    state_deflate(context, options);
    found
}

fn assume_deflate(context: &mut Context) {
    let capabilities = &mut context.capabilities;
    (capabilities.deflate, capabilities.parameters) = (true, Parameter::ALL.to_vec());
}

/// The options may state whether the endpoint has permessage-deflate.
pub(crate) fn state_deflate(context: &mut Context, options: &Options) {
    match options.offer_deflate {
        Some(YesNo::Yes) => assume_deflate(context),
        Some(YesNo::No) => context.capabilities.deflate = false,
        None => {}
    }
}

/// Shows each final result of a case.
pub(crate) fn watch(terminal: &Rc<RefCell<Terminal>>, expectations: &Expectations) -> Watch {
    let (terminal, expectations) = (Rc::clone(terminal), expectations.clone());
    Box::new(move |case: &Case, finished: &Finished| {
        if judges_all_connections(case) {
            return;
        }
        let mut result = case_result(case, finished);
        result.expected_deviation = expectations.expect(&result).is_some();
        terminal.borrow_mut().result(case, &result);
    })
}

/// The document of a run. Cases without a result are inconclusive, unless the user interrupted the run.
pub(crate) fn document(
    start: &Start,
    options: &Options,
    found: &Found,
    cases: &[Case],
    results: &[Option<Finished>],
    missing: Option<(VerdictName, &str)>,
    expectations: &Expectations,
) -> Document {
    let mut reports: Vec<Report> = results.iter().flatten().map(|finished| finished.report.clone()).collect();
    judge_all_frames(cases, &mut reports);
    let mut reports = reports.into_iter();
    let mut all: Vec<CaseResult> = Vec::new();
    for (case, finished) in cases.iter().zip(results) {
        let result = match finished {
            Some(finished) => {
                let Some(report) = reports.next() else { continue };
                let Finished { time, lag, tries, .. } = *finished;
                case_result(case, &Finished { report, time, lag, tries })
            }
            None => match missing {
                Some((verdict, reason)) => not_run(case, verdict, reason),
                None => continue,
            },
        };
        all.push(result);
    }
    for result in &mut all {
        result.expected_deviation =
            result.verdict != VerdictName::Pass && expectations.expect(result).is_some();
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Document {
        format: "wsconform/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalogue: catalogue_hash(),
        seed: options.seed,
        agent: options.agent.clone().unwrap_or_else(|| start.agent.clone()),
        role: start.role.to_string(),
        transport: "tcp".to_owned(),
        target: start.target.clone(),
        started: timestamp(start.time),
        millis: u64::try_from(start.instant.elapsed().as_millis()).unwrap_or(u64::MAX),
        options: RunOptions { jobs: options.jobs.into(), timeout: options.timeout, strict: options.strict },
        capabilities: capabilities(found, options),
        totals: Totals::of(&all),
        cases: all,
    }
}

fn capabilities(found: &Found, options: &Options) -> CapabilitiesFound {
    let deflate = match options.offer_deflate {
        Some(YesNo::No) => None,
        Some(YesNo::Yes) => Some(found.deflate.clone().unwrap_or_default()),
        None => found.deflate.clone(),
    };
    let Found { message, fragments, head, commands, ref subprotocol, .. } = *found;
    CapabilitiesFound { deflate, message, fragments, head, commands, subprotocol: subprotocol.clone() }
}
