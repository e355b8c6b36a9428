//! A server of one connection, on a real socket, that does as its script says: for what the real one would not do.
#![expect(clippy::disallowed_types, reason = "a script is easiest to read on a blocking socket")]

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread::JoinHandle,
};

use ring::signature::{Ed25519KeyPair, KeyPair};
use tertulia_protocol::{
    ClientFrame, DeviceId, FrameDecoder, LogId, Message, Nonce, PublicKey, Seq, Signature, UserId, encode, handshake,
    reply,
};

pub(crate) struct FakeServer {
    listener: TcpListener,
    key: Ed25519KeyPair,
}

impl FakeServer {
    pub(crate) fn new() -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[6; 32]).unwrap();
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), key }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Takes a connection up to the end of its login.
    pub(crate) fn accept(&self) -> Connection {
        let (stream, _) = self.listener.accept().unwrap();
        let mut connection = Connection { stream, decoder: FrameDecoder::new(usize::MAX) };
        let ClientFrame::Hello(hello) = connection.receive() else { panic!("not a Hello") };
        let nonce = Nonce([1; 32]);
        let signed = handshake::server_bytes(1, &hello.nonce, &nonce, &hello.device_key, b"");
        let signature = Signature(self.key.sign(&signed).as_ref().try_into().unwrap());
        let server_key = PublicKey(self.key.public_key().as_ref().try_into().unwrap());
        connection.send(&reply::Challenge { version: 1, nonce, server_key, signature });
        assert!(matches!(connection.receive(), ClientFrame::Prove(_)));
        connection.send(&reply::Welcome {
            user: UserId(2),
            device: DeviceId(2),
            name: "ana".to_owned(),
            position: Seq(2),
            lineage: vec![reply::Lineage { log: LogId([1; 16]), from: Seq(1) }],
            now: 0,
            agent: None,
        });
        let ClientFrame::Sync(sync) = connection.receive() else { panic!("not a Sync") };
        connection.send(&reply::Synced {
            request: sync.request,
            position: Seq(2),
            rooms: Vec::new(),
            users: Vec::new(),
            next: None,
            gone: None,
            erased: None,
        });
        connection
    }
}

pub(crate) struct Connection {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Connection {
    pub(crate) fn send<M: Message>(&mut self, message: &M) {
        self.stream.write_all(&encode(message)).unwrap();
    }

    /// Sends, unless the socket takes nothing for as long as its timeout: then the rest of the frame is the answer.
    pub(crate) fn try_send<M: Message>(&mut self, message: &M) -> Result<(), Vec<u8>> {
        let mut rest = encode(message);
        while !rest.is_empty() {
            match self.stream.write(&rest) {
                Ok(taken) => drop(rest.drain(..taken)),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Err(rest),
                Err(error) => panic!("{error}"),
            }
        }
        Ok(())
    }

    /// Sends the rest of a frame on a thread of its own, for as long as that takes.
    pub(crate) fn finish(&self, rest: Vec<u8>) -> JoinHandle<()> {
        let mut stream = self.stream.try_clone().unwrap();
        #[expect(clippy::disallowed_methods, reason = "the script goes on meanwhile")]
        std::thread::spawn(move || stream.write_all(&rest).unwrap())
    }

    pub(crate) fn receive(&mut self) -> ClientFrame {
        let mut bytes = [0; 1];
        loop {
            let got = self.stream.read(&mut bytes).unwrap();
            assert_eq!(got, 1, "the client went away");
            let mut frames = self.decoder.feed(&bytes);
            if let Some(frame) = frames.next().unwrap() {
                return ClientFrame::decode(frame).unwrap().unwrap();
            }
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}
