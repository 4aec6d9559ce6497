//! `hb doctor`: checks the deployment and this machine's clock, counts the secrets of webhook endpoints by the version of their
//! key, and recounts storage usage.

use std::time::Duration;

use clap::Args;
use hb_domain::Timestamp;
use hb_store::SecretId;
use serde_json::{Value, json};
use strum::VariantArray;

use crate::context::{Context, describe_error, tenant_id};
use crate::{Outcome, output, webhooks};

/// Seconds: longer than a request may take.
const SETTLED: u64 = 30;
/// The largest difference between two clocks that is not a problem.
const MAX_SKEW: Duration = Duration::from_secs(2);
/// What the finding on the secrets of webhook endpoints is called.
const WEBHOOK_SECRETS: &str = "webhook secrets";

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Recount the memories of this tenant, or of `all` tenants, and correct the storage usage
    #[arg(long, value_name = "TENANT")]
    recount: Option<String>,
    /// Seconds to wait for requests in progress, before and after a recount
    #[arg(long, default_value_t = SETTLED, requires = "recount")]
    settle: u64,
}

/// The result of one check.
struct Finding {
    what: String,
    problem: Option<String>,
    /// What is to be done later, when there is no problem.
    note: Option<String>,
}

impl Finding {
    fn new(what: impl Into<String>, problem: Option<String>) -> Self {
        Self { what: what.into(), problem, note: None }
    }
}

pub(crate) async fn run(context: &Context, doctor: &Doctor) -> Outcome {
    match &doctor.recount {
        Some(tenant) => recount(context, tenant, Duration::from_secs(doctor.settle)).await,
        None => check(context).await,
    }
}

async fn check(context: &Context) -> Outcome {
    let mut findings = Vec::new();
    match context.store.operator().tables().await {
        Ok(tables) => findings.extend(
            tables
                .into_iter()
                .map(|state| Finding::new(format!("table {} ({})", state.table, state.name), state.problem)),
        ),
        Err(error) => findings.push(Finding::new(
            "DynamoDB",
            Some(format!("{}: check region, credentials and endpoint", describe_error(error))),
        )),
    }
    for id in SecretId::VARIANTS.iter().filter(|id| context.store.secrets().has(**id)) {
        let advice = |error| {
            format!("{}: deploy the stack, or allow secretsmanager:GetSecretValue", describe_error(error))
        };
        let problem = context.store.secrets().check(*id).await.err().map(advice);
        findings.push(Finding::new(id.name().replace('-', " "), problem));
    }
    let census = webhooks::census(context).await;
    findings.push(match &census {
        Ok(census) => {
            Finding { note: Some(census.note()), ..Finding::new(WEBHOOK_SECRETS, census.problem()) }
        }
        Err(problem) => Finding::new(WEBHOOK_SECRETS, Some(problem.clone())),
    });
    findings.push(Finding::new("clock", clock_problem(context).await));
    let sound = findings.iter().all(|finding| finding.problem.is_none());
    if context.json {
        let rows: Vec<Value> = findings
            .iter()
            .map(|finding| json!({"what": finding.what, "problem": finding.problem}))
            .collect();
        let secrets = census.ok().map(|census| census.to_json());
        output::json(&json!({"sound": sound, "findings": rows, "webhookSecrets": secrets}))?;
    } else {
        let rows: Vec<[String; 2]> = findings
            .into_iter()
            .map(|finding| [finding.what, finding.problem.or(finding.note).unwrap_or_else(|| "ok".into())])
            .collect();
        output::table(["CHECK", "RESULT"], &rows)?;
    }
    if sound { Ok(()) } else { Err("at least one check failed; see above".into()) }
}

/// How far this machine's clock is from DynamoDB's, if that is a problem.
async fn clock_problem(context: &Context) -> Option<String> {
    let before = context.clock.now();
    let server = match context.store.operator().server_time().await {
        Ok(Some(server)) => server,
        Ok(None) => return Some("DynamoDB's responses have no Date header: check the endpoint".into()),
        Err(error) => return Some(describe_error(error)),
    };
    skew_problem(before, server, context.clock.now())
}

/// As [`clock_problem`], for a response of the time `server`, in whole seconds, between two readings of this clock.
fn skew_problem(before: Timestamp, server: Timestamp, after: Timestamp) -> Option<String> {
    let ahead = before.millis() - (server.millis() + 1_000);
    let behind = server.millis() - after.millis();
    let (skew, direction) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    (i128::from(skew) > MAX_SKEW.as_millis().cast_signed()).then(|| {
        let seconds = skew / 1_000;
        format!("this machine is {seconds} s {direction} DynamoDB: synchronize its clock")
    })
}

async fn recount(context: &Context, tenant: &str, settled: Duration) -> Outcome {
    let ids = match tenant {
        "all" => context.store.operator().tenants().await.map_err(describe_error)?.into_keys().collect(),
        one => vec![tenant_id(one)?],
    };
    let mut rows = Vec::new();
    for id in ids {
        let tenant = context.of_tenant(&id);
        let counted = context.store.with(&tenant).memories().recount(settled, &context.clock).await;
        let (was, is) = counted.map_err(|error| format!("{id}: {}", describe_error(error)))?;
        rows.push((id, was, is));
    }
    if context.json {
        let row = |(id, was, is): &(_, hb_store::StorageUsage, hb_store::StorageUsage)| json!({"tenant": id, "was": was.memories, "is": is.memories, "bytes": is.bytes});
        return output::json(&json!({ "recounted": rows.iter().map(row).collect::<Vec<Value>>() }));
    }
    let rows: Vec<[String; 4]> = rows
        .iter()
        .map(|(id, was, is)| {
            [id.to_string(), was.memories.to_string(), is.memories.to_string(), is.bytes.to_string()]
        })
        .collect();
    output::table(["TENANT", "WAS", "IS", "BYTES"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_if_it_differs_by_more_than_two_seconds() {
        let at = Timestamp::from_millis;
        for (before, server, after, problem) in [
            (10_000, 10_000, 10_100, None),
            (10_999, 10_000, 11_100, None),
            (12_999, 10_000, 13_100, None),
            (13_001, 10_000, 13_100, Some("2 s ahead of")),
            (70_000, 10_000, 70_100, Some("59 s ahead of")),
            (10_000, 12_000, 10_100, None),
            (10_000, 13_000, 10_100, Some("2 s behind")),
            // A slow response does not make the clock wrong.
            (10_000, 17_000, 18_000, None),
        ] {
            let found = skew_problem(at(before), at(server), at(after));
            let matches = match (problem, &found) {
                (Some(part), Some(found)) => found.contains(part),
                (None, None) => true,
                _ => false,
            };
            assert!(matches, "{before} {server} {after}: {found:?} instead of {problem:?}");
        }
    }
}
