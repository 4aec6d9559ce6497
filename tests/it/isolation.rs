//! One tenant gets nothing of another's and learns nothing about it, by any route.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client as Database;
use hb_store::Table;
use hb_tests::world::{Account, plenty};
use hb_tests::{Answer, Instance, World};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use strum::VariantArray;

use crate::routes::{Named, guarded};

/// Two tenants and an instance that both use.
struct Neighbours {
    world: World,
    instance: Instance,
    victim: Account,
    attacker: Account,
}

impl Neighbours {
    async fn new() -> Self {
        let world = World::new().await;
        let victim = world.account_with("victim", plenty()).await;
        let attacker = world.account_with("attacker", plenty()).await;
        let instance = world.instance().await;
        Self { world, instance, victim, attacker }
    }

    async fn victims(&self) -> Named {
        // The standing is shown once a second.
        self.instance.clock.set(self.instance.clock.now().plus(Duration::from_secs(2)));
        Named::of(&self.world, &self.instance, &self.victim).await
    }

    /// Every item of the victim in every table.
    #[expect(clippy::disallowed_methods, reason = "a test looks at everything there is")]
    async fn victims_items(&self) -> Vec<String> {
        let database = Database::from_conf(self.world.aws.dynamodb());
        let mut found = Vec::new();
        for table in Table::VARIANTS.iter().map(|table| table.definition().resource) {
            let answer = database.scan().table_name(table).send().await.expect("the table");
            assert!(answer.last_evaluated_key.is_none(), "more than a page");
            let items = answer.items.unwrap_or_default();
            let items = items
                .into_iter()
                .map(|item| format!("{table} {:?}", item.into_iter().collect::<BTreeMap<_, _>>()));
            found.extend(items.filter(|item| item.contains("victim")));
        }
        found.sort();
        found
    }
}

/// What an answer tells: all of it but what differs from request to request.
fn told(answer: &Answer) -> (StatusCode, BTreeMap<String, String>, Value) {
    const FLEETING: [&str; 4] = ["x-request-id", "date", "x-ratelimit-remaining", "ratelimit"];
    let headers =
        answer.headers.iter().map(|(name, _)| (name.to_string(), answer.header(name.as_str()).to_owned()));
    let headers = headers.filter(|(name, _)| !FLEETING.contains(&name.as_str())).collect();
    let mut body = answer.json.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("metadata");
    }
    (answer.status, headers, body)
}

#[tokio::test]
async fn every_route_answers_its_request_about_the_callers_own() {
    let index = Neighbours::new().await;
    for case in guarded() {
        let named = index.victims().await;
        let own = format!("tenantId={}", index.victim.tenant);
        let fields = json!({"tenantId": index.victim.tenant});
        let answer = case.send(&index.instance, Some(&index.victim.key), &named, &own, &fields).await;
        assert!(
            answer.status.is_success(),
            "{} {} answers {} {}: add a request that it answers well to REQUESTS in tests/it/routes.rs, with \
             KEY or MEMORY where it names one, so that the tests can try the route with another tenant's",
            case.method,
            case.route.path,
            answer.status,
            answer.text
        );
    }
}

#[tokio::test]
async fn what_belongs_to_another_tenant_is_answered_like_what_does_not_exist() {
    let index = Neighbours::new().await;
    let cases: Vec<_> = guarded().into_iter().filter(|case| case.names_something()).collect();
    assert!(!cases.is_empty());
    for case in cases {
        let named = index.victims().await;
        let before = index.victims_items().await;
        let credential = Some(index.attacker.key.as_str());
        let stolen = case.send(&index.instance, credential, &named, "", &json!({})).await;
        let missing = case.send(&index.instance, credential, &named.missing(), "", &json!({})).await;
        assert_eq!(told(&stolen), told(&missing), "{case:?}");
        if case.is_about_many() {
            let (data, none) = (stolen.data(), json!([0, 0, [null]]));
            for (name, none) in
                ["deleted", "updated", "memories"].iter().zip(none.as_array().expect("a list"))
            {
                assert_eq!(data.get(*name).unwrap_or(none), none, "{case:?}");
            }
        } else if case.method == Method::HEAD {
            assert_eq!(stolen.status, 404, "{case:?} {}", stolen.text);
        } else {
            stolen.expect(404, "RESOURCE_NOT_FOUND");
        }
        assert_eq!(index.victims_items().await, before, "{case:?}");
    }
}

