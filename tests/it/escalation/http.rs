//! The same over HTTP, where the handlers decide; what secrets are worth is judged by the store's rows.

use hb_domain::credential::StoredCredential;
use hb_domain::event::EventPattern;
use hb_domain::pepper::{KeyHash, Match, Peppers};
use hb_domain::webhook::{EventPatterns, Webhook};
use hb_domain::{ApiKey, KeyId, Scope, TenantId, Timestamp};
use hb_store::Context;
use hb_tests::world::{NOON, moment, plenty};
use hb_tests::{Answer, Fault, Instance, World};
use http::Method;
use serde_json::{Value, json};

use super::{LOCK_DURATION, Move, Power, Sender, Start, Tally, Wish, after, run};

const KEYS: &str = "/api/v1/api-keys";
const WEBHOOKS: &str = "/api/v1/webhooks";
/// The start of the URLs of the caller.
const ATTACKER: &str = "https://attacker.example/";

#[test]
fn no_sequence_of_requests_ends_with_more_than_it_began_with() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (world, instance) = runtime.block_on(async {
        let world = World::new().await;
        let instance = world.instance().await;
        (world, instance)
    });
    let (mut tally, mut number) = (Tally::default(), 0);
    run(32, |start, moves| {
        number += 1;
        runtime.block_on(async {
            let mut attack = Attack::begin(&world, &instance, &format!("tenant-{number}"), &start).await;
            let ceiling = attack.power(&attack.held[0]).await.expect("the caller's secret works");
            for step in &moves {
                attack.make(step, &mut tally).await;
                for held in &attack.held {
                    if let Some(power) = attack.power(held).await {
                        assert!(power.is_within(ceiling), "{step:?} left {power:?} in hand, of {ceiling:?}");
                    }
                }
                attack.assert_sent_within(ceiling, step).await;
            }
        });
    });
    tally.assert_telling();
}

/// A caller at work on a tenant of its own.
struct Attack<'a> {
    world: &'a World,
    instance: &'a Instance,
    now: Timestamp,
    peppers: Peppers,
    keys: Vec<KeyId>,
    /// The plain keys in the caller's hand.
    held: Vec<String>,
    tenant: TenantId,
    /// Plain keys in the hands of others.
    others: Vec<String>,
    /// Method, path and body of the requests that were sent under an idempotency key: the one of their place.
    sent: Vec<(Method, String, Value)>,
    names: usize,
}

impl<'a> Attack<'a> {
    async fn begin(world: &'a World, instance: &'a Instance, tenant: &str, start: &Start) -> Self {
        let owner = world.account_with(tenant, plenty()).await;
        let tenant = owner.tenant.clone();
        let mut attack = Self {
            world,
            instance,
            now: moment(NOON),
            peppers: world.store.secrets().peppers().await.expect("the pepper"),
            keys: Vec::new(),
            held: Vec::new(),
            tenant: tenant.clone(),
            others: vec![owner.key.clone()],
            sent: Vec::new(),
            names: 0,
        };
        attack.set_clock(moment(NOON));
        for (number, events) in ["*", "memory.created", "search.*", "api_key.*"].into_iter().enumerate() {
            let body =
                json!({"name": "theirs", "url": format!("https://example.com/{number}"), "events": [events]});
            instance.client.with(&owner.key).post(WEBHOOKS, body).await.expect(201, "");
        }
        let (id, plain) = world.key(&tenant, start.own.scopes, start.own.end).await;
        if let Some(grace) = start.grace {
            let body = json!({"keyId": id, "gracePeriodSeconds": grace});
            let owner = instance.client.with(&owner.key);
            owner.post(&format!("{KEYS}/rotate"), body).await.expect(200, "");
        }
        attack.keys = vec![owner.id, id];
        attack.held.push(plain);
        for other in &start.others {
            let (id, plain) = world.key(&tenant, other.scopes, other.end).await;
            attack.keys.push(id);
            attack.others.push(plain);
        }
        attack
    }

    fn set_clock(&mut self, now: Timestamp) {
        self.now = now;
        self.world.clock.set(now);
        self.instance.clock.set(now);
    }

