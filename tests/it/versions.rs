//! Versions of a memory: ETag, If-None-Match and If-Match.

use hb_tests::world::{moment, plenty};
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::json;

const MEMORIES: &str = "/api/v1/memories";
const JSON: (&str, &str) = ("content-type", "application/json");

/// An instance, a client of it, and a memory: its path and its ETag.
async fn set_up() -> (World, Instance, Client, String, String) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let created = client.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
    let (path, tag) = (created.header("location").to_owned(), created.header("etag").to_owned());
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    (world, instance, client, path, tag)
}

async fn patch_if(client: &Client, path: &str, condition: &str, body: &str) -> Answer {
    client.send_raw(Method::PATCH, path, &[JSON, ("if-match", condition)], body.to_owned()).await
}

#[tokio::test]
async fn the_etag_changes_with_the_memory_and_only_with_it() {
    let (world, instance, client, path, first) = set_up().await;
    instance.clock.set(moment("2026-11-24T12:05:00Z"));
    let mut before = client.get(&path).await;
    for nothing in
        [json!({}), json!({"content": "x"}), json!({"metadata": {"absent": null}}), json!({"userId": null})]
    {
        let answer = client.send(Method::PATCH, &path, Some(nothing)).await;
        assert_eq!(answer.data(), before.data());
        assert_eq!(answer.header("etag"), first);
        before = client.get(&path).await;
        assert_eq!(before.header("etag"), first);
    }
    let changed = client.send(Method::PATCH, &path, Some(json!({"content": "y"}))).await;
    let second = changed.header("etag");
    assert_ne!(second, first);
    let back = client.send(Method::PATCH, &path, Some(json!({"content": "x"}))).await;
    assert!(![first.as_str(), second].contains(&back.header("etag")), "a version never comes back");

    let other = world
        .key_with(&hb_domain::TenantId::parse("acme").expect("a tenant"), hb_domain::Scope::ReadMemories)
        .await;
    let seen = instance.client.with(&other).get(&path).await;
    assert_eq!(seen.header("etag"), back.header("etag"), "it does not depend on the caller");
    assert!(!client.get(MEMORIES).await.headers.contains_key("etag"));
}

#[tokio::test]
async fn an_unchanged_memory_is_not_sent_again() {
    let (_world, _instance, client, path, tag) = set_up().await;
    let whole = client.get(&path).await;
    let known = [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"a\", {tag} ,\"b\""),
        format!("\"a\",W/{tag}"),
        "*".into(),
    ];
    for method in [Method::GET, Method::HEAD] {
        for condition in &known {
            let answer = client.send_raw(method.clone(), &path, &[("if-none-match", condition)], "").await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (304, ""), "{condition}");
            assert_eq!(answer.header("etag"), tag);
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            let length = answer.header("content-length");
            assert!(["", &whole.text.len().to_string()].contains(&length), "{method} {length}");
            assert!(!answer.headers.contains_key("content-type"));
            for name in [
                "x-request-id",
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
                "ratelimit",
            ] {
                assert!(answer.headers.contains_key(name), "{name}");
            }
        }
        for condition in ["\"other\"", "", "W/\"other\", \"a\"", &tag[1..], tag.trim_matches('"')] {
            let answer = client.send_raw(method.clone(), &path, &[("if-none-match", condition)], "").await;
            assert_eq!(answer.status, 200, "{condition}");
        }
    }
    let gone = client.send_raw(Method::GET, "/api/v1/memories/none", &[("if-none-match", "*")], "").await;
    gone.expect(404, "RESOURCE_NOT_FOUND");
    let changed = client.send_raw(Method::PATCH, &path, &[JSON, ("if-none-match", &tag)], "{}").await;
    assert_eq!(changed.status, 200, "only reading is spared");
}

