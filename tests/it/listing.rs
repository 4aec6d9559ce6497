//! Lists: every order, page and cursor returns each memory once, and filters return exactly the matching memories.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
const SORTS: [&str; 3] = ["createdAt", "updatedAt", "importance"];

/// A tenant with memories, some created or changed in the same millisecond, many with the same importance.
struct Library {
    _world: World,
    _instance: Instance,
    client: Client,
    memories: Vec<Value>,
}

impl Library {
    async fn of(count: usize) -> Self {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        let mut rng = StdRng::seed_from_u64(7);
        let mut memories: Vec<Value> = Vec::new();
        for number in 0..count {
            let mut pick = |choices: &[Value]| choices[rng.random_range(0..choices.len())].clone();
            let mut body = json!({
                "content": format!("note {number}"),
                "type": pick(&["task".into(), "event".into()]),
                "importance": pick(&[0.into(), 0.1.into(), 0.25.into(), 1e-7.into(), 1.into()]),
                "tags": pick(&[json!([]), json!(["a"]), json!(["b", "a"]), json!(["ab"]), json!(["é", "a"])]),
            });
            for name in ["userId", "agentId", "sessionId"] {
                let value = pick(&[Value::Null, "x".into(), "y".into()]);
                if !value.is_null() {
                    body[name] = value;
                }
            }
            let created = client.post(MEMORIES, body).await;
            memories.push(created.data().clone());
            if number % 3 == 0 {
                instance.clock.set(instance.clock.now().plus(Duration::from_millis(1)));
            }
            if number % 4 == 0 {
                let index = number / 2;
                let path = format!("{MEMORIES}/{}", memories[index]["id"].as_str().expect("an id"));
                let change = json!({"metadata": {"changed": number}});
                memories[index] = client.send(Method::PATCH, &path, Some(change)).await.data().clone();
            }
        }
        Self { _world: world, _instance: instance, client, memories }
    }

    async fn list(&self, query: &str) -> Answer {
        self.client.get(&format!("{MEMORIES}?{query}")).await
    }

    /// Every page of a list by its cursors.
    async fn walk(&self, query: &str) -> Vec<Value> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.list(&format!("{query}{cursor}")).await;
            found.extend(memories(&page).iter().cloned());
            let Some(next) = page.data()["pagination"]["nextCursor"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    }

    /// The memories that match `wanted`, in the order of the contract.
    fn expected(&self, sort: &str, order: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut expected: Vec<Value> =
            self.memories.iter().filter(|memory| wanted(memory)).cloned().collect();
        expected.sort_by(|a, b| by(sort, a, b));
        if order == "desc" {
            expected.reverse();
        }
        expected
    }
}

fn by(sort: &str, a: &Value, b: &Value) -> std::cmp::Ordering {
    match sort {
        "importance" => a[sort].as_f64().expect("a number").total_cmp(&b[sort].as_f64().expect("a number")),
        _ => a[sort].as_str().cmp(&b[sort].as_str()),
    }
}

fn memories(page: &Answer) -> &Vec<Value> {
    page.data()["memories"].as_array().expect("memories")
}

/// Checks that `found` is `expected`, each once, in the order that the sort defines.
#[track_caller]
fn assert_list(what: &str, sort: &str, found: &[Value], expected: &[Value]) {
    let keys = |list: &[Value]| list.iter().map(|memory| memory[sort].to_string()).collect::<Vec<_>>();
    assert_eq!(keys(found), keys(expected), "{what}");
    let sorted = |list: &[Value]| {
        let mut list: Vec<String> = list.iter().map(Value::to_string).collect();
        list.sort();
        list
    };
    assert_eq!(sorted(found), sorted(expected), "{what}");
}

