//! `hb export` and `hb erase`

use std::io::{BufRead, IsTerminal, Write};

use serde_json::json;

use crate::context::{Context, tenant_id, told};
use crate::{Outcome, output};

pub(crate) async fn export(context: &Context, tenant: &str) -> Outcome {
    let id = tenant_id(tenant)?;
    let operator = context.operator(&id);
    let memories = context.store.memories(&operator);
    let total = context.store.counts(&operator).get().await.map_err(told)?.memories;
    let (mut after, mut written) = (None, 0);
    loop {
        let page = memories.export(after, context.clock.now()).await.map_err(told)?;
        written += page.lines.lines().count() as u64;
        output::print(&page.lines)?;
        if std::io::stderr().is_terminal() {
            output::progress(&format!("{written} of {total} memories"));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if std::io::stderr().is_terminal() {
        output::progress("");
    }
    Ok(())
}

pub(crate) async fn erase(context: &Context, tenant: &str, yes: bool) -> Outcome {
    let id = tenant_id(tenant)?;
    if !yes {
        confirm(id.as_str())?;
    }
    let is_watched = std::io::stderr().is_terminal();
    let removed = context
        .store
        .operator()
        .erase(&id, |table, count| {
            if is_watched {
                output::progress(&format!("{table}: {count} rows"));
            }
        })
        .await;
    if is_watched {
        output::progress("");
    }
    let removed = removed.map_err(|error| format!("{}; run it again to go on", told(error)))?;
    if context.json {
        return output::json(&json!({"tenant": id, "removed": removed}));
    }
    let rows: Vec<[String; 2]> =
        removed.iter().map(|(table, count)| [(*table).to_owned(), count.to_string()]).collect();
    output::table(["TABLE", "ROWS REMOVED"], &rows)
}

/// Asks for the tenant's id to be typed again.
fn confirm(id: &str) -> Outcome {
    let mut err = std::io::stderr();
    let asked = write!(err, "Everything of {id} will be gone for good. Type its id again: ")
        .and_then(|()| err.flush());
    asked.map_err(|error| error.to_string())?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed).map_err(|error| error.to_string())?;
    if typed.trim() == id { Ok(()) } else { Err("that is another id; nothing was removed".into()) }
}
