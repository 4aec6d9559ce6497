//! What is sent is accepted by programs that nobody here wrote, and by the receivers in infra/WEBHOOKS.md. Both refuse what was
//! changed, what is old, and what another secret has signed.

mod messages;
mod recipe;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hb_tests::binaries::workspace;
use serde_json::{Value, json};

use messages::{Message, messages};

/// The folder with the packages that verify: those of npm, and in `python` an environment with that of PyPI.
fn packages() -> PathBuf {
    workspace().join("target/ci-standard-webhooks")
}

/// A folder with the messages in `messages.json`.
fn folder(messages: &[Message]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let listed: Vec<Value> = messages.iter().map(Message::to_json).collect();
    fs::write(folder.path().join("messages.json"), json!(listed).to_string()).expect("a file");
    folder
}

/// What a program prints, which is JSON.
fn output(program: impl AsRef<Path>, arguments: &[&Path]) -> Value {
    let output = Command::new(program.as_ref()).args(arguments).output().expect("the program is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn script(name: &str) -> PathBuf {
    workspace().join("tests/webhooks").join(name)
}

/// The block of infra/WEBHOOKS.md with this name.
fn recipe(name: &str) -> String {
    let document = fs::read_to_string(workspace().join("infra/WEBHOOKS.md")).expect("the document");
    let start = format!(" recipe={name}\n");
    let (_, rest) = document.split_once(&start).unwrap_or_else(|| panic!("no recipe {name}"));
    rest.split("```").next().expect("a block").to_owned()
}

/// Checks the verdicts on messages, of which each is a list or a single one.
#[track_caller]
fn assert_verdicts(program: &str, messages: &[Message], verdicts: &Value, accepted: &Value) {
    let verdicts = verdicts.as_array().expect("a list");
    assert_eq!(verdicts.len(), messages.len());
    for (message, verdict) in messages.iter().zip(verdicts) {
        let all = verdict.as_array().cloned().unwrap_or_else(|| vec![verdict.clone()]);
        assert!(!all.is_empty());
        for verdict in all {
            assert_eq!(verdict == *accepted, message.is_good, "{program}: {}: {verdict}", message.name);
        }
    }
}

#[tokio::test]
#[ignore = "needs npm's standardwebhooks and svix, and PyPI's standardwebhooks; .ci/run runs it"]
async fn libraries_of_standard_webhooks_accept_what_is_sent_and_nothing_else() {
    let messages = messages().await;
    let folder = folder(&messages);
    let file = folder.path().join("messages.json");
    let verdicts = output("node", &[&script("libraries.mjs"), &packages(), &file]);
    for library in ["standardwebhooks", "svix"] {
        assert_verdicts(library, &messages, &verdicts[library], &json!(true));
    }
    let verdicts = output(packages().join("python/bin/python"), &[&script("libraries.py"), &file]);
    assert_verdicts("standardwebhooks of PyPI", &messages, &verdicts, &json!(true));
}

#[tokio::test]
#[ignore = "needs node and npm's standardwebhooks; .ci/run runs it"]
async fn the_receivers_for_node_accept_what_is_sent_and_nothing_else() {
    let messages = messages().await;
    for kind in ["lambda", "request"] {
        let folder = folder(&messages);
        let (file, receiver) = (folder.path().join("messages.json"), folder.path().join("receiver.mjs"));
        fs::write(&receiver, recipe(kind)).expect("a file");
        std::os::unix::fs::symlink(packages().join("node_modules"), folder.path().join("node_modules"))
            .expect("a link");
        let answers = output("node", &[&script("recipes.mjs"), Path::new(kind), &receiver, &file]);
        assert_verdicts(kind, &messages, &answers, &json!(204));
        let refused = answers.as_array().into_iter().flatten().flat_map(|all| all.as_array().cloned());
        assert!(refused.flatten().all(|status| status == 204 || status == 401), "{kind}: {answers}");
    }
}

#[tokio::test]
#[ignore = "needs python3; .ci/run runs it"]
async fn the_receiver_for_python_accepts_what_is_sent_and_nothing_else() {
    let messages = messages().await;
    let folder = folder(&messages);
    let (file, receiver) = (folder.path().join("messages.json"), folder.path().join("receiver.py"));
    fs::write(&receiver, recipe("python")).expect("a file");
    let verdicts = output("python3", &[&script("recipes.py"), &receiver, &file]);
    assert_verdicts("python", &messages, &verdicts, &json!(true));
}

#[tokio::test]
async fn the_receiver_for_rust_accepts_what_is_sent_and_nothing_else() {
    assert_eq!(recipe("rust"), include_str!("receivers/recipe.rs"), "infra/WEBHOOKS.md shows what is tested");
    let messages = messages().await;
    let now = messages::now().seconds().cast_unsigned();
    let verdicts = messages.iter().map(|message| {
        let header = |name: &str| message.headers.get(name).map(String::as_str);
        recipe::is_signed(&message.secret, header, message.body.as_bytes(), now)
    });
    let verdicts: Vec<bool> = verdicts.collect();
    assert_verdicts("rust", &messages, &json!(verdicts), &json!(true));
}
