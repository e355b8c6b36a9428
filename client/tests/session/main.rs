//! The session against a scripted server: every frame that it sends, every event that it tells, under a virtual clock.

mod keeping;
mod lineage;
mod nonsense;
mod reading;
mod rooms;
mod server;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
mod time;
mod unkept;
mod whatever;
mod writing;

use support::{GENERAL, ME, OTHER, Rig, body, config, row, settled, user};
use tertulia_client::session::{Event, RoomState};
use tertulia_protocol::{ClientFrame, DeviceId, Kind, handshake, push, request};

#[test]
fn the_happy_path_frame_by_frame() {
    let mut rig = Rig::new(config());
    rig.start();
    assert_eq!((rig.connects, rig.next_event()), (1, Event::Connecting { attempt: 1 }));

    let hello = rig.hello();
    assert_eq!(hello.versions, [1]);
    assert_eq!(hello.device_key, config().device.public());
    assert_eq!(hello.agent.as_deref(), Some("test"));

    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    assert_eq!(rig.pins, [rig.server_key()]);
    let signed = handshake::login_bytes(&challenge.server_key, &challenge.nonce, b"", Some("ana"));
    let signature = config().device.sign(&signed).unwrap();
    assert_eq!(rig.next_sent(), ClientFrame::Prove(request::Prove { signature, name: Some("ana".to_owned()) }));

    rig.receive(&Rig::welcome(10, 1));
    let server_key = rig.server_key();
    assert_eq!(
        rig.next_event(),
        Event::LoggedIn { user: ME, device: DeviceId(2), name: "ana".to_owned(), server_key, encrypted: false }
    );
    rig.answer_sync(vec![row(3)], vec![user(2, "ana"), user(3, "luis")], false);
    assert_eq!(rig.next_event(), Event::Users(vec![user(ME.0, "ana"), user(OTHER.0, "luis")]));
    assert_eq!(rig.rows, [RoomState::new(row(3))]);
    rig.answer_pull(1, 3, 1);
    assert_eq!(rig.told_places(), [1, 2, 3]);
    assert_eq!(rig.next_event(), Event::SyncedOnce);

    rig.live_entry(4);
    rig.live_entry(5);
    assert_eq!(rig.told_places(), [4, 5]);
    let presence =
        push::Presence { online: 2, whole: Some(vec![ME, OTHER]), came: None, went: None, away: None, back: None };
    rig.receive(&presence);
    assert_eq!(rig.next_event(), Event::Presence(presence));

    let cid = rig.write("hello");
    let write = rig.next_write();
    assert_eq!((write.cid, write.room, write.kind, write.body), (cid, GENERAL, Kind::MESSAGE, body("hello")));
    rig.place(write.request, 6);
    assert_eq!(rig.next_event(), settled(cid, 6));
    rig.live_entry(6);
    assert_eq!(rig.told_places(), [6]);
    assert!(rig.sent.is_empty() && rig.events.is_empty());
    assert_eq!(rig.session.counters().gaps, 0);
}
