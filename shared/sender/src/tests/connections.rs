//! Connections that are used again, and those that are not.

use std::time::Duration;

use hb_domain::Timestamp;
use hb_domain::webhook::UrlPolicy;

use super::receiver::{Answer, Receiver, ok};
use super::{AMPLE, AT, assert_failed, resolving_to, send, send_at, sender};
use crate::{Limits, Sender};

const CLOSED: &str = "the connection was closed before the response was complete";

fn connections(receiver: &Receiver) -> Vec<usize> {
    receiver.requests().into_iter().map(|(connection, _)| connection).collect()
}

#[tokio::test]
async fn a_connection_is_used_again_within_seconds_by_the_clock_of_the_attempts() {
    let receiver = Receiver::always(Answer::Keep(ok("x"))).await;
    let (sender, at) = (sender(), |millis| Timestamp::from_millis(AT.millis() + millis));
    for millis in [0, 3_000, 6_000, 9_001, 9_002] {
        assert!(send_at(&sender.clone(), &receiver.url(), at(millis)).await.is_acknowledged());
    }
    assert_eq!(connections(&receiver), [0, 0, 0, 1, 1]);
    // A clock that was set back.
    assert!(send_at(&sender, &receiver.url(), at(0)).await.is_acknowledged());
    assert_eq!(connections(&receiver).last(), Some(&2));
}

#[tokio::test]
async fn a_connection_whose_response_was_not_read_to_its_end_is_not_used_again() {
    let body = ok(&"x".repeat(100_000));
    let receiver = Receiver::always(Answer::Keep(body)).await;
    let sender = sender();
    for _ in 0..2 {
        assert!(send(&sender, &receiver.url()).await.is_acknowledged());
    }
    assert_eq!(connections(&receiver), [0, 1]);
}

#[tokio::test]
async fn a_kept_connection_that_closes_before_the_response_is_not_the_receivers_failure() {
    let answer = |_, request| {
        if request == 0 { Answer::Keep(ok("x")) } else { Answer::Close(String::new()) }
    };
    let (receiver, sender) = (Receiver::start(answer).await, sender());
    for _ in 0..3 {
        let outcome = send(&sender, &receiver.url()).await;
        assert!(outcome.is_acknowledged(), "{outcome:?}");
    }
    assert_eq!(
        connections(&receiver),
        [0, 0, 1, 2],
        "again over a connection that is not kept, and a new one"
    );
}

#[tokio::test]
async fn a_receiver_that_closes_every_connection_gets_one_request_per_attempt() {
    let (receiver, sender) = (Receiver::always(Answer::Close(String::new())).await, sender());
    assert_failed(&send(&sender, &receiver.url()).await, CLOSED);
    assert_eq!(connections(&receiver), [0]);
    // And two if it was kept.
    let answer = |connection, request| match (connection, request) {
        (0, 0) => Answer::Keep(ok("x")),
        _ => Answer::Close(String::new()),
    };
    let receiver = Receiver::start(answer).await;
    assert!(send(&sender, &receiver.url()).await.is_acknowledged());
    assert_failed(&send(&sender, &receiver.url()).await, CLOSED);
    assert_eq!(connections(&receiver), [0, 0, 1]);
}

#[tokio::test]
async fn a_name_that_is_never_resolved_ends_at_the_limit_of_connecting() {
    let never: crate::Lookup = std::sync::Arc::new(|_| Box::pin(std::future::pending()));
    let limits = Limits { connect: Duration::from_millis(50), ..AMPLE };
    let sender = Sender::with(UrlPolicy::Local, limits, never);
    let outcome = send(&sender, "http://receiver.localhost/").await;
    assert_failed(&outcome, "no connection within 0.05 s");
    assert!(outcome.latency >= Duration::from_millis(50), "{:?}", outcome.latency);
}

#[tokio::test]
async fn a_handshake_that_never_ends_ends_at_the_limit_of_connecting() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let limits = Limits { connect: Duration::from_millis(50), ..AMPLE };
    let sender = Sender::with(UrlPolicy::Local, limits, resolving_to("127.0.0.1"));
    let port = silent.local_addr().expect("an address").port();
    let outcome = send(&sender, &format!("https://receiver.localhost:{port}/")).await;
    assert_failed(&outcome, "no connection within 0.05 s");
}

#[test]
fn the_limits_are_those_of_the_documentation() {
    let Limits { connect, total, body } = Limits::default();
    assert_eq!((connect.as_secs(), total.as_secs(), body), (5, 15, 16_384));
}
