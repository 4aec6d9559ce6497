//! The renewal of the issuer's signing keys: by the first session after 15 minutes, beside its own work.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use hb_domain::plan::Plan;
use hb_http::ClerkSettings;
use hb_local::server::Server;
use hb_tests::World;
use hb_tests::issuer::{TestIssuer, ec_key};
use hb_tests::process::PATIENCE;
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::time::timeout;

use super::{MEMORIES, set_up};

const RENEWAL_AGE: Duration = Duration::from_secs(900);

/// A key set whose fetches wait until they are let through.
struct HeldKeySet {
    keys: Arc<Mutex<Value>>,
    /// A permit for each fetch that is let through.
    permits: Arc<Semaphore>,
    /// A message for each fetch that arrives.
    arrivals: mpsc::UnboundedReceiver<()>,
    server: Server,
}

impl HeldKeySet {
    async fn start(keys: Value) -> Self {
        let (keys, permits) = (Arc::new(Mutex::new(keys)), Arc::new(Semaphore::new(0)));
        let (arrive, arrivals) = mpsc::unbounded_channel();
        let served = (Arc::clone(&keys), Arc::clone(&permits));
        let router = Router::new().route(
            "/keys",
            get(move || {
                let ((keys, permits), arrive) = (served.clone(), arrive.clone());
                async move {
                    arrive.send(()).expect("the test");
                    permits.acquire().await.expect("a permit").forget();
                    keys.lock().await.to_string()
                }
            }),
        );
        let server = Server::start(0, |listener, _| async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { keys, permits, arrivals, server: server.await.expect("a port") }
    }
}

#[tokio::test]
async fn keys_are_renewed_beside_the_work_of_a_request_and_before_its_response() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let mut key_set = HeldKeySet::start(json!({"keys": [issuer.ec.public().expect("a key")]})).await;
    let settings = |name: &str| match name {
        "CLERK_ISSUER" => Some(issuer.url.clone()),
        "CLERK_JWKS_URL" => Some(format!("{}/keys", key_set.server.url())),
        _ => None,
    };
    world.clerk = ClerkSettings::from_env(settings).expect("settings");
    let instance = world.instance().await;
    let maya = instance.client.with(&issuer.token("user_maya"));
    key_set.permits.add_permits(1);
    assert_eq!(maya.get(MEMORIES).await.status, 200);
    key_set.arrivals.recv().await.expect("the first fetch");

    // The issuer replaces its key. Until the fetch ends, the old one is in use.
    let newer = ec_key("ins_newer");
    *key_set.keys.lock().await = json!({"keys": [newer.public().expect("a key")]});
    instance.clock.set(world.clock.now().plus(RENEWAL_AGE));
    let mut held = instance.tap.hold();
    let first = maya.clone();
    let first = tokio::spawn(async move { first.get(MEMORIES).await });
    let call = timeout(PATIENCE, held.recv()).await.expect("the request works").expect("a call");
    let arrival = timeout(PATIENCE, key_set.arrivals.recv()).await;
    arrival.expect("while its call to the database waits, it fetches the keys").expect("a fetch");
    drop(held);
    call.pass().await;
    // The own work of another request does not wait for the fetch, nor does it fetch.
    let other = instance.client.with(&issuer.token("user_maya_2"));
    for _ in 0..10 {
        assert_eq!(other.get(MEMORIES).await.status, 200);
    }
    assert!(key_set.arrivals.try_recv().is_err(), "one fetch");
    assert!(!first.is_finished(), "the response waits for the fetch");
    key_set.permits.add_permits(1);
    assert_eq!(first.await.expect("the request").status, 200);

    // The response has come, so the new keys are in use, without another fetch.
    let rotated = newer.sign(&issuer.claims("user_maya", &json!({}))).expect("a token");
    assert_eq!(instance.client.with(&rotated).get(MEMORIES).await.status, 200);
    let removed = instance.client.with(&issuer.token("user_ben")).get(MEMORIES).await;
    removed.expect(401, "AUTH_INVALID");
    assert!(key_set.arrivals.try_recv().is_err(), "no further fetch");
}

#[tokio::test]
async fn keys_are_renewed_after_fifteen_minutes_and_once() {
    let (world, issuer, instance) = set_up().await;
    let maya = instance.client.with(&issuer.token("user_maya"));
    for (second, fetches) in [(0, 1), (899, 1), (900, 2), (901, 2), (1_799, 2), (1_800, 3), (1_801, 3)] {
        instance.clock.set(world.clock.now().plus(Duration::from_secs(second)));
        assert_eq!(maya.get(MEMORIES).await.status, 200);
        assert_eq!(issuer.issuer.fetches(), fetches, "{second}");
    }
}

/// A failed renewal changes nothing for the caller, and is repeated after 5 s.
#[tokio::test]
async fn a_renewal_that_fails_leaves_the_keys_in_use() {
    let (world, issuer, instance) = set_up().await;
    let maya = instance.client.with(&issuer.token("user_maya"));
    assert_eq!(maya.get(MEMORIES).await.status, 200);
    issuer.issuer.set_away(true);
    for (second, fetches) in [(900, 2), (901, 2), (904, 2), (905, 3), (909, 3), (910, 4)] {
        instance.clock.set(world.clock.now().plus(Duration::from_secs(second)));
        assert_eq!(maya.get(MEMORIES).await.status, 200);
        assert_eq!(issuer.issuer.fetches(), fetches, "{second}");
    }
    issuer.issuer.set_away(false);
    instance.clock.set(world.clock.now().plus(Duration::from_secs(915)));
    assert_eq!(maya.get(MEMORIES).await.status, 200);
    assert_eq!(issuer.issuer.fetches(), 5);
}

/// Callers that do not depend on the issuer do not wait for it.
#[tokio::test]
async fn only_sessions_renew_keys() {
    let (world, issuer, instance) = set_up().await;
    let account = world.account("acme", Plan::Enterprise).await;
    let maya = instance.client.with(&issuer.token("user_maya"));
    assert_eq!(maya.get(MEMORIES).await.status, 200);
    instance.clock.set(world.clock.now().plus(Duration::from_secs(880)));
    let exchanged = maya.post("/auth/clerk-token", json!({})).await;
    let token = exchanged.data()["token"].as_str().expect("a token").to_owned();
    let before = issuer.issuer.fetches();
    instance.clock.set(world.clock.now().plus(RENEWAL_AGE));
    for credential in [&account.key, &token] {
        assert_eq!(instance.client.with(credential).get(MEMORIES).await.status, 200);
    }
    instance.client.get("/health").await.expect(200, "");
    assert_eq!(issuer.issuer.fetches(), before);
    assert_eq!(maya.get(MEMORIES).await.status, 200);
    assert_eq!(issuer.issuer.fetches(), before + 1);
}
