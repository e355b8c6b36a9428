//! ngIRCd: everybody joins one channel. Everybody hears of everybody's joining, which is what IRC is.

use crate::{
    Failure,
    dialect::{Dialect, Told},
    tail::{Tail, line},
    tertulia::text,
};

/// How ngIRCd is spoken to.
#[derive(Debug)]
pub struct Ngircd;

/// What a client remembers.
#[derive(Debug)]
pub struct Client {
    tail: Tail,
    number: usize,
    is_in: bool,
}

const SAID: &[u8] = b" PRIVMSG #room :";

impl Dialect for Ngircd {
    type Client = Client;

    fn client(&self, number: usize) -> Result<Client, Failure> {
        Ok(Client { tail: Tail::default(), number, is_in: false })
    }

    fn begin(&self, client: &mut Client, out: &mut Vec<u8>) -> Result<(), Failure> {
        let number = client.number;
        out.extend_from_slice(format!("NICK b{number}\r\nUSER b{number} 0 * :bench\r\n").as_bytes());
        Ok(())
    }

    fn receive(
        &self,
        Client { tail, is_in, .. }: &mut Client,
        bytes: &[u8],
        out: &mut Vec<u8>,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        tail.feed(bytes, |rest| {
            let Some((line, count)) = line(rest) else { return Ok(None) };
            if let Some(token) = line.strip_prefix(b"PING ") {
                out.extend_from_slice(b"PONG ");
                out.extend_from_slice(token);
                out.extend_from_slice(b"\r\n");
            } else if line.starts_with(b"ERROR") {
                return Err(Failure::new(format!("ngircd says {}", String::from_utf8_lossy(line))));
            } else if let Some(space) = line.iter().position(|byte| *byte == b' ') {
                match &line[space..] {
                    said if said.starts_with(SAID) => tell(Told::Delivery(&said[SAID.len()..]))?,
                    // The end of the greeting, with a message of the day or without.
                    reply if reply.starts_with(b" 376 ") || reply.starts_with(b" 422 ") => {
                        out.extend_from_slice(b"JOIN #room\r\n");
                    }
                    // The end of the list of those who are in the channel.
                    reply if reply.starts_with(b" 366 ") && !std::mem::replace(is_in, true) => tell(Told::Welcome)?,
                    _ => {}
                }
            }
            Ok(Some(count))
        })
    }

    fn publish(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("PRIVMSG #room :{}\r\n", text(number)).as_bytes());
    }

    fn check(&self, number: u64, delivery: &[u8]) -> Result<(), Failure> {
        super::check(number, delivery)
    }

    fn acknowledges(&self) -> bool {
        false
    }

    fn keep_alive(&self, _out: &mut Vec<u8>) {}

    fn publisher_receives(&self) -> bool {
        false
    }

    /// Ten connections wait for it at most, and the system tries again only after a second.
    fn logins_at_once(&self) -> usize {
        8
    }
}
