//! The frame header (§5.2).

use websocket_proto::wire::{FrameHeader, MAX_HEADER, Parsed};

use super::naive;

/// Each header is parsed as the RFC requires. After a header or an error, more bytes change no result. A
/// parsed header encodes to the same bytes.
pub fn frame_header(input: &[u8]) {
    let mut verdict = Ok(None);
    for len in 0..=input.len().min(MAX_HEADER + 1) {
        let found = FrameHeader::parse(&input[..len]).map(Parsed::complete);
        assert_eq!(found, naive::frame_header(&input[..len]));
        assert!(verdict == Ok(None) || verdict == found, "{verdict:?} before, {found:?} with {len} bytes");
        if let Ok(Some((header, taken))) = found {
            assert_eq!(header.encode()[..], input[..taken]);
        }
        verdict = found;
    }
    assert!(verdict != Ok(None) || input.len() < MAX_HEADER, "a header is never longer");
}
