//! Folds ids of a family: `5.2/rsv-{1,2}-{text,ping}`.

use alloc::collections::BTreeSet;

/// The ids as lines; ids that share a family are folded.
pub(crate) fn fold(ids: &[(&str, &str)]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = ids;
    while let Some((family, _)) = rest.first() {
        let len = rest.iter().take_while(|(other, _)| other == family).count();
        let (group, tail) = rest.split_at(len);
        let group: Vec<_> = group.iter().map(|(_, id)| *id).collect();
        lines.push(fold_family(family, &group));
        rest = tail;
    }
    lines
}

fn fold_family(family: &str, ids: &[&str]) -> String {
    if let [id] = ids {
        return (*id).to_owned();
    }
    let suffixes: Vec<&str> = ids.iter().map(|id| id.strip_prefix(family).unwrap_or(id)).collect();
    if suffixes.iter().any(|suffix| !suffix.starts_with('-') || suffix.len() < 2) {
        return ids.join(" ");
    }
    let suffixes: Vec<&str> = suffixes.iter().map(|suffix| suffix.trim_start_matches('-')).collect();
    let product = product(&suffixes).unwrap_or_else(|| format!("{{{}}}", suffixes.join(",")));
    format!("{family}-{product}")
}

/// `{0,1}-{text,binary}`, if the suffixes are all combinations of their words.
fn product(suffixes: &[&str]) -> Option<String> {
    let rows: Vec<Vec<&str>> = suffixes.iter().map(|suffix| suffix.split('-').collect()).collect();
    let width = rows.first()?.len();
    let mut columns: Vec<Vec<&str>> = vec![Vec::new(); width];
    for row in &rows {
        if row.len() != width {
            return None;
        }
        for (column, word) in columns.iter_mut().zip(row) {
            if !column.contains(word) {
                column.push(word);
            }
        }
    }
    let count: usize = columns.iter().map(Vec::len).product();
    let distinct: BTreeSet<_> = suffixes.iter().collect();
    let column_text = |words: &Vec<&str>| match words.as_slice() {
        [word] => (*word).to_owned(),
        words => format!("{{{}}}", words.join(",")),
    };
    (count == rows.len() && distinct.len() == rows.len())
        .then(|| columns.iter().map(column_text).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn ids_of_a_family_are_folded() {
        let folded = |ids: &[&'static str]| fold(&ids.iter().map(|id| ("5.2/a", *id)).collect::<Vec<_>>());
        assert_eq!(folded(&["5.2/a-1"]), ["5.2/a-1"]);
        assert_eq!(folded(&["5.2/a-0-t", "5.2/a-0-b", "5.2/a-1-t", "5.2/a-1-b"]), ["5.2/a-{0,1}-{t,b}"]);
        assert_eq!(folded(&["5.2/a-0-t", "5.2/a-1-b"]), ["5.2/a-{0-t,1-b}"]);
        assert_eq!(folded(&["5.2/a-0", "5.2/a-1-b"]), ["5.2/a-{0,1-b}"]);
        assert_eq!(fold(&[("x/a", "x/a-1"), ("x/b", "x/b-1")]), ["x/a-1", "x/b-1"]);
    }
}
