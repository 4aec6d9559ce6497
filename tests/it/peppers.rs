//! The pepper: read once, rotated while keys are live, and unavailable without an outage of the service.

use futures_util::future::join_all;
use hb_domain::pepper::PepperVersion;
use hb_domain::{KeyId, Scopes};
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Answer, Instance, World};
use serde_json::json;

const KEYS: &str = "/api/v1/api-keys";
const MEMORIES: &str = "/api/v1/memories?limit=1";

async fn world() -> (World, Account) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    (world, account)
}

/// Another key, created under the current pepper.
async fn new_key(world: &World, account: &Account) -> (KeyId, String) {
    world.key(&account.tenant, Scopes::all(), None).await
}

async fn try_key(instance: &Instance, plain: &str) -> Answer {
    instance.client.with(plain).get(MEMORIES).await
}

/// The version of the pepper under which a key's secret is stored.
async fn version(world: &World, id: &KeyId) -> PepperVersion {
    world.store.credentials().get(id).await.expect("the database").expect("the key").secret.pepper
}

/// The number of times that the secret is read while `act` runs.
async fn reads<T>(world: &World, act: impl Future<Output = T>) -> usize {
    let before = world.secrets.reads();
    act.await;
    world.secrets.reads() - before
}

#[tokio::test]
async fn keys_survive_a_rotation_and_new_ones_are_stored_under_the_new_pepper() {
    let (world, account) = world().await;
    let warm = world.instance().await;
    assert_eq!(try_key(&warm, &account.key).await.status, 200);
    world.secrets.rotate("the second pepper, of enough bytes");
    let fresh = world.instance().await;
    for instance in [&warm, &fresh] {
        assert_eq!(try_key(instance, &account.key).await.status, 200);
    }

    let created = fresh.client.with(&account.key).post(KEYS, json!({"name": "new"})).await;
    let id = KeyId::parse(created.data()["id"].as_str().expect("an id")).expect("an id");
    assert_eq!(version(&world, &account.id).await, PepperVersion("v1".into()));
    assert_eq!(version(&world, &id).await, PepperVersion("v2".into()));
    let plain = created.data()["plainKey"].as_str().expect("a plain key");
    for instance in [&warm, &fresh] {
        assert_eq!(try_key(instance, plain).await.status, 200, "{}", instance.url);
    }
}

#[tokio::test]
async fn an_instance_that_has_seen_a_new_pepper_stores_new_keys_under_it() {
    let (world, account) = world().await;
    let warm = world.instance().await;
    let owner = warm.client.with(&account.key);
    let id_of = |answer: &Answer| KeyId::parse(answer.data()["id"].as_str().expect("an id")).expect("an id");
    assert_eq!(owner.get(KEYS).await.status, 200);

    world.secrets.rotate("the second pepper, of enough bytes");
    let before = id_of(&owner.post(KEYS, json!({"name": "before"})).await);
    let (_, newer) = new_key(&world, &account).await;
    assert_eq!(warm.client.with(&newer).get(KEYS).await.status, 200);
    let after = id_of(&owner.post(KEYS, json!({"name": "after"})).await);
    let rotated = owner.post(&format!("{KEYS}/rotate"), json!({"keyId": account.id})).await;
    rotated.expect(200, "");

    assert_eq!(version(&world, &before).await, PepperVersion("v1".into()));
    assert_eq!(version(&world, &after).await, PepperVersion("v2".into()));
    assert_eq!(version(&world, &account.id).await, PepperVersion("v2".into()));
}

#[tokio::test]
async fn a_key_under_the_pepper_before_the_previous_one_is_not_valid_unless_it_was_rotated() {
    let (world, account) = world().await;
    let (id, kept) = new_key(&world, &account).await;
    world.secrets.rotate("the second pepper, of enough bytes");
    let instance = world.instance().await;
    let owner = instance.client.with(&account.key);
    let rotated =
        owner.post(&format!("{KEYS}/rotate"), json!({"keyId": id, "gracePeriodSeconds": 600})).await;
    let rotated = rotated.data()["plainKey"].as_str().expect("a plain key").to_owned();

    world.secrets.rotate("the third pepper, of enough bytes too");
    let fresh = world.instance().await;
    for old in [&account.key, &kept] {
        let refused = try_key(&fresh, old).await;
        refused.expect(401, "AUTH_INVALID");
        assert_eq!(refused.message(), "The API key or token is not valid");
    }
    assert_eq!(try_key(&fresh, &rotated).await.status, 200);
}

