//! Every command in the Markdown documents is run: `curl` and `.` here, in their order; every other command by the file that
//! `RUN_ELSEWHERE` names. The commands leave the sample memories as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hb_domain::ApiKey;
use hb_domain::plan::Plan;
use hb_domain::webhook::UrlPolicy;
use hb_local::sample;
use hb_local::state::Folder;
use hb_tests::{Client, Curl, World};
use http::Method;
use serde_json::Value;

/// Commands other than curl and `.`: the file that runs each, and the text in that file which runs it.
const RUN_ELSEWHERE: [(&str, &str, &str); 23] = [
    (
        "cargo run -p hb -- --env-file .herobrain/lambda.env tenant list",
        "tests/it/operator.rs",
        "scene.hb(\"tenant list\")",
    ),
    ("cargo run -p hb -- --help", "tests/it/operator.rs", "arg(\"--help\")"),
    ("cargo run -- jwt --sub user_123", "tests/it/local.rs", "\"jwt\", \"--sub\""),
    ("cargo run -- receive", "tests/it/local_webhooks.rs", "\"receive\""),
    ("cargo run", ".ci/run", "cargo run --quiet -- --help"),
    ("cargo test", ".ci/run", "\ncargo test\n"),
    ("cargo test -p hb-tests races", "tests/it/main.rs", "mod races;"),
    ("cargo test -p hb-tests browser", "tests/it/main.rs", "mod browser;"),
    ("cargo clippy --workspace --all-targets", ".ci/run", "cargo clippy --workspace --all-targets"),
    (".ci/run", ".ci/run", "step \"Done\""),
    (
        "cargo lambda watch --invoke-address 127.0.0.1 --invoke-port 9100 --env-file .herobrain/lambda.env",
        "tests/it/cargo_lambda.rs",
        "--env-file",
    ),
    (
        "cargo lambda invoke auth --invoke-address 127.0.0.1 --invoke-port 9100 --data-file tests/events/health.json",
        "tests/it/cargo_lambda.rs",
        "--data-file",
    ),
    ("sam build", "tests/deploy/proof.py", "\"sam\", \"build\""),
    (
        "sam deploy --config-file infra/samconfig.toml --config-env dev",
        "tests/deploy/proof.py",
        "[\"--config-file\", ROOT / \"infra/samconfig.toml\", \"--config-env\", \"dev\"]",
    ),
    ("hb --env-file operator.env doctor", "tests/deploy/proof.py", "[*hb, \"doctor\"]"),
    (
        "hb --env-file operator.env tenant create smoke --plan free",
        "tests/deploy/proof.py",
        "\"tenant\", \"create\", TENANT, \"--plan\", \"free\"",
    ),
    ("hb --env-file operator.env dashboard-link smoke", "tests/it/local_dashboard.rs", "dashboard-link acme"),
    ("hb --env-file operator.env key create smoke", "tests/deploy/proof.py", "\"key\", \"create\", TENANT"),
    ("hb --env-file operator.env reindex acme --dry-run", "tests/it/operator_reindex.rs", "--dry-run"),
    ("hb --env-file operator.env reindex acme", "tests/it/operator_reindex.rs", "reindex acme"),
    (
        "hb --env-file operator.env reindex --all --rate 400",
        "tests/it/operator_reindex.rs",
        "reindex --all --rate",
    ),
    (
        "hb --env-file operator.env webhooks reencrypt",
        "tests/it/operator_webhooks.rs",
        "&[\"webhooks\", \"reencrypt\"]",
    ),
    (
        "API_URL=https://… API_KEY=hb_prod_… tests/deploy/smoke.py",
        "tests/deploy/proof.py",
        "HERE / \"smoke.py\"",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Markdown file of the project, the README first.
fn documents() -> Vec<PathBuf> {
    let mut documents = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for folder in ["infra", "infra/adr"] {
        let entries = fs::read_dir(root().join(folder)).expect("the folder");
        documents.extend(
            entries
                .map(|entry| entry.expect("an entry").path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "md")),
        );
    }
    documents
}

/// The commands of a document's `sh` blocks.
fn commands(document: &str) -> Vec<String> {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(commands_of_block).collect()
}

/// The commands of one block. A line that ends in a backslash continues on the next line.
pub(crate) fn commands_of_block(block: &str) -> Vec<String> {
    let (mut commands, mut whole) = (Vec::new(), String::new());
    for line in block.lines() {
        whole.push_str(line);
        if line.ends_with('\\') {
            whole.push('\n');
            continue;
        }
        let command = whole.split("  #").next().unwrap_or_default().trim();
        commands.extend((!command.is_empty()).then(|| command.to_owned()));
        whole.clear();
    }
    commands
}

#[tokio::test]
async fn every_command_of_the_documents_is_run() {
    let mut world = World::new().await;
    // As the local stack, which the README uses.
    world.webhook_urls = UrlPolicy::Local;
    let account = world.account(sample::TENANT, Plan::Pro).await;
    let instance = world.instance().await;
    sample::ensure_memories(&world.store, &account.tenant, world.clock.now()).await.expect("sample memories");
    let mut curls = 0;
    // Variables that a command has set, which later commands may use.
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut unused: BTreeSet<&str> = RUN_ELSEWHERE.iter().map(|(command, ..)| *command).collect();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("the document");
        for command in commands(&text) {
            let location = format!("{}: {command}", document.display());
            let (variable, command) = assigned(&command);
            if command.starts_with("curl") {
                let command = substitute(command, &variables)
                    .unwrap_or_else(|name| panic!("{location}: no command before this one sets {name}"));
                let command = ["9000", "9100"].iter().fold(command, |command, port| {
                    command.replace(&format!("http://127.0.0.1:{port}"), &instance.url)
                });
                let answer = Curl::parse(&command).run(&instance).await;
                assert!(answer.status.is_success(), "{location}: {}", answer.text);
                if let Some((name, pointer)) = variable {
                    let value = answer.json.pointer(&pointer).and_then(Value::as_str);
                    let value = value.unwrap_or_else(|| panic!("{location}: no text at {pointer}"));
                    variables.insert(name, value.to_owned());
                }
                curls += 1;
            } else if command == ". .herobrain/credentials" {
                let key = ApiKey::parse(&account.key).expect("a key");
                variables.insert("KEY".into(), sourced(&key, command, "KEY"));
            } else {
                let known = RUN_ELSEWHERE.iter().find(|(known, ..)| *known == command);
                let (command, file, how) = known.unwrap_or_else(|| {
                    panic!(
                        "{location}: run the command in a test, or add the file that runs it to RUN_ELSEWHERE"
                    )
                });
                let runner = fs::read_to_string(root().join(file)).expect("the file that runs it");
                assert!(runner.contains(how), "{location}: {file} no longer runs it");
                unused.remove(command);
            }
        }
    }
    assert!(curls >= 5, "only {curls} curl commands were found");
    let left = exported_ids(&instance.client.with(&account.key)).await;
    for memory in sample::read_sample(&account.tenant).expect("sample memories") {
        assert!(left.contains(&memory.id.to_string()), "a command of the documents deletes {}", memory.id);
    }
    assert!(unused.is_empty(), "no document contains these commands: {unused:?}");
}

