//! Behind CloudFront the service refuses requests that do not have the origin secret, before it does anything for them.

use hb_domain::plan::Plan;
use hb_http::route::Surface;
use hb_local::functions;
use hb_local::template::Template;
use hb_tests::function::{environment, recorded};
use hb_tests::roles::written;
use hb_tests::world::{Account, moment};
use hb_tests::{Answer, Function, Instance, World};
use http::Method;
use serde_json::json;

const HEADER: &str = "x-origin-secret";
const FIRST: &str = "the first origin secret of this test";
const SECOND: &str = "the second origin secret of this test";
const THIRD: &str = "the third origin secret of this test";
const MEMORIES: &str = "/api/v1/memories?limit=1";

async fn world() -> (World, Account, Instance) {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    world.secrets.rotate_origin_secret(FIRST);
    let instance = world.instance_behind_cloudfront().await;
    (world, account, instance)
}

async fn send(instance: &Instance, key: &str, method: Method, path: &str, secrets: &[&str]) -> Answer {
    let headers: Vec<_> = secrets.iter().map(|secret| (HEADER, *secret)).collect();
    instance.client.with(key).send_raw(method, path, &headers, "").await
}

async fn get(instance: &Instance, key: &str, secrets: &[&str]) -> Answer {
    send(instance, key, Method::GET, MEMORIES, secrets).await
}

