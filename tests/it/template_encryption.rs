//! With the parameter `KmsKeyArn`, everything that the stack stores is encrypted under that key, and the roles may use it
//! through the services that they call.

use std::collections::BTreeSet;

use hb_local::functions::FUNCTIONS;
use hb_local::template::Template;
use hb_tests::roles::{grants, one_or_many, statements, written};
use serde_norway::Value;

/// The key, or the default of the service.
const KEY: &str = "!If\n- HasKmsKey\n- !Ref KmsKeyArn\n- !Ref AWS::NoValue";

/// The types that store data, each with the path of its key. A topic is not one: it passes the texts of alarms on.
const STORES: [(&str, &[&str]); 4] = [
    ("AWS::DynamoDB::Table", &["SSESpecification", "KMSMasterKeyId"]),
    ("AWS::SecretsManager::Secret", &["KmsKeyId"]),
    ("AWS::Logs::LogGroup", &["KmsKeyId"]),
    ("AWS::SQS::Queue", &["KmsMasterKeyId"]),
];

fn template() -> Template {
    Template::embedded().expect("the template")
}

#[test]
fn the_key_encrypts_tables_secrets_logs_and_the_queue() {
    let template = template();
    for (kind, path) in STORES {
        assert_ne!(template.resources(kind).count(), 0, "{kind}");
        for (name, resource) in template.resources(kind) {
            let key = path.iter().fold(&resource["Properties"], |value, part| &value[*part]);
            let place = path.join(".");
            assert_eq!(
                written(key),
                KEY,
                "template.yaml: set {place} of {name} to !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]"
            );
        }
    }
    // A queue has one kind of encryption.
    for (name, queue) in template.resources("AWS::SQS::Queue") {
        let own = written(&queue["Properties"]["SqsManagedSseEnabled"]);
        assert_eq!(own, "!If\n- HasKmsKey\n- false\n- true", "{name}");
    }
    assert_eq!(template.document()["Parameters"]["KmsKeyArn"]["Default"], "");
}

#[test]
fn a_role_may_use_the_key_only_through_the_services_that_it_calls() {
    let template = template();
    for id in FUNCTIONS.iter().map(|function| function.role()) {
        let services = grants(&template, &id).into_iter().filter_map(|grant| {
            let service = grant.action.split(':').next().expect("a service").to_owned();
            ["dynamodb", "secretsmanager", "sqs"].contains(&service.as_str()).then_some(service)
        });
        let expected: BTreeSet<String> =
            services.map(|service| format!("!Sub {service}.${{AWS::Region}}.amazonaws.com")).collect();
        let uses_key = |statement: &&Value| {
            let mut actions = one_or_many(&statement["Action"]).into_iter().filter_map(Value::as_str);
            actions.any(|action| action.starts_with("kms:"))
        };
        let statements = statements(&template, &id).into_iter().map(|(_, statement)| statement);
        let found: Vec<&Value> = statements.filter(uses_key).collect();
        assert_eq!(found.len(), 1, "template.yaml: {id} has one statement for the key");
        let condition = found[0]["Condition"].as_mapping().expect("a condition");
        assert_eq!(condition.len(), 1, "{id}");
        let via = one_or_many(&found[0]["Condition"]["StringEquals"]["kms:ViaService"]);
        let via: BTreeSet<String> = via.into_iter().map(written).collect();
        assert_eq!(via, expected, "template.yaml: correct kms:ViaService in {id} (left)");
    }
}
