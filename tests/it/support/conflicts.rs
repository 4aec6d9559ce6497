//! Transaction conflicts, which the embedded database never reports: DynamoDB refuses a write to an item that is part
//! of a transaction in progress.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The key attributes of all tables.
const KEYS: [&str; 4] = ["pk", "sk", "tenant", "id"];

/// The items of transactions in progress, of all instances that share it; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Conflicts(Arc<Mutex<HashSet<String>>>);

/// A transaction in progress; its items are released when it is dropped.
#[derive(Debug)]
pub struct Underway {
    conflicts: Conflicts,
    items: Vec<String>,
}

impl Conflicts {
    /// Begins the write of `body`, if it is a write.
    ///
    /// # Errors
    /// DynamoDB's response when one of the items is part of a transaction in progress.
    pub fn begin(&self, operation: &str, body: &Value) -> Result<Option<Underway>, Value> {
        let mut taken = self.0.lock().expect("the items");
        let code = |code: &str| json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "conflict"});
        match operation {
            "TransactWriteItems" => {
                let parts = body["TransactItems"].as_array().into_iter().flatten();
                let items: Vec<String> =
                    parts.filter_map(|part| part.as_object()?.values().next().map(item)).collect();
                if items.iter().any(|item| taken.contains(item)) {
                    let reason =
                        |item: &String| if taken.contains(item) { "TransactionConflict" } else { "None" };
                    let reasons: Vec<Value> =
                        items.iter().map(|item| json!({"Code": reason(item)})).collect();
                    let mut refusal = code("TransactionCanceledException");
                    refusal["CancellationReasons"] = reasons.into();
                    return Err(refusal);
                }
                taken.extend(items.iter().cloned());
                Ok(Some(Underway { conflicts: self.clone(), items }))
            }
            "PutItem" | "UpdateItem" | "DeleteItem" if taken.contains(&item(body)) => {
                Err(code("TransactionConflictException"))
            }
            _ => Ok(None),
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut taken = self.conflicts.0.lock().expect("the items");
        taken.retain(|item| !self.items.contains(item));
    }
}

/// The item of a write or of an operation in a transaction.
fn item(write: &Value) -> String {
    let attributes = if write["Key"].is_object() { &write["Key"] } else { &write["Item"] };
    let keys: Vec<String> = KEYS.iter().map(|key| attributes[key].to_string()).collect();
    format!("{} {}", write["TableName"], keys.join(" "))
}
