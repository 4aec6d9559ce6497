//! Every call to AWS of every route fails in turn, in every way, once and for good; afterwards nothing that was
//! acknowledged is lost, nothing is doubled, and the counts are at most as wrong as what was under way.
//!
//! The calls are found by running the routes, not from a list. Which of them are tried:
//!
//! | | routes | instance | fault |
//! |---|---|---|---|
//! | always | each, under an idempotency key where it heeds one | warm | of one call |
//! | with `HB_ALL_FAULTS=1`, as CI does | each, with and without a key | warm and cold | of one call, and of all of its name from then on |
//!
//! `HB_ALL_FAULTS=1 cargo test -p hb-tests faults -- --nocapture` prints how many there were.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use hb_domain::delivery::DeliveryLogQuery;
use hb_domain::fields::Fields;
use hb_domain::listing::Filter;
use hb_domain::memory::NewMemory;
use hb_domain::memory_key::OnConflict;
use hb_domain::webhook::Webhook;
use hb_domain::{MemoryId, WebhookId};
use hb_http::route::{Access, Effect};
use hb_local::functions;
use hb_store::{StorageUsage, VersionedMemory};
use hb_tests::world::{Account, NOON, moment, plenty};
use hb_tests::{Answer, Fault, Instance, World};
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::routes::{Case, Named, guarded, variants};

/// How many requests are tried at a time.
const AT_ONCE: usize = 12;

/// A tenant of its own that has a few things, and an instance that may know it already.
struct Scene {
    world: Arc<World>,
    instance: Instance,
    account: Account,
    named: Named,
}

/// What the tenant has: its memories and webhook endpoints by id, its live keys by name, and what is counted.
#[derive(Debug)]
struct State {
    memories: BTreeMap<String, Value>,
    keys: Vec<String>,
    webhooks: BTreeMap<String, Webhook>,
    /// How many deliveries wait.
    waiting: usize,
    /// The number of endpoints by the head of the feed, and whether searches are recorded.
    recording: (u64, bool),
    counted: StorageUsage,
    admitted: u64,
    used: u64,
}

impl Scene {
    async fn new(world: &Arc<World>, tenant: usize, case: &Case, warm: bool) -> Self {
        let world = Arc::clone(world);
        let account = world.account_with(&format!("tenant-{tenant}"), plenty()).await;
        let (key, _) = world.key(&account.tenant, hb_domain::Scopes::all(), None).await;
        let mut named = Named {
            key: key.to_string(),
            memory: String::new(),
            webhook: String::new(),
            event: String::new(),
        };
        let memory = sample_memory(&account, case.names_the_key().then(|| named.held()));
        named.memory = memory.memory.id.to_string();
        let operator = world.operator(&account.tenant);
        world.store.with(&operator).memories().create(memory, OnConflict::Fail).await.expect("a memory");
        named.append_events(&world, &account).await;
        if case.names_the_webhook() {
            let other = world.instance().await;
            named.webhook = Named::webhook_of(&other.client.with(&account.key)).await;
        }
        let instance = world.instance().await;
        if warm {
            // Each function has caches of its own, so the request goes to the function of the route.
            let mut tables = functions::route_tables().map(|(_, routes)| routes);
            let own = tables.find(|routes| routes.iter().any(|route| route.path == case.route.path));
            let reads = own
                .expect("the function's routes")
                .iter()
                .filter(|route| route.method == Method::GET && route.access() != Access::Public);
            let read = reads.min_by_key(|route| !route.path.contains("{id}")).expect("a route that reads");
            instance.client.with(&account.key).get(&read.path.replace("{id}", "x")).await;
            // The standing is shown once a second.
            instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
        }
        instance.tap.take();
        Self { world, instance, account, named }
    }

