//! The streams and schedules of `template.yaml`: how each consumer gets the records of its tables, and how it may not lose one.

use std::collections::{BTreeMap, BTreeSet};

use hb_local::functions::{self, FUNCTIONS};
use hb_local::template::Template;
use hb_store::Table;
use hb_tests::World;
use hb_tests::roles::written;
use serde_json::json;
use serde_norway::Value;
use strum::VariantArray;

fn template() -> Template {
    Template::embedded().expect("the template")
}

/// The properties of a function.
fn function<'t>(template: &'t Template, id: &str) -> &'t Value {
    let mut functions = template.resources("AWS::Serverless::Function");
    &functions.find(|(name, _)| *name == id).expect("the function's resource").1["Properties"]
}

/// The resources of the functions that consume streams, with their tables.
fn consumers() -> impl Iterator<Item = (String, &'static [Table])> {
    functions::consumers().map(|(name, consumer)| {
        let row = FUNCTIONS.iter().find(|function| function.name == name).expect("a row");
        (row.resource(), consumer.tables)
    })
}

/// The events of a function that are streams: the stream, and the event's properties.
fn streams<'t>(template: &'t Template, id: &str) -> Vec<(String, &'t Value)> {
    let events = function(template, id)["Events"].as_mapping().into_iter().flatten();
    let streams = events.filter(|(_, event)| event["Type"] == "DynamoDB");
    streams.map(|(_, event)| (written(&event["Properties"]["Stream"]), &event["Properties"])).collect()
}

#[test]
fn every_consumer_has_one_event_for_the_stream_of_each_of_its_tables() {
    let template = template();
    for (id, tables) in consumers() {
        let events: Vec<String> = streams(&template, &id).into_iter().map(|(stream, _)| stream).collect();
        for table in tables {
            let definition = table.definition();
            assert!(
                definition.stream.is_some(),
                "{id} consumes the stream of {table}: set `stream` of {table} in shared/store/src/tables.rs"
            );
            let stream = format!("!GetAtt {}.StreamArn", definition.resource);
            let found = events.iter().filter(|event| **event == stream).count();
            assert_eq!(
                found, 1,
                "template.yaml: give {id} one event of Type DynamoDB with `Stream: {stream}` (left: what there is)"
            );
        }
        assert_eq!(events.len(), tables.len(), "template.yaml: {id} has events of other streams: {events:?}");
    }
}

#[test]
fn no_stream_loses_a_record_that_its_function_failed_on() {
    let template = template();
    for (function, consumer) in functions::consumers() {
        let row = FUNCTIONS.iter().find(|row| row.name == function).expect("a row");
        let id = row.resource();
        // A record stays in the stream for 24 hours, and is delivered again as long. What a schedule finds too is given up
        // earlier, so that it does not hold its shard back.
        let attempts = if consumer.schedule.is_some() { "2" } else { "-1" };
        let wanted = [
            ("StartingPosition", "TRIM_HORIZON"),
            ("MaximumRetryAttempts", attempts),
            ("BisectBatchOnFunctionError", "true"),
            ("BatchSize", "100"),
        ];
        for (stream, event) in streams(&template, &id) {
            for (name, value) in wanted {
                assert_eq!(
                    written(&event[name]),
                    value,
                    "template.yaml: set {name} of {stream} in {id} to {value}"
                );
            }
            assert_eq!(
                event["FunctionResponseTypes"][0], "ReportBatchItemFailures",
                "template.yaml: add `FunctionResponseTypes: [ReportBatchItemFailures]` to {stream} in {id}"
            );
            let queue = &event["DestinationConfig"]["OnFailure"];
            assert_eq!((&queue["Type"], &*written(&queue["Destination"])), (&Value::from("SQS"), QUEUE_ARN));
            for limit in ["MaximumRecordAgeInSeconds", "TumblingWindowInSeconds"] {
                assert!(event.get(limit).is_none(), "{id}, {stream}: {limit} drops or delays records");
            }
            // Batches of one shard that run at the same time would compete for the head of the same feeds.
            let is_parallel = event.get("ParallelizationFactor").is_some();
            assert_eq!(is_parallel, consumer.schedule.is_some(), "{id}, {stream}: ParallelizationFactor");
        }
    }
}

