//! What a verification finds.

use rusqlite::Connection;

use crate::data::Data;

#[test]
fn what_is_wrong_with_a_database_is_told() {
    let data = Data::with_talk();
    assert_eq!(data.ok(&["verify"]), "the database is sound: 6 entries, 1 rooms, 1 people\n");
    let server = data.server();
    data.ok(&["verify"]);
    drop(server);

    data.derive();
    data.ok(&["verify"]);

    let broken = |sql: &str| {
        let data = Data::with_talk();
        data.derive();
        let side = Connection::open(data.database()).expect("it is SQLite");
        side.execute_batch(sql).expect("it is changed");
        drop(side);
        let (code, why) = data.refused(&["verify"]);
        assert_eq!(code, Some(1), "{why}");
        why
    };
    assert!(broken("DELETE FROM log WHERE seq = 4").contains("entry 4 is missing"));
    assert!(broken("DELETE FROM log WHERE seq = 1").contains("entry 1 is missing"));
    assert!(
        broken("UPDATE log SET body = x'01' WHERE seq = 4")
            .contains("entry 4: it is erased, and its text is still stored")
    );
    assert!(broken("UPDATE log SET kind = 99 WHERE seq = 5").contains("upgrade the server"));
    assert!(broken("UPDATE log SET body = x'01' WHERE seq = 3").contains("entry 3: what it says cannot be read"));
    assert!(broken("UPDATE log SET body = x'' WHERE seq = 5").contains("entry 5: what it says cannot be read"));
    assert!(broken("DELETE FROM texts WHERE seq = 3").contains("entry 3: the search index does not have it"));
    assert!(broken("UPDATE derived SET done_upto = 7").contains("is done up to 7, and the log ends at 6"));
    assert!(broken("DELETE FROM server WHERE key = 'chat_key'").contains("the server's key, by which"));
    assert!(broken("UPDATE server SET value = x'05' WHERE key = 'chat_key'").contains("the server's key is damaged"));
    assert!(broken("DROP INDEX log_cid_author").contains("the index log_cid_author is missing"));
    assert!(broken("DROP INDEX log_edits").contains("the index log_edits is missing"));
    let other = "DROP INDEX log_edits; CREATE INDEX log_edits ON log (room)";
    assert!(broken(other).contains("the index log_edits is not what this version makes"));
    assert!(broken("CREATE TABLE notes (text)").contains("the table notes is not of this version"));
    // Its leaves; what is left says that there are some.
    assert!(broken("DELETE FROM words_data WHERE id > 10").contains("words"));

    let data = Data::new();
    assert_eq!(data.refused(&["verify"]).0, Some(3), "there is nothing");
}
