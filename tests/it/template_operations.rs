//! The operation of a deployed stack: alarms, the dashboard, logs, limits of the gateway and deployments.

use std::collections::BTreeSet;

use hb_local::functions::{self, FUNCTIONS, Function};
use hb_local::template::Template;
use serde_norway::Value;

const RUNBOOK: &str = include_str!("../../infra/OPERATIONS.md");

fn template() -> Template {
    Template::embedded().expect("the template")
}

/// A value as YAML in one line, for references.
fn written(value: &Value) -> String {
    serde_norway::to_string(value).expect("YAML").trim().to_owned()
}

#[test]
fn every_alarm_tells_the_operator_and_has_a_section_in_the_runbook() {
    let template = template();
    let mut alarms = BTreeSet::new();
    for (name, alarm) in template.resources("AWS::CloudWatch::Alarm") {
        alarms.insert(name);
        let properties = &alarm["Properties"];
        for actions in ["AlarmActions", "OKActions"] {
            let told = written(&properties[actions]);
            assert!(told.contains("HasAlarmEmail") && told.contains("!Ref AlarmTopic"), "{name}: {told}");
        }
        assert_eq!(properties["TreatMissingData"], "notBreaching", "{name}: a quiet night is no alarm");
        assert!(RUNBOOK.contains(&format!("\n## {name}\n")), "infra/OPERATIONS.md has no section {name}");
        let description = properties["AlarmDescription"].as_str().expect("a description");
        assert!(
            description.ends_with(&format!("Runbook infra/OPERATIONS.md, {name}")),
            "{name}: {description}"
        );
    }
    let expected = [
        "DeliveriesLateAlarm",
        "FunctionFailuresAlarm",
        "FunctionThrottlesAlarm",
        "IteratorAgeAlarm",
        "LatencyAlarm",
        "ServerErrorsAlarm",
        "TableThrottlesAlarm",
        "StreamDeadLettersAlarm",
    ];
    assert_eq!(alarms, BTreeSet::from(expected));
    let topic = template.resources("AWS::SNS::Topic").next().expect("a topic");
    assert_eq!(written(&topic.1["Properties"]["Subscription"][0]["Endpoint"]), "!Ref AlarmEmail");
}

/// An alarm of the template as YAML.
fn alarm(template: &Template, wanted: &str) -> String {
    let mut alarms = template.resources("AWS::CloudWatch::Alarm");
    written(alarms.find(|(name, _)| *name == wanted).expect("the alarm").1)
}

/// Checks that an alarm sums a metric of every function, which AWS has by function only.
fn sees_every_function(template: &Template, name: &str, metric: &str) {
    let yaml = alarm(template, name);
    for function in FUNCTIONS.iter().map(Function::resource) {
        let of_function = yaml.split("- Id: ").any(|part| {
            part.contains("Namespace: AWS/Lambda\n")
                && part.contains(&format!("MetricName: {metric}\n"))
                && part.contains(&format!("Value: !Ref {function}\n"))
        });
        assert!(
            of_function,
            "template.yaml: add a line for the metric {metric} of {function} to Metrics of {name}"
        );
    }
}

#[test]
fn alarms_see_every_function_and_every_table() {
    let template = template();
    sees_every_function(&template, "FunctionFailuresAlarm", "Errors");
    sees_every_function(&template, "FunctionThrottlesAlarm", "Throttles");
    // The functions' own metrics have a dimension of the stack, which needs no list.
    for (name, metric) in [("FunctionFailuresAlarm", "failed"), ("TableThrottlesAlarm", "throttled")] {
        let yaml = alarm(&template, name);
        assert!(yaml.contains(&format!("MetricName: {metric}\n")), "{name} and {metric}: {yaml}");
        assert!(
            yaml.contains("Name: stack\n") && yaml.contains("Value: !Ref AWS::StackName\n"),
            "{name}: {yaml}"
        );
    }
    let variable = &template.document()["Globals"]["Function"]["Environment"]["Variables"]["STACK_NAME"];
    assert_eq!(
        written(variable),
        "!Ref AWS::StackName",
        "template.yaml: add `STACK_NAME: !Ref AWS::StackName` under Globals.Function.Environment.Variables"
    );
}

