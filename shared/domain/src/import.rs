//! Imported memories, which may keep their ids and times.

use std::time::Duration;

use crate::fields::Fields;
use crate::memory::{Memory, NewMemory};
use crate::memory_ids::IdSuffix;
use crate::{Error, MemoryId, Result, Timestamp, rules};

/// The maximum number of lines of one import.
pub const MAX_LINES: usize = 1_000;
/// The longest line, in bytes: as long as the body of a request for one memory. Parsed, a line can take a hundred times
/// its length in memory.
const MAX_LINE: usize = 256 * 1024;
/// How far in the future the times of an imported memory may be: clocks differ.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// One line of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The memory.
    pub memory: Memory,
    /// Whether the line has an `id`. Without one, the memory gets a new id.
    pub named: bool,
}

impl Imported {
    /// Parses one line. `id` must agree with `createdAt`, since an id contains the time of creation. Without `id`, the id is
    /// made of `createdAt`, or else `now`, and `suffix`.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`], or every invalid field.
    pub fn parse(fields: Fields, now: Timestamp, suffix: IdSuffix) -> Result<Self> {
        let mut fields = fields.with_null_as_absent();
        let latest = now.plus(CLOCK_TOLERANCE);
        let id = fields.take("id", rules::memory_id());
        let created_at = fields.take("createdAt", rules::past(latest));
        let updated_at = fields.take("updatedAt", rules::past(latest));
        if let Some(id) = &id {
            if created_at.is_some_and(|created_at| created_at != id.created_at()) {
                fields.report("id", "must contain the time of createdAt; omit it to get a new id");
            } else if id.created_at() > latest {
                fields.report("id", "must not contain a time in the future");
            }
        }
        let begins = id.as_ref().map(MemoryId::created_at).or(created_at).unwrap_or(now);
        if updated_at.is_some_and(|updated_at| updated_at < begins) {
            fields.report("updatedAt", "must not be before createdAt, which defaults to now");
        }
        let new = NewMemory::parse(fields, now)?;
        let named = id.is_some();
        let id = id.unwrap_or_else(|| MemoryId::new(begins, suffix));
        let mut memory = new.named(id);
        if let Some(updated_at) = updated_at {
            memory.updated_at = updated_at;
        }
        Ok(Self { memory, named })
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for Imported {
    fn name() -> &'static str {
        "ImportedMemory"
    }

    fn record(recorder: &crate::describe::Recorder) {
        let suffix = IdSuffix::default();
        let _ = Self::parse(recorder.line(), recorder.now(), suffix);
    }
}

/// Refuses an import that has too many lines.
///
/// # Errors
/// [`Error::Malformed`], with the limit.
pub fn check_lines(lines: usize) -> Result<()> {
    if lines <= MAX_LINES {
        return Ok(());
    }
    Err(Error::Malformed(format!("The body has {lines} lines; one import accepts at most {MAX_LINES}")))
}

/// Refuses a line that is too long.
///
/// # Errors
/// [`Error::Malformed`], with the limit.
pub fn check_line(line: &[u8]) -> Result<()> {
    if line.len() <= MAX_LINE {
        return Ok(());
    }
    Err(Error::Malformed(format!("The line has {} bytes; a line may have at most {MAX_LINE}", line.len())))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use serde_json::{Value, json};

    use super::*;
    use crate::TenantId;
    use crate::memory_ids::MemoryIds;

    const NOW: &str = "2026-11-24T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    fn parse(extra: Value) -> Result<Imported> {
        let mut line = json!({"content": "tea", "type": "semantic"});
        line.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        let tenant = TenantId::parse("acme").expect("a tenant");
        let suffix = MemoryIds::default().next_suffix(&mut StdRng::seed_from_u64(1));
        Imported::parse(Fields::of_body(line, &tenant)?, at(NOW), suffix)
    }

    fn id_of(time: &str) -> MemoryId {
        MemoryId::mint(at(time), &mut StdRng::seed_from_u64(2))
    }

    fn faults(extra: Value) -> Vec<String> {
        match parse(extra) {
            Err(Error::Validation(fields)) => fields.into_iter().map(|fault| fault.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_memory_keeps_its_id_and_its_times() {
        let id = id_of("2020-02-29T08:00:00.123Z");
        let line =
            json!({"id": id, "createdAt": "2020-02-29T08:00:00.123Z", "updatedAt": "2021-01-01T00:00:00Z"});
        let imported = parse(line).expect("a line");
        assert_eq!((&imported.memory.id, imported.named), (&id, true));
        assert_eq!(imported.memory.created_at, at("2020-02-29T08:00:00.123Z"));
        assert_eq!(imported.memory.updated_at, at("2021-01-01T00:00:00Z"));
    }

    #[test]
    fn what_a_line_leaves_out_is_made_up() {
        let dated = parse(json!({"createdAt": "2020-01-01T00:00:00Z"})).expect("a line");
        assert_eq!((dated.memory.id.created_at(), dated.named), (at("2020-01-01T00:00:00Z"), false));
        assert_eq!(dated.memory.updated_at, at("2020-01-01T00:00:00Z"));
        let bare = parse(json!({})).expect("a line");
        assert_eq!(bare.memory.created_at, at(NOW));
        let named = parse(json!({"id": id_of("2020-01-01T00:00:00Z")})).expect("a line");
        assert_eq!(named.memory.created_at, at("2020-01-01T00:00:00Z"));
    }

    #[test]
    fn times_that_contradict_each_other_or_lie_ahead_are_refused_by_name() {
        let id = id_of("2020-01-01T00:00:00Z");
        assert_eq!(faults(json!({"id": id, "createdAt": "2020-01-01T00:00:00.001Z"})), ["id"]);
        assert_eq!(faults(json!({"id": "key_abc123def456"})), ["id"]);
        assert_eq!(faults(json!({"id": id_of("2027-01-01T00:00:00Z")})), ["id"]);
        assert_eq!(faults(json!({"createdAt": "2027-01-01T00:00:00Z"})), ["createdAt"]);
        assert_eq!(faults(json!({"id": id, "updatedAt": "2019-12-31T23:59:59Z"})), ["updatedAt"]);
        let undated = json!({"updatedAt": "2026-11-24T11:59:59Z"});
        assert_eq!(faults(undated), ["updatedAt"], "it would have been changed before it began");
        assert_eq!(faults(json!({"id": 7, "createdAt": true, "tags": "a"})), ["id", "createdAt", "tags"]);
        assert!(parse(json!({"createdAt": "2026-11-24T12:00:59Z"})).is_ok(), "a clock may be a little ahead");
    }
}
