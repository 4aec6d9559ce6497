//! The errors that routes answer with.

use std::collections::BTreeMap;
use std::time::Duration;

use hb_domain::error::{AuthFailure, FieldError, Forbidden, Quota};
use hb_domain::{Error, RequestId, Scope, Timestamp, ndjson};
use serde_json::Value;

use super::operation::{described, has_body, may_be_missing};
use crate::route::Access;
use crate::{Route, body, envelope, error};

/// The request of the examples.
const REQUEST: &str = "req_0k3x9v7q2m5t8w1z4b6d";
/// The time of the examples.
const TIME: &str = "2026-11-24T12:00:00.000Z";
/// A time after it.
const LATER: &str = "2026-12-01T00:00:00.000Z";

/// An error that some route answers with.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The name of its example.
    pub(super) name: &'static str,
    /// What the name of a response ends with that has this error; empty for errors that all responses of their status have.
    pub(super) variant: String,
    pub(super) error: Error,
}

/// The errors of a route, by status.
pub(super) fn of(route: &Route) -> BTreeMap<u16, Vec<Case>> {
    let mut cases = Cases(Vec::new());
    let access = route.access();
    cases.add("direct", Error::Forbidden(Forbidden::DirectAccess));
    cases.add("internal", Error::Internal(String::new()));
    cases.add("unavailable", Error::Unavailable(String::new()));
    if access != Access::Public {
        guarded(&mut cases);
        forbidden(route, &mut cases);
    }
    if matches!(access, Access::Metered { .. }) {
        quotas(route, &mut cases);
    }
    if has_body(route) {
        bodies(route, &mut cases);
    } else {
        // A body that is not read is refused when it is large.
        cases.add_variant("Unread", "tooLarge", Error::TooLarge { limit: body::MAX_UNREAD });
    }
    state(route, &mut cases);
    let mut by_status: BTreeMap<u16, Vec<Case>> = BTreeMap::new();
    for case in cases.0 {
        by_status.entry(error::status(&case.error).as_u16()).or_default().push(case);
    }
    by_status
}

struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: &'static str, error: Error) {
        self.add_variant("", name, error);
    }

    fn add_variant(&mut self, variant: &str, name: &'static str, error: Error) {
        self.0.push(Case { name, variant: variant.to_owned(), error });
    }
}

/// Of every request with a credential.
fn guarded(cases: &mut Cases) {
    let invalid = FieldError::new("tenantId", "must be a string");
    cases.add("invalidField", Error::Validation(vec![invalid]));
    cases.add("noCredential", Error::AuthRequired);
    cases.add("unknownCredential", Error::AuthInvalid(AuthFailure::Unknown));
    cases.add("revokedKey", Error::AuthInvalid(AuthFailure::Revoked));
    cases.add("expiredKey", Error::AuthInvalid(AuthFailure::Expired));
    cases.add("expiredToken", Error::AuthInvalid(AuthFailure::TokenExpired));
    cases.add("otherTenant", Error::TenantMismatch);
    cases.add("suspended", Error::Suspended);
    cases.add("noOrganization", Error::Forbidden(Forbidden::NoOrganization));
    cases.add("rateLimited", Error::RateLimited { retry_after: Duration::from_secs(6) });
    cases.add("upstream", Error::Upstream(String::new()));
}

/// What the credential of a request may lack.
fn forbidden(route: &Route, cases: &mut Cases) {
    let id = described(route).0.id;
    let scope = match route.access() {
        Access::Metered { scope: Some(scope) } => Some(scope),
        // The scope of the events that are asked for.
        _ if id == "events.list" => Some(Scope::ReadMemories),
        // A scope of the key.
        _ if changes_keys(id) => Some(Scope::WriteMemories),
        _ => None,
    };
    if let Some(scope) = scope {
        cases.add_variant(&pascal_case(scope.as_str()), "missingScope", Error::MissingScope(scope));
    }
    if changes_keys(id) {
        cases.add_variant("Keys", "managesNoKeys", Error::Forbidden(Forbidden::TokenManagesNoKeys));
        cases.add("notAdmin", Error::Forbidden(Forbidden::NotAdmin));
    }
    if ["apiKeys.create", "apiKeys.rotate"].contains(&id) {
        let own = Timestamp::parse(LATER).expect("a time");
        cases.add_variant("Expiry", "expiryExceedsCaller", Error::ExpiryExceedsCaller { own });
    }
    if route.accepts_doubled_bearer {
        cases.add_variant("Exchange", "notExchangeable", Error::Forbidden(Forbidden::NotExchangeable));
    }
}

