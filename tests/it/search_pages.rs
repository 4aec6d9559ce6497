//! Searches over several pages, with a filter, and without a query.

use std::collections::BTreeSet;
use std::time::Duration;

use hb_store::SearchBudget;
use hb_tests::world::{Account, NOON, moment, plenty, unhurried};
use hb_tests::{Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

use crate::filters::naive;
use crate::filters::random::Random;
use crate::query::exported;
use crate::search::SEARCH;
use crate::search_large::import;

const MEMORIES: &str = "/api/v1/memories";

async fn set_up(lines: &[String], budget: SearchBudget) -> (World, Account, Instance, Client) {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance_with(budget).await;
    let client = instance.client.with(&account.key);
    for part in lines.chunks(600) {
        import(&client, part).await;
    }
    (world, account, instance, client)
}

/// Memories about tea, of different scores.
fn about_tea(count: usize) -> Vec<String> {
    let line = |number: usize| {
        let content = format!("{}{}", "tea ".repeat(1 + number % 3), "of some kind ".repeat(number % 7));
        let at = moment(NOON).millis() - 1_000_000 + number as i64;
        json!({"content": content, "type": "task", "importance": 0.5, "createdAt": at, "metadata": {"o": {"n": number}}})
    };
    (0..count).map(|number| line(number).to_string()).collect()
}

/// The pages of a search, in order.
async fn pages(client: &Client, mut body: Value) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    loop {
        let page = client.post(SEARCH, body.clone()).await;
        pages.push(page.data()["results"].as_array().expect("results").clone());
        match page.data()["nextCursor"].as_str() {
            None => return pages,
            Some(cursor) => body["cursor"] = json!(cursor),
        }
        assert!(pages.len() < 1_000, "an end");
    }
}

fn id(memory: &Value) -> String {
    memory["id"].as_str().expect("an id").to_owned()
}

/// The ids of some memories, none of which may occur twice.
fn distinct<'m>(memories: impl IntoIterator<Item = &'m Value>) -> BTreeSet<String> {
    let all: Vec<String> = memories.into_iter().map(id).collect();
    let distinct: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(distinct.len(), all.len(), "each once");
    distinct
}

#[tokio::test]
async fn a_result_is_the_whole_memory() {
    let (_world, _instance, client) = World::with_a_client().await;
    let body = json!({
        "content": "tea", "type": "task", "importance": 0.5, "tags": ["a"], "metadata": {"a": 1}, "userId": "u",
        "agentId": "a", "sessionId": "s", "namespace": ["n", "m"], "expiresAt": "2027-01-01T00:00:00Z",
    });
    let memory = client.post(MEMORIES, body).await.data().clone();
    for search in [json!({"query": "tea"}), json!({"userId": "u"})] {
        let mut found = client.post(SEARCH, search.clone()).await.data()["results"][0].clone();
        let relevance = found.as_object_mut().expect("a result").remove("relevance");
        assert_eq!(relevance.is_some_and(|relevance| relevance.is_null()), search.get("query").is_none());
        assert_eq!(found, memory);
    }
}

#[tokio::test]
async fn pages_continue_the_order_to_a_thousand_results() {
    let (_world, _, _instance, client) = set_up(&about_tea(1_200), unhurried()).await;
    let whole = pages(&client, json!({"query": "tea", "limit": 100})).await.concat();
    assert_eq!(whole.len(), 1_000);
    distinct(&whole);
    let best = client.post(SEARCH, json!({"query": "tea", "limit": 100, "explain": true})).await;
    let best = best.data()["results"].as_array().expect("results").clone();
    let narrow = pages(&client, json!({"query": "tea", "limit": 7, "explain": true})).await.concat();
    assert_eq!(narrow.iter().map(id).collect::<Vec<_>>(), whole.iter().map(id).collect::<Vec<_>>());
    assert_eq!(&narrow[..100], best, "the pages are parts of one ranking");
    let scores: Vec<f64> = narrow.iter().filter_map(|hit| hit["explanation"]["score"].as_f64()).collect();
    assert!(scores.is_sorted_by(|left, right| left >= right));
    assert!(scores[0] > scores[999]);
}

#[tokio::test]
async fn a_search_that_has_found_all_has_no_cursor() {
    let (_world, _, _instance, client) = set_up(&about_tea(20), unhurried()).await;
    for body in [json!({"query": "tea"}), json!({"filter": {"type": {"eq": "task"}}})] {
        for limit in [20, 21, 5] {
            let mut body = body.clone();
            body["limit"] = json!(limit);
            let all = pages(&client, body.clone()).await;
            assert_eq!(distinct(all.iter().flatten()).len(), 20, "{body}");
            assert_eq!(all.len(), 20_usize.div_ceil(limit), "{body}: no page is empty");
        }
    }
}

