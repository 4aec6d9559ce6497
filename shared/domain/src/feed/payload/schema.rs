//! The schemas of payloads: one for each type of event, told apart by `event`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{GoneKey, GoneMemory, KeyData, MemoryData, Payload, PayloadMetadata, SearchData, WebhookData};
use crate::event::{EventId, EventType};

/// Payloads by type: the name of the schema, the type of the event, and what `data` may be.
macro_rules! events {
    ($($name:ident: $event:ident => $($data:ty)|+;)+) => {
        $(
            struct $name;

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                    let data = [$(generator.subschema_for::<$data>()),+];
                    payload(EventType::$event, &data, generator)
                }
            }
        )+

        impl Payload<'_> {
            /// The schema of the payload of an event of this type.
            pub fn schema_of(event: EventType, generator: &mut SchemaGenerator) -> Schema {
                match event {
                    $(EventType::$event => generator.subschema_for::<$name>(),)+
                }
            }
        }
    };
}

events! {
    MemoryCreatedEvent: MemoryCreated => MemoryData<'_> | GoneMemory<'_>;
    MemoryUpdatedEvent: MemoryUpdated => MemoryData<'_> | GoneMemory<'_>;
    MemoryDeletedEvent: MemoryDeleted => GoneMemory<'_>;
    SearchPerformedEvent: SearchPerformed => SearchData<'_>;
    ApiKeyCreatedEvent: ApiKeyCreated => KeyData<'_> | GoneKey<'_>;
    ApiKeyRevokedEvent: ApiKeyRevoked => KeyData<'_> | GoneKey<'_>;
    WebhookDisablingEvent: WebhookDisabling => WebhookData<'_>;
    WebhookDisabledEvent: WebhookDisabled => WebhookData<'_>;
}

impl JsonSchema for Payload<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let schemas = EventType::ALL.map(|event| (event, Self::schema_of(event, generator)));
        let reference = |schema: &Schema| schema.get("$ref").cloned();
        let mapping: Map<String, Value> = schemas
            .iter()
            .filter_map(|(event, schema)| Some((event.as_str().to_owned(), reference(schema)?)))
            .collect();
        let mut schema = json_schema!({
            "description": "An event. `event` is its type.",
            "anyOf": schemas.map(|(_, schema)| schema),
        });
        // With schemas inline there is nothing that it could refer to.
        if !mapping.is_empty() {
            let discriminator = json!({"propertyName": "event", "mapping": mapping});
            schema.insert("discriminator".into(), discriminator);
        }
        schema
    }
}

/// A payload whose `data` is one of these.
fn payload(event: EventType, data: &[Schema], generator: &mut SchemaGenerator) -> Schema {
    let mut data = match data {
        [only] => only.clone(),
        several => json_schema!({"anyOf": several}),
    };
    data.insert("description".into(), "What the event is about.".into());
    let mut id = generator.subschema_for::<EventId>();
    id.insert("description".into(), "The id of the event. It is the same in every delivery and list.".into());
    json_schema!({
        "type": "object",
        "description": format!("An event of the type `{event}`."),
        "required": ["data", "event", "id", "metadata"],
        "properties": {
            "data": data,
            "event": {"type": "string", "const": event.as_str(), "description": "The type of the event."},
            "id": id,
            "metadata": generator.subschema_for::<PayloadMetadata<'_>>(),
        },
    })
}
