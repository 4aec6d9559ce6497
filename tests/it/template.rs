//! `template.yaml` against the lists of the code, both ways: functions, routes and how they are built. What consumers of streams
//! need is in `template_streams.rs`.

use std::collections::{BTreeMap, BTreeSet};

use hb_domain::dashboard::DashboardToken;
use hb_domain::plan::Plan;
use hb_local::functions::{self, FUNCTIONS};
use hb_local::template::Template;
use hb_tests::World;
use hb_tests::binaries::{cargo, workspace};
use hb_tests::feed::About;
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use serde_norway::Value;

fn template() -> Template {
    Template::embedded().expect("the template")
}

/// The value at a path of names; null when there is none.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('/').try_fold(value, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

/// A value as YAML in one line.
fn written(value: &Value) -> String {
    serde_norway::to_string(value).expect("YAML").trim().to_owned()
}

#[test]
fn every_function_has_a_crate_a_row_in_the_registry_and_its_resources() {
    let template = template();
    let folders = std::fs::read_dir(workspace().join("functions")).expect("functions/");
    let crates: BTreeSet<String> = folders
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().expect("a name"))
        .collect();
    for name in &crates {
        let has_row = FUNCTIONS.iter().any(|function| function.name == name);
        assert!(
            has_row,
            "infra/local/src/functions.rs: add `Function {{ name: {name:?}, trigger: … }}` to FUNCTIONS"
        );
    }
    let resource = |kind: &str, name: &str| template.resources(kind).find(|(id, _)| *id == name);
    for function in FUNCTIONS {
        let (name, id, log) = (function.name, function.resource(), function.log_group());
        assert!(
            crates.contains(name),
            "add the crate functions/{name}, or remove its row from FUNCTIONS in infra/local/src/functions.rs"
        );
        let Some((_, found)) = resource("AWS::Serverless::Function", &id) else {
            panic!("template.yaml: add the resource `{id}` of type AWS::Serverless::Function under Resources")
        };
        let lines = [
            ("Metadata/BuildMethod", "rust-cargolambda".to_owned()),
            ("Metadata/BuildProperties/Binary", name.to_owned()),
            ("Properties/LoggingConfig/LogGroup", format!("!Ref {log}")),
        ];
        for (path, value) in lines {
            let place = path.replace('/', ".");
            assert_eq!(
                written(at(found, path)),
                value,
                "template.yaml: set {place} of {id} to {value} (left: what is there)"
            );
        }
        assert!(
            resource("AWS::Logs::LogGroup", &log).is_some(),
            "template.yaml: add the resource `{log}` of type AWS::Logs::LogGroup under Resources"
        );
    }
    for (id, _) in template.resources("AWS::Serverless::Function") {
        assert!(
            FUNCTIONS.iter().any(|function| function.resource() == id),
            "template.yaml has {id}: add its crate and its row in FUNCTIONS of infra/local/src/functions.rs, or remove it"
        );
    }
}

#[test]
fn every_route_of_the_code_is_in_the_template_and_the_other_way_round() {
    let routes = template().routes();
    for function in FUNCTIONS {
        let functions::Trigger::Http(table) = function.trigger else { continue };
        let (name, resource) = (function.name, function.resource());
        let code: BTreeSet<&str> = table.iter().map(|route| route.path).collect();
        let own = routes.iter().filter(|route| route.binary == name);
        let served: BTreeSet<&str> = own.filter_map(|route| route.path.as_deref()).collect();
        let missing: Vec<_> = code.difference(&served).collect();
        assert!(
            missing.is_empty(),
            "add an ANY event for {missing:?} to {resource} in template.yaml, or take it out of ROUTES"
        );
        let spare: Vec<_> = served.difference(&code).collect();
        assert!(
            spare.is_empty(),
            "add {spare:?} to ROUTES of functions/{name}, or take its event out of {resource}"
        );
    }
}

#[test]
fn a_path_has_one_route_for_any_method_and_default_goes_to_auth() {
    let (with_path, without): (Vec<_>, Vec<_>) =
        template().routes().into_iter().partition(|route| route.path.is_some());
    let mut paths = BTreeSet::new();
    for route in &with_path {
        assert_eq!(route.method.as_deref(), Some("ANY"), "{route:?}: the function's own table knows methods");
        assert!(paths.insert(route.path.clone()), "{route:?}: another event has this path");
    }
    assert_eq!(without.len(), 1, "{without:?}: exactly one event stands for $default");
    assert_eq!((without[0].binary.as_str(), &without[0].method), ("auth", &None));
}

