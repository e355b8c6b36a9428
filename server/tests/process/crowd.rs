//! Any number of clients without windows, on one poll: the client's own session over the transport's own socket.
//!
//! Nothing here knows what the server does; a member folds what its session tells it, and the tests look at that.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use tertulia_client::session::{Action, Config, DeviceKey, Event, History, Now, Random, Session, StopCode, Why};
use tertulia_protocol::{
    Cid, Entry, Kind, RoomId, UserId, encode, entry::MessageBody, limits::FRAME_BYTES_MAX, request::Heartbeat,
};
use tertulia_transport::{
    FlushStatus, Framed, ReceiveStatus,
    connect::{Connecting, progress},
};

/// The room that everybody is in.
pub(crate) const GENERAL: RoomId = RoomId(1);

/// Clients of one server.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    server: SocketAddr,
    started: Instant,
    scratch: Vec<u8>,
    pub(crate) members: Vec<Member>,
}

/// One client, and what it has been told.
pub(crate) struct Member {
    pub(crate) session: Session,
    link: Link,
    is_leaving: bool,
    /// Its name, once it has logged in; None again while it is away.
    pub(crate) name: Option<String>,
    /// How often everything that there was had been told.
    pub(crate) synced: usize,
    /// The names of people.
    pub(crate) people: BTreeMap<UserId, String>,
    /// Entries of the room, in the order in which they were told.
    pub(crate) entries: Vec<Entry>,
    /// Writes that are durable, and their places.
    pub(crate) settled: Vec<(Cid, u64)>,
    /// Why connections ended or did not begin, and how many writes were sent and unanswered at that moment.
    pub(crate) cuts: Vec<(Why, usize)>,
    /// Why it does not try any more.
    pub(crate) stopped: Option<(StopCode, Vec<String>)>,
}

/// A way of going away without the server's knowing beforehand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parting {
    /// The system says so.
    Reset,
    /// An orderly end.
    Close,
    /// An orderly end behind a frame.
    WithAWord,
}

enum Link {
    None,
    Connecting(TcpStream),
    Up(Framed<TcpStream>),
}

