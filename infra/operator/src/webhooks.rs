//! `hb webhooks`: encrypts the secrets of webhook endpoints anew after a rotation of their key.

use clap::Subcommand;
use futures_util::future::join_all;
use hb_domain::TenantId;
use hb_http::{KeyAge, WebhookKeyCache};
use hb_store::VersionedWebhook;
use serde_json::{Value, json};

use crate::context::{Context, describe_error};
use crate::{Outcome, output};

/// How many tenants are read at once.
const AT_ONCE: usize = 16;
/// How often secrets are looked for that were under the previous version in the meantime.
const PASSES: usize = 5;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Encrypt the secrets of all endpoints under the current version of their key, before its next rotation
    Reencrypt,
}

/// The secrets that sign, by the version of the key under which they are encrypted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census {
    current: u64,
    previous: u64,
    /// Those of a version that does not exist any more, as `TENANT ENDPOINT`.
    unreadable: Vec<String>,
    /// What could not be read or written.
    problems: Vec<String>,
    reencrypted: u64,
}

impl Census {
    fn add(&mut self, other: Self) {
        self.current += other.current;
        self.previous += other.previous;
        self.unreadable.extend(other.unreadable);
        self.problems.extend(other.problems);
        self.reencrypted += other.reencrypted;
    }

    fn total(&self) -> u64 {
        self.current + self.previous + self.unreadable.len() as u64
    }

    /// What is to be done; not before the next rotation, but at once.
    pub(crate) fn problem(&self) -> Option<String> {
        let unreadable = (!self.unreadable.is_empty()).then(|| {
            let (number, which) = (self.unreadable.len(), self.unreadable.join(", "));
            format!(
                "{number} encrypted under a version that is gone: the tenants have to rotate them: {which}"
            )
        });
        unreadable.or_else(|| self.problems.first().cloned())
    }

    /// How many there are, and what is to be done before the next rotation.
    pub(crate) fn note(&self) -> String {
        let (previous, total) = (self.previous, self.total());
        match previous {
            0 => format!("ok; none of {total} under the previous version"),
            _ => format!(
                "ok; {previous} of {total} under the previous version: run `hb webhooks reencrypt` before the next rotation"
            ),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"current": self.current, "previous": self.previous, "unreadable": self.unreadable})
    }
}

pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Reencrypt => reencrypt(context).await,
    }
}

/// Counts the secrets of all tenants.
pub(crate) async fn census(context: &Context) -> Result<Census, String> {
    pass(context, &WebhookKeyCache::default(), false).await
}

/// Repeats until nothing is left to do: an instance that has not read the new version yet, or a rotation that had begun, writes
/// secrets under the previous one.
async fn reencrypt(context: &Context) -> Outcome {
    let keys = WebhookKeyCache::default();
    let (mut last, mut reencrypted) = (Census::default(), 0);
    for _ in 0..PASSES {
        last = pass(context, &keys, true).await?;
        reencrypted += last.reencrypted;
        if last.previous == 0 {
            break;
        }
    }
    if context.json {
        let mut report = last.to_json();
        report["reencrypted"] = json!(reencrypted);
        report["problems"] = json!(last.problems);
        output::json(&report)?;
    } else {
        let row = [reencrypted, last.current, last.previous, last.unreadable.len() as u64];
        output::table(
            ["ENCRYPTED ANEW", "CURRENT", "PREVIOUS", "UNREADABLE"],
            &[row.map(|number| number.to_string())],
        )?;
    }
    match last.problem() {
        Some(problem) => Err(problem),
        None if last.previous > 0 => Err("some are under the previous version still: run it again".into()),
        None => Ok(()),
    }
}

/// Counts the secrets of all tenants as they were found, and encrypts them anew if it is asked to.
async fn pass(context: &Context, keys: &WebhookKeyCache, is_writing: bool) -> Result<Census, String> {
    let tenants = context.store.operator().tenants().await.map_err(describe_error)?;
    let tenants: Vec<TenantId> = tenants.into_keys().collect();
    let progress = output::progress(tenants.len() as u64, "tenants");
    let mut census = Census::default();
    for some in tenants.chunks(AT_ONCE) {
        for found in join_all(some.iter().map(|tenant| of_tenant(context, keys, tenant, is_writing))).await {
            census.add(found);
        }
        progress.inc(some.len() as u64);
    }
    progress.finish_and_clear();
    Ok(census)
}

async fn of_tenant(context: &Context, keys: &WebhookKeyCache, tenant: &TenantId, is_writing: bool) -> Census {
    let mut census = Census::default();
    let operator = context.of_tenant(tenant);
    match context.store.with(&operator).webhooks().list().await {
        Ok(endpoints) => {
            for endpoint in endpoints {
                let found = of_endpoint(context, keys, tenant, &endpoint, is_writing).await;
                match found {
                    Ok(found) => census.add(found),
                    Err(error) => {
                        let (id, error) = (&endpoint.webhook.id, describe_error(error));
                        census.problems.push(format!("{tenant} {id}: {error}"));
                    }
                }
            }
        }
        Err(error) => census.problems.push(format!("{tenant}: {}", describe_error(error))),
    }
    census
}

async fn of_endpoint(
    context: &Context,
    keys: &WebhookKeyCache,
    tenant: &TenantId,
    endpoint: &VersionedWebhook,
    is_writing: bool,
) -> hb_domain::Result<Census> {
    let (store, now, mut census) = (&context.store, context.clock.now(), Census::default());
    let versions = keys.get(store, now).await?;
    for (_, sealed) in endpoint.slots_at(now) {
        match versions.age(sealed) {
            KeyAge::Current => census.current += 1,
            KeyAge::Previous => census.previous += 1,
            KeyAge::Unknown => census.unreadable.push(format!("{tenant} {}", endpoint.webhook.id)),
        }
    }
    if is_writing && census.previous > 0 {
        census.reencrypted = keys.reencrypt(store, now, &context.entropy, tenant, endpoint).await?;
    }
    Ok(census)
}
