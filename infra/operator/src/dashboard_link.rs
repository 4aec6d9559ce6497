//! `hb dashboard-link`: a link with which somebody signs in to a tenant's dashboard.

use std::io::Write;

use clap::Args;
use hb_domain::dashboard::LINK_LIFETIME;
use hb_http::{PublicUrl, new_sign_in_link};
use serde_json::json;

use crate::Outcome;
use crate::context::{Context, describe_error, tenant_id};

/// Print a link that signs in to the dashboard of a tenant: it works once, for ten minutes
#[derive(Args, Debug)]
pub(crate) struct DashboardLink {
    /// The tenant
    tenant: String,
    /// The https address of the API, without a path, unless the variable PUBLIC_URL has it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(crate) async fn run(context: &Context, command: &DashboardLink) -> Outcome {
    let tenant = tenant_id(&command.tenant)?;
    let url = command.url.as_ref().or(context.public_url.as_ref()).ok_or(
        "the address of the API is not known: give it with --url https://…, as in the output ApiUrl of the stack",
    )?;
    let url =
        PublicUrl::parse(url).map_err(|problem| problem.replace("PUBLIC_URL", "the address of the API"))?;
    let now = context.clock.now();
    match context.store.tenants().get(&tenant).await.map_err(describe_error)? {
        None => {
            return Err(format!("there is no tenant {tenant}; create it with `hb tenant create {tenant}`"));
        }
        Some(state) if state.suspended => return Err(format!("the tenant {tenant} is suspended")),
        Some(_) => {}
    }
    let rng = &mut context.entropy.rng();
    let link = new_sign_in_link(&context.store, &tenant, &url, now, rng).await.map_err(describe_error)?;
    let line = match context.json {
        true => json!({"tenant": tenant, "url": link, "expiresAt": now.plus(LINK_LIFETIME)}).to_string(),
        false => link,
    };
    writeln!(std::io::stdout(), "{line}").map_err(|error| error.to_string())
}
