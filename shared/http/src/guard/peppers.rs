//! The peppers this instance holds: read at the first need, and again when a hash names an unknown one.

use std::sync::Arc;
use std::time::Duration;

use hb_domain::pepper::{PepperVersion, Peppers};
use hb_domain::{Result, Timestamp};
use hb_store::Store;
use tokio::sync::Mutex;

/// Rows that name a pepper long gone must not cause a read each; one that was not asked for yet may.
const BETWEEN_RELOADS: Duration = Duration::from_secs(60);

/// Shared by all requests of the instance.
#[derive(Debug, Default)]
pub(crate) struct PepperCache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    peppers: Option<Arc<Peppers>>,
    reloaded_at: Option<Timestamp>,
    /// The versions that were asked for since then in vain.
    gone: Vec<PepperVersion>,
}

impl PepperCache {
    /// The peppers. A failure to read them is not remembered: the next request tries again.
    pub(crate) async fn get(&self, store: &Store) -> Result<Arc<Peppers>> {
        let mut state = self.0.lock().await;
        if let Some(peppers) = &state.peppers {
            return Ok(Arc::clone(peppers));
        }
        let peppers = Arc::new(Peppers { current: store.secrets().pepper().await?, previous: None });
        state.peppers = Some(Arc::clone(&peppers));
        Ok(peppers)
    }

    /// The peppers, read anew because `known` did not have `version`; `None` when they were read anew for
    /// it a moment ago and it was not there.
    pub(crate) async fn reload(
        &self,
        store: &Store,
        known: &Arc<Peppers>,
        version: &PepperVersion,
        now: Timestamp,
    ) -> Result<Option<Arc<Peppers>>> {
        let mut state = self.0.lock().await;
        if let Some(peppers) = &state.peppers
            && !Arc::ptr_eq(peppers, known)
        {
            return Ok(Some(Arc::clone(peppers)));
        }
        if state.reloaded_at.is_none_or(|at| at.plus(BETWEEN_RELOADS) <= now) {
            state.gone.clear();
        } else if state.gone.contains(version) {
            return Ok(None);
        }
        let peppers = Arc::new(store.secrets().peppers().await?);
        if !peppers.has(version) {
            state.gone.push(version.clone());
        }
        state.peppers = Some(Arc::clone(&peppers));
        state.reloaded_at = Some(now);
        Ok(Some(peppers))
    }
}
