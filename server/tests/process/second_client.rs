//! The server and a client that shares nothing with ours: written in Python from `docs/protocol.md` alone, it lives in
//! `tests/second_client/`. What one of them misunderstands in the document, the other does not understand the same way.
//!
//! Each scenario is a test here, which starts the servers that it wants and runs it. The client holds every frame of
//! both directions against `docs/protocol.cddl`, and that grammar is held against the golden bytes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    child::Process,
    server::{Home, Server},
};

#[cfg(target_os = "linux")]
use crate::small_disk::SmallDisk;

/// The longest scenario waits for a heartbeat, which comes after 20 s of silence.
const SCENARIO_PATIENCE: Duration = Duration::from_secs(120);

/// Beside the tests, whoever runs them and from where.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_client")
}

/// Python with both modules: the system's, which is where packages are installed, or else the one on the PATH.
fn python() -> Command {
    let mut why = String::new();
    for program in ["/usr/bin/python3", "python3"] {
        let mut tried = isolated(program);
        tried.args(["-c", "import cbor2, cryptography.hazmat.primitives.asymmetric.ed25519"]);
        match tried.stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => return isolated(program),
            Ok(output) => {
                let errors = String::from_utf8_lossy(&output.stderr);
                why.push_str(&format!("\n{program}: {}", errors.lines().last().unwrap_or("no reason given")));
            }
            Err(error) => why.push_str(&format!("\n{program}: {error}")),
        }
    }
    panic!(
        "the second client needs Python 3.10 or newer with cbor2 and cryptography: run `client/setup.sh`, or install Debian's \
         python3, python3-cbor2 and python3-cryptography{why}"
    );
}

/// Nothing from the environment or from the person's own folders, and no compiled files among the sources.
fn isolated(program: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["-E", "-s", "-B"]);
    command
}

/// The client, about to do that.
fn client(arguments: &[&str]) -> Process {
    let mut command = python();
    command.arg(folder().join("run.py")).args(arguments).stdin(Stdio::null());
    Process::start("the second client", &mut command)
}

/// The client, playing a scenario.
fn play(home: &Home, scenario: &str, servers: &[&Server]) -> Process {
    let addresses: Vec<String> = servers.iter().map(|server| server.address.to_string()).collect();
    let place = home.folder().display().to_string();
    let mut arguments = vec![place.as_str(), scenario];
    arguments.extend(addresses.iter().map(String::as_str));
    client(&arguments)
}

#[track_caller]
fn expect_success(mut client: Process) {
    let code = client.exit_code(SCENARIO_PATIENCE);
    assert_eq!(code, 0, "{}", client.errors());
}

/// A server with this configuration, and the scenario on it.
#[track_caller]
fn check(scenario: &str, toml: &str) {
    let home = Home::with_config(toml);
    let server = home.server();
    expect_success(play(&home, scenario, &[&server]));
}

macro_rules! scenarios {
    ($($name:ident $(with $toml:literal)?,)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), concat!($($toml)?));
        })*

        /// The scenarios that need nothing but a server.
        const PLAIN: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    a_name_is_claimed_once_and_then_the_key_is_enough,
    one_device_has_several_connections,
    a_new_key_needs_a_name_that_is_free_and_keeps_the_rules,
    a_proof_of_another_key_is_refused,
    versions_are_agreed_upon,
    a_recorded_server_is_refused,
    names_run_out_for_an_hour with "[limits]\nnames_per_address_per_hour = 2\n",
    too_many_connections_are_turned_away with "[limits]\nconnections_per_address = 2\n",
    a_handshake_ends_in_time with "[limits]\nhandshake_ms = 2000\n",
    two_people_talk,
    a_body_is_passed_on_as_it_came,
    what_is_refused_costs_nothing_else,
    a_cut_loses_and_doubles_nothing,
    a_page_settles_what_was_cut_off,
    pages_are_whole_and_bounded,
    a_sync_tells_what_changed,
    presence_tells_who_is_here,
    an_idle_connection_lives_by_heartbeats,
    who_leaves_in_order_gets_the_answers,
    a_public_room_is_found_read_and_joined,
    owners_look_after_a_room,
    a_private_room_is_known_to_its_members_alone,
    two_people_have_one_direct_room,
    an_archived_room_takes_deletions_and_lets_people_go,
    general_is_everybodys,
    one_person_has_so_many_rooms,
    who_corrects_changes_what_everybody_sees,
    a_target_is_a_message_and_for_its_author_to_change,
    old_pages_show_no_old_truth,
    too_much_about_one_message_is_cut,
    mentions_weigh_in_a_page,
    who_was_away_learns_what_was_erased,
    every_kind_may_be_sent_again,
    two_change_the_same_at_the_same_moment,
    a_read_mark_is_the_persons_on_every_connection,
    who_reads_too_slowly_lags_and_loses_nothing with "[limits]\nsend_queue_bytes = 524288\n",
    who_knows_everything_hears_nothing_new,
    words_are_found_however_they_are_written,
    conditions_narrow_a_search,
    a_hit_is_the_message_as_it_is_now,
    a_long_search_goes_on_from_where_it_ended,
    who_is_writing_is_told_to_the_members,
    a_person_is_away_when_every_connection_says_so,
    a_new_name_and_colour_reach_everybody,
    strangers_get_a_clear_answer,
    a_broken_frame_is_named_before_the_login,
    a_broken_frame_is_named_after_the_login,
    what_a_receiver_takes_is_taken,
    a_handshake_may_come_byte_by_byte,
    a_frame_that_does_not_end_is_a_timeout with "[limits]\npartial_frame_ms = 300\n",
    a_plain_connection_may_be_refused with "plaintext = \"never\"\n",
}

