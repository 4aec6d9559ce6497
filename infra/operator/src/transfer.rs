//! `hb export` and `hb erase`: write out and delete the data of a tenant.

use std::io::{BufRead, Write};

use hb_domain::listing::Filter;
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
        let page = memories.export(after, &Filter::default()).await.map_err(describe_error)?;
        bar.suspend(|| output::json_lines(&page.lines))?;
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
    // Only memories are counted; they are nearly all of a tenant's items.
    let total =
        context.store.with(&context.of_tenant(&id)).storage().get().await.map_err(describe_error)?.memories;
    let bar = output::progress(total, "items");
    let removed = context
        .store
        .operator()
        .erase(&id, |table, count| {
            bar.set_message(format!("items of {table}"));
            bar.set_position(count);
            bar.set_length(total.max(count));
        })
        .await;
    bar.finish_and_clear();
    let removed =
        removed.map_err(|error| format!("{}; run the command again to resume", describe_error(error)))?;
    if context.json {
        return output::json(&json!({"tenant": id, "removed": removed}));
    }
    let rows: Vec<[String; 2]> =
        removed.iter().map(|(table, count)| [(*table).to_owned(), count.to_string()]).collect();
    output::table(["TABLE", "ITEMS DELETED"], &rows)
}

/// Asks the user to type the tenant's id again.
fn confirm(id: &str) -> Outcome {
    let mut err = std::io::stderr();
    let asked = write!(err, "All data of {id} will be deleted permanently. Type the id to confirm: ")
        .and_then(|()| err.flush());
    asked.map_err(|error| error.to_string())?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed).map_err(|error| error.to_string())?;
    if typed.trim() == id { Ok(()) } else { Err("the id does not match; nothing was deleted".into()) }
}
