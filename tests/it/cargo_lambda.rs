//! `cargo lambda watch` and `cargo lambda invoke` as in the README, with the database of a `World`.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use hb_domain::plan::Plan;
use hb_local::functions;
use hb_local::template::Template;
use hb_tests::binaries::{binary, cargo};
use hb_tests::function::{environment, recorded};
use hb_tests::listeners::{listening, started_with};
use hb_tests::process::signal;
use hb_tests::{Client, Process, World};
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

/// A running `cargo lambda watch`. Dropping it also stops the functions that it has started.
struct Watch {
    process: Process,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Watch {
    /// Starts it at the root of the workspace, with the environment file that `cargo run` writes.
    async fn start(world: &World) -> Self {
        // Build the functions first, so that the watcher does not have to.
        binary("auth");
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("lambda.env");
        let variables = environment(world);
        let lines: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(&file, lines).expect("the file");
        let mut command = Command::from(cargo());
        command.args(["lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1"]);
        command.args(["--invoke-port", &port.to_string(), "--env-file"]).arg(&file).process_group(0);
        for (name, _) in variables {
            command.env_remove(name);
        }
        let mut watch = Self { process: Process::start(&mut command), port, _folder: folder };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            tokio::select! {
                () = watch.process.exited() => panic!("cargo lambda watch ended; is cargo-lambda installed?"),
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
        watch
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn functions(&self) -> Vec<u32> {
        let of = |name| started_with("AWS_LAMBDA_RUNTIME_API", &format!(":{}/.rt/{name}", self.port));
        functions::route_tables().flat_map(|(name, _)| of(name)).collect()
    }

    /// The output of `cargo lambda invoke`.
    async fn invoke(&self, function: &str, file: &std::path::Path) -> Value {
        let mut command = Command::from(cargo());
        command.args(["lambda", "invoke", function, "--invoke-address", "127.0.0.1", "--invoke-port"]);
        command.arg(self.port.to_string()).arg("--data-file").arg(file);
        let ended = Process::start(&mut command).ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        serde_json::from_str(&ended.stdout.concat()).expect("an answer is JSON")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        signal("TERM", &format!("-{}", self.process.id()));
        // The functions end with the watcher, unless it was about to start one.
        for function in self.functions() {
            signal("KILL", &function.to_string());
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
#[ignore = "needs cargo-lambda from PyPI; .ci/run runs it"]
async fn watch_serves_the_routes_of_the_template_and_invoke_answers() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let watch = Watch::start(&world).await;
    let client = Client::new(&watch.url()).with(&account.key);

    // Each path reaches the function that the template names, as the `Allow` header of its route table shows.
    for route in Template::embedded().expect("the template").routes() {
        let path = route.path.unwrap_or_else(|| "/api/v1/memory".into()).replace("{id}", "mem_x");
        let path = path.replace("{eventId}", "evt_x").replace("{file}", "start.js");
        let watched = client.send(Method::OPTIONS, &path, None).await;
        let local = instance.client.send(Method::OPTIONS, &path, None).await;
        assert_eq!(watched.status, local.status, "{path}");
        assert_eq!(watched.header("allow"), local.header("allow"), "{path}");
    }
    assert_eq!(client.get("/health").await.data()["status"], "ok");
    assert_eq!(client.get("/api/v1/memories").await.data()["pagination"]["total"], 0);
    let new = json!({"content": "tea, no sugar", "type": "semantic"});
    let created = client.post("/api/v1/memories", new).await;
    assert_eq!(created.status, 201);
    let path = created.header("location").to_owned();
    let patched = client.send(Method::PATCH, &path, Some(json!({"importance": 0.9}))).await;
    assert_eq!(patched.data()["importance"], 0.9);
    assert_eq!(client.send(Method::HEAD, &path, None).await.status, 200);
    client.send(Method::POST, &path, None).await.expect(405, "METHOD_NOT_ALLOWED");
    assert_eq!(client.send(Method::DELETE, &path, None).await.status, 200);
    client.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    assert_eq!(client.get("/api/v1/api-keys").await.data()["keys"][0]["id"], account.id.as_str());
    for unknown in ["/", "/nowhere", "/api/v1/memories/a/b"] {
        client.get(unknown).await.expect(404, "RESOURCE_NOT_FOUND");
    }

    let health = hb_tests::binaries::workspace().join("tests/events/health.json");
    assert_eq!(watch.invoke("auth", &health).await["statusCode"], 200);
    let folder = tempfile::tempdir().expect("a folder");
    let event = folder.path().join("event.json");
    let list = recorded("list-memories.json", &account.key);
    std::fs::write(&event, list.to_string()).expect("a file");
    let answer = watch.invoke("memories", &event).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");

    assert_eq!(watch.functions().len(), functions::route_tables().count());
    let listening = listening(watch.process.id());
    assert_eq!(listening.len(), 1, "{listening:?}");
    assert!(listening.iter().all(|address| address.ip().is_loopback()), "{listening:?}");
}