#[tokio::test]
async fn pages_and_cursors_show_every_memory_once_in_every_order() {
    let library = Library::of(11).await;
    for sort in SORTS {
        for order in ["desc", "asc"] {
            let expected = library.expected(sort, order, |_| true);
            for limit in [2, 11, 50] {
                let query = format!("sort={sort}&order={order}&limit={limit}");
                let by_cursor = library.walk(&query).await;
                assert_list(&query, sort, &by_cursor, &expected);
                let mut by_page = Vec::new();
                for number in 1..=11_usize.div_ceil(limit) {
                    by_page.extend(
                        memories(&library.list(&format!("{query}&page={number}")).await).iter().cloned(),
                    );
                }
                assert_eq!(by_page, by_cursor, "{query}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_defaults_to_the_newest_fifty() {
    let library = Library::of(52).await;
    let mut newest = library.memories.clone();
    newest.sort_by(|a, b| b["id"].as_str().cmp(&a["id"].as_str()));
    let page = library.list("").await;
    assert_eq!(*memories(&page), newest[..50]);
    assert_eq!(page.data()["pagination"]["limit"], 50);
    assert_eq!(*memories(&library.list("page=2").await), newest[50..]);
}

#[tokio::test]
async fn the_pagination_of_a_page_is_correct() {
    let library = Library::of(11).await;
    let matching = library.memories.iter().filter(|memory| memory["type"] == "task").count();
    assert!(matching > 2);
    for (filter, total) in [("", 11), ("&type=task", matching), ("&userId=nobody", 0)] {
        for sort in SORTS {
            for limit in [2, total.max(1), 100] {
                let pages = total.div_ceil(limit);
                for number in 1..=pages + 2 {
                    let query = format!("limit={limit}&page={number}&sort={sort}{filter}");
                    let page = library.list(&query).await;
                    let mut pagination = page.data()["pagination"].clone();
                    let cursor = pagination["nextCursor"].take();
                    let expected = json!({
                        "page": number, "limit": limit, "total": total, "pages": pages,
                        "hasNext": number < pages, "hasPrevious": number > 1, "nextCursor": null,
                    });
                    assert_eq!(pagination, expected, "{query}");
                    assert_eq!(cursor.is_string(), number < pages, "{query}");
                    let length = total.saturating_sub((number - 1) * limit).min(limit);
                    assert_eq!(memories(&page).len(), length, "{query}");
                }
            }
        }
    }
    let first = library.list("limit=4").await;
    let cursor = first.data()["pagination"]["nextCursor"].as_str().expect("a cursor");
    let second = library.list(&format!("limit=5&cursor={cursor}")).await;
    let pagination = &second.data()["pagination"];
    assert_eq!(*memories(&second), library.walk("").await[4..9]);
    assert_eq!(
        (&pagination["page"], &pagination["hasPrevious"], &pagination["hasNext"]),
        (&json!(null), &json!(true), &json!(true))
    );
}

#[tokio::test]
async fn filters_return_exactly_the_matching_memories() {
    let library = Library::of(30).await;
    let scopings = [["", "", ""], ["x", "", ""], ["", "y", "x"], ["x", "y", ""]];
    let mut combination = 0;
    for kind in ["", "task", "episodic"] {
        for tags in [&[][..], &["a"], &["a", "b"], &["é", "a", "a"], &["none"]] {
            for [user, agent, session] in scopings {
                let (sort, order) = (SORTS[combination % 3], ["desc", "asc"][combination % 2]);
                combination += 1;
                let named = [("userId", user), ("agentId", agent), ("sessionId", session), ("type", kind)];
                let expected = library.expected(sort, order, |memory| {
                    let has =
                        |tag: &&str| memory["tags"].as_array().is_some_and(|all| all.contains(&json!(tag)));
                    let same = |(name, value): &(&str, &str)| value.is_empty() || memory[*name] == *value;
                    named.iter().all(same) && tags.iter().all(has)
                });
                let tags = tags.join(",").replace('é', "%C3%A9");
                let mut query = format!("sort={sort}&order={order}&limit=7");
                for (name, value) in [("tags", tags.as_str())].iter().chain(&named) {
                    if !value.is_empty() {
                        query.push_str(&format!("&{name}={value}"));
                    }
                }
                assert_list(&query, sort, &library.walk(&query).await, &expected);
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_stays_valid_while_memories_are_created_and_deleted() {
    let library = Library::of(9).await;
    let before = library.walk("").await;
    let first = library.list("limit=3").await;
    let cursor = first.data()["pagination"]["nextCursor"].as_str().expect("a cursor");
    for gone in [2, 3] {
        let path = format!("{MEMORIES}/{}", before[gone]["id"].as_str().expect("an id"));
        assert_eq!(library.client.send(Method::DELETE, &path, None).await.status, 200);
    }
    library.client.post(MEMORIES, json!({"content": "new", "type": "task"})).await;
    let second = library.list(&format!("limit=100&cursor={cursor}")).await;
    assert_eq!(*memories(&second), before[4..]);
}
