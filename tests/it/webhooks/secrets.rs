//! Secrets: which are accepted, and that none is stored readably.

use hb_domain::webhook::SealedSecret;
use hb_domain::{TenantId, WebhookId};
use hb_http::WebhookKeyCache;
use hb_tests::Answer;
use serde_json::json;

use super::{Scene, WEBHOOKS, id_of, numbered};

/// The secret of a stored endpoint, decrypted by an instance that has read nothing yet.
async fn opened(scene: &Scene, cache: &WebhookKeyCache, id: &str) -> hb_domain::Result<String> {
    let items = scene.items().await;
    let sealed = SealedSecret {
        key_version: items[id]["keyVersion"].as_s().expect("a version").clone(),
        sealed: items[id]["secret"].as_b().expect("bytes").as_ref().to_vec(),
    };
    let (tenant, id) = (TenantId::parse("acme").expect("a tenant"), WebhookId::parse(id).expect("an id"));
    let now = scene.instance.clock.now();
    let secret = cache.open(&scene.world.store, now, (&tenant, &id), &sealed).await?;
    Ok(exposed(&secret))
}

#[expect(clippy::disallowed_methods, reason = "a test compares secrets")]
fn exposed(secret: &hb_domain::webhook::WebhookSecret) -> String {
    secret.expose().to_owned()
}

async fn create(scene: &Scene, number: usize, secret: Option<&str>) -> Answer {
    let mut body = numbered(number);
    if let Some(secret) = secret {
        body["secret"] = json!(secret);
    }
    let answer = scene.owner.post(WEBHOOKS, body).await;
    answer.expect(201, "");
    answer
}

#[tokio::test]
async fn a_secret_is_returned_once_and_stored_encrypted() {
    let scene = Scene::new().await;
    let given =
        ["a secret of twenty-four and more", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "ääääääääääää"];
    let mut secrets = Vec::new();
    for (number, secret) in given.into_iter().map(Some).chain([None, None]).enumerate() {
        let created = create(&scene, number, secret).await;
        let shown = created.data()["secret"].as_str().expect("a secret").to_owned();
        assert!(secret.is_none_or(|secret| secret == shown), "{shown}");
        let stored = format!("{:?}", scene.items().await);
        assert!(!stored.contains(&shown) && !stored.contains(shown.trim_start_matches("whsec_")), "{stored}");
        assert_eq!(opened(&scene, &WebhookKeyCache::default(), &id_of(&created)).await, Ok(shown.clone()));
        secrets.push(shown);
    }
    secrets.sort();
    secrets.dedup();
    assert_eq!(secrets.len(), 5, "generated secrets differ");
}

#[tokio::test]
async fn secrets_stay_readable_over_one_rotation_of_the_key() {
    let scene = Scene::new().await;
    let cache = WebhookKeyCache::default();
    let first = create(&scene, 1, None).await;
    let shown = first.data()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(opened(&scene, &cache, &id_of(&first)).await, Ok(shown.clone()));

    scene.world.secrets.rotate_webhook_key("the second webhook key, of enough bytes");
    let other = scene.world.instance().await;
    let second = other.client.with(&scene.account.key).post(WEBHOOKS, numbered(2)).await;
    second.expect(201, "");
    // The cache has read the first version only, and reads again for the second.
    for answer in [&first, &second] {
        let shown = answer.data()["secret"].as_str().expect("a secret").to_owned();
        assert_eq!(opened(&scene, &cache, &id_of(answer)).await, Ok(shown));
    }
    let items = scene.items().await;
    let versions = [&first, &second].map(|answer| items[&id_of(answer)]["keyVersion"].as_s().cloned());
    assert_ne!(versions[0], versions[1]);

    scene.world.secrets.rotate_webhook_key("the third webhook key, of enough bytes");
    let fresh = WebhookKeyCache::default();
    assert!(opened(&scene, &fresh, &id_of(&first)).await.is_err(), "two rotations ago");
    assert!(opened(&scene, &fresh, &id_of(&second)).await.is_ok());
}

#[tokio::test]
async fn without_the_key_nothing_is_created_and_everything_else_works() {
    let scene = Scene::new().await;
    // Read the pepper, which every request needs.
    scene.owner.get(WEBHOOKS).await.expect(200, "");
    scene.world.secrets.set_away(true);
    scene.owner.post(WEBHOOKS, numbered(1)).await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(scene.items().await.is_empty() && !scene.is_recording().await);
    scene.owner.get(WEBHOOKS).await.expect(200, "");
    scene.world.secrets.set_away(false);
    scene.create(1).await;
}
