//! Two people with stores, and the real server: rooms, answers, edits, reactions, marks, questions, a server that dies, a
//! window that starts without one.

#[cfg(test)]
#[path = "support/server.rs"]
mod server;

#[cfg(test)]
mod kept {
    use std::{collections::BTreeMap, path::Path, time::Duration};

    use tertulia_client::{
        fold::{Line, Message, Shown},
        network::{Cids, Network, Options, Stopwatch},
        resident::{Acknowledged, Seen},
        session::{Answer, Ask, DraftText, Event, Search, SetBack, Write},
        store::Profile,
    };
    use tertulia_protocol::{
        Cid, ErrorCode, RoomId, Rseq, UserId,
        entry::{MessageBody, RoomEntry},
        reply,
    };

    use super::server::Server;

    /// More than any of this should take, on the slowest machine.
    const LONG: Duration = Duration::from_secs(60);

    const GENERAL: RoomId = RoomId(1);

    struct Person {
        network: Network,
        cids: Cids,
        seen: Seen,
        events: Vec<Event>,
    }

    impl Person {
        fn start(profile: &Path, server: &str, name: &str) -> Self {
            let profile = Profile::open(profile.join(name)).unwrap();
            let options = Options::from_profile(profile, server.parse().unwrap(), Some(name.to_owned())).unwrap();
            let network = Network::start(options, Box::new(|| {})).unwrap();
            Self { network, cids: Cids::new().unwrap(), seen: Seen::default(), events: Vec::new() }
        }

        #[track_caller]
        fn until(&mut self, what: &str, mut so: impl FnMut(&Seen, &[Event]) -> bool) {
            let watch = Stopwatch::start();
            while !so(&self.seen, &self.events) {
                assert!(watch.elapsed() < LONG, "{what}: {:?}\n{:?}", self.seen, self.events);
                if let Some(event) = self.network.next_event(Duration::from_millis(20)) {
                    self.seen.take(&event);
                    self.events.push(event);
                }
            }
        }

        fn write(&mut self, write: Write) -> Cid {
            let cid = self.cids.make();
            self.network.write(cid, write).unwrap();
            cid
        }

        #[track_caller]
        fn done(&mut self, write: Write) -> Acknowledged {
            let cid = self.write(write);
            self.until("acknowledged", |seen, _| seen.acknowledged.contains_key(&cid));
            self.seen.acknowledged[&cid]
        }

        #[track_caller]
        fn refused(&mut self, write: Write) -> ErrorCode {
            let cid = self.write(write);
            self.until("refused", |seen, _| seen.refused.contains_key(&cid));
            self.seen.refused[&cid]
        }

        #[track_caller]
        fn ask(&mut self, ask: Ask) -> Answer {
            self.network.ask(7, ask).unwrap();
            self.events.clear();
            self.until("answered", |_, events| events.iter().any(|event| matches!(event, Event::Answer { .. })));
            let Some(Event::Answer { answer, .. }) = self.events.pop() else { unreachable!("it was the last event") };
            answer
        }

        /// Reads all of all rooms, and gives the lines of one.
        #[track_caller]
        fn lines(&mut self, room: RoomId) -> Vec<Line> {
            let watch = Stopwatch::start();
            while !self.seen.missing().is_empty() {
                assert!(watch.elapsed() < LONG, "{:?}", self.seen.missing());
                for (room, from, to) in self.seen.missing() {
                    self.network.show(room, from, to).unwrap();
                }
                let before = self.events.len();
                self.until("read on", |_, events| events.len() > before);
            }
            self.seen.folds.get(&room).map(|fold| fold.lines()).unwrap_or_default()
        }
    }

    fn message(line: &Line) -> Message {
        match &line.shown {
            Shown::Message(message) => message.clone(),
            _ => Message::default(),
        }
    }

