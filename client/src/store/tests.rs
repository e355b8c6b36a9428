//! The store against a real directory.
#![expect(clippy::disallowed_methods, reason = "these tests damage files on purpose, and look at what was written")]

use std::fs;

use tertulia_protocol::{PublicKey, UserName};

use super::*;

fn profile() -> (tempfile::TempDir, Profile) {
    let dir = tempfile::tempdir().unwrap();
    let profile = Profile::open(dir.path().join("some/where")).unwrap();
    (dir, profile)
}

#[cfg(unix)]
fn mode_of(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o7777
}

#[test]
fn the_device_key_is_made_once_and_stays() {
    let (_dir, profile) = profile();
    assert!(!profile.has_device_key());
    let made = profile.device_key().unwrap();
    assert!(profile.has_device_key());
    assert_eq!(profile.device_key().unwrap().public(), made.public());
}

#[cfg(unix)]
#[test]
fn a_profile_is_its_owners_alone() {
    let (_dir, profile) = profile();
    let key = profile.dir().join("device.key");
    profile.device_key().unwrap();
    assert_eq!(mode_of(profile.dir()), 0o700);
    assert_eq!(mode_of(&key), 0o600);

    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    profile.device_key().unwrap();
    assert_eq!(mode_of(&key), 0o600, "a key that became readable by others is taken back");
}

/// It stayed as open as it was found, with the key of the device in it.
#[cfg(unix)]
#[test]
fn a_profile_that_was_open_to_others_is_taken_back_and_nothing_else_is() {
    let open_to_all = |path: &Path, mode| {
        fs::create_dir_all(path).unwrap();
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().join("ours");
    for mode in [0o755, 0o777] {
        open_to_all(&ours, mode);
        let profile = Profile::open(&ours).unwrap();
        profile.device_key().unwrap();
        fs::write(ours.join("servers.json.new"), "left over from a power cut").unwrap();
        assert_eq!((mode_of(&ours), profile.warning()), (0o700, None));
    }
    for (name, mode, warned) in [("home", 0o755, false), ("shared", 0o777, true), ("tmp", 0o1777, true)] {
        let path = dir.path().join(name);
        open_to_all(&path, mode);
        if mode & 0o1000 == 0 {
            fs::write(path.join("diary.txt"), "of no business of ours").unwrap();
        }
        let profile = Profile::open(&path).unwrap();
        assert_eq!((mode_of(&path), profile.warning().is_some()), (mode, warned), "{name}");
    }
}

#[test]
fn a_damaged_key_is_told_and_never_overwritten() {
    let (_dir, profile) = profile();
    let path = profile.dir().join("device.key");
    profile.device_key().unwrap();
    let good = fs::read(&path).unwrap();

    let mut flipped = good.clone();
    flipped[20] ^= 1;
    for damaged in [flipped, good[..40].to_vec(), Vec::new()] {
        fs::write(&path, &damaged).unwrap();
        let error = profile.device_key().unwrap_err();
        assert!(matches!(error.problem, Problem::Damaged(_)), "{error}");
        assert!(error.to_string().contains("device.key"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}

#[test]
fn pins_and_logins_are_remembered_per_server() {
    let (_dir, profile) = profile();
    let home: ServerAddress = "home".parse().unwrap();
    let work: ServerAddress = "Work:80".parse().unwrap();
    profile.pin(&home, PublicKey([1; 32])).unwrap();
    profile.pin(&work, PublicKey([2; 32])).unwrap();
    profile.remember_login(&work, "Zoë").unwrap();

    let servers = Profile::open(profile.dir()).unwrap().servers().unwrap();
    assert_eq!(servers.pinned(&home), Some(PublicKey([1; 32])));
    assert_eq!(servers.pinned(&"work:80".parse().unwrap()), Some(PublicKey([2; 32])));
    assert_eq!(servers.pinned(&"work".parse().unwrap()), None);
    assert_eq!(servers.name_on(&work), Some("Zoë"));
    assert_eq!(servers.name_on(&home), None);
    assert_eq!(servers.last_name(), Some("Zoë"));
    assert_eq!(servers.last_server(), Some(work));
}

#[test]
fn a_damaged_list_of_servers_is_told_and_never_replaced() {
    let (_dir, profile) = profile();
    let path = profile.dir().join("servers.json");
    for damaged in ["{", r#"{"servers": {"a:1": {"key": "zz"}}}"#, ""] {
        fs::write(&path, damaged).unwrap();
        let error = profile.pin(&ServerAddress::default(), PublicKey([1; 32])).unwrap_err();
        assert!(matches!(error.problem, Problem::Damaged(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
}

#[test]
fn what_a_newer_version_wrote_is_kept() {
    let (_dir, profile) = profile();
    let path = profile.dir().join("servers.json");
    fs::write(&path, r#"{"servers": {"localhost:7667": {"words": "a b"}}, "theme": "dark"}"#).unwrap();
    profile.remember_login(&ServerAddress::default(), "ana").unwrap();
    let written = fs::read_to_string(&path).unwrap();
    for kept in ["\"words\": \"a b\"", "\"theme\": \"dark\"", "\"name\": \"ana\""] {
        assert!(written.contains(kept), "{written}");
    }
}

#[test]
fn a_file_left_by_a_killed_program_is_in_nobodys_way() {
    let (_dir, profile) = profile();
    fs::write(profile.dir().join("servers.json.new"), "half of").unwrap();
    profile.remember_login(&ServerAddress::default(), "ana").unwrap();
    assert_eq!(profile.servers().unwrap().last_name(), Some("ana"));
    assert!(!profile.dir().join("servers.json.new").exists());
}

#[test]
fn a_second_window_on_a_profile_says_so() {
    let (_dir, profile) = profile();
    let first = profile.lock().unwrap();
    let error = Profile::open(profile.dir()).unwrap().lock().unwrap_err();
    assert_eq!(error.problem, Problem::InUse);
    profile.remember_login(&ServerAddress::default(), "ana").expect("scripts may use it meanwhile");
    drop(first);
    profile.lock().expect("the window is gone");
}

#[test]
fn each_name_has_its_profile() {
    let dir = |name: &str| {
        let name = UserName::parse(name).unwrap();
        profile_dir(Path::new("/d"), Some(&name)).to_str().unwrap().to_owned()
    };
    assert_eq!(profile_dir(Path::new("/d"), None), Path::new("/d/tertulia/default"));
    assert_eq!(dir("default"), "/d/tertulia/name-default");
    assert_eq!(dir("ana"), "/d/tertulia/name-ana");
    assert_eq!(dir("Ana"), "/d/tertulia/name-_41na");
    assert_eq!(dir("Zoë 2"), "/d/tertulia/name-_5ao_c3_ab_202");
    assert_eq!(dir("a_b"), "/d/tertulia/name-a_5fb");
    assert_eq!(dir("..a/b"), "/d/tertulia/name-_2e_2ea_2fb");
}

#[test]
fn the_data_of_a_person_is_where_the_desktop_says() {
    let path = |path: &str| Some(PathBuf::from(path));
    assert_eq!(data_home(path("/x"), path("/h")), path("/x"));
    assert_eq!(data_home(path("relative"), path("/h")), path("/h/.local/share"));
    assert_eq!(data_home(None, path("/h")), path("/h/.local/share"));
    assert_eq!(data_home(None, None), None);
}
