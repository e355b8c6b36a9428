//! An ear at a connection: every frame of the server is held against the oracle at the moment when it leaves.
//!
//! The server tells in order, so whatever a frame says was so between the newest place that this connection had been
//! told of (`floor`) and the server's present one. Rights are checked within that stretch, contents exactly.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{
    Cid, Entry, ErrorCode, Kind, RequestId, RoomId, Rseq, Seq, ServerFrame, UserId,
    entry::{MessageBody, RoomEntry},
    reply,
};
use tertulia_server::chat::Outcome;

use super::{
    finding::{Promise, broken, holds},
    witness::Witness,
};

/// What was acknowledged to anybody: it has to stay.
#[derive(Default)]
pub(crate) struct Acknowledged(pub(crate) BTreeMap<(UserId, Cid), Seq>);

/// What is known of one connection.
#[derive(Default)]
pub(crate) struct Ear {
    pub(crate) user: Option<UserId>,
    floor: Seq,
    /// Rooms of which it was told that they are gone.
    left: BTreeSet<RoomId>,
    writes: BTreeMap<RequestId, Cid>,
}

impl Ear {
    /// The client writes something.
    pub(crate) fn wrote(&mut self, request: RequestId, cid: Cid) {
        self.writes.insert(request, cid);
    }

    /// The server says something, while it stands at a place of the log.
    pub(crate) fn hear(&mut self, frame: &ServerFrame, at: Seq, witness: &Witness, acked: &mut Acknowledged) {
        let durable = |seq: Seq, what: &str| {
            holds(seq <= witness.position(), Promise::Told, || format!("{what} {seq} is told and not durable"));
        };
        if let ServerFrame::Welcome(welcome) = frame {
            durable(welcome.position, "welcome");
            (self.user, self.floor) = (Some(welcome.user), welcome.position);
        }
        let Some(user) = self.user else { return };
        match frame {
            ServerFrame::Entry(RoomEntry { room, entry }) => {
                durable(entry.seq, "entry");
                let from = self.floor.max(entry.seq);
                holds(witness.was_member(*room, user, from, at) && !self.left.contains(room), Promise::Private, || {
                    format!("{user} is told {room}/{} and is no member", entry.rseq)
                });
                let true_one = witness.wire(*room, entry.rseq);
                holds(true_one.as_ref() == Some(entry), Promise::Told, || format!("{entry:?} is {true_one:?}"));
                self.floor = self.floor.max(entry.seq);
            }
            ServerFrame::Page(page) => self.page(user, page, at, witness),
            ServerFrame::Placed(placed) => self.placed(user, placed, witness, acked),
            ServerFrame::Error(error) => self.refused(user, error, witness),
            ServerFrame::Synced(synced) => {
                durable(synced.position, "sync");
                for row in &synced.rooms {
                    self.row(user, row, at, witness);
                }
                for gone in synced.gone.iter().flatten() {
                    self.left.insert(*gone);
                }
                self.floor = self.floor.max(synced.position);
            }
            ServerFrame::Rooms(rooms) => rooms.rooms.iter().for_each(|row| self.row(user, row, at, witness)),
            ServerFrame::Gone(gone) => drop(self.left.insert(gone.room)),
            ServerFrame::Lagged(lagged) => {
                self.left.clear();
                self.floor = self.floor.max(lagged.position);
            }
            ServerFrame::Heartbeat(heartbeat) => {
                durable(heartbeat.position, "heartbeat");
                self.floor = self.floor.max(heartbeat.position);
            }
            ServerFrame::MemberList(list) => self.reads(user, list.room, at, witness, "members"),
            ServerFrame::Hits(hits) => {
                for RoomEntry { room, entry } in &hits.hits {
                    self.reads(user, *room, at, witness, "a hit");
                    let by = witness.erased_by(*room, entry.rseq);
                    holds(by.is_none_or(|by| by > self.floor), Promise::Erased, || {
                        format!("{room}/{} is found and was erased by {by:?}", entry.rseq)
                    });
                    let body = MessageBody::from_bytes(&entry.body);
                    holds(body.is_some() && entry.kind == Kind::MESSAGE, Promise::Told, || format!("hit {entry:?}"));
                }
            }
            ServerFrame::Typing(typing) => self.member(user, typing.room, at, witness, "typing"),
            ServerFrame::Marked(marked) => self.member(user, marked.room, at, witness, "a mark"),
            ServerFrame::Browsed(browsed) => {
                for row in &browsed.rooms {
                    self.reads(user, row.room, at, witness, "browsing");
                }
            }
            _ => {}
        }
    }

    fn member(&self, user: UserId, room: RoomId, at: Seq, witness: &Witness, what: &str) {
        holds(witness.was_member(room, user, self.floor, at), Promise::Private, || {
            format!("{user} gets {what} of {room} and is no member between {} and {at}", self.floor)
        });
    }

