//! The issuer's signing keys: fetched on demand, once for all waiting requests and at most twice a minute, and kept during
//! an outage of the issuer.
//!
//! `cargo test -p hb-tests sessions::keys -- --nocapture` prints the fetches.

use std::time::Duration;

use futures_util::future::join_all;
use hb_tests::Instance;
use hb_tests::issuer::{TestIssuer, ec_key, forge};
use serde_json::json;

use super::{MEMORIES, set_up};

/// Sends `count` tokens, each with a key id that the issuer does not have.
async fn send_made_up(instance: &Instance, issuer: &TestIssuer, batch: u64, count: u64) {
    let payload = issuer.claims("x", &json!({})).to_string();
    let requests = (0..count).map(|number| {
        let header = json!({"alg": "ES256", "kid": format!("ins_{batch}_{number}")});
        let client = instance.client.with(&forge(&header, &payload, "c2ln"));
        async move { client.get(MEMORIES).await.expect(401, "AUTH_INVALID") }
    });
    join_all(requests).await;
}

#[tokio::test]
async fn a_thousand_made_up_key_ids_a_minute_cause_two_fetches() {
    let (world, issuer, instance) = set_up().await;
    assert_eq!(instance.client.with(&issuer.token("user_maya")).get(MEMORIES).await.status, 200);
    let (cold, mut fetches) = (world.instance().await, issuer.issuer.fetches() - 1);
    for instance in [&instance, &cold] {
        for minute in 0..2 {
            for step in 0..20 {
                let second = 60 * minute + 3 * step;
                instance.clock.set(world.clock.now().plus(Duration::from_secs(second)));
                send_made_up(instance, &issuer, second, 50).await;
            }
            let during = issuer.issuer.fetches() - std::mem::replace(&mut fetches, issuer.issuer.fetches());
            println!("1000 unknown key ids in 60 s: {during} fetches");
            assert_eq!(during, 2, "a fetch at 0 and one at 30 s");
        }
    }
}

/// The issuer rotates its keys directly after a fetch that a made-up key id has caused, and more of them follow.
#[tokio::test]
async fn made_up_key_ids_delay_a_rotation_by_thirty_seconds_at_most() {
    let (world, issuer, instance) = set_up().await;
    assert_eq!(instance.client.with(&issuer.token("user_maya")).get(MEMORIES).await.status, 200);
    let start = world.clock.now().plus(Duration::from_secs(60));
    instance.clock.set(start);
    send_made_up(&instance, &issuer, 0, 1).await;
    assert_eq!(issuer.issuer.fetches(), 2);
    let newer = ec_key("ins_newer");
    issuer.issuer.set_keys(vec![newer.clone()]);
    let token = newer.sign(&issuer.claims("user_maya", &json!({}))).expect("a token");
    let mut second = 0;
    loop {
        second += 1;
        instance.clock.set(start.plus(Duration::from_secs(second)));
        let status = instance.client.with(&token).get(MEMORIES).await.status;
        send_made_up(&instance, &issuer, second, 5).await;
        if status == 200 {
            break;
        }
        assert_eq!(status, 401);
        assert!(second < 30, "refused after {second} s");
    }
    println!(
        "a rotation is picked up after {second} s of a storm, with {} fetches",
        issuer.issuer.fetches() - 2
    );
    assert_eq!((second, issuer.issuer.fetches()), (30, 3));
}

#[tokio::test]
async fn concurrent_requests_wait_for_one_fetch() {
    let (_world, issuer, instance) = set_up().await;
    let requests = (0..15).map(|number| {
        let client = instance.client.with(&issuer.token(&format!("user_{number}")));
        async move { client.get(MEMORIES).await.status.as_u16() }
    });
    assert_eq!(join_all(requests).await, [200; 15]);
    assert_eq!(issuer.issuer.fetches(), 1);
}

#[tokio::test]
async fn a_rotation_at_the_issuer_is_picked_up_without_a_restart() {
    let (world, issuer, instance) = set_up().await;
    assert_eq!(instance.client.with(&issuer.token("user_maya")).get(MEMORIES).await.status, 200);
    let newer = ec_key("ins_newer");
    issuer.issuer.set_keys(vec![newer.clone(), issuer.ec.clone()]);
    let rotated = newer.sign(&issuer.claims("user_maya", &json!({}))).expect("a token");
    instance.clock.set(world.clock.now().plus(Duration::from_secs(30)));
    assert_eq!(instance.client.with(&rotated).get(MEMORIES).await.status, 200);
    assert_eq!(issuer.issuer.fetches(), 2);

    // After a second rotation within thirty seconds, the next fetch waits until they have passed.
    let newest = ec_key("ins_newest");
    issuer.issuer.set_keys(vec![newest.clone()]);
    let token = newest.sign(&issuer.claims("user_maya", &json!({}))).expect("a token");
    instance.client.with(&token).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(29)));
    instance.client.with(&token).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(1)));
    assert_eq!(instance.client.with(&token).get(MEMORIES).await.status, 200);
    assert_eq!(issuer.issuer.fetches(), 3);
}

