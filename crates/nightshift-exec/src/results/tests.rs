use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn only_regular_files_of_our_own_are_copied() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("out"), dir.path().join("kept/1"));
    fs::create_dir_all(from.join("deep/er")).unwrap();
    fs::write(dir.path().join("secret"), "key").unwrap();
    fs::write(from.join("answer.md"), "42").unwrap();
    fs::write(from.join("deep/er/b.txt"), "b").unwrap();
    fs::write(from.join("huge"), "0123456789a").unwrap();
    fs::hard_link(dir.path().join("secret"), from.join("hard")).unwrap();
    symlink(dir.path().join("secret"), from.join("soft")).unwrap();
    symlink(dir.path(), from.join("soft_dir")).unwrap();
    nix::unistd::mkfifo(&from.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();

    let results = collect(&from, &to, 10);
    let names: Vec<_> = results
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.bytes))
        .collect();
    assert_eq!(names, [("answer.md", 2), ("deep/er/b.txt", 1)]);
    assert_eq!(
        results.left_out,
        [
            "hard: has other names",
            "huge: 11 bytes, more than the limit of 10",
            "pipe: no regular file",
            "soft: a link",
            "soft_dir: a link",
        ]
    );
    assert_eq!(fs::read_to_string(to.join("deep/er/b.txt")).unwrap(), "b");
    let mode = fs::metadata(to.join("answer.md"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_link_in_place_of_the_output_directory_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("private")).unwrap();
    fs::write(dir.path().join("private/key"), "key").unwrap();
    symlink(dir.path().join("private"), dir.path().join("out")).unwrap();
    let results = collect(&dir.path().join("out"), &dir.path().join("kept"), 10);
    assert_eq!(results.files, []);
    assert_eq!(results.left_out, ["the output directory: is gone"]);
}

#[test]
fn files_beyond_the_count_are_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("out");
    fs::create_dir(&from).unwrap();
    for number in 0..=MOST_FILES + MOST_REASONS {
        fs::write(from.join(format!("{number:05}")), "").unwrap();
    }
    let results = collect(&from, &dir.path().join("kept"), 10);
    assert_eq!(results.files.len(), MOST_FILES);
    assert_eq!(results.left_out.len(), MOST_REASONS + 1);
    assert_eq!(results.left_out.last().unwrap(), "1 more files");
}
