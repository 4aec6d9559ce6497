//! `POST /api/v1/memories/import`

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::fields::Fields;
use hb_domain::import::{self, Imported};
use hb_domain::{Error, MemoryId, json};
use hb_http::{Call, Landed, NewRecord, Outcome, Reply, item_errors};
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

pub(crate) async fn import(mut call: Call) -> Outcome {
    call.no_query()?;
    let body = call.take_body();
    let lines = body.lines()?;
    import::check_lines(lines.len())?;
    let mut results = Vec::with_capacity(lines.len());
    let mut lines = lines.into_iter().peekable();
    while lines.peek().is_some() {
        if call.worked_for() >= TIME {
            let late = || Line::Failed(Error::Unavailable("the import ran out of time".into()));
            results.extend(lines.map(|(number, _)| (number, late())));
            break;
        }
        // A part ends before an id that it has already: which of the two is first is the file's to say.
        let (mut part, mut ids) = (Vec::new(), BTreeSet::new());
        while part.len() < PART
            && let Some((number, line)) = lines.peek()
        {
            let parsed = parse(&mut call, line);
            if let Ok(imported) = &parsed
                && !ids.insert(imported.memory.id.clone())
            {
                break;
            }
            part.push((*number, parsed));
            lines.next();
        }
        results.extend(keep(&mut call, part).await);
    }
    answer(&results)
}

fn parse(call: &mut Call, line: &[u8]) -> Result<Imported, Error> {
    import::check_line(line)?;
    let fields = json::parse_line(line).and_then(Fields::of_item)?;
    let (tenant, now) = (call.principal().tenant().clone(), call.now());
    Imported::parse(fields, &tenant, now, call.rng())
}

/// Keeps the memories of a part.
async fn keep(call: &mut Call, part: Vec<(usize, Result<Imported, Error>)>) -> Vec<(usize, Line)> {
    let (mut results, mut new, mut numbers) = (Vec::with_capacity(part.len()), Vec::new(), Vec::new());
    let mut foreign = false;
    for (number, parsed) in part {
        match parsed {
            Ok(Imported { memory, named }) => {
                foreign |= named;
                numbers.push((number, memory.id.clone()));
                new.push(NewRecord { memory, version: call.new_version() });
            }
            Err(error) => results.push((number, Line::Failed(error))),
        }
    }
    let landed = call.memories().create_all(new, foreign, call.allowance().memories, call.now()).await;
    match landed {
        Ok(landed) => results.extend(numbers.into_iter().zip(landed).map(|((number, id), landed)| {
            let line = match landed {
                Landed::Created => Line::Imported(id),
                Landed::Existed => Line::Existing(id),
                Landed::Failed(error) => Line::Failed(error),
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

fn answer(results: &[(usize, Line)]) -> Outcome {
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
