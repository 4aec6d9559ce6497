//! A key that is locked out during its own request receives no new secret, and no request that fails half-way locks a
//! key out.

use hb_tests::world::{Account, plenty};
use hb_tests::{Answer, Driven, Fault, Instance, World};
use serde_json::{Value, json};

const KEYS: &str = "/api/v1/api-keys";
const LIST: &str = "/api/v1/memories?limit=1";
const ADMISSION: &str = "DynamoDB UpdateItem Tenants";
const TRANSACTION: &str = "DynamoDB TransactWriteItems";

/// Two instances: one that the intruder's request waits on, and one that the owner uses meanwhile.
struct Scene {
    world: World,
    owner: Account,
    waiting: Instance,
    other: Instance,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let owner = world.account_with("acme", plenty()).await;
        let (waiting, other) = (world.instance().await, world.instance().await);
        Self { world, owner, waiting, other }
    }

    /// Another key of the owner with all scopes.
    async fn key(&self) -> (String, String) {
        let (id, plain) = self.world.key(&self.owner.tenant, hb_domain::Scopes::all(), None).await;
        (id.to_string(), plain)
    }

    /// A request with `plain` that has been admitted and not continued.
    async fn admitted(&self, plain: &str, path: &'static str, body: Value) -> Driven {
        let client = self.waiting.client.with(plain);
        let mut request = Driven::start(&self.waiting, async move { client.post(path, body).await });
        request.step_past(ADMISSION).await;
        request
    }

    async fn owners(&self, path: &str, body: Value) -> Answer {
        let answer = self.other.client.with(&self.owner.key).post(path, body).await;
        answer.expect(200, "");
        answer
    }

    async fn live_keys(&self) -> usize {
        let keys = self.other.client.with(&self.owner.key).get(KEYS).await;
        keys.data()["keys"].as_array().expect("keys").iter().filter(|key| key["status"] == "active").count()
    }
}

#[tokio::test]
async fn a_secret_that_is_replaced_during_its_request_does_not_rotate_its_key() {
    for grace in [0, 600] {
        let scene = Scene::new().await;
        let (id, stolen) = scene.key().await;
        let request = scene.admitted(&stolen, "/api/v1/api-keys/rotate", json!({"keyId": id})).await;
        let body = json!({"keyId": id, "gracePeriodSeconds": grace});
        let new = scene.owners("/api/v1/api-keys/rotate", body).await.data()["plainKey"].clone();
        request.finish().await.expect(401, "AUTH_INVALID");
        let new = scene.other.client.with(new.as_str().expect("a plain key"));
        assert_eq!(new.get(LIST).await.status, 200, "the owner's new secret is the key's");
        let old = scene.other.client.with(&stolen).get(LIST).await;
        assert_eq!(old.status, if grace == 0 { 401 } else { 200 });
    }
}

#[tokio::test]
async fn a_key_that_is_revoked_during_its_request_creates_no_other() {
    let scene = Scene::new().await;
    let (spare, _) = scene.key().await;
    for (path, body) in
        [(KEYS, json!({"name": "a way back"})), ("/api/v1/api-keys/rotate", json!({"keyId": spare}))]
    {
        let (id, stolen) = scene.key().await;
        let request = scene.admitted(&stolen, path, body).await;
        scene.owners("/api/v1/api-keys/revoke", json!({"keyId": id})).await;
        let before = scene.live_keys().await;
        let answer = request.finish().await;
        answer.expect(401, "AUTH_INVALID");
        assert!(!answer.text.contains("hb_"), "{}", answer.text);
        assert_eq!(scene.live_keys().await, before, "{path}");
    }
}

#[tokio::test]
async fn a_rotation_that_fails_half_way_leaves_the_old_secret_working() {
    for grace in [0, 600] {
        let scene = Scene::new().await;
        let client = scene.other.client.with(&scene.owner.key);
        let earlier = client
            .post("/api/v1/api-keys/rotate", json!({"keyId": scene.owner.id, "gracePeriodSeconds": 60}));
        let key = earlier.await.data()["plainKey"].as_str().expect("a plain key").to_owned();
        let client = scene.other.client.with(&key);

        // The second update of the tenant increments the epoch; the first is the admission.
        scene.other.tap.fail(TRANSACTION, Fault::TimedOut, false);
        let under_way = async {
            let body = json!({"keyId": scene.owner.id, "gracePeriodSeconds": grace});
            client.post("/api/v1/api-keys/rotate", body).await
        };
        let held = scene.other.tap.hold();
        let failing = async {
            let mut held = held;
            let mut admitted = false;
            while let Some(call) = held.recv().await {
                if call.name == ADMISSION && std::mem::replace(&mut admitted, true) {
                    scene.other.tap.fail(ADMISSION, Fault::Reset, true);
                }
                tokio::spawn(call.pass());
            }
        };
        let answer = tokio::select! {
            answer = under_way => answer,
            () = failing => unreachable!("calls are held back to the end"),
        };
        answer.expect(503, "SERVICE_UNAVAILABLE");
        scene.other.tap.mend();
        let fresh = scene.world.instance().await;
        assert_eq!(fresh.client.with(&key).get(LIST).await.status, 200, "the secret of before");
        let old = fresh.client.with(&scene.owner.key).get(LIST).await;
        assert_eq!(old.status, 200, "and the grace of the one before that");
        assert_ne!(old.header("sunset"), "");
    }
}