#[test]
fn another_server_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    let (server, elsewhere) = (home.server(), other.server());
    expect_success(play(&home, "another_server_is_refused", &[&server, &elsewhere]));
}

#[test]
fn a_stop_is_announced() {
    let home = Home::new();
    let mut server = home.server();
    let client = play(&home, "a_stop_is_announced", &[&server]);
    client.line("stop it", |line| (line == "stop it").then_some(()));
    server.stop();
    expect_success(client);
}

#[test]
fn a_killed_server_comes_back_with_everything() {
    check_again("a_killed_server_comes_back_with_everything", "kill it", |server| server.process.kill());
}

#[test]
fn rooms_survive_a_kill() {
    check_again("rooms_survive_a_kill", "kill it", |server| server.process.kill());
}

#[test]
fn marks_are_there_after_a_stop() {
    check_again("marks_are_there_after_a_stop", "stop it", Server::stop);
}

/// The scenario on a server that ends in this way when it says so, and is started again.
#[track_caller]
fn check_again(scenario: &str, word: &str, end: fn(&mut Server)) {
    let home = Home::new();
    let mut server = home.server();
    let client = play(&home, scenario, &[&server]);
    client.line(word, |line| (line == word).then_some(()));
    end(&mut server);
    let _again = home.server_again_on(server.address);
    expect_success(client);
}

#[test]
fn a_restored_server_says_where_it_goes_on() {
    let home = Home::new();
    let mut server = home.server();
    let address = server.address;
    let client = play(&home, "a_restored_server_says_where_it_goes_on", &[&server]);
    let backup = home.folder().join("backup.db");
    let maintain = |command: &str| {
        let mut command = Process::start("tertulia-server", home.command(&[]).arg(command).arg(&backup));
        assert_eq!(command.exit_code(SCENARIO_PATIENCE), 0, "{}", command.errors());
    };
    client.line("back it up", |line| (line == "back it up").then_some(()));
    server.process.kill();
    maintain("backup");
    server = home.server_again_on(address);
    for word in ["set it back", "set it back again"] {
        client.line(word, |line| (line == word).then_some(()));
        server.process.kill();
        fs::remove_dir_all(home.data()).unwrap();
        maintain("restore");
        server = home.server_again_on(address);
    }
    expect_success(client);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_takes_deletions_alone() {
    let disk = SmallDisk::new(8 * 1024);
    fs::write(disk.data().join("tertulia.toml"), "[limits]\nballast_bytes = 2097152\n").unwrap();
    let server = disk.server();
    // The client keeps nothing in this scenario.
    let nowhere = Home::new();
    let client = play(&nowhere, "a_full_disk_takes_deletions_alone", &[&server]);
    client.line("fill it", |line| (line == "fill it").then_some(()));
    disk.fill();
    client.line("empty it", |line| (line == "empty it").then_some(()));
    disk.empty();
    expect_success(client);
}

#[test]
fn no_scenario_is_forgotten() {
    let mut list = client(&["--list"]);
    assert_eq!(list.exit_code(SCENARIO_PATIENCE), 0, "{}", list.errors());
    let mut played = PLAIN.to_vec();
    played.extend(["another_server_is_refused", "a_stop_is_announced", "a_killed_server_comes_back_with_everything"]);
    played.extend(["rooms_survive_a_kill", "marks_are_there_after_a_stop", "a_full_disk_takes_deletions_alone"]);
    played.push("a_restored_server_says_where_it_goes_on");
    played.sort_unstable();
    let mut there = list.output();
    there.sort_unstable();
    assert_eq!(there, played);
}

#[test]
fn the_grammar_and_the_golden_bytes_agree_and_either_notices_a_change_of_the_other() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests/golden");
    expect_success(client(&["--grammar", &golden.display().to_string()]));
}