    async fn credential(&self, id: &KeyId) -> StoredCredential {
        self.world.store.credentials().get(id).await.expect("the database").expect("the key")
    }

    /// What a plain key is worth now, read off its row; `None` when it does not work. The product's
    /// own judgement is on trial here, so it is not asked.
    async fn power(&self, plain: &str) -> Option<Power> {
        let key = ApiKey::parse(plain).expect("a key");
        let credential = self.credential(&key.id()).await;
        let is_of = |hash: &KeyHash| self.peppers.compare(hash, &key) == Match::Same;
        let grace_end = match &credential.previous {
            _ if is_of(&credential.secret) => None,
            Some(previous) if is_of(&previous.secret) => Some(previous.works_until),
            _ => return None,
        };
        let end = [credential.expires_at, grace_end].into_iter().flatten().min();
        let works = credential.revoked_at.is_none() && end.is_none_or(|end| self.now < end);
        works.then_some(Power { scopes: credential.scopes, end })
    }

    /// Makes a move over HTTP and checks the answer against the lattice.
    async fn make(&mut self, step: &Move, tally: &mut Tally) {
        let (by, kind) = match step {
            Move::Create { by, .. } => (by, 0),
            Move::Rotate { by, .. } => (by, 1),
            Move::Revoke { by, .. } => (by, 2),
            Move::Subscribe { by, .. } => (by, 4),
            Move::Keyed { by, request, is_lost } => return self.send_keyed(*by, request, *is_lost).await,
            Move::Again { by, which } => return self.send_again(*by, *which, tally).await,
            Move::Wait(seconds) => return self.set_clock(after(self.now, *seconds)),
        };
        let plain = self.held[by % self.held.len()].clone();
        let mover = self.power(&plain).await;
        let (method, call, body, expected) = self.request(step, &plain, mover).await;
        let answer = self.instance.client.with(&plain).send(method, &call, Some(body.clone())).await;
        assert_eq!(answer.status, expected, "{mover:?} {call} {body} {}", answer.text);
        match expected {
            401 => return answer.expect(401, "AUTH_INVALID"),
            403 => answer.expect(403, "INSUFFICIENT_SCOPE"),
            400 => return answer.expect(400, "VALIDATION_ERROR"),
            _ => {}
        }
        tally.note(kind, answer.status.is_success());
        let Some(new) = answer.json["data"]["plainKey"].as_str() else { return };
        let power = self.power(new).await.expect("a new secret works");
        let mover = mover.expect("a mover");
        assert!(power.is_within(mover), "{call} {body} handed {power:?} to {mover:?}");
        let shown = json!([power.scopes, self.credential(&id_of(new)).await.expires_at]);
        assert_eq!(shown, json!([answer.data()["scopes"], answer.data()["expiresAt"]]));
        if kind == 0 {
            self.keys.push(id_of(new));
        }
        self.held.push(new.to_owned());
    }

    /// Sends a request under an idempotency key of its own, by any caller.
    async fn send_keyed(&mut self, by: Sender, request: &Move, is_lost: bool) {
        let (plain, is_in_hand) = match by {
            Sender::InHand(by) => (self.held[by % self.held.len()].clone(), true),
            Sender::Other(by) => (self.others[by % self.others.len()].clone(), false),
        };
        let mover = self.power(&plain).await;
        let (method, call, mut body, _) = self.request(request, &plain, mover).await;
        if let (Some(url), false) = (body["url"].as_str(), is_in_hand) {
            body["url"] = json!(url.replace("attacker", "others"));
        }
        self.sent.push((method, call, body));
        if is_lost {
            self.instance.tap.fail("DynamoDB UpdateItem Idempotency", Fault::Reset, true);
        }
        let answer = self.send(&plain, self.sent.len() - 1).await;
        self.instance.tap.mend();
        let new = answer.json["data"]["plainKey"].as_str();
        assert!(
            !is_lost || new.is_none(),
            "a secret was told that somebody else may be told: {}",
            answer.text
        );
        if is_in_hand {
            self.held.extend(new.map(str::to_owned));
        }
        self.find_keys().await;
    }

