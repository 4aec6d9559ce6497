//! The local stack as a person runs it: what it prints, keeps and serves.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use aws_sdk_dynamodb::types::TimeToLiveStatus;
use hb_domain::plan::Plan;
use hb_local::template::Template;
use hb_store::Table;
use hb_store::aws::Aws;
use hb_tests::local::{Herobrain, herobrain, text, without_sample};
use hb_tests::process::patiently;
use hb_tests::{Client, Process, World};
use http::Method;
use serde_json::{Value, json};
use strum::VariantArray;
use tempfile::tempdir;

#[tokio::test]
async fn the_line_of_json_has_every_field_and_nothing_follows_it() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let fields: BTreeSet<&str> =
        stack.ready.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = ["url", "tenantId", "apiKey", "jwt", "dashboardUrl", "dynamodbUrl", "secretsUrl"];
    assert_eq!(fields, BTreeSet::from(expected));
    assert_eq!(stack.ready["tenantId"], "00000000-0000-0000-0000-000000000001");
    assert!(text(&stack.ready["apiKey"]).starts_with("hb_prod_"));
    for url in ["url", "dynamodbUrl", "secretsUrl"] {
        assert!(text(&stack.ready[url]).starts_with("http://127.0.0.1:"), "{}", stack.ready);
    }
    assert!(text(&stack.ready["dashboardUrl"]).contains("/dashboard/sign-in?link="), "{}", stack.ready);
    let session = Client::new(text(&stack.ready["url"])).with(text(&stack.ready["jwt"]));
    let page = session.get("/api/v1/memories?tenantId=00000000-0000-0000-0000-000000000001").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(stack.client.get("/health").await.status, 200);
    assert_eq!(stack.stop().await.stdout, Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_listens_beyond_loopback() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let listening = hb_tests::listeners::listening(stack.process.id());
    assert_eq!(listening.len(), 5, "the API, DynamoDB, Secrets Manager, SQS and the issuer: {listening:?}");
    assert!(listening.iter().all(|address| address.ip().is_loopback()), "{listening:?}");
}

#[tokio::test]
async fn a_restart_keeps_the_key_what_was_written_and_what_was_deleted() {
    let folder = tempdir().expect("a folder");
    let first = Herobrain::start(folder.path(), &[]).await;
    let sample = first.count().await;
    let new = json!({"content": "survives a restart", "type": "semantic"});
    let kept = first.client.post("/api/v1/memories", new).await.header("location").to_owned();
    let page = first.client.get("/api/v1/memories?limit=2&page=2").await;
    for deleted in page.data()["memories"].as_array().expect("memories") {
        let path = format!("/api/v1/memories/{}", text(&deleted["id"]));
        assert_eq!(first.client.send(Method::DELETE, &path, None).await.status, 200);
    }
    let key = first.ready["apiKey"].clone();
    first.stop().await;

    let credentials = folder.path().join(".herobrain/credentials");
    let mode = std::fs::metadata(&credentials).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let form = format!("KEY={}\nTENANT=00000000-0000-0000-0000-000000000001\n", text(&key));
    assert_eq!(std::fs::read_to_string(&credentials).expect("text"), form);
    // As an earlier version has written it.
    let old = json!({"tenantId": "00000000-0000-0000-0000-000000000001", "apiKey": key});
    std::fs::write(&credentials, old.to_string()).expect("a file");

    let second = Herobrain::start(folder.path(), &[]).await;
    assert_eq!(second.ready["apiKey"], key);
    assert_eq!(std::fs::read_to_string(&credentials).expect("text"), form);
    assert_eq!(second.client.get(&kept).await.data()["content"], "survives a restart");
    assert_eq!(second.count().await, sample + 1 - 2);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = without_sample();
    let first = Herobrain::start(folder.path(), &[]).await;
    let new = json!({"content": "survives a kill", "type": "semantic"});
    let kept = first.client.post("/api/v1/memories", new).await.header("location").to_owned();
    first.process.kill().await;
    let second = Herobrain::start(folder.path(), &[]).await;
    assert_eq!(second.client.get(&kept).await.data()["content"], "survives a kill");
}

#[tokio::test]
async fn the_sample_tenant_has_a_hundred_memories_of_all_thirteen_types() {
    let folder = tempdir().expect("a folder");
    let stack = Herobrain::start(folder.path(), &[]).await;
    let mut types = BTreeSet::new();
    let (mut count, mut path) = (0, "/api/v1/memories?limit=100".to_owned());
    loop {
        let page = stack.client.get(&path).await;
        for memory in page.data()["memories"].as_array().expect("memories") {
            types.insert(text(&memory["type"]).to_owned());
            count += 1;
        }
        let Some(cursor) = page.data()["pagination"]["nextCursor"].as_str() else { break };
        path = format!("/api/v1/memories?limit=100&cursor={cursor}");
    }
    assert!(count >= 100, "{count}");
    let thirteen = [
        "contextual",
        "decision",
        "emotional",
        "episodic",
        "event",
        "identity",
        "predictive",
        "procedural",
        "prospective",
        "relational",
        "semantic",
        "task",
        "working",
    ];
    assert_eq!(types.iter().map(String::as_str).collect::<Vec<_>>(), thirteen);
}

