//! Tertulia's own protocol, as far as the bench speaks it: a real login, writing, and reading what is live.
//!
//! Keys follow from the client's number, so that the same number is the same person in every run. A login is all that
//! `docs/protocol.md` asks of a client, the check of the server's signature included.

use std::ops::Range;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use tertulia_protocol::{
    Cid, FrameDecoder, Kind, Message as _, Nonce, PublicKey, RawFrame, RequestId, RoomId, Rseq, ServerFrame, Signature,
    encode_into,
    entry::MessageBody,
    handshake::{login_bytes, server_bytes},
    limits, push, reply, request,
};

use crate::{
    Failure,
    dialect::{Dialect, Told},
};

/// The room that everybody is in.
const GENERAL: RoomId = RoomId(1);

/// How long a message is, in bytes of text.
pub const TEXT_BYTES: usize = 100;

/// Who the clients are.
#[derive(Debug)]
pub struct Tertulia {
    devices: Vec<Device>,
}

/// A device key.
#[derive(Debug)]
struct Device {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// What a client remembers.
#[derive(Debug)]
pub struct Client {
    number: usize,
    decoder: FrameDecoder,
    is_live: bool,
}

impl Tertulia {
    /// So many people, with their keys.
    ///
    /// # Errors
    /// A key cannot be made.
    pub fn new(people: usize) -> Result<Self, Failure> {
        Ok(Self { devices: (0..people).map(device).collect::<Result<_, _>>()? })
    }

    /// What the client says to a challenge, once it has found that the server holds the key that it shows.
    fn prove(&self, number: usize, challenge: &reply::Challenge) -> Result<request::Prove, Failure> {
        let reply::Challenge { version, nonce, server_key, signature } = challenge;
        let device = self.device(number)?;
        let signed = server_bytes(*version, &nonce_of(number), nonce, &device.public, &[]);
        UnparsedPublicKey::new(&ED25519, &server_key.0)
            .verify(&signed, &signature.0)
            .map_err(|_| Failure::new("the server's signature does not check"))?;
        let name = name_of(number);
        let signature = sign(&device.pair, &login_bytes(server_key, nonce, &[], Some(&name)))?;
        Ok(request::Prove { signature, name: Some(name) })
    }

    fn device(&self, number: usize) -> Result<&Device, Failure> {
        self.devices.get(number).ok_or_else(|| Failure::new(format!("there is no person {number}")))
    }

    fn on_frame(
        &self,
        (number, is_live): (usize, &mut bool),
        frame: RawFrame<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Told<'static>>, Failure> {
        let frame = ServerFrame::decode(frame).map_err(|error| Failure::doing("a frame of the server", error))?;
        Ok(match frame {
            Some(ServerFrame::Challenge(challenge)) if !*is_live => {
                encode_into(&self.prove(number, &challenge)?, out);
                Some(Told::Other)
            }
            Some(ServerFrame::Welcome(welcome)) if !*is_live => {
                if welcome.name != name_of(number) {
                    return Err(Failure::new(format!("{} was greeted as {}", name_of(number), welcome.name)));
                }
                *is_live = true;
                Some(Told::Welcome)
            }
            Some(ServerFrame::Placed(_)) if *is_live => Some(Told::Acknowledged),
            Some(ServerFrame::Heartbeat(_) | ServerFrame::Users(_) | ServerFrame::Presence(_)) | None => {
                Some(Told::Other)
            }
            Some(ServerFrame::Error(error)) => {
                return Err(Failure::new(format!("the server says {}: {}", error.code, error.text)));
            }
            Some(other) => return Err(Failure::new(format!("nobody asked for {other:?}"))),
        })
    }
}

impl Dialect for Tertulia {
    type Client = Client;

    fn client(&self, number: usize) -> Result<Client, Failure> {
        self.device(number)?;
        Ok(Client { number, decoder: FrameDecoder::new(limits::FRAME_BYTES_MAX), is_live: false })
    }

    fn begin(&self, client: &mut Client, out: &mut Vec<u8>) -> Result<(), Failure> {
        let hello = request::Hello {
            versions: limits::VERSIONS.to_vec(),
            device_key: self.device(client.number)?.public,
            nonce: nonce_of(client.number),
            agent: Some(concat!("tertulia-benches/", env!("CARGO_PKG_VERSION")).to_owned()),
            locale: None,
        };
        encode_into(&hello, out);
        Ok(())
    }

    fn receive(
        &self,
        client: &mut Client,
        bytes: &[u8],
        out: &mut Vec<u8>,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Client { number, decoder, is_live } = client;
        let mut frames = decoder.feed(bytes);
        while let Some(frame) = frames.next().map_err(|error| Failure::doing("the server's bytes", error))? {
            if frame.kind == push::RoomEntry::TYPE && *is_live {
                // Not decoded here: the ledger compares it with a copy that was.
                tell(Told::Delivery(frame.payload))?;
            } else if let Some(told) = self.on_frame((*number, is_live), frame, out)? {
                tell(told)?;
            }
        }
        Ok(())
    }

    fn publish(&self, number: u64, out: &mut Vec<u8>) {
        encode_into(&write(number), out);
    }

