//! A room as lines of JSON.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;
use tertulia_protocol::{
    Cid, DeviceId, Kind, LogId, PublicKey, RoomId, UserId,
    entry::{ArchiveBody, KeepBody, MemberBody, RoleBody},
    reply::{ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE},
};
use tertulia_server::chat::{admit, body::NameClaim, body::RoomOpen};
use tertulia_server::log::{Draft, Ticket, store::Store};

use crate::data::Data;
use crate::log_subject::draft;

#[test]
fn a_room_is_exported_as_lines_of_json() {
    let data = Data::with_talk();
    let lines = data.ok(&["export", "--room", "general"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let short = |line: &Value| {
        let number = |key: &str| line[key].as_u64().unwrap_or(0);
        let words = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
        let erased = line["erased"].as_bool().unwrap_or(false);
        (number("rseq"), words("kind"), words("user"), number("target"), words("text"), erased)
    };
    let row = |rseq, kind: &str, target, text: &str, erased| {
        (rseq, kind.to_owned(), "Ana".to_owned(), target, text.to_owned(), erased)
    };
    let messages: Vec<_> = lines.iter().map(short).filter(|line| line.2 == "Ana").collect();
    let expected = [
        row(1, "message", 0, "¡Hola!", false),
        row(2, "message", 0, "-", true),
        row(3, "edit", 1, "¡Hola a todos!", false),
        row(4, "delete", 2, "-", false),
    ];
    assert_eq!(messages, expected);
    assert!(
        lines.iter().all(|line| line["room"] == "general" && line["time"].as_str().is_some_and(|at| at.ends_with('Z')))
    );
    assert_eq!(data.ok(&["export", "--room", "1"]), data.ok(&["export", "--room", "general"]));
    let (code, why) = data.refused(&["export", "--room", "nowhere"]);
    assert_eq!((code, why.contains("there is no room \"nowhere\"")), (Some(1), true), "{why}");
}

/// Who reads only the first lines is content, and so are we.
#[test]
fn a_closed_pipe_is_no_failure() {
    let data = Data::with_talk();
    let mut child = data
        .command(&["export", "--room", "general"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("its complaints").read_to_string(&mut said).expect("text");
    assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""));
}

/// Ana and Luis (2 and 3), a private room (4) with all that is done to one, a direct one (11), and a private room (12) whose
/// name is the direct one's number.
fn rooms() -> Data {
    let data = Data::new();
    let mut store = Store::open(&data.database()).expect("a new database");
    let claim = |cid, name: &str| {
        let (name, folded) = (name.to_owned(), name.to_lowercase());
        let body = NameClaim { key: PublicKey([cid; 32]), name, skeletons: vec![folded.clone()], folded }.to_bytes();
        let (author, device, room) = (UserId(0), DeviceId(0), RoomId(0));
        Draft { author, device, room, kind: Kind::NAME_CLAIM, body, ..draft(0, cid) }
    };
    let does = |cid, room, kind, body| {
        let (author, device, room) = (UserId(2), DeviceId(2), RoomId(room));
        Draft { author, device, room, kind, body, ..draft(2, cid) }
    };
    let open = |kind, name: Option<&str>, with| {
        let (name, folded) = (name.map(str::to_owned), name.map(str::to_lowercase));
        RoomOpen { kind, name, topic: None, with, folded }.to_bytes()
    };
    let luis = UserId(3);
    let done = [
        admit::genesis(Ticket(0), 1, Cid([1; 16]), LogId([9; 16])),
        claim(2, "Ana"),
        claim(3, "Luis"),
        does(4, 0, Kind::ROOM_OPEN, open(ROOM_PRIVATE, Some("cats"), None)),
        does(5, 4, Kind::INVITE, MemberBody { user: luis }.to_bytes()),
        does(6, 4, Kind::ROLE, RoleBody { user: luis, role: ROLE_OWNER }.to_bytes()),
        does(7, 4, Kind::KEEP, KeepBody { days: Some(30) }.to_bytes()),
        does(8, 4, Kind::ROLE, RoleBody { user: luis, role: ROLE_MEMBER }.to_bytes()),
        does(9, 4, Kind::REMOVE, MemberBody { user: luis }.to_bytes()),
        does(10, 4, Kind::ARCHIVE, ArchiveBody { archived: true }.to_bytes()),
        does(11, 0, Kind::ROOM_OPEN, open(ROOM_DIRECT, None, Some(luis))),
        does(12, 0, Kind::ROOM_OPEN, open(ROOM_PRIVATE, Some("11"), None)),
    ];
    for draft in &done {
        store.append_now(draft).expect("it is stored");
    }
    data
}

/// Keeps out: a removal that does not say who was removed.
#[test]
fn every_line_says_what_its_entry_says() {
    let lines = rooms().ok(&["export", "--room", "cats"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let keys = ["kind", "name", "whom", "role", "days", "archived"];
    let said = lines.iter().map(|line| keys.iter().map(|key| line[key].clone()).collect::<Vec<_>>());
    let null = Value::Null;
    let row = |kind: &str, name: Value, whom: Value, role: Value, days: Value, archived: Value| {
        vec![kind.into(), name, whom, role, days, archived]
    };
    let expected = [
        row("room_open", "cats".into(), null.clone(), null.clone(), null.clone(), null.clone()),
        row("invite", null.clone(), "Luis".into(), null.clone(), null.clone(), null.clone()),
        row("role", null.clone(), "Luis".into(), "owner".into(), null.clone(), null.clone()),
        row("keep", null.clone(), null.clone(), null.clone(), 30.into(), null.clone()),
        row("role", null.clone(), "Luis".into(), "member".into(), null.clone(), null.clone()),
        row("remove", null.clone(), "Luis".into(), null.clone(), null.clone(), null.clone()),
        row("archive", null.clone(), null.clone(), null.clone(), null.clone(), true.into()),
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected);
}

/// Keeps out: a direct room that is exported for want of a name, or hidden by a room whose name is its number.
#[test]
fn a_room_is_found_by_its_number_whatever_rooms_are_called() {
    let data = rooms();
    assert_eq!(data.refused(&["export", "--room", ""]).0, Some(1));
    let (code, why) = data.refused(&["export", "--room", "11"]);
    assert_eq!((code, why.contains("choose one by its number, #12, #11")), (Some(1), true), "{why}");
    let direct: Value = serde_json::from_str(&data.ok(&["export", "--room", "#11"])).expect("one line of JSON");
    assert_eq!(
        (&direct["kind"], &direct["whom"], &direct["name"]),
        (&"room_open".into(), &"Luis".into(), &Value::Null)
    );
    let named: Value = serde_json::from_str(&data.ok(&["export", "--room", "#12"])).expect("one line of JSON");
    assert_eq!(named["room"], "11");
    assert_eq!(data.ok(&["export", "--room", "12"]), data.ok(&["export", "--room", "#12"]));
}
