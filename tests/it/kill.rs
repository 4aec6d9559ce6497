//! The local server is killed repeatedly during mixed writes. Acknowledged writes are present, others are present
//! completely or not at all, and the count is off by at most the writes in progress.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use hb_store::Context;
use hb_store::aws::Aws;
use hb_tests::local::{Herobrain, text, without_sample};
use hb_tests::{Answer, Client};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const ROUNDS: u64 = 20;
const WRITERS: u64 = 4;
/// The writes that are acknowledged before the first kill, and how many more before each further one. The kill waits
/// for writes, not for a time, so that a slow machine tests as much as a fast one.
const FIRST: u64 = 16;
const MORE: u64 = 2;
const JSON: (&str, &str) = ("content-type", "application/json");

/// What one writer knows about its memories, by their ids.
#[derive(Default)]
struct Known {
    /// Content that was acknowledged.
    contents: BTreeMap<String, String>,
    /// The write that got no response.
    doubt: Option<Doubt>,
}

/// A write that may have happened.
enum Doubt {
    /// Of memories with these contents.
    Create(Vec<String>),
    /// Of this memory's content.
    Patch(String, String),
    /// Of this memory.
    Delete(String),
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    body: &Value,
    key: Option<&str>,
) -> Option<Answer> {
    let mut headers = vec![JSON];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let answer = client.try_send_raw(method, path, &headers, body.to_string()).await.ok()?;
    assert!(!answer.status.is_server_error(), "it was killed, not broken: {}", answer.text);
    Some(answer)
}

/// Writes until the server is killed, and reports every acknowledged write.
async fn write(
    client: Client,
    writer: u64,
    round: u64,
    mut known: Known,
    acknowledge: UnboundedSender<()>,
) -> Known {
    let mut rng = StdRng::seed_from_u64(round * 100 + writer);
    for number in 0.. {
        let name = format!("writer {writer}, round {round}, number {number}");
        let some = known.contents.keys().nth(rng.random_range(0..8)).cloned();
        let (doubt, answer) = match (rng.random_range(0..10), some) {
            (0..2, _) => {
                let contents: Vec<String> = (0..5).map(|part| format!("{name}, part {part}")).collect();
                let memories = contents.iter().map(|content| json!({"content": content, "type": "task"}));
                let body = json!({"memories": memories.collect::<Vec<_>>()});
                (
                    Doubt::Create(contents),
                    send(
                        &client,
                        Method::POST,
                        "/api/v1/memories/bulk",
                        &body,
                        Some(&name.replace([' ', ','], "-")),
                    )
                    .await,
                )
            }
            (5..8, Some(id)) => {
                let body = json!({ "content": name });
                let path = format!("/api/v1/memories/{id}");
                let key = name.replace([' ', ','], "-");
                let key = rng.random::<bool>().then_some(key.as_str());
                (Doubt::Patch(id, name), send(&client, Method::PATCH, &path, &body, key).await)
            }
            (8..10, Some(id)) => {
                let path = format!("/api/v1/memories/{id}");
                (Doubt::Delete(id), send(&client, Method::DELETE, &path, &Value::Null, None).await)
            }
            _ => {
                let body = json!({"content": name, "type": "task"});
                (
                    Doubt::Create(vec![name]),
                    send(&client, Method::POST, "/api/v1/memories", &body, None).await,
                )
            }
        };
        let Some(answer) = answer else {
            known.doubt = Some(doubt);
            return known;
        };
        assert!(answer.status.is_success(), "{}", answer.text);
        // The receiver is dropped when the server is about to be killed.
        let _ = acknowledge.send(());
        match doubt {
            Doubt::Create(contents) if contents.len() == 1 => {
                let id = answer.data()["id"].as_str().expect("an id").to_owned();
                known.contents.extend([id].into_iter().zip(contents));
            }
            Doubt::Create(contents) => {
                let results = answer.data()["results"].as_array().expect("results");
                let ids = results.iter().map(|result| result["id"].as_str().expect("an id").to_owned());
                known.contents.extend(ids.zip(contents));
            }
            Doubt::Patch(id, content) => {
                known.contents.insert(id, content);
            }
            Doubt::Delete(id) => {
                known.contents.remove(&id);
            }
        }
    }
    known
}

