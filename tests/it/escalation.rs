//! Nobody ends up with a plain key that can do more, or lives longer, than what they came with, and nobody has events sent to an
//! address of theirs that they may not read.
//!
//! Random callers try random sequences of create, rotate, revoke and subscribe, with every secret they get hold
//! of on the way, and send again what they or others of their tenant have sent under an `Idempotency-Key`, answered or
//! not; once against the pure rules, where many sequences are cheap, and once over HTTP.

mod http;
mod rules;

use hb_domain::event::EventPattern;
use hb_domain::{Principal, Scope, Scopes, Timestamp};
use hb_tests::seed;
use hb_tests::world::{NOON, moment};
use proptest::prelude::*;
use proptest::test_runner::Config;

/// What a secret is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Power {
    scopes: Scopes,
    end: Option<Timestamp>,
}

/// One tenant's keys, and the secret that the caller begins with.
#[derive(Clone, Debug)]
struct Start {
    /// Keys that the caller does not hold.
    others: Vec<Power>,
    own: Power,
    /// Set when the caller's secret has been replaced and is in its grace, of so many seconds.
    grace: Option<u64>,
}

/// The expiry that a create asks for.
#[derive(Clone, Copy, Debug)]
enum Wish {
    /// Nothing is said.
    Default,
    Never,
    /// So many seconds from now.
    In(u64),
}

/// What the caller tries. `by` chooses among the secrets in hand, `target` among the tenant's keys.
#[derive(Clone, Debug)]
enum Move {
    Create {
        by: usize,
        scopes: Option<Scopes>,
        end: Wish,
    },
    Rotate {
        by: usize,
        target: usize,
        grace: u64,
    },
    Revoke {
        by: usize,
        target: usize,
    },
    /// A webhook endpoint at an address of the caller: a new one, or one of the tenant's that is moved there.
    Subscribe {
        by: usize,
        target: Option<usize>,
        pattern: Option<EventPattern>,
    },
    /// Somebody sends a request under an `Idempotency-Key` of its own, and its answer is lost, or not.
    Keyed {
        by: Sender,
        request: Box<Move>,
        is_lost: bool,
    },
    /// The caller sends one of those again, with any secret in hand, when its lease has ended.
    Again {
        by: usize,
        which: usize,
    },
    /// Some seconds pass.
    Wait(u64),
}

/// Who sends a request that the caller knows of.
#[derive(Clone, Copy, Debug)]
enum Sender {
    /// The caller, with one of the secrets in hand.
    InHand(usize),
    /// The holder of another key, whose secrets the caller does not see.
    Other(usize),
}

/// Until the lease of a request that was not answered has ended, in seconds.
const LOCK_DURATION: u64 = 36;

/// How often each kind of move was let through and refused: a test in which nothing is ever allowed
/// would show nothing.
#[derive(Debug, Default)]
struct Tally {
    allowed: [usize; 5],
    refused: [usize; 5],
}

impl Power {
    fn of(principal: &Principal) -> Self {
        Self { scopes: principal.scopes(), end: principal.expires_at() }
    }

    /// Whether a secret of this power may be handed to who has `other`: the order of the lattice.
    fn is_within(self, other: Self) -> bool {
        let lives_no_longer = match (self.end, other.end) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(other)) => own <= other,
        };
        self.scopes.iter().all(|scope| other.scopes.contains(scope)) && lives_no_longer
    }
}

impl Tally {
    fn note(&mut self, kind: usize, allowed: bool) {
        let counts = if allowed { &mut self.allowed } else { &mut self.refused };
        counts[kind] += 1;
    }

    /// Every kind was both allowed and refused; of requests that are sent again, which come to whatever the first did,
    /// some were.
    fn assert_telling(&self) {
        let own =
            self.allowed[..3].iter().chain(&self.refused[..3]).chain([&self.allowed[4], &self.refused[4]]);
        assert!(own.chain([&(self.allowed[3] + self.refused[3])]).all(|count| *count > 0), "{self:?}");
    }
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    now.plus(std::time::Duration::from_secs(seconds))
}

fn scopes() -> impl Strategy<Value = Scopes> + Clone {
    (0u8..16).prop_map(|bits| {
        let chosen = Scope::ALL.into_iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
        chosen.map(|(_, scope)| scope).collect()
    })
}

fn power() -> impl Strategy<Value = Power> + Clone {
    let end = prop::option::of((1u64..120).prop_map(|seconds| after(moment(NOON), seconds)));
    (scopes(), end).prop_map(|(scopes, end)| Power { scopes, end })
}

fn start() -> impl Strategy<Value = Start> {
    let others = prop::collection::vec(power(), 1..5);
    (others, power(), prop::option::of(1u64..120)).prop_map(|(others, own, grace)| Start {
        others,
        own,
        grace,
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let end = prop_oneof![Just(Wish::Default), Just(Wish::Never), (1u64..120).prop_map(Wish::In)];
    let grace = prop_oneof![Just(0u64), 1u64..200];
    let request = prop_oneof![
        4 => (any::<usize>(), prop::option::of(scopes()), end)
            .prop_map(|(by, scopes, end)| Move::Create { by, scopes, end }),
        4 => (any::<usize>(), any::<usize>(), grace)
            .prop_map(|(by, target, grace)| Move::Rotate { by, target, grace }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(by, target)| Move::Revoke { by, target }),
        4 => (any::<usize>(), prop::option::of(any::<usize>()), prop::option::of(prop::sample::select(&EventPattern::ALL[..])))
            .prop_map(|(by, target, pattern)| Move::Subscribe { by, target, pattern }),
    ];
    let sender = prop_oneof![any::<usize>().prop_map(Sender::InHand), any::<usize>().prop_map(Sender::Other)];
    let one = prop_oneof![
        10 => request.clone(),
        6 => (sender, request, any::<bool>())
            .prop_map(|(by, request, is_lost)| Move::Keyed { by, request: Box::new(request), is_lost }),
        8 => (any::<usize>(), any::<usize>()).prop_map(|(by, which)| Move::Again { by, which }),
        1 => (1u64..30).prop_map(Move::Wait),
    ];
    prop::collection::vec(one, 1..14)
}

/// Runs `cases` random cases; a failing one is shown, at its smallest, and kept nowhere.
fn run(cases: u32, mut case: impl FnMut(Start, Vec<Move>)) {
    let config = Config { cases, max_shrink_iters: 300, ..Config::default() };
    let case = std::cell::RefCell::new(&mut case);
    let outcome = seed::runner_with(config).run(&(start(), moves()), |(start, moves)| {
        (case.borrow_mut())(start, moves);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
