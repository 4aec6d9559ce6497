//! A process under test: its output is recorded, and it never outlives the test.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The timeout after which a test fails instead of hanging; everything is much faster.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A running process; it is killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: mpsc::UnboundedReceiver<String>,
    stderr: JoinHandle<String>,
}

/// The result of a process.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The lines of standard output that were not [taken](Process::line) before.
    pub stdout: Vec<String>,
    /// All of standard error.
    pub stderr: String,
}

impl Process {
    /// Starts the command.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let (lines, stdout) = mpsc::unbounded_channel();
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = reader.next_line().await {
                let _ = lines.send(line);
            }
        });
        let mut pipe = child.stderr.take().expect("a pipe");
        let stderr = tokio::spawn(async move {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes).await;
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { child, stdout, stderr }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the process has not been waited for")
    }

    /// The next line of standard output; `None` at its end.
    pub async fn line(&mut self) -> Option<String> {
        patiently(self.stdout.recv()).await
    }

    /// Requests termination, as a service manager does, and waits for it.
    pub async fn terminate(self) -> Ended {
        assert!(signal("TERM", &self.id().to_string()), "the process has ended before");
        self.ended().await
    }

    /// Kills it.
    pub async fn kill(mut self) -> Ended {
        self.child.start_kill().expect("the process can be killed");
        self.ended().await
    }

    /// Completes when the process has ended by itself; can be called again.
    pub async fn exited(&mut self) {
        self.child.wait().await.expect("the process can be waited for");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(mut self) -> Ended {
        let status = patiently(self.child.wait()).await.expect("the process can be waited for");
        let mut stdout = Vec::new();
        while let Some(line) = self.stdout.recv().await {
            stdout.push(line);
        }
        Ended { code: status.code(), stdout, stderr: self.stderr.await.expect("standard error") }
    }
}

/// Waits for an event that happens soon unless the code is broken.
pub async fn patiently<T>(awaited: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, awaited).await;
    done.unwrap_or_else(|_| panic!("nothing has happened for {PATIENCE:?}"))
}

/// Sends a signal to a process, or with a leading `-` to a process group; `false` when there is none.
pub fn signal(name: &str, target: &str) -> bool {
    let mut kill = std::process::Command::new("kill");
    let sent = kill.args(["-s", name, "--", target]).stderr(Stdio::null()).status();
    sent.expect("kill runs").success()
}