#[test]
fn a_function_with_a_schedule_is_invoked_once_a_minute_without_records_and_a_pass_is_not_repeated() {
    let template = template();
    let mut scheduled = 0;
    for (name, consumer) in functions::consumers() {
        let id = FUNCTIONS.iter().find(|row| row.name == name).expect("a row").resource();
        let properties = function(&template, &id);
        let events = properties["Events"].as_mapping().expect("events");
        let schedules: Vec<&Value> = events
            .values()
            .filter(|event| event["Type"] == "Schedule")
            .map(|event| &event["Properties"])
            .collect();
        assert_eq!(
            schedules.len(),
            usize::from(consumer.schedule.is_some()),
            "template.yaml: give {id} one event of Type Schedule if its CONSUMER has a `schedule`"
        );
        let Some(schedule) = schedules.first() else { continue };
        scheduled += 1;
        assert_eq!(schedule["Schedule"], "rate(1 minute)", "{id}");
        let input = schedule["Input"].as_str().expect("an input, so that the event has no records");
        let input: serde_json::Value = serde_json::from_str(input).expect("JSON");
        assert!(input.is_object() && input.get("Records").is_none(), "{id}: {input}");
        // EventBridge repeats what it could not hand over, and Lambda what failed or was throttled, for six hours.
        for repeats in [&schedule["RetryPolicy"], &properties["EventInvokeConfig"]] {
            assert_eq!(
                (&repeats["MaximumRetryAttempts"], &repeats["MaximumEventAgeInSeconds"]),
                (&0.into(), &60.into()),
                "template.yaml: set RetryPolicy of the schedule of {id}, and its EventInvokeConfig"
            );
        }
        // A pass of a minute overlaps the next one at most.
        assert!(properties["Timeout"].as_u64().is_some_and(|seconds| seconds <= 60), "{id}");
        assert!(schedule.get("Enabled").is_none() && schedule.get("State").is_none(), "{id}");
    }
    assert_eq!(scheduled, 1);
}

const QUEUE_ARN: &str = "!GetAtt StreamDeadLetters.Arn";

#[test]
fn at_most_two_functions_consume_one_stream() {
    // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>: a third one throttles the others.
    let mut readers: BTreeMap<Table, Vec<&str>> = BTreeMap::new();
    for (function, consumer) in functions::consumers() {
        consumer.tables.iter().for_each(|table| readers.entry(*table).or_default().push(function));
    }
    for (table, functions) in &readers {
        assert!(functions.len() <= 2, "{table} has the readers {functions:?}: a shard allows two");
    }
    let unread = Table::VARIANTS.iter().filter(|table| table.definition().stream.is_some());
    let unread: BTreeSet<String> =
        unread.filter(|table| !readers.contains_key(table)).map(ToString::to_string).collect();
    assert_eq!(unread, BTreeSet::new(), "streams that no function consumes");
}

#[test]
fn only_consumers_know_the_queue_and_it_takes_every_record() {
    let template = template();
    for row in FUNCTIONS {
        let id = row.resource();
        let variable = &function(&template, &id)["Environment"]["Variables"]["DEAD_LETTER_QUEUE_URL"];
        match row.trigger {
            functions::Trigger::Stream(_) => assert_eq!(
                written(variable),
                "!Ref StreamDeadLetters",
                "template.yaml: set Environment.Variables.DEAD_LETTER_QUEUE_URL of {id}"
            ),
            functions::Trigger::Http(_) => assert_eq!(variable, &Value::Null, "{id} sends to no queue"),
        }
    }
    let globals = written(&template.document()["Globals"]);
    assert!(!globals.contains("DEAD_LETTER"), "each consumer names the queue itself");
    let queues: Vec<_> = template.resources("AWS::SQS::Queue").collect();
    let [(name, queue)] = queues[..] else { panic!("one queue: {queues:?}") };
    assert_eq!(name, "StreamDeadLetters");
    // Two images of 400 KB, and 14 days to look at them.
    assert_eq!(queue["Properties"]["MaximumMessageSize"], 1_048_576);
    assert_eq!(queue["Properties"]["MessageRetentionPeriod"], 1_209_600);
}

