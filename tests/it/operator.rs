//! `hb`, the operator's command, as a person and as a script run it, against a running local stack.

use std::path::Path;

use hb_local::callers::Callers;
use hb_local::server::Server;
use hb_store::{SecretId, Table};
use hb_tests::binaries::binary;
use hb_tests::local::{Herobrain, without_sample};
use hb_tests::process::Ended;
use hb_tests::process::patiently;
use hb_tests::{Client, Process, World};
use http::Method;
use serde_json::{Value, json};
use strum::{EnumCount, VariantArray};
use tokio::process::Command;

/// A local stack, and `hb` beside it.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    pub(crate) stack: Herobrain,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = without_sample();
        let stack = Herobrain::start(folder.path(), &[]).await;
        Self { folder, stack }
    }

    pub(crate) async fn hb(&self, words: &str) -> Ended {
        self.start(words).ended().await
    }

    /// Starts it.
    pub(crate) fn start(&self, words: &str) -> Process {
        let mut command = Command::new(binary("hb"));
        command.current_dir(self.folder.path()).args(["--env-file", ".herobrain/lambda.env"]);
        command.args(words.split(' '));
        Process::start(without_aws(&mut command))
    }

    /// Runs it for a script.
    pub(crate) async fn json(&self, words: &str) -> Value {
        let ended = self.hb(&format!("--json {words}")).await;
        assert_eq!((ended.code, ended.stdout.len()), (Some(0), 1), "{words}: {}", ended.stderr);
        serde_json::from_str(&ended.stdout[0]).expect("JSON")
    }

    /// Runs it and expects it to fail; what it says.
    pub(crate) async fn problem(&self, words: &str) -> String {
        let ended = self.hb(words).await;
        assert_eq!(ended.code, Some(1), "{words}: {:?}", ended.stdout);
        assert!(
            ended.stderr.contains("hb: ") && ended.stderr.lines().count() == 1,
            "{words}: {}",
            ended.stderr
        );
        ended.stderr
    }

    pub(crate) fn client(&self, credential: &Value) -> Client {
        let url = self.stack.ready["url"].as_str().expect("an address");
        Client::new(url).with(credential.as_str().expect("a credential"))
    }
}

fn without_aws(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
}

