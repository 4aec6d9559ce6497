//! What the documents tell a reader to type is run: curls here, over HTTP, in their order; every other
//! command where this table says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hb_domain::plan::Plan;
use hb_local::sample;
use hb_tests::{Curl, World};
use http::Method;

/// Commands other than curl, the file that runs each, and how it stands there.
const RUN_ELSEWHERE: [(&str, &str, &str); 17] = [
    (
        "cargo run -p hb -- --env-file .herobrain/lambda.env tenant list",
        "tests/it/operator.rs",
        "scene.hb(\"tenant list\")",
    ),
    ("cargo run -p hb -- --help", "tests/it/operator.rs", "arg(\"--help\")"),
    ("cargo run -- jwt --sub user_123", "tests/it/local.rs", "\"jwt\", \"--sub\""),
    ("cargo run", ".ci/run", "cargo run --quiet -- --help"),
    ("cargo test", ".ci/run", "\ncargo test\n"),
    ("cargo test -p hb-tests races", "tests/it/main.rs", "mod races;"),
    ("cargo clippy --workspace --all-targets", ".ci/run", "cargo clippy --workspace --all-targets"),
    (".ci/run", ".ci/run", "step \"Done\""),
    ("export KEY=hb_prod_…", "tests/it/docs.rs", "$KEY"),
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
    ("hb --env-file operator.env key create smoke", "tests/deploy/proof.py", "\"key\", \"create\", TENANT"),
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

/// The commands of a document's `sh` blocks; lines that end in a backslash are one command with the next.
fn commands(document: &str) -> Vec<String> {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut commands: Vec<String> = Vec::new();
    for block in blocks {
        let mut whole = String::new();
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
    }
    commands
}

#[tokio::test]
async fn every_command_of_the_documents_is_run() {
    let world = World::new().await;
    let account = world.account(sample::TENANT, Plan::Pro).await;
    let instance = world.instance().await;
    let mut curls = 0;
    let mut unused: BTreeSet<&str> = RUN_ELSEWHERE.iter().map(|(command, ..)| *command).collect();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("the document");
        for command in commands(&text) {
            let index = format!("{}: {command}", document.display());
            if command.starts_with("curl") {
                let command = command.replace("$KEY", &account.key);
                let command = ["9000", "9100"].iter().fold(command, |command, port| {
                    command.replace(&format!("http://127.0.0.1:{port}"), &instance.url)
                });
                let answer = Curl::parse(&command).run(&instance).await;
                assert!(answer.status.is_success(), "{index}: {}", answer.text);
                curls += 1;
            } else {
                let known = RUN_ELSEWHERE.iter().find(|(known, ..)| *known == command);
                let (command, file, how) =
                    known.unwrap_or_else(|| panic!("{index}: run it in a test, or say where it is run"));
                let runner = fs::read_to_string(root().join(file)).expect("the file that runs it");
                assert!(runner.contains(how), "{index}: {file} does not run it any more");
                unused.remove(command);
            }
        }
    }
    assert!(curls >= 5, "{curls} curls: the blocks are found");
    assert!(unused.is_empty(), "no document names these any more: {unused:?}");
}

#[test]
fn a_command_is_read_as_a_shell_and_curl_do() {
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
fn an_option_that_is_not_known_fails() {
    Curl::parse("curl -k http://h/");
}
