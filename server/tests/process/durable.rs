//! What an acknowledgement is worth: that none leaves before its fsync has returned, seen from outside by strace; and
//! what becomes of a server whose fsync fails, which a library loaded before the C library sees to (`fsync.c`).
#![cfg(target_os = "linux")]

use std::{fs, path::PathBuf, process::Command};

use crate::{
    child::{PATIENCE, Process, wrapped},
    crowd::Crowd,
    server::{Home, Server},
    trace,
};

const MESSAGES: usize = 120;

#[test]
fn no_acknowledgement_leaves_before_the_fsync_of_its_batch() {
    let home = Home::new();
    let (durable, early) = traced(&home, &[]);
    println!("{durable} told after their fsync");
    assert_eq!(early, [] as [String; 0]);
    // Each to its author, and to both as an entry.
    assert_eq!(durable, 3 * MESSAGES);
}

/// The test above can fail.
#[test]
fn a_server_without_fsync_is_found_out() {
    let home = Home::new();
    let library = format!("LD_PRELOAD={}", library(&home, "fsync").display());
    let (durable, early) = traced(&home, &["-E", &library, "-E", "FSYNC_LIES=1"]);
    assert_eq!((durable, early.len()), (0, 3 * MESSAGES));
}

/// Two people talk on a server that is watched: how often something was told that was durable, and what was told too early.
fn traced(home: &Home, more: &[&str]) -> (usize, Vec<String>) {
    let file = home.folder().join("trace");
    let path = file.display().to_string();
    let calls = "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,sendto,sendmsg";
    // It watches from beside, so that the child is the server itself.
    let words = ["strace", "-D", "-f", "-y", "-xx", "-s", "1000000", "-e", calls, "-e", "signal=none", "-o", &path];
    let command = home.command(&["127.0.0.1:0"]);
    let started = Command::new("strace").arg("-V").output();
    assert!(
        started.is_ok_and(|output| output.status.success()),
        "strace (of the Debian package strace) does not start"
    );
    let mut server = Server::start(&mut wrapped(&[&words, more].concat(), &command));
    let id = server.process.id();

    let mut crowd = Crowd::new(server.address);
    let [ana, luis] = [crowd.log_in(1, "ana"), crowd.log_in(2, "luis")];
    for number in 0..MESSAGES {
        let author = if number % 2 == 0 { ana } else { luis };
        crowd.say(author, &trace::mark(number));
        // Some alone, some in batches.
        if number % 7 == 0 {
            crowd.run("an answer", |crowd| {
                crowd.members[ana].settled.len() + crowd.members[luis].settled.len() > number
            });
        }
    }
    crowd.run("everything is answered and told", |crowd| {
        let told = |index: usize| crowd.members[index].entries.len() == MESSAGES;
        crowd.members[ana].settled.len() + crowd.members[luis].settled.len() == MESSAGES && told(ana) && told(luis)
    });
    server.stop();
    trace::judge(&trace::read(&file, id), MESSAGES)
}

/// Whatever is on its way at that moment: nothing of it is acknowledged, and what was acknowledged is there.
#[test]
fn a_failed_fsync_ends_the_server_with_words_and_loses_nothing() {
    let home = Home::new();
    let library = library(&home, "fsync");
    let fails = home.folder().join("fsync-fails");
    let mut server = home.server();
    let address = server.address;
    let mut crowd = Crowd::new(address);
    let people = [crowd.log_in(1, "ana"), crowd.log_in(2, "luis")];
    server.stop();

    let mut said = 0;
    for round in 0..5 {
        let mut command = home.command(&[&address.to_string()]);
        command.env("LD_PRELOAD", &library).env("FSYNC_FAILS_IF", &fails);
        let mut server = Server::start_again(&mut command);
        let say = |crowd: &mut Crowd, texts: std::ops::Range<usize>| {
            for (text, person) in texts.flat_map(|text| people.map(|person| (text, person))) {
                crowd.say(person, &format!("{person}: {text}"));
            }
        };
        say(&mut crowd, said..said + 100);
        // Once in silence, so that what is said next is the batch; else in the middle of everything.
        let enough = said + if round == 0 { 100 } else { 10 * round };
        crowd.run("answers", |crowd| people.iter().all(|person| crowd.members[*person].settled.len() >= enough));
        let cuts = people.map(|person| crowd.members[person].cuts.len());
        fs::write(&fails, "").unwrap();
        say(&mut crowd, said + 100..said + 150);
        said += 150;
        crowd.run("both are cut off", |crowd| {
            people.iter().zip(cuts).all(|(person, cuts)| crowd.members[*person].cuts.len() > cuts)
        });
        assert_eq!(server.process.exit_code(PATIENCE), 1);
        let errors = server.process.errors();
        assert!(errors.contains("the log cannot go on: disk I/O error. What was acknowledged is stored;"), "{errors}");
        let failures = fs::read_to_string(&fails).unwrap().lines().count();
        println!("{failures} failures\n{errors}");
        assert_eq!(failures, 1, "what failed once is not tried again");
        fs::remove_file(&fails).unwrap();
        for person in people {
            let settled = crowd.members[person].settled.len();
            assert!(round > 0 || settled == 100, "{settled}: something of the batch was acknowledged");
            assert!(settled < said, "everything was answered before the fsync failed");
        }
    }

    let mut server = home.server_again_on(address);
    crowd.run("everything is answered", |crowd| {
        people.iter().all(|person| crowd.members[*person].settled.len() == said)
    });
    let room = Crowd::reader(address, 3, "reader", 2 * said);
    assert_eq!(room.len(), 2 * said);
    for person in people {
        let settled = &crowd.members[person].settled;
        for (text, (_, place)) in settled.iter().enumerate() {
            let at = usize::try_from(*place).unwrap() - 1;
            assert_eq!(room[at], (*place, format!("{person}: {text}")), "at the place that was acknowledged");
        }
    }
    server.stop();
}

/// A library of these tests, made by the compiler.
pub(crate) fn library(home: &Home, name: &str) -> PathBuf {
    let library = home.folder().join(format!("{name}.so"));
    let source = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/{}.c"), name);
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(source);
    let mut compiler = Process::start("cc (of the Debian package gcc)", &mut command);
    assert_eq!(compiler.exit_code(PATIENCE), 0, "{}", compiler.errors());
    library
}