#[tokio::test]
async fn the_pepper_is_read_once_per_cold_start_for_any_number_of_requests() {
    let (world, account) = world().await;
    let (_, second) = new_key(&world, &account).await;
    let instance = world.instance().await;
    let keys = [instance.client.with(&account.key), instance.client.with(&second)];
    let all_good = async {
        let answers = join_all((0..40).map(|n| keys[n % 2].get(MEMORIES))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        // A day later all other caches have expired, the pepper has not.
        instance.clock.set(moment("2026-11-25T12:00:00Z"));
        assert_eq!(keys[0].get(MEMORIES).await.status, 200);
    };
    assert_eq!(reads(&world, all_good).await, 1);

    let bad = format!("{}x", account.key);
    let fresh = world.instance().await;
    assert_eq!(reads(&world, try_key(&fresh, &bad)).await, 0, "a bad checksum asks for nothing");
}

#[tokio::test]
async fn an_unknown_version_is_looked_up_once_for_all() {
    let (world, account) = world().await;
    let instance = world.instance().await;
    assert_eq!(try_key(&instance, &account.key).await.status, 200);
    world.secrets.rotate("the second pepper, of enough bytes");
    let mut newer = Vec::new();
    for _ in 0..10 {
        newer.push(instance.client.with(&new_key(&world, &account).await.1));
    }
    let lookup = async {
        let answers = join_all(newer.iter().map(|client| client.get(MEMORIES))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(try_key(&instance, &account.key).await.status, 200);
    };
    assert_eq!(reads(&world, lookup).await, 2, "the current version and the one before, once each");
}

#[tokio::test]
async fn items_with_an_unknown_pepper_version_do_not_cause_a_read_each() {
    let (world, account) = world().await;
    world.secrets.rotate("the second pepper, of enough bytes");
    world.secrets.rotate("the third pepper, of enough bytes too");
    let (_, live) = new_key(&world, &account).await;
    let instance = world.instance().await;
    assert_eq!(try_key(&instance, &live).await.status, 200);
    let refused = || async {
        for answer in join_all((0..5).map(|_| try_key(&instance, &account.key))).await {
            answer.expect(401, "AUTH_INVALID");
        }
    };
    assert_eq!(reads(&world, refused()).await, 2);
    instance.clock.set(moment("2026-11-24T12:00:59.999Z"));
    assert_eq!(reads(&world, refused()).await, 0);
    // The instance also refuses the key from memory, for 5 s.
    instance.clock.set(moment("2026-11-24T12:01:05Z"));
    assert_eq!(reads(&world, refused()).await, 2);
}

#[tokio::test]
async fn without_secrets_manager_a_cold_instance_returns_503_and_recovers_by_itself() {
    let (world, account) = world().await;
    let warm = world.instance().await;
    let owner = warm.client.with(&account.key);
    assert_eq!(owner.get(KEYS).await.status, 200);
    world.secrets.set_away(true);
    let cold = world.instance().await;
    for _ in 0..2 {
        let answer = try_key(&cold, &account.key).await;
        answer.expect(503, "SERVICE_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(!answer.text.to_lowercase().contains("secret"), "{}", answer.text);
    }
    assert_eq!(cold.client.get("/health").await.status, 200);
    try_key(&cold, &format!("{}x", account.key)).await.expect(401, "AUTH_INVALID");
    assert_eq!(owner.post(KEYS, json!({"name": "made by a warm instance"})).await.status, 201);

    world.secrets.set_away(false);
    assert_eq!(try_key(&cold, &account.key).await.status, 200);
}

#[tokio::test]
async fn a_key_under_a_pepper_that_cannot_be_read_now_is_not_called_invalid() {
    let (world, account) = world().await;
    let instance = world.instance().await;
    assert_eq!(try_key(&instance, &account.key).await.status, 200);
    world.secrets.rotate("the second pepper, of enough bytes");
    let (_, newer) = new_key(&world, &account).await;
    world.secrets.set_away(true);
    try_key(&instance, &newer).await.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(try_key(&instance, &account.key).await.status, 200, "the pepper it holds still serves");
    world.secrets.set_away(false);
    assert_eq!(try_key(&instance, &newer).await.status, 200);
}

#[tokio::test]
async fn a_new_pepper_is_looked_up_even_when_an_old_one_was_a_moment_ago() {
    let (world, account) = world().await;
    world.secrets.rotate("the second pepper of this test");
    let instance = world.instance().await;
    // The account's key is under the previous pepper, so that the instance reads both.
    assert_eq!(try_key(&instance, &account.key).await.status, 200);
    world.secrets.rotate("the third pepper of this test");
    let (_, newest) = new_key(&world, &account).await;
    assert_eq!(try_key(&instance, &newest).await.status, 200);
}

/// A key whose pepper cannot be read at the moment delays no other caller.
#[tokio::test]
async fn a_slow_read_of_a_new_pepper_delays_only_requests_that_need_it() {
    let (world, account) = world().await;
    let instance = world.instance().await;
    assert_eq!(try_key(&instance, &account.key).await.status, 200);
    world.secrets.rotate("the second pepper, of enough bytes");
    let (_, newer) = new_key(&world, &account).await;
    let mut held = instance.tap.hold();
    let client = instance.client.with(&newer);
    let waiting = tokio::spawn(async move { client.get(MEMORIES).await });
    let secret = loop {
        let call = held.recv().await.expect("a call");
        if call.name.contains("GetSecretValue") {
            break call;
        }
        call.pass().await;
    };
    let client = instance.client.with(&account.key);
    let quick = tokio::spawn(async move { client.get(MEMORIES).await });
    let pass_all = async {
        while let Some(call) = held.recv().await {
            // The second version of the secret, which is read beside the first.
            if !call.name.contains("GetSecretValue") {
                tokio::spawn(call.pass());
            }
        }
    };
    tokio::select! {
        answer = quick => assert_eq!(answer.expect("the request").status, 200),
        () = pass_all => unreachable!("calls are held back to the end"),
    }
    drop(secret);
    drop(held);
    waiting.abort();
}
