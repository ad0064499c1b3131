//! The output of a connection, as its peer reads it.

use websocket_proto::{CloseCode, CloseFrameStatus, Config, Role, Storage};

use super::super::naive;
use super::Run;
use crate::support::{self, Seen};

impl<R: Role, S: Storage> Run<'_, R, S> {
    /// Checks the output as the peer reads it.
    pub(super) fn judge(&self) {
        let mut wire = &self.told.gone[..];
        if !self.masks && !self.was_open && !wire.is_empty() {
            let answer = support::Answer::parse(wire);
            if answer.status != 101 {
                answer.refusal();
                return;
            }
            wire = &wire[wire.len() - answer.body.len()..];
        }
        let read = naive::frames(wire, self.masks, &Config::default());
        let pongs_of_closing = naive::frames(read.rest, self.masks, &Config::default());
        assert!(
            read.fails.is_none() && pongs_of_closing.fails.is_none() && pongs_of_closing.rest.is_empty(),
            "legal and whole"
        );
        // §5.5.2: each Ping has a reply, unless a Close was received
        assert!(
            pongs_of_closing.events.iter().all(|event| matches!(event, Seen::Pong(_))),
            "nothing else after a Close"
        );
        let mut keys = [read.keys, pongs_of_closing.keys].concat();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|two| two[0] != two[1]), "§5.3: fresh for each frame");

        let (mut sent, mut may_pong, mut close) =
            (self.told.sent.iter(), self.told.pongs.iter(), CloseFrameStatus::None);
        for event in read.events.iter().chain(&pongs_of_closing.events) {
            match event {
                Seen::Pong(payload) => {
                    assert!(may_pong.any(|pong| pong == payload), "a Pong for a Ping, in order")
                }
                Seen::Close(frame) => {
                    close = frame.as_ref().and_then(|(code, _)| CloseCode::new(*code)).into();
                    assert!(sent.len() == 0 || Some(event) == sent.next(), "an answer, or what was sent");
                }
                event => assert_eq!(Some(event), sent.next()),
            }
        }
        assert_eq!(sent.next(), None, "all that was sent");
        assert_eq!(close, self.connection.close_status().sent);
    }
}
