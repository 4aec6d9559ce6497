//! What was erased from the local stack is in no file of its folder after the next start.

use std::path::Path;

use hb_tests::Process;
use hb_tests::binaries::binary;
use hb_tests::local::{Herobrain, text, without_sample};
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

/// Words that occur in no dictionary and have no suffix that search would cut off.
const ERASED: [&str; 10] = [
    "zqxvabo",
    "zqxvcudo",
    "zqxvefiko",
    "zqxvgopo",
    "zqxvhuro",
    "zqxvimako",
    "zqxvkelo",
    "zqxvlomo",
    "zqxvmuno",
    "zqxvnipo",
];
const KEPT: &str = "zqwkeptko";

/// Which of the words are in a file of the folder, in any case.
fn found(folder: &Path, words: &[&'static str]) -> Vec<&'static str> {
    let files = std::fs::read_dir(folder.join(".herobrain")).expect("the folder");
    let bytes: Vec<Vec<u8>> = files
        .map(|file| std::fs::read(file.expect("a file").path()).expect("its bytes").to_ascii_lowercase())
        .collect();
    let is_in = |word: &str| {
        bytes.iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    words.iter().copied().filter(|word| is_in(word)).collect()
}

fn memory(word: &str, user: &str) -> Value {
    json!({"content": format!("about {word}"), "type": "semantic", "userId": user})
}

/// Writes all words in different ways, and erases all but one.
async fn write_and_erase(stack: &Herobrain, folder: &Path) {
    let client = &stack.client;
    let created = async |body: Value| {
        let answer = client.post("/api/v1/memories", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        text(&answer.data()["id"]).to_owned()
    };
    let changed = async |method: Method, path: &str, body: Option<Value>| {
        let answer = client.send(method, path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    let kept = created(memory(KEPT, "noor")).await;
    // Content that a patch replaces, in a memory that is kept.
    let patched = created(memory(ERASED[0], "noor")).await;
    changed(Method::PATCH, &format!("/api/v1/memories/{patched}"), Some(json!({"content": "other"}))).await;
    // A memory with the words in every field, longer than a page of the database.
    let long = created(json!({
        "content": format!("{} ", ERASED[1]).repeat(1_000),
        "type": "semantic",
        "tags": [ERASED[2]],
        "metadata": {ERASED[3]: ERASED[4]},
        "userId": ERASED[5],
    }))
    .await;
    changed(Method::DELETE, &format!("/api/v1/memories/{long}"), None).await;
    // Erasures of one owner, and by ids.
    created(memory(ERASED[6], "mallory")).await;
    let line = format!("{}\n", memory(ERASED[7], "mallory"));
    let imported = client.send_raw(Method::POST, "/api/v1/memories/import", &[NDJSON], line).await;
    assert_eq!(imported.data()["imported"], 1, "{}", imported.text);
    let erased = client.post("/api/v1/memories/bulk-delete", json!({"filter": {"userId": "mallory"}})).await;
    assert_eq!((&erased.data()["deleted"], &erased.data()["nextCursor"]), (&json!(2), &Value::Null));
    let one = created(memory(ERASED[8], "noor")).await;
    changed(Method::POST, "/api/v1/memories/bulk-delete", Some(json!({"ids": [one]}))).await;
    // Another tenant, which its operator erases.
    let hb = async |words: &str| {
        let mut command = Command::new(binary("hb"));
        command.current_dir(folder).args(["--env-file", ".herobrain/lambda.env", "--json"]);
        let ended = Process::start(command.args(words.split(' '))).ended().await;
        assert_eq!(ended.code, Some(0), "{words}: {}", ended.stderr);
        serde_json::from_str::<Value>(&ended.stdout[0]).expect("JSON")
    };
    hb("tenant create acme --plan pro").await;
    let key = hb("key create acme").await;
    let other = client.with(text(&key["plainKey"]));
    assert_eq!(other.post("/api/v1/memories", memory(ERASED[9], "noor")).await.status, 201);
    hb("erase acme --yes").await;
    assert_eq!(client.get(&format!("/api/v1/memories/{kept}")).await.status, 200);
}

#[tokio::test]
async fn no_byte_of_erased_content_is_in_the_folder_after_the_next_start() {
    let folder = without_sample();
    let first = Herobrain::start(folder.path(), &[]).await;
    write_and_erase(&first, folder.path()).await;
    first.stop().await;
    let second = Herobrain::start(folder.path(), &[]).await;
    assert_eq!(found(folder.path(), &ERASED), Vec::<&str>::new(), "while it runs");
    assert_eq!(second.count().await, 2);
    second.stop().await;
    assert_eq!(found(folder.path(), &ERASED), Vec::<&str>::new());
    assert_eq!(found(folder.path(), &[KEPT]), [KEPT]);
}

#[tokio::test]
async fn nor_after_a_kill_right_after_the_erasure() {
    let folder = without_sample();
    let first = Herobrain::start(folder.path(), &[]).await;
    write_and_erase(&first, folder.path()).await;
    first.process.kill().await;
    assert_ne!(found(folder.path(), &ERASED), Vec::<&str>::new(), "the log has content until then");
    let second = Herobrain::start(folder.path(), &[]).await;
    second.process.kill().await;
    assert_eq!(found(folder.path(), &ERASED), Vec::<&str>::new());
    assert_eq!(found(folder.path(), &[KEPT]), [KEPT]);
}
