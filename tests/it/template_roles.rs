//! The roles of `template.yaml`: one for each function, without managed policies and without wildcards. What each of
//! them has to allow is in `template_policies.rs`.

use std::collections::BTreeSet;

use hb_local::functions::{FUNCTIONS, Function};
use hb_local::template::Template;
use hb_tests::roles::{conditional, grants, one_or_many, role, statements, written};
use serde_norway::Value;

/// The role of CodeDeploy.
const DEPLOYMENT: &str = "DeploymentRole";

fn template() -> Template {
    Template::embedded().expect("the template")
}

#[test]
fn every_function_has_a_role_of_its_own_to_which_sam_adds_nothing() {
    let template = template();
    for function in FUNCTIONS {
        let (id, wanted) = (function.resource(), format!("!GetAtt {}.Arn", function.role()));
        let mut functions = template.resources("AWS::Serverless::Function");
        let properties = &functions.find(|(name, _)| *name == id).expect("the function").1["Properties"];
        assert_eq!(written(&properties["Role"]), wanted, "template.yaml: set Role of {id} to {wanted}");
        assert!(
            properties.get("Policies").is_none(),
            "template.yaml: move Policies of {id} to {}",
            function.role()
        );
        assert_only_assumed_by(&template, &function.role(), "lambda.amazonaws.com");
    }
    let deployment = &template.document()["Globals"]["Function"]["DeploymentPreference"];
    assert_eq!(
        written(&deployment["Role"]),
        format!("!GetAtt {DEPLOYMENT}.Arn"),
        "SAM's may invoke functions"
    );
    assert_only_assumed_by(&template, DEPLOYMENT, "codedeploy.amazonaws.com");

    let mut expected: BTreeSet<String> = FUNCTIONS.iter().map(Function::role).collect();
    expected.insert(DEPLOYMENT.to_owned());
    let found = template.resources("AWS::IAM::Role").map(|(name, _)| name.to_owned());
    assert_eq!(
        found.collect::<BTreeSet<_>>(),
        expected,
        "the roles of template.yaml, and those that are used"
    );
}

fn assert_only_assumed_by(template: &Template, id: &str, service: &str) {
    let trust =
        role(template, id)["AssumeRolePolicyDocument"]["Statement"].as_sequence().expect("statements");
    assert_eq!(trust.len(), 1, "{id}");
    assert_eq!(trust[0]["Effect"], "Allow", "{id}");
    assert_eq!(trust[0]["Action"], "sts:AssumeRole", "{id}");
    let principal = trust[0]["Principal"].as_mapping().expect("a principal");
    assert_eq!(principal.len(), 1, "{id}");
    assert_eq!(trust[0]["Principal"]["Service"], service, "{id}");
}

#[test]
fn no_role_has_a_managed_policy_or_a_wildcard() {
    let template = template();
    for (id, properties) in template.resources("AWS::IAM::Role") {
        assert!(
            properties["Properties"].get("ManagedPolicyArns").is_none(),
            "{id}: managed policies allow more than its function needs"
        );
        let mut sids = BTreeSet::new();
        for (condition, statement) in statements(&template, id) {
            let sid = statement["Sid"].as_str().expect("a Sid");
            assert!(sids.insert(sid), "{id} has two statements {sid}");
            assert_eq!(statement["Effect"], "Allow", "{id}/{sid}");
            assert!(
                statement.get("NotAction").is_none() && statement.get("NotResource").is_none(),
                "{id}/{sid}"
            );
            // X-Ray has no resources.
            let is_tracing = condition.as_deref() == Some("IsTraced");
            for action in one_or_many(&statement["Action"]) {
                let action = action.as_str().expect("an action");
                assert!(!action.contains('*'), "{id}/{sid}: {action}");
                assert!(!is_tracing || action.starts_with("xray:Put"), "{id}/{sid}: {action}");
            }
            for (_, resource) in one_or_many(&statement["Resource"]).into_iter().map(conditional) {
                let names_one = matches!(resource, Value::Tagged(_)) && !written(resource).contains('*');
                assert!(
                    names_one || is_tracing,
                    "{id}/{sid}: {} is not one resource of the stack",
                    written(resource)
                );
            }
        }
    }
    for kind in ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::User"] {
        assert_eq!(template.resources(kind).count(), 0, "{kind}: a role's policy is in the role");
    }
}

#[test]
fn codedeploy_may_move_the_alias_of_every_function_and_read_the_alarm() {
    let template = template();
    let mut expected = BTreeSet::from([(
        "cloudwatch:DescribeAlarms".to_owned(),
        "!GetAtt FunctionFailuresAlarm.Arn".to_owned(),
    )]);
    for function in FUNCTIONS.iter().map(Function::resource) {
        for action in ["GetAlias", "UpdateAlias", "GetProvisionedConcurrencyConfig"] {
            for resource in [format!("!GetAtt {function}.Arn"), format!("!Sub ${{{function}.Arn}}:Live")] {
                expected.insert((format!("lambda:{action}"), resource));
            }
        }
    }
    let granted = grants(&template, DEPLOYMENT).into_iter().map(|grant| (grant.action, grant.resource));
    assert_eq!(granted.collect::<BTreeSet<_>>(), expected, "template.yaml: {DEPLOYMENT} (left)");
}
