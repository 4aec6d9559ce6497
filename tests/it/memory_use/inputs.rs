//! The worst inputs of each route.

use hb_http::Route;
use http::Method;

use super::garbage;
use super::input::Input;
use super::seeded::{self, Seeded};

/// What a route reads from a body.
#[derive(Clone, Copy)]
enum Reads {
    Nothing,
    /// JSON of at most this many bytes, with these fields.
    Json(usize, &'static [&'static str]),
    Lines,
}

const KIB: usize = 1_024;
const LARGEST: usize = 256 * KIB;
const BULK: usize = 1_024 * KIB;
const LINES: usize = 4 * 1_024 * KIB;
/// More than a Lambda event can contain.
const HUGE: usize = 5_900_000;

const MEMORY: &[&str] =
    &["content", "type", "importance", "tags", "metadata", "userId", "expiresAt", "tenantId"];

#[rustfmt::skip]
const KNOWN: &[(Method, &str, Reads)] = &[
    (Method::POST, "/auth/clerk-token", Reads::Json(LARGEST, &["scopes", "tenantId"])),
    (Method::POST, "/api/v1/api-keys", Reads::Json(LARGEST, &["name", "environment", "scopes", "expiresAt"])),
    (Method::POST, "/api/v1/api-keys/rotate", Reads::Json(LARGEST, &["keyId", "gracePeriodSeconds"])),
    (Method::POST, "/api/v1/api-keys/revoke", Reads::Json(LARGEST, &["keyId"])),
    (Method::POST, "/api/v1/webhooks", Reads::Json(LARGEST, &["name", "url", "events", "secret", "status"])),
    (Method::PATCH, "/api/v1/webhooks/{id}", Reads::Json(LARGEST, &["name", "url", "events", "status"])),
    (Method::DELETE, "/api/v1/webhooks/{id}", Reads::Nothing),
    (Method::POST, "/api/v1/webhooks/{id}/test", Reads::Json(LARGEST, &[])),
    (Method::POST, "/api/v1/webhooks/{id}/rotate-secret", Reads::Json(LARGEST, &["gracePeriodSeconds", "secret"])),
    (Method::POST, "/api/v1/webhooks/{id}/recover", Reads::Json(LARGEST, &["since"])),
    (Method::POST, "/api/v1/webhooks/{id}/deliveries/{eventId}/resend", Reads::Json(LARGEST, &[])),
    (Method::POST, "/api/v1/memories", Reads::Json(LARGEST, MEMORY)),
    (Method::POST, "/api/v1/memories/search", Reads::Json(LARGEST, &["query", "limit", "tags", "metadata", "filter", "cursor"])),
    (Method::POST, "/api/v1/memories/query", Reads::Json(LARGEST, &["filter", "sort", "limit", "cursor"])),
    (Method::POST, "/api/v1/memories/bulk", Reads::Json(BULK, &["memories", "tenantId"])),
    (Method::POST, "/api/v1/memories/bulk-delete", Reads::Json(LARGEST, &["ids", "filter", "cursor"])),
    (Method::POST, "/api/v1/memories/import", Reads::Lines),
    (Method::POST, "/api/v1/memories/bulk-update", Reads::Json(BULK, &["items", "tenantId"])),
    (Method::POST, "/api/v1/memories/batch-get", Reads::Json(LARGEST, &["ids", "cursor"])),
    (Method::PUT, "/api/v1/memories/{id}", Reads::Json(LARGEST, MEMORY)),
    (Method::PUT, "/api/v1/memories/by-key", Reads::Json(LARGEST, MEMORY)),
    (Method::DELETE, "/api/v1/memories/by-key", Reads::Nothing),
    (Method::PATCH, "/api/v1/memories/{id}", Reads::Json(LARGEST, MEMORY)),
    (Method::DELETE, "/api/v1/memories/{id}", Reads::Nothing),
];

/// What a route reads of a body; `None` when nobody has said so. A GET reads nothing.
fn reads(route: &Route) -> Option<&'static Reads> {
    let row = KNOWN.iter().find(|(method, path, _)| *method == route.method && *path == route.path);
    row.map(|(_, _, reads)| reads).or((route.method == Method::GET).then_some(&Reads::Nothing))
}

/// The message for a route without inputs.
pub(super) fn missing(route: &Route) -> String {
    format!(
        "{} {} is not tried: add what it reads of a body to KNOWN in tests/it/memory_use/inputs.rs, and its largest \
         good requests to tests/it/memory_use/good.rs",
        route.method, route.path
    )
}

/// Whether every route gets every input, as with `HB_ALL_INPUTS=1` in CI, which takes a quarter of the time of all
/// tests. Otherwise inputs that do not depend on the route are sent to one route of a function, and only the densest
/// input of each kind is sent.
fn is_thorough() -> bool {
    std::env::var_os("HB_ALL_INPUTS").is_some()
}

/// The kinds of dense JSON to test.
fn kinds(bytes: usize) -> Vec<(&'static str, String)> {
    let mut kinds = garbage::all(bytes).to_vec();
    kinds.truncate(if is_thorough() { kinds.len() } else { 2 });
    kinds
}

/// All inputs of a route.
pub(super) fn of(route: &Route, seeded: &Seeded, is_first: bool) -> Vec<Input> {
    let reads = reads(route).unwrap_or_else(|| panic!("{}", missing(route)));
    let mut inputs = super::good::of(route, seeded);
    inputs.extend(refused_by_all(route, seeded, is_first || is_thorough()));
    inputs.extend(match reads {
        Reads::Nothing => unread(route, seeded),
        Reads::Json(most, fields) => json_bodies(route, seeded, *most, fields),
        Reads::Lines => lines(route, seeded),
    });
    inputs
}

