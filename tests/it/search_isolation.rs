//! A tenant's search results and scores do not depend on other tenants.

use hb_tests::world::plenty;
use hb_tests::{Client, World, seed};
use http::Method;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::search::{SEARCH, set_up};
use crate::search_large::import;

const QUERIES: [&str; 3] = ["cat", "the tea of the dog", "kitten car vehicle"];

/// A request of the other tenant.
#[derive(Clone, Debug)]
enum Action {
    Create(String, u8),
    /// Under an id of the first tenant.
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

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let one = prop_oneof![
        4 => (text(), 0..3_u8).prop_map(|(text, session)| Action::Create(text, session)),
        2 => (any::<usize>(), text()).prop_map(|(of, text)| Action::Import(of, text)),
        1 => (any::<usize>(), text()).prop_map(|(own, text)| Action::Patch(own, text)),
        1 => any::<usize>().prop_map(Action::Delete),
        2 => (0..QUERIES.len()).prop_map(Action::Search),
    ];
    prop::collection::vec(one, 1..8)
}

/// A tenant's search results with their scores, without latencies.
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

async fn case(texts: Vec<(String, u8)>, actions: Vec<Action>) {
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
    for action in actions {
        match &action {
            Action::Create(text, session) => own.push(create(&other, text, *session).await),
            Action::Import(of, text) => {
                let id = &ids[of % ids.len()];
                if !own.contains(id) {
                    import(&other, &[json!({"id": id, "content": text, "type": "event"}).to_string()]).await;
                    own.push(id.clone());
                }
            }
            Action::Patch(of, text) if !own.is_empty() => {
                let path = format!("/api/v1/memories/{}", own[of % own.len()]);
                other.send(Method::PATCH, &path, Some(json!({"content": text}))).await.expect(200, "");
            }
            Action::Delete(of) if !own.is_empty() => {
                let path = format!("/api/v1/memories/{}", own.swap_remove(of % own.len()));
                other.send(Method::DELETE, &path, None).await.expect(200, "");
            }
            Action::Search(query) => {
                let body = json!({"query": QUERIES[*query], "limit": 100});
                let found = other.post(SEARCH, body).await.data()["results"].clone();
                let found = found.as_array().expect("results").iter();
                let mut ids = found.map(|result| result["id"].as_str().expect("an id").to_owned());
                assert!(ids.all(|id| own.contains(&id)), "only its own are found: {action:?}");
            }
            Action::Patch(..) | Action::Delete(_) => {}
        }
        assert_eq!(searches(&one).await, before, "after {action:?}");
    }
}

#[test]
fn requests_of_another_tenant_change_no_hit_and_no_score() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 12, max_shrink_iters: 40, ..Config::default() };
    let texts = prop::collection::vec((text(), 0..3_u8), 1..8);
    let outcome = seed::runner_with(config).run(&(texts, actions()), |(texts, actions)| {
        runtime.block_on(case(texts, actions));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[tokio::test]
async fn memories_of_another_tenant_change_no_results() {
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