/// Whether an operation is refused to access tokens.
pub(super) fn changes_keys(id: &str) -> bool {
    ["apiKeys.create", "apiKeys.rotate", "apiKeys.revoke"].contains(&id)
}

/// The limits of the plan that a request may reach.
fn quotas(route: &Route, cases: &mut Cases) {
    cases.add("requestsUsedUp", Error::QuotaExhausted(Quota::Requests(1_000)));
    let (variant, name, quota) = match described(route).0.id {
        "memories.create" | "memories.putByKey" | "memories.createBulk" | "memories.import" => {
            ("Memories", "memoriesUsedUp", Quota::Memories(1_000))
        }
        "apiKeys.create" => ("Keys", "keysUsedUp", Quota::Keys(100)),
        "webhooks.create" => ("Webhooks", "webhooksUsedUp", Quota::Webhooks(20)),
        _ => return,
    };
    cases.add_variant(variant, name, Error::QuotaExhausted(quota));
}

/// What may be wrong with a body.
fn bodies(route: &Route, cases: &mut Cases) {
    let id = described(route).0.id;
    let (variant, limit, accepted) = match id {
        "memories.import" => ("Lines", body::MAX_LINES, ndjson::MEDIA_TYPES),
        "memories.createBulk" | "memories.updateBulk" => {
            ("Bulk", body::MAX_BULK, body::json_types(&route.method))
        }
        _ => ("", body::MAX_JSON, body::json_types(&route.method)),
    };
    let unsupported = Error::UnsupportedMediaType { accepted };
    if id != "memories.import" {
        let malformed = "The body is empty; a JSON object is expected".to_owned();
        cases.add_variant("Body", "malformedBody", Error::Malformed(malformed));
    }
    cases.add_variant(variant, "tooLarge", Error::TooLarge { limit });
    let variant = match accepted.len() {
        1 => "",
        _ if id == "memories.import" => "Lines",
        _ => "Patch",
    };
    cases.add_variant(variant, "wrongMediaType", unsupported);
    cases.add("compressedBody", Error::UnsupportedCoding);
}

/// What depends on the state of what a request is about.
fn state(route: &Route, cases: &mut Cases) {
    let operation = described(route).0;
    if may_be_missing(route) {
        cases.add("notFound", Error::NotFound);
    }
    if operation.is_conditional || operation.is_versioned_read(&route.method) {
        cases.add("conditionNotMet", Error::PreconditionFailed);
    }
    if route.accepts_idempotency_key() {
        cases.add("inProgress", Error::Repeated { retry_after: Duration::from_secs(5) });
        cases.add("idempotencyKeyReused", Error::KeyReused);
    }
    let (variant, message) = match operation.id {
        "memories.create" | "memories.update" | "memories.replace" => {
            ("MemoryKey", "The key is held by another memory of the same namespace, userId and agentId")
        }
        "apiKeys.create" => ("KeyName", "A live production key of this name exists: key_3f8a1c92b7d4"),
        "apiKeys.rotate" => (
            "KeyRotation",
            "The key was rotated by an earlier attempt of this request and has been rotated again since: key_3f8a1c92b7d4",
        ),
        "webhooks.create" | "webhooks.update" => {
            ("WebhookUrl", "A webhook of this URL exists: whk_2b7c9d4e8f1a6035")
        }
        "webhooks.rotateSecret" => {
            ("SecretRotation", "Another request has rotated the secret at the same time")
        }
        _ => return,
    };
    cases.add_variant(variant, "duplicate", Error::Duplicate(message.to_owned()));
}

/// `write:memories` as a part of a name: `WriteMemories`.
fn pascal_case(text: &str) -> String {
    let capitalize = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    text.split(':').map(capitalize).collect()
}

/// The body of an error.
pub(super) fn example(error: &Error) -> Value {
    let request = RequestId::parse(REQUEST).expect("a request id");
    let time = Timestamp::parse(TIME).expect("a time");
    serde_json::from_str(&envelope::failure(error, &request, time)).expect("JSON")
}
