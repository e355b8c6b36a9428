//! The file with the device's secret key: a PKCS#8 document in DER, as `openssl pkey -inform DER` reads it.
//!
//! The document holds both halves of the key, so a damaged one is noticed instead of being somebody else's. To be
//! called with the profile's write lock held.

use std::path::Path;

use ring::{rand::SystemRandom, signature::Ed25519KeyPair};

use super::{Problem, StoreError, files};
use crate::session::DeviceKey;

pub(super) fn load_or_make(path: &Path) -> Result<DeviceKey, StoreError> {
    if let Some(document) = files::read(path).map_err(|error| StoreError::io(path, &error))? {
        let key = DeviceKey::from_pkcs8(&document)
            .ok_or_else(|| StoreError::damaged(path, "it holds no Ed25519 key whose two halves belong together"))?;
        files::make_private(path).map_err(|error| StoreError::io(path, &error))?;
        return Ok(key);
    }
    let no_key = || StoreError { path: path.to_owned(), problem: Problem::Io("no random bytes for a new key".into()) };
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| no_key())?;
    let key = DeviceKey::from_pkcs8(document.as_ref()).ok_or_else(no_key)?;
    files::replace(path, document.as_ref()).map_err(|error| StoreError::io(path, &error))?;
    Ok(key)
}
