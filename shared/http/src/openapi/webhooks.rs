//! The requests that the service sends to webhook endpoints.

use hb_domain::event::EventType;
use serde_json::{Value, json};

use super::prose;
use super::request::media;
use super::schemas::Schemas;

/// The headers of a delivery, with their descriptions and examples (<https://www.standardwebhooks.com>).
const HEADERS: [(&str, &str, &str); 4] = [
    (
        "webhook-id",
        "The id of the event. Repetitions of a delivery have the same.",
        "evt_2b7c9d4e8f1a6035g2h4j6k8m",
    ),
    ("webhook-timestamp", "When this attempt was made, in seconds since 1970.", "1795435200"),
    (
        "webhook-signature",
        "`v1,` and the base64 of HMAC-SHA-256 over `webhook-id.webhook-timestamp.body`; after a rotation, those of both secrets, separated by spaces.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
    (
        "x-herobrain-signature",
        "`t=…,v1=…`: the timestamp, and HMAC-SHA-256 over `timestamp.body` in hexadecimal; after a rotation `v1` is there twice.",
        "t=1795435200,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
    ),
];

/// The request for an event of this type, with its example by type.
pub(super) fn of(event: EventType, schemas: &mut Schemas, examples: &Value) -> Value {
    let schema = schemas.event(event);
    let header = |(name, description, example): (&str, &str, &str)| json!({"name": name, "in": "header", "required": true, "description": description, "schema": {"type": "string"}, "example": example});
    json!({"post": {
        "operationId": format!("deliver.{event}"),
        "summary": prose::event(event),
        "tags": [prose::tag("webhooks")],
        "security": [],
        "parameters": HEADERS.map(header),
        "requestBody": {"required": true, "content": {"application/json": media(&schema, &examples[event.as_str()])}},
        "responses": {
            "2XX": {"description": "The event was received. Its body is not read beyond 16 KiB."},
            "410": {"description": "The receiver is gone for good. The endpoint is disabled."},
            "default": {"description": "The event was not received; it is sent again later."},
        },
    }})
}
