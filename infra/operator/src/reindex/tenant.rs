//! Reindexes one tenant, page by page.

use std::pin::Pin;
use std::time::{Duration, Instant};

use hb_domain::{Error, MemoryId, TenantId};
use hb_store::{
    ConsumedCapacity, Memories, ReindexPage, RewriteOutcome, StaleDocument, with_capacity_metering,
};

use super::pacer::Pacer;
use super::progress::Progress;
use super::report::Row;
use crate::context::{Context, describe_error};

/// How many documents are rewritten before the next pause.
const BATCH: usize = 16;

/// One tenant's part of the command.
pub(super) struct Run<'a> {
    pub(super) context: &'a Context,
    pub(super) tenant: &'a TenantId,
    /// Write capacity units per second.
    pub(super) rate: u32,
    pub(super) dry_run: bool,
}

/// Why and where the command has stopped before its end.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) reason: String,
    /// The last memory that is done.
    pub(super) after: Option<MemoryId>,
}

impl Run<'_> {
    /// Reindexes the memories that follow `after`, until the end or until `stop` completes. Whatever the end, cached indexes
    /// load what was rewritten.
    pub(super) async fn reindex(
        &self,
        after: Option<MemoryId>,
        stop: Pin<&mut impl Future<Output = ()>>,
    ) -> (Row, Option<Stopped>) {
        let of_tenant = self.context.of_tenant(self.tenant);
        let store = self.context.store.with(&of_tenant);
        let total = match after {
            None => store.storage().get().await.ok().map(|kept| kept.memories),
            Some(_) => None,
        };
        let now = Instant::now();
        let mut work = Work {
            memories: store.memories(),
            dry_run: self.dry_run,
            after,
            row: Row::new(self.tenant.clone()),
            pacer: Pacer::new(self.rate, now),
            progress: Progress::new(total, now),
            stop,
        };
        let outcome = work.pages().await;
        work.progress.finish();
        let mut stopped = outcome.err().map(|reason| Stopped { reason, after: work.after });
        if let Err(error) = of_tenant.publish_changes(&self.context.store).await {
            let reason =
                format!("cached indexes load the documents within an hour: {}", describe_error(error));
            stopped.get_or_insert(Stopped { reason, after: None });
        }
        (work.row, stopped)
    }
}

struct Work<'a, S> {
    memories: Memories<'a>,
    dry_run: bool,
    /// The last memory that is done.
    after: Option<MemoryId>,
    row: Row,
    pacer: Pacer,
    progress: Progress,
    stop: Pin<&'a mut S>,
}

impl<S: Future<Output = ()>> Work<'_, S> {
    /// Follows the pages to the last one, or until there is a reason to stop.
    async fn pages(&mut self) -> Result<(), String> {
        loop {
            let began = Instant::now();
            let (page, used) =
                with_capacity_metering(self.memories.stale_documents(self.after.as_ref())).await;
            self.row.add(&used);
            let ReindexPage { examined, stale, corrupt, next } = page.map_err(describe_error)?;
            for (id, error) in corrupt {
                let problem = describe_error(error);
                self.progress.problem(&format!("{}: {id}: {problem}", self.row.tenant));
                self.row.corrupt.push((id, problem));
            }
            self.row.examined += examined;
            self.row.stale += stale.len() as u64;
            self.pause(&used, began).await?;
            if !self.dry_run {
                for batch in stale.chunks(BATCH) {
                    self.rewrite(batch).await?;
                }
            }
            if next.is_none() {
                return Ok(());
            }
            self.done_up_to(next);
        }
    }

    async fn rewrite(&mut self, batch: &[StaleDocument]) -> Result<(), String> {
        let began = Instant::now();
        let (outcomes, used) = with_capacity_metering(self.memories.rewrite_documents(batch)).await;
        self.row.add(&used);
        let rewritten = outcomes.iter().filter(|outcome| matches!(outcome, Ok(RewriteOutcome::Rewritten)));
        self.row.rewritten += rewritten.count() as u64;
        let failed: Option<Error> = outcomes.into_iter().find_map(Result::err);
        if let Some(error) = failed {
            return Err(describe_error(error));
        }
        self.done_up_to(batch.last().map(|last| last.id.clone()));
        self.pause(&used, began).await
    }

    fn done_up_to(&mut self, last: Option<MemoryId>) {
        if let Some(last) = last {
            self.progress.update(&self.row, &last, Instant::now());
            self.after = Some(last);
        }
    }

    /// Pauses to keep the rate, unless the command was told to stop.
    async fn pause(&mut self, used: &ConsumedCapacity, began: Instant) -> Result<(), String> {
        let pause: Duration = self.pacer.pause(used, began, Instant::now());
        tokio::select! {
            biased;
            () = self.stop.as_mut() => Err("stopped by a signal".into()),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}
