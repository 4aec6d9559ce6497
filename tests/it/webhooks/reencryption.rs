//! After a rotation of the key, whoever uses a secret encrypts it anew, so that the next rotation loses none.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::Timestamp;
use hb_domain::WebhookId;
use hb_domain::webhook::WebhookSecret;
use hb_http::{Entropy, WebhookKeyCache};
use hb_store::{Context, VersionedWebhook};

use super::{Scene, WEBHOOKS, id_of};

const FORMER: &str = "the former secret, of 24 and more bytes";
const KEYS: [&str; 2] = ["the second webhook key, of enough bytes", "the third webhook key, of enough bytes"];

impl Scene {
    fn now(&self) -> Timestamp {
        self.instance.clock.now()
    }

    async fn stored_endpoint(&self, id: &str) -> VersionedWebhook {
        let context = Context::operator(&self.account.tenant, self.now());
        let id = WebhookId::parse(id).expect("an id");
        self.world.store.with(&context).webhooks().get(&id).await.expect("the endpoint")
    }

    /// The endpoint's secrets, decrypted by an instance that has read nothing yet.
    async fn secrets(&self, id: &str) -> Vec<hb_domain::Result<String>> {
        let (endpoint, cache) = (self.stored_endpoint(id).await, WebhookKeyCache::default());
        let mut opened = Vec::new();
        for sealed in endpoint.secrets_at(self.now()) {
            let owner = (&self.account.tenant, &endpoint.webhook.id);
            let secret = cache.open(&self.world.store, self.now(), owner, sealed).await;
            opened.push(secret.map(|secret| exposed(&secret)));
        }
        opened
    }

    /// Gives the endpoint a former secret, as a rotation does.
    async fn give_former(&self, id: &str, until: Timestamp) {
        let keys = WebhookKeyCache::default().get(&self.world.store, self.now()).await.expect("the keys");
        let secret = WebhookSecret::parse(FORMER).expect("a secret");
        let id = WebhookId::parse(id).expect("an id");
        let sealed = keys.seal(&self.account.tenant, &id, &secret, [3; 12]).expect("sealed");
        let update = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb()).update_item();
        update
            .table_name("Webhooks")
            .key("tenant", AttributeValue::S(self.account.tenant.to_string()))
            .key("sk", AttributeValue::S(id.to_string()))
            .update_expression("SET previousSecret = :s, previousKeyVersion = :v, previousUntil = :u")
            .expression_attribute_values(":s", AttributeValue::B(Blob::new(sealed.sealed)))
            .expression_attribute_values(":v", AttributeValue::S(sealed.key_version))
            .expression_attribute_values(":u", AttributeValue::N(until.millis().to_string()))
            .send()
            .await
            .expect("the database");
    }

    async fn reencrypt(&self, endpoint: &VersionedWebhook) -> u64 {
        // Another nonce each time: the same one would make what was written before look like this write.
        let (cache, entropy) = (WebhookKeyCache::default(), Entropy::system());
        let (store, tenant) = (&self.world.store, &self.account.tenant);
        cache.reencrypt(store, self.now(), &entropy, tenant, endpoint).await.expect("encrypted anew")
    }
}

#[expect(clippy::disallowed_methods, reason = "a test compares secrets")]
fn exposed(secret: &WebhookSecret) -> String {
    secret.expose().to_owned()
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_millis(now.millis() + seconds * 1_000)
}

#[tokio::test]
async fn a_secret_that_was_encrypted_anew_survives_the_next_rotation() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (id, path) = (id_of(&created), format!("{WEBHOOKS}/{}", id_of(&created)));
    scene.give_former(&id, after(scene.now(), 3_600)).await;
    let shown = created.data()["secret"].as_str().expect("a secret").to_owned();
    let both = [Ok(shown), Ok(FORMER.to_owned())];
    let (before, read) = (scene.stored_endpoint(&id).await, scene.owner.get(&path).await);
    assert_eq!(scene.reencrypt(&before).await, 0, "the key was not rotated");
    assert_eq!(scene.stored_endpoint(&id).await, before);

    scene.world.secrets.rotate_webhook_key(KEYS[0]);
    assert_eq!(scene.reencrypt(&before).await, 2);
    let after = scene.stored_endpoint(&id).await;
    let version = &after.secret.key_version;
    let previous = after.previous.as_ref().expect("a former secret");
    assert_ne!(*version, before.secret.key_version);
    assert_eq!(*version, previous.secret.key_version);
    assert_ne!(after.secret.sealed, before.secret.sealed);
    assert_eq!(scene.secrets(&id).await, both);
    // Nothing that its owner sees has changed.
    assert_eq!((after.webhook.clone(), &after.version), (before.webhook, &before.version));
    let again = scene.owner.get(&path).await;
    assert_eq!((again.header("etag"), again.data()), (read.header("etag"), read.data()));
    assert_eq!(scene.reencrypt(&after).await, 0, "once");

    scene.world.secrets.rotate_webhook_key(KEYS[1]);
    assert_eq!(scene.secrets(&id).await, both);
}

#[tokio::test]
async fn a_former_secret_whose_grace_has_ended_is_left_alone() {
    let scene = Scene::new().await;
    let id = id_of(&scene.create(1).await);
    scene.give_former(&id, scene.now()).await;
    let before = scene.stored_endpoint(&id).await;
    scene.world.secrets.rotate_webhook_key(KEYS[0]);
    assert_eq!(scene.reencrypt(&before).await, 1);
    assert_eq!(scene.stored_endpoint(&id).await.previous, before.previous);
}

#[tokio::test]
async fn a_secret_that_was_rotated_or_deleted_meanwhile_is_left_alone() {
    let scene = Scene::new().await;
    let (kept, deleted) = (id_of(&scene.create(1).await), id_of(&scene.create(2).await));
    let found = [scene.stored_endpoint(&kept).await, scene.stored_endpoint(&deleted).await];
    scene.world.secrets.rotate_webhook_key(KEYS[0]);
    assert_eq!(scene.reencrypt(&found[0]).await, 1);
    let after = scene.stored_endpoint(&kept).await;
    let path = format!("{WEBHOOKS}/{deleted}");
    scene.owner.send(http::Method::DELETE, &path, None).await.expect(200, "");
    // Both are tried again as they were found first.
    for endpoint in &found {
        assert_eq!(scene.reencrypt(endpoint).await, 0);
    }
    assert_eq!(scene.stored_endpoint(&kept).await, after);
    assert!(!scene.items().await.contains_key(&deleted), "an update creates no item");
}

#[tokio::test]
async fn a_failure_of_the_database_or_of_the_secrets_is_no_failure_of_the_use() {
    let scene = Scene::new().await;
    let id = id_of(&scene.create(1).await);
    let endpoint = scene.stored_endpoint(&id).await;
    scene.world.secrets.rotate_webhook_key(KEYS[0]);
    let (cache, entropy) = (WebhookKeyCache::default(), Entropy::seeded(7));
    scene.world.secrets.set_away(true);
    let (store, tenant) = (&scene.world.store, &scene.account.tenant);
    cache.try_reencrypt(store, scene.now(), &entropy, tenant, &endpoint).await;
    assert_eq!(scene.stored_endpoint(&id).await, endpoint);
    scene.world.secrets.set_away(false);
    // A read that failed is repeated after some seconds.
    let later = after(scene.now(), 10);
    cache.try_reencrypt(store, later, &entropy, tenant, &endpoint).await;
    assert_ne!(scene.stored_endpoint(&id).await.secret, endpoint.secret);
}