impl Crowd {
    /// Nobody yet.
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self {
            poll: Poll::new().unwrap(),
            events: Events::with_capacity(4096),
            server,
            started: Instant::now(),
            scratch: vec![0; 64 * 1024],
            members: Vec::new(),
        }
    }

    /// Somebody more, who begins to connect. The number makes the device's key; it is the same person every time.
    pub(crate) fn join(&mut self, number: u32, name: &str, history: History) -> usize {
        let mut seed = [0xA5; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let config = Config {
            device: Arc::new(DeviceKey::from_seed(&seed).unwrap()),
            name: Some(name.to_owned()),
            pinned: None,
            agent: "tertulia test".to_owned(),
            locale: None,
            room: Some("general".to_owned()),
            history,
        };
        // Cids must not come twice, whenever and in whatever process the same person comes back.
        seed[8..24].copy_from_slice(&wall().as_nanos().to_be_bytes());
        seed[24..28].copy_from_slice(&std::process::id().to_be_bytes());
        let mut session = Session::new(config, Random::from_seed(seed));
        session.start(self.now());
        self.members.push(Member {
            session,
            link: Link::None,
            is_leaving: false,
            name: None,
            synced: 0,
            people: BTreeMap::new(),
            entries: Vec::new(),
            settled: Vec::new(),
            cuts: Vec::new(),
            stopped: None,
        });
        let index = self.members.len() - 1;
        self.pump(index);
        index
    }

    /// Somebody who is in, with everything told.
    #[track_caller]
    pub(crate) fn log_in(&mut self, number: u32, name: &str) -> usize {
        let index = self.join(number, name, History::From(tertulia_protocol::Rseq(1)));
        self.run("the login", |crowd| crowd.members[index].synced > 0);
        index
    }

    /// What somebody new sees of a room that holds this many messages: places and texts.
    #[track_caller]
    pub(crate) fn reader(server: SocketAddr, number: u32, name: &str, messages: usize) -> Vec<(u64, String)> {
        let mut crowd = Self::new(server);
        let reader = crowd.log_in(number, name);
        crowd.run("the reader has everything", |crowd| crowd.members[reader].entries.len() >= messages);
        crowd.members[reader].texts()
    }

    /// Says something.
    pub(crate) fn say(&mut self, index: usize, text: &str) -> Cid {
        let body = MessageBody { text: text.to_owned() }.to_bytes();
        let now = self.now();
        let cid = self.members[index].session.send(now, GENERAL, Kind::MESSAGE, body);
        self.pump(index);
        cid
    }

    /// Leaves in order: what was said goes out, and nothing follows.
    pub(crate) fn leave(&mut self, index: usize) {
        self.members[index].is_leaving = true;
        if let Link::Up(framed) = &mut self.members[index].link {
            framed.finish();
        }
        self.pump(index);
    }

    /// Everybody goes at once, each in this way, and hears nothing more.
    pub(crate) fn part(&mut self, how: impl Fn(usize) -> Parting) {
        for (index, member) in self.members.iter_mut().enumerate() {
            member.is_leaving = true;
            let Link::Up(framed) = std::mem::replace(&mut member.link, Link::None) else { continue };
            let mut socket = framed.into_socket();
            match how(index) {
                Parting::Reset => socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap(),
                Parting::Close => {}
                Parting::WithAWord => socket.write_all(&encode(&Heartbeat {})).unwrap(),
            }
        }
    }

    /// Whether the server has let go of somebody who left.
    pub(crate) fn has_left(&self, index: usize) -> bool {
        matches!(self.members[index].link, Link::None)
    }

    /// Lets things happen until what is asked for has happened.
    #[track_caller]
    pub(crate) fn run(&mut self, what: &str, mut is_there: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !is_there(self) {
            assert!(start.elapsed() < Duration::from_secs(60), "it did not come to this: {what}");
            self.step(Duration::from_millis(20));
        }
    }

    /// Waits for events once, at most so long, and does what they ask for.
    pub(crate) fn step(&mut self, wait: Duration) {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return,
            polled => polled.unwrap(),
        }
        let marks: Vec<_> = self.events.iter().map(|event| (event.token().0, event.clone())).collect();
        for (index, event) in marks {
            let readable = event.is_readable() || event.is_read_closed() || event.is_error();
            let writable = event.is_writable() || event.is_write_closed() || event.is_error();
            self.event(index, readable, writable);
        }
        let now = self.now();
        for index in 0..self.members.len() {
            if self.members[index].session.deadline().is_some_and(|deadline| deadline <= now.mono) {
                self.members[index].session.tick(now);
                self.pump(index);
            }
        }
    }

    fn now(&self) -> Now {
        Now { mono: self.started.elapsed(), wall_ms: i64::try_from(wall().as_millis()).unwrap() }
    }

    fn event(&mut self, index: usize, readable: bool, writable: bool) {
        let now = self.now();
        let member = &mut self.members[index];
        if let Link::Connecting(socket) = &member.link {
            match progress(socket) {
                Connecting::Pending => return,
                Connecting::Failed(kind) => {
                    member.link = Link::None;
                    member.session.connect_failed(now, Why::NotReached(kind.to_string()));
                }
                Connecting::Connected => {
                    let Link::Connecting(socket) = std::mem::replace(&mut member.link, Link::None) else { return };
                    member.link = Link::Up(Framed::new(socket, FRAME_BYTES_MAX));
                    member.session.connected(now);
                }
            }
        }
        if let Link::Up(framed) = &mut member.link {
            framed.mark(readable, writable);
        }
        member.receive(now, &mut self.scratch);
        self.pump(index);
    }

    /// Does what a session wants, and takes in what it tells.
    fn pump(&mut self, index: usize) {
        let now = self.now();
        let member = &mut self.members[index];
        while let Some(action) = member.session.next_action() {
            match action {
                Action::Connect if !member.is_leaving => {
                    let mut socket = TcpStream::connect(self.server).unwrap();
                    socket.set_nodelay(true).unwrap();
                    let both = Interest::READABLE | Interest::WRITABLE;
                    self.poll.registry().register(&mut socket, Token(index), both).unwrap();
                    member.link = Link::Connecting(socket);
                }
                Action::Send(bytes) => {
                    if let Link::Up(framed) = &mut member.link {
                        framed.queue(bytes);
                    }
                }
                Action::Close => member.link = Link::None,
                // These have no store.
                Action::Connect | Action::Pin(_) | Action::Restore(_) | Action::Persist(..) | Action::Load { .. } => {}
            }
        }
        if let Link::Up(framed) = &mut member.link {
            while framed.can_flush() {
                if let FlushStatus::Failed(_) = framed.flush().status {
                    // What the server still said can be read, and then its end.
                    framed.mark(true, false);
                    member.receive(now, &mut self.scratch);
                    break;
                }
            }
        }
        member.fold();
    }
}

