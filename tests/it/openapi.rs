//! The committed OpenAPI document is the one that the route tables, rules, types and examples make.

mod examples;
mod promises;
mod stable;

use std::fs;
use std::path::{Path, PathBuf};

use hb_local::functions;
use hb_tests::json_schema::problems_in;
use serde_json::Value;

const ADVICE: &str = "HB_WRITE_OPENAPI=1 cargo test -p hb-tests --test it -- openapi:: writes it";

/// A committed file of the documentation.
fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/docs").join(name)
}

fn read(name: &str) -> Value {
    let text = fs::read_to_string(committed(name)).expect("the file");
    serde_json::from_str(&text).expect("JSON")
}

fn write(name: &str, value: &Value) {
    let text = format!("{}\n", serde_json::to_string_pretty(value).expect("JSON"));
    fs::write(committed(name), text).expect("the file is written");
}

/// Whether the files are to be written instead.
fn is_renewed() -> bool {
    std::env::var_os("HB_WRITE_OPENAPI").is_some()
}

#[tokio::test]
async fn the_committed_document_is_the_one_that_the_routes_make() {
    if is_renewed() {
        write("examples.json", &examples::record().await);
    }
    let document = hb_http::openapi::document(functions::routes(), &read("examples.json"));
    if is_renewed() {
        write("openapi.json", &document);
    }
    assert!(
        read("openapi.json") == document,
        "functions/docs/openapi.json is not what the routes make: {ADVICE}"
    );
}

#[tokio::test]
async fn the_committed_examples_are_what_the_service_answers() {
    let recorded = examples::record().await;
    assert_eq!(
        examples::missing(&recorded),
        Vec::<String>::new(),
        "add them in tests/it/openapi/examples.rs"
    );
    if is_renewed() {
        return;
    }
    let committed = read("examples.json");
    for (operation, example) in recorded["operations"].as_object().expect("operations") {
        assert_eq!(&committed["operations"][operation], example, "{operation}: {ADVICE}");
    }
    assert!(committed == recorded, "functions/docs/examples.json is not what the service answers: {ADVICE}");
}

/// The media types of the document that have an example, with where they are.
fn examples_in<'d>(value: &'d Value, path: &str, found: &mut Vec<(String, &'d Value, &'d Value)>) {
    match value {
        Value::Object(fields) => {
            if let (Some(schema), Some(example)) = (fields.get("schema"), fields.get("example")) {
                found.push((path.to_owned(), schema, example));
            }
            if let (Some(schema), Some(Value::Object(examples))) =
                (fields.get("schema"), fields.get("examples"))
            {
                let named = examples
                    .iter()
                    .map(|(name, example)| (format!("{path}/{name}"), schema, &example["value"]));
                found.extend(named);
            }
            let inner = fields.iter().filter(|(name, _)| !["example", "examples"].contains(&name.as_str()));
            inner.for_each(|(name, value)| examples_in(value, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => {
            let inner = items.iter().enumerate();
            inner.for_each(|(index, value)| examples_in(value, &format!("{path}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn every_example_is_what_its_schema_describes() {
    let document = read("openapi.json");
    let mut found = Vec::new();
    examples_in(&document, "", &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for (path, schema, example) in found {
        let problems = match schema.get("contentSchema") {
            Some(line) => {
                let lines = example.as_str().expect("lines").lines();
                let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
                lines.flat_map(|value| problems_in(&document, line, &value)).collect()
            }
            None => problems_in(&document, schema, example),
        };
        assert_eq!(problems, Vec::<String>::new(), "{path}: {example}");
    }
}

/// The parts of a schema that have no description, by their paths.
fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(keywords) => {
            for (name, property) in
                keywords.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                let path = format!("{path}.{name}");
                if property["description"].is_null() && property["$ref"].is_null() {
                    found.push(path.clone());
                }
                undescribed(property, &path, found);
            }
            let inner = keywords.iter().filter(|(keyword, _)| *keyword != "properties");
            inner.for_each(|(_, inner)| undescribed(inner, path, found));
        }
        Value::Array(items) => items.iter().for_each(|item| undescribed(item, path, found)),
        _ => {}
    }
}

#[test]
fn every_schema_field_parameter_and_header_is_described() {
    let document = read("openapi.json");
    let mut found = Vec::new();
    for kind in ["schemas", "headers", "parameters", "responses", "securitySchemes"] {
        for (name, component) in document["components"][kind].as_object().expect("components") {
            if component["description"].as_str().is_none_or(str::is_empty) {
                found.push(format!("{kind} {name}"));
            }
            if kind == "schemas" {
                undescribed(component, name, &mut found);
            }
        }
    }
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if operation["description"].as_str().is_none_or(str::is_empty) {
                found.push(format!("{method} {path}"));
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.filter(|parameter| parameter["$ref"].is_null());
            let parameters = parameters.filter(|parameter| parameter["description"].is_null());
            found.extend(parameters.map(|parameter| format!("{method} {path} {}", parameter["name"])));
            undescribed(&operation["responses"], &format!("{method} {path}"), &mut found);
        }
    }
    found.dedup();
    assert_eq!(
        found,
        Vec::<String>::new(),
        "add a doc comment, or a row in shared/http/src/openapi/prose.rs"
    );
}