    fn reads(&self, user: UserId, room: RoomId, at: Seq, witness: &Witness, what: &str) {
        holds(witness.might_read(room, user, self.floor, at), Promise::Private, || {
            format!("{user} gets {what} of {room} and may not read it between {} and {at}", self.floor)
        });
    }

    fn row(&mut self, user: UserId, row: &reply::RoomRow, at: Seq, witness: &Witness) {
        self.member(user, row.room, at, witness, "a row");
        holds(row.head <= witness.head_at(row.room, at), Promise::Told, || format!("{row:?} is ahead of the log"));
        self.left.remove(&row.room);
    }

    fn page(&self, user: UserId, page: &reply::Page, at: Seq, witness: &Witness) {
        let room = page.room;
        self.reads(user, room, at, witness, "a page");
        let public = witness.rooms.get(&room).is_some_and(|past| past.is_public);
        holds(public || !self.left.contains(&room), Promise::Private, || {
            format!("{user} gets a page of {room}, which is gone")
        });
        let rseqs = page.entries.iter().map(|entry| entry.rseq.0);
        let first = page.entries.first().map_or(1, |entry| entry.rseq.0);
        holds(rseqs.eq(first..first + page.entries.len() as u64), Promise::Told, || "a page has a hole");
        for entry in page.entries.iter().chain(page.later.iter().flatten()) {
            self.page_entry(user, room, entry, at, witness);
        }
    }

    fn page_entry(&self, user: UserId, room: RoomId, entry: &Entry, at: Seq, witness: &Witness) {
        let Some(mut true_one) = witness.wire(room, entry.rseq) else {
            broken(Promise::Told, format!("a page holds {entry:?}, which is nothing"));
        };
        let by = witness.erased_by(room, entry.rseq);
        let what = || format!("{room}/{} in a page at {}..{at}, erased by {by:?}", entry.rseq, self.floor);
        if entry.body.is_empty() {
            holds(by.is_some_and(|by| by <= at), Promise::Told, || format!("{} is blank", what()));
        } else {
            holds(by.is_none_or(|by| by > self.floor), Promise::Erased, || format!("{} is shown", what()));
        }
        if entry.body.is_empty() {
            true_one.body.clear();
        }
        if true_one.author == user {
            true_one.cid = witness.entry(true_one.seq).map(|entry| entry.cid);
        }
        holds(true_one == *entry, Promise::Told, || format!("{entry:?} is {true_one:?}"));
    }

    fn placed(&mut self, user: UserId, placed: &reply::Placed, witness: &Witness, acked: &mut Acknowledged) {
        let Some(cid) = self.writes.remove(&placed.request) else {
            broken(Promise::Told, format!("{user} gets an answer to nothing: {placed:?}"));
        };
        holds(placed.seq <= witness.position(), Promise::Told, || format!("{cid} is acknowledged and not durable"));
        let Some(own) = witness.find(user, cid) else {
            broken(Promise::Kept, format!("{cid} of {user} is acknowledged and not in the log"));
        };
        let true_place = match witness.outcome(own) {
            Some(Outcome::Placed(placement) | Outcome::Existing(placement)) => {
                (placement.seq, placement.rseq, placement.count)
            }
            Some(Outcome::Unplaced { seq }) => (*seq, Rseq(0), 0),
            outcome => broken(Promise::Told, format!("{cid} of {user} is acknowledged and {outcome:?}")),
        };
        holds(true_place == (placed.seq, placed.rseq, placed.count), Promise::Kept, || {
            format!("{cid} of {user} is acknowledged as {placed:?} and is {true_place:?}")
        });
        acked.0.insert((user, cid), own);
        self.floor = self.floor.max(own);
    }

    fn refused(&mut self, user: UserId, error: &reply::Error, witness: &Witness) {
        let Some(cid) = error.request.and_then(|request| self.writes.remove(&request)) else { return };
        if matches!(error.code, ErrorCode::FAILED | ErrorCode::READ_ONLY) {
            return;
        }
        let outcome = witness.find(user, cid).filter(|own| *own <= self.floor).and_then(|own| witness.outcome(own));
        holds(matches!(outcome, None | Some(Outcome::Refused(_))), Promise::Written, || {
            format!("{cid} of {user} is refused with {} and is {outcome:?}", error.code)
        });
    }
}

impl Acknowledged {
    /// Everything that was acknowledged stands where it stood.
    pub(crate) fn check(&self, log: &[tertulia_server::log::Entry]) {
        for ((user, cid), seq) in &self.0 {
            let entry = usize::try_from(seq.0 - 1).ok().and_then(|at| log.get(at));
            holds(entry.is_some_and(|entry| (entry.author, entry.cid) == (*user, *cid)), Promise::Kept, || {
                format!("{cid} of {user} was acknowledged at {seq} and is not there")
            });
        }
    }
}
