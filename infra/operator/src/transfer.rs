//! `hb export` and `hb erase`

use std::io::{BufRead, Write};

use serde_json::json;

use crate::context::{Context, describe_error, tenant_id};
use crate::{Outcome, output};

pub(crate) async fn export(context: &Context, tenant: &str) -> Outcome {
    let id = tenant_id(tenant)?;
    let of_tenant = context.of_tenant(&id);
    let tenant_store = context.store.with(&of_tenant);
    let memories = tenant_store.memories();
    let total = tenant_store.storage().get().await.map_err(describe_error)?.memories;
    let (mut after, bar) = (None, output::progress(total, "memories"));
    loop {
        let page = memories.export(after).await.map_err(describe_error)?;
        bar.suspend(|| output::print(&page.lines))?;
        bar.inc(page.lines.lines().count() as u64);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

pub(crate) async fn erase(context: &Context, tenant: &str, yes: bool) -> Outcome {
    let id = tenant_id(tenant)?;
    if !yes {
        confirm(id.as_str())?;
    }
    // Memories are nearly all there is, and the only ones that are counted.
    let total =
        context.store.with(&context.of_tenant(&id)).storage().get().await.map_err(describe_error)?.memories;
    let bar = output::progress(total, "rows");
    let removed = context
        .store
        .operator()
        .erase(&id, |table, count| {
            bar.set_message(format!("rows of {table}"));
            bar.set_position(count);
            bar.set_length(total.max(count));
        })
        .await;
    bar.finish_and_clear();
    let removed = removed.map_err(|error| format!("{}; run it again to go on", describe_error(error)))?;
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
