//! Schemas of the domain's values.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::schema::{names, text};
use crate::event::{EventId, EventPattern};
use crate::time::Day;
use crate::webhook::{EventPatterns, WebhookUrl};
use crate::{KeyId, MemoryId, Metadata, RequestId, Scope, Scopes, TenantId, Timestamp, WebhookId};

macro_rules! schema {
    ($name:ident, $schema:expr) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema!(EventId, text("^evt_[0-9a-z]{25}$"));
schema!(KeyId, text("^key_[0-9a-z]{12}$"));
schema!(MemoryId, text(MemoryId::PATTERN));
schema!(RequestId, text("^req_[0-9a-z]{20}$"));
schema!(TenantId, text("^[0-9A-Za-z_-]{1,128}$"));
schema!(WebhookId, text("^whk_[0-9a-z]{16}$"));
schema!(WebhookUrl, json_schema!({"type": "string", "format": "uri"}));
schema!(
    EventPatterns,
    json_schema!({"type": "array", "items": names::<EventPattern>(), "uniqueItems": true})
);
schema!(Timestamp, json_schema!({"type": "string", "format": "date-time"}));
schema!(Day, json_schema!({"type": "string", "format": "date"}));
schema!(Metadata, json_schema!({"type": "object"}));
schema!(Scopes, json_schema!({"type": "array", "items": names::<Scope>(), "uniqueItems": true}));
