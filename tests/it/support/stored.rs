//! The stored items of memories, which tests compare and change behind the service's back.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_store::aws::Aws;

/// The items of a tenant's memories, by their ids.
pub type Items = BTreeMap<String, HashMap<String, AttributeValue>>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// All memories of a tenant.
pub async fn items(aws: &Aws, tenant: &str) -> Items {
    let client = Client::from_conf(aws.dynamodb());
    let (mut items, mut from) = (Items::new(), None);
    loop {
        let query = client.query().table_name("Memories").key_condition_expression("tenant = :tenant");
        let query = query.expression_attribute_values(":tenant", text(tenant)).consistent_read(true);
        let page = query.set_exclusive_start_key(from).send().await.expect("the database");
        for item in page.items.unwrap_or_default() {
            items.insert(item["id"].as_s().expect("an id").clone(), item);
        }
        from = page.last_evaluated_key;
        if from.is_none() {
            return items;
        }
    }
}

/// The search document of an item.
pub fn document(item: &HashMap<String, AttributeValue>) -> Vec<u8> {
    item["searchDoc"].as_b().expect("bytes").as_ref().to_vec()
}

/// Gives a memory this search document, as another version of the service would write it.
pub async fn put_document(aws: &Aws, tenant: &str, id: &str, document: &[u8]) {
    let update = Client::from_conf(aws.dynamodb()).update_item().table_name("Memories");
    let update = update.key("tenant", text(tenant)).key("id", text(id));
    let update =
        update.update_expression("SET searchDoc = :document").condition_expression("attribute_exists(id)");
    let document = AttributeValue::B(Blob::new(document));
    update.expression_attribute_values(":document", document).send().await.expect("the database");
}