    async fn send(&self, plain: &str, which: usize) -> Answer {
        let (method, path, body) = &self.sent[which];
        let key = format!("k-{which}");
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
        self.instance.client.with(plain).send_raw(method.clone(), path, &headers, body.to_string()).await
    }

    /// Sends a request again that somebody has sent before: resumed, replayed or new, it hands out no more than the one
    /// who sends it has.
    async fn send_again(&mut self, by: usize, which: usize, tally: &mut Tally) {
        if self.sent.is_empty() {
            return;
        }
        self.set_clock(after(self.now, LOCK_DURATION));
        let plain = self.held[by % self.held.len()].clone();
        let mover = self.power(&plain).await;
        let which = which % self.sent.len();
        let answer = self.send(&plain, which).await;
        let context = format!("{mover:?} {:?} {}", self.sent[which], answer.text);
        assert!(!answer.status.is_server_error(), "{context}");
        let Some(mover) = mover else { return answer.expect(401, "AUTH_INVALID") };
        tally.note(3, answer.status.is_success());
        let data = &answer.json["data"];
        if let Some(names) = data["scopes"].as_array() {
            let own = json!(mover.scopes);
            let own = own.as_array().expect("a list");
            assert!(names.iter().all(|name| own.contains(name)), "told of more than it has: {context}");
        }
        if let Some(events) = data["events"].as_array() {
            let reads = events.iter().any(|name| reads_memories(name.as_str().expect("a name")));
            assert!(mover.scopes.contains(Scope::WriteWebhooks), "{context}");
            assert!(!reads || mover.scopes.contains(Scope::ReadMemories), "{context}");
        }
        if let Some(new) = data["plainKey"].as_str() {
            // A key that has expired by now does not work, and is returned all the same.
            if let Some(power) = self.power(new).await {
                assert!(power.is_within(mover), "{power:?} was handed out: {context}");
            }
            self.held.push(new.to_owned());
        }
        self.find_keys().await;
    }

    /// Takes up the keys that were made by requests whose answers were lost.
    async fn find_keys(&mut self) {
        let operator = Context::operator(&self.tenant, self.now);
        let keys = self.world.store.with(&operator).keys().list().await.expect("the database");
        for key in keys.into_iter().rev() {
            if !self.keys.contains(&key.id) {
                self.keys.push(key.id);
            }
        }
    }

    /// The request of a move, and the status that it should have: by the contract's sentences, not by
    /// the code that is on trial.
    async fn request(
        &mut self,
        step: &Move,
        plain: &str,
        mover: Option<Power>,
    ) -> (Method, String, Value, u16) {
        let (call, body, status) = match step {
            Move::Subscribe { target, pattern, .. } => {
                return self.subscription(*target, *pattern, mover).await;
            }
            step => self.key_request(step, plain, mover).await,
        };
        (Method::POST, format!("{KEYS}{call}"), body, status)
    }

    /// The subscription of an endpoint at an address of the caller, and the status that it should have.
    async fn subscription(
        &mut self,
        target: Option<usize>,
        pattern: Option<EventPattern>,
        mover: Option<Power>,
    ) -> (Method, String, Value, u16) {
        self.names += 1;
        let mut body = json!({"url": format!("{ATTACKER}{}", self.names)});
        if let Some(pattern) = pattern {
            body["events"] = json!([pattern]);
        }
        let endpoints = self.endpoints().await;
        let (method, path, before, success) = match target {
            Some(target) => {
                let found = &endpoints[target % endpoints.len()];
                (Method::PATCH, format!("{WEBHOOKS}/{}", found.id), found.events.clone(), 200)
            }
            None => {
                body["name"] = json!("loot");
                body["events"] = json!([pattern.unwrap_or(EventPattern::ApiKey)]);
                (Method::POST, WEBHOOKS.to_owned(), EventPatterns::default(), 201)
            }
        };
        let reads = before.iter().chain(pattern).any(|pattern| reads_memories(pattern.as_str()));
        let status = match mover {
            None => 401,
            Some(mover) if !mover.scopes.contains(Scope::WriteWebhooks) => 403,
            Some(mover) if reads && !mover.scopes.contains(Scope::ReadMemories) => 403,
            Some(_) => success,
        };
        (method, path, body, status)
    }

