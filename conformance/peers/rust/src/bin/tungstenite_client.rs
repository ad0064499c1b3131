//! Echo client on tungstenite for one connection: the loop of its example `autobahn-client`.

use tungstenite::{Result, client::connect_with_config, protocol::WebSocketConfig};

/// Largest message and frame. The default frame limit of 16 MiB is below the message limit.
const LIMIT: usize = 64 << 20;

/// Redirects that [`tungstenite::connect`] follows.
const REDIRECTS: u8 = 3;

fn main() -> Result<()> {
    let config = WebSocketConfig::default().max_message_size(Some(LIMIT)).max_frame_size(Some(LIMIT));
    let (mut socket, _) = connect_with_config(wsconform_peers::uri(), Some(config), REDIRECTS)?;
    loop {
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            socket.send(message)?;
        }
    }
}
