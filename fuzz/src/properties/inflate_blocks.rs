//! DEFLATE blocks (RFC 1951 §3.2), with the inflater of another crate.

use websocket_proto::{Delivery, Error, Event, ProtocolError, ReceiveBuffer, Server};
use zlib_rs::{Inflate, InflateFlush, Status};

use super::chunking::cut;
use super::start::{config, start};
use crate::support::frame;

/// zlib-rs and the crate inflate a message to the same bytes, or both refuse it.
///
/// The first byte of the input is the number of bytes after it that are sizes of reads. The rest is the
/// payload of a compressed message.
pub fn inflate_blocks(input: &[u8]) {
    let [count, rest @ ..] = input else { return };
    let (reads, payload) = rest.split_at(usize::from(*count).min(rest.len()));
    if payload.is_empty() {
        return;
    }
    assert_eq!(inflate(payload, reads), expected(payload));
}

/// `None` if the connection fails.
fn inflate(payload: &[u8], reads: &[u8]) -> Option<Vec<u8>> {
    let mut config = config(0, [0, 0]);
    (config.delivery, config.max_message_size) = (Delivery::Parts, u64::MAX);
    let mut server = start::<Server>(config, 8);
    let (mut inbound, mut out, mut message) = (ReceiveBuffer::new(), vec![], vec![]);
    for read in cut(&frame::<Server>(0xC2, payload), reads) {
        assert_eq!(inbound.feed(read), read.len());
        loop {
            match server.receive(&mut inbound, &mut out) {
                Ok(None) => break,
                Ok(Some(Event::BinaryPart { bytes, last })) => {
                    message.extend(bytes);
                    if last {
                        return Some(message);
                    }
                }
                Err(Error::Protocol(ProtocolError::InvalidDeflate)) => return None,
                other => panic!("{other:?}"),
            }
        }
    }
    panic!("the message is whole");
}

/// RFC 7692 §7.2.2: the payload with the four bytes that the sender has removed. Nothing need follow a block
/// with BFINAL (§7.2.3.4).
fn expected(payload: &[u8]) -> Option<Vec<u8>> {
    let stream = [payload, &[0, 0, 0xFF, 0xFF]].concat();
    let (mut out, mut at) = (vec![], 0);
    loop {
        let (bytes, taken, is_over) = zlib(&stream[at..], &out)?;
        if !is_over {
            // Only at the end of a block, and at the end of a byte, are these bytes a last block.
            for last in [&[1, 0, 0, 0xFF, 0xFF][..], &[1, 1, 0, 0xFE, 0xFF, b'z']] {
                let rest = [&stream[at..], last].concat();
                let (more, taken, is_over) = zlib(&rest, &out)?;
                if !is_over || taken < rest.len() || more != [&bytes[..], &last[5..]].concat() {
                    return None;
                }
            }
        }
        out.extend(bytes);
        at += taken;
        if !is_over || at == payload.len() || at == stream.len() {
            return Some(out);
        }
    }
}

/// Inflates the blocks up to one with BFINAL: the output, the number of bytes taken, and whether there was
/// such a block.
fn zlib(stream: &[u8], window: &[u8]) -> Option<(Vec<u8>, usize, bool)> {
    let mut inflate = Inflate::new(false, 15);
    let window = &window[window.len().saturating_sub(1 << 15)..];
    if !window.is_empty() {
        inflate.set_dictionary(window).expect("a raw stream");
    }
    let (mut out, mut chunk) = (vec![], vec![0; 1 << 16]);
    loop {
        let (taken, before) = (inflate.total_in() as usize, inflate.total_out());
        let status = inflate.decompress(&stream[taken..], &mut chunk, InflateFlush::NoFlush);
        let count = (inflate.total_out() - before) as usize;
        out.extend(&chunk[..count]);
        match status {
            Ok(Status::StreamEnd) => return Some((out, inflate.total_in() as usize, true)),
            Ok(_) if count == chunk.len() || inflate.total_in() as usize > taken => {}
            // No input is left.
            Ok(_) => return Some((out, inflate.total_in() as usize, false)),
            Err(zlib_rs::InflateError::DataError) => return None,
            Err(error) => panic!("{error:?}"),
        }
    }
}
