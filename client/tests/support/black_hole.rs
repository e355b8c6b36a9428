//! An address where nobody answers, not even the system.
#![expect(clippy::disallowed_types, reason = "whoever waits in the queue does so on a blocking socket")]

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, Socket, Type};

/// An address that takes no connection and refuses none: the first packet of each is dropped, as a firewall or a
/// computer that has gone would do.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: Socket,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        // The system drops what does not fit into the queue of those who wait to be taken.
        let mut queue = Vec::new();
        while let Ok(waiting) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            queue.push(waiting);
            assert!(queue.len() < 100, "the queue of a listener has no end here");
        }
        Self { address, _listener: listener, _queue: queue }
    }
}