#[test]
fn every_event_names_the_one_api_which_leaves_cors_to_the_functions() {
    let template = template();
    let apis: Vec<_> = template.resources("AWS::Serverless::HttpApi").collect();
    assert_eq!(apis.len(), 1);
    assert_eq!(at(apis[0].1, "Properties/StageName"), "$default");
    let text = serde_norway::to_string(template.document()).expect("YAML");
    assert!(!text.contains("CorsConfiguration"), "it would replace the functions' own headers");
    for (name, function) in template.resources("AWS::Serverless::Function") {
        for (event, content) in at(function, "Properties/Events").as_mapping().expect("events") {
            let kind = at(content, "Type");
            if kind == "DynamoDB" || kind == "Schedule" {
                let row = FUNCTIONS.iter().find(|row| row.resource() == name);
                let consumes = row.is_some_and(|row| match row.trigger {
                    functions::Trigger::Http(_) => false,
                    functions::Trigger::Stream(consumer) => kind == "DynamoDB" || consumer.schedule.is_some(),
                });
                assert!(
                    consumes,
                    "{name}/{event:?}: make its row in infra/local/src/functions.rs a Trigger::Stream, with a `schedule` for \
                     an event of this type"
                );
                continue;
            }
            assert_eq!(at(content, "Type"), "HttpApi", "{name}/{event:?}");
            let api = serde_norway::to_string(at(content, "Properties/ApiId")).expect("YAML");
            assert_eq!(api.trim(), "!Ref Api", "{name}/{event:?}: without it SAM makes a second API");
        }
    }
}

