//! The rules by themselves: [`Principal`]'s decisions and [`StoredCredential`]'s judgement, without a database.

use std::collections::BTreeMap;

use hb_domain::credential::{PreviousSecret, StoredCredential};
use hb_domain::error::Error;
use hb_domain::key::Environment;
use hb_domain::key_summary::{KeyStatus, KeySummary};
use hb_domain::pepper::{KeyHash, Pepper, PepperVersion, Peppers};
use hb_domain::webhook::EventPatterns;
use hb_domain::{ApiKey, CallerId, KeyId, Principal, Scope, TenantId, Timestamp};
use hb_tests::world::{NOON, moment};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{LOCK_DURATION, Move, Power, Sender, Start, Tally, Wish, after, run};

#[test]
fn no_sequence_of_moves_under_the_rules_ends_with_more_than_it_began_with() {
    let mut tally = Tally::default();
    run(256, |start, moves| {
        let mut model = Model::new(&start);
        let ceiling = model.power(0).expect("the caller's secret works");
        for step in &moves {
            let before = model.held.len();
            let mover = model.make(step, &mut tally);
            if model.held.len() > before {
                let new = model.power(before).expect("a new secret works");
                assert!(new.is_within(mover.expect("a mover")), "{step:?} handed out {new:?} to {mover:?}");
            }
            for held in 0..model.held.len() {
                if let Some(power) = model.power(held) {
                    assert!(power.is_within(ceiling), "{step:?} left {power:?} in hand, of {ceiling:?}");
                }
            }
        }
    });
    tally.assert_telling();
}

/// What is kept of a caller's request under an idempotency key.
#[derive(Clone)]
struct Record {
    /// The key whose holder sent it.
    sender: KeyId,
    /// The key it has written, and its secret then, unless it was answered.
    written: Option<(usize, KeyHash)>,
}

/// A tenant's keys as the store keeps them, and the secrets in the caller's hand.
struct Model {
    now: Timestamp,
    keys: Vec<StoredCredential>,
    held: Vec<(usize, ApiKey)>,
    /// Secrets in the hands of others.
    others: Vec<(usize, ApiKey)>,
    /// The requests that were sent under an idempotency key: the one of their place.
    sent: Vec<Move>,
    records: BTreeMap<(CallerId, usize), Record>,
    peppers: Peppers,
    rng: StdRng,
}

impl Model {
    fn new(start: &Start) -> Self {
        let current =
            Pepper::new(PepperVersion("v1".into()), b"a pepper of more than sixteen bytes".to_vec());
        let mut model = Self {
            now: moment(NOON),
            keys: Vec::new(),
            held: Vec::new(),
            others: Vec::new(),
            sent: Vec::new(),
            records: BTreeMap::new(),
            peppers: Peppers { current, previous: None },
            rng: StdRng::seed_from_u64(1),
        };
        let own = model.create(start.own);
        model.held.push((0, own));
        for other in &start.others {
            let plain = model.create(*other);
            model.others.push((model.keys.len() - 1, plain));
        }
        if let Some(grace) = start.grace {
            model.rotate(0, grace);
        }
        model
    }

    fn create(&mut self, power: Power) -> ApiKey {
        let id = KeyId::mint(&mut self.rng);
        let plain = ApiKey::mint(&id, Environment::Production, &mut self.rng);
        self.keys.push(StoredCredential {
            id,
            tenant: TenantId::parse("acme").expect("a tenant"),
            environment: Environment::Production,
            scopes: power.scopes,
            expires_at: power.end,
            revoked_at: None,
            secret: self.peppers.current.hash(&plain),
            rotation: None,
            previous: None,
        });
        plain
    }

    fn rotate(&mut self, target: usize, grace: u64) -> ApiKey {
        let key = &mut self.keys[target];
        let plain = ApiKey::mint(&key.id, Environment::Production, &mut self.rng);
        let secret = std::mem::replace(&mut key.secret, self.peppers.current.hash(&plain));
        let works_until = after(self.now, grace);
        key.previous = (grace > 0).then_some(PreviousSecret { secret, replaced_at: self.now, works_until });
        plain
    }

    fn principal(&self, held: usize) -> Option<Principal> {
        self.verify(&self.held[held])
    }

    fn verify(&self, (key, plain): &(usize, ApiKey)) -> Option<Principal> {
        self.keys[*key].verify(plain, &self.peppers, self.now).ok()
    }

    fn power(&self, held: usize) -> Option<Power> {
        self.principal(held).as_ref().map(Power::of)
    }

    /// Makes a move, when the secret it is made with works and the rules allow it; tells with what power.
    fn make(&mut self, step: &Move, tally: &mut Tally) -> Option<Power> {
        let (by, kind) = match step {
            Move::Create { by, .. } => (by, 0),
            Move::Rotate { by, .. } => (by, 1),
            Move::Revoke { by, .. } => (by, 2),
            Move::Subscribe { by, .. } => (by, 4),
            Move::Keyed { by, request, is_lost } => return self.send_keyed(*by, request, *is_lost),
            Move::Again { by, which } => return self.send_again(*by, *which, tally),
            Move::Wait(seconds) => {
                self.now = after(self.now, *seconds);
                return None;
            }
        };
        let principal = self.principal(by % self.held.len())?;
        let made = self.attempt(step, &principal, Some((kind, tally)));
        self.held.extend(made);
        Some(Power::of(&principal))
    }

