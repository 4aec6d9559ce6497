//! From a stream record to the removal of an expired memory.

use hb_domain::{MemoryId, TenantId};
use hb_http::stream::Record;
use hb_store::ExpiredMemory;

/// The removal that a record reports; `None` for any other change. A request that deletes a memory releases the
/// storage itself.
///
/// # Errors
/// The attribute of the memory that is missing or invalid.
pub(crate) fn of(record: &Record) -> Result<Option<ExpiredMemory>, &'static str> {
    if !record.is_ttl_removal() {
        return Ok(None);
    }
    let memory = record.old_image().ok_or("no old image")?;
    let number = |name: &str| memory[name]["N"].as_str().and_then(|digits| digits.parse().ok());
    let text = |name: &str| memory[name]["S"].as_str();
    Ok(Some(ExpiredMemory {
        event: record.id().to_owned(),
        tenant: text("tenant").and_then(TenantId::parse).ok_or("tenant")?,
        id: text("id").and_then(MemoryId::parse).ok_or("id")?,
        key: ExpiredMemory::key_of(text)?,
        write_seq: number("writeSeq").ok_or("writeSeq")?,
        bytes: number("bytes").ok_or("bytes")?,
        at: record.changed_at().ok_or("a time")?,
    }))
}

#[cfg(test)]
mod tests {
    use hb_domain::{Namespace, ScopedKey, Timestamp};
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "mem_0123456789abcdefghijkl";

    fn record(name: &str, by: &Value, image: &Value) -> Record {
        let record = json!({"eventID": "e1", "eventName": name, "eventSource": "aws:dynamodb", "eventSourceARN": "arn:aws:dynamodb:eu-west-1:1:table/Memories/stream/1", "userIdentity": by,
            "dynamodb": {"SequenceNumber": "100", "OldImage": image, "Keys": {}, "ApproximateCreationDateTime": 1_795_521_600.0}});
        serde_json::from_value(record).expect("a record")
    }

    #[test]
    fn only_what_the_table_itself_removed_is_a_removal() {
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        let image = json!({"tenant": {"S": "acme"}, "writeSeq": {"N": "7"}, "bytes": {"N": "120"}, "id": {"S": ID},
            "key": {"S": "k"}, "namespace": {"S": "a/b/"}, "userId": {"S": "maya"}});
        let tenant = TenantId::parse("acme").expect("a tenant");
        let at = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
        let id = MemoryId::parse(ID).expect("an id");
        let key = ScopedKey::new("k".into(), Namespace::parse("a/b"), Some("maya".into()), None);
        let removal =
            ExpiredMemory { event: "e1".into(), tenant, id, key: Some(key), write_seq: 7, bytes: 120, at };
        assert_eq!(of(&record("REMOVE", &ttl, &image)), Ok(Some(removal)));
        for (name, by) in [
            ("INSERT", &ttl),
            ("MODIFY", &ttl),
            ("REMOVE", &Value::Null),
            ("REMOVE", &json!({"type": "Service", "principalId": "replication.dynamodb.amazonaws.com"})),
        ] {
            assert_eq!(of(&record(name, by, &image)), Ok(None), "{name} {by}");
        }
    }

    #[test]
    fn an_invalid_image_is_an_error_that_names_the_attribute() {
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        for (image, missing) in [
            (Value::Null, "no old image"),
            (json!({"writeSeq": {"N": "7"}, "bytes": {"N": "120"}}), "tenant"),
            (json!({"tenant": {"S": "a b"}, "writeSeq": {"N": "7"}, "bytes": {"N": "120"}}), "tenant"),
            (json!({"tenant": {"S": "acme"}, "id": {"S": "mem_x"}}), "id"),
            (
                json!({"tenant": {"S": "acme"}, "id": {"S": ID}, "key": {"S": "k"}, "namespace": {"S": "a"}}),
                "namespace",
            ),
            (json!({"tenant": {"S": "acme"}, "id": {"S": ID}, "bytes": {"N": "120"}}), "writeSeq"),
            (
                json!({"tenant": {"S": "acme"}, "id": {"S": ID}, "writeSeq": {"S": "7"}, "bytes": {"N": "120"}}),
                "writeSeq",
            ),
            (
                json!({"tenant": {"S": "acme"}, "id": {"S": ID}, "writeSeq": {"N": "7"}, "bytes": {"N": "-1"}}),
                "bytes",
            ),
        ] {
            assert_eq!(of(&record("REMOVE", &ttl, &image)), Err(missing), "{image}");
        }
    }
}
