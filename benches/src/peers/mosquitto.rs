//! Mosquitto: everybody subscribes to one topic, with quality of service 0. MQTT 3.1.1.

use crate::{
    Failure,
    dialect::{Dialect, Told},
    tail::Tail,
    tertulia::text,
};

/// How Mosquitto is spoken to.
#[derive(Debug)]
pub struct Mosquitto;

/// What a client remembers.
#[derive(Debug)]
pub struct Client {
    tail: Tail,
    number: usize,
}

/// The topic, as a string of the protocol: its length goes ahead of it.
const TOPIC: &[u8] = b"\0\x04room";

/// All packets of the bench are so short that their length is one byte.
fn packet(kind: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(&[kind, u8::try_from(length).ok().filter(|length| *length < 128).unwrap_or_default()]);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

impl Dialect for Mosquitto {
    type Client = Client;

    fn client(&self, number: usize) -> Result<Client, Failure> {
        Ok(Client { tail: Tail::default(), number })
    }

    fn begin(&self, client: &mut Client, out: &mut Vec<u8>) -> Result<(), Failure> {
        let id = format!("bench-{:05}", client.number);
        let length = u8::try_from(id.len()).map_err(|error| Failure::doing("the client's id", error))?;
        // Version 4, a clean session, no heartbeat.
        packet(0x10, &[b"\0\x04MQTT\x04\x02\0\0", &[0, length], id.as_bytes()], out);
        Ok(())
    }

    fn receive(
        &self,
        client: &mut Client,
        bytes: &[u8],
        out: &mut Vec<u8>,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        client.tail.feed(bytes, |rest| {
            let [kind, length, more @ ..] = rest else { return Ok(None) };
            let length = usize::from(*length);
            if length >= 128 {
                return Err(Failure::new("a packet that is longer than any of the bench"));
            }
            let Some(content) = more.get(..length) else { return Ok(None) };
            match (kind >> 4, content) {
                (2, [_, 0]) => packet(0x82, &[&[0, 1], TOPIC, &[0]], out),
                (9, [_, _, 0]) => tell(Told::Welcome)?,
                (3, _) if content.starts_with(TOPIC) => tell(Told::Delivery(&content[TOPIC.len()..]))?,
                _ => return Err(Failure::new(format!("mosquitto says {kind:#04x}, {content:02x?}"))),
            }
            Ok(Some(2 + length))
        })
    }

    fn publish(&self, number: u64, out: &mut Vec<u8>) {
        packet(0x30, &[TOPIC, text(number).as_bytes()], out);
    }

    fn check(&self, number: u64, delivery: &[u8]) -> Result<(), Failure> {
        super::check(number, delivery)
    }

    fn acknowledges(&self) -> bool {
        false
    }

    fn keep_alive(&self, _out: &mut Vec<u8>) {}

    /// A hundred connections wait for it at most.
    fn logins_at_once(&self) -> usize {
        64
    }
}
