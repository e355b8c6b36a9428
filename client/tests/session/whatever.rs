//! Whatever happens: random cuts, kills and answers, and every write ends exactly once.

use std::{collections::BTreeSet, time::Duration};

use crate::support::{Rig, entry, row};
use proptest::prelude::*;
use tertulia_client::session::Event;
use tertulia_protocol::{Cid, ClientFrame, ErrorCode};

#[derive(Clone, Debug)]
enum Step {
    Write,
    /// The server takes the oldest write that it has not seen on this connection.
    Take,
    /// The same, but the connection is cut before the answer gets out.
    TakeAndCut,
    Refuse,
    Fail,
    Cut,
    /// The program is killed and starts again from its store.
    Kill,
    /// Something is written, and the program is killed before that is kept.
    WriteAndKill,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Write),
        4 => Just(Step::Take),
        1 => Just(Step::TakeAndCut),
        1 => Just(Step::Refuse),
        1 => Just(Step::Fail),
        1 => Just(Step::Cut),
        1 => Just(Step::Kill),
        1 => Just(Step::WriteAndKill),
        2 => (0_u64..3_000).prop_map(Step::Pass),
    ]
}

/// A server that keeps its promises: order, no doubles, and nothing stored between a failure and `Resend`.
#[derive(Default)]
struct Server {
    log: Vec<Cid>,
    refused: Vec<Cid>,
    failing: bool,
}

impl Server {
    /// Handles the next frame that the session sent. `step` says how.
    fn handle(&mut self, rig: &mut Rig, step: &Step) {
        let Some(frame) = rig.sent.pop_front() else { return };
        let write = match frame {
            ClientFrame::Write(write) => write,
            ClientFrame::Resend(_) => {
                self.failing = false;
                return;
            }
            ClientFrame::Pull(pull) => {
                let entries = (pull.from.0..=pull.to.0).map(|rseq| self.entry(rseq)).collect();
                return rig.page(pull.request, entries);
            }
            _ => return,
        };
        let known = self.log.iter().position(|cid| *cid == write.cid);
        if let (None, Step::Fail) = (known, step) {
            self.failing = true;
        }
        if self.failing {
            return rig.refuse(Some(write.request), ErrorCode::FAILED);
        }
        if known.is_none() && (matches!(step, Step::Refuse) || self.refused.contains(&write.cid)) {
            self.refused.push(write.cid);
            return rig.refuse(Some(write.request), ErrorCode::BAD_TEXT);
        }
        let place = known.unwrap_or_else(|| {
            self.log.push(write.cid);
            self.log.len() - 1
        });
        let rseq = place as u64 + 1;
        if matches!(step, Step::TakeAndCut) {
            return self.reconnect(rig);
        }
        rig.place(write.request, rseq);
        if known.is_none() {
            rig.live_entry(rseq);
        }
    }

    fn entry(&self, rseq: u64) -> tertulia_protocol::Entry {
        let mut entry = entry(rseq);
        entry.cid = usize::try_from(rseq - 1).ok().and_then(|at| self.log.get(at)).copied();
        entry
    }

    fn reconnect(&mut self, rig: &mut Rig) {
        rig.sent.clear();
        rig.cut();
        rig.wait_for_connect();
        self.log_in(rig);
    }

    fn log_in(&mut self, rig: &mut Rig) {
        self.failing = false;
        rig.log_in();
        rig.answer_sync(vec![row(self.log.len() as u64)], vec![], false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_write_ends_exactly_once_and_the_order_is_kept(steps in prop::collection::vec(step(), 1..120)) {
        let mut rig = Rig::live();
        let mut server = Server::default();
        let mut written = Vec::new();
        let mut told = Vec::new();
        for step in &steps {
            match step {
                Step::Write => written.push(rig.write(&written.len().to_string())),
                Step::Cut => server.reconnect(&mut rig),
                Step::Kill | Step::WriteAndKill => {
                    if matches!(step, Step::WriteAndKill) {
                        rig.hold_store = true;
                        rig.write("never kept, never shown");
                        rig.hold_store = false;
                    }
                    told.extend(rig.events.drain(..));
                    rig.restart();
                    server.log_in(&mut rig);
                }
                Step::Pass(ms) => rig.pass(Duration::from_millis(*ms)),
                take => server.handle(&mut rig, take),
            }
        }
        for _ in 0..10_000 {
            if rig.session.unanswered().0 == 0 && rig.sent.is_empty() {
                break;
            }
            server.handle(&mut rig, &Step::Take);
            rig.pass(Duration::from_millis(100));
        }
        prop_assert_eq!(rig.session.unanswered(), (0, 0));

        told.extend(rig.events.drain(..));
        rig.events = told.into();
        let ended: Vec<Cid> = rig.events.iter().filter_map(|event| match event {
            Event::Settled { cid, .. } | Event::WriteRefused { cid, .. } => Some(*cid),
            _ => None,
        }).collect();
        prop_assert_eq!(ended.len(), written.len(), "each ends once");
        for event in &rig.events {
            if let Event::Settled { cid, rseq, .. } = event {
                let at = usize::try_from(rseq.0 - 1).unwrap();
                prop_assert_eq!(server.log[at], *cid, "what is told is where it is");
            }
        }
        let stored: Vec<Cid> = written.iter().copied().filter(|cid| server.log.contains(cid)).collect();
        prop_assert_eq!(&stored, &server.log, "stored once each, in the order of writing");
        prop_assert_eq!(stored.len() + server.refused.len(), written.len());
        let told: BTreeSet<u64> = rig.told_places().into_iter().collect();
        prop_assert!(told.into_iter().eq(1..=server.log.len() as u64), "all that there is was told");
        let server_key = rig.server_key();
        let saved = rig.history.saved(&server_key).unwrap();
        prop_assert!(saved.outbox.iter().all(|item| server.refused.contains(&item.cid)), "what ended is not in the outbox");
        prop_assert_eq!(saved.outbox.len(), server.refused.len(), "what was refused still is");
    }
}
