//! Every call of every page fails in turn, in every way: the page says that it failed, and its form can be sent again without
//! doing anything twice.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use hb_tests::dashboard::{SIGN_IN, link, secret};
use hb_tests::issuer::TestIssuer;
use hb_tests::world::{Account, plenty};
use hb_tests::{Answer, Fault, Instance, Visitor, World};
use http::Method;

use super::pages::{Key, Page, pages};

/// How many requests are tried at a time.
const AT_ONCE: usize = 8;

/// What a page must not say.
const INTERNAL: [&str; 9] = [
    "DynamoDB",
    "dynamodb",
    "Exception",
    "refused",
    "no answer in time",
    "reset by peer",
    "lost",
    "panicked",
    "dashboard-sessions",
];

/// A tenant of its own with a key that was used, and somebody who is signed in at a warm instance.
struct Scene {
    world: Arc<World>,
    instance: Instance,
    account: Account,
    visitor: Visitor,
    csrf: String,
    key: Key,
}

impl Scene {
    async fn new(world: &Arc<World>, tenant: usize) -> Self {
        let world = Arc::clone(world);
        let account = world.account_with(&format!("tenant-{tenant}"), plenty()).await;
        let instance = world.instance().await;
        let key = Key::of(&world, &account.tenant).await;
        instance.client.with(&key.plain).get("/api/v1/memories").await.expect(200, "");
        let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
        let csrf = visitor.csrf().await;
        instance.tap.take();
        Self { world, instance, account, visitor, csrf, key }
    }

    async fn send(&self, page: &Page) -> Answer {
        page.send(&self.visitor, &self.key, &self.csrf, "k").await
    }

    /// The names of the live keys, by another instance.
    async fn live(&self) -> Vec<String> {
        let keys = self.world.store.with(&self.world.operator(&self.account.tenant)).keys().list().await;
        let live = keys.expect("the database").into_iter().filter(|key| key.revoked_at.is_none());
        live.map(|key| key.name).collect()
    }

    async fn accepts(&self, plain: &str) -> bool {
        let other = self.world.instance().await;
        other.clock.set(self.instance.clock.now());
        other.client.with(plain).get("/api/v1/memories").await.status == 200
    }
}

/// A page, or an outage that says nothing of what is inside.
#[track_caller]
fn is_an_outcome(page: &Page, answer: &Answer, context: &str) {
    let status = answer.status.as_u16();
    assert!([200, 303, 500, 503].contains(&status), "{context}");
    if status >= 500 {
        for internal in INTERNAL {
            assert!(!answer.text.contains(internal), "{internal}: {context}");
        }
        assert!(answer.header("content-type").starts_with("text/html"), "{context}");
        assert!(
            page.method == Method::HEAD || answer.text.contains(answer.header("x-request-id")),
            "{context}"
        );
    }
    assert!(!answer.header("set-cookie").contains("hb_session") || status == 303, "{context}");
}

async fn attempt(world: Arc<World>, tenant: usize, page: Page, index: usize, fault: Fault) {
    let scene = Scene::new(&world, tenant).await;
    scene.instance.tap.fail_at(index, fault, false);
    let answer = scene.send(&page).await;
    let has_struck = scene.instance.tap.mend();
    let context = format!("{page:?} call {index} {fault:?} {}\n{}", answer.status, answer.text);
    assert!(has_struck, "the fault met no call: {context}");
    is_an_outcome(&page, &answer, &context);
    let after = scene.live().await;
    assert!((2..=3).contains(&after.len()) || (page.is_form() && after.len() == 1), "{after:?} {context}");
    if !page.is_form() {
        assert_eq!(after.len(), 2, "{context}");
    }

    // Once the first attempt has ended for certain, the same form comes to the same.
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(36)));
    let again = scene.send(&page).await;
    let context = format!("{context}\nagain: {} {}", again.status, again.text);
    let last = scene.live().await;
    let shown: Vec<String> = [&answer, &again].into_iter().filter_map(secret).collect();
    match page.route.path {
        "/dashboard/keys/new" if page.is_form() => {
            assert_eq!(again.status, 200, "{context}");
            assert_eq!(last.len(), 3, "one key, and not two: {last:?} {context}");
            assert!(
                shown.len() <= 1 && (shown.len() == 1 || again.text.contains("already created")),
                "{context}"
            );
        }
        "/dashboard/keys/{id}/rotate" if page.is_form() => {
            assert_eq!(again.status, 200, "{context}");
            assert_eq!(last.len(), 2, "{last:?} {context}");
            assert!(!scene.accepts(&scene.key.plain).await, "{context}");
            assert!(
                shown.len() <= 1 && (shown.len() == 1 || again.text.contains("already rotated")),
                "{context}"
            );
        }
        "/dashboard/keys/{id}/revoke" if page.is_form() => {
            assert_eq!((again.status.as_u16(), last.len()), (303, 1), "{last:?} {context}");
            assert!(!scene.accepts(&scene.key.plain).await, "{context}");
        }
        "/dashboard/sign-out" => {
            assert_eq!(again.status, 303, "{context}");
            assert_eq!(scene.visitor.get("/dashboard").await.status, 303, "{context}");
        }
        _ => assert_eq!((again.status.as_u16(), last.len()), (200, 2), "{context}"),
    }
    for plain in shown {
        assert!(scene.accepts(&plain).await, "what was shown works: {context}");
    }
}