    fn check(&self, number: u64, delivery: &[u8]) -> Result<(), Failure> {
        let frame = RawFrame { kind: push::RoomEntry::TYPE, payload: delivery };
        match ServerFrame::decode(frame) {
            Ok(Some(ServerFrame::Entry(push::RoomEntry { room: GENERAL, entry })))
                if entry.rseq == Rseq(number) && entry.body == write(number).body =>
            {
                Ok(())
            }
            other => Err(Failure::new(format!("message {number} is due, and this came: {other:?}"))),
        }
    }

    fn acknowledges(&self) -> bool {
        true
    }

    fn keep_alive(&self, out: &mut Vec<u8>) {
        encode_into(&request::Heartbeat {}, out);
    }
}

/// What message `number` says, whichever server brings it.
#[must_use]
pub fn text(number: u64) -> String {
    let mut text = format!("{number:012} ");
    text.extend("a message of usual length, neither short nor long; ".chars().cycle().take(TEXT_BYTES - text.len()));
    text
}

/// A message as a client writes it; the bench of the codec takes it as well.
#[must_use]
pub fn write(number: u64) -> request::Write {
    let text = text(number);
    // A UUID of version 7, with the number in it twice: different for every message.
    let mut cid = [0; 16];
    cid[..8].copy_from_slice(&(number << 16).to_be_bytes());
    cid[8..].copy_from_slice(&number.to_be_bytes());
    cid[6] = 0x70;
    cid[8] = 0x80;
    request::Write {
        request: RequestId(u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()),
        cid: Cid(cid),
        room: GENERAL,
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: MessageBody { text }.to_bytes(),
    }
}

/// What a signature costs on this core.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Signatures {
    /// To check one of another's: the server does it once in a login.
    pub check_us: f64,
    /// To make one: the server does it once in a login, too.
    pub make_us: f64,
}

/// Makes and checks signatures of a login, `time` being a clock. The best of several rounds counts: what comes on top
/// of it is somebody else's work.
///
/// # Errors
/// The library does not sign, or what it signed does not check.
pub fn signatures(mut time: impl FnMut() -> std::time::Instant) -> Result<Signatures, Failure> {
    const ROUNDS: Range<usize> = 0..20;
    const EACH: u32 = 50;
    let device = device(0)?;
    let signed = login_bytes(&device.public, &nonce_of(1), &[], Some(&name_of(0)));
    let signature = sign(&device.pair, &signed)?;
    let key = UnparsedPublicKey::new(&ED25519, &device.public.0);
    let (mut check_us, mut make_us) = (f64::MAX, f64::MAX);
    for _ in ROUNDS {
        let began = time();
        for _ in 0..EACH {
            key.verify(&signed, &signature.0).map_err(|_| Failure::new("a signature of ours does not check"))?;
        }
        let between = time();
        for _ in 0..EACH {
            std::hint::black_box(device.pair.sign(&signed));
        }
        check_us = check_us.min((between - began).as_secs_f64() * 1e6 / f64::from(EACH));
        make_us = make_us.min((time() - between).as_secs_f64() * 1e6 / f64::from(EACH));
    }
    Ok(Signatures { check_us, make_us })
}

/// Makes and checks a signature of a login, so often.
///
/// # Errors
/// As [`signatures`].
pub fn sign_and_check(times: usize) -> Result<(), Failure> {
    let device = device(0)?;
    let signed = login_bytes(&device.public, &nonce_of(1), &[], Some(&name_of(0)));
    let key = UnparsedPublicKey::new(&ED25519, &device.public.0);
    for _ in 0..times {
        let signature = device.pair.sign(&signed);
        key.verify(&signed, signature.as_ref()).map_err(|_| Failure::new("a signature of ours does not check"))?;
    }
    Ok(())
}

fn device(number: usize) -> Result<Device, Failure> {
    let mut seed = *b"tertulia-bench device, seed 0000";
    seed[24..].copy_from_slice(&(number as u64).to_be_bytes());
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| Failure::new("a device key cannot be made"))?;
    let public = pair.public_key().as_ref().try_into().map_err(|_| Failure::new("a public key has 32 bytes"))?;
    Ok(Device { pair, public: PublicKey(public) })
}

fn sign(pair: &Ed25519KeyPair, bytes: &[u8]) -> Result<Signature, Failure> {
    let signature = pair.sign(bytes).as_ref().try_into().map_err(|_| Failure::new("a signature has 64 bytes"))?;
    Ok(Signature(signature))
}

/// Fresh in a real client. Here nobody listens who could use it a second time.
fn nonce_of(number: usize) -> Nonce {
    let mut nonce = [0x5a; 32];
    nonce[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Nonce(nonce)
}

fn name_of(number: usize) -> String {
    format!("bench-{number:05}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_a_hundred_bytes_and_no_other_has_its_name() {
        let (first, second) = (write(1), write(2));
        assert_ne!(first.cid, second.cid);
        assert_eq!(MessageBody::from_bytes(&first.body).unwrap().text.len(), TEXT_BYTES);
    }

    #[test]
    fn people_have_keys_of_their_own_and_the_same_in_every_run() {
        let people = Tertulia::new(2).unwrap();
        assert_ne!(people.devices[0].public, people.devices[1].public);
        assert_eq!(people.devices[1].public, Tertulia::new(2).unwrap().devices[1].public);
        assert!(people.client(2).is_err());
    }
}
