//! The fields of a head that an HTTP library has parsed, as the checks read them.

use crate::error::HandshakeError;
use crate::handshake::http1::fields::Known;
use crate::handshake::http1::grammar::trim;

/// All fields.
pub(super) fn pairs<'b, F, N, V>(fields: &F) -> impl Iterator<Item = (&'b [u8], &'b [u8])> + use<'b, F, N, V>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    fields.clone().into_iter().map(|(name, value)| (name.as_ref(), trim(value.as_ref())))
}

/// The fields that an extended CONNECT can have.
pub(super) fn pairs_of_connect<'b, F, N, V>(
    fields: &F,
) -> Result<impl Iterator<Item = (&'b [u8], &'b [u8])> + use<'b, F, N, V>, HandshakeError>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    // RFC 8441 §5: Connection and Upgrade "MUST NOT be included"; RFC 9113 §8.2.2, RFC 9114 §4.2: nor
    // Transfer-Encoding
    if pairs(fields).any(|(name, _)| {
        matches!(Known::of(name), Some(Known::Connection | Known::Upgrade | Known::TransferEncoding))
    }) {
        return Err(HandshakeError::ConnectionSpecificField);
    }
    // RFC 8441 §5: "do not do the processing of the Sec-WebSocket-Key and Sec-WebSocket-Accept header
    // fields"; Host is in :authority
    let is_read =
        |name| !matches!(Known::of(name), Some(Known::Host | Known::Key | Known::DraftKey | Known::Accept));
    Ok(pairs(fields).filter(move |(name, _)| is_read(name)))
}

/// The values of one field, one for each line.
pub(super) fn values<'b, F, N, V>(
    fields: &F,
    known: Known,
) -> impl Iterator<Item = &'b [u8]> + use<'b, F, N, V>
where
    F: IntoIterator<Item = (&'b N, &'b V)> + Clone,
    N: AsRef<[u8]> + ?Sized + 'b,
    V: AsRef<[u8]> + ?Sized + 'b,
{
    pairs(fields).filter(move |(name, _)| Known::of(name) == Some(known)).map(|(_, value)| value)
}