    /// The tenant's state, by the store itself.
    async fn state(&self) -> State {
        let (store, operator, now) =
            (&self.world.store, self.world.operator(&self.account.tenant), self.instance.clock.now());
        let (tenants, usage, counts) =
            (store.tenants(), store.with(&operator).usage(), store.with(&operator).storage());
        let (memories, keys) = (store.with(&operator).memories(), store.with(&operator).keys());
        let everything = Filter::default();
        let webhooks = store.with(&operator).webhooks();
        let head = self.world.feed_head(&self.account.tenant).await;
        let (tenant, usage, counted, export, keys, webhooks) = tokio::try_join!(
            tenants.get(&self.account.tenant),
            usage.report(&self.account.id, 1),
            counts.get(),
            memories.export(None, &everything),
            keys.list(),
            webhooks.list(),
        )
        .expect("the database");
        let memories = export.lines.lines().map(|line| {
            let memory: Value = serde_json::from_str(line).expect("a memory, whole");
            (memory["id"].as_str().expect("an id").to_owned(), memory)
        });
        let live = keys.into_iter().filter(|key| key.revoked_at.is_none());
        let tenant = tenant.expect("the tenant");
        let webhooks = webhooks.into_iter().map(|found| (found.webhook.id.to_string(), found.webhook));
        State {
            waiting: self.waiting().await,
            webhooks: webhooks.collect(),
            recording: (head.map_or(0, |head| head.endpoints), tenant.recording.is_on),
            memories: memories.collect(),
            keys: live.map(|key| key.name).collect(),
            counted,
            admitted: tenant.meter.used(now.month()),
            used: usage.daily.iter().map(|day| day.counts.requests).sum(),
        }
    }

    async fn waiting(&self) -> usize {
        let Some(id) = WebhookId::parse(&self.named.webhook) else { return 0 };
        let operator = self.world.operator(&self.account.tenant);
        let query = DeliveryLogQuery::parse(Fields::of_query([], None), operator.tenant(), &id);
        let page = self.world.store.with(&operator).deliveries().log(&id, &query.expect("a query")).await;
        page.expect("the database").attempts.len()
    }

    async fn send(&self, case: &Case, idempotency: Option<&str>) -> Answer {
        case.send_under(&self.instance, Some(&self.account.key), &self.named, idempotency).await
    }
}

fn sample_memory(account: &Account, key: Option<String>) -> VersionedMemory {
    let mut body = json!({"content": "saffron is the secret", "type": "semantic", "userId": "maya"});
    if let Some(key) = key {
        body = json!({"content": "saffron is the secret", "type": "semantic", "key": key});
    }
    let fields = Fields::of_body(body, &account.tenant).expect("an object");
    let new = NewMemory::parse(fields, moment(NOON)).expect("a memory");
    let id = MemoryId::mint(moment(NOON), &mut StdRng::seed_from_u64(1));
    VersionedMemory { memory: new.named(id), version: "first".into() }
}

/// How a point is tried.
#[derive(Clone, Debug)]
struct Trial {
    case: Case,
    warm: bool,
    keyed: bool,
    index: usize,
    fault: Fault,
    lasting: bool,
}

/// The calls of one request, by running it.
async fn calls(world: &Arc<World>, tenant: usize, case: &Case, warm: bool, keyed: bool) -> usize {
    let scene = Scene::new(world, tenant, case, warm).await;
    let answer = scene.send(case, keyed.then_some("k")).await;
    assert!(answer.status.is_success(), "{case:?} {}", answer.text);
    scene.instance.tap.take().len()
}

