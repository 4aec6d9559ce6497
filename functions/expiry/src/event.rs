//! What DynamoDB Streams delivers, as far as upkeep needs it.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>

use hb_domain::{TenantId, Timestamp};
use hb_store::ExpiredMemory;
use serde::Deserialize;
use serde_json::Value;

/// Who removes items whose time is over.
const TTL: (&str, &str) = ("Service", "dynamodb.amazonaws.com");

/// One delivery.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// The events, in their order.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One change of one memory.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    #[serde(rename = "eventID")]
    id: String,
    #[serde(rename = "eventName")]
    name: String,
    #[serde(rename = "userIdentity")]
    by: Option<Identity>,
    dynamodb: Change,
}

#[derive(Clone, Debug, Deserialize)]
struct Identity {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "principalId")]
    principal: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Change {
    #[serde(rename = "SequenceNumber")]
    sequence_number: String,
    #[serde(rename = "OldImage")]
    before: Option<Value>,
    #[serde(rename = "ApproximateCreationDateTime")]
    at: f64,
}

impl Record {
    /// The event's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the event stands in its shard.
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// The removal that it tells of; `None` when it is another change, or a removal by a request, which has
    /// given the place back itself.
    ///
    /// # Errors
    /// Names the attribute of the memory that is missing or not what it should be.
    pub fn removal(&self) -> Result<Option<ExpiredMemory>, &'static str> {
        let by_ttl = self.by.as_ref().is_some_and(|by| (by.kind.as_str(), by.principal.as_str()) == TTL);
        if self.name != "REMOVE" || !by_ttl {
            return Ok(None);
        }
        let before = self.dynamodb.before.as_ref().ok_or("no old image")?;
        let number = |name: &str| before[name]["N"].as_str().and_then(|digits| digits.parse().ok());
        let tenant = before["tenant"]["S"].as_str().and_then(TenantId::parse).ok_or("tenant")?;
        let (write_seq, bytes) = (number("writeSeq").ok_or("writeSeq")?, number("bytes").ok_or("bytes")?);
        let at = Timestamp::from_number(self.dynamodb.at).ok_or("a time")?;
        Ok(Some(ExpiredMemory { event: self.id.clone(), tenant, write_seq, bytes, at }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &str, by: &Value, image: &Value) -> Record {
        let record = json!({"eventID": "e1", "eventName": name, "eventSource": "aws:dynamodb", "userIdentity": by,
            "dynamodb": {"SequenceNumber": "100", "OldImage": image, "Keys": {}, "ApproximateCreationDateTime": 1795521600.0}});
        serde_json::from_value(record).expect("a record")
    }

    #[test]
    fn only_what_the_table_itself_removed_is_a_removal() {
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        let image = json!({"tenant": {"S": "acme"}, "writeSeq": {"N": "7"}, "bytes": {"N": "120"}, "id": {"S": "mem_x"}});
        let tenant = TenantId::parse("acme").expect("a tenant");
        let at = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
        let removal = ExpiredMemory { event: "e1".into(), tenant, write_seq: 7, bytes: 120, at };
        assert_eq!(record("REMOVE", &ttl, &image).removal(), Ok(Some(removal)));
        for (name, by) in [
            ("INSERT", &ttl),
            ("MODIFY", &ttl),
            ("REMOVE", &Value::Null),
            ("REMOVE", &json!({"type": "Service", "principalId": "replication.dynamodb.amazonaws.com"})),
        ] {
            assert_eq!(record(name, by, &image).removal(), Ok(None), "{name} {by}");
        }
    }

    #[test]
    fn an_image_that_lacks_something_is_named_not_believed() {
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        for (image, missing) in [
            (Value::Null, "no old image"),
            (json!({"writeSeq": {"N": "7"}, "bytes": {"N": "120"}}), "tenant"),
            (json!({"tenant": {"S": "a b"}, "writeSeq": {"N": "7"}, "bytes": {"N": "120"}}), "tenant"),
            (json!({"tenant": {"S": "acme"}, "bytes": {"N": "120"}}), "writeSeq"),
            (json!({"tenant": {"S": "acme"}, "writeSeq": {"S": "7"}, "bytes": {"N": "120"}}), "writeSeq"),
            (json!({"tenant": {"S": "acme"}, "writeSeq": {"N": "7"}, "bytes": {"N": "-1"}}), "bytes"),
        ] {
            assert_eq!(record("REMOVE", &ttl, &image).removal(), Err(missing), "{image}");
        }
    }
}
