//! Requests as their parsers describe them.

use serde_json::{Value, json};

use super::*;
use crate::batch::{BulkCreate, BulkDelete};
use crate::fields::Fields;
use crate::import::Imported;
use crate::listing::Listing;
use crate::memory::NewMemory;
use crate::patch::Patch;
use crate::search::Search;
use crate::{Error, Timestamp};

fn names(request: &RequestSchema, is_required: bool) -> Vec<&str> {
    let fields = request.fields.iter().filter(|field| field.is_required == is_required);
    fields.map(|field| field.name.as_str()).collect()
}

#[test]
fn a_parser_describes_every_field_that_it_reads() {
    let request = Recorder::describe::<NewMemory>();
    assert_eq!(names(&request, true), ["content", "type"]);
    assert_eq!(
        names(&request, false),
        [
            "tenantId",
            "expiresAt",
            "ttlSeconds",
            "importance",
            "tags",
            "metadata",
            "namespace",
            "key",
            "userId",
            "agentId",
            "sessionId",
            "searchable"
        ]
    );
    let request = Recorder::describe::<Listing>();
    assert!(request.fields.iter().all(|field| field.location == Location::Query && !field.is_required));
    assert_eq!(
        names(&request, false),
        [
            "tenantId",
            "tags",
            "type",
            "userId",
            "agentId",
            "sessionId",
            "namespace",
            "namespacePrefix",
            "sort",
            "order",
            "limit",
            "page",
            "cursor"
        ]
    );
    let request = Recorder::describe::<Imported>();
    assert!(request.fields.iter().all(|field| field.location == Location::Line));
    assert_eq!(names(&request, false)[..4], ["tenantId", "id", "createdAt", "updatedAt"]);
    assert_eq!(names(&Recorder::describe::<BulkDelete>(), false), ["tenantId", "ids", "filter", "cursor"]);
}

#[test]
fn a_schema_has_type_bounds_names_and_null() {
    let schema = |request: RequestSchema, name: &str| {
        let field = request.fields.into_iter().find(|field| field.name == name).expect("a field");
        field.schema.to_value()
    };
    let memory = |name| schema(Recorder::describe::<NewMemory>(), name);
    assert_eq!(memory("content")["maxLength"], 10_000);
    let importance = json!({"type": "number", "minimum": 0, "maximum": 1});
    assert_eq!(memory("importance"), json!({"anyOf": [importance, {"type": "null"}]}), "null is absent");
    assert_eq!(memory("type")["enum"].as_array().map(Vec::len), Some(13));
    let search = schema(Recorder::describe::<Search>(), "limit");
    assert_eq!(search, json!({"type": "integer", "minimum": 1, "maximum": 100}));
    let user = schema(Recorder::describe::<Patch>(), "userId");
    assert_eq!(user["anyOf"][1], json!({"type": "null"}));
    let filter = schema(Recorder::describe::<BulkDelete>(), "filter");
    assert_eq!(filter["anyOf"][0]["properties"]["agentId"]["maxLength"], 128);
    assert_eq!(filter["anyOf"][0]["additionalProperties"], false);
    assert_eq!(filter["anyOf"][1], schema(Recorder::describe::<Search>(), "filter"));
    let items = schema(Recorder::describe::<BulkCreate>(), "memories");
    assert_eq!(items["items"]["required"], json!(["content", "type"]));
}

/// The recorder and the real fields are read by one function: whatever it refuses is described, and as it is described.
#[test]
fn the_fields_that_are_described_are_those_that_are_accepted() {
    let tenant = Recorder::default().tenant();
    let now = Timestamp::from_micros(0);
    let request = Recorder::describe::<NewMemory>();
    for field in &request.fields {
        let schema = field.schema.as_value();
        let schema = schema["anyOf"].get(0).unwrap_or(schema);
        let value = if schema["type"] == "string" { json!(7) } else { json!("\0") };
        let mut body = json!({"content": "tea", "type": "task"});
        body[&field.name] = value;
        let refused = NewMemory::parse(Fields::of_body(body, &tenant).expect("fields"), now);
        let Err(Error::Validation(errors)) = refused else { panic!("{refused:?}") };
        assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [&field.name]);
    }
    let object: Value = request.object(Location::Body).to_value();
    assert_eq!(object["properties"].as_object().map(serde_json::Map::len), Some(request.fields.len()));
}
