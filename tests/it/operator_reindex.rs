//! `hb reindex`, as an operator runs it against a running stack.

use hb_store::aws::Aws;
use hb_tests::Process;
use hb_tests::process::{patiently, signal};
use hb_tests::stored::{document, items, put_document};
use serde_json::{Value, json};

use crate::operator::Scene;
use crate::reindex::{create, import};

const OLD: &[u8] = b"\x01of another format";

fn aws(scene: &Scene) -> Aws {
    let url = |name: &str| scene.stack.ready[name].as_str().expect("an address").to_owned();
    Aws::local(url("dynamodbUrl"), url("secretsUrl"))
}

/// Gives all memories of a tenant search documents of an older version, and returns how many.
async fn age(aws: &Aws, tenant: &str) -> usize {
    let stored = items(aws, tenant).await;
    for id in stored.keys() {
        put_document(aws, tenant, id, OLD).await;
    }
    stored.len()
}

/// How many memories of a tenant have the document of an older version.
async fn aged(aws: &Aws, tenant: &str) -> usize {
    items(aws, tenant).await.values().filter(|item| document(item) == OLD).count()
}

/// A tenant with so many memories whose documents are old.
async fn old_tenant(scene: &Scene, tenant: &str, count: usize) {
    scene.json(&format!("tenant create {tenant} --plan enterprise")).await;
    let client = scene.client(&scene.json(&format!("key create {tenant}")).await["plainKey"]);
    import(&client, count).await;
    assert_eq!(age(&aws(scene), tenant).await, count);
}

/// The rows of a report without the consumed units.
fn rows(report: &Value) -> Value {
    let mut rows = report["tenants"].clone();
    for row in rows.as_array_mut().expect("rows") {
        let row = row.as_object_mut().expect("a row");
        assert!(row.remove("readUnits").is_some() && row.remove("writeUnits").is_some());
    }
    rows
}

fn row(tenant: &str, memories: u64, stale: u64, rewritten: u64) -> Value {
    json!({"tenant": tenant, "memories": memories, "current": memories - stale, "stale": stale,
        "rewritten": rewritten, "corrupt": []})
}

#[tokio::test]
async fn tenants_are_reindexed_and_a_second_run_has_nothing_to_do() {
    let scene = Scene::new().await;
    let aws = aws(&scene);
    old_tenant(&scene, "acme", 20).await;
    old_tenant(&scene, "globex", 5).await;
    scene.json("tenant suspend globex").await;

    let counted = scene.json("reindex acme globex --dry-run").await;
    assert_eq!(rows(&counted), json!([row("acme", 20, 20, 0), row("globex", 5, 5, 0)]));
    assert_eq!((&counted["dryRun"], &counted["resume"]), (&json!(true), &Value::Null));
    assert_eq!((aged(&aws, "acme").await, aged(&aws, "globex").await), (20, 5));

    let one = scene.json("reindex acme acme --rate 100000").await;
    assert_eq!(rows(&one), json!([row("acme", 20, 20, 20)]));
    assert_eq!((aged(&aws, "acme").await, aged(&aws, "globex").await), (0, 5));
    let all = scene.json("reindex --all --rate 100000").await;
    let sample = "00000000-0000-0000-0000-000000000001";
    assert_eq!(rows(&all), json!([row(sample, 0, 0, 0), row("acme", 20, 0, 0), row("globex", 5, 5, 5)]));
    let rest = scene.json("reindex --all --from b").await;
    assert_eq!(rows(&rest), json!([row("globex", 5, 0, 0)]));

    let people = scene.hb("reindex acme").await;
    assert_eq!((people.code, people.stderr.as_str()), (Some(0), ""));
    let lines: Vec<Vec<&str>> = people.stdout.iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["TENANT", "MEMORIES", "CURRENT", "STALE", "REWRITTEN", "CORRUPT", "RCU", "WCU"]);
    let units = lines[1][6].to_owned();
    assert_eq!(lines[1..], [["acme", "20", "20", "0", "0", "0", &units, "0"]]);
    assert_ne!(units, "0");
    assert!(scene.problem("reindex nobody").await.contains("there is no tenant nobody"));
    assert!(scene.problem("reindex --all --from zzz").await.contains("there is no tenant from zzz on"));
    assert!(scene.problem("reindex acme --after x").await.contains("is not a memory id"));
    assert_eq!(scene.hb("reindex").await.code, Some(2), "neither tenants nor --all");
}

#[tokio::test]
async fn a_corrupt_memory_is_reported_and_does_not_stop_the_rest() {
    let scene = Scene::new().await;
    let aws = aws(&scene);
    scene.json("tenant create acme").await;
    let client = scene.client(&scene.json("key create acme").await["plainKey"]);
    let mut ids = Vec::new();
    for content in ["first", "corrupt", "last"] {
        ids.push(create(&client, content).await);
    }
    age(&aws, "acme").await;
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let update = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb()).update_item().table_name("Memories");
    let update =
        update.key("tenant", text("acme")).key("id", text(&ids[1])).update_expression("REMOVE content");
    update.send().await.expect("the database");

    let ended = scene.hb("--json reindex acme").await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout[0]).expect("JSON");
    let row = &report["tenants"][0];
    assert_eq!((&row["stale"], &row["rewritten"], &row["current"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(
        (&row["corrupt"][0]["id"], row["corrupt"].as_array().map(Vec::len)),
        (&json!(ids[1]), Some(1))
    );
    assert!(ended.stderr.contains(&ids[1]) && ended.stderr.contains("attribute content"), "{}", ended.stderr);
    assert_eq!(aged(&aws, "acme").await, 1);
}

/// Starts a slow run and waits until it has rewritten something.
async fn started(scene: &Scene, aws: &Aws, tenant: &str, count: usize) -> Process {
    let running = scene.start(&format!("--json reindex {tenant} --rate 5"));
    patiently(async {
        while aged(aws, tenant).await == count {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
    running
}

#[tokio::test]
async fn a_run_that_was_killed_or_interrupted_is_resumed_without_loss() {
    const COUNT: usize = 120;
    let scene = Scene::new().await;
    let aws = aws(&scene);
    old_tenant(&scene, "acme", COUNT).await;

    started(&scene, &aws, "acme", COUNT).await.kill().await;
    let left = aged(&aws, "acme").await;
    assert!((1..COUNT).contains(&left), "{left}");

    let mut rest = left;
    let mut resume = String::new();
    for name in ["INT", "HUP"] {
        let running = started(&scene, &aws, "acme", rest).await;
        assert!(signal(name, &running.id().to_string()));
        let ended = running.ended().await;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout[0]).expect("JSON");
        let rewritten = report["tenants"][0]["rewritten"].as_u64().expect("a number") as usize;
        let before = std::mem::replace(&mut rest, aged(&aws, "acme").await);
        assert_eq!(before - rest, rewritten, "{report}");
        resume = report["resume"].as_str().expect("a command").to_owned();
        assert!(resume.starts_with("hb reindex acme --after mem_"), "{resume}");
        assert!(resume.contains(" --rate 5"), "{resume}");
        assert!(ended.stderr.contains(&resume), "{}", ended.stderr);
    }

    let faster = resume.replace("hb ", "").replace(" --rate 5", " --rate 100000");
    let resumed = scene.json(&faster).await;
    let row = &resumed["tenants"][0];
    assert_eq!(
        (&row["memories"], &row["rewritten"]),
        (&json!(rest), &json!(rest)),
        "what is done is not read again"
    );
    assert_eq!(aged(&aws, "acme").await, 0);
    assert_eq!(scene.json("reindex acme").await["tenants"][0]["current"], COUNT);
}
