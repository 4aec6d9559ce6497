//! A credential that was refused costs one read, however often it is sent to an instance, and its refusal harms no other
//! credential.
//!
//! `cargo test -p hb-tests refused_credentials -- --nocapture` prints the reads.

use std::time::Duration;

use hb_domain::{ApiKey, Scopes, TenantId};
use hb_tests::issuer::TestIssuer;
use hb_tests::world::{Account, expose, plenty};
use hb_tests::{Driven, Instance, World};
use serde_json::json;

const LIST: &str = "/api/v1/memories?limit=1";
const RATE_LIMIT: &str = "/api/v1/rate-limit";
const KEYS: &str = "/api/v1/api-keys";
const UNKNOWN: &str = "The API key or token is not valid";
/// How long a credential that was not found is refused from memory.
const MAX_UNKNOWN: Duration = Duration::from_secs(5);
/// As often as each kind is sent.
const REQUESTS: usize = 1_000;

struct Scene {
    world: World,
    owner: Account,
    instance: Instance,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let owner = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        // The pepper and the tenant are cached.
        assert_eq!(instance.client.with(&owner.key).get(LIST).await.status, 200);
        instance.tap.take();
        Self { world, owner, instance }
    }

    /// Sends a key and returns the status.
    async fn status(&self, key: &ApiKey) -> u16 {
        self.instance.client.with(&expose(key)).get(LIST).await.status.as_u16()
    }

    /// Sends a request with the owner's key.
    async fn owners(&self, path: &str, body: serde_json::Value) -> serde_json::Value {
        let answer = self.instance.client.with(&self.owner.key).post(path, body).await;
        answer.expect(200, "");
        answer.data().clone()
    }

    /// The reads that the database has served since the last call of this method.
    fn reads(&self) -> usize {
        self.instance.tap.take().len()
    }
}

#[tokio::test]
async fn a_refused_key_costs_a_read_once_and_is_refused_with_the_same_message() {
    let scene = Scene::new().await;
    let (world, tenant) = (&scene.world, &scene.owner.tenant);
    let unknown = world.new_key();
    let wrong = world.new_key();
    world.create_key(tenant, &wrong, Scopes::all(), None).await;
    let wrong = world.other_secret(&wrong);
    let (revoked_id, revoked) = world.key(tenant, Scopes::all(), None).await;
    scene.owners("/api/v1/api-keys/revoke", json!({"keyId": revoked_id})).await;
    let (_, expired) = world.key(tenant, Scopes::all(), Some(world.clock.now())).await;
    let (replaced_id, replaced) = world.key(tenant, Scopes::all(), None).await;
    scene.owners("/api/v1/api-keys/rotate", json!({"keyId": replaced_id})).await;
    let (_, orphan) = world.key(&TenantId::parse("gone").expect("an id"), Scopes::all(), None).await;
    // Two reads of the credential enclose that of its tenant where the tenant is not cached.
    for (kind, key, message, most) in [
        ("unknown key", expose(&unknown), UNKNOWN, 1),
        ("wrong secret", expose(&wrong), UNKNOWN, 3),
        ("revoked key", revoked, "The API key has been revoked", 1),
        ("expired key", expired, "The API key has expired", 1),
        ("replaced secret", replaced, UNKNOWN, 1),
        ("key of an erased tenant", orphan, UNKNOWN, 2),
    ] {
        scene.reads();
        let client = scene.instance.client.with(&key);
        for number in 0..REQUESTS {
            let path = if number % 2 == 0 { LIST } else { "/api/v1/memories/mem_0000000000000000000000" };
            let answer = client.get(path).await;
            answer.expect(401, "AUTH_INVALID");
            assert_eq!(answer.message(), message, "{kind}");
        }
        let reads = scene.reads();
        println!("{kind}: {reads} reads for {REQUESTS} refused requests");
        assert!((1..=most).contains(&reads), "{kind}: {reads} reads");
    }
}

