//! `users`: who is online, ourselves included, for as long as the server lists them one by one.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    time::Duration,
};

use serde::Serialize;
use tertulia_protocol::{UserId, push::Presence};

use super::{Failure, args::Users, connection::Connection, print::escape};
use crate::{network::Options, session::Event};

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    user: &'a str,
    id: u64,
}

pub(super) fn run(users: &Users, options: Options, timeout: Duration, output: &mut dyn Write) -> Result<(), Failure> {
    let mut connection = Connection::start(options, timeout)?;
    let mut names = BTreeMap::new();
    let mut me = None;
    let mut online = None;
    let mut synced = false;
    while !synced || online.is_none() {
        match connection.next()? {
            Event::LoggedIn { user, name, .. } => {
                names.insert(user, name);
                me = Some(user);
                (online, synced) = (None, false);
            }
            Event::Users(users) => names.extend(users.into_iter().map(|row| (row.user, row.name))),
            Event::Presence(presence) => online = Some(follow(online.take(), presence)),
            Event::SyncedOnce => synced = true,
            _ => {}
        }
    }
    match online {
        Some(Online::Listed(mut online)) => {
            // The server tells who came in batches, so it may not have told of us yet.
            online.extend(me);
            print(users, &names, &online, output)
        }
        Some(Online::Counted(count)) => {
            Err(Failure::refused("too_many", format!("{count} people are online, more than the server lists")))
        }
        None => Ok(()),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Online {
    Listed(BTreeSet<UserId>),
    Counted(u64),
}

/// Who is online after one more frame about it.
fn follow(before: Option<Online>, presence: Presence) -> Online {
    let Presence { online, whole, came, went, away, back } = presence;
    if let Some(whole) = whole {
        return Online::Listed(whole.into_iter().collect());
    }
    match before {
        Some(Online::Listed(mut listed)) if came.is_some() || went.is_some() || away.is_some() || back.is_some() => {
            listed.extend(came.unwrap_or_default());
            for user in went.unwrap_or_default() {
                listed.remove(&user);
            }
            Online::Listed(listed)
        }
        _ => Online::Counted(online),
    }
}

fn print(
    users: &Users,
    names: &BTreeMap<UserId, String>,
    online: &BTreeSet<UserId>,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let mut lines: Vec<(String, UserId)> =
        online.iter().map(|user| (names.get(user).cloned().unwrap_or_else(|| format!("#{user}")), *user)).collect();
    lines.sort();
    for (user, id) in &lines {
        if users.json {
            serde_json::to_writer(&mut *output, &Line { user, id: id.0 }).map_err(std::io::Error::from)?;
            output.write_all(b"\n")?;
        } else {
            writeln!(output, "{}", escape(user))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(online: u64, whole: Option<&[u64]>, came: Option<&[u64]>, went: Option<&[u64]>) -> Presence {
        let ids = |ids: Option<&[u64]>| ids.map(|ids| ids.iter().copied().map(UserId).collect());
        Presence { online, whole: ids(whole), came: ids(came), went: ids(went), away: None, back: None }
    }

    fn listed(ids: &[u64]) -> Online {
        Online::Listed(ids.iter().copied().map(UserId).collect())
    }

    #[test]
    fn presence_adds_up_while_it_is_listed() {
        let online = follow(None, presence(2, Some(&[2, 3]), None, None));
        assert_eq!(online, listed(&[2, 3]));
        let online = follow(Some(online), presence(2, None, Some(&[4]), Some(&[3])));
        assert_eq!(online, listed(&[2, 4]));
        let online = follow(Some(online), presence(501, None, None, None));
        assert_eq!(online, Online::Counted(501));
        assert_eq!(follow(Some(online), presence(1, Some(&[9]), None, None)), listed(&[9]));
    }

    #[test]
    fn names_are_sorted_one_a_line() {
        let names = [(2, "zoe"), (3, "ana"), (4, "Bea")].map(|(id, name)| (UserId(id), name.to_owned())).into();
        let online = [2, 3, 4, 9].map(UserId).into();
        let mut output = Vec::new();
        print(&Users { json: false }, &names, &online, &mut output).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "#9\nBea\nana\nzoe\n");
        let mut output = Vec::new();
        print(&Users { json: true }, &names, &[UserId(3)].into(), &mut output).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "{\"user\":\"ana\",\"id\":3}\n");
    }
}
