//! Rewrites the search documents of a folder that another version has written. `hb reindex` does the same in a deployed
//! stack, at a limited rate and step by step.

use std::io::Write;

use hb_domain::{Error, Result, Timestamp};
use hb_store::{Context, Memories, Store};

use crate::StartError;

/// From so many memories on, it takes a noticeable time: the progress is shown then, and after so many more.
const FIRST_SHOWN: u64 = 1_000;
const SHOWN: u64 = 10_000;

/// Rewrites the stale search documents of all tenants. Corrupt memories are left alone.
///
/// # Errors
/// The database's. The next start resumes.
pub async fn all(store: &Store, now: Timestamp) -> std::result::Result<(), StartError> {
    let mut examined = 0;
    for tenant in store.operator().tenants().await.map_err(failed)?.into_keys() {
        let context = Context::operator(&tenant, now);
        let outcome = rewrite(&store.with(&context).memories(), &mut examined).await;
        context.publish_changes(store).await.and(outcome).map_err(failed)?;
    }
    Ok(())
}

async fn rewrite(memories: &Memories<'_>, examined: &mut u64) -> Result<()> {
    let mut after = None;
    loop {
        let page = memories.stale_documents(after.as_ref()).await?;
        for outcome in memories.rewrite_documents(&page.stale).await {
            outcome?;
        }
        let before = *examined;
        *examined += page.examined;
        let passes = |count: u64| before < count && count <= *examined;
        if passes(FIRST_SHOWN) || before / SHOWN < *examined / SHOWN {
            let _ =
                writeln!(std::io::stderr(), "Preparing the search of this version: {examined} memories …");
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn failed(error: Error) -> StartError {
    StartError::new(format!("cannot rewrite the search documents; start again to resume: {error}"))
}
