//! Sign-in links, sign-out, and tenants that are suspended, erased or have another plan.

use std::time::Duration;

use futures_util::future::join_all;
use hb_domain::dashboard::LINK_LIFETIME;
use hb_domain::plan::Plan;
use hb_tests::dashboard::{SIGN_IN, link};
use hb_tests::world::plenty;
use hb_tests::{Visitor, World};
use http::Method;

async fn sessions(world: &World) -> usize {
    world.everything().await.matches("\"session#").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_begin_one_session_with_a_link() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (first, second) = (world.instance().await, world.instance().await);
    let link = link(&world, &first, &account.tenant).await;
    let visitors = [Visitor::of(&first), Visitor::of(&second)];
    let answers = join_all((0..20).map(|index| visitors[index % 2].follow(&link))).await;
    let began: Vec<_> = answers.iter().filter(|answer| answer.status == 303).collect();
    assert_eq!(began.len(), 1);
    assert_eq!(began[0].header("location"), "/dashboard");
    for refused in answers.iter().filter(|answer| answer.status != 303) {
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains("This link was used already or has expired"), "{}", refused.text);
        assert!(refused.header("set-cookie").is_empty());
    }
    assert_eq!(sessions(&world).await, 1);
}

#[tokio::test]
async fn a_link_works_for_ten_minutes() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::of(&instance);
    let made = world.clock.now();
    let second = Duration::from_secs(1);
    for (at, status) in [
        (made.plus(LINK_LIFETIME - second), 303),
        (made.plus(LINK_LIFETIME), 401),
        (made.plus(LINK_LIFETIME + second), 401),
    ] {
        instance.clock.set(made);
        let link = link(&world, &instance, &account.tenant).await;
        instance.clock.set(at);
        assert_eq!(visitor.follow(&link).await.status, status, "{at}");
    }
}

#[tokio::test]
async fn opening_a_link_does_not_use_it_up_and_another_token_does_not_either() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::of(&instance);
    let link = link(&world, &instance, &account.tenant).await;
    let (_, token) = link.split_once("link=").expect("a token");
    instance.tap.take();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let answer = visitor.send(method.clone(), &link, &[], "").await;
        assert!(answer.status.is_success(), "{method} {}", answer.text);
    }
    assert_eq!(instance.tap.take(), [], "opening a link reads nothing");
    let parts: Vec<&str> = token.split('.').collect();
    let last = if parts[2].ends_with('a') { "b" } else { "a" };
    for wrong in [
        String::new(),
        "x".into(),
        format!("globex.{}.{}", parts[1], parts[2]),
        format!("acme.{}.{}{last}", parts[1], &parts[2][..31]),
        format!("acme.{}.{}", "a".repeat(16), parts[2]),
        format!("{token}x"),
    ] {
        let answer = visitor.post(SIGN_IN, &[("link", &wrong)]).await;
        assert_eq!(answer.status, 401, "{wrong} {}", answer.text);
        assert!(answer.header("set-cookie").is_empty());
    }
    assert_eq!(sessions(&world).await, 0);
    assert_eq!(visitor.follow(&link).await.status, 303);
    // Neither a session's token nor a used link is a link.
    let signed_in = Visitor::signed_in(&world, &instance, &account.tenant).await;
    assert_eq!(visitor.post(SIGN_IN, &[("link", &signed_in.token)]).await.status, 401);
    assert_eq!(signed_in.get("/dashboard/connect").await.status, 200);
}

#[tokio::test]
async fn a_sign_in_continues_on_a_page_of_the_dashboard_only() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::of(&instance);
    for (next, location) in [
        ("/dashboard/keys?a=b", "/dashboard/keys?a=b"),
        ("https://evil.example/dashboard", "/dashboard"),
        ("//evil.example/dashboard", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("/dashboard\r\nSet-Cookie: a=b", "/dashboard"),
        ("", "/dashboard"),
    ] {
        let link = link(&world, &instance, &account.tenant).await;
        let token = link.split_once("link=").expect("a token").1;
        let answer = visitor.post(SIGN_IN, &[("link", token), ("next", next)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, location), "{next}");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_sign_out_on_every_instance_and_only_that_session() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (first, second) = (world.instance().await, world.instance().await);
    let visitor = Visitor::signed_in(&world, &first, &account.tenant).await;
    let colleague = Visitor::signed_in(&world, &first, &account.tenant).await;
    for warm in [&visitor, &visitor.at(&second)] {
        assert_eq!(warm.get("/dashboard").await.status, 200);
    }
    let answer = visitor.post("/dashboard/sign-out", &[("csrf", &visitor.csrf().await)]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/dashboard/sign-in?signed_out=true")
    );
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{}", answer.header("set-cookie"));
    for ended in [&visitor, &visitor.at(&second)] {
        let answer = ended.get("/dashboard").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/dashboard/sign-in?next=%2Fdashboard")
        );
    }
    assert_eq!(colleague.at(&second).get("/dashboard").await.status, 200);
    assert!(visitor.get("/dashboard/sign-in?signed_out=true").await.text.contains("You are signed out"));
}

#[tokio::test]
async fn another_sign_in_ends_the_earlier_session_of_the_browser() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let link = link(&world, &instance, &account.tenant).await;
    let answer = visitor.follow(&link).await;
    let renewed = visitor.with(&visitor.token_set_by(&answer));
    assert_eq!(renewed.get("/dashboard").await.status, 200);
    assert_eq!(visitor.get("/dashboard").await.status, 303);
    assert_eq!(sessions(&world).await, 1);
}

#[tokio::test]
async fn a_suspension_an_erasure_and_a_new_plan_are_seen_at_once() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let tenants = world.store.tenants();
    assert!(visitor.get("/dashboard/settings").await.text.contains("<td>1,000</td>"), "the free plan");
    assert!(
        tenants.set_plan(&account.tenant, Plan::Pro, &Plan::Pro.allowance()).await.expect("the database")
    );
    let settings = visitor.get("/dashboard/settings").await.text;
    assert!(settings.contains("Pro") && settings.contains("<td>100,000</td>"), "{settings}");

    let early = link(&world, &instance, &account.tenant).await;
    assert!(tenants.set_suspended(&account.tenant, true).await.expect("the database"));
    for path in ["/dashboard", "/dashboard/keys"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert!(answer.text.contains("The tenant is suspended; contact the operator"), "{}", answer.text);
    }
    // A link of it begins a session, whose pages say the same.
    let answer = visitor.follow(&early).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let begun = visitor.with(&visitor.token_set_by(&answer));
    assert_eq!(begun.get("/dashboard").await.status, 403);
    assert!(tenants.set_suspended(&account.tenant, false).await.expect("the database"));
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    assert_eq!(visitor.get("/dashboard").await.status, 200);

    let late = link(&world, &instance, &account.tenant).await;
    tenants.delete(&account.tenant).await.expect("the database");
    let answer = visitor.get("/dashboard").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/dashboard/sign-in?next=%2Fdashboard")
    );
    let answer = visitor.follow(&late).await;
    let begun = visitor.with(&visitor.token_set_by(&answer));
    assert_eq!(begun.get("/dashboard").await.status, 303, "a link of an erased tenant opens no page");
}