/// A route that is not counted authenticates in the same way.
#[tokio::test]
async fn a_route_without_admission_reads_a_refused_key_once_too() {
    let scene = Scene::new().await;
    let unknown = scene.instance.client.with(&expose(&scene.world.new_key()));
    for _ in 0..10 {
        unknown.get(RATE_LIMIT).await.expect(401, "AUTH_INVALID");
    }
    assert_eq!(scene.reads(), 1);
}

#[tokio::test]
async fn an_access_token_of_an_erased_tenant_costs_one_read() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let instance = world.instance().await;
    let session = instance.client.with(&issuer.token("user_maya"));
    let exchanged = session.post("/auth/clerk-token", json!({})).await;
    let token = exchanged.data()["token"].as_str().expect("a token").to_owned();
    let tenant = TenantId::parse("user_maya").expect("a tenant");
    world.store.tenants().delete(&tenant).await.expect("the database");
    let client = instance.client.with(&token);
    client.get(LIST).await.expect(401, "AUTH_INVALID");
    instance.tap.take();
    for _ in 0..100 {
        client.get(LIST).await.expect(401, "AUTH_INVALID");
    }
    assert_eq!(instance.tap.take().len(), 0);
    // A session creates the tenant again, and the token is valid after the time of a refusal.
    assert_eq!(session.get(LIST).await.status, 200);
    instance.clock.set(world.clock.now().plus(MAX_UNKNOWN));
    assert_eq!(client.get(LIST).await.status, 200);
}

/// Ids of keys are not secret. Whoever knows one can make an instance refuse any secret but the right one.
#[tokio::test]
async fn refused_secrets_do_not_delay_the_key_that_is_created_or_rotated_with_the_same_id() {
    let scene = Scene::new().await;
    let (world, tenant) = (&scene.world, &scene.owner.tenant);
    let key = world.new_key();
    for _ in 0..20 {
        assert_eq!(scene.status(&world.other_secret(&key)).await, 401);
    }
    world.create_key(tenant, &key, Scopes::all(), None).await;
    assert_eq!(scene.status(&key).await, 200, "created");
    for _ in 0..20 {
        assert_eq!(scene.status(&world.other_secret(&key)).await, 401);
    }
    let rotated = scene.owners("/api/v1/api-keys/rotate", json!({"keyId": key.id()})).await;
    let rotated = rotated["plainKey"].as_str().expect("a plain key");
    assert_eq!(scene.instance.client.with(rotated).get(LIST).await.status, 200, "rotated");
}

/// Every key that a response has delivered works with the next request, on instances that are refusing others.
#[tokio::test]
async fn a_created_key_works_at_once_on_every_instance_during_a_flood() {
    let scene = Scene::new().await;
    let instances = [&scene.instance, &scene.world.instance().await, &scene.world.instance().await];
    for round in 0..20 {
        let strangers = instances.iter().map(|instance| {
            let client = instance.client.with(&expose(&scene.world.new_key()));
            async move { client.get(LIST).await.expect(401, "AUTH_INVALID") }
        });
        let owner = scene.instance.client.with(&scene.owner.key);
        let name = json!({"name": format!("key {round}")});
        let (created, _) = tokio::join!(owner.post(KEYS, name), futures_util::future::join_all(strangers));
        let plain = created.data()["plainKey"].as_str().expect("a plain key").to_owned();
        for instance in instances {
            assert_eq!(instance.client.with(&plain).get(LIST).await.status, 200, "{round}");
        }
    }
}

/// The key is presented before and while it is created, at every point of the lookup: a refusal delays it by less than
/// 5 s from the request that read it, and an instance that accepts it does not refuse it again.
#[tokio::test]
async fn a_key_that_is_presented_before_it_exists_works_after_five_seconds() {
    let world = World::new().await;
    for reads_before in 0..=1 {
        let owner = world.account_with(&format!("acme-{reads_before}"), plenty()).await;
        let instance = world.instance().await;
        assert_eq!(instance.client.with(&owner.key).get(LIST).await.status, 200);
        let key = world.new_key();
        let client = instance.client.with(&expose(&key));
        let early = client.clone();
        let mut early = Driven::start(&instance, async move { early.get(LIST).await });
        for _ in 0..reads_before {
            early.step().await;
        }
        early.peek().await;
        world.create_key(&owner.tenant, &key, Scopes::all(), None).await;
        let early = early.finish().await;
        assert_eq!(early.status, if reads_before == 0 { 200 } else { 401 });
        assert_eq!(client.get(LIST).await.status, early.status);
        instance.clock.set(world.clock.now().plus(Duration::from_millis(4_999)));
        assert_eq!(client.get(LIST).await.status, early.status);
        instance.clock.set(world.clock.now().plus(MAX_UNKNOWN));
        assert_eq!(client.get(LIST).await.status, 200);
        let untouched = world.instance().await;
        assert_eq!(untouched.client.with(&expose(&key)).get(LIST).await.status, 200);
    }
}