async fn calls(world: &Arc<World>, tenant: usize, page: &Page) -> usize {
    let scene = Scene::new(world, tenant).await;
    let answer = scene.send(page).await;
    assert!(answer.status.is_success() || answer.status == 303, "{page:?} {}", answer.text);
    scene.instance.tap.take().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_a_page_says_so_and_its_form_can_be_sent_again() {
    let world = Arc::new(World::without_stream().await);
    let mut trials = Vec::new();
    let mut tenants = 0..;
    let mut tenant = move || tenants.next().expect("a number");
    for page in pages().into_iter().filter(|page| page.method != Method::HEAD) {
        for index in 0..calls(&world, tenant(), &page).await {
            // A lost response of each call, and one of the other faults in turn.
            let other = [Fault::Throttled, Fault::Conflict, Fault::TimedOut, Fault::Reset];
            let faults =
                if page.is_form() { Fault::ALL.to_vec() } else { vec![Fault::AnswerLost, other[index % 4]] };
            trials.extend(faults.into_iter().map(|fault| (tenant(), page.clone(), index, fault)));
        }
    }
    let tried = trials.len();
    let attempts = stream::iter(trials).map(|(tenant, page, index, fault)| {
        tokio::spawn(attempt(Arc::clone(&world), tenant, page, index, fault))
    });
    let mut attempts = attempts.buffer_unordered(AT_ONCE);
    while let Some(attempt) = attempts.next().await {
        attempt.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()));
    }
    println!("{tried} trials");
    assert!(tried > 150, "{tried} trials");
}

#[tokio::test]
async fn a_sign_in_that_fails_says_so_and_begins_at_most_one_session() {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    for index in 0..2 {
        for fault in Fault::ALL {
            let instance = world.instance().await;
            let visitor = Visitor::of(&instance);
            let link = link(&world, &instance, &account.tenant).await;
            let before = world.everything().await.matches("\"session#").count();
            instance.tap.fail_at(index, fault, false);
            let answer = visitor.follow(&link).await;
            assert!(instance.tap.mend(), "{index} {fault:?}");
            let context = format!("{index} {fault:?} {}", answer.text);
            assert!([303, 401, 500, 503].contains(&answer.status.as_u16()), "{context}");
            for internal in INTERNAL {
                assert!(!answer.text.contains(internal), "{internal}: {context}");
            }
            assert_eq!(answer.headers.contains_key("set-cookie"), answer.status == 303, "{context}");
            let again = visitor.follow(&link).await;
            assert!([303, 401].contains(&again.status.as_u16()), "{context}");
            // A link whose use is in doubt is used up: another one is made in its place.
            assert!(answer.status != 303 || again.status == 401, "{context}");
            let begun = world.everything().await.matches("\"session#").count() - before;
            assert!(begun <= 1, "{begun} {context}");
            assert_eq!(visitor.get(SIGN_IN).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_first_sign_in_with_clerk_that_fails_can_be_repeated() {
    let mut world = World::without_stream().await;
    let issuer = TestIssuer::start(&mut world).await;
    let mut users = 0..;
    let mut user = move || issuer.token(&format!("user_{}", users.next().expect("a number")));
    let instance = world.instance().await;
    assert_eq!(Visitor::of(&instance).post(SIGN_IN, &[("token", &user())]).await.status, 303);
    let calls = instance.tap.take().len();
    assert!(calls >= 4, "the tenant is looked for and created, and the session begins: {calls}");
    for index in 0..calls {
        for fault in Fault::ALL {
            let instance = world.instance().await;
            let (visitor, token) = (Visitor::of(&instance), user());
            instance.tap.fail_at(index, fault, false);
            let answer = visitor.post(SIGN_IN, &[("token", &token)]).await;
            assert!(instance.tap.mend(), "{index} {fault:?}");
            let context = format!("{index} {fault:?} {} {}", answer.status, answer.text);
            assert!([303, 500, 503].contains(&answer.status.as_u16()), "{context}");
            assert_eq!(answer.headers.contains_key("set-cookie"), answer.status == 303, "{context}");
            for internal in INTERNAL {
                assert!(!answer.text.contains(internal), "{internal}: {context}");
            }
            let again = visitor.post(SIGN_IN, &[("token", &token)]).await;
            assert_eq!(again.status, 303, "{context}\n{}", again.text);
            let begun = visitor.with(&visitor.token_set_by(&again));
            assert_eq!(begun.get("/dashboard").await.status, 200, "{context}");
        }
    }
}
