//! The selection of cases by globs over their ids.

/// Which cases run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    cases: Vec<String>,
    skip: Vec<String>,
}

impl Selection {
    /// Without a glob in `cases`, all cases are selected.
    pub(crate) fn new(cases: &[String], skip: &[String]) -> Self {
        Self { cases: cases.to_vec(), skip: skip.to_vec() }
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        let is_in = |globs: &[String]| globs.iter().any(|glob| matches(glob, id));
        (self.cases.is_empty() || is_in(&self.cases)) && !is_in(&self.skip)
    }
}

/// Whether the glob matches the id. `*` matches any characters, `/` too; a glob that ends in `/` matches
/// everything below it.
pub(crate) fn matches(glob: &str, id: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = id.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<_> = parts.collect();
    if glob.ends_with('/') && parts.is_empty() {
        return true;
    }
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last) || (last.ends_with('/') && rest.contains(last))
}

#[cfg(test)]
mod tests {
    use super::{Selection, matches};

    #[test]
    fn globs_match_ids() {
        let id = "5.2/non-minimal-16-0-text";
        for glob in
            ["*", id, "5.2/", "5.2/*", "*/non-*", "*-text", "5*16*text", "*2/", "**", "5.2/non-*-text*"]
        {
            assert!(matches(glob, id), "{glob}");
        }
        for glob in ["", "5.2", "5.2/non", "*text-", "7.2/", "5.2/non-*-binary", "*16*16*", "5.2/text*"] {
            assert!(!matches(glob, id), "{glob}");
        }
    }

    #[test]
    fn skip_wins_over_cases() {
        let selection = Selection::new(&["5.2/".to_owned()], &["*-text".to_owned()]);
        assert!(selection.contains("5.2/a-binary"));
        assert!(!selection.contains("5.2/a-text") && !selection.contains("5.4/a"));
        assert!(Selection::default().contains("5.4/a"));
    }
}
