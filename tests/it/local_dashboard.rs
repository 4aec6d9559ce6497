//! Sign-in links, as `herobrain` and `hb` print them.

use std::path::Path;

use hb_tests::local::{Herobrain, herobrain, text, without_sample};
use hb_tests::process::Ended;
use hb_tests::{Answer, Client, Process};
use http::Method;

use crate::operator::Scene;

const SAMPLE: &str = "00000000-0000-0000-0000-000000000001";

/// Opens a link and sends the form of its page; the answer to the form, and the client of the server.
async fn follow(link: &str) -> (Answer, Client) {
    let (url, token) = link.split_once("/dashboard/sign-in?link=").expect("a sign-in link");
    let client = Client::new(url);
    let page = client.get(&link[url.len()..]).await;
    assert!(page.status == 200 && page.text.contains(token), "{}", page.text);
    let headers = [("origin", url), ("content-type", "application/x-www-form-urlencoded")];
    let form = format!("link={token}");
    (client.send_raw(Method::POST, "/dashboard/sign-in", &headers, form).await, client)
}

/// The overview as the person sees it who has followed a link.
async fn overview(link: &str) -> String {
    let (answer, client) = follow(link).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/dashboard"), "{}", answer.text);
    let cookie = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let page = client.send_raw(Method::GET, "/dashboard", &[("cookie", &cookie)], "").await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

async fn dashboard(folder: &Path, flags: &[&str]) -> Ended {
    Process::start(&mut herobrain(folder, &[&["dashboard"], flags].concat())).ended().await
}

#[tokio::test]
async fn the_server_prints_a_link_that_works_once_and_another_is_one_command_away() {
    let folder = without_sample();
    let missing = dashboard(folder.path(), &[]).await;
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("start `cargo run` first"), "{}", missing.stderr);
    let stack = Herobrain::start(folder.path(), &[]).await;
    let first = text(&stack.ready["dashboardUrl"]).to_owned();
    assert!(first.starts_with(text(&stack.ready["url"])), "{first}");
    assert!(overview(&first).await.contains(SAMPLE));
    let (again, _) = follow(&first).await;
    assert_eq!(again.status, 401);
    assert!(again.text.contains("was used already") && again.text.contains("cargo run -- dashboard"));
    let other = dashboard(folder.path(), &[]).await;
    assert_eq!((other.code, other.stdout.len()), (Some(0), 1), "{}", other.stderr);
    assert!(overview(&other.stdout[0]).await.contains(SAMPLE));
    for (tenant, problem) in [("nobody", "there is no tenant nobody"), ("a b", "is not a tenant id")] {
        let refused = dashboard(folder.path(), &["--tenant", tenant]).await;
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(problem), "{}", refused.stderr);
    }
    stack.stop().await;
    let stopped = dashboard(folder.path(), &[]).await;
    assert_eq!(stopped.code, Some(1));
    assert!(stopped.stderr.contains("does not run"), "{}", stopped.stderr);
}

#[tokio::test]
async fn the_operator_makes_a_link_for_every_tenant_that_is_there() {
    let scene = Scene::new().await;
    let url = text(&scene.stack.ready["url"]).to_owned();
    scene.json("tenant create acme --plan free").await;
    let unknown = scene.problem("dashboard-link acme").await;
    assert!(unknown.contains("--url"), "{unknown}");
    for (words, problem) in [
        (format!("dashboard-link nobody --url {url}"), "there is no tenant nobody"),
        (format!("dashboard-link a.b --url {url}"), "is not a tenant id"),
        ("dashboard-link acme --url http://api.example.com".into(), "must be an https URL"),
        (format!("dashboard-link acme --url {url}/v1"), "without a path"),
    ] {
        let said = scene.problem(&words).await;
        assert!(said.contains(problem), "{words}: {said}");
    }
    let made = scene.json(&format!("dashboard-link acme --url {url}")).await;
    assert_eq!(made["tenant"], "acme");
    assert!(made["expiresAt"].is_string(), "{made}");
    let page = overview(text(&made["url"])).await;
    assert!(page.contains("acme") && !page.contains(SAMPLE), "{page}");
    let printed = scene.hb(&format!("dashboard-link acme --url {url}")).await;
    assert_eq!((printed.code, printed.stdout.len()), (Some(0), 1), "{}", printed.stderr);
    scene.json("tenant suspend acme").await;
    let suspended = scene.problem(&format!("dashboard-link acme --url {url}")).await;
    assert!(suspended.contains("is suspended"), "{suspended}");
    let (refused, client) = follow(&printed.stdout[0]).await;
    let cookie = refused.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let page = client.send_raw(Method::GET, "/dashboard", &[("cookie", &cookie)], "").await;
    assert!(page.status == 403 || page.status == 303, "{}", page.text);
}