/// Inputs that every route refuses.
fn refused_by_all(route: &Route, seeded: &Seeded, has_all: bool) -> Vec<Input> {
    let new = |status, name: &str| Input::new(route, seeded, status, name);
    let is_open = seeded.is_open(route);
    let without = |status: u16| if is_open { 413 } else { status };
    let huge = garbage::pairs(HUGE);
    let parameters = |name: &dyn Fn(usize) -> String| -> String {
        let all = (0..).map(name).scan(0, |bytes, name| {
            *bytes += name.len() + 1;
            (*bytes < 62_000).then_some(name)
        });
        all.collect::<Vec<_>>().join("&")
    };
    let mut inputs = vec![
        new(
            if matches!(route.method, Method::POST | Method::PUT | Method::PATCH) {
                401
            } else {
                without(401)
            },
            "huge body, no key",
        )
        .body(&huge)
        .key("hb_prod_nothing"),
        new(413, "huge body").body(&huge),
    ];
    if has_all {
        inputs.extend([
            new(405, "huge body, wrong method").method(Method::TRACE).body(&huge),
            new(404, "huge body, unknown route").path("/api/v1/nothing/of/the/kind").body(&huge),
            new(413, "huge body").body(&huge).in_base64(),
        ]);
    }
    if !is_open {
        inputs.extend([
            new(400, "many parameters").query(parameters(&|number| format!("{number:x}"))),
            new(400, "one parameter many times").query(parameters(&|_| "a".into())),
            new(400, "parameters many times").query(parameters(&|number| format!("{}=", number / 2))),
        ]);
    }
    inputs
}

/// Bodies that the route does not read.
fn unread(route: &Route, seeded: &Seeded) -> Vec<Input> {
    let most = 8 * KIB;
    let good = if route.accepts_doubled_bearer { 400 } else { seeded.plain_status(route) };
    let of = garbage::all(most).into_iter().map(|(kind, text)| {
        Input::new(route, seeded, good, format!("{kind} in an unread body"))
            .body(text)
            .query(seeded.query(route))
    });
    let over = Input::new(route, seeded, 413, "an unread body of a byte too many").body("x".repeat(most + 1));
    let headers = (0..400).fold(
        Input::new(route, seeded, seeded.plain_status(route), "a megabyte of headers")
            .query(seeded.query(route)),
        |input, number| input.header(&format!("x-header-{number}"), "v".repeat(2_500)),
    );
    of.chain([over, headers.header("if-none-match", "\"a\",".repeat(10_000))]).collect()
}

/// JSON of the maximum length, dense in every field.
fn json_bodies(route: &Route, seeded: &Seeded, most: usize, fields: &[&str]) -> Vec<Input> {
    let new = |name: String| Input::new(route, seeded, 400, name);
    let mut inputs = vec![Input::new(route, seeded, 413, "a byte too many").body("x".repeat(most + 1))];
    for (kind, text) in kinds(most) {
        inputs.push(new(kind.into()).body(&text));
        inputs.push(new(kind.into()).body(&text).in_base64());
    }
    for (kind, text) in kinds(most - 1_024) {
        for field in fields.iter().chain(&["unknown"]) {
            let name = format!("{kind} as {field}");
            // Each is a different request, with its own idempotency key.
            let key = format!("{}/{}", route.path, inputs.len());
            inputs.push(new(name).body(format!(r#"{{"{field}":{text}}}"#)).header("idempotency-key", key));
        }
        let deep = format!(r#"{{"memories":[{{"content":"x","type":"task","metadata":{{"m":{text}}}}}]}}"#);
        inputs.push(new(format!("{kind} as the metadata of one of many")).body(deep));
    }
    let names: Vec<String> = (0..most / 11).map(|number| format!("\"{number:06x}\":0")).collect();
    inputs.push(new("many unknown fields".into()).body(format!("{{{}}}", names.join(","))));
    inputs
}

/// Dense NDJSON lines.
fn lines(route: &Route, seeded: &Seeded) -> Vec<Input> {
    let new = |status: u16, name: String| {
        Input::new(route, seeded, status, name).header("content-type", hb_domain::ndjson::MEDIA_TYPE)
    };
    let mut inputs = vec![new(413, "a byte too many".into()).body("x".repeat(LINES + 1))];
    for bytes in [256 * KIB, 4 * KIB] {
        for (kind, text) in kinds(bytes - 128) {
            let count = LINES / bytes;
            for (index, line) in [
                ("lines", text.clone()),
                ("unknown fields", format!(r#"{{"unknown":{text}}}"#)),
                ("metadata", format!(r#"{{"content":"x","type":"task","metadata":{{"m":{text}}}}}"#)),
            ] {
                let name = format!("{count} lines of {kind} as {index}");
                let lines = vec![line; count.min(1_000)].join("\n");
                if is_thorough() {
                    inputs.push(new(200, name.clone()).body(&lines));
                }
                inputs.push(new(200, name).body(&lines).in_base64());
            }
        }
    }
    let wrong = seeded::wrong_line();
    inputs.push(new(200, "lines with everything wrong".into()).body(vec![wrong; 1_000].join("\n")));
    inputs.push(new(400, "too many lines".into()).body("{}\n".repeat(LINES / 3)));
    inputs
}
