//! The message payload transformation of permessage-deflate (RFC 7692 §7.2): payload to DEFLATE and back.
//! This module knows no frames.

#[cfg(feature = "deflate")]
mod alphabets;
#[cfg(feature = "deflate")]
mod bits;
#[cfg(feature = "deflate")]
mod blocks;
#[cfg(feature = "deflate")]
mod codes;
#[cfg(feature = "deflate")]
mod deflater;
#[cfg(feature = "deflate")]
mod dynamic;
#[cfg_attr(not(feature = "deflate"), path = "off.rs")]
mod inflater;
#[cfg(feature = "deflate")]
mod output;
#[cfg(feature = "deflate")]
mod stream;
#[cfg(feature = "deflate")]
mod symbols;

#[cfg(feature = "deflate")]
pub(crate) use deflater::{Deflater, FragmentPosition};
#[cfg(feature = "deflate")]
pub(crate) use inflater::CHUNK_LEN;
pub(crate) use inflater::{Inflater, Unmasked};
#[cfg(feature = "deflate")]
pub(crate) use output::Corrupt;
#[cfg(feature = "deflate")]
pub(crate) use stream::Window;
