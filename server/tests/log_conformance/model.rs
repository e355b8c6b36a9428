//! Any life of a log: against a model in the fewest words, and the two homes against each other.

use crate::{
    about,
    log_subject::{Home, Subject, draft},
    says, store,
};
use proptest::prelude::*;
use tertulia_protocol::{Cid, Kind, RoomId, Rseq, Seq, UserId};
use tertulia_server::log::{Derived, Draft, Entry, Event, FailureKind, Query, Stored};

/// Something that happens to a log.
#[derive(Clone, Debug)]
enum Step {
    /// Calls of `append` one after the other, without waiting; (author, cid) of each draft.
    Append(Vec<Vec<(u64, u8)>>),
    Fail,
    Mend,
    Acknowledge,
    Restart,
    Find(u64, u8),
    Fetch {
        from: u64,
        count: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let author_and_cid = || (0..3_u64, 0..12_u8);
    let drafts = prop::collection::vec(author_and_cid(), 0..6);
    let step = prop_oneof![
        6 => prop::collection::vec(drafts, 1..5).prop_map(Step::Append),
        1 => Just(Step::Fail),
        2 => Just(Step::Mend),
        2 => Just(Step::Acknowledge),
        1 => Just(Step::Restart),
        1 => author_and_cid().prop_map(|(author, cid)| Step::Find(author, cid)),
        1 => (0..20_u64, 0..20_u64).prop_map(|(from, count)| Step::Fetch { from, count }),
    ];
    prop::collection::vec(step, 1..25)
}

/// What a log has to do, in the fewest words.
#[derive(Default)]
struct Model {
    entries: Vec<Entry>,
    failing: bool,
    stuck: bool,
}

impl Model {
    fn append(&mut self, draft: Draft) -> Event {
        let ticket = draft.ticket;
        self.stuck |= self.failing;
        if self.stuck {
            return Event::Failed { ticket, why: FailureKind::Refused };
        }
        if let Some(of) = self.find(draft.author, draft.cid) {
            return Event::Duplicate { ticket, of };
        }
        let entry = Entry::new(Seq(self.entries.len() as u64 + 1), draft);
        self.entries.push(entry.clone());
        Event::Committed { ticket, entry }
    }

    fn find(&self, author: UserId, cid: Cid) -> Option<Stored> {
        self.entries.iter().find(|entry| entry.author == author && entry.cid == cid).map(Entry::stored)
    }
}

fn follows_the_model(home: Home, steps: Vec<Step>) {
    let mut log = Subject::new(home);
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(calls) => {
                let mut expected = Vec::new();
                for call in calls {
                    let drafts: Vec<Draft> = call.into_iter().map(|(author, cid)| draft(author, cid)).collect();
                    log.append(drafts.clone());
                    expected.extend(drafts.into_iter().map(|draft| model.append(draft)));
                }
                assert_eq!(log.wait(expected.len()), expected);
            }
            Step::Fail => {
                log.fail(FailureKind::Refused);
                model.failing = true;
            }
            Step::Mend => {
                log.mend();
                model.failing = false;
            }
            Step::Acknowledge => {
                log.acknowledge_failure();
                model.stuck = false;
            }
            Step::Restart => {
                log.restart();
                model = Model { entries: model.entries, ..Model::default() };
                assert_eq!(log.entries(), model.entries);
            }
            Step::Find(author, cid) => {
                let (author, cid) = (UserId(author), draft(author, cid).cid);
                assert_eq!(log.find(author, cid), model.find(author, cid));
            }
            Step::Fetch { from, count } => {
                let inside = |entry: &&Entry| (from..from + count).contains(&entry.seq.0);
                let expected: Vec<Entry> = model.entries.iter().filter(inside).cloned().collect();
                assert_eq!(log.fetch((from..from + count).map(Seq).collect(), usize::MAX), expected);
            }
        }
    }
    assert_eq!(log.entries(), model.entries);
}

/// Something that is said, and what is made of it.
#[derive(Clone, Debug)]
enum Deed {
    Say { author: u64, room: u64, text: String },
    Edit { message: prop::sample::Index, text: String },
    Erase(prop::sample::Index),
    Expire { room: u64, upto: prop::sample::Index },
    Derive,
    Restart,
    Search { query: Query, max: usize },
    Targeting { room: u64, targets: std::collections::BTreeSet<u64>, rows_max: usize },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    const WORDS: [&str; 9] = ["uno", "unido", "DOS", "café", "cafe\u{301}", "www.x", "\"", "😀", "a-b"];
    let text = || prop::collection::vec(prop::sample::select(&WORDS[..]), 1..4).prop_map(|words| words.join(" "));
    let index = any::<prop::sample::Index>;
    let room = || 1..3_u64;
    let query = (
        prop_oneof![Just(Vec::new()), text().prop_map(|text| text.split(' ').map(str::to_owned).collect())],
        prop::collection::btree_set(room().prop_map(RoomId), 0..3),
        prop::option::of((1..3_u64).prop_map(UserId)),
        any::<bool>(),
        prop::option::of((0..30_u64).prop_map(Seq)),
    );
    let query = query.prop_map(|(words, rooms, author, has_link, below)| {
        let rooms = rooms.into_iter().collect();
        Query { words, rooms, author, has_link, below, ..Query::default() }
    });
    let deed = prop_oneof![
        6 => (1..3_u64, room(), text()).prop_map(|(author, room, text)| Deed::Say { author, room, text }),
        3 => (index(), text()).prop_map(|(message, text)| Deed::Edit { message, text }),
        2 => index().prop_map(Deed::Erase),
        1 => (room(), index()).prop_map(|(room, upto)| Deed::Expire { room, upto }),
        3 => Just(Deed::Derive),
        1 => Just(Deed::Restart),
        4 => (query, 1..5_usize).prop_map(|(query, max)| Deed::Search { query, max }),
        1 => (room(), prop::collection::btree_set(1..30_u64, 0..6), 0..6_usize)
            .prop_map(|(room, targets, rows_max)| Deed::Targeting { room, targets, rows_max }),
    ];
    prop::collection::vec(deed, 1..40)
}