/// The refusal of a slow request arrives after the key was created and accepted by the same instance.
#[tokio::test]
async fn a_refusal_that_arrives_late_does_not_affect_an_accepted_key() {
    let scene = Scene::new().await;
    let key = scene.world.new_key();
    let client = scene.instance.client.with(&expose(&key));
    let mut held = scene.instance.tap.hold();
    let early = client.clone();
    let early = tokio::spawn(async move { early.get(LIST).await });
    let read = held.recv().await.expect("a call").perform().await;
    scene.world.create_key(&scene.owner.tenant, &key, Scopes::all(), None).await;
    let next = client.clone();
    let mut next = tokio::spawn(async move { next.get(LIST).await });
    let next = loop {
        tokio::select! {
            answer = &mut next => break answer.expect("the request"),
            call = held.recv() => call.expect("a call").pass().await,
        }
    };
    assert_eq!(next.status, 200);
    drop(held);
    read.deliver().await;
    early.await.expect("the request").expect(401, "AUTH_INVALID");
    assert_eq!(client.get(LIST).await.status, 200);
}

/// A rotation that fails half-way restores the secret that an instance has refused meanwhile.
#[tokio::test]
async fn a_restored_secret_works_after_five_seconds_and_a_revoked_key_never_again() {
    let scene = Scene::new().await;
    let (world, tenant) = (&scene.world, &scene.owner.tenant);
    let (id, plain) = world.key(tenant, Scopes::all(), None).await;
    let client = scene.instance.client.with(&plain);
    let other = world.instance().await;
    let owner = other.client.with(&scene.owner.key);
    let body = json!({"keyId": id});
    let mut rotation =
        Driven::start(&other, async move { owner.post("/api/v1/api-keys/rotate", body).await });
    rotation.step_past("DynamoDB TransactWriteItems").await;
    client.get(LIST).await.expect(401, "AUTH_INVALID");
    other.tap.fail("DynamoDB UpdateItem Tenants", hb_tests::Fault::Reset, true);
    rotation.finish().await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(other.tap.mend());
    client.get(LIST).await.expect(401, "AUTH_INVALID");
    scene.instance.clock.set(world.clock.now().plus(MAX_UNKNOWN));
    assert_eq!(client.get(LIST).await.status, 200);

    scene.owners("/api/v1/api-keys/revoke", json!({"keyId": id})).await;
    for second in [5, 30, 64, 65, 66, 200, 100_000] {
        scene.instance.clock.set(world.clock.now().plus(Duration::from_secs(second)));
        client.get(LIST).await.expect(401, "AUTH_INVALID");
    }
}

/// Otherwise anyone who knows ids of keys could fill the cache of keys.
#[tokio::test]
async fn a_wrong_secret_does_not_cache_the_key() {
    let scene = Scene::new().await;
    let (_, plain) = scene.world.key(&scene.owner.tenant, Scopes::all(), None).await;
    let key = ApiKey::parse(&plain).expect("a key");
    assert_eq!(scene.status(&scene.world.other_secret(&key)).await, 401);
    let names = || -> Vec<String> { scene.instance.tap.take().into_iter().map(|call| call.name).collect() };
    names();
    assert_eq!(scene.status(&key).await, 200);
    assert_eq!(names()[..2], ["DynamoDB GetItem ApiKeys", "DynamoDB UpdateItem Tenants"]);
    assert_eq!(scene.status(&key).await, 200);
    assert_eq!(names()[0], "DynamoDB UpdateItem Tenants");
}
