//! The curl commands on the dashboard's page "Connect" run as they are shown there. The checks of the clients run the other
//! examples of the page.

use std::collections::BTreeMap;

use hb_domain::TenantId;
use hb_domain::plan::Plan;
use hb_tests::dashboard::unescaped;
use hb_tests::{Curl, Instance, Visitor, World};
use serde_json::json;

use crate::docs::{commands_of_block, substitute};

/// The text of the element with this id, as a browser copies it.
fn shown(html: &str, id: &str) -> String {
    let (_, rest) = html.split_once(&format!(" id=\"{id}\" translate=\"no\">")).expect("the element");
    unescaped(rest.split('<').next().unwrap_or_default())
}

/// The page as it is shown to the tenant.
async fn connect_page(world: &World, instance: &Instance, tenant: &TenantId) -> String {
    let visitor = Visitor::signed_in(world, instance, tenant).await;
    visitor.get("/dashboard/connect").await.text
}

#[tokio::test]
async fn the_curl_commands_create_a_memory_and_find_it() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let page = connect_page(&world, &instance, &account.tenant).await;
    let variables = BTreeMap::from([("HEROBRAIN_API_KEY".to_owned(), account.key.clone())]);
    let mut answers = Vec::new();
    for command in commands_of_block(&shown(&page, "curl")) {
        let command = substitute(&command, &variables).expect("no variable but the key");
        answers.push(Curl::parse(&command).run(&instance).await);
    }
    let [created, found] = answers.try_into().expect("two commands");
    assert_eq!(created.status, 201, "{}", created.text);
    let results = found.data()["results"].as_array().expect("results");
    let ids: Vec<_> = results.iter().map(|result| &result["id"]).collect();
    assert_eq!(ids, [&created.data()["id"]], "{}", found.text);
    assert_eq!(results[0]["content"], json!("Prefers the window seat"));
}

#[tokio::test]
async fn examples_of_clients_are_shown_as_their_checks_run_them() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let page = connect_page(&world, &instance, &account.tenant).await;
    let snippets = [
        ("typescript", include_str!("../../functions/dashboard/snippets/typescript.mts")),
        ("python", include_str!("../../functions/dashboard/snippets/python.py")),
    ];
    for (id, snippet) in snippets {
        assert_eq!(shown(&page, id), snippet.trim_end().replace("BASE_URL", &instance.url), "{id}");
    }
}
