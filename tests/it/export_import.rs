//! Export and import: an export is imported again byte for byte, and importing it twice changes nothing.

use std::time::Duration;

use hb_domain::MemoryId;
use hb_domain::plan::Allowance;
use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, Client, Fault, World};
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

const EXPORT: &str = "/api/v1/memories/export";
const IMPORT: &str = "/api/v1/memories/import";
const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

async fn import(client: &Client, lines: impl Into<bytes::Bytes>) -> Answer {
    client.send_raw(Method::POST, IMPORT, &[NDJSON], lines).await
}

/// The pages of a whole export, following `Link`.
async fn pages(client: &Client) -> Vec<Answer> {
    let (mut pages, mut path) = (Vec::new(), EXPORT.to_owned());
    loop {
        let page = client.get(&path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, NDJSON.1), "{}", page.text);
        let next =
            page.header("link").strip_suffix(">; rel=\"next\"").and_then(|link| link.strip_prefix('<'));
        let next = next.map(str::to_owned);
        pages.push(page);
        match next {
            Some(next) => path = next,
            None => return pages,
        }
    }
}

async fn export(client: &Client) -> String {
    pages(client).await.iter().map(|page| page.text.as_str()).collect()
}

fn counts(answer: &Answer) -> [u64; 3] {
    ["imported", "existing", "failed"].map(|name| answer.data()[name].as_u64().expect("a number"))
}

fn line(content: &str) -> String {
    json!({"content": content, "type": "task"}).to_string()
}

fn id(time: &str, seed: u64) -> String {
    MemoryId::mint(moment(time), &mut StdRng::seed_from_u64(seed)).to_string()
}

/// Memories of every kind, with every field and with many times.
async fn fill(world: &World, client: &Client, instance: &hb_tests::Instance, count: usize) {
    for part in 0..count.div_ceil(50) {
        instance.clock.set(world.clock.now().plus(Duration::from_millis(137 * part as u64)));
        let memories: Vec<Value> = (part * 50..count.min(part * 50 + 50))
            .map(|number| {
                let mut memory = json!({
                    "content": format!("number {number} \u{1f980} \u{2028} \"quoted\" \\ {}", "x".repeat(number % 97)),
                    "type": hb_domain::memory::MemoryType::ALL[number % 13].as_str(),
                    "importance": (number % 7) as f64 / 7.0,
                    "tags": ["a", format!("t{}", number % 5)],
                });
                if number % 3 == 0 {
                    memory["metadata"] = json!({"z": 1, "a": 1.0, "deep": {"n": number, "big": u64::MAX, "f": 0.1}});
                    memory["userId"] = json!("maya");
                    memory["expiresAt"] = json!("2027-01-01T00:00:00.5Z");
                }
                memory
            })
            .collect();
        let created = client.post("/api/v1/memories/bulk", json!({ "memories": memories })).await;
        assert_eq!(created.data()["failed"], 0, "{}", created.text);
    }
}

#[tokio::test]
async fn export_erase_import_gives_the_same_bytes_and_importing_twice_changes_nothing() {
    let (world, instance, client) = World::with_a_client().await;
    fill(&world, &client, &instance, 240).await;
    let list = client.get("/api/v1/memories?limit=1&page=7").await;
    let path = format!("/api/v1/memories/{}", list.data()["memories"][0]["id"].as_str().expect("an id"));
    instance.clock.set(world.clock.now().plus(Duration::from_secs(60)));
    client.send(Method::PATCH, &path, Some(json!({"importance": 0.123_456_789}))).await.expect(200, "");

    let exported = export(&client).await;
    assert_eq!(exported.lines().count(), 240);
    let again = import(&client, exported.clone()).await;
    assert_eq!(counts(&again), [0, 240, 0]);
    assert_eq!(export(&client).await, exported, "importing what is there changes nothing");

    let ids: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["id"].clone())
        .collect();
    for part in ids.chunks(100) {
        client.post("/api/v1/memories/bulk-delete", json!({ "ids": part })).await.expect(200, "");
    }
    assert_eq!(export(&client).await, "");
    assert_eq!(counts(&import(&client, exported.clone()).await), [240, 0, 0]);
    assert_eq!(export(&client).await, exported, "byte for byte");
    assert_eq!(counts(&import(&client, exported.clone()).await), [0, 240, 0]);
    let page = client.get("/api/v1/memories?limit=1").await;
    assert_eq!(page.data()["pagination"]["total"], 240);

    // An import into another tenant works too: ids are per tenant.
    let neighbour = world.account_with("globex", plenty()).await;
    let neighbour = instance.client.with(&neighbour.key);
    assert_eq!(counts(&import(&neighbour, exported.clone()).await), [240, 0, 0]);
    assert_eq!(export(&neighbour).await, exported);
}

