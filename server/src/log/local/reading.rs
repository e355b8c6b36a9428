//! The reader thread: one question, one answer.
//!
//! Most questions are answered at once. What may take long, a search or a look for old entries, is done in steps of
//! bounded time, and between two steps everything else that was asked meanwhile goes first: so nobody's page waits for
//! more than one step. **Invariant:** it writes nothing; how many questions wait is the owner's to bound.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use tertulia_protocol::{Cid, RoomId, Rseq, Seq, UserId};

use super::Answers;
use crate::log::store::{Rows, Since};
use crate::log::{Event, Query, Ticket};

/// How long one search may take before it says how far it got. The rest of 50 ms is for what is between two looks at
/// the clock, and for the few messages that are sieved where nothing was looked through by then.
const SEARCH_TIME: Duration = Duration::from_millis(25);
/// Places that are looked at in one step for the first one that is not old: a few milliseconds' worth.
const PLACES: u32 = 10_000;

pub(super) enum Question {
    Find { ticket: Ticket, author: UserId, cid: Cid },
    Fetch { ticket: Ticket, seqs: Vec<Seq>, weight_max: usize },
    Targeting { ticket: Ticket, room: RoomId, targets: Vec<Rseq>, rows_max: usize },
    Search { ticket: Ticket, query: Query, max: usize },
    FirstSince { ticket: Ticket, after: Seq, at: i64 },
}

/// The reader's whole life.
pub(super) fn answer(rows: &Rows, questions: &Receiver<Question>, answers: &Answers) {
    let mut long = VecDeque::new();
    loop {
        let next = if long.is_empty() {
            questions.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            questions.try_recv()
        };
        let question = match next {
            Ok(question @ (Question::Search { .. } | Question::FirstSince { .. })) => {
                long.push_back(question);
                continue;
            }
            Ok(question) => question,
            // Who asked has gone, and with them whoever could wait for the long ones.
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => match long.pop_front() {
                Some(question) => question,
                None => continue,
            },
        };
        match one(rows, question) {
            Ok(Step::Answer(event)) => answers.tell(&mut vec![event], None),
            Ok(Step::GoOn(question)) => long.push_back(question),
            Err(error) => return answers.break_off(&error.to_string()),
        }
    }
}

enum Step {
    Answer(Event),
    GoOn(Question),
}

fn one(rows: &Rows, question: Question) -> rusqlite::Result<Step> {
    Ok(Step::Answer(match question {
        Question::Find { ticket, author, cid } => Event::Found { ticket, stored: rows.find(author, cid)? },
        Question::Fetch { ticket, seqs, weight_max } => {
            Event::Fetched { ticket, entries: rows.fetch(&seqs, weight_max)? }
        }
        Question::Targeting { ticket, room, targets, rows_max } => {
            let (rows, from, cut) = rows.targeting(room, &targets, rows_max)?;
            Event::Targeting { ticket, rows, from, cut }
        }
        Question::Search { ticket, query, max } => {
            let end = now() + SEARCH_TIME;
            // The index is derived: should it be damaged, nothing that was acknowledged is in doubt.
            match rows.search(&query, max, move || now() >= end) {
                Ok((entries, below)) => Event::Searched { ticket, entries, below },
                Err(_) => Event::SearchFailed { ticket },
            }
        }
        Question::FirstSince { ticket, after, at } => match rows.first_since(after, at, PLACES)? {
            Since::Known(seq) => Event::FirstSince { ticket, seq },
            Since::Behind(after) => return Ok(Step::GoOn(Question::FirstSince { ticket, after, at })),
        },
    }))
}

#[expect(clippy::disallowed_methods, reason = "how long a search takes is not the chat's time")]
fn now() -> Instant {
    Instant::now()
}