    /// Does what `principal` asks for, when the rules allow it; gives the secret that this makes.
    fn attempt(
        &mut self,
        step: &Move,
        principal: &Principal,
        tally: Option<(usize, &mut Tally)>,
    ) -> Option<(usize, ApiKey)> {
        let outcome = self.decide(step, principal);
        if let Some(outcome) = &outcome {
            let refused = matches!(outcome, Err(Error::MissingScope(_) | Error::ExpiryExceedsCaller { .. }));
            assert!(outcome.is_ok() || refused, "{outcome:?}");
            if let Some((kind, tally)) = tally {
                tally.note(kind, outcome.is_ok());
            }
        }
        match step {
            _ if !matches!(outcome, Some(Ok(()))) => None,
            Move::Create { scopes, end, .. } => {
                let power = self.asked(principal, *scopes, *end);
                let plain = self.create(power);
                Some((self.keys.len() - 1, plain))
            }
            Move::Rotate { target, grace, .. } => {
                let target = target % self.keys.len();
                let plain = self.rotate(target, *grace);
                Some((target, plain))
            }
            Move::Revoke { target, .. } => {
                let target = target % self.keys.len();
                self.keys[target].revoked_at.get_or_insert(self.now);
                None
            }
            Move::Subscribe { .. } | Move::Keyed { .. } | Move::Again { .. } | Move::Wait(_) => None,
        }
    }

    /// Somebody's request under a key of its own, whose answer is lost or not.
    fn send_keyed(&mut self, by: Sender, request: &Move, is_lost: bool) -> Option<Power> {
        let (secret, is_in_hand) = match by {
            Sender::InHand(by) => (&self.held[by % self.held.len()], true),
            Sender::Other(by) => (&self.others[by % self.others.len()], false),
        };
        let principal = self.verify(secret)?;
        self.sent.push(request.clone());
        let made = self.attempt(request, &principal, None)?;
        let lost = is_lost.then(|| (made.0, self.keys[made.0].secret.clone()));
        let sender = principal.key_id().expect("a key").clone();
        self.records.insert((principal.caller_id(), self.sent.len() - 1), Record { sender, written: lost });
        if is_in_hand && !is_lost {
            self.held.push(made);
        }
        Some(Power::of(&principal))
    }

    /// The same request of any secret in hand. Under its own record the caller gets a new secret of what it has made
    /// before, when that is what it was and the rules allow it for what is stored; a record of somebody else's is none.
    fn send_again(&mut self, by: usize, which: usize, tally: &mut Tally) -> Option<Power> {
        let which = which % self.sent.len().max(1);
        let request = self.sent.get(which)?.clone();
        self.now = after(self.now, LOCK_DURATION);
        let principal = self.principal(by % self.held.len())?;
        let (record, sender) = ((principal.caller_id(), which), principal.key_id().expect("a key").clone());
        let made = match self.records.get(&record).cloned() {
            None => {
                let made = self.attempt(&request, &principal, None);
                if made.is_some() {
                    self.records.insert(record, Record { sender, written: None });
                }
                made
            }
            Some(Record { sender: first, .. }) if first != sender => {
                panic!("{sender} has found a record of {first}'s")
            }
            Some(Record { written: None, .. }) => None,
            Some(Record { written: Some((key, written)), .. }) => {
                let stored = self.keys[key].clone();
                let may = match request {
                    Move::Create { .. } => principal.may_create(stored.scopes, stored.expires_at),
                    _ => principal.may_rotate(&summary(&stored)),
                };
                let is_live = summary(&stored).status(self.now) == KeyStatus::Active;
                let is_unchanged = stored.secret == written && is_live;
                (may.is_ok() && is_unchanged).then(|| {
                    self.records.insert(record, Record { sender, written: None });
                    let plain = ApiKey::mint(&stored.id, Environment::Production, &mut self.rng);
                    self.keys[key].secret = self.peppers.current.hash(&plain);
                    (key, plain)
                })
            }
        };
        tally.note(3, made.is_some());
        self.held.extend(made);
        Some(Power::of(&principal))
    }

    /// What the rules say of a move; `None` for a rotation of a key that has ended.
    fn decide(&self, step: &Move, principal: &Principal) -> Option<hb_domain::Result<()>> {
        Some(match step {
            Move::Create { scopes, end, .. } => {
                let power = self.asked(principal, *scopes, *end);
                principal.may_create(power.scopes, power.end)
            }
            Move::Rotate { target, .. } => {
                let key = summary(&self.keys[target % self.keys.len()]);
                if key.status(self.now) != KeyStatus::Active {
                    return None;
                }
                principal.may_rotate(&key)
            }
            Move::Revoke { target, .. } => {
                principal.may_revoke(&summary(&self.keys[target % self.keys.len()]))
            }
            Move::Subscribe { pattern, .. } => {
                let patterns: EventPatterns = pattern.iter().copied().collect();
                principal.require(Scope::WriteWebhooks).and_then(|()| patterns.check(principal))
            }
            Move::Keyed { .. } | Move::Again { .. } | Move::Wait(_) => return None,
        })
    }

    fn asked(&self, principal: &Principal, scopes: Option<hb_domain::Scopes>, end: Wish) -> Power {
        let own = Power::of(principal);
        let end = match end {
            Wish::Default => own.end,
            Wish::Never => None,
            Wish::In(seconds) => Some(after(self.now, seconds)),
        };
        Power { scopes: scopes.unwrap_or(own.scopes), end }
    }
}

fn summary(key: &StoredCredential) -> KeySummary {
    KeySummary {
        id: key.id.clone(),
        name: "key".into(),
        key_prefix: "hb_prod_".into(),
        environment: key.environment,
        scopes: key.scopes,
        created_at: moment(NOON),
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
    }
}