async fn attempt(world: Arc<World>, tenant: usize, trial: Trial) {
    let scene = Scene::new(&world, tenant, &trial.case, trial.warm).await;
    let before = scene.state().await;
    scene.instance.tap.fail_at(trial.index, trial.fault, trial.lasting);
    let key = trial.keyed.then_some("k");
    let answer = scene.send(&trial.case, key).await;
    let has_struck = scene.instance.tap.mend();
    let context = format!("{trial:?}\n{}", answer.text);
    assert!(has_struck, "the fault met no call: {context}");
    let status = answer.status.as_u16();
    let changes = trial.case.route.effect == Effect::Writes;

    // A right answer, or an outage that says when to come again.
    if status == 503 {
        assert_eq!(answer.header("retry-after"), "1", "{context}");
        assert!(trial.case.method == Method::HEAD || answer.code() == "SERVICE_UNAVAILABLE", "{context}");
    } else {
        assert!(answer.status.is_success(), "{context}");
    }
    let after = scene.state().await;
    let new = after.memories.keys().filter(|id| !before.memories.contains_key(*id)).count();
    let gone = before.memories.keys().filter(|id| !after.memories.contains_key(*id)).count();
    let new_keys = after.keys.iter().filter(|name| !before.keys.contains(name)).count();
    assert!(new <= 1 && gone <= 1 && new_keys <= 1, "{context}\n{after:?}");
    assert!(changes || (new, gone, new_keys) == (0, 0, 0), "{context}\n{after:?}");

    // The count is never too low, and too high by what this one request may have taken.
    let there = after.memories.values().count() as u64;
    let counted = after.counted.memories;
    assert!((there..=there + 1).contains(&counted), "{counted} counted, {there} there: {context}");
    let creates = trial.case.makes_a_memory();
    if status == 201 || (status == 200 && creates && answer.json["data"]["failed"] == 0) {
        assert_eq!(counted, there, "what is answered is counted: {context}");
    }
    let doubtful = trial.lasting || trial.fault.is_performed() || trial.fault == Fault::Reset;
    if answer.status.is_success() && !doubtful {
        assert_eq!(counted, there, "nothing was doubtful: {context}");
    }
    assert!(after.waiting <= 1, "{context}\n{after:?}");
    // Every endpoint is counted, and recorded.
    let endpoints = after.webhooks.len() as u64;
    assert!(endpoints.abs_diff(before.webhooks.len() as u64) <= u64::from(changes), "{context}\n{after:?}");
    assert_eq!(after.recording.0, endpoints, "{context}\n{after:?}");
    assert!(endpoints == 0 || after.recording.1, "{context}\n{after:?}");
    // Admitted at most once, and once when it was answered; used as often as admitted, or one time fewer.
    let is_counted = !trial.case.route.path.ends_with("/rate-limit");
    let (admitted, used) = (after.admitted - before.admitted, after.used - before.used);
    assert!(admitted <= u64::from(is_counted) && used <= admitted, "{admitted} {used} {context}");
    assert!(admitted == u64::from(is_counted) || status == 503, "{context}");

    // What was acknowledged is there.
    if answer.status.is_success() {
        acknowledged(&trial, &answer, &scene, &before, &after, &context);
    }
    // Repeating the request, once it can have ended, comes to the same and doubles nothing.
    if trial.keyed {
        scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(36)));
        let again = scene.send(&trial.case, key).await;
        let last = scene.state().await;
        let made = last.memories.keys().filter(|id| !before.memories.contains_key(*id)).count();
        let created = trial.case.makes_a_memory();
        // No case here rotates or revokes the caller's own key, so the caller is still authorized.
        assert!(again.status.is_success(), "{context}\n{}", again.text);
        assert_eq!(made, usize::from(created), "{context}\n{}", again.text);
        acknowledged(&trial, &again, &scene, &before, &last, &context);
        let there = last.memories.len() as u64;
        assert!((there..=there + 2).contains(&last.counted.memories), "{context}\n{last:?}");
        let id = |answer: &Answer| {
            let data = &answer.json["data"];
            data["id"].as_str().or(data["results"][0]["id"].as_str()).map(str::to_owned)
        };
        if let (true, Some(first)) = (created, id(&answer)) {
            assert_eq!(id(&again), Some(first), "{context}");
        }
    }
    // No key is half there: one that was told works, also after the repetition, and one that is listed holds
    // its name.
    let plain = answer.json["data"]["plainKey"].as_str();
    let new_names: Vec<_> = after.keys.iter().filter(|name| !before.keys.contains(name)).collect();
    if plain.is_none() && new_names.is_empty() {
        return;
    }
    let spare = scene.world.instance().await;
    spare.clock.set(scene.instance.clock.now());
    if let Some(plain) = plain {
        assert_eq!(spare.client.with(plain).get("/api/v1/memories?limit=1").await.status, 200, "{context}");
    }
    let owner = spare.client.with(&scene.account.key);
    for name in new_names {
        owner.post("/api/v1/api-keys", json!({ "name": name })).await.expect(409, "DUPLICATE_RESOURCE");
    }
}

