//! How a function starts, what it logs, and how it handles outages of AWS.

use hb_domain::Clock;
use hb_domain::plan::Plan;
use hb_local::template::Template;
use hb_tests::function::{environment, recorded};
use hb_tests::runtime_api::Outcome;
use hb_tests::{Function, World};
use serde_json::{Value, json};

const RUNBOOK: &str = include_str!("../../infra/OPERATIONS.md");

#[tokio::test]
async fn a_function_logs_one_line_a_request_and_no_secret_even_at_trace() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let (mut secrets, mut lines) = (vec![account.key.clone(), "more than sixteen bytes".to_owned()], vec![]);

    let mut keys = Function::start(&world, "api-keys").await;
    let created = keys.send(recorded("create-key.json", &account.key)).await;
    secrets.push(created.data()["plainKey"].as_str().expect("a key").to_owned());
    let mut rotate = recorded("create-key.json", &account.key);
    rotate["rawPath"] = json!("/api/v1/api-keys/rotate");
    rotate["body"] = json!({"keyId": created.data()["id"], "gracePeriodSeconds": 60}).to_string().into();
    let rotated = keys.send(rotate).await;
    secrets.push(rotated.data()["plainKey"].as_str().expect("a key").to_owned());
    lines.extend(
        checked_log(keys, &[("/api/v1/api-keys", &created), ("/api/v1/api-keys/rotate", &rotated)]).await,
    );

    let mut memories = Function::start(&world, "memories").await;
    let new = memories.send(recorded("create-memory.json", &account.key)).await;
    let list = memories.send(recorded("list-memories.json", &account.key)).await;
    let search = memories.send(recorded("search-memories.json", &account.key)).await;
    // A key with one changed character is refused, and not logged either.
    let wrong = account.key.replace("hb_prod_", "hb_dev_");
    let refused = memories.send(recorded("list-memories.json", &wrong)).await;
    assert_eq!(refused.status, 401);
    secrets.extend([wrong, "aisle".to_owned(), "preference".to_owned()]);
    let sent = [
        ("/api/v1/memories", &new),
        ("/api/v1/memories", &list),
        ("/api/v1/memories/search", &search),
        ("/api/v1/memories", &refused),
    ];
    lines.extend(checked_log(memories, &sent).await);

    let mut auth = Function::start(&world, "auth").await;
    let rate_limit = auth.send(recorded("rate-limit.json", &account.key)).await;
    let unknown = auth.send(recorded("unknown-route.json", &account.key)).await;
    lines.extend(checked_log(auth, &[("/api/v1/rate-limit", &rate_limit), ("", &unknown)]).await);

    for secret in secrets {
        // The middle of a key, so that a log of a part of it is detected too.
        let part = if secret.starts_with("hb_") { &secret[20..38] } else { &secret };
        assert!(lines.iter().all(|line| !line.contains(part)), "{part} is logged:\n{}", lines.join("\n"));
    }
}

/// Stops the function and returns its output, after checking that it has one line for each request.
async fn checked_log(function: Function, sent: &[(&str, &hb_tests::Answer)]) -> Vec<String> {
    let (log, ended) = function.log().await;
    let requests: Vec<&Value> = log.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), sent.len(), "{:#?}", ended.stdout);
    for (index, (line, (route, answer))) in requests.iter().zip(sent).enumerate() {
        assert_eq!(line["request_id"], answer.header("x-request-id"));
        assert_eq!(line["route"], *route);
        assert_eq!(line["status"], answer.status.as_u16());
        assert!(line["gateway_id"].as_str().is_some_and(|id| id.ends_with("IAMEPHw=")), "{line}");
        assert_eq!(line["cold"], u8::from(index == 0), "the first request of an instance is its cold one");
        check_metrics(line);
        for (field, value) in line.as_object().expect("an object") {
            assert!(value.is_null() || RUNBOOK.contains(&format!("`{field}`")), "the runbook has no {field}");
        }
    }
    assert_eq!(ended.stderr, "");
    ended.stdout
}

/// Checks a line against CloudWatch's embedded metric format.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn check_metrics(line: &Value) {
    assert_eq!(
        check_directive(line),
        ["latency_ms", "cold", "failed", "db_calls", "throttled", "read_units", "write_units"]
    );
}

/// As [`check_metrics`], for any line: the names of its metrics.
fn check_directive(line: &Value) -> Vec<&str> {
    let since = Clock::system().now().millis() - line["_aws"]["Timestamp"].as_i64().expect("milliseconds");
    assert!((0..60_000).contains(&since), "{line}");
    let [directive] = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives").as_slice() else {
        panic!("one directive: {line}");
    };
    assert_eq!(directive["Namespace"], "HeroBrain");
    for dimension in directive["Dimensions"].as_array().expect("dimension sets").iter().flat_map(names) {
        assert!(line[&dimension].as_str().is_some_and(|value| !value.is_empty()), "{dimension}: {line}");
    }
    let metrics = directive["Metrics"].as_array().expect("metrics");
    let measured: Vec<&str> = metrics.iter().filter_map(|metric| metric["Name"].as_str()).collect();
    assert_eq!(directive["Dimensions"], json!([["function"], ["stack"]]));
    for metric in metrics {
        assert!(line[metric["Name"].as_str().expect("a name")].is_number(), "{metric}: {line}");
        assert!(["Milliseconds", "Seconds", "Count"].map(Value::from).contains(&metric["Unit"]), "{metric}");
    }
    measured
}

