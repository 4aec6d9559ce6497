//! `POST /api/v1/memories/import`

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::fields::Fields;
use hb_domain::import::{self, Imported};
use hb_domain::{Error, MemoryId, json};
use hb_http::{Call, CreateOutcome, HandlerResult, Reply, VersionedMemory, item_errors};
use serde_json::{Value, json};

/// How long lines are begun: the gateway waits for 30 s, and what has begun needs time to end.
const TIME: Duration = Duration::from_secs(20);
/// How many lines are read and written at a time; all that is held besides the body.
const PART: usize = 100;

/// What became of one line.
enum Line {
    Imported(MemoryId),
    Existing(MemoryId),
    Failed(Error),
}

pub(crate) async fn import(mut call: Call) -> HandlerResult {
    call.no_query()?;
    let body = call.take_body();
    let lines = body.lines()?;
    import::check_lines(lines.len())?;
    let mut results = Vec::with_capacity(lines.len());
    let mut lines = lines.into_iter();
    // A line that was read and begins the next part.
    let mut first = None;
    loop {
        // A part ends before an id that it has already: which of the two is first is the file's to say.
        let (mut part, mut ids) = (Vec::new(), BTreeSet::new());
        let is_late = call.worked_for() >= TIME;
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
        results.extend(keep(&call, part).await);
    }
    let late = || Line::Failed(Error::Unavailable("the import ran out of time".into()));
    results.extend(first.map(|(number, _)| (number, late())));
    results.extend(lines.map(|(number, _)| (number, late())));
    answer(&results)
}

/// A line that was read, and the name of its memory's first version.
struct New {
    imported: Imported,
    version: String,
}

/// Reads a line. One that is refused uses up its id and its version all the same: a request that is resumed gives the
/// others theirs.
fn parse(call: &mut Call, line: &[u8]) -> Result<New, Error> {
    let (suffix, version) = (call.new_id_suffix(), call.new_version());
    import::check_line(line)?;
    let fields = json::parse_line(line).and_then(Fields::of_item)?;
    let imported = Imported::parse(fields, call.principal().tenant(), call.effective_at(), suffix)?;
    Ok(New { imported, version })
}

/// Keeps the memories of a part.
async fn keep(call: &Call, part: Vec<(usize, Result<New, Error>)>) -> Vec<(usize, Line)> {
    let (mut results, mut new, mut numbers) = (Vec::with_capacity(part.len()), Vec::new(), Vec::new());
    let mut foreign = false;
    for (number, parsed) in part {
        match parsed {
            Ok(New { imported: Imported { memory, named }, version }) => {
                foreign |= named;
                numbers.push((number, memory.id.clone()));
                new.push(VersionedMemory { memory, version });
            }
            Err(error) => results.push((number, Line::Failed(error))),
        }
    }
    let outcomes = call.memories().create_all(new, foreign).await;
    match outcomes {
        Ok(outcomes) => results.extend(numbers.into_iter().zip(outcomes).map(|((number, id), outcomes)| {
            let line = match outcomes {
                CreateOutcome::Created => Line::Imported(id),
                CreateOutcome::AlreadyExisted => Line::Existing(id),
                CreateOutcome::Failed(error) => Line::Failed(error),
            };
            (number, line)
        })),
        Err(error) => {
            results.extend(numbers.into_iter().map(|(number, _)| (number, Line::Failed(error.clone()))))
        }
    }
    results.sort_by_key(|(number, _)| *number);
    results
}

fn answer(results: &[(usize, Line)]) -> HandlerResult {
    let (mut imported, mut existing, mut failed, mut unfinished) = (0, 0, 0, false);
    let results: Vec<Value> = results
        .iter()
        .map(|(number, line)| match line {
            Line::Imported(id) => {
                imported += 1;
                json!({"line": number, "id": id})
            }
            Line::Existing(id) => {
                existing += 1;
                json!({"line": number, "id": id, "exists": true})
            }
            Line::Failed(error) => {
                failed += 1;
                unfinished |= matches!(error, Error::Unavailable(_));
                json!({"line": number, "errors": item_errors(error)})
            }
        })
        .collect();
    let reply = Reply::ok(
        &json!({"imported": imported, "existing": existing, "failed": failed, "results": results}),
    )?;
    Ok(if unfinished { reply.unfinished() } else { reply })
}
