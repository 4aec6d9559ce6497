//! The body of a webhook endpoint: a URL that is accepted leads to a public host and is accepted again as it is stored, and
//! secrets and patterns are read or refused.
#![no_main]

use hb_domain::TenantId;
use hb_domain::fields::Fields;
use hb_domain::webhook::{NewWebhook, UrlPolicy, WebhookSecret, WebhookUrl, is_public};
use libfuzzer_sys::fuzz_target;
use url::{Host, Url};

fuzz_target!(|text: &str| {
    for url in [text.to_owned(), format!("https://{text}"), format!("https://{text}/")] {
        if let Ok(stored) = WebhookUrl::parse(&url, UrlPolicy::Public) {
            check(&stored);
        }
        let _ = WebhookUrl::parse(&url, UrlPolicy::Local);
    }
    for secret in [text.to_owned(), format!("whsec_{text}")] {
        if let Some(secret) = WebhookSecret::parse(&secret) {
            #[expect(clippy::disallowed_methods, reason = "the fuzz target checks the length of the key")]
            let key = secret.key().expect("a key");
            assert!((24..=64).contains(&key.len()));
        }
    }
    if let Ok(body) = serde_json::from_str(text)
        && let Ok(fields) = Fields::of_body(body, &TenantId::parse("acme").expect("a tenant"))
        && let Ok(new) = NewWebhook::parse(fields, UrlPolicy::Public)
    {
        assert!(new.events.iter().count() > 0);
        check(&new.url);
    }
});

fn check(stored: &WebhookUrl) {
    assert_eq!(WebhookUrl::parse(stored.as_str(), UrlPolicy::Public).as_ref(), Ok(stored));
    let url = Url::parse(stored.as_str()).expect("a URL");
    assert_eq!((url.scheme(), url.fragment(), url.username(), url.password()), ("https", None, "", None));
    match url.host().expect("a host") {
        Host::Ipv4(address) => assert!(is_public(address.into())),
        Host::Ipv6(address) => assert!(is_public(address.into())),
        Host::Domain(name) => assert!(name.contains('.') && !name.ends_with(".localhost") && !name.ends_with('.')),
    }
}
