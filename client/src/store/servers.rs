//! What is known of servers: the key that each must have, our name there, and where we were last.
//!
//! ```json
//! {
//!   "last_server": "chat.example:7667",
//!   "servers": { "chat.example:7667": { "key": "5f…", "name": "Zoë" } }
//! }
//! ```
//!
//! Fields that a newer version wrote are kept.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use tertulia_protocol::PublicKey;

use super::{StoreError, files};
use crate::address::ServerAddress;

/// The servers of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Servers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_server: Option<String>,
    #[serde(default)]
    servers: BTreeMap<String, KnownServer>,
    #[serde(flatten)]
    newer: BTreeMap<String, serde_json::Value>,
}

/// What is known of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownServer {
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex")]
    key: Option<PublicKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    newer: BTreeMap<String, serde_json::Value>,
}

impl Servers {
    /// The server of the last login.
    #[must_use]
    pub fn last_server(&self) -> Option<ServerAddress> {
        self.last_server.as_ref()?.parse().ok()
    }

    /// The key that a server must have; `None` at the first visit.
    #[must_use]
    pub fn pinned(&self, server: &ServerAddress) -> Option<PublicKey> {
        self.servers.get(&server.to_string())?.key
    }

    /// What we were called at the last login on a server.
    #[must_use]
    pub fn name_on(&self, server: &ServerAddress) -> Option<&str> {
        self.servers.get(&server.to_string())?.name.as_deref()
    }

    /// What we were called at the last login anywhere: a suggestion for a server that is new to us.
    #[must_use]
    pub fn last_name(&self) -> Option<&str> {
        self.servers.get(self.last_server.as_ref()?)?.name.as_deref()
    }

    pub(super) fn pin(&mut self, server: &ServerAddress, key: PublicKey) {
        self.servers.entry(server.to_string()).or_default().key = Some(key);
    }

    pub(super) fn remember_login(&mut self, server: &ServerAddress, name: &str) {
        self.servers.entry(server.to_string()).or_default().name = Some(name.to_owned());
        self.last_server = Some(server.to_string());
    }
}

pub(super) fn load(path: &Path) -> Result<Servers, StoreError> {
    let Some(bytes) = files::read(path).map_err(|error| StoreError::io(path, &error))? else {
        return Ok(Servers::default());
    };
    serde_json::from_slice(&bytes).map_err(|error| StoreError::damaged(path, error.to_string()))
}

pub(super) fn replace(path: &Path, servers: &Servers) -> Result<(), StoreError> {
    let mut bytes = serde_json::to_vec_pretty(servers).map_err(|error| StoreError::damaged(path, error.to_string()))?;
    bytes.push(b'\n');
    files::replace(path, &bytes).map_err(|error| StoreError::io(path, &error))
}

/// Keys as 64 hex digits.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use tertulia_protocol::PublicKey;

    pub(super) fn serialize<S: Serializer>(key: &Option<PublicKey>, serializer: S) -> Result<S::Ok, S::Error> {
        match key {
            Some(key) => serializer.collect_str(key),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PublicKey>, D::Error> {
        let Some(digits) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        parse(&digits).map(Some).ok_or_else(|| D::Error::custom("a key has 64 hex digits"))
    }

    fn parse(digits: &str) -> Option<PublicKey> {
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(PublicKey(key))
    }
}
