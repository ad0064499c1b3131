//! Echo server on tungstenite: a thread per connection, the loop of its example `autobahn-server`.

use std::{
    net::{TcpListener, TcpStream},
    thread,
};

use tungstenite::{Result, accept_with_config, protocol::WebSocketConfig};

/// Largest message and frame. The default frame limit of 16 MiB is below the message limit.
const LIMIT: usize = 64 << 20;

fn serve(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().max_message_size(Some(LIMIT)).max_frame_size(Some(LIMIT));
    let Ok(mut socket) = accept_with_config(stream, Some(config)) else { return Ok(()) };
    loop {
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            socket.send(message)?;
        }
    }
}

fn main() {
    let listener = TcpListener::bind(wsconform_peers::address()).expect("the address is free");
    for stream in listener.incoming().flatten() {
        thread::spawn(move || serve(stream));
    }
}
