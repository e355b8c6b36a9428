//! `tail`: the messages of a room, in order and without a hole, for as long as somebody reads them.

use std::{collections::BTreeMap, io::Write, time::Duration};

use serde::Serialize;
use tertulia_protocol::{Entry, Kind, Rseq, UserId, entry::MessageBody};

use super::{
    Failure,
    args::Tail,
    connection::Connection,
    print::{escape, time_millis, time_seconds},
};
use crate::{
    network::Options,
    session::{Event, History},
};

/// How many messages `--no-follow` prints when it is not told where to begin.
const LAST: u64 = 50;

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    room: &'a str,
    seq: u64,
    rseq: u64,
    time: String,
    user: &'a str,
    text: &'a str,
}

pub(super) fn run(
    tail: &Tail,
    mut options: Options,
    timeout: Duration,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> Result<(), Failure> {
    options.session.room = Some(tail.room.clone());
    options.session.history = history(tail);
    let mut connection = Connection::start(options, timeout)?;
    let mut printer = Printer { tail, names: BTreeMap::new() };
    let mut room = None;
    let mut synced = false;
    let mut outage = false;
    loop {
        match connection.next()? {
            Event::Users(users) => printer.names.extend(users.into_iter().map(|row| (row.user, row.name))),
            Event::Room(state) if state.row.name == tail.room => room = Some(state.row.room),
            Event::Entries { room: of, entries, .. } if Some(of) == room => {
                printer.print(&entries, output)?;
                // A long history takes as long as it takes.
                connection.got_on();
            }
            Event::SyncedOnce => {
                if room.is_none() {
                    return Err(Failure::no_room(&tail.room));
                }
                if tail.no_follow {
                    return Ok(());
                }
                synced = true;
                outage = false;
                connection.wait_for_ever();
            }
            Event::Disconnected { why, .. } if synced && !outage => {
                // Once per outage, however many attempts it takes.
                outage = true;
                let _ = writeln!(errors, "{}: {}; trying again", why.name(), escape(&why.to_string()));
            }
            Event::Reset { .. } => {
                let _ = writeln!(errors, "log_changed: the server was set back; what follows may repeat");
            }
            _ => {}
        }
    }
}

fn history(tail: &Tail) -> History {
    match (tail.from, tail.no_follow) {
        (Some(rseq), _) => History::From(Rseq(rseq)),
        (None, true) => History::Last(LAST),
        (None, false) => History::Last(0),
    }
}

struct Printer<'a> {
    tail: &'a Tail,
    names: BTreeMap<UserId, String>,
}

impl Printer<'_> {
    fn print(&self, entries: &[Entry], output: &mut dyn Write) -> Result<(), Failure> {
        for entry in entries.iter().filter(|entry| entry.kind == Kind::MESSAGE) {
            // What is no message by its body is none to print either.
            let Some(body) = MessageBody::from_bytes(&entry.body) else { continue };
            let unknown = format!("#{}", entry.author);
            let user = self.names.get(&entry.author).unwrap_or(&unknown);
            if self.tail.json {
                let line = Line {
                    room: &self.tail.room,
                    seq: entry.seq.0,
                    rseq: entry.rseq.0,
                    time: time_millis(entry.at),
                    user,
                    text: &body.text,
                };
                // JSON escapes controls below U+0020 alone, and that is right for a program that reads it.
                serde_json::to_writer(&mut *output, &line).map_err(std::io::Error::from)?;
                output.write_all(b"\n")?;
            } else {
                writeln!(output, "{} {}: {}", time_seconds(entry.at), escape(user), escape(&body.text))?;
            }
        }
        // A message is printed when it comes, not when a buffer is full.
        output.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tertulia_protocol::{DeviceId, Seq};

    use super::*;

    fn entry(rseq: u64, text: &str) -> Entry {
        Entry {
            seq: Seq(rseq + 10),
            rseq: Rseq(rseq),
            count: rseq,
            at: 1_700_000_000_123,
            author: UserId(2),
            device: DeviceId(2),
            kind: Kind::MESSAGE,
            target: None,
            mentions: None,
            body: MessageBody { text: text.to_owned() }.to_bytes(),
            cid: None,
        }
    }

    fn check(json: bool, entries: &[Entry], expected: &str) {
        let tail = Tail { room: "general".to_owned(), json, from: None, no_follow: false };
        let names = BTreeMap::from([(UserId(2), "ana".to_owned())]);
        let mut output = Vec::new();
        Printer { tail: &tail, names }.print(entries, &mut output).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }

    #[test]
    fn a_message_is_one_line_whatever_is_in_it() {
        let entries = [entry(1, "hello\n\u{1b}[2Jworld"), Entry { kind: Kind(999), ..entry(2, "later") }];
        check(false, &entries, "2023-11-14T22:13:20Z ana: hello\\n\\u{1b}[2Jworld\n");
        check(
            true,
            &entries,
            "{\"room\":\"general\",\"seq\":11,\"rseq\":1,\"time\":\"2023-11-14T22:13:20.123Z\",\"user\":\"ana\",\
             \"text\":\"hello\\n\\u001b[2Jworld\"}\n",
        );
    }

    #[test]
    fn an_author_that_nobody_named_has_a_number_and_an_odd_body_is_no_message() {
        let stranger = Entry { author: UserId(7), ..entry(1, "hi") };
        let odd = Entry { body: vec![0xff], ..entry(2, "") };
        check(false, &[stranger, odd], "2023-11-14T22:13:20Z #7: hi\n");
    }
}
