//! Reading a stream without a consumer.

use dynoxide::Database;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::{decode_shard_iterator, encode_shard_iterator};
use dynoxide::streams::shard_id;
use hb_store::Table;
use serde_json::{Value, json};

use super::failed;
use crate::StartError;

/// The records of the stream of a table after a position, as a consumer gets them, and the position after them; at most
/// 1,000. A stream begins at position 0.
///
/// # Errors
/// The database's.
pub fn records_after(
    database: &Database,
    table: Table,
    position: i64,
) -> Result<(Vec<Value>, i64), StartError> {
    let table = table.definition().resource;
    let shard_iterator = encode_shard_iterator(table, &shard_id(table), position);
    let read = database.get_records(GetRecordsRequest { shard_iterator, limit: None }).map_err(failed)?;
    let source = format!("arn:aws:dynamodb:local:0:table/{table}/stream/local");
    let record = |record| {
        let mut record = serde_json::to_value(record).map_err(failed)?;
        record["eventSourceARN"] = json!(source);
        Ok(record)
    };
    let next = read.next_shard_iterator.as_deref().and_then(decode_shard_iterator);
    let (_, _, end) = next.ok_or_else(|| failed("a position is missing"))?;
    Ok((read.records.iter().map(record).collect::<Result<_, StartError>>()?, end))
}
