//! The scenarios of `clients/scenarios`, which the clients also hold with their methods: here over plain HTTP.

mod exchange;
mod matching;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hb_domain::plan::Plan;
use hb_domain::webhook::UrlPolicy;
use hb_local::functions;
use hb_tests::issuer::TestIssuer;
use hb_tests::{Answer, Client, Instance, World};
use serde_json::{Map, Value, json};

use exchange::Exchange;
use matching::difference;

/// How often a step is repeated whose expectation comes true after the streams have been delivered.
const REPETITIONS: usize = 20;

/// The name and the content of each file, in the order of names.
fn scenarios() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/scenarios");
    let files = fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).expect("the file");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).expect("JSON"))
    };
    let mut scenarios: Vec<(String, Value)> = files.map(read).collect();
    scenarios.sort_by(|(a, _), (b, _)| a.cmp(b));
    scenarios
}

fn steps(scenario: &Value) -> &[Value] {
    scenario["steps"].as_array().expect("steps")
}

/// The service that a scenario talks to, and the values that it has saved.
struct Conversation {
    world: World,
    instance: Instance,
    key: String,
    session: String,
    saved: Map<String, Value>,
    _issuer: TestIssuer,
}

impl Conversation {
    async fn start() -> Self {
        let mut world = World::new().await;
        world.webhook_urls = UrlPolicy::Local;
        let issuer = TestIssuer::start(&mut world).await;
        let account = world.account("acme", Plan::Enterprise).await;
        let instance = world.instance().await;
        let saved = Map::from_iter([("run".to_owned(), json!("0123456789ab"))]);
        let session = issuer.token("acme");
        Self { session, key: account.key, world, instance, saved, _issuer: issuer }
    }

    /// Takes a step until its expectation holds; only some steps may be taken more than once.
    async fn take(&mut self, step: &Value) -> Result<(), String> {
        let exchange = Exchange::of(&matching::filled(step, &self.saved));
        let client = self.client(&exchange);
        let mut result = self.attempt(&client, &exchange).await;
        for _ in 0..if exchange.is_eventual { REPETITIONS } else { 0 } {
            if result.is_ok() {
                break;
            }
            self.world.expiry().await;
            result = self.attempt(&client, &exchange).await;
        }
        let envelope = result?;
        for (name, pointer) in exchange.saves() {
            let value = envelope.pointer(&pointer).ok_or_else(|| format!("{envelope} has no {pointer}"))?;
            self.saved.insert(name, value.clone());
        }
        Ok(())
    }

    fn client(&self, exchange: &Exchange) -> Client {
        self.instance.client.with(match exchange.credential() {
            None => &self.key,
            Some("session") => &self.session,
            Some(credential) => credential,
        })
    }

    /// The envelope of a response that is as expected.
    async fn attempt(&self, client: &Client, exchange: &Exchange) -> Result<Value, String> {
        let expected = &exchange.step["expect"];
        let answer = exchange.send(client, None).await;
        if answer.status.as_u16() != expected["status"] {
            return Err(format!("{} {}", answer.status, answer.text));
        }
        if let Some(code) = expected["code"].as_str()
            && (answer.code() != code
                || expected["field"].as_str().is_some_and(|field| !answer.fields().contains(&field)))
        {
            return Err(answer.text);
        }
        let mut found = None;
        if let Some(data) = expected.get("data") {
            found = difference(data, exchange.data(&answer));
        }
        if let Some(items) = expected.get("items") {
            found = difference(items, &self.all_items(client, exchange, answer.clone()).await);
        }
        found.map_or(Ok(answer.json), Err)
    }

    /// The items of this page and of those after it.
    async fn all_items(&self, client: &Client, exchange: &Exchange, mut page: Answer) -> Value {
        let mut items = exchange.items(&page);
        while let Some(cursor) = exchange.next(&page) {
            page = exchange.send(client, Some(&cursor)).await;
            items.extend(exchange.items(&page));
        }
        items.into()
    }
}

#[tokio::test]
async fn the_service_answers_as_the_scenarios_say() {
    let mut conversation = Conversation::start().await;
    for (file, scenario) in scenarios() {
        conversation.saved.retain(|name, _| name == "run");
        for (number, step) in steps(&scenario).iter().enumerate() {
            if let Err(reason) = conversation.take(step).await {
                panic!("{file}, step {number} ({}): {reason}", step["call"]);
            }
        }
    }
}

/// A GET of what another operation POSTs, for which clients have no method.
const WITHOUT_METHOD: &str = "auth.exchangeByGet";

#[test]
fn every_operation_is_called_by_a_scenario() {
    let scenarios = scenarios();
    let all_steps = scenarios.iter().flat_map(|(_, scenario)| steps(scenario));
    let called: BTreeSet<&str> = all_steps.map(|step| step["call"].as_str().expect("a call")).collect();
    let ids = functions::routes().filter_map(|route| route.operation).map(|operation| operation.id);
    let missing: Vec<&str> = ids.filter(|id| *id != WITHOUT_METHOD && !called.contains(id)).collect();
    assert!(missing.is_empty(), "add a step to a file of clients/scenarios that calls {missing:?}");
}
