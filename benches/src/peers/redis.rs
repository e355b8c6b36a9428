//! Redis: everybody subscribes to one channel. RESP2, and RESP3 for the publisher, which may then publish while it is
//! subscribed.

use crate::{
    Failure,
    dialect::{Dialect, Told},
    tail::{Tail, line, number},
    tertulia::{TEXT_BYTES, text},
};

/// How Redis is spoken to.
#[derive(Debug)]
pub struct Redis;

/// What a client remembers.
#[derive(Debug)]
pub struct Client {
    tail: Tail,
    is_publisher: bool,
}

impl Dialect for Redis {
    type Client = Client;

    fn client(&self, number: usize) -> Result<Client, Failure> {
        Ok(Client { tail: Tail::default(), is_publisher: number == 0 })
    }

    fn begin(&self, client: &mut Client, out: &mut Vec<u8>) -> Result<(), Failure> {
        if client.is_publisher {
            out.extend_from_slice(b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
        }
        out.extend_from_slice(b"*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nroom\r\n");
        Ok(())
    }

    /// Looks at the strings alone: which they are follows from their content here, so what holds them together is not
    /// of interest.
    fn receive(
        &self,
        client: &mut Client,
        bytes: &[u8],
        _out: &mut Vec<u8>,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        client.tail.feed(bytes, |rest| {
            let Some((head, head_bytes)) = line(rest) else { return Ok(None) };
            match head {
                [b'-', error @ ..] => Err(Failure::new(format!("redis says {}", String::from_utf8_lossy(error)))),
                [b'$', digits @ ..] => {
                    let length = number(digits).ok_or_else(|| Failure::new("a string of no length"))?;
                    let end = head_bytes + length;
                    if rest.len() < end + 2 {
                        return Ok(None);
                    }
                    match &rest[head_bytes..end] {
                        b"subscribe" => tell(Told::Welcome)?,
                        message if length == TEXT_BYTES => tell(Told::Delivery(message))?,
                        _ => {}
                    }
                    Ok(Some(end + 2))
                }
                _ => Ok(Some(head_bytes)),
            }
        })
    }

    fn publish(&self, number: u64, out: &mut Vec<u8>) {
        let text = text(number);
        out.extend_from_slice(b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n");
        out.extend_from_slice(format!("${}\r\n{text}\r\n", text.len()).as_bytes());
    }

    fn check(&self, number: u64, delivery: &[u8]) -> Result<(), Failure> {
        super::check(number, delivery)
    }

    fn acknowledges(&self) -> bool {
        false
    }

    fn keep_alive(&self, _out: &mut Vec<u8>) {}
}
