//! The bytes that the two signatures of the handshake cover. Signing and checking is the business of the programs.

use crate::types::{Nonce, PublicKey};

/// What the server signs in `Challenge`: that it holds the chat key, for this caller and this moment.
///
/// `exporter` binds the signature to a TLS channel (RFC 8446, section 7.5) and is empty on plain TCP.
#[must_use]
pub fn server_bytes(
    version: u16,
    client_nonce: &Nonce,
    server_nonce: &Nonce,
    device_key: &PublicKey,
    exporter: &[u8],
) -> Vec<u8> {
    [
        b"tertulia-server-v1\0".as_slice(),
        &version.to_be_bytes(),
        &client_nonce.0,
        &server_nonce.0,
        &device_key.0,
        exporter,
    ]
    .concat()
}

/// What the device signs in `Prove`: that it holds its key, and wants this name (empty if none) on this server.
#[must_use]
pub fn login_bytes(server_key: &PublicKey, server_nonce: &Nonce, exporter: &[u8], name: Option<&str>) -> Vec<u8> {
    [b"tertulia-login-v1\0".as_slice(), &server_key.0, &server_nonce.0, exporter, name.unwrap_or_default().as_bytes()]
        .concat()
}
