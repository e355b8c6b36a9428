//! Who is not a client, or not one of ours: one clear answer, the end of the connection, and a line in the activity log.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::{child::PATIENCE, crowd::Crowd, server::Home};

/// Says something, and gives all that comes back until the server closes.
fn ask(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn a_tls_client_gets_an_alert_that_it_understands() {
    let home = Home::new();
    let server = home.server();
    let mut stream = TcpStream::connect(server.address).unwrap();
    // How a ClientHello begins.
    let answer = ask(&mut stream, &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]);
    assert_eq!(answer, [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]);
    drop(stream);
    assert_eq!(home.wait_for("disconnected", 1)[0]["why"], "tls_refused");
}

#[test]
fn a_browser_gets_one_line_of_words() {
    let home = Home::new();
    let server = home.server();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let answer = String::from_utf8(ask(&mut stream, b"GET / HTTP/1.1\r\nHost: box\r\n\r\n")).unwrap();
    assert!(answer.ends_with("\r\n") && answer.lines().count() == 1 && answer.contains("Tertulia"), "{answer:?}");
    drop(stream);
    assert_eq!(home.wait_for("disconnected", 1)[0]["why"], "stranger");
}

#[test]
fn more_connections_than_one_address_may_have_are_turned_away_and_others_stay() {
    let home = Home::with_config("[limits]\nconnections_per_address = 2\n");
    let server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    crowd.log_in(2, "luis");
    let mut third = TcpStream::connect(server.address).unwrap();
    assert!(!ask(&mut third, &[]).is_empty(), "it is told why");
    drop(third);
    assert_eq!(home.wait_for("disconnected", 1)[0]["why"], "too_many_connections");
    crowd.leave(ana);
    crowd.run("ana has left", |crowd| crowd.has_left(ana));
    home.wait_for("disconnected", 2);
    crowd.log_in(3, "zoe");
}
