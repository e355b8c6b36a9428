//! Accepting, over a source that plays the system: peers that are gone before they are accepted, and no descriptors.
//!
//! As on Linux, an accept that finds no descriptor fails whether somebody waits or not.

use std::{cell::RefCell, collections::VecDeque, io, net::SocketAddr, rc::Rc};

use tertulia_protocol::ErrorCode;
use tertulia_server::{
    activity_log::Activity,
    connections::ConnectionId,
    listener::{Accepted, Listener, Source},
    listeners::Listeners,
};

use crate::support::{Client, Device, Manner, Rig, Wire};

const EMFILE: i32 = 24;
const ECONNABORTED: i32 = 103;
const EINVAL: i32 = 22;

/// The queue of a listening socket, and the descriptors of its process.
#[derive(Clone, Debug, Default)]
struct Door(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// Who waits: a number, or the error that an accept meets.
    queue: VecDeque<Result<u32, i32>>,
    free: usize,
    accepts: usize,
}

/// A descriptor, taken as long as it lives.
#[derive(Debug)]
struct Descriptor(Door);

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.0.0.borrow_mut().free += 1;
    }
}

impl Door {
    fn descriptor(&self) -> io::Result<Descriptor> {
        let mut state = self.0.borrow_mut();
        state.free = state.free.checked_sub(1).ok_or_else(|| io::Error::from_raw_os_error(EMFILE))?;
        Ok(Descriptor(self.clone()))
    }

    fn come(&self, guests: impl IntoIterator<Item = Result<u32, i32>>) {
        self.0.borrow_mut().queue.extend(guests);
    }

    fn accepts(&self) -> usize {
        std::mem::take(&mut self.0.borrow_mut().accepts)
    }
}

impl Source for Door {
    type Socket = (u32, Descriptor);
    type Spare = Descriptor;

    fn accept(&self) -> io::Result<(Self::Socket, SocketAddr)> {
        self.0.borrow_mut().accepts += 1;
        let descriptor = self.descriptor()?;
        let next = self.0.borrow_mut().queue.pop_front();
        match next {
            None => Err(io::ErrorKind::WouldBlock.into()),
            Some(Err(code)) => Err(io::Error::from_raw_os_error(code)),
            Some(Ok(number)) => Ok(((number, descriptor), ([10, 0, 0, 1], 1).into())),
        }
    }

    fn spare(&self) -> io::Result<Descriptor> {
        self.descriptor()
    }
}

/// A listener, and who got in and who was turned away.
struct Scene {
    door: Door,
    listener: Listener<Door>,
    inside: Vec<(u32, Descriptor)>,
    away: Vec<u32>,
}

impl Scene {
    /// So many descriptors, one of which the listener takes into reserve.
    fn new(free: usize) -> Self {
        let door = Door::default();
        door.0.borrow_mut().free = free;
        let listener = Listener::new(door.clone(), ([127, 0, 0, 1], 1).into());
        Self { door, listener, inside: Vec::new(), away: Vec::new() }
    }

    /// What the loop does in a turn.
    fn turn(&mut self, now: u64) {
        for _ in 0..1_000 {
            match self.listener.accept(now) {
                Accepted::Connection(guest, _) => self.inside.push(guest),
                Accepted::Beyond((number, _), _) => self.away.push(number),
                Accepted::Aborted => {}
                Accepted::Nobody | Accepted::NotNow => return,
            }
        }
        panic!("the listener spins");
    }

    fn numbers(&self) -> Vec<u32> {
        self.inside.iter().map(|(number, _)| *number).collect()
    }
}

#[test]
fn who_is_gone_before_being_accepted_does_not_stop_the_next() {
    let mut scene = Scene::new(10);
    scene.door.come([Err(ECONNABORTED), Ok(1), Err(ECONNABORTED), Err(ECONNABORTED), Ok(2)]);
    scene.listener.mark();
    scene.turn(0);
    assert_eq!((scene.numbers(), scene.listener.deadline()), (vec![1, 2], None));
}

#[test]
fn without_descriptors_those_who_wait_longest_are_told_and_the_others_get_in_later() {
    let mut scene = Scene::new(3);
    scene.door.come((1..=40).map(Ok));
    scene.listener.mark();
    scene.turn(1_000);
    assert_eq!((scene.numbers(), &scene.away), (vec![1, 2], &(3..=18).collect()));
    // No event will say that somebody waits: the listener looks by itself, and not before its time.
    assert_eq!(scene.listener.deadline(), Some(1_100));
    scene.door.accepts();
    scene.turn(1_099);
    assert_eq!(scene.door.accepts(), 0);
    scene.inside.clear();
    scene.turn(1_100);
    assert_eq!((scene.numbers(), scene.away.last()), (vec![19, 20], Some(&36)));
    scene.turn(1_200);
    assert_eq!((scene.away.last(), scene.listener.deadline()), (Some(&40), None));
}

