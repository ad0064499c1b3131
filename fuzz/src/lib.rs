//! What the fuzz targets assert.

pub mod properties;
#[path = "../../tests/support/mod.rs"]
mod support;
