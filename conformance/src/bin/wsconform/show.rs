//! `wsconform show`: a case in detail.

use std::io::{self, Write as _};

use anyhow::{Result, bail};
use wsconform::{Case, Context, Parameter, Role, catalogue};

use crate::convert::hex;
#[cfg(test)]
use crate::terminal::in_words;

/// Shows the case for this role, or for each role that it exists for.
pub(crate) fn show(id: &str, role: Option<Role>, seed: u64) -> Result<u8> {
    let mut text = String::new();
    for candidate in [Role::Server, Role::Client] {
        if role.is_some_and(|role| role != candidate) {
            continue;
        }
        if let Some(case) = catalogue(candidate).into_iter().find(|case| case.id.as_str() == id) {
            text.push_str(&describe(&case, seed));
        }
    }
    if text.is_empty() {
        bail!("no case has the id {id} (`wsconform list` shows all)");
    }
    // A reader such as `head` may take a part only.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

/// Longer writes and sweeps are shortened.
const BYTES: usize = 96;
const TURNS: usize = 4;

fn describe(case: &Case, seed: u64) -> String {
    let mut text = format!("{}  {} under test\n  {}\n  {}\n", case.id, case.role, case.title, case.clause);
    text.push_str(&format!("  level {}, revision {}\n", case.level, case.revision));
    text.push_str(&format!("  expected {}\n", case.expect));
    for row in &case.alternatives {
        let name = row.refusal_of.map(Parameter::name);
        let unless = name.map(|name| format!(", unless the client offered {name}")).unwrap_or_default();
        text.push_str(&format!("  {:?}: {}, {}{unless}\n", row.pattern, row.verdict, row.clause));
    }
    let mut context = Context::default();
    context.seed = seed;
    let turns = case.transcript(&context, 0);
    for (number, writes) in turns.iter().enumerate().take(TURNS) {
        if turns.len() > 1 {
            text.push_str(&format!("  connection {}\n", number + 1));
        }
        for write in writes {
            let bytes = hex(write.get(..write.len().min(BYTES)).unwrap_or_default());
            let more =
                if write.len() > BYTES { format!("… ({} bytes)", write.len()) } else { String::new() };
            text.push_str(&format!("    write {bytes}{more}\n"));
        }
    }
    if turns.len() > TURNS {
        text.push_str(&format!("  … {} connections\n", turns.len()));
    }
    text.push_str(&verdicts(case));
    text
}

/// The verdicts of the class, which hold if the case lists no alternative for an outcome.
fn verdicts(case: &Case) -> String {
    use wsconform::Expect;
    let rows: &[(&str, &str)] = match &case.expect {
        Expect::Echo => {
            &[("pass", "every reply arrives"), ("fail", "a Close, an end, a wrong reply, a timeout")]
        }
        Expect::Fail { .. } => &[
            ("pass", "a Close with an expected code"),
            ("lenient", "another legal code, a Close without a code, an end, a late end"),
            ("fail", "processing that goes on, an illegal code, a timeout"),
        ],
        Expect::Close { .. } => &[
            ("pass", "a Close with an expected code"),
            ("lenient", "another legal code, or none"),
            ("fail", "no Close, an illegal code, a second Close"),
        ],
        Expect::Alive => {
            &[("pass", "alive, or closed with a legal code"), ("fail", "a crash, a timeout, wrong bytes")]
        }
        _ => &[],
    };
    rows.iter().map(|(verdict, outcomes)| format!("  {verdict:8} {outcomes}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn outcomes_are_words() {
        assert_eq!(in_words("closed(1002|1009)"), "Close 1002 or 1009");
        assert_eq!(in_words("late"), "a late end of the connection");
        assert_eq!(in_words("other(1)"), "other(1)");
    }
}
