//! `hb tenant`: manages tenants.

use clap::{Args, Subcommand, ValueEnum};
use hb_domain::TenantId;
use hb_domain::plan::{Allowance, Plan};
use hb_domain::tenant::Tenant;
use serde_json::{Value, json};

use crate::context::{Context, describe_error, tenant_id};
use crate::{Outcome, output};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a tenant
    Create {
        /// The tenant's id
        tenant: String,
        #[command(flatten)]
        plan: PlanArgs,
    },
    /// Show a tenant
    Show {
        /// The tenant's id
        tenant: String,
    },
    /// List all tenants
    List,
    /// Change a tenant's plan, from the next request on, and refill its rate-limit bucket
    SetPlan {
        /// The tenant's id
        tenant: String,
        #[command(flatten)]
        plan: PlanArgs,
    },
    /// Suspend a tenant: its requests are refused
    Suspend {
        /// The tenant's id
        tenant: String,
    },
    /// Resume a suspended tenant
    Resume {
        /// The tenant's id
        tenant: String,
    },
    /// Delete a tenant and all of its data, as `hb erase`
    Delete {
        /// The tenant's id
        tenant: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
}

/// A plan, and limits that override those of the plan.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// The plan
    #[arg(long, value_enum, default_value = "free")]
    plan: PlanName,
    /// Requests per calendar month
    #[arg(long)]
    per_month: Option<u64>,
    /// Requests per minute
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    per_minute: Option<u32>,
    /// Requests in a burst
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    burst: Option<u32>,
    /// The largest number of memories
    #[arg(long)]
    memories: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PlanName {
    Free,
    Pro,
    Enterprise,
}

impl PlanArgs {
    fn read(&self) -> (Plan, Allowance) {
        let plan = match self.plan {
            PlanName::Free => Plan::Free,
            PlanName::Pro => Plan::Pro,
            PlanName::Enterprise => Plan::Enterprise,
        };
        let usual = plan.allowance();
        let allowance = Allowance {
            per_month: self.per_month.unwrap_or(usual.per_month),
            per_minute: self.per_minute.unwrap_or(usual.per_minute),
            burst: self.burst.unwrap_or(usual.burst),
            memories: self.memories.or(usual.memories),
        };
        (plan, allowance)
    }
}

pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    let tenants = context.store.tenants();
    match command {
        Command::Create { tenant, plan } => {
            let (id, (plan, allowance)) = (tenant_id(&tenant)?, plan.read());
            let new = Tenant { allowance, ..Tenant::new(plan, context.clock.now()) };
            if !tenants.create(&id, &new).await.map_err(describe_error)? {
                return Err(format!("the tenant {id} exists already"));
            }
            show(context, &id).await
        }
        Command::Show { tenant } => show(context, &tenant_id(&tenant)?).await,
        Command::List => list(context).await,
        Command::SetPlan { tenant, plan } => {
            let (id, (plan, allowance)) = (tenant_id(&tenant)?, plan.read());
            found(&id, tenants.set_plan(&id, plan, &allowance).await.map_err(describe_error)?)?;
            show(context, &id).await
        }
        Command::Suspend { tenant } => suspend(context, &tenant, true).await,
        Command::Resume { tenant } => suspend(context, &tenant, false).await,
        Command::Delete { tenant, yes } => crate::transfer::erase(context, &tenant, yes).await,
    }
}

async fn suspend(context: &Context, tenant: &str, suspended: bool) -> Outcome {
    let id = tenant_id(tenant)?;
    found(&id, context.store.tenants().set_suspended(&id, suspended).await.map_err(describe_error)?)?;
    show(context, &id).await
}

fn found(id: &TenantId, is_there: bool) -> Outcome {
    if is_there {
        Ok(())
    } else {
        Err(format!("there is no tenant {id}; `hb tenant list` lists the tenants"))
    }
}

async fn show(context: &Context, id: &TenantId) -> Outcome {
    let tenant = context.store.tenants().get(id).await.map_err(describe_error)?;
    found(id, tenant.is_some())?;
    let Some(tenant) = tenant else { return Ok(()) };
    let kept = context.store.with(&context.of_tenant(id)).storage().get().await.map_err(describe_error)?;
    let mut row = described(context, id, &tenant);
    row["memories"] =
        json!({"count": kept.memories, "bytes": kept.bytes, "limit": tenant.allowance.memories});
    if context.json {
        return output::json(&row);
    }
    let limit = tenant.allowance.memories.map_or_else(|| "any number".into(), |limit| limit.to_string());
    let used = tenant.meter.used(context.clock.now().month());
    let Allowance { per_month, per_minute, burst, .. } = tenant.allowance;
    for (name, value) in [
        ("tenant", id.to_string()),
        ("plan", tenant.plan.as_str().to_owned()),
        ("status", status(&tenant).to_owned()),
        ("month", format!("{used} of {per_month} requests")),
        ("rate", format!("{per_minute} a minute, {burst} at once")),
        ("memories", format!("{} of {limit}, {} bytes", kept.memories, kept.bytes)),
    ] {
        output::line(&format!("{name:10} {value}"))?;
    }
    Ok(())
}

async fn list(context: &Context) -> Outcome {
    let tenants = context.store.operator().tenants().await.map_err(describe_error)?;
    if context.json {
        let rows: Vec<Value> = tenants.iter().map(|(id, tenant)| described(context, id, tenant)).collect();
        return output::json(&json!({ "tenants": rows }));
    }
    let month = context.clock.now().month();
    let rows: Vec<[String; 4]> = tenants
        .iter()
        .map(|(id, tenant)| {
            let used = format!("{} of {}", tenant.meter.used(month), tenant.allowance.per_month);
            [id.to_string(), tenant.plan.as_str().into(), status(tenant).into(), used]
        })
        .collect();
    output::table(["TENANT", "PLAN", "STATUS", "MONTH"], &rows)
}

fn status(tenant: &Tenant) -> &'static str {
    if tenant.suspended { "suspended" } else { "active" }
}

fn described(context: &Context, id: &TenantId, tenant: &Tenant) -> Value {
    let allowance = &tenant.allowance;
    json!({
        "tenant": id,
        "plan": tenant.plan,
        "status": status(tenant),
        "perMonth": allowance.per_month,
        "perMinute": allowance.per_minute,
        "burst": allowance.burst,
        "usedThisMonth": tenant.meter.used(context.clock.now().month()),
    })
}
