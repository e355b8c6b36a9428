//! The data directory as the file system sees it.
#![expect(clippy::disallowed_methods, reason = "these tests look at the files")]
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tertulia_server::data_dir::DataDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn it_is_made_for_its_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a").join("b");
    let dir = DataDir::open(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("lock")), 0o600);
    assert_eq!(mode(&dir.database()), 0o600);
    assert_eq!(fs::metadata(dir.database()).unwrap().len(), 0);
    assert_eq!(dir.activity_log(), path.join("logs.json"));
    assert_eq!(dir.path(), path);
}

#[test]
fn one_server_at_a_time_and_the_error_names_directory_and_process() {
    let home = tempfile::tempdir().unwrap();
    let first = DataDir::open(home.path()).unwrap();
    let error = DataDir::open(home.path()).unwrap_err();
    assert!(error.is_in_use());
    let text = error.to_string();
    assert!(text.contains(&home.path().display().to_string()), "{text}");
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");

    fs::write(home.path().join("lock"), "not a number, and far longer than any number could be\n").unwrap();
    let text = DataDir::open(home.path()).unwrap_err().to_string();
    assert!(text.contains("another server is running") && !text.contains("process"), "{text}");

    drop(first);
    assert_eq!(fs::read(home.path().join("lock")).unwrap(), b"");
    DataDir::open(home.path()).unwrap();
}

#[test]
fn what_was_there_stays() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("tertulia.db"), "data").unwrap();
    fs::set_permissions(home.path(), PermissionsExt::from_mode(0o750)).unwrap();
    let dir = DataDir::open(home.path()).unwrap();
    assert_eq!(fs::read(dir.database()).unwrap(), b"data");
    assert_eq!(mode(home.path()), 0o750, "somebody else decided that");
}

#[test]
fn a_directory_where_anybody_may_write_is_refused() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let error = DataDir::open(home.path()).unwrap_err();
    assert!(error.to_string().contains("anybody may write"), "{error}");
    assert!(!error.is_in_use());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing was left there");
}

#[test]
fn a_file_is_no_directory() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let text = DataDir::open(&file).unwrap_err().to_string();
    assert!(text.contains("data directory") && text.contains("file"), "{text}");
    let text = DataDir::open(&file.join("below")).unwrap_err().to_string();
    assert!(text.contains("cannot make the data directory"), "{text}");
}

#[test]
fn without_rights_the_error_says_whose_it_must_be() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), PermissionsExt::from_mode(0o500)).unwrap();
    if fs::write(home.path().join("probe"), "").is_ok() {
        // The system administrator may write everywhere; there is nothing to see.
        return;
    }
    let text = DataDir::open(home.path()).unwrap_err().to_string();
    assert!(text.contains("no right to write") && text.contains(&home.path().display().to_string()), "{text}");
}