#[test]
fn every_consumer_has_an_alarm_for_its_delay_and_for_its_dead_letters() {
    let template = template();
    let alarms: Vec<String> =
        template.resources("AWS::CloudWatch::Alarm").map(|(_, alarm)| written(alarm)).collect();
    let has_alarm = |metric: &str, value: &str| {
        let mut alarms = alarms.iter();
        alarms.any(|alarm| alarm.contains(&format!("MetricName: {metric}\n")) && alarm.contains(value))
    };
    for (name, _) in functions::consumers() {
        let function = FUNCTIONS.iter().find(|function| function.name == name).expect("a row").resource();
        assert!(
            has_alarm("IteratorAge", &format!("Value: !Ref {function}\n")),
            "template.yaml: add an alarm on the metric IteratorAge of {function}"
        );
    }
    for (queue, _) in template.resources("AWS::SQS::Queue") {
        assert!(
            has_alarm("ApproximateNumberOfMessagesVisible", &format!("Value: !GetAtt {queue}.QueueName\n")),
            "template.yaml: add an alarm on the metric ApproximateNumberOfMessagesVisible of {queue}"
        );
    }
}

#[test]
fn the_dashboard_lists_no_function_and_no_table() {
    let template = template();
    let (_, dashboard) = template.resources("AWS::CloudWatch::Dashboard").next().expect("a dashboard");
    let Value::Tagged(body) = &dashboard["Properties"]["DashboardBody"] else { panic!("a !Sub") };
    let body = body.value.as_str().expect("a text");
    let parsed: serde_json::Value = serde_json::from_str(body).expect("JSON, before and after substitution");
    let widgets = parsed["widgets"].as_array().expect("widgets");
    assert!(widgets.len() >= 10);
    let mut places = BTreeSet::new();
    for widget in widgets {
        assert!(
            places.insert((widget["x"].as_u64(), widget["y"].as_u64())),
            "two widgets in one place: {widget}"
        );
    }
    for metric in ["Errors", "Throttles", "Duration", "ConcurrentExecutions", "IteratorAge"] {
        let search = format!(
            "SEARCH('{{AWS/Lambda,FunctionName}} MetricName=\\\"{metric}\\\" FunctionName=${{AWS::StackName}}'"
        );
        assert!(body.contains(&search), "{metric}");
    }
    for metric in [
        "ConsumedReadCapacityUnits",
        "ConsumedWriteCapacityUnits",
        "ReadThrottleEvents",
        "WriteThrottleEvents",
    ] {
        let search = format!(
            "SEARCH('{{AWS/DynamoDB,TableName}} MetricName=\\\"{metric}\\\" TableName=${{AWS::StackName}}'"
        );
        assert!(body.contains(&search), "{metric}");
    }
    for metric in ["cold", "db_calls", "failed", "late_seconds"] {
        assert!(
            body.contains(&format!("[\"HeroBrain\", \"{metric}\", \"stack\", \"${{AWS::StackName}}\"]")),
            "{metric}"
        );
    }
    // What the recorder appends and what delivery sends have the same name, and each a line of its own.
    let events = "SEARCH('{HeroBrain,function} MetricName=\\\"events\\\" function=${AWS::StackName}'";
    assert!(body.contains(events));
    for kind in ["AWS::Serverless::Function", "AWS::DynamoDB::Table"] {
        for (name, _) in template.resources(kind) {
            assert!(!body.contains(&format!("${{{name}}}")), "{name}: a search shows it without a list");
        }
    }
}

