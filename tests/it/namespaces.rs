//! Namespaces: filters by them, and the list of the distinct ones.

mod filters;

use std::collections::BTreeSet;

use hb_tests::world::plenty;
use hb_tests::{Client, Driven, World};
use http::Method;
use serde_json::{Value, json};

const NAMESPACES: &str = "/api/v1/namespaces";
pub(crate) const MEMORIES: &str = "/api/v1/memories";

/// The text form of a namespace, for a query string.
fn text(segments: &[&str]) -> String {
    let escaped: Vec<String> =
        segments.iter().map(|segment| segment.replace('~', "~0").replace('/', "~1")).collect();
    form_urlencoded::byte_serialize(escaped.join("/").as_bytes()).collect()
}

/// Creates memories of these namespaces and returns their ids.
async fn fill(client: &Client, namespaces: &[Vec<String>]) -> Vec<String> {
    let mut ids = Vec::new();
    for part in namespaces.chunks(100) {
        let memory = |namespace| json!({"content": "tea", "type": "task", "namespace": namespace});
        let memories: Vec<Value> = part.iter().map(memory).collect();
        let created = client.post("/api/v1/memories/bulk", json!({ "memories": memories })).await;
        assert_eq!(created.data()["failed"], 0, "{}", created.text);
        let results = created.data()["results"].as_array().expect("results").clone();
        ids.extend(results.iter().map(|result| result["id"].as_str().expect("an id").to_owned()));
    }
    ids
}

fn namespace(segments: &[&str]) -> Vec<String> {
    segments.iter().map(|segment| (*segment).to_owned()).collect()
}

/// All pages of the list of namespaces.
async fn pages(client: &Client, query: &str) -> Vec<Vec<Vec<String>>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{NAMESPACES}?{query}{cursor}")).await;
        page.expect(200, "");
        let data = page.data();
        pages.push(serde_json::from_value(data["namespaces"].clone()).expect("namespaces"));
        match data["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
        assert!(pages.len() < 1_000, "an end");
    }
}

async fn all(client: &Client, query: &str) -> Vec<Vec<String>> {
    pages(client, query).await.concat()
}

/// Namespaces with segments that are hard to separate, of any length, with a few memories each.
fn hard_ones() -> Vec<Vec<String>> {
    let long = |unit: &str| unit.repeat(128);
    let mut namespaces: Vec<Vec<String>> = [
        &["a"][..],
        &["ab"],
        &["a", "b"],
        &["a", "b", "c"],
        &["a/b"],
        &["a", "b/c"],
        &["a~1b"],
        &["~"],
        &["a", "~"],
        &["A"],
        &["é"],
        &["🦀"],
        &[" "],
        &["."],
        &[".."],
        &["a", "."],
        &["%2F"],
        &["?#"],
        &["\u{1}"],
        &["a", "\u{1}"],
        &["a", "\u{10ffff}"],
        &["\u{10ffff}"],
    ]
    .map(namespace)
    .to_vec();
    for unit in ["x", "é", "€", "🦀"] {
        for segments in 1..=10 {
            namespaces.push(vec![long(unit); segments]);
            let mut other = vec![long(unit); segments];
            other[segments - 1] = format!("{}y", unit.repeat(127));
            namespaces.push(other);
        }
    }
    namespaces
}

#[tokio::test]
async fn the_list_has_every_namespace_once_in_the_order_of_the_pages_of_any_size() {
    let (_world, _instance, client) = World::with_a_client().await;
    let expected = hard_ones();
    fill(&client, &[expected.clone(), expected.clone(), expected.clone()].concat()).await;
    client.post(MEMORIES, json!({"content": "without one", "type": "task"})).await.expect(201, "");
    let listed = all(&client, "limit=100").await;
    let set: BTreeSet<_> = expected.iter().cloned().collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), set);
    assert_eq!(listed.len(), expected.len(), "each once");
    for limit in [1, 7, 50] {
        let pages = pages(&client, &format!("limit={limit}")).await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        assert_eq!(pages.concat(), listed, "{limit}");
    }
    let short: Vec<&Vec<String>> = listed.iter().filter(|namespace| namespace.concat().len() < 300).collect();
    let key = |namespace: &Vec<String>| {
        let escaped = namespace.iter().map(|segment| segment.replace('~', "~0").replace('/', "~1") + "/");
        escaped.collect::<String>()
    };
    assert!(short.is_sorted_by_key(|namespace| key(namespace)), "in the order of their text");
}

