//! What the roles of `template.yaml` allow, and what the calls and the platform of a function need.

use std::collections::BTreeSet;
use std::fmt;

use hb_local::functions::{Function, Trigger};
use hb_local::template::Template;
use hb_store::SecretId;
use serde_norway::Value;
use strum::VariantArray;

/// What DynamoDB, Secrets Manager and SQS do with a customer's key on behalf of the caller.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
const KEY_ACTIONS: [&str; 6] = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

/// An action on a resource, in the words of the template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// `dynamodb:Query`
    pub action: String,
    /// `!GetAtt Memories.Arn`
    pub resource: String,
    /// The condition of the template under which it is granted.
    pub only_if: Option<String>,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ Effect: Allow, Action: {}, Resource: {} }}", self.action, self.resource)?;
        self.only_if.as_ref().map_or(Ok(()), |condition| write!(f, " if {condition}"))
    }
}

impl Grant {
    /// A grant that does not depend on a condition.
    pub fn new(action: &str, resource: impl Into<String>) -> Self {
        Self { action: action.to_owned(), resource: resource.into(), only_if: None }
    }

    /// The same grant under this condition.
    #[must_use]
    pub fn only_if(self, condition: &str) -> Self {
        Self { only_if: Some(condition.to_owned()), ..self }
    }

    /// The grant that a recorded call needs, which is named as in `SdkCall::permissions`.
    pub fn for_call(permission: &str) -> Self {
        let (action, name) = permission.split_once(' ').expect("an action and a resource");
        let secret = SecretId::VARIANTS.iter().find(|id| id.name() == name);
        let resource = match (secret, name.split_once("/index/")) {
            (Some(secret), _) => format!("!Ref {}", secret.resource()),
            (None, Some((table, index))) => format!("!Sub ${{{table}.Arn}}/index/{index}"),
            (None, None) => format!("!GetAtt {name}.Arn"),
        };
        match secret {
            Some(id) if id.is_optional() => Self::new(action, resource).only_if("RequiresOriginSecret"),
            _ => Self::new(action, resource),
        }
    }
}

/// The role with this id.
pub fn role<'t>(template: &'t Template, id: &str) -> &'t Value {
    let found = template.resources("AWS::IAM::Role").find(|(name, _)| *name == id);
    &found.unwrap_or_else(|| panic!("template.yaml: add the resource `{id}` of type AWS::IAM::Role")).1["Properties"]
}

/// The statements of a role, each with the condition under which it is there.
pub fn statements<'t>(template: &'t Template, id: &str) -> Vec<(Option<String>, &'t Value)> {
    let policies = role(template, id)["Policies"].as_sequence().expect("policies");
    let statements = policies.iter().map(|policy| &policy["PolicyDocument"]["Statement"]);
    statements.flat_map(|statements| statements.as_sequence().expect("statements")).map(conditional).collect()
}

/// Everything that a role allows.
pub fn grants(template: &Template, id: &str) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for (outer, statement) in statements(template, id) {
        for (inner, resource) in one_or_many(&statement["Resource"]).into_iter().map(conditional) {
            let only_if = inner.or_else(|| outer.clone());
            let resource = written(resource);
            for action in one_or_many(&statement["Action"]) {
                let action = action.as_str().expect("an action").to_owned();
                grants.insert(Grant { action, resource: resource.clone(), only_if: only_if.clone() });
            }
        }
    }
    grants
}

/// What a function needs besides the calls of its code: its log, its traces and the stream that invokes it.
pub fn platform(template: &Template, function: &Function) -> BTreeSet<Grant> {
    let log = format!("!GetAtt {}.Arn", function.log_group());
    let mut grants: BTreeSet<Grant> =
        ["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| Grant::new(action, &*log)).into();
    let traces = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
    grants.extend(traces.map(|action| Grant::new(action, "'*'").only_if("IsTraced")));
    grants.extend(KEY_ACTIONS.map(|action| Grant::new(action, "!Ref KmsKeyArn").only_if("HasKmsKey")));
    if let Trigger::Stream(consumer) = function.trigger {
        for table in consumer.tables {
            let stream = format!("!GetAtt {}.StreamArn", table.definition().resource);
            let reads = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
            grants.extend(reads.map(|action| Grant::new(&format!("dynamodb:{action}"), &*stream)));
        }
        let id = function.resource();
        let mut functions = template.resources("AWS::Serverless::Function");
        let (_, found) = functions.find(|(name, _)| *name == id).expect("the function's resource");
        let events = found["Properties"]["Events"].as_mapping().expect("events");
        // A schedule invokes by a policy of the function, not of its role.
        for (_, event) in events.iter().filter(|(_, event)| event["Type"] == "DynamoDB") {
            let queue = &event["Properties"]["DestinationConfig"]["OnFailure"]["Destination"];
            grants.insert(Grant::new("sqs:SendMessage", written(queue)));
        }
    }
    grants
}

/// Checks that a role allows exactly what is needed.
pub fn assert_exact(template: &Template, id: &str, needed: &BTreeSet<Grant>) {
    let granted = grants(template, id);
    let lines =
        |grants: Vec<&Grant>| grants.into_iter().map(|grant| format!("\n{grant}")).collect::<String>();
    let missing = lines(needed.difference(&granted).collect());
    assert!(missing.is_empty(), "template.yaml: add this to {id}:{missing}");
    let spare = lines(granted.difference(needed).collect());
    assert!(spare.is_empty(), "template.yaml: {id} allows what its function does not do, remove:{spare}");
}

/// A value, or the value of an `!If` without an alternative, with its condition.
pub fn conditional(value: &Value) -> (Option<String>, &Value) {
    let Value::Tagged(tagged) = value else { return (None, value) };
    if tagged.tag != "If" {
        return (None, value);
    }
    let parts = tagged.value.as_sequence().expect("a condition and two values");
    assert_eq!(written(&parts[2]), "!Ref AWS::NoValue", "a permission has no alternative: {value:?}");
    (parts[0].as_str().map(str::to_owned), &parts[1])
}

/// The values of a list, or the one value that is there instead of a list.
pub fn one_or_many(value: &Value) -> Vec<&Value> {
    value.as_sequence().map_or_else(|| vec![value], |values| values.iter().collect())
}

/// A value as YAML in one line.
pub fn written(value: &Value) -> String {
    serde_norway::to_string(value).expect("YAML").trim().to_owned()
}
