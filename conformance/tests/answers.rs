//! Answers with parameters of permessage-deflate, to clients that refuse them.

use wsconform::{Case, Context, Driver, Parameter, Role, Verdict, catalogue};

/// The cases of a client with these ids.
fn cases_of_client(is_wanted: impl Fn(&str) -> bool) -> Vec<Case> {
    catalogue(Role::Client).into_iter().filter(|case| is_wanted(case.id.as_str())).collect()
}

/// The context of a client that supports these parameters.
fn context(parameters: &[Parameter]) -> Context {
    let mut context = Context::default();
    context.capabilities.deflate = true;
    context.capabilities.parameters = parameters.to_vec();
    context
}

#[test]
fn messages_with_a_parameter_that_a_client_does_not_support_are_skipped() {
    let cases = cases_of_client(|id| {
        let is_set = id.starts_with("7692:7.2/parameters-");
        id.starts_with("7692:7.1.2/our-window-") || is_set && (id.contains("smwb") || id.contains("list"))
    });
    assert_eq!(cases.len(), 8 + 15);
    let parameters = Parameter::ALL.into_iter().filter(|one| *one != Parameter::ServerMaxWindowBits);
    let context = context(&parameters.collect::<Vec<_>>());
    for case in cases {
        let report = Driver::new(&case, &context, 0).report();
        let seen = (report.verdict, report.reason.as_str());
        assert_eq!(seen, (Verdict::Skip, "server_max_window_bits is never agreed"), "{report:?}");
    }
}
