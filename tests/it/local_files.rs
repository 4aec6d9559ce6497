//! The files of the local stack: where they are, who can read them, and what is left of them.

use std::os::unix::fs::PermissionsExt;

use hb_tests::local::{Herobrain, herobrain};
use serde_json::json;
use tempfile::tempdir;

#[tokio::test]
async fn memory_keeps_nothing_and_makes_no_folder() {
    let folder = tempdir().expect("a folder");
    let temporary = tempdir().expect("a folder");
    let entries = |folder: &tempfile::TempDir| std::fs::read_dir(folder.path()).expect("the folder").count();
    let start = async || {
        let mut command = herobrain(folder.path(), &["--port", "0", "--json", "--memory"]);
        Herobrain::start_as(command.env("TMPDIR", temporary.path())).await
    };
    let first = start().await;
    let new = json!({"content": "gone with the process", "type": "semantic"});
    let path = first.client.post("/api/v1/memories", new).await.header("location").to_owned();
    let key = first.ready["apiKey"].clone();
    assert_eq!(entries(&temporary), 1);
    let kept =
        std::fs::read_dir(temporary.path()).expect("the folder").next().expect("an entry").expect("an entry");
    assert_eq!(kept.metadata().expect("a folder").permissions().mode() & 0o777, 0o700);
    first.stop().await;
    assert_eq!(entries(&temporary), 0, "after a termination");
    let second = start().await;
    assert_ne!(second.ready["apiKey"], key);
    second.client.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    assert!(hb_tests::process::signal("INT", &second.process.id().to_string()));
    assert_eq!(second.process.ended().await.code, Some(0));
    assert_eq!(entries(&temporary), 0, "after Ctrl-C");
    // A killed process leaves its folder to the next one, which leaves those of running ones alone.
    start().await.process.kill().await;
    assert_eq!(entries(&temporary), 1);
    let third = start().await;
    let fourth = start().await;
    assert_eq!(entries(&temporary), 2);
    assert_eq!(third.client.get("/api/v1/memories").await.status, 200);
    third.stop().await;
    fourth.stop().await;
    assert_eq!((entries(&temporary), entries(&folder)), (0, 0));
}

/// The modes of the folder of the local stack and of its files, where they are not what they should be.
fn open_modes(folder: &std::path::Path) -> Vec<String> {
    let kept = folder.join(".herobrain");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let files = std::fs::read_dir(&kept).expect("the folder").map(|file| file.expect("a file").path());
    let files: Vec<_> = files.collect();
    for name in ["dynamodb.sqlite", "dynamodb.sqlite-wal", "dynamodb.sqlite-shm", "credentials"] {
        assert!(files.contains(&kept.join(name)), "{name} is missing in {files:?}");
    }
    let wrong = files.iter().filter(|file| mode(file) != 0o600);
    let wrong = wrong.chain([&kept].into_iter().filter(|kept| mode(kept) != 0o700));
    wrong.map(|path| format!("{} has mode {:o}", path.display(), mode(path))).collect()
}

#[tokio::test]
async fn only_the_owner_can_read_the_folder_and_its_files() {
    let folder = tempdir().expect("a folder");
    // Under a mask that restricts nothing.
    let start = async || {
        let path = hb_tests::binaries::binary("herobrain");
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(path).args(["--port", "0", "--json"]);
        command.current_dir(folder.path()).env_remove("AWS_ENDPOINT_URL_DYNAMODB");
        Herobrain::start_as(&mut command).await
    };
    let stack = start().await;
    assert_eq!(open_modes(folder.path()), Vec::<String>::new());
    stack.process.kill().await;
    // As an earlier version has created them.
    let kept = folder.path().join(".herobrain");
    for file in std::fs::read_dir(&kept).expect("the folder") {
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(file.expect("a file").path(), mode).expect("a mode");
    }
    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let stack = start().await;
    assert_eq!(open_modes(folder.path()), Vec::<String>::new());
    stack.stop().await;
}