#[test]
fn at_the_limit_nobody_who_waits_means_sleep() {
    let mut scene = Scene::new(2);
    scene.door.come([Ok(1)]);
    scene.listener.mark();
    scene.turn(0);
    assert_eq!((scene.numbers(), scene.listener.deadline()), (vec![1], None));
    // And the reserve is there for the next one.
    scene.door.come([Ok(2)]);
    scene.listener.mark();
    scene.turn(10);
    assert_eq!((&scene.away, scene.listener.deadline()), (&vec![2], None));
}

#[test]
fn when_even_the_reserve_is_gone_it_looks_again_until_there_are_some() {
    let mut scene = Scene::new(0);
    scene.door.come([Ok(1)]);
    scene.listener.mark();
    for round in 0..20 {
        let now = round * 100;
        scene.turn(now);
        assert_eq!(scene.listener.deadline(), Some(now + 100));
    }
    assert!(scene.door.accepts() <= 20, "once a deadline");
    scene.door.0.borrow_mut().free = 5;
    scene.turn(2_000);
    assert_eq!((scene.numbers(), scene.listener.deadline()), (vec![1], None));
}

#[test]
fn an_error_that_nobody_knows_is_not_tried_again_at_once() {
    let mut scene = Scene::new(5);
    scene.door.come([Err(EINVAL), Ok(1)]);
    scene.listener.mark();
    scene.turn(0);
    assert_eq!((scene.numbers(), scene.listener.deadline()), (vec![], Some(100)));
    scene.turn(100);
    assert_eq!(scene.numbers(), [1]);
}

/// Three addresses, at two of which more wait than ever get in. At the third somebody comes now and then.
fn flood() -> (Listeners<Door>, Vec<Door>) {
    let doors: Vec<_> = (0..3).map(|_| Door::default()).collect();
    for (nth, door) in (0_u32..).zip(&doors) {
        door.0.borrow_mut().free = 1_000;
        if nth < 2 {
            door.come((0..500).map(|_| Ok(nth)));
        }
    }
    let mut listeners = Listeners::new(
        doors.iter().map(|door| Listener::new(door.clone(), ([127, 0, 0, 1], 1).into())).collect::<Vec<_>>(),
    );
    (0..3).for_each(|number| listeners.mark(number));
    (listeners, doors)
}

/// Keeps out: the first address in a fixed order, which took all that a turn accepts for as long as it was flooded.
#[test]
fn whoever_floods_one_address_does_not_keep_others_from_getting_in() {
    let (mut listeners, doors) = flood();
    let mut inside = [0; 3];
    for turn in 0..30 {
        doors[2].come([Ok(2)]);
        listeners.mark(2);
        listeners.accept(turn, 8, |accepted| {
            let Accepted::Connection((number, _), _) = accepted else { panic!("{accepted:?}") };
            inside[number as usize] += 1;
            true
        });
    }
    assert_eq!(inside.iter().sum::<u32>(), 30 * 8, "as many as a turn accepts");
    assert!(inside[2] >= 28, "within three turns each: {inside:?}");
    assert!(inside[0].min(inside[1]) >= 80, "a third of the turns begins with each: {inside:?}");
}

/// The same with the places of a full server, of which one becomes free at a time.
#[test]
fn a_place_that_becomes_free_goes_to_each_address_in_turn() {
    let (mut listeners, doors) = flood();
    doors[2].come((0..500).map(|_| Ok(2)));
    let mut inside = [0; 3];
    for turn in 0..30 {
        listeners.accept(turn, 8, |accepted| {
            let Accepted::Connection((number, _), _) = accepted else { panic!("{accepted:?}") };
            inside[number as usize] += 1;
            false
        });
    }
    assert_eq!(inside, [10; 3]);
}

#[test]
fn who_is_turned_away_is_told_why_and_written_down() {
    let mut rig = Rig::new();
    let wire = Wire::new(Manner::default(), 7);
    let mut client = Client::new(ConnectionId::from_token(0), wire.clone(), Device::new(1));
    client.hello();
    rig.turn.turn_away(wire.socket(), ([10, 0, 0, 1], 1).into(), rig.now);
    client.expect_error(ErrorCode::TOO_MANY_CONNECTIONS);
    assert!(wire.is_dropped() && wire.unread() == 0);
    let [Activity::Connected { conn: 1, .. }, Activity::Disconnected { conn: 1, why: "out_of_descriptors", .. }] =
        &rig.activities()[..]
    else {
        panic!("it came and it went")
    };
    assert_eq!(rig.turn.connections(), 0);
    rig.login("ana");
}
