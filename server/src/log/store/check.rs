//! What a verification asks of the file beside what SQLite checks by itself: is all of it there that this version makes?
//!
//! Reads only. What the entries mean is the chat's business; here are tables, indexes and rows that have to be there.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};
use tertulia_protocol::Seq;

use super::{OpenError, Snapshot, open};

/// The name under which the server keeps its key, and how long that is.
const CHAT_KEY: (&str, i64) = ("chat_key", 32);

type Schema = BTreeMap<(String, String), Option<String>>;

impl Snapshot {
    /// In what the file differs from one that this version makes: tables, indexes, the server's key.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn check_form(&self) -> Result<Vec<String>, OpenError> {
        let explain = |error| OpenError::new(&self.path, &error);
        let made = open::in_memory(&self.path)?;
        let (there, due) = (schema(&self.connection).map_err(explain)?, schema(&made).map_err(explain)?);
        let mut wrong = Vec::new();
        for (key @ (sort, name), sql) in &due {
            match there.get(key) {
                None => wrong.push(format!("the {sort} {name} is missing")),
                Some(other) if other != sql => wrong.push(format!("the {sort} {name} is not what this version makes")),
                Some(_) => {}
            }
        }
        let more = there.keys().filter(|key| !due.contains_key(*key));
        wrong.extend(more.map(|(sort, name)| format!("the {sort} {name} is not of this version")));
        let key = "SELECT length(value) FROM server WHERE key = ?1";
        let key =
            self.connection.query_row(key, [CHAT_KEY.0], |row| row.get::<_, i64>(0)).optional().map_err(explain)?;
        match key {
            None => wrong.push("the server's key, by which clients know it, is missing".to_owned()),
            Some(bytes) if bytes != CHAT_KEY.1 => wrong.push("the server's key is damaged".to_owned()),
            Some(_) => {}
        }
        Ok(wrong)
    }

    /// Whether a search can find this message.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_indexed(&self, message: Seq) -> Result<bool, OpenError> {
        let ask = || {
            let sql = "SELECT EXISTS (SELECT 1 FROM texts WHERE seq = ?1)";
            self.connection.prepare_cached(sql)?.query_row([message.0.cast_signed()], |row| row.get(0))
        };
        ask().map_err(|error| OpenError::new(&self.path, &error))
    }
}

/// Every table and index, and how it was made; but for those of the index of words, which SQLite makes as its version likes,
/// and without what SQLite has for itself.
fn schema(connection: &Connection) -> rusqlite::Result<Schema> {
    let sql =
        "SELECT type, name, iif(name GLOB 'words_*', NULL, sql) FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    rows.collect()
}
