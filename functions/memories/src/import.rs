//! `POST /api/v1/memories/import`

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::fields::Fields;
use hb_domain::import::{self, Imported};
use hb_domain::memory_key::{ConflictQuery, OnConflict};
use hb_domain::{Error, MemoryId, json};
use hb_http::{
    Call, CreateOutcome, ErrorDetail, HandlerResult, NewItem, Reply, VersionedMemory, item_errors,
};
use serde::Serialize;

/// How long new parts are started: the gateway waits for 30 s, and the last part needs time to complete.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// The number of lines that are parsed and written at a time, which bounds the memory used besides the body.
const PART: usize = 100;

/// The outcome of one line.
enum Line {
    Imported(MemoryId),
    Existing(MemoryId),
    Replaced(MemoryId),
    Failed(Error),
}

pub(crate) async fn import(mut call: Call) -> HandlerResult {
    let on_conflict = ConflictQuery::parse(call.query())?.on_conflict.unwrap_or(OnConflict::Keep);
    let body = call.take_body();
    let lines = body.lines()?;
    import::check_lines(lines.len())?;
    let mut results = Vec::with_capacity(lines.len());
    let mut lines = lines.into_iter();
    // A line that was parsed and belongs to the next part.
    let mut first = None;
    loop {
        // A part ends before an id that it contains already: of two lines with one id the first is imported.
        let (mut part, mut ids) = (Vec::new(), BTreeSet::new());
        let is_late = call.worked_for() >= TIME_LIMIT;
        while part.len() < PART
            && !is_late
            && let Some((number, parsed)) =
                first.take().or_else(|| lines.next().map(|(number, line)| (number, parse(&mut call, line))))
        {
            if let Ok(new) = &parsed
                && !ids.insert(new.imported.memory.id.clone())
            {
                first = Some((number, parsed));
                break;
            }
            part.push((number, parsed));
        }
        if part.is_empty() {
            break;
        }
        results.extend(create(&call, part, on_conflict).await);
    }
    let late = || Line::Failed(Error::Unavailable("the import ran out of time".into()));
    results.extend(first.map(|(number, _)| (number, late())));
    results.extend(lines.map(|(number, _)| (number, late())));
    respond(results)
}

/// A parsed line, and the version of the new memory.
struct New {
    imported: Imported,
    version: String,
}

/// Parses a line. A line that is refused uses an id and a version, too: a resumed request gives the other lines the same
/// again.
fn parse(call: &mut Call, line: &[u8]) -> Result<New, Error> {
    let (suffix, version) = (call.new_id_suffix(), call.new_version());
    import::check_line(line)?;
    let fields = Fields::of_item(json::parse_line(line)?, call.principal().tenant())?;
    let imported = Imported::parse(fields, call.effective_at(), suffix)?;
    Ok(New { imported, version })
}

/// Creates the memories of a part.
async fn create(
    call: &Call,
    part: Vec<(usize, Result<New, Error>)>,
    on_conflict: OnConflict,
) -> Vec<(usize, Line)> {
    let (mut results, mut new, mut numbers) = (Vec::with_capacity(part.len()), Vec::new(), Vec::new());
    let mut foreign = false;
    for (number, parsed) in part {
        match parsed {
            Ok(New { imported: Imported { memory, named }, version }) => {
                foreign |= named;
                numbers.push((number, memory.id.clone(), named));
                new.push(NewItem { position: number, new: VersionedMemory { memory, version } });
            }
            Err(error) => results.push((number, Line::Failed(error))),
        }
    }
    let outcomes = call.memories().create_all(new, on_conflict, foreign).await;
    match outcomes {
        Ok(outcomes) => {
            results.extend(numbers.into_iter().zip(outcomes).map(|((number, id, named), outcomes)| {
                let line = match outcomes {
                    CreateOutcome::Created => Line::Imported(id),
                    // A new id has 67 random bits: an earlier attempt of this request has created the memory.
                    CreateOutcome::Existed(existing) if existing == id && !named => Line::Imported(id),
                    CreateOutcome::Existed(id) => Line::Existing(id),
                    CreateOutcome::Replaced(id) => Line::Replaced(id),
                    CreateOutcome::Failed(error) => Line::Failed(error),
                };
                (number, line)
            }))
        }
        Err(error) => {
            results.extend(numbers.into_iter().map(|(number, ..)| (number, Line::Failed(error.clone()))))
        }
    }
    results.sort_by_key(|(number, _)| *number);
    results
}

/// What became of each line of an import.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ImportedMemories"))]
pub(crate) struct ImportResponse {
    /// How many lines name a memory that exists, or a key that another one holds, which was kept.
    existing: usize,
    /// How many lines were not imported.
    failed: usize,
    /// How many lines became new memories.
    imported: usize,
    /// How many lines have replaced the memory that held their key.
    replaced: usize,
    /// One result for each line that is not empty, in their order.
    results: Vec<LineView>,
}

/// The result of one line.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ImportResult"))]
#[serde(untagged)]
enum LineView {
    /// The line was not imported.
    Failed {
        /// What is wrong with it.
        errors: Vec<ErrorDetail>,
        /// Its number, from 1.
        line: usize,
    },
    /// There is a memory of this id or key, which was kept.
    Existing {
        /// Always `true`.
        exists: bool,
        /// The id of the memory that is there.
        id: MemoryId,
        /// The number of the line, from 1.
        line: usize,
    },
    /// The line has replaced the memory that held its key.
    Replaced {
        /// The id of the memory, which is that of the one before.
        id: MemoryId,
        /// The number of the line, from 1.
        line: usize,
        /// Always `true`.
        replaced: bool,
    },
    /// The line has become a memory.
    Imported {
        /// The id of the memory.
        id: MemoryId,
        /// The number of the line, from 1.
        line: usize,
    },
}

fn respond(outcomes: Vec<(usize, Line)>) -> HandlerResult {
    let (mut imported, mut existing, mut replaced, mut failed, mut unfinished) = (0, 0, 0, 0, false);
    let view = |(line, outcome)| match outcome {
        Line::Imported(id) => {
            imported += 1;
            LineView::Imported { id, line }
        }
        Line::Existing(id) => {
            existing += 1;
            LineView::Existing { exists: true, id, line }
        }
        Line::Replaced(id) => {
            replaced += 1;
            LineView::Replaced { id, line, replaced: true }
        }
        Line::Failed(error) => {
            failed += 1;
            unfinished |= matches!(error, Error::Unavailable(_));
            LineView::Failed { errors: item_errors(&error), line }
        }
    };
    let results = outcomes.into_iter().map(view).collect();
    let reply = Reply::ok(&ImportResponse { existing, failed, imported, replaced, results })?;
    Ok(if unfinished { reply.unfinished() } else { reply })
}
