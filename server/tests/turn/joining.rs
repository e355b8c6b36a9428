//! Whoever logs in while others talk hears everything, once: live from the welcome on, the rest by sync and pages.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tertulia_protocol::{Seq, ServerFrame, UserId};

use crate::support::{Client, Manner, Options, Rig, text};

/// A client that logs in at some moment, folds what it hears with what it asks for, and must end up with everything.
struct Reader {
    client: Client,
    held: BTreeMap<u64, String>,
    names: BTreeMap<UserId, String>,
    /// Live entries that came, by place: none may come twice.
    live: Vec<u64>,
    authors: BTreeSet<UserId>,
    position: Seq,
}

impl Reader {
    fn new(client: Client, position: Seq) -> Self {
        let (held, names, live, authors) = Default::default();
        Self { client, held, names, live, authors, position }
    }

    fn fold(&mut self) {
        for frame in self.client.frames() {
            match frame {
                ServerFrame::Entry(told) => {
                    assert!(told.entry.seq > self.position, "live is what comes behind the welcome");
                    self.live.push(told.entry.rseq.0);
                    self.authors.insert(told.entry.author);
                    self.held.insert(told.entry.rseq.0, text(&told.entry));
                }
                ServerFrame::Page(page) => {
                    for entry in &page.entries {
                        let before = self.held.insert(entry.rseq.0, text(entry));
                        assert!(before.is_none_or(|before| before == text(entry)));
                    }
                    if let Some(first) = page.entries.first().filter(|first| first.rseq.0 > 1) {
                        self.client.pull(1, first.rseq.0 - 1);
                    }
                }
                ServerFrame::Synced(synced) => {
                    self.names.extend(synced.users.into_iter().map(|row| (row.user, row.name)));
                    if let Some(room) = synced.rooms.first().filter(|room| room.head.0 > 0) {
                        self.client.pull(1, room.head.0);
                    }
                }
                ServerFrame::Users(users) => self.names.extend(users.users.into_iter().map(|row| (row.user, row.name))),
                ServerFrame::Presence(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Write(usize),
    Join,
    Newcomer,
    Step,
    Hold,
    Release(usize),
    Sleep(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..2_usize).prop_map(Act::Write),
        2 => Just(Act::Join),
        2 => Just(Act::Newcomer),
        6 => Just(Act::Step),
        1 => Just(Act::Hold),
        3 => (1..8_usize).prop_map(Act::Release),
        1 => (1..400_u64).prop_map(Act::Sleep),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whoever logs in whenever: what is live begins just behind the welcome, comes once and in order, and together
    /// with a sync and pages it is everything; and every author has a name.
    #[test]
    fn nothing_falls_between_welcome_sync_pages_and_live(
        acts in prop::collection::vec(act(), 1..100),
        seed in 0..1_000_u64,
        is_nasty in any::<bool>(),
    ) {
        let mut options = Options { seed, ..Options::default() };
        options.limits.room_bytes_per_turn = 200;
        if is_nasty {
            options.manner = Manner { capacity: 1 << 20, ..Manner::nasty() };
        }
        let mut rig = Rig::with(options);
        let mut writers = vec![rig.login("ana"), rig.login("luis")];
        // Those on their way in, and those who are in.
        let mut joining: Vec<Client> = Vec::new();
        let mut readers: Vec<Reader> = Vec::new();
        let mut written = 0;
        let mut names = 0;
        for act in acts.into_iter().chain([Act::Release(1_000)]) {
            match act {
                Act::Write(n) => {
                    written += 1;
                    writers[n].write(&format!("message {written}"));
                }
                Act::Join => {
                    let client = rig.connect();
                    client.hello();
                    joining.push(client);
                }
                Act::Newcomer => {
                    names += 1;
                    let mut client = rig.connect();
                    client.hello();
                    rig.settle();
                    client.challenged();
                    client.prove(Some(&format!("newcomer {names}")));
                    written += 1;
                    client.write(&format!("message {written}"));
                    writers.push(client);
                }
                Act::Step => rig.step(),
                Act::Hold => rig.log().hold(),
                Act::Release(1_000) => rig.log().release_all(),
                Act::Release(count) => rig.log().release(count),
                Act::Sleep(ms) => rig.sleep(ms),
            }
            for mut client in std::mem::take(&mut joining) {
                client.read();
                if client.wire.unread() == 0 && client.has_frames() {
                    match client.next_frame() {
                        ServerFrame::Challenge(challenge) => {
                            client.challenged_by(challenge);
                            names += 1;
                            client.prove(Some(&format!("reader {names}")));
                        }
                        ServerFrame::Welcome(welcome) => {
                            client.sync(Seq(0));
                            let position = welcome.position;
                                                        readers.push(Reader::new(client, position));
                            continue;
                        }
                        other => panic!("{other:?}"),
                    }
                }
                joining.push(client);
            }
            readers.iter_mut().for_each(Reader::fold);
        }
        for _ in 0..6 {
            rig.settle();
            readers.iter_mut().for_each(Reader::fold);
        }
        for reader in &readers {
            prop_assert!(reader.live.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{:?}", reader.live);
            prop_assert!(reader.authors.iter().all(|author| reader.names.contains_key(author)));
            prop_assert_eq!(reader.held.keys().copied().collect::<Vec<_>>(), (1..=written).collect::<Vec<_>>());
        }
        rig.check_replay();
    }
}
