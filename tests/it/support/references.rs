//! Checks references in CloudFormation templates, which `sam validate` does not: every reference must name an existing
//! resource or parameter.

use serde_norway::Value;

/// Names that CloudFormation defines.
const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// The attributes of the types that this project's template uses, as `Fn::GetAtt` has them.
const ATTRIBUTES: [(&str, &[&str]); 11] = [
    ("AWS::ApiGatewayV2::DomainName", &["RegionalDomainName", "RegionalHostedZoneId"]),
    ("AWS::CloudFront::Distribution", &["DomainName"]),
    ("AWS::CloudWatch::Alarm", &["Arn"]),
    ("AWS::DynamoDB::Table", &["Arn", "StreamArn"]),
    ("AWS::IAM::Role", &["Arn"]),
    ("AWS::Logs::LogGroup", &["Arn"]),
    ("AWS::SQS::Queue", &["Arn", "QueueName", "QueueUrl"]),
    ("AWS::SecretsManager::Secret", &["Id"]),
    ("AWS::Serverless::Function", &["Arn"]),
    ("AWS::Serverless::HttpApi", &["ApiEndpoint"]),
    ("AWS::WAFv2::WebACL", &["Arn"]),
];

/// Every dangling reference of the template with its location, in document order.
pub fn dangling(template: &Value) -> Vec<String> {
    let mut check = Check { template, found: Vec::new() };
    check.walk(template, "", &[]);
    check.found
}

struct Check<'t> {
    template: &'t Value,
    found: Vec<String>,
}

impl Check<'_> {
    /// Checks `value` and its children. `local` are names that only an enclosing `Fn::Sub` defines.
    fn walk(&mut self, value: &Value, index: &str, local: &[&str]) {
        match value {
            Value::Tagged(tagged) => {
                let function = tagged.tag.to_string();
                self.function(function.trim_start_matches('!'), &tagged.value, index, local);
            }
            Value::Mapping(mapping) => {
                for (name, value) in mapping {
                    let name = name.as_str().unwrap_or_default();
                    match name.strip_prefix("Fn::") {
                        Some(function) => self.function(function, value, index, local),
                        None if name == "Ref" => self.function("Ref", value, index, local),
                        None if name == "DependsOn" => self.depends_on(value, index),
                        None => self.walk(value, &format!("{index}/{name}"), local),
                    }
                }
            }
            Value::Sequence(values) => {
                for (number, value) in values.iter().enumerate() {
                    self.walk(value, &format!("{index}/{number}"), local);
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, name: &str, argument: &Value, index: &str, local: &[&str]) {
        match name {
            "Ref" => self.name(argument.as_str().unwrap_or_default(), index, local),
            "GetAtt" => match argument {
                Value::Sequence(parts) => {
                    let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                    self.attribute(&parts.join("."), index);
                }
                other => self.attribute(other.as_str().unwrap_or_default(), index),
            },
            "Sub" => match argument {
                Value::Sequence(parts) => {
                    let variables = parts.get(1).and_then(Value::as_mapping).into_iter().flatten();
                    let names: Vec<&str> = variables.filter_map(|(name, _)| name.as_str()).collect();
                    let text = parts.first().and_then(Value::as_str).unwrap_or_default();
                    self.substitution(text, index, &names);
                    if let Some(variables) = parts.get(1) {
                        self.walk(variables, index, local);
                    }
                }
                other => self.substitution(other.as_str().unwrap_or_default(), index, local),
            },
            // The others are no references themselves, but their arguments may contain some.
            _ => self.walk(argument, index, local),
        }
    }

    /// `text ${Name} ${Name.Attribute} ${!Literal}`
    fn substitution(&mut self, text: &str, index: &str, local: &[&str]) {
        for rest in text.split("${").skip(1) {
            let name = rest.split('}').next().unwrap_or_default();
            match name {
                literal if literal.starts_with('!') => {}
                attribute if attribute.contains('.') => self.attribute(attribute, index),
                name => self.name(name, index, local),
            }
        }
    }

    fn name(&mut self, name: &str, index: &str, local: &[&str]) {
        let known = local.contains(&name)
            || PSEUDO_PARAMETERS.contains(&name)
            || self.section("Parameters", name).is_some()
            || self.section("Resources", name).is_some()
            || self.is_made_by_sam(name);
        if !known {
            self.found.push(format!("{index}: {name} is neither a parameter nor a resource"));
        }
    }

    /// `Api.Stage`, which SAM generates for an API.
    ///
    /// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>
    fn is_made_by_sam(&self, name: &str) -> bool {
        let api = name.strip_suffix(".Stage").and_then(|api| self.section("Resources", api));
        api.is_some_and(|api| api.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::HttpApi"))
    }

    fn attribute(&mut self, reference: &str, index: &str) {
        let (name, attribute) = reference.split_once('.').unwrap_or((reference, ""));
        let Some(resource) = self.section("Resources", name) else {
            self.found.push(format!("{index}: {name} is no resource"));
            return;
        };
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let known = ATTRIBUTES.iter().find(|(known, _)| *known == kind);
        if !known.is_some_and(|(_, attributes)| attributes.contains(&attribute)) {
            self.found.push(format!("{index}: {kind} is not known to have the attribute {attribute}"));
        }
    }

    fn depends_on(&mut self, value: &Value, index: &str) {
        let one = value.as_str();
        let many = value.as_sequence().into_iter().flatten().filter_map(Value::as_str);
        for name in one.into_iter().chain(many) {
            if self.section("Resources", name).is_none() {
                self.found.push(format!("{index}/DependsOn: {name} is no resource"));
            }
        }
    }

    fn section(&self, section: &str, name: &str) -> Option<&Value> {
        self.template.get(section)?.get(name)
    }
}
