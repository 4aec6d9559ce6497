//! What watches over a deployed stack: alarms, the dashboard, logs, and the limits behind those of plans.

use std::collections::BTreeSet;

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
        "FunctionFailuresAlarm",
        "FunctionThrottlesAlarm",
        "IteratorAgeAlarm",
        "LatencyAlarm",
        "ServerErrorsAlarm",
        "TableThrottlesAlarm",
        "ExpiryDeadLettersAlarm",
    ];
    assert_eq!(alarms, BTreeSet::from(expected));
    let topic = template.resources("AWS::SNS::Topic").next().expect("a topic");
    assert_eq!(written(&topic.1["Properties"]["Subscription"][0]["Endpoint"]), "!Ref AlarmEmail");
}

#[test]
fn alarms_and_the_dashboard_see_every_function_and_every_table() {
    let template = template();
    let alarm = |wanted: &str| {
        let mut alarms = template.resources("AWS::CloudWatch::Alarm");
        written(alarms.find(|(name, _)| *name == wanted).expect("the alarm").1)
    };
    let (_, dashboard) = template.resources("AWS::CloudWatch::Dashboard").next().expect("a dashboard");
    let Value::Tagged(body) = &dashboard["Properties"]["DashboardBody"] else { panic!("a !Sub") };
    let body = body.value.as_str().expect("a text");
    let parsed: serde_json::Value = serde_json::from_str(body).expect("JSON, before and after substitution");
    assert!(parsed["widgets"].as_array().is_some_and(|widgets| widgets.len() >= 10));
    for (kind, of, metrics) in [
        ("AWS::Serverless::Function", "FunctionThrottlesAlarm", &["Throttles"][..]),
        ("AWS::DynamoDB::Table", "TableThrottlesAlarm", &["ReadThrottleEvents", "WriteThrottleEvents"]),
    ] {
        let throttles = alarm(of);
        for (name, _) in template.resources(kind) {
            let seen = throttles.matches(&format!("Value: !Ref {name}\n")).count();
            assert_eq!(seen, metrics.len(), "{of} and {name}");
            assert!(body.contains(&format!("\"${{{name}}}\"")), "the dashboard and {name}");
        }
        for metric in metrics {
            assert!(throttles.contains(&format!("MetricName: {metric}\n")), "{of}: {metric}");
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
    assert_eq!(groups, used);

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
fn a_new_version_gets_all_requests_when_nothing_rings() {
    let template = template();
    let function = &template.document()["Globals"]["Function"];
    assert_eq!(function["AutoPublishAlias"], "Live");
    let deployment = &function["DeploymentPreference"];
    assert_eq!(written(&deployment["Enabled"]), "!Ref GradualDeployment");
    assert_eq!(deployment["Type"], "Canary10Percent5Minutes");
    let (_, alarm) = template
        .resources("AWS::CloudWatch::Alarm")
        .find(|(name, _)| written(&deployment["Alarms"]).contains(name))
        .expect("an alarm takes it back");
    let alarm = written(alarm);
    // It would wait for the gateway, which waits for the versions.
    assert!(!alarm.contains("!Ref Api\n"), "{alarm}");
    for (name, _) in template.resources("AWS::Serverless::Function") {
        assert!(alarm.contains(&format!("Value: !Ref {name}\n")), "{name}");
    }
}

#[test]
fn every_parameter_has_a_default_and_says_what_it_is() {
    for (name, parameter) in template().document()["Parameters"].as_mapping().expect("parameters") {
        assert!(parameter.get("Default").is_some(), "{name:?}: a first deployment asks nothing");
        assert!(parameter["Description"].as_str().is_some_and(|text| text.ends_with('.')), "{name:?}");
    }
}
