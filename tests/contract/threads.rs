//! Each end of a connection in two threads: one has the read half, the other has the write half.

use std::sync::mpsc;
use std::thread;

use websocket_proto::{
    CloseCode, Config, Event, MessageKind, ReceiveBuffer, Role, Signal, State, TransportAction, WriteHalf,
};

use crate::support::{Reader, Seen, open_client, open_server, split};

/// A task of the writing thread.
enum Task {
    Answer(Signal),
    Send(String),
    Ping,
    Close,
}

/// The transport of these threads: bytes in a channel.
type Bytes = mpsc::Receiver<Vec<u8>>;

fn reading<R: Role>(
    mut reader: Reader<R>,
    from: Bytes,
    tasks: mpsc::Sender<Task>,
    mut on_text: impl FnMut(&str),
) -> (Reader<R>, Vec<Seen>) {
    let (mut inbound, mut seen) = (ReceiveBuffer::new(), vec![]);
    for chunk in from {
        assert_eq!(inbound.feed(&chunk), chunk.len());
        loop {
            let event = reader.receive(&mut inbound).expect("both ends keep the rules");
            if let Some(signal) = reader.signal() {
                tasks.send(Task::Answer(signal)).unwrap();
            }
            match event {
                Some(Event::Text(text)) => {
                    on_text(text);
                    seen.push(Seen::Text(text.to_owned()));
                }
                Some(Event::Pong(payload)) => seen.push(Seen::Pong(payload.to_vec())),
                Some(Event::Ping(payload)) => seen.push(Seen::Ping(payload.to_vec())),
                Some(Event::Close(frame)) => {
                    seen.push(Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned()))))
                }
                Some(other) => panic!("{other:?}"),
                None => break,
            }
        }
    }
    (reader, seen)
}

fn writing<R: Role>(
    mut writer: WriteHalf<R>,
    to: mpsc::Sender<Vec<u8>>,
    tasks: mpsc::Receiver<Task>,
) -> WriteHalf<R> {
    for (index, task) in tasks.into_iter().enumerate() {
        let mut out = vec![];
        match task {
            Task::Answer(signal) => writer.handle_signal(signal, &mut out),
            // Each third message in fragments.
            Task::Send(text) if index % 3 == 0 => {
                for part in text.as_bytes().chunks(5) {
                    writer.send_fragment(MessageKind::Text, part, false, &mut out).unwrap();
                }
                writer.send_fragment(MessageKind::Text, b"", true, &mut out).unwrap();
            }
            Task::Send(text) => writer.send_text(&text, &mut out).unwrap(),
            Task::Ping => writer.ping(&index.to_be_bytes(), &mut out).unwrap(),
            Task::Close => writer.close(CloseCode::NORMAL_CLOSURE, "done", &mut out).unwrap(),
        }
        for chunk in out.chunks(7) {
            to.send(chunk.to_vec()).unwrap();
        }
        if writer.state() == State::End && !writer.has_pending_reply() {
            break;
        }
    }
    writer
}

#[test]
fn two_threads_at_each_end_exchange_messages_and_close() {
    const MESSAGES: usize = 500;
    let (client_out, server_in) = mpsc::channel();
    let (server_out, client_in) = mpsc::channel();
    let (server_tasks, server_queue) = mpsc::channel();
    let (client_tasks, client_queue) = mpsc::channel();
    let (server_reader, server_writer) = split(open_server(Config::default()));
    let (client_reader, client_writer) = split(open_client(Config::default()));
    let (echoes, echoed) = mpsc::channel();
    let echo = server_tasks.clone();
    let server_reads = thread::spawn(|| {
        reading(server_reader, server_in, server_tasks, move |text| {
            echo.send(Task::Send(text.to_owned())).unwrap()
        })
    });
    let server_writes = thread::spawn(|| writing(server_writer, server_out, server_queue));
    let tasks = client_tasks.clone();
    let client_reads =
        thread::spawn(|| reading(client_reader, client_in, tasks, move |_| echoes.send(()).unwrap()));
    let client_writes = thread::spawn(|| writing(client_writer, client_out, client_queue));
    let text = |index: usize| "naïve ".repeat(index % 50) + &index.to_string();
    for index in 0..MESSAGES {
        client_tasks.send(Task::Send(text(index))).unwrap();
        if index % 5 == 0 {
            client_tasks.send(Task::Ping).unwrap();
        }
    }
    assert_eq!(echoed.iter().take(MESSAGES).count(), MESSAGES);
    client_tasks.send(Task::Close).unwrap();
    drop(client_tasks);

    let (client_writer, server_writer) = (client_writes.join().unwrap(), server_writes.join().unwrap());
    let ((client_reader, client_seen), (server_reader, server_seen)) =
        (client_reads.join().unwrap(), server_reads.join().unwrap());
    let texts: Vec<Seen> = (0..MESSAGES).map(|index| Seen::Text(text(index))).collect();
    for seen in [&server_seen, &client_seen] {
        let seen: Vec<_> = seen.iter().filter(|seen| matches!(seen, Seen::Text(_))).collect();
        assert_eq!(seen, texts.iter().collect::<Vec<_>>());
    }
    let count = |seen: &[Seen], what: fn(&Seen) -> bool| seen.iter().filter(|seen| what(seen)).count();
    assert_eq!(count(&server_seen, |seen| matches!(seen, Seen::Ping(_))), MESSAGES / 5);
    assert_eq!(count(&client_seen, |seen| matches!(seen, Seen::Pong(_))), MESSAGES / 5);
    assert_eq!(server_seen.last(), Some(&Seen::Close(Some((1000, "done".to_owned())))));
    assert_eq!(client_seen.last(), Some(&Seen::Close(Some((1000, "done".to_owned())))));
    let (client, server) = (client_reader.join(client_writer), server_reader.join(server_writer));
    assert!(client.close_status().clean() && server.close_status().clean());
    assert_eq!(
        (client.transport_action(), server.transport_action()),
        (TransportAction::AwaitPeerClose, TransportAction::Close)
    );
}
