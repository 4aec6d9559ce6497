//! `herobrain`, the local stack, as the process that `cargo run` starts.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::binaries::binary;
use super::process::{Ended, Process};
use super::{Answer, Client};

/// A running `herobrain`; it is killed when dropped.
pub struct Herobrain {
    /// The process.
    pub process: Process,
    /// The line that it printed when it was ready.
    pub ready: Value,
    /// A client with the sample key.
    pub client: Client,
}

/// A folder for `herobrain` that is marked as containing the sample memories already, because writing them takes a
/// while.
pub fn without_sample() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join(".herobrain");
    std::fs::create_dir(&kept).expect("a folder");
    std::fs::write(kept.join("sample"), "written\n").expect("a file");
    folder
}

/// The command in a folder, with these flags and without environment variables that `herobrain` reads.
pub fn herobrain(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(binary("herobrain"));
    command.current_dir(folder).args(flags);
    command.env_remove("AWS_ENDPOINT_URL_DYNAMODB").env_remove("LOG_LEVEL");
    command
}

impl Herobrain {
    /// Starts it in a folder on any free port, with these additional flags, and waits until it is ready.
    pub async fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::start_as(&mut herobrain(folder, &[&["--port", "0", "--json"], flags].concat())).await
    }

    /// Starts the command, which prints JSON, and waits until it is ready.
    pub async fn start_as(command: &mut Command) -> Self {
        let mut process = Process::start(command);
        let Some(line) = process.line().await else {
            panic!("herobrain does not start: {}", process.ended().await.stderr)
        };
        let ready: Value = serde_json::from_str(&line).expect("one line of JSON");
        let client = Client::new(text(&ready["url"])).with(text(&ready["apiKey"]));
        Self { process, ready, client }
    }

    /// Requests termination, and checks that it exits cleanly.
    pub async fn stop(self) -> Ended {
        let ended = self.process.terminate().await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        ended
    }

    /// The number of memories of the sample tenant.
    pub async fn count(&self) -> u64 {
        let page: Answer = self.client.get("/api/v1/memories?limit=1").await;
        page.data()["pagination"]["total"].as_u64().expect("a number")
    }
}

/// A JSON string.
pub fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}