#[tokio::test]
async fn a_read_whose_if_match_fails_is_412() {
    let (_world, _instance, client, path, tag) = set_up().await;
    let listed = format!("\"a\", {tag}");
    let weak = format!("W/{tag}");
    for method in [Method::GET, Method::HEAD] {
        let get = async |path: &str, conditions: &[(&str, &str)]| {
            client.send_raw(method.clone(), path, conditions, "").await
        };
        for met in ["*", &tag, &listed] {
            assert_eq!(get(&path, &[("if-match", met)]).await.status, 200, "{met}");
            let unchanged = get(&path, &[("if-match", met), ("if-none-match", &tag)]).await;
            assert_eq!(unchanged.status, 304, "{met}");
        }
        for failed in ["\"other\"", &weak, "", &tag[1..]] {
            for conditions in [&[("if-match", failed)][..], &[("if-match", failed), ("if-none-match", &tag)]]
            {
                let answer = get(&path, conditions).await;
                assert_eq!(answer.status, 412, "{failed}");
                assert!(!answer.headers.contains_key("etag"), "{failed}");
            }
            assert_eq!(get("/api/v1/memories/none", &[("if-match", failed)]).await.status, 404, "{failed}");
            // What has no version has none that is listed.
            for versionless in [MEMORIES, "/api/v1/memories/export", "/api/v1/api-keys", "/health"] {
                assert_eq!(get(versionless, &[("if-match", failed)]).await.status, 412, "{versionless}");
                assert_eq!(get(versionless, &[("if-match", "*")]).await.status, 200, "{versionless}");
            }
        }
    }
    client
        .send_raw(Method::GET, &path, &[("if-match", "\"x\"")], "")
        .await
        .expect(412, "PRECONDITION_FAILED");
    let search = [JSON, ("if-match", "\"x\"")];
    let searched =
        client.send_raw(Method::POST, "/api/v1/memories/search", &search, r#"{"query":"x"}"#).await;
    searched.expect(200, "");
}

#[tokio::test]
async fn a_change_applies_to_the_version_in_if_match_or_not_at_all() {
    let (_world, _instance, client, path, tag) = set_up().await;
    let bare = tag.trim_matches('"');
    let wrong = [
        "\"other\"",
        &format!("W/{tag}"),
        bare,
        &format!("\"{bare}"),
        &format!("{bare}\""),
        "",
        "\"\"",
        "\"a\", *",
        "\"a\",\"b\",,",
    ];
    for condition in wrong {
        patch_if(&client, &path, condition, r#"{"content":"y"}"#).await.expect(412, "PRECONDITION_FAILED");
        patch_if(&client, &path, condition, "{}").await.expect(412, "PRECONDITION_FAILED");
        let deleted = client.send_raw(Method::DELETE, &path, &[("if-match", condition)], "").await;
        deleted.expect(412, "PRECONDITION_FAILED");
        assert!(deleted.headers.contains_key("x-ratelimit-remaining"));
        assert_eq!(client.get(&path).await.header("etag"), tag, "{condition}");
    }

    let second = patch_if(&client, &path, &tag, r#"{"content":"y"}"#).await;
    assert_eq!(second.data()["content"], "y");
    patch_if(&client, &path, &tag, r#"{"content":"z"}"#).await.expect(412, "PRECONDITION_FAILED");
    let listed = format!("\"a\" , {}, {tag}", second.header("etag"));
    let third = patch_if(&client, &path, &listed, r#"{"content":"z"}"#).await;
    assert_eq!(third.data()["content"], "z");
    assert_eq!(patch_if(&client, &path, "*", r#"{"content":"any"}"#).await.data()["content"], "any");

    client
        .send_raw(Method::DELETE, &path, &[("if-match", &tag)], "")
        .await
        .expect(412, "PRECONDITION_FAILED");
    let last = client.get(&path).await.header("etag").to_owned();
    assert_eq!(client.send_raw(Method::DELETE, &path, &[("if-match", &last)], "").await.status, 200);
    for condition in [last.as_str(), "*"] {
        patch_if(&client, &path, condition, "{}").await.expect(404, "RESOURCE_NOT_FOUND");
        let deleted = client.send_raw(Method::DELETE, &path, &[("if-match", condition)], "").await;
        deleted.expect(404, "RESOURCE_NOT_FOUND");
    }
}

#[tokio::test]
async fn of_concurrent_changes_to_one_version_one_succeeds() {
    let (_world, _instance, client, path, tag) = set_up().await;
    let changes = (0..16).map(|number| {
        let body = format!(r#"{{"content":"change {number}"}}"#);
        let (client, path, tag) = (client.clone(), path.clone(), tag.clone());
        async move { patch_if(&client, &path, &tag, &body).await }
    });
    let answers = futures_util::future::join_all(changes).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 15));
    lost.iter().for_each(|answer| answer.expect(412, "PRECONDITION_FAILED"));
    assert_eq!(client.get(&path).await.data(), won[0].data());
}