impl Member {
    /// How many writes the system has taken, and nobody has answered.
    pub(crate) fn sent_and_unanswered(&self) -> usize {
        match &self.link {
            Link::Up(framed) if framed.queued_bytes() == 0 => self.session.unanswered().1,
            _ => 0,
        }
    }

    /// Whether it is connected, and the system has taken all that it had to say so far.
    pub(crate) fn has_sent_everything(&self) -> bool {
        matches!(&self.link, Link::Up(framed) if framed.queued_bytes() == 0)
    }

    /// What somebody wrote, with the place it took, in the order of the room.
    pub(crate) fn texts(&self) -> Vec<(u64, String)> {
        let text = |entry: &Entry| MessageBody::from_bytes(&entry.body).unwrap().text;
        self.entries.iter().map(|entry| (entry.rseq.0, text(entry))).collect()
    }

    fn receive(&mut self, now: Now, scratch: &mut [u8]) {
        loop {
            let (unanswered, settled) = (self.sent_and_unanswered(), self.settled.len());
            let Link::Up(framed) = &mut self.link else { return };
            let session = &mut self.session;
            let received = framed.receive(scratch, usize::MAX, &mut |frame| {
                session.receive(now, frame);
                std::ops::ControlFlow::Continue(())
            });
            match received.status {
                ReceiveStatus::Drained => return,
                ReceiveStatus::Budget | ReceiveStatus::Stopped => {}
                ReceiveStatus::Broken { error, .. } => panic!("the server sent {error}"),
                ReceiveStatus::Eof { .. } | ReceiveStatus::Failed(_) => {
                    // Answers that came together with the end count, and what they made room for was never sent.
                    self.fold();
                    let unanswered = unanswered.saturating_sub(self.settled.len() - settled);
                    self.session.closed(now, Why::Closed);
                    self.fold();
                    if let Some((_, at_the_cut)) = self.cuts.last_mut() {
                        *at_the_cut = unanswered;
                    }
                    self.link = Link::None;
                    return;
                }
            }
        }
    }

    fn fold(&mut self) {
        while let Some(event) = self.session.next_event() {
            match event {
                Event::LoggedIn { name, .. } => self.name = Some(name),
                Event::Disconnected { why, .. } => {
                    self.name = None;
                    self.cuts.push((why, 0));
                }
                Event::Stopped { code, params } => self.stopped = Some((code, params)),
                Event::Users(users) => self.people.extend(users.into_iter().map(|row| (row.user, row.name))),
                Event::Entries { room: GENERAL, entries, .. } => self.entries.extend(entries),
                Event::Settled { cid, rseq, .. } => self.settled.push((cid, rseq.0)),
                Event::SyncedOnce => self.synced += 1,
                Event::WriteRefused { code, .. } => panic!("a write was refused: {code}"),
                _ => {}
            }
        }
    }
}

fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
