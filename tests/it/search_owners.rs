//! A search by user, agent or session returns the same as if the tenant had no other memories.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Client, World, seed};
use http::Method;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::search::{SEARCH, found};
use crate::search_large::import;

const BULK: &str = "/api/v1/memories/bulk";
const BULK_DELETE: &str = "/api/v1/memories/bulk-delete";
const EXPORT: &str = "/api/v1/memories/export";
const QUERIES: [&str; 3] = ["cat", "the tea of the dog", "kitten car vehicle"];

async fn say(client: &Client, content: &str, user: &str) -> String {
    let body = json!({"content": content, "type": "episodic", "userId": user, "sessionId": "default"});
    let made = client.post("/api/v1/memories", body).await;
    made.expect(201, "");
    made.data()["id"].as_str().expect("an id").to_owned()
}

/// Search results with their scores.
async fn results(client: &Client, mut body: Value) -> Value {
    body["explain"] = json!(true);
    client.post(SEARCH, body).await.data()["results"].clone()
}

#[tokio::test]
async fn bobs_memories_do_not_influence_anns_search() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    say(&client, "My HIV test came back positive", "bob").await;
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(1)));
    say(&client, "Watered the plants", "ann").await;
    let asked = |narrow: Value| {
        let mut body = json!({"query": "HIV", "minRelevance": 0.5});
        body.as_object_mut().expect("an object").extend(narrow.as_object().expect("an object").clone());
        body
    };
    for of_ann in [json!({"userId": "ann"}), json!({"userId": "ann", "sessionId": "default"})] {
        assert_eq!(results(&client, asked(of_ann)).await, json!([]));
    }
    assert_eq!(found(&client, asked(json!({"userId": "bob"}))).await, ["My"]);
    // A search of the session, or without owners, includes all of it.
    for whole in [json!({}), json!({"sessionId": "default"}), json!({"tags": []})] {
        let mut body = asked(whole);
        body["minRelevance"] = json!(0.2);
        let all = results(&client, body).await;
        assert_eq!(
            (&all[1]["content"], &all[1]["relevance"]),
            (&json!("Watered the plants"), &json!(0.3476))
        );
    }
    // Ann's memory has the same relevance with and without Bob's.
    let ann = json!({"query": "HIV", "userId": "ann"});
    let before = results(&client, ann.clone()).await;
    client.post(BULK_DELETE, json!({"filter": {"userId": "bob"}})).await.expect(200, "");
    assert_eq!(results(&client, ann).await, before);
}

#[tokio::test]
async fn a_memory_whose_owner_changes_is_found_by_the_new_owner_only() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (one, other) = (world.instance().await, world.instance().await);
    let clients = [one.client.with(&account.key), other.client.with(&account.key)];
    let crane = say(&clients[0], "harbour crane", "ann").await;
    say(&clients[0], "quite another matter", "ann").await;
    say(&clients[0], "something else", "bob").await;
    let path = format!("/api/v1/memories/{crane}");
    for (change, of_ann, of_bob) in [
        (json!({}), &["harbour", "quite"][..], &[][..]),
        (json!({"userId": "bob"}), &[], &["harbour", "something"]),
        (json!({"userId": null}), &[], &[]),
    ] {
        clients[0].send(Method::PATCH, &path, Some(change.clone())).await.expect(200, "");
        for client in &clients {
            for (user, expected) in [("ann", of_ann), ("bob", of_bob)] {
                let body = json!({"query": "harbour crane", "minRelevance": 0.2, "userId": user});
                assert_eq!(found(client, body).await, expected, "{change}, {user}");
            }
        }
    }
}

/// Hash collision of two names: results are filtered again after they are read.
#[tokio::test]
async fn a_memory_with_the_hash_of_another_owner_is_not_returned() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let ann = say(&client, "harbour crane", "ann").await;
    let bob = say(&client, "a secret of the harbour", "bob").await;
    world.disguise(&account.tenant, &bob, &ann).await;
    let fresh = world.instance().await;
    let client = fresh.client.with(&account.key);
    assert_eq!(
        found(&client, json!({"query": "crane"})).await.len(),
        2,
        "the index counts it as one of Ann's"
    );
    assert_eq!(found(&client, json!({"query": "crane", "userId": "ann"})).await, ["harbour"]);
    assert_eq!(found(&client, json!({"query": "crane", "userId": "bob"})).await, Vec::<String>::new());
}

