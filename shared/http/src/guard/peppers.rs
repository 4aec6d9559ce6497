//! The cached peppers of an instance.

use std::sync::Arc;

use hb_domain::pepper::{PepperVersion, Peppers};
use hb_domain::{Result, Timestamp};
use hb_store::Store;

use crate::secret_cache::{SecretCache, Versions};

/// Shared by all requests of the instance.
#[derive(Debug, Default)]
pub(crate) struct PepperCache(SecretCache<Peppers>);

impl Versions for Peppers {
    fn has(&self, version: &str) -> bool {
        self.has(&PepperVersion(version.to_owned()))
    }
}

impl PepperCache {
    /// The cached peppers: the current one, until a hash names another version.
    pub(crate) async fn get(&self, store: &Store, now: Timestamp) -> Result<Arc<Peppers>> {
        let read = async { Ok(Peppers { current: store.secrets().pepper().await?, previous: None }) };
        self.0.get(now, read).await
    }

    /// The peppers, read anew because `known` lacks `version`; `None` when a recent read did not have it either.
    pub(crate) async fn reload(
        &self,
        store: &Store,
        known: &Arc<Peppers>,
        version: &PepperVersion,
        now: Timestamp,
    ) -> Result<Option<Arc<Peppers>>> {
        self.0.reload(known, &version.0, now, store.secrets().peppers()).await
    }
}
