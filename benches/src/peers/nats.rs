//! NATS: everybody subscribes to one subject. Without JetStream.

use crate::{
    Failure,
    dialect::{Dialect, Told},
    tail::{Tail, line, number},
    tertulia::text,
};

/// How NATS is spoken to.
#[derive(Debug)]
pub struct Nats;

/// What a client remembers.
#[derive(Debug, Default)]
pub struct Client {
    tail: Tail,
}

impl Dialect for Nats {
    type Client = Client;

    fn client(&self, _number: usize) -> Result<Client, Failure> {
        Ok(Client::default())
    }

    fn begin(&self, _client: &mut Client, _out: &mut Vec<u8>) -> Result<(), Failure> {
        // The server speaks first.
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
            let Some((head, head_bytes)) = line(rest) else { return Ok(None) };
            if head.starts_with(b"MSG ") {
                let length = head.rsplit(|byte| *byte == b' ').next().and_then(number);
                let end = head_bytes + length.ok_or_else(|| Failure::new("a message of no length"))?;
                if rest.len() < end + 2 {
                    return Ok(None);
                }
                tell(Told::Delivery(&rest[head_bytes..end]))?;
                return Ok(Some(end + 2));
            }
            match head {
                // Subscribed is who gets an answer to what was said behind the subscription.
                [b'I', b'N', b'F', b'O', b' ', ..] => {
                    out.extend_from_slice(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true}\r\n");
                    out.extend_from_slice(b"SUB room 1\r\nPING\r\n");
                }
                b"PONG" => tell(Told::Welcome)?,
                b"PING" => out.extend_from_slice(b"PONG\r\n"),
                _ => return Err(Failure::new(format!("nats says {}", String::from_utf8_lossy(head)))),
            }
            Ok(Some(head_bytes))
        })
    }

    fn publish(&self, number: u64, out: &mut Vec<u8>) {
        let text = text(number);
        out.extend_from_slice(format!("PUB room {}\r\n{text}\r\n", text.len()).as_bytes());
    }

    fn check(&self, number: u64, delivery: &[u8]) -> Result<(), Failure> {
        super::check(number, delivery)
    }

    fn acknowledges(&self) -> bool {
        false
    }

    fn keep_alive(&self, _out: &mut Vec<u8>) {}
}
