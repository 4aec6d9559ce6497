//! `hb` prints no character that a terminal executes or that reorders the text around it, wherever the text comes from.

use hb_domain::plan::Plan;
use hb_tests::binaries::binary;
use hb_tests::process::Ended;
use hb_tests::{Process, World, function};
use serde_json::{Value, json};
use tokio::process::Command;

/// A colour, an override, an isolate, a line break, DEL and a control sequence of one byte.
const NAME: &str = "\u{1b}[31mred\u{202e}\u{2066}\nDEL\u{7f}C1\u{9b}2J";
const ESCAPED: &str = r"\u{1b}[31mred\u{202e}\u{2066}\u{a}DEL\u{7f}C1\u{9b}2J";

async fn hb(world: &World, variables: &[(&str, &str)], words: &[&str]) -> Ended {
    let mut command = Command::new(binary("hb"));
    command.env_clear().envs(function::environment(world)).envs(variables.iter().copied()).args(words);
    Process::start(&mut command).ended().await
}

fn assert_harmless(ended: &Ended) {
    for line in ended.stdout.iter().map(String::as_str).chain(ended.stderr.lines()) {
        assert!(line.chars().all(|c| (' '..='~').contains(&c)), "{line:?}");
    }
}

/// A value of JSON in one line, which may have escapes.
fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

#[tokio::test]
async fn names_and_contents_from_the_database_are_escaped() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let (id, _) = world.key(&account.tenant, hb_domain::Scopes::all(), None).await;
    world.rename_key(&account.tenant, &id, NAME).await;
    client.post("/api/v1/memories", json!({"content": NAME, "type": "task"})).await.expect(201, "");

    let table = hb(&world, &[], &["key", "list", "acme"]).await;
    assert_harmless(&table);
    assert_eq!(table.stdout.len(), 3, "a heading and two keys: {:?}", table.stdout);
    let row = table.stdout.iter().find(|line| line.contains(ESCAPED)).expect("the key");
    // Columns are as wide as what is printed.
    assert_eq!(table.stdout[0].find("STATUS"), row.find("active"), "{:?}", table.stdout);

    let list = hb(&world, &[], &["--json", "key", "list", "acme"]).await;
    assert_harmless(&list);
    let keys = parsed(&list.stdout[0])["keys"].clone();
    assert!(keys.as_array().expect("keys").iter().any(|key| key["name"] == NAME), "{keys}");

    let export = hb(&world, &[], &["export", "acme"]).await;
    assert_harmless(&export);
    assert_eq!(export.stdout.len(), 1);
    assert_eq!(parsed(&export.stdout[0])["content"], NAME);
}

#[tokio::test]
async fn what_comes_from_the_environment_and_from_arguments_is_escaped() {
    let world = World::new().await;
    world.account("acme", Plan::Pro).await;
    let other = [("MEMORIES_TABLE", NAME)];
    let report = hb(&world, &other, &["doctor"]).await;
    assert_harmless(&report);
    assert!(report.stdout.iter().any(|line| line.contains(ESCAPED)), "{:?}", report.stdout);
    assert_harmless(&hb(&world, &other, &["--json", "doctor"]).await);
    for words in [
        &["key", "revoke", "acme", NAME][..],
        &["tenant", "show", NAME],
        &["--env-file", NAME, "doctor"],
        &[NAME],
        &["tenant", "create", "acme", "--per-month", NAME],
        &["--endpoint-url", NAME, "tenant", "list"],
    ] {
        let ended = hb(&world, &[], words).await;
        assert_harmless(&ended);
        assert!(matches!(ended.code, Some(1 | 2)), "{words:?}: {:?}", ended.code);
        assert!(!ended.stderr.is_empty(), "{words:?}");
    }
}
