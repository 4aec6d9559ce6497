//! What a recorder has seen of a request.

use std::sync::{Arc, Mutex, PoisonError};

use schemars::Schema;
use serde_json::{Map, Value, json};

/// Where a request carries a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the query string.
    Query,
    /// In the JSON object that is the body.
    Body,
    /// In each line of an NDJSON body.
    Line,
}

/// One field of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSchema {
    /// The field's name.
    pub name: String,
    /// Where it stands.
    pub location: Location,
    /// Whether a request without it is refused.
    pub is_required: bool,
    /// Which values are accepted.
    pub schema: Schema,
}

/// All fields of a request, in the order in which they are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestSchema {
    /// The fields.
    pub fields: Vec<FieldSchema>,
}

impl RequestSchema {
    /// The fields at `location`.
    pub fn fields_in(&self, location: Location) -> impl Iterator<Item = &FieldSchema> {
        self.fields.iter().filter(move |field| field.location == location)
    }

    /// The fields at `location` as the schema of one object, which has no other fields.
    pub fn object(&self, location: Location) -> Schema {
        let properties: Map<String, Value> = self
            .fields_in(location)
            .map(|field| (field.name.clone(), field.schema.clone().to_value()))
            .collect();
        let required: Vec<&str> = self
            .fields_in(location)
            .filter(|field| field.is_required)
            .map(|field| field.name.as_str())
            .collect();
        let mut object = Map::new();
        object.insert("type".into(), json!("object"));
        object.insert("properties".into(), properties.into());
        if !required.is_empty() {
            object.insert("required".into(), json!(required));
        }
        object.insert("additionalProperties".into(), json!(false));
        object.into()
    }
}

/// Where fields that are recorded are written to. Clones write to the same request.
#[derive(Clone, Debug)]
pub(crate) struct RecordedFields {
    pub(super) request: Arc<Mutex<RequestSchema>>,
    pub(super) location: Location,
}

impl RecordedFields {
    /// Records one field. A field that is read twice is recorded once.
    pub(crate) fn record(&self, name: &str, is_required: bool, schema: Schema) {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        if request.fields_in(self.location).any(|field| field.name == name) {
            return;
        }
        request.fields.push(FieldSchema {
            name: name.to_owned(),
            location: self.location,
            is_required,
            schema,
        });
    }
}