/// Does the same to the log in memory and to the one in a file, and holds what they answer against each other. Places
/// in rooms are places of the log here: to the log they are only numbers.
fn both_homes_agree(deeds: Vec<Deed>) {
    let mut logs = [Subject::new(Home::Memory), Subject::new(Home::Local)];
    let (mut messages, mut edits, mut work, mut last) = (Vec::<(u64, u64)>::new(), 0, Vec::new(), 0_u64);
    let mut done: Vec<Derived> = Vec::new();
    for deed in deeds {
        let cid = u8::try_from(last + 1).expect("few deeds");
        let mut draft = None;
        match deed {
            Deed::Say { author, room, text } => {
                messages.push((last + 1, room));
                draft = Some(Draft { room: RoomId(room), ..says(author, cid, &text) });
            }
            Deed::Edit { message, text } if !messages.is_empty() => {
                let (message, room) = *message.get(&messages);
                edits += 1;
                work.push(Derived::Edited { edit: Seq(last + 1), message: Seq(message) });
                draft = Some(Draft { room: RoomId(room), ..about(Kind::EDIT, message, says(1, cid, &text)) });
            }
            Deed::Erase(message) if !messages.is_empty() => {
                let (message, room) = messages.remove(message.index(messages.len()));
                let (by, rseq, message) = (Seq(last + 1), Rseq(message), Seq(message));
                work.push(Derived::Erased { by, room: RoomId(room), message, rseq });
                draft = Some(Draft { room: RoomId(room), ..about(Kind::DELETE, rseq.0, says(1, cid, "")) });
            }
            Deed::Expire { room, upto } if last > 0 => {
                let upto = upto.index(usize::try_from(last).expect("few")) as u64 + 1;
                messages.retain(|(seq, of)| *of != room || *seq > upto);
                let (by, upto, rseq) = (Seq(last + 1), Seq(upto), Rseq(upto));
                work.push(Derived::Expired { by, room: RoomId(room), upto, rseq });
                draft = Some(Draft { kind: Kind::EXPIRE, room: RoomId(room), ..says(0, cid, "") });
            }
            Deed::Edit { .. } | Deed::Erase(_) | Deed::Expire { .. } => {}
            Deed::Derive => {
                done.extend(&work);
                logs.iter_mut().for_each(|log| log.derived(work.clone(), last));
                work.clear();
            }
            Deed::Restart => {
                // Who starts again gives the work again that is not known to be done.
                work = done.iter().copied().chain(work).filter(|work| work.by().0 > logs[0].derived_upto()).collect();
                logs.iter_mut().for_each(Subject::restart);
            }
            Deed::Search { query, max } => {
                let [memory, local] = logs.each_mut().map(|log| log.find_all(&query, max));
                assert_eq!(memory, local, "{query:?}");
            }
            Deed::Targeting { room, targets, rows_max } => {
                let targets: Vec<u64> = targets.into_iter().collect();
                let [memory, local] = logs.each_mut().map(|log| log.targeting(RoomId(room), &targets, rows_max));
                assert_eq!(memory, local);
            }
        }
        if let Some(draft) = draft {
            last += 1;
            logs.iter_mut().for_each(|log| store(log, vec![draft.clone()]));
        }
    }
    logs.iter_mut().for_each(|log| log.derived(work.clone(), last));
    let all = Query { rooms: vec![RoomId(1), RoomId(2)], ..Query::default() };
    let [memory, local] = logs.each_mut().map(|log| (log.entries(), log.find_all(&all, 3)));
    assert_eq!(memory, local, "with {edits} edits");
    let there: Vec<u64> = messages.iter().rev().map(|(seq, _)| *seq).collect();
    assert_eq!(local.1, there, "what is not erased is found, and nothing else");
    let check = rusqlite::Connection::open(logs[1].path()).expect("the file");
    check.execute_batch("INSERT INTO words (words) VALUES ('integrity-check')").expect("the index is sound");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn memory_follows_the_model(steps in steps()) {
        follows_the_model(Home::Memory, steps);
    }

    #[test]
    fn homes_agree_about_what_is_made_of_entries(deeds in deeds()) {
        both_homes_agree(deeds);
    }

    #[test]
    fn local_follows_the_model(steps in steps()) {
        follows_the_model(Home::Local, steps);
    }
}
