//! The head of an HTTP/1.1 message (RFC 9112 §2.1): start line and fields, read and cut, not judged.

pub(super) mod fields;
pub(super) mod reader;
pub(super) mod scan;
