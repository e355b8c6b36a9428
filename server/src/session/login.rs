//! The handshake's half of the session: the server proves its chat key, the device proves its own.

use tertulia_protocol::{
    Nonce, PublicKey, encode,
    handshake::{login_bytes, server_bytes},
    limits::VERSIONS,
    reply::Challenge,
    request::{Hello, Prove},
};

use super::{Fault, Step};
use crate::{
    chat::Refusal,
    close_reason::CloseReason,
    keys::{Random, ServerKey, verify},
};

/// A name longer than this is not even kept for the activity log: anybody may send one.
const WANTED_NAME_BYTES_MAX: usize = 256;

/// What the handshake needs of the server.
pub struct Challenger<'a> {
    /// The chat key.
    pub key: &'a ServerKey,
    /// Where nonces come from.
    pub random: &'a mut dyn Random,
    /// What binds the signatures to the channel; empty on plain TCP.
    pub exporter: &'a [u8],
}

/// A session between `Hello` and `Welcome`.
#[derive(Debug)]
pub struct Authenticating {
    device_key: PublicKey,
    nonce: Nonce,
    proved: Option<Option<Box<str>>>,
}

impl Authenticating {
    /// Answers `Hello`.
    ///
    /// # Errors
    /// There is no common version.
    pub(super) fn begin(hello: &Hello, challenger: &mut Challenger<'_>) -> Result<(Self, Vec<u8>), Fault> {
        let version = VERSIONS.into_iter().find(|version| hello.versions.contains(version));
        let Some(version) = version else { return Err(CloseReason::NoCommonVersion.into()) };
        let mut nonce = Nonce([0; 32]);
        challenger.random.fill(&mut nonce.0);
        let signed = server_bytes(version, &hello.nonce, &nonce, &hello.device_key, challenger.exporter);
        let challenge =
            Challenge { version, nonce, server_key: challenger.key.public(), signature: challenger.key.sign(&signed) };
        Ok((Self { device_key: hello.device_key, nonce, proved: None }, encode(&challenge)))
    }

    /// Takes the proof in.
    ///
    /// # Errors
    /// It comes twice, or proves nothing.
    pub(super) fn prove(&mut self, prove: Prove, challenger: &mut Challenger<'_>) -> Result<Step, Fault> {
        if self.is_claiming() {
            return Err(CloseReason::OutOfOrder.into());
        }
        let signed = login_bytes(&challenger.key.public(), &self.nonce, challenger.exporter, prove.name.as_deref());
        let kept = prove.name.as_deref().filter(|name| name.len() <= WANTED_NAME_BYTES_MAX);
        self.proved = Some(kept.map(Into::into));
        if !verify(&self.device_key, &signed, &prove.signature) {
            let refusal =
                Refusal::new(tertulia_protocol::ErrorCode::BAD_SIGNATURE, "the signature does not fit the key");
            return Err(Fault { reason: CloseReason::LoginRefused, refusal: Some(refusal) });
        }
        Ok(Step::Login { key: self.device_key, name: prove.name })
    }

    /// Whether the proof has come, and its name is being looked up or claimed.
    pub(super) fn is_claiming(&self) -> bool {
        self.proved.is_some()
    }

    pub(super) fn wanted_name(&self) -> Option<&str> {
        self.proved.as_ref()?.as_deref()
    }
}
