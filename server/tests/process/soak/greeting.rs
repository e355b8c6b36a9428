//! What a person of the soak says to get in, and how it makes sure of the server.

use tertulia_protocol::{
    Nonce,
    handshake::{login_bytes, server_bytes},
    limits, reply, request,
};

use super::device::Device;

/// The first frame.
pub(super) fn hello(device: &Device) -> request::Hello {
    request::Hello {
        versions: limits::VERSIONS.to_vec(),
        device_key: device.public(),
        nonce: nonce(device),
        agent: Some("tertulia soak".to_owned()),
        locale: None,
    }
}

/// The answer to a challenge, which has to be signed with the key that it shows.
pub(super) fn proof(device: &Device, challenge: &reply::Challenge, name: String) -> request::Prove {
    let reply::Challenge { version, nonce: theirs, server_key, signature } = challenge;
    let signed = server_bytes(*version, &nonce(device), theirs, &device.public(), &[]);
    assert!(Device::trusts(server_key, &signed, signature), "the server proves its key");
    let signature = device.sign(&login_bytes(server_key, theirs, &[], Some(&name)));
    request::Prove { signature, name: Some(name) }
}

/// Fresh in a real client. Here nobody listens who could use it a second time.
fn nonce(device: &Device) -> Nonce {
    let mut nonce = [0x50; 32];
    nonce[..8].copy_from_slice(&device.number().to_be_bytes());
    Nonce(nonce)
}
