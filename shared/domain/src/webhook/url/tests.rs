//! Which URLs are accepted, and in which form they are stored.

use proptest::prelude::*;

use super::*;

fn stored(text: &str, policy: UrlPolicy) -> Option<String> {
    WebhookUrl::parse(text, policy).ok().map(|url| url.0)
}

#[test]
fn a_public_url_is_stored_in_one_form() {
    for (text, expected) in [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/a/../b?x=1", "https://example.com/b?x=1"),
        ("https://example.com./", "https://example.com/"),
        ("https://example.com:8443/hook", "https://example.com:8443/hook"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://0x01010101/", "https://1.1.1.1/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ("https://localhost.example.com/", "https://localhost.example.com/"),
        ("https://internal.example.com/", "https://internal.example.com/"),
        ("https://mylocal.example/", "https://mylocal.example/"),
        ("https://example.com/a@b?c=d@e", "https://example.com/a@b?c=d@e"),
    ] {
        assert_eq!(stored(text, UrlPolicy::Public).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_url_that_leads_elsewhere_is_refused() {
    let long = format!("https://example.com/{}", "a".repeat(MAX_URL));
    let expands = format!("https://example.com/{}", "ä".repeat(1_000));
    for text in [
        "",
        "example.com",
        "/hook",
        "ftp://example.com/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https:///",
        "https://",
        "https:example",
        "https:example.com/",
        "https:/example.com/",
        "https:example.com/?next=https://example.com/",
        "https:user@example.com/?next=https://example.com",
        "https:a@example.com/://example.com/",
        "https:////example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        "https://printer.lan/",
        "https://wiki.corp/",
        "https://receiver.test/",
        "https://1.0.0.127.in-addr.arpa/",
        "https://example.com:80/",
        "https://example.com:22/",
        "https://example.com:0/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com/#fragment",
        "https://example.com/#",
        "https://example.com\\@127.0.0.1/",
        "https://exam\tple.com/",
        " https://example.com/",
        "https://example.com/ ",
        "https://example.com/\0",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1%25eth0]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://ｌocalhost/",
        "https://intranet/",
        "https://intranet./",
        "https://printer.local/",
        "https://printer.local./",
        "https://ip-10-0-0-1.eu-west-1.compute.internal/",
        "https://router.home.arpa/",
        "https://a..example.com/",
        "https://example.com../",
        "https://.example.com/",
        "https://*.example.com/",
        "https://exa$mple.com/",
        &format!("https://{}.com/", "a".repeat(64)),
        &format!("https://{}com/", "a.".repeat(126)),
        &long,
        &expands,
    ] {
        assert_eq!(stored(text, UrlPolicy::Public), None, "{text}");
    }
}

#[test]
fn the_local_stack_also_accepts_loopback_with_http_on_any_port_and_nothing_else() {
    for text in [
        "http://127.0.0.1:9/hook",
        "http://localhost:8080/",
        "https://localhost/",
        "http://a.localhost/",
        "https://[::1]:8443/",
        "http://localhost.:1/",
    ] {
        assert!(stored(text, UrlPolicy::Local).is_some(), "{text}");
        assert_eq!(stored(text, UrlPolicy::Public), None, "{text}");
    }
    for text in [
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://intranet/",
        "ftp://localhost/",
        "http://example.com/",
        "http://1.1.1.1:81/",
        "https://example.com:444/",
        "http://localhost.example.com/",
    ] {
        assert_eq!(stored(text, UrlPolicy::Local), None, "{text}");
    }
}

#[test]
fn a_debug_output_has_the_host_only() {
    let url = WebhookUrl::parse("https://example.com/hook?token=hush", UrlPolicy::Public).expect("a URL");
    assert_eq!(format!("{url:?}"), "WebhookUrl(example.com)");
}

proptest! {
    #[test]
    fn what_is_stored_is_accepted_again_as_it_is(text in "(https://)?\\PC{0,40}") {
        for policy in [UrlPolicy::Public, UrlPolicy::Local] {
            if let Ok(url) = WebhookUrl::parse(&text, policy) {
                prop_assert_eq!(WebhookUrl::parse(url.as_str(), policy), Ok(url));
            }
        }
    }

    #[test]
    fn an_address_is_accepted_in_every_notation_or_in_none(bits: u32) {
        let address = std::net::Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = address.octets();
        for host in [
            address.to_string(),
            bits.to_string(),
            format!("{bits:#x}"),
            format!("0{a:o}.{b}.{c:#x}.{d}"),
            format!("{a}.{b}.{}", u32::from(c) << 8 | u32::from(d)),
            format!("{address}."),
        ] {
            let url = WebhookUrl::parse(&format!("https://{host}/"), UrlPolicy::Public);
            prop_assert_eq!(url.is_ok(), is_public(address.into()), "{}", host);
        }
        let mapped = WebhookUrl::parse(&format!("https://[::ffff:{address}]/"), UrlPolicy::Public);
        prop_assert!(mapped.is_err());
    }
}