/// All stored memories: content by id. Every line must be a complete memory.
async fn there(client: &Client) -> BTreeMap<String, String> {
    let (mut found, mut path) = (BTreeMap::new(), "/api/v1/memories/export".to_owned());
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        for line in page.text.lines() {
            let memory: Value = serde_json::from_str(line).expect("a whole memory");
            found.insert(text(&memory["id"]).to_owned(), text(&memory["content"]).to_owned());
        }
        match page.header("link").strip_prefix('<').and_then(|link| link.split('>').next()) {
            Some(next) => path = next.to_owned(),
            None => return found,
        }
    }
}

/// Compares the stored memories with those that a writer knows, and resolves its unacknowledged write.
fn check(known: &mut Known, there: &BTreeMap<String, String>, writer: u64) {
    let own = format!("writer {writer},");
    let doubt = known.doubt.take();
    for (id, content) in &known.contents {
        let found = there.get(id);
        let doubtful = match &doubt {
            Some(Doubt::Patch(patched, new)) => patched == id && found == Some(new),
            Some(Doubt::Delete(deleted)) => deleted == id && found.is_none(),
            _ => false,
        };
        assert!(found == Some(content) || doubtful, "{id}: {content:?} was acknowledged, {found:?} is there");
    }
    for (id, content) in there.iter().filter(|(_, content)| content.starts_with(&own)) {
        let doubtful = matches!(&doubt, Some(Doubt::Create(contents)) if contents.contains(content));
        assert!(known.contents.contains_key(id) || doubtful, "{id}: {content:?} was never acknowledged");
    }
    known.contents = there
        .iter()
        .filter(|(_, content)| content.starts_with(&own))
        .map(|(a, b)| (a.clone(), b.clone()))
        .collect();
}

async fn start(folder: &Path) -> Herobrain {
    Herobrain::start(folder, &["--plan", "enterprise"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_that_was_acknowledged() {
    let folder = without_sample();
    let mut writers: Vec<Known> = (0..WRITERS).map(|_| Known::default()).collect();
    let mut moments = StdRng::seed_from_u64(0);
    let (mut acknowledged, mut most_places_in_doubt) = (0, 0);
    for round in 0..ROUNDS {
        let server = start(folder.path()).await;
        let client = server.client.clone();
        let (acknowledge, mut acknowledgements) = unbounded_channel();
        let writing = writers.into_iter().zip(0..).map(|(known, writer)| {
            tokio::spawn(write(client.clone(), writer, round, known, acknowledge.clone()))
        });
        let writing: Vec<_> = writing.collect();
        drop(acknowledge);
        for _ in 0..FIRST + MORE * round {
            acknowledgements.recv().await.expect("the writers write until the server is killed");
        }
        tokio::time::sleep(Duration::from_millis(moments.random_range(0..20))).await;
        server.process.kill().await;
        writers = join_all(writing).await.into_iter().map(|known| known.expect("a writer")).collect();
        for known in &writers {
            // Quota that is reserved or not released.
            most_places_in_doubt += match &known.doubt {
                Some(Doubt::Create(contents)) => contents.len() as u64,
                Some(Doubt::Delete(_)) => 1,
                _ => 0,
            };
        }

        let server = start(folder.path()).await;
        let found = there(&server.client).await;
        for (known, writer) in writers.iter_mut().zip(0..) {
            check(known, &found, writer);
        }
        let (counted, there) = (server.count().await, found.len() as u64);
        assert!(
            (there..=there + most_places_in_doubt).contains(&counted),
            "{counted} counted, {there} there, {most_places_in_doubt} in doubt"
        );
        acknowledged = there;
        server.stop().await;
    }
    assert!(acknowledged > 200, "only {acknowledged} writes were acknowledged");

    let server = start(folder.path()).await;
    let [dynamodb, secrets] = ["dynamodbUrl", "secretsUrl"].map(|url| text(&server.ready[url]).to_owned());
    let store = hb_local::stack::store(&Aws::local(dynamodb, secrets));
    let tenant = hb_domain::TenantId::parse(text(&server.ready["tenantId"])).expect("a tenant");
    let operator = Context::operator(&tenant, hb_domain::Clock::system().now());
    store
        .with(&operator)
        .memories()
        .recount(Duration::ZERO, &hb_domain::Clock::system())
        .await
        .expect("a recount");
    assert_eq!(server.count().await, there(&server.client).await.len() as u64);
}