#[tokio::test]
async fn the_plan_is_the_sample_tenants_and_may_change_at_a_restart() {
    let folder = without_sample();
    let mut created = 0;
    for (flags, plan) in [
        (&["--plan", "free"][..], Plan::Free),
        (&[], Plan::Pro),
        (&["--plan", "enterprise"], Plan::Enterprise),
        (&["--plan", "free"], Plan::Free),
    ] {
        let stack = Herobrain::start(folder.path(), flags).await;
        created += 1;
        let key = stack.client.post("/api/v1/api-keys", json!({"name": format!("key {created}")})).await;
        let allowance = plan.allowance();
        assert_eq!(
            key.data()["rateLimit"],
            json!({
                "requestsPerMinute": allowance.per_minute,
                "requestsPerMonth": allowance.per_month,
                "burst": allowance.burst,
            })
        );
        assert_eq!(key.header("x-ratelimit-limit"), allowance.per_month.to_string());
        assert_eq!(stack.client.get("/api/v1/rate-limit").await.data()["plan"], plan.as_str());
        stack.stop().await;
    }
}

#[tokio::test]
async fn the_text_for_people_has_the_address_the_key_and_a_curl_that_works() {
    let folder = tempdir().expect("a folder");
    let mut process = Process::start(&mut herobrain(folder.path(), &["--port", "0"]));
    let mut printed = String::new();
    while !printed.contains("Ctrl-C") {
        printed.push_str(&process.line().await.expect("a line"));
        printed.push('\n');
    }
    let url = printed.split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
    let key = printed.split_whitespace().find(|word| word.starts_with("hb_prod_")).expect("a key");
    assert_eq!(Client::new(url).with(key).get("/api/v1/memories?limit=1").await.status, 200);
    let docs =
        printed.split_whitespace().find(|word| word.ends_with("/docs")).expect("the address of the docs");
    assert_eq!(Client::new(url).get(docs).await.status, 200);

    let (_, curl) = printed.split_once("  curl ").expect("a curl");
    let (curl, _) = curl.split_once("\n\n").expect("the curl's end");
    let answer = run(&words(curl)).await;
    assert_ne!(answer.data()["results"], json!([]), "{}", answer.text);
}

/// The words of a shell command: quotes hold words together, a backslash at its end continues a line.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for character in command.replace("\\\n", " ").chars() {
        match (quote, character) {
            (Some(open), character) if open == character => quote = None,
            (Some('"'), '$' | '`' | '\\' | '!') => panic!("a shell would replace something in {command}"),
            (None, '"' | '\'') => quote = Some(character),
            (None, character) if character.is_whitespace() => words.push(std::mem::take(&mut word)),
            (_, character) => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Does what curl would.
async fn run(words: &[String]) -> hb_tests::Answer {
    let (mut method, mut url, mut headers, mut body) = (Method::GET, "", Vec::new(), "");
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-X" => method = words.next().expect("a method").parse().expect("a method"),
            "-H" => headers.push(words.next().expect("a header").split_once(": ").expect("a header")),
            "-d" => body = words.next().expect("a body"),
            _ => url = word,
        }
    }
    Client::new(url).send_raw(method, "", &headers, body.to_owned()).await
}

#[tokio::test]
async fn another_dynamodb_is_used_when_the_environment_names_one() {
    let world = World::new().await;
    let url = world.aws.dynamodb_url.clone().expect("an address");
    let folder = without_sample();
    let mut command = herobrain(folder.path(), &["--port", "0", "--json"]);
    let stack = Herobrain::start_as(command.env("AWS_ENDPOINT_URL_DYNAMODB", &url)).await;
    assert_eq!(stack.ready["dynamodbUrl"], url.as_str());
    let new = json!({"content": "kept elsewhere", "type": "semantic"});
    let created = stack.client.post("/api/v1/memories", new).await;
    assert!(!folder.path().join(".herobrain/dynamodb.sqlite").exists());

    // The world's own instances see it in their tables. They have another pepper, so another key.
    let tenant = hb_domain::TenantId::parse(text(&stack.ready["tenantId"])).expect("a tenant id");
    let (_, key) = world.key(&tenant, hb_domain::Scopes::all(), None).await;
    let instance = world.instance().await;
    let read = instance.client.with(&key).get(created.header("location")).await;
    assert_eq!(read.data(), created.data());
}