fn acknowledged(trial: &Trial, answer: &Answer, scene: &Scene, before: &State, after: &State, context: &str) {
    let data = &answer.json["data"];
    let named = &scene.named.memory;
    match (trial.case.method.as_str(), trial.case.route.path) {
        ("POST", "/api/v1/memories") | ("PUT", "/api/v1/memories/by-key") => {
            let id = data["id"].as_str().expect("an id");
            assert_eq!(after.memories.get(id), Some(data), "{context}");
        }
        ("POST", "/api/v1/memories/bulk" | "/api/v1/memories/import") => {
            let result = &data["results"][0];
            match result["id"].as_str() {
                Some(id) => assert!(after.memories.contains_key(id), "{context}"),
                None => assert_eq!(result["errors"][0]["code"], "SERVICE_UNAVAILABLE", "{context}"),
            }
        }
        ("POST", "/api/v1/memories/bulk-update") => match data["results"][0]["errors"][0]["code"].as_str() {
            None => assert_eq!(after.memories[named]["content"], "changed", "{context}"),
            Some(code) => assert_eq!(code, "SERVICE_UNAVAILABLE", "{context}"),
        },
        ("POST", "/api/v1/webhooks") => {
            let id = data["id"].as_str().expect("an id");
            assert_eq!(after.webhooks[id].url.as_str(), data["url"], "{context}");
            assert_eq!(after.webhooks.len(), 1, "{context}");
        }
        ("PATCH", "/api/v1/webhooks/{id}") => {
            assert_eq!(after.webhooks[&scene.named.webhook].name, "changed", "{context}");
        }
        ("POST", "/api/v1/webhooks/{id}/deliveries/{eventId}/resend") => {
            assert_eq!(after.waiting, 1, "{context}");
        }
        ("DELETE", "/api/v1/webhooks/{id}") => {
            assert_eq!((after.webhooks.len(), after.recording), (0, (0, false)), "{context}");
        }
        ("PUT" | "PATCH", _) => assert_eq!(after.memories[named]["content"], "changed", "{context}"),
        // An erasure that was cut short says so, and how to go on.
        ("POST", "/api/v1/memories/bulk-delete") if !data["nextCursor"].is_null() => {}
        ("DELETE", "/api/v1/memories/{id}" | "/api/v1/memories/by-key")
        | ("POST", "/api/v1/memories/bulk-delete") => {
            assert!(!after.memories.contains_key(named), "{context}");
        }
        ("POST", "/api/v1/api-keys") => {
            let name = data["name"].as_str().expect("a name").to_owned();
            assert!(after.keys.contains(&name), "{context}");
        }
        ("POST", "/api/v1/api-keys/revoke") => assert!(after.keys.len() < before.keys.len(), "{context}"),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_is_lost_and_nothing_is_doubled() {
    let all = std::env::var_os("HB_ALL_FAULTS").is_some();
    let world = Arc::new(World::without_stream().await);
    let mut tenants = 0..;
    let mut tenant = move || tenants.next().expect("a number");
    let mut trials = Vec::new();
    let mut points = 0;
    for case in guarded().into_iter().chain(variants()) {
        let repeatable = case.route.accepts_idempotency_key();
        for (warm, keyed) in [(true, false), (false, false), (true, true)] {
            if (keyed && !repeatable) || (!all && (!warm || keyed != repeatable)) {
                continue;
            }
            let calls = calls(&world, tenant(), &case, warm, keyed).await;
            points += calls;
            for index in 0..calls {
                for fault in Fault::ALL {
                    for lasting in [false, true].into_iter().filter(|lasting| all || !lasting) {
                        let case = case.clone();
                        trials.push((tenant(), Trial { case, warm, keyed, index, fault, lasting }));
                    }
                }
            }
        }
    }
    let tried = trials.len();
    // Tasks of their own, for all cores.
    let attempts =
        stream::iter(trials).map(|(tenant, trial)| tokio::spawn(attempt(Arc::clone(&world), tenant, trial)));
    let mut attempts = attempts.buffer_unordered(AT_ONCE);
    while let Some(attempt) = attempts.next().await {
        attempt.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()));
    }
    println!("{points} calls, {} kinds of fault: {tried} trials", Fault::ALL.len());
    assert!(points > if all { 300 } else { 100 }, "{points} calls were found");
}
