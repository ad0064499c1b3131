//! The head of an HTTP/1.1 message (RFC 9112 §2.1): its grammar and its end. Judges no meaning of a field.

pub(super) mod fields;
pub(super) mod grammar;
pub(super) mod reader;
pub(super) mod scan;
