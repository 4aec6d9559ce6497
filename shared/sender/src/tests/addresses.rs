//! Nothing is sent to an address that is refused, in whatever way it comes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hb_domain::Timestamp;
use hb_domain::webhook::UrlPolicy;
use tower_service::Service;

use super::receiver::{Answer, Receiver, ok};
use super::{AMPLE, AT, assert_failed, resolving_to, send, send_at};
use crate::failure::Failure;
use crate::resolver::Resolver;
use crate::{Lookup, Sender};

const REFUSED: &str = "the host resolves to a private or reserved address, to which nothing is sent";

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| SocketAddr::new(text.parse().expect("an address"), 0)).collect()
}

/// A resolver that gives these answers one after another, and the last one from then on. It counts the questions.
fn rebinding(answers: &[&[&str]]) -> (Lookup, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let answers: Vec<_> = answers.iter().map(|answer| addresses(answer)).collect();
    let count = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let answer = answers[number.min(answers.len() - 1)].clone();
        Box::pin(async move { Ok(answer) })
    });
    (lookup, asked)
}

#[tokio::test]
async fn a_name_with_one_refused_address_is_refused() {
    for answer in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "127.0.0.1"],
        &["10.0.0.1", "1.1.1.1"],
        &["169.254.169.254"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2606:4700::1111", "fd00:ec2::254"],
        &["0.0.0.0"],
        &["::1"],
    ] {
        let (lookup, _) = rebinding(&[answer]);
        let sender = Sender::with(UrlPolicy::Public, AMPLE, lookup);
        assert_failed(&send(&sender, "https://receiver.example/").await, REFUSED);
    }
    // What is not refused is connected to, in the order of the resolver.
    let mut resolver =
        Resolver { policy: UrlPolicy::Public, lookup: rebinding(&[&["1.1.1.1", "2606:4700::1111"]]).0 };
    let found = resolver.call("receiver.example".parse().expect("a name")).await.expect("addresses");
    assert_eq!(found.collect::<Vec<_>>(), addresses(&["1.1.1.1", "2606:4700::1111"]));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_says_so_and_no_more() {
    let unknown: Lookup =
        Arc::new(|_| Box::pin(async { Err(std::io::Error::other("server 10.0.0.2 says no")) }));
    for lookup in [unknown, rebinding(&[&[]]).0] {
        let sender = Sender::with(UrlPolicy::Public, AMPLE, lookup);
        let outcome = send(&sender, "https://receiver.example/").await;
        assert_failed(&outcome, "the host's name could not be resolved");
    }
}

/// The name is resolved once for a connection, so a second answer has no effect on what is connected to.
#[tokio::test]
async fn a_name_that_changes_between_check_and_connection_leads_to_what_was_checked() {
    let receiver = Receiver::always(Answer::Keep(ok(""))).await;
    let url = format!("http://receiver.localhost:{}/", receiver.address.port());
    let (lookup, asked) = rebinding(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let sender = Sender::with(UrlPolicy::Local, AMPLE, lookup);
    assert!(send(&sender, &url).await.is_acknowledged());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // The connection is kept, with its address; a later one is resolved and checked anew.
    assert!(send(&sender, &url).await.is_acknowledged());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let later = Timestamp::from_millis(AT.millis() + 60_000);
    assert_failed(&send_at(&sender, &url, later).await, REFUSED);
    assert_eq!((asked.load(Ordering::Relaxed), receiver.requests().len()), (2, 2));
}

#[tokio::test]
async fn a_public_sender_never_reaches_loopback_by_a_name_that_rebinds() {
    let receiver = Receiver::always(Answer::Keep(ok(""))).await;
    let (lookup, _) = rebinding(&[&["1.1.1.1"], &["127.0.0.1"]]);
    let mut resolver = Resolver { policy: UrlPolicy::Public, lookup: Arc::clone(&lookup) };
    let name = || "receiver.example".parse().expect("a name");
    assert_eq!(resolver.call(name()).await.expect("addresses").count(), 1, "public at first");
    assert_eq!(
        resolver.call(name()).await.err(),
        Some(Failure::RefusedAddress),
        "loopback at the second look"
    );
    let sender = Sender::with(UrlPolicy::Public, AMPLE, lookup);
    assert_failed(&send(&sender, "https://receiver.example:8443/").await, REFUSED);
    assert_eq!(receiver.requests(), []);
}

/// The connector inside does not resolve addresses, so they are checked twice: as the URL is read, and where it is connected.
#[tokio::test]
async fn literal_addresses_are_checked_apart() {
    let sender = Sender::with(UrlPolicy::Local, AMPLE, resolving_to("127.0.0.1"));
    for host in ["10.0.0.1", "0", "0xa9fea9fe", "[::ffff:127.0.0.1]", "[fe80::1]", "192.168.0.1", "[::]"] {
        let outcome = send(&sender, &format!("https://{host}/")).await;
        assert_failed(&outcome, "the URL must not lead to a private or reserved address");
    }
    let resolver = Resolver { policy: UrlPolicy::Public, lookup: resolving_to("1.1.1.1") };
    let tls = crate::connector::tls_of_machine().expect("authorities");
    let mut connector = crate::connector::Connector::new(resolver, AMPLE.connect, tls);
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"] {
        let uri = format!("https://{host}/").parse().expect("a URI");
        let refused = connector.call(uri).await.err().map(|error| Failure::of(&*error));
        assert_eq!(refused, Some(Failure::RefusedAddress), "{host}");
    }
}

/// Other notations of an address are none to the connector, which gives them to the resolver: what it finds is checked too.
#[tokio::test]
async fn notations_that_only_the_system_reads_as_addresses_are_checked_by_the_resolver() {
    for host in ["2130706433", "0x7f.1", "127.1", "0", "localhost"] {
        let mut resolver = Resolver { policy: UrlPolicy::Public, lookup: crate::system_lookup() };
        let refused = resolver.call(host.parse().expect("a name")).await.err();
        assert_eq!(refused, Some(Failure::RefusedAddress), "{host}");
    }
}

#[tokio::test]
async fn a_public_sender_sends_to_https_and_two_ports_only() {
    let receiver = Receiver::always(Answer::Keep(ok(""))).await;
    let sender = Sender::with(UrlPolicy::Public, AMPLE, resolving_to("127.0.0.1"));
    for (url, failure) in [
        ("http://receiver.example/".to_owned(), "the URL must be an https URL"),
        (
            format!("https://receiver.example:{}/", receiver.address.port()),
            "the URL must use port 443 or 8443",
        ),
        ("https://receiver.example/".to_owned(), REFUSED),
        ("https://receiver.example:8443/".to_owned(), REFUSED),
    ] {
        assert_failed(&send(&sender, &url).await, failure);
    }
}
