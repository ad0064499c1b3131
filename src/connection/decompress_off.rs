//! Replaces `decompress.rs` without feature `deflate`: there is no compressed message to inflate.

use super::message::{OpenMessage, Stop};
use crate::buffer::{ReceiveBuffer, Storage};
use crate::config::Delivery;
use crate::deflate::Inflater;
use crate::error::ProtocolError;
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::rules::Limits;

/// Inflates nothing.
pub(super) struct Decompressor;

#[expect(clippy::extra_unused_type_parameters, reason = "the signatures are those of the feature")]
impl Decompressor {
    pub(super) const fn new<R: Role>(_: &mut Inflater, _: Negotiated, _: Delivery, _: &Limits) -> Self {
        Self
    }

    pub(super) const fn inflate<S: Storage>(
        &mut self,
        message: &mut OpenMessage,
        _: &mut ReceiveBuffer<S>,
    ) -> Result<Stop, ProtocolError> {
        match message.compressed {
            // The type has no value.
            Some(compressed) => match compressed {},
            None => Ok(Stop::NeedMore),
        }
    }
}