fn names(set: &Value) -> Vec<String> {
    serde_json::from_value(set.clone()).expect("names")
}

#[tokio::test]
async fn the_log_line_of_a_request_has_its_database_consumption() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let mut memories = Function::start(&world, "memories").await;
    memories.send(recorded("create-memory.json", &account.key)).await;
    memories.send(recorded("create-memory.json", &account.key)).await;
    memories.send(recorded("list-memories.json", &account.key)).await;
    memories.send(recorded("list-memories.json", "hb_prod_no_key")).await;
    let (log, _) = memories.log().await;
    let spent: Vec<Value> = log
        .iter()
        .filter(|line| line["message"] == "request")
        .map(|line| json!([line["db_calls"], line["read_units"], line["write_units"]]))
        .collect();
    // Admission, usage, the storage count, the memory with its two index entries, and the change counters. The first
    // request also read the key, the tenant and the key again, all of them consistently.
    assert_eq!(spent[1], json!([5, 0.0, 7.0]));
    assert_eq!(spent[0], json!([8, 3.0, 7.0]));
    assert_eq!(spent[2], json!([5, 4.0, 2.0]), "a sorted page: the index, two memories, how many there are");
    assert_eq!(spent[3], json!([0, 0.0, 0.0]), "who has no key costs nothing");
}

#[tokio::test]
async fn a_missing_variable_stops_the_start_and_is_named() {
    let world = World::new().await;
    for missing in [
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "TENANTS_TABLE",
        "API_KEYS_TABLE",
        "MEMORIES_TABLE",
        "USAGE_TABLE",
        "IDEMPOTENCY_TABLE",
        "PEPPER_SECRET",
        "TOKEN_SECRET",
        "WEBHOOK_KEY_SECRET",
    ] {
        let mut environment = environment(&world);
        environment.remove(missing).expect("a variable that is otherwise set");
        let ended = Function::start_in(&environment, "auth").await.ended().await;
        assert_eq!(ended.code, Some(1), "{missing}");
        assert_eq!(ended.stdout.len(), 1, "{missing}: {:?}", ended.stdout);
        let line: Value = serde_json::from_str(&ended.stdout[0]).expect("JSON");
        assert_eq!(line["message"], format!("cannot start: {missing} is not set"));
        assert_eq!(ended.stderr, "", "{missing}");
    }
}

#[tokio::test]
async fn an_incomplete_clerk_configuration_stops_the_start_and_names_the_variable() {
    let world = World::new().await;
    for (variables, named) in [
        (
            vec![("CLERK_AUTHORIZED_PARTIES", "https://app.example")],
            "CLERK_ISSUER is not set, but CLERK_AUTHORIZED_PARTIES is",
        ),
        (vec![("CLERK_AUDIENCE", "herobrain")], "CLERK_ISSUER is not set, but CLERK_AUDIENCE is"),
        (
            vec![("CLERK_ISSUER", "https://clerk.example"), ("CLERK_AUTHORIZED_PARTIES", "app.example")],
            "CLERK_AUTHORIZED_PARTIES must list origins",
        ),
        (
            vec![("CLERK_ISSUER", "https://clerk.example"), ("CLERK_JWT_KEY", "nonsense")],
            "CLERK_JWT_KEY is not",
        ),
        (vec![("CLERK_ISSUER", "ftp://clerk.example")], "CLERK_ISSUER must be"),
    ] {
        let mut environment = environment(&world);
        environment.extend(variables.into_iter().map(|(name, value)| (name, value.to_owned())));
        let ended = Function::start_in(&environment, "memories").await.ended().await;
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 1), "{named}: {:?}", ended.stdout);
        assert!(ended.stdout[0].contains(&format!("cannot start: {named}")), "{}", ended.stdout[0]);
    }
    // The template's defaults without an issuer are no configuration.
    let mut environment = environment(&world);
    let empty = ["CLERK_ISSUER", "CLERK_JWKS_URL", "CLERK_JWT_KEY", "CLERK_AUDIENCE", "CLERK_TENANT"];
    environment.extend(empty.map(|name| (name, String::new())));
    let mut auth = Function::start_in(&environment, "auth").await;
    assert_eq!(auth.send(recorded("health.json", "")).await.status, 200);
}

