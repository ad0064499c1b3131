//! A plain correct endpoint passes every case in both roles, with no lenient verdict.
#![allow(dead_code, unreachable_pub, reason = "other tests use more of the reference endpoint")]

mod reference;

use reference::{Limits, Reference};
use wsconform::{Context, Parameter, Report, Role, Verdict, catalogue, judge_all_frames, run};

const UNLIMITED: Limits = Limits { message: 1 << 30, fragments: 1 << 20 };
const LIMITS: Limits = Limits { message: 100_000, fragments: 1000 };

fn reports(role: Role) -> Vec<Report> {
    let mut context = Context::default();
    context.capabilities.commands = true;
    context.capabilities.deflate = true;
    context.capabilities.parameters = Parameter::ALL.to_vec();
    let mut limited = context.clone();
    limited.capabilities.max_message = Some(LIMITS.message as usize);
    limited.capabilities.max_fragments = Some(LIMITS.fragments);
    let cases = catalogue(role);
    let reports = cases.iter().map(|case| {
        if case.needs.max_message || case.needs.max_fragments || case.needs.limit_below.is_some() {
            run(case, &limited, || Reference::new(role, None, LIMITS))
        } else {
            run(case, &context, || Reference::new(role, None, UNLIMITED))
        }
    });
    let mut reports: Vec<_> = reports.collect();
    judge_all_frames(&cases, &mut reports);
    reports
}

fn passes(role: Role) {
    let reports = reports(role);
    let others: Vec<_> = reports.iter().filter(|report| report.verdict != Verdict::Pass).collect();
    assert!(others.is_empty(), "{} of {}: {others:#?}", others.len(), reports.len());
}

#[test]
fn a_server_passes() {
    passes(Role::Server);
}

#[test]
fn a_client_passes() {
    passes(Role::Client);
}
