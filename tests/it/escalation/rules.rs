//! The rules by themselves: [`Principal`]'s decisions and [`Credential`]'s judgement, without a database.

use hb_domain::credential::{Credential, PreviousSecret};
use hb_domain::error::Error;
use hb_domain::key::Environment;
use hb_domain::key_summary::{KeyStatus, KeySummary};
use hb_domain::pepper::{Pepper, PepperVersion, Peppers};
use hb_domain::{ApiKey, KeyId, Principal, TenantId, Timestamp};
use hb_tests::world::{NOON, moment};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{Move, Power, Start, Tally, Wish, after, run};

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

/// A tenant's keys as the store keeps them, and the secrets in the caller's hand.
struct Model {
    now: Timestamp,
    keys: Vec<Credential>,
    held: Vec<(usize, ApiKey)>,
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
            peppers: Peppers { current, previous: None },
            rng: StdRng::seed_from_u64(1),
        };
        let own = model.create(start.own);
        model.held.push((0, own));
        for other in &start.others {
            model.create(*other);
        }
        if let Some(grace) = start.grace {
            model.rotate(0, grace);
        }
        model
    }

    fn create(&mut self, power: Power) -> ApiKey {
        let id = KeyId::mint(&mut self.rng);
        let plain = ApiKey::mint(&id, Environment::Production, &mut self.rng);
        self.keys.push(Credential {
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
        let (key, plain) = &self.held[held];
        self.keys[*key].judge(plain, &self.peppers, self.now).ok()
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
            Move::Wait(seconds) => {
                self.now = after(self.now, *seconds);
                return None;
            }
        };
        let principal = self.principal(by % self.held.len())?;
        let outcome = self.decide(step, &principal);
        if let Some(outcome) = &outcome {
            let refused = matches!(outcome, Err(Error::MissingScope(_) | Error::Outlives { .. }));
            assert!(outcome.is_ok() || refused, "{outcome:?}");
            tally.note(kind, outcome.is_ok());
        }
        match step {
            _ if !matches!(outcome, Some(Ok(()))) => {}
            Move::Create { scopes, end, .. } => {
                let power = self.asked(&principal, *scopes, *end);
                let plain = self.create(power);
                self.held.push((self.keys.len() - 1, plain));
            }
            Move::Rotate { target, grace, .. } => {
                let target = target % self.keys.len();
                let plain = self.rotate(target, *grace);
                self.held.push((target, plain));
            }
            Move::Revoke { target, .. } => {
                let target = target % self.keys.len();
                self.keys[target].revoked_at.get_or_insert(self.now);
            }
            Move::Wait(_) => {}
        }
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
            Move::Wait(_) => return None,
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

fn summary(key: &Credential) -> KeySummary {
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
