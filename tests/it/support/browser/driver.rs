//! The processes of a browser: chromedriver, and the Chromium that it starts.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::listeners::group;
use crate::process::signal;

/// Starts the driver, and kills it and its browser when the standard input ends: also if the test process is killed.
const GUARD: &str = r#""$0" --port=0 & exec >/dev/null; cat; kill -s KILL 0"#;

/// The browser and its driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// Chromium.
    pub chromium: PathBuf,
    /// Its WebDriver server.
    pub chromedriver: PathBuf,
}

impl Binaries {
    /// Those in the folders of `path`; `None` unless both are installed.
    pub fn on(path: &OsStr) -> Option<Self> {
        let find =
            |name| std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file());
        Some(Self { chromium: find("chromium")?, chromedriver: find("chromedriver")? })
    }
}

/// A running driver. All its processes are killed, and its files removed, when it is dropped.
#[derive(Debug)]
pub(super) struct Driver {
    guard: Child,
    url: String,
    folder: TempDir,
}

impl Driver {
    /// Starts the driver on a free port of loopback.
    pub(super) async fn start(binaries: &Binaries) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]).arg(&binaries.chromedriver).process_group(0);
        // Chromium writes to the home folder what is not part of a profile.
        command.env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut guard = command.spawn().expect("sh runs");
        let stdout = guard.stdout.take().expect("a pipe");
        // From here on the processes end with the test.
        let mut driver = Self { guard, url: String::new(), folder };
        let port = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let port = lines.find_map(|line| {
                let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            });
            // The driver would block if nobody read what it prints.
            std::thread::spawn(move || lines.for_each(drop));
            port
        });
        let port = port.await.expect("a thread").expect("chromedriver prints its port");
        driver.url = format!("http://127.0.0.1:{port}");
        driver
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn process_group(&self) -> u32 {
        self.guard.id()
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a new session is asked for: the browser with a profile of its own and its logs. No name resolves, so that
    /// neither a page nor the browser itself reaches another machine.
    pub(super) fn capabilities(&self, binaries: &Binaries) -> Value {
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        json!({
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": {
                "binary": binaries.chromium,
                "args": [
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-dev-shm-usage",
                    "--disable-background-networking",
                    "--no-first-run",
                    "--hide-scrollbars",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
                    "--homepage=about:blank",
                    profile,
                ],
            },
        })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let id = self.guard.id();
        signal("KILL", &format!("-{id}"));
        let _ = self.guard.wait();
        // A process that is being killed may still write to the folder.
        let deadline = Instant::now() + Duration::from_secs(10);
        while !group(id).is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