#[test]
fn every_function_is_a_binary_of_the_workspace_built_by_cargo_lambda() {
    let template = template();
    let mut built = BTreeSet::new();
    for (name, function) in template.resources("AWS::Serverless::Function") {
        let binary = at(function, "Metadata/BuildProperties/Binary").as_str().expect("a binary");
        assert!(built.insert(binary), "{binary} is built twice");
        for fixed in ["Runtime", "Architectures", "Handler", "CodeUri"] {
            assert!(
                at(function, "Properties").get(fixed).is_none(),
                "{name}: {fixed} is set for all in Globals"
            );
        }
    }
    let packages = metadata()["packages"].as_array().expect("packages").clone();
    let in_functions: BTreeSet<&str> = packages
        .iter()
        .filter(|package| package["manifest_path"].as_str().is_some_and(|path| path.contains("/functions/")))
        .flat_map(|package| package["targets"].as_array().expect("targets"))
        .filter(|target| target["kind"][0] == "bin")
        .map(|target| target["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(built, in_functions, "the functions of template.yaml, and the binaries under functions/");
}

#[test]
fn functions_run_on_the_runtime_that_is_supported_and_on_arm_unless_told_otherwise() {
    let template = template();
    let function = at(template.document(), "Globals/Function");
    assert_eq!(at(function, "Runtime"), "provided.al2023");
    assert_eq!(at(function, "Handler"), "bootstrap");
    let architecture = serde_norway::to_string(at(function, "Architectures")).expect("YAML");
    assert_eq!(architecture.trim(), "- !Ref Architecture");
    assert_eq!(at(template.document(), "Parameters/Architecture/Default"), "arm64");
    assert!(at(function, "Timeout").as_u64().expect("seconds") < 30, "the gateway waits 30 s");
}

#[test]
fn cargo_lambda_watch_has_the_templates_routes() {
    let metadata = metadata();
    let router = metadata["metadata"]["lambda"]["watch"]["router"].as_object().expect("a router");
    // A function that is not a string but a list of methods would keep OPTIONS, HEAD and 405 from it.
    let router: BTreeMap<&str, &str> =
        router.iter().map(|(path, function)| (path.as_str(), function.as_str().expect("a name"))).collect();
    let routes = template().routes();
    let mut expected: BTreeMap<&str, &str> =
        routes.iter().filter_map(|route| Some((route.path.as_deref()?, route.binary.as_str()))).collect();
    expected.extend([("/", "auth"), ("/{*path}", "auth")]);
    for (path, function) in &expected {
        assert_eq!(
            router.get(path),
            Some(function),
            "Cargo.toml: add `{path:?} = {function:?}` under [workspace.metadata.lambda.watch.router]"
        );
    }
    assert_eq!(
        router, expected,
        "[workspace.metadata.lambda.watch.router] in Cargo.toml has a path too many"
    );
}

#[test]
fn tables_are_on_demand_recoverable_encrypted_and_kept() {
    let template = template();
    for (name, table) in template.resources("AWS::DynamoDB::Table") {
        assert_eq!(at(table, "DeletionPolicy"), "Retain", "{name}");
        assert_eq!(at(table, "UpdateReplacePolicy"), "Retain", "{name}");
        let properties = at(table, "Properties");
        assert_eq!(at(properties, "BillingMode"), "PAY_PER_REQUEST", "{name}");
        let recovery = at(properties, "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled");
        assert_eq!(recovery.as_bool(), Some(true), "{name}");
        assert_eq!(at(properties, "SSESpecification/SSEEnabled").as_bool(), Some(true), "{name}");
        // A name of our own would keep a second stack out of the account.
        assert_eq!(at(properties, "TableName"), &Value::Null, "{name}");
        for index in at(properties, "GlobalSecondaryIndexes").as_sequence().into_iter().flatten() {
            assert_eq!(at(index, "Projection/ProjectionType"), "KEYS_ONLY", "{name}");
        }
        let enabled = at(properties, "TimeToLiveSpecification/Enabled");
        assert_ne!(enabled.as_bool(), Some(false), "{name}");
    }
}

#[test]
fn the_template_holds_no_secret() {
    let template = template();
    for (name, secret) in template.resources("AWS::SecretsManager::Secret") {
        let properties = at(secret, "Properties");
        assert!(properties.get("SecretString").is_none(), "{name}: let the stack generate it");
        let length = at(properties, "GenerateSecretString/PasswordLength").as_u64().expect("a length");
        assert!(length >= 32, "{name}");
        assert_eq!(at(secret, "DeletionPolicy"), "Retain", "{name}");
    }
    // The variables of a function are names and levels, each a reference; a literal might be a secret.
    let globals = at(template.document(), "Globals/Function/Environment/Variables");
    let own = template.resources("AWS::Serverless::Function");
    let own = own.map(|(_, function)| at(function, "Properties/Environment/Variables"));
    for (name, value) in own.chain([globals]).filter_map(Value::as_mapping).flatten() {
        assert!(matches!(value, Value::Tagged(_)), "{name:?} has a literal value");
    }
    for (name, parameter) in at(template.document(), "Parameters").as_mapping().expect("parameters") {
        let hidden = at(parameter, "NoEcho").as_bool() == Some(true);
        assert!(!hidden || parameter.get("Default").is_none(), "{name:?} has a secret as its default");
    }
}

fn metadata() -> serde_json::Value {
    let output =
        cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test's world has one tenant; every item of it is wanted")]
async fn a_table_has_ttl_exactly_if_it_has_items_that_expire() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let end = "2027-01-01T00:00:00Z";
    let memory = json!({"content": "until new year", "type": "task", "expiresAt": end, "key": "k"});
    assert_eq!(client.post("/api/v1/memories", memory).await.status, 201);
    assert_eq!(
        client.post("/api/v1/api-keys", json!({"name": "this year's", "expiresAt": end})).await.status,
        201
    );
    let webhook = json!({"name": "feed", "url": "https://example.com/", "events": ["*"]});
    assert_eq!(client.post("/api/v1/webhooks", webhook).await.status, 201);
    let (json, key) = (("content-type", "application/json"), ("idempotency-key", "once"));
    let body = r#"{"content": "once", "type": "task"}"#;
    assert_eq!(client.send_raw(Method::POST, "/api/v1/memories", &[json, key], body).await.status, 201);
    // From here on there are events.
    let endpoint = json!({"name": "the feed", "url": "https://example.com/events", "events": ["*"], "status": "inactive"});
    assert_eq!(client.post("/api/v1/webhooks", endpoint).await.status, 201);
    let search = json!({"query": "new year"});
    assert_eq!(client.post("/api/v1/memories/search", search).await.status, 200);

    world.append(&account.tenant, 1, About::Search(1)).await;
    world.record_searches(&account.tenant).await;
    client.post("/api/v1/memories/search", json!({"query": "once"})).await.expect(200, "");

    let token = DashboardToken::mint(&account.tenant, &mut StdRng::seed_from_u64(1));
    world.store.dashboard_sessions().create_link(&token, world.clock.now()).await.expect("a link");

    world.try_deliver().await.expect("a delivery");

    let database = aws_sdk_dynamodb::Client::from_conf(world.aws.dynamodb());
    for table in template().tables().expect("tables") {
        let items =
            database.scan().table_name(&table.name).send().await.expect("items").items.expect("items");
        assert!(!items.is_empty(), "{}: let this test in tests/it/template.rs write an item", table.name);
        let ends = items.iter().any(|item| item.contains_key("ttl"));
        assert_eq!(table.ttl.as_deref(), ends.then_some("ttl"), "{}", table.name);
    }
}