fn assert_refused(answer: &Answer) {
    answer.expect(403, "INSUFFICIENT_SCOPE");
    assert_eq!(answer.message(), "Direct access is not allowed; use the public address of this service");
    for absent in ["www-authenticate", "x-ratelimit-limit", "allow"] {
        assert!(!answer.headers.contains_key(absent), "{absent}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn requests_without_the_secret_are_refused_alike_on_every_route_and_cost_no_call() {
    let (_world, account, instance) = world().await;
    let (pages, others): (Vec<_>, Vec<_>) =
        functions::routes().partition(|route| route.surface == Surface::Page);
    for page in pages {
        let answer = send(&instance, &account.key, page.method.clone(), page.path, &[]).await;
        assert_eq!(answer.status, 403, "{}", page.path);
        assert!(answer.text.contains("Direct access is not allowed"), "{}", answer.text);
    }
    let paths = others.into_iter().map(|route| (route.method.clone(), route.path.replace("{id}", "x")));
    let others = [(Method::GET, "/nowhere"), (Method::DELETE, "/health"), (Method::OPTIONS, MEMORIES)];
    let others = others.map(|(method, path)| (method, path.to_owned()));
    for (method, path) in paths.chain(others) {
        let answer = send(&instance, &account.key, method.clone(), &path, &[]).await;
        assert_refused(&answer);
    }
    assert_eq!(instance.tap.take(), [], "neither the database nor Secrets Manager is called");
    // A value that may be right takes the secret, once, and the database never.
    for wrong in ["", "x", &FIRST[1..], &format!("{FIRST} "), &FIRST.to_uppercase()] {
        if wrong.trim() != FIRST {
            assert_refused(&get(&instance, &account.key, &[wrong]).await);
        }
    }
    for repeated in [[FIRST, FIRST], [FIRST, "x"], ["x", FIRST]] {
        assert_refused(&get(&instance, &account.key, &repeated).await);
    }
    let calls: Vec<_> = instance.tap.take().into_iter().map(|call| call.name).collect();
    assert_eq!(calls, ["secretsmanager GetSecretValue"; 2], "the current version and the previous one");
}

#[tokio::test]
async fn requests_with_the_secret_are_served_as_without_one_configured() {
    let (world, account, instance) = world().await;
    assert_eq!(get(&instance, &account.key, &[FIRST]).await.status, 200);
    get(&instance, "not-a-key", &[FIRST]).await.expect(401, "AUTH_INVALID");
    assert_eq!(send(&instance, "", Method::GET, "/health", &[FIRST]).await.status, 200);
    send(&instance, "", Method::GET, "/nowhere", &[FIRST]).await.expect(404, "RESOURCE_NOT_FOUND");
    // A deployment without an origin secret reads none, whatever the header says.
    let open = world.instance().await;
    assert_eq!(get(&open, &account.key, &["x"]).await.status, 200);
    let reads = |calls: Vec<hb_tests::tap::SdkCall>| {
        calls.iter().filter(|call| call.permissions.iter().any(|p| p.ends_with("origin-secret"))).count()
    };
    assert_eq!(reads(open.tap.take()), 0);
    assert_eq!(reads(instance.tap.take()), 4, "both versions, by each of the two functions");
}

#[tokio::test]
async fn a_rotation_refuses_no_request_and_a_second_one_ends_the_old_secret() {
    let (world, account, instance) = world().await;
    assert_eq!(get(&instance, &account.key, &[FIRST]).await.status, 200);
    world.secrets.rotate_origin_secret(SECOND);
    let fresh = world.instance_behind_cloudfront().await;
    for secret in [FIRST, SECOND] {
        assert_eq!(get(&fresh, &account.key, &[secret]).await.status, 200);
    }
    // Until a warm instance has read the new version, the distribution sends the old one.
    assert_refused(&get(&instance, &account.key, &[SECOND]).await);
    instance.clock.set(moment("2026-11-24T12:05:00Z"));
    for secret in [FIRST, SECOND] {
        assert_eq!(get(&instance, &account.key, &[secret]).await.status, 200);
    }
    world.secrets.rotate_origin_secret(THIRD);
    let fresh = world.instance_behind_cloudfront().await;
    assert_refused(&get(&fresh, &account.key, &[FIRST]).await);
    assert_eq!(get(&fresh, &account.key, &[THIRD]).await.status, 200);
}

#[tokio::test]
async fn wrong_secrets_cause_no_reads_and_an_outage_refuses_only_cold_instances() {
    let (world, account, instance) = world().await;
    assert_eq!(get(&instance, &account.key, &[FIRST]).await.status, 200);
    let before = world.secrets.reads();
    for number in 0..20 {
        assert_refused(&get(&instance, &account.key, &[&format!("guess number {number}")]).await);
    }
    assert_eq!(world.secrets.reads(), before);
    world.secrets.set_away(true);
    instance.clock.set(moment("2026-11-24T12:05:00Z"));
    assert_eq!(get(&instance, &account.key, &[FIRST]).await.status, 200, "the cached version serves");
    let cold = world.instance_behind_cloudfront().await;
    get(&cold, &account.key, &[FIRST]).await.expect(503, "SERVICE_UNAVAILABLE");
    assert_refused(&get(&cold, &account.key, &[]).await);
}

#[tokio::test]
async fn the_secret_is_in_no_log_at_any_level() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    world.secrets.rotate_origin_secret(FIRST);
    world.secrets.rotate_origin_secret(SECOND);
    let variables = environment(&world).into_iter().chain([("ORIGIN_SECRET", "origin-secret".to_owned())]);
    let mut function = Function::start_in(&variables.collect(), "memories").await;
    for (secret, status) in [(FIRST, 200), (SECOND, 200), (THIRD, 403)] {
        let mut event = recorded("list-memories.json", &account.key);
        event["headers"][HEADER] = json!(secret);
        assert_eq!(function.send(event).await.status, status);
    }
    let (lines, ended) = function.log().await;
    let text = format!("{lines:?}{}", ended.stderr);
    assert!(text.contains("hb_http::request"));
    for secret in [FIRST, SECOND, THIRD] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn the_template_requires_the_secret_and_disables_the_gateways_own_name_together() {
    let template = Template::embedded().expect("the template");
    let (_, api) = template.resources("AWS::Serverless::HttpApi").next().expect("the API");
    let disabled = written(&api["Properties"]["DisableExecuteApiEndpoint"]);
    assert_eq!(disabled, "!If\n- RequiresOriginSecret\n- true\n- false");
    let conditions = &template.document()["Conditions"];
    assert_eq!(written(&conditions["RequiresOriginSecret"]), "!Equals\n- !Ref OriginProtection\n- required");
    assert_eq!(
        written(&conditions["HasOriginSecret"]),
        "!Not\n- !Equals\n  - !Ref OriginProtection\n  - none"
    );
    let mut secrets = template.resources("AWS::SecretsManager::Secret");
    let (_, secret) = secrets.find(|(name, _)| *name == "OriginSecret").expect("the secret");
    assert_eq!(secret["Condition"], "HasOriginSecret");
    assert_eq!(template.document()["Parameters"]["OriginProtection"]["Default"], "none");
}
