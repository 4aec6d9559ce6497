//! `hb doctor`

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::context::{Context, describe_error, tenant_id};
use crate::{Outcome, output};

/// Longer than any request lives.
const SETTLED: u64 = 30;

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Count the memories of this tenant, or of `all`, and put its count right
    #[arg(long, value_name = "TENANT")]
    recount: Option<String>,
    /// How many seconds to wait before and behind a recount for requests under way
    #[arg(long, default_value_t = SETTLED, requires = "recount")]
    settle: u64,
}

/// What was looked at, and what is wrong with it.
struct RecordState {
    what: String,
    problem: Option<String>,
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
        Ok(tables) => findings.extend(tables.into_iter().map(|table| RecordState {
            what: format!("table {} ({})", table.purpose, table.name),
            problem: table.problem,
        })),
        Err(error) => findings.push(RecordState {
            what: "DynamoDB".into(),
            problem: Some(format!("{}: check region, credentials and endpoint", describe_error(error))),
        }),
    }
    let secrets = context.store.secrets();
    let pepper = secrets.peppers().await.map(|_| ());
    let token = secrets.token_secrets().await.map(|_| ());
    for (what, read) in [("pepper", pepper), ("token secret", token)] {
        let advice = |error| {
            format!("{}: deploy the stack, or allow secretsmanager:GetSecretValue", describe_error(error))
        };
        findings.push(RecordState { what: what.into(), problem: read.err().map(advice) });
    }
    let sound = findings.iter().all(|finding| finding.problem.is_none());
    if context.json {
        let rows: Vec<Value> = findings
            .iter()
            .map(|finding| json!({"what": finding.what, "problem": finding.problem}))
            .collect();
        output::json(&json!({"sound": sound, "findings": rows}))?;
    } else {
        let rows: Vec<[String; 2]> = findings
            .into_iter()
            .map(|finding| [finding.what, finding.problem.unwrap_or_else(|| "as it should be".into())])
            .collect();
        output::table(["WHAT", "FINDING"], &rows)?;
    }
    if sound { Ok(()) } else { Err("something is wrong; see above".into()) }
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