#[test]
fn logs_end_and_the_access_log_has_routes_instead_of_what_callers_wrote() {
    let template = template();
    let groups: BTreeSet<&str> = template
        .resources("AWS::Logs::LogGroup")
        .map(|(name, group)| {
            let days = written(&group["Properties"]["RetentionInDays"]);
            assert_eq!(days, "!Ref LogRetentionDays", "{name}");
            name
        })
        .collect();
    let mut used = BTreeSet::from(["AccessLog"]);
    let mut own = Vec::new();
    for (name, function) in template.resources("AWS::Serverless::Function") {
        let group = written(&function["Properties"]["LoggingConfig"]["LogGroup"]);
        assert_eq!(group, format!("!Ref {}", name.replace("Function", "Log")), "{name}");
        own.push(group);
    }
    used.extend(own.iter().filter_map(|group| group.strip_prefix("!Ref ")));
    assert_eq!(groups, used, "the log groups of template.yaml, and those of the functions and the gateway");

    let (_, api) = template.resources("AWS::Serverless::HttpApi").next().expect("the API");
    let access = &api["Properties"]["AccessLogSettings"];
    assert_eq!(written(&access["DestinationArn"]), "!GetAtt AccessLog.Arn");
    let format: serde_json::Value =
        serde_json::from_str(access["Format"].as_str().expect("a format")).expect("JSON");
    assert_eq!(format["requestId"], "$context.requestId");
    for value in format.as_object().expect("an object").values() {
        let value = value.as_str().expect("a text");
        assert!(value.starts_with("$context."), "{value}");
        assert!(!value.contains("path") && !value.contains("authorizer"), "{value} may hold what is secret");
    }
}

#[test]
fn the_stage_is_throttled_and_tables_refuse_to_be_deleted() {
    let template = template();
    let (_, api) = template.resources("AWS::Serverless::HttpApi").next().expect("the API");
    let defaults = &api["Properties"]["DefaultRouteSettings"];
    assert_eq!(written(&defaults["ThrottlingRateLimit"]), "!Ref ThrottleRate");
    assert_eq!(written(&defaults["ThrottlingBurstLimit"]), "!Ref ThrottleBurst");
    for (name, table) in template.resources("AWS::DynamoDB::Table") {
        let protection = written(&table["Properties"]["DeletionProtectionEnabled"]);
        assert_eq!(protection, "!Ref DeletionProtection", "{name}");
    }
    assert_eq!(template.document()["Parameters"]["DeletionProtection"]["Default"], "true");
}

#[test]
fn the_environments_set_parameters_that_the_template_has_to_values_that_it_takes() {
    let template = template();
    let parameters = &template.document()["Parameters"];
    let config = include_str!("../../infra/samconfig.toml");
    let overrides: Vec<&str> =
        config.lines().filter_map(|line| line.strip_prefix("parameter_overrides = ")).collect();
    assert_eq!(overrides.len(), 2, "dev and prod");
    for pair in overrides.iter().flat_map(|overrides| overrides.trim_matches('"').split(' ')) {
        let (name, value) = pair.split_once('=').expect("a pair");
        let allowed = parameters[name]["AllowedValues"].as_sequence().expect("a parameter with a choice");
        assert!(allowed.iter().any(|allowed| written(allowed).trim_matches('\'') == value), "{pair}");
    }
    let prod = overrides[1];
    assert!(prod.contains("DeletionProtection=true") && prod.contains("GradualDeployment=true"), "{prod}");
}

#[test]
fn a_new_version_is_rolled_back_by_the_alarm_of_failures() {
    let template = template();
    let function = &template.document()["Globals"]["Function"];
    assert_eq!(function["AutoPublishAlias"], "Live");
    let deployment = &function["DeploymentPreference"];
    assert_eq!(written(&deployment["Enabled"]), "!Ref GradualDeployment");
    assert_eq!(deployment["Type"], "Canary10Percent5Minutes");
    let (_, alarm) = template
        .resources("AWS::CloudWatch::Alarm")
        .find(|(name, _)| written(&deployment["Alarms"]).contains(name))
        .expect("an alarm rolls it back");
    let alarm = written(alarm);
    // The gateway depends on the functions, and these on the alarm.
    assert!(!alarm.contains("!Ref Api\n"), "{alarm}");
}

#[test]
fn every_parameter_has_a_default_and_says_what_it_is() {
    for (name, parameter) in template().document()["Parameters"].as_mapping().expect("parameters") {
        assert!(parameter.get("Default").is_some(), "{name:?}: a first deployment asks nothing");
        assert!(parameter["Description"].as_str().is_some_and(|text| text.ends_with('.')), "{name:?}");
    }
}
