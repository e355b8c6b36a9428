//! Starting: what the program says about itself, and how it refuses to serve.

use std::{
    fs,
    net::{IpAddr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    process::Command,
};

use crate::{
    child::{PATIENCE, Process, program},
    crowd::Crowd,
    server::{Home, Server},
};

/// Runs a program that is expected to end by itself: its code, and its two outputs.
#[track_caller]
fn run(command: &mut Command) -> (i32, String, String) {
    let mut process = Process::start("tertulia-server", command);
    let code = process.exit_code(PATIENCE);
    (code, process.output().join("\n"), process.errors())
}

/// It refuses to start with this code, says all of these words on standard error, and nothing on standard output.
#[track_caller]
fn check_refused(command: &mut Command, code: i32, words: &[&str]) {
    let (told, output, errors) = run(command);
    assert_eq!((told, output.as_str()), (code, ""), "{errors}");
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in {errors:?}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn what_it_is_asked_about_itself_it_says_on_standard_output() {
    for (flag, expected) in [("--help", "--listen"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let (code, output, errors) = run(program("tertulia-server").arg(flag));
        assert_eq!((code, errors.as_str()), (0, ""), "{flag}");
        assert!(output.contains(expected), "{flag}: {output}");
    }
}

#[test]
fn the_configuration_that_it_prints_is_one_that_it_takes() {
    let home = Home::with_config("log_text = \"none\"\n[limits]\nconnections = 77\n");
    let (code, printed, _) = run(home.command(&["127.0.0.1:0"]).arg("--print-config"));
    assert_eq!(code, 0);
    assert!(printed.contains("connections = 77") && printed.contains("log_text = \"none\""), "{printed}");

    let other = home.folder().join("other.toml");
    fs::write(&other, &printed).unwrap();
    let (code, verdict, errors) = run(home.command(&[]).arg("--config").arg(&other).arg("--check-config"));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(verdict.contains("good"), "{verdict}");
    assert!(!home.data().join("tertulia.db").exists(), "looking changes nothing");
}

#[test]
fn flags_and_files_that_make_no_sense_end_with_2() {
    check_refused(program("tertulia-server").arg("--frobnicate"), 2, &["--frobnicate"]);
    check_refused(program("tertulia-server").args(["--listen", "x:y:z"]), 2, &["--listen", "x:y:z"]);
    check_refused(program("tertulia-server").args(["--config", "/nonexistent.toml"]), 2, &["/nonexistent.toml"]);
    let home = Home::with_config("log_text = \"none\"\nlisten_on = \"here\"\n");
    check_refused(&mut home.command(&[]), 2, &["tertulia.toml", "2", "listen_on"]);
    assert!(!home.data().join("tertulia.db").exists());
}

/// A device was read to its end, which there is none of, and a pipe until somebody would write to it.
#[test]
fn a_configuration_that_is_no_file_or_too_long_ends_with_2() {
    let words = ["/dev/zero: cannot read the configuration file: it is not a regular file"];
    check_refused(program("tertulia-server").args(["--config", "/dev/zero"]), 2, &words);
    let home = Home::with_config("");
    let place = home.data().join("tertulia.toml");
    fs::File::options().write(true).open(&place).unwrap().set_len(2 << 20).unwrap();
    check_refused(home.command(&[]).arg("--check-config"), 2, &["tertulia.toml", "it is longer", "1048576 bytes"]);
    fs::remove_file(&place).unwrap();
    assert!(Command::new("mkfifo").arg(&place).status().unwrap().success());
    check_refused(home.command(&[]).arg("--check-config"), 2, &["tertulia.toml", "it is not a regular file"]);
}

#[test]
fn the_environment_says_what_flags_do_not() {
    let home = Home::new();
    let mut command = program("tertulia-server");
    command.env("TERTULIA_DATA", home.data()).env("TERTULIA_LISTEN", "127.0.0.1:0,[::1]:0");
    let server = Server::start(&mut command);
    let addresses = server
        .process
        .line("the second ready line", |line| line.strip_prefix("listening on [::1]:").map(ToOwned::to_owned));
    assert!(addresses.parse::<u16>().unwrap() != 0);
    assert!(server.address.is_ipv4() && home.data().join("tertulia.db").exists());
}

#[test]
fn there_is_a_ready_line_for_each_address_and_all_of_them_answer() {
    let home = Home::new();
    let mut server = Server::start(&mut home.command(&["127.0.0.1:0", "127.0.0.2:0"]));
    let second: SocketAddr = server.process.line("the second ready line", |line| {
        line.strip_prefix("listening on ")?.parse().ok().filter(|address: &SocketAddr| *address != server.address)
    });
    for (number, address) in [(1, server.address), (2, second)] {
        Crowd::new(address).log_in(number, &format!("guest {number}"));
    }
    server.stop();
    assert_eq!(server.process.output().len(), 2, "ready lines and nothing else");
    let start = &home.activities_of("start")[0];
    assert_eq!(start["listen"], serde_json::json!([server.address.to_string(), second.to_string()]));
    assert_eq!(start["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn everywhere_is_ipv6_and_ipv4() {
    let home = Home::new();
    let server = home.server_on(":0");
    let port = server.address.port();
    let mut loopbacks: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap()];
    // Where IPv6 is switched off, it is the IPv4 wildcard, and that is all there is to see.
    if server.address.is_ipv6() {
        loopbacks.push("::1".parse().unwrap());
    }
    for (number, ip) in (1..).zip(loopbacks) {
        Crowd::new(SocketAddr::new(ip, port)).log_in(number, &format!("guest {number}"));
        let peer = home.wait_for("connected", number as usize).pop().unwrap()["peer"].to_string();
        // As people write it: no ::ffff: in front.
        assert!(peer.contains(&format!("\"{ip}:")) || peer.contains(&format!("\"[{ip}]:")), "{peer}");
    }
}

#[test]
fn an_address_that_cannot_be_had_ends_with_3() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    check_refused(&mut home.command(&[&address]), 3, &[&address, "in use", "--listen"]);
    // An address for documentation (RFC 5737), which no computer has.
    check_refused(&mut home.command(&["192.0.2.1:0"]), 3, &["192.0.2.1:0"]);
}

#[test]
fn one_address_of_two_that_cannot_be_had_is_enough() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    check_refused(&mut home.command(&["127.0.0.1:0", &address]), 3, &["in use"]);
}

/// What a name stands for is not known to `--check-config`; "another program listens there" sent people looking for it.
#[test]
fn a_name_that_stands_for_what_is_listened_on_already_is_named() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (address, name) = (format!("127.0.0.1:{free}"), format!("localhost:{free}"));
    check_refused(&mut home.command(&[&address, &name]), 3, &[&name, &address, "this server listens already"]);
}

#[test]
fn a_second_server_on_the_same_data_ends_with_3_and_names_the_first() {
    let home = Home::new();
    let mut first = home.server();
    let id = first.process.id().to_string();
    check_refused(&mut home.command(&["127.0.0.1:0"]), 3, &["another server", &home.data().display().to_string(), &id]);
    // The first was not disturbed.
    Crowd::new(first.address).log_in(1, "ana");
    first.stop();
    home.server().stop();
}

#[test]
fn a_data_directory_that_cannot_be_one_ends_with_3() {
    // Cases that stop even an administrator, whom no rights hold back.
    let home = Home::new();
    fs::write(home.data(), "not a directory").unwrap();
    let path = home.data().display().to_string();
    check_refused(&mut home.command(&["127.0.0.1:0"]), 3, &[&path]);

    let below = Home::new();
    fs::write(below.folder().join("file"), "").unwrap();
    let path = below.folder().join("file/data");
    let mut command = program("tertulia-server");
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(&path);
    check_refused(&mut command, 3, &[&path.display().to_string()]);

    let open = Home::with_config("");
    fs::set_permissions(open.data(), fs::Permissions::from_mode(0o777)).unwrap();
    check_refused(&mut open.command(&["127.0.0.1:0"]), 3, &["chmod o-w"]);

    let odd = Home::with_config("");
    fs::create_dir(odd.data().join("tertulia.db")).unwrap();
    check_refused(&mut odd.command(&["127.0.0.1:0"]), 3, &[&odd.data().display().to_string()]);
}

#[test]
fn a_damaged_database_ends_with_3_and_is_left_as_it_is() {
    let home = Home::new();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    crowd.say(ana, "hola");
    crowd.run("the answer", |crowd| !crowd.members[ana].settled.is_empty());
    server.stop();

    let file = home.data().join("tertulia.db");
    let good = fs::read(&file).unwrap();
    let mut no_database = good.clone();
    no_database[..16].copy_from_slice(b"something else!!");
    let mut torn = good.clone();
    torn[100..4_096].fill(0xEE);
    for (what, bytes) in [("another format", no_database), ("a page of noise", torn)] {
        fs::write(&file, &bytes).unwrap();
        check_refused(&mut home.command(&["127.0.0.1:0"]), 3, &["tertulia.db"]);
        assert_eq!(fs::read(&file).unwrap(), bytes, "{what} is left to whoever repairs it");
    }
    fs::write(&file, &good).unwrap();
    home.server().stop();
}
