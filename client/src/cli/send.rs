//! `send`: one message, acknowledged or not sent, and if neither is known, a way to find out.

use std::{
    io::{self, Read},
    time::Duration,
};

use tertulia_protocol::{Kind, Text, entry::MessageBody};

use super::{Failure, args::Send, connection::Connection};
use crate::{
    network::{Cids, Options},
    session::Event,
};

/// What is read from standard input at most. Longer than any message, so that the server's limit is what is told.
const INPUT_BYTES_MAX: u64 = 1024 * 1024;

/// The text to send: from the command line, else from standard input.
pub(super) fn text(send: &Send, input: &mut dyn Read) -> Result<Text, Failure> {
    let bad_text = |text: String| Failure::usage("bad_text", text);
    let typed = match &send.text {
        Some(text) => text.clone(),
        None => {
            let mut bytes = Vec::new();
            input
                .take(INPUT_BYTES_MAX)
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::usage("input", error.to_string()))?;
            String::from_utf8(bytes).map_err(|_| bad_text("standard input is not UTF-8".to_owned()))?
        }
    };
    Text::parse(&typed).map_err(|error| bad_text(error.to_string()))
}

pub(super) fn run(send: &Send, text: &Text, options: Options, timeout: Duration) -> Result<(), Failure> {
    let system_failed = |error: io::Error| Failure::unknown("system_failed", error.to_string());
    let cid = match send.id {
        Some(cid) => cid,
        None => Cids::new().map_err(system_failed)?.make(),
    };
    let mut connection = Connection::start(options, timeout)?;
    let mut sent = false;
    loop {
        let event = connection.next().map_err(|failure| {
            if sent {
                // Perhaps stored, perhaps not. The name makes a second try safe, so it has to be told.
                let id = uuid::Uuid::from_bytes(cid.0);
                Failure::unknown(
                    "unknown",
                    format!("sent, but not acknowledged in time; to make sure, send it again with --id {id}"),
                )
            } else {
                failure
            }
        })?;
        match event {
            Event::Room(room) if !sent && room.row.name == send.room => {
                let body = MessageBody { text: text.as_str().to_owned() }.to_bytes();
                // The queue of a thread that was started for this one message is not full.
                sent = connection.network.send(cid, room.row.room, Kind::MESSAGE, body).is_ok();
            }
            Event::SyncedOnce if !sent => return Err(Failure::no_room(&send.room)),
            Event::Settled { cid: settled, .. } if settled == cid => return Ok(()),
            Event::WriteRefused { cid: refused, code, params } if refused == cid => {
                return Err(Failure::from_code(code, &params));
            }
            _ => {}
        }
    }
}
