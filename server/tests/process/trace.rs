//! What strace wrote down of a server, and what follows from it for durability.
//!
//! strace sees one stop of one thread at a time, and no call goes on before it was written down; so the order of the
//! lines is an order of what happened: a call begins at its line and has returned at the line with its result.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use tertulia_protocol::{FrameDecoder, Seq, ServerFrame, entry::MessageBody, limits::FRAME_BYTES_MAX};

use crate::child::{PATIENCE, until};

/// The text of a message that is looked for.
pub(crate) fn mark(number: usize) -> String {
    format!("<mark {number:06}>")
}

/// A call, whole.
pub(crate) struct Call {
    name: String,
    /// What the descriptor stands for.
    on: String,
    data: Vec<u8>,
    result: i64,
    /// The lines of its begin and of its result.
    begin: usize,
    end: usize,
}

/// Reads what was written down of a process, once it has ended there.
#[track_caller]
pub(crate) fn read(file: &Path, process: u32) -> Vec<Call> {
    let text = until("strace has written everything down", PATIENCE, || {
        let text = fs::read_to_string(file).unwrap();
        let over = text.lines().any(|line| line.strip_prefix(&process.to_string()).is_some_and(ended));
        over.then_some(text)
    });
    let mut begun: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    let mut calls = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let (thread, what) = line.split_once(' ').unwrap();
        let what = what.trim_start();
        if let Some(first) = what.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, (number, first));
        } else if what.starts_with("<... ") {
            let (begin, first) = begun.remove(thread).unwrap();
            calls.extend(call(first, what, begin, number));
        } else {
            calls.extend(call(what, what, number, number));
        }
    }
    calls
}

fn ended(rest: &str) -> bool {
    rest.trim_start().starts_with("+++ exited")
}

/// None if it is no call, or one that did nothing.
fn call(first: &str, last: &str, begin: usize, end: usize) -> Option<Call> {
    let (name, arguments) = first.split_once('(')?;
    let (_, result) = last.rsplit_once(" = ")?;
    let result: i64 = result.split(' ').next()?.parse().ok().filter(|result| *result >= 0)?;
    let on = arguments.split_once('<')?.1.split_once('>')?.0;
    // All strings are given in hexadecimal; every second part stands in quotation marks.
    let data: Vec<u8> = arguments.split('"').skip(1).step_by(2).flat_map(bytes).collect();
    Some(Call { name: name.to_owned(), on: String::from_utf8(bytes(on)).unwrap(), data, result, begin, end })
}

fn bytes(escaped: &str) -> Vec<u8> {
    escaped.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// How often an entry was told that was durable, and what was told of any that was not.
pub(crate) fn judge(calls: &[Call], messages: usize) -> (usize, Vec<String>) {
    // A message is durable once an fsync of the journal has returned that began after the message was written to it.
    let journal = |call: &&Call| call.on.ends_with("tertulia.db-wal");
    let syncs: Vec<_> = calls.iter().filter(journal).filter(|call| call.name.contains("sync")).collect();
    let written: Vec<_> = calls.iter().filter(journal).filter(|call| call.name.contains("write")).collect();
    let durable_at: BTreeMap<String, usize> = (0..messages)
        .filter_map(|number| {
            let mark = mark(number);
            let written = written.iter().find(|call| holds(&call.data, mark.as_bytes()))?;
            let sync = syncs.iter().filter(|sync| sync.begin > written.end).map(|sync| sync.end).min()?;
            Some((mark, sync))
        })
        .collect();

    let mut told: Vec<(usize, Seq, &str)> = Vec::new();
    let mut texts: BTreeMap<Seq, String> = BTreeMap::new();
    let mut streams: BTreeMap<&str, FrameDecoder> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.on.starts_with("socket:")) {
        let taken = usize::try_from(call.result).unwrap();
        let stream = streams.entry(&call.on).or_insert_with(|| FrameDecoder::new(FRAME_BYTES_MAX));
        let mut frames = stream.feed(&call.data[..taken]);
        while let Some(frame) = frames.next().unwrap() {
            match ServerFrame::decode(frame).unwrap() {
                Some(ServerFrame::Placed(placed)) => told.push((call.begin, placed.seq, "the acknowledgement")),
                Some(ServerFrame::Entry(pushed)) => {
                    texts.insert(pushed.entry.seq, MessageBody::from_bytes(&pushed.entry.body).unwrap().text);
                    told.push((call.begin, pushed.entry.seq, "the entry"));
                }
                _ => {}
            }
        }
    }
    assert_eq!(texts.values().collect::<BTreeSet<_>>().len(), messages, "each message was seen");
    let too_early = |(begin, seq, what): &(usize, Seq, &str)| {
        let text = &texts[seq];
        let durable = durable_at.get(text).is_some_and(|durable| durable < begin);
        (!durable).then(|| format!("{what} of {text} at line {begin}, durable at {:?}", durable_at.get(text)))
    };
    let early: Vec<_> = told.iter().filter_map(too_early).collect();
    (told.len() - early.len(), early)
}

fn holds(data: &[u8], part: &[u8]) -> bool {
    data.windows(part.len()).any(|window| window == part)
}