#[tokio::test]
async fn pages_are_bounded_in_lines_and_bytes_and_miss_nothing() {
    let (world, instance, client) = World::with_a_client().await;
    fill(&world, &client, &instance, 1_050).await;
    let small = pages(&client).await;
    assert_eq!(small.iter().map(|page| page.text.lines().count()).collect::<Vec<_>>(), [1_000, 50]);
    instance.clock.set(world.clock.now().plus(Duration::from_secs(600)));
    for _ in 0..5 {
        let large = json!({"content": format!("x{}", "\u{1}".repeat(9_899)), "type": "task"});
        let created = client.post("/api/v1/memories/bulk", json!({"memories": vec![large; 16]})).await;
        assert_eq!(created.data()["created"], 16, "{}", created.text);
    }
    let pages = pages(&client).await;
    assert!(pages.iter().all(|page| page.text.len() <= 3 * 1024 * 1024));
    assert!(pages.iter().any(|page| page.text.len() > 2 * 1024 * 1024), "{}", pages.len());
    let all: Vec<&str> = pages.iter().flat_map(|page| page.text.lines()).collect();
    assert_eq!(all.len(), 1_130);
    let head = client.send(Method::HEAD, EXPORT, None).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    let bad = client.get(&format!("{EXPORT}?cursor=x&limit=3")).await;
    bad.expect(400, "VALIDATION_ERROR");
    assert_eq!(bad.fields(), ["cursor", "limit"]);
}

#[tokio::test]
async fn invalid_lines_among_valid_ones_are_reported_by_number() {
    let (_world, _instance, client) = World::with_a_client().await;
    let lines = [
        line("first"),
        String::new(),
        "{".into(),
        "[1]".into(),
        r#"{"content": "a", "content": "b", "type": "task"}"#.into(),
        r#"{"content": "a", "type": "dream", "importance": 7, "tags": 1, "mood": 2}"#.into(),
        r#"{"content": "\ud800", "type": "task"}"#.into(),
        r#"{"content": "x", "type": "task", "tenantId": "globex"}"#.into(),
        r#"{"content": "x", "type": "task", "expiresAt": "2020-01-01T00:00:00Z"}"#.into(),
        r#"{"content": "x", "type": "task", "id": "mem_0123456789abcdefghijkl", "createdAt": 7}"#.into(),
        "\u{feff}{}".into(),
        line("last"),
    ];
    let answer = import(&client, lines.join("\n")).await;
    answer.expect(200, "");
    assert_eq!(counts(&answer), [2, 0, 9]);
    let results = answer.data()["results"].as_array().expect("results");
    let numbers: Vec<u64> = results.iter().map(|result| result["line"].as_u64().expect("a line")).collect();
    assert_eq!(numbers, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "the empty line is counted, and nothing else");
    let of_line = |number: u64| &results[numbers.iter().position(|at| *at == number).expect("the line")];
    for number in [1, 12] {
        assert!(of_line(number)["id"].as_str().is_some_and(|id| id.starts_with("mem_")));
    }
    let fields: Vec<&Value> =
        of_line(6)["errors"].as_array().expect("errors").iter().map(|e| &e["field"]).collect();
    assert_eq!(fields, ["type", "importance", "tags"], "the first three of what is wrong");
    assert_eq!(of_line(8)["errors"][0]["code"], "TENANT_MISMATCH");
    assert_eq!(of_line(10)["errors"][0]["field"], "id");
    let duplicate = of_line(5)["errors"][0]["message"].as_str().expect("a message");
    assert!(duplicate.contains("duplicate key") && !duplicate.contains("line 1"), "{duplicate}");
    assert_eq!(export(&client).await.lines().count(), 2);
}

