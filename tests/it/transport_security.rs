//! `Strict-Transport-Security` and the public address: a deployed function has both, the local stack neither.

use hb_local::functions;
use hb_local::template::Template;
use hb_tests::function::{environment, recorded};
use hb_tests::roles::written;
use hb_tests::{Function, World};

const HSTS: &str = "strict-transport-security";

/// Events with a success, an unauthenticated error, an unknown route and a preflight.
const EVENTS: [(&str, &str, u16); 11] = [
    ("auth", "health.json", 200),
    ("auth", "rate-limit.json", 401),
    ("auth", "unknown-route.json", 404),
    ("memories", "options-memories.json", 204),
    ("memories", "head-memories.json", 401),
    ("memories", "create-memory.json", 401),
    ("api-keys", "create-key.json", 401),
    ("webhooks", "list-webhooks.json", 401),
    ("docs", "get-openapi.json", 200),
    ("dashboard", "get-dashboard-keys.json", 303),
    ("dashboard", "sign-in-by-link.json", 401),
];

#[tokio::test]
async fn every_response_of_a_deployed_function_has_the_header_and_no_other_does() {
    let world = World::new().await;
    let local = environment(&world);
    let deployed = local.clone().into_iter().chain([("HSTS_MAX_AGE", "31536000".to_owned())]).collect();
    for (name, _) in functions::route_tables() {
        let mut here = Function::start_in(&local, name).await;
        let mut there = Function::start_in(&deployed, name).await;
        let events: Vec<_> = EVENTS.iter().filter(|(function, ..)| *function == name).collect();
        assert!(!events.is_empty(), "tests/it/transport_security.rs: add an event of {name} to EVENTS");
        for (_, event, status) in events {
            let sent = recorded(event, "not-a-key");
            let answer = there.send(sent.clone()).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header(HSTS)),
                (*status, "max-age=31536000"),
                "{event}"
            );
            assert!(!here.send(sent).await.headers.contains_key(HSTS), "{event}");
        }
    }
    let instance = world.instance().await;
    assert!(!instance.client.get("/health").await.headers.contains_key(HSTS));
}

#[tokio::test]
async fn an_age_that_is_no_number_stops_the_function_and_zero_makes_browsers_forget() {
    let world = World::new().await;
    let with =
        |age: &str| environment(&world).into_iter().chain([("HSTS_MAX_AGE", age.to_owned())]).collect();
    let mut function = Function::start_in(&with("0"), "auth").await;
    assert_eq!(function.send(recorded("health.json", "")).await.header(HSTS), "max-age=0");
    for age in ["a year", "-1", "1; preload"] {
        let ended = Function::start_in(&with(age), "auth").await.ended().await;
        assert_eq!(ended.code, Some(1), "{age}");
        let log = ended.stdout.join("\n");
        assert!(log.contains("cannot start: HSTS_MAX_AGE is not a number of seconds"), "{log}");
    }
}

#[test]
fn the_template_sets_the_age_and_the_public_address_for_every_function() {
    let template = Template::embedded().expect("the template");
    let variables = &template.document()["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(written(&variables["HSTS_MAX_AGE"]), "!Ref HstsMaxAge");
    assert_eq!(template.document()["Parameters"]["HstsMaxAge"]["Default"], 31_536_000);
    assert_eq!(
        written(&variables["PUBLIC_URL"]),
        "!If\n- HasPublicDomain\n- !Sub https://${PublicDomainName}\n- !If\n  - HasDomain\n  - !Sub https://${DomainName}\n  - ''"
    );
}