#[tokio::test]
async fn a_token_for_the_running_server_is_one_command_away() {
    let folder = without_sample();
    let missing = Process::start(&mut herobrain(folder.path(), &["jwt", "--sub", "user_123"])).ended().await;
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("start `cargo run` first"), "{}", missing.stderr);
    let stack = Herobrain::start(folder.path(), &[]).await;
    let mint = async |flags: &[&str]| {
        let ended = Process::start(&mut herobrain(folder.path(), flags)).ended().await;
        assert_eq!((ended.code, ended.stdout.len()), (Some(0), 1), "{}", ended.stderr);
        Client::new(text(&stack.ready["url"])).with(&ended.stdout[0])
    };
    let maya = mint(&["jwt", "--sub", "user_123"]).await;
    let body = json!({"content": "x", "type": "task", "tenantId": "user_123"});
    assert_eq!(maya.post("/api/v1/memories", body).await.status, 201);
    let traded = maya.get("/auth/clerk-token").await;
    assert_eq!(traded.data()["tenantId"], "user_123");
    assert_eq!(
        mint(&["jwt", "--sub", "user_9", "--org", "org_1", "--seconds", "60"])
            .await
            .get("/api/v1/memories")
            .await
            .status,
        200
    );
    // An issuer that a server of an earlier version has left, with a key of another kind.
    let issuer = folder.path().join(".herobrain/issuer");
    let kept = std::fs::read_to_string(&issuer).expect("the issuer");
    let mut old: Value = serde_json::from_str(&kept).expect("JSON");
    old.as_object_mut().expect("an object").remove("algorithm");
    std::fs::write(&issuer, old.to_string()).expect("a file");
    let refused = Process::start(&mut herobrain(folder.path(), &["jwt", "--sub", "user_123"])).ended().await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("is not of this version"), "{}", refused.stderr);
    for file in ["issuer", "token", "pepper"] {
        let mode = std::fs::metadata(folder.path().join(".herobrain").join(file))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn an_expired_memory_is_removed_and_its_quota_released() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    // The service has the machine's clock: on a busy machine the memory may have expired before it arrives or is seen.
    let mut lifetime = std::time::Duration::from_millis(1_500);
    loop {
        let soon = hb_domain::Clock::system().now().plus(lifetime);
        let body = json!({"content": "brief", "type": "working", "expiresAt": soon});
        let created = stack.client.post("/api/v1/memories", body).await;
        if created.status == 201 && stack.count().await == 1 {
            break;
        }
        lifetime *= 2;
    }
    patiently(async {
        while stack.count().await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_sample_key_that_was_rotated_away_is_not_printed_again() {
    let folder = without_sample();
    let first = Herobrain::start(folder.path(), &[]).await;
    let key = text(&first.ready["apiKey"]).to_owned();
    let id = format!("key_{}", &key[8..20]);
    let rotated = first.client.post("/api/v1/api-keys/rotate", json!({ "keyId": id })).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    first.stop().await;
    let second = Herobrain::start(folder.path(), &[]).await;
    assert_ne!(second.ready["apiKey"], key);
    assert_eq!(second.client.get("/api/v1/memories").await.status, 200);
}

#[tokio::test]
async fn an_unmodified_aws_client_can_use_both_endpoints() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let [dynamodb, secrets] = ["dynamodbUrl", "secretsUrl"].map(|url| text(&stack.ready[url]).to_owned());
    let aws = Aws::local(dynamodb, secrets);
    let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
    let mut listed = client.list_tables().send().await.expect("a list").table_names.expect("names");
    listed.sort();
    let mut tables: Vec<&str> = Table::VARIANTS.iter().map(|table| table.definition().resource).collect();
    tables.sort_unstable();
    assert_eq!(listed, tables);
    for table in Template::embedded().expect("the template").tables().expect("tables") {
        let ttl = client.describe_time_to_live().table_name(&table.name).send().await.expect("an answer");
        let ttl = ttl.time_to_live_description.expect("a description");
        let enabled = ttl.time_to_live_status == Some(TimeToLiveStatus::Enabled);
        assert_eq!(ttl.attribute_name.filter(|_| enabled), table.ttl, "{}", table.name);
    }
    assert!(hb_local::stack::store(&aws).secrets().pepper().await.is_ok());
}

#[tokio::test]
async fn help_names_every_flag() {
    let folder = without_sample();
    let ended = Process::start(&mut herobrain(folder.path(), &["--help"])).ended().await;
    assert_eq!(ended.code, Some(0));
    let help = ended.stdout.join("\n");
    for flag in ["--port", "--memory", "--plan", "--json", "free", "pro", "enterprise", "9000"] {
        assert!(help.contains(flag), "{flag} is missing:\n{help}");
    }
}