    #[test]
    fn two_people_see_the_same_whatever_dies() {
        let (data, profiles) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let server = Server::start_anywhere(data.path());
        let address = server.address.to_string();
        let mut ana = Person::start(profiles.path(), &address, "ana");
        let mut luis = Person::start(profiles.path(), &address, "luis");
        ana.until("up to date", |seen, _| seen.is_up_to_date);
        luis.until("up to date", |seen, _| seen.is_up_to_date);
        let (me, other) = (ana.seen.me.unwrap(), luis.seen.me.unwrap());
        ana.until("luis is known", |seen, _| seen.names.get(&other).is_some_and(|name| name == "luis"));

        // A private room, of which luis knows once he is invited.
        let tea = ana.done(Write::open_room(reply::ROOM_PRIVATE, "tea", Some("green".to_owned()))).room;
        ana.until("the room", |seen, _| seen.rooms.contains_key(&tea));
        assert_eq!(luis.refused(Write::message(tea, "may I?", None, vec![])), ErrorCode::NO_ROOM);
        ana.done(Write::invite(tea, other));
        luis.until("invited", |seen, _| seen.rooms.contains_key(&tea));
        assert_eq!(luis.refused(Write::topic(tea, None)), ErrorCode::NOT_ALLOWED);

        let first = ana.done(Write::message(tea, "hola", None, vec![other]));
        let answer = luis.done(Write::message(tea, "hola, ana: té verde", Some(first.rseq), vec![me]));
        ana.done(Write::edit(tea, first.rseq, "hola, luis", vec![other]));
        luis.done(Write::react(tea, first.rseq, "❤", true));
        luis.done(Write::react(tea, first.rseq, "☕", true));
        luis.done(Write::react(tea, first.rseq, "☕", false));
        let secret = ana.done(Write::message(tea, "a secret", None, vec![]));
        ana.done(Write::delete(tea, secret.rseq));
        let last = ana.done(Write::room_name(tea, "té"));
        for person in [&mut ana, &mut luis] {
            person.until("told", |seen, _| seen.rooms.get(&tea).is_some_and(|state| state.row.head >= last.rseq));
            assert_eq!(person.seen.rooms[&tea].row.name, "té");
        }
        let lines = ana.lines(tea);
        assert_eq!(luis.lines(tea), lines);
        let at = |rseq: Rseq| message(lines.iter().find(|line| line.rseq == rseq).unwrap());
        let hola = at(first.rseq);
        assert_eq!((hola.text.as_deref(), hola.edited.is_some(), hola.reactions.len()), (Some("hola, luis"), true, 1));
        assert_eq!((at(answer.rseq).answers, at(secret.rseq).erased), (Some(first.rseq), true));

        // Marks, questions.
        ana.until("mentioned", |seen, _| seen.rooms[&tea].row.mark == Some(secret.rseq));
        luis.until("unread", |seen, _| seen.rooms[&tea].unread() == 1);
        luis.network.mark(tea, last.rseq).unwrap();
        luis.until("read", |seen, _| seen.rooms[&tea].unread() == 0 && seen.rooms[&tea].mentions() == 0);
        let Answer::Members { members, .. } = ana.ask(Ask::Members { room: tea, after: None }) else { unreachable!() };
        let roles: BTreeMap<UserId, u16> = members.iter().map(|row| (row.user, row.role)).collect();
        assert_eq!(roles, BTreeMap::from([(me, reply::ROLE_OWNER), (other, reply::ROLE_MEMBER)]));
        let search = Search { words: "te ver".to_owned(), room: Some(tea), ..Search::default() };
        let found = |answer: Answer| match answer {
            Answer::Hits { hits, .. } => hits.iter().map(|hit| hit.entry.rseq).collect(),
            _ => Vec::new(),
        };
        // The index follows behind the acknowledgements.
        let watch = Stopwatch::start();
        while found(ana.ask(Ask::Search(search.clone()))) != [answer.rseq] {
            assert!(watch.elapsed() < LONG, "never found");
        }

        // The server dies; ana writes on, and her window is closed.
        server.kill();
        ana.until("noticed", |seen, _| !seen.is_up_to_date);
        let offline = ana.write(Write::message(tea, "are you there?", None, vec![]));
        ana.network.set_draft(GENERAL, DraftText { text: "half a".to_owned(), answers: None }).unwrap();
        // At once: what was handed over is kept although the window goes.
        drop(ana);

        // It opens without a server, with all that it had.
        let mut ana = Person::start(profiles.path(), &address, "ana");
        ana.until("the draft", |_, events| events.iter().any(|event| matches!(event, Event::Draft { .. })));
        assert_eq!(ana.seen.rooms[&tea].row.name, "té");
        assert!(ana.seen.outbox.contains_key(&offline) && !ana.seen.is_up_to_date);
        assert_eq!(ana.lines(tea), lines);

        // And the server comes back.
        let server = Server::start(data.path(), &address);
        ana.until("sent", |seen, _| seen.acknowledged.contains_key(&offline));
        let place = ana.seen.acknowledged[&offline];
        luis.until("heard", |seen, _| seen.rooms[&tea].row.head >= place.rseq);
        let heard = luis.lines(tea).pop().unwrap();
        assert_eq!((heard.rseq, message(&heard).text.as_deref()), (place.rseq, Some("are you there?")));
        luis.done(Write::leave(tea));
        luis.until("gone", |seen, _| seen.rooms[&tea].gone);
        assert_eq!(luis.refused(Write::message(tea, "still here?", None, vec![])), ErrorCode::NO_ROOM);
        let direct = luis.done(Write::direct(me));
        assert_eq!(ana.done(Write::direct(other)).room, direct.room, "one room of two, whoever opens it");
        drop(server);
    }

