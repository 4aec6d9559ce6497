//! API keys over HTTP: create, read, rotate and revoke them, their names, number and usage.

mod create;
mod expiry;
mod limit;
mod names;
mod read;
mod revoke;
mod rotate;
mod suspended;
mod usage;
mod usage_scopes;

use hb_domain::plan::Allowance;
use hb_tests::world::{Account, plenty};
use hb_tests::{Answer, Client, Instance, World};
use serde_json::{Value, json};

const KEYS: &str = "/api/v1/api-keys";
const MEMORIES: &str = "/api/v1/memories?limit=1";

/// One tenant in its own world, and one instance.
struct Scene {
    world: World,
    account: Account,
    instance: Instance,
    /// With the account's key, which has all scopes.
    owner: Client,
}

/// A created key.
#[derive(Clone, Debug)]
struct Handed {
    id: String,
    plain: String,
}

impl Scene {
    /// A tenant whose limits are never reached.
    async fn new() -> Self {
        Self::at(hb_tests::world::NOON, plenty()).await
    }

    async fn at(now: &str, allowance: Allowance) -> Self {
        let world = World::new().await;
        world.clock.set(hb_tests::world::moment(now));
        let account = world.account_with("acme", allowance).await;
        let instance = world.instance().await;
        let owner = instance.client.with(&account.key);
        Self { world, account, instance, owner }
    }

    /// Creates a key as the owner.
    async fn create(&self, body: Value) -> Handed {
        Handed::of(&self.owner.post(KEYS, body).await)
    }

    /// Creates a key with this name and all scopes.
    async fn named(&self, name: &str) -> Handed {
        self.create(json!({ "name": name })).await
    }

    async fn rotate(&self, id: &str, grace: u64) -> Handed {
        let body = json!({"keyId": id, "gracePeriodSeconds": grace});
        Handed::of(&self.owner.post(&format!("{KEYS}/rotate"), body).await)
    }

    async fn revoke(&self, id: &str) -> Answer {
        self.owner.post(&format!("{KEYS}/revoke"), json!({ "keyId": id })).await
    }

    /// The response of the instance to a plain key.
    async fn try_key(&self, plain: &str) -> Answer {
        self.instance.client.with(plain).get(MEMORIES).await
    }

    /// Sets the instance's clock.
    fn set_clock(&self, now: &str) {
        self.instance.clock.set(hb_tests::world::moment(now));
    }
}

impl Handed {
    #[track_caller]
    fn of(answer: &Answer) -> Self {
        let text = |name: &str| answer.data()[name].as_str().expect("a text").to_owned();
        Self { id: text("id"), plain: text("plainKey") }
    }
}

/// The field names of an object, sorted.
fn names_of(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