#[tokio::test]
async fn an_import_accepts_four_mebibytes_and_a_thousand_lines_and_no_more() {
    let (_world, _instance, client) = World::with_a_client().await;
    let body = format!("{}\n", line("x"));
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    assert_eq!(counts(&import(&client, padded(4 << 20)).await), [1, 0, 0]);
    import(&client, padded((4 << 20) + 1)).await.expect(413, "PAYLOAD_TOO_LARGE");
    assert_eq!(counts(&import(&client, body.repeat(1_000)).await), [1_000, 0, 0]);
    let refused = import(&client, body.repeat(1_001)).await;
    refused.expect(400, "VALIDATION_ERROR");
    assert!(
        refused.message().contains("1001 lines") && refused.message().contains("1000"),
        "{}",
        refused.text
    );
    assert_eq!(counts(&import(&client, "").await), [0, 0, 0]);
    let json = client.send_raw(Method::POST, IMPORT, &[("content-type", "application/json")], body).await;
    json.expect(415, "UNSUPPORTED_MEDIA_TYPE");
    assert!(json.message().contains("application/x-ndjson"));
}

#[tokio::test]
async fn all_line_endings_are_accepted() {
    let (_world, _instance, client) = World::with_a_client().await;
    let (a, b) = (line("a"), line("b"));
    for text in [
        format!("{a}\n{b}\n"),
        format!("{a}\n{b}"),
        format!("{a}\r\n{b}\r\n"),
        format!("\u{feff}{a}\r\n{b}"),
        format!("\n\n{a}\n \t\r\n{b}\n\n\n"),
    ] {
        assert_eq!(counts(&import(&client, text.clone()).await), [2, 0, 0], "{text:?}");
    }
}

#[tokio::test]
async fn an_id_that_occurs_twice_is_stored_once_from_the_first_line() {
    let (world, instance, client) = World::with_a_client().await;
    let id = id("2020-01-01T00:00:00Z", 1);
    let with = |content: &str| json!({"id": id, "content": content, "type": "task"}).to_string();
    let answer =
        import(&client, [with("first"), line("other"), with("second"), with("third")].join("\n")).await;
    assert_eq!(counts(&answer), [2, 2, 0]);
    assert_eq!(answer.data()["results"][2], json!({"line": 3, "id": id, "exists": true}));
    let kept = client.get(&format!("/api/v1/memories/{id}")).await;
    assert_eq!(
        (&kept.data()["content"], &kept.data()["createdAt"]),
        (&json!("first"), &json!("2020-01-01T00:00:00.000Z"))
    );
    let page = client.get("/api/v1/memories?limit=1").await;
    assert_eq!(page.data()["pagination"]["total"], 2);

    // The same id in another tenant is another memory, and its existence is not revealed.
    let neighbour = world.account_with("globex", plenty()).await;
    let neighbour = instance.client.with(&neighbour.key);
    assert_eq!(counts(&import(&neighbour, with("theirs")).await), [1, 0, 0]);
    assert_eq!(client.get(&format!("/api/v1/memories/{id}")).await.data()["content"], "first");
}

/// An id can be imported when its memory has expired but is not removed yet.
#[tokio::test]
async fn an_expired_memory_does_not_block_the_import_of_its_id() {
    let (world, instance, client) = World::with_a_client().await;
    let id = id("2020-01-01T00:00:00Z", 1);
    let line = |extra: Value| {
        let mut line = json!({"id": id, "content": "x", "type": "task"});
        line.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        line.to_string()
    };
    assert_eq!(counts(&import(&client, line(json!({"expiresAt": "2026-11-24T12:01:00Z"}))).await), [1, 0, 0]);
    instance.clock.set(moment("2026-11-24T12:01:00Z"));
    assert_eq!(counts(&import(&client, line(json!({}))).await), [1, 0, 0]);
    assert_eq!(client.get(&format!("/api/v1/memories/{id}")).await.status, 200);
    let page = client.get("/api/v1/memories?limit=1").await;
    assert_eq!(page.data()["pagination"]["total"], 1, "its quota was released to the import");
    world.clock.set(moment("2026-11-24T12:02:00Z"));
    assert_eq!(world.expiry().await, 0);
}