#[tokio::test]
async fn a_prefix_selects_namespaces_that_begin_with_its_segments_however_long_it_is() {
    let (_world, _instance, client) = World::with_a_client().await;
    let namespaces = hard_ones();
    fill(&client, &namespaces).await;
    let prefixes: BTreeSet<Vec<String>> =
        namespaces.iter().flat_map(|one| (1..=one.len()).map(|length| one[..length].to_vec())).collect();
    for prefix in prefixes.iter().chain([&namespace(&["nobody"]), &namespace(&["a", "b", "c", "d"])]) {
        let segments: Vec<&str> = prefix.iter().map(String::as_str).collect();
        let found: BTreeSet<Vec<String>> =
            all(&client, &format!("limit=100&prefix={}", text(&segments))).await.into_iter().collect();
        let wanted = namespaces.iter().filter(|one| one.starts_with(prefix)).cloned().collect();
        assert_eq!(found, wanted, "{prefix:?}");
    }
}

#[tokio::test]
async fn a_list_skips_the_memories_of_a_namespace_in_bounded_queries_of_half_a_unit() {
    let (_world, instance, client) = World::with_a_client().await;
    let many =
        [vec![namespace(&["a"]); 400], vec![namespace(&["b"]); 400], vec![namespace(&["c"]); 10]].concat();
    fill(&client, &many).await;
    client.get(NAMESPACES).await;
    instance.tap.take();
    assert_eq!(all(&client, "").await, [["a"], ["b"], ["c"]]);
    let queries: Vec<_> =
        instance.tap.take().into_iter().filter(|call| call.name.contains("Query")).collect();
    assert!(queries.len() <= 4, "{}", queries.len());
    assert!(queries.iter().all(|query| query.read_units == 0.5), "{queries:?}");
    let distinct: Vec<Vec<String>> = (0..500).map(|number| vec![format!("n{number:03}")]).collect();
    fill(&client, &distinct).await;
    instance.tap.take();
    assert_eq!(
        client.get(&format!("{NAMESPACES}?limit=100")).await.data()["namespaces"][99],
        json!(["n096"])
    );
    let units: f64 = instance.tap.take().iter().map(|call| call.read_units).sum();
    assert!(units <= 4.0, "{units}: 100 of 32 entries a query, in half a unit each");
}

