//! What the suite compresses (RFC 7692 §7.2.1). The judge has nothing of it.
//!
//! ```text
//!   compressor.rs   messages, with the agreed window: by miniz_oxide, or by blocks.rs
//!        │
//!    blocks.rs      blocks with exactly the symbols that a case wants
//! ```

mod blocks;
mod compressor;

pub(crate) use blocks::Blocks;
pub(crate) use compressor::{Compressor, compress, huffman_only, is_refused};
