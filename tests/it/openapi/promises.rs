//! The document promises no status that a request cannot cause.

use std::collections::BTreeSet;
use std::time::Duration;

use hb_tests::World;
use hb_tests::world::plenty;
use http::Method;
use serde_json::{Value, json};

use super::read;
use crate::routes::{Case, Named, guarded};

/// The statuses that a single request can cause. Limits, conflicts and failures have tests of their own.
const CAUSED: [u16; 9] = [304, 400, 401, 403, 404, 412, 413, 415, 422];
/// More than an import reads.
const LARGE_IMPORT: usize = 4 * 1024 * 1024 + 1;
/// More than any other operation reads.
const LARGE: usize = 1024 * 1024 + 1;
/// More than a body that is not read may have.
const LARGE_UNREAD: usize = 8 * 1024 + 1;

/// The statuses of `CAUSED` that the document has for the route.
fn promised(document: &Value, case: &Case) -> BTreeSet<u16> {
    let operation = &document["paths"][case.route.path][case.method.as_str().to_lowercase()];
    let statuses = operation["responses"].as_object().expect("responses").keys();
    statuses.filter_map(|status| status.parse().ok()).filter(|status| CAUSED.contains(status)).collect()
}

/// A request whose earlier attempt created the memory finds it deleted since, and an id in the path is not needed for that:
/// tests/it/memory_keys/resumed.rs.
fn is_caused_by_a_crash(case: &Case, status: u16) -> bool {
    status == 404 && case.method == Method::PUT && case.route.path.ends_with("/by-key")
}

#[tokio::test]
async fn every_promised_status_has_a_request_that_causes_it_and_no_other_occurs() {
    let document = read("openapi.json");
    let world = World::new().await;
    let instance = world.instance().await;
    let cases = guarded().into_iter().filter(|case| case.method != Method::HEAD);
    for (index, case) in cases.enumerate() {
        let tenant = format!("acme-{index}");
        let account = world.account_with(&tenant, plenty()).await;
        let named = Named::of(&world, &instance, &account).await;
        let missing = named.missing();
        let (key, none) = (Some(account.key.as_str()), json!({}));
        let client = instance.client.with(&account.key);
        let mut caused = BTreeSet::new();
        let mut note = |answer: hb_tests::Answer| {
            // The status of the rate limit is answered once a second.
            instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
            caused.insert(answer.status.as_u16());
        };
        note(case.send(&instance, key, &named, "unknown=1", &none).await);
        note(case.send(&instance, None, &named, "", &none).await);
        note(case.send(&instance, key, &named, "tenantId=other", &none).await);
        note(case.send(&instance, key, &missing, "", &none).await);
        note(case.send_with(&instance, key, &named, &[("if-none-match", "*")]).await);
        if case.has_body() {
            let target = case.target(&named);
            let size = if case.sends_lines() { LARGE_IMPORT } else { LARGE };
            for (media_type, size) in [("text/plain", 1), (case.media_type(), size)] {
                let headers = [("content-type", media_type)];
                note(client.send_raw(case.method.clone(), &target, &headers, " ".repeat(size)).await);
            }
        } else {
            let body = " ".repeat(LARGE_UNREAD);
            note(client.send_raw(case.method.clone(), &case.target(&named), &[], body).await);
        }
        // It may be deleted by now.
        let named = Named::of(&world, &instance, &account).await;
        let conditional = case.send_with(&instance, key, &named, &[("if-match", "\"another\"")]).await;
        // A condition on what has no version is none of the operation's.
        if promised(&document, &case).contains(&412) || conditional.status != 412 {
            note(conditional);
        }
        // Two requests under one key, about what is still there.
        let named = Named::of(&world, &instance, &account).await;
        let repeated = format!("for-{}", named.key);
        for query in ["", &format!("tenantId={tenant}")] {
            let headers = [("idempotency-key", repeated.as_str())];
            note(case.send_to(&instance, key, &named, query, &headers).await);
        }
        let caused: BTreeSet<u16> = caused.into_iter().filter(|status| CAUSED.contains(status)).collect();
        let mut promised = promised(&document, &case);
        promised.retain(|status| !is_caused_by_a_crash(&case, *status));
        assert_eq!(caused, promised, "{} {}", case.method, case.route.path);
    }
}
