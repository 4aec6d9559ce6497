//! A caller that may write memories and not read them learns nothing of their contents.

use hb_domain::{Scope, Scopes};
use hb_http::route::Effect;
use hb_tests::issuer::TestIssuer;
use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

use crate::routes::{Named, guarded};

const MEMORIES: &str = "/api/v1/memories";
const MISSING: &str = "/api/v1/memories/mem_0123456789abcdefghijkl";

/// A world with a memory, its owner and a key that may only write.
struct Scene {
    world: World,
    instance: Instance,
    owner: Client,
    writer: Client,
    path: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let owner = instance.client.with(&account.key);
        let writer = instance.client.with(&world.key_with(&account.tenant, Scope::WriteMemories).await);
        let body = json!({"content": "saffron is the secret", "type": "semantic", "tags": ["hush"],
            "metadata": {"pin": 1234}, "userId": "maya"});
        let path = owner.post(MEMORIES, body).await.header("location").to_owned();
        Self { world, instance, owner, writer, path }
    }

    fn move_on(&self, seconds: u64) {
        let clock = &self.instance.clock;
        clock.set(clock.now().plus(std::time::Duration::from_secs(seconds)));
    }
}

async fn patch(client: &Client, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    client.send_raw(Method::PATCH, path, &headers, body.to_string()).await
}

/// The names of the fields of `data`.
fn names(answer: &Answer) -> Vec<String> {
    answer.data().as_object().expect("an object").keys().cloned().collect()
}

#[tokio::test]
async fn the_response_to_a_patch_is_id_and_times_first_or_replayed() {
    let scene = Scene::new().await;
    for (key, body) in [("k-1", json!({})), ("k-2", json!({"importance": 0.9})), ("k-3", json!({"tags": []}))]
    {
        let first = patch(&scene.writer, &scene.path, &[("idempotency-key", key)], &body).await;
        first.expect(200, "");
        assert_eq!(names(&first), ["createdAt", "id", "updatedAt"]);
        assert!(scene.path.ends_with(first.data()["id"].as_str().expect("an id")));
        let again = patch(&scene.writer, &scene.path, &[("idempotency-key", key)], &body).await;
        assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
        let unkeyed = patch(&scene.writer, &scene.path, &[], &body).await;
        assert_eq!(names(&unkeyed), ["createdAt", "id", "updatedAt"]);
        for answer in [first, again, unkeyed] {
            assert_eq!(answer.header("etag"), "", "a version is a part of the content");
        }
        let full = patch(&scene.owner, &scene.path, &[], &json!({})).await;
        assert_eq!((full.data()["content"].as_str(), names(&full).len()), (Some("saffron is the secret"), 9));
        assert_ne!(full.header("etag"), "");
    }
}

/// One user with two credentials: the stored response is complete, and each credential gets what it may read.
#[tokio::test]
async fn a_replay_contains_what_its_credential_may_read() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let account = world.account_with("user_maya", plenty()).await;
    let instance = world.instance().await;
    let session = instance.client.with(&issuer.token("user_maya"));
    let exchanged = session.get("/auth/clerk-token?scopes=write:memories").await;
    let token = instance.client.with(exchanged.data()["token"].as_str().expect("a token"));
    let named = Named::of(&world, &instance, &account).await;
    let path = format!("{MEMORIES}/{}", named.memory);
    let body = json!({"importance": 0.9});
    for (key, first, second) in [("k-1", &session, &token), ("k-2", &token, &session)] {
        let first = patch(first, &path, &[("idempotency-key", key)], &body).await;
        let second = patch(second, &path, &[("idempotency-key", key)], &body).await;
        assert_eq!((second.status.as_u16(), second.header("idempotent-replayed")), (200, "true"));
        let (whole, reduced) = if key == "k-1" { (first, second) } else { (second, first) };
        assert_eq!(whole.data()["content"], "saffron is the secret");
        assert_ne!(whole.header("etag"), "");
        assert_eq!(
            (names(&reduced), reduced.header("etag")),
            (vec!["createdAt".into(), "id".into(), "updatedAt".into()], "")
        );
        assert_eq!(whole.json["metadata"], reduced.json["metadata"]);
    }
    // A failed condition is stored too, and reveals the state that it was about.
    let condition = [("idempotency-key", "k-3"), ("if-match", "\"other\"")];
    patch(&session, &path, &condition, &body).await.expect(412, "PRECONDITION_FAILED");
    assert_eq!(patch(&session, &path, &condition, &body).await.header("idempotent-replayed"), "true");
    for headers in [&condition[..], &condition[..1]] {
        patch(&token, &path, headers, &body).await.expect(403, "INSUFFICIENT_SCOPE");
    }
    // A caller that may write learns that a memory does not exist.
    let keyed = [("idempotency-key", "k-4")];
    patch(&session, MISSING, &keyed, &body).await.expect(404, "RESOURCE_NOT_FOUND");
    let again = patch(&token, MISSING, &keyed, &body).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (404, "true"));
}

