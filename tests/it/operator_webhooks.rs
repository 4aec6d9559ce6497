//! `hb doctor` counts the secrets of webhook endpoints by the version of their key, and `hb webhooks reencrypt` encrypts those
//! under the previous version anew.

use hb_http::WebhookKeyCache;
use hb_store::Context;
use hb_tests::binaries::binary;
use hb_tests::process::Ended;
use hb_tests::world::{Account, plenty};
use hb_tests::{Process, World, function};
use serde_json::{Value, json};
use tokio::process::Command;

const WEBHOOKS: &str = "/api/v1/webhooks";

async fn hb(world: &World, words: &[&str]) -> Ended {
    let mut command = Command::new(binary("hb"));
    command.env_clear().envs(function::environment(world)).args(words);
    Process::start(&mut command).ended().await
}

/// What a script gets, and the exit status.
async fn hb_json(world: &World, words: &[&str]) -> (Value, Option<i32>) {
    let ended = hb(world, &[&["--json"], words].concat()).await;
    assert_eq!(ended.stdout.len(), 1, "{words:?}: {}", ended.stderr);
    (serde_json::from_str(&ended.stdout[0]).expect("JSON"), ended.code)
}

async fn counted(world: &World) -> Value {
    hb_json(world, &["doctor"]).await.0["webhookSecrets"].clone()
}

/// The row of the text that doctor prints.
async fn row(world: &World) -> String {
    let ended = hb(world, &["doctor"]).await;
    ended.stdout.into_iter().find(|line| line.starts_with("webhook secrets")).expect("a row")
}

/// Tenants with so many endpoints each.
async fn tenants(world: &World, endpoints: &[usize]) -> Vec<Account> {
    let instance = world.instance().await;
    let mut accounts = Vec::new();
    for (number, endpoints) in endpoints.iter().enumerate() {
        let account = world.account_with(&format!("tenant{number:02}"), plenty()).await;
        let client = instance.client.with(&account.key);
        for endpoint in 0..*endpoints {
            let url = format!("https://example.com/{endpoint}");
            let body = json!({"name": "Hook", "url": url, "events": ["memory.*"]});
            client.post(WEBHOOKS, body).await.expect(201, "");
        }
        accounts.push(account);
    }
    accounts
}

/// How many secrets of a tenant an instance can read that has read nothing yet.
async fn readable(world: &World, account: &Account) -> usize {
    let (cache, now) = (WebhookKeyCache::default(), world.clock.now());
    let context = Context::operator(&account.tenant, now);
    let mut readable = 0;
    for endpoint in world.store.with(&context).webhooks().list().await.expect("endpoints") {
        let owner = (&account.tenant, &endpoint.webhook.id);
        readable += usize::from(cache.open(&world.store, now, owner, &endpoint.secret).await.is_ok());
    }
    readable
}

#[tokio::test]
async fn secrets_are_counted_and_encrypted_anew_before_the_next_rotation() {
    let world = World::new().await;
    // More tenants than are read at once, and some without an endpoint.
    let endpoints: Vec<usize> = (0..18).map(|number| number % 3).collect();
    let accounts = tenants(&world, &endpoints).await;
    let total: usize = endpoints.iter().sum();
    assert_eq!(counted(&world).await, json!({"current": total, "previous": 0, "unreadable": []}));
    assert!(row(&world).await.ends_with(&format!("ok; none of {total} under the previous version")));

    world.secrets.rotate_webhook_key("the second webhook key, of enough bytes");
    let (report, code) = hb_json(&world, &["doctor"]).await;
    assert_eq!(report["webhookSecrets"], json!({"current": 0, "previous": total, "unreadable": []}));
    assert_eq!((&report["sound"], code), (&json!(true), Some(0)), "they are readable: {report}");
    let advice = format!("ok; {total} of {total} under the previous version: run `hb webhooks reencrypt`");
    assert!(row(&world).await.contains(&advice));

    let (report, code) = hb_json(&world, &["webhooks", "reencrypt"]).await;
    let expected =
        json!({"current": total, "previous": 0, "unreadable": [], "reencrypted": total, "problems": []});
    assert_eq!((&report, code), (&expected, Some(0)));
    assert_eq!(counted(&world).await, json!({"current": total, "previous": 0, "unreadable": []}));
    let again = hb(&world, &["webhooks", "reencrypt"]).await;
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let numbers: Vec<_> = again.stdout[1].split_whitespace().collect();
    assert_eq!(numbers, ["0", &total.to_string(), "0", "0"], "{:?}", again.stdout);

    world.secrets.rotate_webhook_key("the third webhook key, of enough bytes");
    for (account, endpoints) in accounts.iter().zip(endpoints) {
        assert_eq!(readable(&world, account).await, endpoints);
    }
}

#[tokio::test]
async fn a_secret_of_a_version_that_is_gone_is_named() {
    let world = World::new().await;
    let accounts = tenants(&world, &[1]).await;
    world.secrets.rotate_webhook_key("the second webhook key, of enough bytes");
    world.secrets.rotate_webhook_key("the third webhook key, of enough bytes");
    assert_eq!(readable(&world, &accounts[0]).await, 0);
    let context = Context::operator(&accounts[0].tenant, world.clock.now());
    let endpoints = world.store.with(&context).webhooks().list().await.expect("endpoints");
    let named = format!("tenant00 {}", endpoints[0].webhook.id);
    let (report, code) = hb_json(&world, &["doctor"]).await;
    assert_eq!(report["webhookSecrets"], json!({"current": 0, "previous": 0, "unreadable": [named]}));
    assert_eq!((&report["sound"], code), (&json!(false), Some(1)));
    let ended = hb(&world, &["webhooks", "reencrypt"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains(&named) && ended.stderr.contains("rotate"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_tenant_that_cannot_be_read_holds_back_no_other() {
    let world = World::new().await;
    let accounts = tenants(&world, &[1, 1]).await;
    let context = Context::operator(&accounts[0].tenant, world.clock.now());
    let endpoints = world.store.with(&context).webhooks().list().await.expect("endpoints");
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let update =
        aws_sdk_dynamodb::Client::from_conf(world.aws.dynamodb()).update_item().table_name("Webhooks");
    let update = update.key("tenant", text("tenant00")).key("sk", text(endpoints[0].webhook.id.as_str()));
    update.update_expression("REMOVE keyVersion").send().await.expect("the database");
    world.secrets.rotate_webhook_key("the second webhook key, of enough bytes");
    let ended = hb(&world, &["webhooks", "reencrypt"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("tenant00: "), "{}", ended.stderr);
    world.secrets.rotate_webhook_key("the third webhook key, of enough bytes");
    assert_eq!(readable(&world, &accounts[1]).await, 1);
}
