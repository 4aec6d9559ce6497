//! What is in front of the functions: the distribution, the web ACL, reserved concurrency, and how the runbook deploys them.

use std::collections::BTreeSet;

use hb_domain::plan::Plan;
use hb_local::template::Template;
use hb_tests::World;
use hb_tests::references::dangling;
use hb_tests::roles::written;
use http::Method;
use serde_norway::Value;

const RUNBOOK: &str = include_str!("../../infra/OPERATIONS.md");

fn cloudfront() -> Template {
    Template::parse(include_str!("../../infra/cloudfront.yaml")).expect("YAML")
}

fn waf() -> Template {
    Template::parse(include_str!("../../infra/waf.yaml")).expect("YAML")
}

fn distribution(template: &Template) -> &Value {
    let (_, found) = template.resources("AWS::CloudFront::Distribution").next().expect("a distribution");
    &found["Properties"]["DistributionConfig"]
}

#[tokio::test]
async fn the_service_accepts_the_header_that_the_distribution_adds() {
    let template = cloudfront();
    let headers =
        distribution(&template)["Origins"][0]["OriginCustomHeaders"].as_sequence().expect("headers");
    assert_eq!(headers.len(), 1);
    // The secret is read by CloudFormation and stands in no template and no parameter.
    assert_eq!(
        written(&headers[0]["HeaderValue"]),
        "!Sub '{{resolve:secretsmanager:${OriginSecretArn}:SecretString:::${OriginSecretVersion}}}'"
    );
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    world.secrets.rotate_origin_secret("the origin secret of this test");
    let instance = world.instance_behind_cloudfront().await;
    let header = (headers[0]["HeaderName"].as_str().expect("a name"), "the origin secret of this test");
    let client = instance.client.with(&account.key);
    assert_eq!(client.send_raw(Method::GET, "/api/v1/memories", &[header], "").await.status, 200);
}

