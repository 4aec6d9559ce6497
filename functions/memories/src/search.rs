//! `POST /api/v1/memories/search`

use hb_domain::Memory;
use hb_domain::search::Search;
use hb_http::{Call, Hit, Outcome, Reply};
use serde_json::{Value, json};

pub(crate) async fn search(call: Call) -> Outcome {
    call.no_query()?;
    let search = Search::parse(call.body()?, call.principal().tenant())?;
    let found = call.memories().search(&search, call.search_version(), call.now()).await?;
    let results: Vec<Value> =
        found.hits.iter().map(|(memory, hit)| result(memory, hit, search.explain)).collect();
    let mut data = json!({ "results": results, "query": search.query, "latency": call.elapsed_ms() });
    if let Some(searched) = found.searched {
        // Nothing is said where everything was searched, as nearly always.
        data["partial"] = json!({ "searched": searched });
    }
    Reply::ok(&data)
}

fn result(memory: &Memory, hit: &Hit, explain: bool) -> Value {
    let mut result = json!({
        "id": memory.id,
        "content": memory.content,
        "type": memory.kind,
        "relevance": hit.relevance,
        "importance": memory.importance,
        "tags": memory.tags,
        "metadata": memory.metadata,
        "createdAt": memory.created_at,
    });
    if explain {
        let parts = &hit.explanation;
        result["explanation"] = json!({
            "score": parts.score,
            "words": parts.words,
            "meaning": parts.meaning,
            "session": parts.session,
            "importance": parts.importance,
            "terms": parts.terms,
        });
    }
    result
}
