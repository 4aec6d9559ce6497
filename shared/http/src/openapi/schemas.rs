//! The schemas of the document, each of which has a name and is there once.

use hb_domain::describe::{Location, RequestSchema};
use hb_domain::event::EventType;
use hb_domain::feed::Payload;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::prose;
use crate::description::Description;
use crate::route::Reveals;

/// Where the document keeps schemas.
const COMPONENTS: &str = "/components/schemas";

/// The schemas that the document refers to.
pub(super) struct Schemas {
    /// Of the types of responses.
    generator: SchemaGenerator,
    /// Of requests, and of what is in all responses.
    others: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let settings = settings.with(|settings| settings.definitions_path = COMPONENTS.into());
        Self { generator: settings.into_generator(), others: Map::new() }
    }

    /// The schema of what a route responds with.
    pub(super) fn response(&mut self, description: &Description) -> Value {
        description.response_in(&mut self.generator).to_value()
    }

    /// The schema of a response of which callers without a scope get fewer fields.
    ///
    /// # Panics
    /// When the response is not a type with these fields.
    pub(super) fn revealed(&mut self, response: Value, reveals: &Reveals) -> Value {
        let name = response["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        let name = name.expect("a reference to a type").to_owned();
        let whole = self.generator.definitions().get(&name).expect("the schema of the type");
        let properties = whole["properties"].as_object().expect("fields");
        if properties.keys().all(|field| reveals.fields_for_all.contains(&field.as_str())) {
            return response;
        }
        let fields = reveals.fields_for_all.iter();
        let fields: Map<String, Value> =
            fields.map(|field| ((*field).to_owned(), properties[*field].clone())).collect();
        let part = json!({
            "type": "object",
            "description": format!("What a caller without the scope `{}` gets.", reveals.scope),
            "required": reveals.fields_for_all,
            "properties": fields,
        });
        let part = self.named(&format!("Written{name}"), part);
        json!({"description": "All of it, or what the caller may see of it.", "anyOf": [response, part]})
    }

    /// A reference to the schema of a type.
    pub(super) fn of<T: schemars::JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// A reference to the schema of the payload of an event of this type.
    pub(super) fn event(&mut self, event: EventType) -> Value {
        Payload::schema_of(event, &mut self.generator).to_value()
    }

    /// A reference to the schema of a request's fields at a location.
    pub(super) fn request(&mut self, name: &str, request: &RequestSchema, location: Location) -> Value {
        let mut schema = request.object(location).to_value();
        prose::describe_fields(&mut schema);
        if let Some(text) = prose::schema(name) {
            schema["description"] = text.into();
        }
        self.named(name, schema)
    }

    /// A reference to this schema, which it names.
    ///
    /// # Panics
    /// When another schema has the name.
    pub(super) fn named(&mut self, name: &str, schema: Value) -> Value {
        let previous = self.others.insert(name.to_owned(), schema.clone());
        assert!(previous.is_none_or(|previous| previous == schema), "two schemas are named {name}");
        json!({"$ref": format!("#{COMPONENTS}/{name}")})
    }

    /// All schemas by name, in alphabetical order.
    ///
    /// # Panics
    /// When a type and a request have the same name.
    pub(super) fn into_components(mut self) -> Map<String, Value> {
        let mut all = self.others;
        for (name, schema) in self.generator.take_definitions(true) {
            assert!(!all.contains_key(&name), "a type and a request are named {name}");
            all.insert(name, schema);
        }
        all
    }
}
