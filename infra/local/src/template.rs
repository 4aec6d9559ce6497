//! Reads the routes and tables of `template.yaml`.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
};
use serde_norway::Value;

use crate::StartError;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The parsed template.
#[derive(Clone, Debug)]
pub struct Template(Value);

/// A route and its function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateRoute {
    /// The function's binary.
    pub binary: String,
    /// The path; `None` for `$default`, the route of every other path.
    pub path: Option<String>,
    /// The method; `ANY` for every method.
    pub method: Option<String>,
}

/// A table of the template.
#[derive(Clone, Debug)]
pub struct TemplateTable {
    /// Its logical id, which is the table's name in the local stack.
    pub name: String,
    /// The attributes of its keys and of those of its indexes.
    pub attributes: Vec<AttributeDefinition>,
    /// Its primary key.
    pub key: Vec<KeySchemaElement>,
    /// Its global secondary indexes.
    pub indexes: Vec<GlobalSecondaryIndex>,
    /// Its local secondary indexes.
    pub local_indexes: Vec<LocalSecondaryIndex>,
    /// Its TTL attribute.
    pub ttl: Option<String>,
    /// Its stream.
    pub stream: Option<StreamSpecification>,
}

impl Template {
    /// The template that was compiled into this binary.
    ///
    /// # Errors
    /// If it is not YAML.
    pub fn embedded() -> Result<Self, StartError> {
        Self::parse(TEMPLATE)
    }

    /// Parses a template.
    ///
    /// # Errors
    /// If it is not YAML.
    pub fn parse(text: &str) -> Result<Self, StartError> {
        let value = serde_norway::from_str(text);
        value.map(Self).map_err(|error| StartError::new(format!("template.yaml: {error}")))
    }

    /// The whole document.
    pub const fn document(&self) -> &Value {
        &self.0
    }

    /// The resources of a type, with their logical ids.
    pub fn resources(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.0.get("Resources").and_then(Value::as_mapping).into_iter().flatten();
        all.filter(move |(_, resource)| string(resource, "Type") == kind)
            .filter_map(|(name, resource)| Some((name.as_str()?, resource)))
    }

    /// Every route of every function.
    pub fn routes(&self) -> Vec<TemplateRoute> {
        let mut routes = Vec::new();
        for (_, function) in self.resources("AWS::Serverless::Function") {
            let binary =
                function.get("Metadata").and_then(|m| m.get("BuildProperties")).map(|p| string(p, "Binary"));
            let events = function.get("Properties").and_then(|p| p.get("Events")).and_then(Value::as_mapping);
            for (_, event) in
                events.into_iter().flatten().filter(|(_, event)| string(event, "Type") == "HttpApi")
            {
                let property = |name: &str| event.get("Properties")?.get(name)?.as_str().map(str::to_owned);
                routes.push(TemplateRoute {
                    binary: binary.unwrap_or_default().to_owned(),
                    path: property("Path"),
                    method: property("Method"),
                });
            }
        }
        routes
    }

    /// Every table.
    ///
    /// # Errors
    /// Names the table that is invalid.
    pub fn tables(&self) -> Result<Vec<TemplateTable>, StartError> {
        self.resources("AWS::DynamoDB::Table").map(|(name, table)| read_table(name, table)).collect()
    }
}

fn read_table(name: &str, table: &Value) -> Result<TemplateTable, StartError> {
    let unclear =
        |problem: &dyn std::fmt::Display| StartError::new(format!("template.yaml, table {name}: {problem}"));
    let properties = table.get("Properties").ok_or_else(|| unclear(&"no properties"))?;
    let mut attributes = Vec::new();
    for attribute in sequence(properties, "AttributeDefinitions") {
        let built = AttributeDefinition::builder()
            .attribute_name(string(attribute, "AttributeName"))
            .attribute_type(ScalarAttributeType::from(string(attribute, "AttributeType")))
            .build();
        attributes.push(built.map_err(|error| unclear(&error))?);
    }
    let mut indexes = Vec::new();
    for index in sequence(properties, "GlobalSecondaryIndexes") {
        let built = GlobalSecondaryIndex::builder()
            .index_name(string(index, "IndexName"))
            .set_key_schema(Some(key_schema(index).map_err(|error| unclear(&error))?))
            .projection(projection(index))
            .build();
        indexes.push(built.map_err(|error| unclear(&error))?);
    }
    let mut local_indexes = Vec::new();
    for index in sequence(properties, "LocalSecondaryIndexes") {
        let built = LocalSecondaryIndex::builder()
            .index_name(string(index, "IndexName"))
            .set_key_schema(Some(key_schema(index).map_err(|error| unclear(&error))?))
            .projection(projection(index))
            .build();
        local_indexes.push(built.map_err(|error| unclear(&error))?);
    }
    let ttl = properties.get("TimeToLiveSpecification").map(|ttl| string(ttl, "AttributeName").to_owned());
    let key = key_schema(properties).map_err(|error| unclear(&error))?;
    let stream = properties.get("StreamSpecification").map(|stream| {
        let view = StreamViewType::from(string(stream, "StreamViewType"));
        StreamSpecification::builder().stream_enabled(true).stream_view_type(view).build()
    });
    let stream = stream.transpose().map_err(|error| unclear(&error))?;
    Ok(TemplateTable { name: name.to_owned(), attributes, key, indexes, local_indexes, ttl, stream })
}

/// The projection of an index.
fn projection(index: &Value) -> Projection {
    let Some(projection) = index.get("Projection") else { return Projection::builder().build() };
    let others = sequence(projection, "NonKeyAttributes").filter_map(Value::as_str).map(str::to_owned);
    let others: Vec<String> = others.collect();
    Projection::builder()
        .projection_type(ProjectionType::from(string(projection, "ProjectionType")))
        .set_non_key_attributes(Some(others).filter(|others| !others.is_empty()))
        .build()
}

fn key_schema(of: &Value) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    let element = |element: &Value| {
        KeySchemaElement::builder()
            .attribute_name(string(element, "AttributeName"))
            .key_type(KeyType::from(string(element, "KeyType")))
            .build()
    };
    sequence(of, "KeySchema").map(element).collect()
}

fn string<'v>(of: &'v Value, name: &str) -> &'v str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn sequence<'v>(of: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    of.get(name).and_then(Value::as_sequence).into_iter().flatten()
}