#[tokio::test]
async fn no_answer_holds_anything_of_another_tenant() {
    let index = Neighbours::new().await;
    for case in guarded().into_iter().filter(|case| !case.names_something()) {
        let named = index.victims().await;
        let own = Named::of(&index.world, &index.instance, &index.attacker).await;
        let before = index.victims_items().await;
        let answer = case.send(&index.instance, Some(&index.attacker.key), &own, "", &json!({})).await;
        assert!(answer.status.is_success(), "{case:?} {}", answer.text);
        for hidden in ["victim", &named.key, &named.memory, index.victim.id.as_str()] {
            assert!(!answer.text.contains(hidden), "{case:?} {hidden} {}", answer.text);
        }
        assert_eq!(index.victims_items().await, before, "{case:?}");
    }
}

#[tokio::test]
async fn another_tenants_name_in_query_or_body_is_a_mismatch() {
    let index = Neighbours::new().await;
    for case in guarded() {
        let named = index.victims().await;
        let before = index.victims_items().await;
        let credential = Some(index.attacker.key.as_str());
        let fields = json!({"tenantId": "victim"});
        for (query, fields) in [("tenantId=victim", &json!({})), ("", &fields)] {
            if query.is_empty() && !case.has_body() && !case.takes_an_idle_body() {
                continue;
            }
            index.instance.clock.set(index.instance.clock.now().plus(Duration::from_secs(2)));
            let stolen = case.send(&index.instance, credential, &named, query, fields).await;
            index.instance.clock.set(index.instance.clock.now().plus(Duration::from_secs(2)));
            let missing = case.send(&index.instance, credential, &named.missing(), query, fields).await;
            assert_eq!(told(&stolen), told(&missing), "{case:?}");
            if query.is_empty() && case.sends_lines() {
                // Each line is judged by itself.
                assert_eq!((&stolen.data()["imported"], &stolen.data()["failed"]), (&json!(0), &json!(1)));
                assert_eq!(stolen.data()["results"][0]["errors"][0]["code"], "TENANT_MISMATCH");
            } else if case.method == Method::HEAD {
                assert_eq!(stolen.status, 403, "{case:?} {}", stolen.text);
            } else {
                stolen.expect(403, "TENANT_MISMATCH");
            }
        }
        assert_eq!(index.victims_items().await, before, "{case:?}");
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_one_tenant_and_one_query() {
    let index = Neighbours::new().await;
    let (victim, attacker) =
        (index.instance.client.with(&index.victim.key), index.instance.client.with(&index.attacker.key));
    for client in [&victim, &attacker] {
        for number in 0..3 {
            let body = json!({"content": format!("note {number}"), "type": "task", "tags": ["a", "b"], "userId": "u"});
            assert_eq!(client.post("/api/v1/memories", body).await.status, 201);
        }
    }
    const QUERIES: [&str; 8] = [
        "sort=createdAt",
        "order=asc",
        "sort=updatedAt",
        "sort=importance",
        "type=task",
        "tags=a",
        "tags=a,b",
        "userId=u",
    ];
    for query in QUERIES {
        let list = format!("/api/v1/memories?limit=2&{query}");
        let page = victim.get(&list).await;
        let cursor = page.data()["pagination"]["nextCursor"].as_str().expect("a next page").to_owned();
        let continued = victim.get(&format!("{list}&cursor={cursor}")).await;
        assert_eq!(continued.data()["memories"].as_array().map(Vec::len), Some(1), "{query}");
        let stolen = attacker.get(&format!("{list}&cursor={cursor}")).await;
        stolen.expect(400, "VALIDATION_ERROR");
        assert_eq!(stolen.fields(), ["cursor"], "{query}");
        for other in QUERIES.iter().filter(|other| **other != query) {
            let answer = victim.get(&format!("/api/v1/memories?{other}&cursor={cursor}")).await;
            answer.expect(400, "VALIDATION_ERROR");
            assert_eq!(answer.fields(), ["cursor"], "{query} {other}");
        }
    }
}