    async fn endpoints(&self) -> Vec<Webhook> {
        let operator = Context::operator(&self.tenant, self.now);
        let found = self.world.store.with(&operator).webhooks().list().await.expect("the database");
        found.into_iter().map(|found| found.webhook).collect()
    }

    /// Checks that no endpoint at an address of the caller gets events that it may not read.
    async fn assert_sent_within(&self, ceiling: Power, step: &Move) {
        for endpoint in self.endpoints().await.iter().filter(|found| found.url.as_str().starts_with(ATTACKER))
        {
            let reads = endpoint.events.iter().any(|pattern| reads_memories(pattern.as_str()));
            let may = ceiling.scopes.contains(Scope::WriteWebhooks)
                && (!reads || ceiling.scopes.contains(Scope::ReadMemories));
            assert!(may, "{step:?} has {:?} sent to a caller of {ceiling:?}", endpoint.events);
        }
    }

    async fn key_request(
        &mut self,
        step: &Move,
        plain: &str,
        mover: Option<Power>,
    ) -> (&'static str, Value, u16) {
        let (Move::Rotate { target, .. } | Move::Revoke { target, .. }) = step else {
            return self.creation(step, mover);
        };
        let id = self.keys[target % self.keys.len()].clone();
        let key = self.credential(&id).await;
        let power = Power { scopes: key.scopes, end: key.expires_at };
        let has_ended = key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= self.now);
        match (step, mover) {
            (Move::Rotate { grace, .. }, mover) => {
                let status = match mover {
                    None => 401,
                    Some(mover) if !power.is_within(mover) => 403,
                    // A secret in its grace does not renew itself, however short its key lives.
                    Some(_) if id_of(plain) == id && self.is_replaced(plain, &key) => 403,
                    Some(_) if has_ended => 400,
                    Some(_) => 200,
                };
                ("/rotate", json!({"keyId": id, "gracePeriodSeconds": grace}), status)
            }
            (_, mover) => {
                let status = match mover {
                    None => 401,
                    Some(_) if id_of(plain) == id => 200,
                    Some(mover) if (Power { end: mover.end, ..power }).is_within(mover) => 200,
                    Some(_) => 403,
                };
                ("/revoke", json!({ "keyId": id }), status)
            }
        }
    }

    fn is_replaced(&self, plain: &str, credential: &StoredCredential) -> bool {
        let key = ApiKey::parse(plain).expect("a key");
        self.peppers.compare(&credential.secret, &key) != Match::Same
    }

    fn creation(&mut self, step: &Move, mover: Option<Power>) -> (&'static str, Value, u16) {
        let Move::Create { scopes, end, .. } = step else { unreachable!("only a creation has no target") };
        self.names += 1;
        let mut body = json!({"name": format!("loot {}", self.names)});
        if let Some(scopes) = scopes {
            body["scopes"] = json!(scopes);
        }
        let end = match end {
            Wish::Default => mover.and_then(|mover| mover.end),
            Wish::Never => {
                body["expiresAt"] = Value::Null;
                None
            }
            Wish::In(seconds) => {
                let end = after(self.now, *seconds);
                body["expiresAt"] = json!(end);
                Some(end)
            }
        };
        let status = match mover {
            None => 401,
            Some(mover) if (Power { scopes: scopes.unwrap_or(mover.scopes), end }).is_within(mover) => 201,
            Some(_) => 403,
        };
        ("", body, status)
    }
}

/// Whether events of this name or pattern are read with `read:memories`: `*` has those of memories among them.
fn reads_memories(pattern: &str) -> bool {
    pattern == "*" || pattern.starts_with("memory.") || pattern.starts_with("search.")
}

fn id_of(plain: &str) -> KeyId {
    ApiKey::parse(plain).expect("a key").id()
}