#[test]
fn the_alarm_for_late_deliveries_takes_passes_that_report_nothing_for_late_ones() {
    let template = template();
    let mut alarms = template.resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.find(|(name, _)| *name == "DeliveriesLateAlarm").expect("the alarm");
    let alarm = &alarm["Properties"];
    let [late, reported] = alarm["Metrics"].as_sequence().expect("metrics").as_slice() else { panic!("two") };
    assert_eq!((&late["Expression"], &reported["Id"]), (&"FILL(reported, 3600)".into(), &"reported".into()));
    let metric = &reported["MetricStat"];
    assert_eq!(
        (&metric["Metric"]["MetricName"], &metric["Stat"]),
        (&"late_seconds".into(), &"Maximum".into())
    );
    // 15 minutes late in 15 minutes of the last 20.
    assert_eq!((&metric["Period"], &alarm["Threshold"]), (&300.into(), &900.into()));
    assert_eq!((&alarm["DatapointsToAlarm"], &alarm["EvaluationPeriods"]), (&3.into(), &4.into()));
}

#[test]
fn the_alarm_for_delays_is_raised_at_fifteen_minutes() {
    let template = template();
    let mut alarms = template.resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.find(|(name, _)| *name == "IteratorAgeAlarm").expect("the alarm");
    let alarm = &alarm["Properties"];
    assert_eq!((&alarm["Threshold"], &alarm["EvaluationPeriods"]), (&900_000.into(), &1.into()));
    let metrics = alarm["Metrics"].as_sequence().expect("metrics");
    // The metric of a function is the largest of its streams.
    let seen: BTreeSet<String> = metrics
        .iter()
        .filter(|metric| metric["MetricStat"]["Metric"]["MetricName"] == "IteratorAge")
        .filter(|metric| metric["MetricStat"]["Stat"] == "Maximum")
        .map(|metric| written(&metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"]))
        .collect();
    assert_eq!(seen, consumers().map(|(id, _)| format!("!Ref {id}")).collect());
}

/// The pattern of the filter of a stream; a mapping has one.
fn pattern(template: &Template, id: &str, table: Table) -> Option<serde_json::Value> {
    let wanted = format!("!GetAtt {}.StreamArn", table.definition().resource);
    let streams = streams(template, id);
    let (_, event) = streams.iter().find(|(stream, _)| *stream == wanted).expect("the event");
    let pattern = event["FilterCriteria"]["Filters"][0]["Pattern"].as_str()?;
    Some(serde_json::from_str(pattern).expect("JSON"))
}

#[tokio::test]
async fn filters_deliver_what_consumers_need() {
    let template = template();
    let by = json!({"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]});
    let removals = json!({"eventName": ["REMOVE"], "userIdentity": by});
    assert_eq!(pattern(&template, "ExpiryFunction", Table::Memories), Some(removals));
    let recorder = |table| pattern(&template, "EventRecorderFunction", table);
    assert_eq!(recorder(Table::Memories), None);
    assert_eq!(recorder(Table::PendingEvents), Some(json!({"eventName": ["INSERT"]})));
    // Claims and deletions of deliveries wake nobody.
    let delivery = pattern(&template, "DeliveryFunction", Table::Deliveries);
    assert_eq!(delivery, Some(json!({"eventName": ["INSERT"]})));

    // The items of keys as the list shows them, and no credential.
    let sort_key = json!({"prefix": "key_"});
    let keys = json!({"dynamodb": {"Keys": {"sk": {"S": [sort_key]}}}});
    assert_eq!(recorder(Table::ApiKeys), Some(keys));
    let world = World::new().await;
    let account = world.account("acme", hb_domain::plan::Plan::Pro).await;
    assert!(account.id.as_str().starts_with("key_"));
    let client = aws_sdk_dynamodb::Client::from_conf(world.aws.dynamodb());
    let tenant = aws_sdk_dynamodb::types::AttributeValue::S("tenant#acme".to_owned());
    let items = client.query().table_name("ApiKeys").key_condition_expression("pk = :tenant");
    let items = items.expression_attribute_values(":tenant", tenant).send().await.expect("items");
    let delivered = items.items().iter().filter_map(|item| item["sk"].as_s().ok());
    let delivered: Vec<&String> = delivered.filter(|sk| sk.starts_with("key_")).collect();
    assert_eq!(delivered, [account.id.as_str()]);
}
