//! One suite for all homes of the log: what `log/mod.rs` promises, asked of the log in memory and of the one in a file.
//!
//! A `Subject` hides which one it is. What only a file can suffer (kills, damage, rights) is in `log_file/`.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test fail it")]

#[path = "../log_subject/mod.rs"]
mod log_subject;

use log_subject::{Subject, draft};
use tertulia_protocol::{Kind, Rseq, entry::MessageBody};
use tertulia_server::log::{Draft, Event};

/// Makes a test for each home out of a function.
macro_rules! in_every_home {
    ($($name:ident,)*) => {
        mod memory {
            $(#[test] fn $name() { super::$name(crate::log_subject::Subject::new(crate::log_subject::Home::Memory)); })*
        }
        mod local {
            $(#[test] fn $name() { super::$name(crate::log_subject::Subject::new(crate::log_subject::Home::Local)); })*
        }
    };
}

mod later;
mod meaning;
mod model;
mod order;

/// A message with a text.
pub(crate) fn says(author: u64, cid: u8, text: &str) -> Draft {
    Draft { body: MessageBody { text: text.to_owned() }.to_bytes(), ..draft(author, cid) }
}

/// Something about another entry.
pub(crate) fn about(kind: Kind, target: u64, of: Draft) -> Draft {
    Draft { kind, target: Some(Rseq(target)), ..of }
}

pub(crate) fn store(log: &mut Subject, drafts: Vec<Draft>) {
    let count = drafts.len();
    log.append(drafts);
    let told = log.wait(count);
    assert!(told.iter().all(|event| matches!(event, Event::Committed { .. })), "{told:?}");
}

/// A draft that does not fit into whatever room a full file has left.
pub(crate) fn large_draft(author: u64, cid: u8) -> Draft {
    Draft { body: vec![cid; 200_000], ..draft(author, cid) }
}
