//! The workspace's real binaries, built at most once by a test process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// A cargo command at the root of the workspace, with the same cargo that built the tests.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace());
    cargo
}

/// The path of this binary. The first call builds all of them with the tests' profile, so that only the binaries
/// themselves have to be built.
pub fn binary(name: &str) -> &'static Path {
    let built = BUILT.get_or_init(build);
    built.get(name).unwrap_or_else(|| panic!("the workspace has no binary {name}; it has {:?}", built.keys()))
}

fn build() -> HashMap<String, PathBuf> {
    let mut cargo = cargo();
    cargo.args(["build", "--workspace", "--bins", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo runs");
    assert!(
        output.status.success(),
        "the binaries do not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
    messages
        .lines()
        .filter_map(|line| {
            let message: Value = serde_json::from_str(line).expect("a message of cargo is JSON");
            let executable = message["executable"].as_str()?;
            Some((message["target"]["name"].as_str()?.to_owned(), PathBuf::from(executable)))
        })
        .collect()
}
