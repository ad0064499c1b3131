//! `wsconform show`: a case in detail.

use std::io::{self, Write as _};

use anyhow::{Result, bail};
use wsconform::opening::{Ending, Parts};
use wsconform::{Case, Context, Open, Parameter, Role, catalogue};

use crate::convert::hex;
use crate::words::{expected, in_words, pattern, verdicts};

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

/// Longer writes, heads and sweeps are shortened.
const BYTES: usize = 96;
const LINES: usize = 16;
const TURNS: usize = 4;

fn describe(case: &Case, seed: u64) -> String {
    let mut context = Context::default();
    context.seed = seed;
    let mut text = format!("{}  {} under test\n  {}\n  {}\n", case.id, case.role, case.title, case.clause);
    text.push_str(&format!("  level {}, revision {}\n", case.level, case.revision));
    text.push_str(&format!("  expected {}\n", in_words(&expected(&case.expect))));
    text.push_str(&opening(case, &context));
    text.push_str(&frames(case, &context));
    for row in &case.alternatives {
        let name = row.refusal_of.map(Parameter::name);
        let unless = name.map(|name| format!(", unless the client offered {name}")).unwrap_or_default();
        let (verdict, outcomes) = (row.verdict.to_string(), pattern(row.pattern));
        text.push_str(&format!("  {verdict:8} {outcomes}{unless}: {}\n", row.clause));
    }
    for (verdict, outcomes) in verdicts(case) {
        text.push_str(&format!("  {:8} {outcomes}\n", verdict.to_string()));
    }
    text
}

/// What the suite writes in the opening handshake, if it is not the standard one.
fn opening(case: &Case, context: &Context) -> String {
    let parts = match &case.open {
        Open::Standard => return String::new(),
        Open::InParts { .. } => ", in parts",
        Open::Raw(raw) => match raw.parts {
            Parts::Cut(_) => ", in parts",
            Parts::EachPlace => ", in two parts, on a connection for each place of the cut",
            _ => "",
        },
        _ => "",
    };
    let head = case.opening(context, 0);
    let name = match case.role {
        Role::Server => "request",
        Role::Client => "response to the key dGhlIHNhbXBsZSBub25jZQ==",
    };
    let mut text = format!("    {name}, {} bytes{parts}\n", head.len());
    let lines: Vec<_> = head.split_inclusive(|byte| *byte == b'\n').collect();
    for line in lines.iter().take(LINES) {
        text.push_str(&format!("      {}{}\n", printable(cut(line)), more(line.len())));
    }
    if lines.len() > LINES {
        text.push_str(&format!("      … ({} lines)\n", lines.len()));
    }
    if let Open::Raw(raw) = &case.open {
        text.push_str(match raw.end {
            Ending::HalfClose => "    end of this direction (FIN)\n",
            Ending::Reset => "    reset (RST)\n",
            _ => "",
        });
    }
    text
}

/// The writes after the opening handshake.
fn frames(case: &Case, context: &Context) -> String {
    let mut text = String::new();
    let turns = case.transcript(context, 0);
    for (number, writes) in turns.iter().enumerate().take(TURNS) {
        if turns.len() > 1 {
            text.push_str(&format!("  connection {}\n", number + 1));
        }
        for write in writes {
            text.push_str(&format!("    write {}{}\n", hex(cut(write)), more(write.len())));
        }
    }
    if turns.len() > TURNS {
        text.push_str(&format!("  … {} connections\n", turns.len()));
    }
    text
}

fn cut(bytes: &[u8]) -> &[u8] {
    bytes.get(..BYTES).unwrap_or(bytes)
}

fn more(len: usize) -> String {
    if len > BYTES { format!("… ({len} bytes)") } else { String::new() }
}

/// The text of a head, with other bytes than printable ASCII as escapes.
fn printable(bytes: &[u8]) -> String {
    let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic() && byte != b'\\';
    bytes
        .iter()
        .map(
            |byte| {
                if is_plain(*byte) { char::from(*byte).to_string() } else { byte.escape_ascii().to_string() }
            },
        )
        .collect()
}
