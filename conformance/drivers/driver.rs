// cargo add tungstenite; wsconform client -- target/release/driver {server}
use tungstenite::{Message, connect};

/// The connection of a resource, until it ends; the last message.
fn visit(uri: &str, echoes: bool) -> Option<Message> {
    let mut last = None;
    // An error ends only this connection: the suite has its own record.
    let (mut socket, _) = connect(uri).ok()?;
    while let Ok(message) = socket.read() {
        if message.is_text() || message.is_binary() {
            if echoes && socket.send(message.clone()).is_err() {
                break;
            }
            last = Some(message);
        }
    }
    last
}

fn main() {
    let server = std::env::args().nth(1).expect("a server");
    let count = visit(&format!("{server}/getCaseCount"), false).expect("a count").to_string();
    for number in 1..=count.parse::<u32>().expect("a number") {
        visit(&format!("{server}/runCase?case={number}&agent=tungstenite"), true);
    }
    visit(&format!("{server}/updateReports?agent=tungstenite"), false);
}