#[tokio::test]
async fn a_cursor_belongs_to_a_tenant_and_a_prefix_and_a_forged_one_shows_nothing_of_others() {
    let world = World::new().await;
    let (one, other) =
        (world.account_with("acme", plenty()).await, world.account_with("globex", plenty()).await);
    let instance = world.instance().await;
    let (client, stranger) = (instance.client.with(&one.key), instance.client.with(&other.key));
    fill(&client, &[namespace(&["a"]), namespace(&["b", "secret"])]).await;
    fill(&stranger, &[namespace(&["a", "b"])]).await;
    let first = client.get(&format!("{NAMESPACES}?limit=1")).await;
    let cursor = first.data()["nextCursor"].as_str().expect("a cursor").to_owned();
    for (client, query) in [(&stranger, ""), (&client, "&prefix=a")] {
        let refused = client.get(&format!("{NAMESPACES}?cursor={cursor}{query}")).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), ["cursor"]);
    }
    assert_eq!(all(&stranger, "").await, [["a", "b"]]);
    for query in ["prefix=", "prefix=a//b", "prefix=%00", "limit=0", "limit=101", "cursor=x", "page=1"] {
        client.get(&format!("{NAMESPACES}?{query}")).await.expect(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_namespace_is_listed_while_a_memory_has_it() {
    let (_world, _instance, client) = World::with_a_client().await;
    let long = vec!["🦀".repeat(128); 10];
    let ids = fill(&client, &[namespace(&["a"]), namespace(&["a"]), long.clone()]).await;
    let path = |number: usize| format!("{MEMORIES}/{}", ids[number]);
    client.send(Method::DELETE, &path(0), None).await.expect(200, "");
    assert_eq!(all(&client, "").await, [namespace(&["a"]), long]);
    client.send(Method::PATCH, &path(1), Some(json!({"namespace": ["b"]}))).await.expect(200, "");
    client.send(Method::PATCH, &path(2), Some(json!({"namespace": null}))).await.expect(200, "");
    assert_eq!(all(&client, "").await, [["b"]]);
    assert!(client.get(&path(2)).await.data().get("namespace").is_none());
}

/// The index may list a memory that has left its namespace since.
#[tokio::test]
async fn a_long_namespace_is_found_by_another_memory_when_the_first_one_is_gone() {
    let (world, instance, client) = World::with_a_client().await;
    let long = vec!["x".repeat(128); 10];
    let ids = fill(&client, &vec![long.clone(); 3]).await;
    let request = {
        let client = client.clone();
        async move { client.get(NAMESPACES).await }
    };
    let mut listing = Driven::start(&instance, request);
    listing.step_past("DynamoDB Query Memories").await;
    let second = world.instance().await;
    let other = second.client.with(client.credential().expect("a credential"));
    other.send(Method::DELETE, &format!("{MEMORIES}/{}", ids[0]), None).await.expect(200, "");
    other.send(Method::PATCH, &format!("{MEMORIES}/{}", ids[1]), Some(json!({"namespace": ["y"]}))).await;
    let listed = listing.finish().await;
    assert_eq!(listed.data()["namespaces"], json!([long]), "{}", listed.text);
}

#[tokio::test]
async fn a_local_database_of_an_earlier_version_gets_the_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dynamodb.sqlite");
    let database =
        hb_local::database::serve(Some(&file), &hb_domain::Clock::system()).await.expect("a database");
    let mut tables =
        hb_local::template::Template::embedded().and_then(|template| template.tables()).expect("tables");
    for table in &mut tables {
        table.indexes.retain(|index| index.index_name() != "byNamespace");
        table.attributes.retain(|attribute| attribute.attribute_name() != "namespace");
    }
    let aws = hb_store::aws::Aws::local(database.url(), String::new());
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
    hb_local::database::create_tables(&dynamodb, &tables).await.expect("tables of an earlier version");
    database.stop().await;
    let world = World::over(Some(&file)).await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    fill(&client, &[namespace(&["a"]), namespace(&["b"])]).await;
    assert_eq!(all(&client, "").await, [["a"], ["b"]]);
}

#[tokio::test]
async fn a_namespace_has_one_to_ten_segments_of_1_to_128_characters() {
    let (_world, _instance, client) = World::with_a_client().await;
    let good = json!({"content": "tea", "type": "task", "namespace": vec!["é".repeat(128); 10]});
    client.post(MEMORIES, good).await.expect(201, "");
    let path = client.get(MEMORIES).await.data()["memories"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("{MEMORIES}/{path}");
    for bad in [
        json!([]),
        json!([""]),
        json!(["a\0"]),
        json!("a"),
        json!(vec!["x"; 11]),
        json!(["x".repeat(129)]),
        json!([null]),
    ] {
        let body = json!({"content": "tea", "type": "task", "namespace": bad});
        for answer in [
            client.post(MEMORIES, body.clone()).await,
            client.send(Method::PUT, &path, Some(body)).await,
            client.send(Method::PATCH, &path, Some(json!({ "namespace": bad }))).await,
        ] {
            answer.expect(400, "VALIDATION_ERROR");
            assert_eq!(answer.fields(), ["namespace"], "{bad}");
        }
    }
}
