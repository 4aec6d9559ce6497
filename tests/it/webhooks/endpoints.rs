//! Endpoints: what responses contain, how they are changed and deleted.

use std::time::Duration;

use hb_tests::Client;
use http::Method;
use serde_json::{Value, json};

use super::{Scene, WEBHOOKS, id_of, numbered, path_of};

async fn patch(client: &Client, path: &str, body: Value) -> hb_tests::Answer {
    client.send(Method::PATCH, path, Some(body)).await
}

#[tokio::test]
async fn a_response_has_exactly_the_published_fields_and_the_secret_is_in_the_first_only() {
    let scene = Scene::new().await;
    let body = json!({"name": "Billing", "url": "https://Example.com:443/a/../hook", "events": ["memory.*", "memory.*", "api_key.revoked"]});
    let created = scene.owner.post(WEBHOOKS, body).await;
    created.expect(201, "");
    let data = created.data();
    let (id, secret) = (id_of(&created), data["secret"].as_str().expect("a secret"));
    let expected = json!({
        "id": id,
        "name": "Billing",
        "url": "https://example.com/hook",
        "events": ["memory.*", "api_key.revoked"],
        "status": "active",
        "createdAt": "2026-11-24T12:00:00.000Z",
        "updatedAt": "2026-11-24T12:00:00.000Z",
    });
    let mut with_secret = expected.clone();
    with_secret["secret"] = json!(secret);
    assert_eq!(*data, with_secret);
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    assert!(id.starts_with("whk_") && id.len() >= 15, "{id}");
    assert_eq!(created.header("location"), format!("{WEBHOOKS}/{id}"));
    assert_eq!(created.header("cache-control"), "no-store");

    let read = scene.owner.get(&path_of(&created)).await;
    assert_eq!(*read.data(), expected);
    assert_eq!(read.header("etag"), created.header("etag"));
    let list = scene.owner.get(WEBHOOKS).await;
    assert_eq!(*list.data(), json!({ "webhooks": [expected] }));
    let patched = patch(&scene.owner, &path_of(&created), json!({"status": "inactive"})).await;
    assert_eq!(patched.data()["status"], "inactive");
    for answer in [read, list, patched] {
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
}

#[tokio::test]
async fn endpoints_are_listed_newest_first() {
    let scene = Scene::new().await;
    assert_eq!(*scene.owner.get(WEBHOOKS).await.data(), json!({"webhooks": []}));
    for number in 0..3 {
        scene.create(number).await;
        scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_micros(1)));
    }
    let list = scene.owner.get(WEBHOOKS).await;
    let names: Vec<_> =
        list.data()["webhooks"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["hook 2", "hook 1", "hook 0"]);
}

#[tokio::test]
async fn a_change_changes_what_it_names_and_nothing_else() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let path = path_of(&created);
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(1)));
    let mut expected = scene.owner.get(&path).await.data().clone();
    for (change, is_one) in [
        (json!({}), false),
        (json!({"name": "hook 1"}), false),
        (json!({"name": "renamed"}), true),
        (json!({"url": "https://example.com/2"}), true),
        (json!({"url": "HTTPS://EXAMPLE.com/2"}), false),
        (json!({"events": ["*"]}), true),
        (json!({"status": "inactive"}), true),
        (
            json!({"name": "b", "url": "https://example.com/1", "events": ["search.performed"], "status": "active"}),
            true,
        ),
    ] {
        let before = scene.owner.get(&path).await;
        let answer = patch(&scene.owner, &path, change.clone()).await;
        answer.expect(200, "");
        if is_one {
            for (name, value) in change.as_object().expect("an object") {
                expected[name] = value.clone();
            }
            expected["updatedAt"] = json!("2026-11-24T12:00:01.000Z");
        }
        assert_eq!(*answer.data(), expected, "{change}");
        assert_eq!(answer.header("etag") != before.header("etag"), is_one, "{change}");
        assert_eq!(*scene.owner.get(&path).await.data(), expected, "{change}");
        scene.assert_consistent().await;
    }
}

#[tokio::test]
async fn conditions_on_the_version_hold() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, tag) = (path_of(&created), created.header("etag").to_owned());
    let conditional = async |method: Method, tag: &str| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        let body = if method == Method::PATCH { r#"{"name": "changed"}"# } else { "" };
        scene.owner.send_raw(method, &path, &headers, body).await
    };
    for method in [Method::PATCH, Method::DELETE] {
        conditional(method, "\"other\"").await.expect(412, "PRECONDITION_FAILED");
    }
    let changed = conditional(Method::PATCH, &tag).await;
    changed.expect(200, "");
    conditional(Method::DELETE, &tag).await.expect(412, "PRECONDITION_FAILED");
    let headers = [("if-none-match", changed.header("etag"))];
    assert_eq!(scene.owner.send_raw(Method::GET, &path, &headers, "").await.status, 304);
    conditional(Method::DELETE, changed.header("etag")).await.expect(200, "");
}

#[tokio::test]
async fn a_deleted_endpoint_is_gone_and_its_url_is_free() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let path = path_of(&created);
    let deleted = scene.owner.send(Method::DELETE, &path, None).await;
    deleted.expect(200, "");
    assert_eq!(*deleted.data(), json!({"deleted": true, "id": id_of(&created)}));
    for (method, body) in [(Method::GET, None), (Method::PATCH, Some(json!({}))), (Method::DELETE, None)] {
        scene.owner.send(method, &path, body).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    scene.create(1).await;
    scene.assert_consistent().await;
}

#[tokio::test]
async fn every_invalid_field_is_reported_at_once_and_nothing_is_created() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    for (name, values) in [
        ("name", json!([null, 7, "", " ", "a\nb", "\u{202e}a", "x".repeat(101), ["a"], {}])),
        ("url", json!([null, 7, "", "example.com", "http://example.com/", ["https://example.com/"]])),
        ("events", json!([null, [], "memory.*", [7], [null], ["memory"], ["*", "x"], {"0": "*"}])),
        ("status", json!([null, "", "Active", "disabled", true])),
        ("secret", json!([null, 7, "", "short", "whsec_", "x".repeat(65), ["x"]])),
        ("unknown", json!([null, 1])),
        ("id", json!(["whk_0123456789abcdef"])),
        ("createdAt", json!(["2026-11-24T12:00:00.000Z"])),
    ] {
        for value in values.as_array().expect("a list") {
            let mut body = numbered(2);
            body[name] = value.clone();
            let created = scene.owner.post(WEBHOOKS, body).await;
            created.expect(400, "VALIDATION_ERROR");
            assert_eq!(created.fields(), [name], "{value}");
            let patched = patch(&scene.owner, &path, json!({name: value})).await;
            patched.expect(400, "VALIDATION_ERROR");
            assert_eq!(patched.fields(), [name], "{value}");
        }
    }
    let nothing = scene.owner.post(WEBHOOKS, json!({"events": 7, "status": 7})).await;
    nothing.expect(400, "VALIDATION_ERROR");
    assert_eq!(nothing.fields(), ["events", "name", "status", "url"]);
    patch(&scene.owner, &path, json!({"secret": "x".repeat(24)})).await.expect(400, "VALIDATION_ERROR");
    assert_eq!(scene.counted().await, 1);
}