/// The variable that `NAME=$(curl … | jq -r '.path')` sets, with the JSON pointer of its value, and the command within; otherwise the whole
/// command.
fn assigned(command: &str) -> (Option<(String, String)>, &str) {
    let parts = command.split_once("=$(curl").and_then(|(name, _)| {
        let within = command.strip_prefix(name)?.strip_prefix("=$(")?.strip_suffix(')')?;
        let (within, path) = within.split_once(" | jq -r ")?;
        Some((
            Some((name.to_owned(), path.trim_matches('\'').replace(['.', '['], "/").replace(']', ""))),
            within,
        ))
    });
    parts.unwrap_or((None, command))
}

#[test]
fn a_variable_is_set_by_a_command_in_parentheses() {
    let command = "WEBHOOK=$(curl \"http://h/$KEY\" | jq -r '.data.webhooks[0].id')";
    let expected = Some(("WEBHOOK".to_owned(), "/data/webhooks/0/id".to_owned()));
    assert_eq!(assigned(command), (expected, "curl \"http://h/$KEY\""));
    assert_eq!(assigned("curl http://h/"), (None, "curl http://h/"));
}

/// The ids of all memories.
async fn exported_ids(client: &Client) -> BTreeSet<String> {
    let page = client.get("/api/v1/memories/export").await;
    assert_eq!((page.status.as_u16(), page.header("link")), (200, ""), "one page: {}", page.text);
    let memories = page.text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a memory"));
    memories.map(|memory| memory["id"].as_str().expect("an id").to_owned()).collect()
}

/// The value of a variable after a shell has run `command` beside a folder that contains this key.
fn sourced(key: &ApiKey, command: &str, variable: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Folder::open(&folder.path().join(".herobrain")).expect("a folder");
    kept.keep_sample_key(key).expect("a file");
    let script = format!("set -eu; {command}; printf %s \"${variable}\"");
    let ended = std::process::Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output();
    let ended = ended.expect("a shell");
    assert!(ended.status.success(), "{command}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).expect("text")
}

/// `command` with the values of its variables.
///
/// # Errors
/// The name of a variable that has no value.
pub(crate) fn substitute(command: &str, variables: &BTreeMap<String, String>) -> Result<String, String> {
    let mut parts = command.split('$');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        whole.push_str(variables.get(name).ok_or_else(|| name.to_owned())?);
        whole.push_str(rest);
    }
    Ok(whole)
}

#[test]
fn a_command_with_a_variable_that_no_command_before_sets_fails() {
    let variables = BTreeMap::from([("KEY".to_owned(), "hb_prod_1".to_owned())]);
    let command = "curl -H \"Authorization: Bearer $KEY\" http://h/";
    assert_eq!(substitute(command, &variables), Ok(command.replace("$KEY", "hb_prod_1")));
    assert_eq!(substitute(command, &BTreeMap::new()), Err("KEY".to_owned()));
    assert_eq!(substitute("curl $KEYS", &variables), Err("KEYS".to_owned()));
}

#[test]
fn a_command_is_parsed_like_a_shell_and_curl_parse_it() {
    let read = Curl::parse("curl \"http://h/p?a=b&c=d\" \\\n  -H \"A: b c\" \\\n  -d '{\n  \"e\": \"f\"\n}'");
    let headers = [("A", "b c"), ("Content-Type", "application/x-www-form-urlencoded")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(
        read.parts(),
        (&Method::POST, "http://h/p?a=b&c=d", headers.as_slice(), "{\n  \"e\": \"f\"\n}")
    );
    assert_eq!(Curl::parse("curl -I http://h/").parts().0, Method::HEAD);
}

#[test]
#[should_panic(expected = "-k is not an option that documents use")]
fn an_unknown_curl_option_fails() {
    Curl::parse("curl -k http://h/");
}
