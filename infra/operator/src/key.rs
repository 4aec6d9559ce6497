//! `hb key`: manages the API keys of a tenant.

use clap::{Subcommand, ValueEnum};
use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::rules::{self, Rule};
use hb_domain::{ApiKey, Error, KeyId, Scope, Scopes};
use serde_json::{Value, json};

use crate::context::{Context, describe_error, tenant_id};
use crate::{Outcome, output};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a key and print it; it cannot be shown again
    Create {
        /// The tenant's id
        tenant: String,
        /// The key's name
        #[arg(long, default_value = "First key")]
        name: String,
        /// The key's environment
        #[arg(long, value_enum, default_value = "production")]
        environment: EnvironmentName,
        /// The key's scopes, separated by commas; all scopes by default
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
    },
    /// List the keys of a tenant
    List {
        /// The tenant's id
        tenant: String,
    },
    /// Revoke a key, from the next request on
    Revoke {
        /// The tenant's id
        tenant: String,
        /// The key's id
        key: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EnvironmentName {
    Development,
    Production,
}

pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Create { tenant, name, environment, scopes } => {
            create(context, &tenant, name, environment, &scopes).await
        }
        Command::List { tenant } => list(context, &tenant).await,
        Command::Revoke { tenant, key } => revoke(context, &tenant, &key).await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the operator creates a tenant's first key")]
async fn create(
    context: &Context,
    tenant: &str,
    name: String,
    environment: EnvironmentName,
    scopes: &[String],
) -> Outcome {
    let id = tenant_id(tenant)?;
    if context.store.tenants().get(&id).await.map_err(describe_error)?.is_none() {
        return Err(format!("there is no tenant {id}; `hb tenant create {id}` creates it"));
    }
    let name = rules::key_name().parse(name.into()).map_err(|problem| format!("the name {problem}"))?;
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let parse = |name: &String| {
        Scope::parse(name).ok_or_else(|| format!("{name:?} is not a scope; the scopes are {}", known()))
    };
    let scopes: Scopes = scopes.iter().map(parse).collect::<Result<_, _>>()?;
    let environment = match environment {
        EnvironmentName::Development => Environment::Development,
        EnvironmentName::Production => Environment::Production,
    };
    let mut rng = context.entropy.rng();
    let plain = ApiKey::mint(&KeyId::mint(&mut rng), environment, &mut rng);
    let key = KeySummary {
        id: plain.id(),
        name,
        key_prefix: plain.prefix().to_owned(),
        environment,
        scopes: if scopes == Scopes::default() { Scopes::all() } else { scopes },
        created_at: context.clock.now(),
        expires_at: None,
        revoked_at: None,
    };
    let hash = context.store.secrets().pepper().await.map_err(describe_error)?.hash(&plain);
    context.store.with(&context.of_tenant(&id)).keys().create(&key, hash).await.map_err(describe_error)?;
    if context.json {
        return output::json(
            &json!({"id": key.id, "tenant": id, "plainKey": plain.expose(), "scopes": key.scopes}),
        );
    }
    output::line(plain.expose())
}

async fn list(context: &Context, tenant: &str) -> Outcome {
    let id = tenant_id(tenant)?;
    let of_tenant = context.of_tenant(&id);
    let now = of_tenant.received_at();
    let keys = context.store.with(&of_tenant).keys().list().await.map_err(describe_error)?;
    let scopes = |key: &KeySummary| key.scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(",");
    if context.json {
        let row = |key: &KeySummary| json!({"id": key.id, "name": key.name, "status": key.status(now), "scopes": key.scopes, "createdAt": key.created_at, "expiresAt": key.expires_at});
        return output::json(&json!({ "keys": keys.iter().map(row).collect::<Vec<Value>>() }));
    }
    let rows: Vec<[String; 5]> = keys
        .iter()
        .map(|key| {
            let status = json!(key.status(now)).as_str().unwrap_or_default().to_owned();
            [key.id.to_string(), key.name.clone(), status, scopes(key), key.created_at.to_string()]
        })
        .collect();
    output::table(["KEY", "NAME", "STATUS", "SCOPES", "CREATED"], &rows)
}

async fn revoke(context: &Context, tenant: &str, key: &str) -> Outcome {
    let id = tenant_id(tenant)?;
    let of_tenant = context.of_tenant(&id);
    let keys = context.store.with(&of_tenant).keys();
    let missing = || format!("the tenant {id} has no key {key}; `hb key list {id}` lists its keys");
    let key_id = KeyId::parse(key).ok_or_else(missing)?;
    let found = keys.get(&key_id).await.map_err(|error| match error {
        Error::NotFound => missing(),
        other => describe_error(other),
    })?;
    let revoked_at = keys.revoke(&found).await.map_err(describe_error)?;
    if context.json {
        return output::json(&json!({"id": key_id, "status": "revoked", "revokedAt": revoked_at}));
    }
    output::line(&format!("{key_id} was revoked at {revoked_at}"))
}