#[tokio::test]
async fn a_condition_needs_the_scope_to_read_and_reveals_nothing_without_it() {
    let scene = Scene::new().await;
    let tag = scene.owner.get(&scene.path).await.header("etag").to_owned();
    let before = scene.owner.get(&scene.path).await;
    for name in ["if-match", "if-none-match"] {
        for value in [tag.as_str(), "\"other\"", "*", "", "W/\"x\""] {
            for method in [Method::PUT, Method::PATCH, Method::DELETE] {
                let mut refusals = Vec::new();
                for path in [scene.path.as_str(), MISSING, "/api/v1/memories/nonsense"] {
                    let headers =
                        [("content-type", "application/json"), ("idempotency-key", "k"), (name, value)];
                    let body =
                        if method == Method::DELETE { "" } else { r#"{"content":"mine","type":"task"}"# };
                    let refused = scene.writer.send_raw(method.clone(), path, &headers, body).await;
                    refused.expect(403, "INSUFFICIENT_SCOPE");
                    assert!(refused.message().contains("read:memories"), "{}", refused.text);
                    let challenge = r#"Bearer error="insufficient_scope", scope="read:memories""#;
                    assert_eq!(refused.header("www-authenticate"), challenge);
                    refusals.push(refused.json["errors"].clone());
                }
                assert!(refusals.iter().all(|errors| *errors == refusals[0]), "{refusals:?}");
            }
        }
    }
    assert!(!scene.world.everything().await.contains("fingerprint"), "nothing was claimed");
    assert_eq!(scene.owner.get(&scene.path).await.text.len(), before.text.len());
    // A caller that may read and write gets the usual response.
    let stale = patch(&scene.owner, &scene.path, &[("if-match", "\"other\"")], &json!({})).await;
    stale.expect(412, "PRECONDITION_FAILED");
    patch(&scene.owner, &scene.path, &[("if-match", tag.as_str())], &json!({})).await.expect(200, "");
    // A caller that may only write needs no condition.
    scene.writer.send(Method::DELETE, &scene.path, None).await.expect(200, "");
    scene.writer.send(Method::DELETE, &scene.path, None).await.expect(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn a_key_that_only_writes_does_not_search_list_or_export() {
    let scene = Scene::new().await;
    let search = scene.writer.post("/api/v1/memories/search", json!({"query": "saffron"})).await;
    search.expect(403, "INSUFFICIENT_SCOPE");
    assert!(search.message().contains("read:memories"), "{}", search.text);
    for path in [MEMORIES, &scene.path, "/api/v1/memories/export"] {
        scene.writer.get(path).await.expect(403, "INSUFFICIENT_SCOPE");
    }
}

/// `updatedAt` must not confirm guesses of the content.
#[tokio::test]
async fn a_patch_that_changes_nothing_is_indistinguishable_from_one_that_does() {
    let scene = Scene::new().await;
    for body in [
        json!({"content": "saffron is the secret"}),
        json!({"type": "semantic"}),
        json!({"tags": ["hush"]}),
        json!({"metadata": {"pin": 1234}}),
        json!({"metadata": {"nothing": null}}),
        json!({"metadata": {}}),
        json!({"userId": "maya"}),
    ] {
        scene.move_on(1);
        let right = patch(&scene.writer, &scene.path, &[], &body).await;
        right.expect(200, "");
        let now = json!(scene.instance.clock.now());
        assert_eq!(right.data()["updatedAt"], now, "as if it had been another: {body}");
        scene.move_on(1);
        let seen = patch(&scene.owner, &scene.path, &[], &body).await;
        assert_eq!(seen.data()["updatedAt"], now, "who may read sees that nothing changes: {body}");
    }
    scene.move_on(1);
    let before = scene.owner.get(&scene.path).await;
    let nothing = patch(&scene.writer, &scene.path, &[], &json!({})).await;
    assert_eq!(
        nothing.data()["updatedAt"],
        before.data()["updatedAt"],
        "a patch without changes changes nothing"
    );
    assert_eq!(scene.owner.get(&scene.path).await.header("etag"), before.header("etag"));
}

/// Every route that writes and returns a memory, including new ones: the first response and a replayed one, and conditions.
#[tokio::test]
async fn a_write_that_returns_a_memory_returns_id_and_times_and_meets_no_condition() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let writer = world.key_with(&account.tenant, Scope::WriteMemories).await;
    let mut routes = Vec::new();
    for case in guarded().into_iter().filter(|case| case.route.effect == Effect::Writes) {
        let named = Named::of(&world, &instance, &account).await;
        let whole = case.send_under(&instance, Some(&account.key), &named, None).await;
        if whole.json["data"].get("content").is_none() {
            continue;
        }
        routes.push((case.method.to_string(), case.route.path));
        for idempotency in [None, Some(named.key.as_str()), Some(named.key.as_str())] {
            let answer = case.send_under(&instance, Some(&writer), &named, idempotency).await;
            assert!(answer.status.is_success(), "{case:?} {}", answer.text);
            assert_eq!(names(&answer), ["createdAt", "id", "updatedAt"], "add .revealing to {case:?}");
            assert_eq!(answer.header("etag"), "", "{case:?}");
        }
        for condition in [("if-match", "*"), ("if-match", "\"x\""), ("if-none-match", "*")] {
            let refused = case.send_with(&instance, Some(&writer), &named, &[condition]).await;
            refused.expect(403, "INSUFFICIENT_SCOPE");
        }
    }
    for route in
        [("POST", "/api/v1/memories"), ("PUT", "/api/v1/memories/{id}"), ("PATCH", "/api/v1/memories/{id}")]
    {
        assert!(routes.contains(&(route.0.to_owned(), route.1)), "{routes:?}");
    }
}

/// Every route, including new ones, with every header that could extend its response.
#[tokio::test]
async fn no_response_to_a_write_only_key_contains_memory_content() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let scopes: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::ReadMemories).collect();
    let (_, key) = world.key(&account.tenant, scopes, None).await;
    let mut answered = 0;
    for case in guarded() {
        let named = Named::of(&world, &instance, &account).await;
        for idempotency in [None, Some(named.key.as_str()), Some(named.key.as_str())] {
            let answer = case.send_under(&instance, Some(&key), &named, idempotency).await;
            answered += usize::from(answer.status.is_success());
            for secret in ["saffron", "hush"] {
                assert!(!answer.text.contains(secret), "{case:?} {}", answer.text);
            }
        }
    }
    assert!(answered > 15, "{answered}");
}

#[tokio::test]
async fn a_deletion_by_conditions_on_content_needs_the_scope_to_read() {
    let scene = Scene::new().await;
    let path = format!("{MEMORIES}/bulk-delete");
    let json = ("content-type", "application/json");
    let filter = json!({"filter": {"and": [{"userId": {"eq": "maya"}}, {"metadata.pin": {"lt": 1234}}]}});
    for headers in [&[json][..], &[json, ("idempotency-key", "k")]] {
        let refused = scene.writer.send_raw(Method::POST, &path, headers, filter.to_string()).await;
        refused.expect(403, "INSUFFICIENT_SCOPE");
    }
    scene.owner.get(&scene.path).await.expect(200, "");
    let owner = json!({"filter": {"userId": "maya"}});
    let erased = scene.writer.post(&path, owner).await;
    assert_eq!(erased.data()["deleted"], 1);
}
