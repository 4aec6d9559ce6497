//! The largest successful requests of each route.

use hb_http::Route;
use http::Method;
use serde_json::{Value, json};

use super::input::Input;
use super::seeded::{self, Seeded};

pub(super) fn of(route: &Route, seeded: &Seeded) -> Vec<Input> {
    let new = |status, name: &str| Input::new(route, seeded, status, name);
    let memory = seeded::memory();
    match (route.method.as_str(), route.path) {
        ("GET", "/api/v1/memories") => {
            let queries = [
                "sort=createdAt",
                "sort=updatedAt",
                "sort=importance",
                "userId=new",
                "userId=old",
                "type=task",
                "namespacePrefix=seeded",
                "namespacePrefix=seeded&sort=updatedAt",
            ];
            let methods = [Method::GET, Method::HEAD];
            let all = methods.into_iter().flat_map(|method| queries.map(|query| (method.clone(), query)));
            all.map(|(method, query)| {
                new(200, &format!("100 of {query}")).method(method).query(format!("limit=100&{query}"))
            })
            .collect()
        }
        ("GET", "/api/v1/events") => {
            ["limit=100", "limit=100&types=memory.created", "limit=100&types=memory.updated"]
                .map(|query| new(200, query).query(query))
                .into()
        }
        ("GET", "/api/v1/memories/export") => vec![new(200, "a page")],
        ("GET", "/api/v1/memories/{id}") => {
            vec![
                new(200, "the largest"),
                new(200, "the densest").path(format!("/api/v1/memories/{}", seeded.old[0])),
            ]
        }
        ("POST", "/api/v1/memories") => {
            vec![new(201, "the largest"), new(201, "the largest, once").header("idempotency-key", "created")]
                .into_iter()
                .map(|input| input.body(&memory))
                .collect()
        }
        ("PUT", "/api/v1/memories/by-key") => vec![
            new(201, "the largest"),
            new(200, "the largest, again"),
            new(200, "the largest, once").header("idempotency-key", "put"),
        ]
        .into_iter()
        .map(|input| {
            let mut memory = memory.clone();
            let scope = ["namespace", "userId", "agentId"];
            memory.as_object_mut().expect("an object").retain(|name, _| !scope.contains(&name.as_str()));
            input.query("key=largest").body(&memory)
        })
        .collect(),
        ("POST", "/api/v1/memories/search") => {
            let words: Vec<String> = (0..1_600).map(|number| format!("w{number:x}")).collect();
            let wide = format!("tea {}", words.join(" "));
            let filter = json!({"m": seeded::metadata()["m"]});
            [
                json!({"query": "tea"}),
                json!({"query": "tea", "userId": "new", "explain": true, "limit": 100}),
                json!({"query": "tea", "userId": "old", "explain": true, "limit": 100}),
                json!({"query": wide, "explain": true, "limit": 100}),
                json!({"query": "tea", "limit": 100, "metadata": filter}),
                json!({"query": "tea", "limit": 100, "filter": {"metadata.m": {"exists": true}}}),
                json!({"filter": {"userId": {"eq": "old"}}, "limit": 100}),
                json!({"query": format!("tea {}", "\u{1}".repeat(9_996)), "limit": 100}),
            ]
            .into_iter()
            .map(|body| new(200, &format!("{:.60}", body.to_string())).body(body))
            .collect()
        }
        ("POST", "/api/v1/memories/query") => {
            let part = "x".repeat(2_000);
            let many: Vec<Value> =
                (0..100).map(|n| json!({"metadata.m": {"contains": format!("{part}{n}")}})).collect();
            [
                json!({"limit": 100}),
                json!({"filter": {"userId": {"eq": "new"}}, "limit": 100, "sort": "importance"}),
                json!({"filter": {"userId": {"eq": "old"}}, "limit": 100, "sort": "updatedAt"}),
                json!({"filter": {"or": many}}),
            ]
            .into_iter()
            .map(|body| new(200, &format!("{:.60}", body.to_string())).body(body))
            .collect()
        }
        ("PATCH", "/api/v1/webhooks/{id}") => {
            vec![new(200, "the largest").body(seeded::webhook("z")).header("idempotency-key", "w")]
        }
        ("PATCH", _) => {
            let old = format!("/api/v1/memories/{}", seeded.old[1]);
            let mut patch = memory.clone();
            patch["content"] = json!(format!("coffee {}", "\u{1}".repeat(9_990)));
            let emptied = json!({"metadata": {"m": null, "n": seeded::metadata()["m"]}});
            vec![
                new(200, "all of the largest, once").body(&patch).header("idempotency-key", "patched"),
                new(200, "the densest's content").path(&old).body(json!({"content": "tea"})),
                new(200, "the densest's metadata")
                    .path(&old)
                    .body(emptied)
                    .header("idempotency-key", "emptied"),
            ]
        }
        ("POST", "/api/v1/memories/bulk") => {
            let small = json!({"content": "x".repeat(6_800), "type": "task", "metadata": {"m": seeded::metadata()["m"]}});
            let many: Vec<&Value> = vec![&small; 100];
            let body = json!({"memories": many});
            vec![
                new(200, "100 dense ones").body(&body),
                new(200, "100 dense ones, once").body(&body).header("idempotency-key", "many"),
                new(200, "as many of the largest as fit").body(json!({"memories": vec![&memory; 10]})),
            ]
        }
        ("POST", "/api/v1/memories/bulk-delete") => {
            let ids: Vec<&String> = seeded.memories.iter().take(100).collect();
            vec![
                new(200, "100 ids").body(json!({"ids": vec!["x".repeat(128); 100]})),
                new(200, "100 memories").body(json!({"ids": ids})),
                new(200, "an erasure by a filter").body(json!({"filter": {"metadata.m": {"eq": "none"}}})),
                new(200, "an erasure").body(json!({"filter": {"userId": "old"}})),
            ]
        }
        ("POST", "/api/v1/memories/bulk-update") => {
            let metadata = json!({"m": seeded::metadata()["m"]});
            let small =
                json!({"content": "x".repeat(6_800), "metadata": metadata, "metadataMode": "replace"});
            let ids = seeded.memories.iter().cycle().take(100);
            let items: Vec<Value> = ids.map(|id| json!({"id": id, "patch": small})).collect();
            let body = json!({"items": items});
            vec![
                new(200, "100 dense ones").body(&body),
                new(200, "100 dense ones, once").body(&body).header("idempotency-key", "updates"),
            ]
        }
        ("POST", "/api/v1/memories/batch-get") => {
            let ids: Vec<&String> = seeded.memories.iter().chain(&seeded.old).take(100).collect();
            vec![
                new(200, "100 ids").body(json!({"ids": vec!["x".repeat(128); 100]})),
                new(200, "100 memories").body(json!({"ids": ids})),
                new(200, "the densest many times").body(json!({"ids": vec![&seeded.old[0]; 100]})),
            ]
        }
        ("PUT", _) => {
            vec![
                new(200, "the largest").body(&memory),
                new(200, "the largest, once").body(&memory).header("idempotency-key", "replaced"),
            ]
        }
        ("POST", "/api/v1/memories/import") => {
            let lines = |line: &Value, count: usize| vec![line.to_string(); count].join("\n");
            let small = json!({"content": "x".repeat(400), "type": "task", "metadata": {"m": seeded::metadata()["m"]}});
            [lines(&memory, 40), lines(&small, 1_000)]
                .into_iter()
                .map(|lines| {
                    let count = lines.lines().count();
                    new(200, &format!("{count} lines"))
                        .body(lines)
                        .header("content-type", hb_domain::ndjson::MEDIA_TYPE)
                        .header("idempotency-key", format!("lines/{count}"))
                })
                .collect()
        }
        ("POST", "/api/v1/api-keys") => {
            vec![
                new(201, "the longest name")
                    .body(json!({"name": "\u{1f9e0}".repeat(255)}))
                    .header("idempotency-key", "k"),
            ]
        }
        ("POST", "/api/v1/webhooks") => {
            let largest = |name| {
                let mut webhook = seeded::webhook(name);
                webhook["secret"] = json!("s".repeat(64));
                webhook
            };
            vec![
                new(201, "the largest").body(largest("x")),
                new(201, "the largest, once").body(largest("y")).header("idempotency-key", "k"),
            ]
        }
        ("POST", "/api/v1/webhooks/{id}/rotate-secret") => {
            vec![new(200, "one").body(json!({"gracePeriodSeconds": 0, "secret": "s".repeat(64)}))]
        }
        ("POST", "/api/v1/webhooks/{id}/recover") => {
            vec![new(200, "one").body(json!({"since": seeded.world.clock.now()}))]
        }
        ("GET", "/api/v1/webhooks/{id}/deliveries") => {
            ["limit=100", "limit=100&status=failed"].map(|query| new(200, query).query(query)).into()
        }
        ("POST", "/api/v1/api-keys/rotate") => vec![new(200, "one").body(json!({"keyId": seeded.keys[1]}))],
        ("POST", "/api/v1/api-keys/revoke") => vec![new(200, "one").body(json!({"keyId": seeded.keys[2]}))],
        ("POST", "/auth/clerk-token") => vec![new(403, "a key").body("{}")],
        _ => vec![new(seeded.plain_status(route), "nothing").query(seeded.query(route))],
    }
}
