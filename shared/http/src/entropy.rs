//! Randomness as a value, so that tests can seed it.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Creates a cryptographic generator for each request; cheap to clone.
#[derive(Clone, Debug)]
pub struct Entropy(Option<Arc<Mutex<StdRng>>>);

impl Entropy {
    /// The operating system's randomness.
    pub const fn system() -> Self {
        Self(None)
    }

    /// The same sequence of generators for the same seed: for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// A generator for one request.
    pub fn rng(&self) -> StdRng {
        match &self.0 {
            Some(parent) => StdRng::from_seed(parent.lock().unwrap_or_else(PoisonError::into_inner).random()),
            None => system(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system for randomness")]
fn system() -> StdRng {
    rand::make_rng()
}
