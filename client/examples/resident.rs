//! A person without a window, as a process that may be killed at any moment: for tests of what is lost then.
//!
//! ```text
//! resident SERVER PROFILE NAME ROUND COUNT
//! ```
//!
//! Writes COUNT messages "NAME ROUND n" into `general`, each as soon as it may, and says on standard output, a line each,
//! flushed: `kept CID TEXT` when a message lies in the outbox on disk, `acked CID RSEQ SEQ` when the server has it,
//! `refused CID CODE`, `read RSEQ` up to where the room was told live, and `done` when everything written, now or before
//! an earlier kill, was answered. Then it waits for the end of its standard input.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    time::Duration,
};

use tertulia_client::{
    network::{Cids, Network, Options},
    session::{Event, Write},
    store::Profile,
};
use tertulia_protocol::{Cid, RoomId, entry::MessageBody};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, profile, name, round, count] = arguments.as_slice() else {
        return Err("resident SERVER PROFILE NAME ROUND COUNT".into());
    };
    let profile = Profile::open(profile)?;
    let _lock = profile.lock()?;
    let options = Options::from_profile(profile, server.parse()?, Some(name.clone()))?;
    let network = Network::start(options, Box::new(|| {}))?;
    let mut cids = Cids::new()?;
    let mut left = (1..=count.parse::<usize>()?).map(|number| format!("{name} {round} {number}"));
    let mut next = left.next();
    let mut waiting: BTreeSet<Cid> = BTreeSet::new();
    let mut room: Option<RoomId> = None;
    let mut synced = false;
    loop {
        while let (Some(room), Some(text)) = (room, &next) {
            let cid = cids.make();
            if network.write(cid, Write::message(room, text.clone(), None, Vec::new())).is_err() {
                break;
            }
            waiting.insert(cid);
            next = left.next();
        }
        if synced && next.is_none() && waiting.is_empty() {
            say("done")?;
            std::io::stdin().read_to_end(&mut Vec::new())?;
            return Ok(());
        }
        match network.next_event(Duration::from_millis(100)) {
            Some(Event::Room(state)) if state.row.name == "general" => room = Some(state.row.room),
            Some(Event::Queued(item)) if item.failed.is_none() => {
                waiting.insert(item.cid);
                let text = MessageBody::from_bytes(&item.body).map(|body| body.text).unwrap_or_default();
                say(&format!("kept {} {text}", item.cid))?;
            }
            Some(Event::Settled { cid, rseq, seq, .. }) => {
                waiting.remove(&cid);
                say(&format!("acked {cid} {rseq} {seq}"))?;
            }
            Some(Event::WriteRefused { cid, code, .. }) => {
                waiting.remove(&cid);
                say(&format!("refused {cid} {code}"))?;
            }
            Some(Event::Entries { entries, .. }) => {
                if let Some(last) = entries.last() {
                    say(&format!("read {}", last.rseq))?;
                }
            }
            Some(Event::SyncedOnce) => synced = true,
            Some(Event::Stopped { code, params }) => {
                return Err(format!("{}: {}", code.name(), params.join(" ")).into());
            }
            _ => {}
        }
    }
}

fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
