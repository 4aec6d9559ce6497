//! `hb reindex`: rewrites search documents after a new version has changed the ranking.

mod pacer;
mod progress;
mod report;
mod tenant;

use std::pin::pin;

use clap::Args;
use hb_domain::{MemoryId, TenantId};
use tokio::signal::unix::{SignalKind, signal};

use crate::Outcome;
use crate::context::{Context, describe_error, tenant_id};
use report::Report;

/// Write capacity units per second.
const DEFAULT_RATE: u32 = 200;

#[derive(Args, Debug)]
pub(crate) struct Reindex {
    /// The tenants
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "TENANT")]
    tenants: Vec<String>,
    /// All tenants, in the order of their ids
    #[arg(long)]
    all: bool,
    /// With --all, begin with this tenant
    #[arg(long, value_name = "TENANT", requires = "all", conflicts_with = "tenants")]
    from: Option<String>,
    /// Begin behind this memory of the first tenant, where an earlier run has stopped
    #[arg(long, value_name = "MEMORY_ID")]
    after: Option<String>,
    /// Write capacity units per second; three read units count as one. A tenant's memories have 1,000, which its requests use too
    #[arg(long, value_name = "UNITS", default_value_t = DEFAULT_RATE, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Only count the documents that would be rewritten
    #[arg(long)]
    dry_run: bool,
}

impl Reindex {
    /// The command that continues with these tenants, with the options of this one.
    fn resume_command(&self, remaining: &str, after: Option<&MemoryId>, context: &Context) -> String {
        let mut command = format!("hb reindex {remaining}");
        if let Some(after) = after {
            command.push_str(&format!(" --after {after}"));
        }
        if self.rate != DEFAULT_RATE {
            command.push_str(&format!(" --rate {}", self.rate));
        }
        if self.dry_run {
            command.push_str(" --dry-run");
        }
        command + &context.target_options
    }
}

pub(crate) async fn run(context: &Context, reindex: &Reindex) -> Outcome {
    // Before anything is written: whoever sends a signal then gets the way to resume.
    let mut stop = pin!(stop_signal()?);
    let tenants = tenants(context, reindex).await?;
    let mut after = reindex.after.as_deref().map(memory_id).transpose()?;
    let mut report = Report::new(reindex.dry_run);
    for (index, id) in tenants.iter().enumerate() {
        let run = tenant::Run { context, tenant: id, rate: reindex.rate, dry_run: reindex.dry_run };
        let (row, stopped) = run.reindex(after.take(), stop.as_mut()).await;
        report.tenants.push(row);
        if let Some(stopped) = stopped {
            let remaining = if reindex.all {
                format!("--all --from {id}")
            } else {
                tenants[index..].iter().map(TenantId::as_str).collect::<Vec<_>>().join(" ")
            };
            let after = stopped.after.as_ref();
            report.stopped = Some((stopped.reason, reindex.resume_command(&remaining, after, context)));
            break;
        }
    }
    report.print(context.json)
}

async fn tenants(context: &Context, reindex: &Reindex) -> Result<Vec<TenantId>, String> {
    if reindex.all {
        let from = reindex.from.as_deref().map(tenant_id).transpose()?;
        let all = context.store.operator().tenants().await.map_err(describe_error)?.into_keys();
        let remaining: Vec<TenantId> = all.filter(|id| from.as_ref().is_none_or(|from| from <= id)).collect();
        return match from {
            Some(from) if remaining.is_empty() => Err(format!("there is no tenant from {from} on")),
            _ => Ok(remaining),
        };
    }
    let mut ids = Vec::new();
    for tenant in &reindex.tenants {
        let id = tenant_id(tenant)?;
        let known = context.store.tenants().get(&id).await.map_err(describe_error)?;
        known.ok_or_else(|| format!("there is no tenant {id}; `hb tenant list` lists the tenants"))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn memory_id(text: &str) -> Result<MemoryId, String> {
    MemoryId::parse(text).ok_or_else(|| format!("{text:?} is not a memory id"))
}

/// Completes at Ctrl-C, at SIGTERM, or when the terminal is closed. It listens for them from this call on.
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    let listen = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
