//! The invariant of keys, by the stored items: every visible memory with a key has the row of it, and no two of them have the
//! same key in the same scope.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_tests::{World, stored};

const SCOPE: [&str; 4] = ["key", "namespace", "userId", "agentId"];

/// The rows of a tenant: the id of the memory by the digest of the key.
pub(super) async fn rows(world: &World, tenant: &str) -> BTreeMap<String, String> {
    let query = Client::from_conf(world.aws.dynamodb()).query().table_name("MemoryKeys");
    let query = query.key_condition_expression("tenant = :tenant").consistent_read(true);
    let query = query.expression_attribute_values(":tenant", AttributeValue::S(tenant.to_owned()));
    let items = query.send().await.expect("the database").items.unwrap_or_default();
    let text = |value: &AttributeValue| value.as_s().expect("a text").clone();
    items.iter().map(|item| (text(&item["digest"]), text(&item["memory"]))).collect()
}

/// Checks the invariant, and that every row belongs to a memory.
pub(super) async fn check(world: &World, tenant: &str) {
    let (items, rows) = (stored::items(&world.aws, tenant).await, rows(world, tenant).await);
    let keyed: BTreeSet<&String> =
        items.iter().filter(|(_, item)| item.contains_key("key")).map(|(id, _)| id).collect();
    let scopes: BTreeSet<_> = keyed
        .iter()
        .map(|id| SCOPE.map(|name| items[*id].get(name).map(|value| format!("{value:?}"))))
        .collect();
    assert_eq!(scopes.len(), keyed.len(), "two memories with the same key: {items:?}");
    assert_eq!(rows.values().collect::<BTreeSet<_>>(), keyed, "{rows:?}");
    assert_eq!(rows.len(), keyed.len(), "{rows:?}");
}
