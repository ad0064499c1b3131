//! JUnit XML for CI systems: a suite for each section, a test for each id.

use wsconform::Case;

use crate::document::{CaseResult, Document, VerdictName, WireEntry};
use crate::expectations::Expectations;
use crate::words::in_words;

/// The document as JUnit XML.
pub(crate) fn junit(
    document: &Document,
    cases: &[Case],
    is_strict: bool,
    expectations: &Expectations,
) -> String {
    let seconds = document.millis as f64 / 1000.0;
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"wsconform\" tests=\"{}\" time=\"{seconds}\">\n",
        document.cases.len()
    );
    let section = |case: &CaseResult| case.id.split_once('/').map_or("", |(section, _)| section).to_owned();
    // The cases are sorted by id, so those of a section follow each other.
    for suite in document.cases.chunk_by(|a, b| section(a) == section(b)) {
        let name = suite.first().map(section).unwrap_or_default();
        let count = |tag: &str| suite.iter().filter(|case| kind(case, is_strict) == tag).count();
        xml.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
            escape(&name),
            suite.len(),
            count("failure"),
            count("error"),
            count("skipped")
        ));
        for case in suite {
            xml.push_str(&testcase(document, case, cases, is_strict, expectations));
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// The element inside a test; empty for a pass.
fn kind(case: &CaseResult, is_strict: bool) -> &'static str {
    match case.verdict {
        VerdictName::Pass => "",
        _ if case.expected_deviation => "skipped",
        VerdictName::Skip => "skipped",
        VerdictName::Inconclusive => "error",
        _ if case.fails(is_strict) => "failure",
        VerdictName::Lenient | VerdictName::Fail => "system-out",
    }
}

fn testcase(
    document: &Document,
    case: &CaseResult,
    cases: &[Case],
    is_strict: bool,
    expectations: &Expectations,
) -> String {
    let section = case.id.split_once('/').map_or("", |(section, _)| section);
    // A dot separates packages.
    let class = format!("{}.{}", document.role, section.replace('.', "_"));
    let open = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        escape(&class),
        escape(&case.id),
        case.millis / 1000.0
    );
    let text = match kind(case, is_strict) {
        "" => return format!("{open}/>\n"),
        "skipped" => {
            let known = expectations.expect(case).unwrap_or(&case.reason);
            format!("<skipped message=\"{}\"/>", escape(known))
        }
        "error" => format!("<error type=\"inconclusive\" message=\"{}\"/>", escape(&case.reason)),
        "failure" => format!(
            "<failure type=\"{}\" message=\"{}\">{}</failure>",
            escape(&case.outcome_with_code()),
            escape(&case.reason),
            escape(&details(case, cases))
        ),
        _ => format!("<system-out>{}</system-out>", escape(&details(case, cases))),
    };
    format!("{open}>{text}</testcase>\n")
}

fn details(case: &CaseResult, cases: &[Case]) -> String {
    let clause = cases.iter().find(|other| other.id.as_str() == case.id).map(|case| case.clause.to_string());
    let mut text = format!(
        "{}\nexpected {}; got {}: {}\n",
        clause.unwrap_or_default(),
        in_words(&case.expected),
        in_words(&case.outcome_with_code()),
        case.reason
    );
    if let Some(allowed) = &case.allowed {
        text.push_str(&format!("allowed: {allowed}\n"));
    }
    for entry in &case.wire {
        text.push_str(&match entry {
            WireEntry::Bytes(direction, at, bytes, frames) => {
                format!("{at:>9.2} {direction:3} {bytes} {frames}\n")
            }
            WireEntry::Event(_, at, what) => format!("{at:>9.2} --- {what}\n"),
        });
    }
    text
}

/// XML 1.0, §2.2 and §2.4: text and values of attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn markup_and_control_characters_are_escaped() {
        assert_eq!(escape("a<b>&\"c\"\n\u{1}"), "a&lt;b&gt;&amp;&quot;c&quot;\n\u{fffd}");
    }
}
