//! The page of one or several runs.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::diff::read;
use crate::document::Document;
use crate::outputs::write;

/// `wsconform report`: the matrix of several runs.
pub(crate) fn report(runs: &[PathBuf], html: &Path) -> Result<u8> {
    let documents = runs.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    write(html, &page(&documents)?)?;
    Ok(0)
}

pub(crate) fn page(_: &[Document]) -> Result<String> {
    Ok(String::new())
}
