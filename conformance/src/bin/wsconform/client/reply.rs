//! The answers to a driver: a text message, and the end of the connection.

use core::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use wsconform::judge::{Head, HeadNext, accept_value};

use crate::runner::Arrival;

/// How long a driver may take to end the connection.
const END: Duration = Duration::from_secs(5);

/// Accepts the connection, sends a text message if there is one, and closes with 1000.
pub(crate) async fn reply(mut arrival: Arrival, text: Option<&str>) {
    let _ = timeout(END, converse(&mut arrival, text)).await;
}

async fn converse(arrival: &mut Arrival, text: Option<&str>) -> Option<()> {
    let Arrival { stream, bytes } = arrival;
    let head = loop {
        match Head::read(bytes) {
            HeadNext::Head(head, _) => break head,
            HeadNext::Malformed(_) => return None,
            HeadNext::More => {}
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    };
    let accept = accept_value(head.value("Sec-WebSocket-Key")?);
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes();
    if let Some(text) = text {
        answer.extend(text_frame(text));
    }
    // §5.5.1: a Close with the code 1000.
    answer.extend([0x88, 0x02, 0x03, 0xE8]);
    stream.write_all(&answer).await.ok()?;
    // §7.1.1: the server ends first, once the Close of the client is there.
    let mut rest = [0; 1024];
    let _ = stream.read(&mut rest).await.ok()?;
    stream.shutdown().await.ok()?;
    while stream.read(&mut rest).await.ok()? > 0 {}
    Some(())
}

/// §5.2: an unmasked text frame.
fn text_frame(text: &str) -> Vec<u8> {
    let len = text.len();
    let mut frame = match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short @ 0..=125), _) => vec![0x81, short],
        (_, Ok(len)) => [&[0x81, 126], &len.to_be_bytes()[..]].concat(),
        _ => [&[0x81, 127], &(len as u64).to_be_bytes()[..]].concat(),
    };
    frame.extend_from_slice(text.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::text_frame;

    #[test]
    fn lengths_have_their_minimal_form() {
        let head = |len: usize| text_frame(&"a".repeat(len))[..4].to_vec();
        assert_eq!(head(125)[..2], [0x81, 125]);
        assert_eq!(head(126), [0x81, 126, 0, 126]);
        assert_eq!(head(65_536)[..2], [0x81, 127]);
    }
}
