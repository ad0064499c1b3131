//! Many clients in rooms of different sizes, and the promise that they check.

use core::sync::atomic::AtomicUsize;
use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{Barrier, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::chat_client::{Client, Room, Shared};
use crate::support::PATIENCE;

pub(crate) struct Crowd {
    shared: Arc<Shared>,
    clients: JoinSet<Client>,
    /// The number of messages that all clients send together.
    messages: usize,
}

impl Crowd {
    /// Starts a room for each of these sizes. Each client connects to a random server, and sends this number
    /// of messages.
    pub(crate) fn start(servers: &[String], sizes: &[usize], messages: u32) -> Self {
        let size: usize = sizes.iter().sum();
        let (servers, joined, acknowledged) = (servers.to_vec(), Barrier::new(size), watch::Sender::new(0));
        let shared = Arc::new(Shared { servers, joined, acknowledged });
        let mut clients = JoinSet::new();
        for (index, &size) in sizes.iter().enumerate() {
            let room = Arc::new(Room { name: format!("room-{index}"), senders: AtomicUsize::new(size) });
            for member in 0..size {
                let name = format!("client-{index}-{member}");
                clients.spawn(Client::new(shared.clone(), room.clone(), name, messages).run());
            }
        }
        Self { shared, clients, messages: size * messages as usize }
    }

    /// Waits until this part of all messages has an `ok`.
    pub(crate) async fn wait_for_part(&self, part: f64) {
        let mut acknowledged = self.shared.acknowledged.subscribe();
        let wait = acknowledged.wait_for(|&count| count as f64 >= part * self.messages as f64);
        timeout(PATIENCE, wait).await.expect("in time").expect("clients");
    }

    /// Waits for the end, and checks that each message with an `ok` was received by each member of its room,
    /// exactly once and in the same order. Returns the number of connections that were lost.
    pub(crate) async fn check(mut self) -> usize {
        let mut clients = Vec::new();
        while let Some(client) = timeout(PATIENCE, self.clients.join_next()).await.expect("in time") {
            clients.push(client.expect("no panic"));
        }
        // The clients of a room are together.
        clients.sort_by(|a, b| a.room.name.cmp(&b.room.name));
        for members in clients.chunk_by(|a, b| a.room.name == b.room.name) {
            check_room(members);
        }
        let received: usize = clients.iter().map(|client| client.log.len()).sum();
        let acknowledged: usize = clients.iter().map(|client| client.acknowledged.len()).sum();
        let reconnects = clients.iter().map(|client| client.reconnects).sum();
        println!("{acknowledged} messages, {received} received, {reconnects} connections lost");
        assert!(acknowledged >= self.messages);
        reconnects
    }
}

fn check_room(members: &[Client]) {
    let log = &members[0].log;
    let room = &members[0].room.name;
    let texts: HashSet<&str> = log.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts.len(), log.len(), "{room}: no message is stored twice");
    let sent: usize = members.iter().map(|member| member.acknowledged.len()).sum();
    let is_end = |text: &String| text == "end";
    let ends = members.iter().flat_map(|member| &member.acknowledged).filter(|text| is_end(text)).count();
    assert_eq!(log.len(), sent - ends + 1, "{room}: each message with an `ok`, and the last one");
    for member in members {
        assert!(member.log == *log, "{room}: all members receive the same in the same order");
        for text in &member.acknowledged {
            assert!(texts.contains(text.as_str()), "{room}: {text} has an `ok`");
        }
    }
}