#[tokio::test]
async fn a_line_that_is_too_long_for_a_memory_is_not_parsed() {
    let (_world, _instance, client) = World::with_a_client().await;
    let deep = format!("[{}]", vec![r#"{"":{"":{"":0}}}"#; 20_000].join(","));
    let answer = import(&client, [deep, line("good")].join("\n")).await;
    assert_eq!(counts(&answer), [1, 0, 1]);
    let message = answer.data()["results"][0]["errors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("262144"), "{message}");
}

#[tokio::test]
async fn a_full_plan_accepts_existing_memories_and_as_many_new_ones_as_fit() {
    let world = World::new().await;
    let account = world.account_with("acme", Allowance { memories: Some(5), ..plenty() }).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let lines: Vec<String> = (0..5)
        .map(|seed| {
            json!({"id": id("2020-01-01T00:00:00Z", seed), "content": "x", "type": "task"}).to_string()
        })
        .collect();
    assert_eq!(counts(&import(&client, lines[..3].join("\n")).await), [3, 0, 0]);
    let more = import(&client, [lines.join("\n"), line("a"), line("b")].join("\n")).await;
    assert_eq!(counts(&more), [2, 3, 2]);
    assert_eq!(more.data()["results"][6]["errors"][0]["code"], "INSUFFICIENT_QUOTA");
    assert_eq!(counts(&import(&client, lines.join("\n")).await), [0, 5, 0], "full, and nothing is new");
}

#[tokio::test]
async fn lines_that_are_not_reached_within_twenty_seconds_are_left_for_a_later_attempt() {
    let (_world, instance, client) = World::with_a_client().await;
    assert_eq!(client.get("/api/v1/memories").await.status, 200);
    let lines: Vec<String> = (0..250)
        .map(|seed| {
            json!({"id": id("2020-01-01T00:00:00Z", seed), "content": "x", "type": "task"}).to_string()
        })
        .collect();
    let lines = lines.join("\n");
    let send = async |client: Client, lines: String| {
        let headers = [NDJSON, ("idempotency-key", "k")];
        client.send_raw(Method::POST, IMPORT, &headers, lines).await
    };
    let mut held = instance.tap.hold();
    let first = tokio::spawn(send(client.clone(), lines.clone()));
    let mut puts = 0;
    while puts < 150 {
        let call = held.recv().await.expect("a call");
        puts += usize::from(call.name.ends_with("PutItem Memories"));
        if puts == 150 {
            instance.clock.set(instance.clock.now().plus(Duration::from_secs(20)));
        }
        tokio::spawn(call.pass());
    }
    drop(held);
    let first = first.await.expect("the request");
    assert_eq!(counts(&first), [200, 0, 50]);
    assert_eq!(first.data()["results"][200]["errors"][0]["code"], "SERVICE_UNAVAILABLE");
    let second = send(client.clone(), lines).await;
    assert_eq!(counts(&second), [50, 200, 0], "the same request resumes");
    assert_eq!(export(&client).await.lines().count(), 250);
}

#[tokio::test]
async fn a_failed_part_is_reported_line_by_line_and_the_others_are_kept() {
    let (_world, instance, client) = World::with_a_client().await;
    instance.tap.fail("DynamoDB PutItem Memories", Fault::Throttled, true);
    let failed = import(&client, vec![line("x"); 3].join("\n")).await;
    assert_eq!(counts(&failed), [0, 0, 3]);
    instance.tap.mend();
    let page = client.get("/api/v1/memories?limit=1").await;
    assert_eq!(page.data()["pagination"]["total"], 0, "definitely refused: their quota is released");
    assert_eq!(counts(&import(&client, vec![line("x"); 3].join("\n")).await), [3, 0, 0]);
}

/// A request whose body is interrupted has no effect. A request whose client disconnects after the body is completed.
#[tokio::test]
async fn a_client_that_disconnects_leaves_complete_memories_or_none() {
    let (_world, instance, client) = World::with_a_client().await;
    assert_eq!(client.get("/api/v1/memories").await.status, 200);
    let key = client.credential().expect("a key").to_owned();
    let address = instance.url.strip_prefix("http://").expect("an address").to_owned();
    let body = |content: &str| format!("{}\n", line(content)).repeat(300);
    let head = format!(
        "POST {IMPORT} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
        NDJSON.1,
        body("whole").len()
    );
    for (content, is_whole) in [("part.", false), ("whole", true)] {
        let body = body(content);
        let sent = if is_whole { body.len() } else { body.len() / 2 };
        let mut connection = tokio::net::TcpStream::connect(&address).await.expect("a connection");
        connection.write_all(head.as_bytes()).await.expect("sent");
        connection.write_all(&body.as_bytes()[..sent]).await.expect("sent");
        connection.flush().await.expect("sent");
        if is_whole {
            // The service continues without its client once it has started.
            while !instance.tap.take().iter().any(|call| call.name.ends_with("PutItem Memories")) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        drop(connection);
    }
    let mut exported = export(&client).await;
    while exported.matches("whole").count() < 300 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        exported = export(&client).await;
    }
    assert_eq!(exported.lines().count(), 300, "nothing of the part, which came before");
    let page = client.get("/api/v1/memories?limit=1").await;
    assert_eq!(page.data()["pagination"]["total"], 300);
}