#[tokio::test]
async fn a_tenant_from_its_creation_to_its_end() {
    let scene = Scene::new().await;
    let created = scene.json("tenant create acme --plan pro").await;
    assert_eq!(
        (&created["plan"], &created["status"], &created["perMonth"]),
        (&json!("pro"), &json!("active"), &json!(100_000))
    );
    assert!(scene.problem("tenant create acme").await.contains("exists already"));
    let key = scene.json("key create acme --name Server --scopes read:memories,write:memories").await;
    let client = scene.client(&key["plainKey"]);
    client
        .post("/api/v1/memories", json!({"content": "x", "type": "task", "key": "k"}))
        .await
        .expect(201, "");
    assert_eq!(client.get("/api/v1/memories").await.header("x-ratelimit-limit"), "100000");

    scene.json("tenant set-plan acme --plan enterprise --per-month 77 --burst 5").await;
    assert_eq!(
        client.get("/api/v1/memories").await.header("x-ratelimit-limit"),
        "77",
        "from the next request"
    );
    scene.json("tenant suspend acme").await;
    client.get("/api/v1/memories").await.expect(403, "TENANT_SUSPENDED");
    let shown = scene.json("tenant show acme").await;
    assert_eq!(
        (&shown["status"], &shown["memories"]["count"], &shown["usedThisMonth"]),
        (&json!("suspended"), &json!(1), &json!(3))
    );
    scene.json("tenant resume acme").await;
    let all = scene.json("tenant list").await;
    assert_eq!(all["tenants"].as_array().map(Vec::len), Some(2), "and the sample tenant");

    let keys = scene.json("key list acme").await;
    assert_eq!((&keys["keys"][0]["name"], &keys["keys"][0]["status"]), (&json!("Server"), &json!("active")));
    let id = key["id"].as_str().expect("an id");
    scene.json(&format!("key revoke acme {id}")).await;
    // A caller that was just refused is admitted again within five seconds.
    let answer = patiently(async {
        loop {
            let answer = client.get("/api/v1/memories").await;
            if answer.code() != "TENANT_SUSPENDED" {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await;
    answer.expect(401, "AUTH_INVALID");

    let removed = scene.json("tenant delete acme --yes").await;
    assert_eq!(
        removed["removed"],
        json!({
            "tenants": 1, "api-keys": 3, "webhooks": 0, "deliveries": 0, "delivery-attempts": 0, "due-endpoints": 0, "memories": 1, "memory-keys": 1, "pending-events": 0, "events": 0,
            "usage": 2, "idempotency": 0, "dashboard-sessions": 0,
        })
    );
    assert!(scene.problem("tenant show acme").await.contains("hb tenant list"));
    assert_eq!(scene.json("tenant delete acme --yes").await["removed"]["tenants"], 0);
}

#[tokio::test]
async fn people_get_tables_and_problems_say_what_to_do() {
    let scene = Scene::new().await;
    let list = scene.hb("tenant list").await.stdout;
    assert_eq!(list.len(), 2, "{list:?}");
    assert!(
        list[0].starts_with("TENANT") && list[1].contains("pro") && list[1].contains("of 100000"),
        "{list:?}"
    );
    let shown = scene.hb("tenant show 00000000-0000-0000-0000-000000000001").await.stdout.join("\n");
    assert!(shown.contains("plan       pro") && shown.contains("100 a minute, 200 at once"), "{shown}");
    for (words, part) in [
        ("tenant show a.b", "is not a tenant id"),
        ("tenant suspend nobody", "there is no tenant nobody"),
        ("key create nobody", "hb tenant create nobody"),
        ("key create 00000000-0000-0000-0000-000000000001 --scopes everything", "read:memories"),
        ("key revoke 00000000-0000-0000-0000-000000000001 key_000000000000", "hb key list"),
    ] {
        let problem = scene.problem(words).await;
        assert!(problem.contains(part), "{words}: {problem}");
    }
    // Without a terminal nobody can type the id, so nothing is removed.
    assert!(
        scene.problem("erase 00000000-0000-0000-0000-000000000001").await.contains("nothing was deleted")
    );
    let mut lost = Command::new(binary("hb"));
    let ended = Process::start(without_aws(lost.arg("doctor").current_dir(Path::new("/")))).ended().await;
    assert!(
        ended.stderr.contains("AWS_REGION is not set") && ended.stderr.contains("--env-file"),
        "{}",
        ended.stderr
    );
    let help = Process::start(Command::new(binary("hb")).arg("--help")).ended().await.stdout.join("\n");
    for word in [
        "tenant",
        "key",
        "dashboard-link",
        "doctor",
        "reindex",
        "webhooks",
        "export",
        "erase",
        "--endpoint-url",
        "--json",
    ] {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
}

#[tokio::test]
async fn doctor_names_a_wrong_clock_and_calls_both_services_at_the_endpoint_url() {
    // DynamoDB and Secrets Manager on one port, years ahead, with neither tables nor secrets.
    let router = axum::Router::new().fallback(|headers: http::HeaderMap| async move {
        let target = headers.get("x-amz-target").map(|target| target.to_str().expect("text").to_owned());
        let code = match target.unwrap_or_default().split_once('.') {
            Some(("secretsmanager", _)) => "ServiceReached",
            _ => "ResourceNotFoundException",
        };
        let date = [("date", "Tue, 01 Jan 2036 00:00:00 GMT")];
        (http::StatusCode::BAD_REQUEST, date, json!({"__type": code, "message": code}).to_string())
    });
    let server = Server::serve(0, router, Callers::Programs).await.expect("a port");
    let world = World::new().await;
    let mut command = Command::new(binary("hb"));
    command.envs(hb_tests::function::environment(&world));
    let ended =
        Process::start(command.args(["--json", "--endpoint-url", &server.url(), "doctor"])).ended().await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout[0]).expect("JSON");
    let problem = |what: &str| {
        let findings = report["findings"].as_array().expect("findings");
        let found =
            findings.iter().find(|finding| finding["what"].as_str().is_some_and(|w| w.starts_with(what)));
        found.unwrap_or_else(|| panic!("{what}: {report}"))["problem"].as_str().unwrap_or_default().to_owned()
    };
    assert!(problem("clock").contains("behind DynamoDB: synchronize its clock"), "{report}");
    assert!(problem("table tenants").contains("is not there"), "{report}");
    assert!(problem("pepper").contains("ServiceReached"), "{report}");
}

#[tokio::test]
async fn doctor_finds_what_is_wrong_and_recounts() {
    let scene = Scene::new().await;
    let sound = scene.json("doctor").await;
    assert_eq!(sound["sound"], true, "{sound}");
    let found = sound["findings"].as_array().map(Vec::len);
    let secrets = SecretId::VARIANTS.iter().filter(|id| !id.is_optional()).count();
    assert_eq!(
        found,
        Some(Table::COUNT + secrets + 2),
        "tables, secrets, those of webhooks, and the clock: {sound}"
    );

    let world = World::new().await;
    let mut command = Command::new(binary("hb"));
    let environment = hb_tests::function::environment(&world);
    command.envs(&environment).env("MEMORIES_TABLE", "Elsewhere").env("TOKEN_SECRET", "nothing");
    let ended = Process::start(command.arg("doctor")).ended().await;
    let text = ended.stdout.join("\n");
    assert_eq!(ended.code, Some(1));
    assert!(
        text.contains("Elsewhere") && text.contains("is not there") && text.contains("token secret"),
        "{text}"
    );

    let stack = &scene.stack;
    let new = json!({"content": "x", "type": "task"});
    let path = stack.client.post("/api/v1/memories", new).await.header("location").to_owned();
    // A place without its memory: the item is removed behind everybody's back.
    let aws = hb_store::aws::Aws::local(
        stack.ready["dynamodbUrl"].as_str().expect("an address").to_owned(),
        stack.ready["secretsUrl"].as_str().expect("an address").to_owned(),
    );
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let id = path.rsplit('/').next().expect("an id");
    let delete = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb()).delete_item().table_name("Memories");
    let delete = delete.key("tenant", text("00000000-0000-0000-0000-000000000001")).key("id", text(id));
    delete.send().await.expect("the database");
    assert_eq!(stack.count().await, 1);
    let recounted = scene.json("doctor --recount all --settle 0").await;
    let row = &recounted["recounted"][0];
    assert_eq!((&row["was"], &row["is"]), (&json!(1), &json!(0)));
    assert_eq!(stack.count().await, 0);
}

#[tokio::test]
async fn erasing_a_tenant_leaves_no_row_in_any_table() {
    let scene = Scene::new().await;
    let mut clients = Vec::new();
    for tenant in ["acme", "globex"] {
        scene.json(&format!("tenant create {tenant} --plan enterprise")).await;
        let client = scene.client(&scene.json(&format!("key create {tenant}")).await["plainKey"]);
        for part in 0..3 {
            let bulk =
                json!({"memories": vec![json!({"content": format!("part {part}"), "type": "task"}); 50]});
            let headers = [("content-type", "application/json"), ("idempotency-key", &*format!("k{part}"))];
            let created =
                client.send_raw(Method::POST, "/api/v1/memories/bulk", &headers, bulk.to_string()).await;
            assert_eq!(created.data()["created"], 50);
        }
        for number in 0..30 {
            client.post("/api/v1/api-keys", json!({"name": format!("key {number}")})).await.expect(201, "");
        }
        clients.push(client);
    }
    let exported = scene.hb("export acme").await;
    assert_eq!(exported.stdout.len(), 150);
    assert!(exported.stdout.iter().all(|line| serde_json::from_str::<Value>(line).is_ok()));

    let removed = scene.json("erase acme --yes").await["removed"].clone();
    assert_eq!(
        (&removed["memories"], &removed["api-keys"]),
        (&json!(150), &json!(63)),
        "31 keys of two rows, and slots"
    );
    clients[0].get("/api/v1/memories").await.expect(401, "AUTH_INVALID");
    assert_eq!(clients[1].get("/api/v1/memories").await.data()["pagination"]["total"], 150);
    let aws = hb_store::aws::Aws::local(
        scene.stack.ready["dynamodbUrl"].as_str().expect("an address").to_owned(),
        String::new(),
    );
    let left = rows_of(&aws, "acme").await;
    assert_eq!(left, Vec::<String>::new());
    assert!(!rows_of(&aws, "globex").await.is_empty());
}

/// The rows of every table that have anything to do with a tenant.
#[expect(clippy::disallowed_methods, reason = "a test looks at everything there is")]
async fn rows_of(aws: &hb_store::aws::Aws, tenant: &str) -> Vec<String> {
    let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
    let mut rows = Vec::new();
    for table in Table::VARIANTS.iter().map(|table| table.definition().resource) {
        let mut from = None;
        loop {
            let scan = client
                .scan()
                .table_name(table)
                .set_exclusive_start_key(from)
                .send()
                .await
                .expect("the table");
            let found = scan.items().iter().map(|item| format!("{table} {item:?}"));
            rows.extend(found.filter(|row| {
                row.contains(&format!("\"{tenant}\"")) || row.contains(&format!("#{tenant}\""))
            }));
            from = scan.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
    }
    rows
}
