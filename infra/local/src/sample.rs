//! The sample tenant: its key, and memories of all thirteen types for trying the API.

use hb_domain::fields::Fields;
use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::memory::NewMemory;
use hb_domain::memory_key::OnConflict;
use hb_domain::plan::Plan;
use hb_domain::tenant::Tenant;
use hb_domain::{ApiKey, Error, KeyId, Memory, MemoryId, Scopes, TenantId, Timestamp, json, rules};
use hb_store::{Context, CreateOutcome, NewItem, Store, VersionedMemory};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::StartError;

/// The tenant of the published samples.
pub const TENANT: &str = "00000000-0000-0000-0000-000000000001";

const MEMORIES: &str = include_str!("../sample/memories.ndjson");

/// Creates the tenant, or changes its plan to `plan`.
///
/// # Errors
/// The database's.
pub async fn ensure_tenant(
    store: &Store,
    tenant: &TenantId,
    plan: Plan,
    now: Timestamp,
) -> Result<(), StartError> {
    let created = store.tenants().create(tenant, &Tenant::new(plan, now)).await.map_err(failed)?;
    if !created {
        let known = store.tenants().get(tenant).await.map_err(failed)?;
        if known.is_some_and(|known| known.plan != plan) {
            store.tenants().set_plan(tenant, plan, &plan.allowance()).await.map_err(failed)?;
        }
    }
    Ok(())
}

/// Creates the key if it does not exist. Returns `false` if it has been revoked or rotated.
///
/// # Errors
/// The database's, or Secrets Manager's.
pub async fn ensure_key(
    store: &Store,
    tenant: &TenantId,
    key: &ApiKey,
    now: Timestamp,
) -> Result<bool, StartError> {
    if let Some(known) = store.credentials().get(&key.id()).await.map_err(failed)? {
        let peppers = store.secrets().peppers().await.map_err(failed)?;
        return Ok(known.tenant == *tenant && known.verify(key, &peppers, now).is_ok());
    }
    let summary = KeySummary {
        id: key.id(),
        name: format!("Sample key {}", key.id().body()),
        key_prefix: key.prefix().to_owned(),
        environment: key.environment(),
        scopes: Scopes::all(),
        created_at: now,
        expires_at: None,
        revoked_at: None,
    };
    let hash = store.secrets().pepper().await.map_err(failed)?.hash(key);
    store.with(&Context::sample(tenant, now)).keys().create(&summary, hash).await.map_err(failed)?;
    Ok(true)
}

/// A new plain key.
pub fn new_key(rng: &mut StdRng) -> ApiKey {
    let id = KeyId::mint(rng);
    ApiKey::mint(&id, Environment::Production, rng)
}

/// Creates the sample memories that do not exist. Their ids are the same on every machine.
///
/// # Errors
/// The database's.
pub async fn ensure_memories(store: &Store, tenant: &TenantId, now: Timestamp) -> Result<(), StartError> {
    let context = Context::sample(tenant, now);
    let sample = read_sample(tenant)?;
    let new = sample.into_iter().map(|memory| VersionedMemory { version: memory.id.to_string(), memory });
    let new = new.enumerate().map(|(position, new)| NewItem { position, new }).collect();
    let outcomes = store.with(&context).memories().create_all(new, OnConflict::Keep, true).await;
    context.publish_changes(store).await.map_err(failed)?;
    match outcomes.map_err(failed)?.into_iter().find_map(CreateOutcome::failure) {
        Some(error) => Err(failed(error)),
        None => Ok(()),
    }
}

/// The sample memories.
///
/// # Errors
/// Names the line that is not a memory.
pub fn read_sample(tenant: &TenantId) -> Result<Vec<Memory>, StartError> {
    let mut rng = StdRng::seed_from_u64(0);
    let mut sample = Vec::new();
    for (number, line) in MEMORIES.lines().enumerate() {
        let wrong = |error: Error| StartError::new(format!("sample memory {}: {error}", number + 1));
        let fields = json::parse(line.as_bytes()).map_err(wrong)?;
        let mut fields = Fields::of_body(fields, tenant).map_err(wrong)?;
        let created_at = fields.require("createdAt", rules::time());
        let created_at = created_at.ok_or_else(|| wrong(Error::field("createdAt", "is required")))?;
        let memory = NewMemory::parse(fields, created_at).map_err(wrong)?;
        sample.push(memory.named(MemoryId::mint(created_at, &mut rng)));
    }
    Ok(sample)
}

fn failed(error: Error) -> StartError {
    StartError::new(format!("cannot prepare the sample tenant: {error}"))
}