#[test]
fn the_distribution_caches_nothing_and_passes_everything_on_over_https() {
    let template = cloudfront();
    let config = distribution(&template);
    let behavior = &config["DefaultCacheBehavior"];
    assert_eq!(behavior["ViewerProtocolPolicy"], "https-only");
    assert_eq!(behavior["CachePolicyId"], "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled");
    assert_eq!(
        behavior["OriginRequestPolicyId"], "b689b0a8-53d0-40ab-baf2-68738e2966ac",
        "AllViewerExceptHostHeader: the gateway knows the host of the origin only"
    );
    let methods = behavior["AllowedMethods"].as_sequence().expect("methods");
    let methods: BTreeSet<&str> = methods.iter().filter_map(Value::as_str).collect();
    assert_eq!(methods, BTreeSet::from(["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]));
    assert!(config.get("CacheBehaviors").is_none(), "no path is treated differently");
    assert_eq!(behavior["Compress"], false, "a compressed response has a weak ETag");
    let errors = config["CustomErrorResponses"].as_sequence().expect("errors");
    let uncached = errors.iter().filter(|error| error["ErrorCachingMinTTL"] == 0);
    let uncached: BTreeSet<u64> = uncached.filter_map(|error| error["ErrorCode"].as_u64()).collect();
    // Every status that CloudFront caches as an error.
    assert_eq!(uncached, BTreeSet::from([400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]));
    let origin = &config["Origins"][0]["CustomOriginConfig"];
    assert_eq!(origin["OriginProtocolPolicy"], "https-only");
    let main = Template::embedded().expect("the template");
    let timeout = main.document()["Globals"]["Function"]["Timeout"].as_u64().expect("seconds");
    assert!(origin["OriginReadTimeout"].as_u64().expect("seconds") > timeout, "the function answers first");
    assert_eq!(written(&config["WebACLId"]), "!Ref WebAclArn");
}

#[test]
fn the_web_acl_limits_every_address_on_the_routes_that_cost_a_call_or_a_transfer() {
    let template = waf();
    let (_, acl) = template.resources("AWS::WAFv2::WebACL").next().expect("a web ACL");
    assert_eq!(acl["Properties"]["Scope"], "CLOUDFRONT");
    let rules = acl["Properties"]["Rules"].as_sequence().expect("rules");
    let limit = &rules[0];
    assert_eq!(limit["Action"]["Block"]["CustomResponse"]["ResponseCode"], 429);
    let rate = &limit["Statement"]["RateBasedStatement"];
    assert_eq!(
        (&rate["AggregateKeyType"], written(&rate["Limit"])),
        (&"IP".into(), "!Ref RequestsPerAddress".into())
    );
    let paths = rate["ScopeDownStatement"]["OrStatement"]["Statements"].as_sequence().expect("statements");
    let paths = paths.iter().map(|path| path["ByteMatchStatement"]["SearchString"].as_str().expect("a path"));
    assert_eq!(paths.collect::<Vec<_>>(), ["/api", "/auth", "/docs", "/openapi.json"]);
    // Rules on bodies refuse memories: they take code and quotations for attacks, and a large import for an overflow.
    for rule in &rules[1..] {
        let group = &rule["Statement"]["ManagedRuleGroupStatement"];
        assert_eq!(group["Name"], "AWSManagedRulesAmazonIpReputationList", "{rule:?}");
    }
}

#[test]
fn references_in_both_templates_name_something() {
    for template in [cloudfront(), waf()] {
        assert_eq!(dangling(template.document()), Vec::<String>::new());
    }
}

#[test]
fn each_function_takes_its_own_part_of_the_reserved_concurrency() {
    let template = Template::embedded().expect("the template");
    let description = &template.document()["Parameters"]["ReservedConcurrency"]["Description"];
    let description = description.as_str().expect("a description").replace(" and ", ", ");
    let names = description.strip_prefix("The concurrent executions reserved for ").expect("a list");
    let names: Vec<&str> = names.split(", ").take_while(|name| !name.starts_with("as ")).collect();
    let mut seen = 0;
    for (id, function) in template.resources("AWS::Serverless::Function") {
        let binary = function["Metadata"]["BuildProperties"]["Binary"].as_str().expect("a binary");
        let index = names.iter().position(|name| *name == binary);
        let index = index.unwrap_or_else(|| panic!("template.yaml: name {binary} in ReservedConcurrency"));
        seen += 1;
        assert_eq!(
            written(&function["Properties"]["ReservedConcurrentExecutions"]),
            format!(
                "!If\n- ReservesConcurrency\n- !Select\n  - {index}\n  - !Ref ReservedConcurrency\n- !Ref AWS::NoValue"
            ),
            "template.yaml: ReservedConcurrentExecutions of {id} (left)"
        );
    }
    assert_eq!(seen, names.len(), "a number for each function");
    // CloudFormation evaluates a Select also where a condition leaves it out, so the default has an entry for each.
    let none = template.document()["Parameters"]["ReservedConcurrency"]["Default"].as_str().expect("a list");
    assert_eq!(none, vec!["0"; seen].join(","), "template.yaml: Default of ReservedConcurrency");
    let condition = written(&template.document()["Conditions"]["ReservesConcurrency"]);
    assert!(condition.contains(&format!("- {none}\n")) || condition.ends_with(none), "{condition}");
}

#[test]
fn the_runbook_uses_parameters_that_the_templates_have() {
    let section = RUNBOOK.split("\n## CloudFront and WAF in front\n").nth(1).expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let templates = [Template::embedded().expect("the template"), cloudfront(), waf()];
    let words = section.split(|c: char| c.is_whitespace() || "`\"(),;".contains(c));
    let pairs = words.filter_map(|word| word.split_once('='));
    let names: BTreeSet<&str> =
        pairs.map(|(name, _)| name).filter(|name| name.starts_with(char::is_uppercase)).collect();
    let parameters: BTreeSet<&str> =
        names.into_iter().filter(|name| name.chars().any(char::is_lowercase)).collect();
    assert!(parameters.len() >= 8, "{parameters:?}");
    for name in &parameters {
        let known = templates.iter().any(|template| template.document()["Parameters"].get(*name).is_some());
        assert!(known, "infra/OPERATIONS.md: no template has the parameter {name}");
    }
    for template in &templates[1..] {
        for (name, parameter) in template.document()["Parameters"].as_mapping().expect("parameters") {
            let name = name.as_str().expect("a name");
            assert!(
                parameters.contains(name) || parameter.get("Default").is_some(),
                "OPERATIONS.md: set {name}"
            );
        }
    }
}
