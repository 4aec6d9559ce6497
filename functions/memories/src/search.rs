//! `POST /api/v1/memories/search`

use hb_domain::search::Search;
use hb_http::{Call, Outcome, Reply};
use serde_json::{Value, json};

pub(crate) async fn search(call: Call) -> Outcome {
    call.no_query()?;
    let search = Search::parse(call.body()?, call.principal().tenant())?;
    let hits = call.memories().search(&search, call.now()).await?;
    let results: Vec<Value> = hits
        .iter()
        .map(|(memory, relevance)| {
            json!({
                "id": memory.id,
                "content": memory.content,
                "type": memory.kind,
                "relevance": relevance,
                "importance": memory.importance,
                "tags": memory.tags,
                "metadata": memory.metadata,
                "createdAt": memory.created_at,
            })
        })
        .collect();
    Reply::ok(&json!({ "results": results, "query": search.query, "latency": call.elapsed_ms() }))
}
