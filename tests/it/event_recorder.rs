//! Every kind of change becomes the events that describe it, and nothing else does.

use std::time::Duration;

use hb_domain::memory_key::OnConflict;
use hb_domain::{Scopes, TenantId};
use hb_store::Table;
use hb_tests::recorder::Recorded;
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

use crate::reindex::reindex;

const MEMORIES: &str = "/api/v1/memories";
const KEYS: &str = "/api/v1/api-keys";
const END: &str = "2026-11-24T13:00:00.000Z";

/// A tenant whose events are recorded.
struct Scene {
    world: World,
    instance: Instance,
    account: Account,
    client: Client,
    seen: u64,
}

/// An event as a test expects it: type, subject, request, and the reason or the changed fields.
type Expected<'e> = (&'e str, &'e str, Option<&'e str>, &'e str);

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        world.listen(&account.tenant).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        let mut scene = Self { world, instance, account, client, seen: 0 };
        let id = scene.account.id.to_string();
        scene.expect(&[("api_key.created", &id, None, "")]).await;
        scene
    }

    /// The events since the last call.
    async fn news(&mut self) -> Vec<Recorded> {
        self.world.try_deliver().await.expect("a delivery");
        let news = self.world.recorded_after(&self.account.tenant, self.seen).await;
        let positions: Vec<u64> = news.iter().map(|event| event.position).collect();
        assert_eq!(positions, (self.seen + 1..).take(news.len()).collect::<Vec<_>>());
        self.seen += news.len() as u64;
        news
    }

    #[track_caller]
    fn check(news: &[Recorded], expected: &[Expected<'_>]) {
        let details: Vec<String> = news.iter().map(|event| event.fields.join(",") + &event.reason).collect();
        let news = news.iter().zip(&details).map(|(event, detail)| {
            (event.kind.as_str(), event.subject.as_str(), event.request_id.as_deref(), detail.as_str())
        });
        assert_eq!(news.collect::<Vec<_>>(), expected);
    }

    async fn expect(&mut self, expected: &[Expected<'_>]) {
        Self::check(&self.news().await, expected);
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let answer = self.client.send(method, path, Some(body)).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        answer
    }

    async fn import(&self, client: &Client, line: Value) -> Answer {
        let headers = [("content-type", "application/x-ndjson")];
        let path = format!("{MEMORIES}/import");
        let answer = client.send_raw(Method::POST, &path, &headers, line.to_string()).await;
        assert_eq!(answer.data()["failed"], 0, "{}", answer.text);
        answer
    }
}

fn id(answer: &Answer) -> &str {
    answer.data()["id"].as_str().expect("an id")
}

fn request(answer: &Answer) -> Option<&str> {
    Some(answer.header("x-request-id"))
}

#[tokio::test]
async fn each_change_of_one_memory_is_an_event_that_names_its_request() {
    let mut scene = Scene::new().await;
    let body = json!({"content": "saffron", "type": "task", "userId": "maya", "importance": 0.25});
    let created = scene.client.post(MEMORIES, body).await;
    scene.expect(&[("memory.created", id(&created), request(&created), "")]).await;
    let path = format!("{MEMORIES}/{}", id(&created));
    let patch = json!({"tags": ["a"], "importance": 0.75, "namespace": ["x", "y"], "metadata": {"n": 1}});
    let patched = scene.send(Method::PATCH, &path, patch.clone()).await;
    let fields = "importance,metadata,namespace,tags";
    scene.expect(&[("memory.updated", id(&created), request(&patched), fields)]).await;

    scene.send(Method::PATCH, &path, patch).await;
    scene.expect(&[]).await;

    let full = json!({"content": "thyme", "type": "semantic", "searchable": false, "agentId": "a", "sessionId": "s",
        "expiresAt": END, "key": "k"});
    let replaced = scene.send(Method::PUT, &path, full).await;
    let fields =
        "agentId,content,expiresAt,importance,key,metadata,namespace,searchable,sessionId,tags,type,userId";
    scene.expect(&[("memory.updated", id(&created), request(&replaced), fields)]).await;
    // A new write of a memory that has an end is no creation.
    let again = json!({"content": "thyme", "type": "semantic", "searchable": false, "agentId": "a", "sessionId": "s",
        "expiresAt": END, "key": "k"});
    scene.world.clock.set(moment("2026-11-24T12:59:50Z"));
    let replaced = scene.send(Method::PUT, &path, again).await;
    scene.expect(&[("memory.updated", id(&created), request(&replaced), "")]).await;

    scene.client.send(Method::DELETE, &path, None).await.expect(200, "");
    let news = scene.news().await;
    Scene::check(&news, &[("memory.deleted", id(&created), None, "deleted")]);
    let first = scene.world.recorded(&scene.account.tenant).await;
    assert!(!format!("{first:?}").contains("saffron"), "events have no content");
    assert_eq!(news[0].version, first[first.len() - 2].version, "a deletion names the last version");
    assert_ne!(news[0].version, first[1].version);
    assert!(first[1].item.contains("maya"), "an event names the owners at its time");
}

#[tokio::test]
async fn many_changes_of_one_request_are_events_of_it() {
    let mut scene = Scene::new().await;
    let memory = |content: &str| json!({"content": content, "type": "task"});
    let bulk = scene
        .send(
            Method::POST,
            &format!("{MEMORIES}/bulk"),
            json!({"memories": [memory("a"), memory("b"), memory("")]}),
        )
        .await;
    let of = |answer: &Answer, index: usize| {
        answer.data()["results"][index]["id"].as_str().expect("an id").to_owned()
    };
    let (one, two) = (of(&bulk, 0), of(&bulk, 1));
    let mut news = scene.news().await;
    news.sort_by(|a, b| a.subject.cmp(&b.subject));
    let mut created = [one.clone(), two.clone()];
    created.sort();
    let expected = created.each_ref().map(|id| ("memory.created", id.as_str(), request(&bulk), ""));
    Scene::check(&news, &expected);

    let items = json!([{"id": one, "patch": {"content": "c"}}, {"id": one, "patch": {"key": "k"}}]);
    let updated =
        scene.send(Method::POST, &format!("{MEMORIES}/bulk-update"), json!({ "items": items })).await;
    let (first, second) = (
        ("memory.updated", &*one, request(&updated), "content"),
        ("memory.updated", &*one, request(&updated), "key"),
    );
    scene.expect(&[first, second]).await;

    let path = format!("{MEMORIES}/by-key?key=k");
    let replaced = scene.send(Method::PUT, &path, memory("d")).await;
    scene.expect(&[("memory.updated", &one, request(&replaced), "content")]).await;
    let placed = scene.send(Method::PUT, &format!("{path}&userId=u"), memory("e")).await;
    scene.expect(&[("memory.created", id(&placed), request(&placed), "")]).await;

    let line = json!({"id": "mem_0ivw4q1c00000000000001", "content": "f", "type": "task"});
    let imported = scene.import(&scene.client, line.clone()).await;
    scene.expect(&[("memory.created", "mem_0ivw4q1c00000000000001", request(&imported), "")]).await;
    scene.import(&scene.client, line).await;
    scene.expect(&[]).await;

    scene.send(Method::POST, &format!("{MEMORIES}/bulk-delete"), json!({"ids": [two, one]})).await;
    let news = scene.news().await;
    assert_eq!(news.len(), 2);
    assert!(news.iter().all(|event| event.kind == "memory.deleted"
        && event.reason == "deleted"
        && event.request_id.is_none()));
    scene.send(Method::POST, &format!("{MEMORIES}/bulk-delete"), json!({"filter": {"userId": "u"}})).await;
    scene.expect(&[("memory.deleted", id(&placed), None, "deleted")]).await;
}

#[tokio::test]
async fn a_memory_that_expires_is_deleted_whatever_takes_its_place() {
    let mut scene = Scene::new().await;
    let brief = |number: usize, key: Option<&str>| json!({"id": format!("mem_0ivw4q1c0000000000000{number}"), "content": "brief", "type": "task", "expiresAt": END, "key": key});
    for (number, key) in [(1, None), (2, None), (3, Some("k")), (4, None), (5, Some("l"))] {
        scene.import(&scene.client, brief(number, key)).await;
    }
    assert_eq!(scene.news().await.len(), 5);
    let names = [1, 2, 3, 4, 5].map(|number| format!("mem_0ivw4q1c0000000000000{number}"));

    // By the clock of a writer that is ahead, one has ended. Its successor says that it is older.
    let ahead = scene.world.instance().await;
    scene.world.clock.set(moment(END).minus(Duration::from_secs(29)));
    ahead.clock.set(moment(END));
    let mut old = brief(1, None);
    (old["expiresAt"], old["updatedAt"]) = (Value::Null, json!("2026-11-24T12:00:00Z"));
    let imported = scene.import(&ahead.client.with(&scene.account.key), old).await;
    let expected = [
        ("memory.deleted", &*names[0], None, "expired"),
        ("memory.created", &*names[0], request(&imported), ""),
    ];
    scene.expect(&expected).await;

    scene.world.clock.set(moment(END));
    scene.instance.clock.set(moment(END));
    let mut later = brief(2, None);
    later["expiresAt"] = json!("2026-11-24T14:00:00Z");
    let imported = scene.import(&scene.client, later).await;
    let expected = [
        ("memory.deleted", &*names[1], None, "expired"),
        ("memory.created", &*names[1], request(&imported), ""),
    ];
    scene.expect(&expected).await;
    // Another memory takes the key, and the same id.
    let placed = scene
        .send(Method::PUT, &format!("{MEMORIES}/by-key?key=k"), json!({"content": "x", "type": "task"}))
        .await;
    let mut news = scene.news().await;
    news.sort_by(|a, b| b.kind.cmp(&a.kind));
    Scene::check(
        &news,
        &[
            ("memory.deleted", &names[2], None, "expired"),
            ("memory.created", id(&placed), request(&placed), ""),
        ],
    );
    let mut same = brief(5, Some("l"));
    same["expiresAt"] = Value::Null;
    let imported = scene.import(&scene.client, same).await;
    scene
        .expect(&[
            ("memory.deleted", &names[4], None, "expired"),
            ("memory.created", &names[4], request(&imported), ""),
        ])
        .await;

    scene.world.clock.set(moment(END).plus(Duration::from_secs(1)));
    assert_eq!(scene.world.sweep().await, 1);
    scene.expect(&[("memory.deleted", &names[3], None, "expired")]).await;
}

#[tokio::test]
async fn a_reindex_is_no_event_and_the_operator_is_no_request() {
    let mut scene = Scene::new().await;
    let created = scene.client.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
    scene.world.damage(&scene.account.tenant, id(&created), "searchDoc").await;
    let (rewritten, _) = reindex(&scene.world, &scene.world.store, &scene.account).await;
    assert_eq!(rewritten.len(), 1);
    scene.expect(&[("memory.created", id(&created), request(&created), "")]).await;
    // And the request is still known.
    let operator = scene.world.operator(&scene.account.tenant);
    let memories = scene.world.store.with(&operator).memories();
    let mut memory =
        memories.get(&hb_domain::MemoryId::parse(id(&created)).expect("an id")).await.expect("it").memory;
    memory.id = hb_domain::MemoryId::parse("mem_0ivw4q1c00000000000009").expect("an id");
    let by_hand = hb_store::VersionedMemory { memory, version: "by hand".into() };
    memories.create(by_hand, OnConflict::Fail).await.expect("a memory");
    scene.expect(&[("memory.created", "mem_0ivw4q1c00000000000009", None, "")]).await;
}

#[tokio::test]
async fn keys_are_created_and_revoked_and_a_rotation_is_no_event() {
    let mut scene = Scene::new().await;
    let created =
        scene.client.post(KEYS, json!({"name": "worker", "expiresAt": "2027-01-01T00:00:00Z"})).await;
    created.expect(201, "");
    scene.expect(&[("api_key.created", id(&created), request(&created), "")]).await;
    let body = json!({"keyId": id(&created)});
    scene.send(Method::POST, &format!("{KEYS}/rotate"), body.clone()).await;
    scene.expect(&[]).await;
    let revoked = scene.send(Method::POST, &format!("{KEYS}/revoke"), body.clone()).await;
    scene.expect(&[("api_key.revoked", id(&created), request(&revoked), "")]).await;
    scene.send(Method::POST, &format!("{KEYS}/revoke"), body).await;
    scene.expect(&[]).await;

    // The operator has no request, and does not inherit that of the creation.
    let second = scene.client.post(KEYS, json!({"name": "second"})).await;
    scene.expect(&[("api_key.created", id(&second), request(&second), "")]).await;
    let operator = scene.world.operator(&scene.account.tenant);
    let keys = scene.world.store.with(&operator).keys();
    let key = keys.get(&hb_domain::KeyId::parse(id(&second)).expect("an id")).await.expect("the key");
    keys.revoke(&key).await.expect("a revocation");
    scene.expect(&[("api_key.revoked", id(&second), None, "")]).await;
    // TTL removes what is left of keys.
    scene.world.clock.set(scene.world.clock.now().plus(Duration::from_secs(91 * 86_400)));
    assert!(scene.world.sweep().await > 0);
    scene.expect(&[]).await;
}

#[tokio::test]
async fn a_pending_event_gets_its_place_and_its_removal_is_none() {
    let mut scene = Scene::new().await;
    let row = scene.world.put_pending(&scene.account.tenant, 3).await;
    let news = scene.news().await;
    Scene::check(&news, &[("search.performed", "", Some("req_00000000000000000000"), "")]);
    assert_eq!(news[0].id, row);
    assert!(news[0].item.contains("\"results\": N(\"3\")"), "{}", news[0].item);
    scene.world.clock.set(scene.world.clock.now().plus(Duration::from_secs(4 * 86_400)));
    assert!(scene.world.sweep().await > 0);
    scene.expect(&[]).await;
}

#[tokio::test]
async fn only_what_happens_while_there_is_an_endpoint_is_recorded() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let other = world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let (client, neighbour) = (instance.client.with(&account.key), instance.client.with(&other.key));
    let memory = || json!({"content": "x", "type": "task"});
    client.post(MEMORIES, memory()).await.expect(201, "");
    // Long before the first endpoint; the record is still in the stream.
    world.clock.set(world.clock.now().plus(Duration::from_secs(61)));
    world.listen(&account.tenant).await;
    neighbour.post(MEMORIES, memory()).await.expect(201, "");
    let (_, _) = world.key(&account.tenant, Scopes::all(), None).await;
    let recorder = world.recorder();
    let response = recorder.consume(&world.records(Table::Memories)).await;
    assert!(!response.has_failed());
    let calls = recorder.tap.take();
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["DynamoDB Query Webhooks"; 2], "one read for each tenant of the batch");
    assert!(calls.iter().all(|call| call.read_units <= 1.0 && call.write_units == 0.0), "{calls:?}");
    assert_eq!(world.recorded(&account.tenant).await, []);

    client.post(MEMORIES, memory()).await.expect(201, "");
    world.try_deliver().await.expect("a delivery");
    let kinds = async |tenant: &TenantId| -> Vec<String> {
        world.recorded(tenant).await.into_iter().map(|event| event.kind).collect()
    };
    let mut recorded = kinds(&account.tenant).await;
    recorded.sort();
    assert_eq!(recorded, ["api_key.created", "memory.created"]);
    assert_eq!(kinds(&other.tenant).await, [""; 0]);
}
