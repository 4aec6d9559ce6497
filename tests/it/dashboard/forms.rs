//! A form is accepted from the own origin only, with the token of its own session, and within the limits of a form.

use hb_tests::dashboard::{FORM, SIGN_IN, encoded};
use hb_tests::world::plenty;
use hb_tests::{Visitor, World};
use http::Method;

use super::pages::{Key, forms, state};

#[tokio::test]
async fn a_form_of_another_origin_is_refused_before_anything_is_read() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    let csrf = visitor.csrf().await;
    let before = state(&world).await;
    let link = hb_tests::dashboard::link(&world, &instance, &account.tenant).await;
    let link = encoded(&[("link", link.split_once("link=").expect("a token").1)]);
    let further = [("csrf", csrf.as_str()), ("idempotency_key", "k")];
    let mut sent: Vec<(String, String)> =
        forms().iter().map(|form| (form.path(&key), form.body(&key, &further))).collect();
    sent.push((SIGN_IN.to_owned(), link));
    let other_port = "http://127.0.0.1:1";
    let own = instance.url.as_str();
    let https = own.replace("http:", "https:");
    let slash = format!("{own}/");
    let both = format!("{own} {own}");
    let origins: [&[&str]; 10] = [
        &[],
        &["null"],
        &[""],
        &["https://evil.example"],
        &[other_port],
        &[&https],
        &[&both],
        &[own, own],
        &[own, "https://evil.example"],
        &["https://evil.example", own],
    ];
    instance.tap.take();
    for (path, body) in &sent {
        for origin in origins {
            let mut headers = vec![("content-type", FORM), ("referer", slash.as_str())];
            headers.extend(origin.iter().map(|origin| ("origin", *origin)));
            let answer = visitor.send(Method::POST, path, &headers, body.clone()).await;
            assert_eq!(answer.status, 403, "{path} {origin:?} {}", answer.text);
            assert!(answer.header("content-type").starts_with("text/html"), "{path}");
            assert!(answer.header("set-cookie").is_empty(), "{path}");
        }
    }
    assert_eq!(instance.tap.take(), []);
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn a_form_without_the_token_of_its_session_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let second = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    let (csrf, other) = (visitor.csrf().await, second.csrf().await);
    assert_ne!(csrf, other);
    let before = state(&world).await;
    for form in forms() {
        let short = &csrf[..csrf.len() - 1];
        let wrong: [&[(&str, &str)]; 6] = [
            &[],
            &[("csrf", "")],
            &[("csrf", &other)],
            &[("csrf", short)],
            &[("CSRF", &csrf)],
            &[("csrf", &other), ("csrf", &csrf)],
        ];
        for further in wrong {
            let further: Vec<_> = further.iter().copied().chain([("idempotency_key", "k")]).collect();
            let answer = form.send_body(&visitor, &key, form.body(&key, &further)).await;
            assert_eq!(answer.status, 403, "{form:?} {further:?} {}", answer.text);
        }
        // The token belongs into the form, not into the address.
        let path = format!("{}?csrf={csrf}", form.path(&key));
        let headers = [("origin", instance.url.as_str()), ("content-type", FORM)];
        let answer = visitor.send(Method::POST, &path, &headers, form.body(&key, &[])).await;
        assert_eq!(answer.status, 403, "{form:?}");
    }
    assert_eq!(state(&world).await, before);
    assert_eq!(visitor.get("/dashboard/connect").await.status, 200, "still signed in");
    for form in forms() {
        let answer = form.send(&visitor, &key, &csrf, form.route.path).await;
        assert!(answer.status.is_success() || answer.status == 303, "{form:?} {}", answer.text);
    }
    assert_ne!(state(&world).await, before, "the same forms are good with it");
}

#[tokio::test]
async fn a_form_has_one_media_type_and_at_most_64_kib() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    let csrf = visitor.csrf().await;
    instance.tap.take();
    let further = [("csrf", csrf.as_str()), ("idempotency_key", "k")];
    let mut sent: Vec<(String, String)> =
        forms().iter().map(|form| (form.path(&key), form.body(&key, &further))).collect();
    sent.push((SIGN_IN.to_owned(), encoded(&[("link", "x")])));
    for (path, body) in &sent {
        let send = async |headers: &[(&str, &str)], body: String| {
            let headers: Vec<_> =
                headers.iter().copied().chain([("origin", instance.url.as_str())]).collect();
            visitor.send(Method::POST, path, &headers, body).await
        };
        for media_type in ["text/plain", "application/json", "multipart/form-data; boundary=x", "x"] {
            let answer = send(&[("content-type", media_type)], body.clone()).await;
            assert_eq!(answer.status, 415, "{path} {media_type} {}", answer.text);
        }
        assert_eq!(send(&[], body.clone()).await.status, 415, "{path}");
        let gzip = [("content-type", FORM), ("content-encoding", "gzip")];
        assert_eq!(send(&gzip, body.clone()).await.status, 415, "{path}");
        let large = format!("{body}&x={}", "x".repeat(65 * 1024));
        assert_eq!(send(&[("content-type", FORM)], large).await.status, 413, "{path}");
    }
    assert_eq!(instance.tap.take(), []);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_a_form_all_the_same() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    let csrf = visitor.csrf().await;
    let headers = [("origin", instance.url.as_str()), ("content-type", FORM)];
    for (number, form) in forms().iter().enumerate() {
        for bytes in [&b"&name=\xff\xfe&x=\x00\x1b"[..], b"&%FF%00=%C3%28&%&=&&&", b"\r\n\xf0\x9f"] {
            let own = encoded(&[("csrf", "x"), ("idempotency_key", &format!("{number}"))]);
            let body = [own.as_bytes(), bytes].concat();
            assert_eq!(
                visitor.send(Method::POST, &form.path(&key), &headers, body).await.status,
                403,
                "{form:?}"
            );
        }
    }
    // A name of other bytes has their replacement character, and shows it.
    let own = encoded(&[
        ("csrf", &csrf),
        ("idempotency_key", "bytes"),
        ("scopes", "read:memories"),
        ("environment", "production"),
    ]);
    let body = [own.as_bytes(), b"&name=a\xffb"].concat();
    let answer = visitor.send(Method::POST, "/dashboard/keys/new", &headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("a\u{fffd}b"), "{}", answer.text);
}