/// A user, an agent and a session: one of three each, or none.
type Names = [Option<u8>; 3];

const FIELDS: [(&str, &str); 3] = [("userId", "user"), ("agentId", "agent"), ("sessionId", "session")];

fn names() -> impl Strategy<Value = Names> {
    let one = || prop::option::weighted(0.7, 0..3_u8);
    (one(), one(), one()).prop_map(|(user, agent, session)| [user, agent, session])
}

fn memory() -> impl Strategy<Value = (String, Names)> {
    let word =
        prop::sample::select(vec!["cat", "kitten", "dog", "car", "vehicle", "tea", "drink", "東京", "🎉"]);
    (prop::collection::vec(word, 1..6).prop_map(|words| words.join(" ")), names())
}

fn named(names: Names, mut body: Value) -> Value {
    for ((field, kind), name) in FIELDS.iter().zip(names) {
        if let Some(number) = name {
            body[field] = json!(format!("{kind} {number}"));
        }
    }
    body
}

async fn answers(client: &Client, owners: Names) -> Vec<Value> {
    let mut all = Vec::new();
    for query in QUERIES {
        all.push(results(client, named(owners, json!({"query": query, "limit": 100}))).await);
        all.push(results(client, named(owners, json!({"query": query, "minRelevance": 0.2}))).await);
    }
    all
}

async fn case(memories: Vec<(String, Names)>, asked: Vec<Names>) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (writing, searching) = (world.instance().await, world.instance().await);
    let (writer, client) = (writing.client.with(&account.key), searching.client.with(&account.key));
    let bodies: Vec<Value> = memories
        .iter()
        .map(|(content, names)| named(*names, json!({"content": content, "type": "event"})))
        .collect();
    let made = writer.post(BULK, json!({"memories": bodies})).await;
    assert_eq!(made.data()["created"], bodies.len(), "{}", made.text);
    let export = writer.get(EXPORT).await.text;
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (number, owners) in asked.iter().enumerate() {
        let wanted = named(*owners, json!({}));
        let passes = |line: &Value| {
            FIELDS.iter().all(|(field, _)| wanted[*field].is_null() || wanted[*field] == line[*field])
        };
        let alone = world.account_with(&format!("alone-{number}"), plenty()).await;
        let alone = writing.client.with(&alone.key);
        let own: Vec<String> = lines.iter().filter(|line| passes(line)).map(Value::to_string).collect();
        if !own.is_empty() {
            import(&alone, &own).await;
        }
        let expected = answers(&alone, [None; 3]).await;
        assert_eq!(answers(&client, *owners).await, expected, "others are there: {wanted}");
        if number + 1 < asked.len() {
            continue;
        }
        // Delete everything of other owners: of other users by filter, of the rest by id.
        for user in (0..3).filter(|user| owners[0].is_some_and(|own| own != *user)) {
            let erasure = json!({"filter": {"userId": format!("user {user}")}});
            writer.post(BULK_DELETE, erasure).await.expect(200, "");
        }
        let others: Vec<&Value> = lines.iter().filter(|line| !passes(line)).map(|line| &line["id"]).collect();
        if !others.is_empty() {
            writer.post(BULK_DELETE, json!({"ids": others})).await.expect(200, "");
        }
        assert_eq!(answers(&client, *owners).await, expected, "others have gone: {wanted}");
    }
}

#[test]
fn deleting_memories_of_other_owners_changes_no_hit_and_no_score() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 16, max_shrink_iters: 40, ..Config::default() };
    let given = (
        prop::collection::vec(memory(), 1..60),
        prop::collection::vec(names().prop_filter("owners", |names| *names != [None; 3]), 1..5),
    );
    let outcome = seed::runner_with(config).run(&given, |(memories, asked)| {
        runtime.block_on(case(memories, asked));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
