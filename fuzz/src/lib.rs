//! The properties that the fuzz targets assert.

extern crate alloc;

pub mod properties;
#[path = "../../tests/support/mod.rs"]
mod support;
#[cfg(feature = "deflate")]
#[path = "../../tests/support/deflate.rs"]
mod support_deflate;
