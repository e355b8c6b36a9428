//! A room as lines of JSON.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;

use crate::data::Data;

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
