//! What one tenant finds, and how relevant it is, has nothing to do with what another one writes.

use hb_tests::world::plenty;
use hb_tests::{Client, World, seed};
use http::Method;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::search::{SEARCH, set_up};
use crate::search_large::import;

const QUERIES: [&str; 3] = ["cat", "the tea of the dog", "kitten car vehicle"];

/// What the other tenant does.
#[derive(Clone, Debug)]
enum Deed {
    Create(String, u8),
    /// Under an id of the first tenant's.
    Import(usize, String),
    Patch(usize, String),
    Delete(usize),
    Search(usize),
}

fn text() -> impl Strategy<Value = String> + Clone {
    let word =
        prop::sample::select(vec!["cat", "kitten", "dog", "car", "vehicle", "tea", "drink", "東京", "🎉"]);
    prop::collection::vec(word, 1..6).prop_map(|words| words.join(" "))
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let one = prop_oneof![
        4 => (text(), 0..3_u8).prop_map(|(text, session)| Deed::Create(text, session)),
        2 => (any::<usize>(), text()).prop_map(|(of, text)| Deed::Import(of, text)),
        1 => (any::<usize>(), text()).prop_map(|(own, text)| Deed::Patch(own, text)),
        1 => any::<usize>().prop_map(Deed::Delete),
        2 => (0..QUERIES.len()).prop_map(Deed::Search),
    ];
    prop::collection::vec(one, 1..8)
}

/// Everything that a tenant's searches say, scores and all, but for how long they took.
async fn searches(client: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    for query in QUERIES {
        let answer = client.post(SEARCH, json!({"query": query, "limit": 100, "explain": true})).await;
        all.push(answer.data()["results"].clone());
    }
    all
}

async fn create(client: &Client, text: &str, session: u8) -> String {
    let body = json!({"content": text, "type": "event", "sessionId": format!("session {session}")});
    let made = client.post("/api/v1/memories", body).await;
    made.data()["id"].as_str().expect("an id").to_owned()
}

async fn case(texts: Vec<(String, u8)>, deeds: Vec<Deed>) {
    let world = World::new().await;
    let (one, other) =
        (world.account_with("acme", plenty()).await, world.account_with("acme2", plenty()).await);
    let instance = world.instance().await;
    let (one, other) = (instance.client.with(&one.key), instance.client.with(&other.key));
    let mut ids = Vec::new();
    for (text, session) in &texts {
        ids.push(create(&one, text, *session).await);
    }
    let before = searches(&one).await;
    let mut own: Vec<String> = Vec::new();
    for deed in deeds {
        match &deed {
            Deed::Create(text, session) => own.push(create(&other, text, *session).await),
            Deed::Import(of, text) => {
                let id = &ids[of % ids.len()];
                if !own.contains(id) {
                    import(&other, &[json!({"id": id, "content": text, "type": "event"}).to_string()]).await;
                    own.push(id.clone());
                }
            }
            Deed::Patch(of, text) if !own.is_empty() => {
                let path = format!("/api/v1/memories/{}", own[of % own.len()]);
                other.send(Method::PATCH, &path, Some(json!({"content": text}))).await.expect(200, "");
            }
            Deed::Delete(of) if !own.is_empty() => {
                let path = format!("/api/v1/memories/{}", own.swap_remove(of % own.len()));
                other.send(Method::DELETE, &path, None).await.expect(200, "");
            }
            Deed::Search(query) => {
                let body = json!({"query": QUERIES[*query], "limit": 100});
                let found = other.post(SEARCH, body).await.data()["results"].clone();
                let found = found.as_array().expect("results").iter();
                let mut ids = found.map(|result| result["id"].as_str().expect("an id").to_owned());
                assert!(ids.all(|id| own.contains(&id)), "it finds its own: {deed:?}");
            }
            Deed::Patch(..) | Deed::Delete(_) => {}
        }
        assert_eq!(searches(&one).await, before, "after {deed:?}");
    }
}

#[test]
fn what_others_write_changes_no_hit_and_no_score() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 12, max_shrink_iters: 40, ..Config::default() };
    let texts = prop::collection::vec((text(), 0..3_u8), 1..8);
    let outcome = seed::runner_with(config).run(&(texts, deeds()), |(texts, deeds)| {
        runtime.block_on(case(texts, deeds));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[tokio::test]
async fn another_tenants_memories_change_nothing() {
    let (world, instance, client) = set_up().await;
    let body = json!({"query": "sugar tea", "explain": true});
    let before = client.post(SEARCH, body.clone()).await;
    let neighbour = instance.client.with(&world.account_with("globex", plenty()).await.key);
    for number in 0..20 {
        let body = json!({"content": format!("sugar tea {number}"), "type": "semantic"});
        neighbour.post("/api/v1/memories", body).await.expect(201, "");
    }
    assert_eq!(client.post(SEARCH, body).await.data()["results"], before.data()["results"]);
    let theirs = neighbour.post(SEARCH, json!({"query": "coffee", "limit": 100})).await;
    let theirs = theirs.data()["results"].as_array().expect("results");
    assert!(
        theirs
            .iter()
            .all(|result| result["content"].as_str().is_some_and(|text| text.starts_with("sugar tea")))
    );
}