#[tokio::test]
async fn during_an_outage_of_the_issuer_cached_keys_work_and_others_are_a_502() {
    let (world, issuer, warm) = set_up().await;
    let token = issuer.token("user_maya");
    assert_eq!(warm.client.with(&token).get(MEMORIES).await.status, 200);
    issuer.issuer.set_away(true);
    for hour in 1..=23 {
        warm.clock.set(world.clock.now().plus(Duration::from_secs(3_600 * hour)));
        let token = issuer.token_at("user_maya", warm.clock.now());
        assert_eq!(warm.client.with(&token).get(MEMORIES).await.status, 200, "hour {hour}");
    }
    // A key id that only the issuer could resolve.
    let newer = ec_key("ins_newer").sign(&issuer.claims("user_maya", &json!({}))).expect("a token");
    let answer = warm.client.with(&newer).get(MEMORIES).await;
    answer.expect(502, "EXTERNAL_SERVICE_ERROR");
    let before = issuer.issuer.fetches();
    warm.client.with(&newer).get(MEMORIES).await.expect(502, "EXTERNAL_SERVICE_ERROR");
    assert_eq!(issuer.issuer.fetches(), before, "a failed fetch is not repeated at once");
    warm.clock.set(warm.clock.now().plus(Duration::from_secs(5)));
    warm.client.with(&newer).get(MEMORIES).await.expect(502, "EXTERNAL_SERVICE_ERROR");
    assert_eq!(issuer.issuer.fetches(), before + 1, "but after 5 s");

    let cold = world.instance().await;
    let before = issuer.issuer.fetches();
    for _ in 0..20 {
        let answer = cold.client.with(&token).get(MEMORIES).await;
        answer.expect(502, "EXTERNAL_SERVICE_ERROR");
        assert!(!answer.text.contains(&issuer.url), "{}", answer.text);
        assert_ne!(answer.header("retry-after"), "");
    }
    assert_eq!(issuer.issuer.fetches() - before, 1, "not asked again at once");
    issuer.issuer.set_away(false);
    cold.clock.set(world.clock.now().plus(Duration::from_secs(5)));
    assert_eq!(cold.client.with(&token).get(MEMORIES).await.status, 200);

    // Keys that are a day old are not trusted without being fetched again.
    issuer.issuer.set_away(true);
    cold.clock.set(world.clock.now().plus(Duration::from_secs(5 + 86_400)));
    let late = issuer.token_at("user_maya", cold.clock.now());
    cold.client.with(&late).get(MEMORIES).await.expect(502, "EXTERNAL_SERVICE_ERROR");
}

#[tokio::test]
async fn an_invalid_or_too_large_key_set_is_not_accepted() {
    use axum::Router;
    use axum::routing::get;
    use hb_local::server::Server;
    let (mut world, issuer, _) = set_up().await;
    let keys = |padding: usize| {
        let keys = [issuer.ec.public().expect("a key")];
        json!({"keys": keys, "padding": "x".repeat(padding)}).to_string()
    };
    let (good, large) = (keys(0), keys(300 * 1024));
    let router = Router::new()
        .route("/good", get(|| async { good }))
        .route("/large", get(|| async { large }))
        .route("/text", get(|| async { "not a set" }))
        .route("/moved", get(|| async { axum::response::Redirect::temporary("/good") }));
    let server = Server::start(0, |listener, _| async move {
        axum::serve(listener, router).await.expect("it serves");
    })
    .await
    .expect("a port");
    for path in ["good", "large", "text", "moved", "nothing"] {
        let settings = |name: &str| match name {
            "CLERK_ISSUER" => Some(issuer.url.clone()),
            "CLERK_JWKS_URL" => Some(format!("{}/{path}", server.url())),
            _ => None,
        };
        world.clerk = hb_http::ClerkSettings::from_env(settings).expect("settings");
        let instance = world.instance().await;
        let answer = instance.client.with(&issuer.token("user_maya")).get(MEMORIES).await;
        assert_eq!(answer.status, if path == "good" { 200 } else { 502 }, "{path}: {}", answer.text);
    }
}