    #[test]
    fn a_server_that_goes_on_from_a_backup_is_told_and_followed() {
        let (data, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let profiles = tempfile::tempdir().unwrap();
        let server = Server::start_anywhere(data.path());
        let address = server.address.to_string();
        let mut ana = Person::start(profiles.path(), &address, "ana");
        ana.until("up to date", |seen, _| seen.is_up_to_date);
        let early = ana.done(Write::message(GENERAL, "in the backup", None, vec![]));
        let backup = restored.path().join("backup.db");
        command(&["backup", &backup.display().to_string(), "--data", &data.path().display().to_string()]);
        let room = ana.done(Write::open_room(reply::ROOM_PUBLIC, "late", None)).room;
        let late = ana.done(Write::message(GENERAL, "not in the backup", None, vec![]));
        ana.lines(GENERAL);
        server.kill();
        ana.until("noticed", |seen, _| !seen.is_up_to_date);
        let about_late = ana.write(Write::message(GENERAL, "about what is lost", Some(late.rseq), vec![]));
        let in_late = ana.write(Write::message(room, "into a room that is lost", None, vec![]));
        let about_early = ana.write(Write::message(GENERAL, "about what is there", Some(early.rseq), vec![]));
        ana.until("kept", |seen, _| seen.outbox.len() == 3);

        let data = restored.path().join("data");
        command(&["restore", &backup.display().to_string(), "--data", &data.display().to_string()]);
        let server = Server::start(&data, &address);
        let changed = Event::LogChanged { how: SetBack::ToABackup, lost: 1 };
        // What went with the late part of the log can still be read here.
        let is_late = |lost: &RoomEntry| {
            MessageBody::from_bytes(&lost.entry.body).is_some_and(|body| body.text == "not in the backup")
        };
        let told = |event: &Event| matches!(event, Event::Lost(lost) if lost.len() == 1 && lost.iter().all(is_late));
        ana.until("told", |_, events| events.contains(&changed) && events.iter().any(told));
        ana.until("sent", |seen, _| seen.acknowledged.contains_key(&about_early) && seen.is_up_to_date);
        let why = |seen: &Seen, cid| seen.outbox[&cid].failed.as_ref().map(|failure| failure.code);
        assert_eq!(why(&ana.seen, about_late), Some(ErrorCode::NO_TARGET));
        assert_eq!(why(&ana.seen, in_late), Some(ErrorCode::NO_ROOM));
        assert!(!ana.seen.rooms.contains_key(&room));

        let place = ana.seen.acknowledged[&about_early];
        ana.until("heard", |seen, _| seen.rooms[&GENERAL].row.head >= place.rseq);
        let mut eva = Person::start(profiles.path(), &address, "eva");
        eva.until("up to date", |seen, _| seen.is_up_to_date);
        let lines = eva.lines(GENERAL);
        assert_eq!(ana.lines(GENERAL), lines);
        assert!(lines.iter().all(|line| message(line).text.as_deref() != Some("not in the backup")));
        drop(server);
    }

    /// Keeps out: bytes that stay in the journal beside a file, in its free pages, in the index of words, or in the store of
    /// somebody who was away when it happened.
    #[test]
    fn what_is_deleted_is_in_no_file() {
        let (data, profiles) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let server = Server::start_anywhere(data.path());
        let address = server.address.to_string();
        let [mut ana, mut luis, mut eva] =
            ["ana", "luis", "eva"].map(|name| Person::start(profiles.path(), &address, name));
        for person in [&mut ana, &mut luis, &mut eva] {
            person.until("up to date", |seen, _| seen.is_up_to_date);
        }
        let text = |word: &str| format!("{word} {}", "and so on ".repeat(800));
        let plain = ana.done(Write::message(GENERAL, text("geheimnis0qx"), None, vec![]));
        let edited = ana.done(Write::message(GENERAL, "geheimnis1qx", None, vec![]));
        ana.done(Write::edit(GENERAL, edited.rseq, text("geheimnis2qx"), vec![]));
        ana.done(Write::edit(GENERAL, edited.rseq, "geheimnis3qx", vec![]));
        let stays = ana.done(Write::message(GENERAL, "geheimnis4qx", None, vec![]));
        for person in [&mut ana, &mut luis, &mut eva] {
            person.until("heard", |seen, _| seen.rooms[&GENERAL].row.head >= stays.rseq);
            person.lines(GENERAL);
        }
        // The index has it as well by now.
        let search = Search { words: "geheimnis4qx".to_owned(), ..Search::default() };
        let watch = Stopwatch::start();
        while !matches!(ana.ask(Ask::Search(search.clone())), Answer::Hits { hits, .. } if hits.len() == 1) {
            assert!(watch.elapsed() < LONG, "never found");
        }
        // Eva goes home with all of it in her store.
        drop(eva);
        let secrets = ["geheimnis0qx", "geheimnis1qx", "geheimnis2qx", "geheimnis3qx"];
        for (folder, whose) in [(data.path().to_owned(), "the server"), (profiles.path().join("eva"), "eva")] {
            assert_eq!(found_in(&folder, &secrets), secrets, "{whose} has it");
        }

        ana.done(Write::delete(GENERAL, plain.rseq));
        let last = ana.done(Write::delete(GENERAL, edited.rseq));
        let mut eva = Person::start(profiles.path(), &address, "eva");
        let gone = |seen: &Seen| {
            let erased = |line: &Line| message(line).erased;
            seen.folds.get(&GENERAL).is_some_and(|fold| {
                [plain, edited]
                    .iter()
                    .all(|place| fold.lines().iter().any(|line| line.rseq == place.rseq && erased(line)))
            })
        };
        for person in [&mut ana, &mut luis, &mut eva] {
            person.until("up to date", |seen, _| seen.is_up_to_date && seen.rooms[&GENERAL].row.head >= last.rseq);
            person.lines(GENERAL);
            person.until("gone", |seen, _| gone(seen));
        }
        // Everything runs on, and within a minute nothing is left.
        let watch = Stopwatch::start();
        for folder in [data.path(), profiles.path()] {
            loop {
                let left = found_in(folder, &secrets);
                if left.is_empty() {
                    break;
                }
                assert!(watch.elapsed() < LONG, "{}: still there: {left:?}", folder.display());
                ana.until("a moment", {
                    let moment = Stopwatch::start();
                    move |_, _| moment.elapsed() > Duration::from_millis(100)
                });
            }
            assert_eq!(found_in(folder, &["geheimnis4qx"]), ["geheimnis4qx"], "what is not deleted stays");
        }
        drop(server);
    }

    /// Those words that are in any file below a folder, but in the activity log and in backups of before a migration.
    #[expect(clippy::disallowed_methods, reason = "the files are what this is about")]
    fn found_in<'a>(folder: &Path, words: &[&'a str]) -> Vec<&'a str> {
        let (mut folders, mut bytes) = (vec![folder.to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(&folder).unwrap() {
                let path = file.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if !name.starts_with("logs.json") && !name.ends_with("-backup") && name != "ballast" {
                    // A journal that goes between the look and the reading.
                    bytes.extend(std::fs::read(&path).unwrap_or_default());
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        words.iter().copied().filter(|word| text.contains(*word)).collect()
    }

    fn command(arguments: &[&str]) {
        #[expect(clippy::disallowed_methods, reason = "the operator's commands are those of the program")]
        let output =
            std::process::Command::new(super::server::binary("tertulia-server")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
