//! The tables and secrets of `template.yaml` against `Table` and `SecretId`, both ways.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType};
use hb_local::template::{Template, TemplateTable};
use hb_store::{SecretId, Table};
use hb_tests::roles::written;
use serde_norway::Value;
use strum::VariantArray;

fn template() -> Template {
    Template::embedded().expect("the template")
}

/// The names of variables and resources of every table and secret: `("TENANTS_TABLE", "Tenants")`.
fn variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tables = Table::VARIANTS.iter().map(|table| table.definition());
    let tables = tables.map(|definition| (definition.variable, definition.resource));
    tables.chain(SecretId::VARIANTS.iter().map(|id| (id.variable(), id.resource())))
}

fn key(table: &TemplateTable, kind: &KeyType) -> Option<String> {
    let mut keys = table.key.iter().filter(|key| key.key_type() == kind);
    keys.next().map(KeySchemaElement::attribute_name).map(str::to_owned)
}

#[test]
fn every_table_has_a_resource_that_agrees_with_its_definition() {
    let tables = template().tables().expect("tables");
    for table in Table::VARIANTS {
        let definition = table.definition();
        let id = definition.resource;
        let Some(found) = tables.iter().find(|found| found.name == id) else {
            panic!("template.yaml: add the resource `{id}` of type AWS::DynamoDB::Table under Resources")
        };
        let here = "definition in shared/store/src/tables.rs (left: template.yaml, right: definition)";
        let partition_key = definition.partition_key.attribute();
        assert_eq!(
            key(found, &KeyType::Hash).as_deref(),
            Some(partition_key),
            "template.yaml: set the HASH key of {id} to {partition_key}, or correct its {here}"
        );
        assert_eq!(
            key(found, &KeyType::Range).as_deref(),
            definition.sort_key,
            "template.yaml: correct the RANGE key of {id}, or its {here}"
        );
        assert_eq!(
            found.ttl.as_deref(),
            definition.ttl,
            "template.yaml: correct the TimeToLiveSpecification of {id}, or its {here}"
        );
        let stream = found.stream.as_ref().and_then(|stream| stream.stream_view_type());
        assert_eq!(
            stream.map(|view| view.as_str()),
            definition.stream.map(|view| view.as_str()),
            "template.yaml: correct the StreamSpecification of {id}, or its {here}"
        );
    }
    for found in tables {
        assert!(
            Table::VARIANTS.iter().any(|table| table.definition().resource == found.name),
            "shared/store/src/tables.rs: add a variant for the table {} of template.yaml to `Table`",
            found.name
        );
    }
}

#[test]
fn every_secret_has_a_resource() {
    let template = template();
    let found: BTreeSet<&str> =
        template.resources("AWS::SecretsManager::Secret").map(|(name, _)| name).collect();
    for id in SecretId::VARIANTS {
        assert!(
            found.contains(id.resource()),
            "template.yaml: add the resource `{}` of type AWS::SecretsManager::Secret under Resources",
            id.resource()
        );
    }
    for name in found {
        assert!(
            SecretId::VARIANTS.iter().any(|id| id.resource() == name),
            "shared/store/src/secrets.rs: add a variant for the secret {name} of template.yaml to `SecretId`"
        );
    }
}

#[test]
fn functions_and_the_operator_get_the_name_of_every_table_and_secret() {
    let template = template();
    let environment = &template.document()["Globals"]["Function"]["Environment"]["Variables"];
    let Value::Tagged(output) = &template.document()["Outputs"]["OperatorEnvironment"]["Value"] else {
        panic!("template.yaml: OperatorEnvironment is a !Sub")
    };
    // Functions read an optional secret when it is required, the operator checks it as soon as it is there.
    let origin = "Origin: !If\n- HasOriginSecret\n- !Ref OriginSecret\n- ''";
    // The address that callers use, or the gateway's own.
    let url = "Url: !If\n- HasPublicDomain\n- !Sub https://${PublicDomainName}\n- !If\n  - HasDomain\n  - !Sub \
               https://${DomainName}\n  - !GetAtt Api.ApiEndpoint";
    assert_eq!(written(&output.value[1]), format!("{origin}\n{url}"));
    let output: BTreeSet<&str> = output.value[0].as_str().expect("a text").split_whitespace().collect();
    for (variable, resource) in variables() {
        let is_optional = resource == SecretId::OriginSecret.resource();
        let (value, substituted) = match is_optional {
            true => (format!("!If\n- RequiresOriginSecret\n- !Ref {resource}\n- ''"), "Origin"),
            false => (format!("!Ref {resource}"), resource),
        };
        assert_eq!(
            written(&environment[variable]),
            value,
            "template.yaml: add `{variable}: !Ref {resource}` under Globals.Function.Environment.Variables"
        );
        let pair = format!("{variable}=${{{substituted}}}");
        assert!(
            output.contains(pair.as_str()),
            "template.yaml: add `{pair}` to the Value of Outputs.OperatorEnvironment"
        );
    }
    assert!(output.contains("PUBLIC_URL=${Url}"), "{output:?}");
    assert_eq!(
        output.len(),
        variables().count() + 1,
        "template.yaml: OperatorEnvironment has a variable too many"
    );
    let named = environment.as_mapping().expect("variables").iter().filter_map(|(name, _)| name.as_str());
    for name in named.filter(|name| name.ends_with("_TABLE") || name.ends_with("_SECRET")) {
        assert!(
            variables().any(|(variable, _)| variable == name),
            "template.yaml: remove {name} from Globals.Function.Environment.Variables, or add it to `Table` or \
             `SecretId` in shared/store"
        );
    }
}
