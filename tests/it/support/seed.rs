//! Seeds for random tests, so that a failure can be replayed.
//!
//! All randomness of the test process derives from one base seed, which is random unless `HB_TEST_SEED` sets it. A test
//! prints it, so the output of a failing test contains it. Replay a failure with
//! `HB_TEST_SEED=… cargo test -p hb-tests --test it -- --exact MODULE::TEST`.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::thread;

use hb_http::Entropy;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use rand::RngExt;

const VARIABLE: &str = "HB_TEST_SEED";

static BASE: LazyLock<u64> = LazyLock::new(|| match std::env::var(VARIABLE) {
    Ok(seed) => seed.parse().unwrap_or_else(|_| panic!("{VARIABLE} is not a number: {seed}")),
    Err(_) => Entropy::system().rng().random(),
});

thread_local! {
    static USES: Cell<u64> = const { Cell::new(0) };
}

/// The next seed of the current test. It depends on the base seed, the name of the test (its thread's name) and the number of
/// seeds that the test has taken before.
#[expect(clippy::print_stdout, reason = "the output of a failing test shows how to replay it")]
pub fn next() -> u64 {
    let uses = USES.get();
    USES.set(uses + 1);
    if uses == 0 {
        println!("replay with {VARIABLE}={}", *BASE);
    }
    let mut hasher = DefaultHasher::new();
    (*BASE, thread::current().name(), uses).hash(&mut hasher);
    hasher.finish()
}

/// Seeded randomness for an instance of the service.
pub fn entropy() -> Entropy {
    Entropy::seeded(next())
}

/// A runner of random cases that stores no failure on disk.
pub fn runner(cases: u32) -> TestRunner {
    runner_with(Config { cases, ..Config::default() })
}

/// As [`runner`], with further settings.
pub fn runner_with(config: Config) -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, rng_seed: RngSeed::Fixed(next()), ..config })
}