#[tokio::test]
async fn no_result_is_repeated_while_memories_change() {
    let (_world, _, instance, client) = set_up(&about_tea(300), unhurried()).await;
    let before = exported(&client).await;
    let mut body = json!({"query": "tea", "limit": 20});
    let (mut found, mut changed) = (Vec::new(), BTreeSet::new());
    loop {
        assert!(found.len() <= 600, "an end");
        let page = client.post(SEARCH, body.clone()).await;
        found.extend(page.data()["results"].as_array().expect("results").iter().cloned());
        let Some(cursor) = page.data()["nextCursor"].as_str() else { break };
        body["cursor"] = json!(cursor);
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(1)));
        client.post(MEMORIES, json!({"content": "tea with biscuits", "type": "task"})).await.expect(201, "");
        let one = &before[found.len() * 7 % before.len()];
        let path = format!("{MEMORIES}/{}", id(one));
        changed.insert(id(one));
        client.send(Method::PATCH, &path, Some(json!({"content": "tea, changed"}))).await.expect(200, "");
    }
    let found = distinct(&found);
    let missed: Vec<String> =
        before.iter().map(id).filter(|id| !found.contains(id) && !changed.contains(id)).collect();
    assert!(missed.is_empty(), "what has not changed is found: {missed:?}");
}

#[tokio::test]
async fn a_cursor_belongs_to_one_search() {
    let (_world, _, _instance, client) = set_up(&about_tea(5), unhurried()).await;
    for (search, others) in [
        (
            json!({"query": "tea", "limit": 2}),
            [json!({"query": "tee"}), json!({"query": "tea", "userId": "u"}), json!({"userId": "u"})],
        ),
        (
            json!({"filter": {"type": {"eq": "task"}}, "limit": 2}),
            [json!({"query": "tea"}), json!({"filter": {"type": {"ne": "task"}}}), json!({"type": "task"})],
        ),
    ] {
        let first = client.post(SEARCH, search.clone()).await;
        let cursor = first.data()["nextCursor"].clone();
        assert!(cursor.is_string());
        for mut other in others {
            other["cursor"] = cursor.clone();
            let refused = client.post(SEARCH, other).await;
            refused.expect(400, "VALIDATION_ERROR");
            assert_eq!(refused.fields(), ["cursor"]);
        }
        let mut again = search;
        again["cursor"] = cursor;
        again["limit"] = json!(100);
        assert_eq!(client.post(SEARCH, again).await.data()["results"].as_array().map(Vec::len), Some(3));
    }
}

#[tokio::test]
async fn a_filtered_search_finds_what_a_naive_filter_finds() {
    let mut random = Random::new(moment(NOON));
    let lines: Vec<String> = (0..250).map(|_| random.memory().to_string()).collect();
    let (_world, _, _instance, client) = set_up(&lines, unhurried()).await;
    let all = exported(&client).await;
    let is_searchable = |memory: &&Value| memory["searchable"] != json!(false);
    assert!(all.iter().any(|memory| !is_searchable(&memory)), "some are not found by searches");
    let mut matches = 0;
    for _ in 0..40 {
        let filter = random.filter(4);
        let wanted = all.iter().filter(is_searchable).filter(|memory| naive::holds(&filter, memory));
        let expected: BTreeSet<String> = wanted.map(id).collect();
        // Every random memory is a note.
        for query in ["note", ""] {
            let limit = [30, 100][random.below(2)];
            let body = json!({"query": query, "filter": filter, "limit": limit});
            let found = pages(&client, body.clone()).await.concat();
            assert_eq!(distinct(&found), expected, "{body}");
            let created: Vec<&str> = found.iter().filter_map(|hit| hit["createdAt"].as_str()).collect();
            assert!(query == "note" || created.is_sorted_by(|left, right| left >= right), "newest first");
        }
        matches += expected.len();
    }
    assert!(matches > 500, "{matches}");
}

/// A filter that the index cannot check: every memory has to be read.
#[tokio::test]
async fn a_search_whose_reads_end_says_so_and_continues() {
    let budget = SearchBudget { reads: 50, ..unhurried() };
    let (_world, _, _instance, client) = set_up(&about_tea(400), budget).await;
    let filter = json!({"metadata.o.n": {"in": [3, 200, 399]}});
    let first = client.post(SEARCH, json!({"query": "tea", "filter": filter})).await;
    assert!(
        first.data()["partial"]["searched"].as_u64().is_some_and(|searched| searched <= 50),
        "{}",
        first.text
    );
    let all = pages(&client, json!({"query": "tea", "filter": filter})).await;
    assert_eq!(distinct(all.iter().flatten()).len(), 3);
    assert!((8..=9).contains(&all.len()), "400 memories, 50 a page: {}", all.len());
}