/// The function expiry as Lambda runs it, on a batch of DynamoDB's stream.
#[tokio::test]
async fn a_batch_is_processed_once_and_the_first_failed_record_is_reported() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    for _ in 0..2 {
        let body = json!({"content": "brief", "type": "task"});
        instance.client.with(&account.key).post("/api/v1/memories", body).await.expect(201, "");
    }
    let record = |id: &str, sequence: &str| {
        json!({
            "eventID": id, "eventName": "REMOVE", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1", "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/Memories/stream/x",
            "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_521_600.0, "SequenceNumber": sequence, "SizeBytes": 200,
                "StreamViewType": "NEW_AND_OLD_IMAGES", "Keys": {"tenant": {"S": "acme"}, "id": {"S": "mem_0123456789abcdefghijkl"}},
                "OldImage": {"tenant": {"S": "acme"}, "id": {"S": "mem_0123456789abcdefghijkl"}, "writeSeq": {"N": "1795521600000002"}, "bytes": {"N": "10"}},
            },
        })
    };
    let operator = world.operator(&account.tenant);
    let counted = async || world.store.with(&operator).storage().get().await.expect("the count").memories;
    let mut expiry = Function::start(&world, "expiry").await;
    let nothing_failed = Outcome::Response(json!({"batchItemFailures": []}));
    let event = json!({"Records": [record("e1", "111")]});
    for _ in 0..3 {
        assert_eq!(expiry.invoke(event.clone()).await, nothing_failed);
        assert_eq!(counted().await, 1);
    }
    let mut environment = environment(&world);
    environment.insert("USAGE_TABLE", "Nowhere".into());
    let mut broken = Function::start_in(&environment, "expiry").await;
    let event = json!({"Records": [record("e2", "222"), record("e3", "333")]});
    let failed = Outcome::Response(json!({"batchItemFailures": [{"itemIdentifier": "222"}]}));
    assert_eq!(broken.invoke(event).await, failed);
    assert_eq!(counted().await, 1);
    for (function, failed, records) in [(expiry, [0, 0, 0].as_slice(), 1), (broken, &[1], 2)] {
        let (log, _) = function.log().await;
        let batches: Vec<&Value> = log.iter().filter(|line| line["message"] == "batch").collect();
        assert_eq!(batches.iter().map(|line| line["failed"].clone()).collect::<Vec<_>>(), failed);
        for line in batches {
            assert_eq!((&line["table"], &line["records"]), (&json!("memories"), &json!(records)), "{line}");
            assert_eq!(check_directive(line), ["failed", "throttled", "events"], "{line}");
            for field in line.as_object().expect("an object").keys() {
                assert!(RUNBOOK.contains(&format!("`{field}`")), "the runbook has no {field}");
            }
        }
    }
}

/// The event of the schedule of a function in the template.
fn scheduled(resource: &str) -> Value {
    let template = Template::embedded().expect("the template");
    let mut functions = template.resources("AWS::Serverless::Function");
    let (_, function) = functions.find(|(name, _)| *name == resource).expect("the function");
    let input = &function["Properties"]["Events"]["Schedule"]["Properties"]["Input"];
    serde_json::from_str(input.as_str().expect("an input")).expect("JSON")
}

#[tokio::test]
async fn a_pass_of_the_schedule_logs_a_line_and_how_late_it_is() {
    let world = World::new().await;
    let mut delivery = Function::start(&world, "delivery").await;
    let event = scheduled("DeliveryFunction");
    let done = Outcome::Response(json!({"batchItemFailures": []}));
    for _ in 0..2 {
        assert_eq!(delivery.invoke(event.clone()).await, done);
    }
    let (log, _) = delivery.log().await;
    let of = |message: &str| log.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    let (passes, lateness) = (of("schedule"), of("late"));
    assert_eq!((passes.len(), lateness.len()), (2, 2), "{log:#?}");
    for line in &passes {
        assert_eq!(check_directive(line), ["failed", "throttled", "events"], "{line}");
        assert_eq!((&line["due"], &line["failed"]), (&json!(0), &json!(0)), "{line}");
    }
    for line in &lateness {
        assert_eq!(check_directive(line), ["late_seconds"], "{line}");
        assert_eq!(line["late_seconds"], json!(0.0));
    }
    for field in passes.iter().chain(&lateness).flat_map(|line| line.as_object().expect("an object").keys()) {
        assert!(RUNBOOK.contains(&format!("`{field}`")), "the runbook has no {field}");
    }

    // A pass that could not read what is due does not say that nothing is late.
    let mut environment = environment(&world);
    environment.insert("DUE_ENDPOINTS_TABLE", "Nowhere".into());
    let mut broken = Function::start_in(&environment, "delivery").await;
    assert_eq!(broken.invoke(event).await, done);
    let (log, _) = broken.log().await;
    let of = |message: &str| log.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    assert_eq!(of("schedule").iter().map(|line| &line["failed"]).collect::<Vec<_>>(), [&json!(1)]);
    assert_eq!(of("late"), Vec::<&Value>::new());
}

#[tokio::test]
async fn a_function_survives_an_outage_of_secrets_manager() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    world.secrets.set_away(true);
    let mut memories = Function::start(&world, "memories").await;
    let list = || recorded("list-memories.json", &account.key);

    let answer = memories.send(list()).await;
    answer.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), "1");
    world.secrets.set_away(false);
    assert_eq!(memories.send(list()).await.status, 200);

    // The pepper is cached now: the next outage has no effect.
    world.secrets.set_away(true);
    assert_eq!(memories.send(list()).await.status, 200);
    assert_eq!(memories.init_errors(), Vec::<Value>::new());
}
