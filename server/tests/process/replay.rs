//! The start of a server with a long log: what takes its time can be stopped.

use std::fs;

use rusqlite::Connection;

use crate::{
    child::{PATIENCE, Process, until},
    server::Home,
};

/// Far more than are replayed between two looks at the signals, or between two looks of this test.
const ENTRIES: u32 = 100_000;

/// The handlers stood only behind the replay: whoever stopped a server with a long log at its start killed it.
#[test]
fn a_stop_in_the_midst_of_the_replay_ends_it_in_order() {
    let home = Home::new();
    home.server().stop();
    let database = Connection::open(home.data().join("tertulia.db")).unwrap();
    // What somebody said who is not there: every replay looks at it, and nobody has to be told.
    let sql = "INSERT INTO log (seq, at, author, device, cid, room, kind, body)
        WITH RECURSIVE more (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM more WHERE n < ?1)
        SELECT (SELECT max(seq) FROM log) + n, 0, 1000000, 1000000, randomblob(16), 1, 256, x'a0' FROM more";
    assert_eq!(database.execute(sql, [ENTRIES]).unwrap(), ENTRIES as usize);
    drop(database);

    let mut server = Process::start("tertulia-server", &mut home.command(&["127.0.0.1:0"]));
    let id = server.id().to_string();
    until("it holds the lock", PATIENCE, || {
        let told = fs::read_to_string(home.data().join("lock")).ok()?;
        (told.trim() == id).then_some(())
    });
    server.signal("TERM");
    assert_eq!(server.exit_code(PATIENCE), 0, "{}", server.errors());
    assert!(server.output().is_empty(), "it had come to serve: {:?}", server.output());
    assert_eq!(fs::read_to_string(home.data().join("lock")).unwrap(), "", "nobody holds the lock");
    home.server().stop();
}
