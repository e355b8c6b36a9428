//! What the program says without a server.

use super::*;

fn check(args: &[&str], input: &str, code_expected: u8, error_expected: &str) {
    let home = tempfile::tempdir().unwrap();
    let environment = Environment { xdg_data_home: Some(home.path().to_owned()), ..Environment::default() };
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let args = std::iter::once("tertulia-cli").chain(args.iter().copied()).map(OsString::from);
    let code =
        run(args, &environment, Streams { input: &mut input.as_bytes(), output: &mut output, errors: &mut errors });
    let errors = String::from_utf8(errors).unwrap();
    assert_eq!(code, code_expected, "{errors}");
    assert!(errors.contains(error_expected), "{errors:?} does not say {error_expected:?}");
    assert_eq!(output.is_empty(), code != EXIT_OK);
}

#[test]
fn help_is_an_answer() {
    check(&["--help"], "", 0, "");
    check(&["send", "--help"], "", 0, "");
    check(&["--version"], "", 0, "");
}

#[test]
fn what_is_typed_wrong_is_usage() {
    check(&[], "", 2, "Usage");
    check(&["shout"], "", 2, "shout");
    check(&["send", "--id", "7", "hi"], "", 2, "--id");
    check(&["tail", "--from", "end"], "", 2, "start");
    check(&["users", "--timeout", "soon"], "", 2, "--timeout");
    check(&["users", "--name", "two\nlines"], "", 2, "bad_name: ");
    check(&["users", "--name", "ana", "--server", "a b"], "", 2, "bad_server: ");
}

#[test]
fn a_new_profile_needs_a_name() {
    check(&["send", "hi"], "", 2, "name_needed: nobody has logged in from this profile yet");
    check(&["tail"], "", 2, "--name");
    check(&["users"], "", 2, "--name");
}

#[test]
fn what_is_no_text_is_told_before_anybody_is_asked() {
    check(&["send", "--name", "ana"], "\n\n", 2, "bad_text: the text is empty");
    check(&["send", "--name", "ana"], &"x".repeat(16 * 1024 + 1), 2, "bad_text: the text has 16385 bytes");
    check(&["send", "--name", "ana", ""], "ignored", 2, "bad_text: ");
}

#[test]
fn a_server_that_nobody_runs_is_not_reached() {
    let args = ["send", "--name", "ana", "--server", "127.0.0.1:1", "--timeout", "300ms", "hi"];
    check(&args, "", 3, "not_reached: 127.0.0.1:1: ");
}
